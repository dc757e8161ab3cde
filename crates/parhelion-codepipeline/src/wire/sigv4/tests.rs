//! AWS's published examples, and what goes wrong.

use super::canonical::{self, PathForm};
use super::verify::{Denied, Key, Promise, Service, Signed, verify};
use http::Uri;
use http::request::Parts;
use parhelion_core::{Timestamp, text::hex};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn request(method: &str, uri: &str, headers: &str) -> Parts {
    let mut request = http::Request::builder().method(method).uri(uri);
    for line in headers.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Docs: the access keys of the examples.
fn key(id: &str, token: Option<&str>) -> Option<Key> {
    let secret = match id {
        "AKIDEXAMPLE" => "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "AKIAIOSFODNN7EXAMPLE" => "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ASIAEXAMPLE" => return token.map(|_| Key { secret: "test".into(), token: Some("right".into()) }),
        _ => return None,
    };
    Some(Key { secret: secret.into(), token: None })
}

fn judged(parts: &Parts, service: Service, body: &[u8], now: &str) -> Result<Promise, Denied> {
    let uri = parts.uri.clone();
    verify(&Signed { parts, uri: &uri, service, body }, key, at(now))
}

// Docs: "Create a signed AWS API request", IAM's ListUsers.
const LIST_USERS: &str = "content-type: application/x-www-form-urlencoded; charset=utf-8
    host: iam.amazonaws.com
    x-amz-date: 20150830T123600Z
    authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

fn list_users(headers: &str) -> Parts {
    request("GET", "/?Action=ListUsers&Version=2010-05-08", headers)
}

#[test]
fn the_published_signature_of_iam_is_right() {
    let parts = list_users(LIST_USERS);
    assert_eq!(judged(&parts, Service::Iam, b"", "2015-08-30T12:36:00Z"), Ok(Promise::Nothing));
    let canonical = canonical::Parts {
        method: &parts.method,
        path: "/",
        path_form: PathForm::Twice,
        query: "Version=2010-05-08&Action=ListUsers",
        headers: &parts.headers,
        signed: &["content-type", "host", "x-amz-date"],
        payload: EMPTY,
        host: None,
    };
    assert_eq!(
        hex(&Sha256::digest(canonical.text())),
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    );
}

#[test]
fn the_published_signatures_of_s3_are_right() {
    // Docs: "Authenticating Requests: Using the Authorization Header", its four examples.
    let signed = |headers: &str, signature: &str| {
        format!(
            "authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={headers},Signature={signature}
            host: examplebucket.s3.amazonaws.com
            x-amz-date: 20130524T000000Z\n"
        )
    };
    let common = "host;x-amz-content-sha256;x-amz-date";
    let empty = format!("x-amz-content-sha256: {EMPTY}\n");
    let put = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    for (method, uri, headers, promised) in [
        (
            "GET",
            "/test.txt",
            signed(
                "host;range;x-amz-content-sha256;x-amz-date",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ) + &empty
                + "range: bytes=0-9",
            EMPTY,
        ),
        (
            "PUT",
            "/test$file.text",
            signed(
                "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ) + &format!(
                "x-amz-content-sha256: {put}
                date: Fri, 24 May 2013 00:00:00 GMT
                x-amz-storage-class: REDUCED_REDUNDANCY"
            ),
            put,
        ),
        (
            "GET",
            "/?lifecycle",
            signed(common, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543") + &empty,
            EMPTY,
        ),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            signed(common, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7") + &empty,
            EMPTY,
        ),
    ] {
        let promise = judged(&request(method, uri, &headers), Service::S3, b"", "2013-05-24T00:10:00Z");
        assert_eq!(promise, Ok(Promise::Digest(promised.into())), "{method} {uri}");
    }
}

// Docs: "Authenticating Requests: Using Query Parameters".
const PRESIGNED: &str = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

#[test]
fn a_presigned_query_is_right_until_it_expires() {
    let judged = |uri: &str, now| {
        let parts = request("GET", uri, "host: examplebucket.s3.amazonaws.com");
        judged(&parts, Service::S3, b"", now)
    };
    assert_eq!(judged(PRESIGNED, "2013-05-24T23:59:59Z"), Ok(Promise::Nothing));
    let expired = judged(PRESIGNED, "2013-05-25T00:00:01Z").unwrap_err();
    assert_eq!(expired.s3_error(), (403, "AccessDenied", "Request has expired".into()));
    assert!(matches!(judged(PRESIGNED, "2013-05-23T23:40:00Z"), Err(Denied::Skew { .. })));
    let other = PRESIGNED.replace("/test.txt", "/test2.txt");
    let denied = judged(&other, "2013-05-24T01:00:00Z").unwrap_err();
    assert_eq!((denied.s3_error().0, denied.s3_error().1), (403, "SignatureDoesNotMatch"));
    for (from, to) in
        [("=86400", "=0"), ("=86400", "=604801"), ("AWS4-HMAC-SHA256", "AWS4"), ("&X-Amz-Date", "&x")]
    {
        let denied = judged(&PRESIGNED.replacen(from, to, 1), "2013-05-24T01:00:00Z").unwrap_err();
        assert!(matches!(denied, Denied::Incomplete(_)), "{to}: {denied:?}");
    }
}

#[test]
fn whatever_is_changed_is_noticed_and_named() {
    const NOW: &str = "2015-08-30T12:40:00Z";
    let said = |parts: &Parts, body: &[u8]| judged(parts, Service::Iam, body, NOW).unwrap_err().to_string();
    let parts = list_users(LIST_USERS);
    assert!(said(&parts, b"x").ends_with("another body was signed than the one that came"));
    // The digest is the canonical request's, so that it can be compared with the client's own.
    assert!(said(&parts, b"x").contains("whose canonical form has the SHA-256 "));
    let host = list_users(&LIST_USERS.replace("iam.amazonaws.com", "iam.amazonaws.com:443"));
    assert!(said(&host, b"").ends_with("the host was signed without its port"));
    let other = list_users(&LIST_USERS.replace("utf-8", "utf-16"));
    assert!(said(&other, b"").contains("the secret access key is another, or several parts"));
    // A client that signs the path without the world's prefix.
    let uri: Uri = "/_w/w1/?Action=ListUsers&Version=2010-05-08".parse().unwrap();
    let signed = Signed { parts: &parts, uri: &uri, service: Service::Iam, body: b"" };
    let denied = verify(&signed, key, at(NOW)).unwrap_err();
    assert!(denied.to_string().ends_with("the path that was signed has no world prefix"), "{denied}");
    assert_eq!(denied.exception().0, "InvalidSignatureException");
}

#[test]
fn each_refusal_has_its_words_in_each_form() {
    let replaced = |from: &str, to: &str| list_users(&LIST_USERS.replace(from, to));
    let now = "2015-08-30T12:40:00Z";
    let cases = [
        (list_users("host: iam.amazonaws.com"), now),
        (replaced("Credential=", "X="), now),
        (replaced("AWS4-HMAC-SHA256", "Bearer"), now),
        (replaced("x-amz-date: 20150830T123600Z", "x-amz-date: yesterday"), now),
        (replaced("AKIDEXAMPLE", "AKIDOTHER"), now),
        (replaced("AKIDEXAMPLE", "ASIAEXAMPLE"), now),
        (replaced("/iam/", "/codepipeline/"), now),
        (replaced("/20150830/", "/20150831/"), now),
        (replaced("content-type;host;x-amz-date", "content-type;x-amz-date"), now),
        (list_users(LIST_USERS), "2015-08-30T12:51:01Z"),
        (list_users(LIST_USERS), "2015-08-30T12:20:59Z"),
        (replaced("Signature=5d", "Signature=5e"), now),
    ];
    let mut out = String::new();
    for (parts, now) in &cases {
        let denied = judged(parts, Service::Iam, b"", now).unwrap_err();
        let ((exception, message), (status, code, _), (s3_status, s3_code, _)) =
            (denied.exception(), denied.query_error(), denied.s3_error());
        out += &format!("{exception}, {status} {code}, {s3_status} {s3_code}: {message}\n");
    }
    expect_test::expect![[r#"
        MissingAuthenticationTokenException, 403 MissingAuthenticationToken, 403 AccessDenied: Missing Authentication Token
        IncompleteSignatureException, 400 IncompleteSignature, 400 AuthorizationHeaderMalformed: Authorization header requires 'Credential' parameter.
        IncompleteSignatureException, 400 IncompleteSignature, 400 AuthorizationHeaderMalformed: Authorization header is not of AWS4-HMAC-SHA256.
        IncompleteSignatureException, 400 IncompleteSignature, 400 AuthorizationHeaderMalformed: Date must be in ISO-8601 'basic format'. Got 'yesterday'.
        UnrecognizedClientException, 403 InvalidClientTokenId, 403 InvalidAccessKeyId: The security token included in the request is invalid.
        UnrecognizedClientException, 403 InvalidClientTokenId, 403 InvalidAccessKeyId: The security token included in the request is invalid.
        InvalidSignatureException, 403 SignatureDoesNotMatch, 400 AuthorizationHeaderMalformed: Credential should be scoped to correct service: 'iam'.
        InvalidSignatureException, 403 SignatureDoesNotMatch, 400 AuthorizationHeaderMalformed: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != '20150830', from '20150830T123600Z'.
        InvalidSignatureException, 403 SignatureDoesNotMatch, 403 AccessDenied: 'Host' must be a 'SignedHeader' in the AWS Authorization.
        InvalidSignatureException, 403 SignatureDoesNotMatch, 403 RequestTimeTooSkewed: Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)
        InvalidSignatureException, 403 SignatureDoesNotMatch, 403 RequestTimeTooSkewed: Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)
        InvalidSignatureException, 403 SignatureDoesNotMatch, 403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.
    "#]].assert_eq(&out);
}

#[test]
fn a_temporary_key_needs_its_token() {
    let denied = |token: &str| {
        let headers = LIST_USERS.replace("AKIDEXAMPLE", "ASIAEXAMPLE") + token;
        judged(&list_users(&headers), Service::Iam, b"", "2015-08-30T12:40:00Z").unwrap_err()
    };
    assert!(matches!(denied(""), Denied::UnknownKey { .. }));
    assert!(matches!(denied("\nx-amz-security-token: wrong"), Denied::UnknownKey { .. }));
    // With the right token the key is known, and it is the signature that is looked at.
    assert!(matches!(denied("\nx-amz-security-token: right"), Denied::Mismatch { .. }));
}

#[test]
fn s3_wants_every_amz_header_signed_and_the_body_named() {
    let headers = "host: examplebucket.s3.amazonaws.com
        x-amz-date: 20130524T000000Z
        authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-date,Signature=00";
    let judged = |more: &str| {
        judged(&request("GET", "/a", &format!("{headers}{more}")), Service::S3, b"", "2013-05-24T00:00:00Z")
            .unwrap_err()
    };
    assert_eq!(judged(""), Denied::NoPayload);
    assert_eq!(judged("\nx-amz-acl: private"), Denied::HeaderUnsigned("x-amz-acl".into()));
}

#[test]
fn paths_are_made_canonical_as_each_service_wants_it() {
    let parts = request("GET", "/", "host: h\nx-a:  one   two ");
    for (path, form, expected) in [
        // Docs: the cases of AWS's test suite, get-relative, get-slashes, get-space and get-utf8.
        ("/example/..", PathForm::Twice, "/"),
        ("/./example", PathForm::Twice, "/example"),
        ("//example//", PathForm::Twice, "/example/"),
        ("/example%20space/", PathForm::Twice, "/example%2520space/"),
        ("/%E1%88%B4", PathForm::Twice, "/%25E1%2588%25B4"),
        ("", PathForm::Twice, "/"),
        ("//a/../b%2Fc+d~e", PathForm::Once, "//a/../b%2Fc%2Bd~e"),
        ("/test$file.text", PathForm::Once, "/test%24file.text"),
    ] {
        let text = canonical::Parts {
            method: &parts.method,
            path,
            path_form: form,
            query: "b=%2f&a=&a=1&c d=x+y",
            headers: &parts.headers,
            signed: &["host", "x-a"],
            payload: "-",
            host: None,
        }
        .text();
        assert_eq!(
            text,
            format!("GET\n{expected}\na=&a=1&b=%2F&c%20d=x%20y\nhost:h\nx-a:one two\n\nhost;x-a\n-")
        );
    }
}

proptest! {
    #[test]
    fn any_request_is_judged(
        header in "[ -~]{0,120}", credential in "[ -~]{0,40}", date in "[ -~]{0,20}", query in "[!-~&&[^#]]{0,80}",
    ) {
        let texts = [header.clone(), format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={header}, Signature=x")];
        for text in texts {
            let request = http::Request::builder()
                .uri(format!("/?{query}"))
                .header("authorization", text)
                .header("x-amz-date", date.as_str())
                .body(());
            let Ok(request) = request else { continue };
            let (parts, ()) = request.into_parts();
            for service in [Service::Iam, Service::S3] {
                prop_assert!(judged(&parts, service, b"", "2026-01-01T00:00:00Z").is_err());
            }
        }
        let presigned = format!("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=5&{query}");
        if let Ok(request) = http::Request::builder().uri(presigned).body(()) {
            let (parts, ()) = request.into_parts();
            prop_assert!(judged(&parts, Service::S3, b"", "2026-01-01T00:00:00Z").is_err());
        }
    }
}
