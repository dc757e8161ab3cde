//! What the server's start tells this surface.

use crate::domain::webhook_auth::Range;
use crate::s3::memory::Memory;
use parhelion_core::Auth;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Settings of the surface.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether signatures of requests are verified.
    pub auth: Auth,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The secrets of access keys that are not `test`.
    pub secrets: Secrets,
    /// The memory of the artifact store's objects.
    pub memory: Memory,
    /// Whether a pipeline's roles must exist.
    pub role_check: RoleCheck,
    /// The GitHub-compatible API with which webhooks are registered; nowhere when not given.
    pub github_api: Option<ApiUrl>,
}

/// Addresses: a range in CIDR form, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(Range);

impl Network {
    /// Whether an address is in it; an IPv4 address inside IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(address)
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let range = match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => format!("{text}/32").parse(),
            Ok(IpAddr::V6(_)) => format!("{text}/128").parse(),
            Err(_) => text.parse(),
        };
        let bad = |_| "neither an address nor a range of addresses such as 10.0.0.0/8".to_owned();
        range.map(Network).map_err(bad)
    }
}

/// Secrets by access key id. They are shown to nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// The secret of an access key id that was given one.
    pub fn of(&self, access_key: &str) -> Option<&str> {
        self.0.get(access_key).map(String::as_str)
    }
    /// Adds one from `ACCESSKEY=SECRET`.
    ///
    /// # Errors
    /// What is wrong, without what might be the secret.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (key, secret) = text.split_once('=').ok_or("it is to be ACCESSKEY=SECRET, and has no '='")?;
        if key.is_empty() || key.len() > 128 || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err("the access key before '=' is 1 to 128 letters, digits and _".to_owned());
        }
        if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("the secret of {key} is one or more visible ASCII characters"));
        }
        if self.0.insert(key.to_owned(), secret.to_owned()).is_some() {
            return Err(format!("{key} is given two secrets"));
        }
        Ok(())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether the roles that a pipeline names must exist (structure rule 35).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoleCheck {
    /// As soon as the account has a role of its own.
    #[default]
    Auto,
    /// Any role will do.
    Off,
    /// Always.
    Strict,
}

impl FromStr for RoleCheck {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(RoleCheck::Auto),
            "off" => Ok(RoleCheck::Off),
            "strict" => Ok(RoleCheck::Strict),
            _ => Err("it is to be auto, off or strict".to_owned()),
        }
    }
}

/// The base of an API: `http://` or `https://`, a host, perhaps a path; no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(String);

impl ApiUrl {
    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "it is to be an http:// or https:// URL without user, query and fragment".to_owned();
        let uri: http::Uri = text.parse().map_err(|_| bad())?;
        let authority = uri.authority().ok_or_else(bad)?.as_str();
        let good = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && !authority.contains('@')
            && uri.query().is_none()
            && !text.contains('#');
        if good { Ok(ApiUrl(text.trim_end_matches('/').to_owned())) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_range_or_an_address() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("10.1.2.3", "10.1.2.3") && !contains("10.1.2.3", "10.1.2.4"));
        assert!(contains("10.0.0.0/8", "::ffff:10.9.9.9") && contains("::1", "::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1") && !contains("2001:db8::/32", "2001:db9::1"));
        for bad in ["", "10.0.0.0/33", "localhost", "10.0.0.0/8/8", "10.0.0/8", "/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_are_read_and_never_shown() {
        let mut secrets = Secrets::default();
        secrets.add("AKIDEXAMPLE=wJal/r+XUt=").unwrap();
        assert_eq!((secrets.of("AKIDEXAMPLE"), secrets.of("test")), (Some("wJal/r+XUt="), None));
        for bad in
            ["geheim", "=geheim", "AKIDEXAMPLE=geheim", "A=", "A=ge heim", "A B=geheim", "A=ge\u{e9}heim"]
        {
            let said = secrets.add(bad).unwrap_err();
            assert!(!said.contains("heim"), "{said}");
        }
        assert!(!format!("{:?}", Settings { secrets, ..Settings::default() }).contains("wJal"));
    }

    #[test]
    fn an_api_is_an_absolute_url() {
        let url = |text: &str| text.parse::<ApiUrl>().map(|url| url.as_str().to_owned());
        assert_eq!(url("http://127.0.0.1:9/api/v3/").unwrap(), "http://127.0.0.1:9/api/v3");
        assert_eq!(url("https://[::1]:80").unwrap(), "https://[::1]:80");
        for bad in
            ["", "api.example.com", "ftp://h", "http://", "http://u:p@h", "http://h?x", "http://h#x", "/x"]
        {
            assert!(url(bad).is_err(), "{bad}");
        }
    }
}
