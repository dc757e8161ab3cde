//! What a log says. A step leaves a few facts; the lines are made of them and of the pipeline when somebody asks.

use super::{CHECKOUT, task, task_name};
use crate::{
    domain::{
        refs,
        run::{life::masker, scope::Scope},
        variables::replace,
    },
    store::{Build, What},
};

/// What a step is called.
pub fn title(build: &Build, (s, j, t): (usize, usize, usize)) -> String {
    let Some(step) = build.step(s, j, t) else { return String::new() };
    match step.what {
        What::Initialize => "Initialize job".to_owned(),
        What::Finalize => "Finalize Job".to_owned(),
        What::Checkout | What::PostCheckout(None) => of_checkout(build, (s, j, t), None, step.what),
        What::Step(n) | What::Increment(n, _) | What::PostCheckout(Some(n)) => {
            let Some((_, plan)) = build.step_plan(s, j, What::Step(n)) else { return String::new() };
            if plan.task_name() == CHECKOUT {
                return of_checkout(build, (s, j, t), Some(n), step.what);
            }
            let written = plan.display_name.as_deref().unwrap_or_else(|| task_name(plan));
            replace(written, &Scope::step(build, s, j, t))
        }
    }
}

/// What a checkout is called, or what comes after it.
fn of_checkout(build: &Build, (s, j, t): (usize, usize, usize), n: Option<u32>, what: What) -> String {
    let plan = n.and_then(|n| build.step_plan(s, j, What::Step(n))).map(|(_, step)| step);
    let own = || format!("Checkout {}@{} to s", build.repository, refs::short(&build.branch));
    let title = match plan {
        None => own(),
        Some(plan) => match (&plan.display_name, plan.input("repository").unwrap_or("self")) {
            (Some(title), _) => replace(title, &Scope::step(build, s, j, t)),
            (None, "self") => own(),
            (None, other) => format!("Checkout {other}"),
        },
    };
    if matches!(what, What::PostCheckout(_)) { format!("Post-job: {title}") } else { title }
}

/// The lines of a step's log: what its outcome adds stands before the last.
pub fn lines(build: &Build, (s, j, t): (usize, usize, usize)) -> Vec<String> {
    let (Some(job), Some(step)) = (build.job(s, j), build.step(s, j, t)) else { return Vec::new() };
    let title = title(build, (s, j, t));
    let shown = if step.what == What::Initialize { &job.display } else { &title };
    let mut lines = vec![format!("##[section]Starting: {shown}")];
    match step.what {
        What::Initialize if build.executes => lines.push("Scripts are executed on this machine.".to_owned()),
        What::Initialize => lines.push("Simulated: nothing is executed.".to_owned()),
        What::Checkout => checked_out(build, &mut lines),
        What::Step(_) | What::Increment(..) => of_yaml(build, (s, j, t), &mut lines),
        What::PostCheckout(_) | What::Finalize => {}
    }
    // A text of several lines is several lines.
    let masker = masker(build, (s, j, t));
    let mut lines: Vec<String> =
        lines.iter().flat_map(|line| line.split('\n')).map(|line| masker.mask(line)).collect();
    lines.extend(step.trail.iter().flat_map(|trail| trail.said.iter()).map(str::to_owned));
    lines.extend(format!("##[section]Finishing: {shown}").split('\n').map(str::to_owned));
    lines
}

fn checked_out(build: &Build, lines: &mut Vec<String>) {
    lines.push(format!("Syncing repository: {} (Git)", build.repository));
    lines.push(format!("HEAD is now at {}", build.commit));
}

/// What a step of the YAML writes before it does anything: its task, and its script or inputs as they would run.
fn of_yaml(build: &Build, (s, j, t): (usize, usize, usize), lines: &mut Vec<String>) {
    let Some(what) = build.step(s, j, t).map(|step| step.what) else { return };
    let Some((hook, plan)) = build.step_plan(s, j, what) else { return };
    if plan.task_name() == CHECKOUT {
        return checked_out(build, lines);
    }
    let known = Scope::step(build, s, j, t);
    let (shown, version) = task(build, s, j, what).unwrap_or_default();
    lines.push("=".repeat(78));
    lines.push(format!("Task         : {shown}"));
    lines.push(format!("Version      : {version}"));
    lines.extend(hook.map(|hook| format!("Hook         : {hook}")));
    lines.push("=".repeat(78));
    match plan.script() {
        Some(script) => {
            lines.push("Generating script.".to_owned());
            lines.push("Script contents:".to_owned());
            lines.extend(replace(script, &known).lines().map(str::to_owned));
        }
        None => lines.extend(plan.inputs.iter().flat_map(|(name, value)| {
            let value = replace(value, &known);
            let mut given = value.lines();
            let first = format!("{name}: {}", given.next().unwrap_or_default());
            std::iter::once(first).chain(given.map(str::to_owned)).collect::<Vec<_>>()
        })),
    }
}
