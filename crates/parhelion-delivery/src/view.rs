//! A record as the control API shows it (control.md 7): JSON, secrets masked unless asked for.

use crate::attempt::{Answer, AttemptRecord, Exchange};
use crate::facts::word;
use crate::machine::Record;
use crate::url::{Url, encoded};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use parhelion_core::limits::KEPT_BODY_BYTES;
use parhelion_core::{DeliveryStatus, Timestamp, text};
use serde_json::{Map, Value, json};

/// Secrets shorter than this are masked in URLs only: anywhere else they would be found in innocent text.
const SECRET_CHARS: usize = 4;

/// What must not be shown: the part of the URL by which `url` and `shown_url` differ.
struct Secrets {
    /// Longest first.
    texts: Vec<String>,
    requested: String,
    shown: String,
}

impl Secrets {
    fn of(record: &Record) -> Secrets {
        let (url, shown) = (record.delivery.url.as_str(), record.delivery.shown_url.as_str());
        let same =
            url.chars().zip(shown.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        let (url_rest, shown_rest): (&str, &str) = (&url[same..], &shown[same..]);
        let tail: usize = url_rest
            .chars()
            .rev()
            .zip(shown_rest.chars().rev())
            .take_while(|(a, b)| a == b)
            .map(|(c, _)| c.len_utf8())
            .sum();
        let secret = &url_rest[..url_rest.len() - tail];
        let mut texts = vec![secret.to_owned(), encoded(secret)];
        texts.retain(|t| !t.is_empty());
        texts.dedup();
        texts.sort_by_key(|t| std::cmp::Reverse(t.len()));
        let requested = Url::parse(url).map(|u| u.requested()).unwrap_or_default();
        Secrets { texts, requested, shown: shown.to_owned() }
    }
    fn mask(&self, text: &str, at_least: usize) -> String {
        let secrets = self.texts.iter().filter(|s| s.len() >= at_least);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "****"))
    }
    fn url(&self, url: &str) -> String {
        if url == self.requested { self.shown.clone() } else { self.mask(url, 1) }
    }
    fn header(&self, name: &str, value: &str) -> String {
        match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" | "cookie" | "set-cookie" => "****".to_owned(),
            "location" | "content-location" | "referer" => self.mask(value, 1),
            _ => self.mask(value, SECRET_CHARS),
        }
    }
}

impl Record {
    /// The record as JSON. `secrets`: the URL with its query, credentials and cookies in clear.
    pub fn json(&self, secrets: bool) -> Value {
        let hidden = if secrets { None } else { Some(Secrets::of(self)) };
        let hidden = hidden.as_ref();
        let delivery = &self.delivery;
        let target = if secrets { &delivery.url } else { &delivery.shown_url };
        let mut out = json!({
            "id": self.id.to_string(),
            "surface": self.owner.store.split('.').next().unwrap_or_default(),
            "tenant": self.owner.tenant,
            "for": delivery.subject,
            "event": delivery.event,
            "status": self.status,
            "target": target,
            "method": delivery.method,
            "cause": self.cause,
            "created_at": time(self.created_at),
            "policy": {
                "schedule_secs": delivery.policy.schedule_secs,
                "timeout_secs": delivery.policy.timeout_secs,
                "give_up_on": delivery.policy.give_up_on,
                "follow_redirects": delivery.policy.follow_redirects,
                "verify_tls": delivery.policy.verify_tls,
            },
        });
        let mut set = |name: &str, value: Option<Value>| {
            if let (Some(out), Some(value)) = (out.as_object_mut(), value) {
                out.insert(name.to_owned(), value);
            }
        };
        let waits = matches!(self.status, DeliveryStatus::Queued | DeliveryStatus::Held);
        set("order", delivery.order.as_ref().map(|o| json!(o)));
        set("replay_of", self.replay_of.map(|id| json!(id.to_string())));
        set("due_at", waits.then(|| time(self.due_at)));
        set("sent_at", self.sent_at.map(time));
        set("settled_at", self.settled_at.map(time));
        set(
            "error",
            self.error().map(|(class, why)| json!({"class": word(class), "message": shown(hidden, why)})),
        );
        set("bodies_dropped", self.body_gone.then_some(json!(true)));
        let mut request = Map::new();
        request.insert("headers".into(), headers(&delivery.headers, hidden));
        body(&mut request, &delivery.body, delivery.body.len(), hidden);
        set("request", Some(request.into()));
        set("attempts", Some(self.attempts.iter().map(|a| attempt(a, hidden)).collect::<Vec<_>>().into()));
        out
    }
}

fn attempt(attempt: &AttemptRecord, hidden: Option<&Secrets>) -> Value {
    let outcome = &attempt.outcome;
    let mut exchanges: Vec<Value> = outcome.exchanges.iter().map(|e| exchange(e, hidden)).collect();
    let last = exchanges.pop().unwrap_or_else(|| json!({"request": null, "response": null}));
    let mut out = json!({
        "number": attempt.number,
        "seq": attempt.seq,
        "sent_at": time(attempt.sent_at),
        "at": time(attempt.at),
        "duration_us": u64::try_from(outcome.took.as_micros()).unwrap_or(u64::MAX),
        "error": outcome.error.as_ref().map(|(class, why)| json!({"class": word(*class), "message": shown(hidden, why)})),
        "request": last["request"],
        "response": last["response"],
    });
    if !exchanges.is_empty() {
        // Redirects that were followed, and the request that was answered with a challenge.
        out["before"] = exchanges.into();
    }
    out
}

fn exchange(exchange: &Exchange, hidden: Option<&Secrets>) -> Value {
    let mut request = Map::new();
    let url = hidden.map_or_else(|| exchange.url.clone(), |h| h.url(&exchange.url));
    request.insert("method".into(), json!(exchange.method));
    request.insert("url".into(), json!(url));
    request.insert("headers".into(), headers(&exchange.headers, hidden));
    body(&mut request, &exchange.body, exchange.body.len(), hidden);
    if exchange.loopback {
        request.insert("loopback".into(), json!(true));
    }
    json!({"request": request, "response": exchange.answer.as_ref().map(|a| answer(a, hidden))})
}

fn answer(answer: &Answer, hidden: Option<&Secrets>) -> Value {
    let mut out = Map::new();
    out.insert("status".into(), json!(answer.status));
    out.insert("reason".into(), json!(answer.reason));
    out.insert("headers".into(), headers(&answer.headers, hidden));
    body(&mut out, &answer.body, answer.body_bytes, hidden);
    out.into()
}

fn headers(headers: &[(String, String)], hidden: Option<&Secrets>) -> Value {
    let value = |name: &str, value: &str| hidden.map_or_else(|| value.to_owned(), |h| h.header(name, value));
    headers.iter().map(|(n, v)| json!([n, value(n, v)])).collect::<Vec<_>>().into()
}

/// `body` as text where it is text, else `body_base64`; `body_truncated` where it is not all of `bytes`.
fn body(out: &mut Map<String, Value>, body: &Bytes, bytes: usize, hidden: Option<&Secrets>) {
    let mut cut = body.len() < bytes;
    match std::str::from_utf8(body) {
        Ok(whole) => {
            let kept = text::prefix(whole, KEPT_BODY_BYTES);
            cut |= kept.len() < whole.len();
            out.insert("body".into(), json!(shown(hidden, kept)));
        }
        // Cut at 64 KiB in the middle of a character: text all the same.
        Err(e) if cut && e.error_len().is_none() => {
            let kept = String::from_utf8_lossy(&body[..e.valid_up_to()]);
            out.insert("body".into(), json!(shown(hidden, text::prefix(&kept, KEPT_BODY_BYTES))));
        }
        Err(_) => {
            let kept = &body[..body.len().min(KEPT_BODY_BYTES)];
            cut |= kept.len() < body.len();
            out.insert("body_base64".into(), json!(STANDARD.encode(kept)));
        }
    }
    if cut {
        out.insert("body_truncated".into(), json!(true));
        out.insert("body_bytes".into(), json!(bytes));
    }
}

fn shown(hidden: Option<&Secrets>, text: &str) -> String {
    hidden.map_or_else(|| text.to_owned(), |h| h.mask(text, SECRET_CHARS))
}

fn time(at: Timestamp) -> Value {
    json!(at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}
