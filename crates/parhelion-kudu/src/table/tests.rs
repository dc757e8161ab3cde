//! Paths and methods, and which rows they find.

use super::*;
use crate::store::Site;
use proptest::prelude::*;

fn at(path: &str, named: bool) -> Place {
    Place { site: Ok(Site::default_site()), root: String::new(), path: path.into(), query: None, named }
}
fn name(path: &str, method: &str) -> Result<&'static str, Refusal> {
    find(&at(path, true), method).map(|(row, _)| row.info.name)
}

#[test]
fn paths_ignore_case_and_a_slash_at_the_end() {
    for path in ["/api/hooks", "/API/Hooks/", "/hooks", "/hook%73"] {
        assert_eq!(name(path, "GET"), Ok("ListHooks"), "{path}");
    }
    assert_eq!(name("/api/hooks/publish/x", "POST"), Ok("PublishEvent"));
    assert_eq!(name("/api/hooks/hooks/publish/x", "POST"), Ok("PublishEvent"));
    let (_, params) = find(&at("/api/deployments/A%20b/log/C", true), "GET").unwrap();
    assert_eq!(params, ["A b", "C"]);
}

#[test]
fn the_old_paths_need_a_named_site() {
    assert!(find(&at("/api/hooks", false), "GET").is_ok());
    assert!(find(&at("/hooks", false), "GET").is_err());
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
    for path in ["/", "/api", "/api/", "/api//hooks", "/api/hooks//", "/api/api/hooks", "/api/hooks/1/2"] {
        assert_eq!(name(path, "GET"), Err(Refusal::NoRoute(path.into())), "{path}");
    }
}

#[test]
fn each_row_is_found_where_it_is_served() {
    for row in rows() {
        let path: Vec<String> =
            row.route.split('/').map(|part| part.replace("{*path}", "a/b").replace(['{', '}'], "")).collect();
        let path = path.join("/");
        let finds = |path: &str, named| {
            find(&at(path, named), row.method).is_ok_and(|(found, _)| found.info.name == row.info.name)
        };
        let (api, root) = (format!("/api/{path}"), format!("/{path}"));
        assert_eq!(finds(&api, false), row.under != Under::Root, "{api}");
        assert_eq!(finds(&root, true), row.under != Under::Api, "{root}");
        assert!(!finds(&root, false), "{root}");
    }
}

#[test]
fn what_braces_take() {
    let of = |route: &str, path: &str| {
        let path = Path::of(path);
        matched(route, &path.segments, path.ends_with_slash)
    };
    let one = |text: &str| Some(vec![text.to_owned()]);
    assert_eq!(of("vfs/{*path}", "/vfs/a%20b//c/"), one("a b//c/"));
    assert_eq!(of("vfs/{*path}", "/vfs/a"), one("a"));
    assert_eq!(of("vfs/{*path}", "/vfs/"), one(""));
    assert_eq!(of("vfs/{*path}", "/vfs"), one(""));
    assert_eq!(of("vfs/{*path}", "/vf"), None);
    assert_eq!(of("{site}.git/info/refs", "/Site.GIT/info/refs"), one("Site"));
    assert_eq!(of("{site}.git/info/refs", "/.git/info/refs"), None);
    assert_eq!(of("{site}.git/info/refs", "/sité/info/refs"), None);
}

proptest! {
    #[test]
    fn no_path_makes_it_panic(path in "(/(api|hooks|publish|deployments|log|%..|.{0,3})){0,6}/?", method in "[A-Z]{0,7}") {
        let _ = find(&at(&path, true), &method);
    }
}
