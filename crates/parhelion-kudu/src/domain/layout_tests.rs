//! Types and paths of OneDeploy.

use super::*;
use proptest::prelude::*;

fn of_kind(kind: &str, path: &str, clean: Option<bool>) -> Result<(String, bool, bool, String), String> {
    let found = of(&Artifact { kind: kind.into(), path: path.into(), clean })?;
    let Layout::Place { root, clean, one_deploy: true } = found.layout else { panic!("{kind} {path}") };
    Ok((root, clean, found.unpack, found.at))
}
fn goes(kind: &str, path: &str) -> Result<String, String> {
    let (root, clean, unpack, at) = of_kind(kind, path, None)?;
    let (clean, unpack) = (if clean { "clean " } else { "" }, if unpack { "unpack" } else { "file" });
    Ok(format!("{clean}{unpack} {root}|{at}"))
}

#[test]
fn each_type_has_its_place() {
    for (kind, path, place) in [
        ("zip", "", "clean unpack site/wwwroot|"),
        ("ZIP", "sub/dir/", "clean unpack site/wwwroot|sub/dir"),
        ("zip", "/home/site/other", "clean unpack site/other|"),
        ("zip", "home/data", "clean unpack data|"),
        ("zip", r"%HOME%\site\x", "clean unpack site/x|"),
        ("war", "", "file site/wwwroot|app.war"),
        ("war", "my.WAR", "file site/wwwroot|my.WAR"),
        ("war", "webapps/shop", "clean unpack site/wwwroot/webapps/shop|"),
        ("war", "/home/site/wwwroot/webapps/shop", "clean unpack site/wwwroot/webapps/shop|"),
        ("jar", "ignored", "file site/wwwroot|app.jar"),
        ("ear", "", "file site/wwwroot|app.ear"),
        ("lib", "a/b.jar", "file site/libs/a|b.jar"),
        ("lib", "/home/site/libs/b.jar", "file site/libs|b.jar"),
        ("startup", "", "file site/scripts|startup.cmd"),
        ("script", "s.sh", "file site/scripts|s.sh"),
        ("static", "a/b.html", "file site/wwwroot/a|b.html"),
        ("static", "/home/data/x", "file data|x"),
    ] {
        assert_eq!(goes(kind, path).as_deref(), Ok(place), "{kind} {path}");
    }
    assert!(!of_kind("zip", "", Some(false)).unwrap().1);
}

#[test]
fn what_is_refused_says_why() {
    for (kind, path, why) in [
        ("", "", "Artifact type '' not supported"),
        ("nope", "", "type='nope' not recognized"),
        ("zip", "../x", "cannot contain '..'"),
        (
            "zip",
            "/home/site",
            "Clean deployments cannot be performed in the requested directory: /home/site.",
        ),
        ("zip", "/home", "Clean deployments"),
        ("war", "webapps/", "Only allowed path"),
        ("war", "a/b", "Only allowed path"),
        ("war", "/home/x/webapps/y", "Only allowed path"),
        ("lib", "", "Path must be defined for type='Lib'"),
        ("lib", "a/", "Path cannot end with a '/'"),
        ("lib", "/home/site/x", "/home/site/libs/"),
        ("lib", "/etc/x", "/home/site/libs/"),
        ("script", "../x", "cannot contain '..'"),
        ("static", "", "Path must be defined for type=static"),
        ("static", "a/", "Path cannot end"),
        ("static", "c:/x", "is not valid"),
    ] {
        let said = goes(kind, path).unwrap_err();
        assert!(said.contains(why), "{kind} {path}: {said}");
    }
    assert!(of_kind("zip", "/home/site", Some(false)).is_ok());
}

proptest! {
    #[test]
    fn nothing_leads_out_of_home(
        kind in "(zip|war|lib|script|static|startup)",
        path in "(/home|%home%|home)?(/|\\\\)?(\\.\\.|a|b\\.war|webapps|site|libs|%2e|.{0,3})((/|\\\\)(\\.\\.|x|.{0,3})){0,3}"
    ) {
        if let Ok((root, _, _, at)) = of_kind(&kind, &path, None) {
            for part in root.split('/').chain(at.split('/')) {
                prop_assert!(part != ".." && part != "." && !part.contains(':'), "{root} {at}");
            }
        }
    }
}
