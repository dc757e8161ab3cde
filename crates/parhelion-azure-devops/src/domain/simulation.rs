//! What a run does when nothing is executed: its stages, jobs and steps with their logs (azure-devops.md 6).

use crate::{
    domain::variables::Variables,
    store::{JobRun, Life, Lines, StageRun, StepRun},
};
use parhelion_azure_pipelines::{
    pipeline::{Job, Pipeline, Step, Strategy, Variable as Declared},
    runtime,
};
use parhelion_state::Tx;
use std::collections::{BTreeMap, BTreeSet};

/// Jobs of a run, matrix entries counted one by one; what comes after them is left out and named.
// Docs: a matrix makes at most 256 jobs; 1 000 of all stages is our own bound.
const MAX_JOBS: usize = 1_000;
/// A checkout step's task, as expansion names it.
// OBSERVED: finalYaml.
const CHECKOUT: &str = "6d15af64-176c-496d-b583-fd2ae21d4df4";
const PUBLISH: &str = "ecdc45f6-832d-4ad9-b52b-ee49e94659be";
const DOWNLOAD: &str = "30f35852-3f7e-4c0c-9a88-e127b4f97211";

/// What a run would have done.
pub struct Simulated {
    /// Stages in order.
    pub stages: Vec<StageRun>,
    /// The variables that its conditions see.
    pub known: BTreeMap<String, String>,
    /// What the YAML asks for that this run did not act on.
    pub ignored: Vec<String>,
}

/// Where the sources come from, as logs name it.
pub struct Sources<'a> {
    /// The repository's name.
    pub repository: &'a str,
    /// The branch's last part.
    pub branch: &'a str,
    /// The commit.
    pub commit: String,
}

/// Lays a pipeline out as a run.
pub fn play(
    pipeline: &Pipeline,
    skip: &[String],
    variables: &Variables,
    sources: &Sources<'_>,
    tx: &mut Tx<'_>,
) -> Simulated {
    let mut play = Play { tx, sources, log: 0, jobs: 0, ignored: BTreeSet::new() };
    let mut root = variables.clone();
    play.declare(&mut root, &pipeline.variables);
    let stages = pipeline.stages.iter().map(|stage| {
        let mut known = root.clone();
        play.declare(&mut known, &stage.variables);
        let display = stage.display_name.clone().unwrap_or_else(|| stage.name.clone());
        known.set("System.StageName", stage.name.clone(), false);
        known.set("System.StageDisplayName", display.clone(), false);
        let record = play.tx.uuid("record");
        let skipped = skip.iter().any(|s| s.eq_ignore_ascii_case(&stage.name));
        let jobs = stage.jobs.iter().filter(|_| !skipped).flat_map(|job| play.job(job, &known)).collect();
        StageRun {
            record,
            name: stage.name.clone(),
            display: root.replace(&display),
            depends_on: stage.depends_on.clone(),
            skipped,
            condition: stage.condition.clone().filter(|c| !c.trim().is_empty()),
            variables: declared(&stage.variables),
            why: None,
            life: Life::default(),
            earlier: Vec::new(),
            jobs,
        }
    });
    let stages = stages.collect();
    Simulated { stages, known: root.kept(), ignored: play.ignored.into_iter().collect() }
}

/// The artifact that a step publishes. Nothing is executed, so it is one without content.
fn published(step: &Step, task: &str, known: &Variables) -> Option<String> {
    // Docs: the inputs of the tasks, and what they are without them.
    let (inputs, default) = match task {
        "PublishPipelineArtifact" => (["artifactName", "artifact"], "drop"),
        "PublishBuildArtifacts" => (["ArtifactName", "ArtifactName"], "drop"),
        _ => return None,
    };
    let given = inputs.iter().find_map(|name| step.input(name)).map(|v| known.replace(v));
    let name = given.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    Some(name.unwrap_or_else(|| default.to_owned()))
}

/// The variables that a stage or job declares; those with `$[ … ]` are none.
fn declared(variables: &[Declared]) -> BTreeMap<String, String> {
    let value = |variable: &Declared| match variable {
        Declared::Value { name, value, .. } if runtime::inside(value).is_none() => {
            Some((name.to_lowercase(), value.clone()))
        }
        _ => None,
    };
    variables.iter().filter_map(value).collect()
}

fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|t| t.trim().eq_ignore_ascii_case("true"))
}

/// A job's time limit in minutes.
// Docs: 60 unless said otherwise; 0 is as much as there is, which is 360 on hosted agents.
fn minutes(text: Option<&str>) -> u32 {
    match text.and_then(|t| t.trim().parse().ok()) {
        None => 60,
        Some(0) => 360,
        Some(minutes) => minutes,
    }
}

/// A matrix entry's name and variables.
type Leg = (Option<String>, Vec<(String, String)>);

struct Play<'p, 'tx, 't> {
    tx: &'p mut Tx<'tx>,
    sources: &'p Sources<'t>,
    log: u32,
    jobs: usize,
    ignored: BTreeSet<String>,
}

impl Play<'_, '_, '_> {
    fn declare(&mut self, known: &mut Variables, declared: &[Declared]) {
        for variable in declared {
            match variable {
                Declared::Value { value, .. } if value.trim_start().starts_with("$[") => {
                    self.ignored.insert("variables with $[ … ]".to_owned());
                }
                // Docs: the YAML's value wins over one set when the run was queued, and that over the definition's.
                Declared::Value { name, value, .. } => known.set(name, value.clone(), false),
                Declared::Group(_) => {
                    self.ignored.insert("variable groups".to_owned());
                }
            }
        }
    }

    /// A job, once for each entry of its matrix.
    fn job(&mut self, job: &Job, known: &Variables) -> Vec<JobRun> {
        if job.deployment.as_ref().is_some_and(|d| d.environment.is_some()) {
            self.ignored.insert("environments".to_owned());
        }
        let mut known = known.clone();
        self.declare(&mut known, &job.variables);
        let phase = self.tx.uuid("record");
        let legs: Vec<Leg> = match &job.strategy {
            Strategy::Single => vec![(None, Vec::new())],
            Strategy::Matrix { legs, .. } => {
                legs.iter().map(|(name, variables)| (Some(name.clone()), variables.clone())).collect()
            }
            Strategy::Parallel(text) => {
                let slices = text.trim().parse::<usize>().unwrap_or(1).clamp(1, MAX_JOBS);
                let slice = |n: usize| {
                    vec![
                        ("System.JobPositionInPhase".to_owned(), n.to_string()),
                        ("System.TotalJobsInPhase".to_owned(), slices.to_string()),
                    ]
                };
                (1..=slices).map(|n| (Some(n.to_string()), slice(n))).collect()
            }
            Strategy::MatrixAtRunTime { .. } => {
                self.ignored.insert("a matrix with $[ … ]".to_owned());
                vec![(None, Vec::new())]
            }
        };
        let mut runs = Vec::new();
        for (leg, variables) in legs {
            if self.jobs >= MAX_JOBS {
                self.ignored.insert(format!("jobs beyond {MAX_JOBS}"));
                break;
            }
            self.jobs += 1;
            let mut known = known.clone();
            for (name, value) in &variables {
                known.set(name, value.clone(), false);
            }
            let run = self.leg(job, leg.as_deref(), phase, &mut known);
            let own = variables.into_iter().map(|(name, value)| (name.to_lowercase(), value));
            runs.push(JobRun { variables: declared(&job.variables).into_iter().chain(own).collect(), ..run });
        }
        runs
    }

    fn leg(&mut self, job: &Job, leg: Option<&str>, phase: uuid::Uuid, known: &mut Variables) -> JobRun {
        let with_leg = |text: &str| leg.map_or_else(|| text.to_owned(), |leg| format!("{text} {leg}"));
        let name = with_leg(&job.name);
        known.set("System.JobName", job.name.clone(), false);
        let display = with_leg(&known.replace(job.display_name.as_deref().unwrap_or(&job.name)));
        known.set("System.JobDisplayName", display.clone(), false);
        known.set("Agent.JobName", display.clone(), false);
        let record = self.tx.uuid("record");
        let checkout = format!("Checkout {}@{} to s", self.sources.repository, self.sources.branch);
        let explicit = job.steps.iter().any(|s| s.task_name() == CHECKOUT);
        // Docs: a plain job checks its own repository out first unless a step says otherwise, a deployment does not.
        let implicit = !explicit && job.deployment.is_none();
        let mut steps = vec![self.own(
            "Initialize job",
            vec![
                format!("##[section]Starting: {display}"),
                "Simulated: nothing is executed.".to_owned(),
                format!("##[section]Finishing: {display}"),
            ],
        )];
        let mut checked_out = Vec::new();
        if implicit {
            checked_out.push(checkout.clone());
            steps.push(self.checkout(&checkout, "", known));
        }
        for (n, (hook, step)) in job.all_steps().enumerate() {
            let written = |run: StepRun| StepRun {
                position: u32::try_from(n + 1).ok(),
                hook: hook.map(str::to_owned),
                condition: step.condition.clone().filter(|c| !c.trim().is_empty()),
                continue_on_error: is_true(step.continue_on_error.as_deref()),
                disabled: step.enabled.as_deref().is_some_and(|e| e.trim().eq_ignore_ascii_case("false")),
                ..run
            };
            if step.task_name() == CHECKOUT {
                // `checkout: none` becomes a step that never runs.
                if step.condition.as_deref() == Some("false") {
                    continue;
                }
                let named = step.input("repository").unwrap_or("self");
                let title = match &step.display_name {
                    Some(title) => known.replace(title),
                    None if named == "self" => checkout.clone(),
                    None => format!("Checkout {named}"),
                };
                checked_out.push(title.clone());
                let run = self.checkout(&title, step.name.as_deref().unwrap_or(""), known);
                steps.push(written(run));
                continue;
            }
            let run = self.step(step, hook, known);
            steps.push(written(run));
        }
        for title in checked_out.iter().rev() {
            let title = format!("Post-job: {title}");
            let lines =
                vec![format!("##[section]Starting: {title}"), format!("##[section]Finishing: {title}")];
            steps.push(self.own(&title, lines));
        }
        steps.push(self.own(
            "Finalize Job",
            vec![
                "##[section]Starting: Finalize Job".to_owned(),
                "##[section]Finishing: Finalize Job".to_owned(),
            ],
        ));
        JobRun {
            phase,
            record,
            base: job.name.clone(),
            name,
            display,
            depends_on: job.depends_on.clone(),
            condition: job.condition.clone().filter(|c| !c.trim().is_empty()),
            continue_on_error: is_true(job.continue_on_error.as_deref()),
            timeout: minutes(job.timeout_in_minutes.as_deref()),
            max_parallel: match &job.strategy {
                Strategy::Matrix { max_parallel, .. } => {
                    max_parallel.as_deref().and_then(|n| n.trim().parse().ok()).filter(|n| *n > 0)
                }
                _ => None,
            },
            variables: BTreeMap::new(),
            play: None,
            outputs: BTreeMap::new(),
            why: None,
            life: Life::default(),
            wait: None,
            earlier: Vec::new(),
            steps,
        }
    }

    fn own(&mut self, title: &str, lines: Vec<String>) -> StepRun {
        self.record(title, "", None, lines)
    }

    fn record(
        &mut self,
        title: &str,
        name: &str,
        task: Option<(String, String)>,
        lines: Vec<String>,
    ) -> StepRun {
        self.log += 1;
        let record = self.tx.uuid("record");
        StepRun {
            record,
            name: name.to_owned(),
            display: title.to_owned(),
            task,
            position: None,
            hook: None,
            condition: None,
            continue_on_error: false,
            disabled: false,
            play: None,
            issues: Vec::new(),
            why: None,
            publishes: None,
            life: Life::default(),
            wait: None,
            log: self.log,
            lines: lines.into(),
            said: Lines::default(),
        }
    }

    fn checkout(&mut self, title: &str, name: &str, known: &Variables) -> StepRun {
        let lines = vec![
            format!("##[section]Starting: {title}"),
            format!("Syncing repository: {} (Git)", self.sources.repository),
            format!("HEAD is now at {}", self.sources.commit),
            format!("##[section]Finishing: {title}"),
        ];
        let lines = lines.into_iter().map(|l| known.replace(&l)).collect();
        self.record(title, name, Some(("Checkout".to_owned(), "1".to_owned())), lines)
    }

    fn step(&mut self, step: &Step, hook: Option<&str>, known: &Variables) -> StepRun {
        let (task, version) = step.task.split_once('@').unwrap_or((&step.task, ""));
        let shown = match task {
            PUBLISH => "PublishPipelineArtifact",
            DOWNLOAD => "DownloadPipelineArtifact",
            other => other,
        };
        let title = known.replace(step.display_name.as_deref().unwrap_or(shown));
        let mut lines = vec![
            format!("##[section]Starting: {title}"),
            "=".repeat(78),
            format!("Task         : {shown}"),
            format!("Version      : {version}"),
        ];
        lines.extend(hook.map(|hook| format!("Hook         : {hook}")));
        lines.push("=".repeat(78));
        match step.script() {
            Some(script) => {
                lines.push("Generating script.".to_owned());
                lines.push("Script contents:".to_owned());
                lines.extend(known.replace(script).lines().map(str::to_owned));
            }
            None => lines.extend(step.inputs.iter().flat_map(|(name, value)| {
                let value = known.replace(value);
                let mut given = value.lines();
                let first = format!("{name}: {}", given.next().unwrap_or_default());
                std::iter::once(first).chain(given.map(str::to_owned)).collect::<Vec<_>>()
            })),
        }
        lines.push(format!("##[section]Finishing: {title}"));
        let publishes = published(step, shown, known);
        let task = (shown.to_owned(), version.to_owned());
        let run = self.record(&title, step.name.as_deref().unwrap_or(""), Some(task), lines);
        StepRun { publishes, ..run }
    }
}
