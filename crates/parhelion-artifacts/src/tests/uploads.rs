//! Uploads in parts.

use super::rig::{Answer, Rig};

const MIB: usize = 1024 * 1024;

fn begin(rig: &Rig, headers: &[(&str, &str)]) -> String {
    rig.ask("POST", "/b-1/k?uploads", headers, b"").want(200).one("UploadId")
}
fn part(rig: &Rig, id: &str, number: u32, body: &[u8]) -> Answer {
    let headers = [("x-amz-sdk-checksum-algorithm", "CRC32")];
    rig.ask("PUT", &format!("/b-1/k?partNumber={number}&uploadId={id}"), &headers, body)
}
fn complete(rig: &Rig, id: &str, parts: &[(u32, &str)]) -> Answer {
    let parts =
        parts.iter().map(|(n, tag)| format!("<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>"));
    let body = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.collect::<String>());
    rig.ask("POST", &format!("/b-1/k?uploadId={id}"), &[], body.as_bytes())
}

#[test]
fn parts_become_an_object() {
    let rig = Rig::with_bucket();
    let id = begin(&rig, &[("content-type", "text/plain"), ("x-amz-checksum-algorithm", "CRC32")]);
    let first = vec![b'a'; 5 * MIB];
    let one = part(&rig, &id, 1, &first).want(200);
    assert!(!one.header("x-amz-checksum-crc32").is_empty());
    let three = part(&rig, &id, 3, b"end").want(200);
    part(&rig, &id, 2, b"left out").want(200);
    let listed = rig.ask("GET", &format!("/b-1/k?uploadId={id}&max-parts=2"), &[], b"").want(200);
    assert_eq!(
        (listed.all("PartNumber"), listed.one("IsTruncated")),
        (vec!["1".into(), "2".into()], "true".into())
    );
    assert_eq!(rig.ask("GET", "/b-1?uploads", &[], b"").one("UploadId"), id);
    let (one, three) = (one.header("etag").to_owned(), three.header("etag").to_owned());
    let done = complete(&rig, &id, &[(1, &one), (3, &three)]).want(200);
    assert_eq!(done.one("Location"), "http://127.0.0.1:4600/b-1/k");
    assert!(done.one("ETag").ends_with("-2&quot;") && done.one("ChecksumCRC32").ends_with("-2"));
    assert_eq!(done.one("ChecksumType"), "COMPOSITE");
    let get = rig.ask("GET", "/b-1/k", &[], b"").want(200);
    assert_eq!((get.body.len(), get.header("content-type")), (5 * MIB + 3, "text/plain"));
    assert!(get.body.ends_with(b"aend"));
    let across = rig.ask("GET", "/b-1/k", &[("range", &format!("bytes={}-{}", 5 * MIB - 1, 5 * MIB))], b"");
    assert_eq!(across.body, b"ae");
    let second = rig.ask("GET", "/b-1/k?partNumber=2", &[], b"").want(206);
    assert_eq!((&second.body[..], second.header("x-amz-mp-parts-count")), (&b"end"[..], "2"));
    assert_eq!(rig.ask("GET", "/b-1/k?partNumber=3", &[], b"").want(416).code(), "InvalidPartNumber");
    assert_eq!(rig.ask("GET", &format!("/b-1/k?uploadId={id}"), &[], b"").want(404).code(), "NoSuchUpload");
    assert_eq!(rig.puts.lock().len(), 1, "the object came when it was complete");
}

#[test]
fn each_wrong_completion_is_refused_and_changes_nothing() {
    let rig = Rig::with_bucket();
    let id = begin(&rig, &[]);
    let tag = part(&rig, &id, 1, b"small").header("etag").to_owned();
    part(&rig, &id, 2, b"end").want(200);
    let end = part(&rig, &id, 2, b"end").header("etag").to_owned();
    let code = |parts: &[(u32, &str)]| complete(&rig, &id, parts).want(400).code();
    assert_eq!(code(&[(1, &tag), (2, &end)]), "EntityTooSmall");
    assert_eq!(code(&[(2, &end), (1, &tag)]), "InvalidPartOrder");
    assert_eq!(code(&[(1, &tag), (1, &tag)]), "InvalidPartOrder");
    assert_eq!(code(&[(1, "\"x\"")]), "InvalidPart");
    assert_eq!(code(&[(3, &tag)]), "InvalidPart");
    assert_eq!(code(&[]), "MalformedXML");
    assert_eq!(code(&[(0, &tag)]), "MalformedXML");
    for number in ["0", "10001", "x", ""] {
        let uri = format!("/b-1/k?partNumber={number}&uploadId={id}");
        assert_eq!(rig.ask("PUT", &uri, &[], b"").want(400).code(), "InvalidArgument");
    }
    assert_eq!(part(&rig, "none", 1, b"").want(404).code(), "NoSuchUpload");
    complete(&rig, &id, &[(1, &tag)]).want(200);
    assert_eq!(rig.ask("GET", "/b-1/k", &[], b"").body, b"small");
}

#[test]
fn an_aborted_upload_gives_its_bytes_back() {
    let rig = Rig::with_bucket();
    let id = begin(&rig, &[]);
    part(&rig, &id, 1, &vec![0; MIB]).want(200);
    rig.ask("DELETE", &format!("/b-1/k?uploadId={id}"), &[], b"").want(204);
    assert_eq!(rig.ask("DELETE", &format!("/b-1/k?uploadId={id}"), &[], b"").status, 404);
    assert_eq!(rig.ask("GET", "/b-1/k", &[], b"").status, 404);
}

#[test]
fn parts_can_be_copies() {
    let rig = Rig::with_bucket();
    rig.ask("PUT", "/b-1/source", &[], b"0123456789").want(200);
    let id = begin(&rig, &[("x-amz-checksum-algorithm", "SHA256")]);
    let uri = format!("/b-1/k?partNumber=1&uploadId={id}");
    let copy = [("x-amz-copy-source", "b-1/source"), ("x-amz-copy-source-range", "bytes=2-5")];
    let copied = rig.ask("PUT", &uri, &copy, b"").want(200);
    assert_eq!(copied.operation, "UploadPartCopy");
    assert!(!copied.one("ChecksumSHA256").is_empty());
    complete(&rig, &id, &[(1, &copied.one("ETag").replace("&quot;", "\""))]).want(200);
    assert_eq!(rig.ask("GET", "/b-1/k", &[], b"").body, b"2345");
    let id = begin(&rig, &[]);
    let uri = format!("/b-1/k?partNumber=1&uploadId={id}");
    let odd = [("x-amz-copy-source", "b-1/source"), ("x-amz-copy-source-range", "2-5")];
    assert_eq!(rig.ask("PUT", &uri, &odd, b"").want(400).code(), "InvalidArgument");
}

#[test]
fn a_checksum_of_the_whole_is_one_of_all_bytes() {
    let rig = Rig::with_bucket();
    let headers = [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let id = begin(&rig, &headers);
    let tag = part(&rig, &id, 1, b"hello").header("etag").to_owned();
    let done = complete(&rig, &id, &[(1, &tag)]).want(200);
    assert_eq!(
        (done.one("ChecksumCRC32"), done.one("ChecksumType")),
        ("NhCmhg==".into(), "FULL_OBJECT".into())
    );
    let odd = [("x-amz-checksum-algorithm", "SHA1"), ("x-amz-checksum-type", "FULL_OBJECT")];
    assert_eq!(rig.ask("POST", "/b-1/k?uploads", &odd, b"").want(400).code(), "InvalidRequest");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let rig = Rig::with_bucket();
    let id = begin(&rig, &[]);
    let mut status = 200;
    for number in 1..=20 {
        let answer = part(&rig, &id, number, &vec![0; 5 * MIB]);
        status = answer.status;
        if status != 200 {
            assert!(answer.text().contains("keeps at most 67108864 bytes"), "{}", answer.text());
            break;
        }
    }
    assert_eq!(status, 400);
}
