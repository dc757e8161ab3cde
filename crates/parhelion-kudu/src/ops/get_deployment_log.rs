//! Reading a deployment's log.

use crate::error::Error;
use crate::store::{KuduStore, LogEntry};
use parhelion_state::{Query, View};

/// The lines of a deployment's log. Docs: wiki "REST API", `GET /api/deployments/{id}/log`.
pub struct GetDeploymentLog;

impl Query for GetDeploymentLog {
    const NAME: &'static str = "GetDeploymentLog";
    type Store = KuduStore;
    type Input = String;
    type Output = Vec<LogEntry>;
    type Error = Error;

    fn run(store: &KuduStore, id: String, _: &View<'_>) -> Result<Vec<LogEntry>, Error> {
        let log = store.deployment(&id).and_then(|(id, _)| store.logs.get(id));
        log.map(|log| (**log).clone()).ok_or(Error::NoLog { id })
    }
}

/// One line of a log with the lines below it. Docs: wiki "REST API", `GET /api/deployments/{id}/log/{logId}`.
pub struct GetDeploymentLogDetails;

impl Query for GetDeploymentLogDetails {
    const NAME: &'static str = "GetDeploymentLogDetails";
    type Store = KuduStore;
    /// The deployment's id and the line's.
    type Input = (String, String);
    type Output = LogEntry;
    type Error = Error;

    fn run(store: &KuduStore, (id, line): (String, String), _: &View<'_>) -> Result<LogEntry, Error> {
        let log = store.deployment(&id).and_then(|(id, _)| store.logs.get(id));
        let entry = log.and_then(|log| log.iter().find(|entry| entry.id.eq_ignore_ascii_case(&line)));
        let entry = entry.filter(|entry| !entry.details.is_empty());
        entry.cloned().ok_or(Error::NoLogEntry { id, entry: line })
    }
}
