//! A story as indented text, for a failing test's output.

use super::tree::{Node, Story};
use parhelion_core::Verdict;
use serde_json::{Map, Value};
use std::fmt::Write as _;

fn mark(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Ok) => "ok     ",
        Some(Verdict::Failed) => "FAILED ",
        Some(Verdict::Skipped) => "skipped",
        Some(Verdict::Waiting) => "waiting",
        None => "       ",
    }
}

/// The whole story.
pub fn written(story: &Story) -> String {
    let mut out = format!("{} {}\n  {}\n", mark(story.verdict).trim_end(), story.id, story.fact);
    details(&mut out, story.detail.iter(), 2);
    out.push('\n');
    for node in &story.because {
        line(&mut out, node, &Map::new(), 0);
    }
    out
}

/// A fact with what followed from it. Members that an earlier fact of its line has told, as they still are, are left
/// out; and so is the inside of an event that a cloud publishes, which `/events` and `/explain` as JSON show whole.
fn line(out: &mut String, node: &Node, told: &Map<String, Value>, depth: usize) {
    let indent = "  ".repeat(depth);
    let asked = if node.asked { " <" } else { "" };
    let number = node.seq.map_or_else(|| "now".to_owned(), |seq| format!("#{seq}"));
    let _ = writeln!(out, "{} {indent}{number} {}: {}{asked}", mark(node.verdict), node.kind, node.fact);
    let mut known = told.clone();
    if !node.kind.ends_with(".event") {
        details(
            out,
            node.detail.iter().filter(|(name, value)| told.get(*name) != Some(value)),
            11 + 2 * depth,
        );
        known.extend(node.detail.clone());
    }
    for child in &node.because {
        line(out, child, &known, depth + 1);
    }
}

fn details<'a>(out: &mut String, detail: impl Iterator<Item = (&'a String, &'a Value)>, indent: usize) {
    for (name, value) in detail {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let short = parhelion_core::text::prefix(&text, 300);
        let more = if short.len() < text.len() { "…" } else { "" };
        let _ = writeln!(out, "{:indent$}{name}: {}{more}", "", short.replace('\n', "\\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_core::Timestamp;
    use serde_json::json;

    fn node(kind: &'static str, fact: &str, detail: Value, because: Vec<Node>) -> Node {
        let detail = detail.as_object().cloned().unwrap_or_default();
        let (subject, at) = (String::new(), Timestamp::UNIX_EPOCH);
        Node {
            seq: Some(1),
            kind,
            subject,
            fact: fact.to_owned(),
            verdict: None,
            at,
            detail,
            asked: false,
            because,
        }
    }

    #[test]
    fn what_a_line_has_told_is_not_told_again_until_it_changes() {
        let third = node("c", "third", json!({"pipeline": "p", "stage": "T"}), vec![]);
        let event = node("x.event", "published", json!({"source": "aws"}), vec![]);
        let second = node("b", "second", json!({"pipeline": "p", "stage": "S"}), vec![third, event]);
        let first = node("a", "first", json!({"pipeline": "p"}), vec![second]);
        let mut out = String::new();
        line(&mut out, &first, &Map::new(), 0);
        let told: Vec<&str> = out.lines().map(str::trim).collect();
        assert_eq!(
            told,
            [
                "#1 a: first",
                "pipeline: p",
                "#1 b: second",
                "stage: S",
                "#1 c: third",
                "stage: T",
                "#1 x.event: published"
            ]
        );
    }
}
