//! Approvals: asking for them, and answering.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/approvalsandchecks/approvals

use crate::{
    domain::{
        checks::{self, Answer, answer},
        run::drive,
    },
    error::{Error, Result},
    operations::Input,
    show::{Links, approval as show},
    store::{Approval, ApprovalStatus, AzureDevOpsStore, Project},
    wire::{reply::Reply, request::ApiRequest, words},
};
use parhelion_core::{Cause, Event, Timestamp, Verdict};
use parhelion_state::{Operation, Query as Reading, Tx, View};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// Approvals of an answer at most.
const MAX_PAGE: usize = 1_000;
/// Approvals that one call answers at most.
const MAX_ANSWERS: usize = 100;
/// Characters of a comment at most.
const MAX_COMMENT: usize = 4_096;

fn with_steps(request: &ApiRequest) -> bool {
    let expand = request.query.list("$expand").unwrap_or_default();
    expand.iter().any(|e| e.eq_ignore_ascii_case("steps") || *e == "1")
}

fn find(store: &AzureDevOpsStore, project: &Project, id: &str) -> Result<Arc<Approval>> {
    let found = Uuid::parse_str(id).ok().and_then(|id| store.approval(&id));
    let found = found.filter(|a| a.project == project.id).cloned();
    found.ok_or_else(|| Error::ApprovalUnknown { id: id.chars().take(80).collect() })
}

/// A project and one of its approvals.
pub struct Key {
    project: String,
    id: String,
    steps: bool,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        let id = request.value("approvalId").to_owned();
        Ok(Key { project: request.project()?.to_owned(), id, steps: with_steps(request) })
    }
}

/// Approvals_Get.
pub struct Get;

impl Reading for Get {
    const NAME: &'static str = "Approvals_Get";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: Key, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&key.project)?;
        let found = find(store, &project, &key.id)?;
        Ok(Reply::One(show::approval(&found, project.id, &Links::of(store, view.call), key.steps)))
    }
}

/// A project and which of its approvals.
pub struct Wanted {
    project: String,
    ids: Option<Vec<String>>,
    users: Option<Vec<String>>,
    status: Option<&'static str>,
    top: usize,
    steps: bool,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let list = |name| request.query.list(name).map(|l| l.into_iter().map(str::to_lowercase).collect());
        let status = words::APPROVAL_STATUS.parameter("state", request.query.get("state"))?;
        Ok(Wanted {
            project: request.project()?.to_owned(),
            ids: list("approvalIds"),
            users: list("userIds"),
            status: status.filter(|s| !["all", "undefined"].contains(s)),
            top: request
                .query
                .parsed("top")?
                .or(request.query.parsed("$top")?)
                .unwrap_or(MAX_PAGE)
                .min(MAX_PAGE),
            steps: with_steps(request),
        })
    }
}

/// Approvals_Query: the newest first; of users, what they are asked for.
pub struct Query;

impl Reading for Query {
    const NAME: &'static str = "Approvals_Query";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let is = |a: &Approval| {
            let id = wanted.ids.as_ref().is_none_or(|ids| ids.contains(&a.id.to_string()));
            let status = match wanted.status {
                None => true,
                Some("completed") => a.status.is_final(),
                Some(status) => checks::status_word(a.status) == status,
            };
            let assigned = |users: &Vec<String>| {
                // A descriptor holds the id without its hyphens.
                let asked = |id: Uuid| {
                    users.contains(&id.to_string()) || users.contains(&format!("msa.{}", id.simple()))
                };
                a.steps.iter().any(|s| asked(s.assigned.id))
            };
            id && status && wanted.users.as_ref().is_none_or(assigned)
        };
        let all = store.approvals.values().rev().filter(|a| a.project == project.id && is(a));
        let shown = all.take(wanted.top).map(|a| show::approval(a, project.id, &links, wanted.steps));
        Ok(Reply::list(shown.collect()))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    approval_id: Option<String>,
    status: Option<Value>,
    comment: Option<String>,
    assigned_approver: Option<Value>,
    reassign_to: Option<Value>,
    deferred_to: Option<Timestamp>,
}

/// A project and what is said to some of its approvals.
pub struct Answers {
    project: String,
    given: Vec<Given>,
}

impl Input for Answers {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Vec<Given> = request.json_list()?;
        if given.is_empty() || given.len() > MAX_ANSWERS {
            return Err(Error::invalid(format!("The body lists one to {MAX_ANSWERS} approvals.")));
        }
        Ok(Answers { project: request.project()?.to_owned(), given })
    }
}

impl Given {
    fn read(self, store: &AzureDevOpsStore) -> Result<Answer> {
        let status = match words::APPROVAL_STATUS.member("status", self.status.as_ref())? {
            None | Some("undefined" | "pending") if self.reassign_to.is_some() => None,
            Some("approved") => Some(ApprovalStatus::Approved),
            Some("rejected") => Some(ApprovalStatus::Rejected),
            Some("skipped") => Some(ApprovalStatus::Skipped),
            Some("deferred") if self.deferred_to.is_some() => Some(ApprovalStatus::Deferred),
            Some("deferred") => {
                return Err(Error::invalid("A deferred approval needs the member deferredTo."));
            }
            _ => {
                return Err(Error::invalid(
                    "The status of an approval is set to approved, rejected, skipped or deferred.",
                ));
            }
        };
        let comment = self.comment.unwrap_or_default();
        if comment.chars().count() > MAX_COMMENT {
            return Err(Error::invalid(format!("The comment is longer than {MAX_COMMENT} characters.")));
        }
        let person = |given: Option<Value>, member: &str| match given.filter(|g| !g.is_null()) {
            None => Ok(None),
            Some(given) => match checks::identity(store, &given) {
                Some(found) => Ok(Some(found)),
                None => Err(Error::invalid(format!("The member {member} has no id of a user."))),
            },
        };
        Ok(Answer {
            status,
            comment,
            assigned: person(self.assigned_approver, "assignedApprover")?,
            reassign_to: person(self.reassign_to, "reassignTo")?,
            deferred_to: self.deferred_to,
        })
    }
}

/// Approvals_Update: all or none.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Approvals_Update";
    type Store = AzureDevOpsStore;
    type Input = Answers;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Answers, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let mut answered = Vec::new();
        for given in input.given {
            let id = given.approval_id.clone().unwrap_or_default();
            let mut approval = (*find(store, &project, &id)?).clone();
            let said = given.read(store)?;
            let subject = format!("approval:{}", approval.id);
            let place =
                format!("stage {}, {} {}", approval.stage, approval.resource.kind, approval.resource_name);
            let told = answer(&mut approval, &said, &store.user(), tx.now()).inspect_err(|why| {
                // The refusal is part of the approval's story, though nothing changes.
                let last = Cause::Last(subject.clone());
                let fact =
                    Event::new("approval.changed", subject.clone()).fact(format!("refused ({place}): {why}"));
                tx.explain(fact.verdict(Verdict::Failed).because(last));
            })?;
            let fact = format!("approval {} ({place}): {told}", approval.id);
            let event = Event::new("approval.changed", subject.clone()).fact(fact).verdict(Verdict::Ok);
            let event =
                event.because(Cause::Last(subject)).with("status", checks::status_word(approval.status));
            let told = tx.emit(event.with("run", approval.run));
            let (id, run) = (approval.id, approval.run);
            store.put_approval(approval);
            answered.push(id);
            match run {
                Some(run) => drive::again(store, &[run], &told.into(), tx),
                None => checks::answered(store, id, tx),
            }
        }
        let links = Links::of(store, tx.call());
        let shown = answered.iter().filter_map(|id| store.approval(id));
        Ok(Reply::list(shown.map(|a| show::approval(a, project.id, &links, true)).collect()))
    }
}
