//! CreateRole: keeps a role with its trust policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>

use super::{Error, IamStore, PATH, POLICY, ROLE_NAME, Role, change, meaning, read, shown};
use crate::domain::place::Place;
use crate::iam::{roles, store::ROLES_MAX};
use crate::wire::shape::{Kind, Member, Shape};
use crate::wire::value::Value;
use parhelion_core::{Call, Event};
use parhelion_state::{Tx, World};
use serde::Deserialize;
use std::collections::BTreeMap;

static DESCRIPTION: Shape =
    Shape { kind: Kind::Text { min: None, max: Some(1000), pattern: None, values: &[] } };
static SECONDS: Shape = Shape { kind: Kind::Integer { min: Some(3600), max: Some(43_200) } };
static TAG_KEY: Shape =
    Shape { kind: Kind::Text { min: Some(1), max: Some(128), pattern: None, values: &[] } };
static TAG_VALUE: Shape =
    Shape { kind: Kind::Text { min: Some(0), max: Some(256), pattern: None, values: &[] } };
static TAG: Shape = Shape {
    kind: Kind::Structure(&[
        Member { name: "key", required: true, shape: &TAG_KEY },
        Member { name: "value", required: true, shape: &TAG_VALUE },
    ]),
};
static TAGS: Shape = Shape { kind: Kind::List { member: &TAG, min: None, max: Some(50) } };

/// What it takes. A permissions boundary is not kept: nothing here is permitted or forbidden by it.
pub static INPUT: Shape = Shape {
    kind: Kind::Structure(&[
        Member { name: "path", required: false, shape: &PATH },
        Member { name: "roleName", required: true, shape: &ROLE_NAME },
        Member { name: "assumeRolePolicyDocument", required: true, shape: &POLICY },
        Member { name: "description", required: false, shape: &DESCRIPTION },
        Member { name: "maxSessionDuration", required: false, shape: &SECONDS },
        Member { name: "tags", required: false, shape: &TAGS },
    ]),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    path: Option<String>,
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<i32>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    value: String,
}

/// Runs it.
pub fn run(world: &World, place: &Place, call: &Call, input: Value) -> Result<Option<String>, Error> {
    let input: Input = read(input)?;
    let role = change(world, place, call, |store, tx| create(store, place, input, tx))?;
    Ok(Some(format!("<Role>{}</Role>", shown(&role))))
}

fn create(store: &mut IamStore, place: &Place, input: Input, tx: &mut Tx<'_>) -> Result<Role, Error> {
    let name = input.role_name;
    roles::check_policy(&input.assume_role_policy_document)?;
    let mut tags = BTreeMap::new();
    for Tag { key, value } in input.tags {
        if tags.insert(key, value).is_some() {
            let text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Error::new(400, "InvalidInput", text));
        }
    }
    if store.role(&name).is_some() {
        return Err(Error::role_exists(&name));
    }
    if store.roles.len() >= ROLES_MAX {
        return Err(Error::too_many_roles(ROLES_MAX));
    }
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let role = Role {
        arn: format!("arn:{}:iam::{}:role{path}{name}", place.partition(), place.account()),
        id: id(tx),
        path,
        created: tx.now(),
        trust: input.assume_role_policy_document,
        description: input.description,
        max_session_secs: input.max_session_duration.unwrap_or(3600),
        tags,
        name,
    };
    let event = Event::new("role.changed", format!("role:{}", role.name))
        .fact(format!("role '{}' was created: {}", role.name, meaning(&role.trust)))
        .with("arn", role.arn.clone());
    tx.emit(event);
    store.roles.put(IamStore::key(&role.name), role.clone());
    Ok(role)
}

/// A role's id. Docs: AROA and 17 letters and digits.
fn id(tx: &mut Tx<'_>) -> String {
    const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letters = tx.bytes::<17>("role").map(|b| char::from(UPPER[usize::from(b % 32)]));
    letters.into_iter().fold("AROA".to_owned(), |mut id, letter| {
        id.push(letter);
        id
    })
}
