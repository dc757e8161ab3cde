//! A deployment's log being written.

use crate::store::{LogDetail, LogEntry, LogKind};
use parhelion_state::Tx;

/// Lines of a log entry; those of more copied files are left out.
const DETAILS: usize = 1_000;

/// A log being written.
#[derive(Default)]
pub struct Log(pub Vec<LogEntry>);

impl Log {
    /// Adds an entry.
    pub fn entry(&mut self, message: &str, tx: &mut Tx<'_>) {
        let id = tx.uuid("log").to_string();
        let (at, message) = (tx.now(), message.to_owned());
        self.0.push(LogEntry { at, id, message, kind: LogKind::Message, details: Vec::new() });
    }
    /// Adds a line below the last entry, which is of the greatest kind of its lines.
    pub fn detail(&mut self, message: String, kind: LogKind, tx: &Tx<'_>) {
        let Some(entry) = self.0.last_mut() else { return };
        let message = match entry.details.len() {
            DETAILS => "Omitting next output lines...".to_owned(),
            n if n > DETAILS => return,
            _ => message,
        };
        entry.details.push(LogDetail { at: tx.now(), message, kind });
        entry.kind = entry.kind.max(kind);
    }
    /// Makes the last entry at least of a kind.
    pub fn raise(&mut self, kind: LogKind) {
        if let Some(entry) = self.0.last_mut() {
            entry.kind = entry.kind.max(kind);
        }
    }
}
