use crate::{
    domain::views,
    error::{Error, Result},
    shapes::{GetPipelineStateInput, GetPipelineStateOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Query, View};

/// GetPipelineState: each stage with the execution that entered it last, and what waits in front of it.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html>
pub struct GetPipelineState;

impl Query for GetPipelineState {
    const NAME: &'static str = "GetPipelineState";
    type Store = CodePipelineStore;
    type Input = GetPipelineStateInput;
    type Output = GetPipelineStateOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: GetPipelineStateInput,
        _view: &View<'_>,
    ) -> Result<GetPipelineStateOutput> {
        let (id, line, plan) = store.pipeline(&input.name)?;
        let stages = 0..plan.declaration.stages.len();
        Ok(GetPipelineStateOutput {
            pipeline_name: Some(line.name.clone()),
            pipeline_version: Some(line.version),
            stage_states: Some(
                stages.filter_map(|s| views::stage_state(&store.engine, id, plan, s)).collect(),
            ),
            created: Some(line.created.into()),
            updated: Some(line.updated.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, check_rule, declaration, with_approval, with_job};
    use crate::shapes::{
        ActionExecutionStatus, BeforeEntryConditions, Condition, RuleExecutionStatus, StageExecutionStatus,
        StageState,
    };

    fn stages(bench: &Bench) -> Vec<StageState> {
        let output = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        output.stage_states.unwrap()
    }

    #[test]
    fn each_stage_shows_the_execution_that_entered_it_last() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let [first] = bench.executions("p")[..] else { panic!("one execution") };
        let second = bench.start("p");
        let stages = stages(&bench);
        let latest = |stage: usize| stages[stage].latest_execution.clone().unwrap();
        assert_eq!(
            (latest(0).pipeline_execution_id, latest(0).status),
            (second.to_string(), StageExecutionStatus::Succeeded)
        );
        assert_eq!(
            (latest(1).pipeline_execution_id, latest(1).status),
            (first.to_string(), StageExecutionStatus::InProgress)
        );
        assert_eq!(stages[1].inbound_execution.as_ref().unwrap().pipeline_execution_id, second.to_string());
        assert!(stages.iter().all(|s| s.inbound_transition_state.as_ref().unwrap().enabled == Some(true)));
    }

    #[test]
    fn an_approval_shows_its_token_while_it_waits() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let approval = |bench: &Bench| {
            stages(bench)[1].action_states.as_ref().unwrap()[0].latest_execution.clone().unwrap()
        };
        let waiting = approval(&bench);
        assert_eq!(waiting.status, Some(ActionExecutionStatus::InProgress));
        assert!(waiting.token.unwrap().parse::<uuid::Uuid>().is_ok());
        bench.advance(chrono::TimeDelta::days(8));
        let expired = approval(&bench);
        assert_eq!((expired.status, expired.token), (Some(ActionExecutionStatus::Failed), None));
        assert_eq!(expired.error_details.unwrap().code.as_deref(), Some("Timeout"));
    }

    #[test]
    fn a_source_shows_its_revision_and_an_action_that_never_ran_shows_nothing() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let stages = stages(&bench);
        let source = &stages[0].action_states.as_ref().unwrap()[0];
        let revision = source.current_revision.clone().unwrap();
        assert_eq!(
            revision.revision_id,
            source.latest_execution.as_ref().unwrap().external_execution_id.clone().unwrap()
        );
        assert_eq!(source.entity_url.as_deref(), Some("https://github.com/octo/hello/tree/main"));
        assert!(source.revision_url.as_ref().unwrap().ends_with(&revision.revision_id));
        let last = stages.last().unwrap();
        assert_eq!(last.action_states.as_ref().unwrap()[0].latest_execution, None);
        assert_eq!(last.latest_execution, None);
    }

    #[test]
    fn news_of_a_job_that_goes_on_change_no_status() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let changed = |bench: &Bench| {
            let job = stages(bench)[1].action_states.as_ref().unwrap()[0].latest_execution.clone().unwrap();
            job.last_status_change.unwrap().instant()
        };
        let begun = changed(&bench);
        bench.advance(chrono::TimeDelta::hours(1));
        let job = bench.poll();
        bench.acknowledge(&job);
        bench.go_on_later(&job);
        assert_eq!(changed(&bench), begun);
        let job = bench.poll();
        bench.acknowledge(&job);
        bench.succeed(&job);
        assert_eq!(changed(&bench), begun + chrono::TimeDelta::hours(1));
    }

    #[test]
    fn a_rule_shows_its_own_runs_whatever_was_declared_since() {
        let bench = Bench::new();
        let mut pipeline = declaration("p");
        let rules = |names: &[&str]| {
            let rules = names.iter().map(|name| check_rule(name, name, "Yes")).collect();
            let condition = Condition { rules: Some(rules), ..Condition::default() };
            Some(Box::new(BeforeEntryConditions { conditions: vec![condition] }))
        };
        pipeline.stages[1].before_entry = rules(&["No", "Yes"]);
        bench.create(pipeline);
        bench.update("p", |pipeline| pipeline.stages[1].before_entry = rules(&["New", "Yes", "No"]));
        let state = stages(&bench)[1].before_entry_condition_state.clone().unwrap();
        let states = state.condition_states.unwrap()[0].rule_states.clone().unwrap();
        let shown = states
            .into_iter()
            .map(|rule| (rule.rule_name.unwrap(), rule.latest_execution.and_then(|e| e.status)));
        let expected = [
            ("New".to_owned(), None),
            ("Yes".to_owned(), Some(RuleExecutionStatus::Succeeded)),
            ("No".to_owned(), Some(RuleExecutionStatus::Failed)),
        ];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_missing_pipeline_is_named() {
        let refused =
            Bench::new().ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap_err();
        assert_eq!(refused.code(), "PipelineNotFoundException");
    }
}
