//! Receivers inside the emulator: deliveries can be sent to `/_parhelion/sink/{name}` and looked at (control.md 7).

use crate::ask::{Answer, Ask, done, ok, page, unknown};
use crate::query::refused;
use crate::requests::put_body;
use crate::units;
use bytes::Bytes;
use parhelion_core::{Timestamp, limits};
use parhelion_http::{DropConnection, Problem, Response, answer};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub const QUERY: &[&str] = &["count", "wait", "limit", "after"];

/// Sinks of a world.
const SINKS: usize = 1_000;
/// Requests kept of one sink.
const KEPT: usize = 1_000;

/// A world's sinks by name.
#[derive(Clone, Debug, Default)]
pub struct Sinks(BTreeMap<String, Sink>);

impl Sinks {
    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
    /// Keeps a request, within the bounds: of this sink by number, of all by bytes, where the sink that has most gives
    /// up its oldest.
    fn keep(&mut self, name: &str, received: Received) -> Result<Scripted, Problem> {
        let sink = self.open(name)?;
        sink.body_bytes += received.body.len();
        sink.received.push_back(Arc::new(received));
        if sink.received.len() > KEPT {
            sink.forget_oldest();
        }
        let answer = sink.next_answer();
        while self.0.values().map(|sink| sink.body_bytes).sum::<usize>() > limits::KEPT_BODIES_BYTES
            && let Some(largest) = self.0.values_mut().max_by_key(|sink| sink.body_bytes)
        {
            largest.forget_oldest();
        }
        Ok(answer)
    }
    fn open(&mut self, name: &str) -> Result<&mut Sink, Problem> {
        // A name stands in URLs as it is.
        let good = !name.is_empty()
            && name.len() <= 128
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !good {
            return Err(refused("a sink's name is 1 to 128 of A-Z a-z 0-9 . _ -"));
        }
        if self.0.len() >= SINKS && !self.0.contains_key(name) {
            return Err(Problem::new(
                409,
                "Conflict",
                format!("there are {SINKS} sinks already; delete one"),
            ));
        }
        Ok(self.0.entry(name.to_owned()).or_default())
    }
}

#[derive(Clone, Debug, Default)]
struct Sink {
    responses: Vec<Scripted>,
    repeat: Repeat,
    answered: usize,
    received: VecDeque<Arc<Received>>,
    /// Bytes of the kept bodies.
    body_bytes: usize,
    /// Requests that came and are no longer kept.
    gone: usize,
}

impl Sink {
    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.received.pop_front() {
            self.body_bytes -= oldest.body.len();
            self.gone += 1;
        }
    }
    fn next_answer(&mut self) -> Scripted {
        let turn = match (self.responses.len(), self.repeat) {
            (0, _) => 0,
            (n, Repeat::Last) => self.answered.min(n - 1),
            (n, Repeat::Cycle) => self.answered % n,
        };
        self.answered += 1;
        self.responses.get(turn).cloned().unwrap_or_default()
    }
    /// How many came, whether or not they are still kept.
    fn came(&self) -> usize {
        self.gone + self.received.len()
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Repeat {
    #[default]
    Last,
    Cycle,
}

/// One scripted answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scripted {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    delay: Option<String>,
    #[serde(default)]
    reset: bool,
}

#[derive(Debug)]
struct Received {
    at: Timestamp,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    /// Whether `body` is only the beginning.
    cut: bool,
}

impl Received {
    fn shown(&self) -> Value {
        let mut shown = Map::from_iter([
            ("at".to_owned(), json!(self.at)),
            ("method".to_owned(), json!(self.method)),
            ("path".to_owned(), json!(self.path)),
            ("query".to_owned(), json!(self.query)),
            ("headers".to_owned(), json!(self.headers)),
        ]);
        put_body(&mut shown, &self.body);
        if self.cut {
            shown.insert("body_truncated".to_owned(), true.into());
        }
        Value::Object(shown)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    #[serde(default)]
    responses: Vec<Scripted>,
    #[serde(default)]
    repeat: Repeat,
}

pub async fn put(ask: Ask) -> Answer {
    let Put { responses, repeat } = ask.json()?;
    if responses.len() > KEPT {
        return Err(refused(format!("at most {KEPT} responses")));
    }
    for scripted in &responses {
        if let Some(delay) = &scripted.delay {
            units::wait(delay).map_err(refused)?;
        }
        if scripted.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(refused("a sink answers a status from 200 to 599"));
        }
        for (name, value) in &scripted.headers {
            let good = http::HeaderName::try_from(name).is_ok() && http::HeaderValue::try_from(value).is_ok();
            if !good {
                return Err(refused(format!("\"{name}: {value}\" is no header")));
            }
            // Ones that contradict the body would break the connection.
            if ["content-length", "transfer-encoding", "connection"]
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n))
            {
                return Err(refused(format!("the server writes the header \"{name}\" itself")));
            }
        }
    }
    let name = ask.param(0);
    *ask.desk.sinks.lock().open(name)? = Sink { responses, repeat, ..Sink::default() };
    ok(&json!({"name": name, "url": format!("{}/_parhelion/sink/{name}", ask.head.base)}))
}

pub async fn list(ask: Ask) -> Answer {
    let limit = ask.query.limit()?;
    let sinks = ask.desk.sinks.lock();
    let mut rest =
        sinks.0.iter().filter(|(name, _)| ask.query.get("after").is_none_or(|after| name.as_str() > after));
    let found: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest.next().and_then(|_| found.last().map(|(name, _)| (*name).clone()));
    let items = found.into_iter().map(|(name, sink)| {
        let url = format!("{}/_parhelion/sink/{name}", ask.head.base);
        json!({"name": name, "url": url, "received": sink.received.len(), "gone": sink.gone})
    });
    page(items.collect(), next)
}

pub async fn delete(ask: Ask) -> Answer {
    ask.desk.sinks.lock().0.remove(ask.param(0)).ok_or_else(|| unknown("sink", ask.param(0)))?;
    done()
}

/// Takes a delivery in and answers as scripted. The path behind `/_parhelion/sink/` is the first parameter.
pub async fn receive(ask: Ask) -> Answer {
    let rest = ask.param(0);
    let (name, below) =
        rest.split_once('/').map_or((rest, String::new()), |(name, below)| (name, format!("/{below}")));
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
    let received = Received {
        at: ask.world.clock.now(),
        method: ask.method.to_string(),
        path: if below.is_empty() { "/".to_owned() } else { below },
        query: ask.raw_query.clone(),
        headers: ask
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        // A copy: a slice would keep all of a large body.
        body: Bytes::copy_from_slice(&ask.body[..ask.body.len().min(limits::KEPT_BODY_BYTES)]),
        cut: ask.body.len() > limits::KEPT_BODY_BYTES,
    };
    let scripted = ask.desk.sinks.lock().keep(&name, received)?;
    ask.world.nudge();
    if let Some(delay) = &scripted.delay {
        // Real time: it plays a slow receiver. Nothing comes, so this is a wait for the time to pass; a server that
        // stops answers at once, so that what is being delivered still is.
        let delay = units::wait(delay).map_err(refused)?;
        let _ = ask.wait(delay, std::future::pending::<()>()).await;
    }
    respond(scripted)
}

fn respond(scripted: Scripted) -> Answer {
    let (content_type, body) = match scripted.body {
        None => ("text/plain", String::new()),
        Some(Value::String(text)) => ("text/plain; charset=utf-8", text),
        Some(other) => ("application/json", other.to_string()),
    };
    let mut response: Response = answer(scripted.status.unwrap_or(200), content_type, body);
    for (name, value) in &scripted.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    if scripted.reset {
        response.extensions_mut().insert(DropConnection);
    }
    Ok(response)
}

pub async fn requests(ask: Ask) -> Answer {
    let wanted = ask.query.read::<usize>("count")?.unwrap_or(0);
    let wait = ask.query.wait("wait")?.unwrap_or(Duration::ZERO);
    // A request's place in the order of arrival, from 1, is where a page goes on.
    let after = ask.query.read::<usize>("after")?.unwrap_or(0);
    let limit = ask.query.limit()?;
    let limit = if ask.query.get("limit").is_none() { limit.max(wanted) } else { limit };
    let name = ask.param(0);
    let came = || ask.desk.sinks.lock().0.get(name).map_or(0, Sink::came);
    let mut changes = ask.world.changes();
    let arrival = async {
        loop {
            changes.borrow_and_update();
            if came() >= wanted || ask.world.is_closed() || changes.changed().await.is_err() {
                return;
            }
        }
    };
    ask.wait(wait, arrival).await?;
    let have = came();
    if have < wanted {
        let detail = format!("sink \"{name}\" has {have} of {wanted} requests after {wait:?}");
        return Err(Problem::new(408, "Not received", detail).with("have", have).with("wanted", wanted));
    }
    let found: Vec<(usize, Arc<Received>)> = match ask.desk.sinks.lock().0.get(name) {
        None => Vec::new(),
        Some(sink) => {
            let numbered = sink.received.iter().enumerate().map(|(n, r)| (sink.gone + n + 1, r.clone()));
            numbered.skip_while(|(number, _)| *number <= after).take(limit + 1).collect()
        }
    };
    let more = found.len() > limit;
    let shown = &found[..found.len().min(limit)];
    let next = shown.last().filter(|_| more).map(|(number, _)| number.to_string());
    page(shown.iter().map(|(_, received)| received.shown()).collect(), next)
}
