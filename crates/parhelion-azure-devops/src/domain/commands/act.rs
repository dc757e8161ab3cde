//! What each logging command asks for. OBSERVED: the agent's command extensions, their texts among them.

use super::{Command, Hearing, Named, hear::Detail};
use crate::store::{Complaint, RecordResult, Set};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Areas that are taken and have nothing to do here: nobody asks for what they tell.
// CHOICE: test results, code coverage and telemetry are not kept.
const SILENT: [&str; 4] = ["telemetry", "results", "codecoverage", "plugininternal"];
/// Records of its own that a step keeps.
const MAX_DETAILS: usize = 1_000;

/// Takes in what a command asks for.
///
/// # Errors
/// The agent's text for what is wrong with it.
pub(super) fn act(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let (area, event) = (command.area.to_lowercase(), command.event.to_lowercase());
    match (area.as_str(), event.as_str()) {
        ("task", "setvariable") => set_variable(hearing, command),
        ("task", "setsecret") => {
            secret(hearing, &command.data);
            Ok(())
        }
        ("task", "complete") => complete(hearing, command),
        ("task", "logissue" | "issue") => issue(hearing, command),
        ("task", "setprogress") => {
            hearing.heard.progress = Some(percent(command.property("value")).unwrap_or(0));
            hearing.heard.operation = text(&command.data);
            Ok(())
        }
        ("task", "logdetail") => detail(hearing, command),
        ("task", "debug") => {
            if hearing.debug {
                hearing.write(&format!("##[debug]{}", command.data));
            }
            Ok(())
        }
        ("task", "prependpath") => {
            let path = text(&command.data).ok_or("Value cannot be null. (Parameter 'prependpath')")?;
            hearing.heard.paths.retain(|other| *other != path);
            hearing.heard.paths.push(path);
            Ok(())
        }
        // Seen by the task's own later parts only, which is nobody here.
        ("task", "settaskvariable") => {
            let missing = "Required field 'variable' is missing in ##vso[task.settaskvariable] command.";
            command.property("variable").ok_or(missing)?;
            if command.is("issecret") {
                secret(hearing, &command.data);
            }
            Ok(())
        }
        ("task", "setendpoint") => endpoint(command),
        ("task", "uploadfile") => {
            attach(hearing, &command.data, "Cannot upload file because file location is not specified.")
        }
        ("task", "uploadsummary") => attach(
            hearing,
            &command.data,
            "Cannot upload summary file, summary file location is not specified.",
        ),
        ("task", "addattachment") => {
            command.property("type").ok_or("Can't add task attachment, attachment type is not provided.")?;
            command.property("name").ok_or("Can't add task attachment, attachment name is not provided.")?;
            attach(hearing, &command.data, MISSING_FILE)
        }
        ("build", "addbuildtag") => {
            let tag = text(command.data.trim()).ok_or("Build tag is required.")?;
            hearing.heard.tags.push(tag);
            Ok(())
        }
        ("build", "updatebuildnumber") => {
            let number = text(command.data.trim()).ok_or("Build number is required.")?;
            hearing.heard.number = Some(number);
            Ok(())
        }
        ("build", "uploadlog" | "uploadsummary") => {
            attach(hearing, &command.data, "Log file location is required.")
        }
        ("artifact", "upload") => upload(hearing, command),
        ("artifact", "associate") => associate(hearing, command),
        ("release", _) => Err(
            "release commands are not supported for Build flow. Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)"
                .to_owned(),
        ),
        (area, _) if SILENT.contains(&area) => Ok(()),
        ("task" | "build" | "artifact", _) => Err(format!(
            "##vso[{area}.{}] is not a recognized command for {} command extension. Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296).",
            command.event, command.area
        )),
        _ => {
            hearing.warn(format!(
                "Cannot find command extension for ##vso[{}.command]. Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)",
                command.area
            ));
            Ok(())
        }
    }
}

const MISSING_FILE: &str = "Cannot upload task attachment file, attachment file location is not specified or attachment file does not exist on disk.";

fn text(data: &str) -> Option<String> {
    (!data.is_empty()).then(|| data.to_owned())
}

fn percent(value: Option<&str>) -> Option<u8> {
    let value: i64 = value?.trim().parse().ok()?;
    u8::try_from(value.clamp(0, 100)).ok()
}

fn secret(hearing: &mut Hearing<'_>, value: &str) {
    hearing.masker.add(value);
    hearing.heard.secrets.push(value.to_owned());
}

fn set_variable(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let missing = "Required field 'variable' is missing in ##vso[task.setvariable] command.";
    let name = command.property("variable").ok_or(missing)?.to_owned();
    let (is_secret, is_read_only) = (command.is("issecret"), command.is("isreadonly"));
    if hearing.read_only.contains(&name.to_lowercase()) {
        return Err(format!(
            "Overwriting readonly variable '{name}' is not permitted. See https://github.com/microsoft/azure-pipelines-yaml/blob/master/design/readonly-variables.md for details."
        ));
    }
    if is_secret && command.data.contains('\n') {
        return Err("Secrets cannot contain multiple lines".to_owned());
    }
    if is_secret {
        secret(hearing, &command.data);
    }
    let value = command.data.clone();
    let name = if command.is("isoutput") {
        // Docs: outputs are read under the name of their step.
        if hearing.step.is_empty() {
            return Ok(());
        }
        // CHOICE: a secret output is known to other jobs as nothing but a mask, as the service gives it to no one.
        let shown = if is_secret { crate::domain::variables::MASK.to_owned() } else { value.clone() };
        let name = format!("{}.{name}", hearing.step);
        hearing.heard.outputs.push((name.clone(), shown));
        name
    } else {
        name
    };
    if is_read_only {
        hearing.read_only.insert(name.to_lowercase());
    }
    hearing.heard.set.push(Set { name, value, is_secret, is_read_only });
    Ok(())
}

fn complete(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let asked = command.property("result").map(str::to_lowercase);
    let result = match asked.as_deref() {
        Some("succeeded") => RecordResult::Succeeded,
        Some("succeededwithissues") => RecordResult::SucceededWithIssues,
        Some("failed") => RecordResult::Failed,
        Some("canceled" | "cancelled") => RecordResult::Canceled,
        Some("skipped") => RecordResult::Skipped,
        _ => return Err("Command doesn't have valid result value.".to_owned()),
    };
    hearing.result(result);
    hearing.heard.progress = Some(100);
    hearing.heard.operation = text(&command.data);
    Ok(())
}

fn issue(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let kind = command.property("type");
    let error = match kind.map(str::to_lowercase).as_deref() {
        Some("error") => true,
        Some("warning") => false,
        Some(_) => {
            return Err(format!("issue type {} is not an expected issue type.", kind.unwrap_or_default()));
        }
        None => {
            hearing.warn("Can't create TaskIssue from logging event.".to_owned());
            return Ok(());
        }
    };
    let mut data: BTreeMap<String, String> = command.properties.clone();
    let of = |name: &str| command.property(name).unwrap_or_default();
    let mut message = command.data.clone();
    if command.property("sourcepath").is_some() {
        data.insert("category".to_owned(), "Code".to_owned());
        message = format!(
            "{}({},{}): {} {}: {message}",
            of("sourcepath"),
            of("linenumber"),
            of("columnnumber"),
            of("type"),
            of("code"),
        );
    }
    hearing.complain(Complaint { error, message, data });
    Ok(())
}

fn detail(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let missing = "Can't update timeline record, timeline record id is not provided.";
    let guid =
        |name: &str| command.property(name).map(|text| Uuid::parse_str(text).map_err(|e| e.to_string()));
    let id = guid("id").transpose()?.filter(|id| !id.is_nil()).ok_or(missing)?;
    let parent = guid("parentid").transpose()?.filter(|id| !id.is_nil());
    let known = hearing.heard.details.iter().position(|d| d.id == id);
    if known.is_none() {
        command.property("name").ok_or("Name is required for this new timeline record.")?;
        command.property("type").ok_or("Type is required for this new timeline record.")?;
        let made = |parent: &Uuid| hearing.heard.details.iter().any(|d| d.id == *parent);
        if !parent.as_ref().is_none_or(made) {
            return Err(
                "Parent timeline record has not been created for this new timeline record.".to_owned()
            );
        }
        if hearing.heard.details.len() >= MAX_DETAILS {
            return Err(format!("A step keeps at most {MAX_DETAILS} records of its own here."));
        }
        let state = Some("InProgress".to_owned());
        hearing.heard.details.push(Detail { id, parent, state, ..Detail::default() });
    }
    let at = known.unwrap_or(hearing.heard.details.len().saturating_sub(1));
    let Some(record) = hearing.heard.details.get_mut(at) else { return Ok(()) };
    if known.is_some() && parent.is_some() && parent != record.parent {
        return Err("Can't change parent timeline record of an existing timeline record.".to_owned());
    }
    let own = |name: &str| command.property(name).map(str::to_owned);
    record.name = own("name").unwrap_or_else(|| record.name.clone());
    record.kind = own("type").unwrap_or_else(|| record.kind.clone());
    record.order = command.property("order").and_then(|n| n.trim().parse().ok()).or(record.order);
    record.progress = percent(command.property("progress")).or(record.progress);
    record.operation = text(&command.data).or(record.operation.take());
    record.state = own("state").or(record.state.take());
    record.result = own("result").or(record.result.take());
    record.started = own("starttime").or(record.started.take());
    record.finished = own("finishtime").or(record.finished.take());
    Ok(())
}

fn endpoint(command: &Command) -> Result<(), String> {
    if command.data.is_empty() {
        return Err("Enter a valid value for setendpoint.".to_owned());
    }
    let missing =
        |field: &str| format!("Required field '{field}' is missing in ##vso[task.setendpoint] command.");
    let field = command.property("field").ok_or_else(|| missing("field"))?;
    command.property("id").ok_or_else(|| missing("id"))?;
    if !field.eq_ignore_ascii_case("url") {
        command.property("key").ok_or_else(|| missing("key"))?;
    }
    Ok(())
}

fn attach(hearing: &Hearing<'_>, path: &str, missing: &str) -> Result<(), String> {
    if path.trim().is_empty() {
        return Err(missing.to_owned());
    }
    if (hearing.attached)(path) { Ok(()) } else { Err(MISSING_FILE.to_owned()) }
}

/// The properties of an artifact besides those of the command.
fn further(command: &Command) -> BTreeMap<String, String> {
    let own = |name: &String| !["artifactname", "artifacttype", "containerfolder"].contains(&name.as_str());
    command.properties.iter().filter(|(name, _)| own(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn upload(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let name = command.property("artifactname").ok_or("Artifact Name is required.")?.to_owned();
    let folder = command.property("containerfolder").unwrap_or(&name).to_owned();
    if command.data.is_empty() {
        return Err("Artifact location is required.".to_owned());
    }
    if !(hearing.attached)(&command.data) {
        return Err(format!("Path does not exist: {}", command.data));
    }
    // CHOICE: one container for all builds, whose number is 1.
    let data = format!("#/1/{folder}");
    hearing.heard.artifacts.push(Named {
        name,
        kind: "Container".into(),
        data,
        properties: further(command),
    });
    Ok(())
}

fn associate(hearing: &mut Hearing<'_>, command: &Command) -> Result<(), String> {
    let name = command.property("artifactname").ok_or("Artifact Name is required.")?.to_owned();
    let data = command.data.clone();
    let inferred = match data.as_str() {
        text if text.starts_with("#/") => Some("container"),
        text if text.starts_with("$/") => Some("versioncontrol"),
        text if text.starts_with(r"\\") => Some("filepath"),
        _ => None,
    };
    let kind = command.property("artifacttype").or(inferred).ok_or("Artifact Type is required.")?.to_owned();
    let placed = ["container", "filepath", "versioncontrol"].iter().any(|k| kind.eq_ignore_ascii_case(k));
    if placed && data.is_empty() {
        return Err("Artifact location is required.".to_owned());
    }
    hearing.heard.artifacts.push(Named { name, kind, data, properties: further(command) });
    Ok(())
}
