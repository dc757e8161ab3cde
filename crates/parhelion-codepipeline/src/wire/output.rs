//! Shapes straight to the bytes of an answer, in either protocol.

mod cbor;
mod json;

use super::Protocol;
use super::value::ValueError;
use serde::Serialize;
use std::cell::Cell;

/// Most bytes that a thread keeps at hand to write answers in.
const ROOM_MAX: usize = 64 * 1024;

/// The bytes that say an output. Members without a value are left out: the shapes do so.
///
/// # Errors
/// For what no shape holds (a map with keys that are no texts).
pub fn write<T: Serialize + ?Sized>(protocol: Protocol, output: &T) -> Result<Vec<u8>, ValueError> {
    thread_local!(static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) });
    let mut room = ROOM.take();
    room.clear();
    let room = match protocol {
        Protocol::Json => json::write(output, room),
        Protocol::Cbor => cbor::write(output, room),
    }?;
    // The record of the request keeps the answer: it is to be no larger than it says.
    let bytes = room.as_slice().to_vec();
    if room.capacity() <= ROOM_MAX {
        ROOM.set(room);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::{
        ActionCategory, ActionOwner, ActionTypeId, CreatePipelineInput, GetPipelineOutput,
        ListPipelinesOutput, PipelineMetadata, PipelineSummary, PipelineType, Tag,
    };
    use crate::wire::value::to_value;
    use crate::wire::{cbor as by_value_cbor, json11};
    use proptest::prelude::*;

    /// Both protocols say the same as they do by way of a tree of values.
    fn same<T: Serialize>(output: &T) {
        let value = to_value(output).unwrap();
        let json = write(Protocol::Json, output).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), String::from_utf8(json11::write(&value)).unwrap());
        assert_eq!(write(Protocol::Cbor, output).unwrap(), by_value_cbor::write(&value));
    }

    fn at(millis: i64) -> crate::wire::value::EpochSeconds {
        chrono::DateTime::from_timestamp_millis(millis).unwrap().into()
    }

    #[test]
    fn every_kind_of_shape_is_written() {
        same(&GetPipelineOutput {
            pipeline: Some(crate::ops::testing::declaration("p\"\u{1}ü")),
            metadata: Some(PipelineMetadata {
                created: Some(at(1_598_902_400_123)),
                updated: Some(at(0)),
                ..PipelineMetadata::default()
            }),
        });
        same(&CreatePipelineInput {
            pipeline: crate::ops::testing::declaration("p"),
            tags: Some(vec![Tag { key: "k".into(), value: String::new() }]),
        });
        same(&ActionTypeId {
            category: ActionCategory::Source,
            owner: ActionOwner::Aws,
            provider: "S3".into(),
            version: "1".into(),
        });
        same(&());
        same(&GetPipelineOutput::default());
    }

    #[test]
    fn an_instant_has_three_decimals_or_a_tag() {
        for (millis, json) in [
            (1_598_902_400_123, "1598902400.123"),
            (1_598_902_400_000, "1598902400.000"),
            (5, "0.005"),
            (-1500, "-1.500"),
            (-5, "-0.005"),
        ] {
            assert_eq!(write(Protocol::Json, &at(millis)).unwrap(), json.as_bytes());
        }
        let bytes = write(Protocol::Cbor, &at(1_598_902_400_123)).unwrap();
        assert_eq!(bytes[..2], [0xc1, 0xfb]);
    }

    proptest! {
        #[test]
        fn a_page_is_the_same_either_way(
            items in proptest::collection::vec((".{0,9}", any::<Option<i32>>(), -62_135_596_800_000i64..253_402_300_799_999), 0..40),
            next in proptest::option::of(".{0,300}"),
        ) {
            let pipelines = items.into_iter().map(|(name, version, millis)| PipelineSummary {
                name: Some(name),
                version,
                pipeline_type: version.map(|_| PipelineType::V2),
                created: Some(at(millis)),
                ..PipelineSummary::default()
            });
            same(&ListPipelinesOutput { pipelines: Some(pipelines.collect()), next_token: next });
        }
    }
}
