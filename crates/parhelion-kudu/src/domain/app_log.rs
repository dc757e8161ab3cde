//! The log that an application of the site writes: `2013-12-06T00:29:20  PID[20108] Information  what it says`.

use super::time;
use parhelion_core::Timestamp;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// `Information`, `Warning`, `Error`, `Verbose` …
    pub level: String,
    /// The process.
    pub pid: u32,
    /// What it says; may have several lines.
    pub message: String,
}

/// The entries of a log. Lines that begin none belong to the one before them; before the first they are no entry.
pub fn entries(text: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for line in text.lines() {
        match (entry(line), found.last_mut()) {
            (Some(entry), _) => found.push(entry),
            (None, Some(last)) => {
                last.message.push_str("\r\n");
                last.message.push_str(line);
            }
            (None, None) => {}
        }
    }
    found
}

fn entry(line: &str) -> Option<Entry> {
    let (at, rest) = line.split_once(char::is_whitespace)?;
    let at = time::parse(at)?;
    let (pid, rest) = rest.trim_start().strip_prefix("PID[")?.split_once(']')?;
    let (level, message) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let is_word = !level.is_empty() && level.bytes().all(|b| b.is_ascii_alphabetic());
    let entry = Entry {
        at,
        level: level.to_owned(),
        pid: pid.parse().ok()?,
        message: message.trim_start().to_owned(),
    };
    is_word.then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_entries_or_belong_to_one() {
        let text = "loose\n2013-12-06T00:29:20  PID[20108] Information    hello\n  more\n\
                    2013-12-06T00:29:21  PID[7] Error\nPID[1] x\n";
        let found = entries(text);
        assert_eq!((found[0].pid, found[0].level.as_str()), (20_108, "Information"));
        assert_eq!(found[0].message, "hello\r\n  more");
        assert_eq!((found[1].level.as_str(), found[1].message.as_str()), ("Error", "\r\nPID[1] x"));
        assert_eq!(found.len(), 2);
    }

    proptest! {
        #[test]
        fn no_log_makes_it_panic(text in "(2013-12-06T00:29:20|PID\\[|\\]|[ \\n0-9a]){0,12}") {
            let _ = entries(&text);
        }
    }
}
