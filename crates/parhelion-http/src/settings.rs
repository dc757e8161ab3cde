//! What the binary decides about the server.

use http::Uri;
use parhelion_core::limits;
use std::{fmt, net::SocketAddr, time::Duration};

/// Settings of the router and of the server that carries requests to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server listens: the base URL of requests that name no usable host.
    pub listen: SocketAddr,
    /// The base URL that answers give, whatever host the client named.
    pub public_url: Option<PublicUrl>,
    /// Bounds.
    pub limits: Limits,
}

impl Settings {
    /// The usual settings for an address.
    pub fn new(listen: SocketAddr) -> Self {
        Settings { listen, public_url: None, limits: Limits::default() }
    }
}

/// Bounds of the server; the defaults are [`parhelion_core::limits`]'.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A request head in all, bytes.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Time to send a head; also how long an idle connection is kept.
    pub head_time: Duration,
    /// Time without progress on a request's body.
    pub body_idle: Duration,
    /// Open connections.
    pub connections: usize,
    /// Requests in flight on one h2 connection.
    pub streams_per_connection: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head_bytes: limits::HEAD_BYTES,
            headers: limits::HEADERS,
            head_time: Duration::from_secs(limits::HEAD_SECS),
            body_idle: Duration::from_secs(limits::BODY_IDLE_SECS),
            connections: limits::CONNECTIONS,
            streams_per_connection: limits::STREAMS_PER_CONNECTION,
        }
    }
}

/// An `http` or `https` URL without query, user and slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why a text is no public URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPublicUrl {
    text: String,
    why: &'static str,
}

impl fmt::Display for BadPublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no public URL: {}", self.text, self.why)
    }
}
impl std::error::Error for BadPublicUrl {}

impl PublicUrl {
    /// The URL, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PublicUrl {
    type Err = BadPublicUrl;
    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        let bad = |why| BadPublicUrl { text: text.chars().take(200).collect(), why };
        // `http::Uri` drops a fragment in silence.
        if text.contains('#') {
            return Err(bad("it has a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| bad("it is no URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(bad("it begins neither with http:// nor with https://"));
        }
        if !uri.authority().is_some_and(|a| crate::base::is_plain_host(a.as_str())) {
            return Err(bad("it must name a host, and may name a port, but no user"));
        }
        if uri.query().is_some() {
            return Err(bad("it has a query"));
        }
        Ok(PublicUrl(text.trim_end_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_kept_without_the_slash_at_its_end() {
        for (given, kept) in [
            ("http://emu.example", "http://emu.example"),
            ("https://emu.example:8443/parhelion/", "https://emu.example:8443/parhelion"),
            ("http://[::1]:4600/", "http://[::1]:4600"),
        ] {
            assert_eq!(given.parse::<PublicUrl>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_public_url_is_refused_with_the_reason() {
        for (given, why) in [
            ("", "no URL"),
            ("emu.example", "http://"),
            ("ftp://emu.example", "http://"),
            ("http://user@emu.example", "no user"),
            ("http://emu.example/?a=b", "query"),
            ("http://emu.example/#a", "fragment"),
            ("http://emu example/", "no URL"),
        ] {
            let said = given.parse::<PublicUrl>().unwrap_err().to_string();
            assert!(said.contains(why), "{given}: {said}");
        }
    }
}
