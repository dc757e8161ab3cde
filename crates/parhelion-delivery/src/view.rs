//! A record as the control API shows it (control.md 7): JSON, secrets masked unless asked for.

use crate::attempt::{Answer, AttemptRecord, Exchange};
use crate::facts::word;
use crate::machine::Record;
use crate::url::{Url, encoded};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use parhelion_core::limits::KEPT_BODY_BYTES;
use parhelion_core::{DeliveryStatus, ErrorClass, Timestamp, text};
use serde_json::{Map, Value, json};

/// Secrets shorter than this are masked in URLs only: anywhere else they would be found in innocent text.
const SECRET_CHARS: usize = 4;

/// Requests of one attempt that the journal tells of, beside the last one.
const DETOURS: usize = 5;

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
    /// What the last attempt asked before its last request (redirects that were followed, a request that was answered
    /// with a challenge), a sentence each, secrets masked.
    pub(crate) fn detours(&self) -> Vec<String> {
        let exchanges = self.attempts.last().map(|a| a.outcome.exchanges.as_slice()).unwrap_or_default();
        let Some((_, before)) = exchanges.split_last().filter(|(_, before)| !before.is_empty()) else {
            return Vec::new();
        };
        let hidden = Secrets::of(self);
        let told = |pair: &[Exchange]| {
            let [asked, next] = pair else { return None };
            let status = asked.answer.as_ref().map(|a| a.status.to_string()).unwrap_or_default();
            let (url, then) = (hidden.url(&asked.url), hidden.url(&next.url));
            let body = if next.body.len() < asked.body.len() { " without the body" } else { "" };
            Some(format!("{} {url} answered {status}: then {} {then}{body}", asked.method, next.method))
        };
        let mut detours: Vec<String> = exchanges.windows(2).take(DETOURS).filter_map(told).collect();
        if before.len() > DETOURS {
            detours.push(format!("and {} more", before.len() - DETOURS));
        }
        detours
    }
    /// Why it failed last, secrets masked.
    pub(crate) fn shown_error(&self) -> Option<(ErrorClass, String)> {
        let (class, why) = self.error()?;
        Some((class, Secrets::of(self).mask(why, SECRET_CHARS)))
    }
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
        let retried = &delivery.policy.retry_on;
        set("retried_statuses", (!retried.is_empty()).then(|| json!(retried)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Outcome;
    use crate::machine::{Machine, Step};
    use parhelion_core::{Delivery, Owner, Policy};

    fn record(url: &str, shown_url: &str, outcome: Outcome) -> Record {
        let mut machine = Machine::default();
        let delivery = Delivery {
            subject: "hook:1".into(),
            event: "push".into(),
            method: "POST",
            url: url.into(),
            shown_url: shown_url.into(),
            headers: vec![("X-A".into(), "b".into())],
            body: Bytes::from_static(b"\xff\xfe"),
            policy: Policy::default(),
            order: Some("hook:1".into()),
        };
        let id = machine.enqueue(Owner::new("kudu.extra", "t"), 4, delivery, Timestamp::UNIX_EPOCH);
        let Step::Send(attempt) = machine.poll(Timestamp::UNIX_EPOCH) else { panic!("nothing to send") };
        machine.settle(attempt.id, outcome, Timestamp::UNIX_EPOCH);
        Record::clone(machine.get(id).unwrap())
    }
    fn exchange(url: &str, headers: &[(&str, &str)], answer: Answer) -> Exchange {
        Exchange {
            method: "POST".into(),
            url: url.into(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: Bytes::new(),
            loopback: false,
            answer: Some(answer),
        }
    }

    #[test]
    fn a_secret_is_masked_wherever_a_receiver_sends_it_back() {
        let answer = |location: &str| Answer {
            status: 302,
            headers: vec![("Location".into(), location.into()), ("Set-Cookie".into(), "a=b".into())],
            body: Bytes::from_static(b"you sent key=s3 cr3t"),
            body_bytes: 20,
            ..Answer::default()
        };
        let outcome = Outcome {
            exchanges: vec![
                exchange(
                    "http://h/x?key=s3%20cr3t",
                    &[("Authorization", "Basic eDp5")],
                    answer("/y?key=s3%20cr3t"),
                ),
                exchange("http://h/y?key=s3%20cr3t", &[], answer("/z")),
            ],
            error: Some((ErrorClass::Status, "answered 302".into())),
            ..Outcome::default()
        };
        let record = record("http://h/x?key=s3 cr3t", "http://h/x?{sensitive}", outcome);
        assert_eq!(
            record.detours(),
            ["POST http://h/x?{sensitive} answered 302: then POST http://h/y?****".to_owned()]
        );
        let json = record.json(false);
        assert!(!json.to_string().contains("cr3t") && !json.to_string().contains("eDp5"), "{json:#}");
        assert_eq!(json["target"], "http://h/x?{sensitive}");
        let attempt = &json["attempts"][0];
        assert_eq!(attempt["before"][0]["request"]["url"], "http://h/x?{sensitive}");
        assert_eq!(
            attempt["before"][0]["response"]["headers"],
            json!([["Location", "/y?****"], ["Set-Cookie", "****"]])
        );
        assert_eq!(attempt["request"]["url"], "http://h/y?****");
        assert_eq!(attempt["response"]["body"], "you sent ****");
        assert_eq!(json["error"], json!({"class": "status", "message": "answered 302"}));
        let open = record.json(true);
        assert_eq!(open["target"], "http://h/x?key=s3 cr3t");
        assert_eq!(open["attempts"][0]["before"][0]["request"]["headers"][0][1], "Basic eDp5");
    }

    #[test]
    fn bodies_are_text_or_base64_and_say_when_they_are_cut() {
        let cut =
            Answer { status: 200, body: Bytes::from_static(b"gr\xc3"), body_bytes: 9, ..Answer::default() };
        let outcome = Outcome { exchanges: vec![exchange("http://h/", &[], cut)], ..Outcome::default() };
        let json = record("http://h/", "http://h/", outcome).json(false);
        assert_eq!(json["request"], json!({"headers": [["X-A", "b"]], "body_base64": "//4="}));
        let response = &json["attempts"][0]["response"];
        assert_eq!(
            (&response["body"], &response["body_truncated"], &response["body_bytes"]),
            (&json!("gr"), &json!(true), &json!(9))
        );
        assert_eq!(
            (&json["surface"], &json["status"], &json["order"]),
            (&json!("kudu"), &json!("succeeded"), &json!("hook:1"))
        );
        assert_eq!((&json["attempts"][0]["error"], json.get("due_at")), (&Value::Null, None));
    }
}
