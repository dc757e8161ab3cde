//! This surface's own calls of the control API (section 12 of the specification): [`ROUTES`], a file for each.

mod action_types;
mod adapters;
mod clients;
mod event_targets;
mod revisions;
mod source_events;

use crate::domain::place::{DEFAULT_ACCOUNT, DEFAULT_REGION, Place};
use crate::store::CodePipelineStore;
use http::{HeaderValue, Method, header::ALLOW};
use parhelion_http::{BodyError, Head, Problem, Request, Response, answer, problem, read_body};
use parhelion_state::{Tx, World, Worlds};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// One call: where it is, what it takes, what answers it.
struct Route {
    /// Its path below the surface's own.
    path: &'static str,
    /// Whether a name may follow (`/event-targets/{name}`).
    named: bool,
    /// What it can be called with.
    methods: &'static [Method],
    /// Largest body, bytes.
    body_bytes: u64,
    /// Answers it.
    run: fn(&Ask<'_>) -> Result<Response, Problem>,
}

/// Largest body of a call that says no other, bytes.
const BODY_BYTES: u64 = 64 * 1024;

/// All calls, by path.
static ROUTES: &[Route] = &[
    Route {
        path: "/action-types",
        named: false,
        methods: &[Method::PUT],
        body_bytes: BODY_BYTES,
        run: action_types::answer,
    },
    Route {
        path: "/adapters",
        named: false,
        methods: &[Method::GET, Method::PUT],
        body_bytes: BODY_BYTES,
        run: adapters::answer,
    },
    Route {
        path: "/clients",
        named: false,
        methods: &[Method::GET, Method::PUT],
        body_bytes: BODY_BYTES,
        run: clients::answer,
    },
    Route {
        path: "/event-targets",
        named: true,
        methods: &[Method::DELETE, Method::GET, Method::PUT],
        body_bytes: BODY_BYTES,
        run: event_targets::answer,
    },
    Route {
        path: "/revisions",
        named: false,
        methods: &[Method::PUT],
        body_bytes: BODY_BYTES,
        run: revisions::answer,
    },
    Route {
        path: "/source-events",
        named: false,
        methods: &[Method::POST],
        body_bytes: source_events::BODY_BYTES,
        run: source_events::answer,
    },
];

/// A call on its way to what answers it.
struct Ask<'a> {
    /// The world it is for.
    world: &'a World,
    /// What the server knows of it.
    head: &'a Head,
    /// How it was called.
    method: Method,
    /// The name behind the route's path.
    name: Option<String>,
    /// The members of its body, or of its query where it has no body.
    members: Map<String, Value>,
}

/// Answers a call below `/_parhelion/surfaces/codepipeline`.
pub async fn serve(request: Request, worlds: &Worlds) -> Response {
    answered(request, worlds).await.unwrap_or_else(Problem::into_response)
}

async fn answered(request: Request, worlds: &Worlds) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_end_matches('/');
    let Some((route, name)) = routed(path)? else {
        let calls: Vec<String> =
            ROUTES.iter().map(|route| format!("{} ({})", route.path, listed(route.methods, ", "))).collect();
        let text = format!("codepipeline has {}, and no {path}", calls.join(", "));
        return Err(Problem::new(404, "no such call", text));
    };
    if !route.methods.contains(&parts.method) {
        let text = format!("{} takes {}", route.path, listed(route.methods, " and "));
        let mut response = problem(405, "method not allowed", text);
        if let Ok(allow) = HeaderValue::from_str(&listed(route.methods, ", ")) {
            response.headers_mut().insert(ALLOW, allow);
        }
        return Ok(response);
    }
    let head = Head::of(&parts);
    let world = worlds.find(&head.world);
    let world = world
        .ok_or_else(|| Problem::new(404, "no such world", format!("there is no world '{}'", head.world)))?;
    let mut members = query(parts.uri.query().unwrap_or(""))?;
    if [Method::PUT, Method::POST].contains(&parts.method) {
        if let Some(name) = members.keys().next() {
            return Err(unknown_member(name));
        }
        let bytes = read_body(body, route.body_bytes).await.map_err(|error| match error {
            BodyError::TooLarge { .. } => Problem::new(413, "body too large", error.to_string()),
            _ => Problem::new(400, "unreadable body", error.to_string()),
        })?;
        members = serde_json::from_slice(&bytes)
            .map_err(|error| bad_body(format!("a JSON object is wanted: {error}")))?;
    }
    (route.run)(&Ask { world: &world, head, method: parts.method.clone(), name, members })
}

/// The route of a path, and the name behind it.
fn routed(path: &str) -> Result<Option<(&'static Route, Option<String>)>, Problem> {
    for route in ROUTES {
        let Some(rest) = path.strip_prefix(route.path) else { continue };
        if rest.is_empty() {
            return Ok(Some((route, None)));
        }
        if let (true, Some(name)) = (route.named, rest.strip_prefix('/')) {
            let name = percent_decode_str(name).decode_utf8();
            let name = name.map_err(|_| Problem::new(400, "bad path", "the name is not UTF-8"))?;
            return Ok(Some((route, Some(name.into_owned()))));
        }
    }
    Ok(None)
}

fn listed(methods: &[Method], between: &str) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(between)
}

fn unknown_member(name: &str) -> Problem {
    Problem::new(400, "unknown member", format!("'{name}' is no member of this call"))
}

/// A body that is not what the call takes.
fn bad_body(why: impl Into<String>) -> Problem {
    Problem::new(400, "bad body", why)
}

fn query(text: &str) -> Result<Map<String, Value>, Problem> {
    let mut given = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| Problem::new(400, "bad query", format!("'{name}' is not UTF-8")))?;
        given.insert(name.to_owned(), value.into_owned().into());
    }
    Ok(given)
}

/// 200 with that body.
fn ok(body: &Value) -> Response {
    answer(200, "application/json", body.to_string())
}

impl Ask<'_> {
    /// Refuses members that are none of these, by name. `account` and `region` always are.
    fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let known = |name: &str| ["account", "region"].contains(&name) || known.contains(&name);
        match self.members.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(unknown_member(name)),
        }
    }

    /// A member that is a text, where it is there.
    fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad_body(format!("'{name}' must be a string"))),
        }
    }

    /// Whose data it is about.
    fn place(&self) -> Result<Place, Problem> {
        let account = self.text("account")?.unwrap_or(DEFAULT_ACCOUNT);
        let region = self.text("region")?.unwrap_or(DEFAULT_REGION);
        Place::new(account, region).map_err(|bad| Problem::new(400, "no such tenant", bad.to_string()))
    }

    /// Looks at a tenant.
    fn read<T>(&self, place: &Place, with: impl FnOnce(&CodePipelineStore) -> T) -> T {
        self.world.shelf::<CodePipelineStore>().read(place, &self.head.call(), |store, _| with(store))
    }

    /// Changes a tenant.
    fn write<T>(
        &self,
        place: &Place,
        with: impl FnOnce(&mut CodePipelineStore, &mut Tx<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let shelf = self.world.shelf::<CodePipelineStore>();
        if !shelf.admits(place) {
            let text = "this world has no room for another tenant";
            return Err(Problem::new(503, "too many tenants", text));
        }
        shelf.write(place, &self.head.call(), with).map(|done| done.value)
    }
}

#[cfg(test)]
mod tests;
