//! `PUT action-types`: types of the integration model, which on AWS a partner's contract brings into being.

use super::{Ask, bad_body, ok};
use crate::domain::{
    action_types::{Definition, Made, id_of, key_of, rules},
    catalogue,
    engine::Input,
};
use crate::error::named;
use crate::shapes::{ActionCategory, UpdateActionTypeInput};
use crate::wire::{
    constraints::{self, Instants},
    json11, table,
    value::from_value,
};
use parhelion_http::{Problem, Response};
use serde_json::{Value, json};

/// Types of the integration model that one tenant may have. CHOICE: everything has a bound here.
const TYPES_MAX: usize = 100;

/// Makes a type, or replaces it.
pub fn answer(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["actionType"])?;
    let place = ask.place()?;
    let Some(given) = ask.members.get("actionType") else {
        return Err(bad_body("'actionType' is wanted"));
    };
    let given = declaration(given)?.action_type;
    rules::integration(&given).map_err(bad_body)?;
    let id = id_of(&given.id);
    if id.category == ActionCategory::Approval {
        return Err(bad_body("an action type of a worker cannot have the category Approval"));
    }
    if catalogue::action_kind(&id).is_some() {
        return Err(Problem::new(409, "built in", format!("{} is built in", named(&id))));
    }
    let answer = ok(&json!({"actionType": given}));
    ask.write(&place, |store, tx| {
        let key = key_of(&id);
        let others = store
            .engine
            .types
            .iter()
            .filter(|(_, made)| matches!(made.definition, Definition::Integration(_)));
        if !store.engine.types.contains_key(&key) && others.count() >= TYPES_MAX {
            let text = format!("{place} has {TYPES_MAX} action types of the integration model");
            return Err(Problem::new(409, "too many action types", text));
        }
        let definition = Definition::Integration(Box::new(given));
        store.step(Input::Define(Box::new(Made { definition, deleted: None })), tx);
        Ok(())
    })?;
    Ok(answer)
}

/// The declaration, judged by the API's model as UpdateActionType's is.
fn declaration(given: &Value) -> Result<UpdateActionTypeInput, Problem> {
    let shape = table::OPERATIONS.iter().find(|operation| operation.name == "UpdateActionType");
    let shape =
        shape.ok_or_else(|| Problem::new(500, "no model", "the model has no UpdateActionType"))?.input;
    let bytes = json!({"actionType": given}).to_string();
    let value = json11::read(bytes.as_bytes()).map_err(bad_body)?;
    let value = constraints::coerce(shape, value, Instants::Plain).map_err(bad_body)?;
    match constraints::violations(shape, &value) {
        none if none.is_empty() => from_value(value).map_err(|error| bad_body(error.to_string())),
        some => Err(bad_body(constraints::message(&some))),
    }
}
