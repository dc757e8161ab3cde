//! Uploading a job.

use crate::domain::package::{Package, PackageError};
use crate::domain::time;
use crate::domain::vfs_path::is_name;
use crate::domain::webjobs::{Kind, continuous, find};
use crate::error::JobsError;
use crate::store::{Content, KuduStore, SiteUrls, join};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// What a job is made of.
pub enum Upload {
    /// One script.
    Script {
        /// Its name.
        name: String,
        /// Its bytes.
        content: Content,
    },
    /// A zip of all that it needs, as far as it could be unpacked.
    Zip(Result<Package, PackageError>),
}

/// A job as it is to be.
pub struct NewJob {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub upload: Upload,
    /// Most bytes that the site's files may take.
    pub max_site_bytes: u64,
    /// How the site was addressed.
    pub urls: SiteUrls,
}

/// Puts a job in the place of the one of its name, whose runs stay. When nothing in it can be run, or it cannot be
/// stored, the job of that name is gone: that is why the refusal is part of the output.
/// Docs: wiki "WebJobs API", `PUT /api/{kind}webjobs/{name}`.
pub struct PutJob;

impl Operation for PutJob {
    const NAME: &'static str = "PutJob";
    type Store = KuduStore;
    type Input = NewJob;
    type Output = Result<(), JobsError>;
    type Error = JobsError;

    fn run(store: &mut KuduStore, input: NewJob, tx: &mut Tx<'_>) -> Result<Self::Output, JobsError> {
        let subject = format!("webjob:{}", input.name);
        let Some(folder) = find::folder(store, input.kind, &input.name) else {
            let fact = "refused: no folder can have the job's name";
            tx.explain(Event::new("webjob.refused", subject).fact(fact).verdict(Verdict::Failed));
            return Err(JobsError::BadName);
        };
        let now = time::ticks(tx.now());
        store.jobs.urls = Some(input.urls.clone());
        store.files.remove_folder(&folder, now);
        let stored = write(store, &folder, &input, now);
        let job = find::find(store, input.kind, &input.name);
        match (stored, job) {
            (Ok(()), Some(job)) => {
                let fact = format!(
                    "the {} job {} was uploaded; it runs {}",
                    input.kind.name(),
                    job.name,
                    job.run_command
                );
                tx.emit(Event::new("webjob.changed", subject).fact(fact).verdict(Verdict::Ok));
                if input.kind == Kind::Continuous {
                    continuous::start(store, &job, tx);
                }
                Ok(Ok(()))
            }
            (stored, _) => {
                let error = stored.err().unwrap_or(JobsError::NoScript);
                let (_, why) = error.answer();
                store.files.remove_folder(&folder, now);
                store.files.remove_folder(&input.kind.data_folder(&input.name), now);
                store.jobs.forget(&input.name);
                let fact = format!("the job {} is removed: {why:?}", input.name);
                tx.emit(Event::new("webjob.refused", subject).fact(fact).verdict(Verdict::Failed));
                Ok(Err(error))
            }
        }
    }
}

fn write(store: &mut KuduStore, folder: &str, input: &NewJob, now: i64) -> Result<(), JobsError> {
    let failed = |why: &str| JobsError::Upload { why: why.to_owned() };
    let files: Vec<(String, Content)> = match &input.upload {
        Upload::Script { name, content } => {
            if name.is_empty() || name.len() > 255 || !is_name(name) {
                return Err(failed("Illegal characters in path."));
            }
            vec![(name.clone(), content.clone())]
        }
        Upload::Zip(Ok(package)) => {
            package.files.iter().map(|(path, (_, content))| (path.clone(), content.clone())).collect()
        }
        Upload::Zip(Err(error)) => return Err(failed(&error.to_string())),
    };
    let bytes = files.iter().map(|(_, content)| content.size()).fold(0, u64::saturating_add);
    if store.files.bytes().saturating_add(bytes) > input.max_site_bytes {
        return Err(failed(&PackageError::SiteTooLarge { limit: input.max_site_bytes }.to_string()));
    }
    for (path, content) in files {
        let put = store.files.put(&join(folder, &path), content.hash(), content, now);
        put.map_err(|obstacle| failed(&format!("Could not write '{path}': {obstacle:?}.")))?;
    }
    Ok(())
}
