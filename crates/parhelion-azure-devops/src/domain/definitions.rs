//! What a definition must be to be kept.

use crate::{
    domain::{refs, tags},
    error::{Error, Result},
    store::{
        AzureDevOpsStore, Definition, Process, Project, QueueStatus, Registered, SourceRepository, Variable,
    },
    wire::words,
};
use parhelion_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A definition as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    /// The name.
    pub name: Option<String>,
    /// The folder.
    pub path: Option<String>,
    /// The revision that an update replaces.
    pub revision: Option<u32>,
    /// What it builds.
    pub repository: Option<GivenRepository>,
    /// Where its steps come from.
    pub process: Option<Value>,
    queue: Option<GivenQueue>,
    queue_status: Option<Value>,
    variables: Option<BTreeMap<String, GivenVariable>>,
    tags: Option<Vec<String>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Given {
    /// A YAML definition as the pipelines API gives it.
    pub fn yaml(
        name: Option<String>,
        folder: Option<String>,
        file: &str,
        repository: Option<GivenRepository>,
    ) -> Self {
        let process = Some(serde_json::json!({ "type": 2, "yamlFilename": file }));
        Given { name, path: folder, process, repository, ..Given::default() }
    }
}

/// A repository as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GivenRepository {
    /// Its id.
    pub id: Option<String>,
    /// `TfsGit` (or, from the pipelines API, `azureReposGit`).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its name.
    pub name: Option<String>,
    url: Option<String>,
    default_branch: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct GivenQueue {
    id: Option<u32>,
    name: Option<String>,
}

/// A variable as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GivenVariable {
    value: Option<String>,
    is_secret: Option<bool>,
    allow_override: Option<bool>,
}

impl GivenVariable {
    /// As it is kept; a secret that comes back without its value keeps the one it had.
    pub fn keep(self, before: Option<&Variable>) -> Variable {
        let is_secret = self.is_secret.unwrap_or(false);
        let kept = before.filter(|b| b.is_secret && is_secret).map(|b| b.value.clone());
        Variable {
            value: self.value.or(kept).unwrap_or_default(),
            is_secret,
            allow_override: self.allow_override.unwrap_or(false),
        }
    }
}

/// Members that are kept and returned as given; they decide nothing yet.
const KEPT: &[&str] = &[
    "badgeEnabled",
    "buildNumberFormat",
    "comment",
    "demands",
    "description",
    "dropLocation",
    "jobAuthorizationScope",
    "jobCancelTimeoutInMinutes",
    "jobTimeoutInMinutes",
    "options",
    "processParameters",
    "properties",
    "retentionRules",
    "triggers",
    "variableGroups",
];

/// The definition that a caller's words make. `before` is what they replace.
///
/// # Errors
/// When a member is wrong, the repository unknown, or the name taken in its folder.
pub fn build(
    store: &AzureDevOpsStore,
    project: &Project,
    given: Given,
    before: Option<&Definition>,
    now: Timestamp,
) -> Result<Definition> {
    let name = given.name.map(|n| n.trim().to_owned()).or_else(|| before.map(|b| b.name.clone()));
    let name =
        name.filter(|n| !n.is_empty()).ok_or_else(|| Error::invalid("The definition's name is missing."))?;
    if name.chars().count() > 260 || name.contains(|c: char| c.is_control()) {
        return Err(Error::invalid(
            "The definition's name is longer than 260 characters or holds control characters.",
        ));
    }
    let path =
        given.path.map_or_else(|| before.map_or_else(|| "\\".to_owned(), |b| b.path.clone()), |p| folder(&p));
    let (wanted, place) = (name.to_lowercase(), path.to_lowercase());
    let own = before.map(|b| b.id);
    let same = |d: &Definition| d.name.to_lowercase() == wanted && d.path.to_lowercase() == place;
    if store.definitions.values().any(|d| d.project == project.id && Some(d.id) != own && same(d)) {
        return Err(Error::DefinitionExists { name, path });
    }
    let mut variables = BTreeMap::new();
    for (name, variable) in given.variables.unwrap_or_default() {
        let kept = variable.keep(before.and_then(|b| b.variables.get(&name)));
        variables.insert(name, kept);
    }
    let queue = given.queue.and_then(|q| {
        let by_id = q.id.and_then(|id| project.queue(id));
        let by_name = || {
            project.queues.iter().find(|p| q.name.as_ref().is_some_and(|n| p.name.eq_ignore_ascii_case(n)))
        };
        by_id.or_else(by_name).map(|q| q.id)
    });
    let tags = match given.tags {
        Some(tags) => tags::read(tags)?,
        None => before.map(|b| b.tags.clone()).unwrap_or_default(),
    };
    Ok(Definition {
        id: before.map_or(0, |b| b.id),
        project: project.id,
        name,
        path,
        revision: before.map_or(1, |b| b.revision + 1),
        created: now,
        queue_status: queue_status(given.queue_status.as_ref())?,
        process: process(given.process)?,
        repository: repository(store, project, given.repository)?,
        queue: queue.unwrap_or_else(|| project.hosted_queue()),
        variables,
        settings: kept(given.rest)?,
        tags,
        authorized: before.map(|b| b.authorized.clone()).unwrap_or_default(),
        registered: Registered::default(),
        activated: before.is_some(),
        numbering: before.and_then(|b| b.numbering.clone()),
        last_build: before.and_then(|b| b.last_build),
        counters: before.map(|b| b.counters.clone()).unwrap_or_default(),
    })
}

/// A folder's name: backslashes, one in front, none at the end.
pub fn folder(path: &str) -> String {
    let parts: Vec<&str> = path.split(['\\', '/']).map(str::trim).filter(|p| !p.is_empty()).collect();
    format!("\\{}", parts.join("\\"))
}

fn queue_status(given: Option<&Value>) -> Result<QueueStatus> {
    Ok(match words::QUEUE_STATUS.member("queueStatus", given)? {
        Some("paused") => QueueStatus::Paused,
        Some("disabled") => QueueStatus::Disabled,
        _ => QueueStatus::Enabled,
    })
}

/// Members that are kept, their enumerations by name: clients send numbers, and read names.
fn kept(rest: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut kept: Map<String, Value> =
        rest.into_iter().filter(|(k, v)| KEPT.contains(&k.as_str()) && !v.is_null()).collect();
    if let Some(scope) =
        words::JOB_SCOPE.member("jobAuthorizationScope", kept.get("jobAuthorizationScope"))?
    {
        kept.insert("jobAuthorizationScope".into(), scope.into());
    }
    for trigger in kept.get_mut("triggers").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(kind) = words::TRIGGER_TYPE.member("triggerType", trigger.get("triggerType"))? {
            trigger["triggerType"] = kind.into();
        }
    }
    Ok(kept)
}

fn process(given: Option<Value>) -> Result<Process> {
    let Some(Value::Object(members)) = given else {
        return Err(Error::invalid("The definition's process is missing: {\"type\":2,\"yamlFilename\":…}."));
    };
    let yaml = members.get("yamlFilename").and_then(Value::as_str).map(str::trim).filter(|y| !y.is_empty());
    let kind = members.get("type").map(|t| t.as_str().map_or_else(|| t.to_string(), str::to_owned));
    match (kind.as_deref(), yaml) {
        (Some("1"), _) => Ok(Process::Designer(members)),
        (Some("2") | None, Some(file)) => Ok(Process::Yaml(file.to_owned())),
        (Some("2"), None) => Err(Error::invalid("The process's yamlFilename is missing.")),
        (None, None) => Ok(Process::Designer(members)),
        (Some(other), _) => {
            Err(Error::invalid(format!("The process type {other} is neither 1 (designer) nor 2 (YAML).")))
        }
    }
}

fn repository(
    store: &AzureDevOpsStore,
    project: &Project,
    given: Option<GivenRepository>,
) -> Result<SourceRepository> {
    let given = given.unwrap_or_default();
    let text = |t: Option<String>| t.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let (id, name) = (text(given.id), text(given.name));
    let kind = text(given.kind).unwrap_or_else(|| "TfsGit".to_owned());
    let default_branch = text(given.default_branch).map(|b| refs::full(&b));
    let url = text(given.url).unwrap_or_default();
    if !kind.eq_ignore_ascii_case("TfsGit") && !kind.eq_ignore_ascii_case("azureReposGit") {
        // CHOICE: a repository elsewhere is kept and shown; its runs say that it cannot be read.
        let id = id.or_else(|| name.clone()).unwrap_or_default();
        return Ok(SourceRepository {
            name: name.unwrap_or_else(|| id.clone()),
            id,
            kind,
            url,
            default_branch,
        });
    }
    // CHOICE: a definition that names none builds the project's own repository.
    let wanted = id.or(name).unwrap_or_else(|| project.name.clone());
    let found =
        store.repository(Some(project), &wanted).or_else(|e| match uuid::Uuid::parse_str(&wanted) {
            // A repository of another project is named by its id.
            Ok(_) => store.repository(None, &wanted),
            Err(_) => Err(e),
        })?;
    let (id, name) = (found.id.to_string(), found.name.clone());
    Ok(SourceRepository { id, kind: "TfsGit".to_owned(), name, url, default_branch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_one_form() {
        for (given, kept) in
            [("", "\\"), ("\\", "\\"), ("a/b", "\\a\\b"), ("\\a\\b\\", "\\a\\b"), ("/", "\\")]
        {
            assert_eq!(folder(given), kept, "{given}");
        }
    }

    #[test]
    fn a_process_is_yaml_or_designer() {
        use serde_json::json;
        assert_eq!(
            process(Some(json!({"type": 2, "yamlFilename": "a.yml"}))),
            Ok(Process::Yaml("a.yml".into()))
        );
        assert_eq!(process(Some(json!({"yamlFilename": "a.yml"}))), Ok(Process::Yaml("a.yml".into())));
        assert!(matches!(process(Some(json!({"type": 1, "phases": []}))), Ok(Process::Designer(_))));
        for bad in [None, Some(json!(1)), Some(json!({"type": 2})), Some(json!({"type": 9}))] {
            assert!(process(bad).is_err());
        }
    }
}
