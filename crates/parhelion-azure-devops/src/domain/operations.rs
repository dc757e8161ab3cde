//! Operations: making, changing and deleting a project. By default each is done when its call returns; the pace
//! `operation` says otherwise.

use crate::store::{AzureDevOpsStore, MAX_OPERATIONS, OperationKind, OperationRecord, ProjectState, Wait};
use parhelion_core::{Cause, Event, Pace, Timestamp, Verdict};
use parhelion_state::Tx;
use uuid::Uuid;

/// Starts an operation, which is done at once if its pace lets it; the oldest record goes when there are too many.
pub fn start(
    store: &mut AzureDevOpsStore,
    kind: OperationKind,
    project: Uuid,
    tx: &mut Tx<'_>,
) -> OperationRecord {
    let now = tx.now();
    let wait = match tx.pace("operation") {
        Pace::Immediate => None,
        Pace::After(delay) => {
            let until = now.checked_add_signed(delay).unwrap_or(Timestamp::MAX_UTC);
            (until > now).then_some(Wait { since: now, until: Some(until) })
        }
        Pace::Manual => Some(Wait { since: now, until: None }),
    };
    let operation = OperationRecord { id: tx.uuid("operation"), started: now, kind, project, wait };
    store.operations.put(operation.id, operation.clone());
    let waits = operation.wait.is_some();
    if waits {
        store.open_operations.put(operation.id, ());
        let state = match kind {
            OperationKind::Create => ProjectState::CreatePending,
            OperationKind::Update => ProjectState::WellFormed,
            OperationKind::Delete => ProjectState::Deleting,
        };
        store.projects.edit(&project, |p| p.state = state);
        let event = Event::new("operation.started", format!("operation:{}", operation.id));
        let event = event.fact("the operation is under way: its pace is not immediate");
        tx.emit(event.verdict(Verdict::Ok).with("project", project.to_string()));
    } else if kind == OperationKind::Delete {
        store.forget_project(project);
    }
    if store.operations.len() > MAX_OPERATIONS {
        let done = store.operations.values().filter(|o| o.wait.is_none() && o.id != operation.id);
        // One that is not done has to be, some time: it goes only when there is no other.
        let oldest = done.min_by_key(|o| (o.started, o.id)).map(|o| o.id);
        let oldest = oldest.or_else(|| {
            let others = store.operations.values().filter(|o| o.id != operation.id);
            others.min_by_key(|o| (o.started, o.id)).map(|o| o.id)
        });
        if let Some(id) = oldest {
            finish(store, id, Cause::Call, tx);
            store.operations.remove(&id);
        }
    }
    operation
}

fn finish(store: &mut AzureDevOpsStore, id: Uuid, cause: Cause, tx: &mut Tx<'_>) {
    let Some(operation) = store.operations.get(&id).cloned() else { return };
    store.open_operations.remove(&id);
    if operation.wait.is_none() {
        return;
    }
    store.operations.edit(&id, |o| o.wait = None);
    let what = match operation.kind {
        OperationKind::Create => {
            store.projects.edit(&operation.project, |p| p.state = ProjectState::WellFormed);
            "the project can be used"
        }
        OperationKind::Update => "the project's change is done",
        OperationKind::Delete => {
            store.forget_project(operation.project);
            "the project is gone with everything in it"
        }
    };
    let event = Event::new("operation.finished", format!("operation:{id}")).fact(what).verdict(Verdict::Ok);
    tx.emit(event.with("project", operation.project.to_string()).because(cause));
}

fn open(store: &AzureDevOpsStore) -> impl Iterator<Item = (Uuid, Wait)> {
    let all = store.open_operations.keys().filter_map(|id| store.operations.get(id));
    all.filter_map(|o| Some((o.id, o.wait?)))
}

/// When the next operation is done by itself.
pub fn next(store: &AzureDevOpsStore) -> Option<Timestamp> {
    open(store).filter_map(|(_, wait)| wait.until).min()
}

/// Every operation whose time has come.
pub fn on_time(store: &mut AzureDevOpsStore, tx: &mut Tx<'_>) {
    let now = tx.now();
    let mut due: Vec<(Timestamp, Uuid)> =
        open(store).filter_map(|(id, wait)| Some((wait.until.filter(|until| *until <= now)?, id))).collect();
    due.sort_unstable();
    for (_, id) in due {
        finish(store, id, Cause::Last(format!("operation:{id}")), tx);
    }
}

/// Finishes what stands until it is stepped: the operation of this id, or the one that has stood longest.
pub fn step(store: &mut AzureDevOpsStore, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
    let held = open(store).filter(|(_, wait)| wait.until.is_none());
    let (_, chosen) = match id {
        Some(id) => {
            let wanted = Uuid::parse_str(id.strip_prefix("operation:").unwrap_or(id)).ok()?;
            held.map(|(id, wait)| (wait.since, id)).find(|(_, id)| *id == wanted)?
        }
        None => held.map(|(id, wait)| (wait.since, id)).min()?,
    };
    finish(store, chosen, Cause::Call, tx);
    Some(format!("operation:{chosen}"))
}

/// What an operation waits for, for explain.
pub fn standing(store: &AzureDevOpsStore, subject: &str) -> Option<Event> {
    let id = Uuid::parse_str(subject.strip_prefix("operation:")?).ok()?;
    let wait = store.operations.get(&id)?.wait?;
    let event = Event::new("operation.changed", subject).verdict(Verdict::Waiting);
    Some(match wait.until {
        Some(until) => {
            let fact = format!("it is done at {}, as its pace says", crate::show::time(until));
            event.fact(fact).with("waits_for", "clock")
        }
        None => event.fact("it stands until it is stepped by hand"),
    })
}
