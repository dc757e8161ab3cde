//! Whether the server answers as CodePipeline's model says: inputs made of the model, tried against a live server in
//! both protocols.
//!
//! For every operation two kinds of inputs are taken apart, member by member, however deep: one made of the model
//! alone, with all that the operation can hold, and those of a world in which the operation has something to do
//! ([`living`]), which must be answered with 200. [`judge`] says what each must be answered with, [`answer`] holds an
//! answer against that. The world is put back after each call that changed it, so that every case meets the same one.

mod answer;
mod cases;
mod cbor;
pub mod coverage;
mod datum;
mod forms;
mod judge;
mod living;
mod model;
mod sample;
mod wire;

use crate::Api;
use answer::Kind;
use cbor::Style;
use datum::Datum;
use judge::Expected;
use living::Living;
use model::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The service's protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// awsJson1_1.
    Json,
    /// rpc-v2-cbor.
    Cbor,
}

/// Both of them.
pub const BOTH: [Protocol; 2] = [Protocol::Json, Protocol::Cbor];

/// What is tried.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// This operation alone.
    pub operation: Option<String>,
    /// Every so many cases one; 0 and 1: all. What must be answered with 200 is never left out.
    pub every: usize,
}

/// A request and what it must be answered with.
struct Trial {
    operation: String,
    protocol: Protocol,
    about: String,
    /// Headers beside or instead of a client's; an empty value takes one away.
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    wanted: Wanted,
}

/// What an answer must be.
enum Wanted {
    /// 200, with an output of its shape.
    Done,
    /// What the model says.
    Answer(Expected),
    /// A status, whatever the body.
    Status(u16),
}

/// Cases of an operation in a protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tried.
    pub cases: usize,
    /// Answered as the model says.
    pub right: usize,
    /// Of those, with 200 and an output of its shape.
    pub done: usize,
    /// Of those, with exactly the constraints that are broken.
    pub violations: usize,
}

/// An answer that is not what the model says.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Of which operation.
    pub operation: String,
    /// In which protocol.
    pub protocol: Protocol,
    /// Where in the input, and what.
    pub about: String,
    /// What was answered.
    pub why: String,
}

/// The outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// By operation and protocol.
    pub tallies: BTreeMap<(String, Protocol), Tally>,
    /// Everything that differs.
    pub differences: Vec<Difference>,
    /// Operations that the server does not have: all their cases count as differing.
    pub missing: BTreeSet<String>,
    /// What of the world could not be set up.
    pub not_set_up: BTreeSet<String>,
}

impl Report {
    /// All cases, and how many were answered as the model says.
    pub fn sum(&self) -> (usize, usize) {
        self.tallies.values().fold((0, 0), |(cases, right), t| (cases + t.cases, right + t.right))
    }
    /// Whether nothing differs.
    pub fn holds(&self) -> bool {
        let (cases, right) = self.sum();
        cases == right && self.differences.is_empty() && self.missing.is_empty() && self.not_set_up.is_empty()
    }
    fn count(&mut self, trial: &Trial, outcome: Result<Option<Kind>, String>) {
        let tally = self.tallies.entry((trial.operation.clone(), trial.protocol)).or_default();
        tally.cases += 1;
        match outcome {
            Ok(kind) => {
                tally.right += 1;
                tally.done += usize::from(kind == Some(Kind::Done));
                tally.violations += usize::from(kind == Some(Kind::Violations));
            }
            Err(why) => self.differences.push(Difference {
                operation: trial.operation.clone(),
                protocol: trial.protocol,
                about: trial.about.clone(),
                why,
            }),
        }
    }
    fn take_in(&mut self, other: Report) {
        for (key, tally) in other.tallies {
            let mine = self.tallies.entry(key).or_default();
            mine.cases += tally.cases;
            mine.right += tally.right;
            mine.done += tally.done;
            mine.violations += tally.violations;
        }
        self.differences.extend(other.differences);
        self.missing.extend(other.missing);
        self.not_set_up.extend(other.not_set_up);
    }
}

/// Worlds that are tried at once; each case meets a world of its own lane alone.
const LANES: usize = 4;

/// Tries everything against a server. Needs its control API (worlds, clock, snapshots).
pub async fn run(server: &Api, choice: &Choice) -> Report {
    let model = Arc::new(Model::load());
    let lanes = (0..LANES).map(|lane| {
        let api = server.below(&format!("/_w/conformance-{lane}"));
        tokio::spawn(run_lane(model.clone(), api, choice.clone(), lane))
    });
    let mut report = Report::default();
    for lane in lanes.collect::<Vec<_>>() {
        report.take_in(lane.await.unwrap_or_else(|e| panic!("a lane of the run: {e}")));
    }
    for lane in 0..LANES {
        server.delete(&format!("/_parhelion/worlds/conformance-{lane}")).await;
    }
    let order = |d: &Difference| (d.operation.clone(), d.protocol, d.about.clone());
    report.differences.sort_by_key(order);
    report
}

/// How many cases there are in all, by operation and protocol, without a server.
pub fn count() -> BTreeMap<(String, Protocol), usize> {
    let model = Model::load();
    let mut all = BTreeMap::new();
    for operation in model.operations.keys() {
        trials(&model, operation, &Living::default(), &mut |trial| {
            *all.entry((trial.operation, trial.protocol)).or_default() += 1;
        });
    }
    all
}

async fn run_lane(model: Arc<Model>, api: Api, choice: Choice, lane: usize) -> Report {
    let living = Living::set_up(&api).await;
    let mut report = Report { not_set_up: living.failed.iter().cloned().collect(), ..Report::default() };
    for operation in model.operations.keys() {
        if choice.operation.as_ref().is_some_and(|only| only != operation) {
            continue;
        }
        let (mut mine, mut seen, mut chosen) = (Vec::new(), 0_usize, 0_usize);
        trials(&model, operation, &living, &mut |trial| {
            let this = seen.is_multiple_of(choice.every.max(1)) || matches!(trial.wanted, Wanted::Done);
            if this && chosen % LANES == lane {
                mine.push(trial);
            }
            seen += 1;
            chosen += usize::from(this);
        });
        if !living::is_there(&api, operation).await {
            report.missing.insert(operation.clone());
            for trial in &mine {
                report.tallies.entry((operation.clone(), trial.protocol)).or_default().cases += 1;
            }
            continue;
        }
        for trial in mine {
            let outcome = attempt(&model, &api, &trial).await;
            if living::changes(operation) && matches!(outcome, Ok(Some(Kind::Done))) {
                living.restore(&api).await;
            }
            report.count(&trial, outcome);
        }
    }
    report
}

/// All trials of an operation.
fn trials(model: &Model, operation: &str, living: &Living, take: &mut dyn FnMut(Trial)) {
    let shape = model.shape(&model.operations[operation].input);
    let mut whole = vec![("model", sample::full(model, shape))];
    for (of, input) in living.inputs() {
        if of == operation {
            whole.push(("living", sample::timed(model, shape, Datum::of_json(&input))));
        }
    }
    assert!(whole.len() > 1, "{operation} has no input that must be answered with 200");
    for (kind, base) in &whole {
        cases::cases(model, operation, base, &mut |case| {
            let alive = *kind == "living" && case.about == "as it stands";
            for protocol in BOTH.into_iter().filter(|p| case.only.is_none_or(|only| only == *p)) {
                let body = match protocol {
                    Protocol::Json => case.input.json(),
                    Protocol::Cbor => cbor::write(&case.input, Style::Plain),
                };
                let wanted = match judge::judge(model, operation, &case.input, protocol) {
                    Expected::Accepted if alive => Wanted::Done,
                    expected => Wanted::Answer(expected),
                };
                let about = format!("{kind}: {}", case.about);
                take(Trial {
                    operation: operation.to_owned(),
                    protocol,
                    about,
                    headers: vec![],
                    body,
                    wanted,
                });
            }
        });
    }
    forms::forms(model, operation, &whole[1].1, take);
}

async fn attempt(model: &Model, api: &Api, trial: &Trial) -> Result<Option<Kind>, String> {
    let request = || {
        let plain = wire::request(api, &trial.operation, trial.protocol, trial.body.clone());
        trial.headers.iter().fold(plain, |request, (name, value)| request.instead(name, value))
    };
    let answer = wire::exchange(request).await?;
    if answer.status >= 500 {
        return Err(format!("{}: {}", answer.status, answer.text()));
    }
    match &trial.wanted {
        Wanted::Status(status) if answer.status == *status => Ok(None),
        Wanted::Status(status) => Err(format!("the status {}, not {status}", answer.status)),
        Wanted::Answer(expected) => {
            answer::check(model, &trial.operation, trial.protocol, expected, &answer).map(Some)
        }
        Wanted::Done => {
            let kind = answer::check(model, &trial.operation, trial.protocol, &Expected::Accepted, &answer)?;
            let said = || format!("it must be done here, and is refused: {}", said(trial.protocol, &answer));
            if kind == Kind::Done { Ok(Some(kind)) } else { Err(said()) }
        }
    }
}

/// An error in words, as far as it has any.
fn said(protocol: Protocol, answer: &crate::Answer) -> String {
    match answer::error(protocol, answer) {
        Ok((code, message)) => format!("{code}: {message}"),
        Err(why) => why,
    }
}
