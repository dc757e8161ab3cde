//! Whose requests are for the artifact store, and that they reach it.

use super::*;
use crate::s3::store::ArtifactStore;
use parhelion_http::{Body, Named};
use parhelion_state::testing;

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder().method("PUT").uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=111111111111/20260101/cn-north-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

#[test]
fn requests_are_known_by_signature_and_by_host() {
    assert!(claims(&parts("/b/k", &[SIGNED])));
    assert!(claims(&parts("/b/k?X-Amz-Credential=test%2F20260101%2Feu-west-1%2Fs3%2Faws4_request", &[])));
    assert!(claims(&parts("/b/k?AWSAccessKeyId=test&Signature=a%3D&Expires=1", &[])));
    assert!(claims(&parts("/k", &[("host", "b.s3.localhost:4600")])));
    assert!(!claims(&parts("/b/k", &[("host", "127.0.0.1:4600")])));
    assert!(!claims(&parts("/b/k?Signature=a&Expires=1", &[])));
}

#[tokio::test]
async fn a_bucket_is_kept_in_its_partition_and_world() {
    let worlds = testing::worlds(1, crate::ops::testing::shelves);
    let name = parhelion_core::WorldName::main();
    let world = worlds.open(&name).unwrap();
    let head = Head {
        world: name,
        base: "http://here".into(),
        original_uri: "/artifacts".parse().unwrap(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: "r-1".into(),
        cause: 0,
    };
    let mut parts = parts("/artifacts", &[SIGNED]);
    parts.extensions.insert(head);
    let settings = crate::Settings::default();
    let gate = Gate { worlds: &worlds, settings: &settings };
    let again = parts.clone();
    let response = serve(Request::from_parts(parts, Body::empty()), gate).await;
    assert_eq!(response.status(), 200);
    let named = response.extensions().get::<Named>().cloned().unwrap();
    assert_eq!((&*named.operation, named.tenant.as_str()), ("CreateBucket", "aws-cn"));
    let china = Partition::of(&Place::new("111111111111", "cn-north-1").unwrap());
    let bucket =
        world.shelf::<ArtifactStore>().load(&china).store.buckets.bucket("artifacts").cloned().unwrap();
    assert_eq!((bucket.owner.as_str(), bucket.region.as_str()), ("111111111111", "cn-north-1"));
    // A refusal leaves a fact.
    let response = serve(Request::from_parts(again, Body::empty()), gate).await;
    assert_eq!(response.status(), 409);
    let refused = world.entries(0, 10, |entry| entry.kind == "request.refused");
    assert!(refused[0].fact.starts_with("BucketAlreadyOwnedByYou: "), "{}", refused[0].fact);
}
