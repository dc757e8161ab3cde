//! From a path to an operation of the table.

use crate::operations::{ROWS, Row};
use http::Method;
use percent_encoding::percent_decode_str;

/// A path, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The segment before everything; empty for `/_apis`.
    pub organization: String,
    /// The segment between organization and `_apis`.
    pub project: Option<String>,
    /// What follows `_apis`, decoded, without empty segments.
    pub rest: Vec<String>,
}

impl Place {
    /// Reads a path without the world's prefix; `None` when `_apis` is not among its first three segments or a
    /// segment is no UTF-8.
    pub fn read(path: &str) -> Option<Place> {
        let mut segments = Vec::new();
        for raw in path.split('/').filter(|s| !s.is_empty()) {
            segments.push(percent_decode_str(raw).decode_utf8().ok()?.into_owned());
        }
        let at = segments.iter().take(3).position(|s| s.eq_ignore_ascii_case("_apis"))?;
        let rest = segments.split_off(at + 1);
        let mut before = segments.into_iter().take(at);
        Some(Place { organization: before.next().unwrap_or_default(), project: before.next(), rest })
    }
    /// Whether it is below `_apis/public`, where nobody needs to be anybody.
    pub fn is_public(&self) -> bool {
        self.rest.first().is_some_and(|area| area.eq_ignore_ascii_case("public"))
    }
}

/// What a path and method lead to.
#[derive(Debug)]
pub enum Found {
    /// An operation, with the values of its route's variables.
    Operation(&'static Row, Vec<(&'static str, String)>),
    /// A known path, but not with that method; those it has.
    OtherMethods(Vec<&'static str>),
    /// No known path.
    Nothing,
}

/// Finds the operation.
pub fn find(method: &Method, place: &Place) -> Found {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut others = Vec::new();
    let mut first = None;
    for row in ROWS {
        let Some(values) = matches(row, place) else { continue };
        // What a variable of any number of segments would take, too, belongs to the location that says it best.
        if *first.get_or_insert(row.location) != row.location {
            continue;
        }
        if row.method() == method.as_str() {
            return Found::Operation(row, values);
        }
        if !others.contains(&row.method()) {
            others.push(row.method());
        }
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

fn matches(row: &'static Row, place: &Place) -> Option<Vec<(&'static str, String)>> {
    let (before, after) = row.path().split_once("/_apis")?;
    let wants_project = before.ends_with("{project}");
    if wants_project != place.project.is_some() && !(wants_project && row.project_optional) {
        return None;
    }
    let mut pattern = after.split('/').filter(|s| !s.is_empty());
    let mut given = place.rest.iter();
    let mut values = Vec::new();
    loop {
        match (pattern.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(p), Some(g)) => match p.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
                Some(name) => match name.strip_prefix('*') {
                    Some(name) => {
                        let all: Vec<&str> =
                            std::iter::once(g.as_str()).chain(given.by_ref().map(String::as_str)).collect();
                        values.push((name, all.join("/")));
                    }
                    None => values.push((name, g.clone())),
                },
                None if p.eq_ignore_ascii_case(g) => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn found(line: &str) -> String {
        let (method, path) = line.split_once(' ').unwrap();
        let Some(place) = Place::read(path) else { return "no place".into() };
        match find(&method.parse().unwrap(), &place) {
            Found::Operation(row, values) => format!("{} {:?} {values:?}", row.info.name, place.project),
            Found::OtherMethods(m) => format!("only {m:?}"),
            Found::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn paths_lead_to_operations() {
        let lines = [
            "GET /contoso/_apis/projects",
            "GET /contoso/_APIS/Projects/My%20Project/",
            "POST /contoso/_apis/public/distributedtask/webhooks/WebHook/",
            "GET /contoso/_apis/public/distributedtask/webhooks/WebHook",
            "GET /contoso/P/_apis/build/Builds/7",
            "GET /contoso/P/_apis/Build/builds",
            "HEAD /contoso/P/_apis/Pipelines/7/RUNS/9",
            "GET /contoso/_apis/git/repositories/r/items",
            "GET /contoso/P/_apis/git/repositories/r/items/a/b%2Fc.txt",
            "GET /contoso/_apis/build/builds",
            "GET /contoso/P/_apis/projects",
            "GET /contoso/_apis/nope",
            "DELETE /contoso/P/_apis/pipelines",
            "GET /a/b/c/_apis/projects",
            "GET /contoso/%ff/_apis/projects",
        ];
        let all: Vec<String> = lines.iter().map(|l| format!("{l} -> {}", found(l))).collect();
        expect![[r#"
            GET /contoso/_apis/projects -> Projects_List None []
            GET /contoso/_APIS/Projects/My%20Project/ -> Projects_Get None [("projectId", "My Project")]
            POST /contoso/_apis/public/distributedtask/webhooks/WebHook/ -> WebHooks_Receive None [("webHookId", "WebHook")]
            GET /contoso/_apis/public/distributedtask/webhooks/WebHook -> only ["POST"]
            GET /contoso/P/_apis/build/Builds/7 -> Builds_Get Some("P") [("buildId", "7")]
            GET /contoso/P/_apis/Build/builds -> Builds_List Some("P") []
            HEAD /contoso/P/_apis/Pipelines/7/RUNS/9 -> Runs_Get Some("P") [("pipelineId", "7"), ("runId", "9")]
            GET /contoso/_apis/git/repositories/r/items -> Items_Get None [("repositoryId", "r")]
            GET /contoso/P/_apis/git/repositories/r/items/a/b%2Fc.txt -> Items_Get Some("P") [("repositoryId", "r"), ("path", "a/b/c.txt")]
            GET /contoso/_apis/build/builds -> nothing
            GET /contoso/P/_apis/projects -> nothing
            GET /contoso/_apis/nope -> nothing
            DELETE /contoso/P/_apis/pipelines -> only ["POST", "GET"]
            GET /a/b/c/_apis/projects -> no place
            GET /contoso/%ff/_apis/projects -> no place
        "#]]
        .assert_eq(&(all.join("\n") + "\n"));
    }
}
