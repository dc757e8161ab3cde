//! Git by REST.

use crate::testing::{Bench, golden};
use expect_test::expect;
use serde_json::{Value, json};

const R: &str = "/contoso/P/_apis/git/repositories/P";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn push(bench: &Bench, old: &str, changes: Value) -> (u16, Value) {
    bench.call(
        &format!("POST {R}/pushes"),
        json!({
            "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": old }],
            "commits": [{ "comment": "c", "changes": changes }],
        }),
    )
}
fn add(path: &str, text: &str) -> Value {
    json!({ "changeType": "add", "item": { "path": path }, "newContent": { "content": text, "contentType": "rawtext" } })
}
fn tip(push: &Value) -> String {
    push["refUpdates"][0]["newObjectId"].as_str().unwrap().to_owned()
}
fn text(bench: &Bench, path: &str) -> (u16, String) {
    let answer =
        bench.send("GET", &format!("{R}/items?path={path}"), &[("accept", "text/plain;api-version=7.1")], "");
    (answer.status, answer.body)
}

#[test]
fn a_push_makes_true_commits_and_sets_the_default_branch() {
    let bench = Bench::with_project("P");
    let commit = json!({
        "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": ZERO }],
        "commits": [{
            "comment": "first",
            "author": { "name": "Ann", "email": "ann@example.com", "date": "2026-01-01T00:00:00Z" },
            "changes": [add("/docs/a.txt", "hello\n")],
        }],
    });
    let made = bench.ok(&format!("POST {R}/pushes"), commit);
    // The ids that git itself gives: blob ce013625…, and the commit of this tree, author and message.
    let item = bench.ok(&format!("GET {R}/items?path=/docs/a.txt&$format=json"), Value::Null);
    assert_eq!(item["objectId"], "ce013625030ba8dba906f756967f9e9ca394464a");
    expect![[r#"
        {
          "commits": [
            {
              "treeId": "{{id:1}}",
              "commitId": "{{id:2}}",
              "author": {
                "name": "Ann",
                "email": "ann@example.com",
                "date": "2026-01-01T00:00:00Z"
              },
              "committer": {
                "name": "Ann",
                "email": "ann@example.com",
                "date": "2026-01-01T00:00:00Z"
              },
              "comment": "first",
              "parents": [],
              "url": "http://localhost/contoso/{{id:3}}/_apis/git/repositories/{{id:4}}/commits/{{id:2}}"
            }
          ],
          "refUpdates": [
            {
              "repositoryId": "{{id:4}}",
              "name": "refs/heads/main",
              "oldObjectId": "{{id:5}}",
              "newObjectId": "{{id:2}}"
            }
          ],
          "repository": {
            "id": "{{id:4}}",
            "name": "P",
            "url": "http://localhost/contoso/{{id:3}}/_apis/git/repositories/{{id:4}}",
            "project": {
              "id": "{{id:3}}",
              "name": "P",
              "url": "http://localhost/contoso/_apis/projects/{{id:3}}",
              "state": "wellFormed",
              "revision": 1,
              "visibility": "private",
              "lastUpdateTime": "2026-01-01T00:00:00Z"
            },
            "defaultBranch": "refs/heads/main",
            "size": 0,
            "remoteUrl": "http://localhost/contoso/P/_git/P",
            "sshUrl": "git@ssh.dev.azure.com:v3/contoso/P/P",
            "webUrl": "http://localhost/contoso/P/_git/P",
            "isDisabled": false,
            "isInMaintenance": false
          },
          "pushedBy": {
            "displayName": "Parhelion User",
            "url": "http://localhost/contoso/_apis/Identities/{{id:6}}",
            "id": "{{id:6}}",
            "uniqueName": "user@example.com",
            "imageUrl": "http://localhost/contoso/_api/_common/identityImage?id={{id:6}}",
            "descriptor": "msa.{{id:6}}"
          },
          "pushId": 1,
          "date": "2026-01-01T00:00:00Z",
          "url": "http://localhost/contoso/{{id:3}}/_apis/git/repositories/{{id:4}}/pushes/1"
        }"#]]
    .assert_eq(&golden(&made));
    assert_eq!(bench.get(R)["defaultBranch"], "refs/heads/main");
    let again = bench.get(&format!("{R}/pushes/1"));
    assert_eq!(again["refUpdates"], made["refUpdates"]);
    assert_eq!(bench.get(&format!("{R}/pushes"))["count"], 1);
}

#[test]
fn changes_edit_delete_and_rename() {
    let bench = Bench::with_project("P");
    let (_, first) =
        push(&bench, ZERO, json!([add("a.txt", "1"), add("dir/b.txt", "2"), add("dir/c.txt", "3")]));
    let (status, second) = push(
        &bench,
        &tip(&first),
        json!([
            { "changeType": "edit", "item": { "path": "/a.txt" }, "newContent": { "content": "NA==", "contentType": "base64encoded" } },
            { "changeType": "delete", "item": { "path": "/dir/b.txt" } },
            { "changeType": "rename", "sourceServerItem": "/dir/c.txt", "item": { "path": "/moved/c.txt" } },
        ]),
    );
    assert_eq!(status, 201, "{second}");
    assert_eq!(text(&bench, "/a.txt"), (200, "4".into()));
    assert_eq!(text(&bench, "/dir/b.txt").0, 404);
    assert_eq!(text(&bench, "/moved/c.txt"), (200, "3".into()));
    let commits = bench.get(&format!("{R}/commits"));
    assert_eq!(commits["count"], 2);
    assert_eq!(bench.get(&format!("{R}/commits?searchCriteria.itemPath=/moved"))["count"], 1);
    assert_eq!(bench.get(&format!("{R}/commits/{}", tip(&first)))["parents"], json!([]));
}

#[test]
fn changes_that_do_not_fit_the_tree_store_nothing() {
    let bench = Bench::with_project("P");
    let (_, first) = push(&bench, ZERO, json!([add("dir/a.txt", "1")]));
    let old = tip(&first);
    let edit = |path: &str| json!({ "changeType": "edit", "item": { "path": path }, "newContent": { "content": "x" } });
    let delete = |path: &str| json!({ "changeType": "delete", "item": { "path": path } });
    let rename = |from: &str, to: &str| json!({ "changeType": "rename", "sourceServerItem": from, "item": { "path": to } });
    for (changes, key) in [
        (json!([add("dir/a.txt", "2")]), "GitItemNotFoundException"),
        (json!([add("dir", "2")]), "GitItemNotFoundException"),
        (json!([edit("nope")]), "GitItemNotFoundException"),
        (json!([delete("nope")]), "GitItemNotFoundException"),
        (json!([delete("dir"), edit("dir/a.txt")]), "GitItemNotFoundException"),
        (json!([rename("nope", "b")]), "GitItemNotFoundException"),
        (json!([rename("dir/a.txt", "dir/a.txt")]), "GitItemNotFoundException"),
        // A file in place of a folder or the other way round would lose what is there.
        (json!([edit("dir")]), "GitItemNotFoundException"),
        (json!([add("dir/a.txt/b", "2")]), "GitItemNotFoundException"),
        (json!([add("f", "2"), add("f/g/h", "2")]), "GitItemNotFoundException"),
        (json!([rename("dir/a.txt", "dir/a.txt/b")]), "GitItemNotFoundException"),
        (json!([rename("dir", "dir/sub")]), "GitItemNotFoundException"),
        (
            json!([{ "changeType": "rename", "sourceServerItem": "dir", "item": { "path": "d" }, "newContent": { "content": "x" } }]),
            "GitItemNotFoundException",
        ),
        (json!([delete("dir/a.txt"), delete("dir")]), "GitItemNotFoundException"),
        (json!([add("", "2")]), "VssPropertyValidationException"),
        (json!([add("../x", "2")]), "VssPropertyValidationException"),
        (json!([add("a/.git/config", "2")]), "VssPropertyValidationException"),
        (json!([{ "changeType": "sing", "item": { "path": "x" } }]), "VssPropertyValidationException"),
        (json!([{ "changeType": "add", "item": { "path": "x" } }]), "VssPropertyValidationException"),
        (
            json!([{ "changeType": "add", "item": { "path": "x" }, "newContent": { "content": "%", "contentType": "base64encoded" } }]),
            "VssPropertyValidationException",
        ),
        (json!([]), "VssPropertyValidationException"),
    ] {
        let (status, answer) = push(&bench, &old, changes.clone());
        assert_eq!((status, answer["typeKey"].as_str().unwrap()), (400, key), "{changes}");
    }
    let store = bench.store();
    assert_eq!(store.pushes.len(), 1);
    assert_eq!(store.repositories.values().next().unwrap().tip("refs/heads/main").unwrap().to_string(), old);
}

#[test]
fn a_change_finds_what_those_before_it_left() {
    let bench = Bench::with_project("P");
    let edit = |path: &str| json!({ "changeType": "edit", "item": { "path": path }, "newContent": { "content": "new" } });
    let delete = |path: &str| json!({ "changeType": "delete", "item": { "path": path } });
    let rename = |from: &str, to: &str| json!({ "changeType": "rename", "sourceServerItem": from, "item": { "path": to } });
    let (_, first) = push(&bench, ZERO, json!([add("a/1", "1"), add("a/b/2", "2"), add("k/x", "x")]));
    let (status, second) = push(
        &bench,
        &tip(&first),
        json!([
            // The last file of a folder goes, and the folder's name is free.
            delete("k/x"),
            add("k", "a file now"),
            // A folder that the changes made goes whole, though part of it went before.
            add("n/x", "1"),
            delete("n/x"),
            add("n/y", "1"),
            delete("n"),
            // A renamed folder's files are found at their new places, and not at the old ones.
            rename("a", "moved/a"),
            edit("moved/a/b/2"),
            add("a/1", "again"),
            delete("moved/a/1"),
        ]),
    );
    assert_eq!(status, 201, "{second}");
    let list = bench.ok(&format!("GET {R}/items?recursionLevel=full"), Value::Null);
    let paths: Vec<_> = list["value"].as_array().unwrap().iter().map(|i| i["path"].clone()).collect();
    assert_eq!(
        Value::from(paths),
        json!(["/", "/a", "/a/1", "/k", "/moved", "/moved/a", "/moved/a/b", "/moved/a/b/2"])
    );
    assert_eq!(text(&bench, "/moved/a/b/2"), (200, "new".into()));
}

#[test]
fn a_ref_is_moved_once_in_a_push() {
    let bench = Bench::with_project("P");
    let (_, first) = push(&bench, ZERO, json!([add("a.txt", "1")]));
    let new = |name: &str, id: &str| json!({ "name": name, "oldObjectId": ZERO, "newObjectId": id });
    for updates in [
        json!([new("refs/heads/x", &tip(&first)), new("refs/heads/x", &tip(&first))]),
        json!([new("refs/heads/x", ZERO)]),
    ] {
        let (status, answer) = bench.call(&format!("POST {R}/pushes"), json!({ "refUpdates": updates }));
        assert_eq!((status, answer["typeKey"].as_str().unwrap()), (400, "VssPropertyValidationException"));
    }
    assert_eq!(bench.store().pushes.len(), 1);
}

#[test]
fn a_moved_ref_is_refused() {
    let bench = Bench::with_project("P");
    push(&bench, ZERO, json!([add("a.txt", "1")]));
    let (status, answer) = push(&bench, ZERO, json!([add("b.txt", "1")]));
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (409, "GitReferenceStaleException"));
    assert_eq!(
        answer["message"],
        "TF401028: The reference 'refs/heads/main' has already been updated by another client, so you cannot update it. Please try again."
    );
}

#[test]
fn refs_that_exclude_each_other_are_refused_and_the_repository_stays_whole() {
    let bench = Bench::with_project("P");
    let (_, first) = push(&bench, ZERO, json!([add("a.txt", "1")]));
    let tip = tip(&first);
    let update = |name: &str| {
        let updates = json!([{ "name": name, "oldObjectId": ZERO, "newObjectId": tip }]);
        bench.ok(&format!("POST {R}/refs"), updates)["value"][0]["updateStatus"].clone()
    };
    let named = ["refs/heads/main/x", "refs/heads/topic/x", "refs/heads/topic"].map(update);
    assert_eq!(Value::from(named.to_vec()), json!(["refNameConflict", "succeeded", "refNameConflict"]));
    let (status, _) = push(&bench, &tip, json!([add("b.txt", "1")]));
    assert_eq!(status, 201);
}

#[test]
fn refs_are_listed_and_updated_one_by_one() {
    let bench = Bench::with_project("P");
    let (_, first) = push(&bench, ZERO, json!([add("a.txt", "1")]));
    let tip = tip(&first);
    let updates = json!([
        { "name": "refs/heads/topic", "oldObjectId": ZERO, "newObjectId": tip },
        { "name": "refs/tags/v1", "oldObjectId": ZERO, "newObjectId": tip },
        { "name": "refs/heads/main", "oldObjectId": ZERO, "newObjectId": tip },
        { "name": "refs/heads/a b", "oldObjectId": ZERO, "newObjectId": tip },
        { "name": "refs/heads/x", "oldObjectId": ZERO, "newObjectId": "1111111111111111111111111111111111111111" },
    ]);
    let answer = bench.ok(&format!("POST {R}/refs"), updates);
    let statuses: Vec<_> =
        answer["value"].as_array().unwrap().iter().map(|e| e["updateStatus"].clone()).collect();
    assert_eq!(
        Value::from(statuses),
        json!(["succeeded", "succeeded", "staleOldObjectId", "invalidRefName", "unresolvableToCommit"])
    );
    let names = |path: &str| {
        let list = bench.get(&format!("{R}/refs{path}"));
        Value::from(list["value"].as_array().unwrap().iter().map(|r| r["name"].clone()).collect::<Vec<_>>())
            .to_string()
    };
    assert_eq!(names(""), r#"["refs/heads/main","refs/heads/topic","refs/tags/v1"]"#);
    assert_eq!(names("?filter=heads/t"), r#"["refs/heads/topic"]"#);
    assert_eq!(names("/heads/main"), r#"["refs/heads/main"]"#);
    assert_eq!(names("?filterContains=V1"), r#"["refs/tags/v1"]"#);
    let gone = json!([{ "name": "refs/heads/topic", "oldObjectId": tip, "newObjectId": ZERO }]);
    assert_eq!(bench.ok(&format!("POST {R}/refs"), gone)["value"][0]["success"], true);
    assert_eq!(names("?filter=heads"), r#"["refs/heads/main"]"#);
}

#[test]
fn items_are_read_by_version_and_listed() {
    let bench = Bench::with_project("P");
    let (_, first) = push(&bench, ZERO, json!([add("a.txt", "old"), add("dir/sub/b.txt", "b")]));
    let old = tip(&first);
    let edit =
        json!([{ "changeType": "edit", "item": { "path": "a.txt" }, "newContent": { "content": "new" } }]);
    push(&bench, &old, edit);
    let get = |query: &str, accept: &str| {
        let answer = bench.send("GET", &format!("{R}/items?{query}"), &[("accept", accept)], "");
        (answer.status, answer.body)
    };
    let by_commit =
        format!("path=/a.txt&versionDescriptor.versionType=commit&versionDescriptor.version={old}");
    assert_eq!(get("path=/a.txt", "text/plain"), (200, "new".into()));
    assert_eq!(get(&by_commit, "application/octet-stream"), (200, "old".into()));
    assert_eq!(get("path=/a.txt&version=main", "*/*"), (200, "new".into()));
    let json: Value =
        serde_json::from_str(&get("path=/a.txt&includeContent=true", "application/json;api-version=7.1").1)
            .unwrap();
    assert_eq!((json["content"].as_str().unwrap(), json["path"].as_str().unwrap()), ("new", "/a.txt"));
    let paths = |query: &str| {
        let list: Value = serde_json::from_str(&get(query, "application/json").1).unwrap();
        Value::from(list["value"].as_array().unwrap().iter().map(|i| i["path"].clone()).collect::<Vec<_>>())
            .to_string()
    };
    assert_eq!(paths("recursionLevel=full"), r#"["/","/a.txt","/dir","/dir/sub","/dir/sub/b.txt"]"#);
    assert_eq!(paths("scopePath=/dir&recursionLevel=oneLevel"), r#"["/dir","/dir/sub"]"#);
    for (query, key) in [
        ("path=/nope", "GitItemNotFoundException"),
        ("path=/a.txt&version=nope", "GitUnresolvableToCommitException"),
        (
            "path=/a.txt&versionType=commit&version=1111111111111111111111111111111111111111",
            "GitUnresolvableToCommitException",
        ),
        ("path=/a.txt&versionType=commit&version=11", "VssPropertyValidationException"),
        ("path=/a.txt&recursionLevel=deep", "VssPropertyValidationException"),
    ] {
        let (_, body) = get(query, "application/json");
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["typeKey"], key, "{query}");
    }
}

#[test]
fn repositories_are_made_found_and_deleted() {
    let bench = Bench::with_project("P");
    let made = bench
        .ok("POST /contoso/_apis/git/repositories", json!({ "name": "Second", "project": { "name": "P" } }));
    let id = made["id"].as_str().unwrap();
    assert_eq!(bench.get(&format!("/contoso/_apis/git/repositories/{id}"))["name"], "Second");
    assert_eq!(bench.get("/contoso/P/_apis/git/repositories/second")["id"], id);
    assert_eq!(bench.get("/contoso/_apis/git/repositories")["count"], 2);
    let (status, answer) = bench.call("POST /contoso/P/_apis/git/repositories", json!({ "name": "SECOND" }));
    assert_eq!(
        (status, answer["typeKey"].as_str().unwrap()),
        (409, "GitRepositoryNameAlreadyExistsException")
    );
    assert_eq!(bench.send("DELETE", &format!("/contoso/_apis/git/repositories/{id}"), &[], "").status, 204);
    assert_eq!(bench.get("/contoso/P/_apis/git/repositories")["count"], 1);
}

#[test]
fn a_foreign_commit_is_not_this_repositorys() {
    let bench = Bench::with_project("P");
    push(&bench, ZERO, json!([add("a.txt", "1")]));
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "Second" }));
    let other = "/contoso/P/_apis/git/repositories/Second";
    let foreign =
        bench.store().repositories.values().find(|r| r.name == "P").unwrap().tip("refs/heads/main").unwrap();
    let update =
        json!([{ "name": "refs/heads/main", "oldObjectId": ZERO, "newObjectId": foreign.to_string() }]);
    assert_eq!(
        bench.ok(&format!("POST {other}/refs"), update)["value"][0]["updateStatus"],
        "unresolvableToCommit"
    );
    assert_eq!(bench.send("GET", &format!("{other}/commits/{foreign}"), &[], "").status, 404);
}

#[test]
fn the_oldest_pushes_go_when_they_hold_too_much() {
    let bench = Bench::with_project("P");
    push(&bench, ZERO, json!([add("a.txt", "1")]));
    let mut store = bench.store();
    let first = store.pushes[&1].as_ref().clone();
    let mut long = first.clone();
    long.commits[0].comment = "x".repeat(crate::store::MAX_PUSH_BYTES / 3);
    for id in 2..=5 {
        store.keep_push(crate::store::Push { id, ..long.clone() });
    }
    assert_eq!(store.pushes.keys().copied().collect::<Vec<_>>(), [4, 5]);
    store.forget_repository(first.repository);
    store.keep_push(first);
    // The sum is kept in step, also when a repository goes.
    parhelion_state::Store::check(&store);
}
