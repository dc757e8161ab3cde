//! Which requests are for this surface.

use crate::{domain::urls::HOST_SUFFIX, wire::grpc};
use http::request::Parts;
use parhelion_core::limits;

/// The real hosts of instances, for clients behind a proxy or a hosts file.
const REAL_SUFFIX: &str = "sourcemanager.dev";
/// The real host of the API.
const API_HOST: &str = "securesourcemanager.googleapis.com";

/// The host that was asked, without its port, in lower case; empty when none was named.
pub fn host(parts: &Parts) -> String {
    let header = parts.headers.get(http::header::HOST).and_then(|h| h.to_str().ok());
    let host = header.or_else(|| parts.uri.authority().map(|a| a.as_str())).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.to_ascii_lowercase()
}

/// An instance's host, without the suffix: `inst-123456789012-git.us-central1`.
pub fn instance_host(host: &str) -> Option<&str> {
    let front = host.strip_suffix(HOST_SUFFIX).or_else(|| host.strip_suffix(REAL_SUFFIX))?;
    front.strip_suffix('.').filter(|f| !f.is_empty())
}

/// Hosts of an instance or of the API whatever the path; else gRPC calls, and the paths `/v1/projects/…` and `/_ssm/…`, unless the
/// request is addressed to another cloud by its host, target header or path.
pub fn claims(parts: &Parts) -> bool {
    if is_amazons(parts) || is_the_emulators(parts.uri.path()) {
        return false;
    }
    let host = host(parts);
    if host == API_HOST || instance_host(&host).is_some() {
        return true;
    }
    let elsewhere =
        host.contains(".scm.") || host.ends_with("dev.azure.com") || host.ends_with(".visualstudio.com");
    let path = parts.uri.path();
    if elsewhere {
        return false;
    }
    if grpc::is_grpc(parts) {
        return true;
    }
    // `v1` could be the name of an Azure organization: its API paths have a segment `_apis`.
    path.starts_with("/_ssm/") || path.starts_with("/v1/projects/") && !path.split('/').any(|s| s == "_apis")
}

/// Whether a request bears AWS's mark: a target, a signature, an RPC path, or the path of webhooks.
fn is_amazons(parts: &Parts) -> bool {
    let signed = parts.headers.get(http::header::AUTHORIZATION);
    let path = parts.uri.path();
    let mut last = path.rsplit('/').skip(1);
    let rpc = last.next() == Some("operation") && last.nth(1) == Some("service");
    parts.headers.contains_key("x-amz-target")
        || signed.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256"))
        || rpc
        || path == "/trigger"
}

/// The emulator's own paths stay its own on any host.
fn is_the_emulators(path: &str) -> bool {
    ["/_parhelion", "/moto-api/", "/_localstack/"].iter().any(|own| path.starts_with(own))
}

/// Pushes and fetches are streamed (the git host has its own bounds); all else is read whole.
pub fn body_limit(parts: &Parts) -> u64 {
    let path = parts.uri.path();
    if path.ends_with("/git-receive-pack") || path.ends_with("/git-upload-pack") {
        limits::STREAMED_BODY_BYTES
    } else {
        limits::BODY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(host: &str, path: &str) -> Parts {
        http::Request::builder().uri(path).header("host", host).body(()).unwrap().into_parts().0
    }

    #[test]
    fn what_is_claimed() {
        for (host, path) in [
            ("127.0.0.1:4600", "/v1/projects/p/locations/us-central1/instances"),
            ("localhost:4600", "/_ssm/git/us-central1/i/p/r.git/info/refs"),
            ("inst-123456789012-git.us-central1.sourcemanager.localhost:4600", "/p/r.git/info/refs"),
            ("inst-123456789012.us-central1.sourcemanager.dev", "/p/r"),
            ("securesourcemanager.googleapis.com", "/v1/nonsense"),
        ] {
            assert!(claims(&parts(host, path)), "{host}{path}");
        }
        for (host, path) in [
            ("127.0.0.1:4600", "/"),
            ("127.0.0.1:4600", "/v1/projects/_apis/build/builds"),
            ("127.0.0.1:4600", "/v2/projects/p"),
            ("127.0.0.1:4600", "/_ssm"),
            ("site.scm.localhost:4600", "/v1/projects/p/locations"),
            ("dev.azure.com", "/v1/projects/x"),
            ("sourcemanager.localhost", "/"),
            ("evilsourcemanager.localhost", "/"),
        ] {
            assert!(!claims(&parts(host, path)), "{host}{path}");
        }
        let mut amazon = parts("127.0.0.1:4600", "/v1/projects/x");
        amazon.headers.insert("x-amz-target", "CodePipeline_20150709.GetPipeline".parse().unwrap());
        assert!(!claims(&amazon));
    }
}
