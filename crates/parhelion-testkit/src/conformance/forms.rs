//! Bodies and heads that are wrong as a whole (section 1 of the specification), and right ones in unusual forms.

use super::cbor::{self, Style};
use super::datum::Datum;
use super::judge::{Expected, judge};
use super::model::Model;
use super::{Protocol, Trial, Wanted};

/// The forms of an operation, with an input that must be answered with 200.
pub fn forms(model: &Model, operation: &str, living: &Datum, take: &mut dyn FnMut(Trial)) {
    let mut trial = |protocol, about: &str, head: &[(&'static str, &'static str)], body: Vec<u8>, wanted| {
        let (about, headers) = (format!("form: {about}"), head.to_vec());
        take(Trial { operation: operation.to_owned(), protocol, about, headers, body, wanted });
    };
    let nothing = Datum::Map(Vec::new());
    let serialization = || Wanted::Answer(Expected::Serialization);

    let json = Protocol::Json;
    let empty = || Wanted::Answer(judge(model, operation, &nothing, json));
    trial(json, "no body", &[], Vec::new(), empty());
    for (about, body) in [
        ("a list", b"[]".to_vec()),
        ("a text", b"\"a\"".to_vec()),
        ("null", b"null".to_vec()),
        ("broken off", b"{\"a\":".to_vec()),
        ("no JSON", b"Action=CreateRole".to_vec()),
        ("more than one value", b"{} {}".to_vec()),
        ("no UTF-8", b"{\"a\":\"\xff\"}".to_vec()),
        ("half a surrogate", b"{\"a\":\"\\ud800\"}".to_vec()),
        ("very deep", [&b"{\"a\":"[..], &b"[".repeat(5000)].concat()),
    ] {
        trial(json, about, &[], body, serialization());
    }
    trial(
        json,
        "a content type of text",
        &[("content-type", "text/plain")],
        b"{}".to_vec(),
        Wanted::Status(404),
    );
    for kind in
        ["application/x-amz-json-1.0", "application/json", "application/x-amz-json-1.1; charset=utf-8"]
    {
        trial(json, kind, &[("content-type", kind)], b"{}".to_vec(), empty());
    }

    let cbor = Protocol::Cbor;
    let empty = || Wanted::Answer(judge(model, operation, &nothing, cbor));
    for (about, body) in
        [("no body", vec![]), ("an empty map", vec![0xa0]), ("an open map", vec![0xbf, 0xff])]
    {
        trial(cbor, about, &[], body, empty());
    }
    for (about, body) in [
        ("a list", vec![0x80]),
        ("null", vec![0xf6]),
        ("broken off", vec![0xa1, 0x61, b'a']),
        ("an open map without its end", vec![0xbf]),
        ("a key that is a number", vec![0xa1, 1, 1]),
        ("bytes after the map", vec![0xa0, 0xa0]),
        ("a length beyond the body", vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("very deep", [&[0xa1, 0x61, b'a'][..], &[0x81; 5000]].concat()),
        ("no UTF-8", vec![0xa1, 0x61, b'a', 0x61, 0xff]),
    ] {
        trial(cbor, about, &[], body, serialization());
    }
    for (about, head) in [
        ("no smithy-protocol", ("smithy-protocol", "")),
        ("another smithy-protocol", ("smithy-protocol", "rpc-v3-cbor")),
        ("a target too", ("x-amz-target", "CodePipeline_20150709.ListPipelines")),
    ] {
        trial(cbor, about, &[head], vec![0xa0], serialization());
    }
    trial(
        cbor,
        "a content type of JSON",
        &[("content-type", "application/json")],
        vec![0xa0],
        Wanted::Status(415),
    );
    for style in [Style::Indefinite, Style::Wide] {
        trial(cbor, &format!("{style:?}"), &[], cbor::write(living, style), Wanted::Done);
    }
}
