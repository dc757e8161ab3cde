//! The types of parameters, and what each makes of a node.

use super::Role;
use crate::{
    expand::{
        library::Kind,
        names::{Nothing, is_null, typed_value_of, value_of},
        place::Place,
        text::lone,
    },
    expr::{Value, number_from_text, parse},
    pipeline::normal,
    schema::{self, Part},
    yaml::{Entry, Mark, Node, Scalar, Style, Tree},
};
use std::sync::Arc;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Text; also the types that name a resource.
    Text,
    Number,
    Boolean,
    Object,
    /// Anything, its scalars as texts.
    Legacy,
    /// A name or a mapping.
    Pool,
    /// A list of what the schema calls so; of texts if that is `None`.
    List(Option<Part>),
    /// One of what the schema calls so.
    One(Part),
}

impl Type {
    /// How an argument of the type is walked: templates in a list of steps are put in where they are passed.
    pub(crate) fn place(self) -> Place {
        match self {
            Type::List(Some(Part::Step)) => Place::List(Kind::Steps),
            Type::List(Some(Part::Job)) => Place::List(Kind::Jobs),
            Type::List(Some(Part::Stage)) => Place::List(Kind::Stages),
            Type::One(Part::Job) => Place::Job,
            Type::One(Part::Stage) => Place::Stage,
            _ => Place::Other,
        }
    }

    /// What leaves nothing where it is put in: of a part, a list to splice.
    pub(super) fn nothing(self) -> Value {
        match self {
            Type::List(_) | Type::One(_) => Value::array(Vec::new()),
            _ => Value::text(""),
        }
    }
}

/// Types that every file may name, with their name in messages. OBSERVED; names are case-sensitive.
const TYPES: &[(&str, &str, Type)] = &[
    ("string", "String", Type::Text),
    ("number", "Number", Type::Number),
    ("boolean", "Boolean", Type::Boolean),
    ("object", "Object", Type::Object),
    ("step", "Step", Type::One(Part::Step)),
    ("stepList", "StepList", Type::List(Some(Part::Step))),
    ("job", "Job", Type::One(Part::Job)),
    ("jobList", "JobList", Type::List(Some(Part::Job))),
    ("deployment", "Deployment", Type::One(Part::Job)),
    ("deploymentList", "DeploymentList", Type::List(Some(Part::Job))),
    ("stage", "Stage", Type::One(Part::Stage)),
    ("stageList", "StageList", Type::List(Some(Part::Stage))),
    ("stringList", "StringList", Type::List(None)),
    ("container", "Container", Type::One(Part::Container)),
    ("containerList", "ContainerList", Type::List(Some(Part::Container))),
];
/// Types of the pipeline's own file only. OBSERVED
const ROOT_TYPES: &[(&str, &str, Type)] = &[
    ("environment", "Environment", Type::Text),
    ("filePath", "FilePath", Type::Text),
    ("pool", "Pool", Type::Pool),
    ("secureFile", "SecureFile", Type::Text),
    ("serviceConnection", "ServiceConnection", Type::Text),
];
/// Types of templates only. OBSERVED
const TEMPLATE_TYPES: &[(&str, &str, Type)] = &[("legacyObject", "LegacyObject", Type::Legacy)];

/// A type by its name: what messages call it, and what it is.
pub(super) fn find(role: Role, name: &str) -> Option<(&'static str, Type)> {
    let more = if role == Role::Root { ROOT_TYPES } else { TEMPLATE_TYPES };
    TYPES.iter().chain(more).find(|(n, ..)| *n == name).map(|&(_, shown, kind)| (shown, kind))
}

/// The text of a lone `${{ '…' }}`.
pub(crate) fn string_literal(text: &str) -> Option<Arc<str>> {
    parse(lone(text)?, &Nothing, 0).ok()?.as_string_literal().cloned()
}

/// A node as a value of the type; `None` if it is none.
pub(super) fn converted(kind: Type, node: &Node) -> Option<Value> {
    match (kind, &node.tree) {
        (Type::Text, Tree::Scalar(s)) if is_null(s) => Some(Value::text("")),
        (Type::Text, Tree::Scalar(s)) => Some(Value::String(s.text.clone())),
        (Type::Number, Tree::Scalar(s)) if s.text.trim().is_empty() => None,
        (Type::Number, Tree::Scalar(s)) => number_from_text(&s.text).map(Value::Number),
        (Type::Boolean, Tree::Scalar(s)) if s.text.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
        (Type::Boolean, Tree::Scalar(s)) if s.text.eq_ignore_ascii_case("false") => {
            Some(Value::Boolean(false))
        }
        (Type::Object, _) => Some(typed_value_of(node)),
        (Type::Legacy, _) => Some(value_of(node)),
        (Type::Pool, Tree::Scalar(_) | Tree::Mapping(_)) => Some(value_of(node)),
        (Type::List(None), Tree::Sequence(_)) => Some(value_of(node)),
        // An absent list is an empty one.
        (Type::List(_), Tree::Scalar(s)) if s.text.is_empty() => Some(Value::array(Vec::new())),
        (Type::List(Some(part)), Tree::Sequence(items)) => {
            let items = items.iter().map(|i| part_value(part, i)).collect::<Option<Vec<_>>>()?;
            Some(Value::array(items))
        }
        (Type::One(part), Tree::Mapping(_)) => part_value(part, node),
        _ => None,
    }
}

/// A step, job or stage, if the schema knows it as one.
// OBSERVED: steps are put into their normal form before an expression sees them; jobs and stages likewise by analogy.
fn part_value(part: Part, node: &Node) -> Option<Value> {
    let mut fits = true;
    schema::check_part(node, part, &mut |_, _| fits = false);
    fits.then(|| value_of(&normal::part(part, node.clone())))
}

/// JSON as a tree; its depth is bounded by the JSON reader.
pub(super) fn node_of(json: &serde_json::Value) -> Node {
    let mark = Mark::default();
    let tree = match json {
        serde_json::Value::Null => return Node::text(mark, ""),
        // Bare, so that an object knows them from texts.
        serde_json::Value::Bool(b) => {
            Tree::Scalar(Scalar { text: b.to_string().into(), style: Style::Plain })
        }
        serde_json::Value::Number(n) => {
            Tree::Scalar(Scalar { text: n.to_string().into(), style: Style::Plain })
        }
        serde_json::Value::String(s) => return Node::text(mark, s.as_str()),
        serde_json::Value::Array(items) => Tree::Sequence(items.iter().map(node_of).collect()),
        serde_json::Value::Object(map) => {
            Tree::Mapping(map.iter().map(|(k, v)| Entry::made(mark, k, node_of(v))).collect())
        }
    };
    Node { mark, tree }
}
