//! The house's own rules: who depends on whom, what may not come in, what every operation has.

use parhelion_testkit::TestServer;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The arrows as ARCHITECTURE.md draws them. Nothing else may be depended on; an arrow that no crate uses any more is
/// taken away here too.
const ARROWS: [(&str, &[&str]); 14] = [
    ("core", &[]),
    ("state", &["core"]),
    ("http", &["core"]),
    ("delivery", &["core"]),
    ("git", &["core"]),
    ("exec", &[]),
    ("azure-pipelines", &[]),
    ("artifacts", &["core", "http", "state"]),
    ("codepipeline", &["artifacts", "core", "http", "state"]),
    ("azure-devops", &["azure-pipelines", "core", "exec", "git", "http", "state"]),
    ("kudu", &["core", "exec", "git", "http", "state"]),
    ("secure-source-manager", &["core", "git", "http", "state"]),
    ("control", &["core", "delivery", "http", "state"]),
    (
        "",
        &[
            "azure-devops",
            "azure-pipelines",
            "codepipeline",
            "control",
            "core",
            "delivery",
            "git",
            "http",
            "kudu",
            "secure-source-manager",
            "state",
        ],
    ),
];

const SURFACES: [&str; 4] = ["codepipeline", "azure-devops", "kudu", "secure-source-manager"];

/// What a crate may not know, beside our own crates: no async in core, no sockets in state, no chance anywhere but in
/// the binary.
const STRANGERS: [(&str, &[&str]); 10] = [
    ("core", &["tokio", "futures-util", "http", "hyper", "axum", "tower", "rand", "getrandom"]),
    ("state", &["http", "hyper", "hyper-util", "axum", "tower", "rand", "getrandom"]),
    ("azure-pipelines", &["tokio", "http", "hyper", "axum", "chrono", "rand", "getrandom"]),
    ("http", &["rand", "getrandom", "reqwest"]),
    ("artifacts", &["hyper", "hyper-util", "rand", "getrandom", "reqwest"]),
    ("codepipeline", &["hyper", "hyper-util", "rand", "getrandom", "reqwest"]),
    ("azure-devops", &["hyper", "hyper-util", "rand", "getrandom", "reqwest"]),
    ("kudu", &["hyper", "hyper-util", "rand", "getrandom", "reqwest"]),
    ("secure-source-manager", &["hyper", "hyper-util", "rand", "getrandom", "reqwest"]),
    ("control", &["hyper", "hyper-util", "rand", "getrandom", "reqwest"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo(arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO")).args(arguments).arg("--offline").current_dir(root()).output();
    let ran = ran.expect("cargo, which built this");
    assert!(ran.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn packages() -> Vec<Value> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// `core` of `parhelion-core`, nothing of `parhelion`.
fn short(name: &str) -> Option<&str> {
    if name == "parhelion" { Some("") } else { name.strip_prefix("parhelion-") }
}

/// A package's normal and build dependencies.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("a list").iter();
    let of_tests = |dependency: &&Value| dependency["kind"] != "dev";
    all.filter(of_tests).map(|d| d["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn arrows_are_the_ones_that_are_drawn() {
    let drawn: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(of, to)| (*of, to.iter().copied().collect())).collect();
    let mut seen = BTreeSet::new();
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let of = short(name).unwrap_or_else(|| panic!("{name}: a folder's name is its package's"));
        let all = dependencies(&package);
        let ours: BTreeSet<&str> = all.iter().filter_map(|dependency| short(dependency)).collect();
        if ["testkit", "tests"].contains(&of) {
            continue; // tests may know everything; nobody may know them, which the table says
        }
        let wanted = drawn.get(of).unwrap_or_else(|| panic!("{name} is not drawn in ARCHITECTURE.md"));
        assert_eq!(&ours, wanted, "the arrows of {name}");
        seen.insert(of.to_owned());
        for stranger in STRANGERS.iter().filter(|(o, _)| *o == of).flat_map(|(_, strangers)| *strangers) {
            assert!(!all.contains(*stranger), "{name} may not know {stranger}");
        }
    }
    assert_eq!(seen.len(), ARROWS.len(), "{seen:?}");
}

#[test]
fn every_crate_takes_the_rules_of_the_workspace() {
    let root = read("Cargo.toml");
    let lints = root.split("[workspace.lints.rust]").nth(1).expect("lints");
    for rule in [
        "unsafe_code = \"forbid\"",
        "unused_must_use = \"deny\"",
        "await_holding_lock = \"deny\"",
        "todo = \"deny\"",
        "unwrap_used = \"deny\"",
    ] {
        assert!(lints.contains(rule), "{rule}");
    }
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let manifest = package["manifest_path"].as_str().expect("a path");
        let text = std::fs::read_to_string(manifest).expect("a manifest");
        assert!(text.contains("[lints]\nworkspace = true"), "{name} takes no lints");
        // Versions are stated in one place.
        let folder = Path::new(manifest).parent().expect("a folder");
        for dependency in package["dependencies"].as_array().expect("a list") {
            let of = dependency["name"].as_str().expect("a name");
            let stated = text.lines().any(|line| {
                line.starts_with(&format!("{of} = {{ version")) || line.starts_with(&format!("{of} = \""))
            });
            assert!(!stated, "{name} states a version of {of}");
        }
        // The strict clippy.toml is the root's, and clippy takes the nearest one alone.
        let own = folder.join("clippy.toml").exists();
        let may =
            ["delivery", "exec", "git", "http", "testkit", "tests", ""].contains(&short(name).unwrap_or("?"));
        assert!(own == may, "{name}: a clippy.toml of its own: {own}");
    }
    let strict = read("clippy.toml");
    for banned in [
        "SystemTime::now",
        "Instant::now",
        "tokio::time::sleep",
        "tokio::spawn",
        "HashMap",
        "chrono::Utc::now",
    ] {
        assert!(strict.contains(banned), "{banned}");
    }
}

#[test]
fn nothing_in_the_binary_brings_time_or_chance_along() {
    let tree = cargo(&[
        "tree",
        "--package",
        "parhelion",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}|{f}",
    ]);
    let features = |of: &str| -> BTreeSet<String> {
        let lines = tree.lines().filter(|line| line.starts_with(&format!("{of} v")));
        let features =
            lines.filter_map(|line| line.split_once('|')).flat_map(|(_, features)| features.split(','));
        features.map(|feature| feature.trim_end_matches(" (*)").to_owned()).collect()
    };
    assert!(
        !features("chrono").contains("clock") && features("chrono").contains("std"),
        "{:?}",
        features("chrono")
    );
    for chance in ["v1", "v4", "v6", "v7", "rng", "fast-rng"] {
        assert!(!features("uuid").contains(chance), "{chance}");
    }
    // The vendors' clients are for tests alone.
    for line in tree.lines() {
        assert!(
            !line.starts_with("aws-sdk-")
                && !line.starts_with("aws-smithy-http")
                && !line.starts_with("openssl"),
            "{line}"
        );
    }
}

#[test]
fn surfaces_are_laid_out_alike() {
    for surface in SURFACES {
        for file in ["lib.rs", "operations.rs", "error.rs"] {
            let path = format!("crates/parhelion-{surface}/src/{file}");
            assert!(root().join(&path).exists(), "{path}");
        }
        for folder in ["ops", "domain", "wire"] {
            let path = format!("crates/parhelion-{surface}/src/{folder}");
            assert!(root().join(&path).is_dir(), "{path}");
        }
        assert!(read(&format!("crates/parhelion-{surface}/src/lib.rs")).starts_with("//! "), "{surface}");
    }
}

#[test]
fn operations_do_not_know_each_other() {
    for surface in SURFACES {
        let mut folders = vec![root().join(format!("crates/parhelion-{surface}/src/ops"))];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                files += 1;
                let text = std::fs::read_to_string(&path).expect("a file");
                // What only tests need may be borrowed.
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let is_tests = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
                assert!(
                    is_tests || !code.contains("use crate::ops::"),
                    "{} imports another operation: what two need belongs into store or domain",
                    path.display()
                );
            }
        }
        assert!(files > 3, "{surface}");
    }
}

#[tokio::test]
async fn every_operation_has_a_name_a_route_and_a_page() {
    let server = TestServer::start().await;
    let coverage = server.main().get("/_parhelion/coverage").await.want(200).json();
    for surface in coverage["surfaces"].as_array().expect("a list") {
        let name = surface["surface"].as_str().expect("a name");
        let (mut routes, mut pages) = (BTreeSet::new(), BTreeMap::new());
        for operation in surface["operations"].as_array().expect("a list") {
            let text = |member: &str| operation[member].as_str().unwrap_or_default().to_owned();
            let (operation, route, doc) = (text("name"), text("route"), text("doc"));
            assert!(routes.insert(route.clone()), "{name}: {route} stands twice");
            assert!(
                !operation.is_empty() && !operation.contains(char::is_whitespace),
                "{name}: {operation:?}"
            );
            assert!(doc.starts_with("https://") || doc == "docs/control.md", "{name}: {operation}: {doc}");
            // An operation of several routes stands once for each of them, with the one page.
            let page = pages.entry(operation.clone()).or_insert_with(|| doc.clone());
            assert_eq!(*page, doc, "{name}: {operation} has two pages");
            let standing = text("standing");
            assert!(
                ["real", "simulated", "stored_only"].contains(&standing.as_str()),
                "{operation}: {standing}"
            );
        }
        assert!(pages.len() > 3, "{name}");
    }
}

#[tokio::test]
async fn the_pages_name_what_there_is() {
    let server = TestServer::start().await;
    let coverage = server.main().get("/_parhelion/coverage").await.want(200).json();
    let (readme, control, architecture) =
        (read("README.md"), read("docs/control.md"), read("ARCHITECTURE.md"));
    for surface in coverage["surfaces"].as_array().expect("a list") {
        let name = surface["surface"].as_str().expect("a name");
        if name != "control" {
            let spoken = name.replace('-', " ");
            let named = readme.to_lowercase();
            assert!(named.contains(name) || named.contains(&spoken), "README.md does not name {name}");
            assert!(architecture.contains(name), "ARCHITECTURE.md does not name {name}");
            continue;
        }
        for operation in surface["operations"].as_array().expect("a list") {
            let route =
                operation["route"].as_str().and_then(|route| route.split_once(' ')).expect("a route").1;
            // `/_parhelion/snapshots/{}/restore` is written with a name in its hole.
            let pieces: Vec<&str> = route.split("{}").map(|piece| piece.trim_end_matches("/{*}")).collect();
            let last = pieces.iter().rev().find(|piece| piece.len() > 1).expect("a piece");
            let word = last.rsplit('/').find(|word| !word.is_empty()).expect("a word");
            assert!(control.contains(word), "docs/control.md does not tell of {route}");
        }
    }
    for doc in ["docs/fidelity.md", "docs/control.md", "CHANGELOG.md", "LICENSE"] {
        assert!(!read(doc).trim().is_empty(), "{doc}");
    }
}
