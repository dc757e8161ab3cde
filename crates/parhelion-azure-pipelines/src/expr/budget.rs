//! Work and text that one expansion may still spend.

use crate::{
    limits,
    yaml::read::{TOO_DEEP, TOO_LARGE},
};
use std::cell::Cell;

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fail {
    /// An error of this expression; the walk goes on.
    Here(String),
    /// A bound of the whole expansion was met; the walk ends.
    Stop(&'static str),
}

impl Fail {
    pub fn here(message: impl Into<String>) -> Self {
        Self::Here(message.into())
    }
    pub fn too_deep() -> Self {
        Self::Stop(TOO_DEEP)
    }
    pub fn too_large() -> Self {
        Self::Stop(TOO_LARGE)
    }
}

/// Steps of work left. Shared by everything one expansion does.
#[derive(Debug)]
pub(crate) struct Budget {
    events: Cell<u64>,
    of: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(limits::EVENTS)
    }
}

impl Budget {
    /// So many steps, but no more than there may be.
    pub fn of(events: u64) -> Self {
        let of = events.min(limits::EVENTS);
        Self { events: Cell::new(of), of }
    }

    /// Steps taken; all of them once one was refused.
    pub fn spent(&self) -> u64 {
        self.of - self.events.get()
    }

    /// Takes one step.
    pub fn step(&self) -> Result<(), Fail> {
        self.take(1)
    }

    /// Pays for handling that many bytes of text.
    pub fn text(&self, bytes: usize) -> Result<(), Fail> {
        self.take(bytes as u64 / 64)
    }

    /// Takes several steps.
    pub fn take(&self, events: u64) -> Result<(), Fail> {
        match self.events.get().checked_sub(events) {
            Some(left) => {
                self.events.set(left);
                Ok(())
            }
            // CHOICE: the text, by analogy with the other two bounds.
            None => {
                self.events.set(0);
                Err(Fail::Stop("Maximum events exceeded while evaluating the template"))
            }
        }
    }
}

/// A text in the making that cannot grow without bound.
pub(crate) struct Text<'b> {
    out: String,
    /// Bytes handled and not paid for yet.
    owed: usize,
    budget: &'b Budget,
}

impl<'b> Text<'b> {
    pub fn new(budget: &'b Budget) -> Self {
        Self { out: String::new(), owed: 0, budget }
    }

    pub fn push(&mut self, piece: &str) -> Result<(), Fail> {
        // A piece costs something of itself, so that many empty ones are not free.
        self.owed += piece.len() + 16;
        if self.owed >= 64 {
            self.budget.text(self.owed)?;
            self.owed %= 64;
        }
        if self.out.len() + piece.len() > limits::TREE_BYTES {
            return Err(Fail::too_large());
        }
        self.out.push_str(piece);
        Ok(())
    }

    pub fn done(self) -> String {
        self.out
    }
}
