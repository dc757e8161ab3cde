//! What a site tells of itself: version, repository, logs, processes, extensions, its key.

use super::{Answer, Ask};
use crate::domain::time;
use crate::error::{Fault, SiteError};
use crate::ops::site::app_log::RecentLogs;
use crate::ops::site::delete_repository::DeleteRepository;
use crate::ops::site::kill_process::{ID, KillProcess};
use crate::ops::site::ssh_key::{DeleteSshKey, GetSshKey, PutSshKey};
use crate::store::KuduStore;
use crate::wire::answer::{empty, json};
use crate::wire::body as bodies;
use parhelion_http::Body;
use serde_json::{Map, Value, json as value};

/// The version that the site says it is of: that of the code this surface was read off.
const VERSION: &str = "104.40904.7084.0";
/// Entries of the application's log that are shown when nobody says how many.
const RECENT: usize = 100;

/// `GET environment`.
pub async fn environment(_: Ask, _: Body) -> Answer {
    Ok(json(200, &value!({ "version": VERSION })))
}

/// `GET /info`, of the Linux flavour.
pub async fn info(_: Ask, _: Body) -> Answer {
    Ok(json(200, &value!({ "Version": VERSION })))
}

/// `GET isdeploying`, of the Linux flavour: texts, not booleans.
pub async fn is_deploying(ask: Ask, _: Body) -> Answer {
    ask.release_stale_lock()?;
    let value = if ask.lock_number().is_some() { "True" } else { "False" };
    Ok(json(200, &value!({ "value": value, "msg": "" })))
}

/// `GET scm/info`.
pub async fn scm_info(ask: Ask, _: Body) -> Answer {
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let kind = u8::from(version.store.repository.is_some());
    let url = format!("{}/{}.git", ask.place.root, ask.site);
    Ok(json(200, &value!({ "Type": kind, "GitUrl": url })))
}

/// `POST scm/clean`: there is no work tree that anything could be left in.
pub async fn scm_clean(_: Ask, _: Body) -> Answer {
    Ok(empty(204))
}

/// `DELETE scm[?deleteWebRoot=1]`.
pub async fn delete_repository(ask: Ask, _: Body) -> Answer {
    let web_root = match ask.query.get("deleteWebRoot").map(str::trim) {
        None | Some("") => false,
        Some(text) => text.parse::<i32>().map_err(|_| crate::error::Refusal::BadQuery)? != 0,
    };
    ask.release_stale_lock()?;
    ask.write::<DeleteRepository>(web_root)?;
    Ok(empty(204))
}

/// `GET logs/recent[?top=]`.
pub async fn recent_logs(ask: Ask, _: Body) -> Answer {
    let top = match ask.query.get("top").map(str::trim) {
        None | Some("") => RECENT,
        Some(text) => {
            let number: i64 = text.parse().map_err(|_| crate::error::Refusal::BadQuery)?;
            usize::try_from(number).unwrap_or_default()
        }
    };
    let entries = ask.read::<RecentLogs>(top)?;
    let shown: Vec<Value> = entries
        .iter()
        .map(|entry| {
            value!({
                "timestamp": time::iso(entry.at),
                "level": entry.level,
                "pid": entry.pid,
                "message": entry.message,
            })
        })
        .collect();
    Ok(json(200, &shown))
}

/// `GET diagnostics/runtime`: what a client may choose from; nothing of it is installed here.
// CHOICE: plausible versions, the same for every site.
pub async fn runtime(_: Ask, _: Body) -> Answer {
    let dotnet = |version: &str| {
        value!({
            "shared": {
                "Microsoft.NETCore.App": [version],
                "Microsoft.AspNetCore.App": [version],
                "Microsoft.AspNetCore.All": [],
            },
            "sdk": [],
        })
    };
    let runtime = value!({
        "nodejs": [
            { "version": "18.20.4", "npm": "10.7.0" },
            { "version": "20.11.1", "npm": "10.2.4" },
        ],
        "dotnetcore32": dotnet("8.0.8"),
        "dotnetcore64": dotnet("8.0.8"),
        "aspnetcoremodule": { "aspnetcoremoduleV2": "18.0.24201.0" },
        "system": {
            "os_name": "Microsoft Windows NT 10.0.14393.0",
            "os_build_lab_ex": "14393.7259.amd64fre.rs1_release.240801-1624",
            "cores": 2,
        },
    });
    Ok(json(200, &runtime))
}

/// `GET sshkey[?ensurePublicKey=1]`: a JSON string.
pub async fn ssh_key(ask: Ask, _: Body) -> Answer {
    let said = ask.query.get("ensurePublicKey").unwrap_or_default().trim();
    let ensure = said == "1" || said.eq_ignore_ascii_case("true");
    Ok(json(200, &ask.write::<GetSshKey>(ensure)?.value))
}

/// `PUT sshkey`: the key, or a JSON object that holds it.
pub async fn put_ssh_key(ask: Ask, body: Body) -> Answer {
    let bytes = bodies::whole(body).await?;
    let is_json = bodies::media_type(&ask.headers).to_ascii_lowercase().starts_with("application/json");
    let key = if is_json {
        let json = bodies::text(&bytes).and_then(|text| serde_json::from_str::<Value>(&text).ok());
        json.as_ref().and_then(|json| json.get("key")?.as_str()).unwrap_or_default().to_owned()
    } else {
        String::from_utf8_lossy(&bytes).into_owned()
    };
    if key.is_empty() {
        return Err(SiteError::NoKey.into());
    }
    ask.write::<PutSshKey>(key)?;
    Ok(empty(204))
}

/// `DELETE sshkey`.
pub async fn delete_ssh_key(ask: Ask, _: Body) -> Answer {
    ask.write::<DeleteSshKey>(())?;
    Ok(empty(204))
}

/// `GET processes`: the one process.
pub async fn processes(ask: Ask, _: Body) -> Answer {
    let href = format!("{}/{ID}", ask.place.url());
    Ok(json(200, &[process(&ask, &href)]))
}

/// `GET processes/{id}`.
pub async fn get_process(ask: Ask, _: Body) -> Answer {
    the_process(&ask)?;
    let href = ask.place.url();
    let mut all = process(&ask, &href);
    let names = [("children", value!([])), ("threads", value!([])), ("open_file_handles", value!([]))];
    for (name, list) in names {
        all[name] = list;
    }
    all["modules"] = value!([]);
    all["file_name"] = "C:\\Windows\\SysWOW64\\inetsrv\\w3wp.exe".into();
    all["handle_count"] = 1.into();
    all["thread_count"] = 1.into();
    all["time_stamp"] = time::iso(ask.world.clock.now()).into();
    all["environment_variables"] = environment_variables(&ask, "").into();
    all["is_scm_site"] = true.into();
    Ok(json(200, &all))
}

/// `DELETE processes/{id}` and `POST processes/{id}/stop`.
pub async fn kill_process(ask: Ask, _: Body) -> Answer {
    ask.write::<KillProcess>(ask.param(0))?;
    Ok(empty(204))
}

/// `GET processes/{id}/threads` and `/modules`: none is known of.
pub async fn parts_of_process(ask: Ask, _: Body) -> Answer {
    the_process(&ask)?;
    Ok(json(200, &value!([])))
}

/// `GET processes/{id}/environments/{filter}`: those whose names hold the filter, or `all`.
pub async fn process_environment(ask: Ask, _: Body) -> Answer {
    the_process(&ask)?;
    let filter = ask.param(1);
    let wanted = if filter.eq_ignore_ascii_case("all") { "" } else { filter.as_str() };
    Ok(json(200, &environment_variables(&ask, wanted)))
}

fn the_process(ask: &Ask) -> Result<(), Fault> {
    let id = ask.param(0);
    if id == ID { Ok(()) } else { Err(SiteError::NoProcess { id }.into()) }
}

fn process(ask: &Ask, href: &str) -> Value {
    value!({
        "id": 1,
        "name": "w3wp",
        "machineName": ask.site.as_str().to_ascii_uppercase(),
        "href": href,
        "user_name": format!("IIS APPPOOL\\{}", ask.site),
    })
}

/// The settings as the site's process sees them, with HOME.
fn environment_variables(ask: &Ask, filter: &str) -> Map<String, Value> {
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let mut all = version.store.settings.all();
    all.insert("HOME".to_owned(), "/home".to_owned());
    all.insert("WEBSITE_SITE_NAME".to_owned(), ask.site.to_string());
    let filter = filter.to_lowercase();
    all.into_iter()
        .filter(|(name, _)| name.to_lowercase().contains(&filter))
        .map(|(n, v)| (n, v.into()))
        .collect()
}

/// `GET siteextensions` and `GET extensionfeed`: there is none to install, so none is installed.
pub async fn extensions(_: Ask, _: Body) -> Answer {
    Ok(json(200, &value!([])))
}

/// `GET`, `PUT`, `DELETE siteextensions/{id}`, and `GET extensionfeed/{id}`.
pub async fn extension(ask: Ask, _: Body) -> Answer {
    Err(SiteError::NoExtension { id: ask.param(0) }.into())
}
