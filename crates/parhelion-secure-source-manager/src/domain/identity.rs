//! Who calls. CHOICE: nobody is turned away; any credentials are taken, and say who it is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use serde_json::Value;

/// Who calls when nothing says so.
pub const ANONYMOUS: &str = "user@example.com";

/// The caller's e-mail address: of a bearer token that is a JWT, of a Basic user, of the proxy header; else
/// [`ANONYMOUS`].
pub fn caller(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let authorization = text("authorization").and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => jwt_email(rest.trim()),
            "basic" => basic_email(rest.trim()),
            _ => None,
        }
    });
    let proxied =
        || text("x-goog-authenticated-user-email").and_then(|v| v.rsplit(':').next()).map(str::to_owned);
    authorization.or_else(proxied).filter(|email| is_email(email)).unwrap_or_else(|| ANONYMOUS.to_owned())
}

/// The full name of a user. CHOICE: the part before the `@` (seed 004: `user` of `user@example.com`).
pub fn full_name(email: &str) -> &str {
    email.split('@').next().unwrap_or(email)
}

fn is_email(text: &str) -> bool {
    text.len() <= 254
        && text.contains('@')
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b))
}

fn jwt_email(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("email")?.as_str().map(str::to_owned)
}

fn basic_email(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let user = decoded.split(':').next()?;
    if user.contains('@') {
        return Some(user.to_owned());
    }
    // The credential helper of gcloud writes user@example.com as git-user.example.com.
    let (name, domain) = user.strip_prefix("git-")?.split_once('.')?;
    Some(format!("{name}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        caller(&headers)
    }

    #[test]
    fn credentials_say_who_it_is() {
        let jwt = format!("Bearer x.{}.y", URL_SAFE_NO_PAD.encode(r#"{"email":"ann@corp.example"}"#));
        assert_eq!(with("authorization", &jwt), "ann@corp.example");
        assert_eq!(with("authorization", "Bearer ya29.opaque"), ANONYMOUS);
        let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:secret")));
        assert_eq!(with("authorization", &basic("bob@example.com")), "bob@example.com");
        assert_eq!(with("authorization", &basic("git-bob.example.com")), "bob@example.com");
        assert_eq!(with("authorization", &basic("bob")), ANONYMOUS);
        let proxied = with("x-goog-authenticated-user-email", "accounts.google.com:eve@example.com");
        assert_eq!(proxied, "eve@example.com");
        assert_eq!(caller(&HeaderMap::new()), ANONYMOUS);
        assert_eq!(full_name(ANONYMOUS), "user");
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(value in "(Bearer|Basic|) ?[ -~]{0,40}") {
            let _ = with("authorization", &value);
        }
    }
}
