//! Which site a request is for, and how it was addressed: answers keep that form.

use crate::store::Site;
use http::request::Parts;
use parhelion_http::Head;

/// The suffixes of hosts that name a site.
const HOSTS: [&str; 2] = [".scm.localhost", ".scm.azurewebsites.net"];

/// How a request names its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    /// `Host: SITE.scm.localhost`
    Host { host: &'a str, site: &'a str },
    /// `/kudu/SITE/…`
    Prefix { site: &'a str, rest: &'a str },
    /// Plain `/api/…`: the site `default`.
    Plain,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The site, or why its name cannot be one.
    pub site: Result<Site, String>,
    /// The site's root as the client addressed it, absolute, without a slash at the end.
    pub root: String,
    /// The path below the root as it came, with its leading slash.
    pub path: String,
    /// The query as it came.
    pub query: Option<String>,
    /// Whether the old paths without `/api` are served: a host or a prefix names the site.
    pub named: bool,
}

/// Whether a request is for this surface: by host, by `/kudu/{site}`, or plain `/api`.
pub fn claims(parts: &Parts) -> bool {
    form(parts).is_some()
}

/// The path below the site's root as it came, and whether host or prefix names the site.
pub fn path(parts: &Parts) -> Option<(&str, bool)> {
    Some(match form(parts)? {
        Form::Host { .. } => (parts.uri.path(), true),
        Form::Prefix { rest, .. } => (rest, true),
        Form::Plain => (parts.uri.path(), false),
    })
}

fn form(parts: &Parts) -> Option<Form<'_>> {
    let path = parts.uri.path();
    let mut segments = path.split('/').skip(1);
    let first = segments.next().unwrap_or_default();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    // The emulator's own paths and those of surfaces that paths alone tell apart stay theirs on any host.
    if first.starts_with('_') || is(first, "moto-api") {
        return None;
    }
    if path.split('/').skip(1).take(3).any(|segment| is(segment, "_apis") || is(segment, "_git")) {
        return None;
    }
    if is_of_another_cloud(parts) {
        return None;
    }
    if let Some(host) = host(parts) {
        let (bare, port) = host.split_once(':').unwrap_or((host, ""));
        // The host is repeated in answers: nothing but a port may follow it.
        let plain = port.is_empty() || port.parse::<u16>().is_ok();
        let site = HOSTS.iter().find_map(|suffix| {
            let at =
                bare.len().checked_sub(suffix.len()).filter(|at| *at > 0 && bare.is_char_boundary(*at))?;
            (plain && is(&bare[at..], suffix)).then_some(&bare[..at])
        });
        if let Some(site) = site {
            return Some(Form::Host { host, site });
        }
    }
    if is(first, "kudu") {
        let below = path[1..].split_once('/').map_or("", |(_, below)| below);
        let (site, _) = below.split_once('/').unwrap_or((below, ""));
        return Some(Form::Prefix { site, rest: &below[site.len()..] });
    }
    is(first, "api").then_some(Form::Plain)
}

/// Whether a request bears another cloud's mark that outranks hosts and paths: an AWS target, signature or RPC path,
/// AWS's path of webhooks, or a host of Google's.
fn is_of_another_cloud(parts: &Parts) -> bool {
    let signed = parts.headers.get(http::header::AUTHORIZATION);
    let path = parts.uri.path();
    let mut last = path.rsplit('/').skip(1);
    let rpc = last.next() == Some("operation") && last.nth(1) == Some("service");
    let google = host(parts).is_some_and(|host| {
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        host.contains(".sourcemanager.") || host == "securesourcemanager.googleapis.com"
    });
    parts.headers.contains_key("x-amz-target")
        || signed.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256"))
        || rpc
        || path == "/trigger"
        || google
}

fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(http::header::HOST)?.to_str().ok(),
    }
}

impl Place {
    /// Where a request goes that [`claims`] took; `None` for any other.
    pub fn of(parts: &Parts, head: &Head) -> Option<Place> {
        let query = parts.uri.query().map(str::to_owned);
        let path = parts.uri.path();
        let with_slash = |rest: &str| if rest.is_empty() { "/".to_owned() } else { rest.to_owned() };
        let place = match form(parts)? {
            Form::Host { host, site } => {
                let root = host_root(&head.base, host);
                Place { site: site.parse(), root, path: path.to_owned(), query, named: true }
            }
            Form::Prefix { site, rest } => {
                let kudu = path.split('/').nth(1).unwrap_or("kudu");
                let root = format!("{}/{kudu}/{site}", head.base);
                Place { site: site.parse(), root, path: with_slash(rest), query, named: true }
            }
            Form::Plain => {
                let (site, root) = (Ok(Site::default_site()), head.base.clone());
                Place { site, root, path: path.to_owned(), query, named: false }
            }
        };
        Some(place)
    }

    /// Path and query as they came.
    pub fn asked(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
    /// The address that was asked, without query and without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}{}", self.root, self.path.trim_end_matches('/'))
    }
}

/// The base with the host that the client named: a public URL would lose the site that stands in the host.
/// A world's prefix stays.
fn host_root(base: &str, host: &str) -> String {
    let scheme = base.split_once("://").map_or("http", |(scheme, _)| scheme);
    let world = base.find("/_w/").map_or("", |at| &base[at..]);
    format!("{scheme}://{host}{world}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_core::WorldName;
    use proptest::prelude::*;

    fn parts(host: &str, uri: &str) -> Parts {
        http::Request::get(uri).header("host", host).body(()).unwrap().into_parts().0
    }
    fn place(base: &str, host: &str, uri: &str) -> Option<Place> {
        let head = Head {
            world: WorldName::main(),
            base: base.to_owned(),
            original_uri: uri.parse().unwrap(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            request_id: String::new(),
            cause: 0,
        };
        Place::of(&parts(host, uri), &head)
    }
    const LOCAL: &str = "127.0.0.1:4600";

    #[test]
    fn what_is_ours() {
        for (host, uri) in [
            (LOCAL, "/kudu/site/api/hooks"),
            (LOCAL, "/KUDU/Site"),
            (LOCAL, "/kudu"),
            (LOCAL, "/api/hooks?x=1"),
            (LOCAL, "/API/nope"),
            ("Site.scm.localhost:4600", "/hooks"),
            ("site.SCM.azurewebsites.net", "/"),
        ] {
            assert!(claims(&parts(host, uri)), "{host} {uri}");
        }
        for (host, uri) in [
            (LOCAL, "/hooks"),
            (LOCAL, "/apix"),
            (LOCAL, "/kudux/site/api"),
            (LOCAL, "/"),
            (LOCAL, "/api/_apis/projects"),
            (LOCAL, "/kudu/site/_apis/git"),
            (LOCAL, "/kudu/project/_git/repo"),
            (".scm.localhost", "/api2"),
            ("scm.localhost", "/x"),
            ("site.scm.localhost.example", "/x"),
            ("site.scm.localhost:80/<b>", "/x"),
            ("site.scm.localhost", "/_parhelion/health"),
            ("site.scm.localhost", "/moto-api/reset"),
        ] {
            assert!(!claims(&parts(host, uri)), "{host} {uri}");
        }
    }

    #[test]
    fn urls_keep_the_form() {
        let prefix = place("http://h:1/_w/w1", "h:1", "/kudu/My-Site/API/hooks/?a=b").unwrap();
        assert_eq!(prefix.root, "http://h:1/_w/w1/kudu/My-Site");
        assert_eq!(prefix.url(), "http://h:1/_w/w1/kudu/My-Site/API/hooks");
        assert_eq!(prefix.asked(), "/API/hooks/?a=b");
        assert_eq!(prefix.site.unwrap().as_str(), "my-site");
        let host = place("https://public.example/p/_w/w1", "My.scm.localhost:4600", "/hooks").unwrap();
        assert_eq!(host.url(), "https://My.scm.localhost:4600/_w/w1/hooks");
        assert!(host.named && host.site.unwrap().as_str() == "my");
        let plain = place("http://h:1", "h:1", "/api/hooks").unwrap();
        assert_eq!((plain.url().as_str(), plain.named), ("http://h:1/api/hooks", false));
        assert_eq!(plain.site.unwrap(), Site::default_site());
    }

    #[test]
    fn sites_have_names() {
        let long = format!("/kudu/{}/api", "a".repeat(60));
        for uri in
            ["/kudu", "/kudu/", "/kudu/a_b/api", "/kudu/-a/api", "/kudu/a.b/api", "/kudu/%61/api", &long]
        {
            assert!(place("http://h", "h", uri).unwrap().site.is_err(), "{uri}");
        }
        assert!(place("http://h", "a.b.scm.localhost", "/api").unwrap().site.is_err());
        assert_eq!(place("http://h", "h", "/kudu/a").unwrap().path, "/");
    }

    proptest! {
        #[test]
        fn no_head_makes_it_panic(host in "[ -~]{0,30}", path in "(/(kudu|api|[a-zA-Z0-9%._~-]{0,4})){0,4}") {
            let uri = if path.is_empty() { "/".to_owned() } else { path };
            if let Some(place) = place("http://h:1", &host, &uri) {
                prop_assert!(place.path.starts_with('/'));
                prop_assert!(claims(&parts(&host, &uri)));
            }
        }
    }
}
