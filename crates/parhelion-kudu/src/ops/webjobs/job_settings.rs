//! A job's own settings.

use crate::domain::time;
use crate::domain::webjobs::{Kind, find};
use crate::error::JobsError;
use crate::store::{Content, KuduStore, join};
use bytes::Bytes;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde_json::{Map, Value};

/// A job's own settings; none when its file is missing or cannot be read.
/// Docs: wiki "WebJobs API", `GET /api/{kind}webjobs/{name}/settings`.
pub struct GetJobSettings;

impl Query for GetJobSettings {
    const NAME: &'static str = "GetJobSettings";
    type Store = KuduStore;
    type Input = (Kind, String);
    type Output = Map<String, Value>;
    type Error = JobsError;

    fn run(store: &KuduStore, (kind, name): Self::Input, _: &View<'_>) -> Result<Self::Output, JobsError> {
        let folder = script_folder(store, kind, &name).ok_or(JobsError::NotFound)?;
        Ok(find::settings(store, &folder))
    }
}

/// Writes a job's own settings.
/// Docs: wiki "WebJobs API", `PUT /api/{kind}webjobs/{name}/settings`.
pub struct SetJobSettings;

impl Operation for SetJobSettings {
    const NAME: &'static str = "SetJobSettings";
    type Store = KuduStore;
    /// Kind, name, and the file's text.
    type Input = (Kind, String, String);
    type Output = ();
    type Error = JobsError;

    fn run(store: &mut KuduStore, (kind, name, text): Self::Input, tx: &mut Tx<'_>) -> Result<(), JobsError> {
        let folder = script_folder(store, kind, &name).ok_or(JobsError::NotFound)?;
        let content = Content::new(Bytes::from(text));
        let path = store.files.spelled(&join(&folder, find::SETTINGS_FILE));
        let put = store.files.put(&path, content.hash(), content, time::ticks(tx.now()));
        put.map_err(|obstacle| JobsError::Upload {
            why: format!("Could not write '{path}': {obstacle:?}."),
        })?;
        let fact = format!("the settings of the {} job {name} were written", kind.name());
        tx.emit(Event::new("webjob.changed", format!("webjob:{name}")).fact(fact).verdict(Verdict::Ok));
        Ok(())
    }
}

fn script_folder(store: &KuduStore, kind: Kind, name: &str) -> Option<String> {
    let folder = find::folder(store, kind, name).filter(|folder| store.files.is_folder(folder))?;
    Some(find::script_folder(store, &folder))
}
