//! Whether a webhook's delivery is authentic: GITHUB_HMAC, IP, UNAUTHENTICATED. Each check tells what was computed
//! and compared, for the journal; the secret itself is never told.

use super::sender::Sender;
use crate::shapes::{WebhookAuthConfiguration, WebhookAuthenticationType};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use parhelion_core::text::{hex, prefix, unhex};
use sha1::Sha1;
use sha2::Sha256;
use std::net::IpAddr;
use std::str::FromStr;
use subtle::ConstantTimeEq;

/// Bytes of a header that the journal shows.
const SHOWN_BYTES: usize = 120;

/// What was checked, and how it came out. Passed means: all checks held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the delivery may be taken.
    pub passed: bool,
    /// One sentence.
    pub fact: String,
    /// The comparisons made.
    pub checks: Vec<Check>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The header, or `peer`.
    pub what: &'static str,
    /// The algorithm, or `CIDR`.
    pub algorithm: &'static str,
    /// What the sender gave, shortened.
    pub given: String,
    /// What it must be: the digest, or the range.
    pub expected: String,
    /// Whether they agree.
    pub ok: bool,
}

/// Why an authentication configuration does not suit its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfiguration {
    /// A member is missing, or one too many is there.
    // OBSERVED: the text.
    #[error("Optional['authenticationConfig' should contain only one property: '{0}']")]
    OnlyOne(&'static str),
    /// A member is there, and none may be.
    // OBSERVED up to the closing bracket. CHOICE: the bracket.
    #[error("Optional['authenticationConfig' should be empty]")]
    Empty,
    /// The range is none.
    // CHOICE: text.
    #[error("Optional['AllowedIPRange' should be a valid CIDR range]")]
    NoRange,
}

/// Whether a configuration suits its type.
///
/// # Errors
/// What an `InvalidWebhookAuthenticationParametersException` says.
pub fn check_configuration(
    kind: WebhookAuthenticationType,
    configuration: &WebhookAuthConfiguration,
) -> Result<(), BadConfiguration> {
    match (kind, &configuration.secret_token, &configuration.allowed_ip_range) {
        (WebhookAuthenticationType::GithubHmac, Some(_), None) => Ok(()),
        (WebhookAuthenticationType::GithubHmac, ..) => Err(BadConfiguration::OnlyOne("SecretToken")),
        (WebhookAuthenticationType::Ip, None, Some(range)) => {
            range.parse::<Range>().map(|_| ()).map_err(|_| BadConfiguration::NoRange)
        }
        (WebhookAuthenticationType::Ip, ..) => Err(BadConfiguration::OnlyOne("AllowedIPRange")),
        (WebhookAuthenticationType::Unauthenticated, None, None) => Ok(()),
        (WebhookAuthenticationType::Unauthenticated, ..) => Err(BadConfiguration::Empty),
    }
}

/// Checks a delivery: its headers, the bytes of its body as they came, and who sent it.
pub fn authenticate(
    kind: WebhookAuthenticationType,
    configuration: &WebhookAuthConfiguration,
    headers: &HeaderMap,
    body: &[u8],
    sender: &Sender,
) -> Verdict {
    match kind {
        WebhookAuthenticationType::GithubHmac => {
            github_hmac(configuration.secret_token.as_deref().unwrap_or(""), headers, body)
        }
        WebhookAuthenticationType::Ip => ip(configuration.allowed_ip_range.as_deref().unwrap_or(""), sender),
        WebhookAuthenticationType::Unauthenticated => {
            Verdict { passed: true, fact: "no authentication is asked for".to_owned(), checks: Vec::new() }
        }
    }
}

/// GitHub's signatures: at least one must be there, and each that is there must be right.
// CHOICE: that both must be right; GitHub sends both, made with one secret.
fn github_hmac(secret: &str, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let signature =
        |what: &'static str, label: &'static str, algorithm: &'static str, digest: &dyn Fn() -> Vec<u8>| {
            let mut all = headers.get_all(what).iter();
            let given = all.next()?;
            let expected = digest();
            // One header that comes twice says nothing certain.
            let given_text = String::from_utf8_lossy(given.as_bytes());
            let bytes = given_text.strip_prefix(label).and_then(|text| unhex(text.trim()));
            let ok = all.next().is_none() && bytes.is_some_and(|given| bool::from(given.ct_eq(&expected)));
            Some(Check {
                what,
                algorithm,
                given: prefix(&given_text, SHOWN_BYTES).to_owned(),
                expected: format!("{label}{}", hex(&expected)),
                ok,
            })
        };
    let key = secret.as_bytes();
    let checks: Vec<Check> = [
        signature("x-hub-signature", "sha1=", "HMAC-SHA1", &|| {
            digest(Hmac::<Sha1>::new_from_slice(key), body)
        }),
        signature("x-hub-signature-256", "sha256=", "HMAC-SHA256", &|| {
            digest(Hmac::<Sha256>::new_from_slice(key), body)
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let passed = !checks.is_empty() && checks.iter().all(|c| c.ok);
    let fact = match checks.iter().find(|c| !c.ok) {
        None if checks.is_empty() => "neither X-Hub-Signature nor X-Hub-Signature-256 was sent".to_owned(),
        None => format!("{} over {} bytes agrees", names(&checks), body.len()),
        Some(wrong) => format!(
            "{} over {} bytes is {}, {} says '{}'",
            wrong.algorithm,
            body.len(),
            wrong.expected,
            wrong.what,
            wrong.given
        ),
    };
    Verdict { passed, fact, checks }
}

/// A message authentication code. A key of any length is one, so `mac` is never an error.
fn digest<M: Mac>(mac: Result<M, hmac::digest::InvalidLength>, body: &[u8]) -> Vec<u8> {
    mac.map(|mac| mac.chain_update(body).finalize().into_bytes().to_vec()).unwrap_or_default()
}

fn names(checks: &[Check]) -> String {
    checks.iter().map(|c| c.algorithm).collect::<Vec<_>>().join(" and ")
}

/// The sender's address must be in the range.
fn ip(range: &str, sender: &Sender) -> Verdict {
    let ok = match (range.parse::<Range>(), sender.address) {
        (Ok(range), Some(address)) => range.contains(address),
        _ => false,
    };
    let given = sender.address.map_or_else(|| "unknown".to_owned(), |a| a.to_canonical().to_string());
    let note = &sender.note;
    let fact = format!("the sender's address {given}{note} is {}in {range}", if ok { "" } else { "not " });
    let check = Check { what: "peer", algorithm: "CIDR", given, expected: range.to_owned(), ok };
    Verdict { passed: ok, fact, checks: vec![check] }
}

/// Addresses with the same first bits: `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    base: IpAddr,
    bits: u8,
}

/// A text that is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRange;

impl FromStr for Range {
    type Err = NoRange;
    // CHOICE: an address alone is no range, bits behind the prefix may be set.
    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (base, bits) = text.split_once('/').ok_or(NoRange)?;
        let base: IpAddr = base.parse().map_err(|_| NoRange)?;
        let plain = !bits.is_empty() && bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u8 = bits.parse().ok().filter(|_| plain).ok_or(NoRange)?;
        if bits <= if base.is_ipv4() { 32 } else { 128 } { Ok(Range { base, bits }) } else { Err(NoRange) }
    }
}

impl Range {
    /// Whether an address is in it; an IPv4 address inside IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (base, address, width) = match (self.base, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            // `::ffff:10.0.0.0/104` names IPv4 addresses by their IPv6 form.
            (IpAddr::V6(a), IpAddr::V4(b)) => (a.to_bits(), b.to_ipv6_mapped().to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) => return false,
        };
        let behind = width - u32::from(self.bits);
        (base ^ address).checked_shr(behind).unwrap_or(0) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = b"Hello, World!";
    const SECRET: &str = "It's a Secret to Everybody";
    // The example of GitHub's page on validating deliveries.
    const SHA256: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn sha1_of(secret: &str, body: &[u8]) -> String {
        format!("sha1={}", hex(&digest(Hmac::<Sha1>::new_from_slice(secret.as_bytes()), body)))
    }

    const NOBODY: Sender = Sender { address: None, note: String::new() };

    fn verdict(headers: &[(&'static str, &str)], body: &[u8]) -> Verdict {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let configuration =
            WebhookAuthConfiguration { allowed_ip_range: None, secret_token: Some(SECRET.into()) };
        authenticate(WebhookAuthenticationType::GithubHmac, &configuration, &map, body, &NOBODY)
    }

    #[test]
    fn known_digests() {
        // RFC 2202, case 2.
        assert_eq!(
            sha1_of("Jefe", b"what do ya want for nothing?"),
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert!(verdict(&[("x-hub-signature-256", SHA256)], BODY).passed);
    }

    #[test]
    fn each_signature_that_is_there_must_be_right() {
        let sha1 = sha1_of(SECRET, BODY);
        let upper = format!("sha1={}", sha1[5..].to_uppercase());
        let wrong = sha1_of("other", BODY);
        assert!(verdict(&[("x-hub-signature", &sha1)], BODY).passed);
        assert!(verdict(&[("x-hub-signature", &upper)], BODY).passed);
        assert!(verdict(&[("x-hub-signature", &sha1), ("x-hub-signature-256", SHA256)], BODY).passed);
        for headers in [
            &[][..],
            &[("x-hub-signature", wrong.as_str())],
            &[("x-hub-signature", &wrong), ("x-hub-signature-256", SHA256)],
            &[("x-hub-signature", &sha1), ("x-hub-signature-256", "sha256=00")],
            &[("x-hub-signature", &sha1), ("x-hub-signature", &sha1)],
            &[("x-hub-signature", &sha1[5..])],
            &[("x-hub-signature", "sha1=")],
            &[("x-hub-signature", "sha1=zz")],
            &[("x-hub-signature", &sha1[..sha1.len() - 2])],
        ] {
            assert!(!verdict(headers, BODY).passed, "{headers:?}");
        }
        assert!(!verdict(&[("x-hub-signature", &sha1)], b"Hello, World").passed);
    }

    #[test]
    fn the_journal_sees_digests_and_no_secret() {
        let wrong = verdict(&[("x-hub-signature", "sha1=00")], BODY);
        assert_eq!(
            wrong.fact,
            format!("HMAC-SHA1 over 13 bytes is {}, x-hub-signature says 'sha1=00'", sha1_of(SECRET, BODY))
        );
        assert!(!format!("{wrong:?}").contains(SECRET));
        let right = verdict(&[("x-hub-signature-256", SHA256)], BODY);
        assert_eq!(right.fact, "HMAC-SHA256 over 13 bytes agrees");
        assert_eq!(verdict(&[], BODY).fact, "neither X-Hub-Signature nor X-Hub-Signature-256 was sent");
    }

    #[test]
    fn ranges_of_both_families() {
        let within =
            |range: &str, address: &str| range.parse::<Range>().unwrap().contains(address.parse().unwrap());
        assert!(within("10.0.0.0/8", "10.255.1.2") && !within("10.0.0.0/8", "11.0.0.1"));
        assert!(within("127.0.0.1/32", "127.0.0.1") && !within("127.0.0.1/32", "127.0.0.2"));
        assert!(within("0.0.0.0/0", "203.0.113.9") && !within("0.0.0.0/0", "::1"));
        assert!(within("2001:db8::/32", "2001:db8:1::9") && !within("2001:db8::/32", "2001:db9::"));
        assert!(within("::/0", "::1") && within("::1/128", "::1") && !within("::1/128", "::2"));
        assert!(within("10.0.0.0/8", "::ffff:10.1.2.3") && within("::ffff:10.0.0.0/104", "10.1.2.3"));
        for bad in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "x/8",
            "10.0.0.0/",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(bad.parse::<Range>(), Err(NoRange), "{bad}");
        }
    }

    #[test]
    fn an_address_is_checked_and_told() {
        let configuration =
            WebhookAuthConfiguration { allowed_ip_range: Some("10.0.0.0/8".into()), secret_token: None };
        let from = |peer: Option<&str>| {
            let sender = peer.map_or(NOBODY, |peer| Sender::plain(peer.parse().unwrap()));
            authenticate(WebhookAuthenticationType::Ip, &configuration, &HeaderMap::new(), BODY, &sender)
        };
        assert!(from(Some("10.1.1.1")).passed);
        assert_eq!(from(Some("192.0.2.1")).fact, "the sender's address 192.0.2.1 is not in 10.0.0.0/8");
        assert!(!from(None).passed);
    }

    #[test]
    fn configurations_suit_their_type() {
        use WebhookAuthenticationType::{GithubHmac, Ip, Unauthenticated};
        let check = |kind, secret: Option<&str>, range: Option<&str>| {
            let configuration = WebhookAuthConfiguration {
                allowed_ip_range: range.map(Into::into),
                secret_token: secret.map(Into::into),
            };
            check_configuration(kind, &configuration).map_err(|e| e.to_string())
        };
        assert_eq!(check(GithubHmac, Some("s"), None), Ok(()));
        assert_eq!(check(Ip, None, Some("10.0.0.0/8")), Ok(()));
        assert_eq!(check(Unauthenticated, None, None), Ok(()));
        let only = |name: &str| {
            Err(format!("Optional['authenticationConfig' should contain only one property: '{name}']"))
        };
        assert_eq!(check(GithubHmac, None, None), only("SecretToken"));
        assert_eq!(check(GithubHmac, Some("s"), Some("10.0.0.0/8")), only("SecretToken"));
        assert_eq!(check(Ip, Some("s"), None), only("AllowedIPRange"));
        assert_eq!(
            check(Unauthenticated, Some("s"), None),
            Err("Optional['authenticationConfig' should be empty]".into())
        );
        assert_eq!(
            check(Ip, None, Some("10.0.0.0")),
            Err("Optional['AllowedIPRange' should be a valid CIDR range]".into())
        );
    }

    proptest! {
        #[test]
        fn what_is_signed_with_the_secret_passes_and_nothing_else(
            body in proptest::collection::vec(any::<u8>(), 0..100),
            other in "[a-z]{1,10}",
        ) {
            prop_assert!(verdict(&[("x-hub-signature", &sha1_of(SECRET, &body))], &body).passed);
            prop_assert!(!verdict(&[("x-hub-signature", &sha1_of(&other, &body))], &body).passed);
        }
        #[test]
        fn any_range_is_read_or_refused(text in "[0-9a-f:./]{0,20}", address in any::<u128>()) {
            if let Ok(range) = text.parse::<Range>() {
                prop_assert!(range.contains(range.base));
                let _ = range.contains(std::net::Ipv6Addr::from_bits(address).into());
            }
        }
        #[test]
        fn addresses_that_share_the_prefix_are_in(base in any::<u32>(), other in any::<u32>(), bits in 0u8..=32) {
            let range = Range { base: std::net::Ipv4Addr::from_bits(base).into(), bits };
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            prop_assert_eq!(range.contains(std::net::Ipv4Addr::from_bits(other).into()), base & mask == other & mask);
        }
    }
}
