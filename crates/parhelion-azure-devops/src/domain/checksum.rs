//! The checksum of an incoming webhook: HMAC-SHA1 of the body's bytes under the connection's secret, in a header
//! that the connection names (azure-devops.md 4.2).

use hmac::{Hmac, KeyInit, Mac};
use parhelion_core::text;
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// The header that is looked at when a connection has a secret but names no header.
// CHOICE: what the service takes then is not documented; it is the name that GitHub uses.
pub const DEFAULT_HEADER: &str = "X-Hub-Signature";

/// What came of checking one connection's checksum.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// The connection has no secret: nothing to check.
    Open,
    /// The header holds the right digest.
    Right(Digests),
    /// It does not, or it is not there.
    Wrong(Digests),
}

/// What was compared. Neither is a secret: a digest does not give its key away.
#[derive(Clone, Debug, PartialEq)]
pub struct Digests {
    /// The header that was looked at.
    pub header: String,
    /// What the header should have held: upper-case hexadecimal, as the documentation writes it.
    pub computed: String,
    /// What it held; `None`: the header is not there.
    pub given: Option<String>,
}

impl Checked {
    /// Whether the request may go on for that connection.
    pub fn accepts(&self) -> bool {
        !matches!(self, Checked::Wrong(_))
    }
}

/// HMAC-SHA1 as upper-case hexadecimal.
// Docs: "SHA1(secret).ComputeHash(requestBody)", with .NET's HMACSHA1.
pub fn digest(secret: &str, body: &[u8]) -> String {
    // An HMAC takes a key of any length: the error cannot occur, and an empty digest matches nothing.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    text::hex(&mac.finalize().into_bytes()).to_uppercase()
}

/// Checks a request for a connection. `secret` and `header` as the connection has them, empty meaning none.
pub fn check(secret: &str, header: &str, headers: &[(String, String)], body: &[u8]) -> Checked {
    if secret.is_empty() {
        return Checked::Open;
    }
    let header = if header.trim().is_empty() { DEFAULT_HEADER } else { header.trim() };
    let given =
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header)).map(|(_, value)| value.clone());
    let computed = digest(secret, body);
    let right = given.as_deref().is_some_and(|value| {
        let value = bare(value).to_ascii_uppercase();
        !computed.is_empty() && bool::from(value.as_bytes().ct_eq(computed.as_bytes()))
    });
    let digests = Digests { header: header.to_owned(), computed, given };
    if right { Checked::Right(digests) } else { Checked::Wrong(digests) }
}

/// The digest inside a header's value: blanks around it and everything up to the last `=` are not part of it
/// (`sha1=…` of GitHub, `SHA1(stdin)= …` of openssl).
// CHOICE: the clients are observed; that the service takes each form is not.
fn bare(value: &str) -> &str {
    value.rsplit('=').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}"#;
    const RIGHT: &str = "750D33212D3AD4932CC390819050734831A0A94F";

    fn header(value: &str) -> Vec<(String, String)> {
        vec![("x-wh-checksum".to_owned(), value.to_owned())]
    }

    #[test]
    fn the_documented_example_is_accepted() {
        assert_eq!(digest("secret", BODY.as_bytes()), RIGHT);
        let checked = check("secret", "X-WH-Checksum", &header(RIGHT), BODY.as_bytes());
        assert!(matches!(&checked, Checked::Right(d) if d.header == "X-WH-Checksum" && d.computed == RIGHT));
    }

    #[test]
    fn one_byte_more_gives_another_sum() {
        assert_eq!(
            digest("secret", format!("{BODY}\n").as_bytes()),
            "9A2274A905ADC31382BF9849978A52D0F964994A"
        );
        assert!(!check("secret", "X-WH-Checksum", &header(RIGHT), format!("{BODY}\n").as_bytes()).accepts());
    }

    #[test]
    fn the_forms_that_clients_send_are_accepted() {
        for form in [
            RIGHT.to_owned(),
            RIGHT.to_lowercase(),
            format!("sha1={RIGHT}"),
            format!("SHA1(stdin)= {}", RIGHT.to_lowercase()),
            format!("  {RIGHT} "),
        ] {
            assert!(check("secret", "x-wh-checksum", &header(&form), BODY.as_bytes()).accepts(), "{form}");
        }
        for wrong in ["", "sha1=", "750D", &RIGHT.replace('7', "8"), &format!("{RIGHT}00"), "ä"] {
            assert!(!check("secret", "x-wh-checksum", &header(wrong), BODY.as_bytes()).accepts(), "{wrong}");
        }
    }

    #[test]
    fn a_missing_header_is_refused_and_named() {
        let Checked::Wrong(d) = check("secret", "", &[], b"{}") else { panic!("accepted") };
        assert_eq!((d.header.as_str(), d.given), (DEFAULT_HEADER, None));
    }

    #[test]
    fn without_a_secret_nothing_is_checked() {
        assert_eq!(check("", "X-WH-Checksum", &header("nonsense"), b"x"), Checked::Open);
    }
}
