//! What is done to builds, and what is in them.

use crate::testing::Bench;
use expect_test::expect;
use parhelion_core::Pace;
use serde_json::{Value, json};

const BUILDS: &str = "/contoso/P/_apis/build/builds";

fn bench() -> Bench {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", "steps:\n- checkout: none\n- script: echo hi\n");
    bench.define("one");
    bench
}

fn queue(bench: &Bench, definition: u32) -> Value {
    bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": definition } }))
}

/// The ids of a list.
fn ids(bench: &Bench, query: &str) -> String {
    let list = bench.get(&format!("{BUILDS}{query}"));
    let items = list["value"].as_array().unwrap();
    Value::from(items.iter().map(|b| b["id"].clone()).collect::<Vec<_>>()).to_string()
}

/// `status typeKey: message` of a refusal.
#[track_caller]
fn refused(bench: &Bench, line: &str, body: Value) -> String {
    let (status, answer) = bench.call(line, body);
    assert!(status >= 400, "{line}: {status} {answer}");
    format!("{status} {}: {}", answer["typeKey"].as_str().unwrap(), answer["message"].as_str().unwrap())
}

#[test]
fn number_quality_and_retention_are_changed() {
    let bench = bench();
    queue(&bench, 1);
    let patch = format!("PATCH {BUILDS}/1");
    let changed = bench
        .ok(&patch, json!({ "buildNumber": "v1", "quality": "Released", "keepForever": true, "status": 2 }));
    for (member, value) in
        [("buildNumber", json!("v1")), ("quality", json!("Released")), ("keepForever", json!(true))]
    {
        assert_eq!(changed[member], value);
        assert_eq!(bench.get(&format!("{BUILDS}/1"))[member], value);
    }
    // What clients read they send back whole: nothing changes.
    let whole = bench.get(&format!("{BUILDS}/1"));
    assert_eq!(bench.ok(&patch, whole.clone()), whole);
    let kept = refused(&bench, &format!("DELETE {BUILDS}/1"), Value::Null);
    assert_eq!(
        kept,
        "400 CannotDeleteRetainedBuildException: TF900561: The following build cannot be deleted because it is marked as Retain Indefinitely: v1. Remove the Retain Indefinitely flag to allow deletion of this build."
    );
    let of_definition = refused(&bench, "DELETE /contoso/P/_apis/build/definitions/1", Value::Null);
    assert!(of_definition.starts_with("400 CannotDeleteDefinitionBuildExistsException: "), "{of_definition}");
    bench.ok(&patch, json!({ "keepForever": false }));
    assert_eq!(bench.send("DELETE", &format!("{BUILDS}/1"), &[], "").status, 204);
    expect![[r#"
        run.changed: its number was changed from 20260101.1 to v1; its keepForever was set to true; its quality was set to Released [Ok]
        run.changed: its keepForever was set to false [Ok]
        run.deleted: the run was deleted [Ok]
    "#]]
    .assert_eq(&bench.facts(&["run.changed", "run.deleted"]));
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let bench = bench();
    queue(&bench, 1);
    let patch = format!("PATCH {BUILDS}/1");
    for (body, says) in [
        (
            Value::Null,
            "400 RequestContentException: This request expects an object in the request body, but nothing was supplied.",
        ),
        (json!([1]), "400 VssPropertyValidationException: The body of the request is not an object."),
        (
            json!({ "status": "gone" }),
            "400 VssPropertyValidationException: The status is none of none, inProgress, completed, cancelling, postponed, notStarted, all.",
        ),
        (
            json!({ "buildNumber": "a/b" }),
            "400 BuildNumberFormatException: The build number 'a/b' is not valid: it must not hold \" / : < > ' | ? @ or *.",
        ),
        (
            json!({ "buildNumber": "a." }),
            "400 BuildNumberFormatException: The build number 'a.' is not valid: it must not end with a period.",
        ),
        (
            json!({ "buildNumber": "" }),
            "400 BuildNumberFormatException: The build number '' is not valid: it has 1 to 255 characters.",
        ),
    ] {
        assert_eq!(refused(&bench, &patch, body), says);
    }
    assert_eq!(
        refused(&bench, &format!("PATCH {BUILDS}/9"), json!({})),
        "404 BuildNotFoundException: The requested build 9 could not be found."
    );
    assert_eq!(
        refused(&bench, &format!("PATCH {BUILDS}/1?retry=true"), Value::Null),
        "400 InvalidBuildException: The build 1 cannot be run again: everything of it went well."
    );
    bench.pace("step", Pace::Manual);
    queue(&bench, 1);
    assert_eq!(
        refused(&bench, &format!("PATCH {BUILDS}/2?retry=true"), Value::Null),
        "400 InvalidBuildException: The build 2 cannot be run again: it is not over yet."
    );
    // All or none.
    let many = json!([{ "id": 1, "quality": "x" }, { "id": 9, "quality": "x" }]);
    assert!(refused(&bench, &format!("PATCH {BUILDS}"), many).starts_with("404 BuildNotFoundException"));
    assert!(bench.get(&format!("{BUILDS}/1")).get("quality").is_none());
    let many = json!([{ "id": 1, "quality": "x" }, { "id": 2, "status": "cancelling" }]);
    let answer = bench.ok(&format!("PATCH {BUILDS}"), many);
    assert_eq!((&answer["count"], &answer["value"][1]["status"]), (&json!(2), &json!("cancelling")));
    assert_eq!(bench.get(&format!("{BUILDS}/2"))["result"], "canceled");
}

#[test]
fn lists_are_filtered_by_words_in_any_case_or_numbers_and_ordered() {
    let bench = bench();
    queue(&bench, 1);
    bench.advance(60);
    bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 }, "reason": "IndividualCI" }));
    bench.advance(60);
    bench.pace("run", Pace::Manual);
    queue(&bench, 1);
    for (query, expected) in [
        // What is not over stands first.
        ("", "[3,2,1]"),
        ("?queryOrder=FinishTimeAscending", "[1,2,3]"),
        ("?queryOrder=5", "[1,2,3]"),
        ("?queryOrder=queueTimeDescending", "[3,2,1]"),
        ("?queryOrder=startTimeAscending&minTime=2026-01-01T00:00:30Z", "[2]"),
        ("?queryOrder=queueTimeAscending&maxTime=2026-01-01T00:01:00Z", "[1,2]"),
        ("?statusFilter=NotStarted", "[3]"),
        ("?statusFilter=34", "[3,2,1]"),
        ("?statusFilter=2&resultFilter=Succeeded,failed", "[2,1]"),
        ("?statusFilter=all&resultFilter=8", "[]"),
        ("?reasonFilter=individualci", "[2]"),
        ("?reasonFilter=1", "[3,1]"),
        ("?reasonFilter=triggered", "[3,2,1]"),
        ("?reasonFilter=6", "[2]"),
        ("?requestedFor=Parhelion%20User", "[3,2,1]"),
        ("?requestedFor=nobody", "[]"),
        ("?queues=2", "[3,2,1]"),
        ("?queues=1", "[]"),
        ("?repositoryType=TfsGit", "[3,2,1]"),
        ("?repositoryType=GitHub", "[]"),
        ("?branchName=main", "[3,2,1]"),
        ("?deletedFilter=2", "[]"),
    ] {
        assert_eq!(ids(&bench, query), expected, "{query}");
    }
    for bad in ["queryOrder=never", "statusFilter=x", "resultFilter=-1", "deletedFilter=7", "minTime=x"] {
        assert_eq!(bench.send("GET", &format!("{BUILDS}?{bad}"), &[], "").status, 400, "{bad}");
    }
    assert!(
        refused(&bench, &format!("POST {BUILDS}"), json!({ "definition": { "id": 1 }, "priority": "x" }))
            .contains("The priority is none of")
    );
}

#[test]
fn pages_go_on_where_they_ended_in_each_order() {
    let bench = bench();
    for _ in 0..5 {
        queue(&bench, 1);
        bench.advance(1);
    }
    for order in ["queueTimeAscending", "startTimeDescending", "finishTimeDescending"] {
        let (mut seen, mut query) = (Vec::new(), format!("?queryOrder={order}&$top=2"));
        loop {
            let answer = bench.send("GET", &format!("{BUILDS}{query}"), &[], "");
            seen.extend(answer.json()["value"].as_array().unwrap().iter().map(|b| b["id"].as_u64().unwrap()));
            let Some(token) = answer.header("x-ms-continuationtoken") else { break };
            query = format!("?queryOrder={order}&$top=2&continuationToken={token}");
        }
        let mut expected: Vec<u64> = (1..=5).collect();
        if order.ends_with("Descending") {
            expected.reverse();
        }
        assert_eq!(seen, expected, "{order}");
    }
}

#[test]
fn tags_are_kept_once_filtered_by_and_taken_off_everything() {
    let bench = bench();
    queue(&bench, 1);
    queue(&bench, 1);
    let tags = |answer: Value| answer["value"].to_string();
    assert_eq!(tags(bench.ok(&format!("POST {BUILDS}/1/tags"), json!(["b", "a", "B"]))), r#"["a","b"]"#);
    assert_eq!(tags(bench.ok(&format!("PUT {BUILDS}/2/tags/rel%2F1.0"), Value::Null)), r#"["rel/1.0"]"#);
    let change = json!({ "tagsToAdd": ["A", "c"], "tagsToRemove": ["b"] });
    assert_eq!(tags(bench.ok(&format!("PATCH {BUILDS}/1/tags"), change)), r#"["a","c"]"#);
    bench.ok("PUT /contoso/P/_apis/build/definitions/1/tags/c", Value::Null);
    assert_eq!(bench.get("/contoso/P/_apis/build/definitions/1")["tags"], json!(["c"]));
    assert_eq!(bench.get("/contoso/P/_apis/build/definitions/1")["revision"], 1);
    assert_eq!(tags(bench.get("/contoso/P/_apis/build/tags")), r#"["a","c","rel/1.0"]"#);
    assert_eq!((ids(&bench, "?tagFilters=a,C"), ids(&bench, "?tagFilters=a,x")), ("[1]".into(), "[]".into()));
    assert_eq!(bench.get(&format!("{BUILDS}/1"))["tags"], json!(["a", "c"]));
    assert_eq!(tags(bench.ok("DELETE /contoso/P/_apis/build/tags/C", Value::Null)), r#"["a","rel/1.0"]"#);
    assert_eq!(tags(bench.get("/contoso/P/_apis/build/definitions/1/tags")), "[]");
    for bad in [json!([""]), json!(["a,b"]), json!({}), json!([1])] {
        assert_eq!(bench.call(&format!("POST {BUILDS}/1/tags"), bad).0, 400);
    }
    assert_eq!(bench.call(&format!("PUT {BUILDS}/9/tags/x"), Value::Null).0, 404);
}

#[test]
fn properties_are_patched_and_shown_with_their_types() {
    let bench = bench();
    queue(&bench, 1);
    let path = format!("{BUILDS}/1/properties");
    let patch = json!([
        { "op": "add", "path": "/text", "value": "x" },
        { "op": "add", "path": "/number", "value": 7 },
        { "op": "add", "path": "/flag", "value": true },
    ]);
    let answer = bench.send(
        "PATCH",
        &path,
        &[("content-type", "application/json-patch+json; charset=utf-8")],
        patch.to_string(),
    );
    expect![[r#"{"count":3,"value":{"flag":{"$type":"System.Boolean","$value":true},"number":{"$type":"System.Int32","$value":7},"text":{"$type":"System.String","$value":"x"}}}"#]]
        .assert_eq(&answer.body);
    assert_eq!(bench.get(&format!("{path}?filter=TEXT,f*"))["count"], 2);
    let shown = bench.get(&format!("{BUILDS}/1?propertyFilters=number"));
    assert_eq!(shown["properties"].as_object().unwrap().len(), 1);
    let listed = bench.get(&format!("{BUILDS}?properties=text"));
    assert_eq!(listed["value"][0]["properties"]["text"]["$value"], "x");
    assert_eq!(bench.call(&format!("PATCH {path}"), json!([{ "op": "remove", "path": "/no" }])).0, 400);
    assert_eq!(bench.call(&format!("PATCH {path}"), json!([{ "path": "/no" }])).0, 400);
}

#[test]
fn artifacts_are_added_by_their_makers() {
    let bench = bench();
    queue(&bench, 1);
    let path = format!("{BUILDS}/1/artifacts");
    let given = json!({ "name": "drop", "resource": { "type": "filepath", "data": "//share/drop", "properties": { "a": "b", "c": null } } });
    let made = bench.ok(&format!("POST {path}"), given.clone());
    expect![[r#"{"id":1,"name":"drop","resource":{"type":"filepath","data":"//share/drop","properties":{"a":"b"},"url":"http://localhost/contoso/{p}/_apis/build/Builds/1/artifacts?artifactName=drop&api-version=7.1","downloadUrl":"http://localhost/contoso/{p}/_apis/build/Builds/1/artifacts?artifactName=drop&api-version=7.1&$format=zip"}}"#]]
        .assert_eq(&made.to_string().replace(&bench.store().project("P").unwrap().id.to_string(), "{p}"));
    assert_eq!(bench.get(&path)["value"][0], made);
    assert_eq!(bench.get(&format!("{path}/DROP")), made);
    assert_eq!(
        refused(&bench, &format!("POST {path}"), given),
        "409 ArtifactExistsException: Artifact drop already exists for build 1."
    );
    assert_eq!(
        refused(&bench, &format!("GET {path}?artifactName=x"), Value::Null),
        "404 ArtifactNotFoundException: The artifact x was not found for build 1."
    );
    assert_eq!(bench.call(&format!("GET {path}?artifactName=drop&fileId=f&fileName=n"), Value::Null).0, 404);
    for bad in [json!({}), json!({ "name": "a/b", "resource": { "type": "x" } }), json!({ "name": "a" })] {
        assert_eq!(bench.call(&format!("POST {path}"), bad).0, 400);
    }
}

#[test]
fn logs_come_as_text_lines_or_archives() {
    let bench = bench();
    queue(&bench, 1);
    let logs = format!("{BUILDS}/1/logs");
    let text =
        |query: &str| bench.send("GET", &format!("{logs}/2{query}"), &[("accept", "text/plain")], "").body;
    let lines: Vec<String> = text("").lines().map(|l| l.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!((lines[0].as_str(), lines[7].as_str()), ("##[section]Starting: CmdLine", "echo hi"));
    assert_eq!(text("?startLine=8&endLine=8").lines().count(), 1);
    assert_eq!(text("?startLine=999"), "");
    assert_eq!(bench.get(&format!("{logs}/2?startLine=2&endLine=4"))["count"], 3);
    for (path, files) in [
        (
            format!("{logs}?$format=zip"),
            vec!["Job/1_Initialize job.txt", "Job/2_CmdLine.txt", "Job/3_Finalize Job.txt"],
        ),
        (format!("{logs}/2?$format=zip"), vec!["2.txt"]),
    ] {
        let request = bench.send_for_bytes("GET", &path, &[]);
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(request)).unwrap();
        let names: Vec<String> =
            (0..archive.len()).map(|n| archive.by_index(n).unwrap().name().unwrap().into_owned()).collect();
        assert_eq!(names, files);
        let mut inside = String::new();
        let last = files.iter().position(|f| f.contains("CmdLine") || *f == "2.txt").unwrap();
        std::io::Read::read_to_string(&mut archive.by_index(last).unwrap(), &mut inside).unwrap();
        assert_eq!(inside, text(""));
    }
    let zip = bench.send("GET", &logs, &[("accept", "application/zip;api-version=7.1-preview.2")], "");
    assert_eq!(zip.header("content-type"), Some("application/zip"));
}

#[test]
fn changes_are_the_commits_since_the_build_before() {
    let bench = bench();
    let ids = |build: u32, query: &str| -> Vec<String> {
        let list = bench.get(&format!("{BUILDS}/{build}/changes{query}"));
        list["value"].as_array().unwrap().iter().map(|c| c["message"].as_str().unwrap().to_owned()).collect()
    };
    queue(&bench, 1);
    assert_eq!(ids(1, ""), ["add /azure-pipelines.yml [skip ci]"]);
    bench.commit("/a.txt", "a");
    bench.commit("/b.txt", "b");
    queue(&bench, 1);
    queue(&bench, 1);
    assert_eq!(ids(2, ""), ["add /b.txt [skip ci]", "add /a.txt [skip ci]"]);
    assert_eq!(ids(2, "?$top=1&continuationToken=1"), ["add /a.txt [skip ci]"]);
    assert!(ids(3, "").is_empty());
    let change = &bench.get(&format!("{BUILDS}/2/changes"))["value"][0];
    assert_eq!((&change["type"], change["author"].is_object()), (&json!("TfsGit"), true));
    assert!(change["location"].as_str().unwrap().ends_with(change["id"].as_str().unwrap()));
    let location = change["location"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    assert_eq!(bench.get(location)["commitId"], change["id"]);
}

#[test]
fn the_latest_build_is_found_by_name_or_id_and_branch() {
    let bench = bench();
    let latest = |of: &str| bench.get(&format!("/contoso/P/_apis/build/latest/{of}"))["id"].clone();
    assert_eq!(
        refused(&bench, "GET /contoso/P/_apis/build/latest/one", Value::Null),
        "404 BuildNotFoundException: No build of the definition one was found."
    );
    queue(&bench, 1);
    queue(&bench, 1);
    let in_folder =
        json!({ "name": "deep", "path": "a/b", "process": { "yamlFilename": "azure-pipelines.yml" } });
    bench.ok("POST /contoso/P/_apis/build/definitions", in_folder);
    queue(&bench, 2);
    for (of, id) in
        [("1", 2), ("ONE?branchName=main", 2), ("deep", 3), ("a/b/deep", 3), ("%5Ca%5Cb%5Cdeep", 3)]
    {
        assert_eq!(latest(of), id, "{of}");
    }
    for of in ["nope", "one?branchName=refs/heads/x", "9"] {
        assert_eq!(
            bench.call(&format!("GET /contoso/P/_apis/build/latest/{of}"), Value::Null).0,
            404,
            "{of}"
        );
    }
}
