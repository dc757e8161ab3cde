//! Secrets in the JSON form of an organization.

use super::{MASKED, build, check, is_confidential, is_secret};
use serde_json::Value;

/// Replaces them.
pub fn mask(store: &mut Value) {
    fn records<'a>(store: &'a mut Value, table: &str) -> impl Iterator<Item = &'a mut Value> {
        let pairs = store.get_mut(table).and_then(Value::as_array_mut).map(|v| v.iter_mut());
        pairs.into_iter().flatten().filter_map(|pair| pair.get_mut(1))
    }
    for endpoint in records(store, "endpoints") {
        let parameters = endpoint.get_mut("parameters").and_then(Value::as_object_mut);
        for (name, value) in parameters.into_iter().flat_map(|p| p.iter_mut()) {
            if is_secret(name) && value.as_str().is_some_and(|v| !v.is_empty()) {
                *value = "****".into();
            }
        }
    }
    for table in ["subscriptions", "notifications"] {
        for record in records(store, table) {
            let inputs = record.get_mut("consumer_inputs").and_then(Value::as_object_mut);
            for (_, value) in inputs
                .into_iter()
                .flat_map(|i| i.iter_mut())
                .filter(|(n, _)| is_confidential(n) || *n == "httpHeaders")
            {
                *value = MASKED.into();
            }
        }
    }
    for check in records(store, "checks") {
        check::mask(check.get_mut("settings"));
    }
    for suite in records(store, "suites") {
        check::mask_runs(suite.get_mut("checkpoint"));
    }
    for build in records(store, "builds") {
        let stages = build.get_mut("stages").and_then(Value::as_array_mut);
        for stage in stages.into_iter().flatten() {
            check::mask_runs(stage.get_mut("checkpoint"));
        }
    }
    for delivery in records(store, "deliveries") {
        let headers = delivery.get_mut("headers").and_then(Value::as_array_mut);
        for header in headers.into_iter().flat_map(|h| h.iter_mut()) {
            if header[0].as_str().is_some_and(crate::ops::webhooks::is_credential) {
                header[1] = "****".into();
            }
        }
    }
    for build in records(store, "builds") {
        build::mask(build);
    }
    for table in ["definitions", "revisions", "variable_groups", "builds", "deleted_definitions"] {
        for record in records(store, table) {
            let variables = record.get_mut("variables").and_then(Value::as_object_mut);
            for (_, variable) in variables.into_iter().flat_map(|v| v.iter_mut()) {
                if variable["is_secret"] == true {
                    variable["value"] = "****".into();
                }
            }
        }
    }
}
