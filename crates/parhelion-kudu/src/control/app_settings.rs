//! The site's settings as its owner sees and sets them elsewhere.

use super::Ask;
use crate::handlers::settings::settings;
use crate::ops::site::settings::ReplaceSettings;
use crate::store::KuduStore;
use bytes::Bytes;
use parhelion_http::{Response, answer, problem};
use parhelion_state::Operation;
use serde_json::Value;

/// Those that somebody set; defaults are left out.
pub fn get(ask: &Ask) -> Response {
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let all: serde_json::Map<String, Value> =
        version.store.settings.set_ones().map(|(name, value)| (name.to_owned(), value.into())).collect();
    answer(200, "application/json", Value::Object(all).to_string())
}

/// Puts an object of names and values in their place.
pub fn put(ask: &Ask, body: &Bytes) -> Response {
    let members = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return problem(400, "Bad request", "the body is an object: {\"NAME\": \"value\", …}"),
        Err(why) => return problem(400, "Bad request", why.to_string()),
    };
    // Each member is a setting here, whatever its name.
    let pairs: Result<Vec<_>, _> = members
        .into_iter()
        .map(|(name, value)| settings(&serde_json::Map::from_iter([(name, value)])))
        .collect();
    let Ok(pairs) = pairs else {
        return problem(400, "Bad request", "a setting's value is a text, a number or a boolean");
    };
    if ask.is_full() {
        return problem(503, "Unavailable", "there are as many sites in this world as it may have");
    }
    let pairs: Vec<(String, String)> = pairs.into_iter().flatten().collect();
    if pairs.iter().any(|(name, _)| name.is_empty()) {
        return problem(400, "Bad request", "a setting has a name");
    }
    let shelf = ask.world.shelf::<KuduStore>();
    match shelf.write(&ask.site, &ask.call, |store, tx| ReplaceSettings::run(store, pairs, tx)) {
        Ok(_) => get(ask),
        Err(_) => problem(400, "Bad request", "too many settings, or one that is too long"),
    }
}
