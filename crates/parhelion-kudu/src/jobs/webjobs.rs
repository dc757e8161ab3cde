//! Running the scripts of triggered jobs, where `kudu.exec` is on.

use super::Running;
use crate::domain::webjobs::{Kind, find, run};
use crate::exec::{self, MAX_SECS, Task};
use crate::ops::webjobs::job_ended::JobEnded;
use crate::settings::Settings;
use crate::store::{KuduStore, RunKey, Site};
use parhelion_core::Call;
use parhelion_state::{JobDriver, Operation, Ticket, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Real seconds that a script may take where no setting says so.
const PATIENCE_SECS: u64 = 120;

pub struct RunScripts {
    pub settings: Arc<Settings>,
}

impl JobDriver for RunScripts {
    fn run(&self, world: Arc<World>, ticket: Ticket) -> Running<Result<Value, String>> {
        let max_site_bytes = self.settings.max_site_bytes;
        Box::pin(async move {
            let site: Site = ticket.owner.tenant.parse()?;
            let text = |name: &str| ticket.job.input[name].as_str().unwrap_or_default().to_owned();
            let key: RunKey = (text("job"), text("run"));
            let version = world.shelf::<KuduStore>().load(&site);
            let task = task(&version.store, &key, max_site_bytes)?;
            let ran = exec::run(task).await.map_err(|e| e.to_string());
            let shelf = world.shelf::<KuduStore>();
            let done = shelf.write(&site, &Call::default(), |store, tx| JobEnded::run(store, (key, ran), tx));
            match done {
                Ok(_) => Ok(json!({})),
                Err(never) => match never {},
            }
        })
    }
}

fn task(store: &KuduStore, key: &RunKey, max_site_bytes: u64) -> Result<Task, String> {
    let run = store.jobs.runs.get(key).ok_or("the run is gone")?;
    let job = find::find(store, Kind::Triggered, &run.job).ok_or("the job is gone")?;
    let program = run::program(job.host).ok_or("nothing here runs scripts of that kind")?;
    let arguments = run.arguments.clone().unwrap_or_default();
    let command = format!("{program} './{}' {arguments}", job.script.replace('\'', "'\\''"));
    let mut environment = store.settings.all();
    environment.extend([
        ("WEBSITE_SITE_NAME".to_owned(), store.site.to_string()),
        ("WEBJOBS_PATH".to_owned(), format!("{{home}}/{}", job.folder)),
        ("WEBJOBS_NAME".to_owned(), job.name.clone()),
        ("WEBJOBS_TYPE".to_owned(), Kind::Triggered.name().to_owned()),
        ("WEBJOBS_DATA_PATH".to_owned(), format!("{{home}}/{}", Kind::Triggered.data_folder(&job.name))),
        ("WEBJOBS_RUN_ID".to_owned(), key.1.clone()),
        ("WEBJOBS_COMMAND_ARGUMENTS".to_owned(), arguments),
    ]);
    environment
        .retain(|name, value| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
    let set = store.settings.filled("WEBJOBS_IDLE_TIMEOUT").and_then(|text| text.parse().ok());
    let timeout = Duration::from_secs(set.unwrap_or(PATIENCE_SECS).clamp(1, MAX_SECS));
    Ok(Task { tree: store.files.clone(), folder: job.folder, command, environment, timeout, max_site_bytes })
}
