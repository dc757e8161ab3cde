//! Several parts of a file in one answer.

use bytes::{BufMut, Bytes, BytesMut};

/// Parts of a file, each with its `Content-Range`: the media type of the whole, and its bytes. The boundary is made of
/// the file's tag.
pub fn byteranges(tag: &str, media: &str, parts: &[(String, Bytes)]) -> (String, Bytes) {
    let tag: String = tag.chars().filter(char::is_ascii_alphanumeric).collect();
    let boundary = format!("parhelion-{tag}");
    let mut body = BytesMut::new();
    for (range, bytes) in parts {
        let head = format!("--{boundary}\r\nContent-Type: {media}\r\nContent-Range: {range}\r\n\r\n");
        body.put_slice(head.as_bytes());
        body.put_slice(bytes);
        body.put_slice(b"\r\n");
    }
    body.put_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/byteranges; boundary=\"{boundary}\""), body.freeze())
}
