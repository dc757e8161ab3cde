//! THE table: every operation with its route and its handler. One file for each group of them.

mod deployments;
mod files;
mod hooks;
mod site;
mod webjobs;

use crate::error::Refusal;
use crate::handlers::Handler;
use crate::place::Place;
use parhelion_core::OperationInfo;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::sync::LazyLock;

/// The table, group by group. Of two rows that take a path, the first one answers.
static GROUPS: &[&[Row]] = &[hooks::ROWS, deployments::ROWS, files::ROWS, webjobs::ROWS, site::ROWS];

/// A line of the table.
pub struct Row {
    /// What the server lists.
    pub info: OperationInfo,
    /// The method it takes.
    pub method: &'static str,
    /// The route. A segment in braces takes any one segment (`{name}.git`: one that ends so), `{*path}` all that
    /// follow.
    pub route: &'static str,
    /// Where it is served.
    pub under: Under,
    /// Whether its body may be long: it goes through the disk.
    pub streamed: bool,
    /// Whether the path knows its methods: others are 405 then, not 404.
    pub knows_methods: bool,
    /// What answers.
    pub handler: Handler,
}

/// Where a route is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// At `/api/X`, and at the deprecated `/X` where host or prefix names the site.
    Both,
    /// At `/api/X` alone.
    Api,
    /// At `/X` alone, where host or prefix names the site.
    Root,
}

impl Row {
    /// Its body may be long.
    pub const fn streamed(mut self) -> Row {
        self.streamed = true;
        self
    }
    /// OBSERVED: a route that was registered without a method answers 405 to the others.
    pub const fn knows_methods(mut self) -> Row {
        self.knows_methods = true;
        self
    }
    /// What stands in the route's braces, decoded, if the path is this route's.
    fn matched(&self, path: &Path<'_>, named: bool) -> Option<Vec<String>> {
        let below = path.below_api().filter(|_| self.under != Under::Root);
        let at_root = (named && self.under != Under::Api).then_some(&path.segments[..]);
        // `/api/…` is never a route at the root.
        let segments = below.or(at_root)?;
        matched(self.route, segments, path.ends_with_slash)
    }
}

/// A row: name, method, route, page, standing, handler; and where it is served, if not at both places.
macro_rules! row {
    ($name:literal, $method:literal, $route:literal, $doc:expr, $standing:ident, $handler:path) => {
        $crate::table::row!(@ $name, $method, $route, $doc, $standing, $handler, Both, " /api/")
    };
    ($name:literal, $method:literal, $route:literal, $doc:expr, $standing:ident, $handler:path, Api) => {
        $crate::table::row!(@ $name, $method, $route, $doc, $standing, $handler, Api, " /api/")
    };
    ($name:literal, $method:literal, $route:literal, $doc:expr, $standing:ident, $handler:path, Root) => {
        $crate::table::row!(@ $name, $method, $route, $doc, $standing, $handler, Root, " /")
    };
    (@ $name:literal, $method:literal, $route:literal, $doc:expr, $standing:ident, $handler:path, $under:ident, $lead:literal) => {
        $crate::table::Row {
            info: parhelion_core::OperationInfo {
                name: $name,
                route: concat!($method, $lead, $route),
                doc: $doc,
                standing: parhelion_core::Standing::$standing,
            },
            method: $method,
            route: $route,
            under: $crate::table::Under::$under,
            streamed: false,
            knows_methods: false,
            handler: |ask, body| Box::pin($handler(ask, body)),
        }
    };
}
use row;

/// The operations as the server lists them.
pub static OPERATIONS: LazyLock<Vec<OperationInfo>> = LazyLock::new(|| rows().map(|row| row.info).collect());

fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// The line of the table for a path and method, and what stands in its braces.
pub fn find(place: &Place, method: &str) -> Result<(&'static Row, Vec<String>), Refusal> {
    let path = Path::of(&place.path);
    let mut found = rows().filter_map(|row| Some((row, row.matched(&path, place.named)?)));
    let mut knows_methods = false;
    if let Some(row) = found.find(|(row, _)| {
        knows_methods |= row.knows_methods;
        row.method == method
    }) {
        return Ok(row);
    }
    match method {
        // The last route takes these whatever the path.
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" if !knows_methods => Err(Refusal::NoRoute(place.asked())),
        other => Err(Refusal::MethodNotAllowed(parhelion_core::text::prefix(other, 40).to_owned())),
    }
}

/// Whether a path's body goes through the disk.
pub fn is_streamed(path: &str, named: bool) -> bool {
    let path = Path::of(path);
    rows().any(|row| row.streamed && row.matched(&path, named).is_some())
}

/// A path cut at its slashes, each part decoded once; one slash at the end counts for nothing.
struct Path<'a> {
    segments: Vec<Cow<'a, str>>,
    ends_with_slash: bool,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (path, ends_with_slash) = match path.strip_suffix('/') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let segments = path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
        Path { segments: with_job_names(segments), ends_with_slash }
    }
    fn below_api(&self) -> Option<&[Cow<'a, str>]> {
        let (first, rest) = self.segments.split_first()?;
        first.eq_ignore_ascii_case("api").then_some(rest)
    }
}

/// The older spellings of WebJobs' paths read as the newest: `[api/]jobs/KIND` and `api/KINDjobs` as
/// `api/KINDwebjobs`, `[api/]jobs` as `api/webjobs`. OBSERVED: RouteCollectionExtensions.MapHttpWebJobsRoute.
fn with_job_names(segments: Vec<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    const KINDS: [(&str, &str, &str); 2] = [
        ("triggered", "triggeredjobs", "triggeredwebjobs"),
        ("continuous", "continuousjobs", "continuouswebjobs"),
    ];
    let is = |at: usize, word: &str| segments.get(at).is_some_and(|part| part.eq_ignore_ascii_case(word));
    let api = usize::from(is(0, "api"));
    let found = KINDS.iter().find_map(|(kind, old, new)| match () {
        () if is(api, "jobs") && is(api + 1, kind) => Some((api + 2, *new)),
        () if api == 1 && is(api, old) => Some((api + 1, *new)),
        () => None,
    });
    let found =
        found.or_else(|| (is(api, "jobs") && segments.len() == api + 1).then_some((api + 1, "webjobs")));
    let Some((read, name)) = found else { return segments };
    let rest = segments.into_iter().skip(read);
    [Cow::Borrowed("api"), Cow::Borrowed(name)].into_iter().chain(rest).collect()
}

/// What stands in a route's braces, if the segments are that route's. What `{*…}` takes keeps a slash at its end.
fn matched(route: &str, segments: &[Cow<'_, str>], ends_with_slash: bool) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut given = segments.iter();
    for part in route.split('/') {
        let Some(name) = part.strip_prefix('{') else {
            if !part.eq_ignore_ascii_case(given.next()?) {
                return None;
            }
            continue;
        };
        if name.starts_with('*') {
            let rest: Vec<&str> = given.by_ref().map(AsRef::as_ref).collect();
            let slash = if ends_with_slash && !rest.is_empty() { "/" } else { "" };
            params.push(format!("{}{slash}", rest.join("/")));
            continue;
        }
        let ending = name.split_once('}').map_or("", |(_, ending)| ending);
        let segment = given.next()?;
        let at =
            segment.len().checked_sub(ending.len()).filter(|at| *at > 0 && segment.is_char_boundary(*at))?;
        let (name, end) = segment.split_at(at);
        if !end.eq_ignore_ascii_case(ending) {
            return None;
        }
        params.push(name.to_owned());
    }
    given.next().is_none().then_some(params)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
