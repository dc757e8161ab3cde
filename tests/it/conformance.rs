//! CodePipeline against its model, in a sample of what `scripts/conformance codepipeline` asks; and `docs/coverage.md`.

use parhelion_testkit::TestServer;
use parhelion_testkit::conformance::{self, BOTH, Choice, coverage};
use std::path::Path;

/// One case of so many is tried here; what must be answered with 200 always is.
const EVERY: usize = 25;

#[tokio::test]
async fn a_sample_of_the_model_holds() {
    let server = TestServer::start().await;
    server.may_leave_deliveries();
    let choice = Choice { every: EVERY, ..Choice::default() };
    let report = conformance::run(&server.main(), &choice).await;
    let shown: Vec<_> = report.differences.iter().take(20).collect();
    assert!(
        report.holds(),
        "missing: {:?}\nnot set up: {:#?}\ndiffering: {shown:#?}",
        report.missing,
        report.not_set_up
    );
    let (cases, right) = report.sum();
    assert!(cases > 1_000 && right == cases, "{right} of {cases}");
    for ((operation, protocol), tally) in &report.tallies {
        assert!(tally.done > 0, "{operation} {protocol:?} was never answered with 200");
    }
    assert_eq!(report.tallies.len(), 44 * BOTH.len());
}

/// What is answered wrongly is found: here by a sink, which answers everything with 200 and no body.
#[tokio::test]
async fn what_differs_is_told() {
    let server = TestServer::start().await;
    server.may_leave_deliveries();
    let choice = Choice { operation: Some("ListPipelines".to_owned()), every: 1 };
    let report = conformance::run(&server.main().below("/_parhelion/sink/everything"), &choice).await;
    let (cases, right) = report.sum();
    assert!(!report.holds() && right < cases && !report.differences.is_empty(), "{right} of {cases}");
    assert!(!report.not_set_up.is_empty());
}

/// `UPDATE_COVERAGE=1 cargo test -p parhelion-tests coverage` writes the tables of operations anew and keeps the
/// figures; `scripts/conformance codepipeline --write` finds the figures too.
#[tokio::test]
async fn the_coverage_document_is_current() {
    let server = TestServer::start().await;
    let served = server.main().get("/_parhelion/coverage").await.want(200).json();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(coverage::PATH);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let stated = coverage::stated(&text);
    let wanted = coverage::document(&served, &stated);
    if std::env::var_os("UPDATE_COVERAGE").is_some() {
        std::fs::write(&path, &wanted).expect("the document is written");
    } else if let Some((a, b)) = text.lines().zip(wanted.lines()).find(|(a, b)| a != b) {
        panic!("{} is not current:\n  {a}\nshould be\n  {b}", coverage::PATH);
    } else {
        assert_eq!(text.lines().count(), wanted.lines().count(), "{} is not current", coverage::PATH);
    }
    let cases = conformance::count();
    assert_eq!(stated.len(), cases.len(), "operations in {}", coverage::PATH);
    for (key, cases) in cases {
        assert_eq!(stated[&key], (cases, cases), "{key:?}: {} states an older run", coverage::PATH);
    }
}
