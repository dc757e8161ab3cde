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
    details(&mut out, &story.detail, 2);
    out.push('\n');
    for node in &story.because {
        line(&mut out, node, 0);
    }
    out
}

fn line(out: &mut String, node: &Node, depth: usize) {
    let indent = "  ".repeat(depth);
    let asked = if node.asked { " <" } else { "" };
    let number = node.seq.map_or_else(|| "now".to_owned(), |seq| format!("#{seq}"));
    let _ = writeln!(out, "{} {indent}{number} {}: {}{asked}", mark(node.verdict), node.kind, node.fact);
    details(out, &node.detail, 11 + 2 * depth);
    for child in &node.because {
        line(out, child, depth + 1);
    }
}

fn details(out: &mut String, detail: &Map<String, Value>, indent: usize) {
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
