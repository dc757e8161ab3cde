//! What simulated actions come out with: section 6's default outcome, success at once, with plausible variables.

use super::{
    engine::records::{Execution, Outcome, Revision, Run},
    place::Place,
};
use crate::shapes::{ActionCategory, ActionDeclaration, ActionOwner};
use chrono::SecondsFormat;
use parhelion_core::{Timestamp, text::hex};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

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
    if asked.action.action_type_id.category == ActionCategory::Source {
        return source(asked);
    }
    let action = asked.action;
    let id = asked.run.id.to_string();
    let variables: Vec<(&str, String)> = match action.action_type_id.provider.as_str() {
        "ECRBuildAndPublish" => vec![
            ("ECRImageDigestId", format!("sha256:{}", digest(asked.place, action, "image"))),
            ("ECRRepositoryName", configured(action, "ECRRepositoryName").to_owned()),
        ],
        "CloudFormationStackSet" | "CloudFormationStackInstances" => vec![
            ("StackSetId", format!("{}:{id}", configured(action, "StackSetName"))),
            ("OperationId", id.clone()),
        ],
        "StepFunctions" => {
            let machine = configured(action, "StateMachineArn");
            let execution = machine.replacen(":stateMachine:", ":execution:", 1);
            vec![("StateMachineArn", machine.to_owned()), ("ExecutionArn", format!("{execution}:{id}"))]
        }
        _ => Vec::new(),
    };
    let mut variables: BTreeMap<String, String> =
        variables.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    // CHOICE: what commands would export is not known: each variable has the value `simulated`.
    variables
        .extend(action.output_variables.iter().flatten().map(|name| (name.clone(), "simulated".to_owned())));
    // Docs: the sample of ListActionExecutions.
    let summary = (action.action_type_id.provider == "CodeDeploy").then(|| "Deployment Succeeded".to_owned());
    Outcome { variables, summary, external_id: Some(id), ..Outcome::default() }
}

fn source(asked: &Asked<'_>) -> Outcome {
    let (place, action) = (asked.place, asked.action);
    let wanted = asked.execution.wanted.get(&action.name);
    let object = wanted.and_then(|w| w.object_key.clone());
    let revision = wanted.and_then(|w| w.revision.clone());
    let revision = revision.map_or_else(
        || synthetic(place, action, object.as_deref(), asked.created),
        |r| complete(place, action, r),
    );
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
            ("ETag", digest(place, action, &revision.id)[..32].to_owned()),
            ("VersionId", revision.id.clone()),
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
