//! ListRoles: the account's roles by name, page by page.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>

use super::{Account, Error, IamStore, read, shown};
use crate::domain::place::Place;
use crate::iam::answer::element;
use crate::wire::paging::Question;
use crate::wire::shape::{Kind, Member, Pattern, Shape};
use crate::wire::value::Value;
use parhelion_core::Call;
use parhelion_state::World;
use serde::Deserialize;

static PREFIX_PATTERN: Pattern = Pattern::new(r"/[\x21-\x7E]*");
static PREFIX: Shape =
    Shape { kind: Kind::Text { min: Some(1), max: Some(512), pattern: Some(&PREFIX_PATTERN), values: &[] } };
static MARKER: Shape = Shape { kind: Kind::Text { min: Some(1), max: None, pattern: None, values: &[] } };
static MAX_ITEMS: Shape = Shape { kind: Kind::Integer { min: Some(1), max: Some(1000) } };

/// What it takes.
pub static INPUT: Shape = Shape {
    kind: Kind::Structure(&[
        Member { name: "pathPrefix", required: false, shape: &PREFIX },
        Member { name: "marker", required: false, shape: &MARKER },
        Member { name: "maxItems", required: false, shape: &MAX_ITEMS },
    ]),
};

/// Roles in a page. Docs: IAM's default.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// Runs it.
pub fn run(world: &World, place: &Place, call: &Call, input: Value) -> Result<Option<String>, Error> {
    let Input { path_prefix, marker, max_items } = read(input)?;
    let prefix = path_prefix.as_deref().unwrap_or("/");
    // Roles are the same in every region: so is a marker.
    let everywhere = Place::new(place.account(), "us-east-1").unwrap_or_default();
    let question = Question { operation: "ListRoles", place: &everywhere, arguments: &[prefix] };
    let size = max_items.and_then(|n| usize::try_from(n).ok()).unwrap_or(PAGE);
    world.shelf::<IamStore>().read(&Account::from(place), call, |store, _| {
        let roles = store.roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
        let page = question.page(
            marker.as_deref(),
            size,
            roles,
            |(key, _)| (*key).clone(),
            |(key, _), last| key.as_str() > last,
        );
        let (page, next) = page.map_err(|_| Error::foreign_marker())?;
        let mut out = String::from("<Roles>");
        for (_, role) in page {
            out.push_str("<member>");
            out.push_str(&shown(role));
            out.push_str("</member>");
        }
        out.push_str("</Roles>");
        element(&mut out, "IsTruncated", if next.is_some() { "true" } else { "false" });
        if let Some(next) = next {
            element(&mut out, "Marker", &next);
        }
        Ok(Some(out))
    })
}
