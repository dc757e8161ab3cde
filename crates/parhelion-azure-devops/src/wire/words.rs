//! Enumerations in requests: clients send a name in any case, or the number.

use crate::error::{Error, Result};
use serde_json::Value;

/// The names of an enumeration with their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Words(pub &'static [(&'static str, i64)]);

impl Words {
    /// The name that a text or number means.
    pub fn find(&self, given: &Value) -> Option<&'static str> {
        match given {
            Value::Number(n) => n.as_i64().and_then(|n| self.numbered(n)),
            Value::String(text) => self.named(text),
            _ => None,
        }
    }
    /// The name that a text means: a name, or a number in digits.
    pub fn named(&self, text: &str) -> Option<&'static str> {
        let text = text.trim();
        let found = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(name, _)| *name);
        found.or_else(|| text.parse().ok().and_then(|n| self.numbered(n)))
    }
    fn numbered(&self, number: i64) -> Option<&'static str> {
        self.0.iter().find(|(_, n)| *n == number).map(|(name, _)| *name)
    }
    /// A member of a body; `null` is the same as absent.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none of the names.
    pub fn member(&self, name: &str, given: Option<&Value>) -> Result<Option<&'static str>> {
        let given = given.filter(|v| !v.is_null());
        given.map(|v| self.find(v).ok_or_else(|| self.bad(name))).transpose()
    }
    /// A query parameter that holds one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none of the names.
    pub fn parameter(&self, name: &str, given: Option<&str>) -> Result<Option<&'static str>> {
        given
            .map(|text| self.named(text).ok_or_else(|| self.bad(&format!("query parameter {name}"))))
            .transpose()
    }
    /// A query parameter that may hold several: names with commas between them, or the sum of their numbers. `None`:
    /// all of them.
    ///
    /// # Errors
    /// [`Error::Invalid`] when one is none of the names.
    pub fn flags(&self, name: &str, given: Option<&str>) -> Result<Option<Vec<&'static str>>> {
        let Some(text) = given else { return Ok(None) };
        let bad = || self.bad(&format!("query parameter {name}"));
        let mut found = Vec::new();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let by_name = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, n)| *n);
            let sum = by_name.or_else(|| word.parse().ok()).filter(|n| *n >= 0).ok_or_else(bad)?;
            let of = |n: i64| if sum == 0 { n == 0 } else { n > 0 && sum & n == n };
            found.extend(self.0.iter().filter(|(_, n)| of(*n)).map(|(name, _)| *name));
        }
        // `all` is the same as nothing, and so is `none`.
        let everything = found.is_empty() || found.contains(&"all") || found == ["none"];
        Ok((!everything).then_some(found))
    }

    fn bad(&self, name: &str) -> Error {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        Error::invalid(format!("The {name} is none of {}.", names.join(", ")))
    }
}

pub const VISIBILITY: Words = Words(&[("private", 0), ("public", 2)]);
pub const PROJECT_STATE: Words = Words(&[
    ("wellFormed", 1),
    ("all", -1),
    ("new", 0),
    ("deleting", 2),
    ("createPending", 3),
    ("deleted", 4),
    ("unchanged", -2),
]);
pub const QUEUE_STATUS: Words = Words(&[("enabled", 0), ("paused", 1), ("disabled", 2)]);
pub const PRIORITY: Words =
    Words(&[("high", 1), ("aboveNormal", 2), ("normal", 3), ("belowNormal", 4), ("low", 5)]);
pub const BUILD_STATUS: Words = Words(&[
    ("none", 0),
    ("inProgress", 1),
    ("completed", 2),
    ("cancelling", 4),
    ("postponed", 8),
    ("notStarted", 32),
    ("all", 47),
]);
pub const BUILD_RESULT: Words =
    Words(&[("none", 0), ("succeeded", 2), ("partiallySucceeded", 4), ("failed", 8), ("canceled", 32)]);
pub const REASON: Words = Words(&[
    ("none", 0),
    ("manual", 1),
    ("individualCI", 2),
    ("batchedCI", 4),
    ("schedule", 8),
    ("scheduleForced", 16),
    ("userCreated", 32),
    ("validateShelveset", 64),
    ("checkInShelveset", 128),
    ("pullRequest", 256),
    ("buildCompletion", 512),
    ("resourceTrigger", 1024),
    ("triggered", 1967),
    ("all", 2031),
]);
pub const BUILD_ORDER: Words = Words(&[
    ("finishTimeAscending", 2),
    ("finishTimeDescending", 3),
    ("queueTimeDescending", 4),
    ("queueTimeAscending", 5),
    ("startTimeDescending", 6),
    ("startTimeAscending", 7),
]);
pub const DELETED: Words = Words(&[("excludeDeleted", 0), ("includeDeleted", 1), ("onlyDeleted", 2)]);
pub const DEFINITION_ORDER: Words = Words(&[
    ("none", 0),
    ("lastModifiedAscending", 1),
    ("lastModifiedDescending", 2),
    ("definitionNameAscending", 3),
    ("definitionNameDescending", 4),
]);
pub const FOLDER_ORDER: Words = Words(&[("none", 0), ("folderAscending", 1), ("folderDescending", 2)]);
pub const TRIGGER_TYPE: Words = Words(&[
    ("none", 1),
    ("continuousIntegration", 2),
    ("batchedContinuousIntegration", 4),
    ("schedule", 8),
    ("gatedCheckIn", 16),
    ("batchedGatedCheckIn", 32),
    ("pullRequest", 64),
    ("buildCompletion", 128),
    ("all", 255),
]);
pub const JOB_SCOPE: Words = Words(&[("projectCollection", 1), ("project", 2)]);
pub const GROUP_ORDER: Words = Words(&[("idAscending", 0), ("idDescending", 1)]);
pub const ACTION_FILTER: Words = Words(&[("none", 0), ("manage", 2), ("use", 16)]);
pub const POOL_TYPE: Words = Words(&[("automation", 1), ("deployment", 2)]);
// OBSERVED: the names. CHOICE: the numbers follow their order as flags.
pub const APPROVAL_STATUS: Words = Words(&[
    ("undefined", 0),
    ("uninitiated", 1),
    ("pending", 2),
    ("approved", 4),
    ("rejected", 8),
    ("skipped", 16),
    ("canceled", 32),
    ("timedOut", 64),
    ("failed", 128),
    ("deferred", 256),
    ("completed", 252),
    ("all", 511),
]);
pub const STAGE_UPDATE: Words = Words(&[("cancel", 0), ("retry", 1)]);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_word_is_known_in_any_case_or_by_its_number() {
        for given in [json!("Cancelling"), json!("CANCELLING"), json!(4), json!("4")] {
            assert_eq!(BUILD_STATUS.find(&given), Some("cancelling"), "{given}");
        }
        for given in [json!("cancel"), json!(5), json!([4]), json!(-4), json!(4.0)] {
            assert_eq!(BUILD_STATUS.find(&given), None, "{given}");
        }
        assert_eq!(PROJECT_STATE.named("-1"), Some("all"));
        assert_eq!(QUEUE_STATUS.member("queueStatus", Some(&json!(null))), Ok(None));
        let why = QUEUE_STATUS.member("queueStatus", Some(&json!("on"))).unwrap_err().to_string();
        assert_eq!(why, "The queueStatus is none of enabled, paused, disabled.");
    }

    #[test]
    fn flags_are_names_or_a_sum() {
        let flags = |text| BUILD_RESULT.flags("resultFilter", text).map_err(|e| e.to_string());
        assert_eq!(flags(None), Ok(None));
        assert_eq!(flags(Some("Failed, succeeded")), Ok(Some(vec!["failed", "succeeded"])));
        assert_eq!(flags(Some("10")), Ok(Some(vec!["succeeded", "failed"])));
        assert_eq!(BUILD_STATUS.flags("statusFilter", Some("all")), Ok(None));
        assert_eq!(BUILD_STATUS.flags("statusFilter", Some("47")), Ok(None));
        assert!(flags(Some("nope")).unwrap_err().contains("resultFilter"));
    }
}
