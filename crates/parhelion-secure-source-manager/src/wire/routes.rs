//! Which method a REST request is for: the routes (`google.api.http`) of the descriptors.

use crate::{
    operations::{ROWS, Row},
    proto::POOL,
};
use percent_encoding::percent_decode_str;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};
use std::sync::LazyLock;

/// A route and what it leads to.
pub struct Route {
    verb: &'static str,
    segments: Vec<Segment>,
    /// `cancel` of `…:cancel`.
    custom: Option<String>,
    /// The field that the body fills, `*` for the whole request, empty for none.
    pub body: String,
    /// Input and output.
    pub method: MethodDescriptor,
    /// The operation.
    pub row: &'static Row,
    /// Numbers of the fields that lead to the first variable: the resource that it is about.
    pub scope: Vec<u32>,
}

enum Segment {
    Literal(String),
    /// A field (dotted for an inner one) and the segments that it takes, `None` for any.
    Variable(String, Vec<Option<String>>),
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes: Vec<Route> = ROWS.iter().filter_map(route).collect();
    // A template without `:verb` would take `repositories/r:cancel` for a repository's name.
    routes.sort_by_key(|route| route.custom.is_none());
    routes
});

/// The route of a row, from the options of its method.
fn route(row: &'static Row) -> Option<Route> {
    let (service, method) = row.method.rsplit_once('/')?;
    let method = POOL.get_service_by_name(service)?.methods().find(|m| m.name() == method)?;
    let options = method.options();
    let rule = options.get_extension(&POOL.get_extension_by_name("google.api.http")?);
    let rule: &DynamicMessage = rule.as_message()?;
    let text = |name: &str| rule.get_field_by_name(name).and_then(|v| v.as_str().map(str::to_owned));
    let verb = ["get", "post", "patch", "delete"].into_iter().find(|verb| rule.has_field_by_name(verb))?;
    let (segments, custom) = parse(&text(verb)?)?;
    let verb = match verb {
        "get" => "GET",
        "post" => "POST",
        "patch" => "PATCH",
        _ => "DELETE",
    };
    let first = segments.iter().find_map(|s| match s {
        Segment::Variable(field, _) => Some(field.as_str()),
        Segment::Literal(_) => None,
    });
    let scope = first.and_then(|field| numbers(&method.input(), field)).unwrap_or_default();
    Some(Route { verb, segments, custom, body: text("body").unwrap_or_default(), method, row, scope })
}

/// The numbers of the fields of a dotted path.
fn numbers(of: &MessageDescriptor, path: &str) -> Option<Vec<u32>> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(f, r)| (f, Some(r)));
    let field = of.get_field_by_name(first)?;
    let mut numbers = vec![field.number()];
    if let Some(rest) = rest {
        numbers.extend(self::numbers(field.kind().as_message()?, rest)?);
    }
    Some(numbers)
}

/// The route of a gRPC method, `package.Service/Method`.
pub fn method(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.row.method == path)
}

fn parse(template: &str) -> Option<(Vec<Segment>, Option<String>)> {
    let (path, custom) = match template.rfind(':') {
        Some(at) if template.rfind('}').is_none_or(|brace| at > brace) => {
            (&template[..at], Some(template[at + 1..].to_owned()))
        }
        _ => (template, None),
    };
    let mut segments = Vec::new();
    let mut rest = path.strip_prefix('/')?;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('{') {
            let (variable, after) = inner.split_once('}')?;
            let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
            let pattern = pattern.split('/').map(|s| (s != "*").then(|| s.to_owned())).collect();
            segments.push(Segment::Variable(field.to_owned(), pattern));
            rest = after;
        } else {
            let end = rest.find('/').unwrap_or(rest.len());
            segments.push(Segment::Literal(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('/').unwrap_or(rest);
    }
    Some((segments, custom))
}

/// Fields that a path fills, dotted for inner ones.
pub type Variables = Vec<(String, String)>;

/// The route for a verb and a path (still percent-encoded).
pub fn find(verb: &str, path: &str) -> Option<(&'static Route, Variables)> {
    let segments: Vec<String> = path
        .strip_prefix('/')?
        .split('/')
        .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
        .collect();
    ROUTES
        .iter()
        .filter(|route| route.verb == verb)
        .find_map(|route| Some((route, route.variables(&segments)?)))
}

impl Route {
    fn variables(&self, path: &[String]) -> Option<Variables> {
        let (last, before) = path.split_last()?;
        let last = match &self.custom {
            None => last.as_str(),
            Some(verb) => last.strip_suffix(verb.as_str())?.strip_suffix(':')?,
        };
        let mut parts = before.iter().map(String::as_str).chain([last]);
        let mut variables = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(own) => (parts.next()? == own).then_some(())?,
                Segment::Variable(field, pattern) => {
                    let mut value = Vec::with_capacity(pattern.len());
                    for own in pattern {
                        let part = parts.next()?;
                        let fits = own.as_deref().map_or(!part.is_empty(), |own| own == part);
                        fits.then(|| value.push(part))?;
                    }
                    variables.push((field.clone(), value.join("/")));
                }
            }
        }
        parts.next().is_none().then_some(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_row_has_a_route() {
        let missing: Vec<_> = ROWS.iter().filter(|row| route(row).is_none()).map(|row| row.method).collect();
        assert_eq!(missing, Vec::<&str>::new());
        let routed = |s: prost_reflect::ServiceDescriptor| s.methods().count();
        assert_eq!(
            POOL.services().map(routed).sum::<usize>(),
            ROWS.len(),
            "a method of proto/ without a row"
        );
        let without_scope: Vec<_> =
            ROUTES.iter().filter(|r| r.scope.is_empty()).map(|r| r.row.method).collect();
        assert_eq!(without_scope, Vec::<&str>::new());
    }

    #[test]
    fn paths_find_their_operation() {
        let l = "/v1/projects/p/locations/us-central1";
        for (verb, path, expected) in [
            ("GET", format!("{l}/instances"), Some("ListInstances")),
            ("POST", format!("{l}/instances"), Some("CreateInstance")),
            ("GET", format!("{l}/repositories/r"), Some("GetRepository")),
            ("PATCH", format!("{l}/repositories/r/hooks/h"), Some("UpdateHook")),
            ("POST", format!("{l}/operations/o:cancel"), Some("CancelOperation")),
            ("POST", format!("{l}/operations/o%3Acancel"), Some("CancelOperation")),
            ("GET", format!("{l}/repositories/r:getIamPolicy"), Some("GetIamPolicyRepo")),
            ("GET", format!("{l}/instances/i:getIamPolicy"), Some("GetIamPolicy")),
            (
                "POST",
                format!("{l}/repositories/r/pullRequests/1/pullRequestComments:batchCreate"),
                Some("BatchCreatePullRequestComments"),
            ),
            (
                "POST",
                format!("{l}/repositories/r/pullRequests/1/pullRequestComments"),
                Some("CreatePullRequestComment"),
            ),
            ("GET", format!("{l}/operations"), Some("ListOperations")),
            ("GET", l.to_owned(), Some("GetLocation")),
            ("GET", "/v1/projects/p/locations".to_owned(), Some("ListLocations")),
            ("PUT", format!("{l}/instances"), None),
            ("GET", format!("{l}/instances/"), None),
            ("GET", format!("{l}/nothing"), None),
            ("GET", format!("{l}/repositories/r/hooks/h/x"), None),
            ("POST", format!("{l}/operations/o:stop"), None),
        ] {
            assert_eq!(find(verb, &path).map(|(route, _)| route.row.info.name), expected, "{verb} {path}");
        }
        let (_, variables) = find("PATCH", &format!("{l}/repositories/r/hooks/h")).unwrap();
        let name = "projects/p/locations/us-central1/repositories/r/hooks/h".to_owned();
        assert_eq!(variables, [("hook.name".to_owned(), name)]);
    }

    proptest! {
        #[test]
        fn any_path_is_read_without_panic(path in "(/v1/projects/p/locations/l/)?[a-z%:/0-9]{0,40}") {
            let _ = find("GET", &path);
            let _ = find("POST", &path);
        }
    }
}
