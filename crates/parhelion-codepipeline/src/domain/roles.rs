//! Which roles CodePipeline may assume (rule 35).

use super::place::Place;
use parhelion_state::Tx;

/// Whether CodePipeline may assume a role for a pipeline of a place.
// CHOICE: while no role of the account is known, any is accepted.
pub fn assumable(_tx: &Tx<'_>, _place: &Place, _role: &str) -> bool {
    true
}
