//! [`Value`]: what a request says, the same for JSON and CBOR; [`from_value`] makes the generated shapes of it. Answers
//! go from shapes straight to bytes ([`super::output`]).

mod de;
#[cfg(test)]
mod ser;

pub use de::from_value;
#[cfg(test)]
pub use ser::to_value;

use chrono::{DateTime, TimeDelta};
use indexmap::IndexMap;
use parhelion_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most values that one request's body may hold; far above what any operation takes. It bounds the memory that a
/// body of the largest size can ask for.
pub const VALUES_MAX: usize = 1_000_000;

/// A tree of values, independent of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON `null`, CBOR null and undefined: counts as absent.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or one too large for [`Value::Int`].
    Float(f64),
    /// A text.
    Text(String),
    /// A CBOR byte string; no shape of this API takes one.
    Bytes(Vec<u8>),
    /// An instant: CBOR's tag 1; in JSON made of a number or text where the shape says so.
    Timestamp(Timestamp),
    /// Values in order.
    List(Vec<Value>),
    /// Texts to values in the order written; a name that comes twice has the last value.
    Map(Members),
}

/// The entries of a [`Value::Map`].
pub type Members = IndexMap<String, Value>;

impl Value {
    /// The member of that name, when this is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Map(members) => members.get(name),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

/// Why a value and a shape do not go together. After the checks of [`super::constraints`] this does not happen;
/// it then is an internal failure, not the client's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

/// An instant as the shapes hold it: milliseconds, since the wire carries no more.
///
/// Serialised by serde_json (snapshots) it is a number of seconds; the protocols write it in their own ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochSeconds(
    /// Milliseconds since 1970: what is written, so that writing needs no calendar.
    i64,
);

/// The name by which [`from_value`] and the writers know an [`EpochSeconds`].
pub(super) const EPOCH_SECONDS: &str = "$parhelion::EpochSeconds";

impl EpochSeconds {
    /// The instant, in whole milliseconds.
    pub fn instant(self) -> Timestamp {
        // Made of an instant, so there is one.
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<Timestamp> for EpochSeconds {
    fn from(at: Timestamp) -> Self {
        EpochSeconds(at.timestamp_millis())
    }
}

impl From<EpochSeconds> for Timestamp {
    fn from(at: EpochSeconds) -> Self {
        at.instant()
    }
}

/// An instant as seconds since 1970, in whole milliseconds. Exact to the millisecond for all years to 9999.
pub(super) fn seconds_of(at: Timestamp) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

/// The instant that many seconds after 1970, rounded to milliseconds; `None` outside the years 1 to 9999.
pub(super) fn instant_of(seconds: f64) -> Option<Timestamp> {
    const YEAR_1: f64 = -62_135_596_800.0;
    const YEAR_10000: f64 = 253_402_300_800.0;
    if !(YEAR_1..YEAR_10000).contains(&seconds) {
        return None;
    }
    DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::try_milliseconds(millis_of(seconds))?)
}

/// Seconds as milliseconds, rounded.
pub(super) fn millis_of(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(EPOCH_SECONDS, &(self.0 as f64 / 1000.0))
    }
}

impl<'de> Deserialize<'de> for EpochSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl<'de> serde::de::Visitor<'de> for Seconds {
            type Value = f64;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("seconds since 1970")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<f64, D::Error> {
                f64::deserialize(d)
            }
            fn visit_f64<E>(self, v: f64) -> Result<f64, E> {
                Ok(v)
            }
        }
        let seconds = deserializer.deserialize_newtype_struct(EPOCH_SECONDS, Seconds)?;
        instant_of(seconds)
            .map(EpochSeconds::from)
            .ok_or_else(|| serde::de::Error::custom("no instant of the years 1 to 9999"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::shapes::{
        AWSSessionCredentials, ActionCategory, ActionTypeId, GetPipelineOutput, PipelineMetadata,
        StartTimeRange, Tag, WebhookAuthConfiguration,
    };
    use proptest::prelude::*;

    /// Values without nulls. Instants and bytes only where the protocol has them.
    pub fn any_value(cbor: bool) -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<i32>().prop_map(|eighths| Value::Float(f64::from(eighths) / 8.0)),
            ".{0,8}".prop_map(Value::Text),
            (0i64..4_000_000_000_000).prop_map(|ms| Value::Timestamp(at(ms))),
            proptest::collection::vec(any::<u8>(), 0..5).prop_map(Value::Bytes),
        ];
        let leaf = leaf.prop_filter("of the protocol", move |v| {
            cbor || !matches!(v, Value::Timestamp(_) | Value::Bytes(_))
        });
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                proptest::collection::vec((".{0,5}", inner), 0..5)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect())),
            ]
        })
    }

    fn at(millis: i64) -> Timestamp {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn shapes_become_values_by_their_wire_names_and_come_back() {
        let output = GetPipelineOutput {
            pipeline: None,
            metadata: Some(PipelineMetadata {
                pipeline_arn: Some("arn".into()),
                created: Some(at(1_598_902_400_123).into()),
                ..PipelineMetadata::default()
            }),
        };
        let value = to_value(&output).unwrap();
        let metadata = Members::from([
            ("pipelineArn".into(), "arn".into()),
            ("created".into(), Value::Timestamp(at(1_598_902_400_123))),
        ]);
        assert_eq!(value, Value::Map(Members::from([("metadata".into(), Value::Map(metadata))])));
        assert_eq!(from_value::<GetPipelineOutput>(value).unwrap(), output);
    }

    #[test]
    fn enumerations_lists_and_unknown_members() {
        let id = ActionTypeId {
            category: ActionCategory::Source,
            owner: crate::shapes::ActionOwner::Aws,
            provider: "S3".into(),
            version: "1".into(),
        };
        let mut value = to_value(&id).unwrap();
        assert_eq!(value.get("owner"), Some(&"AWS".into()));
        if let Value::Map(members) = &mut value {
            members.insert("unknown".into(), Value::List(vec![Value::Int(1)]));
        }
        assert_eq!(from_value::<ActionTypeId>(value).unwrap(), id);
        assert_eq!(to_value(&StartTimeRange::Latest).unwrap(), "Latest".into());
        assert!(from_value::<StartTimeRange>("latest".into()).is_err());
        let tags = vec![Tag { key: "a".into(), value: "b".into() }];
        assert_eq!(from_value::<Vec<Tag>>(to_value(&tags).unwrap()).unwrap(), tags);
    }

    #[test]
    fn instants_survive_json_to_the_millisecond() {
        let at = EpochSeconds::from(at(1_598_902_400_123));
        let text = serde_json::to_string(&at).unwrap();
        assert_eq!(text, "1598902400.123");
        assert_eq!(serde_json::from_str::<EpochSeconds>(&text).unwrap(), at);
        assert_eq!(
            serde_json::from_str::<EpochSeconds>("1598902400").unwrap().instant(),
            self::at(1_598_902_400_000)
        );
        assert!(serde_json::from_str::<EpochSeconds>("1e300").is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!(
            "{:?} {:?}",
            WebhookAuthConfiguration {
                allowed_ip_range: Some("10.0.0.0/8".into()),
                secret_token: Some("geheim".into())
            },
            AWSSessionCredentials {
                access_key_id: "AKgeheim".into(),
                secret_access_key: "geheim".into(),
                session_token: "geheim".into()
            }
        );
        assert!(
            shown.contains("10.0.0.0/8") && shown.contains("****") && !shown.contains("geheim"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn an_instant_is_what_its_seconds_say(millis in -62_135_596_800_000i64..253_402_300_799_999) {
            prop_assert_eq!(instant_of(seconds_of(at(millis))), Some(at(millis)));
        }
        #[test]
        fn any_number_is_an_instant_or_none(seconds in any::<f64>()) {
            let _ = instant_of(seconds);
        }
    }
}
