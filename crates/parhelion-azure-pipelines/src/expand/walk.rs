//! The walk: depth first in written order, directive or key first, then the value.

use super::{
    branch::{Asked, Chain},
    directive::{Directive, directive},
    include::{Extends, is_reference},
    interpolate::{Stop, Walk},
    library::Kind,
    place::Place,
    text::{has_expression, lone},
};
use crate::yaml::{Entry, Node, Tree, read::already_defined, read::fold};
use std::collections::{BTreeMap, BTreeSet};

/// A mapping in the making.
#[derive(Default)]
pub(super) struct Built {
    pub entries: Vec<Entry>,
    /// What it extends.
    pub extends: Option<Extends>,
    seen: BTreeSet<String>,
}

impl Walk<'_> {
    /// Expands a whole file.
    pub fn root(&mut self, root: &Node) -> Result<Node, Stop> {
        self.node(root, Place::Root)
    }

    pub fn node(&mut self, node: &Node, place: Place) -> Result<Node, Stop> {
        self.step()?;
        match &node.tree {
            Tree::Scalar(scalar) => match self.scalar(scalar, node.mark, place)? {
                Some(Ok(scalar)) => {
                    self.pay(Some(&scalar.text))?;
                    Ok(Node { mark: node.mark, tree: Tree::Scalar(scalar) })
                }
                Some(Err(value)) => {
                    let inserted = self.insert(&value, node.mark)?;
                    self.resolved(inserted, place)
                }
                // OBSERVED: a text whose expression fails is empty.
                None => Ok(Node::text(node.mark, "")),
            },
            Tree::Sequence(items) => {
                self.enter()?;
                let mut out = Vec::with_capacity(items.len());
                self.items(items, place, &mut out)?;
                self.leave();
                Ok(Node { mark: node.mark, tree: Tree::Sequence(out) })
            }
            Tree::Mapping(entries) => {
                self.enter()?;
                let layer = matches!(place, Place::Stage | Place::Job);
                if layer {
                    self.frame.open();
                }
                let mut out = Built::default();
                self.entries(entries, place, &mut out)?;
                if let Some(extends) = out.extends.take() {
                    self.extend(extends, &mut out)?;
                }
                if layer {
                    self.frame.close();
                }
                self.leave();
                Ok(Node { mark: node.mark, tree: Tree::Mapping(out.entries) })
            }
        }
    }

    /// Expands a list's items into `out`.
    pub fn items(&mut self, items: &[Node], place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        self.descend()?;
        let mut chain = Chain::None;
        for item in items {
            self.step()?;
            // A directive is an item's only key.
            if let Some([entry]) = item.as_mapping()
                && place.directives()
            {
                self.look_at(&entry.key.text)?;
                let asked = match directive(&entry.key.text) {
                    // It merges into the item itself.
                    Some(Ok(Directive::Insert)) => {
                        chain = Chain::None;
                        None
                    }
                    Some(found) => Some(self.asked(found, entry, place, &mut chain)?),
                    None if self.malformed(&entry.key, entry.mark) => Some(Asked::Failed),
                    None => None,
                };
                match asked {
                    None => self.item(item, place, out)?,
                    Some(Asked::Body { body, rounds }) => {
                        self.rounds(rounds, entry.mark, |walk| walk.spliced(body, place, out))?;
                    }
                    // OBSERVED: it is an unexpected value besides, and what follows it in the list is not looked at.
                    Some(Asked::Failed) => {
                        self.report(entry.mark, format!("Unexpected value '{}'", entry.key.text));
                        break;
                    }
                    // OBSERVED
                    Some(Asked::Orphan) => {
                        self.report(entry.mark, format!("Unexpected value '{}'", entry.key.text));
                    }
                    Some(Asked::Insert(_) | Asked::Nothing) => {}
                }
                continue;
            }
            self.item(item, place, out)?;
        }
        self.ascend();
        Ok(())
    }

    /// Puts a directive's body into a list: a list item by item, anything else as one item.
    fn spliced(&mut self, body: &Node, place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        match &body.tree {
            Tree::Sequence(items) => self.items(items, place, out),
            _ => self.item(body, place, out),
        }
    }

    /// One ordinary item; a lone expression that gives a list is spliced, and so is what a template gives.
    fn item(&mut self, item: &Node, place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        let from = out.len();
        if let Some(kind) = place.takes()
            && is_reference(item)
        {
            if let Some(include) = self.reference(item, kind)? {
                self.include(include, out)?;
            }
            return Ok(());
        }
        let lone = matches!(&item.tree, Tree::Scalar(s) if has_expression(&s.text));
        match self.node(item, place.item())? {
            Node { tree: Tree::Sequence(items), .. } if lone => {
                for item in items {
                    self.placed(item, place, out)?;
                }
            }
            node => self.placed(node, place, out)?,
        }
        if place == Place::List(Kind::Variables) {
            for item in &out[from..] {
                self.frame.learn(item);
            }
        }
        Ok(())
    }

    /// Expands a mapping's entries into `out`.
    pub fn entries(&mut self, entries: &[Entry], place: Place, out: &mut Built) -> Result<(), Stop> {
        self.descend()?;
        let mut early = self.early(entries, place)?;
        let mut chain = Chain::None;
        for (at, entry) in entries.iter().enumerate() {
            self.step()?;
            if place.directives()
                && let Some(found) = directive(&entry.key.text)
            {
                self.look_at(&entry.key.text)?;
                match self.asked(found, entry, place, &mut chain)? {
                    Asked::Body { body, rounds } => {
                        self.rounds(rounds, entry.mark, |walk| walk.merged(body, place, out))?;
                    }
                    Asked::Insert(value) => self.merged(value, place, out)?,
                    // OBSERVED
                    Asked::Orphan => self.report(entry.value.mark, "A mapping was not expected".to_owned()),
                    Asked::Failed | Asked::Nothing => {}
                }
                continue;
            }
            let key = match self.scalar(&entry.key, entry.mark, place)? {
                Some(Ok(key)) => key,
                Some(Err(_)) => {
                    self.report(entry.mark, "Expected a scalar value".to_owned());
                    continue;
                }
                // OBSERVED: an entry whose key fails is not there.
                None => continue,
            };
            match (place, &*key.text) {
                // It was bound; the pipeline's own is shown.
                (Place::Template(_), "parameters") => continue,
                (Place::Root | Place::Template(Kind::Extends), "extends") => {
                    self.extends(entry, out)?;
                    continue;
                }
                _ => {}
            }
            self.pay(Some(&key.text))?;
            let value = match early.remove(&at) {
                Some(value) => value,
                None => self.node(&entry.value, self.below(place, &key.text))?,
            };
            self.put(out, place, Entry { mark: entry.mark, key, value });
        }
        self.ascend();
        Ok(())
    }

    /// The values that are walked before all others, wherever they are written: what they declare is known everywhere
    /// in the mapping.
    fn early(&mut self, entries: &[Entry], place: Place) -> Result<BTreeMap<usize, Node>, Stop> {
        let mut early = BTreeMap::new();
        if !place.has_variables() {
            return Ok(early);
        }
        let at = |key: &str| entries.iter().position(|e| &*e.key.text == key);
        // A template may be of a repository that stands below.
        if matches!(place, Place::Root | Place::Template(Kind::Extends))
            && let Some(at) = at("resources")
        {
            let resources = self.node(&entries[at].value, Place::Resources)?;
            self.declare(&resources);
            early.insert(at, resources);
        }
        // CHOICE: a block's own variables are known everywhere in it.
        if let Some(at) = at("variables") {
            early.insert(at, self.node(&entries[at].value, Place::List(Kind::Variables))?);
        }
        Ok(early)
    }

    /// The place of a key's value.
    fn below(&self, place: Place, key: &str) -> Place {
        match (place, self.arguments.last()) {
            (Place::Arguments, Some(types)) => types.get(&fold(key)).map_or(Place::Other, |t| t.place()),
            _ => place.below(key),
        }
    }

    /// Merges a directive's body or an insertion into a mapping.
    fn merged(&mut self, body: &Node, place: Place, out: &mut Built) -> Result<(), Stop> {
        match &body.tree {
            Tree::Mapping(entries) => self.entries(entries, place, out),
            Tree::Scalar(s) if lone(&s.text).is_some() => match self.node(body, Place::Other)?.tree {
                Tree::Mapping(entries) => {
                    for entry in entries {
                        self.put(out, place, entry);
                    }
                    Ok(())
                }
                _ => self.expected_mapping(body),
            },
            _ => self.expected_mapping(body),
        }
    }

    fn expected_mapping(&mut self, body: &Node) -> Result<(), Stop> {
        self.report(body.mark, "Expected a mapping".to_owned());
        Ok(())
    }

    /// Adds an entry, unless its key is there already. Two literal keys were compared when the file was read: that
    /// is not reported again.
    pub fn put(&mut self, out: &mut Built, place: Place, entry: Entry) {
        if !out.seen.insert(fold(&entry.key.text)) {
            // OBSERVED: what a loop puts in clashes at the loop's own place.
            self.report_once(self.each_at.unwrap_or(entry.mark), already_defined(&entry.key.text));
            return;
        }
        if place == Place::List(Kind::Variables)
            && let Some(text) = entry.value.as_text()
        {
            self.frame.set(&entry.key.text, text);
        }
        out.entries.push(entry);
    }
}
