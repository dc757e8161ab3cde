//! Declared parameters: types, defaults, allowed values; and the values given for them.

mod types;

use super::{branch::NOT_ALLOWED, names::typed_value_of, text::has_expression};
use crate::{
    expr::{Object, Value, to_text},
    limits,
    schema::{self, Part},
    webhooks::unexpected,
    yaml::{Entry, Mark, Node, Scalar, Tree, read, read::fold},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
pub(crate) use types::{Type, string_literal};
use types::{converted, find, node_of};

/// What a file is, as far as its parameters are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The pipeline's own.
    Root,
    /// A template, whose block may also be a mapping of defaults.
    Template,
    /// What a pipeline extends.
    // Docs: the schema has the list form only.
    Extended,
}

/// Where the values come from.
#[derive(Clone, Copy)]
pub(super) enum Given<'g> {
    /// From outside, as JSON.
    Outside(&'g BTreeMap<String, serde_json::Value>),
    /// Expanded, from the file that includes this one.
    Arguments(&'g [Entry]),
}

/// One value.
enum Argument<'g> {
    Json(&'g serde_json::Value),
    Node(&'g Node),
}

impl Argument<'_> {
    /// OBSERVED: what comes from outside has no place.
    fn mark(&self) -> Option<Mark> {
        match self {
            Argument::Json(_) => None,
            Argument::Node(node) => Some(node.mark),
        }
    }
}

/// Names and values in the order they are given.
struct Arguments<'g> {
    all: Vec<(&'g str, Argument<'g>)>,
    /// By folded name; of two that fold alike the first counts.
    index: BTreeMap<String, usize>,
}

impl<'g> Arguments<'g> {
    fn of(given: Given<'g>) -> Self {
        let all: Vec<_> = match given {
            Given::Outside(values) => values.iter().map(|(n, v)| (n.as_str(), Argument::Json(v))).collect(),
            Given::Arguments(entries) => {
                entries.iter().map(|e| (&*e.key.text, Argument::Node(&e.value))).collect()
            }
        };
        let mut index = BTreeMap::new();
        for (at, (name, _)) in all.iter().enumerate() {
            index.entry(fold(name)).or_insert(at);
        }
        Self { all, index }
    }

    fn get(&self, name: &str) -> Option<&Argument<'g>> {
        self.index.get(&fold(name)).and_then(|at| self.all.get(*at)).map(|(_, argument)| argument)
    }
}

/// A file's parameters by name, and what is wrong, with places in any file.
pub(super) struct Bound {
    pub parameters: Object,
    pub wrong: Vec<(Option<Mark>, String)>,
}

struct Declared<'n> {
    name: &'n str,
    mark: Mark,
    /// Name in messages.
    shown: &'static str,
    kind: Type,
    default: Option<&'n Node>,
    values: Option<&'n [Node]>,
}

/// Binds the parameters of a file and adds the webhook payloads.
pub(super) fn bind(role: Role, root: &Node, given: Given<'_>, payloads: &BTreeMap<String, Value>) -> Bound {
    let mut binder = Binder { role, wrong: Vec::new() };
    let mut bound = Object::folding([]);
    let given = Arguments::of(given);
    let mut declared = Vec::new();
    // OBSERVED: a template that declares nothing takes whatever it is given.
    if role != Role::Root && root.get("parameters").is_none() {
        for (name, argument) in &given.all {
            if let Argument::Node(node) = argument {
                bound.put(Arc::from(*name), typed_value_of(node));
            }
        }
    } else {
        declared = binder.declarations(root);
        for parameter in &declared {
            // A parameter that failed still has a name: no second error where it is used.
            let value = binder.value(parameter, given.get(parameter.name));
            bound.put(Arc::from(parameter.name), value.unwrap_or_else(|| parameter.kind.nothing()));
        }
        for (name, argument) in given.all.iter().filter(|(name, _)| bound.get(name).is_none()) {
            binder.say(argument.mark(), format!("Unexpected parameter '{name}'"));
        }
    }
    let declared: BTreeMap<String, &Declared<'_>> = declared.iter().map(|p| (fold(p.name), p)).collect();
    for (alias, payload) in payloads {
        if bound.get(alias).is_none() {
            bound.put(Arc::from(alias.as_str()), payload.clone());
        } else if let Some(parameter) = declared.get(&fold(alias)) {
            // CHOICE: an alias and a parameter of one name cannot both be `parameters.name`.
            binder.twice(parameter.mark, parameter.name);
        }
    }
    Bound { parameters: bound, wrong: binder.wrong }
}

/// The types that a file declares, by folded name; what is wrong with them is told when they are bound.
pub(super) fn types(role: Role, root: &Node) -> BTreeMap<String, Type> {
    let declared = Binder { role, wrong: Vec::new() }.declarations(root);
    declared.iter().map(|d| (fold(d.name), d.kind)).collect()
}

impl<'n> Declared<'n> {
    /// A text that is not among the allowed values.
    // OBSERVED: they bind scalars, and each text of a list of texts.
    fn refused(&self, value: &Value) -> Option<String> {
        let kind = match self.kind {
            kind @ (Type::Text | Type::Number | Type::Boolean) => kind,
            Type::List(None) => Type::Text,
            _ => return None,
        };
        // OBSERVED: they are compared after conversion, with regard to case.
        let allowed = self.values?.iter().filter_map(|v| to_text(&converted(kind, v)?).ok());
        let allowed: BTreeSet<Arc<str>> = allowed.collect();
        let values = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut texts = values.iter().map(|v| to_text(v).unwrap_or_default());
        texts.find(|text| !allowed.contains(text)).map(|text| text.to_string())
    }

    fn untyped(entry: &'n Entry) -> Self {
        Self {
            name: &entry.key.text,
            mark: entry.mark,
            shown: "LegacyObject",
            kind: Type::Legacy,
            default: Some(&entry.value),
            values: None,
        }
    }
}

struct Binder {
    role: Role,
    wrong: Vec<(Option<Mark>, String)>,
}

impl Binder {
    /// OBSERVED: what comes from outside the file has no place.
    fn say(&mut self, mark: Option<Mark>, message: String) {
        if self.wrong.len() < limits::ISSUES {
            self.wrong.push((mark, message));
        }
    }

    fn value(&mut self, parameter: &Declared<'_>, given: Option<&Argument<'_>>) -> Option<Value> {
        match (given, parameter.default) {
            (Some(Argument::Json(json)), _) => self.given(parameter, json),
            (Some(Argument::Node(node)), _) => self.bound(parameter, node, Some(node.mark)),
            (None, Some(default)) => self.default(parameter, default),
            (None, None) => {
                let message = format!("A value for the '{}' parameter must be provided.", parameter.name);
                self.say(None, message);
                None
            }
        }
    }

    fn twice(&mut self, mark: Mark, name: &str) {
        let message = format!("The '{name}' parameter is declared more than once in the parameter list.");
        self.say(Some(mark), message);
    }

    fn declarations<'n>(&mut self, root: &'n Node) -> Vec<Declared<'n>> {
        let Some(block) = root.get("parameters") else { return Vec::new() };
        let mut found: Vec<Declared<'n>> = Vec::new();
        let items = match &block.tree {
            Tree::Sequence(items) => items,
            // OBSERVED: defaults of no type.
            Tree::Mapping(entries) if self.role == Role::Template => {
                return entries.iter().map(Declared::untyped).collect();
            }
            Tree::Scalar(s) if s.text.is_empty() => return found,
            _ => {
                self.say(Some(block.mark), unexpected(block));
                return found;
            }
        };
        let mut seen = BTreeSet::new();
        for item in items {
            let Some(declared) = self.declaration(item) else { continue };
            if seen.insert(fold(declared.name)) {
                found.push(declared);
            } else {
                self.twice(declared.mark, declared.name);
            }
        }
        found
    }

    fn declaration<'n>(&mut self, item: &'n Node) -> Option<Declared<'n>> {
        let Some(entries) = item.as_mapping() else {
            self.say(Some(item.mark), unexpected(item));
            return None;
        };
        let first = entries.first()?;
        if &*first.key.text != "name" {
            self.say(Some(first.mark), format!("Unexpected value '{}'", first.key.text));
            return None;
        }
        let mut declared = Declared {
            name: self.plain(first).unwrap_or_default(),
            mark: item.mark,
            shown: "String",
            kind: Type::Text,
            default: None,
            values: None,
        };
        for entry in &entries[1..] {
            match &*entry.key.text {
                "displayName" => {
                    self.plain(entry);
                }
                "type" => {
                    let Some(name) = self.plain(entry) else { continue };
                    match find(self.role, name) {
                        Some(known) => (declared.shown, declared.kind) = known,
                        None => {
                            self.say(Some(entry.value.mark), format!("Unexpected value '{name}'"));
                            declared.kind = Type::Object;
                        }
                    }
                }
                "default" => declared.default = Some(&entry.value),
                "values" => match entry.value.as_sequence() {
                    Some(values) => declared.values = Some(values),
                    None => self.say(Some(entry.value.mark), unexpected(&entry.value)),
                },
                other => self.say(Some(entry.mark), format!("Unexpected value '{other}'")),
            }
        }
        Some(declared)
    }

    /// The text of a field, which must be a literal.
    fn plain<'n>(&mut self, entry: &'n Entry) -> Option<&'n str> {
        match entry.value.as_text() {
            Some(text) if has_expression(text) => {
                self.say(Some(entry.value.mark), NOT_ALLOWED.to_owned());
                None
            }
            Some(text) => Some(text),
            None => {
                self.say(Some(entry.value.mark), unexpected(&entry.value));
                None
            }
        }
    }

    fn default(&mut self, parameter: &Declared<'_>, node: &Node) -> Option<Value> {
        let literal = self.literal(node)?;
        self.bound(parameter, &literal, Some(node.mark))
    }

    /// A default as a literal: a lone `${{ '…' }}` becomes its text, any other expression is refused.
    // Recursion is bounded by the reader's depth.
    fn literal(&mut self, node: &Node) -> Option<Node> {
        let tree = match &node.tree {
            // What braces hold is a text, whatever it looks like.
            Tree::Scalar(s) if has_expression(&s.text) => {
                Tree::Scalar(Scalar::made(self.literal_text(&s.text, node.mark)?))
            }
            Tree::Scalar(s) => Tree::Scalar(s.clone()),
            Tree::Sequence(items) => {
                Tree::Sequence(items.iter().map(|i| self.literal(i)).collect::<Option<_>>()?)
            }
            Tree::Mapping(entries) => {
                let mut out = Vec::with_capacity(entries.len());
                for e in entries {
                    let key = Scalar { text: self.literal_text(&e.key.text, e.mark)?, style: e.key.style };
                    out.push(Entry { mark: e.mark, key, value: self.literal(&e.value)? });
                }
                Tree::Mapping(out)
            }
        };
        Some(Node { mark: node.mark, tree })
    }

    fn literal_text(&mut self, text: &Arc<str>, mark: Mark) -> Option<Arc<str>> {
        if !has_expression(text) {
            return Some(text.clone());
        }
        let literal = string_literal(text);
        if literal.is_none() {
            self.say(Some(mark), NOT_ALLOWED.to_owned());
        }
        literal
    }

    /// A value from outside. OBSERVED: numbers and booleans are taken as their text, a text for a structured type is
    /// parsed.
    fn given(&mut self, parameter: &Declared<'_>, json: &serde_json::Value) -> Option<Value> {
        let structured = !matches!(parameter.kind, Type::Text | Type::Number | Type::Boolean);
        let node = match json {
            serde_json::Value::String(text) if structured => match read::read(text, 0, "") {
                Ok(read) if read.issues.is_empty() => read.root,
                _ => {
                    self.not_valid(parameter, None);
                    return None;
                }
            },
            other => node_of(other),
        };
        self.bound(parameter, &node, None)
    }

    fn bound(&mut self, parameter: &Declared<'_>, node: &Node, mark: Option<Mark>) -> Option<Value> {
        let Some(value) = converted(parameter.kind, node) else {
            match (parameter.kind, node.as_text()) {
                (Type::Number | Type::Boolean | Type::List(None), Some(text)) => {
                    let (name, shown) = (parameter.name, parameter.shown);
                    self.say(mark, format!("The '{name}' parameter value '{text}' is not a valid {shown}."));
                }
                // OBSERVED: of a part the text has no place, and what is wrong with it follows.
                (Type::List(Some(part)), _) => {
                    self.not_valid(parameter, None);
                    self.wrong(part, node, true, mark);
                }
                (Type::One(part), _) => {
                    self.not_valid(parameter, None);
                    self.wrong(part, node, false, mark);
                }
                _ => self.not_valid(parameter, mark),
            }
            return None;
        };
        let Some(refused) = parameter.refused(&value) else { return Some(value) };
        let name = parameter.name;
        self.say(mark, format!("The '{name}' parameter value '{refused}' is not a valid value."));
        None
    }

    /// Says what keeps a node from being a part, or a list of them.
    fn wrong(&mut self, part: Part, node: &Node, list: bool, mark: Option<Mark>) {
        let mut found = Vec::new();
        let mut note = |at, message| found.push((at, message));
        match (list, node.as_sequence()) {
            (false, _) => schema::check_part(node, part, &mut note),
            (true, Some(items)) => items.iter().for_each(|i| schema::check_part(i, part, &mut note)),
            (true, None) => note(node.mark, unexpected(node)),
        }
        for (at, message) in found {
            self.say(mark.map(|_| at), message);
        }
    }

    fn not_valid(&mut self, parameter: &Declared<'_>, mark: Option<Mark>) {
        let message = format!("The '{}' parameter is not a valid {}.", parameter.name, parameter.shown);
        self.say(mark, message);
    }
}
