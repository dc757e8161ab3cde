//! Credentials of requests.

use crate::settings::{AuthMode, Settings};
use crate::store::{KuduStore, Site};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// User and password of Basic credentials.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(of_scheme(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':').unwrap_or((&text, ""));
    Some((user.to_owned(), password.to_owned()))
}

fn of_scheme<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    (scheme.eq_ignore_ascii_case(wanted) && !rest.is_empty()).then_some(rest)
}

/// Whether a request may be answered; why not, if not. Nothing in the reason is secret.
pub fn check(settings: &Settings, store: &KuduStore, headers: &HeaderMap) -> Result<(), &'static str> {
    if settings.auth == AuthMode::Open {
        return Ok(());
    }
    if of_scheme(headers, "bearer").is_some() {
        return if settings.bearer { Ok(()) } else { Err("bearer tokens are not taken (kudu.auth.bearer)") };
    }
    let Some((user, password)) = basic(headers) else {
        return Err("it brings no Basic credentials");
    };
    if !is_user_of(&user, &store.site) {
        return Err("the user is not the site's publishing user");
    }
    let Some(right) = &store.password else {
        return Err("nobody has asked for the site's publish profile yet, so no password can be right");
    };
    // Of digests, so that how long it takes tells nothing of the password.
    if Sha256::digest(right) == Sha256::digest(&password) { Ok(()) } else { Err("the password is another") }
}

/// `$SITE`, or `SITE\$SITE` as FTP clients write it.
fn is_user_of(user: &str, site: &Site) -> bool {
    let user = user.rsplit('\\').next().unwrap_or_default();
    user.strip_prefix('$').is_some_and(|name| name.eq_ignore_ascii_case(site.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_state::Store;

    fn with(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers
    }
    fn of(user: &str, password: &str) -> HeaderMap {
        with(&format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
    }

    #[test]
    fn the_publishing_user_alone_is_let_in() {
        let mut store = KuduStore::new(&"Shop".parse().unwrap());
        let strict = Settings { auth: AuthMode::Basic, bearer: false, ..Settings::default() };
        let refused = |headers: &HeaderMap, store: &KuduStore| check(&strict, store, headers).unwrap_err();
        assert_eq!(check(&Settings::default(), &store, &HeaderMap::new()), Ok(()));
        assert!(refused(&of("$shop", "p"), &store).contains("publish profile"));
        store.password = Some("p:w".to_owned());
        for user in ["$shop", "$SHOP", "shop\\$shop"] {
            assert_eq!(check(&strict, &store, &of(user, "p:w")), Ok(()), "{user}");
        }
        assert!(refused(&HeaderMap::new(), &store).contains("no Basic"));
        assert!(refused(&of("$other", "p:w"), &store).contains("user"));
        assert!(refused(&of("shop", "p:w"), &store).contains("user"));
        assert!(refused(&of("$shop", "p"), &store).contains("password"));
        assert!(refused(&with("Basic !!"), &store).contains("no Basic"));
        assert!(refused(&with("Bearer x"), &store).contains("bearer"));
        let bearer = Settings { bearer: true, ..strict };
        assert_eq!(check(&bearer, &store, &with("bearer x")), Ok(()));
        assert!(check(&bearer, &store, &with("Bearer ")).is_err());
    }
}
