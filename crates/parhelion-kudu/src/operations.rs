//! THE table: every operation, its route, its handler; and the way from a request to it.

use crate::error::{Fault, Refusal};
use crate::handlers::{Ask, Handler, deployments, hooks, zip_deploy};
use crate::place::Place;
use crate::settings::Settings;
use crate::store::KuduStore;
use crate::wire::answer::{fault, with};
use crate::wire::query::Query;
use http::header::HeaderName;
use parhelion_core::{OperationInfo, Standing};
use parhelion_http::{Head, Named, Request, Response};
use parhelion_state::Worlds;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A line of the table.
struct Row {
    info: OperationInfo,
    method: &'static str,
    /// The route below `api/`; a segment in braces takes any one segment.
    route: &'static str,
    handler: Handler,
}

const WIKI_HOOKS: &str = "https://github.com/projectkudu/kudu/wiki/Web-hooks";
const WIKI_REST: &str = "https://github.com/projectkudu/kudu/wiki/REST-API";
const WIKI_ZIP: &str = "https://github.com/projectkudu/kudu/wiki/Deploying-from-a-zip-file-or-url";

/// `route` in the info is `METHOD /api/…`; all of these are served without `/api` as well.
macro_rules! row {
    ($name:literal, $method:literal, $route:literal, $doc:expr, $standing:ident, $handler:path) => {
        Row {
            info: OperationInfo {
                name: $name,
                route: concat!($method, " /api/", $route),
                doc: $doc,
                standing: Standing::$standing,
            },
            method: $method,
            route: $route,
            handler: |ask, body| Box::pin($handler(ask, body)),
        }
    };
}

const ROWS: [Row; 15] = [
    row!("SubscribeHook", "POST", "hooks", WIKI_HOOKS, Real, hooks::subscribe),
    row!("ListHooks", "GET", "hooks", WIKI_HOOKS, Real, hooks::list),
    row!("GetHook", "GET", "hooks/{id}", WIKI_HOOKS, Real, hooks::get),
    row!("UnsubscribeHook", "DELETE", "hooks/{id}", WIKI_HOOKS, Real, hooks::unsubscribe),
    row!("PublishEvent", "POST", "hooks/publish/{event}", WIKI_HOOKS, Real, hooks::publish),
    // Docs: the page of 2014 has `hooks` twice; the code's route has it once.
    row!("PublishEvent", "POST", "hooks/hooks/publish/{event}", WIKI_HOOKS, Real, hooks::publish),
    row!("ListDeployments", "GET", "deployments", WIKI_REST, Real, deployments::list),
    row!("PutDeployment", "PUT", "deployments", WIKI_REST, Real, deployments::put),
    row!("GetDeployment", "GET", "deployments/{id}", WIKI_REST, Real, deployments::get),
    row!("PutDeployment", "PUT", "deployments/{id}", WIKI_REST, Real, deployments::put),
    row!("DeleteDeployment", "DELETE", "deployments/{id}", WIKI_REST, Real, deployments::delete),
    row!("GetDeploymentLog", "GET", "deployments/{id}/log", WIKI_REST, Real, deployments::log),
    row!(
        "GetDeploymentLogDetails",
        "GET",
        "deployments/{id}/log/{logId}",
        WIKI_REST,
        Real,
        deployments::log_details
    ),
    row!("ZipDeploy", "POST", "zipdeploy", WIKI_ZIP, Simulated, zip_deploy::zip_deploy),
    row!("ZipDeploy", "PUT", "zipdeploy", WIKI_ZIP, Simulated, zip_deploy::zip_deploy),
];

/// The operations as the server lists them.
pub static OPERATIONS: [OperationInfo; ROWS.len()] = {
    let mut infos = [ROWS[0].info; ROWS.len()];
    let mut n = 0;
    while n < ROWS.len() {
        infos[n] = ROWS[n].info;
        n += 1;
    }
    infos
};

/// The routes whose other methods are 405; of all others they are 404, as if the route were not there.
/// OBSERVED: the former are registered without a method.
const WITHOUT_METHOD: [&str; 2] = ["deployments/{id}/log", "deployments/{id}/log/{logId}"];

/// The answer's id, the service's own header.
const MS_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// From a request that this surface claims to its answer.
pub async fn serve(worlds: Arc<Worlds>, settings: Arc<Settings>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts).clone();
    let id = ms_request_id(&parts.headers, &head);
    let mut named = Named::default();
    let answer = match find(&worlds, settings, &head, parts, &mut named) {
        Ok((handler, ask)) => handler(ask, body).await,
        Err(refusal) => Err(Fault::from(refusal)),
    };
    let mut response = with(answer.unwrap_or_else(|f| fault(&f)), MS_REQUEST_ID, &id);
    response.extensions_mut().insert(named);
    response
}

/// The answer to a request whose handling panicked.
pub fn panicked(head: &Head) -> Response {
    with(fault(&Refusal::Internal.into()), MS_REQUEST_ID, &head.request_id)
}

fn find(
    worlds: &Worlds,
    settings: Arc<Settings>,
    head: &Head,
    parts: http::request::Parts,
    named: &mut Named,
) -> Result<(Handler, Ask), Refusal> {
    let place = Place::of(&parts, head).ok_or(Refusal::Internal)?;
    let site = place.site.clone().map_err(Refusal::BadSiteName)?;
    named.tenant = site.to_string();
    let (row, params) = route(&place, parts.method.as_str())?;
    named.operation = row.info.name.into();
    // The server opened it: all methods that have routes may bring a world into being.
    let world = worlds.find(&head.world).ok_or(Refusal::Internal)?;
    if !settings.auto_create && !world.shelf::<KuduStore>().exists(&site) {
        return Err(Refusal::NoSuchSite(site.to_string()));
    }
    let query = Query::parse(place.query.as_deref().unwrap_or_default());
    let call = head.call();
    Ok((row.handler, Ask { world, call, site, place, headers: parts.headers, query, params, settings }))
}

/// The line of the table for a path and method, and what stands in its braces.
fn route(place: &Place, method: &str) -> Result<(&'static Row, Vec<String>), Refusal> {
    static TABLE: [Row; ROWS.len()] = ROWS;
    let segments = segments(&place.path);
    let below = match segments.split_first() {
        Some((first, rest)) if first.eq_ignore_ascii_case("api") => rest,
        _ if place.named => &segments[..],
        _ => &[],
    };
    let found: Vec<_> = TABLE.iter().filter_map(|row| Some((row, matched(row.route, below)?))).collect();
    if found.iter().any(|(row, _)| WITHOUT_METHOD.contains(&row.route))
        && found.iter().all(|(row, _)| row.method != method)
    {
        return Err(Refusal::MethodNotAllowed(method.to_owned()));
    }
    if let Some(row) = found.into_iter().find(|(row, _)| row.method == method) {
        return Ok(row);
    }
    match method {
        // The last route takes these whatever the path.
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => Err(Refusal::NoRoute(place.asked())),
        other => Err(Refusal::MethodNotAllowed(parhelion_core::text::prefix(other, 40).to_owned())),
    }
}

/// A path's segments, decoded; one slash at the end counts for nothing.
fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect()
}

/// What stands in a route's braces, if the segments are that route's.
fn matched(route: &str, segments: &[String]) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut given = segments.iter();
    for part in route.split('/') {
        let segment = given.next()?;
        if part.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            params.push(segment.clone());
        } else if !part.eq_ignore_ascii_case(segment) {
            return None;
        }
    }
    given.next().is_none().then_some(params)
}

/// The request's `x-arr-log-id`, else its `x-ms-request-id`, else a GUID: ours, which answers carry anyway.
fn ms_request_id(headers: &http::HeaderMap, head: &Head) -> String {
    let sent = ["x-arr-log-id", "x-ms-request-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    match sent {
        Some(id) => id.to_owned(),
        None if head.request_id.parse::<uuid::Uuid>().is_ok() => head.request_id.clone(),
        None => {
            let digest = Sha256::digest(&head.request_id);
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Site;
    use proptest::prelude::*;

    fn at(path: &str, named: bool) -> Place {
        Place { site: Ok(Site::default_site()), root: String::new(), path: path.into(), query: None, named }
    }
    fn name(path: &str, method: &str) -> Result<&'static str, Refusal> {
        route(&at(path, true), method).map(|(row, _)| row.info.name)
    }

    #[test]
    fn paths_ignore_case_and_a_slash_at_the_end() {
        for path in ["/api/hooks", "/API/Hooks/", "/hooks", "/hook%73"] {
            assert_eq!(name(path, "GET"), Ok("ListHooks"), "{path}");
        }
        assert_eq!(name("/api/hooks/publish/x", "POST"), Ok("PublishEvent"));
        assert_eq!(name("/api/hooks/hooks/publish/x", "POST"), Ok("PublishEvent"));
        let (_, params) = route(&at("/api/deployments/A%20b/log/C", true), "GET").unwrap();
        assert_eq!(params, ["A b", "C"]);
    }

    #[test]
    fn the_old_paths_need_a_named_site() {
        assert!(route(&at("/api/hooks", false), "GET").is_ok());
        assert!(route(&at("/hooks", false), "GET").is_err());
    }

    #[test]
    fn another_method_is_404_but_for_the_logs() {
        for method in ["PUT", "PATCH", "DELETE"] {
            assert_eq!(name("/api/hooks", method), Err(Refusal::NoRoute("/api/hooks".into())), "{method}");
        }
        for method in ["HEAD", "OPTIONS", "TRACE"] {
            assert_eq!(name("/api/hooks", method), Err(Refusal::MethodNotAllowed(method.into())), "{method}");
        }
        for path in ["/api/deployments/1/log", "/api/deployments/1/log/2"] {
            assert_eq!(name(path, "POST"), Err(Refusal::MethodNotAllowed("POST".into())), "{path}");
        }
        for path in ["/", "/api", "/api/", "/api//hooks", "/api/hooks//", "/api/api/hooks", "/api/hooks/1/2"]
        {
            assert_eq!(name(path, "GET"), Err(Refusal::NoRoute(path.into())), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "(/(api|hooks|publish|deployments|log|%..|.{0,3})){0,6}/?", method in "[A-Z]{0,7}") {
            let _ = route(&at(&path, true), &method);
        }
    }
}
