//! What a variable group must be to be kept, and what pipelines know of groups.

use crate::{
    domain::variables::Variables,
    error::{Error, Result},
    store::{AzureDevOpsStore, GroupVariable, Project, Share, VariableGroup},
};
use parhelion_azure_pipelines::{Pipeline, pipeline::Variable};
use parhelion_core::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Groups of an organization.
// CHOICE: the service's own bounds are not documented; the same holds for the next three.
pub const MAX_GROUPS: usize = 1_000;
/// Variables of a group.
const MAX_VARIABLES: usize = 1_000;
/// Characters of a group's or variable's name.
const MAX_NAME: usize = 256;
/// Values, descriptions and provider data of a group in all, bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// A group as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    name: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    variables: Option<BTreeMap<String, Option<GivenVariable>>>,
    provider_data: Option<Value>,
    variable_group_project_references: Option<Vec<Reference>>,
}

/// A variable as a caller gives it: an object, or (of careless callers) its value alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum GivenVariable {
    Whole(Members),
    Value(String),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Members {
    value: Option<String>,
    is_secret: Option<bool>,
    is_read_only: Option<bool>,
}

/// A project that a group stands in, as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reference {
    project_reference: Option<ProjectReference>,
    name: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ProjectReference {
    id: Option<String>,
    name: Option<String>,
}

impl Reference {
    /// The place it means. Unlike an endpoint's, it must name the group itself when `name` is empty.
    fn share(&self, store: &AzureDevOpsStore, name: &str, description: &str) -> Result<Share> {
        let text = |t: &Option<String>| t.clone().filter(|t| !t.trim().is_empty());
        let project = self.project_reference.as_ref().and_then(|p| text(&p.id).or_else(|| text(&p.name)));
        // OBSERVED: the text.
        let bad = || Error::argument("Project information name is not valid for variable group.");
        let name = text(&self.name).unwrap_or_else(|| name.to_owned());
        let share = Share {
            project: store.project(&project.ok_or_else(bad)?)?.id,
            name: name.trim().to_owned(),
            description: text(&self.description).unwrap_or_else(|| description.to_owned()),
        };
        if share.name.is_empty() || share.name.chars().count() > MAX_NAME {
            return Err(bad());
        }
        Ok(share)
    }
}

/// The group that a caller's words make: `before` is what they replace, `implied` the project of the path.
///
/// # Errors
/// When a member is missing, a project unknown, or a name taken in one of the projects.
pub fn build(
    store: &AzureDevOpsStore,
    given: Given,
    id: u32,
    before: Option<&VariableGroup>,
    implied: Option<Uuid>,
    now: Timestamp,
) -> Result<VariableGroup> {
    let name = given.name.unwrap_or_default().trim().to_owned();
    let description = given.description.unwrap_or_default();
    let mut shares: Vec<Share> = Vec::new();
    for reference in given.variable_group_project_references.unwrap_or_default() {
        let share = reference.share(store, &name, &description)?;
        if !shares.iter().any(|s| s.project == share.project) {
            shares.push(share);
        }
    }
    if let Some(project) = implied.filter(|_| shares.is_empty()) {
        // Clients of 5.1 name no projects; further ones keep their names.
        let implied = Reference {
            project_reference: Some(ProjectReference { id: Some(project.to_string()), name: None }),
            ..Reference::default()
        };
        shares.push(implied.share(store, &name, &description)?);
        let others = before.into_iter().flat_map(|b| &b.shares).filter(|s| s.project != project);
        shares.extend(others.cloned());
    }
    if shares.is_empty() {
        // OBSERVED: the text, with its slip.
        return Err(Error::argument("Atleast one variable group project reference is required"));
    }
    for share in &shares {
        require_free_name(store, share, id)?;
    }
    let kind = given.kind.filter(|k| !k.trim().is_empty());
    let kind = kind.or_else(|| before.map(|b| b.kind.clone())).unwrap_or_else(|| "Vsts".to_owned());
    let kind = match kind.as_str() {
        k if k.eq_ignore_ascii_case("Vsts") => "Vsts",
        k if k.eq_ignore_ascii_case("AzureKeyVault") => "AzureKeyVault",
        other => {
            let shown: String = other.chars().take(80).collect();
            // OBSERVED: the text.
            return Err(Error::argument(format!("Variable group type {shown} is not supported.")));
        }
    };
    let variables = variables(given.variables.unwrap_or_default(), before)?;
    let provider = given.provider_data.filter(|p| !p.is_null());
    let bytes: usize = variables.values().map(|v| v.value.len()).sum::<usize>()
        + provider.as_ref().map_or(0, |p| p.to_string().len())
        + shares.iter().map(|s| s.description.len()).sum::<usize>();
    if bytes > MAX_BYTES {
        return Err(Error::argument(format!("The variable group holds more than {MAX_BYTES} bytes.")));
    }
    Ok(VariableGroup {
        id,
        kind: kind.to_owned(),
        variables,
        provider,
        shares,
        created: before.map_or(now, |b| b.created),
        modified: now,
    })
}

fn variables(
    given: BTreeMap<String, Option<GivenVariable>>,
    before: Option<&VariableGroup>,
) -> Result<BTreeMap<String, GroupVariable>> {
    if given.is_empty() {
        // OBSERVED: the text.
        return Err(Error::argument("Variable group must have at least one variable defined."));
    }
    if given.len() > MAX_VARIABLES {
        return Err(Error::argument(format!("A variable group has at most {MAX_VARIABLES} variables.")));
    }
    let mut names = BTreeSet::new();
    let mut kept = BTreeMap::new();
    for (name, variable) in given {
        let members = match variable {
            None => Members::default(),
            Some(GivenVariable::Whole(members)) => members,
            Some(GivenVariable::Value(value)) => Members { value: Some(value), ..Members::default() },
        };
        let trimmed = name.trim();
        if trimmed.is_empty() || trimmed.chars().count() > MAX_NAME || name.contains(char::is_control) {
            return Err(Error::argument(
                "The name of a variable is empty, too long, or holds control characters.",
            ));
        }
        if !names.insert(trimmed.to_lowercase()) {
            return Err(Error::argument(format!("The variable {trimmed} is given more than once.")));
        }
        let old = before.and_then(|b| b.variables.iter().find(|(n, _)| n.eq_ignore_ascii_case(trimmed)));
        let is_secret = members.is_secret.unwrap_or(false);
        // OBSERVED: a secret that comes back without a value, or with an empty one, keeps the one it had. What was
        // no secret and becomes one keeps its value too.
        let asked = members.value.filter(|v| !is_secret || !v.is_empty());
        let value = asked.or_else(|| old.filter(|_| is_secret).map(|(_, v)| v.value.clone()));
        let is_read_only = members.is_read_only.unwrap_or(false);
        let variable = GroupVariable { value: value.unwrap_or_default(), is_secret, is_read_only };
        kept.insert(trimmed.to_owned(), variable);
    }
    Ok(kept)
}

/// A further place of a group.
///
/// # Errors
/// When the project is unknown or the name taken there.
pub fn further(store: &AzureDevOpsStore, reference: &Reference, group: &VariableGroup) -> Result<Share> {
    let first = group.shares.first();
    let (name, description) = first.map_or(("", ""), |s| (s.name.as_str(), s.description.as_str()));
    let share = reference.share(store, name, description)?;
    require_free_name(store, &share, group.id)?;
    Ok(share)
}

fn require_free_name(store: &AzureDevOpsStore, share: &Share, own: u32) -> Result<()> {
    let taken = named(store, share.project, &share.name).is_some_and(|g| g.id != own);
    if taken { Err(Error::VariableGroupExists { name: share.name.clone() }) } else { Ok(()) }
}

/// The group that has this name in a project, in any case.
pub fn named<'a>(store: &'a AzureDevOpsStore, project: Uuid, name: &str) -> Option<&'a VariableGroup> {
    let wanted = name.trim().to_lowercase();
    let here = |g: &&VariableGroup| g.share(project).is_some_and(|s| s.name.to_lowercase() == wanted);
    store.variable_groups.values().map(|g| &**g).find(here)
}

/// What a run sees of a group.
fn seen(group: &VariableGroup) -> Variables {
    let mut variables = Variables::default();
    for (name, variable) in &group.variables {
        variables.set(name, variable.value.clone(), variable.is_secret);
    }
    variables
}

/// The groups that a pipeline names, by name in lower case, or the messages about those that are not there.
// OBSERVED: `${{ variables.x }}` knows nothing of them; they count from the run on.
pub fn of_pipeline(
    store: &AzureDevOpsStore,
    project: &Project,
    pipeline: &Pipeline,
) -> std::result::Result<BTreeMap<String, Variables>, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut messages = Vec::new();
    let mut look = |variables: &[Variable], missing: &dyn Fn(&str) -> String| {
        for variable in variables {
            let Variable::Group(name) = variable else { continue };
            match named(store, project.id, name) {
                Some(group) => {
                    found.entry(name.to_lowercase()).or_insert_with(|| seen(group));
                }
                None => messages.push(missing(name)),
            }
        }
    };
    // OBSERVED: this text; those of stages and jobs by their likes.
    look(&pipeline.variables, &|name| {
        format!(
            "An error occurred while loading the YAML build pipeline. Variable group {name} was not found or is not authorized for use. For authorization details, refer to https://aka.ms/yamlauthz."
        )
    });
    for stage in &pipeline.stages {
        look(&stage.variables, &|name| missing_at("Stage", &stage.name, name));
        for job in &stage.jobs {
            look(&job.variables, &|name| missing_at("Job", &job.name, name));
        }
    }
    if messages.is_empty() { Ok(found) } else { Err(messages) }
}

fn missing_at(kind: &str, place: &str, name: &str) -> String {
    format!(
        "{kind} {place}: Variable group {name} could not be found. The variable group does not exist or has not been authorized for use. For authorization details, refer to https://aka.ms/yamlauthz."
    )
}

/// Adds the variables of the groups that a definition links by their ids, where nothing of that name is known yet; an
/// earlier group wins.
// CHOICE: a linked group that is gone, or not in the project, is passed over.
pub fn add_linked(
    store: &AzureDevOpsStore,
    project: &Project,
    linked: Option<&Value>,
    known: &mut Variables,
) {
    let ids = linked.and_then(Value::as_array).into_iter().flatten();
    let ids = ids.filter_map(|group| u32::try_from(group.get("id")?.as_u64()?).ok());
    let groups =
        ids.filter_map(|id| store.variable_groups.get(&id)).filter(|g| g.share(project.id).is_some());
    for (name, variable) in groups.flat_map(|group| &group.variables) {
        if known.get(name).is_none() {
            known.set(name, variable.value.clone(), variable.is_secret);
        }
    }
}
