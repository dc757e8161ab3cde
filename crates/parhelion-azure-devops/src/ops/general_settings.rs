//! The general settings of a project's pipelines.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/general-settings

use crate::{
    error::{Error, Result},
    operations::Input,
    store::{AzureDevOpsStore, Project},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde_json::{Map, Value};

/// The settings, and what they are in a new project.
// Docs: the names. CHOICE: what a new project has of those whose default the vendor's pages do not say.
const SETTINGS: &[(&str, bool)] = &[
    ("auditEnforceSettableVar", false),
    ("buildsEnabledForForks", true),
    ("disableClassicBuildPipelineCreation", false),
    ("disableClassicPipelineCreation", false),
    ("disableClassicReleasePipelineCreation", false),
    ("disableImpliedYAMLCiTrigger", false),
    ("enableShellTasksArgsSanitizing", false),
    ("enableShellTasksArgsSanitizingAudit", false),
    ("enforceJobAuthScope", true),
    ("enforceJobAuthScopeForForks", true),
    ("enforceJobAuthScopeForReleases", true),
    ("enforceNoAccessToSecretsFromForks", true),
    ("enforceReferencedRepoScopedToken", true),
    ("enforceSettableVar", true),
    ("forkProtectionEnabled", true),
    ("isCommentRequiredForPullRequest", true),
    ("publishPipelineMetadata", false),
    ("requireCommentsForNonTeamMemberAndNonContributors", false),
    ("requireCommentsForNonTeamMembersOnly", false),
    ("statusBadgesArePrivate", true),
];

fn show(project: &Project) -> Value {
    let now = |name: &str, default: bool| project.pipeline_settings.get(name).copied().unwrap_or(default);
    Value::Object(SETTINGS.iter().map(|(n, d)| ((*n).to_owned(), now(n, *d).into())).collect())
}

/// A project and what is set.
pub struct Asked {
    project: String,
    given: Map<String, Value>,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given = if request.is_bodyless() { Map::new() } else { request.json()? };
        Ok(Asked { project: request.project()?.to_owned(), given })
    }
}

/// GeneralSettings_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "GeneralSettings_Get";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, asked: Asked, _: &View<'_>) -> Result<Reply> {
        Ok(Reply::One(show(&*store.project(&asked.project)?)))
    }
}

/// GeneralSettings_Update: those that are given; `null` leaves one as it is.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "GeneralSettings_Update";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, asked: Asked, tx: &mut Tx<'_>) -> Result<Reply> {
        let id = store.project(&asked.project)?.id;
        let mut set = Vec::new();
        for (name, value) in asked.given.iter().filter(|(_, v)| !v.is_null()) {
            let Some((known, _)) = SETTINGS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) else {
                continue;
            };
            let value = value.as_bool();
            let value =
                value.ok_or_else(|| Error::invalid(format!("The setting {known} is true or false.")))?;
            set.push((*known, value));
        }
        for (name, value) in set {
            store.projects.edit(&id, |p| p.pipeline_settings.insert(name.to_owned(), value));
            let fact = format!("the pipelines' setting {name} is now {value}");
            tx.emit(Event::new("project.changed", format!("project:{id}")).fact(fact).verdict(Verdict::Ok));
        }
        Ok(Reply::One(show(&*store.project(&asked.project)?)))
    }
}
