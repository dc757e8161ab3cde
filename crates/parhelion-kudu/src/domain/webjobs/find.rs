//! Finding jobs among the site's files.

use super::Kind;
use crate::domain::vfs_path::is_name;
use crate::store::{KuduStore, Node, SiteUrls, join};
use bytes::Bytes;
use serde_json::{Map, Value};

/// Where jobs stand, below HOME.
const BINARIES: &str = "site/wwwroot/App_Data/jobs";
/// A job's own settings.
pub const SETTINGS_FILE: &str = "settings.job";
/// It keeps a continuous job from running.
pub const DISABLE_FILE: &str = "disable.job";

/// What runs scripts, by extension, in the order in which they are looked for.
const HOSTS: [(&str, &str); 9] = [
    ("cmd", "WindowsScriptHost"),
    ("bat", "WindowsScriptHost"),
    ("exe", "WindowsScriptHost"),
    ("ps1", "PowerShellScriptHost"),
    ("sh", "BashScriptHost"),
    ("py", "PythonScriptHost"),
    ("php", "PhpScriptHost"),
    ("js", "NodeScriptHost"),
    ("fsx", "FSharpScriptHost"),
];

/// A job as its files make it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name, as its folder is spelled.
    pub name: String,
    /// The folder in which its script stands.
    pub folder: String,
    /// The script's name.
    pub script: String,
    /// The script's path from the job's folder.
    pub run_command: String,
    /// What would run it.
    pub host: &'static str,
    /// The script.
    pub content: Bytes,
    /// Its own settings.
    pub settings: Map<String, Value>,
}

/// The folder of a job, as it is or would be spelled; `None` for what can be no job's name.
pub fn folder(store: &KuduStore, kind: Kind, name: &str) -> Option<String> {
    let good = !name.is_empty() && name.len() <= 255 && is_name(name) && !name.contains(['/', '\\']);
    let good = good && name != "." && name != "..";
    good.then(|| store.files.spelled(&format!("{BINARIES}/{}/{name}", kind.name())))
}

/// A job by its name; `None` when there is none, or nothing in it can be run.
pub fn find(store: &KuduStore, kind: Kind, name: &str) -> Option<Job> {
    at(store, &folder(store, kind, name)?)
}

/// Whether there is the folder of triggered jobs, in just the spelling that the service gives it.
pub fn has_triggered(store: &KuduStore) -> bool {
    store.files.is_folder("site/wwwroot/App_Data/jobs/triggered")
}

/// All jobs of a kind, by name.
pub fn list(store: &KuduStore, kind: Kind) -> Vec<Job> {
    let root = store.files.spelled(&format!("{BINARIES}/{}", kind.name()));
    let children = store.files.children(&root).into_iter();
    let folders = children.filter(|(_, node)| matches!(node, Node::Folder(_)));
    folders.filter_map(|(name, _)| at(store, &join(&root, &name))).collect()
}

fn at(store: &KuduStore, folder: &str) -> Option<Job> {
    if !store.files.is_folder(folder) {
        return None;
    }
    let name = folder.rsplit('/').next().unwrap_or_default().to_owned();
    let inner = script_folder(store, folder);
    let names: Vec<String> = store
        .files
        .children(&inner)
        .into_iter()
        .filter(|(_, node)| matches!(node, Node::File(_)))
        .map(|(name, _)| name)
        .collect();
    let (script, host) = script(&names)?;
    let path = join(&inner, &script);
    let content = store.files.get(&path)?.content.bytes().clone();
    let run_command = path.strip_prefix(&format!("{folder}/")).unwrap_or(&script).to_owned();
    let settings = settings(store, &inner);
    Some(Job { name, folder: inner, script, run_command, host, content, settings })
}

/// Where a job's script is looked for: a folder that holds nothing but one folder is passed through.
pub fn script_folder(store: &KuduStore, folder: &str) -> String {
    let mut folder = folder.to_owned();
    loop {
        match store.files.children(&folder).as_slice() {
            [(name, Node::Folder(_))] => folder = join(&folder, name),
            _ => return folder,
        }
    }
}

/// The script among a folder's files: `run.…` goes before other names. OBSERVED: FindCommandToRun.
fn script(names: &[String]) -> Option<(String, &'static str)> {
    let mut second = None;
    for (extension, host) in HOSTS {
        let with_it = |name: &&String| {
            name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
        };
        let run = format!("run.{extension}");
        if let Some(found) = names.iter().find(|name| name.eq_ignore_ascii_case(&run)) {
            return Some((found.clone(), host));
        }
        if second.is_none() {
            second = names.iter().find(with_it).map(|name| (name.clone(), host));
        }
    }
    second
}

/// A job's own settings; none when the file is missing or no JSON object.
pub fn settings(store: &KuduStore, folder: &str) -> Map<String, Value> {
    let file = store.files.get(&store.files.spelled(&join(folder, SETTINGS_FILE)));
    let json = file.and_then(|file| serde_json::from_slice(file.content.bytes()).ok());
    match json {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Addresses of jobs and of what they write.
impl SiteUrls {
    /// Below a kind's jobs.
    pub fn job(&self, kind: Kind, below: &str) -> String {
        format!("{}/api/{}webjobs/{below}", self.root, kind.name())
    }
    /// Below what a kind's jobs write. OBSERVED: without `/api`.
    pub fn data(&self, kind: Kind, below: &str) -> String {
        let api = if self.old_paths { "" } else { "/api" };
        format!("{}{api}/vfs/data/jobs/{}/{below}", self.root, kind.name())
    }
    /// The page of a job.
    pub fn page(&self, kind: Kind, job: &str) -> String {
        format!("{}/azurejobs/#/jobs/{}/{job}", self.root, kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Option<String> {
        script(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).map(|(name, _)| name)
    }

    #[test]
    fn run_goes_before_other_names() {
        assert_eq!(found(&["a.cmd", "run.py"]).as_deref(), Some("run.py"));
        assert_eq!(found(&["b.py", "a.cmd"]).as_deref(), Some("a.cmd"));
        assert_eq!(found(&["RUN.CMD", "run.exe"]).as_deref(), Some("RUN.CMD"));
        assert_eq!(found(&["readme.txt", "settings.job"]), None);
        assert_eq!(found(&[]), None);
    }
}
