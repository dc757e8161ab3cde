//! The expanded pipeline in types: stages → jobs → steps, with the shorthands put in place.
//!
//! Texts are as after template expansion: `$(x)` macros and `$[ … ]` are still in them, since both belong to the run.

pub(crate) mod graph;
pub(crate) mod normal;
pub(crate) mod read;
pub(crate) mod tasks;

use crate::webhooks::WebhookResource;
use serde::{Deserialize, Serialize};

/// A pipeline that is ready to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// `name`: the format of run numbers.
    pub name: Option<String>,
    /// Which pushes start it.
    pub trigger: Trigger,
    /// Which pull requests start it.
    pub pr: Trigger,
    /// Root variables.
    pub variables: Vec<Variable>,
    /// `resources.webhooks`, expanded.
    pub webhooks: Vec<WebhookResource>,
    /// `lockBehavior` as written.
    pub lock_behavior: Option<String>,
    /// The stages in written order; never empty.
    pub stages: Vec<Stage>,
}

/// `trigger` or `pr`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// The key is not there. Docs: every branch then.
    #[default]
    Absent,
    /// `none`.
    Disabled,
    /// Those that pass.
    When(TriggerFilter),
}

/// What a trigger lets pass; an empty list of includes means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerFilter {
    /// `batch`
    pub batch: bool,
    /// `branches`
    pub branches: Patterns,
    /// `paths`
    pub paths: Patterns,
    /// `tags`
    pub tags: Patterns,
}

/// `include` and `exclude` patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patterns {
    /// `include`
    pub include: Vec<String>,
    /// `exclude`
    pub exclude: Vec<String>,
}

/// One entry of `variables`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Variable {
    /// `name` and `value`.
    Value {
        /// Its name.
        name: String,
        /// Its text; may be `$[ … ]`.
        value: String,
        /// Whether the run may not set it.
        readonly: bool,
    },
    /// `group`: a variable group by name.
    Group(String),
}

/// One stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// `stage`; `__default` if the file has none.
    pub name: String,
    /// `displayName`
    pub display_name: Option<String>,
    /// Stages to wait for: as written, else the one before.
    pub depends_on: Vec<String>,
    /// `condition`; absent means `succeeded()`.
    pub condition: Option<String>,
    /// `lockBehavior` as written.
    pub lock_behavior: Option<String>,
    /// Variables of the stage.
    pub variables: Vec<Variable>,
    /// Its jobs in written order.
    pub jobs: Vec<Job>,
}

/// One job, deployment jobs included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// `job` or `deployment`; `Job` if the file has none.
    pub name: String,
    /// `displayName`
    pub display_name: Option<String>,
    /// Jobs of the stage to wait for: as written, else none.
    pub depends_on: Vec<String>,
    /// `condition`; absent means `succeeded()`.
    pub condition: Option<String>,
    /// `continueOnError` as written.
    pub continue_on_error: Option<String>,
    /// `timeoutInMinutes` as written.
    pub timeout_in_minutes: Option<String>,
    /// `cancelTimeoutInMinutes` as written.
    pub cancel_timeout_in_minutes: Option<String>,
    /// Where it runs: its own pool, else the stage's, else the pipeline's.
    pub pool: Option<Pool>,
    /// Variables of the job.
    pub variables: Vec<Variable>,
    /// How often it runs.
    pub strategy: Strategy,
    /// The steps of a plain job.
    pub steps: Vec<Step>,
    /// Set for a `deployment`, whose steps stand here.
    pub deployment: Option<Deployment>,
}

/// `strategy` of a plain job. Multiplied when the run is queued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// Once.
    #[default]
    Single,
    /// `matrix`: one job for each entry.
    Matrix {
        /// Name and variables of each.
        legs: Vec<(String, Vec<(String, String)>)>,
        /// `maxParallel` as written.
        max_parallel: Option<String>,
    },
    /// `matrix` given as an expression of run time.
    MatrixAtRunTime {
        /// The `$[ … ]`.
        expression: String,
        /// `maxParallel` as written.
        max_parallel: Option<String>,
    },
    /// `parallel`: that many slices; as written.
    Parallel(String),
}

impl Strategy {
    /// The entries of a `matrix` that is written out: the name and variables of each.
    pub fn legs(&self) -> &[(String, Vec<(String, String)>)] {
        match self {
            Strategy::Matrix { legs, .. } => legs,
            _ => &[],
        }
    }
    /// `maxParallel` as written.
    pub fn max_parallel(&self) -> Option<&str> {
        match self {
            Strategy::Matrix { max_parallel, .. } | Strategy::MatrixAtRunTime { max_parallel, .. } => {
                max_parallel.as_deref()
            }
            Strategy::Single | Strategy::Parallel(_) => None,
        }
    }
}

/// What a deployment job adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `environment.name`
    pub environment: Option<String>,
    /// `environment.resourceName`
    pub environment_resource: Option<String>,
    /// `runOnce`, `rolling` or `canary`.
    pub strategy: String,
    /// `increments` of `canary` as written; the hooks from `deploy` to `postRouteTraffic` are taken for each.
    #[serde(default)]
    pub increments: Vec<String>,
    /// Its hooks in the order they run: `preDeploy`, `deploy`, `routeTraffic`, `postRouteTraffic`, `on.success`,
    /// `on.failure`.
    pub hooks: Vec<Hook>,
}

/// One life-cycle hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Its name; `on.success` and `on.failure` for the two below `on`.
    pub name: String,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// Where a job runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// `name`
    pub name: Option<String>,
    /// `vmImage`
    pub vm_image: Option<String>,
    /// `demands`
    pub demands: Vec<String>,
}

/// One step, always a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `Name@Version`, or a task's id for the built-in shorthands.
    pub task: String,
    /// `name`: what its outputs are read under.
    pub name: Option<String>,
    /// `displayName`
    pub display_name: Option<String>,
    /// `condition`; absent means `succeeded()`.
    pub condition: Option<String>,
    /// `continueOnError` as written.
    pub continue_on_error: Option<String>,
    /// `enabled` as written.
    pub enabled: Option<String>,
    /// `timeoutInMinutes` as written.
    pub timeout_in_minutes: Option<String>,
    /// `retryCountOnTaskFailure` as written.
    pub retry_count_on_task_failure: Option<String>,
    /// `target` or `target.container`.
    pub target: Option<String>,
    /// `env`
    pub env: Vec<(String, String)>,
    /// `inputs`
    pub inputs: Vec<(String, String)>,
}

impl Step {
    /// The value of an input; names fold case.
    pub fn input(&self, name: &str) -> Option<&str> {
        self.inputs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The text of an inline script: what `CmdLine`, `Bash` and `PowerShell` run.
    pub fn script(&self) -> Option<&str> {
        let name = self.task_name();
        let inline = match name {
            "CmdLine" => true,
            "Bash" | "PowerShell" => {
                self.input("targetType").is_some_and(|t| t.eq_ignore_ascii_case("inline"))
            }
            _ => false,
        };
        if inline { self.input("script") } else { None }
    }

    /// The task's name without its version.
    pub fn task_name(&self) -> &str {
        self.task.split_once('@').map_or(&self.task, |(name, _)| name)
    }

    /// What the timeline shows: `displayName`, else the task's name.
    pub fn title(&self) -> &str {
        self.display_name.as_deref().unwrap_or_else(|| self.task_name())
    }
}

impl Job {
    /// Every step as the hooks of a deployment come, each with the name of its hook: `on.success` and `on.failure`
    /// both, of which a run takes one.
    pub fn all_steps(&self) -> impl Iterator<Item = (Option<&str>, &Step)> {
        let hooks = self.deployment.iter().flat_map(|d| &d.hooks);
        let hooked = hooks.flat_map(|h| h.steps.iter().map(move |s| (Some(h.name.as_str()), s)));
        self.steps.iter().map(|s| (None, s)).chain(hooked)
    }
    /// The step at this place of [`Job::all_steps`], from 0.
    pub fn step_at(&self, mut at: usize) -> Option<(Option<&str>, &Step)> {
        if let Some(step) = self.steps.get(at) {
            return Some((None, step));
        }
        at -= self.steps.len();
        for hook in self.deployment.iter().flat_map(|d| &d.hooks) {
            match hook.steps.get(at) {
                Some(step) => return Some((Some(&hook.name), step)),
                None => at -= hook.steps.len(),
            }
        }
        None
    }
    /// Every step in the order a successful run takes them; of a deployment with the name of its hook.
    /// `on.failure` is left out.
    pub fn steps_in_order(&self) -> impl Iterator<Item = (Option<&str>, &Step)> {
        let hooks = self.deployment.iter().flat_map(|d| &d.hooks).filter(|h| h.name != "on.failure");
        let hooked = hooks.flat_map(|h| h.steps.iter().map(move |s| (Some(h.name.as_str()), s)));
        self.steps.iter().map(|s| (None, s)).chain(hooked)
    }
}
