//! From a look to an expanded pipeline: git, then the YAML.

use super::{Ask, Look, set_by_caller};
use crate::{
    domain::{
        checks,
        files::{GitFiles, with_files},
        refs, source, variable_groups,
        variables::Variables,
    },
    error::{Error, Result},
    show::{Links, segment},
    store::{AzureDevOpsStore, Definition, OtherSource, Reason},
    tenant::{Tenant, unavailable},
};
use parhelion_azure_pipelines::{
    Document, Expanded, Files, Inputs, Issue, Repository, Unread, expand_with, expand_within, parse,
    pipeline::Strategy,
};
use std::{cell::Cell, sync::Arc};

/// An expanded pipeline, and what it was made of besides the definition's own repository.
pub struct Expansion {
    /// The pipeline.
    pub expanded: Expanded,
    /// Other repositories that it names.
    pub others: Vec<OtherSource>,
    /// The variables that were known to it; what the look saw has them all. `None`: they are to be gathered again.
    pub known: Option<Variables>,
}

impl Expansion {
    /// Whether the other repositories still stand where they stood.
    pub fn is_still(&self, store: &AzureDevOpsStore) -> bool {
        self.others.iter().all(|other| other.is_still(store))
    }
}

/// The expanded pipeline, or the messages why there is none.
pub type Outcome = std::result::Result<Expansion, Vec<String>>;

/// Reads and expands what a look saw.
///
/// # Errors
/// Only what is no fault of the pipeline: git hosting that does not work.
pub async fn expanded(tenant: &Tenant, look: &Look, ask: &Ask) -> Result<Outcome> {
    let store = tenant.read(|store, _| store.clone());
    expanded_in(tenant, &store, look, ask).await
}

/// The same with what `store` holds, which need not have been written yet.
///
/// # Errors
/// As [`expanded`].
pub async fn expanded_in(
    tenant: &Tenant,
    store: &AzureDevOpsStore,
    look: &Look,
    ask: &Ask,
) -> Result<Outcome> {
    let done = expansion(tenant, store, look, ask).await?;
    Ok(done.and_then(|made| {
        // Where nothing is permitted by itself, an environment that is not there is not made either.
        let pipeline = &made.expanded.pipeline;
        let missing = match checks::is_strict(store) {
            true => checks::known_environments(store, &look.project, pipeline),
            false => Vec::new(),
        };
        if missing.is_empty() { Ok(made) } else { Err(missing) }
    }))
}

async fn expansion(tenant: &Tenant, store: &AzureDevOpsStore, look: &Look, ask: &Ask) -> Result<Outcome> {
    let links = Links::of(store, &tenant.call);
    let variables = known(store, look, ask, &links);
    if let Some(messages) = unreadable(tenant, look).await? {
        return Ok(Err(messages));
    }
    let commit = look.place.commit.filter(|_| ask.yaml.is_none());
    let source = match commit.and_then(|c| tenant.documents.get(c, &look.place.file)) {
        Some(parsed) => Source::Parsed(parsed),
        None => match &ask.yaml {
            Some(text) => Source::Text(text.clone()),
            None => match text(tenant, look, &links).await? {
                Ok(text) => Source::Text(text),
                Err(messages) => return Ok(Err(messages)),
            },
        },
    };
    let name = if look.place.file.is_empty() { "/azure-pipelines.yml" } else { &look.place.file }.to_owned();
    let documents = tenant.documents.clone();
    let inputs = Inputs {
        parameters: ask.parameters.clone(),
        webhooks: ask.payloads.clone(),
        variables: variables.shown(),
    };
    if let Source::Parsed(document) = &source
        && let Some(done) = soon(store, look, document, &inputs, &variables)
    {
        return Ok(done);
    }
    let files = GitFiles::new(tenant, store.clone(), look.project.clone(), &look.definition, &look.place);
    let files = files.pinned(ask.repositories.clone());
    let work = move |files: &GitFiles| {
        let document = match source {
            Source::Parsed(document) => document,
            Source::Text(text) => {
                let document = Arc::new(parse(&name, &text)?);
                if let Some(commit) = commit {
                    documents.put(commit, &name, document.clone(), text.len());
                }
                document
            }
        };
        expand_with(&document, &inputs, files)
    };
    let (expanded, others) = with_files(files, work).await?;
    Ok(match expanded {
        Ok(expanded) => within(store, look, Expansion { expanded, others, known: Some(variables) }),
        Err(issues) => Err(said(&issues)),
    })
}

/// Steps of work that are done at once, on a thread that serves everybody: about two milliseconds.
const SHORT: u64 = 2_000;

/// Expands what takes little work and no other files, which spares a change of threads; `None`: it takes more.
fn soon(
    store: &AzureDevOpsStore,
    look: &Look,
    document: &Document,
    inputs: &Inputs,
    known: &Variables,
) -> Option<Outcome> {
    let files = Unasked::default();
    let (expanded, spent) = expand_within(document, inputs, &files, SHORT);
    let whole = !files.0.get() && spent.events < SHORT;
    whole.then(|| match expanded {
        Ok(expanded) => {
            let known = Some(known.clone());
            within(store, look, Expansion { expanded, others: Vec::new(), known })
        }
        Err(issues) => Err(said(&issues)),
    })
}

/// Jobs that one `strategy` makes at most.
// CHOICE: 256 and the text for slices; the text for a matrix is the service's.
const MAX_LEGS: usize = 256;

/// The pipeline, unless one of its jobs is multiplied beyond bounds, or it names variable groups that are not there.
fn within(store: &AzureDevOpsStore, look: &Look, expansion: Expansion) -> Outcome {
    let jobs = expansion.expanded.pipeline.stages.iter().flat_map(|stage| &stage.jobs);
    let too_many = jobs.filter_map(|job| {
        let (what, count) = match &job.strategy {
            Strategy::Matrix { legs, .. } => ("matrix", legs.len()),
            Strategy::Parallel(text) => ("slicing", text.trim().parse().ok()?),
            _ => return None,
        };
        (count > MAX_LEGS).then(|| {
            format!(
                "The {what} expansion resulted in {count} jobs which exceeds the maximum allowable job count of {MAX_LEGS}."
            )
        })
    });
    let mut messages: Vec<String> = too_many.collect();
    let groups = variable_groups::of_pipeline(store, &look.project, &expansion.expanded.pipeline);
    messages.extend(groups.err().into_iter().flatten());
    if messages.is_empty() { Ok(expansion) } else { Err(messages) }
}

fn said(issues: &[Issue]) -> Vec<String> {
    issues.iter().map(ToString::to_string).collect()
}

/// No files at all; whether one was asked for.
#[derive(Default)]
struct Unasked(Cell<bool>);

impl Files for Unasked {
    fn open(&self, _: &Repository) -> std::result::Result<(), String> {
        self.0.set(true);
        Ok(())
    }
    fn read(&self, _: Option<&Repository>, _: &str) -> std::result::Result<String, Unread> {
        self.0.set(true);
        Err(Unread::Other(String::new()))
    }
}

/// Where the tree comes from.
enum Source {
    Text(String),
    Parsed(Arc<Document>),
}

/// Why a commit that was asked for cannot be read: the object store is shared, an id alone says nothing about whose
/// commit it is.
async fn unreadable(tenant: &Tenant, look: &Look) -> Result<Option<Vec<String>>> {
    let (Some(version), Some(ours)) = (look.place.commit, &look.repository) else { return Ok(None) };
    if !ask_names_a_commit(look)
        || tenant.git.contains(&ours.as_refs(), version).await.map_err(unavailable)?
    {
        return Ok(None);
    }
    Ok(Some(vec![format!("Could not find the version {version} in the repository {}.", ours.name)]))
}

async fn text(
    tenant: &Tenant,
    look: &Look,
    links: &Links,
) -> Result<std::result::Result<String, Vec<String>>> {
    let Definition { repository, process, .. } = &*look.definition;
    if process.file().is_none() {
        // CHOICE: definitions of the classic designer are kept, and cannot run.
        return Ok(Err(vec![
            "The pipeline is of the classic designer, which is kept but not run here.".to_owned(),
        ]));
    }
    let Some(ours) = &look.repository else {
        let (kind, name) = (&repository.kind, &repository.name);
        return Ok(Err(vec![format!(
            "{}: The repository {name} of type {kind} cannot be read here.",
            look.place.file
        )]));
    };
    let url = links.to(format_args!("{}/_git/{}", segment(&look.project.name), segment(&ours.name)));
    match source::text(tenant, &look.place).await {
        Ok(Some(text)) => Ok(Ok(text)),
        Ok(None) => Ok(Err(vec![source::missing(&look.place, Some(ours), &url)])),
        Err(Error::PipelineInvalid { messages }) => Ok(Err(messages)),
        Err(other) => Err(other),
    }
}

/// Whether the commit is another than the branch's tip.
fn ask_names_a_commit(look: &Look) -> bool {
    let tip = look.repository.as_ref().and_then(|r| r.tip(&look.place.branch));
    look.place.commit != tip
}

/// The variables that are known before a run has its number: predefined ones, the definition's, the caller's.
pub fn known(store: &AzureDevOpsStore, look: &Look, ask: &Ask, links: &Links) -> Variables {
    let mut known = Variables::default();
    let (project, definition) = (&look.project, &look.definition);
    let by = if ask.reason == Reason::ResourceTrigger { store.service_identity() } else { store.user() };
    let mut set = |name: &str, value: String| known.set(name, value, false);
    let reason = match serde_json::to_value(ask.reason) {
        Ok(serde_json::Value::String(mut word)) => {
            // Docs: Build.Reason begins with a capital (`Manual`, `ResourceTrigger`).
            word[..1].make_ascii_uppercase();
            word
        }
        _ => String::new(),
    };
    set("Build.Reason", reason);
    set("Build.SourceBranch", look.place.branch.clone());
    set("Build.SourceBranchName", refs::short(&look.place.branch).to_owned());
    set("Build.SourceVersion", look.place.commit.map(|c| c.to_string()).unwrap_or_default());
    set("Build.DefinitionName", definition.name.clone());
    set("Build.DefinitionVersion", definition.revision.to_string());
    set("Build.RequestedFor", by.name.clone());
    set("Build.RequestedForEmail", by.unique_name.clone());
    set("Build.RequestedForId", by.id.to_string());
    set("Build.QueuedBy", by.name);
    set("Build.QueuedById", by.id.to_string());
    if let Some(repository) = &look.repository {
        set("Build.Repository.ID", repository.id.to_string());
        set("Build.Repository.Name", repository.name.clone());
        set("Build.Repository.Provider", "TfsGit".to_owned());
        set(
            "Build.Repository.Uri",
            links.to(format_args!("{}/_git/{}", segment(&project.name), segment(&repository.name))),
        );
    }
    set("System.TeamProject", project.name.clone());
    set("System.TeamProjectId", project.id.to_string());
    set("System.CollectionUri", links.to(""));
    set("System.TeamFoundationCollectionUri", links.to(""));
    set("System.DefinitionId", definition.id.to_string());
    set("System.HostType", "build".to_owned());
    if let Some(alias) = ask.trigger_info.get("alias") {
        // Docs: the names. CHOICE: the category of a webhook.
        set("Resources.TriggeringAlias", alias.clone());
        set("Resources.TriggeringCategory", "webhook".to_owned());
    }
    for (name, variable) in definition.variables.iter().chain(&set_by_caller(definition, ask)) {
        known.set(name, variable.value.clone(), variable.is_secret);
    }
    known
}
