use super::{Runs, page_size};
use crate::{
    domain::{
        engine::records::{Execution, LineId, RuleRun},
        views,
    },
    error::{Error, Result},
    shapes::{ListRuleExecutionsInput, ListRuleExecutionsOutput, StartTimeRange},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};
use std::collections::BTreeMap;

/// ListRuleExecutions: the runs of the rules of a pipeline's conditions, the newest first.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListRuleExecutions.html>
pub struct ListRuleExecutions;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 100;

impl Query for ListRuleExecutions {
    const NAME: &'static str = "ListRuleExecutions";
    type Store = CodePipelineStore;
    type Input = ListRuleExecutionsInput;
    type Output = ListRuleExecutionsOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListRuleExecutionsInput,
        _view: &View<'_>,
    ) -> Result<ListRuleExecutionsOutput> {
        let (id, _, _) = store.pipeline(&input.pipeline_name)?;
        let filter = input.filter.unwrap_or_default();
        let wanted = Runs::of(filter.pipeline_execution_id, filter.latest_in_pipeline_execution)?;
        let number = id.0.to_string();
        let arguments = [number.as_str(), wanted.execution.as_deref().unwrap_or(""), wanted.range.as_str()];
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &arguments };
        let before = super::before(&question, input.next_token.as_deref())?;

        let mut runs: Box<dyn Iterator<Item = (u64, &RuleRun)>> = match &wanted.execution {
            None => Box::new(store.engine.rules_of(id, before)),
            Some(of) => {
                let (_, execution, _) = store.execution(id, &input.pipeline_name, of)?;
                Box::new(runs_in(store, id, execution, wanted.range, before))
            }
        };
        let page: Vec<(u64, &RuleRun)> = runs.by_ref().take(page_size(input.max_results, PAGE)).collect();
        let next_token = runs.next().and(page.last()).map(|(last, _)| question.token(&last.to_string()));
        let details = page.into_iter().filter_map(|(_, run)| {
            let execution = store.engine.executions.get(&(id, run.execution))?;
            let plan = store.engine.plan_of(id, execution)?;
            views::rule_detail(&store.engine, id, plan, execution, run)
        });
        Ok(ListRuleExecutionsOutput { rule_execution_details: Some(details.collect()), next_token })
    }
}

/// The runs of one execution: all, or the newest of each rule.
fn runs_in<'a>(
    store: &'a CodePipelineStore,
    line: LineId,
    execution: &Execution,
    range: StartTimeRange,
    before: u64,
) -> impl Iterator<Item = (u64, &'a RuleRun)> {
    let conditions = execution.stages.iter().flat_map(|stage| {
        let conditions = stage.more.iter().flat_map(|more| &more.conditions);
        conditions.map(move |condition| (stage.stage, condition))
    });
    let all = conditions.flat_map(|(stage, condition)| {
        let rules = condition.rules.iter().enumerate();
        rules.map(move |(rule, number)| ((stage, condition.phase, rule), *number))
    });
    let mut numbers: Vec<u64> = match range {
        StartTimeRange::All => all.map(|(_, number)| number).collect(),
        StartTimeRange::Latest => all.collect::<BTreeMap<_, _>>().into_values().collect(),
    };
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers
        .into_iter()
        .filter(move |n| *n < before)
        .filter_map(move |n| Some((n, &**store.engine.rules.get(&(line, n))?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::RetryStageExecution;
    use crate::ops::testing::{Bench, check_rule, declaration};
    use crate::shapes::{
        BeforeEntryConditions, Condition, LatestInPipelineExecutionFilter, RetryStageExecutionInput,
        RuleExecutionDetail, RuleExecutionFilter, RuleExecutionStatus, StageRetryMode,
    };

    fn list(
        bench: &Bench,
        change: impl FnOnce(&mut ListRuleExecutionsInput),
    ) -> Result<ListRuleExecutionsOutput> {
        let mut input = ListRuleExecutionsInput { pipeline_name: "p".into(), ..Default::default() };
        change(&mut input);
        bench.ask::<ListRuleExecutions>(input)
    }
    fn details(output: Result<ListRuleExecutionsOutput>) -> Vec<RuleExecutionDetail> {
        output.unwrap().rule_execution_details.unwrap()
    }
    /// A build with two rules before its entry, one of which never holds.
    fn bench() -> Bench {
        let bench = Bench::new();
        let mut pipeline = declaration("p");
        let rules = vec![
            check_rule("Same", "#{codepipeline.PipelineExecutionId}", "x"),
            check_rule("Fine", "a", "a"),
        ];
        let conditions = vec![Condition { result: None, rules: Some(rules) }];
        pipeline.stages[1].before_entry = Some(Box::new(BeforeEntryConditions { conditions }));
        bench.create(pipeline);
        bench
    }

    #[test]
    fn a_detail_shows_what_was_asked_and_what_was_found() {
        let bench = bench();
        let id = bench.executions("p")[0].to_string();
        let all = details(list(&bench, |_| ()));
        let names: Vec<_> = all.iter().filter_map(|d| d.rule_name.as_deref()).collect();
        assert_eq!(names, ["Fine", "Same"]);
        assert_eq!(all[0].status, Some(RuleExecutionStatus::Succeeded));
        let same = &all[1];
        assert_eq!(same.status, Some(RuleExecutionStatus::Failed));
        assert_eq!((same.stage_name.as_deref(), same.pipeline_version), (Some("Build"), Some(1)));
        let input = same.input.clone().unwrap();
        assert_eq!(input.configuration.unwrap()["Variable"], "#{codepipeline.PipelineExecutionId}");
        assert_eq!(input.resolved_configuration.unwrap()["Variable"], id);
        assert!(same.rule_execution_id.as_ref().unwrap().parse::<uuid::Uuid>().is_ok());
    }

    #[test]
    fn filters_and_pages_choose() {
        let bench = bench();
        let id = bench.executions("p")[0].to_string();
        let input = RetryStageExecutionInput {
            pipeline_name: "p".into(),
            stage_name: "Build".into(),
            pipeline_execution_id: id.clone(),
            retry_mode: StageRetryMode::AllActions,
        };
        bench.run::<RetryStageExecution>(input).unwrap();
        let all = details(list(&bench, |_| ()));
        assert_eq!(all.len(), 4);
        let latest = |range| RuleExecutionFilter {
            latest_in_pipeline_execution: Some(LatestInPipelineExecutionFilter {
                pipeline_execution_id: id.clone(),
                start_time_range: range,
            }),
            ..Default::default()
        };
        let of = |range| details(list(&bench, |input| input.filter = Some(latest(range))));
        assert_eq!(of(StartTimeRange::All), all);
        assert_eq!(of(StartTimeRange::Latest), all[..2]);
        let first = list(&bench, |input| input.max_results = Some(3)).unwrap();
        let token = first.next_token.clone();
        assert_eq!(details(Ok(first)), all[..3]);
        let foreign = list(&bench, |input| {
            input.next_token = token.clone();
            input.filter = Some(latest(StartTimeRange::All));
        });
        assert_eq!(foreign.unwrap_err(), Error::InvalidNextToken);
        assert_eq!(details(list(&bench, |input| input.next_token = token)), all[3..]);
        let nobody = Some("00000000-0000-4000-8000-000000000000".to_owned());
        let filter = RuleExecutionFilter { pipeline_execution_id: nobody, ..Default::default() };
        let refused = list(&bench, |input| input.filter = Some(filter)).unwrap_err();
        assert_eq!(refused.code(), "PipelineExecutionNotFoundException");
    }
}
