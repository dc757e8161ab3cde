//! Bytes in, bytes out: REST, gRPC, smart HTTP, and the plain pages that deliveries link to.

mod call;
mod git;
pub mod grpc;
mod html;
mod json;
pub mod rest;
mod routes;

use crate::{Settings, claims, domain::identity, operations::Context};
use http::HeaderMap;
use parhelion_core::Call;
use parhelion_git::GitHost;
use parhelion_http::{Head, Request, Response};
use parhelion_state::{World, Worlds};
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// What answers need.
pub struct Server {
    /// The server's worlds.
    pub worlds: Arc<Worlds>,
    /// Where git objects live.
    pub git: Arc<GitHost>,
    /// What the server's start said.
    pub settings: Arc<Settings>,
}

impl Server {
    /// The world that a request is for.
    pub fn world(&self, head: &Head) -> Option<Arc<World>> {
        self.worlds.find(&head.world)
    }
    /// What a request runs in.
    pub fn context(&self, world: Arc<World>, head: &Head, headers: &HeaderMap) -> Context {
        let call = Call { caller: identity::caller(headers), ..head.call() };
        Context { world, git: Arc::clone(&self.git), settings: Arc::clone(&self.settings), call }
    }
    /// Whether a request is turned away for want of credentials.
    pub fn turns_away(&self, headers: &HeaderMap) -> bool {
        self.settings.auth_required && !headers.contains_key(http::header::AUTHORIZATION)
    }
}

/// A repository as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `us-central1`.
    pub location: String,
    /// The instance's id.
    pub instance: String,
    /// The project's id or number.
    pub project: String,
    /// The repository's id.
    pub repository: String,
}

/// What a URL outside the API means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A git call: the repository, and what follows it (`info/refs`).
    Git(Address, String),
    /// A page: the repository, and what follows it (`commit/…`).
    Html(Address, String),
}

/// Answers whatever this surface claims.
pub async fn answer(server: Arc<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if grpc::is_grpc(&parts) {
        return grpc::answer(&server, parts, body).await;
    }
    match place(&claims::host(&parts), parts.uri.path()) {
        Some(Place::Git(address, rest)) => git::answer(&server, address, &rest, &parts, body).await,
        Some(Place::Html(address, rest)) => html::answer(&server, address, &rest, &parts).await,
        None => rest::answer(&server, parts, body).await,
    }
}

/// The answer to a request whose handling panicked.
pub fn panicked(head: &Head) -> Response {
    if grpc::is_method(head.original_uri.path()) { grpc::internal() } else { rest::internal() }
}

/// Reads `/_ssm/{git|html}/{location}/{instance}/{project}/{repository}…`, and on an instance's host
/// `/{project}/{repository}…`.
fn place(host: &str, path: &str) -> Option<Place> {
    let segments: Vec<String> = path
        .trim_start_matches('/')
        .split('/')
        .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
        .collect();
    let (is_git, location, instance, rest) = match segments.as_slice() {
        [ssm, kind, location, instance, rest @ ..] if ssm == "_ssm" && (kind == "git" || kind == "html") => {
            (kind == "git", location.clone(), instance.clone(), rest)
        }
        rest => {
            let (label, location) = claims::instance_host(host)?.split_once('.')?;
            let (name, is_git) = match label.strip_suffix("-git") {
                Some(name) => (name, true),
                None if label.ends_with("-api") || label.ends_with("-ssh") => return None,
                None => (label, false),
            };
            let (instance, number) = name.rsplit_once('-')?;
            number.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
            (is_git, location.to_owned(), instance.to_owned(), rest)
        }
    };
    let [project, repository, rest @ ..] = rest else { return None };
    let repository = if is_git { repository.strip_suffix(".git").unwrap_or(repository) } else { repository };
    let address = Address { location, instance, project: project.clone(), repository: repository.to_owned() };
    let rest = rest.join("/");
    Some(if is_git { Place::Git(address, rest) } else { Place::Html(address, rest) })
}

impl Address {
    /// Key of the repository's record.
    fn key(&self) -> (String, String) {
        (self.location.clone(), self.repository.clone())
    }
    /// A name that `Context::tenant` understands.
    fn scope(&self) -> String {
        format!("projects/{}", self.project)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::urls::HOST_SUFFIX as SUFFIX;
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_a_repositorys_url() {
        let address = Address {
            location: "us-central1".into(),
            instance: "my-inst".into(),
            project: "p1".into(),
            repository: "my-repo".into(),
        };
        let git = Some(Place::Git(address.clone(), "info/refs".to_owned()));
        assert_eq!(place("localhost", "/_ssm/git/us-central1/my-inst/p1/my-repo.git/info/refs"), git);
        assert_eq!(place("localhost", "/_ssm/git/us-central1/my-inst/p1/my-repo/info/refs"), git);
        let host = format!("my-inst-123456789012-git.us-central1.{SUFFIX}");
        assert_eq!(place(&host, "/p1/my-repo.git/info/refs"), git);
        let html = Some(Place::Html(address, "commit/1".to_owned()));
        assert_eq!(place("localhost", "/_ssm/html/us-central1/my-inst/p1/my-repo/commit/1"), html);
        assert_eq!(place("my-inst-123456789012.us-central1.sourcemanager.dev", "/p1/my-repo/commit/1"), html);
        let api = format!("my-inst-123456789012-api.us-central1.{SUFFIX}");
        assert_eq!(place(&api, "/v1/projects/p1/locations"), None);
    }

    proptest! {
        #[test]
        fn any_path_is_read_without_panic(host in "[a-z0-9.-]{0,20}(.sourcemanager.localhost)?", path in "/(_ssm/git/)?[ -~]{0,60}") {
            let _ = place(&host, &path);
        }
    }
}
