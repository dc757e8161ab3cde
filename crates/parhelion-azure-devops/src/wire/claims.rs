//! Which requests are this surface's: a path, without the world's prefix, with `_apis` as its first, second or
//! third segment, or `_git` as its second or third (azure-devops.md 1).

use http::{HeaderMap, header, request::Parts};

/// Paths of the other surfaces, which an organization of that name would otherwise take.
// CHOICE: an organization cannot have one of these names; real names such as `api` are rare.
const RESERVED: &[&str] = &["_parhelion", "_ssm", "_w", "api", "kudu", "moto-api", "trigger", "_localstack"];

/// Whether a request is for Azure DevOps.
pub fn claims(parts: &Parts) -> bool {
    let mut segments = parts.uri.path().split('/').filter(|s| !s.is_empty());
    let first = segments.next().unwrap_or_default();
    let (second, third) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let apis = [first, second, third].iter().any(|s| s.eq_ignore_ascii_case("_apis"));
    let git = [second, third].iter().any(|s| s.eq_ignore_ascii_case("_git"));
    let google = first == "v1" && second == "projects";
    let reserved = google || RESERVED.iter().any(|r| r.eq_ignore_ascii_case(first));
    let mut last = parts.uri.path().rsplit('/').skip(1);
    let aws_rpc = last.next() == Some("operation") && last.nth(1) == Some("service");
    let elsewhere = reserved || aws_rpc || foreign_host(parts) || foreign_protocol(&parts.headers);
    (apis || git) && !elsewhere
}

/// Hosts by which Kudu sites and Secure Source Manager's repositories are addressed.
fn foreign_host(parts: &Parts) -> bool {
    let named =
        parts.uri.host().or_else(|| parts.headers.get(header::HOST)?.to_str().ok()).unwrap_or_default();
    let host = named.split(':').next().unwrap_or_default().to_ascii_lowercase();
    host.contains(".scm.") || host.contains(".sourcemanager.") || host == "securesourcemanager.googleapis.com"
}

/// RPC protocols that name their operation outside the path.
fn foreign_protocol(headers: &HeaderMap) -> bool {
    let starts = |name: header::HeaderName, with: &str| {
        headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| v.starts_with(with))
    };
    headers.contains_key("x-amz-target")
        || starts(header::CONTENT_TYPE, "application/grpc")
        || starts(header::AUTHORIZATION, "AWS4-HMAC-SHA256")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        claims(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn paths_with_apis_or_git_are_ours() {
        for path in [
            "/_apis",
            "/contoso/_apis",
            "/contoso/_apis/projects?api-version=7.1",
            "/Contoso/P%201/_apis/build/builds",
            "/contoso/_APIS/ResourceAreas",
            "/contoso//_apis/",
            "/contoso/_git/repo",
            "/contoso/p/_git/repo/info/refs",
            "/contoso/_apis/public/distributedtask/webhooks/WebHook",
        ] {
            assert!(claimed(path, &[]), "{path}");
        }
    }

    #[test]
    fn what_belongs_to_others_is_not() {
        for path in [
            "/",
            "/_parhelion/health",
            "/_parhelion/_apis",
            "/v1/projects/_apis/locations/x",
            "/kudu/site/_apis",
            "/api/hooks",
            "/api/_apis",
            "/trigger?t=1",
            "/a/b/c/_apis",
            "/_git/x",
            "/contoso/projects",
            "/_ssm/git/us/i/_git",
            "/service/CodePipeline_20150709/operation/ListPipelines",
            "/moto-api/reset",
        ] {
            assert!(!claimed(path, &[]), "{path}");
        }
        for headers in [
            [("host", "site.scm.localhost:4600")],
            [("host", "i-1-git.us.sourcemanager.localhost")],
            [("x-amz-target", "CodePipeline_20150709.ListPipelines")],
            [("content-type", "application/grpc+proto")],
            [("authorization", "AWS4-HMAC-SHA256 Credential=x")],
        ] {
            assert!(!claimed("/contoso/_apis/projects", &headers), "{headers:?}");
        }
        assert!(claimed("/contoso/_apis/projects", &[("host", "127.0.0.1:4600")]));
    }
}
