//! What a fault rule does to a delivery (control.md 8).

use crate::{Delivery, DeliveryId, Outbox, Owner, Seq, Timestamp};
use chrono::TimeDelta;

/// What is done to a delivery on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundFault {
    /// It goes so much later, by the emulator's clock.
    Delay(TimeDelta),
    /// It never arrives.
    Drop,
    /// It goes twice.
    Duplicate,
    /// Those that come after it may overtake it.
    Reorder,
    /// Its signature is spoiled, where it has one.
    CorruptSignature,
}

/// How long one that may be overtaken stays behind. CHOICE.
const BEHIND: TimeDelta = TimeDelta::seconds(1);

/// What the outbox is told of a delivery that a fault rule hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hindrance {
    /// How long it waits before its first attempt.
    pub wait: TimeDelta,
    /// Why it is never attempted.
    pub lost: Option<String>,
}

impl OutboundFault {
    /// Whether it can be done to a delivery: a signature can be spoiled only where there is one.
    pub fn fits(self, delivery: &Delivery) -> bool {
        self != OutboundFault::CorruptSignature || delivery.headers.iter().any(is_signature)
    }
    /// Does to a delivery what can be done to it, and says what the outbox has to do.
    pub fn apply(self, rule: &str, delivery: &mut Delivery) -> Hindrance {
        match self {
            OutboundFault::Delay(wait) => Hindrance { wait, lost: None },
            OutboundFault::Drop => Hindrance {
                wait: TimeDelta::zero(),
                lost: Some(format!("dropped by the fault rule \"{rule}\"")),
            },
            OutboundFault::Duplicate => Hindrance::default(),
            OutboundFault::Reorder => {
                delivery.order = None;
                Hindrance { wait: BEHIND, lost: None }
            }
            OutboundFault::CorruptSignature => {
                delivery
                    .headers
                    .iter_mut()
                    .filter(|header| is_signature(header))
                    .for_each(|(_, value)| spoil(value));
                Hindrance::default()
            }
        }
    }
    /// Gives a delivery that a rule hit to the outbox; its number (of one that goes twice, the first one's).
    pub fn enqueue(
        self,
        rule: &str,
        mut delivery: Delivery,
        outbox: &dyn Outbox,
        owner: Owner,
        cause: Seq,
        now: Timestamp,
    ) -> DeliveryId {
        let hindrance = self.apply(rule, &mut delivery);
        let again = (self == OutboundFault::Duplicate).then(|| delivery.clone());
        let id = outbox.enqueue_hindered(owner.clone(), cause, delivery, hindrance, now);
        if let Some(again) = again {
            outbox.enqueue(owner, cause, again, now);
        }
        id
    }
    /// In words, for the journal.
    pub fn shown(self) -> String {
        match self {
            OutboundFault::Delay(wait) => format!("it goes {} later", crate::units::written(wait)),
            OutboundFault::Drop => "it never arrives".to_owned(),
            OutboundFault::Duplicate => "it goes twice".to_owned(),
            OutboundFault::Reorder => "those after it may overtake it".to_owned(),
            OutboundFault::CorruptSignature => "its signature is spoiled".to_owned(),
        }
    }
}

fn is_signature(header: &(String, String)) -> bool {
    let name = header.0.to_ascii_lowercase();
    name.contains("signature") || name == "x-gitlab-token"
}

/// Another last character of the same kind: a signature of the right form that does not hold.
fn spoil(value: &mut String) {
    match value.pop() {
        Some('0') => value.push('1'),
        Some(_) => value.push('0'),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    fn delivery(headers: &[(&str, &str)]) -> Delivery {
        Delivery {
            subject: "hook:1".into(),
            event: "push".into(),
            method: "POST",
            url: "http://h/".into(),
            shown_url: "http://h/".into(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: bytes::Bytes::new(),
            policy: Policy::default(),
            order: Some("1".into()),
        }
    }

    #[test]
    fn a_signature_keeps_its_form_and_holds_no_more() {
        let mut signed = delivery(&[("X-Hub-Signature-256", "sha256=ab0"), ("Content-Type", "x")]);
        assert!(OutboundFault::CorruptSignature.fits(&signed));
        let told = OutboundFault::CorruptSignature.apply("r", &mut signed);
        assert_eq!((signed.headers[0].1.as_str(), signed.headers[1].1.as_str()), ("sha256=ab1", "x"));
        assert_eq!(told, Hindrance::default());
        assert!(!OutboundFault::CorruptSignature.fits(&delivery(&[("Content-Type", "x")])));
    }

    #[test]
    fn one_that_may_be_overtaken_leaves_its_line() {
        let mut one = delivery(&[]);
        assert_eq!(OutboundFault::Reorder.apply("r", &mut one).wait, TimeDelta::seconds(1));
        assert_eq!(one.order, None);
        let lost = OutboundFault::Drop.apply("r", &mut one).lost;
        assert_eq!(lost.as_deref(), Some("dropped by the fault rule \"r\""));
    }
}
