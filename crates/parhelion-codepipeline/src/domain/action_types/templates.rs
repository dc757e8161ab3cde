//! Templates of the addresses that an action type's settings make.

use crate::named::Named;
use crate::shapes::{ActionTypeSettings, ActionTypeUrls};

/// Templates of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Templates<'a> {
    /// Of what the action works on: `entityUrl`.
    pub entity: Option<&'a str>,
    /// Of one run: `externalExecutionUrl`.
    pub execution: Option<&'a str>,
    /// Of a revision: `revisionUrl`.
    pub revision: Option<&'a str>,
}

impl<'a> Templates<'a> {
    /// Those of a customer's own type.
    pub fn of_settings(settings: Option<&'a ActionTypeSettings>) -> Self {
        settings.map_or(Templates::default(), |s| Templates {
            entity: s.entity_url_template.as_deref(),
            execution: s.execution_url_template.as_deref(),
            revision: s.revision_url_template.as_deref(),
        })
    }
    /// Those of a type of the integration model.
    pub fn of_urls(urls: Option<&'a ActionTypeUrls>) -> Self {
        urls.map_or(Templates::default(), |u| Templates {
            entity: u.entity_url_template.as_deref(),
            execution: u.execution_url_template.as_deref(),
            revision: u.revision_url_template.as_deref(),
        })
    }
}

/// What the placeholders of a template stand for.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// `{Config:key}`.
    pub configuration: &'a Named<String>,
    /// `{ExternalExecutionId}`.
    pub execution: Option<&'a str>,
    /// `{RevisionId}`.
    pub revision: Option<&'a str>,
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text that stands as it is.
    Text(&'a str),
    /// `{Config:key}`: the key.
    Config(&'a str),
    /// `{ExternalExecutionId}`.
    Execution,
    /// `{RevisionId}`.
    Revision,
}

/// A template in pieces. Braces around anything else are text.
pub(super) fn pieces(mut template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut text_end = 0;
    while let Some(open) = template.get(text_end..).and_then(|rest| rest.find('{')).map(|at| at + text_end) {
        let inner = template.get(open + 1..).and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner);
        let piece = match inner {
            Some("ExternalExecutionId") => Some(Piece::Execution),
            Some("RevisionId") => Some(Piece::Revision),
            Some(inner) => inner.strip_prefix("Config:").map(Piece::Config),
            None => break,
        };
        let length = inner.map_or(0, str::len) + 2;
        match (piece, template.split_at_checked(open)) {
            (Some(piece), Some((text, rest))) => {
                found.extend((!text.is_empty()).then_some(Piece::Text(text)));
                found.push(piece);
                template = rest.get(length..).unwrap_or("");
                text_end = 0;
            }
            _ => text_end = open + 1,
        }
    }
    found.extend((!template.is_empty()).then_some(Piece::Text(template)));
    found
}

/// The address that a template makes; `None` while something in it is not known.
// CHOICE: values stand in it as they are: `owner/repository` is a path.
pub(super) fn expand(template: &str, known: &Known<'_>) -> Option<String> {
    let texts = pieces(template).into_iter().map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Config(key) => known.configuration.get(key).map(String::as_str),
        Piece::Execution => known.execution,
        Piece::Revision => known.revision,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_template_is_filled_in() {
        let configuration = Named::from([("Project".to_owned(), "a/b".to_owned())]);
        let known = Known { configuration: &configuration, execution: Some("7"), revision: None };
        let url = |template| expand(template, &known);
        assert_eq!(
            url("https://x/{Config:Project}/{ExternalExecutionId}").as_deref(),
            Some("https://x/a/b/7")
        );
        assert_eq!(url("https://x/{Other}/{").as_deref(), Some("https://x/{Other}/{"));
        assert_eq!(url("https://x/{{Config:Project}").as_deref(), Some("https://x/{a/b"));
        assert_eq!(url("{RevisionId}"), None, "not known yet");
        assert_eq!(url("{Config:Nope}"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_template(text in "[{}:a-zA-ZConfigRvsd ü]{0,40}") {
            let back: String = pieces(&text).into_iter().map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Config(key) => format!("{{Config:{key}}}"),
                Piece::Execution => "{ExternalExecutionId}".to_owned(),
                Piece::Revision => "{RevisionId}".to_owned(),
            }).collect();
            prop_assert_eq!(back, text);
        }
    }
}
