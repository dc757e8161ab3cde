//! Which bucket and object a request is about: by its path, or by its host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Where a request goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The bucket; empty: the service itself.
    pub bucket: String,
    /// The key; empty: the bucket itself.
    pub key: String,
}

impl Address {
    /// The address of a path at a host; `None` where it is no UTF-8.
    ///
    /// `path` is without the world's prefix.
    pub fn of(host: &str, path: &str) -> Option<Address> {
        let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(bucket) = bucket_of_host(host) {
            return Some(Address { bucket: bucket.to_owned(), key: decode(path)? });
        }
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Some(Address { bucket: decode(bucket)?, key: decode(key)? })
    }
}

/// Whether a host is one of S3's own names: `s3.localhost`, `bucket.s3.eu-west-1.amazonaws.com` …
pub fn is_s3_host(host: &str) -> bool {
    service_of_host(without_port(host)).is_some()
}

/// The bucket in a host's name. Docs: S3, "Virtual hosting of buckets".
fn bucket_of_host(host: &str) -> Option<&str> {
    let host = without_port(host);
    match service_of_host(host) {
        Some(bucket) => Some(bucket).filter(|bucket| !bucket.is_empty()),
        // A client that is told to call `localhost` puts the bucket's name before it.
        None => host.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty()),
    }
}

/// What stands before S3's own name in a host (empty: nothing).
fn service_of_host(host: &str) -> Option<&str> {
    let known = |rest: &str| {
        let rest = rest.strip_suffix(".cn").unwrap_or(rest);
        rest == "localhost" || rest == "amazonaws.com" || rest.ends_with(".amazonaws.com")
    };
    let mut from = 0;
    loop {
        let at = from + host.get(from..)?.find("s3")?;
        let (before, after) = (host.get(..at)?, host.get(at + 2..)?);
        let rest = after.strip_prefix('.').or_else(|| after.strip_prefix('-'));
        if (before.is_empty() || before.ends_with('.')) && rest.is_some_and(known) {
            return Some(before.strip_suffix('.').unwrap_or(before));
        }
        from = at + 2;
    }
}

fn without_port(host: &str) -> &str {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
}

/// The members of a query, decoded. `+` is itself: clients write a space as `%20`.
pub fn query(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

const UNRESERVED: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// A key as it stands in URLs.
pub fn encoded(key: &str) -> String {
    utf8_percent_encode(key, &UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_path_and_by_host() {
        let of = |host: &str, path: &str| {
            let address = Address::of(host, path).unwrap();
            (address.bucket, address.key)
        };
        let is = |bucket: &str, key: &str| (bucket.to_owned(), key.to_owned());
        assert_eq!(of("127.0.0.1:4600", "/"), is("", ""));
        assert_eq!(of("127.0.0.1:4600", "/b"), is("b", ""));
        assert_eq!(of("127.0.0.1:4600", "/b/"), is("b", ""));
        assert_eq!(of("127.0.0.1:4600", "/b/k/%C3%A4%20+%2F"), is("b", "k/ä +/"));
        assert_eq!(of("[::1]:4600", "/b//k"), is("b", "/k"));
        assert_eq!(of("localhost:4600", "/b/k"), is("b", "k"));
        assert_eq!(of("my.bucket.localhost:4600", "/k/l"), is("my.bucket", "k/l"));
        assert_eq!(of("s3.localhost:4600", "/b/k"), is("b", "k"));
        assert_eq!(of("b.s3.localhost", "/k"), is("b", "k"));
        assert_eq!(of("b.s3.amazonaws.com", "/k"), is("b", "k"));
        assert_eq!(of("my-s3.b.s3.eu-west-1.amazonaws.com", "/"), is("my-s3.b", ""));
        assert_eq!(of("b.s3-eu-west-1.amazonaws.com", "/"), is("b", ""));
        assert_eq!(of("s3.cn-north-1.amazonaws.com.cn", "/b"), is("b", ""));
        assert_eq!(Address::of("h", "/b/%ff"), None);
        assert!(is_s3_host("s3.localhost:1") && is_s3_host("b.s3.us-east-1.amazonaws.com"));
        assert!(!is_s3_host("localhost") && !is_s3_host("s3") && !is_s3_host("mys3.localhost"));
    }

    #[test]
    fn queries_are_decoded() {
        let pairs = query("uploads&prefix=a%2Fb+c&x==1&");
        let wanted = [("uploads", ""), ("prefix", "a/b+c"), ("x", "=1")];
        assert_eq!(pairs, wanted.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(encoded("a b/ä"), "a%20b/%C3%A4");
    }
}
