//! The surface as the server calls it: a request in, an answer and a journal out.

use super::*;
use crate::ops::testing::{Bench, ready, with_job};
use parhelion_core::WorldName;
use parhelion_http::{Body, read_body};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

struct Server {
    worlds: Arc<Worlds>,
    bench: Bench,
}

impl Server {
    fn new() -> Self {
        let worlds = parhelion_state::testing::worlds(1, crate::ops::testing::shelves);
        worlds.open(&WorldName::main()).unwrap();
        let bench = Bench::of(worlds.find(&WorldName::main()).unwrap());
        Server { worlds, bench }
    }
    fn ask(&self, method: &str, uri: &str, target: Option<&str>, body: &Json) -> (u16, String) {
        let head = Head {
            world: WorldName::main(),
            base: "http://here".into(),
            original_uri: uri.parse().unwrap(),
            peer: "127.0.0.1".parse().unwrap(),
            request_id: "r1".into(),
            cause: 0,
        };
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", "application/x-amz-json-1.1")
            .extension(head);
        if let Some(target) = target {
            request = request.header("x-amz-target", format!("CodePipeline_20150709.{target}"));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = ready(surface(self.worlds.clone(), Arc::default()).service.oneshot(request)).unwrap();
        let status = response.status().as_u16();
        let bytes = ready(read_body(response.into_body(), 1_000_000)).unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
    fn call(&self, operation: &str, input: Json) -> (u16, String) {
        self.ask("POST", "/", Some(operation), &input)
    }
    /// The newest fact, with its kind and verdict.
    fn last(&self) -> String {
        let entry = self.bench.world.entries(0, usize::MAX, |_| true).pop().unwrap();
        assert_eq!(entry.tenant, "000000000000/us-east-1");
        format!("{} {:?}: {}", entry.kind, entry.verdict, entry.fact)
    }
}

#[test]
fn the_journal_says_why_an_operation_refused() {
    let server = Server::new();
    assert_eq!(server.call("GetPipeline", json!({"name": "nope"})).0, 400);
    assert_eq!(
        server.last(),
        "request.refused Some(Failed): PipelineNotFoundException: Account '000000000000' does not have a pipeline with name 'nope'"
    );
    server.bench.create(with_job("p"));
    let job = server.bench.poll();
    assert_eq!(server.call("GetThirdPartyJobDetails", json!({"jobId": job, "clientToken": "geheim"})).0, 400);
    let said = server.last();
    assert!(said.contains("InvalidClientTokenException") && !said.contains("geheim"), "{said}");
    assert_eq!(server.call("GetPipeline", json!({})).0, 400);
    assert!(server.last().contains("Value at 'name' failed"), "{}", server.last());
}

#[test]
fn the_journal_says_what_became_of_calls_that_find_nothing_to_do() {
    let server = Server::new();
    assert_eq!(server.call("DeletePipeline", json!({"name": "p"})), (200, String::new()));
    assert_eq!(
        server.last(),
        "pipeline.deleted Some(Skipped): there is no pipeline 'p': nothing was deleted"
    );
    assert_eq!(server.call("DeleteWebhook", json!({"name": "w"})), (200, "{}".into()));
    assert_eq!(server.last(), "webhook.changed Some(Skipped): there is no webhook 'w': nothing was deleted");
    server.bench.pipeline("p");
    let start = json!({"name": "p", "clientRequestToken": "t"});
    let first = server.call("StartPipelineExecution", start.clone());
    assert_eq!(server.call("StartPipelineExecution", start), first);
    assert!(server.last().starts_with("execution.repeated Some(Skipped): the client request token was used"));
}

#[test]
fn the_journal_names_the_tags_that_changed() {
    let server = Server::new();
    server.bench.pipeline("p");
    let arn = "arn:aws:codepipeline:us-east-1:000000000000:p";
    let tags = json!([{"key": "b", "value": "private"}, {"key": "a", "value": "2"}]);
    server.call("TagResource", json!({"resourceArn": arn, "tags": tags}));
    assert_eq!(server.last(), "pipeline.changed None: the tags b, a were set: pipeline 'p' has 2 tag(s)");
    server.call("UntagResource", json!({"resourceArn": arn, "tagKeys": ["x", "a"]}));
    assert_eq!(server.last(), "pipeline.changed None: the tags a were taken away: pipeline 'p' has 1 tag(s)");
    server.call("UntagResource", json!({"resourceArn": arn, "tagKeys": ["x"]}));
    assert_eq!(server.last(), "pipeline.changed None: no tags were taken away: pipeline 'p' has 1 tag(s)");
}

#[test]
fn the_journal_says_that_a_webhook_was_called_with_another_method() {
    let server = Server::new();
    server.bench.pipeline("p");
    let url = server.bench.webhook("w", "p");
    let path = url.strip_prefix("http://here").unwrap();
    assert_eq!(server.ask("GET", path, None, &json!({})).0, 405);
    assert_eq!(
        server.last(),
        "webhook.received Some(Failed): webhook 'w' was called with GET: only POST starts anything"
    );
}

#[test]
fn a_job_is_found_by_its_id_as_it_was_given_and_by_no_other_spelling() {
    let server = Server::new();
    server.bench.create(with_job("p"));
    let job = server.bench.poll();
    let asked = |id: String| {
        server.call("GetThirdPartyJobDetails", json!({"jobId": id, "clientToken": "DEFAULT_CLIENT_TOKEN"}))
    };
    for other in [job.to_uppercase(), job.replace('-', ""), format!("{{{job}}}"), format!("urn:uuid:{job}")] {
        let (status, body) = asked(other);
        assert!(status == 400 && body.contains("JobNotFoundException"), "{body}");
    }
    assert_eq!(asked(job).0, 200);
}

#[test]
fn a_refusal_repeats_no_more_than_a_reader_needs() {
    let server = Server::new();
    for name in ["x".repeat(100_000), format!("x/{}", "y".repeat(100_000))] {
        let arn = format!("arn:aws:codepipeline:us-east-1:000000000000:{name}");
        let (status, body) = server.call("ListTagsForResource", json!({"resourceArn": arn}));
        assert!(status == 400 && body.len() < 1000 && server.last().len() < 1000);
    }
    let stage = json!({"name": "", "actions": [{}]});
    let pipeline = json!({"name": "p", "roleArn": "r", "stages": vec![stage; 100]});
    assert_eq!(server.call("CreatePipeline", json!({"pipeline": pipeline})).0, 400);
    assert!(server.last().len() < 5000);
}
