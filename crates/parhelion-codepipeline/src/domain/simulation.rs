//! What simulated actions come out with: section 6's default outcome, success with plausible variables, and what a
//! behaviour changes of it.

mod results;

use super::{
    engine::objects::Object,
    engine::records::{Execution, Failed, Outcome, Revision, Run},
    place::Place,
};
use crate::named::Named;
use crate::shapes::{ActionCategory, ActionDeclaration, ActionOwner};
use chrono::SecondsFormat;
use parhelion_core::{Scripted, Timestamp, text::hex};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What is known when simulated work is done.
pub struct Asked<'a> {
    /// Whose pipeline it is.
    pub place: &'a Place,
    /// The run.
    pub run: &'a Run,
    /// Its execution.
    pub execution: &'a Execution,
    /// The action.
    pub action: &'a ActionDeclaration,
    /// When the pipeline was created: the time of synthetic revisions.
    pub created: Timestamp,
    /// What somebody said that a source action finds.
    pub next: Option<&'a Revision>,
    /// The object that an S3 source found.
    pub object: Option<&'a Object>,
    /// What a behaviour says of it.
    pub scripted: Option<&'a Outcome>,
}

/// What kind of revisions a source provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Commits of a git repository.
    Git,
    /// Versions of an object.
    S3,
    /// Digests of an image.
    Ecr,
    /// Something else.
    Other,
}

/// What kind of revisions a source action has.
pub fn source_kind(action: &ActionDeclaration) -> SourceKind {
    match action.action_type_id.provider.as_str() {
        "CodeCommit" | "GitHub" | "CodeStarSourceConnection" => SourceKind::Git,
        "S3" => SourceKind::S3,
        "ECR" => SourceKind::Ecr,
        _ => SourceKind::Other,
    }
}

/// Whether an action is AWS's GitHub source.
pub fn is_github(action: &ActionDeclaration) -> bool {
    let id = &action.action_type_id;
    (id.owner, id.category, id.provider.as_str())
        == (ActionOwner::ThirdParty, ActionCategory::Source, "GitHub")
}

/// A member of an action's configuration; empty where there is none.
pub fn configured<'a>(action: &'a ActionDeclaration, key: &str) -> &'a str {
    action.configuration.as_ref().and_then(|c| c.get(key)).map_or("", String::as_str)
}

/// How simulated work comes out.
pub fn outcome(asked: &Asked<'_>) -> Outcome {
    let by_itself = match asked.action.action_type_id.category {
        ActionCategory::Source => source(asked),
        _ => results::of(asked),
    };
    match asked.scripted {
        None => by_itself,
        Some(scripted) => changed(by_itself, scripted),
    }
}

/// An outcome with what a behaviour says in place of what it says.
fn changed(by_itself: Outcome, scripted: &Outcome) -> Outcome {
    let failed = scripted.failed.clone();
    let success = failed.is_none();
    let mut variables = if success { by_itself.variables } else { Named::new() };
    variables.extend(scripted.variables.clone());
    Outcome {
        summary: scripted.summary.clone().or(by_itself.summary.filter(|_| success)),
        external_id: scripted.external_id.clone().or(by_itself.external_id),
        external_url: scripted.external_url.clone().or(by_itself.external_url),
        percent: scripted.percent,
        variables,
        // A scripted revision went into what comes by itself.
        revision: by_itself.revision.filter(|_| success),
        targets: scripted.targets.clone(),
        failed,
    }
}

/// What a behaviour says of an attempt. Its members were checked when it was put.
pub fn planned(scripted: &Scripted) -> Outcome {
    let text = |name: &str| scripted.text(name).map(str::to_owned);
    // CHOICE: what a failure says that the behaviour says nothing of.
    let failed = (scripted.outcome == "fail").then(|| {
        let code = text("code").unwrap_or_else(|| "JobFailed".to_owned());
        let message =
            text("message").unwrap_or_else(|| format!("Behaviour '{}' says so", scripted.behaviour));
        Failed { code, message }
    });
    let variables = scripted.members.get("outputVariables").and_then(Value::as_object).into_iter().flatten();
    let variables = variables.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let revision = scripted.members.get("revision").and_then(Value::as_object).map(|revision| {
        let text = |name: &str| revision.get(name).and_then(Value::as_str).map(str::to_owned);
        Revision {
            id: text("revisionId").unwrap_or_default(),
            change: None,
            summary: text("summary"),
            url: text("url"),
            created: text("created").and_then(|at| at.parse().ok()),
        }
    });
    let targets = scripted.members.get("deployTargets").and_then(Value::as_array).into_iter().flatten();
    Outcome {
        failed,
        summary: text("summary"),
        external_id: text("externalExecutionId"),
        external_url: text("externalExecutionUrl"),
        percent: scripted
            .members
            .get("percentComplete")
            .and_then(Value::as_i64)
            .and_then(|n| i32::try_from(n).ok()),
        variables: variables.collect(),
        revision,
        targets: targets.filter_map(|target| target.as_object().cloned()).collect(),
    }
}

fn source(asked: &Asked<'_>) -> Outcome {
    let (place, action) = (asked.place, asked.action);
    let wanted = asked.execution.wanted.get(&action.name);
    let object = wanted.and_then(|w| w.object_key.clone());
    let scripted = asked.scripted.and_then(|outcome| outcome.revision.clone()).filter(|r| !r.id.is_empty());
    let told = scripted.or_else(|| wanted?.revision.clone()).or_else(|| asked.next.cloned());
    let revision = match (told, asked.object) {
        (Some(told), Some(object)) if object.version.as_ref() != Some(&told.id) => {
            complete(place, action, told)
        }
        (_, Some(object)) => complete(place, action, of_object(object)),
        (Some(told), None) => complete(place, action, told),
        (None, None) => synthetic(place, action, object.as_deref(), asked.created),
    };
    let date = revision.created.unwrap_or(asked.run.started).to_rfc3339_opts(SecondsFormat::Secs, true);
    let message = revision.summary.clone().unwrap_or_default();
    let commit = |repository: &str, branch: &str| {
        vec![
            ("AuthorDate", date.clone()),
            ("BranchName", branch.to_owned()),
            ("CommitId", revision.id.clone()),
            ("CommitMessage", message.clone()),
            ("CommitterDate", date.clone()),
            ("RepositoryName", repository.to_owned()),
        ]
    };
    let variables: Vec<(&str, String)> = match action.action_type_id.provider.as_str() {
        "S3" => vec![
            (
                "ETag",
                asked.object.map_or_else(
                    || digest(place, action, &revision.id)[..32].to_owned(),
                    |object| object.content.etag.to_string(),
                ),
            ),
            (
                "VersionId",
                match asked.object {
                    Some(object) if object.version.is_none() => parhelion_artifacts::NULL.to_owned(),
                    _ => revision.id.clone(),
                },
            ),
            ("BucketName", configured(action, "S3Bucket").to_owned()),
            ("ObjectKey", object.unwrap_or_else(|| configured(action, "S3ObjectKey").to_owned())),
        ],
        "ECR" => {
            let (repository, tag) = (configured(action, "RepositoryName"), image_tag(action));
            let registry = format!("{}.dkr.ecr.{}.amazonaws.com", place.account(), place.region());
            vec![
                ("ImageDigest", revision.id.clone()),
                ("ImageTag", tag.to_owned()),
                ("ImageURI", format!("{registry}/{repository}@{}", revision.id)),
                ("RegistryId", place.account().to_owned()),
                ("RepositoryName", repository.to_owned()),
            ]
        }
        "CodeCommit" => commit(configured(action, "RepositoryName"), configured(action, "BranchName")),
        "GitHub" => {
            let mut all = commit(configured(action, "Repo"), configured(action, "Branch"));
            all.push(("CommitUrl", revision.url.clone().unwrap_or_default()));
            all
        }
        "CodeStarSourceConnection" => vec![
            ("AuthorDate", date),
            // Docs: the branch where the change was made.
            (
                "BranchName",
                wanted
                    .and_then(|w| w.branch.clone())
                    .unwrap_or_else(|| configured(action, "BranchName").to_owned()),
            ),
            ("CommitId", revision.id.clone()),
            ("CommitMessage", message),
            ("ConnectionArn", configured(action, "ConnectionArn").to_owned()),
            ("FullRepositoryName", configured(action, "FullRepositoryId").to_owned()),
        ],
        _ => Vec::new(),
    };
    Outcome {
        summary: revision.summary.clone(),
        external_id: Some(revision.id.clone()),
        external_url: revision.url.clone(),
        variables: variables.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        revision: Some(revision),
        ..Outcome::default()
    }
}

/// The revision that an object is.
// CHOICE: in a bucket without versions its tag tells it from others.
fn of_object(object: &Object) -> Revision {
    let etag = object.content.etag.to_string();
    Revision {
        id: object.version.clone().unwrap_or_else(|| etag.clone()),
        change: Some(etag),
        summary: object.summary.clone(),
        url: None,
        created: Some(object.modified),
    }
}

fn image_tag(action: &ActionDeclaration) -> &str {
    // Docs: ECR action reference: the tag is `latest` where none is given.
    Some(configured(action, "ImageTag")).filter(|tag| !tag.is_empty()).unwrap_or("latest")
}

/// The revision of a source that nobody said anything about: the same each time for the same configuration.
// CHOICE: 40 hex digits for git, 32 characters for S3, a SHA-256 digest for ECR.
fn synthetic(
    place: &Place,
    action: &ActionDeclaration,
    object: Option<&str>,
    created: Timestamp,
) -> Revision {
    let digest = digest(place, action, object.unwrap_or("revision"));
    let (id, summary) = match source_kind(action) {
        SourceKind::S3 => (digest[..32].to_owned(), None),
        SourceKind::Ecr => (format!("sha256:{digest}"), None),
        SourceKind::Git | SourceKind::Other => {
            (digest[..40].to_owned(), Some("Synthetic revision".to_owned()))
        }
    };
    complete(place, action, Revision { id, summary, created: Some(created), ..Revision::default() })
}

/// Adds what follows from the id and the configuration.
fn complete(place: &Place, action: &ActionDeclaration, mut revision: Revision) -> Revision {
    let id = &revision.id;
    if revision.summary.is_none() && source_kind(action) == SourceKind::S3 {
        // Docs: the sample of ListActionExecutions.
        revision.summary = Some(format!("Amazon S3 version id: {id}"));
    }
    if revision.url.is_none() {
        // CHOICE: addresses after the form of the consoles' own.
        revision.url = match action.action_type_id.provider.as_str() {
            "GitHub" => Some(format!(
                "https://github.com/{}/{}/commit/{id}",
                configured(action, "Owner"),
                configured(action, "Repo")
            )),
            "CodeCommit" => Some(format!(
                "https://{}.console.aws.amazon.com/codecommit/home#/repository/{}/commit/{id}",
                place.region(),
                configured(action, "RepositoryName")
            )),
            "S3" => {
                Some(format!("https://console.aws.amazon.com/s3/home?#{}", configured(action, "S3Bucket")))
            }
            _ => None,
        };
    }
    revision
}

/// Where a source can be looked at (`entityUrl`).
// CHOICE: addresses after the form of the consoles' own.
pub fn entity_url(place: &Place, action: &ActionDeclaration) -> Option<String> {
    if action.action_type_id.category != ActionCategory::Source {
        return None;
    }
    match action.action_type_id.provider.as_str() {
        "GitHub" => Some(format!(
            "https://github.com/{}/{}/tree/{}",
            configured(action, "Owner"),
            configured(action, "Repo"),
            configured(action, "Branch")
        )),
        "CodeCommit" => Some(format!(
            "https://{}.console.aws.amazon.com/codecommit/home#/repository/{}/browse/{}/--/",
            place.region(),
            configured(action, "RepositoryName"),
            configured(action, "BranchName")
        )),
        "S3" => Some(format!("https://console.aws.amazon.com/s3/home?#{}", configured(action, "S3Bucket"))),
        _ => None,
    }
}

/// 64 hex digits made of whose it is, of the provider and of what does not belong to its secrets.
fn digest(place: &Place, action: &ActionDeclaration, what: &str) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    part(&place.to_string());
    part(&action.action_type_id.provider);
    part(what);
    for (key, value) in action.configuration.iter().flatten().filter(|(key, _)| *key != "OAuthToken") {
        part(key);
        part(value);
    }
    hex(&hash.finalize())
}
