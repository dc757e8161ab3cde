//! The demo as a user runs it: every scene comes out well, and the push that goes through three clouds is told as one
//! chain of causes.

use std::process::{Command, Stdio};

#[test]
fn every_scene_comes_out_well() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parhelion"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARHELION_")) {
        command.env_remove(name);
    }
    let ran = command.args(["demo", "--color", "never"]).stdin(Stdio::null()).output().expect("the program");
    let shown = String::from_utf8_lossy(&ran.stdout);
    let (scenes, outcome) = shown.rsplit_once("━━ Outcome\n").expect("a title before the outcomes");
    assert!(ran.status.success() && outcome.lines().count() == 5, "{outcome}");
    assert!(outcome.lines().all(|line| line.starts_with("ok ")), "{outcome}");

    // Each link stands below the one that caused it: deeper, and later in the journal.
    let (_, told) = scenes.split_once("Why that execution ran").expect("the last scene's explanation");
    let links = [
        "git-receive-pack",
        "hook.matched: ",
        "/webhooks/FromGit",
        "filter.evaluated: ",
        "yaml.expanded: ",
        "wants build.complete",
        "POST http://",
        "/trigger",
        "$.eventType selects 'build.complete'",
        "execution.started: ",
        "action 'Build/Bundle' succeeded",
    ];
    let mut below = (0, 0);
    let mut lines = told.lines();
    for link in links {
        let line = lines.by_ref().find(|line| line.contains('#') && line.contains(link));
        let line = line.unwrap_or_else(|| panic!("{link} is missing, or stands before its cause:\n{told}"));
        let depth = line.find('#').expect("a number");
        let seq = line[depth + 1..].split(' ').next().and_then(|seq| seq.parse().ok()).expect("a number");
        assert!(
            (depth, seq) > below && depth > below.0,
            "{link} does not hang below what caused it:\n{told}"
        );
        below = (depth, seq);
    }
}
