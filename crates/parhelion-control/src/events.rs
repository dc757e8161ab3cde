//! The journal: listed, awaited, streamed (control.md 6).

use crate::ask::{Answer, Ask, page};
use crate::desk::Control;
use crate::query::{Query, refused};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use parhelion_core::Seq;
use parhelion_http::{Problem, answer};
use parhelion_state::{Entry, World};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

pub const QUERY: &[&str] =
    &["after", "surface", "tenant", "kind", "subject", "cause", "request_id", "wait", "limit"];

/// A comment line keeps idle streams open through proxies.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Which entries are wanted.
struct Filter {
    query: Query,
    cause: Option<Seq>,
}

impl Filter {
    fn new(query: Query) -> Result<Filter, Problem> {
        Ok(Filter { cause: query.read("cause")?, query })
    }
    fn takes(&self, entry: &Entry) -> bool {
        let q = &self.query;
        q.admits("surface", entry.surface)
            && q.admits_tenant(&entry.tenant)
            && q.admits("kind", entry.kind)
            && q.admits("subject", &entry.subject)
            && q.admits("request_id", &entry.request_id)
            && self.cause.is_none_or(|cause| cause == entry.cause)
    }
    fn next(&self, world: &World, after: Seq, limit: usize) -> Vec<Arc<Entry>> {
        world.entries(after, limit, |entry| self.takes(entry))
    }
}

pub async fn list(mut ask: Ask) -> Answer {
    ask.known_filter()?;
    let query = std::mem::take(&mut ask.query);
    let accept =
        ask.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let streams = accept.contains("text/event-stream");
    let resumed: Option<Seq> = match ask.headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let seq = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            Some(seq.ok_or_else(|| refused("the header last-event-id is not the id of an event"))?)
        }
    };
    let after: Seq = resumed.or(query.read("after")?).unwrap_or(0);
    let (limit, wait) = (query.limit()?, query.wait("wait")?);
    let filter = Filter::new(query)?;
    if streams {
        if wait.is_some() {
            return Err(refused("\"wait\" is for long polls; a stream waits anyway"));
        }
        let mut streamed = answer(200, "text/event-stream", stream_of(ask.control, ask.world, filter, after));
        streamed
            .headers_mut()
            .insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
        return Ok(streamed);
    }
    let mut entries = filter.next(&ask.world, after, limit + 1);
    if let Some(wait) = wait.filter(|_| entries.is_empty()) {
        let mut changes = ask.world.changes();
        let arrival = async {
            loop {
                changes.borrow_and_update();
                let entries = filter.next(&ask.world, after, limit + 1);
                if !entries.is_empty() || ask.world.is_closed() || changes.changed().await.is_err() {
                    return entries;
                }
            }
        };
        entries = ask.wait(wait, arrival).await?.unwrap_or_default();
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| entry.seq.to_string());
    let items = entries.iter().map(serde_json::to_value).collect::<Result<_, _>>();
    page(items.map_err(|e| Problem::new(500, "Internal error", e.to_string()))?, next)
}

struct Streaming {
    control: Arc<Control>,
    world: Arc<World>,
    filter: Filter,
    after: Seq,
    changes: tokio::sync::watch::Receiver<u64>,
}

/// Server-sent events: `id` is the seq, `data` the entry.
fn stream_of(control: Arc<Control>, world: Arc<World>, filter: Filter, after: Seq) -> Body {
    let changes = world.changes();
    let first = Streaming { control, world, filter, after, changes };
    let stream = stream::unfold(first, |mut at| async move {
        loop {
            at.changes.borrow_and_update();
            let (newest, _) = at.world.journal_range();
            let entries = at.filter.next(&at.world, at.after, 100);
            if let Some(last) = entries.last() {
                at.after = last.seq;
                return Some((Ok::<_, Infallible>(written(&entries)), at));
            }
            // What was not wanted is not looked at again.
            at.after = at.after.max(newest);
            if at.world.is_closed() || at.control.is_stopping() {
                return None;
            }
            match tokio::time::timeout(HEARTBEAT, at.changes.changed()).await {
                Err(_) => return Some((Ok(Bytes::from_static(b": still here\n\n")), at)),
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {}
            }
        }
    });
    Body::from_stream(stream)
}

fn written(entries: &[Arc<Entry>]) -> Bytes {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(format!("id: {}\nevent: {}\ndata: ", entry.seq, entry.kind).as_bytes());
        // JSON on one line: it holds no line break of its own.
        let _ = serde_json::to_writer(&mut out, entry);
        out.extend_from_slice(b"\n\n");
    }
    out.into()
}
