//! THE table: every call of the control API, its path, the query members it knows, and its function.

use crate::ask::{Answer, Ask};
use crate::desk::Control;
use crate::query::Query;
use crate::{
    aliases, behaviours, deliveries, events, explain, faults, life, pace, requests, sinks, snapshots, state,
    time, waits,
};
use parhelion_core::{OperationInfo, Standing, limits};
use parhelion_http::{Head, Problem, Request, Response, read_body};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

type Run = fn(Ask) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// One call.
struct Row {
    info: OperationInfo,
    method: &'static str,
    /// Segments; `{}` takes one, `{*}` all that follow.
    template: &'static str,
    /// The query members it knows.
    query: &'static [&'static str],
    run: Run,
}

macro_rules! row {
    ($name:literal, $method:literal $template:literal, $query:expr, $run:path) => {
        Row {
            info: OperationInfo {
                name: $name,
                route: concat!($method, " ", $template),
                doc: "docs/control.md",
                standing: Standing::Real,
            },
            method: $method,
            template: $template,
            query: $query,
            run: |ask| Box::pin($run(ask)),
        }
    };
}

static ROWS: &[Row] = &[
    row!("index", "GET" "/_parhelion", &[], life::index),
    row!("health", "GET" "/_parhelion/health", &[], life::health),
    row!("info", "GET" "/_parhelion/info", &[], life::info),
    row!("coverage", "GET" "/_parhelion/coverage", &["surface"], life::coverage),
    row!("listWorlds", "GET" "/_parhelion/worlds", &["limit", "after"], life::list_worlds),
    row!("deleteWorld", "DELETE" "/_parhelion/worlds/{}", &[], life::delete_world),
    row!("reset", "POST" "/_parhelion/reset", &[], state::reset),
    row!("listState", "GET" "/_parhelion/state", &[], state::list),
    row!("getState", "GET" "/_parhelion/state/{}/{}", &["secrets"], state::get),
    row!("takeSnapshot", "POST" "/_parhelion/snapshots", &[], snapshots::take),
    row!("listSnapshots", "GET" "/_parhelion/snapshots", &["limit", "after"], snapshots::list),
    row!("deleteSnapshot", "DELETE" "/_parhelion/snapshots/{}", &[], snapshots::delete),
    row!("restoreSnapshot", "POST" "/_parhelion/snapshots/{}/restore", &[], snapshots::restore),
    row!("rollback", "POST" "/_parhelion/rollback", &[], snapshots::rollback),
    row!("getClock", "GET" "/_parhelion/clock", &[], time::get),
    row!("putClock", "PUT" "/_parhelion/clock", &[], time::put),
    row!("advanceClock", "POST" "/_parhelion/clock/advance", &[], time::advance),
    row!("idle", "POST" "/_parhelion/idle", &[], time::idle),
    row!("await", "POST" "/_parhelion/await", &[], waits::until),
    row!("putPace", "PUT" "/_parhelion/pace", &[], pace::put),
    row!("getPace", "GET" "/_parhelion/pace", &[], pace::get),
    row!("step", "POST" "/_parhelion/step", &[], pace::step),
    row!("putBehaviour", "PUT" "/_parhelion/behaviours/{}", &[], behaviours::put),
    row!("listBehaviours", "GET" "/_parhelion/behaviours", &["limit", "after"], behaviours::list),
    row!("getBehaviour", "GET" "/_parhelion/behaviours/{}", &[], behaviours::get),
    row!("deleteBehaviour", "DELETE" "/_parhelion/behaviours/{}", &[], behaviours::delete),
    row!("deleteBehaviours", "DELETE" "/_parhelion/behaviours", &[], behaviours::clear),
    row!("putFault", "PUT" "/_parhelion/faults/{}", &[], faults::put),
    row!("listFaults", "GET" "/_parhelion/faults", &["limit", "after"], faults::list),
    row!("getFault", "GET" "/_parhelion/faults/{}", &[], faults::get),
    row!("deleteFault", "DELETE" "/_parhelion/faults/{}", &[], faults::delete),
    row!("deleteFaults", "DELETE" "/_parhelion/faults", &[], faults::clear),
    row!("listEvents", "GET" "/_parhelion/events", events::QUERY, events::list),
    row!("listRequests", "GET" "/_parhelion/requests", requests::QUERY, requests::list),
    row!("countRequests", "POST" "/_parhelion/requests/count", &[], requests::count),
    row!("getRequest", "GET" "/_parhelion/requests/{}", &[], requests::get),
    row!("explain", "GET" "/_parhelion/explain/{}", &["surface", "tenant"], explain::explain),
    row!("listDeliveries", "GET" "/_parhelion/deliveries", deliveries::QUERY, deliveries::list),
    row!("pauseDeliveries", "POST" "/_parhelion/deliveries/pause", &[], deliveries::pause),
    row!("resumeDeliveries", "POST" "/_parhelion/deliveries/resume", &[], deliveries::resume),
    row!("releaseDeliveries", "POST" "/_parhelion/deliveries/release", &[], deliveries::release),
    row!("getDelivery", "GET" "/_parhelion/deliveries/{}", &["secrets"], deliveries::get),
    row!("replayDelivery", "POST" "/_parhelion/deliveries/{}/replay", &[], deliveries::replay),
    row!("putSink", "PUT" "/_parhelion/sinks/{}", &[], sinks::put),
    row!("listSinks", "GET" "/_parhelion/sinks", &["limit", "after"], sinks::list),
    row!("listSinkRequests", "GET" "/_parhelion/sinks/{}/requests", sinks::QUERY, sinks::requests),
    row!("deleteSink", "DELETE" "/_parhelion/sinks/{}", &[], sinks::delete),
    row!("motoReset", "POST" "/moto-api/reset", &[], aliases::moto_reset),
    row!("motoData", "GET" "/moto-api/data.json", &[], aliases::moto_data),
    row!("localstackHealth", "GET" "/_localstack/health", &[], aliases::localstack_health),
];

/// A sink takes any method and any query, so it stands beside the table of calls.
const SINK: &str = "/_parhelion/sink/";

static INFOS: LazyLock<Vec<OperationInfo>> = LazyLock::new(|| {
    let sink = OperationInfo {
        name: "sink",
        route: "ANY /_parhelion/sink/{}/{*}",
        doc: "docs/control.md",
        standing: Standing::Real,
    };
    ROWS.iter().map(|row| row.info).chain([sink]).collect()
});

/// The table for `/coverage`.
pub fn infos() -> &'static [OperationInfo] {
    &INFOS
}

/// The control API's own paths, the compatibility aliases among them.
pub fn claims(parts: &http::request::Parts) -> bool {
    let path = parts.uri.path();
    path == "/_parhelion"
        || ["/_parhelion/", "/moto-api/", "/_localstack/"].iter().any(|own| path.starts_with(own))
}

/// The templates' segments, row by row: cut once, since each request is held against all of them.
static TEMPLATES: LazyLock<Vec<Vec<&str>>> =
    LazyLock::new(|| ROWS.iter().map(|row| segments(row.template)).collect());

fn segments(path: &str) -> Vec<&str> {
    path.strip_suffix('/').unwrap_or(path).split('/').collect()
}

/// What stands in the template's holes, decoded; `None` when the path is another.
fn matched(template: &[&str], path: &[&str]) -> Option<Vec<String>> {
    let fits =
        |(wanted, given): (&&str, &&str)| if *wanted == "{}" { !given.is_empty() } else { wanted == given };
    if template.len() != path.len() || !template.iter().zip(path).all(fits) {
        return None;
    }
    let holes = template.iter().zip(path).filter(|(wanted, _)| **wanted == "{}");
    holes.map(|(_, given)| Some(percent_decode_str(given).decode_utf8().ok()?.into_owned())).collect()
}

/// Finds the row, reads query and body, runs it.
pub async fn serve(control: Arc<Control>, request: Request) -> Response {
    let (name, answer) = answer(control, request).await;
    let mut response = answer.unwrap_or_else(Problem::into_response);
    response
        .extensions_mut()
        .insert(parhelion_http::Named { operation: Cow::Borrowed(name), tenant: String::new() });
    response
}

async fn answer(control: Arc<Control>, request: Request) -> (&'static str, Answer) {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let sink = path.strip_prefix(SINK).filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let given = segments(&path);
    let rows = ROWS.iter().zip(TEMPLATES.iter());
    let found: Vec<(&Row, Vec<String>)> =
        rows.filter_map(|(row, template)| Some((row, matched(template, &given)?))).collect();
    // A literal segment wins over a hole: the rows stand in that order.
    // HEAD asks what GET does; the server leaves the body out.
    let method = if parts.method == http::Method::HEAD { "GET" } else { parts.method.as_str() };
    let row = found.iter().find(|(row, _)| row.method == method);
    let name = if sink.is_some() { "sink" } else { row.map_or("", |(row, _)| row.info.name) };
    if sink.is_none() && row.is_none() {
        return (name, Err(not_found(&path, &found)));
    }
    let answer = async {
        let head = Head::of(&parts).clone();
        let world = control.worlds.find(&head.world);
        let world = world
            .ok_or_else(|| Problem::new(404, "Not found", format!("there is no world \"{}\"", head.world)))?;
        let known = row.filter(|_| sink.is_none()).map_or(&[][..], |(row, _)| row.query);
        let query = if sink.is_some() { Query::default() } else { Query::parse(parts.uri.query(), known)? };
        let body = read_body(body, limits::BODY_BYTES).await.map_err(|e| match e {
            parhelion_http::BodyError::TooLarge { .. } => {
                Problem::new(413, "Content too large", e.to_string())
            }
            other => crate::query::refused(other.to_string()),
        })?;
        let ask = Ask {
            desk: control.desk(&world),
            control,
            world,
            head,
            method: parts.method,
            headers: parts.headers,
            params: match (sink, row) {
                (Some(rest), _) => vec![rest.to_owned()],
                (None, Some((_, params))) => params.clone(),
                (None, None) => Vec::new(),
            },
            query,
            raw_query: parts.uri.query().unwrap_or_default().to_owned(),
            body,
        };
        match row {
            Some((row, _)) if sink.is_none() => (row.run)(ask).await,
            _ => sinks::receive(ask).await,
        }
    };
    (name, answer.await)
}

fn not_found(path: &str, found: &[(&Row, Vec<String>)]) -> Problem {
    if found.is_empty() {
        return Problem::new(404, "Not found", format!("no call of the control API has the path {path}"))
            .with("see", "/_parhelion/coverage?surface=control");
    }
    let methods: Vec<&str> = found.iter().map(|(row, _)| row.method).collect();
    Problem::new(405, "Method not allowed", format!("{path} takes {}", methods.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_take_whole_segments_and_decode_them() {
        let matched = |template, path| super::matched(&segments(template), &segments(path));
        assert_eq!(matched("/a/{}/b", "/a/x%2Fy/b/"), Some(vec!["x/y".to_owned()]));
        assert_eq!(matched("/a", "/a/"), Some(vec![]));
        for other in ["/a//b", "/a/x", "/a/x/b/c", "/a/%ff/b"] {
            assert_eq!(matched("/a/{}/b", other), None, "{other}");
        }
    }

    #[test]
    fn no_two_rows_are_the_same_and_literals_come_first() {
        for (n, row) in ROWS.iter().enumerate() {
            for later in &ROWS[n + 1..] {
                assert!((row.method, row.template) != (later.method, later.template), "{}", row.template);
                let shadowed = row.method == later.method
                    && !later.template.contains('{')
                    && matched(&segments(row.template), &segments(later.template)).is_some();
                assert!(!shadowed, "{} hides {}", row.template, later.template);
            }
        }
    }
}
