//! Hooks.

use super::{Row, row};
use crate::handlers::hooks;

const WIKI: &str = "https://github.com/projectkudu/kudu/wiki/Web-hooks";

pub const ROWS: &[Row] = &[
    row!("SubscribeHook", "POST", "hooks", WIKI, Real, hooks::subscribe),
    row!("ListHooks", "GET", "hooks", WIKI, Real, hooks::list),
    row!("GetHook", "GET", "hooks/{id}", WIKI, Real, hooks::get),
    row!("UnsubscribeHook", "DELETE", "hooks/{id}", WIKI, Real, hooks::unsubscribe),
    row!("PublishEvent", "POST", "hooks/publish/{event}", WIKI, Real, hooks::publish),
    // Docs: the page of 2014 has `hooks` twice; the code's route has it once.
    row!("PublishEvent", "POST", "hooks/hooks/publish/{event}", WIKI, Real, hooks::publish),
];
