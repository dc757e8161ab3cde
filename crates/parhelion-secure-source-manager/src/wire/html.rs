//! The pages that deliveries link to, as plainly as can be.

use crate::{
    domain::urls,
    operations::Context,
    store::SsmStore,
    wire::{Address, Server},
};
use http::request::Parts;
use parhelion_git::{CommitInfo, GitError, ObjectId};
use parhelion_http::{Head, Named, Response, answer as respond};
use std::sync::Arc;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
/// Commits shown on one page.
const COMMITS: usize = 50;

/// Answers a page of a repository: itself, `commit/{sha}`, `compare/{a}...{b}`, `pulls/{n}[.diff|.patch]`.
pub async fn answer(server: &Arc<Server>, address: Address, rest: &str, parts: &Parts) -> Response {
    let head = Head::of(parts);
    let mut tenant = String::new();
    let found = match server.world(head) {
        Some(world) if parts.method == http::Method::GET => {
            let context = server.context(world, head, &parts.headers);
            tenant = context.tenant(&address.scope()).0;
            page(&context, &address, rest).await
        }
        _ => Ok(None),
    };
    let mut response = match found {
        Ok(Some(Page::Html(html))) => respond(200, HTML, html),
        Ok(Some(Page::Text(text))) => respond(200, TEXT, text),
        Ok(None) => respond(404, HTML, document("Not found", "<p>There is no such page.</p>")),
        Err(e @ GitError::Missing(_)) => {
            respond(503, HTML, document("No git", &format!("<p>{}</p>", escaped(&e.to_string()))))
        }
        Err(e) => {
            tracing::error!(request_id = head.request_id, error = %e, "a page could not be made");
            respond(500, HTML, document("Error", "<p>Internal error.</p>"))
        }
    };
    response.extensions_mut().insert(Named { operation: "page".into(), tenant });
    response
}

enum Page {
    Html(String),
    Text(String),
}

async fn page(context: &Context, address: &Address, rest: &str) -> Result<Option<Page>, GitError> {
    let version = context.world.shelf::<SsmStore>().load(&context.tenant(&address.scope()));
    let Some(repository) = version.store.repository(&address.key()) else { return Ok(None) };
    if repository.instance != address.instance {
        return Ok(None);
    }
    let git = &context.git;
    let refs = repository.refs();
    let uris = urls::uris(&context.call.base, &address.location, &address.repository, repository);
    let title = format!("{}/{}", repository.project, address.repository);
    match rest.split_once('/') {
        None if rest.is_empty() => {
            let mut body = format!(
                "<p>{}</p><pre>git clone {}</pre><ul>",
                escaped(&repository.description),
                escaped(&uris.git_https)
            );
            for (name, id) in &refs.by_name {
                body.push_str(&format!(
                    "<li>{} <a href=\"{}/commit/{id}\">{id}</a></li>",
                    escaped(name),
                    escaped(&uris.html)
                ));
            }
            Ok(Some(Page::Html(document(&title, &(body + "</ul>")))))
        }
        Some(("commit", sha)) => {
            let Ok(id) = sha.parse::<ObjectId>() else { return Ok(None) };
            if !git.contains(&refs, id).await? {
                return Ok(None);
            }
            let page = |c: CommitInfo| document(&format!("{title}: {id}"), &commit(&uris.html, &c));
            Ok(git.commit(id).await?.map(page).map(Page::Html))
        }
        Some(("compare", range)) => {
            let Some((old, new)) = range.split_once("...") else { return Ok(None) };
            let (Ok(old), Ok(new)) = (old.parse::<ObjectId>(), new.parse::<ObjectId>()) else {
                return Ok(None);
            };
            for id in [old, new].into_iter().filter_map(ObjectId::some) {
                if !git.contains(&refs, id).await? {
                    return Ok(None);
                }
            }
            let (tips, not): (Vec<_>, Vec<_>) =
                (new.some().into_iter().collect(), old.some().into_iter().collect());
            let commits = git.commits(&tips, &not, COMMITS).await?;
            let body: String = commits.iter().map(|c| commit(&uris.html, c)).collect();
            Ok(Some(Page::Html(document(&format!("{title}: {old}...{new}"), &body))))
        }
        Some(("pulls", rest)) => {
            let (number, as_text) = match rest.rsplit_once('.') {
                Some((number, "diff" | "patch")) => (number, true),
                _ => (rest, false),
            };
            let found = number.parse().ok().and_then(|number| {
                version.store.pull_requests.get(&(
                    address.location.clone(),
                    address.repository.clone(),
                    number,
                ))
            });
            let Some(pull) = found else { return Ok(None) };
            let from = git.merge_base(pull.base_sha, pull.head_sha).await?.unwrap_or(pull.base_sha);
            let patches = git.patches(from, pull.head_sha).await?;
            let diff: String = patches.into_iter().map(|patch| patch.text).collect();
            if as_text {
                return Ok(Some(Page::Text(diff)));
            }
            let body = format!(
                "<p>{} &rarr; {}</p><pre>{}</pre><pre>{}</pre>",
                escaped(&pull.head),
                escaped(&pull.base),
                escaped(&pull.body),
                escaped(&diff)
            );
            Ok(Some(Page::Html(document(&format!("{title}: {}", pull.title), &body))))
        }
        _ => Ok(None),
    }
}

fn commit(html: &str, commit: &CommitInfo) -> String {
    let list = |mark: &str, paths: &[String]| -> String {
        paths.iter().map(|p| format!("{mark} {}\n", escaped(p))).collect()
    };
    format!(
        "<h2><a href=\"{}/commit/{id}\">{id}</a></h2><p>{} &lt;{}&gt;, {}</p><pre>{}</pre><pre>{}{}{}</pre>",
        escaped(html),
        escaped(&commit.author.name),
        escaped(&commit.author.email),
        commit.author.at.format("%Y-%m-%dT%H:%M:%SZ"),
        escaped(&commit.message),
        list("A", &commit.added),
        list("D", &commit.removed),
        list("M", &commit.modified),
        id = commit.id,
    )
}

fn document(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>{body}</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
