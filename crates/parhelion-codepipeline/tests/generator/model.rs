//! `model/shapes.json` as Rust values.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole model.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub source: String,
    pub target_prefix: String,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

/// What an operation takes, gives and refuses with.
#[derive(Deserialize)]
pub struct Operation {
    pub input: String,
    pub output: Option<String>,
}

/// One shape: the members that its type does not have stay empty.
#[derive(Deserialize)]
pub struct Shape {
    pub r#type: String,
    #[serde(default)]
    pub members: Vec<Member>,
    pub member: Option<String>,
    pub key: Option<String>,
    pub value: Option<String>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub pattern: Option<String>,
    #[serde(default)]
    pub r#enum: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
    /// The status of an exception.
    pub exception: Option<u16>,
}

/// A member of a structure.
#[derive(Deserialize)]
pub struct Member {
    pub name: String,
    pub shape: String,
    #[serde(default)]
    pub required: bool,
}

/// Bounds that the live service has and the model has not.
/// OBSERVED: the model says 1000 for the value of an action's configuration, the service says 50000 (2022-2025).
const OBSERVED_MAX: [(&str, i64); 1] = [("ActionConfigurationValue", 50_000)];

impl Model {
    pub fn parse(text: &str) -> Model {
        let mut model: Model = serde_json::from_str(text).expect("the form that the script writes");
        for (name, max) in OBSERVED_MAX {
            model.shapes.get_mut(name).expect("a shape of the model").max = Some(max);
        }
        model
    }
}
