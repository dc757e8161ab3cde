//! Why it came out as it did (control.md 6): the journal's causes as a tree, as JSON or as text.

mod text;
mod tree;

use crate::ask::{Answer, Ask, ok, unknown};
use parhelion_http::answer;

pub async fn explain(ask: Ask) -> Answer {
    ask.known_filter()?;
    let id = ask.param(0);
    let story = tree::story(&ask.world, id, |entry| {
        ask.query.admits("surface", entry.surface) && ask.query.admits_tenant(&entry.tenant)
    });
    let story = story.ok_or_else(|| unknown("journal entry, request, delivery or other subject", id))?;
    let accept =
        ask.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.starts_with("text/plain") {
        return Ok(answer(200, "text/plain; charset=utf-8", text::written(&story)));
    }
    ok(&story)
}
