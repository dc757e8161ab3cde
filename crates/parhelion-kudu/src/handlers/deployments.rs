//! `deployments`.

use super::{Answer, Ask};
use crate::domain::scripts;
use crate::error::{Error, Refusal};
use crate::ops::delete_deployment::DeleteDeployment;
use crate::ops::get_deployment::GetDeployment;
use crate::ops::get_deployment_log::{GetDeploymentLog, GetDeploymentLogDetails};
use crate::ops::list_deployments::ListDeployments;
use crate::ops::put_deployment::RecordDeployment;
use crate::store::{KuduStore, LATEST};
use crate::wire::answer::{empty, json, json_bytes, with};
use crate::wire::body as bodies;
use crate::wire::deployment::{DeployResult, LogView, Record};
use http::header::{CONTENT_DISPOSITION, ETAG, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use parhelion_core::text::hex;
use parhelion_http::Body;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Seconds after which a client shall ask again. CHOICE: the real service says 30.
pub const RETRY_AFTER_SECS: &str = "1";

/// `GET deployments`, with an entity tag.
pub async fn list(ask: Ask, _: Body) -> Answer {
    ask.release_stale_lock()?;
    let url = ask.place.url();
    let all = ask.read::<ListDeployments>(())?;
    let views: Vec<DeployResult> =
        all.iter().map(|d| DeployResult::of(&ask.site, d, Some(format!("{url}/{}", d.id)))).collect();
    let bytes = serde_json::to_vec(&views).unwrap_or_default();
    // The tag is that of the address with its query, and changes with whatever the list shows.
    let mut digest = Sha256::new();
    digest.update(ask.place.asked());
    digest.update([0]);
    digest.update(&bytes);
    let tag = format!("\"{}\"", &hex(&digest.finalize())[..16]);
    let wanted = ask.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = wanted.flat_map(|value| value.split(',')).map(str::trim).any(|t| t == tag || t == "*");
    let answer = if known { empty(304) } else { json_bytes(200, bytes) };
    Ok(with(answer, ETAG, &tag))
}

/// `GET deployments/{id}`; of `latest`, 202 as long as it is going on.
pub async fn get(ask: Ask, _: Body) -> Answer {
    ask.release_stale_lock()?;
    let id = ask.param(0);
    let found = ask.read::<GetDeployment>(id.clone())?;
    if id.eq_ignore_ascii_case(LATEST) && !found.deployment.status.is_final() {
        let answer = json(202, &DeployResult::of(&ask.site, &found, None));
        let again = format!("{}{}", ask.place.root, ask.place.asked());
        return Ok(with(with(answer, LOCATION, &again), RETRY_AFTER, RETRY_AFTER_SECS));
    }
    Ok(json(200, &DeployResult::of(&ask.site, &found, Some(ask.place.url()))))
}

/// `PUT deployments[/{id}]`: records a finished deployment, or deploys again.
pub async fn put(ask: Ask, body: Body) -> Answer {
    let bytes = bodies::whole(body).await?;
    let json_body: Option<Value> = bodies::text(&bytes).and_then(|text| serde_json::from_str(&text).ok());
    let record = json_body.as_ref().and_then(Record::parse).filter(|_| !ask.params.is_empty());
    let Some(record) = record else {
        let clean = json_body.as_ref().is_some_and(|json| flag(json, "clean"));
        ask.redeploy(ask.params.first().cloned(), clean).await?;
        return Ok(empty(200));
    };
    let id = ask.param(0);
    let (active, now) = ask.write::<RecordDeployment>((id.clone(), record.clone()))?.value;
    Ok(json(200, &DeployResult::recorded(&id, &record, active, now, ask.place.url())))
}

fn flag(json: &Value, name: &str) -> bool {
    let members = json.as_object().into_iter().flatten();
    let found = members.into_iter().find(|(member, _)| member.eq_ignore_ascii_case(name));
    found.is_some_and(|(_, value)| match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    })
}

/// `DELETE deployments/{id}`.
pub async fn delete(ask: Ask, _: Body) -> Answer {
    ask.release_stale_lock()?;
    ask.write::<DeleteDeployment>(ask.param(0))?;
    Ok(empty(204))
}

/// `GET deployments/{id}/log`.
pub async fn log(ask: Ask, _: Body) -> Answer {
    let url = ask.place.url();
    let lines = ask.read::<GetDeploymentLog>(ask.param(0))?;
    let views: Vec<LogView> = lines.iter().map(|line| LogView::entry(line, &url)).collect();
    Ok(json(200, &views))
}

/// `GET deployments/{id}/log/{logId}`.
pub async fn log_details(ask: Ask, _: Body) -> Answer {
    let line = ask.read::<GetDeploymentLogDetails>((ask.param(0), ask.param(1)))?;
    let views: Vec<LogView> = line.details.iter().map(LogView::detail).collect();
    Ok(json(200, &views))
}

/// `GET deploymentscript`: a zip with the script that deployments run and the file that names it.
pub async fn script(ask: Ask, _: Body) -> Answer {
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    if version.store.active.is_none() {
        return Err(Error::NoScript.into());
    }
    let bytes = scripts::zip().map_err(|_| Refusal::Internal)?;
    let answer = parhelion_http::answer(200, "application/zip", bytes);
    Ok(with(answer, CONTENT_DISPOSITION, "attachment; filename=deploymentscript.zip"))
}
