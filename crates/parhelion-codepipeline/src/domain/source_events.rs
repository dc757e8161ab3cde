//! What an event of a repository comes to (4.9 of the specification): which pipelines it concerns, what their
//! triggers say to it, and what is told of each. Pure: judged on a published value, before anything is written.

use super::{
    engine::{
        Engine,
        records::{LineId, Plan, Revision, Wanted},
    },
    simulation::configured,
};
use crate::shapes::{ActionDeclaration, GitPullRequestEventType, GitPullRequestFilter, GitPushFilter};
use parhelion_core::{
    Event, Verdict,
    glob::{Dialect, Glob},
    text::prefix,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The provider whose actions have such events.
const PROVIDER: &str = "CodeStarSourceConnection";
/// Longest trigger detail, characters. Docs: the model's `TriggerDetail`.
const DETAIL_CHARS: usize = 1024;
/// Patterns that a sentence names.
const NAMED_PATTERNS: usize = 5;

/// Something happened in a repository.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceEvent {
    /// The connection that it came by, where it is said.
    pub connection: Option<String>,
    /// `owner/name`.
    pub repository: String,
    /// What happened.
    pub what: What,
    /// The commit that is there then.
    pub commit: String,
    /// The commit's message.
    pub message: Option<String>,
    /// The files that changed.
    pub files: Vec<String>,
}

/// What happened in a repository.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Commits were pushed to a branch.
    Push {
        /// The branch.
        branch: String,
    },
    /// A tag was pushed.
    Tag {
        /// The tag.
        tag: String,
    },
    /// A pull request changed.
    PullRequest {
        /// The branch that it goes to.
        target: String,
        /// How it changed.
        event: GitPullRequestEventType,
        /// The branch that it comes from, where it is said.
        branch: Option<String>,
    },
}

impl What {
    /// In a sentence.
    fn shown(&self) -> String {
        match self {
            What::Push { branch } => format!("a push to branch '{branch}'"),
            What::Tag { tag } => format!("a push of tag '{tag}'"),
            What::PullRequest { target, event, .. } => {
                format!("a pull request to branch '{target}', {event}")
            }
        }
    }
}

impl SourceEvent {
    /// The subject of its journal entry.
    pub fn subject(&self) -> String {
        format!("repository:{}", self.repository)
    }

    /// The journal entry that everything it leads to goes back to.
    pub fn received(&self) -> Event {
        let fact = format!("repository '{}' tells of {}", self.repository, self.what.shown());
        Event::new("git.received", self.subject())
            .fact(fact)
            .verdict(Verdict::Ok)
            .with("commit", self.commit.clone())
            .with("files", self.files.len())
    }

    /// What the trigger detail of an execution says of it.
    // CHOICE: the event without its message and files, which the detail's bound could not hold.
    pub fn detail(&self) -> String {
        let mut detail = Map::new();
        let mut put = |name: &str, value: &str| detail.insert(name.to_owned(), value.into());
        if let Some(connection) = &self.connection {
            put("connectionArn", connection);
        }
        put("fullRepositoryId", &self.repository);
        match &self.what {
            What::Push { branch } => {
                put("kind", "push");
                put("branch", branch);
            }
            What::Tag { tag } => {
                put("kind", "tag");
                put("tag", tag);
            }
            What::PullRequest { target, event, branch } => {
                put("kind", "pullRequest");
                put("prEvent", event.as_str());
                put("targetBranch", target);
                if let Some(branch) = branch {
                    put("branch", branch);
                }
            }
        }
        put("commitId", &self.commit);
        let text = Value::Object(detail.clone()).to_string();
        if text.chars().count() <= DETAIL_CHARS {
            return text;
        }
        detail.remove("connectionArn");
        Value::Object(detail).to_string()
    }

    /// What a source action finds because of it.
    // Docs: the commit of the branch that was pushed, or that the pull request comes from.
    fn wanted(&self) -> Wanted {
        let branch = match &self.what {
            What::Push { branch } => Some(branch),
            What::PullRequest { branch, .. } => branch.as_ref(),
            What::Tag { .. } => None,
        };
        Wanted {
            revision: Some(Revision {
                id: self.commit.clone(),
                summary: self.message.as_deref().map(|message| prefix(message, 2048).to_owned()),
                ..Revision::default()
            }),
            branch: branch.cloned(),
            ..Wanted::default()
        }
    }
}

/// What an event comes to in a pipeline that it concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The pipeline's name.
    pub pipeline: String,
    /// What the judgement rests on: the pipeline and its version.
    pub basis: (LineId, i32),
    /// What was found, in order.
    pub facts: Vec<Event>,
    /// What the source actions are to find that it starts the pipeline for; empty: it does not start.
    pub wanted: BTreeMap<String, Wanted>,
}

/// All pipelines that an event concerns, by name.
pub fn judge_all(engine: &Engine, event: &SourceEvent) -> Vec<Judged> {
    engine.names.keys().filter_map(|name| judge(engine, name, event)).collect()
}

/// What an event comes to in a pipeline; `None` when no source action of it names the repository.
pub fn judge(engine: &Engine, pipeline: &str, event: &SourceEvent) -> Option<Judged> {
    let (line, found) = engine.line(pipeline)?;
    let plan = engine.plan(line)?;
    let mut judged = Judged {
        pipeline: pipeline.to_owned(),
        basis: (line, found.version),
        facts: Vec::new(),
        wanted: BTreeMap::new(),
    };
    let named = |action: &&ActionDeclaration| {
        action.action_type_id.provider == PROVIDER
            && configured(action, "FullRepositoryId") == event.repository
    };
    for action in plan.sources().filter(named) {
        let mut found = Found { pipeline, action, facts: &mut judged.facts };
        if found.starts(plan, event) {
            judged.wanted.insert(action.name.clone(), event.wanted());
        }
    }
    (!judged.facts.is_empty()).then_some(judged)
}

/// One source action under judgement.
struct Found<'a> {
    pipeline: &'a str,
    action: &'a ActionDeclaration,
    facts: &'a mut Vec<Event>,
}

impl Found<'_> {
    /// Writes down how something came out, and hands on how.
    fn tell(&mut self, what: &str, outcome: Result<String, String>) -> bool {
        let (verdict, why) = match &outcome {
            Ok(why) => (Verdict::Ok, why),
            Err(why) => (Verdict::Failed, why),
        };
        let event = Event::new("filter.evaluated", format!("pipeline:{}", self.pipeline))
            .fact(format!("pipeline '{}', {what} of action '{}': {why}", self.pipeline, self.action.name))
            .verdict(verdict)
            .with("pipeline", self.pipeline)
            .with("action", self.action.name.clone());
        self.facts.push(event);
        outcome.is_ok()
    }

    fn starts(&mut self, plan: &Plan, event: &SourceEvent) -> bool {
        let own = configured(self.action, "ConnectionArn");
        if let Some(connection) = event.connection.as_deref().filter(|given| *given != own) {
            let why = format!("it is '{own}', the event came by '{connection}'");
            return self.tell("the connection", Err(why));
        }
        let triggers = plan.declaration.triggers.iter().flatten();
        let git = triggers.map(|trigger| &trigger.git_configuration);
        let own: Vec<_> = git.filter(|git| git.source_action_name == self.action.name).collect();
        let pushes = || own.iter().flat_map(|git| git.push.iter().flatten());
        let pull_requests = || own.iter().flat_map(|git| git.pull_request.iter().flatten());
        if pushes().count() + pull_requests().count() == 0 {
            // CHOICE: a trigger without filters says no more than none.
            return self.tell("change detection", self.detects(event));
        }
        // Docs: the filters of a trigger are joined by OR.
        let mut starts = false;
        for (n, filter) in pushes().enumerate() {
            starts |= self.tell(&format!("push filter {}", n + 1), push(filter, event));
        }
        for (n, filter) in pull_requests().enumerate() {
            starts |= self.tell(&format!("pull request filter {}", n + 1), pull_request(filter, event));
        }
        starts
    }

    /// Without triggers: a push to the configured branch, unless that is turned off.
    fn detects(&self, event: &SourceEvent) -> Result<String, String> {
        if configured(self.action, "DetectChanges").eq_ignore_ascii_case("false") {
            return Err("DetectChanges is false".to_owned());
        }
        let own = configured(self.action, "BranchName");
        match &event.what {
            What::Push { branch } if branch == own => Ok(format!("'{branch}' is its BranchName")),
            What::Push { branch } => Err(format!("its BranchName is '{own}', pushed was '{branch}'")),
            other => Err(format!("without triggers only pushes to '{own}' start it, not {}", other.shown())),
        }
    }
}

// Docs: a filter with tags looks at pushes of tags alone; branches and file paths must both pass.
fn push(filter: &GitPushFilter, event: &SourceEvent) -> Result<String, String> {
    if let Some(tags) = &filter.tags {
        let What::Tag { tag } = &event.what else {
            return Err(format!("it is for tags, not for {}", event.what.shown()));
        };
        return passes("tag", tags.includes.as_deref(), tags.excludes.as_deref(), tag);
    }
    let What::Push { branch } = &event.what else {
        return Err(format!("it is for pushes to branches, not for {}", event.what.shown()));
    };
    let branches = filter.branches.as_ref();
    let branches = branches.map(|b| passes("branch", b.includes.as_deref(), b.excludes.as_deref(), branch));
    let paths = filter.file_paths.as_ref();
    let paths = paths.map(|p| some_file(p.includes.as_deref(), p.excludes.as_deref(), &event.files));
    all_of([branches, paths])
}

fn pull_request(filter: &GitPullRequestFilter, event: &SourceEvent) -> Result<String, String> {
    let What::PullRequest { target, event: how, .. } = &event.what else {
        return Err(format!("it is for pull requests, not for {}", event.what.shown()));
    };
    // Docs: without events, all of them.
    let events = filter.events.as_ref().filter(|events| !events.is_empty()).map(|events| {
        let names: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
        if events.contains(how) {
            Ok(format!("{how} is one of its events"))
        } else {
            Err(format!("{how} is none of its events {}", names.join(", ")))
        }
    });
    let branches = filter.branches.as_ref();
    let branches = branches.map(|b| passes("branch", b.includes.as_deref(), b.excludes.as_deref(), target));
    let paths = filter.file_paths.as_ref();
    let paths = paths.map(|p| some_file(p.includes.as_deref(), p.excludes.as_deref(), &event.files));
    all_of([events, branches, paths])
}

fn all_of<const N: usize>(criteria: [Option<Result<String, String>>; N]) -> Result<String, String> {
    let given: Vec<String> = criteria.into_iter().flatten().collect::<Result<_, _>>()?;
    Ok(if given.is_empty() { "it asks for nothing more".to_owned() } else { given.join("; ") })
}

/// The patterns of one list, ready to match.
struct Patterns<'a>(Vec<(&'a str, Option<Glob>)>);

impl<'a> Patterns<'a> {
    fn new(patterns: Option<&'a [String]>) -> Self {
        let read = |pattern: &'a String| (pattern.as_str(), Glob::new(pattern, &Dialect::PATH).ok());
        Patterns(patterns.unwrap_or_default().iter().map(read).collect())
    }
    /// The pattern that a text matches. What is no pattern matches nothing.
    fn of(&self, text: &str) -> Option<&'a str> {
        let matches = |glob: &Option<Glob>| glob.as_ref().is_some_and(|glob| glob.matches(text));
        self.0.iter().find(|(_, glob)| matches(glob)).map(|(pattern, _)| *pattern)
    }
    fn shown(&self) -> String {
        let named = self.0.iter().take(NAMED_PATTERNS).map(|(pattern, glob)| match glob {
            Some(_) => format!("'{pattern}'"),
            None => format!("'{pattern}' (which is no pattern)"),
        });
        let mut named: Vec<String> = named.collect();
        if let Some(more) = self.0.len().checked_sub(NAMED_PATTERNS).filter(|more| *more > 0) {
            named.push(format!("{more} more"));
        }
        named.join(", ")
    }
}

/// What criteria say to texts.
struct Criteria<'a> {
    includes: Patterns<'a>,
    excludes: Patterns<'a>,
}

impl<'a> Criteria<'a> {
    fn new(includes: Option<&'a [String]>, excludes: Option<&'a [String]>) -> Self {
        Criteria { includes: Patterns::new(includes), excludes: Patterns::new(excludes) }
    }
    // Docs: what is excluded is so, whatever includes it; without includes everything else passes.
    fn say(&self, what: &str, text: &str) -> Result<String, String> {
        if let Some(pattern) = self.excludes.of(text) {
            return Err(format!("{what} '{text}' is excluded by '{pattern}'"));
        }
        match self.includes.of(text) {
            Some(pattern) => Ok(format!("{what} '{text}' is included by '{pattern}'")),
            None if self.includes.0.is_empty() => Ok(format!("{what} '{text}' is not excluded")),
            None => Err(format!("{what} '{text}' is not included by {}", self.includes.shown())),
        }
    }
}

fn passes(
    what: &str,
    includes: Option<&[String]>,
    excludes: Option<&[String]>,
    text: &str,
) -> Result<String, String> {
    Criteria::new(includes, excludes).say(what, text)
}

// Docs: some changed file must pass.
fn some_file(
    includes: Option<&[String]>,
    excludes: Option<&[String]>,
    files: &[String],
) -> Result<String, String> {
    let criteria = Criteria::new(includes, excludes);
    let mut first = None;
    for file in files {
        match criteria.say("file", file) {
            Ok(why) => return Ok(why),
            Err(why) => {
                first.get_or_insert(why);
            }
        }
    }
    Err(match (first, files.len()) {
        (None, _) => "it asks for files, and the event names none".to_owned(),
        (Some(why), 1) => why,
        (Some(why), n) => format!("{why}; none of the {} others passes either", n - 1),
    })
}

#[cfg(test)]
mod tests;
