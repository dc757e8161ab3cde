//! Addresses that are called: which texts are one, and how they are shown.

use http::Uri;

/// Longest address, bytes.
pub const URL_BYTES: usize = 2048;

/// Whether a text is an address that can be called.
///
/// # Errors
/// What is wrong, in a few words.
pub fn check_url(url: &str) -> Result<(), String> {
    if url.len() > URL_BYTES {
        return Err(format!("it has more than {URL_BYTES} bytes"));
    }
    let Ok(uri) = url.parse::<Uri>() else { return Err("it cannot be read".to_owned()) };
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    if !known || uri.host().is_none_or(str::is_empty) {
        return Err("an absolute http or https URL is wanted".to_owned());
    }
    Ok(())
}

/// An address without what may be secret in it: user and password, and the query.
pub fn shown_url(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, ""), |(before, _)| (before, "?****"));
    let (scheme, rest) = before.split_once("://").unwrap_or(("", before));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => format!("****@{host}"),
        None => authority.to_owned(),
    };
    format!("{scheme}://{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_absolute_and_of_http() {
        for good in ["http://127.0.0.1:8080/x?y=z", "https://u:p@host/", "http://[::1]:1"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        let long = format!("http://h/{}", "x".repeat(URL_BYTES));
        for bad in ["", "/x", "host", "ftp://host/", "http://", "http:///x", "http://a b/", &long] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        assert_eq!(shown_url("https://user:geheim@host:1/a/b?token=geheim"), "https://****@host:1/a/b?****");
        assert_eq!(shown_url("http://host/a@b"), "http://host/a@b");
        assert_eq!(shown_url("http://host"), "http://host");
    }

    proptest! {
        #[test]
        fn any_text_is_checked_and_shown(text in "[a-z:/?@# ]{0,20}") {
            let _ = (check_url(&text), shown_url(&text));
        }
    }
}
