//! `PUT`, `GET adapters`: the addresses that take part in what is simulated, or silent, without them.

use super::{Ask, bad_body, ok};
use crate::domain::{adapters::Adapters, outbound};
use http::Method;
use parhelion_core::Event;
use parhelion_http::{Problem, Response};
use serde_json::{Map, Value};

const NAMES: [&str; 3] = ["approvals", "codebuild", "lambda"];

/// Answers either.
pub fn answer(ask: &Ask<'_>) -> Result<Response, Problem> {
    let place = ask.place()?;
    if ask.method == Method::GET {
        ask.only(&[])?;
        return Ok(ok(&ask.read(&place, |store| shown(&store.engine.adapters, str::to_owned))));
    }
    ask.only(&NAMES)?;
    let url = |name| match ask.text(name)? {
        None => Ok(None),
        Some(url) => {
            outbound::check_url(url).map_err(|why| bad_body(format!("'{name}': {why}")))?;
            Ok(Some(url.to_owned()))
        }
    };
    let adapters =
        Adapters { approvals: url("approvals")?, lambda: url("lambda")?, codebuild: url("codebuild")? };
    let answer = shown(&adapters, str::to_owned);
    ask.write(&place, |store, tx| {
        let event = Event::new("control.adapters", "adapters:")
            .fact("what is called for actions, and who is told of approvals, was put")
            .with("adapters", shown(&adapters, outbound::shown_url));
        tx.emit(event);
        store.engine.adapters = adapters;
        Ok(())
    })?;
    Ok(ok(&answer))
}

fn shown(adapters: &Adapters, form: fn(&str) -> String) -> Value {
    let all = [
        ("approvals", &adapters.approvals),
        ("codebuild", &adapters.codebuild),
        ("lambda", &adapters.lambda),
    ];
    let given =
        all.into_iter().filter_map(|(name, url)| Some((name.to_owned(), form(url.as_deref()?).into())));
    Value::Object(given.collect::<Map<_, _>>())
}
