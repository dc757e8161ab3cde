//! One check, looked at: whether it holds now.

use super::{hours::Hours, lock, permit};
use crate::{
    domain::refs,
    store::{AzureDevOpsStore, Build, CheckKind, CheckRun, Definition, Project},
};
use parhelion_core::{
    Timestamp,
    glob::{Dialect, Glob},
};
use serde_json::Value;

/// What is known of who asks.
pub(super) struct About<'a> {
    /// The project.
    pub project: &'a Project,
    /// The pipeline.
    pub definition: Option<&'a Definition>,
    /// The run and its stage.
    pub run: Option<(&'a Build, usize)>,
    /// Whether permissions are needed.
    pub strict: bool,
}

/// What a look at a check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds.
    Holds(String),
    /// Not yet: why, and when to look again.
    NotYet(String, Option<Timestamp>),
    /// It does not hold and will not.
    Fails(String),
    /// It is given up for another run's sake.
    GivenUp(String),
}
use Verdict::{Fails, GivenUp, Holds, NotYet};

/// Looks at a check that neither a person nor a script decides.
pub(super) fn judge(store: &AzureDevOpsStore, about: &About<'_>, run: &CheckRun, now: Timestamp) -> Verdict {
    let inputs = run.settings.get("inputs").unwrap_or(&Value::Null);
    match run.kind {
        CheckKind::Authorization => authorization(store, about, run),
        CheckKind::BranchControl => branch(about, inputs),
        CheckKind::RequiredTemplate => template(about, run),
        CheckKind::BusinessHours => match Hours::read(inputs) {
            Ok(hours) if hours.is_open(now) => Holds("it is an hour of business".to_owned()),
            Ok(hours) => {
                let next = hours.next(now);
                let when = next.map_or("never".to_owned(), crate::show::time);
                NotYet(format!("it is no hour of business; the next begins at {when}"), next)
            }
            Err(why) => Fails(format!("the business hours cannot be read: {why}")),
        },
        CheckKind::ExclusiveLock => exclusive(store, about, run, now),
        CheckKind::Approval | CheckKind::Task => NotYet(String::new(), None),
    }
}

fn authorization(store: &AzureDevOpsStore, about: &About<'_>, run: &CheckRun) -> Verdict {
    let Some(definition) = about.definition else {
        return NotYet("no pipeline is named that could be permitted".to_owned(), None);
    };
    let named = about.run.is_none_or(|(build, s)| {
        build.stages.get(s).is_some_and(|stage| stage.needs.contains(&run.resource))
    });
    let (project, strict) = (about.project, about.strict);
    if permit::permitted(store, project, definition, &run.resource, !named, strict) {
        return Holds(format!("pipeline {} may use it", definition.name));
    }
    // OBSERVED: the first words, as the portal says them.
    NotYet(
        format!(
            "this pipeline needs permission to access a resource: pipeline {} (id {}) may not use it",
            definition.name, definition.id
        ),
        None,
    )
}

/// Docs: branches with commas between them, as full refs, perhaps with `*`.
// CHOICE: branch policies are not emulated, so no branch is protected: a check that asks for protection fails, unless an
// unknown standing will do.
fn branch(about: &About<'_>, inputs: &Value) -> Verdict {
    let text = |name: &str| inputs.get(name).map(as_text).unwrap_or_default();
    let allowed = text("allowedBranches");
    let on = about.run.map(|(build, _)| build.branch.as_str()).unwrap_or_default();
    let mut patterns = allowed.split(',').map(str::trim).filter(|p| !p.is_empty()).peekable();
    if patterns.peek().is_some() && !patterns.any(|p| branch_matches(p, on)) {
        return Fails(format!("branch {on} is none of those allowed: {allowed}"));
    }
    let asks = |name: &str| text(name).eq_ignore_ascii_case("true");
    if asks("ensureProtectionOfBranch") && !asks("allowUnknownStatusBranch") {
        return Fails(format!("branch {on} is not protected: there are no branch policies here"));
    }
    Holds(format!("branch {on} is allowed"))
}

/// Whether a full ref is one of those that a pattern means: exact, or with `*`.
fn branch_matches(pattern: &str, on: &str) -> bool {
    let whole = if pattern == "*" { pattern.to_owned() } else { refs::full(pattern) };
    Glob::new(&whole, &Dialect::STAR).is_ok_and(|glob| glob.matches(on))
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Docs: the pipeline extends one of the templates.
fn template(about: &About<'_>, run: &CheckRun) -> Verdict {
    let Some(extends) = about.run.and_then(|(build, _)| build.extends.as_ref()) else {
        return Fails("the pipeline extends no template".to_owned());
    };
    let wanted = run.settings.get("extendsChecks").and_then(Value::as_array);
    let text =
        |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let is = |of: &Value| {
        let path = text(of, "templatePath");
        let path = path.trim_start_matches(['/', '.']);
        let (repository, reference) = (text(of, "repositoryName"), text(of, "repositoryRef"));
        // `project/repository` or the repository alone.
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        path == extends.path
            && (repository.is_empty() || last(&repository) == last(&extends.repository))
            && (reference.is_empty() || branch_matches(&reference, &extends.reference))
    };
    let shown = format!("{} of {}", extends.path, extends.repository);
    if wanted.into_iter().flatten().any(is) {
        Holds(format!("the pipeline extends {shown}"))
    } else {
        Fails(format!("the pipeline extends {shown}, which is none of the required templates"))
    }
}

fn exclusive(store: &AzureDevOpsStore, about: &About<'_>, run: &CheckRun, now: Timestamp) -> Verdict {
    let Some((build, stage)) = about.run else {
        return Holds("nobody waits for it".to_owned());
    };
    match lock::turn(store, build, stage, &run.resource, run.begun.unwrap_or(now)) {
        lock::Turn::Mine => Holds("the stage has it to itself".to_owned()),
        lock::Turn::Another(who) => NotYet(who, None),
        lock::Turn::Superseded(newer) => {
            GivenUp(format!("run id {newer} is newer, and only the latest run gets the lock"))
        }
    }
}
