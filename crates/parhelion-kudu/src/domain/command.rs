//! A custom deployment command. None is ever run: its outcome is read off its text.

/// How a command comes out, and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It succeeds with these lines of output.
    Done(Vec<String>),
    /// It fails with these.
    Failed(Vec<String>),
}

/// CHOICE: `exit 0`, `true`, `echo …`, `rem …` and `:` succeed; `exit N` fails; everything else fails as a shell
/// does that does not know the word. Running commands for real is a setting of its own, off by default.
pub fn outcome(command: &str) -> CommandOutcome {
    let command = command.trim();
    let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    match word.to_ascii_lowercase().as_str() {
        "true" | "rem" | ":" => CommandOutcome::Done(Vec::new()),
        "echo" => CommandOutcome::Done(vec![rest.trim().to_owned()]),
        "exit" => match rest.trim() {
            "" | "0" => CommandOutcome::Done(Vec::new()),
            code if code.parse::<i64>().is_ok() => CommandOutcome::Failed(Vec::new()),
            _ => unknown(word),
        },
        _ => unknown(word),
    }
}

fn unknown(word: &str) -> CommandOutcome {
    CommandOutcome::Failed(vec![
        format!("'{word}' is not recognized as an internal or external command,"),
        "operable program or batch file.".to_owned(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn outcomes_are_read_off_the_text() {
        for good in ["exit 0", "true", "echo hello", "rem no", ": ", " EXIT  0 "] {
            assert!(matches!(outcome(good), CommandOutcome::Done(_)), "{good}");
        }
        for bad in ["exit 1", "exit -3", "thisIsAnErrorCommand", "./deploy.sh", "exit x", ""] {
            assert!(matches!(outcome(bad), CommandOutcome::Failed(_)), "{bad}");
        }
        assert_eq!(outcome("echo a  b"), CommandOutcome::Done(vec!["a  b".into()]));
        let CommandOutcome::Failed(lines) = outcome("nope --x") else { panic!() };
        assert_eq!(lines[0], "'nope' is not recognized as an internal or external command,");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}") {
            let _ = outcome(&text);
        }
    }
}
