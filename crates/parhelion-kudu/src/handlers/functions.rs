//! `functions`.

use super::{Answer, Ask};
use crate::ops::site::functions::{
    DeleteFunction, Function, GetFunction, GetHostSettings, GetMasterKey, ListFunctions, NewFunction,
    PutFunction, PutHostSettings,
};
use crate::wire::answer::{empty, json};
use crate::wire::body as bodies;
use parhelion_http::Body;
use serde_json::{Value, json as value};

/// `GET functions`.
pub async fn list(ask: Ask, _: Body) -> Answer {
    let functions = ask.read::<ListFunctions>(())?;
    let views: Vec<Value> = functions.iter().map(|function| view(&ask, function)).collect();
    Ok(json(200, &views))
}

/// `GET functions/{name}`.
pub async fn get(ask: Ask, _: Body) -> Answer {
    let function = ask.read::<GetFunction>(ask.param(0))?;
    Ok(json(200, &view(&ask, &function)))
}

/// `PUT functions/{name}`: `{"config":{…},"files":{"name":"text"}}`.
pub async fn put(ask: Ask, body: Body) -> Answer {
    let text = bodies::bound_json(&ask.headers, body, "FunctionEnvelope").await?;
    let json_body: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let config = json_body.get("config").filter(|config| config.is_object()).cloned();
    let files = json_body.get("files").and_then(Value::as_object).into_iter().flatten();
    let files = files.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
    let max_site_bytes = ask.settings.max_site_bytes;
    let function =
        ask.write::<PutFunction>(NewFunction { name: ask.param(0), config, files, max_site_bytes })?;
    Ok(json(201, &view(&ask, &function)))
}

/// `DELETE functions/{name}`.
pub async fn delete(ask: Ask, _: Body) -> Answer {
    ask.write::<DeleteFunction>(ask.param(0))?;
    Ok(empty(204))
}

/// `GET functions/config`.
pub async fn host_settings(ask: Ask, _: Body) -> Answer {
    Ok(json(200, &ask.read::<GetHostSettings>(())?))
}

/// `PUT functions/config`.
pub async fn put_host_settings(ask: Ask, body: Body) -> Answer {
    let text = bodies::bound_json(&ask.headers, body, "JObject").await?;
    let settings: Value =
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| value!({}));
    ask.write::<PutHostSettings>(settings.clone())?;
    Ok(json(201, &settings))
}

/// `GET functions/admin/masterkey`.
pub async fn master_key(ask: Ask, _: Body) -> Answer {
    let key = ask.write::<GetMasterKey>(())?.value;
    Ok(json(200, &value!({ "masterKey": key })))
}

/// `POST functions/synctriggers`: nothing listens to triggers here.
pub async fn sync_triggers(_: Ask, _: Body) -> Answer {
    Ok(json(200, &value!({ "status": "success" })))
}

fn view(ask: &Ask, function: &Function) -> Value {
    let name = &function.name;
    let api = format!("{}/api", ask.place.root);
    let folder = format!("{api}/vfs/site/wwwroot/{name}");
    value!({
        "name": name,
        "function_app_id": null,
        "script_root_path_href": format!("{folder}/"),
        "script_href": function.script.as_ref().map(|script| format!("{folder}/{script}")),
        "config_href": format!("{folder}/function.json"),
        "secrets_file_href": format!("{api}/vfs/data/functions/secrets/{name}.json"),
        "href": format!("{api}/functions/{name}"),
        "config": function.config,
        "files": null,
        "test_data": "",
    })
}
