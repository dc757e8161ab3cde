//! The schema's tables as JSON Schema, for editors and for the `yamlschema` operation.

use super::{Fields, Record, Shape, tables};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Keys that stand for something that is only known after expansion.
const EXPRESSION: &str = r"^\$\{\{";

/// The schema of pipeline files as draft 07 of JSON Schema.
///
/// What stands at several places is a definition. Scalars may be texts, numbers or booleans, for that is what they are
/// in YAML; keys that hold an expression may stand wherever a mapping is.
pub fn json_schema() -> Value {
    let mut writer = Writer::default();
    let root = writer.shape(&tables::PIPELINE, "pipeline");
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Pipeline schema",
        "$comment": "What this server checks pipeline files by.",
        "allOf": [root],
        "definitions": writer.definitions,
    })
}

#[derive(Default)]
struct Writer {
    definitions: Map<String, Value>,
    /// The name of each list or record that was met, by its place in memory: shared tables are written once.
    names: BTreeMap<usize, String>,
}

impl Writer {
    /// A shape that stands under this key.
    fn shape(&mut self, shape: &'static Shape, key: &str) -> Value {
        match shape {
            Shape::Any => json!({}),
            Shape::Text => json!({ "type": ["string", "number", "boolean", "null"] }),
            Shape::Words(words) => {
                let one_of: Vec<String> = words.iter().map(|w| any_case(w)).collect();
                json!({ "type": ["string", "boolean"], "pattern": format!("^({})$|{EXPRESSION}", one_of.join("|")) })
            }
            Shape::List(item) => {
                let items = self.shape(item, key);
                json!({ "type": "array", "items": items })
            }
            Shape::Dict(value) => {
                let values = self.shape(value, key);
                json!({ "type": "object", "additionalProperties": values })
            }
            Shape::Record(record) => {
                self.named(std::ptr::from_ref(*record) as usize, key, |writer| writer.record(record))
            }
            Shape::Either(shapes) => self.named(shapes.as_ptr() as usize, key, |writer| {
                let any: Vec<Value> = shapes.iter().map(|shape| writer.shape(shape, key)).collect();
                json!({ "anyOf": any })
            }),
        }
    }

    /// A reference to what `write` gives, which is written where it is first met.
    fn named(&mut self, place: usize, key: &str, write: impl FnOnce(&mut Self) -> Value) -> Value {
        let name = match self.names.get(&place) {
            Some(name) => name.clone(),
            None => {
                let mut name = key.to_owned();
                let mut number = 1;
                while self.definitions.contains_key(&name) {
                    number += 1;
                    name = format!("{key}{number}");
                }
                self.names.insert(place, name.clone());
                self.definitions.insert(name.clone(), Value::Null);
                let written = write(self);
                self.definitions.insert(name.clone(), written);
                name
            }
        };
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    fn record(&mut self, record: &'static Record) -> Value {
        let mut properties = Map::new();
        for (name, shape) in record.fields.iter().flat_map(|fields: &Fields| fields.iter()) {
            let written = self.shape(shape, name);
            properties.insert((*name).to_owned(), written);
        }
        let required: Vec<&str> = record.lead.iter().chain(record.required).copied().collect();
        let mut written = json!({
            "type": "object",
            "properties": properties,
            "patternProperties": { EXPRESSION: {} },
            "additionalProperties": false,
        });
        if !required.is_empty() {
            written["required"] = json!(required);
        }
        if let Some(lead) = record.lead {
            written["firstProperty"] = json!([lead]);
        }
        written
    }
}

/// A pattern that takes a word in any case.
fn any_case(word: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphabetic() {
            format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase())
        } else {
            c.to_string()
        }
    };
    word.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(name)) = members.get("$ref") {
                    found.push(name.trim_start_matches("#/definitions/").to_owned());
                }
                members.values().for_each(|v| references(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_has_its_definition() {
        let schema = json_schema();
        let definitions = schema["definitions"].as_object().unwrap();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(!found.is_empty());
        for name in &found {
            assert!(definitions.get(name).is_some_and(Value::is_object), "{name}");
        }
        for name in definitions.keys() {
            assert!(found.contains(name), "{name} is not used");
        }
    }

    #[test]
    fn what_stands_at_several_places_is_written_once() {
        let text = json_schema().to_string();
        assert!(text.len() < 64 * 1024, "{} bytes", text.len());
        assert_eq!(text.matches("\"retryCountOnTaskFailure\"").count(), 11, "once for each kind of step");
    }

    #[test]
    fn a_step_is_one_of_its_kinds() {
        let schema = json_schema();
        let text = schema["definitions"].to_string();
        for lead in ["task", "script", "bash", "pwsh", "checkout", "template"] {
            assert!(text.contains(&format!("\"required\":[\"{lead}\"]")), "{lead}");
        }
    }
}
