//! What a file's text is read as, and what is said when it cannot be: `tests/tables/reading.tsv`.

use crate::{
    FILE,
    tables::{judge, rows},
};
use parhelion_azure_pipelines::{Issue, decode, joined, limits, parse, webhooks};

/// The text that a cell stands for.
fn unescaped(cell: &str) -> String {
    let mut out = String::new();
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (code, tail) = after.split_at(1);
        rest = tail;
        match code {
            "n" => out.push('\n'),
            "r" => out.push('\r'),
            "t" => out.push('\t'),
            "u" => {
                let (digits, tail) = rest.split_at(4);
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                out.push(code.expect("four digits of a character"));
                rest = tail;
            }
            other => out.push_str(other),
        }
    }
    out + rest
}

/// What is said of the file alone, before its meaning is looked at.
fn said(text: &str) -> String {
    let issues: Vec<Issue> = match parse(FILE, text) {
        Err(issues) => issues,
        // Mistakes that leave the rest readable are said with the first look at it.
        Ok(document) => webhooks(&document).err().unwrap_or_default(),
    };
    let own =
        |i: &Issue| i.line.is_none() || i.message.contains("already defined") || i.message.contains("scalar");
    joined(&issues.into_iter().filter(own).collect::<Vec<_>>())
}

fn meant(outcome: &str) -> String {
    let at = |place: &str| -> Vec<String> { place.split(':').map(str::to_owned).collect() };
    if outcome == "ok" {
        return String::new();
    }
    if let Some((place, text)) = outcome.strip_prefix('@').and_then(|o| o.split_once(' ')) {
        let at = at(place);
        let place = format!("(Line: {}, Col: {}, Idx: {})", at[0], at[1], at[2]);
        return format!(
            "{FILE}: {place} - {place}: {text}\nObject reference not set to an instance of an object."
        );
    }
    if !outcome.starts_with('(') {
        return format!("{FILE}: {}", unescaped(outcome));
    }
    let line = |one: &str| {
        let (place, text) = one.trim_start_matches('(').split_once(") ").expect("a place and a text");
        let at = at(place);
        format!("{FILE} (Line: {}, Col: {}): {text}", at[0], at[1])
    };
    outcome.split('|').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_row_of_the_table() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for row in rows(include_str!("../tables/reading.tsv")) {
        let [text, outcome] = row[..] else { panic!("not two cells: {row:?}") };
        let (got, want) = (said(&unescaped(text)), meant(outcome));
        cases += 1;
        if got != want {
            wrong.push(format!("{text}\n  want {want:?}\n  got  {got:?}"));
        }
    }
    judge(wrong, cases);
}

#[test]
fn bytes_that_are_no_text() {
    for (bytes, want) in [
        (&b"a: b"[..], "a: b"),
        (b"\xef\xbb\xbfa", "\u{feff}a"),
        (b"a: \xff\xfe b", "a: \u{fffd}\u{fffd} b"),
        (b"\xc3", "\u{fffd}"),
        (b"\xff\xfea\0:\0", "a:"),
        (b"\xfe\xff\0a\0:", "a:"),
        (b"\xff\xfe\x00\xd8a", "\u{fffd}\u{fffd}"),
    ] {
        assert_eq!(decode(bytes), want, "{bytes:?}");
    }
    // They are a text like any other: they can be read, and places count them.
    let text = decode(b"steps:\n- script: \xff\n- nope: \xff\n");
    assert_eq!(crate::preview(&text), format!("{FILE} (Line: 3, Col: 3): Unexpected value 'nope'"));
}

#[test]
fn depth() {
    let too_deep = format!("{FILE}: Maximum object depth exceeded");
    for (open, close) in [("- ", ""), ("? ", ""), ("[", "]"), ("{a: ", "}")] {
        let nested = |n: usize| format!("{}x{}\n", open.repeat(n), close.repeat(n));
        assert_eq!(said(&nested(limits::DEPTH + 1)), too_deep, "{open}");
        assert!(parse(FILE, &nested(limits::DEPTH)).is_ok() || open == "? ", "{open}");
    }
    // No text, however deep, exhausts the stack: block and flow.
    assert_eq!(said(&"- ".repeat(200_000)), too_deep);
    assert!(!said(&"[".repeat(200_000)).is_empty());
    assert!(!said(&"{a: ".repeat(200_000)).is_empty());
    assert!(!said(&"? ".repeat(200_000)).is_empty());
}

#[test]
fn size() {
    let too_large = format!("{FILE}: Maximum object size exceeded");
    assert_eq!(said(&"#".repeat(limits::TREE_BYTES + 1)), too_large);
    // One huge scalar, one huge key; what the text takes as a tree is what counts.
    let huge = "x".repeat(limits::TREE_BYTES / 2);
    for text in [format!("a: |\n  {huge}\n"), format!("? \"{huge}\"\n: b\n")] {
        assert_eq!(said(&text), too_large, "{}", &text[..6]);
    }
}

#[test]
fn tabs_between_key_and_value_are_no_part_of_it() {
    let got =
        crate::preview("steps:\n- script:\t\techo\tx\n  displayName: 'a\n   \tb'\n- script:\t|\n    c:\td\n");
    for part in ["script: echo\tx\n", "displayName: 'a b'\n", "c:\td\n"] {
        assert!(got.contains(part), "{part}: {got}");
    }
    // A file of them takes no longer for it than others.
    let many = "- script:\tx\n".repeat(100_000);
    assert!(parse(FILE, &format!("steps:\n{many}")).is_err());
    assert!(parse(FILE, &format!("steps:\n{}", "- script:\tx\n".repeat(500))).is_ok());
}
