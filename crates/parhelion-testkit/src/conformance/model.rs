//! What CodePipeline's public model says, read from the same facts that the surface is made of, in words of our own:
//! nothing of the surface's code takes part in judging it.

use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;

const TEXT: &str = include_str!("../../../parhelion-codepipeline/model/shapes.json");

/// Bounds that the live service has and the model has not.
// OBSERVED: the model says 1000 for the value of an action's configuration, the service says 50000 (2022-2025).
const OBSERVED_MAX: [(&str, i64); 1] = [("ActionConfigurationValue", 50_000)];

/// Members that the model does not mark as required, and that the operation needs all the same.
// CHOICE: refused as if they were marked.
const NEEDED: [(&str, &str); 2] = [
    ("RegisterWebhookWithThirdPartyInput", "webhookName"),
    ("DeregisterWebhookWithThirdPartyInput", "webhookName"),
];

/// The whole model.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// By name.
    pub operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
    #[serde(skip)]
    patterns: BTreeMap<String, Regex>,
}

/// What an operation takes, gives and refuses with.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// The shape of its input: a structure.
    pub input: String,
    /// The shape of its answer; none: the answer has no body.
    pub output: Option<String>,
    /// The exceptions that it may raise.
    #[serde(default)]
    pub errors: Vec<String>,
}

/// One shape: the members that its type does not have stay empty.
#[derive(Debug, Deserialize)]
pub struct Shape {
    /// The word of the model, `structure`, `list`, `map`, …
    pub r#type: Type,
    /// Of a structure, in the model's order.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Of a list.
    pub member: Option<String>,
    /// Of a map.
    pub key: Option<String>,
    /// Of a map.
    pub value: Option<String>,
    /// Least length or value.
    pub min: Option<i64>,
    /// Greatest length or value.
    pub max: Option<i64>,
    /// What a whole text must match.
    pub pattern: Option<String>,
    /// The values that a text may have; empty: any.
    #[serde(default)]
    pub r#enum: Vec<String>,
    /// The status of an exception.
    pub exception: Option<u16>,
}

/// The kinds of shapes that this model uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Type {
    Structure,
    List,
    Map,
    String,
    Integer,
    Boolean,
    Timestamp,
}

impl Type {
    /// Whether its values hold no others.
    pub fn is_scalar(self) -> bool {
        !matches!(self, Type::Structure | Type::List | Type::Map)
    }
}

/// A member of a structure.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// As spelled on the wire.
    pub name: String,
    /// What it must be.
    pub shape: String,
    /// Whether it must be there.
    #[serde(default)]
    pub required: bool,
}

impl Model {
    /// The committed facts. Panics when they are not the ones that this was written for.
    pub fn load() -> Model {
        let mut model: Model = serde_json::from_str(TEXT).expect("the form of model/shapes.json");
        for (name, max) in OBSERVED_MAX {
            model.shapes.get_mut(name).expect("a shape of the model").max = Some(max);
        }
        for (shape, name) in NEEDED {
            let members = &mut model.shapes.get_mut(shape).expect("a shape of the model").members;
            members.iter_mut().filter(|m| m.name == name).for_each(|m| m.required = true);
        }
        for pattern in model.shapes.values().filter_map(|shape| shape.pattern.clone()) {
            // Java's words in the regex crate's: `\w` is ASCII there, and a dot stops at a carriage return too.
            let dialect = pattern.replace(r"[\w]", "[0-9A-Za-z_]");
            let regex = Regex::new(&format!(r"\A(?R:{dialect})\z")).expect("a pattern of the model");
            model.patterns.insert(pattern, regex);
        }
        model
    }
    /// A shape by name.
    pub fn shape(&self, name: &str) -> &Shape {
        self.shapes.get(name).unwrap_or_else(|| panic!("the model has no shape {name}"))
    }
    /// What a list's items must be.
    pub fn item(&self, shape: &Shape) -> &Shape {
        self.shape(shape.member.as_deref().expect("the member of a list"))
    }
    /// What a map's keys must be.
    pub fn key(&self, shape: &Shape) -> &Shape {
        self.shape(shape.key.as_deref().expect("the key of a map"))
    }
    /// What a map's values must be.
    pub fn value(&self, shape: &Shape) -> &Shape {
        self.shape(shape.value.as_deref().expect("the value of a map"))
    }
    /// The status of an exception's answer; nothing for a name that is none.
    pub fn exception(&self, name: &str) -> Option<u16> {
        self.shapes.get(name)?.exception
    }
    /// Whether a text matches a pattern of the model as a whole.
    pub fn matches(&self, pattern: &str, text: &str) -> bool {
        self.patterns.get(pattern).expect("a pattern of the model").is_match(text)
    }
}
