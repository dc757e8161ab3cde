//! UpdateAssumeRolePolicy: says anew who may assume a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>

use super::{Error, IamStore, POLICY, ROLE_NAME, change, meaning, read};
use crate::domain::place::Place;
use crate::iam::roles;
use crate::wire::shape::{Kind, Member, Shape};
use crate::wire::value::Value;
use parhelion_core::{Call, Event};
use parhelion_state::World;
use serde::Deserialize;

/// What it takes.
pub static INPUT: Shape = Shape {
    kind: Kind::Structure(&[
        Member { name: "roleName", required: true, shape: &ROLE_NAME },
        Member { name: "policyDocument", required: true, shape: &POLICY },
    ]),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    role_name: String,
    policy_document: String,
}

/// Runs it.
pub fn run(world: &World, place: &Place, call: &Call, input: Value) -> Result<Option<String>, Error> {
    let Input { role_name, policy_document } = read(input)?;
    change(world, place, call, |store, tx| {
        roles::check_policy(&policy_document)?;
        let meaning = meaning(&policy_document);
        let named = store.roles.edit(&IamStore::key(&role_name), |role| {
            role.trust = policy_document;
            role.name.clone()
        });
        let name = named.ok_or_else(|| Error::no_such_role(&role_name))?;
        let fact = format!("the trust policy of role '{name}' was replaced: {meaning}");
        tx.emit(Event::new("role.changed", format!("role:{name}")).fact(fact));
        Ok(None)
    })
}
