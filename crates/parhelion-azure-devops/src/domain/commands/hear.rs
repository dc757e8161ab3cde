//! Listening to what a step says.

use super::{Masker, act, parse};
use crate::store::{Complaint, RecordResult, Set};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Longest log of a step, bytes.
// CHOICE: the agent writes what comes; here a log of more is cut and says so.
pub const MAX_LOG_BYTES: usize = 100 * 1024 * 1024;
/// Commands of a step that are carried out; more are refused one by one.
const MAX_COMMANDS: usize = 10_000;
/// What the texts of the commands of a step come to at most, bytes.
const MAX_COMMAND_BYTES: usize = 8 * 1024 * 1024;

/// What a step's lines ask for, ready to be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// The lines of its log, without secrets, each with its break.
    pub log: String,
    /// What it complains of, without secrets.
    pub complaints: Vec<Complaint>,
    /// Variables that it sets.
    pub set: Vec<Set>,
    /// Output variables that it sets: `step.name`.
    pub outputs: Vec<(String, String)>,
    /// Texts that are secret from here on.
    pub secrets: Vec<String>,
    /// Tags that it adds to the build.
    pub tags: Vec<String>,
    /// What the build's number is to be.
    pub number: Option<String>,
    /// Artifacts that it names.
    pub artifacts: Vec<Named>,
    /// Folders that stand first in the path of later steps.
    pub paths: Vec<String>,
    /// Records of its own.
    pub details: Vec<Detail>,
    /// How far it says to be, in percent.
    pub progress: Option<u8>,
    /// What it says to be at.
    pub operation: Option<String>,
    /// The result that its commands ask for; the worst counts.
    pub result: Option<RecordResult>,
}

/// An artifact that a step names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// `Container`, `FilePath` …
    pub kind: String,
    /// Where it is.
    pub data: String,
    /// Its further properties.
    pub properties: BTreeMap<String, String>,
}

/// A record that a step keeps of a part of its own (`task.logdetail`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Its id.
    pub id: Uuid,
    /// The record that it is a part of.
    pub parent: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// Its type, as the step calls it.
    pub kind: String,
    /// Its place.
    pub order: Option<i32>,
    /// In percent.
    pub progress: Option<u8>,
    /// What it is at.
    pub operation: Option<String>,
    /// `Pending`, `InProgress`, `Completed`
    pub state: Option<String>,
    /// `Succeeded` …
    pub result: Option<String>,
    /// When it began, as the step says.
    pub started: Option<String>,
    /// When it ended, as the step says.
    pub finished: Option<String>,
}

/// Whether a file that a command names is there; a simulated step has none, and all that it names are taken to be.
pub type Attached<'a> = &'a (dyn Fn(&str) -> bool + Sync);

/// Listens to one attempt at a step.
pub struct Hearing<'a> {
    /// The step's name; outputs need one.
    pub step: String,
    /// Whether `%AZP25` stands for `%` in commands (`DECODE_PERCENTS`).
    pub percents: bool,
    /// Whether debugging lines are shown (`system.debug`).
    pub debug: bool,
    /// Variables that nobody may set, in lower case.
    pub read_only: BTreeSet<String>,
    /// Hides secrets.
    pub masker: Masker,
    /// What may be attached.
    pub attached: Attached<'a>,
    /// What was heard so far.
    pub heard: Heard,
    bytes: usize,
    commands: usize,
    command_bytes: usize,
    cut: bool,
}

impl<'a> Hearing<'a> {
    /// Begins to listen to a step of this name.
    pub fn new(step: &str, masker: Masker, attached: Attached<'a>) -> Self {
        Hearing {
            step: step.to_owned(),
            percents: false,
            debug: false,
            read_only: BTreeSet::new(),
            masker,
            attached,
            heard: Heard::default(),
            bytes: 0,
            commands: 0,
            command_bytes: 0,
            cut: false,
        }
    }

    /// Takes a line of the step's output.
    pub fn line(&mut self, line: &str) {
        match parse(line, self.percents) {
            Err(false) => self.write(line),
            Err(true) => {
                self.warn(format!(
                    "'{line}' contains logging command keyword '##vso', but it's not a legal command. Please see the list of accepted commands: https://go.microsoft.com/fwlink/?LinkId=817296"
                ));
                self.write(line);
            }
            Ok(command) => {
                self.commands += 1;
                self.command_bytes += line.len();
                let too_many = self.commands > MAX_COMMANDS || self.command_bytes > MAX_COMMAND_BYTES;
                let done = if too_many {
                    Err(format!(
                        "A step has at most {MAX_COMMANDS} logging commands of {MAX_COMMAND_BYTES} bytes here."
                    ))
                } else {
                    act::act(self, &command)
                };
                if let Err(why) = done {
                    self.complain(Complaint::error(format!(
                        "Unable to process command '{line}' successfully. Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)"
                    )));
                    self.complain(Complaint::error(why));
                    self.result(RecordResult::Failed);
                }
                if self.debug && !command.is_named("task", "debug") {
                    self.write(&format!("##[debug]Processed: {line}"));
                }
            }
        }
    }

    /// Writes a line into the log.
    pub fn write(&mut self, line: &str) {
        if self.cut {
            return;
        }
        let line = self.masker.mask(line);
        self.bytes += line.len() + 1;
        if self.bytes > MAX_LOG_BYTES {
            self.cut = true;
            // CHOICE: the text.
            let cut = format!("##[warning]The log was cut here: it is longer than {MAX_LOG_BYTES} bytes.\n");
            self.heard.log.push_str(&cut);
            return;
        }
        self.heard.log.push_str(&line);
        self.heard.log.push('\n');
    }

    /// Adds a complaint, which is a line of the log too.
    pub fn complain(&mut self, mut complaint: Complaint) {
        complaint.message = self.masker.mask(&complaint.message);
        complaint.data.values_mut().for_each(|value| *value = self.masker.mask(value));
        let kind = if complaint.error { "error" } else { "warning" };
        self.write(&format!("##[{kind}]{}", complaint.message));
        // A step that complains without end: its record shows ten of a kind, and counts the rest.
        if self.heard.complaints.len() < 100_000 {
            self.heard.complaints.push(complaint);
        }
    }

    /// Adds a warning.
    pub fn warn(&mut self, message: String) {
        self.complain(Complaint { error: false, ..Complaint::error(message) });
    }

    /// Makes the result at least as bad.
    pub fn result(&mut self, result: RecordResult) {
        self.heard.result = self.heard.result.max(Some(result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_cut_and_says_so() {
        let nothing = |_: &str| true;
        let mut hearing = Hearing::new("s", Masker::default(), &nothing);
        let line = "x".repeat(1024 * 1024);
        (0..150).for_each(|_| hearing.line(&line));
        hearing.line("##vso[task.setvariable variable=late]1");
        let log = hearing.heard.log;
        assert!(log.len() < MAX_LOG_BYTES + 200);
        assert!(log.ends_with("##[warning]The log was cut here: it is longer than 104857600 bytes.\n"));
        // What is asked for counts all the same.
        assert_eq!(hearing.heard.set[0].name, "late");
    }

    #[test]
    fn endless_commands_end() {
        let nothing = |_: &str| true;
        let mut hearing = Hearing::new("s", Masker::default(), &nothing);
        (0..=MAX_COMMANDS).for_each(|_| hearing.line("##vso[task.setvariable variable=v]1"));
        assert_eq!(
            (hearing.heard.set.len(), hearing.heard.result),
            (MAX_COMMANDS, Some(RecordResult::Failed))
        );
    }
}
