//! Whole files, their expansion kept beside them. `UPDATE_EXPECT=1 cargo test` writes it anew.

use crate::{FILE, payload, run};
use expect_test::expect_file;
use parhelion_azure_pipelines::{
    Inputs, joined, parse,
    pipeline::{Strategy, Trigger},
};

/// Files that tests read and mutate, with their inputs.
pub fn all() -> Vec<(&'static str, &'static str, Inputs)> {
    let deployed = serde_json::from_str(include_str!("../files/webhook.json")).expect("the file is JSON");
    vec![
        ("webhook", include_str!("../files/webhook.yml"), payload("Deployed", deployed)),
        ("build", include_str!("../files/build.yml"), Inputs::default()),
    ]
}

#[test]
fn expansions() {
    for (name, text, inputs) in all() {
        let got = run(text, &inputs).map_or_else(|e| joined(&e), |e| e.final_yaml);
        match name {
            "webhook" => expect_file!["../files/webhook.final.yml"].assert_eq(&got),
            _ => expect_file!["../files/build.final.yml"].assert_eq(&got),
        }
    }
}

#[test]
fn the_pipeline_in_types() {
    let (_, text, inputs) = all().swap_remove(0);
    let pipeline = run(text, &inputs).unwrap().pipeline;
    assert_eq!(pipeline.trigger, Trigger::Disabled);
    assert_eq!(pipeline.pr, Trigger::Absent);
    assert_eq!(pipeline.webhooks[0].filters.len(), 2);
    let verify = &pipeline.stages[0];
    assert_eq!(verify.display_name.as_deref(), Some("Verify 1.4.0"));
    assert_eq!(verify.jobs[0].pool.as_ref().unwrap().vm_image.as_deref(), Some("ubuntu-latest"));
    let titles: Vec<&str> = verify.jobs[0].steps.iter().map(|s| s.title()).collect();
    assert_eq!(
        titles,
        ["6d15af64-176c-496d-b583-fd2ae21d4df4", "Report", "Check web", "Check worker", "Check db: main"]
    );
    assert_eq!(verify.jobs[0].steps[3].continue_on_error.as_deref(), Some("true"));
    assert_eq!(verify.jobs[0].steps[3].script(), Some("./check worker ."));
    assert_eq!(verify.jobs[0].steps[3].env, [("PART".to_owned(), "WORKER".to_owned())]);
    assert_eq!(verify.jobs[1].steps[0].display_name.as_deref(), Some("Health"));
    let announce = &pipeline.stages[1];
    assert_eq!(announce.depends_on, ["verify"]);
    let deployment = announce.jobs[0].deployment.as_ref().unwrap();
    assert_eq!(deployment.environment.as_deref(), Some("staging"));
    let order: Vec<_> = announce.jobs[0].steps_in_order().map(|(hook, s)| (hook, s.task_name())).collect();
    assert_eq!(order, [(Some("deploy"), "PowerShell")]);
    assert_eq!(deployment.hooks[1].name, "on.failure");
}

#[test]
fn strategies_and_triggers_in_types() {
    let (_, text, inputs) = all().swap_remove(1);
    let pipeline = run(text, &inputs).unwrap().pipeline;
    let Trigger::When(push) = &pipeline.trigger else { panic!("{:?}", pipeline.trigger) };
    assert!(push.batch);
    assert_eq!((push.branches.include.len(), push.branches.exclude.len()), (2, 1));
    assert_eq!(push.paths.exclude, ["**/*.md"]);
    let Trigger::When(pr) = &pipeline.pr else { panic!("{:?}", pipeline.pr) };
    assert_eq!(pr.branches.include, ["main"]);
    let jobs = &pipeline.stages[0].jobs;
    let Strategy::Matrix { legs, max_parallel } = &jobs[0].strategy else { panic!("{:?}", jobs[0].strategy) };
    assert_eq!(legs[1], ("release".to_owned(), vec![("flag".to_owned(), "--release".to_owned())]));
    assert_eq!(max_parallel.as_deref(), Some("2"));
    assert_eq!(jobs[1].strategy, Strategy::Parallel("3".to_owned()));
    assert_eq!(jobs[1].depends_on, ["build"]);
    assert_eq!(jobs[1].pool.as_ref().unwrap().demands.len(), 2);
}

#[test]
fn a_pipeline_survives_being_stored() {
    for (_, text, inputs) in all() {
        let pipeline = run(text, &inputs).unwrap().pipeline;
        let stored = serde_json::to_string(&pipeline).unwrap();
        assert_eq!(serde_json::from_str::<parhelion_azure_pipelines::Pipeline>(&stored).unwrap(), *pipeline);
    }
}

#[test]
fn places_survive_line_ends_and_byte_order_marks() {
    for (_, text, _) in all() {
        let plain = parse(FILE, text).unwrap();
        let crlf = parse(FILE, &text.replace('\n', "\r\n")).unwrap();
        let marked = parse(FILE, &format!("\u{feff}{text}")).unwrap();
        assert_eq!(plain.root(), crlf.root());
        assert_eq!(plain.root(), marked.root());
    }
}
