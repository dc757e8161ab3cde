//! The variables that a job or a step sees. Nothing of it is stored twice: what was known when the run was queued, what
//! the YAML declares for the stage and the job, and what steps set on the way are looked through from the inside out.

use crate::{
    domain::variables::{Found, Lookup, Variables},
    store::{Build, JobRun, Leg, RecordResult, What, derived},
};
use parhelion_azure_pipelines::{pipeline::Variable, runtime};
use std::{borrow::Cow, collections::BTreeMap};

/// The agent's folder of a run, where nothing is executed: as on hosted agents with Linux.
// OBSERVED: logs of hosted agents.
const WORK: &str = "/home/vsts/work/1";
/// Under which name a job keeps its folder when it is executed, among what was worked out.
pub const FOLDER: &str = "agent.builddirectory";

/// Where in a run something stands that asks for variables.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    build: &'a Build,
    s: usize,
    j: Option<usize>,
    /// The step; those before it have set what they set.
    t: usize,
}

impl<'a> Scope<'a> {
    /// Of a stage.
    pub fn stage(build: &'a Build, s: usize) -> Self {
        Scope { build, s, j: None, t: 0 }
    }
    /// Of a job before its first step.
    pub fn job(build: &'a Build, s: usize, j: usize) -> Self {
        Scope { build, s, j: Some(j), t: 0 }
    }
    /// Of a step.
    pub fn step(build: &'a Build, s: usize, j: usize, t: usize) -> Self {
        Scope { build, s, j: Some(j), t }
    }

    fn run(&self) -> Option<&'a JobRun> {
        self.build.job(self.s, self.j?)
    }

    /// What the agent and the service tell, which nobody can set.
    fn predefined(&self, name: &str) -> Option<Cow<'a, str>> {
        let name = name.to_ascii_lowercase();
        let stage = self.build.stages.get(self.s)?;
        let of_stage: Option<Cow<'a, str>> = match name.as_str() {
            "system.stagename" => Some(stage.name.as_str().into()),
            "system.stagedisplayname" => Some(stage.display.as_str().into()),
            "system.stageattempt" => Some((stage.earlier.len() + 1).to_string().into()),
            "system.jobparallelismtag" => Some("Private".into()),
            _ => None,
        };
        let Some(job) = self.run().filter(|_| of_stage.is_none()) else { return of_stage };
        let text = |text: &'a str| Some(Cow::from(text));
        match name.as_str() {
            "system.jobname" | "system.phasename" => text(&job.base),
            "system.jobdisplayname" | "system.phasedisplayname" | "agent.jobname" => text(&job.display),
            "system.jobattempt" | "system.phaseattempt" => Some((job.earlier.len() + 1).to_string().into()),
            "system.jobid" => Some(job.record.to_string().into()),
            "system.planid" => Some(self.build.plan.to_string().into()),
            "system.timelineid" => Some(self.build.plan.to_string().into()),
            "agent.jobstatus" => text(word(self.job_status())),
            "agent.name" | "agent.machinename" => text("Hosted Agent"),
            "agent.id" => text("1"),
            "agent.os" => text("Linux"),
            "agent.osarchitecture" => text("X64"),
            _ => {
                let (system, position) = name.split_once('.')?;
                match (system, position, &job.leg) {
                    ("system", "jobpositioninphase", Leg::Slice(at, _)) => Some(at.to_string().into()),
                    ("system", "totaljobsinphase", Leg::Slice(_, of)) => Some(of.to_string().into()),
                    ("strategy", member, _) => self.strategy(member),
                    _ => self.folder(&name),
                }
            }
        }
    }

    /// Docs: what a deployment's hooks know of their strategy.
    fn strategy(&self, member: &str) -> Option<Cow<'a, str>> {
        let (s, j) = (self.s, self.j?);
        let deployment = self.build.job_plan(s, j)?.deployment.as_ref()?;
        let what = self.build.step(s, j, self.t)?.what;
        let (hook, _) = self.build.step_plan(s, j, what)?;
        match (member, what) {
            ("name", _) => Some(deployment.strategy.as_str().into()),
            ("action", _) => Some(hook?.into()),
            ("increment", What::Increment(_, n)) => {
                Some(deployment.increments.get(n as usize)?.as_str().into())
            }
            ("cyclename", What::Increment(..)) => Some("Iteration".into()),
            ("cyclename", _) => {
                Some(if hook? == "preDeploy" { "PreIteration" } else { "PostIteration" }.into())
            }
            _ => None,
        }
    }

    /// Docs: the agent's folders.
    fn folder(&self, name: &str) -> Option<Cow<'a, str>> {
        let below = match name {
            "agent.builddirectory" | "pipeline.workspace" => "",
            "build.sourcesdirectory" | "build.repository.localpath" | "system.defaultworkingdirectory" => {
                "/s"
            }
            "build.artifactstagingdirectory" | "build.stagingdirectory" | "system.artifactsdirectory" => "/a",
            "build.binariesdirectory" => "/b",
            "common.testresultsdirectory" => "/TestResults",
            "agent.tempdirectory" => "/../_temp",
            "agent.toolsdirectory" => "/../_tool",
            "agent.workfolder" => "/..",
            "agent.homedirectory" => "/../..",
            _ => return None,
        };
        let own = self.run()?.worked_out.get(FOLDER).map_or(WORK, String::as_str);
        let mut levels: Vec<&str> = own.split('/').collect();
        for part in below.split('/').filter(|part| !part.is_empty()) {
            if part == ".." {
                levels.pop();
            } else {
                levels.push(part);
            }
        }
        Some(levels.join("/").into())
    }

    /// How its job stands before the step.
    pub fn job_status(&self) -> RecordResult {
        let before = self.run().into_iter().flat_map(|job| job.steps.iter().take(self.t));
        let worst = before.filter_map(|step| step.life.result).max();
        worst.map_or(RecordResult::Succeeded, |worst| worst.max(RecordResult::Succeeded))
    }

    /// What a list of the YAML declares.
    fn declared(&self, variables: &'a [Variable], name: &str) -> Option<Found<'a>> {
        variables.iter().rev().find_map(|variable| match variable {
            Variable::Value { name: n, value, .. } => (n.eq_ignore_ascii_case(name)
                && runtime::inside(value).is_none())
            .then(|| Found::open(value.as_str())),
            Variable::Group(group) => self.build.groups.get(&group.to_lowercase())?.look(name),
        })
    }

    /// The variables of the entry of the matrix.
    fn of_leg(&self) -> &'a [(String, String)] {
        let Some(job) = self.run() else { return &[] };
        match &job.leg {
            Leg::Entry(n) => {
                let plan = self.j.and_then(|j| self.build.job_plan(self.s, j));
                plan.and_then(|plan| plan.strategy.legs().get(*n)).map_or(&[], |(_, variables)| variables)
            }
            Leg::WorkedOut(_, variables) => variables,
            Leg::Only | Leg::Slice(..) => &[],
        }
    }

    /// The variable that a step before this one set last.
    fn set_before(&self, name: &str) -> Option<&'a crate::store::Set> {
        let steps = self.run()?.steps.get(..self.t)?;
        let all = steps.iter().rev().flat_map(|step| step.set().iter().rev());
        all.into_iter().find(|set| set.name.eq_ignore_ascii_case(name))
    }

    /// All variables by name in lower case: names as written, values, and whether they are secret.
    pub fn all(&self) -> BTreeMap<String, (String, String, bool)> {
        let stage = self.build.stage_plan(self.s).map_or(&[][..], |stage| &stage.variables);
        let job = self.j.and_then(|j| self.build.job_plan(self.s, j));
        let own = job.map_or(&[][..], |job| &job.variables);
        let mut names: Vec<String> = self.build.known.all().map(|known| known.0.clone()).collect();
        for variable in stage.iter().chain(own) {
            match variable {
                Variable::Value { name, .. } => names.push(name.clone()),
                Variable::Group(group) => {
                    let group = self.build.groups.get(&group.to_lowercase());
                    names.extend(group.into_iter().flat_map(Variables::all).map(|known| known.0.clone()));
                }
            }
        }
        names.extend(self.of_leg().iter().map(|(name, _)| name.clone()));
        let steps = self.run().and_then(|job| job.steps.get(..self.t)).unwrap_or_default();
        names.extend(steps.iter().flat_map(|step| step.set()).map(|set| set.name.clone()));
        names.extend(PREDEFINED.iter().map(|name| (*name).to_owned()));
        let known = |name: String| {
            let found = self.look(&name)?;
            Some((name.to_lowercase(), (name, found.value.into_owned(), found.is_secret)))
        };
        names.into_iter().filter_map(known).collect()
    }
}

impl Lookup for Scope<'_> {
    fn look(&self, name: &str) -> Option<Found<'_>> {
        if let Some(value) = self.predefined(name) {
            return Some(Found { value, is_secret: false });
        }
        if name.eq_ignore_ascii_case("System.AccessToken") {
            // CHOICE: a token of its own for each run; any is accepted.
            let token = derived(self.build.plan, u64::MAX).simple().to_string();
            return Some(Found { value: token.into(), is_secret: true });
        }
        if let Some(set) = self.set_before(name) {
            return Some(Found { value: set.value.as_str().into(), is_secret: set.is_secret });
        }
        if let Some(value) = self.run().and_then(|job| job.worked_out.get(&name.to_lowercase())) {
            return Some(Found::open(value.as_str()));
        }
        if let Some((_, value)) = self.of_leg().iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            return Some(Found::open(value.as_str()));
        }
        let job = self.j.and_then(|j| self.build.job_plan(self.s, j));
        let own = job.and_then(|job| self.declared(&job.variables, name));
        own.or_else(|| self.declared(&self.build.stage_plan(self.s)?.variables, name))
            .or_else(|| self.build.known.look(name))
    }
}

/// A result, as expressions and variables see it.
pub fn word(result: RecordResult) -> &'static str {
    match result {
        RecordResult::Skipped => "Skipped",
        RecordResult::Succeeded => "Succeeded",
        RecordResult::SucceededWithIssues => "SucceededWithIssues",
        RecordResult::Abandoned => "Abandoned",
        RecordResult::Failed => "Failed",
        RecordResult::Canceled => "Canceled",
    }
}

/// The names of what the agent and the service tell.
const PREDEFINED: &[&str] = &[
    "System.StageName",
    "System.StageDisplayName",
    "System.StageAttempt",
    "System.JobName",
    "System.JobDisplayName",
    "System.JobAttempt",
    "System.JobId",
    "System.PhaseName",
    "System.PhaseDisplayName",
    "System.PhaseAttempt",
    "System.PlanId",
    "System.TimelineId",
    "System.JobPositionInPhase",
    "System.TotalJobsInPhase",
    "System.AccessToken",
    "Agent.JobName",
    "Agent.JobStatus",
    "Agent.Name",
    "Agent.MachineName",
    "Agent.Id",
    "Agent.OS",
    "Agent.OSArchitecture",
    "Agent.BuildDirectory",
    "Agent.TempDirectory",
    "Agent.ToolsDirectory",
    "Agent.WorkFolder",
    "Agent.HomeDirectory",
    "Pipeline.Workspace",
    "Build.SourcesDirectory",
    "Build.Repository.LocalPath",
    "Build.ArtifactStagingDirectory",
    "Build.StagingDirectory",
    "Build.BinariesDirectory",
    "Common.TestResultsDirectory",
    "System.DefaultWorkingDirectory",
    "System.ArtifactsDirectory",
    "Strategy.Name",
    "Strategy.Action",
    "Strategy.Increment",
    "Strategy.CycleName",
];
