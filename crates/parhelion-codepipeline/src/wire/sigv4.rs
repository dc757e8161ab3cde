//! What a signature says about its sender: access key, region, service. It is parsed and believed, unless the server
//! was started with `--auth strict`: then [`verify`] judges it.

mod canonical;
mod signature;
pub mod verify;

#[cfg(test)]
#[path = "sigv4/tests.rs"]
mod examples;

use crate::domain::place::{DEFAULT_ACCOUNT, DEFAULT_REGION, Place};
use http::{header::AUTHORIZATION, request::Parts};
use percent_encoding::percent_decode_str;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The `Credential` of a signature: `{access key}/{yyyymmdd}/{region}/{service}/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The access key id.
    pub access_key: String,
    /// The region signed for.
    pub region: String,
    /// SigV4's name of the service: `codepipeline`.
    pub service: String,
}

impl Scope {
    /// The scope that a `Credential` says, and its day.
    fn read(text: &str) -> Option<(Scope, &str)> {
        // An access key id may itself hold slashes in theory; the scope is the last four parts.
        let mut parts = text.rsplitn(5, '/');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("aws4_request"), Some(service), Some(region), Some(day), Some(key)) if !key.is_empty() => {
                let (access_key, region) = (key.to_owned(), region.to_owned());
                Some((Scope { access_key, region, service: service.to_owned() }, day))
            }
            _ => None,
        }
    }
}

/// What a request says of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// No signature at all.
    Unsigned,
    /// Something that is no SigV4 signature.
    Malformed,
    /// A signature for that scope.
    Signed(Scope),
}

impl Claim {
    /// The claim of a request: of its `Authorization` header, else of a presigned query.
    pub fn of(parts: &Parts) -> Claim {
        if let Some(header) = parts.headers.get(AUTHORIZATION) {
            return match header.to_str() {
                Ok(text) => Claim::of_header(text),
                Err(_) => Claim::Malformed,
            };
        }
        let credential = parts.uri.query().unwrap_or("").split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.eq_ignore_ascii_case("X-Amz-Credential").then_some(value)
        });
        match credential {
            None => Claim::Unsigned,
            Some(text) => match percent_decode_str(text).decode_utf8() {
                Ok(text) => Claim::of_credential(&text),
                Err(_) => Claim::Malformed,
            },
        }
    }

    fn of_header(text: &str) -> Claim {
        let Some(fields) =
            text.trim().strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(char::is_whitespace))
        else {
            return Claim::Malformed;
        };
        // CHOICE: the scope alone is believed: what makes a signature whole is strict mode's business.
        let credential = fields.split([',', ' ', '\t']).find_map(|field| field.strip_prefix("Credential="));
        credential.map_or(Claim::Malformed, Claim::of_credential)
    }

    fn of_credential(text: &str) -> Claim {
        Scope::read(text).map_or(Claim::Malformed, |(scope, _)| Claim::Signed(scope))
    }

    /// The service signed for.
    pub fn service(&self) -> Option<&str> {
        match self {
            Claim::Signed(scope) => Some(&scope.service),
            _ => None,
        }
    }

    /// The account and region that the request belongs to. An access key id of twelve digits is the account, any
    /// other stands for the default one.
    // CHOICE: unsigned calls and unreadable signatures belong to the default place; nothing is refused for them.
    pub fn place(&self) -> Place {
        let Claim::Signed(scope) = self else { return Place::default() };
        let key = scope.access_key.as_str();
        let account =
            if key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit()) { key } else { DEFAULT_ACCOUNT };
        Place::new(account, &scope.region)
            .or_else(|_| Place::new(account, DEFAULT_REGION))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(text: &str) -> Claim {
        let (parts, ()) =
            http::Request::builder().header("authorization", text).body(()).unwrap().into_parts();
        Claim::of(&parts)
    }

    #[test]
    fn a_signature_names_account_region_and_service() {
        let claim = header(
            "AWS4-HMAC-SHA256 Credential=123456789012/20261101/eu-west-1/codepipeline/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=ab12",
        );
        assert_eq!(claim.place(), Place::new("123456789012", "eu-west-1").unwrap());
        assert_eq!(claim.service(), Some("codepipeline"));
        // botocore writes a space after the commas, other signers none.
        let claim = header(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261101/cn-north-1/codepipeline/aws4_request,SignedHeaders=host,Signature=ab",
        );
        assert_eq!(claim.place(), Place::new("000000000000", "cn-north-1").unwrap());
    }

    #[test]
    fn the_credential_alone_says_whose_it_is() {
        let scope = "Credential=123456789012/20261101/eu-west-1/codepipeline/aws4_request";
        for rest in ["", ",", ", SignedHeaders=h", ", Signature=", " SignedHeaders=h Signature=s"] {
            let claim = header(&format!("AWS4-HMAC-SHA256 {scope}{rest}"));
            assert_eq!(claim.place().to_string(), "123456789012/eu-west-1", "{rest}");
        }
        let claim = header(&format!("AWS4-HMAC-SHA256 SignedHeaders=h,\t{scope}"));
        assert_eq!(claim.place().to_string(), "123456789012/eu-west-1");
    }

    #[test]
    fn a_presigned_query_does_too() {
        let uri = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=123456789012%2F20261101%2Feu-west-1%2Fcodepipeline%2Faws4_request&X-Amz-Signature=1";
        let (parts, ()) = http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        assert_eq!(Claim::of(&parts).place().to_string(), "123456789012/eu-west-1");
    }

    #[test]
    fn without_a_readable_signature_the_place_is_the_default() {
        let (parts, ()) = http::Request::builder().body(()).unwrap().into_parts();
        assert_eq!(Claim::of(&parts), Claim::Unsigned);
        assert_eq!(Claim::of(&parts).place(), Place::default());
        for text in [
            "Bearer x",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256Credential=a/b/c/d/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=h, Signature=s",
            "AWS4-HMAC-SHA256 SignedHeaders=h, Signature=s",
            "AWS4-HMAC-SHA256 Credential=",
        ] {
            assert!(matches!(header(text), Claim::Malformed), "{text}");
            assert_eq!(header(text).place(), Place::default());
        }
    }

    #[test]
    fn a_region_that_is_none_is_the_default_one() {
        let claim = header(
            "AWS4-HMAC-SHA256 Credential=123456789012/d/../codepipeline/aws4_request, SignedHeaders=h, Signature=s",
        );
        assert_eq!(claim.place().to_string(), "123456789012/us-east-1");
    }

    proptest! {
        #[test]
        fn any_header_is_read(text in "[ -~]{0,80}") {
            let _ = header(&text).place();
            let _ = header(&format!("AWS4-HMAC-SHA256 {text}")).place();
            let _ = Claim::of_credential(&text).place();
        }
    }
}
