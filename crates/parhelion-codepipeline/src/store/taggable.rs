//! What has tags, and which.

use super::CodePipelineStore;
use crate::{
    error::{Error, Resource, Result},
    shapes::Tag,
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
}

impl Taggable {
    /// What the journal says when tags were put on it or taken from it: their keys, and how many it has then.
    pub fn tags_changed<'a>(&self, how: &str, keys: impl Iterator<Item = &'a str>, left: usize) -> Event {
        let keys: Vec<&str> = keys.collect();
        let (kind, thing, name) = match self {
            Taggable::Pipeline(name) => ("pipeline.changed", "pipeline", name),
            Taggable::Webhook(name) => ("webhook.changed", "webhook", name),
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
        let invalid = || Error::InvalidArn { arn: arn.to_owned() };
        let name = arn.strip_prefix(&self.place.arn("")).ok_or_else(invalid)?;
        let account = self.place.account().to_owned();
        // OBSERVED: AWS's own pages spell it both ways.
        let action_type = name.strip_prefix("actiontype:").or_else(|| name.strip_prefix("actionType:"));
        let is_name = |text: &str| !text.is_empty() && !text.contains([':', '/']);
        let what = match (name.strip_prefix("webhook:"), action_type) {
            (Some(hook), _) if is_name(hook) => Resource::Webhook(hook.to_owned()),
            // Custom/Category/Provider/Version
            (None, Some(id)) if id.split('/').count() == 4 && id.split('/').all(is_name) => {
                Resource::ActionType(id.to_owned())
            }
            // CHOICE: stages and actions have ARNs for IAM only.
            (None, None) if is_name(name) => Resource::Pipeline(name.to_owned()),
            _ => return Err(invalid()),
        };
        self.resource(arn).ok_or(Error::ResourceNotFound { account, what })
    }

    /// What an ARN of this account and region names, if it is there.
    pub fn resource(&self, arn: &str) -> Option<Taggable> {
        let name = arn.strip_prefix(&self.place.arn(""))?;
        match name.strip_prefix("webhook:") {
            Some(hook) => self.webhooks.contains_key(hook).then(|| Taggable::Webhook(hook.to_owned())),
            None => self.engine.names.contains_key(name).then(|| Taggable::Pipeline(name.to_owned())),
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
