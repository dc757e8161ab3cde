//! Buckets, objects, versions, listings.

use super::rig::{Alone, One, Rig};
use crate::Versioning;

#[test]
fn buckets_are_made_found_and_taken_away() {
    let rig = Rig::new();
    let made = rig.ask("PUT", "/b-1", &[], b"").want(200);
    assert_eq!((made.operation.as_str(), made.header("location")), ("CreateBucket", "/b-1"));
    let again = rig.ask("PUT", "/b-1", &[], b"");
    assert_eq!((again.status, again.code().as_str()), (409, "BucketAlreadyOwnedByYou"));
    let other = rig.ask_as("111111111111", "PUT", "/b-1", &[], b"");
    assert_eq!((other.status, other.code().as_str()), (409, "BucketAlreadyExists"));
    let virginia = b"<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(rig.ask("PUT", "/b-2", &[], virginia).code(), "IllegalLocationConstraintException");
    for bad in ["/B", "/ab", "/a_b_c", "/a..b", "/1.2.3.4", "/-ab"] {
        assert_eq!(rig.ask("PUT", bad, &[], b"").want(400).code(), "InvalidBucketName", "{bad}");
    }
    let head = rig.ask("HEAD", "/b-1", &[], b"").want(200);
    assert_eq!(head.header("x-amz-bucket-region"), "eu-west-1");
    assert_eq!(rig.ask("HEAD", "/b-2", &[], b"").status, 404);
    assert!(
        rig.ask("GET", "/b-1?location", &[], b"")
            .want(200)
            .text()
            .ends_with(">eu-west-1</LocationConstraint>")
    );
    assert_eq!(rig.ask("GET", "/", &[], b"").want(200).all("Name"), ["b-1"]);
    assert_eq!(rig.ask_as("111111111111", "GET", "/", &[], b"").want(200).all("Name").len(), 0);

    rig.ask("PUT", "/b-1/k", &[], b"x").want(200);
    assert_eq!(rig.ask("DELETE", "/b-1", &[], b"").want(409).code(), "BucketNotEmpty");
    rig.ask("DELETE", "/b-1/k", &[], b"").want(204);
    rig.ask("DELETE", "/b-1", &[], b"").want(204);
    assert_eq!(rig.ask("DELETE", "/b-1", &[], b"").want(404).code(), "NoSuchBucket");
    // A bucket of the same name begins empty.
    rig.ask("PUT", "/b-1", &[], b"").want(200);
    assert_eq!(rig.ask("GET", "/b-1?list-type=2", &[], b"").one("KeyCount"), "0");
}

#[test]
fn a_bucket_that_exists_by_itself_may_be_made_once_more_by_its_owner() {
    let rig = Rig::new();
    rig.world
        .shelf::<Alone>()
        .write(&One, &Default::default(), |store, tx| {
            store.0.ensure("artifacts", "000000000000", "eu-west-1", tx)
        })
        .unwrap();
    assert_eq!(rig.ask_as("111111111111", "PUT", "/artifacts", &[], b"").code(), "BucketAlreadyExists");
    rig.ask("PUT", "/artifacts", &[], b"").want(200);
    assert_eq!(rig.ask("PUT", "/artifacts", &[], b"").code(), "BucketAlreadyOwnedByYou");
}

#[test]
fn an_object_comes_back_with_what_was_said_of_it() {
    let rig = Rig::with_bucket();
    let said = [
        ("content-type", "text/plain"),
        ("content-encoding", "aws-chunked,gzip"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-meta-Team", "web"),
        ("cache-control", "no-cache"),
    ];
    let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let put = rig.ask("PUT", "/b-1/a/%C3%A4.txt", &said, body).want(200);
    assert_eq!(put.operation, "PutObject");
    assert_eq!(put.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(put.header("x-amz-checksum-crc32"), "NhCmhg==");
    assert_eq!(put.header("x-amz-version-id"), "");
    let get = rig.ask("GET", "/b-1/a/%C3%A4.txt", &[("x-amz-checksum-mode", "ENABLED")], b"").want(200);
    assert_eq!(get.body, b"hello");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-encoding", "gzip"),
        ("x-amz-meta-team", "web"),
        ("cache-control", "no-cache"),
        ("content-length", "5"),
        ("accept-ranges", "bytes"),
        ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-checksum-type", "FULL_OBJECT"),
        ("x-amz-request-id", "r-1"),
    ] {
        assert_eq!(get.header(name), value, "{name}");
    }
    let shown = rig.ask("GET", "/b-1/a/%C3%A4.txt?response-content-type=text/html&x-id=GetObject", &[], b"");
    assert_eq!(shown.header("content-type"), "text/html");
    let head = rig.ask("HEAD", "/b-1/a/%C3%A4.txt", &[], b"").want(200);
    assert_eq!((head.operation.as_str(), head.header("content-length")), ("HeadObject", "5"));
    let puts: Vec<String> = rig.puts.lock().iter().map(ToString::to_string).collect();
    assert_eq!(puts, ["b-1/a/ä.txt version null"]);
}

#[test]
fn what_is_not_there_is_told_in_the_form_of_the_service() {
    let rig = Rig::with_bucket();
    let none = rig.ask("GET", "/b-1/k%20k", &[], b"").want(404);
    assert_eq!((none.code().as_str(), none.one("Key").as_str()), ("NoSuchKey", "k k"));
    assert_eq!(none.one("Resource"), "/b-1/k%20k");
    assert_eq!(none.header("content-type"), "application/xml");
    assert_eq!(rig.ask("GET", "/nobody/k", &[], b"").want(404).code(), "NoSuchBucket");
    assert_eq!(rig.ask("PUT", "/nobody/k", &[], b"").want(404).code(), "NoSuchBucket");
    assert_eq!(rig.ask("GET", "/b-1/k?versionId=x", &[], b"").want(404).code(), "NoSuchVersion");
    assert_eq!(rig.ask("GET", "/b-1/k?acl", &[], b"").want(501).code(), "NotImplemented");
    assert_eq!(rig.ask("PATCH", "/b-1/k", &[], b"").want(405).code(), "MethodNotAllowed");
    assert_eq!(rig.ask("GET", "/b-1/%ff", &[], b"").want(400).code(), "InvalidArgument");
    let long = format!("/b-1/{}", "k".repeat(1025));
    assert_eq!(rig.ask("PUT", &long, &[], b"").want(400).code(), "KeyTooLongError");
    let meta = "v".repeat(2049);
    assert_eq!(rig.ask("PUT", "/b-1/k", &[("x-amz-meta-a", &meta)], b"").code(), "MetadataTooLarge");
    let owner = [("x-amz-expected-bucket-owner", "111111111111")];
    assert_eq!(rig.ask("PUT", "/b-1/k", &owner, b"").want(403).code(), "AccessDenied");
    assert_eq!(rig.ask("HEAD", "/b-1", &owner, b"").status, 403);
    let told = rig.refusals.lock().clone();
    assert!(told.contains(&("GetObject", "NoSuchKey")) && told.contains(&("", "NotImplemented")), "{told:?}");
}

#[test]
fn ranges_and_conditions() {
    let rig = Rig::with_bucket();
    let put = rig.ask("PUT", "/b-1/k", &[], b"0123456789").want(200);
    let etag = put.header("etag").to_owned();
    let get = |headers: &[(&str, &str)]| rig.ask("GET", "/b-1/k", headers, b"");
    let part = get(&[("range", "bytes=2-4")]).want(206);
    assert_eq!((&part.body[..], part.header("content-range")), (&b"234"[..], "bytes 2-4/10"));
    assert_eq!(get(&[("range", "bytes=-3")]).body, b"789");
    let beyond = get(&[("range", "bytes=10-")]).want(416);
    assert_eq!((beyond.code().as_str(), beyond.one("ActualObjectSize").as_str()), ("InvalidRange", "10"));
    assert_eq!(get(&[("if-match", &etag)]).status, 200);
    assert_eq!(get(&[("if-match", "\"x\"")]).want(412).code(), "PreconditionFailed");
    let same = get(&[("if-none-match", &etag)]).want(304);
    assert_eq!((same.body.len(), same.header("etag")), (0, etag.as_str()));
    assert_eq!(get(&[("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")]).status, 304);
    assert_eq!(get(&[("if-unmodified-since", "Wed, 31 Dec 2025 00:00:00 GMT")]).status, 412);
    assert_eq!(get(&[("if-modified-since", "some day")]).status, 200);

    let write =
        |headers: &[(&str, &str)], key: &str| rig.ask("PUT", &format!("/b-1/{key}"), headers, b"x").status;
    assert_eq!(write(&[("if-none-match", "*")], "k"), 412);
    assert_eq!(write(&[("if-none-match", "*")], "new"), 200);
    assert_eq!(write(&[("if-match", "\"x\"")], "k"), 412);
    assert_eq!(write(&[("if-match", &etag)], "k"), 200);
    assert_eq!(write(&[("if-match", &etag)], "none"), 404);
}

#[test]
fn versions_are_kept_marked_and_deleted() {
    let rig = Rig::with_bucket();
    let versioning = |status: &str| {
        let body = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        rig.ask("PUT", "/b-1?versioning", &[], body.as_bytes()).want(200);
    };
    assert!(!rig.ask("GET", "/b-1?versioning", &[], b"").text().contains("Status"));
    rig.ask("PUT", "/b-1/k", &[], b"zero").want(200);
    versioning("Enabled");
    assert_eq!(rig.ask("GET", "/b-1?versioning", &[], b"").one("Status"), "Enabled");
    let one = rig.ask("PUT", "/b-1/k", &[], b"one").header("x-amz-version-id").to_owned();
    let two = rig.ask("PUT", "/b-1/k", &[], b"two").header("x-amz-version-id").to_owned();
    assert!(one.len() == 32 && two.len() == 32 && one != two);
    let of = |version: &str| rig.ask("GET", &format!("/b-1/k?versionId={version}"), &[], b"");
    assert_eq!(
        (of(&one).body, of(&two).body, of("null").body),
        (b"one".into(), b"two".into(), b"zero".into())
    );

    let deleted = rig.ask("DELETE", "/b-1/k", &[], b"").want(204);
    assert_eq!(deleted.header("x-amz-delete-marker"), "true");
    let marker = deleted.header("x-amz-version-id").to_owned();
    let none = rig.ask("GET", "/b-1/k", &[], b"").want(404);
    assert_eq!(
        (none.header("x-amz-delete-marker"), none.header("x-amz-version-id")),
        ("true", marker.as_str())
    );
    assert_eq!(of(&marker).want(405).code(), "MethodNotAllowed");
    assert_eq!(rig.ask("GET", "/b-1?list-type=2", &[], b"").one("KeyCount"), "0");

    let all = rig.ask("GET", "/b-1?versions", &[], b"").want(200);
    assert_eq!(all.all("VersionId"), [marker.as_str(), &two, &one, "null"]);
    assert_eq!(all.all("IsLatest"), ["true", "false", "false", "false"]);
    // Pages of two, through the middle of a key.
    let page = rig.ask("GET", "/b-1?versions&max-keys=2", &[], b"");
    assert_eq!(page.all("VersionId"), [marker.as_str(), &two]);
    let uri = format!(
        "/b-1?versions&max-keys=2&key-marker={}&version-id-marker={}",
        page.one("NextKeyMarker"),
        page.one("NextVersionIdMarker")
    );
    let rest = rig.ask("GET", &uri, &[], b"");
    assert_eq!(
        (rest.all("VersionId"), rest.one("IsTruncated")),
        (vec![one.clone(), "null".into()], "false".into())
    );

    // Without the marker the newest before it is back.
    let gone = rig.ask("DELETE", &format!("/b-1/k?versionId={marker}"), &[], b"").want(204);
    assert_eq!(gone.header("x-amz-delete-marker"), "true");
    assert_eq!(rig.ask("GET", "/b-1/k", &[], b"").body, b"two");
    versioning("Suspended");
    rig.ask("PUT", "/b-1/k", &[], b"null again").want(200);
    assert_eq!(of("null").body, b"null again");
    assert_eq!(rig.ask("GET", "/b-1?versions", &[], b"").all("VersionId"), ["null", &two, &one]);
    for version in ["null", &two, &one] {
        rig.ask("DELETE", &format!("/b-1/k?versionId={version}"), &[], b"").want(204);
    }
    rig.ask("DELETE", "/b-1", &[], b"").want(204);
}

#[test]
fn listings_have_prefixes_pages_and_an_order() {
    let rig = Rig::with_bucket();
    for key in ["a", "b/1", "b/2", "b/c/3", "c%20d", "e"] {
        rig.ask("PUT", &format!("/b-1/{key}"), &[], b"x").want(200);
    }
    let list = |query: &str| rig.ask("GET", &format!("/b-1?list-type=2&{query}"), &[], b"").want(200);
    assert_eq!(list("").all("Key"), ["a", "b/1", "b/2", "b/c/3", "c d", "e"]);
    assert_eq!(list("encoding-type=url&start-after=b/2").all("Key"), ["b/c/3", "c%20d", "e"]);
    let top = list("delimiter=/");
    assert_eq!(
        (top.all("Key"), top.one("CommonPrefixes")),
        (vec!["a".into(), "c d".into(), "e".into()], "<Prefix>b/</Prefix>".into())
    );
    assert_eq!(list("delimiter=/&prefix=b/").all("Key"), ["b/1", "b/2"]);
    let mut token = String::new();
    let mut seen = Vec::new();
    loop {
        let page = list(&format!("delimiter=/&max-keys=1{token}"));
        seen.extend(page.all("Key"));
        seen.extend(page.all("CommonPrefixes"));
        match page.one("NextContinuationToken") {
            none if none.is_empty() => break,
            next => token = format!("&continuation-token={next}"),
        }
    }
    assert_eq!(seen, ["a", "<Prefix>b/</Prefix>", "c d", "e"]);
    let refused = rig.ask("GET", "/b-1?list-type=2&continuation-token=abc", &[], b"");
    assert_eq!((refused.status, refused.code().as_str()), (400, "InvalidArgument"));
    assert_eq!(rig.ask("GET", "/b-1?list-type=2&max-keys=x", &[], b"").code(), "InvalidArgument");
    assert_eq!(list("max-keys=0").one("IsTruncated"), "false");
    let old = rig.ask("GET", "/b-1?delimiter=/&max-keys=2", &[], b"").want(200);
    assert_eq!((old.operation.as_str(), old.one("NextMarker").as_str()), ("ListObjects", "b/"));
    let rest = rig.ask("GET", "/b-1?delimiter=/&marker=b/", &[], b"");
    assert_eq!(rest.all("Key"), ["c d", "e"]);

    let delete = b"<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object></Delete>";
    assert_eq!(rig.ask("POST", "/b-1?delete", &[], delete).want(200).all("Key"), ["a", "none"]);
    let quiet = b"<Delete><Quiet>true</Quiet><Object><Key>e</Key></Object></Delete>";
    assert!(!rig.ask("POST", "/b-1?delete", &[], quiet).want(200).text().contains("Deleted"));
    assert_eq!(list("").all("Key"), ["b/1", "b/2", "b/c/3", "c d"]);
    for bad in [
        &b""[..],
        b"<Delete/>",
        b"<Delete><Object/></Delete>",
        b"<Other><Object><Key>a</Key></Object></Other>",
    ] {
        assert_eq!(rig.ask("POST", "/b-1?delete", &[], bad).code(), "MalformedXML");
    }
    let digest = [("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")];
    assert_eq!(rig.ask("POST", "/b-1?delete", &digest, delete).code(), "BadDigest");
}

#[test]
fn copies_share_bytes_and_keep_or_replace_what_is_said() {
    let rig = Rig::with_bucket();
    rig.ask("PUT", "/b-1/k", &[("x-amz-meta-a", "1"), ("content-type", "text/plain")], b"hello").want(200);
    let used = rig.budget.used();
    let copy = |to: &str, headers: &[(&str, &str)]| rig.ask("PUT", &format!("/b-1/{to}"), headers, b"");
    let source = ("x-amz-copy-source", "/b-1/k");
    let done = copy("copy", &[source]).want(200);
    assert_eq!(
        (done.operation.as_str(), done.one("ETag").as_str()),
        ("CopyObject", "&quot;5d41402abc4b2a76b9719d911017c592&quot;")
    );
    let there = rig.ask("GET", "/b-1/copy", &[], b"");
    assert_eq!(
        (&there.body[..], there.header("x-amz-meta-a"), there.header("content-type")),
        (&b"hello"[..], "1", "text/plain")
    );
    copy("other", &[source, ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-b", "2")]).want(200);
    let there = rig.ask("GET", "/b-1/other", &[], b"");
    assert_eq!((there.header("x-amz-meta-a"), there.header("x-amz-meta-b")), ("", "2"));
    assert_eq!(rig.budget.used(), used, "no byte was copied");
    let summed = copy("summed", &[source, ("x-amz-checksum-algorithm", "CRC32")]).want(200);
    assert_eq!(summed.one("ChecksumCRC32"), "NhCmhg==");
    assert_eq!(copy("k", &[source]).want(400).code(), "InvalidRequest");
    copy("k", &[source, ("x-amz-metadata-directive", "REPLACE")]).want(200);
    for bad in ["", "b-1", "/b-1/", "//k", "%ff/k"] {
        assert_eq!(copy("x", &[("x-amz-copy-source", bad)]).want(400).code(), "InvalidArgument", "{bad}");
    }
    assert_eq!(copy("x", &[("x-amz-copy-source", "b-1/none")]).want(404).code(), "NoSuchKey");
    let never = ("x-amz-copy-source-if-match", "\"x\"");
    assert_eq!(copy("x", &[source, never]).want(412).code(), "PreconditionFailed");
}

#[test]
fn a_dump_of_small_objects_comes_back() {
    let rig = Rig::with_bucket();
    rig.ask(
        "PUT",
        "/b-1?versioning",
        &[],
        b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    );
    rig.ask("PUT", "/b-1/k", &[("x-amz-meta-a", "1")], b"hello").want(200);
    rig.ask("DELETE", "/b-1/k", &[], b"").want(204);
    let id = rig.ask("POST", "/b-1/k?uploads", &[], b"").one("UploadId");
    rig.ask("PUT", &format!("/b-1/k?uploadId={id}&partNumber=1"), &[], b"part").want(200);
    let now = rig.world.shelf::<Alone>().load(&One);
    let json = serde_json::to_value(&now.store).unwrap();
    let back: Alone = serde_json::from_value(json).unwrap();
    assert_eq!(back, now.store);
    assert_eq!(now.store.0.bucket("b-1").unwrap().versioning, Versioning::Enabled);
}
