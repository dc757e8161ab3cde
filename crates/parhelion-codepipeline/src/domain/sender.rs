//! Who sent a webhook's delivery: the other end of the connection, or whom a trusted proxy names.

use crate::settings::Network;
use http::HeaderMap;
use parhelion_core::text::prefix;
use std::net::{IpAddr, SocketAddr};

/// Bytes of a header that a sentence shows.
const SHOWN_BYTES: usize = 120;

/// Where a delivery came from, as far as it can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address; `None` where a trusted proxy names none.
    pub address: Option<IpAddr>,
    /// What `X-Forwarded-For` had to do with it, to go behind the address in a sentence.
    pub note: String,
}

impl Sender {
    /// The other end of the connection itself.
    pub fn plain(peer: IpAddr) -> Self {
        Sender { address: Some(peer), note: String::new() }
    }

    /// Who sent a request that came from `peer`: only a trusted proxy's last hop of `X-Forwarded-For` is believed,
    /// as everything before it is the sender's own word.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let Some(last) = headers.get_all("x-forwarded-for").iter().next_back() else {
            return Sender::plain(peer);
        };
        let shown_peer = peer.to_canonical();
        if !trusted.iter().any(|network| network.contains(peer)) {
            let note = format!(" (X-Forwarded-For is not believed: {shown_peer} is no trusted proxy)");
            return Sender { address: Some(peer), note };
        }
        let text = String::from_utf8_lossy(last.as_bytes());
        let hop = text.rsplit(',').next().unwrap_or_default().trim();
        match address(hop) {
            Some(address) => {
                let note = format!(" (by the word of the trusted proxy {shown_peer})");
                Sender { address: Some(address), note }
            }
            None => {
                let hop = prefix(hop, SHOWN_BYTES);
                let note = format!(" (the trusted proxy {shown_peer} names '{hop}', which is no address)");
                Sender { address: None, note }
            }
        }
    }
}

/// An address, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sender(peer: &str, forwarded: &[&str]) -> (String, String) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let sender = Sender::of(peer.parse().unwrap(), &headers, &trusted);
        (sender.address.map_or("none".to_owned(), |a| a.to_string()), sender.note)
    }

    #[test]
    fn only_a_trusted_proxys_last_hop_counts() {
        let address = |peer: &str, forwarded: &[&str]| sender(peer, forwarded).0;
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["192.0.2.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(address("10.0.0.1", &["203.0.113.7", "192.0.2.1"]), "192.0.2.1", "the last header's");
        assert_eq!(address("::ffff:10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(address("::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(address("::1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(address("::1", &["[2001:db8::1]"]), "2001:db8::1");
        for none in ["", "unknown", "203.0.113.7, ", "1.2.3.4 5"] {
            assert_eq!(address("10.0.0.1", &[none]), "none", "{none}");
        }
        assert_eq!(address("192.0.2.9", &["203.0.113.7"]), "192.0.2.9", "anybody can say that");
    }

    #[test]
    fn it_is_told_whose_word_was_taken() {
        assert_eq!(sender("10.0.0.1", &["203.0.113.7"]).1, " (by the word of the trusted proxy 10.0.0.1)");
        assert_eq!(
            sender("192.0.2.9", &["203.0.113.7"]).1,
            " (X-Forwarded-For is not believed: 192.0.2.9 is no trusted proxy)"
        );
        assert!(sender("10.0.0.1", &["x"]).1.contains("names 'x', which is no address"));
    }

    proptest! {
        #[test]
        fn any_header_is_borne(value in "[0-9a-f:., \\[\\]x]{0,30}") {
            let _ = sender("10.0.0.1", &[&value]);
        }
    }
}
