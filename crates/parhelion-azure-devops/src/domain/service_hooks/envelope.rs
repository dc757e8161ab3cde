//! What goes out around an event's resource.

use crate::{show::time, store::Inputs};
use parhelion_core::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A sentence in its three forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// As it is.
    pub text: String,
    /// With a link.
    pub html: String,
    /// With a link.
    pub markdown: String,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A sentence of which one part is a link.
pub fn said(before: &str, (what, to): (&str, &str), after: &str) -> Message {
    Message {
        text: format!("{before}{what}{after}"),
        html: format!(
            "{}<a href=\"{}\">{}</a>{}",
            escaped(before),
            escaped(to),
            escaped(what),
            escaped(after)
        ),
        markdown: format!("{before}[{what}]({to}){after}"),
    }
}

impl Message {
    /// The forms that a setting leaves; `None`: not even one.
    fn as_wanted(&self, setting: Option<&String>) -> Option<Value> {
        let all = [("text", &self.text), ("html", &self.html), ("markdown", &self.markdown)];
        let wanted = setting.map(String::as_str).filter(|s| !s.is_empty()).unwrap_or("all");
        let left = all.into_iter().filter(|(name, _)| wanted == "all" || wanted == *name);
        let left: Map<String, Value> = left.map(|(n, t)| (n.to_owned(), t.as_str().into())).collect();
        (!left.is_empty()).then_some(Value::Object(left))
    }
}

/// What names a resource: all that is left of one when little is to be sent.
// CHOICE: the documentation says no more than "key fields such as URL and identifiers".
const KEYS: &[&str] = &["id", "url", "uri", "pushId", "projectId"];
/// Parts of which the same is left.
const PARTS: &[&str] = &["run", "stage", "job", "pipeline", "repository"];

fn minimal(resource: &Value) -> Value {
    let Value::Object(members) = resource else { return Value::Null };
    let left = members.iter().filter_map(|(name, value)| {
        if KEYS.contains(&name.as_str()) {
            return Some((name.clone(), value.clone()));
        }
        PARTS.contains(&name.as_str()).then(|| (name.clone(), minimal(value)))
    });
    Value::Object(left.collect())
}

/// An event as one subscription gets it.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The subscription.
    pub subscription: Uuid,
    /// The notification.
    pub notification: u64,
    /// The event.
    pub id: Uuid,
    /// The event's type.
    pub event_type: String,
    /// Its publisher.
    pub publisher: String,
    /// What it says, in short and in long.
    pub messages: (Message, Message),
    /// What it is about, whole.
    pub resource: Value,
    /// The resource's form.
    pub version: String,
    /// `resourceContainers`.
    pub containers: Value,
    /// When.
    pub created: Timestamp,
}

impl Envelope {
    /// The body, as far as the consumer's settings let it be sent.
    // CHOICE: what is not to be sent is left out.
    pub fn body(&self, settings: &Inputs) -> Value {
        let details = settings.get("resourceDetailsToSend").map(String::as_str).unwrap_or_default();
        let resource = match details {
            "none" => None,
            "minimal" => Some(minimal(&self.resource)),
            _ => Some(self.resource.clone()),
        };
        let all = [
            ("subscriptionId", Some(json!(self.subscription))),
            ("notificationId", Some(json!(self.notification))),
            ("id", Some(json!(self.id))),
            ("eventType", Some(json!(self.event_type))),
            ("publisherId", Some(json!(self.publisher))),
            ("message", self.messages.0.as_wanted(settings.get("messagesToSend"))),
            ("detailedMessage", self.messages.1.as_wanted(settings.get("detailedMessagesToSend"))),
            ("resource", resource),
            ("resourceVersion", Some(json!(self.version))),
            ("resourceContainers", Some(self.containers.clone())),
            ("createdDate", Some(json!(time(self.created)))),
        ];
        Value::Object(all.into_iter().filter_map(|(n, v)| Some((n.to_owned(), v?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_escaped_where_it_must_be() {
        let message = said("Run ", ("<a> & b", "http://h/?a=1&b=2"), ".");
        assert_eq!(message.text, "Run <a> & b.");
        assert_eq!(message.html, "Run <a href=\"http://h/?a=1&amp;b=2\">&lt;a&gt; &amp; b</a>.");
        assert_eq!(message.markdown, "Run [<a> & b](http://h/?a=1&b=2).");
    }

    #[test]
    fn settings_say_how_much_is_sent() {
        let envelope = Envelope {
            subscription: Uuid::nil(),
            notification: 1,
            id: Uuid::nil(),
            event_type: "e".into(),
            publisher: "p".into(),
            messages: (said("", ("m", "u"), ""), said("", ("d", "u"), "")),
            resource: json!({ "id": 1, "status": "x", "run": { "id": 2, "name": "n" } }),
            version: "1.0".into(),
            containers: json!({}),
            created: Timestamp::UNIX_EPOCH,
        };
        let of = |pairs: &[(&str, &str)]| {
            envelope.body(&pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        let all = of(&[]);
        assert_eq!(
            (&all["resource"]["status"], &all["message"]["markdown"]),
            (&json!("x"), &json!("[m](u)"))
        );
        let less = of(&[("resourceDetailsToSend", "minimal"), ("messagesToSend", "text")]);
        assert_eq!(less["resource"], json!({ "id": 1, "run": { "id": 2 } }));
        assert_eq!(less["message"], json!({ "text": "m" }));
        assert_eq!(less["detailedMessage"]["html"], "<a href=\"u\">d</a>");
        let none = of(&[
            ("resourceDetailsToSend", "none"),
            ("messagesToSend", "none"),
            ("detailedMessagesToSend", "none"),
        ]);
        assert!(["resource", "message", "detailedMessage"].iter().all(|m| none.get(m).is_none()), "{none}");
    }
}
