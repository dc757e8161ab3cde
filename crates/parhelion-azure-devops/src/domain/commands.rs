//! Logging commands: lines by which a step tells the agent to do something (azure-devops.md 6).
//!
//! [`parse`] reads one, [`Hearing`] listens to a step's lines and gathers what they ask for in [`Heard`], which the run
//! then does (`run/life/heard.rs`). Nothing here knows whether the lines come from a process or from a behaviour.

mod act;
mod echo;
mod hear;
mod mask;

pub use echo::echoed;
pub use hear::{Attached, Detail, Heard, Hearing, Named};
pub use mask::{Masker, Splitter};

use std::collections::BTreeMap;

/// Where every command begins.
const PREFIX: &str = "##vso[";

/// A logging command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// `task`, `build` …, as written.
    pub area: String,
    /// `setvariable` …, as written.
    pub event: String,
    /// Its properties; names in lower case.
    pub properties: BTreeMap<String, String>,
    /// What comes after the bracket.
    pub data: String,
}

impl Command {
    /// A property that is there and not empty.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
    /// A property that says true.
    pub fn is(&self, name: &str) -> bool {
        self.property(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
    /// Whether it is this one; names fold case.
    pub fn is_named(&self, area: &str, event: &str) -> bool {
        self.area.eq_ignore_ascii_case(area) && self.event.eq_ignore_ascii_case(event)
    }
}

/// Reads the command in a line. With `percents`, `%AZP25` stands for `%`.
///
/// # Errors
/// `Err(true)` when the line has the keyword and is no command, `Err(false)` when it has nothing of the kind.
// OBSERVED: Command.cs of the agent: the first prefix anywhere in the line, up to the first bracket.
pub fn parse(line: &str, percents: bool) -> Result<Command, bool> {
    let wrong = || line.contains("##vso");
    let Some((_, rest)) = line.split_once(PREFIX) else { return Err(wrong()) };
    let Some((head, data)) = rest.split_once(']') else { return Err(true) };
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let mut parts = name.split('.').filter(|part| !part.is_empty());
    let (Some(area), Some(event), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(true);
    };
    let pair = |text: &str| {
        let (name, value) = text.split_once('=')?;
        (!name.is_empty() && !value.is_empty()).then(|| (name.to_lowercase(), unescape(value, percents)))
    };
    Ok(Command {
        area: area.to_owned(),
        event: event.to_owned(),
        properties: properties.split(';').filter_map(pair).collect(),
        data: unescape(data, percents),
    })
}

/// OBSERVED: CommandStringConvertor of the agent.
fn unescape(text: &str, percents: bool) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut plain = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
    if percents {
        plain = plain.replace("%AZP25", "%").replace("%25", "%");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_read() {
        let command =
            parse("x ##vso[Task.SetVariable Variable=a%3Bb;isSecret=true;;=x;y=]1%0A2 %5D", false).unwrap();
        assert!(command.is_named("task", "setvariable") && command.is("issecret"));
        assert_eq!(command.property("variable"), Some("a;b"));
        assert_eq!((command.data.as_str(), command.properties.len()), ("1\n2 ]", 2));
        assert_eq!(parse("##vso[task.debug]100%25", true).unwrap().data, "100%");
        assert_eq!(parse("##vso[task.debug]100%25", false).unwrap().data, "100%25");
        assert_eq!(parse("##vso[task.setvariable variable=x]a=b]c", false).unwrap().data, "a=b]c");
        for broken in ["##vso[task.debug", "##vso", "##vso[task]", "##vso[a.b.c]x", "##vso[]", "##vso[.]"] {
            assert_eq!(parse(broken, false), Err(true), "{broken}");
        }
        for plain in ["", "##[group]x", "##vs[task.debug]"] {
            assert_eq!(parse(plain, false), Err(false), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in r"(##vso\[)?[a-z.;= %\]\PC]{0,60}") {
            let _ = parse(&line, true);
        }
    }
}
