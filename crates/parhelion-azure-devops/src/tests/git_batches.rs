//! Git's rows that answer much at once: archives, batches of items and commits, common commits.

use super::git_rows::{R, ZERO, bench, file, push};
use crate::testing::Bench;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

/// The files of an archive.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().unwrap().into_owned(), text);
    }
    files
}

fn archive(bench: &Bench, path: &str) -> BTreeMap<String, String> {
    unpacked(&bench.send_for_bytes("GET", path, &[("accept", "application/zip")]))
}

fn files<const N: usize>(all: [(&str, &str); N]) -> BTreeMap<String, String> {
    all.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

#[test]
fn folders_files_trees_and_blobs_come_as_archives() {
    let (bench, first, ..) = bench();
    let main = files([("a.txt", "three\n"), ("d/b.txt", "two\n")]);
    assert_eq!(archive(&bench, &format!("{R}/items?path=/&$format=zip")), main);
    assert_eq!(archive(&bench, &format!("{R}/items?scopePath=/&recursionLevel=full")), main);
    assert_eq!(archive(&bench, &format!("{R}/items?path=/d")), files([("d/b.txt", "two\n")]));
    assert_eq!(archive(&bench, &format!("{R}/items?path=/d/b.txt")), files([("b.txt", "two\n")]));
    let early = format!("{R}/items?path=/&versionType=commit&version={first}");
    assert_eq!(archive(&bench, &early), files([("a.txt", "one\n"), ("d/b.txt", "two\n")]));
    let tree = bench.get(&format!("{R}/commits/{first}"))["treeId"].as_str().unwrap().to_owned();
    let whole = files([("a.txt", "one\n"), ("d/b.txt", "two\n")]);
    assert_eq!(archive(&bench, &format!("{R}/trees/{tree}?$format=zip")), whole);
    let (one, two) = ("5626abf0f72e58d7a153368ba57db4c673c0e171", "f719efd430d52bcfc8566a43b2eb655688d38871");
    assert_eq!(archive(&bench, &format!("{R}/blobs/{two}")), files([(two, "two\n")]));
    let named = bench.send("GET", &format!("{R}/items?path=/d&$format=zip"), &[], "");
    assert_eq!(named.header("content-type"), Some("application/zip"));
    assert!(named.header("content-disposition").unwrap().contains("d.zip"));
    let posted = |body: Value| bench.call(&format!("POST {R}/blobs?filename=x"), body).0;
    assert_eq!(posted(json!([ZERO])), 404);
    assert_eq!(posted(json!(["nonsense"])), 404);
    assert_eq!(posted(json!({})), 400);
    assert_eq!(posted(json!(vec!["x"; 10_001])), 400);
    let many = bench.send("POST", &format!("{R}/blobs?filename=x"), &[], json!([one, two, two]).to_string());
    assert_eq!((many.status, many.header("content-type")), (200, Some("application/zip")));
    assert_eq!(bench.send("GET", &format!("{R}/items?path=/nope&$format=zip"), &[], "").status, 404);
}

#[test]
fn items_are_asked_for_in_batches() {
    let (bench, ..) = bench();
    let line = format!("POST {R}/itemsbatch");
    let asked = bench.ok(
        &line,
        json!({ "itemDescriptors": [
            { "path": "/", "recursionLevel": "full" },
            { "path": "/d", "recursionLevel": "none" },
            { "path": "/a.txt", "version": "main", "versionType": "branch" },
            { "path": "/e", "version": "topic", "versionType": 0, "recursionLevel": 1 },
        ] }),
    );
    let paths: Vec<Vec<&str>> = asked["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| list.as_array().unwrap().iter().map(|i| i["path"].as_str().unwrap()).collect())
        .collect();
    assert_eq!(
        paths,
        [vec!["/", "/a.txt", "/d", "/d/b.txt"], vec!["/d"], vec!["/a.txt"], vec!["/e", "/e/f"]]
    );
    for (body, status) in [
        (json!({}), 400),
        (json!({ "itemDescriptors": [] }), 400),
        (json!({ "itemDescriptors": [{ "path": "/nope" }] }), 404),
        (json!({ "itemDescriptors": [{ "path": "/", "version": "nope" }] }), 404),
        (json!({ "itemDescriptors": [{ "path": "/", "recursionLevel": "deep" }] }), 400),
        (json!({ "itemDescriptors": vec![json!({ "path": "/" }); 1_001] }), 400),
    ] {
        assert_eq!(bench.call(&line, body.clone()).0, status, "{body}");
    }
}

#[test]
fn commits_are_asked_for_by_criteria_in_the_body() {
    let (bench, first, main, topic) = bench();
    let ids = |body: Value| -> Vec<String> {
        let found = bench.ok(&format!("POST {R}/commitsbatch"), body);
        found["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["commitId"].as_str().unwrap().to_owned())
            .collect()
    };
    let of = |name: &str| json!({ "version": name, "versionType": "branch" });
    assert_eq!(ids(json!({})), [main.clone(), first.clone()]);
    assert_eq!(ids(json!({ "$top": 1 })), [main.as_str()]);
    assert_eq!(ids(json!({ "itemVersion": of("topic") })), [topic.clone(), first.clone()]);
    // What the other branch has besides.
    assert_eq!(ids(json!({ "itemVersion": of("main"), "compareVersion": of("topic") })), [topic.as_str()]);
    assert_eq!(ids(json!({ "ids": [first, topic] })), [first.clone(), topic.clone()]);
    assert_eq!(ids(json!({ "fromCommitId": first, "toCommitId": topic })), [topic.clone(), first.clone()]);
    assert_eq!(ids(json!({ "showOldestCommitsFirst": true })), [first.clone(), main.clone()]);
    assert_eq!(ids(json!({ "itemPath": "/a.txt", "itemVersion": of("topic") })), [first.as_str()]);
    let deleted =
        |exclude| json!({ "itemPath": "/d/b.txt", "itemVersion": of("topic"), "excludeDeletes": exclude });
    assert_eq!(ids(deleted(false)), [topic.clone(), first.clone()]);
    assert_eq!(ids(deleted(true)), [first.as_str()]);
    assert!(ids(json!({ "author": "nobody" })).is_empty() && ids(json!({ "user": "parhelion" })).len() == 2);
    // The same by query.
    let query = format!(
        "searchCriteria.itemVersion.version=main&searchCriteria.compareVersion.version=topic&searchCriteria.ids={first}"
    );
    assert_eq!(bench.get(&format!("{R}/commits?{query}"))["value"][0]["commitId"], json!(first));
    for (body, status) in [
        (json!({ "ids": ["x"] }), 400),
        (json!({ "ids": [ZERO] }), 404),
        (json!({ "$top": "many" }), 400),
        (json!({ "fromDate": "yesterday" }), 400),
        (json!({ "toCommitId": ZERO }), 404),
        (json!({ "itemVersion": of("nope") }), 404),
        (json!([]), 400),
    ] {
        assert_eq!(bench.call(&format!("POST {R}/commitsbatch"), body.clone()).0, status, "{body}");
    }
}

#[test]
fn two_commits_have_a_common_one() {
    let (bench, first, main, topic) = bench();
    let bases = |one: &str, other: &str| {
        let (status, answer) =
            bench.call(&format!("GET {R}/commits/{one}/mergebases?otherCommitId={other}"), Value::Null);
        (status, answer["value"][0]["commitId"].as_str().map(str::to_owned), answer["count"].as_u64())
    };
    assert_eq!(bases(&main, &topic), (200, Some(first.clone()), Some(1)));
    assert_eq!(bases(&first, &topic), (200, Some(first.clone()), Some(1)));
    let alone = push(&bench, "alone", ZERO, json!([file("add", "/x", "x")]));
    assert_eq!(bases(&main, &alone), (200, None, Some(0)));
    assert_eq!(bases(&main, ZERO).0, 404);
    assert_eq!(bases("nonsense", &main).0, 400);
    assert_eq!(bench.call(&format!("GET {R}/commits/{main}/mergeBases"), Value::Null).0, 400);
}

#[test]
fn pushes_are_found_by_who_made_them_and_when() {
    let (bench, ..) = bench();
    let count = |query: &str| bench.get(&format!("{R}/pushes?{query}"))["count"].clone();
    let who = bench.get(&format!("{R}/pushes"))["value"][0]["pushedBy"]["id"].as_str().unwrap().to_owned();
    assert_eq!(count(&format!("searchCriteria.pusherId={who}")), count(""));
    assert_eq!(count(&format!("searchCriteria.pusherId={}", &ZERO[..36])), 0);
    assert_eq!(count("searchCriteria.fromDate=2100-01-01T00:00:00Z"), 0);
    assert_eq!(count("searchCriteria.toDate=2100-01-01T00:00:00Z&searchCriteria.refName=refs/heads/main"), 2);
    assert_eq!(bench.call(&format!("GET {R}/pushes?searchCriteria.fromDate=now"), Value::Null).0, 400);
}
