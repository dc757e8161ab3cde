//! Which commits of a repository are wanted: in the query of a call, or in its body.

use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::Input,
    ops::repositories::One,
    wire::request::{ApiRequest, Query},
};
use parhelion_core::Timestamp;
use parhelion_git::{CommitInfo, ObjectId};
use serde_json::Value;

/// Commits in a page when the client does not say.
const PAGE: usize = 100;
/// Commits in a page at most, and ids in one call.
const MAX: usize = 1_000;

/// A repository and which of its commits.
pub struct Wanted {
    pub repository: One,
    /// What reaches them.
    pub version: Version,
    /// What is reached from here and not from `version`, instead.
    pub compare: Option<Version>,
    /// From that commit on, itself included.
    pub from: Option<ObjectId>,
    /// Up to that commit, instead of what `version` says.
    pub to: Option<ObjectId>,
    /// Exactly these.
    pub ids: Vec<ObjectId>,
    path: Option<String>,
    author: Option<String>,
    committer: Option<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    /// Whether commits that delete the path are left out.
    no_deletes: bool,
    pub oldest_first: bool,
    pub top: usize,
    pub skip: usize,
}

/// Where criteria are read from.
trait Source {
    /// A criterion by its name, with dots for what is nested; a list with commas.
    fn get(&self, name: &str) -> Option<String>;
}

struct InQuery<'a>(&'a Query);
impl Source for InQuery<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(&format!("searchCriteria.{name}")).map(str::to_owned)
    }
}

struct InBody<'a>(&'a Value);
impl Source for InBody<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Object(_) | Value::Array(_) => None,
            other => Some(other.to_string()),
        };
        let found = name.split('.').try_fold(self.0, |value, part| value.get(part))?;
        let text = match found {
            Value::Array(items) => items.iter().filter_map(text).collect::<Vec<_>>().join(","),
            other => text(other)?,
        };
        Some(text).filter(|t| !t.is_empty())
    }
}

impl Wanted {
    fn new(repository: One, query: &Query, source: &dyn Source) -> Result<Self> {
        let number = |name: &str| -> Result<Option<usize>> {
            let bad = |_| Error::invalid(format!("The criterion {name} is no number."));
            match query.parsed(name)? {
                Some(number) => Ok(Some(number)),
                None => source.get(name).map(|n| n.parse().map_err(bad)).transpose(),
            }
        };
        let time = |name: &str| -> Result<Option<Timestamp>> {
            let bad = |_| Error::invalid(format!("searchCriteria.{name} is no ISO 8601 time."));
            let read = |t: String| chrono::DateTime::parse_from_rfc3339(&t).map(|t| t.to_utc()).map_err(bad);
            source.get(name).map(read).transpose()
        };
        let id = |text: &str| -> Result<ObjectId> {
            let shown = || text.chars().take(80).collect::<String>();
            let bad = |_| Error::invalid(format!("'{}' is no commit id: 40 hexadecimal digits.", shown()));
            text.trim().parse().map_err(bad)
        };
        let version = |name: &str| {
            let (kind, version) =
                (source.get(&format!("{name}.versionType")), source.get(&format!("{name}.version")));
            Ok::<_, Error>((version.is_some(), Version::read(kind.as_deref(), version.as_deref())?))
        };
        let (_, own) = version("itemVersion")?;
        let (compares, compare) = version("compareVersion")?;
        let ids = source.get("ids").unwrap_or_default();
        let ids: Vec<ObjectId> =
            ids.split(',').filter(|i| !i.trim().is_empty()).map(id).collect::<Result<_>>()?;
        if ids.len() > MAX {
            return Err(Error::invalid(format!("One call asks for at most {MAX} commits by their ids.")));
        }
        let is_true = |name: &str| source.get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        Ok(Wanted {
            repository,
            version: own,
            compare: compares.then_some(compare),
            from: source.get("fromCommitId").map(|t| id(&t)).transpose()?,
            to: source.get("toCommitId").map(|t| id(&t)).transpose()?,
            ids,
            path: source.get("itemPath").map(|p| p.trim_matches('/').to_owned()).filter(|p| !p.is_empty()),
            author: source.get("author").map(|a| a.to_lowercase()),
            committer: source.get("user").map(|a| a.to_lowercase()),
            after: time("fromDate")?,
            before: time("toDate")?,
            no_deletes: is_true("excludeDeletes"),
            oldest_first: is_true("showOldestCommitsFirst"),
            top: number("$top")?.unwrap_or(PAGE).min(MAX),
            skip: number("$skip")?.unwrap_or(0),
        })
    }

    /// Whether it leaves out commits by what they are.
    pub fn filters(&self) -> bool {
        self.path.is_some()
            || self.author.is_some()
            || self.committer.is_some()
            || self.after.is_some()
            || self.before.is_some()
    }

    /// Whether a commit is left in.
    pub fn takes(&self, commit: &CommitInfo) -> bool {
        let touched = |path: &String| {
            let at = |p: &String| p == path || p.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            let kept = commit.added.iter().chain(&commit.modified).any(at);
            kept || (!self.no_deletes && commit.removed.iter().any(at))
        };
        let is = |who: &String, person: &parhelion_git::Person| {
            person.name.to_lowercase().contains(who) || person.email.to_lowercase() == *who
        };
        self.path.as_ref().is_none_or(touched)
            && self.author.as_ref().is_none_or(|who| is(who, &commit.author))
            && self.committer.as_ref().is_none_or(|who| is(who, &commit.committer))
            && self.after.is_none_or(|t| commit.committer.at >= t)
            && self.before.is_none_or(|t| commit.committer.at <= t)
    }
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        Wanted::new(One::read(request)?, &request.query, &InQuery(&request.query))
    }
}

/// The same out of a body.
pub struct Posted(pub Wanted);

impl Input for Posted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let body: Value = request.json()?;
        Wanted::new(One::read(request)?, &request.query, &InBody(&body)).map(Posted)
    }
}
