//! Pkt-lines, and the list of commands at the head of a push.

use crate::ObjectId;

/// Most bytes that the commands and options of one push may take (about 30 000 refs).
pub(crate) const COMMANDS_BYTES: usize = 4 * 1024 * 1024;

/// Why bytes are no pkt-lines, or no list of commands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PktError {
    /// The four digits before a line are no length that can be.
    #[error("bad pkt-line length \"{0}\"")]
    Length(String),
    /// A line that is no command.
    #[error("bad push command \"{0}\"")]
    Command(String),
    /// More than [`COMMANDS_BYTES`].
    #[error("the push has too many commands")]
    TooMany,
}

/// One pkt-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pkt<'a> {
    /// `0000`: the end of a section.
    Flush,
    /// `0001` and `0002` of protocol v2.
    Mark,
    /// A line's bytes, without its length.
    Line(&'a [u8]),
}

/// The first pkt-line and what follows it; `None` when more bytes are needed.
pub(crate) fn next(bytes: &[u8]) -> Result<Option<(Pkt<'_>, &[u8])>, PktError> {
    let Some((digits, rest)) = bytes.split_at_checked(4) else { return Ok(None) };
    let bad = || PktError::Length(String::from_utf8_lossy(digits).into_owned());
    let text = std::str::from_utf8(digits)
        .ok()
        .filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))
        .ok_or_else(bad)?;
    match usize::from_str_radix(text, 16).map_err(|_| bad())? {
        0 => Ok(Some((Pkt::Flush, rest))),
        1 | 2 => Ok(Some((Pkt::Mark, rest))),
        3 => Err(bad()),
        len => Ok(rest.split_at_checked(len - 4).map(|(line, rest)| (Pkt::Line(line), rest))),
    }
}

/// Appends a pkt-line; longer content is cut into several.
pub(crate) fn put(out: &mut Vec<u8>, line: &[u8]) {
    for part in line.chunks(65_516) {
        out.extend_from_slice(format!("{:04x}", part.len() + 4).as_bytes());
        out.extend_from_slice(part);
    }
}

/// Appends a flush.
pub(crate) fn flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Appends content on a side band (1 data, 2 messages).
pub(crate) fn band(out: &mut Vec<u8>, number: u8, content: &[u8]) {
    for part in content.chunks(65_515) {
        out.extend_from_slice(format!("{:04x}", part.len() + 5).as_bytes());
        out.push(number);
        out.extend_from_slice(part);
    }
}

/// One command of a push: set this ref from `old` to `new`; zero means "no such ref".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What the client believes the ref to be.
    pub old: ObjectId,
    /// What it shall become.
    pub new: ObjectId,
    /// The ref's full name as sent; git judges it.
    pub name: String,
}

/// The head of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandList {
    /// In the order sent.
    pub commands: Vec<Command>,
    /// What the client asked for (`report-status`, `atomic`, …).
    pub capabilities: Vec<String>,
    /// Values of `git push -o`.
    pub options: Vec<String>,
}

impl CommandList {
    /// Whether the client named that capability.
    pub fn asks(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|c| c == capability)
    }
}

/// Reads the head of a push from the first bytes of its body; `None` when more bytes are needed.
///
/// # Errors
/// When no further bytes can make it a list of commands.
pub fn parse_commands(bytes: &[u8]) -> Result<Option<CommandList>, PktError> {
    let mut list = CommandList::default();
    let mut rest = bytes;
    let mut in_options = false;
    loop {
        let Some((pkt, after)) = next(rest)? else {
            return if bytes.len() > COMMANDS_BYTES { Err(PktError::TooMany) } else { Ok(None) };
        };
        rest = after;
        match pkt {
            Pkt::Flush if !in_options && list.asks("push-options") => in_options = true,
            Pkt::Flush => return Ok(Some(list)),
            Pkt::Mark => return Err(PktError::Length("0001".to_owned())),
            Pkt::Line(line) if in_options => list.options.push(text(line)),
            // The boundary of a shallow clone comes before the commands; it is git's business.
            Pkt::Line(line) if line.starts_with(b"shallow ") => {}
            Pkt::Line(line) => {
                let mut halves = line.splitn(2, |b| *b == 0);
                let command = halves.next().unwrap_or_default();
                if let Some(capabilities) = halves.next() {
                    list.capabilities = text(capabilities).split_whitespace().map(str::to_owned).collect();
                }
                list.commands.push(parse_command(command).ok_or_else(|| PktError::Command(text(command)))?);
            }
        }
    }
}

fn parse_command(line: &[u8]) -> Option<Command> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\n');
    let (old, rest) = line.split_once(' ')?;
    let (new, name) = rest.split_once(' ')?;
    Some(Command { old: old.parse().ok()?, new: new.parse().ok()?, name: name.to_owned() })
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches('\n').chars().take(2000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list() -> impl Strategy<Value = CommandList> {
        let id = proptest::collection::vec(any::<u8>(), 20)
            .prop_map(|b| parhelion_core::text::hex(&b).parse().unwrap());
        let command = (id.clone(), id, "refs/(heads|tags)/[a-z/]{1,20}")
            .prop_map(|(old, new, name)| Command { old, new, name });
        let commands = proptest::collection::vec(command, 1..5);
        (
            commands,
            proptest::collection::vec("[a-z=0-9-]{1,12}", 0..4),
            proptest::collection::vec("[ -~]{1,20}", 0..3),
        )
            .prop_map(|(commands, mut capabilities, options)| {
                capabilities.retain(|c| c != "push-options");
                if !options.is_empty() {
                    capabilities.push("push-options".to_owned());
                }
                CommandList { commands, capabilities, options }
            })
    }

    fn encode(list: &CommandList) -> Vec<u8> {
        let mut out = Vec::new();
        for (n, c) in list.commands.iter().enumerate() {
            let capabilities =
                if n == 0 { format!("\0 {}", list.capabilities.join(" ")) } else { String::new() };
            put(&mut out, format!("{} {} {}{capabilities}", c.old, c.new, c.name).as_bytes());
        }
        flush(&mut out);
        if !list.options.is_empty() {
            list.options.iter().for_each(|o| put(&mut out, o.as_bytes()));
            flush(&mut out);
        }
        out
    }

    proptest! {
        #[test]
        fn commands_there_and_back(list in list(), pack in proptest::collection::vec(any::<u8>(), 0..40)) {
            let head = encode(&list);
            let mut whole = head.clone();
            whole.extend_from_slice(&pack);
            prop_assert_eq!(parse_commands(&whole), Ok(Some(list)));
            for cut in 0..head.len() {
                prop_assert_eq!(parse_commands(&head[..cut]), Ok(None), "cut at {}", cut);
            }
        }
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_commands(&bytes);
        }
        #[test]
        fn damaged_commands_are_read_without_panic(list in list(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = encode(&list);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = parse_commands(&bytes);
        }
    }

    #[test]
    fn a_probe_is_an_empty_list() {
        assert_eq!(parse_commands(b"0000"), Ok(Some(CommandList::default())));
    }

    #[test]
    fn lines_that_are_no_commands_are_refused() {
        let mut out = Vec::new();
        put(&mut out, b"push-cert\0 x");
        assert!(matches!(parse_commands(&out), Err(PktError::Command(_))));
        assert!(matches!(parse_commands(b"zzzz"), Err(PktError::Length(_))));
        assert!(matches!(parse_commands(b"0003"), Err(PktError::Length(_))));
        assert!(matches!(parse_commands(b"+123"), Err(PktError::Length(_))));
    }
}
