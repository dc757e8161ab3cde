//! Recording a finished deployment.

use crate::domain::purge::purge;
use crate::error::Error;
use crate::store::{DeployStatus, Deployment, KuduStore, LATEST, LogDetail, LogEntry, LogKind};
use crate::wire::deployment::Record;
use parhelion_core::{Event, Timestamp, Verdict};
use parhelion_state::{Operation, Tx};

/// Keeps the record of a deployment that happened elsewhere. It tells no hook.
/// Docs: wiki "REST API", `PUT /api/deployments/{id}` with a finished status.
pub struct RecordDeployment;

impl Operation for RecordDeployment {
    const NAME: &'static str = "RecordDeployment";
    type Store = KuduStore;
    /// The id and what is recorded.
    type Input = (String, Record);
    /// Whether it became the active one, and the time that stands for times not given.
    type Output = (bool, Timestamp);
    type Error = Error;

    fn run(
        store: &mut KuduStore,
        (id, sent): (String, Record),
        tx: &mut Tx<'_>,
    ) -> Result<Self::Output, Error> {
        let is_folder = id.len() <= 255
            && !id.chars().any(|c| c.is_control() || r#"/\:*?"<>|"#.contains(c))
            && !id.ends_with(['.', ' ']);
        if !is_folder || id.eq_ignore_ascii_case(LATEST) {
            return Err(Error::BadDeploymentId);
        }
        if store.deployment(&id).is_some() {
            return Err(Error::DeploymentExists { id });
        }
        let succeeded = sent.status == DeployStatus::Success;
        let active = sent.active.unwrap_or(succeeded);
        if active && !succeeded {
            return Err(Error::OnlySuccessActive);
        }
        let now = tx.now();
        let (start, end) = (sent.start.unwrap_or(now), sent.end.unwrap_or(now));
        let record = Deployment {
            order: tx.number("deployment order"),
            status: sent.status,
            status_text: String::new(),
            author_email: sent.author_email.unwrap_or_default(),
            author: sent.author,
            deployer: Some(sent.deployer),
            message: sent.message,
            progress: String::new(),
            received: start,
            start,
            end: Some(end),
            // OBSERVED: also of one that failed.
            last_success_end: Some(end),
            complete: true,
            is_temp: false,
            is_readonly: true,
            project_type: String::new(),
        };
        let (message, kind) = match succeeded {
            true => ("Deployment successful.", LogKind::Message),
            false => ("Deployment failed.", LogKind::Error),
        };
        let details = sent.details.map(|message| LogDetail { at: end, message, kind });
        let log_id = tx.uuid("log").to_string();
        let entry = LogEntry {
            at: end,
            id: log_id,
            message: message.to_owned(),
            kind,
            details: details.into_iter().collect(),
        };
        store.deployments.put(id.clone(), record);
        store.logs.put(id.clone(), vec![entry]);
        if active {
            store.active = Some(id.clone());
        }
        purge(store);
        let fact = "the deployment is recorded as one that happened elsewhere: no hook is told";
        let verdict = if succeeded { Verdict::Ok } else { Verdict::Failed };
        tx.emit(Event::new("deployment.finished", format!("deployment:{id}")).fact(fact).verdict(verdict));
        Ok((active, now))
    }
}
