//! Absolute http and https URLs, as far as a delivery needs them: what goes into the request line, the `Host` header,
//! the resolver and the credentials; and where a `Location` leads.
//!
//! Path and query are passed on as they stand (some receivers compare the exact text); only bytes that cannot stand in
//! a request line are percent-encoded, as HTTP clients do.

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use std::fmt::Write as _;
use std::net::Ipv6Addr;

/// A parsed URL. Fragments are dropped: they are never sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// `https`.
    pub tls: bool,
    /// `user[:password]` as it stands in the URL.
    user_info: Option<String>,
    /// The host as written; IPv6 in brackets.
    host: String,
    pub port: u16,
    /// Begins with `/`.
    pub path_and_query: String,
}

impl Url {
    /// Reads an absolute URL. The error is a sentence that tells nothing of path, query or credentials.
    pub fn parse(text: &str) -> Result<Url, String> {
        let (scheme, rest) =
            text.split_once("://").ok_or("the URL is not absolute: it has no `scheme://`")?;
        let tls = if scheme.eq_ignore_ascii_case("http") {
            false
        } else if scheme.eq_ignore_ascii_case("https") {
            true
        } else {
            let shown: String = scheme.chars().take(20).collect();
            return Err(format!(
                "only http and https URLs can be delivered to, not `{}`",
                shown.escape_debug()
            ));
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user_info, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place)?;
        check_host(host)?;
        let port = match port {
            None | Some("") => default_port(tls),
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|p| *p != 0 && digits.bytes().all(|b| b.is_ascii_digit()))
                .ok_or("the URL's port is not a number from 1 to 65535")?,
        };
        Ok(Url { tls, user_info, host: host.to_owned(), port, path_and_query: sendable(path) })
    }

    /// Where a `Location` of an answer to this URL leads.
    pub fn join(&self, location: &str) -> Result<Url, String> {
        let scheme = if self.tls { "https" } else { "http" };
        if has_scheme(location) {
            return Url::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Url::parse(&format!("{scheme}://{rest}"));
        }
        let location = location.split('#').next().unwrap_or_default();
        let (path, query) = split_query(&self.path_and_query);
        let target = if location.is_empty() {
            format!("{path}{query}")
        } else if location.starts_with('?') {
            format!("{path}{location}")
        } else {
            let (to, query) = split_query(location);
            let base = if to.starts_with('/') { "" } else { &path[..=path.rfind('/').unwrap_or(0)] };
            format!("{}{query}", without_dots(&format!("{base}{to}")))
        };
        // The credentials stay with their origin, which this is.
        Ok(Url { path_and_query: sendable(&target), ..self.clone() })
    }

    /// The host without brackets, for the resolver and for certificates.
    pub fn host_name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The value of the `Host` header: the port only where it is not the scheme's own.
    pub fn host_header(&self) -> String {
        if self.port == default_port(self.tls) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// `host:port`, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Scheme, host and port in lower case: what connections are counted by and credentials are bound to.
    pub fn origin(&self) -> String {
        format!(
            "{}://{}:{}",
            if self.tls { "https" } else { "http" },
            self.host.to_ascii_lowercase(),
            self.port
        )
    }

    /// The URL without credentials: as it is requested.
    pub fn requested(&self) -> String {
        format!("{}://{}{}", if self.tls { "https" } else { "http" }, self.host_header(), self.path_and_query)
    }

    /// The `Authorization` value of the URL's credentials, percent-encoding undone.
    /// `strict`: only exactly `user:password` counts (what .NET's clients take); otherwise a missing password is empty.
    pub fn basic(&self, strict: bool) -> Option<String> {
        let info = self.user_info.as_deref().filter(|i| !i.is_empty())?;
        if strict && info.matches(':').count() != 1 {
            return None;
        }
        let (user, password) = info.split_once(':').unwrap_or((info, ""));
        let mut plain: Vec<u8> = percent_decode_str(user).collect();
        plain.push(b':');
        plain.extend(percent_decode_str(password));
        Some(format!("Basic {}", STANDARD.encode(plain)))
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// Splits `host[:port]`, brackets respected.
pub(crate) fn split_port(place: &str) -> Result<(&str, Option<&str>), &'static str> {
    if place.starts_with('[') {
        let end = place.find(']').ok_or("the URL's host has no closing bracket")?;
        let (host, rest) = place.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("the URL's host is malformed"),
        };
    }
    Ok(place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))))
}

pub(crate) fn check_host(host: &str) -> Result<(), &'static str> {
    if let Some(v6) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return v6.parse::<Ipv6Addr>().map(drop).map_err(|_| "the URL's host is no IPv6 address");
    }
    if host.is_empty() {
        return Err("the URL has no host");
    }
    if !host.is_ascii() {
        return Err("the URL's host is not ASCII; write it in its xn-- form");
    }
    let good = host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if good { Ok(()) } else { Err("the URL's host is malformed") }
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(s, _)| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// A path with its query, fit for a request line.
fn sendable(path: &str) -> String {
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{slash}{}", encoded(path))
}

/// A text with what cannot stand in a request line percent-encoded.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_graphic() {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

fn split_query(path: &str) -> (&str, &str) {
    path.split_at(path.find('?').unwrap_or(path.len()))
}

/// RFC 3986, 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_parts_of_a_url() {
        let u = Url::parse("https://user:p%40ss@Example.com:8443/a b/ü?t={x}&y=1#frag").unwrap();
        assert!(u.tls);
        assert_eq!((u.host_name(), u.port), ("Example.com", 8443));
        assert_eq!(u.path_and_query, "/a%20b/%C3%BC?t={x}&y=1");
        assert_eq!(u.host_header(), "Example.com:8443");
        assert_eq!(u.origin(), "https://example.com:8443");
        assert_eq!(u.requested(), "https://Example.com:8443/a%20b/%C3%BC?t={x}&y=1");
        assert_eq!(u.basic(true).unwrap(), format!("Basic {}", STANDARD.encode("user:p@ss")));

        let u = Url::parse("HTTP://[::1]?q").unwrap();
        assert_eq!((u.host_name(), u.port, u.path_and_query.as_str()), ("::1", 80, "/?q"));
        assert_eq!(u.host_header(), "[::1]");
        assert_eq!(u.basic(false), None);
    }

    #[test]
    fn credentials_are_exact_or_lenient() {
        let basic =
            |url: &str, strict| Url::parse(url).unwrap().basic(strict).map(|b| b.replace("Basic ", ""));
        assert_eq!(basic("http://u@h/", true), None);
        assert_eq!(basic("http://u@h/", false), Some(STANDARD.encode("u:")));
        assert_eq!(basic("http://a:b:c@h/", true), None);
        assert_eq!(basic("http://a:b:c@h/", false), Some(STANDARD.encode("a:b:c")));
        assert_eq!(basic("http://a@b:c@h/", false), Some(STANDARD.encode("a@b:c")));
    }

    #[test]
    fn refuses_what_it_cannot_send_to_without_telling_secrets() {
        for (bad, why) in [
            ("ftp://h/x?secret", "only http and https URLs can be delivered to, not `ftp`"),
            ("/relative?secret", "the URL is not absolute: it has no `scheme://`"),
            ("http:///secret", "the URL has no host"),
            ("http://u:secret@/", "the URL has no host"),
            ("http://h:0/secret", "the URL's port is not a number from 1 to 65535"),
            ("http://h:+80/", "the URL's port is not a number from 1 to 65535"),
            ("http://h:99999/", "the URL's port is not a number from 1 to 65535"),
            ("http://[::1/", "the URL's host has no closing bracket"),
            ("http://[fe80::1%25eth0]/", "the URL's host is no IPv6 address"),
            ("http://bücher.example/", "the URL's host is not ASCII; write it in its xn-- form"),
            ("http://a\\b/", "the URL's host is malformed"),
            ("http://a\r\nb/", "the URL's host is malformed"),
        ] {
            assert_eq!(Url::parse(bad).unwrap_err(), why, "{bad}");
        }
    }

    #[test]
    fn a_location_is_resolved_against_the_request() {
        let base = Url::parse("http://u:p@h:81/a/b/c?x=1").unwrap();
        for (location, to) in [
            ("https://other/z", "https://other/z"),
            ("//other:9/z", "http://other:9/z"),
            ("/z?q=/../", "http://h:81/z?q=/../"),
            ("d", "http://h:81/a/b/d"),
            ("../d/./e?y", "http://h:81/a/d/e?y"),
            ("../../../..", "http://h:81/"),
            ("./", "http://h:81/a/b/"),
            ("?y=2", "http://h:81/a/b/c?y=2"),
            ("", "http://h:81/a/b/c?x=1"),
            ("#top", "http://h:81/a/b/c?x=1"),
        ] {
            assert_eq!(base.join(location).unwrap().requested(), to, "{location}");
        }
        assert!(base.join("mailto:a@b").is_err());
        assert!(base.join("d").unwrap().basic(true).is_some(), "same origin keeps the credentials");
        assert!(base.join("http://h:81/").unwrap().basic(true).is_none(), "a Location has its own or none");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_yields_a_clean_request_line(text in "(http://)?.{0,60}", to in ".{0,40}") {
            if let Ok(url) = Url::parse(&text) {
                prop_assert!(url.path_and_query.starts_with('/'));
                prop_assert!(url.path_and_query.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(url.host_header().bytes().all(|b| b.is_ascii_graphic()));
                let again = Url::parse(&url.requested());
                prop_assert_eq!(again.map(|u| u.requested()), Ok(url.requested()));
                if let Ok(next) = url.join(&to) {
                    prop_assert!(next.path_and_query.starts_with('/'));
                    prop_assert!(next.path_and_query.bytes().all(|b| b.is_ascii_graphic()));
                }
            }
        }
    }
}
