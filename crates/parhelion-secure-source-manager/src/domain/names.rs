//! Resource names: `projects/P/locations/L/…`.

use crate::{error::Error, store::ProjectKey};
use parhelion_state::{Handle, World};
use sha1::{Digest, Sha1};
use std::fmt;

/// `projects/P/locations/L`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Id or number, as the client wrote it.
    pub project: String,
    /// `us-central1`.
    pub location: String,
}

/// A resource right below a [`Place`]: an instance, a repository, an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where.
    pub place: Place,
    /// `instances`, `repositories`, `operations`.
    pub collection: &'static str,
    /// Its id.
    pub id: String,
}

/// A resource of a repository: `projects/P/locations/L/repositories/R/{collection}/ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Whose.
    pub repository: Name,
    /// `hooks`, `branchRules`, `pullRequests`, `issues`.
    pub collection: &'static str,
    /// Its id.
    pub id: String,
}

/// A comment: `…/{pullRequests|issues}/N/{collection}/ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentName {
    /// What it is about.
    pub parent: Child,
    /// `pullRequestComments`, `issueComments`.
    pub collection: &'static str,
    /// Its id.
    pub id: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}/locations/{}", self.project, self.location)
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.place, self.collection, self.id)
    }
}
impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.repository, self.collection, self.id)
    }
}
impl fmt::Display for CommentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.parent, self.collection, self.id)
    }
}

impl Place {
    /// Reads `projects/P/locations/L`; `field` is what the request calls it.
    pub fn parse(field: &str, text: &str) -> Result<Place, Error> {
        match parts(field, text, &["projects", "locations"])?.as_slice() {
            [project, location] => Place::of(field, project, location),
            _ => Err(malformed(field, text)),
        }
    }
    fn of(field: &str, project: &str, location: &str) -> Result<Place, Error> {
        if !valid_project(project) {
            return Err(Error::field(field, format!("\"{}\" is not a project id or number.", cut(project))));
        }
        if !valid_location(location) {
            return Err(Error::field(field, format!("\"{}\" is not a location.", cut(location))));
        }
        Ok(Place { project: project.to_owned(), location: location.to_owned() })
    }
    /// A resource below it.
    pub fn with(&self, collection: &'static str, id: &str) -> Name {
        Name { place: self.clone(), collection, id: id.to_owned() }
    }
}

impl Name {
    /// Reads `projects/P/locations/L/{collection}/ID`.
    pub fn parse(field: &str, text: &str, collection: &'static str) -> Result<Name, Error> {
        match parts(field, text, &["projects", "locations", collection])?.as_slice() {
            [project, location, id] => Ok(Place::of(field, project, location)?.with(collection, id)),
            _ => Err(malformed(field, text)),
        }
    }
    /// Key of its record within the tenant.
    pub fn key(&self) -> (String, String) {
        (self.place.location.clone(), self.id.clone())
    }
}

const REPOSITORIES: &str = "repositories";

impl Child {
    /// Reads the name of a repository's resource.
    pub fn parse(field: &str, text: &str, collection: &'static str) -> Result<Child, Error> {
        match parts(field, text, &["projects", "locations", REPOSITORIES, collection])?.as_slice() {
            [project, location, repository, id] => {
                Child::of(field, project, location, repository, collection, id)
            }
            _ => Err(malformed(field, text)),
        }
    }
    fn of(
        field: &str,
        project: &str,
        location: &str,
        repository: &str,
        collection: &'static str,
        id: &str,
    ) -> Result<Child, Error> {
        let repository = Place::of(field, project, location)?.with(REPOSITORIES, repository);
        Ok(Child { repository, collection, id: id.to_owned() })
    }
    /// Key of its record, where the client chose the id.
    pub fn key(&self) -> (String, String, String) {
        let (location, repository) = self.repository.key();
        (location, repository, self.id.clone())
    }
    /// Key of its record, where the id is a number; `None` when there can be none of that id.
    pub fn numbered(&self) -> Option<(String, String, u64)> {
        let (location, repository) = self.repository.key();
        Some((location, repository, number(&self.id)?))
    }
}

impl CommentName {
    /// Reads a comment's name.
    pub fn parse(
        field: &str,
        text: &str,
        of: &'static str,
        collection: &'static str,
    ) -> Result<CommentName, Error> {
        match parts(field, text, &["projects", "locations", REPOSITORIES, of, collection])?.as_slice() {
            [project, location, repository, parent, id] => Ok(CommentName {
                parent: Child::of(field, project, location, repository, of, parent)?,
                collection,
                id: (*id).to_owned(),
            }),
            _ => Err(malformed(field, text)),
        }
    }
    /// Key of its record; `None` when there can be none of that id.
    pub fn numbered(&self) -> Option<(String, String, u64, u64)> {
        let (location, repository, parent) = self.parent.numbered()?;
        Some((location, repository, parent, number(&self.id)?))
    }
}

/// A number as ids have it: no sign, no zero in front.
fn number(id: &str) -> Option<u64> {
    let plain = !id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit());
    id.parse().ok().filter(|_| plain)
}

/// The ids of `projects/P/locations/L/…`; the collections must be those.
fn parts<'a>(field: &str, text: &'a str, collections: &[&str]) -> Result<Vec<&'a str>, Error> {
    let segments: Vec<&str> = text.split('/').collect();
    let right = segments.len() == collections.len() * 2
        && segments.iter().step_by(2).zip(collections).all(|(a, b)| a == b)
        && segments.iter().all(|s| !s.is_empty());
    if right { Ok(segments.into_iter().skip(1).step_by(2).collect()) } else { Err(malformed(field, text)) }
}

fn malformed(field: &str, text: &str) -> Error {
    Error::field(field, format!("\"{}\" is not a resource name of the expected form.", cut(text)))
}
fn cut(text: &str) -> &str {
    parhelion_core::text::prefix(text, 200)
}

/// CHOICE: wider than real project ids, so that short ids serve in tests; `example.com:id` is the old form.
pub fn valid_project(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// CHOICE: any text of the form `us-central1`.
pub fn valid_location(text: &str) -> bool {
    let Some((area, rest)) = text.split_once('-') else { return false };
    let name = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    let letters = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_lowercase());
    text.len() <= 40 && letters(area) && letters(name) && name.len() < rest.len()
}

/// Docs: 4 to 63 of `[a-z0-9-]`. CHOICE: no hyphen at either end.
pub fn valid_repository_id(text: &str) -> bool {
    (4..=63).contains(&text.len()) && hyphened(text)
}

/// Docs: webhooks, "Hook ID": lower-case letters, digits, hyphens, beginning with a letter; at most 63.
/// CHOICE: the same for instances.
pub fn valid_id(text: &str) -> bool {
    text.len() <= 63 && hyphened(text) && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
}

fn hyphened(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.bytes().all(|b| plain(b) || b == b'-')
        && text.bytes().next().is_some_and(plain)
        && text.bytes().last().is_some_and(plain)
}

/// The kind of the handle by which a project is found under its number.
const NUMBER: &str = "secure-source-manager.project-number";

/// A project's number. CHOICE: where only the id is known, twelve digits made of it.
pub fn project_number(project: &str) -> String {
    if project.bytes().all(|b| b.is_ascii_digit()) {
        return project.to_owned();
    }
    let digest = Sha1::digest(project.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |n, b| n << 8 | u64::from(*b));
    (100_000_000_000 + number % 900_000_000_000).to_string()
}

/// The handle under which a project's number is found once the project has something.
pub fn number_handle(project: &str) -> Handle {
    Handle::new(NUMBER, project_number(project))
}

/// Whose data a project segment means: a number stands for the project that has it, and an id for what was begun
/// under its number.
pub fn tenant(world: &World, segment: &str) -> ProjectKey {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match world.find(&number_handle(segment)) {
        Some((owner, _)) if is_number(segment) || is_number(&owner.tenant) => ProjectKey(owner.tenant),
        _ => ProjectKey(segment.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_judged_by_their_documented_form() {
        for good in ["repo", "a-b1", "0abc", &"a".repeat(63)] {
            assert!(valid_repository_id(good), "{good}");
        }
        for bad in ["abc", "-abc", "abc-", "aBcd", "a_bc", "ab.c", "", &"a".repeat(64), "ä-bc", "../x"] {
            assert!(!valid_repository_id(bad), "{bad}");
        }
        assert!(valid_id("a") && valid_id("a-1") && !valid_id("1a") && !valid_id("a-") && !valid_id(""));
        assert!(valid_location("us-central1") && valid_location("northamerica-northeast1"));
        for bad in ["us", "us-central", "us-1", "-central1", "us-Central1", "us-central1-a", "global"] {
            assert!(!valid_location(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_read_and_written() {
        let text = "projects/my-project/locations/us-central1/repositories/my-repo/hooks/ci";
        let name = Child::parse("name", text, "hooks").unwrap();
        assert_eq!(name.to_string(), text);
        assert_eq!(name.repository.key(), ("us-central1".to_owned(), "my-repo".to_owned()));
        for bad in [
            "",
            "projects/p",
            "projects/p/locations/us-central1/repositories/r",
            "projects//locations/x/repositories/r/hooks/h",
        ] {
            assert!(Child::parse("name", bad, "hooks").is_err(), "{bad}");
        }
    }

    #[test]
    fn numbered_names_are_numbers_as_they_are_written() {
        let issue = "projects/p/locations/us-central1/repositories/repo/issues/";
        let key = |id: &str| Child::parse("name", &format!("{issue}{id}"), "issues").unwrap().numbered();
        assert_eq!(key("12"), Some(("us-central1".to_owned(), "repo".to_owned(), 12)));
        for bad in ["0", "01", "-1", "+1", "x", "99999999999999999999"] {
            assert_eq!(key(bad), None, "{bad}");
        }
        let comment =
            CommentName::parse("name", &format!("{issue}3/issueComments/4"), "issues", "issueComments");
        let comment = comment.unwrap();
        assert_eq!(comment.to_string(), format!("{issue}3/issueComments/4"));
        assert_eq!(comment.numbered(), Some(("us-central1".to_owned(), "repo".to_owned(), 3, 4)));
    }

    #[test]
    fn a_number_is_twelve_digits_and_stable() {
        assert_eq!(project_number("my-project"), project_number("my-project"));
        assert_eq!(project_number("my-project").len(), 12);
        assert_eq!(project_number("123"), "123");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            let _ = Child::parse("name", &text, "hooks");
            let _ = CommentName::parse("name", &text, "issues", "issueComments");
            let _ = Name::parse("name", &text, "repositories");
            let _ = Place::parse("parent", &text);
        }
    }
}
