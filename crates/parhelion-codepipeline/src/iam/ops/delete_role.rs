//! DeleteRole: forgets a role. Pipelines that name it stay as they are.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>

use super::{Error, IamStore, ROLE_NAME, change, read};
use crate::domain::place::Place;
use crate::wire::shape::{Kind, Member, Shape};
use crate::wire::value::Value;
use parhelion_core::{Call, Event};
use parhelion_state::World;
use serde::Deserialize;

/// What it takes.
pub static INPUT: Shape =
    Shape { kind: Kind::Structure(&[Member { name: "roleName", required: true, shape: &ROLE_NAME }]) };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    role_name: String,
}

/// Runs it.
pub fn run(world: &World, place: &Place, call: &Call, input: Value) -> Result<Option<String>, Error> {
    let Input { role_name } = read(input)?;
    change(world, place, call, |store, tx| {
        let role = store.roles.remove(&IamStore::key(&role_name));
        let role = role.ok_or_else(|| Error::no_such_role(&role_name))?;
        let event = Event::new("role.changed", format!("role:{}", role.name))
            .fact(format!("role '{}' was deleted", role.name));
        tx.emit(event);
        Ok(None)
    })
}
