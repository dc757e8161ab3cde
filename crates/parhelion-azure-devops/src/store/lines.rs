//! The lines of a log in one piece: an organization keeps many thousands of logs.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// Lines of text; a copy shares them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Lines {
    text: Arc<str>,
    count: usize,
}

impl Lines {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }
    /// Bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }
    /// One after another.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        // No text at all is one empty line, or none.
        self.text.split('\n').take(self.count)
    }
}

impl Lines {
    /// Of a text whose every line ends with a break.
    pub fn of(text: &str) -> Lines {
        let count = text.bytes().filter(|b| *b == b'\n').count();
        Lines { text: text.strip_suffix('\n').unwrap_or(text).into(), count }
    }
    /// All of them, each with its break.
    pub fn text(&self) -> String {
        if self.count == 0 { String::new() } else { format!("{}\n", self.text) }
    }
}

impl From<Vec<String>> for Lines {
    /// A line that holds line breaks becomes several.
    fn from(lines: Vec<String>) -> Self {
        let text: Arc<str> = lines.join("\n").into();
        let breaks = text.bytes().filter(|b| *b == b'\n').count();
        let count = if lines.is_empty() { 0 } else { breaks + 1 };
        Lines { text, count }
    }
}

impl From<Lines> for Vec<String> {
    fn from(lines: Lines) -> Self {
        lines.iter().map(str::to_owned).collect()
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for (lines, count) in
            [(vec![], 0), (vec![""], 1), (vec!["", ""], 2), (vec!["a", "", "b"], 3), (vec!["a\nb"], 2)]
        {
            let kept = Lines::from(lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>());
            assert_eq!((kept.len(), kept.iter().count()), (count, count), "{lines:?}");
            assert_eq!(kept.iter().collect::<Vec<_>>().join("\n"), lines.join("\n"));
            assert_eq!(Lines::of(&kept.text()), kept);
            let text = serde_json::to_string(&kept).unwrap();
            assert_eq!(serde_json::from_str::<Lines>(&text).unwrap(), kept, "{text}");
        }
    }
}
