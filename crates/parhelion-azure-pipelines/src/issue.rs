//! What is wrong with a file, in the service's own words and with the place it points at.

use crate::{limits, runtime::queue::LOADING, yaml::Mark};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One error. [`fmt::Display`] gives the service's whole line:
/// `/azure-pipelines.yml (Line: 3, Col: 9): Unexpected value 'x'`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The file it was found in, with `@alias` if of another repository. `None`: the message stands alone.
    pub file: Option<String>,
    /// Line, from 1. `None` where the service names none.
    pub line: Option<u32>,
    /// Column in characters, from 1; there whenever `line` is.
    pub col: Option<u32>,
    /// The text without its place.
    pub message: String,
}

impl Issue {
    /// A message of no place at all.
    pub fn bare(message: impl Into<String>) -> Self {
        Self { file: None, line: None, col: None, message: message.into() }
    }

    /// A message about a file as a whole.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: Some(file.to_owned()), line: None, col: None, message: message.into() }
    }

    /// A message about a place in a file.
    pub fn at(file: &str, mark: Mark, message: impl Into<String>) -> Self {
        Self {
            file: Some(file.to_owned()),
            line: Some(mark.line),
            col: Some(mark.col),
            message: message.into(),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = match (&self.file, self.line, self.col) {
            (Some(file), Some(line), Some(col)) => {
                format!("{file} (Line: {line}, Col: {col}): {}", self.message)
            }
            (Some(file), ..) => format!("{file}: {}", self.message),
            (None, ..) => self.message.clone(),
        };
        let most = if self.file.is_none() && self.message.starts_with(LOADING) {
            limits::RUNTIME_ISSUE_CHARS
        } else {
            limits::ISSUE_CHARS
        };
        match whole.char_indices().nth(most) {
            Some((end, _)) => write!(f, "{}[...]", &whole[..end]),
            None => f.write_str(&whole),
        }
    }
}

impl std::error::Error for Issue {}

/// All messages as the service joins them: one a line.
pub fn joined(issues: &[Issue]) -> String {
    issues.iter().map(Issue::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        let mark = Mark { file: 0, line: 2, col: 7 };
        assert_eq!(Issue::at("/a.yml", mark, "m").to_string(), "/a.yml (Line: 2, Col: 7): m");
        assert_eq!(Issue::of_file("/a.yml", "m").to_string(), "/a.yml: m");
        assert_eq!(joined(&[Issue::bare("m"), Issue::bare("n")]), "m\nn");
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        let text = Issue::bare("é".repeat(501)).to_string();
        assert_eq!(text, format!("{}[...]", "é".repeat(500)));
        assert_eq!(Issue::bare("é".repeat(500)).to_string(), "é".repeat(500));
    }
}
