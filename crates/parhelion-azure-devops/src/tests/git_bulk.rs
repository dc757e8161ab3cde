//! Much at once: pushes of many files.

use crate::testing::Bench;
use serde_json::{Value, json};

const REPOSITORY: &str = "/contoso/P/_apis/git/repositories/P";
/// Files of a push.
const FILES: usize = 50_000;

fn push(bench: &Bench, old: &str, kind: &str, content: &str) -> Value {
    let change = |n: usize| {
        json!({
            "changeType": kind,
            "item": { "path": format!("/src/{}/{n}.txt", n % 500) },
            "newContent": { "content": format!("{content} {n}"), "contentType": "rawtext" },
        })
    };
    let changes: Vec<Value> = (0..FILES).map(change).collect();
    bench.ok(
        &format!("POST {REPOSITORY}/pushes"),
        json!({
            "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": old }],
            "commits": [{ "comment": "many", "changes": changes }],
        }),
    )
}

#[test]
fn a_push_may_change_fifty_thousand_files() {
    let bench = Bench::with_project("P");
    bench.commit(
        "/azure-pipelines.yml",
        "trigger:\n  paths:\n    include: [src/7/507.txt]\nsteps:\n- script: echo\n",
    );
    bench.define("one");
    let tip = |bench: &Bench| {
        let refs = bench.get(&format!("{REPOSITORY}/refs?filter=heads/main"));
        refs["value"][0]["objectId"].as_str().unwrap().to_owned()
    };
    for (n, (kind, content)) in [("add", "a"), ("edit", "b")].into_iter().enumerate() {
        let pushed = push(&bench, &tip(&bench), kind, content);
        assert_eq!(pushed["commits"].as_array().unwrap().len(), 1);
        let file = bench.send("GET", &format!("{REPOSITORY}/items?path=/src/7/507.txt"), &[], "");
        assert_eq!(file.body, format!("{content} 507"));
        // Its path filter found the one file among them.
        assert_eq!(bench.get("/contoso/P/_apis/build/builds")["count"], n + 1);
    }
    let items = bench.get(&format!("{REPOSITORY}/items?recursionLevel=full&scopePath=/src/7"));
    assert_eq!(items["count"], 1 + FILES / 500);
    // The record of a push keeps commits, not their files.
    assert!(bench.dump(false).to_string().len() < 1024 * 1024);
}
