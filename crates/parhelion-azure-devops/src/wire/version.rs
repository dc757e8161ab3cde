//! api-version: where it stands, its form, and which versions a resource is served at (azure-devops.md 1).

use super::locations::Location;
use crate::{
    error::{Error, Result},
    settings::Settings,
};
use http::{HeaderMap, Method, header};

/// The newest version of this server.
pub const MAX: (u32, u32) = (7, 2);
/// [`MAX`] as text.
pub const MAX_TEXT: &str = "7.2";
/// The newest released version.
pub const RELEASED_TEXT: &str = "7.1";

/// A version as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    number: (u32, u32),
    preview: bool,
    /// As the client wrote it: echoed in the answer's content type.
    pub text: String,
}

/// The version that a request asks for: in the query, else in `Accept`, else in `Content-Type`.
pub fn asked(query: Option<&str>, headers: &HeaderMap) -> Result<Option<Asked>> {
    let text = match query {
        Some(text) => Some(text.to_owned()),
        None => [header::ACCEPT, header::CONTENT_TYPE].into_iter().find_map(|name| in_header(headers, name)),
    };
    text.map(|text| parse(text.trim()).ok_or(Error::VersionMalformed { given: shown(&text) })).transpose()
}

fn in_header(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split([';', ','])).find_map(
        |part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("api-version").then(|| value.trim().trim_matches('"').to_owned())
        },
    )
}

/// `N.N[-preview[.R]]`; `N` alone is read as `N.0`.
fn parse(text: &str) -> Option<Asked> {
    let (number, rest) = text.split_once('-').map_or((text, None), |(n, r)| (n, Some(r)));
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    let whole =
        |t: &str| (t.len() <= 4 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse().ok()).flatten();
    let preview = match rest {
        None => false,
        Some(r) if r.eq_ignore_ascii_case("preview") => true,
        Some(r) => {
            let (word, revision) = r.split_once('.')?;
            (word.eq_ignore_ascii_case("preview") && whole(revision).is_some()).then_some(true)?
        }
    };
    Some(Asked { number: (whole(major)?, whole(minor)?), preview, text: text.to_owned() })
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Whether the resource is served at that version.
pub fn check(asked: Option<&Asked>, location: &Location, method: &Method, settings: &Settings) -> Result<()> {
    let Some(asked) = asked else {
        // CHOICE: the real service refuses a writing call without a version; we take it, unless told to be strict.
        let writes = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
        return if writes && settings.strict_versions {
            Err(Error::VersionMissing { method: method.to_string() })
        } else {
            Ok(())
        };
    };
    let min = parse(location.min_version).map_or((0, 0), |v| v.number);
    if asked.number < min || asked.number > MAX {
        return Err(Error::VersionOutOfRange {
            given: shown(&asked.text),
            min: location.min_version,
            max: MAX_TEXT,
        });
    }
    if settings.strict_versions && !location.released && !asked.preview {
        return Err(Error::VersionNotPreview { given: shown(&asked.text) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::locations;

    fn of(query: Option<&str>, headers: &[(&str, &str)]) -> std::result::Result<Option<String>, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        asked(query, &map).map(|a| a.map(|a| a.text)).map_err(|e| e.type_key().to_owned())
    }

    #[test]
    fn the_query_wins_over_accept_over_content_type() {
        let headers =
            [("accept", "application/json;api-version=7.0"), ("content-type", "a/b; api-version=6.0")];
        assert_eq!(of(Some("7.1"), &headers), Ok(Some("7.1".into())));
        assert_eq!(of(None, &headers), Ok(Some("7.0".into())));
        assert_eq!(of(None, &headers[1..]), Ok(Some("6.0".into())));
        assert_eq!(of(None, &[]), Ok(None));
        assert_eq!(
            of(None, &[("accept", "application/json;api-version=7.1-preview.4")]),
            Ok(Some("7.1-preview.4".into()))
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in ["", "seven", "7.1-beta", "7.1-preview.x", "7.1.2", "-preview", "99999.0"] {
            assert_eq!(of(Some(bad), &[]), Err("VssInvalidApiResourceVersionException".into()), "{bad}");
        }
        for good in ["5.0", "7", "7.2-preview", "7.2-PREVIEW.3"] {
            assert!(of(Some(good), &[]).is_ok(), "{good}");
        }
    }

    #[test]
    fn versions_outside_a_resources_range_are_refused() {
        let endpoints = locations::by_id("14e48fdc-2c8b-41ce-a0c3-e26f6cc55bd0").unwrap();
        let areas = locations::by_id("e81700f7-3be2-46de-8624-2eb35882fcaa").unwrap();
        let judge = |text: Option<&str>, location, settings: &Settings| {
            let asked = text.map(|t| parse(t).unwrap());
            check(asked.as_ref(), location, &Method::POST, settings).map_err(|e| e.type_key())
        };
        let (loose, strict) =
            (Settings::default(), Settings { strict_versions: true, ..Settings::default() });
        assert_eq!(judge(Some("7.2"), endpoints, &loose), Ok(()));
        assert_eq!(judge(Some("7.3"), endpoints, &loose), Err("VssVersionOutOfRangeException"));
        assert_eq!(judge(Some("5.1"), endpoints, &loose), Err("VssVersionOutOfRangeException"));
        assert_eq!(judge(None, endpoints, &loose), Ok(()));
        assert_eq!(judge(None, endpoints, &strict), Err("VssVersionNotSpecifiedException"));
        assert_eq!(judge(Some("7.1"), areas, &loose), Ok(()));
        assert_eq!(judge(Some("7.1"), areas, &strict), Err("VssInvalidPreviewVersionException"));
        assert_eq!(judge(Some("7.1-preview.1"), areas, &strict), Ok(()));
    }
}
