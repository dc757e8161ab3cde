//! GetCallerIdentity of STS: who the request is from. Here: the root of the account that the access key names.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use super::Error;
use crate::domain::place::Place;
use crate::iam::answer::element;
use crate::wire::shape::{Kind, Shape};
use crate::wire::value::Value;
use parhelion_core::Call;
use parhelion_state::World;

/// What it takes: nothing.
pub static INPUT: Shape = Shape { kind: Kind::Structure(&[]) };

/// Runs it.
pub fn run(_: &World, place: &Place, _: &Call, _: Value) -> Result<Option<String>, Error> {
    let mut out = String::new();
    element(&mut out, "Arn", &place.caller_arn());
    // Docs: the root's user id is the account.
    element(&mut out, "UserId", place.account());
    element(&mut out, "Account", place.account());
    Ok(Some(out))
}
