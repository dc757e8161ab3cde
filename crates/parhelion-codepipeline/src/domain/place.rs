//! Where a request belongs: an account and a region. All state is kept by it.

use parhelion_core::TenantKey;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The account of callers that name none.
pub const DEFAULT_ACCOUNT: &str = "000000000000";
/// The region of callers that name none.
pub const DEFAULT_REGION: &str = "us-east-1";

/// An account and region: the tenant key, written `{account}/{region}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    account: String,
    region: String,
}

/// A text that is no account and region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no place: twelve digits, a slash, and a region of 1 to 30 of a-z, 0-9 and -")]
pub struct NoPlace(pub String);

impl Place {
    /// A place of a twelve-digit account and a region of 1 to 30 of `a-z 0-9 -`.
    pub fn new(account: &str, region: &str) -> Result<Self, NoPlace> {
        let good_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let good_region = (1..=30).contains(&region.len())
            && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if good_account && good_region {
            Ok(Place { account: account.to_owned(), region: region.to_owned() })
        } else {
            let text = format!("{account}/{region}");
            Err(NoPlace(parhelion_core::text::prefix(&text, 80).to_owned()))
        }
    }
    /// Twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }
    /// As in SigV4 scopes: `us-east-1`.
    pub fn region(&self) -> &str {
        &self.region
    }
    /// The partition that ARNs of this region begin with.
    pub fn partition(&self) -> &'static str {
        match &self.region {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
    /// Who calls, wherever AWS shows it (`lastUpdatedBy`, `triggerDetail`).
    // CHOICE: the account's root; access keys stand for no user here.
    pub fn caller_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition(), self.account)
    }
    /// The ARN of a resource of CodePipeline: `resource` is what follows the account (`NAME`, `webhook:NAME`).
    pub fn arn(&self, resource: &str) -> String {
        format!("arn:{}:codepipeline:{}:{}:{resource}", self.partition(), self.region, self.account)
    }
}

impl Default for Place {
    fn default() -> Self {
        Place { account: DEFAULT_ACCOUNT.to_owned(), region: DEFAULT_REGION.to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

impl FromStr for Place {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (account, region) =
            text.split_once('/').ok_or_else(|| NoPlace(parhelion_core::text::prefix(text, 80).to_owned()))?;
        Place::new(account, region)
    }
}

impl TryFrom<String> for Place {
    type Error = NoPlace;
    fn try_from(text: String) -> Result<Self, NoPlace> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.to_string()
    }
}

impl TenantKey for Place {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        let place = Place::new("123456789012", "cn-north-1").unwrap();
        assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        assert_eq!(place.arn("webhook:w"), "arn:aws-cn:codepipeline:cn-north-1:123456789012:webhook:w");
        assert_eq!(Place::default().caller_arn(), "arn:aws:iam::000000000000:root");
        assert_eq!(Place::new("123456789012", "us-gov-west-1").unwrap().partition(), "aws-us-gov");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for bad in [
            "",
            "x",
            "123456789012",
            "12345678901/us-east-1",
            "123456789012/",
            "123456789012/a/b",
            "123456789012/US",
        ] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
