use super::{Runs, page_size};
use crate::{
    domain::{
        engine::records::{Execution, LineId, Run},
        views,
    },
    error::{Error, Result},
    shapes::{ListActionExecutionsInput, ListActionExecutionsOutput, StartTimeRange},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};

/// ListActionExecutions: the runs of a pipeline's actions, the newest first.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html>
pub struct ListActionExecutions;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 100;

impl Query for ListActionExecutions {
    const NAME: &'static str = "ListActionExecutions";
    type Store = CodePipelineStore;
    type Input = ListActionExecutionsInput;
    type Output = ListActionExecutionsOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListActionExecutionsInput,
        _view: &View<'_>,
    ) -> Result<ListActionExecutionsOutput> {
        let (id, _, _) = store.pipeline(&input.pipeline_name)?;
        let filter = input.filter.unwrap_or_default();
        let wanted = Runs::of(filter.pipeline_execution_id, filter.latest_in_pipeline_execution)?;
        let number = id.0.to_string();
        let arguments = [number.as_str(), wanted.execution.as_deref().unwrap_or(""), wanted.range.as_str()];
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &arguments };
        let before = super::before(&question, input.next_token.as_deref())?;

        let mut runs: Box<dyn Iterator<Item = (u64, &Run)>> = match &wanted.execution {
            None => Box::new(store.engine.runs_of(id, before)),
            Some(of) => {
                let (_, execution, _) = store.execution(id, &input.pipeline_name, of)?;
                Box::new(runs_in(store, id, execution, wanted.range, before))
            }
        };
        let page: Vec<(u64, &Run)> = runs.by_ref().take(page_size(input.max_results, PAGE)).collect();
        let next_token = runs.next().and(page.last()).map(|(last, _)| question.token(&last.to_string()));
        let mut plans = views::MaskedPlans::new(&store.engine, id);
        let details = page.into_iter().filter_map(|(_, run)| {
            let execution = store.engine.executions.get(&(id, run.execution))?;
            let (plan, masked) = plans.of(execution)?;
            Some(views::action_detail(&store.engine, id, plan, masked, execution, run))
        });
        Ok(ListActionExecutionsOutput { action_execution_details: Some(details.collect()), next_token })
    }
}

/// The runs of one execution: all, or the newest of each action.
fn runs_in<'a>(
    store: &'a CodePipelineStore,
    line: LineId,
    execution: &Execution,
    range: StartTimeRange,
    before: u64,
) -> impl Iterator<Item = (u64, &'a Run)> {
    let mut numbers: Vec<u64> = match range {
        StartTimeRange::All => execution.stages.iter().flat_map(|s| s.runs.iter().map(|(_, n)| *n)).collect(),
        StartTimeRange::Latest => {
            execution.stages.iter().flat_map(|stage| stage.newest_runs().into_values()).collect()
        }
    };
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers
        .into_iter()
        .filter(move |n| *n < before)
        .filter_map(move |n| Some((n, &**store.engine.runs.get(&(line, n))?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_job};
    use crate::shapes::{
        ActionExecutionDetail, ActionExecutionFilter, ActionExecutionStatus, LatestInPipelineExecutionFilter,
    };

    fn list(
        bench: &Bench,
        change: impl FnOnce(&mut ListActionExecutionsInput),
    ) -> Result<ListActionExecutionsOutput> {
        let mut input = ListActionExecutionsInput { pipeline_name: "p".into(), ..Default::default() };
        change(&mut input);
        bench.ask::<ListActionExecutions>(input)
    }
    fn details(output: Result<ListActionExecutionsOutput>) -> Vec<ActionExecutionDetail> {
        output.unwrap().action_execution_details.unwrap()
    }
    fn names(details: &[ActionExecutionDetail]) -> Vec<&str> {
        details.iter().filter_map(|d| d.action_name.as_deref()).collect()
    }

    #[test]
    fn a_detail_shows_input_and_output_without_secrets() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let all = details(list(&bench, |_| ()));
        assert_eq!(names(&all), ["Work", "Pull"]);
        let source = &all[1];
        assert_eq!(source.status, Some(ActionExecutionStatus::Succeeded));
        let input = source.input.as_ref().unwrap();
        assert_eq!(input.configuration.as_ref().unwrap()["OAuthToken"], "****");
        assert_eq!((input.region.as_deref(), source.pipeline_version), (Some("us-east-1"), Some(1)));
        let output = source.output.as_ref().unwrap();
        assert_eq!(output.output_variables.as_ref().unwrap()["BranchName"], "main");
        let made = output.output_artifacts.as_ref().unwrap()[0].s3location.clone().unwrap();
        let given =
            all[0].input.as_ref().unwrap().input_artifacts.as_ref().unwrap()[0].s3location.clone().unwrap();
        assert_eq!((made.bucket.as_deref(), &given), (Some("artifacts"), &made));
        assert!(
            made.key.as_ref().unwrap().starts_with("p/SourceOut/") && made.key.unwrap().ends_with(".zip")
        );
        assert!(all[0].output.as_ref().unwrap().output_artifacts.as_ref().unwrap().is_empty());
    }

    #[test]
    fn filters_choose_an_execution() {
        let bench = Bench::new();
        bench.pipeline("p");
        let second = bench.start("p").to_string();
        assert_eq!(details(list(&bench, |_| ())).len(), 4);
        let only = ActionExecutionFilter {
            pipeline_execution_id: Some(second.clone()),
            latest_in_pipeline_execution: None,
        };
        let of_second = details(list(&bench, |input| input.filter = Some(only.clone())));
        assert_eq!(names(&of_second), ["Compile", "Pull"]);
        let latest = LatestInPipelineExecutionFilter {
            pipeline_execution_id: second.clone(),
            start_time_range: StartTimeRange::Latest,
        };
        let filter = ActionExecutionFilter {
            pipeline_execution_id: None,
            latest_in_pipeline_execution: Some(latest.clone()),
        };
        assert_eq!(details(list(&bench, |input| input.filter = Some(filter))), of_second);
        let both = ActionExecutionFilter { latest_in_pipeline_execution: Some(latest), ..only };
        assert_eq!(
            list(&bench, |input| input.filter = Some(both)).unwrap_err().code(),
            "ValidationException"
        );
        let nobody = "00000000-0000-4000-8000-000000000000".to_owned();
        let nobody =
            ActionExecutionFilter { pipeline_execution_id: Some(nobody), latest_in_pipeline_execution: None };
        let refused = list(&bench, |input| input.filter = Some(nobody)).unwrap_err();
        assert_eq!(refused.code(), "PipelineExecutionNotFoundException");
    }

    #[test]
    fn pages_follow_each_other() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.start("p");
        let all = details(list(&bench, |_| ()));
        let (mut paged, mut token) = (Vec::new(), None);
        loop {
            let page = list(&bench, |input| {
                input.max_results = Some(3);
                input.next_token = token.take();
            })
            .unwrap();
            token = page.next_token.clone();
            paged.extend(details(Ok(page)));
            if token.is_none() {
                break;
            }
        }
        assert_eq!(paged, all);
        assert_eq!(
            list(&bench, |input| input.next_token = Some("x".into())).unwrap_err(),
            Error::InvalidNextToken
        );
    }
}
