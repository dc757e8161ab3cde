//! What has tags, and which.

use super::CodePipelineStore;
use crate::{
    domain::jobs::queue_of,
    error::{Error, Resource, Result},
    shapes::{ActionTypeId, Tag},
};
use parhelion_core::Event;
use std::collections::BTreeMap;

/// What a tag can be put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taggable {
    /// A pipeline by name.
    Pipeline(String),
    /// A webhook by name.
    Webhook(String),
    /// A custom action type: `Custom/Category/Provider/Version`.
    ActionType(String),
}

impl Taggable {
    /// A customer's own action type.
    pub fn custom(id: &ActionTypeId) -> Self {
        Taggable::ActionType(queue_of(id))
    }

    /// What the journal says when tags were put on it or taken from it: their keys, and how many it has then.
    pub fn tags_changed<'a>(&self, how: &str, keys: impl Iterator<Item = &'a str>, left: usize) -> Event {
        let keys: Vec<&str> = keys.collect();
        let (kind, thing, name) = match self {
            Taggable::Pipeline(name) => ("pipeline.changed", "pipeline", name),
            Taggable::Webhook(name) => ("webhook.changed", "webhook", name),
            Taggable::ActionType(name) => ("action_type.changed", "action_type", name),
        };
        let what = if keys.is_empty() {
            "no tags were".to_owned()
        } else {
            format!("the tags {} were", keys.join(", "))
        };
        Event::new(kind, format!("{thing}:{name}"))
            .fact(format!("{what} {how}: {thing} '{name}' has {left} tag(s)"))
    }
}

impl CodePipelineStore {
    /// What an ARN names that tags are to be put on.
    ///
    /// # Errors
    /// `InvalidArnException` for one of another account or region, or of no form of ours;
    /// `ResourceNotFoundException` for one whose resource is not there.
    pub fn tagged(&self, arn: &str) -> Result<Taggable> {
        let named = self.named(arn).ok_or_else(|| Error::InvalidArn { arn: arn.to_owned() })?;
        if self.is_there(&named) {
            return Ok(named);
        }
        let account = self.place.account().to_owned();
        let what = match named {
            Taggable::Pipeline(name) => Resource::Pipeline(name),
            Taggable::Webhook(name) => Resource::Webhook(name),
            Taggable::ActionType(id) => Resource::ActionType(id),
        };
        Err(Error::ResourceNotFound { account, what })
    }

    /// What an ARN of this account and region names, if it is there.
    pub fn resource(&self, arn: &str) -> Option<Taggable> {
        self.named(arn).filter(|named| self.is_there(named))
    }

    /// The ARN under which a resource's tags are kept, whichever way it was written.
    pub fn arn_of(&self, resource: &Taggable) -> String {
        match resource {
            Taggable::Pipeline(name) => self.place.arn(name),
            Taggable::Webhook(name) => self.place.arn(&format!("webhook:{name}")),
            Taggable::ActionType(id) => self.place.arn(&format!("actiontype:{id}")),
        }
    }

    /// What an ARN of this account and region names, whether it is there or not.
    fn named(&self, arn: &str) -> Option<Taggable> {
        let name = arn.strip_prefix(&self.place.arn(""))?;
        // OBSERVED: AWS's own pages spell it both ways.
        let action_type = name.strip_prefix("actiontype:").or_else(|| name.strip_prefix("actionType:"));
        let is_name = |text: &str| !text.is_empty() && !text.contains([':', '/']);
        match (name.strip_prefix("webhook:"), action_type) {
            (Some(hook), _) if is_name(hook) => Some(Taggable::Webhook(hook.to_owned())),
            // Custom/Category/Provider/Version
            (None, Some(id)) if id.split('/').count() == 4 && id.split('/').all(is_name) => {
                Some(Taggable::ActionType(id.to_owned()))
            }
            // CHOICE: stages and actions have ARNs for IAM only.
            (None, None) if is_name(name) => Some(Taggable::Pipeline(name.to_owned())),
            _ => None,
        }
    }

    fn is_there(&self, named: &Taggable) -> bool {
        match named {
            Taggable::Pipeline(name) => self.engine.names.contains_key(name),
            Taggable::Webhook(name) => self.webhooks.contains_key(name),
            Taggable::ActionType(id) => {
                let mut parts = id.split('/').map(str::to_owned);
                let key = (|| Some((parts.next()?, parts.next()?, parts.next()?, parts.next()?)))();
                // Only what a customer made has an ARN.
                let made =
                    key.filter(|(owner, ..)| owner == "Custom").and_then(|key| self.engine.types.get(&key));
                made.is_some_and(|made| made.deleted.is_none())
            }
        }
    }

    /// The tags of a resource, sorted by key.
    pub fn tags_of(&self, arn: &str) -> Vec<Tag> {
        let tags = self.tags.get(arn);
        tags.into_iter()
            .flat_map(|t| t.iter())
            .map(|(k, v)| Tag { key: k.clone(), value: v.clone() })
            .collect()
    }

    /// Replaces the tags of a resource.
    pub fn set_tags(&mut self, arn: &str, tags: BTreeMap<String, String>) {
        if tags.is_empty() {
            self.tags.remove(&arn.to_owned());
        } else {
            self.tags.put(arn.to_owned(), tags);
        }
    }
}
