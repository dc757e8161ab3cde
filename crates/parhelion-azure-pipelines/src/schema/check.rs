//! A tree against the schema.

use super::{
    Part, Record, Shape,
    tables::{CONTAINER_RESOURCE, JOB, PIPELINE, STAGE, STEP, TRIGGER},
};
use crate::{
    expand::is_directive,
    webhooks::unexpected,
    yaml::{Entry, Mark, Node, Style, Tree},
};

/// Checks an expanded file, telling `report` what is wrong.
pub(crate) fn check(root: &Node, report: &mut dyn FnMut(Mark, String)) {
    Check { report }.node(root, &PIPELINE);
}

/// Checks one part of a file.
pub(crate) fn check_part(node: &Node, part: Part, report: &mut dyn FnMut(Mark, String)) {
    let shape = match part {
        Part::Step => &STEP,
        Part::Job => &JOB,
        Part::Stage => &STAGE,
        Part::Container => &CONTAINER_RESOURCE,
    };
    Check { report }.node(node, shape);
}

/// Checks the value of `trigger`.
pub(crate) fn check_trigger(node: &Node, report: &mut dyn FnMut(Mark, String)) {
    Check { report }.node(node, &TRIGGER);
}

struct Check<'r> {
    report: &'r mut dyn FnMut(Mark, String),
}

impl Check<'_> {
    /// Recursion is bounded by the depth of trees.
    fn node(&mut self, node: &Node, shape: &'static Shape) {
        let shapes = match shape {
            Shape::Any => return,
            Shape::Either(shapes) => shapes,
            one => std::slice::from_ref(one),
        };
        match &node.tree {
            Tree::Scalar(s) => {
                // OBSERVED: a directive as a value is not one that any place takes.
                let is_directive = !matches!(s.style, Style::Any | Style::Typed) && is_directive(&s.text);
                let fits = !is_directive
                    && shapes.iter().any(|shape| match shape {
                        Shape::Text => true,
                        Shape::Words(words) => words.iter().any(|w| w.eq_ignore_ascii_case(&s.text)),
                        _ => false,
                    });
                if !fits {
                    (self.report)(node.mark, unexpected(node));
                }
            }
            Tree::Sequence(items) => {
                match shapes.iter().find_map(|s| if let Shape::List(of) = s { Some(*of) } else { None }) {
                    Some(of) => items.iter().for_each(|item| self.node(item, of)),
                    None => (self.report)(node.mark, unexpected(node)),
                }
            }
            Tree::Mapping(entries) => {
                if let Some(of) =
                    shapes.iter().find_map(|s| if let Shape::Dict(of) = s { Some(*of) } else { None })
                {
                    return entries.iter().for_each(|e| self.node(&e.value, of));
                }
                let records: Vec<&'static Record> = shapes
                    .iter()
                    .filter_map(|s| if let Shape::Record(r) = s { Some(*r) } else { None })
                    .collect();
                if records.is_empty() {
                    (self.report)(node.mark, unexpected(node));
                } else if entries.is_empty() {
                    // OBSERVED
                    let text = "Expected at least one key-value pair in the mapping";
                    (self.report)(node.mark, text.to_owned());
                } else {
                    self.record(node.mark, entries, records);
                }
            }
        }
    }

    /// A mapping: each key narrows down which record it can be.
    fn record(&mut self, mark: Mark, entries: &[Entry], mut records: Vec<&'static Record>) {
        let mut unknown = false;
        for (at, entry) in entries.iter().enumerate() {
            let key = &*entry.key.text;
            // The lead first: it rules out most records without a look at their fields.
            let fits =
                |r: &&&'static Record| (at > 0 || r.lead.is_none_or(|l| l == key)) && r.field(key).is_some();
            let narrowed: Vec<&'static Record> = records.iter().filter(fits).copied().collect();
            let Some(first) = narrowed.first() else {
                (self.report)(entry.mark, format!("Unexpected value '{key}'"));
                unknown = true;
                // Without its lead there is no telling what the rest should be.
                if at == 0 && records.iter().all(|r| r.lead.is_some()) {
                    return;
                }
                continue;
            };
            // A key means the same in all records that still fit.
            if let Some(shape) = first.field(key) {
                self.node(&entry.value, shape);
            }
            records = narrowed;
        }
        let missing = |r: &&'static Record| {
            r.required.iter().find(|name| !entries.iter().any(|e| &*e.key.text == **name)).copied()
        };
        let lacks: Vec<&str> = records.iter().filter_map(missing).collect();
        // OBSERVED: an unknown key is error enough.
        if unknown || lacks.len() < records.len() {
            return;
        }
        // CHOICE: both texts.
        (self.report)(
            mark,
            match lacks.as_slice() {
                [one] => format!("Required property is missing: {one}"),
                several => format!(
                    "There's not enough info to determine what you meant. Add one of these properties: {}",
                    several.join(", ")
                ),
            },
        );
    }
}
