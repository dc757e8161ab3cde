//! The folders of a job that is executed, laid out as an agent's.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::TempDir;
use uuid::Uuid;

/// The folders of all jobs: below one, which goes with the server.
#[derive(Clone, Default)]
pub struct Folders(Arc<Mutex<Option<TempDir>>>);

/// The folder of one job: `1` with `a`, `b`, `s` and `TestResults`, and beside it `_temp`, `_tool` and a home.
#[derive(Clone, Debug)]
pub struct Workspace(PathBuf);

impl Folders {
    /// That of a job, which is made the first time.
    pub async fn of(&self, job: Uuid) -> io::Result<Workspace> {
        let folders = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let root = {
                let mut root = folders.0.lock().unwrap_or_else(PoisonError::into_inner);
                if root.is_none() {
                    *root = Some(tempfile::Builder::new().prefix("parhelion-azure-").tempdir()?);
                }
                root.as_ref().map(|root| root.path().to_owned()).unwrap_or_default()
            };
            let own = root.canonicalize()?.join(job.simple().to_string());
            for below in ["1/a", "1/b", "1/s", "1/TestResults", "_temp", "_tool", "home"] {
                std::fs::create_dir_all(own.join(below))?;
            }
            Ok(Workspace(own))
        });
        made.await.unwrap_or_else(|e| Err(io::Error::other(e)))
    }
    /// Takes that of a job away.
    pub async fn remove(&self, job: Uuid) {
        let root = {
            let root = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            root.as_ref().map(|root| root.path().join(job.simple().to_string()))
        };
        if let Some(own) = root {
            // What cannot be removed now goes with the server.
            let _ = tokio::fs::remove_dir_all(own).await;
        }
    }
}

impl Workspace {
    /// `Agent.BuildDirectory`
    pub fn build(&self) -> PathBuf {
        self.0.join("1")
    }
    /// `Build.SourcesDirectory`
    pub fn sources(&self) -> PathBuf {
        self.0.join("1/s")
    }
    /// `Agent.TempDirectory`
    pub fn temp(&self) -> PathBuf {
        self.0.join("_temp")
    }
    /// The home of whatever runs.
    pub fn home(&self) -> &Path {
        &self.0
    }
}
