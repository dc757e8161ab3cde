//! `command`.

use super::{Answer, Ask};
use crate::domain::vfs_path::VfsPath;
use crate::error::SiteError;
use crate::exec::{self, MAX_SECS, Task};
use crate::ops::site::apply_changes::{ApplyChanges, Done};
use crate::store::KuduStore;
use crate::wire::answer::json;
use crate::wire::body as bodies;
use parhelion_http::{Body, Response};
use serde_json::{Value, json as value};
use std::time::Duration;

const OFF: &str = "Command execution is disabled. Start Parhelion with kudu.exec=true to enable it.";
/// Real seconds that a command may take where no setting says so.
const PATIENCE_SECS: u64 = 60;

/// `POST command`: `{"command","dir"}`. Every failure is 200 with an exit code that is not 0.
pub async fn run(ask: Ask, body: Body) -> Answer {
    let text = bodies::bound_json(&ask.headers, body, "JObject").await?;
    let Some(Value::Object(members)) = text.and_then(|text| serde_json::from_str(&text).ok()) else {
        return Err(SiteError::BadRequest.into());
    };
    let member = |name: &str| match members.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (command, folder) = (member("command"), member("dir"));
    let subject = format!("site:{}", ask.site);
    let shown = parhelion_core::text::prefix(&command, 500);
    if !ask.settings.exec {
        ask.note("command.refused", &subject, &format!("\"{shown}\" is not run: kudu.exec is off"));
        return Ok(failed(OFF));
    }
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let Some(folder) = below_home(&folder).filter(|folder| version.store.files.is_folder(folder)) else {
        ask.note(
            "command.refused",
            &subject,
            &format!("\"{shown}\" is not run: there is no such folder in HOME"),
        );
        return Ok(failed("The directory name is invalid"));
    };
    let set = version.store.settings.filled("SCM_COMMAND_IDLE_TIMEOUT").and_then(|text| text.parse().ok());
    // CHOICE: the real limit is on the time without a sign of life; here it is on the whole.
    let timeout = Duration::from_secs(set.unwrap_or(PATIENCE_SECS).clamp(1, MAX_SECS));
    let mut environment = version.store.settings.all();
    // A variable is a name; what could not be one is left out.
    environment
        .retain(|name, value| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
    environment.insert("WEBSITE_SITE_NAME".to_owned(), ask.site.to_string());
    let task = Task {
        tree: version.store.files.clone(),
        folder,
        command: command.clone(),
        environment,
        timeout,
        max_site_bytes: ask.settings.max_site_bytes,
    };
    match exec::run(task).await {
        Ok(ran) => {
            ask.write::<ApplyChanges>(Done { command, code: ran.code, changes: ran.changes })?;
            Ok(result(&ran.output, &ran.error, ran.code))
        }
        Err(error) => {
            ask.note("command.refused", &subject, &format!("\"{shown}\" came to nothing: {error}"));
            Ok(failed(&error.to_string()))
        }
    }
}

/// A folder as clients write it: relative to HOME, or absolute where that is below HOME.
fn below_home(folder: &str) -> Option<String> {
    let folder = folder.trim().replace('\\', "/");
    let rest = folder.get(..5).filter(|start| start.eq_ignore_ascii_case("/home"));
    let rest = rest.and_then(|_| folder.get(5..)).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let relative = rest.map_or(folder.as_str(), |rest| rest.trim_start_matches('/'));
    VfsPath::parse(relative).ok().map(|path| path.path)
}

fn failed(error: &str) -> Response {
    result("", error, -1)
}

fn result(output: &str, error: &str, code: i32) -> Response {
    json(200, &value!({ "Output": output, "Error": error, "ExitCode": code }))
}

#[cfg(test)]
mod tests {
    use super::below_home;

    #[test]
    fn folders_are_below_home() {
        for (given, folder) in [
            ("", Some("")),
            ("site\\wwwroot", Some("site/wwwroot")),
            ("/home/site", Some("site")),
            ("/HOME", Some("")),
            ("/homestead", None),
            ("/etc", None),
            ("../..", None),
            ("/home/../etc", None),
        ] {
            assert_eq!(below_home(given).as_deref(), folder, "{given}");
        }
    }
}
