use super::page_size;
use crate::{
    domain::{deploy_targets, engine::records::RunId},
    error::{Error, Result, Work},
    shapes::{
        DeployActionExecutionTarget, ListDeployActionExecutionTargetsInput,
        ListDeployActionExecutionTargetsOutput,
    },
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};

/// ListDeployActionExecutionTargets: what a deployment to instances was deployed to.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListDeployActionExecutionTargets.html>
pub struct ListDeployActionExecutionTargets;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 100;

impl Query for ListDeployActionExecutionTargets {
    const NAME: &'static str = "ListDeployActionExecutionTargets";
    type Store = CodePipelineStore;
    type Input = ListDeployActionExecutionTargetsInput;
    type Output = ListDeployActionExecutionTargetsOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListDeployActionExecutionTargetsInput,
        _view: &View<'_>,
    ) -> Result<ListDeployActionExecutionTargetsOutput> {
        let id = input.action_execution_id;
        let wanted = id.parse::<RunId>().ok();
        // CHOICE: without the pipeline's name, the run is looked for in all of them.
        let run = match &input.pipeline_name {
            Some(name) => {
                let (line, ..) = store.pipeline(name)?;
                store.engine.runs_of(line, u64::MAX).map(|(_, run)| run).find(|run| Some(run.id) == wanted)
            }
            None => store.engine.runs.values().map(|run| &**run).find(|run| Some(run.id) == wanted),
        };
        let run = run.ok_or_else(|| Work::ActionExecutionNotFound { id: id.clone() })?;

        let mut statuses: Vec<String> =
            input.filters.into_iter().flatten().flat_map(|f| f.values).flatten().collect();
        statuses.sort();
        let filter = statuses.join("\n");
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &[&id, &filter] };
        let skip: usize = match &input.next_token {
            None => 0,
            Some(token) => question.position(token)?.parse().map_err(|_| Error::InvalidNextToken)?,
        };
        let mut all: Vec<DeployActionExecutionTarget> = deploy_targets::of(run);
        let is_wanted = |target: &DeployActionExecutionTarget| {
            let status = target.status.as_deref().unwrap_or_default();
            // CHOICE: several filters and values are alternatives, in any case of letters.
            statuses.is_empty() || statuses.iter().any(|wanted| wanted.eq_ignore_ascii_case(status))
        };
        all.retain(is_wanted);
        all.sort_by(|a, b| a.target_id.cmp(&b.target_id));
        let size = page_size(input.max_results, PAGE);
        let more = all.len() > skip.saturating_add(size);
        let page: Vec<_> = all.into_iter().skip(skip).take(size).collect();
        let next_token = more.then(|| question.token(&skip.saturating_add(size).to_string()));
        Ok(ListDeployActionExecutionTargetsOutput { targets: Some(page), next_token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, declaration};
    use crate::shapes::{TargetFilter, TargetFilterName};
    use serde_json::json;

    fn list(
        bench: &Bench,
        id: &str,
        change: impl FnOnce(&mut ListDeployActionExecutionTargetsInput),
    ) -> Result<ListDeployActionExecutionTargetsOutput> {
        let mut input = ListDeployActionExecutionTargetsInput {
            pipeline_name: Some("p".into()),
            action_execution_id: id.into(),
            ..Default::default()
        };
        change(&mut input);
        bench.ask::<ListDeployActionExecutionTargets>(input)
    }
    fn names(output: ListDeployActionExecutionTargetsOutput) -> Vec<String> {
        output.targets.unwrap().into_iter().filter_map(|target| target.target_id).collect()
    }

    #[test]
    fn scripted_targets_are_listed_by_id() {
        let bench = Bench::new();
        let target = |id: &str, status: &str| {
            json!({"targetId": id, "targetType": "INSTANCE", "status": status, "startTime": "2026-01-31T12:00:00Z",
                "events": [{"name": "BEFORE-DEPLOY", "status": "Succeeded", "context": {"message": "m"}}]})
        };
        let targets = [target("i-3", "Failed"), target("i-1", "Succeeded"), target("i-2", "Succeeded")];
        bench.behaviour("b", &[("action", "Compile")], "succeed", json!({"deployTargets": targets}));
        bench.create(declaration("p"));
        let [source, deploy] = bench.look(|store| {
            let mut runs: Vec<_> =
                store.engine.runs.values().map(|run| (run.stage, run.id.to_string())).collect();
            runs.sort();
            [runs[0].1.clone(), runs[1].1.clone()]
        });
        let all = list(&bench, &deploy, |_| ()).unwrap();
        let first = &all.targets.as_ref().unwrap()[0];
        assert_eq!(
            first.start_time,
            Some("2026-01-31T12:00:00Z".parse::<parhelion_core::Timestamp>().unwrap().into())
        );
        assert_eq!(first.events.as_ref().unwrap()[0].context.as_ref().unwrap().message.as_deref(), Some("m"));
        assert_eq!(names(all), ["i-1", "i-2", "i-3"]);
        let page = list(&bench, &deploy, |input| input.max_results = Some(2)).unwrap();
        let token = page.next_token.clone();
        assert_eq!(names(page), ["i-1", "i-2"]);
        let rest = list(&bench, &deploy, |input| input.next_token = token.clone()).unwrap();
        assert_eq!((rest.next_token.clone(), names(rest)), (None, vec!["i-3".to_owned()]));
        assert_eq!(
            list(&bench, &source, |input| input.next_token = token).unwrap_err(),
            Error::InvalidNextToken
        );
        let filter =
            TargetFilter { name: Some(TargetFilterName::TargetStatus), values: Some(vec!["Failed".into()]) };
        assert_eq!(
            names(list(&bench, &deploy, |input| input.filters = Some(vec![filter])).unwrap()),
            ["i-3"]
        );
        assert!(names(list(&bench, &source, |input| input.pipeline_name = None).unwrap()).is_empty());
    }

    #[test]
    fn an_unknown_run_is_named() {
        let bench = Bench::new();
        bench.pipeline("p");
        let nobody = "00000000-0000-4000-8000-000000000000";
        assert_eq!(list(&bench, nobody, |_| ()).unwrap_err().code(), "ActionExecutionNotFoundException");
        let nowhere = list(&bench, nobody, |input| input.pipeline_name = Some("q".into()));
        assert_eq!(nowhere.unwrap_err().code(), "PipelineNotFoundException");
    }
}
