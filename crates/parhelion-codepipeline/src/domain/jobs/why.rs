//! Why a poll was given nothing: what jobs of the type there are, and why none of them was for this poll.

use super::{Job, JobState, data, queue_of};
use crate::domain::{
    engine::{Engine, records::JobId},
    place::Place,
};
use crate::shapes::ActionTypeId;
use crate::store::CodePipelineStore;
use chrono::SecondsFormat;
use parhelion_core::{Call, Event, Owner, Timestamp, Verdict};
use parhelion_state::{Store, World};

/// Jobs that one answer names.
const NAMED_MAX: usize = 10;

/// What a poll asks for beside the type: a configuration key and its value.
pub type Query<'a> = Option<(&'a str, &'a str)>;

/// Whether a job is one that a query asks for.
pub fn matches(engine: &Engine, job: &Job, query: Query<'_>) -> bool {
    let Some((key, value)) = query else { return true };
    data::of(engine, job.run).is_some_and(|of| of.configured(key) == Some(value))
}

/// A sentence for each job of a type that is not over: why it was not given.
pub fn not_given(engine: &Engine, id: &ActionTypeId, query: Query<'_>, now: Timestamp) -> Vec<String> {
    let jobs = engine.waiting_jobs(id).chain(unseen(engine, id));
    jobs.take(NAMED_MAX).map(|(job, record)| sentence(engine, job, record, query, now)).collect()
}

/// The journal's entry on a poll that was given nothing. `elsewhere`: what other regions have.
pub fn event(id: &ActionTypeId, here: Vec<String>, elsewhere: Vec<String>) -> Event {
    let name = queue_of(id);
    let subject = format!("action_type:{name}");
    let mut sentences = if here.is_empty() {
        vec![format!("no action of type {name} is waiting for a worker")]
    } else {
        here
    };
    sentences.extend(elsewhere);
    let fact = format!("the poll was given no job: {}", sentences.join("; "));
    Event::new("poll.answered", subject).fact(fact).verdict(Verdict::Skipped)
}

/// Writes down why a poll got nothing: it changed nothing, so that no commit carries it.
pub fn note(world: &World, place: &Place, call: &Call, event: Event) {
    let owner = Owner::new(CodePipelineStore::NAME, place.to_string());
    world.note_for(CodePipelineStore::SURFACE, &owner, call, event);
}

/// What another region has that this poll does not see.
pub fn in_region(engine: &Engine, id: &ActionTypeId) -> Option<String> {
    let (place, count) = (&engine.place, engine.waiting_jobs(id).count());
    (count > 0).then(|| {
        format!(
            "{count} open job(s) of this type are in region {} of account {}: a poll sees its own region only",
            place.region(),
            place.account()
        )
    })
}

/// Jobs of a type under way that polls cannot see: a worker has taken them on, or a pace holds them back.
fn unseen<'a>(engine: &'a Engine, id: &'a ActionTypeId) -> impl Iterator<Item = (JobId, &'a Job)> {
    let live = engine.lines.iter().flat_map(|(line, record)| record.live.iter().map(move |n| (*line, *n)));
    let runs = live.flat_map(move |key| {
        let execution = engine.executions.get(&key).map(|execution| &**execution);
        let stages = execution.into_iter().flat_map(|e| e.stages.iter().flat_map(|stage| &stage.runs));
        stages.filter_map(move |(_, number)| engine.runs.get(&(key.0, *number)))
    });
    let jobs = runs.filter_map(|run| Some((run.job?, &**engine.jobs.get(&run.job?)?)));
    jobs.filter(move |(_, job)| job.action_type == *id && !job.state.is_over() && !job.state.is_open())
}

fn sentence(engine: &Engine, id: JobId, job: &Job, query: Query<'_>, now: Timestamp) -> String {
    let of = data::of(engine, job.run);
    let place = of.as_ref().and_then(|of| {
        let pipeline = &engine.lines.get(&job.run.0)?.name;
        Some(format!("{pipeline}/{}/{}", of.plan.stage(of.run.stage)?.name, of.action.name))
    });
    let name = format!("job {id} of action {}", place.unwrap_or_default());
    match &job.state {
        JobState::Dispatched { until, .. } if *until > now => format!(
            "{name} was handed to a worker and is hidden until {} unless it is acknowledged",
            until.to_rfc3339_opts(SecondsFormat::Millis, true)
        ),
        JobState::Queued | JobState::Dispatched { .. } => match query {
            Some((key, asked)) if !matches(engine, job, query) => {
                let has = of.as_ref().and_then(|of| of.configured(key)).unwrap_or_default();
                format!("{name} has {key} '{has}', the poll asks for '{asked}'")
            }
            // It became open between the look and this sentence, or another worker was quicker.
            _ => format!("{name} is open again: another poll may have it"),
        },
        JobState::Created { until: Some(at) } => {
            let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            format!("{name} is held back by the pace of jobs until {at}")
        }
        JobState::Created { until: None } => {
            format!("{name} is held back by the pace of jobs until it is stepped")
        }
        state => format!("{name} is {}", state.name()),
    }
}
