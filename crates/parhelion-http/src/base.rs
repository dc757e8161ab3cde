//! The URL that a client reached us under: absolute URLs in answers begin with it.

use crate::Settings;
use http::{HeaderMap, Uri, header::HOST};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest host with port that is repeated in answers, bytes: a DNS name's 253, brackets, a colon and a port.
const HOST_BYTES: usize = 261;

/// `http://host:port`, without a slash at the end: the public URL when one is set, else the host the client
/// named, else where we listen. Hosts that are no plain `host[:port]` are not repeated, so that nobody can
/// write into others' answers and stored URLs through the header.
pub(crate) fn base(settings: &Settings, uri: &Uri, headers: &HeaderMap, secure: bool) -> String {
    if let Some(url) = &settings.public_url {
        return url.as_str().to_owned();
    }
    let scheme = if secure { "https" } else { "http" };
    // RFC 9112, 3.2.2: the authority in the request's target outranks the header; h2 has it there always.
    let named = match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST).and_then(|v| v.to_str().ok()),
    };
    match named {
        Some(host) if is_plain_host(host) => format!("{scheme}://{host}"),
        _ => {
            let ip = match settings.listen.ip() {
                // "Anywhere" is no address that one can call.
                IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
                ip => ip,
            };
            format!("{scheme}://{}", std::net::SocketAddr::new(ip, settings.listen.port()))
        }
    }
}

/// Whether a text is a DNS name or an IP address, with or without a port.
pub(crate) fn is_plain_host(text: &str) -> bool {
    if text.len() > HOST_BYTES {
        return false;
    }
    let (host_is_plain, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((ip, after)) => (ip.parse::<Ipv6Addr>().is_ok(), after),
            None => return false,
        },
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let plain =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
            (plain, port)
        }
    };
    host_is_plain
        && match port.strip_prefix(':') {
            Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok(),
            None => port.is_empty(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(listen: &str, uri: &str, host: Option<&[u8]>, secure: bool) -> String {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, http::HeaderValue::from_bytes(host).unwrap());
        }
        base(&Settings::new(listen.parse().unwrap()), &uri.parse().unwrap(), &headers, secure)
    }

    #[test]
    fn the_host_a_client_named_is_repeated() {
        let listen = "127.0.0.1:4600";
        assert_eq!(of(listen, "/a", Some(b"localhost:4600"), false), "http://localhost:4600");
        assert_eq!(of(listen, "/a", Some(b"Site.scm.example"), true), "https://Site.scm.example");
        assert_eq!(of(listen, "/a", Some(b"[::1]:80"), false), "http://[::1]:80");
        // The target outranks the header.
        assert_eq!(of(listen, "http://b.example:1/a", Some(b"c.example"), false), "http://b.example:1");
    }

    #[test]
    fn without_a_usable_host_the_base_is_where_we_listen() {
        for hostile in [
            &b"a b"[..],
            b"evil/x",
            b"a@b",
            b"h:",
            b"h:99999",
            b"h:+1",
            b"[::1",
            b"[x]",
            b"",
            b"\xff",
            b"<s>",
        ] {
            assert_eq!(
                of("127.0.0.1:4600", "/a", Some(hostile), false),
                "http://127.0.0.1:4600",
                "{hostile:?}"
            );
        }
        assert_eq!(of("127.0.0.1:4600", "http://u:p@h/a", None, false), "http://127.0.0.1:4600");
        assert_eq!(of("0.0.0.0:4600", "/a", None, false), "http://127.0.0.1:4600");
        assert_eq!(of("[::]:4600", "/a", None, true), "https://[::1]:4600");
    }

    #[test]
    fn a_public_url_outranks_all() {
        let mut settings = Settings::new("127.0.0.1:1".parse().unwrap());
        settings.public_url = Some("https://emu.example/p/".parse().unwrap());
        let said = base(&settings, &"http://b.example/".parse().unwrap(), &HeaderMap::new(), false);
        assert_eq!(said, "https://emu.example/p");
    }

    proptest! {
        #[test]
        fn no_host_can_write_into_a_base(host in prop_oneof![
            // Whatever a header may hold, and what is nearly a host.
            proptest::collection::vec((32u8..=255).prop_filter("no control", |b| *b != 127), 0..40),
            "[a-fA-F0-9.:\\[\\]@/%_-]{0,30}".prop_map(String::into_bytes),
            "[a-z.]{1,20}(:[0-9]{0,6})?".prop_map(String::into_bytes),
        ]) {
            let said = of("127.0.0.1:4600", "/", Some(&host), false);
            let rest = said.strip_prefix("http://").unwrap();
            prop_assert!(rest.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b)), "{}", said);
            prop_assert!(said.parse::<Uri>().is_ok_and(|u| u.path() == "/" && u.host().is_some()), "{}", said);
        }
    }
}
