//! Pipelines over real objects: S3 sources, artifacts, S3 deployments.

use super::orders::AT_ONCE_BYTES;
use super::partition::Partition;
use super::store::ArtifactStore;
use super::unpack::{KIND, Unpack};
use crate::domain::engine::records::{Execution, Run};
use crate::domain::place::Place;
use crate::ops::testing::{Bench, declaration, with_job};
use crate::ops::{DeletePipeline, StartPipelineExecution};
use crate::shapes::{
    ActionDeclaration, ActionExecutionStatus, DeletePipelineInput, InputArtifact, PipelineDeclaration,
    PipelineExecutionStatus, PipelineType, SourceRevisionOverride, SourceRevisionType, StageDeclaration,
    StartPipelineExecutionInput, TriggerType,
};
use parhelion_artifacts::{Content, New, Versioning, archive};
use parhelion_core::Call;
use parhelion_state::{JobDriver, Tx};
use std::sync::Arc;

fn aws() -> Partition {
    Partition::of(&Place::default())
}

/// A turn on the buckets, as a client's call makes it.
fn turn<T>(
    bench: &Bench,
    turn: impl FnOnce(&mut parhelion_artifacts::Buckets, &mut Tx<'_>) -> parhelion_artifacts::Result<T>,
) -> T {
    let mut turn = Some(turn);
    let mut done = None;
    let shelf = bench.world.shelf::<ArtifactStore>();
    let written = shelf.write(&aws(), &Call::default(), |store, tx| {
        store.turn(tx, &mut |buckets, tx| {
            done = Some(turn.take().unwrap()(buckets, tx)?);
            Ok(())
        })
    });
    written.unwrap();
    done.unwrap()
}

fn put(bench: &Bench, key: &str, bytes: impl Into<bytes::Bytes>) -> Option<String> {
    let new = New::plain(Content::free(bytes.into()));
    turn(bench, |buckets, tx| buckets.put("sources", key, new, tx))
}

fn get(bench: &Bench, bucket: &str, key: &str) -> Option<bytes::Bytes> {
    let store = bench.world.shelf::<ArtifactStore>().load(&aws());
    store.store.buckets.find(bucket, key, None).ok().map(|(_, body)| body.content.whole())
}

fn with_bucket() -> Bench {
    let bench = Bench::new();
    turn(&bench, |buckets, tx| buckets.create("sources", "000000000000", "us-east-1", tx));
    bench
}

fn configure(action: &mut ActionDeclaration, configuration: &[(&str, &str)]) {
    let pairs = configuration.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    action.configuration = Some(pairs.collect());
}

/// [`declaration`] with the object `sources/app.zip` as its source.
fn from_s3(name: &str, more: &[(&str, &str)]) -> PipelineDeclaration {
    let mut pipeline = declaration(name);
    let source = &mut pipeline.stages[0].actions[0];
    Arc::make_mut(&mut source.action_type_id).owner = crate::shapes::ActionOwner::Aws;
    Arc::make_mut(&mut source.action_type_id).provider = "S3".into();
    let own = [("S3Bucket", "sources"), ("S3ObjectKey", "app.zip")];
    configure(source, &[&own, more].concat());
    pipeline
}

/// As [`from_s3`], deploying what the source found.
fn to_s3(name: &str, configuration: &[(&str, &str)]) -> PipelineDeclaration {
    let mut pipeline = from_s3(name, &[("PollForSourceChanges", "false")]);
    let mut ship = pipeline.stages[1].actions[0].clone();
    ship.name = "Ship".into();
    Arc::make_mut(&mut ship.action_type_id).category = crate::shapes::ActionCategory::Deploy;
    Arc::make_mut(&mut ship.action_type_id).provider = "S3".into();
    let artifact = pipeline.stages[0].actions[0].output_artifacts.as_ref().unwrap()[0].name.clone();
    ship.input_artifacts = Some(Box::new([InputArtifact { name: artifact }]));
    configure(&mut ship, configuration);
    pipeline.stages.push(StageDeclaration {
        name: "Ship".into(),
        actions: vec![ship],
        ..StageDeclaration::default()
    });
    pipeline
}

fn newest(bench: &Bench, name: &str) -> Execution {
    bench.look(|store| {
        let (line, ..) = store.pipeline(name).unwrap();
        store.engine.executions_of(line, u64::MAX).next().unwrap().1.clone()
    })
}

fn runs(bench: &Bench, name: &str) -> Vec<Run> {
    bench.look(|store| {
        let (line, ..) = store.pipeline(name).unwrap();
        store.engine.runs_of(line, u64::MAX).map(|(_, run)| run.clone()).collect()
    })
}

/// The run of the newest deployment.
fn shipped(bench: &Bench, name: &str) -> Run {
    runs(bench, name).into_iter().find(|run| run.stage == 2).unwrap()
}

#[test]
fn a_source_finds_the_object_and_leaves_it_as_its_artifact() {
    let bench = with_bucket();
    turn(&bench, |buckets, tx| buckets.set_versioning("sources", Versioning::Enabled, tx));
    put(&bench, "app.zip", "one");
    let version = put(&bench, "app.zip", "two").unwrap();
    bench.create(from_s3("p", &[]));
    let execution = newest(&bench, "p");
    assert_eq!(execution.status, PipelineExecutionStatus::Succeeded);
    let (_, revision) = &execution.revisions[0];
    assert_eq!(revision.id, version);
    assert_eq!(revision.summary.as_deref(), Some(&*format!("Amazon S3 version id: {version}")));
    let source = runs(&bench, "p").pop().unwrap();
    assert_eq!(source.variables["VersionId"], version);
    assert_eq!(source.variables["ETag"], "b8a9f715dbb64fd5c56e7783c6820a61");
    let bucket = declaration("p").artifact_store.unwrap().location;
    assert!(source.outputs[0].ends_with(".zip"));
    assert_eq!(get(&bench, &bucket, &source.outputs[0]).unwrap(), "two");
}

#[test]
fn without_versions_the_tag_is_the_revision_and_metadata_can_say_more() {
    let bench = with_bucket();
    let mut new = New::plain(Content::free("x".into()));
    let summary = ("codepipeline-artifact-revision-summary".to_owned(), "Release 7".to_owned());
    let extra = parhelion_artifacts::Extra { metadata: vec![summary], ..Default::default() };
    new.body.extra = extra.boxed();
    turn(&bench, |buckets, tx| buckets.put("sources", "app.zip", new, tx));
    bench.create(from_s3("p", &[]));
    let (_, revision) = newest(&bench, "p").revisions[0].clone();
    assert_eq!(revision.id, "9dd4e461268c8034f5c8564e155c67a6");
    assert_eq!(revision.summary.as_deref(), Some("Release 7"));
    assert_eq!(runs(&bench, "p").pop().unwrap().variables["VersionId"], "null");
}

#[test]
fn an_object_that_was_never_put_is_a_synthetic_revision_and_a_small_zip() {
    let bench = Bench::new();
    bench.create(from_s3("p", &[]));
    assert_eq!(newest(&bench, "p").status, PipelineExecutionStatus::Succeeded);
    let bucket = declaration("p").artifact_store.unwrap().location;
    let source = runs(&bench, "p").pop().unwrap();
    let zip = Content::free(get(&bench, &bucket, &source.outputs[0]).unwrap());
    let budget = super::memory::Memory::default().of(bench.world.name());
    assert_eq!(archive::unpack(&zip, &budget, 1000).unwrap()[0].0, "parhelion.txt");
    assert!(bench.facts("source.looked")[0].contains("never put"));
    // The bucket exists by itself, and is the account's.
    let store = bench.world.shelf::<ArtifactStore>().load(&aws());
    let made = store.store.buckets.bucket(&bucket).unwrap();
    assert!(made.by_itself && made.owner == "000000000000" && made.region == "us-east-1");
}

#[test]
fn an_execution_can_ask_for_a_version_or_another_key() {
    let bench = with_bucket();
    turn(&bench, |buckets, tx| buckets.set_versioning("sources", Versioning::Enabled, tx));
    let one = put(&bench, "app.zip", "one").unwrap();
    put(&bench, "app.zip", "two");
    put(&bench, "other.zip", "other");
    let mut pipeline = from_s3("p", &[("AllowOverrideForS3ObjectKey", "true")]);
    pipeline.pipeline_type = Some(PipelineType::V2);
    let source = pipeline.stages[0].actions[0].name.clone();
    bench.create(pipeline);
    let start = |kind, value: &str| {
        let revision = SourceRevisionOverride {
            action_name: source.clone(),
            revision_type: kind,
            revision_value: value.to_owned(),
        };
        let input = StartPipelineExecutionInput {
            name: "p".into(),
            source_revisions: Some(vec![revision]),
            ..Default::default()
        };
        bench.run::<StartPipelineExecution>(input).unwrap();
        let bucket = declaration("p").artifact_store.unwrap().location;
        let source = runs(&bench, "p").into_iter().find(|run| run.stage == 0).unwrap();
        (get(&bench, &bucket, &source.outputs[0]), source)
    };
    assert_eq!(start(SourceRevisionType::S3ObjectVersionId, &one).0.unwrap(), "one");
    let (bytes, run) = start(SourceRevisionType::S3ObjectKey, "other.zip");
    assert_eq!((bytes.unwrap(), run.variables["ObjectKey"].as_str()), ("other".into(), "other.zip"));
    let (bytes, run) = start(SourceRevisionType::S3ObjectVersionId, "none");
    assert_eq!((bytes, run.status), (None, ActionExecutionStatus::Failed));
    assert!(run.error.unwrap().message.contains("has no version 'none'"));
}

#[test]
fn a_put_starts_the_pipelines_that_poll_wherever_they_are() {
    let bench = with_bucket();
    bench.create(from_s3("polls", &[]));
    bench.create(from_s3("waits", &[("PollForSourceChanges", "false")]));
    let abroad = bench.at(&Place::new("111111111111", "eu-west-1").unwrap());
    abroad.create(from_s3("abroad", &[("PollForSourceChanges", "true")]));
    let china = bench.at(&Place::new("111111111111", "cn-north-1").unwrap());
    china.create(from_s3("china", &[]));
    put(&bench, "other.zip", "x");
    put(&bench, "app.zip", "x");
    let count = |bench: &Bench, name: &str| bench.executions(name).len();
    assert_eq!((count(&bench, "polls"), count(&bench, "waits")), (2, 1));
    assert_eq!((count(&abroad, "abroad"), count(&china, "china")), (2, 1));
    let execution = newest(&bench, "polls");
    assert_eq!(execution.trigger, TriggerType::PollForSourceChanges);
    assert_eq!(execution.revisions[0].1.id, "9dd4e461268c8034f5c8564e155c67a6");
    // An update can end it, and so does a deletion.
    bench.update("polls", |pipeline| {
        configure(&mut pipeline.stages[0].actions[0], &[("S3Bucket", "sources"), ("S3ObjectKey", "new.zip")]);
    });
    put(&bench, "app.zip", "y");
    assert_eq!(count(&bench, "polls"), 2);
    put(&bench, "new.zip", "y");
    assert_eq!(count(&bench, "polls"), 3);
    bench.run::<DeletePipeline>(DeletePipelineInput { name: "polls".into() }).unwrap();
    put(&bench, "new.zip", "z");
    bench.look(|store| assert!(store.sources.is_empty()));
}

#[test]
fn a_deployment_puts_the_artifact_or_its_files() {
    let bench = with_bucket();
    let zip = archive::of_one_file("index.html", "<p>");
    put(&bench, "app.zip", zip.clone());
    let whole = [
        ("BucketName", "site"),
        ("Extract", "false"),
        ("ObjectKey", "v1/app.zip"),
        ("CacheControl", "no-store"),
    ];
    bench.create(to_s3("whole", &whole));
    assert_eq!(newest(&bench, "whole").status, PipelineExecutionStatus::Succeeded);
    assert_eq!(get(&bench, "site", "v1/app.zip").unwrap(), zip);
    bench.create(to_s3("files", &[("BucketName", "site"), ("Extract", "true"), ("ObjectKey", "live/")]));
    assert_eq!(newest(&bench, "files").status, PipelineExecutionStatus::Succeeded);
    assert_eq!(get(&bench, "site", "live/index.html").unwrap(), "<p>");
    assert!(shipped(&bench, "files").summary.is_some());
    let store = bench.world.shelf::<ArtifactStore>().load(&aws());
    let (_, body) = store.store.buckets.find("site", "v1/app.zip", None).unwrap();
    assert_eq!(body.header("cache-control"), Some("no-store"));
    let (_, body) = store.store.buckets.find("site", "live/index.html", None).unwrap();
    assert_eq!(body.header("content-type"), Some("text/html"));
}

#[test]
fn a_deployment_without_artifact_or_zip_fails_and_says_so() {
    let bench = with_bucket();
    put(&bench, "app.zip", "no zip at all");
    bench.create(to_s3("p", &[("BucketName", "site"), ("Extract", "true")]));
    let run = shipped(&bench, "p");
    assert_eq!(run.status, ActionExecutionStatus::Failed);
    assert!(run.error.unwrap().message.contains("no zip archive"));
    assert_eq!(newest(&bench, "p").status, PipelineExecutionStatus::Failed);

    // A worker that says that it is done and uploads nothing.
    let mut pipeline = with_job("q");
    let ship = &mut pipeline.stages[2].actions[0];
    Arc::make_mut(&mut ship.action_type_id).provider = "S3".into();
    configure(ship, &[("BucketName", "site"), ("Extract", "true")]);
    bench.create(pipeline);
    let job = bench.poll();
    bench.acknowledge(&job);
    bench.succeed(&job);
    let run = shipped(&bench, "q");
    let error = run.error.unwrap();
    assert!(error.message.contains("did not upload it"), "{}", error.message);
}

#[test]
fn a_pipeline_that_deploys_its_own_source_does_not_run_for_ever() {
    let bench = with_bucket();
    put(&bench, "app.zip", "x");
    let mut pipeline =
        to_s3("p", &[("BucketName", "sources"), ("Extract", "false"), ("ObjectKey", "app.zip")]);
    configure(&mut pipeline.stages[0].actions[0], &[("S3Bucket", "sources"), ("S3ObjectKey", "app.zip")]);
    bench.create(pipeline);
    assert_eq!(bench.executions("p").len(), 11);
    assert!(bench.facts("source.changed").last().unwrap().contains("circles"));
    // Clients' own puts start it all the same.
    put(&bench, "app.zip", "y");
    assert_eq!(bench.executions("p").len(), 12);
}

#[tokio::test]
async fn a_large_artifact_is_unpacked_by_a_job() {
    let bench = with_bucket();
    let text = (0..AT_ONCE_BYTES).map(|n| char::from(b'a' + (n % 26) as u8)).collect::<String>();
    put(&bench, "app.zip", archive::of_one_file("large.txt", &text));
    bench.create(to_s3("p", &[("BucketName", "site"), ("Extract", "true")]));
    assert_eq!(newest(&bench, "p").status, PipelineExecutionStatus::InProgress);
    let ticket = bench.world.take_job().unwrap();
    assert_eq!(ticket.job.kind, KIND);
    let driver = Unpack { memory: super::memory::Memory::default() };
    let outcome = driver.run(bench.world.clone(), ticket.clone()).await;
    bench.world.job_done(&ticket, outcome);
    assert_eq!(newest(&bench, "p").status, PipelineExecutionStatus::Succeeded);
    assert_eq!(get(&bench, "site", "large.txt").unwrap(), text);
    // A second report of the same job finds nothing to do.
    bench.world.job_done(&ticket, Err("late".into()));
    assert_eq!(newest(&bench, "p").status, PipelineExecutionStatus::Succeeded);
}

#[test]
fn scripted_failures_come_before_a_deployment() {
    let bench = with_bucket();
    put(&bench, "app.zip", archive::of_one_file("a", "b"));
    bench.behaviour("no", &[("action", "Ship")], "fail", serde_json::json!({}));
    bench.create(to_s3("p", &[("BucketName", "site"), ("Extract", "true")]));
    assert_eq!(shipped(&bench, "p").status, ActionExecutionStatus::Failed);
    assert_eq!(get(&bench, "site", "a"), None);
}
