//! The report at the end of a push: what git said of each ref, and our own when something was refused after it.

use crate::pkt::{self, Pkt, PktError};
use std::collections::BTreeMap;

/// `report-status` of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// `ok`, or why the objects could not be unpacked.
    pub unpack: String,
    /// Each ref in order, and why it was not updated (`None`: it was).
    pub refs: Vec<(String, Option<String>)>,
}

/// Bytes that are no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The pkt-lines are broken.
    #[error(transparent)]
    Pkt(#[from] PktError),
    /// It ends too early.
    #[error("the report is cut off")]
    Short,
    /// A line that is none of a report.
    #[error("bad report line \"{0}\"")]
    Line(String),
}

/// Reads a report, on side band 1 or bare. No bytes at all (a probe) are an empty report.
pub fn parse_report(bytes: &[u8], side_band: bool) -> Result<Report, ReportError> {
    let inner = if side_band { first_band(bytes)? } else { bytes.to_vec() };
    let mut report = Report::default();
    let mut rest = inner.as_slice();
    while !rest.is_empty() {
        let (pkt, after) = pkt::next(rest)?.ok_or(ReportError::Short)?;
        rest = after;
        let Pkt::Line(line) = pkt else { break };
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\n');
        match line.split_once(' ') {
            Some(("unpack", how)) => report.unpack = how.to_owned(),
            Some(("ok", name)) => report.refs.push((name.to_owned(), None)),
            Some(("ng", rest)) => {
                let (name, why) = rest.split_once(' ').unwrap_or((rest, "failed"));
                report.refs.push((name.to_owned(), Some(why.to_owned())));
            }
            // report-status-v2 adds facts about the ref just named.
            Some(("option", _)) => {}
            _ => return Err(ReportError::Line(line.chars().take(200).collect())),
        }
    }
    Ok(report)
}

fn first_band(bytes: &[u8]) -> Result<Vec<u8>, ReportError> {
    let mut inner = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (pkt, after) = pkt::next(rest)?.ok_or(ReportError::Short)?;
        rest = after;
        if let Pkt::Line([1, data @ ..]) = pkt {
            inner.extend_from_slice(data);
        }
    }
    Ok(inner)
}

impl Report {
    /// The report with these refs refused as well.
    pub(crate) fn refusing(mut self, refused: &BTreeMap<String, String>) -> Report {
        for (name, outcome) in &mut self.refs {
            if outcome.is_none() {
                *outcome = refused.get(name).cloned();
            }
        }
        self
    }

    /// The bytes of the answer: `messages` reach the user's terminal after `remote: ` (side band only).
    pub(crate) fn encode(&self, side_band: bool, messages: &[String]) -> Vec<u8> {
        let line = |text: &str| text.replace(['\n', '\0'], " ");
        let mut inner = Vec::new();
        pkt::put(&mut inner, format!("unpack {}\n", line(&self.unpack)).as_bytes());
        for (name, refused) in &self.refs {
            let text = match refused {
                None => format!("ok {}\n", line(name)),
                Some(why) => format!("ng {} {}\n", line(name), line(why)),
            };
            pkt::put(&mut inner, text.as_bytes());
        }
        pkt::flush(&mut inner);
        if !side_band {
            return inner;
        }
        let mut out = Vec::new();
        for message in messages {
            pkt::band(&mut out, 2, format!("{message}\n").as_bytes());
        }
        pkt::band(&mut out, 1, &inner);
        pkt::flush(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report() -> impl Strategy<Value = Report> {
        let outcome = proptest::option::of("[a-z][a-z ]{0,20}[a-z]");
        let refs = proptest::collection::vec(("refs/heads/[a-z/]{1,20}", outcome), 0..5);
        ("(ok|unpack-objects abnormal exit)", refs).prop_map(|(unpack, refs)| Report { unpack, refs })
    }

    proptest! {
        #[test]
        fn reports_there_and_back(report in report(), side_band in any::<bool>()) {
            let bytes = report.encode(side_band, &["a message".to_owned()]);
            prop_assert_eq!(parse_report(&bytes, side_band), Ok(report));
        }
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), side_band in any::<bool>()) {
            let _ = parse_report(&bytes, side_band);
        }
    }

    #[test]
    fn a_lost_race_is_told_for_that_ref_only() {
        let report = Report {
            unpack: "ok".into(),
            refs: vec![("refs/heads/a".into(), None), ("refs/heads/b".into(), None)],
        };
        let report =
            report.refusing(&BTreeMap::from([("refs/heads/b".to_owned(), "fetch first".to_owned())]));
        let text = String::from_utf8(report.encode(false, &[])).unwrap();
        assert_eq!(text, "000eunpack ok\n0014ok refs/heads/a\n0020ng refs/heads/b fetch first\n0000");
    }
}
