//! [`JsonPath::select`]: walking a document.

use super::{JsonPath, Pick, STEPS_MAX, Selection, Step, Test, TooMuch, compare};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::Cell;

/// The document that `$` in a filter means, and how much may still be looked at.
pub(super) struct Walk<'v> {
    document: &'v Value,
    left: Cell<usize>,
}

impl Walk<'_> {
    /// Pays for looking at one value.
    pub(super) fn pay(&self) -> Result<(), TooMuch> {
        self.pay_for(1)
    }
    /// Pays for looking at a text: bytes go faster than values.
    pub(super) fn pay_for_bytes(&self, bytes: usize) -> Result<(), TooMuch> {
        self.pay_for(bytes / 64)
    }
    fn pay_for(&self, n: usize) -> Result<(), TooMuch> {
        self.left.set(self.left.get().checked_sub(n).ok_or(TooMuch)?);
        Ok(())
    }
}

impl JsonPath {
    /// What the path selects of a document.
    ///
    /// # Errors
    /// When more than [`STEPS_MAX`] values had to be looked at.
    pub fn select<'v>(&self, document: &'v Value) -> Result<Selection<'v>, TooMuch> {
        self.from(document, &Walk { document, left: Cell::new(STEPS_MAX) })
    }

    /// What it selects from a value (`@`), within a walk.
    pub(super) fn from<'v>(&self, at: &'v Value, walk: &Walk<'v>) -> Result<Selection<'v>, TooMuch> {
        walk.pay()?;
        let mut found = vec![if self.from_document { walk.document } else { at }];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in found {
                step.apply(value, walk, &mut next)?;
            }
            found = next;
        }
        let mut found: Vec<Cow<'v, Value>> = if self.length {
            found.into_iter().filter_map(length).map(|n| Cow::Owned(n.into())).collect()
        } else {
            found.into_iter().map(Cow::Borrowed).collect()
        };
        Ok(match self.is_definite() {
            true => found.pop().map_or(Selection::Missing, Selection::One),
            false => Selection::Many(found),
        })
    }
}

/// The items of a slice.
// OBSERVED: Jayway's source. Negative numbers count from the end where the other one is missing; where both are
// given the places are gone through from the first to the one before the last as they stand, so that `[-2:1]` is the
// last two and the first, and `[0:-1]` nothing.
fn slice<'v>(list: &'v [Value], from: Option<i64>, to: Option<i64>, out: &mut Vec<&'v Value>) {
    let len = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let from_end = |i: i64| if i < 0 { i + len } else { i };
    let (from, to) = match (from, to) {
        (Some(from), None) => (from_end(from).max(0), len),
        (None, Some(to)) => (0, from_end(to)),
        // What lies further in front of the list than the list is long is nothing.
        (Some(from), Some(to)) => (from.max(-len), to),
        (None, None) => (0, len),
    };
    let places = (from..to.min(len)).filter_map(|i| usize::try_from(from_end(i)).ok());
    out.extend(places.filter_map(|i| list.get(i)));
}

/// Entries of a list or members of an object. CHOICE: nothing else has a length.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(list) => Some(list.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

impl Step {
    fn apply<'v>(&self, at: &'v Value, walk: &Walk<'v>, out: &mut Vec<&'v Value>) -> Result<(), TooMuch> {
        self.pick.apply(at, self.deep, walk, out)?;
        match at {
            Value::Array(list) if self.deep => list.iter().try_for_each(|v| self.apply(v, walk, out)),
            Value::Object(members) if self.deep => {
                members.values().try_for_each(|v| self.apply(v, walk, out))
            }
            _ => Ok(()),
        }
    }
}

impl Pick {
    fn apply<'v>(
        &self,
        at: &'v Value,
        deep: bool,
        walk: &Walk<'v>,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), TooMuch> {
        walk.pay()?;
        let before = out.len();
        match (self, at) {
            (Pick::Names(names), Value::Object(members)) => {
                out.extend(names.iter().filter_map(|name| members.get(name)));
            }
            (Pick::Indexes(indexes), Value::Array(list)) => {
                let at = |i: &i64| {
                    let from_end = if *i < 0 { list.len() as i64 } else { 0 };
                    usize::try_from(i + from_end).ok().and_then(|i| list.get(i))
                };
                out.extend(indexes.iter().filter_map(at));
            }
            (Pick::Slice(from, to), Value::Array(list)) => slice(list, *from, *to, out),
            (Pick::All, Value::Array(list)) => out.extend(list),
            (Pick::All, Value::Object(members)) => out.extend(members.values()),
            // A filter tests the items of a list, and an object itself. Below `..` every object comes by itself, so
            // there a list's other items are all that is left to test.
            (Pick::Filter(test), Value::Array(list)) => {
                for value in list.iter().filter(|v| !(deep && v.is_object())) {
                    if test.holds(value, walk)? {
                        out.push(value);
                    }
                }
            }
            (Pick::Filter(test), Value::Object(_)) if test.holds(at, walk)? => out.push(at),
            _ => {}
        }
        walk.pay_for(out.len() - before)
    }
}

impl Test {
    fn holds<'v>(&self, at: &'v Value, walk: &Walk<'v>) -> Result<bool, TooMuch> {
        walk.pay()?;
        Ok(match self {
            Test::And(all) => {
                for test in all {
                    if !test.holds(at, walk)? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Or(any) => {
                for test in any {
                    if test.holds(at, walk)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Not(test) => !test.holds(at, walk)?,
            // An indefinite path exists when it finds something.
            Test::Exists(path) => match path.from(at, walk)? {
                Selection::Missing => false,
                Selection::One(_) => true,
                Selection::Many(found) => !found.is_empty(),
            },
            Test::Compare(left, operator, right) => compare::holds(left, *operator, right, at, walk)?,
        })
    }
}
