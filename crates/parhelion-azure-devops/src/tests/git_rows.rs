//! Git's rows beside items, commits and pushes: objects, differences, branches, and what is changed about them.

use crate::testing::{Bench, golden};
use expect_test::expect;
use serde_json::{Value, json};

pub const R: &str = "/contoso/P/_apis/git/repositories/P";
pub const ZERO: &str = "0000000000000000000000000000000000000000";

pub fn push(bench: &Bench, branch: &str, old: &str, changes: Value) -> String {
    let made = bench.ok(
        &format!("POST {R}/pushes"),
        json!({
            "refUpdates": [{ "name": format!("refs/heads/{branch}"), "oldObjectId": old }],
            "commits": [{ "comment": "c", "changes": changes }],
        }),
    );
    made["refUpdates"][0]["newObjectId"].as_str().unwrap().to_owned()
}
pub fn file(kind: &str, path: &str, text: &str) -> Value {
    json!({ "changeType": kind, "item": { "path": path }, "newContent": { "content": text } })
}
/// A bench with `main` of two commits, and `topic` of one more upon the first.
pub fn bench() -> (Bench, String, String, String) {
    let bench = Bench::with_project("P");
    let first =
        push(&bench, "main", ZERO, json!([file("add", "/a.txt", "one\n"), file("add", "/d/b.txt", "two\n")]));
    let main = push(&bench, "main", &first, json!([file("edit", "/a.txt", "three\n")]));
    bench.ok(
        &format!("POST {R}/refs"),
        json!([{ "name": "refs/heads/topic", "oldObjectId": ZERO, "newObjectId": first }]),
    );
    let topic = push(
        &bench,
        "topic",
        &first,
        json!([
            { "changeType": "delete", "item": { "path": "/d/b.txt" } }, file("add", "/e/f/new", "x"),
        ]),
    );
    (bench, first, main, topic)
}

#[test]
fn blobs_and_trees_are_served_by_their_ids() {
    let (bench, ..) = bench();
    // The id that git itself gives to "two\n".
    let id = "f719efd430d52bcfc8566a43b2eb655688d38871";
    let blob = bench.get(&format!("{R}/blobs/{id}?$format=json"));
    assert_eq!((&blob["objectId"], &blob["size"]), (&json!(id), &json!(4)));
    let bytes = bench.send("GET", &format!("{R}/blobs/{id}"), &[("accept", "application/octet-stream")], "");
    assert_eq!(
        (bytes.body.as_str(), bytes.header("content-type")),
        ("two\n", Some("application/octet-stream"))
    );
    let text = bench.send("GET", &format!("{R}/blobs/{id}?$format=text&fileName=b.txt"), &[], "");
    assert_eq!(text.body, "two\n");
    assert!(text.header("content-disposition").unwrap().contains("b.txt"));

    let commit = bench.get(&format!("{R}/commits?$top=1"))["value"][0]["commitId"].clone();
    let tree = bench.get(&format!("{R}/commits/{}", commit.as_str().unwrap()))["treeId"].clone();
    let shown = bench.get(&format!("{R}/trees/{}?recursive=true", tree.as_str().unwrap()));
    let entries: Vec<String> = shown["treeEntries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            format!(
                "{} {} {}",
                e["mode"].as_str().unwrap(),
                e["gitObjectType"].as_str().unwrap(),
                e["relativePath"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(entries, ["100644 blob a.txt", "40000 tree d", "100644 blob d/b.txt"]);
    assert_eq!(shown["size"], 61);
    let flat = bench.get(&format!("{R}/trees/{}", tree.as_str().unwrap()));
    assert_eq!(flat["treeEntries"].as_array().unwrap().len(), 2);

    // A tree is no blob, and another repository's object is none of this one's.
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "other" }));
    bench.commit_to("P/_apis/git/repositories/other", "/x", "secret");
    for (path, status) in [
        (format!("{R}/blobs/{}", tree.as_str().unwrap()), 404),
        (format!("{R}/trees/{id}"), 404),
        (format!("{R}/annotatedtags/{id}"), 404),
        (format!("{R}/blobs/{ZERO}"), 404),
        (format!("{R}/blobs/nonsense"), 400),
        (format!("{R}/blobs/{id}?$format=exe"), 400),
        (format!("/contoso/P/_apis/git/repositories/other/blobs/{id}"), 404),
        ("/contoso/P/_apis/git/repositories/nope/trees/x".to_owned(), 404),
    ] {
        assert_eq!(bench.send("GET", &path, &[("accept", "application/json")], "").status, status, "{path}");
    }
    let (_, refused) = bench.call(&format!("GET {R}/blobs/{ZERO}"), Value::Null);
    assert_eq!(refused["message"], format!("TF401035: The object '{ZERO}' does not exist."));
}

#[test]
fn differences_of_branches_and_commits() {
    let (bench, first, main, topic) = bench();
    let diff = bench
        .get(&format!("{R}/diffs/commits?baseVersion=main&targetVersion=topic&targetVersionType=branch"));
    assert_eq!(
        (&diff["commonCommit"], &diff["baseCommit"], &diff["targetCommit"]),
        (&json!(first), &json!(main), &json!(topic))
    );
    assert_eq!((&diff["aheadCount"], &diff["behindCount"]), (&json!(1), &json!(1)));
    assert_eq!(diff["changeCounts"], json!({ "Add": 1, "Edit": 0, "Delete": 1 }));
    let changes = |diff: &Value| -> Vec<String> {
        let all = diff["changes"].as_array().unwrap().iter();
        all.map(|c| format!("{} {}", c["changeType"].as_str().unwrap(), c["item"]["path"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(changes(&diff), ["delete /d", "delete /d/b.txt", "add /e", "add /e/f", "add /e/f/new"]);
    let whole = bench.get(&format!(
        "{R}/diffs/commits?baseVersionType=commit&baseVersion={main}&targetVersionType=commit&targetVersion={topic}&diffCommonCommit=false&$top=1"
    ));
    assert_eq!(changes(&whole), ["edit /a.txt"]);
    assert_eq!(whole["allChangesIncluded"], false);
    expect![[r#"
        {
          "item": {
            "objectId": "{{id:1}}",
            "originalObjectId": "{{id:2}}",
            "gitObjectType": "blob",
            "commitId": "{{id:3}}",
            "path": "/a.txt",
            "url": "http://localhost/contoso/{{id:4}}/_apis/git/repositories/{{id:5}}/items/a.txt?versionType=Commit&version={{id:3}}"
          },
          "changeType": "edit"
        }"#]]
    .assert_eq(&golden(&serde_json::from_str(&whole["changes"][0].to_string()).unwrap()));

    let of = bench.get(&format!("{R}/commits/{main}/changes"));
    assert_eq!((changes(&of), &of["changeCounts"]["Edit"]), (vec!["edit /a.txt".to_owned()], &json!(1)));
    let root = bench.get(&format!("{R}/commits/{first}/changes?skip=1&top=1"));
    assert_eq!(changes(&root), ["add /d"]);
    for bad in [
        "baseVersion=nope",
        "targetVersion=abc&targetVersionType=commit",
        "$top=x",
        "baseVersionType=tag&baseVersion=v1",
    ] {
        let (status, _) = bench.call(&format!("GET {R}/diffs/commits?{bad}"), Value::Null);
        assert!(status == 404 || status == 400, "{bad}: {status}");
    }
}

#[test]
fn branches_stand_ahead_and_behind() {
    let (bench, _, main, topic) = bench();
    let all = bench.get(&format!("{R}/stats/branches"));
    let shown: Vec<String> = all["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| format!("{} +{} -{} {}", b["name"], b["aheadCount"], b["behindCount"], b["isBaseVersion"]))
        .collect();
    assert_eq!(shown, ["\"main\" +0 -0 true", "\"topic\" +1 -1 false"]);
    let one = bench.get(&format!("{R}/stats/branches?name=topic&baseVersionDescriptor.version=topic"));
    assert_eq!((&one["commit"]["commitId"], &one["isBaseVersion"]), (&json!(topic), &json!(true)));
    let from = bench.get(&format!("{R}/stats/branches?name=main&baseVersionDescriptor.versionType=commit&baseVersionDescriptor.version={main}"));
    assert_eq!(from["aheadCount"], 0);
    assert_eq!(bench.call(&format!("GET {R}/stats/branches?name=nope"), Value::Null).0, 404);
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "empty" }));
    assert_eq!(bench.get("/contoso/P/_apis/git/repositories/empty/stats/branches")["count"], 0);
}

#[test]
fn a_repository_gets_another_name_and_default_branch() {
    let (bench, ..) = bench();
    let yaml = "resources:\n  webhooks:\n  - webhook: W\n    connection: C\nsteps: []\n";
    let tip = bench.get(&format!("{R}/refs?filter=heads/topic"))["value"][0]["objectId"].clone();
    push(&bench, "topic", tip.as_str().unwrap(), json!([file("add", "/azure-pipelines.yml", yaml)]));
    bench.ok("POST /contoso/P/_apis/build/definitions", json!({ "name": "d",
        "process": { "type": 2, "yamlFilename": "azure-pipelines.yml" }, "repository": { "name": "P", "type": "TfsGit" } }));
    let registered = |bench: &Bench| bench.store().definitions[&1].registered.webhooks.len();
    assert_eq!(registered(&bench), 0);
    let changed = bench.ok(&format!("PATCH {R}"), json!({ "defaultBranch": "refs/heads/topic" }));
    assert_eq!(changed["defaultBranch"], "refs/heads/topic");
    assert_eq!(registered(&bench), 1, "the YAML of the new default branch counts");
    let renamed = bench.ok(&format!("PATCH {R}"), json!({ "name": "Site" }));
    assert!(renamed["remoteUrl"].as_str().unwrap().ends_with("/contoso/P/_git/Site"));
    let site = "/contoso/P/_apis/git/repositories/site";
    assert_eq!(bench.get(site)["name"], "Site");
    assert_eq!(
        bench.send("GET", "/contoso/P/_git/Site/info/refs?service=git-upload-pack", &[], "").status,
        200
    );
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "other" }));
    for (body, status) in [
        (json!({ "defaultBranch": "nope" }), 404),
        (json!({ "defaultBranch": "refs/tags/x" }), 404),
        (json!({ "name": "a/b" }), 400),
        (json!({ "name": "" }), 400),
        (json!({ "name": "OTHER" }), 409),
        (json!({ "name": "SITE" }), 200),
        (json!({}), 200),
    ] {
        assert_eq!(bench.call(&format!("PATCH {site}"), body.clone()).0, status, "{body}");
    }
}

#[test]
fn a_ref_is_locked_and_unlocked() {
    let (bench, ..) = bench();
    let locked = bench.ok(&format!("PATCH {R}/refs?filter=heads/main"), json!({ "isLocked": true }));
    assert_eq!(
        (&locked["isLocked"], &locked["isLockedBy"]["displayName"]),
        (&json!(true), &json!("Parhelion User"))
    );
    assert_eq!(bench.get(&format!("{R}/refs?filter=heads/main"))["value"][0]["isLocked"], true);
    let open = bench.ok(&format!("PATCH {R}/refs/heads/main"), json!({ "isLocked": false }));
    assert!(open.get("isLocked").is_none());
    assert_eq!(bench.call(&format!("PATCH {R}/refs?filter=heads/no"), json!({ "isLocked": true })).0, 404);
    assert_eq!(bench.call(&format!("PATCH {R}/refs?filter=heads/main"), json!({})).0, 400);
}
