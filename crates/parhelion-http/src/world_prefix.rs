//! Which world a request is for: `/_w/{world}/…`, or `X-Parhelion-World`, else `main` (control.md 2).

use crate::WORLD;
use http::{HeaderMap, Uri, uri::PathAndQuery};
use parhelion_core::WorldName;

/// The first segment of a path that names a world.
const PREFIX: &str = "/_w";

/// A request's world, and where in it the request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addressed {
    /// The world.
    pub world: WorldName,
    /// Path and query without the world's prefix, and without scheme and host.
    pub target: Uri,
    /// What absolute URLs in answers have after the host: `/_w/{world}`, or nothing.
    pub base_suffix: String,
}

/// Reads the world off a request's head.
///
/// # Errors
/// One sentence for the client, when what names a world is no name.
pub(crate) fn addressed(uri: &Uri, headers: &HeaderMap) -> Result<Addressed, String> {
    let whole = match uri.path_and_query() {
        // `CONNECT host:port` has none; `OPTIONS *` has `*`.
        Some(target) if !target.as_str().is_empty() => target.as_str(),
        _ => "/",
    };
    // CHOICE: the prefix outranks the header, and then the header is not even read: a client that sets the
    // header on all calls and follows a link from an answer must get to the world that gave the link.
    if let Some((name, rest)) = cut(whole, PREFIX) {
        let world: WorldName =
            name.parse().map_err(|e: parhelion_core::tenant::BadWorldName| e.to_string())?;
        let target = PathAndQuery::try_from(rest).map_err(|e| e.to_string())?.into();
        // Also for `main`, so that the links work for a client whose header names another world.
        let base_suffix = format!("{PREFIX}/{world}");
        return Ok(Addressed { world, target, base_suffix });
    }
    let target = PathAndQuery::try_from(whole).map_err(|e| e.to_string())?.into();
    let world = header(headers)?;
    // Absolute URLs must work without the header.
    let base_suffix = if world.is_main() { String::new() } else { format!("{PREFIX}/{world}") };
    Ok(Addressed { world, target, base_suffix })
}

fn header(headers: &HeaderMap) -> Result<WorldName, String> {
    let mut given = headers.get_all(WORLD).iter();
    let Some(first) = given.next() else { return Ok(WorldName::main()) };
    if given.next().is_some() {
        return Err(format!("the header {WORLD} is given more than once"));
    }
    let text = String::from_utf8_lossy(first.as_bytes());
    text.trim().parse().map_err(|e: parhelion_core::tenant::BadWorldName| e.to_string())
}

/// `{lead}/{name}[/rest][?query]` as the name (empty when there is none) and `/rest?query`; `None` when the path
/// is not below `lead`.
pub(crate) fn cut<'a>(path_and_query: &'a str, lead: &str) -> Option<(&'a str, String)> {
    let after = path_and_query.strip_prefix(lead)?;
    if !(after.is_empty() || after.starts_with(['/', '?'])) {
        return None;
    }
    let after = after.strip_prefix('/').unwrap_or(after);
    let (name, rest) = after.split_at(after.find(['/', '?']).unwrap_or(after.len()));
    Some((name, if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(uri: &str, worlds: &[&str]) -> Result<(String, String, String), String> {
        let mut headers = HeaderMap::new();
        for world in worlds {
            headers.append(WORLD, world.parse().unwrap());
        }
        addressed(&uri.parse().unwrap(), &headers)
            .map(|a| (a.world.to_string(), a.target.to_string(), a.base_suffix))
    }
    fn ok(world: &str, target: &str, suffix: &str) -> Result<(String, String, String), String> {
        Ok((world.into(), target.into(), suffix.into()))
    }

    #[test]
    fn the_prefix_is_cut_off() {
        assert_eq!(at("/_w/w1/a/b?c=/d", &[]), ok("w1", "/a/b?c=/d", "/_w/w1"));
        assert_eq!(at("/_w/W1", &[]), ok("w1", "/", "/_w/w1"));
        assert_eq!(at("/_w/w1?a", &[]), ok("w1", "/?a", "/_w/w1"));
        assert_eq!(at("/_w/w1//x", &[]), ok("w1", "//x", "/_w/w1"));
        assert_eq!(at("http://h:1/_w/w1/a", &[]), ok("w1", "/a", "/_w/w1"));
    }

    #[test]
    fn other_paths_are_left_alone() {
        for path in ["/", "/_wx/a", "/a/_w/b", "/_W/a", "/?/_w/a", "*"] {
            assert_eq!(at(path, &[]), ok("main", path, ""));
        }
        assert_eq!(at("http://h:1", &[]), ok("main", "/", ""));
        // Authority form, as CONNECT has it.
        assert_eq!(at("h:1", &[]), ok("main", "/", ""));
    }

    #[test]
    fn the_header_names_a_world_and_the_prefix_outranks_it() {
        assert_eq!(at("/a", &["W2"]), ok("w2", "/a", "/_w/w2"));
        assert_eq!(at("/a", &["main"]), ok("main", "/a", ""));
        assert_eq!(at("/_w/w1/a", &["w2"]), ok("w1", "/a", "/_w/w1"));
        assert_eq!(at("/_w/main/a", &["w2"]), ok("main", "/a", "/_w/main"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for uri in ["/_w", "/_w/", "/_w?a", "/_w/.a/b", "/_w/a%2Fb/c", "/_w/-/"] {
            assert!(at(uri, &[]).is_err_and(|e| e.contains("no name of a world")), "{uri}");
        }
        assert!(at("/a", &[""]).is_err());
        assert!(at("/a", &["a b"]).is_err());
        assert!(at("/a", &["a", "a"]).is_err_and(|e| e.contains("more than once")));
    }

    proptest! {
        #[test]
        fn any_world_and_path_come_apart_again(
            name in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", rest in "(/[!-~&&[^?#\"<>`{}|^\\\\]]{0,20}){0,3}", query in "(\\?[a-z0-9=&/?]{0,10})?",
        ) {
            let (world, target, suffix) = at(&format!("/_w/{name}{rest}{query}"), &[]).unwrap();
            let slash = if rest.is_empty() { "/" } else { "" };
            prop_assert_eq!(target, format!("{slash}{rest}{query}"));
            prop_assert_eq!(suffix, format!("/_w/{}", name.to_lowercase()));
            prop_assert_eq!(world, name.to_lowercase());
        }
        #[test]
        fn cutting_never_panics_and_leaves_a_path(path in ".{0,30}", lead in "/[a-z_]{0,3}") {
            if let Some((name, rest)) = cut(&path, &lead) {
                prop_assert!(rest.starts_with('/'));
                prop_assert!(!name.contains(['/', '?']));
            }
        }
        #[test]
        fn no_head_makes_it_panic(path in "/[ -~]{0,30}", world in "[ -~]{0,70}") {
            let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
            let mut headers = HeaderMap::new();
            headers.insert(WORLD, world.parse().unwrap());
            if let Ok(a) = addressed(&uri, &headers) {
                prop_assert!(a.target.host().is_none() && a.target.scheme().is_none());
            }
        }
    }
}
