//! Payloads of repositories' hooks: which handler knows one, and what it says.

use crate::domain::fetch::Fetch;
use crate::domain::hook_url::HookUrl;
use crate::store::Commit;
use serde_json::Value;

/// What besides the payload says who sends it.
pub struct Sender<'a> {
    /// The branch that the site deploys.
    pub branch: &'a str,
    /// `X-GitHub-Event`, if it is there.
    pub github_event: Option<&'a str>,
    /// `User-Agent`.
    pub user_agent: &'a str,
}

/// What a payload asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Handled {
    /// To fetch.
    Fetch(Fetch),
    /// A handler knows it, and there is nothing to do: why.
    Nothing(String),
    /// No handler knows it.
    Unknown,
}

/// Asks the handlers one after another.
pub fn read(json: &Value, sender: &Sender<'_>) -> Handled {
    let handlers = [generic, github, bitbucket, bitbucket_v2, gitlab, github_compatible, vso];
    handlers
        .iter()
        .map(|handler| handler(json, sender))
        .find(|h| *h != Handled::Unknown)
        .unwrap_or(Handled::Unknown)
}

fn short(text: &str) -> String {
    parhelion_core::text::prefix(text, SAID_BYTES).to_owned()
}

fn text<'a>(json: &'a Value, path: &[&str]) -> Option<&'a str> {
    let found = path.iter().try_fold(json, |json, name| json.get(name))?;
    found.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// `{"format":"basic","url":…}`; a commit after `#` is the one that is deployed.
fn generic(json: &Value, _: &Sender<'_>) -> Handled {
    let (Some("basic"), Some(url)) = (text(json, &["format"]), text(json, &["url"])) else {
        return Handled::Unknown;
    };
    let (url, commit) = match url.split_once('#') {
        // CHOICE: what is no commit's id would fail in the clone.
        Some((_, commit)) if !commit.is_empty() && !is_commit(commit) => return Handled::Unknown,
        Some((url, commit)) if !commit.is_empty() => (url, Some(commit.to_ascii_lowercase())),
        _ => (url.trim_end_matches('#'), None),
    };
    let Some(host) = host(url) else {
        return Handled::Nothing("the payload's url is no address".to_owned());
    };
    let deployer = match host.as_str() {
        host if host.ends_with("github.com") => "GitHub".to_owned(),
        host if host.ends_with("bitbucket.org") => "Bitbucket".to_owned(),
        host if host.starts_with("gitlab") => "GitlabHQ".to_owned(),
        host => host.to_owned(),
    };
    // CHOICE: real Kudu reads the message from the clone; without one it says where it comes from.
    let said = Commit { message: short(&format!("Deployment from {url}")), ..Commit::default() };
    Handled::Fetch(Fetch { url: url.to_owned(), commit, said, deployer: Some(deployer), continuous: false })
}

fn host(url: &str) -> Option<String> {
    let parsed = HookUrl::parse(url)?;
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty() && !parsed.scheme.is_empty()).then(|| host.to_ascii_lowercase())
}

/// The shape that GitHub and those who follow it have.
fn like_github(json: &Value, sender: &Sender<'_>, deployer: &str) -> Result<Fetch, String> {
    let reference = text(json, &["ref"]).ok_or("the payload names no ref")?;
    let mut parts = reference.splitn(3, '/');
    let branch = match (parts.next(), parts.next(), parts.next()) {
        (Some("refs"), Some(_), Some(branch)) => branch,
        _ => return Err(format!("{} is no branch", parhelion_core::text::prefix(reference, 200))),
    };
    if branch != sender.branch {
        let branch = parhelion_core::text::prefix(branch, 200);
        return Err(format!("the change is of branch {branch}; the site deploys {}", sender.branch));
    }
    let after = text(json, &["after"]).ok_or("the payload names no commit")?;
    if after.bytes().all(|b| b == b'0') {
        return Err("the branch was deleted".to_owned());
    }
    if !is_commit(after) {
        return Err("the payload's after is no id of a commit".to_owned());
    }
    let repository = json.get("repository").filter(|repository| repository.is_object());
    let repository = repository.ok_or("the payload names no repository")?;
    let url = ["clone_url", "git_http_url", "url", "git_url", "ssh_url"]
        .iter()
        .find_map(|name| text(repository, &[name]))
        .ok_or("the payload's repository has no address")?;
    let last = json.get("commits").and_then(Value::as_array).and_then(|commits| commits.last());
    Ok(Fetch {
        url: url.to_owned(),
        commit: Some(after.to_ascii_lowercase()),
        said: last.map(said).unwrap_or_default(),
        deployer: Some(deployer.to_owned()),
        continuous: true,
    })
}

fn is_commit(id: &str) -> bool {
    (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Longest text that is kept of a commit, bytes.
const SAID_BYTES: usize = 64 * 1024;

fn said(commit: &Value) -> Commit {
    let of = |path: &[&str]| short(text(commit, path).unwrap_or_default());
    Commit { author: of(&["author", "name"]), email: of(&["author", "email"]), message: of(&["message"]) }
}

fn github(json: &Value, sender: &Sender<'_>) -> Handled {
    if sender.github_event.is_none() {
        return Handled::Unknown;
    }
    match like_github(json, sender, "GitHub") {
        Ok(fetch) => Handled::Fetch(fetch),
        Err(why) => Handled::Nothing(why),
    }
}

fn github_compatible(json: &Value, sender: &Sender<'_>) -> Handled {
    // What does not fit falls through to the handlers that follow.
    like_github(json, sender, "External Provider").map_or(Handled::Unknown, Handled::Fetch)
}

/// The first Bitbucket: `canon_url`, `repository.absolute_url`, `commits` with a branch each.
fn bitbucket(json: &Value, sender: &Sender<'_>) -> Handled {
    let (Some(base), Some(path)) = (text(json, &["canon_url"]), text(json, &["repository", "absolute_url"]))
    else {
        return Handled::Unknown;
    };
    let commits = json.get("commits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ours = commits.iter().rev().find(|commit| {
        let one = text(commit, &["branch"]) == Some(sender.branch);
        let several = commit
            .get("branches")
            .and_then(Value::as_array)
            .is_some_and(|branches| branches.iter().any(|branch| branch.as_str() == Some(sender.branch)));
        one || several
    });
    let Some(commit) = ours else {
        return Handled::Nothing(format!("no commit of the payload is of branch {}", sender.branch));
    };
    let id = text(commit, &["raw_node"]).filter(|id| is_commit(id)).map(str::to_ascii_lowercase);
    // `Name <address>`.
    let raw = text(commit, &["raw_author"]).unwrap_or_default();
    let (author, email) =
        raw.split_once('<').map_or((raw, ""), |(name, rest)| (name, rest.trim_end_matches('>')));
    let said = Commit {
        author: short(author.trim()),
        email: short(email),
        message: short(text(commit, &["message"]).unwrap_or_default()),
    };
    let url = format!("{}{path}", base.trim_end_matches('/'));
    Handled::Fetch(Fetch { url, commit: id, said, deployer: Some("Bitbucket".to_owned()), continuous: true })
}

/// Bitbucket since its webhooks 2.0.
fn bitbucket_v2(json: &Value, sender: &Sender<'_>) -> Handled {
    if !sender.user_agent.starts_with("Bitbucket-Webhooks/2.0") {
        return Handled::Unknown;
    }
    let changes = json.get("push").and_then(|push| push.get("changes")).and_then(Value::as_array);
    let ours = changes.into_iter().flatten().rev().find_map(|change| {
        let new = change.get("new")?;
        (text(new, &["type"]) != Some("tag") && text(new, &["name"]) == Some(sender.branch)).then_some(new)
    });
    let Some(new) = ours else {
        return Handled::Nothing(format!("no change of the payload is of branch {}", sender.branch));
    };
    let Some(url) = text(json, &["repository", "links", "html", "href"]) else {
        return Handled::Nothing("the payload's repository has no address".to_owned());
    };
    let id = text(new, &["target", "hash"]).filter(|id| is_commit(id)).map(str::to_ascii_lowercase);
    let raw = text(new, &["target", "author", "raw"]).unwrap_or_default();
    let (author, email) =
        raw.split_once('<').map_or((raw, ""), |(name, rest)| (name, rest.trim_end_matches('>')));
    let said = Commit {
        author: short(author.trim()),
        email: short(email),
        message: short(text(new, &["target", "message"]).unwrap_or_default()),
    };
    let deployer = Some("Bitbucket".to_owned());
    Handled::Fetch(Fetch { url: url.to_owned(), commit: id, said, deployer, continuous: true })
}

/// GitLab: GitHub's shape, with a user's name and a number of commits.
fn gitlab(json: &Value, sender: &Sender<'_>) -> Handled {
    if json.get("user_name").is_none() && json.get("total_commits_count").is_none() {
        return Handled::Unknown;
    }
    match like_github(json, sender, "GitlabHQ") {
        Ok(fetch) => Handled::Fetch(fetch),
        Err(why) => Handled::Nothing(why),
    }
}

/// Azure DevOps: a service hook `git.push` of its own publisher.
fn vso(json: &Value, sender: &Sender<'_>) -> Handled {
    if text(json, &["publisherId"]) != Some("tfs") || text(json, &["eventType"]) != Some("git.push") {
        return Handled::Unknown;
    }
    let wanted = format!("refs/heads/{}", sender.branch);
    let updates =
        json.get("resource").and_then(|resource| resource.get("refUpdates")).and_then(Value::as_array);
    let update = updates.into_iter().flatten().find(|update| text(update, &["name"]) == Some(&wanted));
    let Some(id) = update.and_then(|update| text(update, &["newObjectId"])).filter(|id| is_commit(id)) else {
        return Handled::Nothing(format!("no change of the payload is of branch {}", sender.branch));
    };
    let Some(url) = text(json, &["resource", "repository", "remoteUrl"]) else {
        return Handled::Nothing("the payload's repository has no address".to_owned());
    };
    let commits = json.get("resource").and_then(|resource| resource.get("commits")).and_then(Value::as_array);
    let of = |commit: &Value, path: &[&str]| short(text(commit, path).unwrap_or_default());
    let said = commits.and_then(|commits| commits.first()).map(|commit| Commit {
        author: of(commit, &["author", "name"]),
        email: of(commit, &["author", "email"]),
        message: of(commit, &["comment"]),
    });
    Handled::Fetch(Fetch {
        url: url.to_owned(),
        commit: Some(id.to_ascii_lowercase()),
        said: said.unwrap_or_default(),
        deployer: Some("VSO".to_owned()),
        continuous: true,
    })
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
