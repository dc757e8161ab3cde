//! What strangers' bytes reach first, one function each: `scripts/fuzz` drives them with inputs of libFuzzer's, the
//! test below with those that are committed (`fuzz/corpus/`). Each panics when something that must always hold does
//! not; what is merely refused is fine.

use crate::domain::jsonpath::{self, rule};
use crate::domain::place::Place;
use crate::domain::sender::Sender;
use crate::domain::triggers::Incoming;
use crate::named::Named;
use crate::shapes::{CreatePipelineInput, PutActionRevisionInput, PutWebhookInput, UpdateActionTypeInput};
use crate::wire::constraints::{self, Instants};
use crate::wire::sigv4::Claim;
use crate::wire::sigv4::verify::{Key, Service, Signed, verify};
use crate::wire::value::{Value, from_value};
use crate::wire::{Input, Protocol, cbor, json11, table};
use crate::{operations, shelves, trigger};
use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use parhelion_core::{Call, text::hex};
use parhelion_state::{World, testing};
use std::cell::RefCell;
use std::sync::Arc;

/// The body of an rpc-v2-cbor request.
pub fn cbor(bytes: &[u8]) {
    let Ok(value) = cbor::read(bytes) else { return };
    // What is read can be said again, and then says the same. (Compared as bytes: no number equals NaN.)
    let said = cbor::write(&value);
    let again = cbor::read(&said).expect("our own bytes");
    assert_eq!(cbor::write(&again), said);
    input(value, Instants::Tagged);
    short_way(Protocol::Cbor, bytes);
}

/// The body of an awsJson1_1 request.
pub fn json(bytes: &[u8]) {
    let Ok(value) = json11::read(bytes) else { return };
    let said = json11::write(&value);
    let again = json11::read(&said).expect("our own bytes");
    // (Fractions are read to the last bit but one: no shape has any but instants, and those are milliseconds.)
    assert!(has_fractions(&value) || json11::write(&again) == said);
    input(value, Instants::Plain);
    short_way(Protocol::Json, bytes);
}

/// What is read without a tree of values is what the tree says.
fn short_way(protocol: Protocol, bytes: &[u8]) {
    for (name, both) in [
        (
            "CreatePipeline",
            (|input| input.both_ways::<CreatePipelineInput>()) as fn(Input<'_>) -> (bool, bool),
        ),
        ("PutWebhook", |input| input.both_ways::<PutWebhookInput>()),
        ("PutActionRevision", |input| input.both_ways::<PutActionRevisionInput>()),
        ("UpdateActionType", |input| input.both_ways::<UpdateActionTypeInput>()),
    ] {
        let operation = table::OPERATIONS.iter().find(|o| o.name == name).expect("an operation of the model");
        both(Input { protocol, operation, bytes });
    }
}

fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::List(items) => items.iter().any(has_fractions),
        Value::Map(members) => members.values().any(has_fractions),
        _ => false,
    }
}

/// What passes the model's constraints is what the generated shapes take; what does not is told in sentences.
fn input(value: Value, instants: Instants) {
    for (name, takes) in [
        ("CreatePipeline", (|value| from_value::<CreatePipelineInput>(value).is_ok()) as fn(Value) -> bool),
        ("PutWebhook", |value| from_value::<PutWebhookInput>(value).is_ok()),
        ("PutActionRevision", |value| from_value::<PutActionRevisionInput>(value).is_ok()),
        ("UpdateActionType", |value| from_value::<UpdateActionTypeInput>(value).is_ok()),
    ] {
        let operation = table::OPERATIONS.iter().find(|o| o.name == name).expect("an operation of the model");
        let Value::Map(_) = value else { return };
        let Ok(value) = constraints::coerce(operation.input, value.clone(), instants) else { continue };
        let violations = constraints::violations(operation.input, &value);
        if violations.is_empty() {
            assert!(takes(value), "{name}: the shapes refuse what the model takes");
        } else {
            let message = constraints::message(&violations);
            assert!(message.starts_with(&violations.len().to_string()), "{message}");
        }
    }
}

/// An `Authorization` header, and after a line's end the query of a presigned address.
pub fn sigv4(bytes: &[u8]) {
    let mut halves = bytes.splitn(2, |byte| *byte == b'\n');
    let (header, query) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let mut request = http::Request::builder().method("POST").uri("/").body(()).expect("a request");
    if let Ok(value) = HeaderValue::from_bytes(header)
        && !header.is_empty()
    {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    if let Ok(query) = std::str::from_utf8(query)
        && let Ok(uri) = format!("/?{query}").parse()
    {
        *request.uri_mut() = uri;
    }
    let now = "2026-01-02T03:04:05Z".parse().expect("a time");
    request.headers_mut().insert("host", HeaderValue::from_static("here"));
    request.headers_mut().insert("x-amz-date", HeaderValue::from_static("20260102T030405Z"));
    let (parts, ()) = request.into_parts();
    // Whoever calls, the place is one that has a key and a text that leads back to it.
    let place = Claim::of(&parts).place();
    assert_eq!(place.to_string().parse::<Place>().expect("a place"), place);
    let _ = crate::wire::claims(&parts);
    // Nobody signs right by chance, and what is said of a wrong signature tells nobody the secret.
    for service in [Service::CodePipeline, Service::Iam, Service::Sts, Service::S3] {
        let signed = Signed { parts: &parts, uri: &parts.uri, service, body: b"{}" };
        let key = Key { secret: SECRET.to_owned(), token: None };
        let denied = verify(&signed, |_, _| Some(key), now).expect_err("a signature by chance");
        let (exception, query, s3) = (denied.exception(), denied.query_error(), denied.s3_error());
        let said = format!("{denied} {exception:?} {query:?} {s3:?}");
        assert!(!said.contains(SECRET), "{said}");
    }
}

/// The secret access key of the caller that is pretended.
const SECRET: &str = "wJalrXUtnFEMI-a-secret-of-ours";

/// A webhook's filter: the path, a line's end, the text that is wanted, a line's end, the document.
pub fn jsonpath(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let (path, wanted) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let values = Named::from([("Branch", "main".to_owned())]);
    let placeholders = rule::Placeholders { values: &values, is_secret: &|key| key == "OAuthToken" };
    let wanted = (!wanted.is_empty()).then_some(wanted);
    let put = rule::check(path, wanted, &placeholders);
    let read = jsonpath::parse(path);
    assert!(put.is_err() || read.is_ok(), "what was put can be read");
    let Ok(document) = serde_json::from_str(lines.next().unwrap_or_default()) else { return };
    if let Ok(path) = read {
        let _ = path.select(&document);
    }
    let _ = rule::evaluate(path, wanted, &placeholders, &document);
}

/// A webhook's call: the first byte says how it is signed and typed, the rest is the body.
pub fn webhook(bytes: &[u8]) {
    let (how, body) = bytes.split_first().map_or((0, bytes), |(how, body)| (*how, body));
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: String| {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).expect("plain text"));
    };
    let form = how & 4 != 0;
    put(
        "content-type",
        if form { "application/x-www-form-urlencoded" } else { "application/json" }.to_owned(),
    );
    put("x-github-event", if how & 8 != 0 { "ping" } else { "push" }.to_owned());
    let right = how & 1 == 0;
    if how & 2 == 0 {
        let mac = Hmac::<sha1::Sha1>::new_from_slice(b"shh").expect("a key").chain_update(body);
        let digest = hex(&mac.finalize().into_bytes());
        put("x-hub-signature", if right { format!("sha1={digest}") } else { format!("sha1={digest}0") });
    } else {
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"shh").expect("a key").chain_update(body);
        let digest = hex(&mac.finalize().into_bytes());
        put("x-hub-signature-256", if right { format!("sha256={digest}") } else { "sha256=zz".to_owned() });
    }
    let status = rig(|rig| {
        let sender = Sender::plain([10, 1, 2, 3].into());
        let incoming = Incoming { headers: &headers, body, sender: &sender };
        let answer = trigger::receive(&rig.world, &Place::default(), "hook", &Call::default(), &incoming);
        answer.status().as_u16()
    });
    let taken = [200, 400].contains(&status);
    assert_eq!(taken, right, "a body that is signed {right} is answered with {status}");
}

/// A world with a webhook, and how many calls it took: it is made anew before its history grows long.
struct Rig {
    world: Arc<World>,
    calls: usize,
}

const CALLS_MAX: usize = 500;

fn rig<T>(with: impl FnOnce(&Rig) -> T) -> T {
    thread_local!(static RIG: RefCell<Option<Rig>> = const { RefCell::new(None) });
    RIG.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|rig| rig.calls >= CALLS_MAX) {
            *slot = Some(Rig::new());
        }
        let rig = slot.get_or_insert_with(Rig::new);
        rig.calls += 1;
        with(rig)
    })
}

impl Rig {
    fn new() -> Rig {
        let (world, _) = testing::world(1, shelves(&Arc::default()));
        let make = |name: &str, text: &str| {
            let operation = table::OPERATIONS.iter().find(|o| o.name == name).expect("an operation");
            let input = Input { protocol: Protocol::Json, operation, bytes: text.as_bytes() };
            let call = Call { base: "http://here".into(), ..Call::default() };
            let row = operations::find(name).expect("an operation that is built");
            (row.run)(&world, &Place::default(), &call, input).expect("it is made");
        };
        make("CreatePipeline", PIPELINE);
        make("PutWebhook", WEBHOOK);
        Rig { world, calls: 0 }
    }
}

const PIPELINE: &str = r#"{"pipeline":{"name":"site","roleArn":"arn:aws:iam::000000000000:role/r",
"artifactStore":{"type":"S3","location":"artifacts"},"stages":[
{"name":"Source","actions":[{"name":"Push","actionTypeId":{"category":"Source","owner":"ThirdParty","provider":"GitHub","version":"1"},
 "configuration":{"Owner":"octo","Repo":"site","Branch":"main","OAuthToken":"t0ken"},"outputArtifacts":[{"name":"Code"}]}]},
{"name":"Deploy","actions":[{"name":"Go","actionTypeId":{"category":"Approval","owner":"AWS","provider":"Manual","version":"1"}}]}]}}"#;

const WEBHOOK: &str = r#"{"webhook":{"name":"hook","targetPipeline":"site","targetAction":"Push",
"filters":[{"jsonPath":"$.ref","matchEquals":"refs/heads/{Branch}"},{"jsonPath":"$..id"}],
"authentication":"GITHUB_HMAC","authenticationConfiguration":{"SecretToken":"shh"}}}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Every committed input of a target, and every beginning of it.
    fn corpus(target: &str, run: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 5, "{folder:?} holds {} inputs", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            run(&bytes);
            (0..bytes.len().min(400)).for_each(|end| run(&bytes[..end]));
        }
    }

    #[test]
    fn the_corpus_of_cbor_holds() {
        corpus("cbor", cbor);
    }
    #[test]
    fn the_corpus_of_json_holds() {
        corpus("json", json);
    }
    #[test]
    fn the_corpus_of_sigv4_holds() {
        corpus("sigv4", sigv4);
    }
    #[test]
    fn the_corpus_of_jsonpath_holds() {
        corpus("jsonpath", jsonpath);
    }
    #[test]
    fn the_corpus_of_webhook_holds() {
        corpus("webhook", webhook);
    }
}
