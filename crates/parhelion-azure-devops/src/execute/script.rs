//! What is run for a step: the file that its script becomes, the program, the environment.

use super::workspace::Workspace;
use crate::{
    domain::{run::scope::Scope, simulation::is_true, variables::replace_revealing},
    store::StepRun,
};
use parhelion_azure_pipelines::pipeline::Step;
use parhelion_exec::Task;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

/// A script that can be run.
pub struct Script {
    /// What to run, but for how long.
    pub task: Task,
    /// The program's name.
    pub program: String,
    /// The command as the log shows it.
    pub shown: String,
}

/// What a step's shell calls itself when it fails.
pub fn shell_name(plan: &Step) -> &'static str {
    if plan.task_name() == "PowerShell" { "PowerShell" } else { "Bash" }
}

/// Writes the script of a step into the job's folder.
///
/// # Errors
/// What the log says of it.
pub async fn prepare(
    plan: &Step,
    scope: &Scope<'_>,
    before: &[StepRun],
    workspace: &Workspace,
) -> Result<Script, String> {
    let given = plan.script().ok_or("The step has no script of its own to be executed.")?;
    let text = replace_revealing(given, scope);
    let powershell = plan.task_name() == "PowerShell";
    let environment = environment(plan, scope, before, workspace);
    let path = environment.get("PATH").cloned().unwrap_or_default();
    let (program, flags, file, text): (&str, &[&str], &str, String) = if powershell {
        let wish = plan.input("errorActionPreference").unwrap_or("stop");
        let wish: String = wish.chars().filter(char::is_ascii_alphabetic).collect();
        let text = format!(
            "$ErrorActionPreference = '{wish}'\n{text}\nif (Test-Path -LiteralPath variable:\\LASTEXITCODE) {{ exit $LASTEXITCODE }}\n"
        );
        ("pwsh", &["-NoLogo", "-NoProfile", "-NonInteractive", "-File"], "script.ps1", text)
    } else if plan.task_name() == "CmdLine" && which("bash", &path).is_none() {
        ("sh", &[], "script.sh", text)
    } else {
        ("bash", &["--noprofile", "--norc"], "script.sh", text)
    };
    let found =
        which(program, &path).ok_or_else(|| format!("Unable to locate executable file: '{program}'."))?;
    let file = workspace.temp().join(file);
    tokio::fs::write(&file, text).await.map_err(|e| format!("The script cannot be written: {e}"))?;
    let folder = plan.input("workingDirectory").map(|given| replace_revealing(given, scope));
    let folder = folder.map(|given| given.trim().to_owned()).filter(|given| !given.is_empty());
    let folder = workspace.sources().join(folder.unwrap_or_default());
    if !folder.is_dir() {
        return Err(format!("Not found workingDirectory: {}", folder.display()));
    }
    let mut arguments: Vec<OsString> = flags.iter().map(|flag| (*flag).into()).collect();
    arguments.push(file.clone().into());
    let shown = format!("{} {} {}", found.display(), flags.join(" "), file.display());
    let task = Task {
        program: found.into(),
        arguments,
        folder,
        environment: environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        limit: Duration::ZERO,
        apart: is_true(plan.input("failOnStderr")),
    };
    Ok(Script { task, program: program.to_owned(), shown })
}

/// The whole environment of a script: nothing of this machine's but its path, the run's variables without its secrets,
/// and what the step asks for.
// Docs: names in upper case, with `_` for dots and blanks; secrets only where `env` maps them.
fn environment(
    plan: &Step,
    scope: &Scope<'_>,
    before: &[StepRun],
    workspace: &Workspace,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value, secret) in scope.all().into_values() {
        let name = name.to_uppercase().replace(['.', ' '], "_");
        if !secret && is_plain(&name) && !value.contains('\0') {
            all.insert(name, replace_revealing(&value, scope));
        }
    }
    let machine = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let path = all.remove("PATH").unwrap_or(machine);
    let mut folders: Vec<String> = Vec::new();
    for folder in before.iter().filter_map(|step| step.trail.as_ref()).flat_map(|trail| &trail.paths) {
        folders.retain(|other| other != folder);
        folders.push(folder.clone());
    }
    // What was put in front last is in front.
    folders.reverse();
    folders.push(path);
    all.insert("PATH".to_owned(), folders.join(":"));
    all.insert("HOME".to_owned(), workspace.home().join("home").to_string_lossy().into_owned());
    all.insert("TMPDIR".to_owned(), workspace.temp().to_string_lossy().into_owned());
    all.insert("LANG".to_owned(), "C.UTF-8".to_owned());
    all.insert("TF_BUILD".to_owned(), "True".to_owned());
    for (name, value) in &plan.env {
        let value = replace_revealing(value, scope);
        if is_plain(name) && !value.contains('\0') {
            all.insert(name.clone(), value);
        }
    }
    all
}

/// Whether an environment can hold this name.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Where a program is on a path.
fn which(name: &str, path: &str) -> Option<PathBuf> {
    let folders = path.split(':').filter(|folder| Path::new(folder).is_absolute());
    folders.map(|folder| Path::new(folder).join(name)).find(|file| file.is_file())
}
