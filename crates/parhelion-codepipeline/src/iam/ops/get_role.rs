//! GetRole: shows a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>

use super::{Account, Error, IamStore, ROLE_NAME, read, shown};
use crate::domain::place::Place;
use crate::wire::shape::{Kind, Member, Shape};
use crate::wire::value::Value;
use parhelion_core::Call;
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
    world.shelf::<IamStore>().read(&Account::from(place), call, |store, _| {
        let role = store.role(&role_name).ok_or_else(|| Error::no_such_role(&role_name))?;
        Ok(Some(format!("<Role>{}</Role>", shown(role))))
    })
}
