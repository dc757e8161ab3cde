//! `settings` and `diagnostics/settings`.

use super::{Answer, Ask};
use crate::error::{Fault, SiteError};
use crate::ops::site::diagnostics::{DeleteDiagnostic, GetDiagnostic, ListDiagnostics, SetDiagnostics};
use crate::ops::site::settings::{DeleteSetting, GetSetting, ListSettings, SetSettings};
use crate::wire::answer::{empty, json};
use crate::wire::body as bodies;
use parhelion_http::Body;
use serde_json::{Map, Value};
use std::time::Duration;

/// Real time that a change of settings waits for a deployment to end.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

/// `GET settings`.
pub async fn list(ask: Ask, _: Body) -> Answer {
    Ok(json(200, &ask.read::<ListSettings>(())?))
}

/// `GET settings/{key}`.
pub async fn get(ask: Ask, _: Body) -> Answer {
    Ok(json(200, &ask.read::<GetSetting>(ask.param(0))?))
}

/// `POST settings`: `{"k":"v", …}`, or exactly `{"key":"k","value":"v"}`.
pub async fn set(ask: Ask, body: Body) -> Answer {
    let members = object(&ask, body, "JObject").await?;
    let settings = settings(&members)?;
    ask.release_stale_lock()?;
    if let Some(lock) = ask.lock_number() {
        // OBSERVED: the lock is waited for as long; what comes of that is found out below.
        let _ = tokio::time::timeout(PATIENCE, ask.until_released(lock)).await;
    }
    ask.write::<SetSettings>(settings)?;
    Ok(empty(204))
}

/// `DELETE settings/{key}`.
pub async fn delete(ask: Ask, _: Body) -> Answer {
    ask.release_stale_lock()?;
    ask.write::<DeleteSetting>(ask.param(0))?;
    Ok(empty(204))
}

/// `GET diagnostics/settings`.
pub async fn list_diagnostics(ask: Ask, _: Body) -> Answer {
    Ok(json(200, &ask.read::<ListDiagnostics>(())?))
}

/// `GET diagnostics/settings/{key}`.
pub async fn get_diagnostic(ask: Ask, _: Body) -> Answer {
    Ok(json(200, &ask.read::<GetDiagnostic>(ask.param(0))?))
}

/// `POST diagnostics/settings`.
pub async fn set_diagnostics(ask: Ask, body: Body) -> Answer {
    let members = object(&ask, body, "DiagnosticsSettings").await?;
    ask.write::<SetDiagnostics>(members)?;
    Ok(empty(204))
}

/// `DELETE diagnostics/settings/{key}`.
pub async fn delete_diagnostic(ask: Ask, _: Body) -> Answer {
    ask.write::<DeleteDiagnostic>(ask.param(0))?;
    Ok(empty(204))
}

async fn object(ask: &Ask, body: Body, wanted: &'static str) -> Result<Map<String, Value>, Fault> {
    let text = bodies::bound_json(&ask.headers, body, wanted).await?;
    match text.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(Value::Object(members)) => Ok(members),
        _ => {
            let subject = format!("site:{}", ask.site);
            ask.note("settings.refused", &subject, "refused: the body is no JSON object");
            Err(SiteError::BadRequest.into())
        }
    }
}

/// The settings that a body holds, in either of its two forms. Values are texts, or what .NET makes one of.
pub fn settings(members: &Map<String, Value>) -> Result<Vec<(String, String)>, SiteError> {
    let text = |value: &Value| match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Array(_) | Value::Object(_) => Err(SiteError::NoText),
    };
    if let (2, Some(key), Some(value)) = (members.len(), members.get("key"), members.get("value")) {
        let key = text(key)?;
        if key.is_empty() {
            return Err(SiteError::BadRequest);
        }
        return Ok(vec![(key, text(value)?)]);
    }
    members.iter().map(|(name, value)| Ok((name.clone(), text(value)?))).collect()
}
