use super::page_size;
use crate::{
    domain::{engine::records::Execution, views},
    error::{Error, Invalid, Result},
    shapes::{ListPipelineExecutionsInput, ListPipelineExecutionsOutput, PipelineExecutionSummary},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};

/// ListPipelineExecutions: a pipeline's executions, the newest first.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html>
pub struct ListPipelineExecutions;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 100;

impl Query for ListPipelineExecutions {
    const NAME: &'static str = "ListPipelineExecutions";
    type Store = CodePipelineStore;
    type Input = ListPipelineExecutionsInput;
    type Output = ListPipelineExecutionsOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListPipelineExecutionsInput,
        _view: &View<'_>,
    ) -> Result<ListPipelineExecutionsOutput> {
        let (id, line, present) = store.pipeline(&input.pipeline_name)?;
        let filter = input.filter.and_then(|f| f.succeeded_in_stage).and_then(|f| f.stage_name);
        let in_stage = match &filter {
            None => None,
            Some(name) => {
                let place = present.declaration.stages.iter().position(|stage| stage.name == *name);
                // CHOICE: a stage that the pipeline does not have is a mistake, not an empty list.
                Some(place.ok_or_else(|| Invalid::UnknownStage {
                    pipeline: line.name.clone(),
                    stage: name.clone(),
                })?)
            }
        };
        let number = id.0.to_string();
        let arguments = [number.as_str(), filter.as_deref().unwrap_or("")];
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &arguments };
        let before = super::before(&question, input.next_token.as_deref())?;

        // Docs: the filter looks at executions of the present version only.
        let wanted =
            |execution: &Execution| in_stage.is_none_or(|stage| views::succeeded_in(execution, stage));
        // Executions of older versions come after all those of the present one.
        let all = store.engine.executions_of(id, before);
        let all = all.take_while(|(_, e)| in_stage.is_none() || e.version == line.version);
        let mut found = all.filter(|(_, e)| wanted(e));
        let page: Vec<_> = found.by_ref().take(page_size(input.max_results, PAGE)).collect();
        let next_token = found.next().and(page.last()).map(|(last, _)| question.token(&last.to_string()));
        let summaries = page.into_iter().map(|(_, execution)| PipelineExecutionSummary {
            pipeline_execution_id: Some(execution.id.to_string()),
            status: Some(execution.status),
            status_summary: execution.summary.clone(),
            start_time: Some(execution.started.into()),
            last_update_time: Some(execution.updated.into()),
            source_revisions: Some(views::source_revisions(execution)),
            trigger: Some(views::trigger(execution)),
            stop_trigger: views::stop_trigger(execution),
            execution_mode: store.engine.plan_of(id, execution).map(views::mode),
            execution_type: Some(views::execution_type(execution)),
            rollback_metadata: views::rollback_metadata(execution),
        });
        Ok(ListPipelineExecutionsOutput {
            pipeline_execution_summaries: Some(summaries.collect()),
            next_token,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_approval};
    use crate::shapes::{PipelineExecutionFilter, SucceededInStageFilter};

    fn list(
        bench: &Bench,
        change: impl FnOnce(&mut ListPipelineExecutionsInput),
    ) -> Result<ListPipelineExecutionsOutput> {
        let mut input = ListPipelineExecutionsInput { pipeline_name: "p".into(), ..Default::default() };
        change(&mut input);
        bench.ask::<ListPipelineExecutions>(input)
    }
    fn ids(output: &ListPipelineExecutionsOutput) -> Vec<String> {
        let all = output.pipeline_execution_summaries.iter().flatten();
        all.filter_map(|e| e.pipeline_execution_id.clone()).collect()
    }
    fn succeeded_in(stage: &str) -> Option<PipelineExecutionFilter> {
        let in_stage = SucceededInStageFilter { stage_name: Some(stage.into()) };
        Some(PipelineExecutionFilter { succeeded_in_stage: Some(in_stage) })
    }

    #[test]
    fn pages_go_from_the_newest_to_the_oldest() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.start("p");
        bench.start("p");
        let mut all: Vec<String> = bench.executions("p").iter().map(ToString::to_string).collect();
        all.reverse();
        let first = list(&bench, |input| input.max_results = Some(2)).unwrap();
        assert_eq!(ids(&first), all[..2]);
        // A newer execution does not shift the pages.
        bench.start("p");
        let second = list(&bench, |input| input.next_token = first.next_token.clone()).unwrap();
        assert_eq!((ids(&second), second.next_token), (all[2..].to_vec(), None));
    }

    #[test]
    fn a_token_belongs_to_its_question() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.start("p");
        let token = list(&bench, |input| input.max_results = Some(1)).unwrap().next_token;
        let other_filter = list(&bench, |input| {
            input.next_token = token.clone();
            input.filter = succeeded_in("Source");
        });
        assert_eq!(other_filter.unwrap_err(), Error::InvalidNextToken);
        bench.pipeline("q");
        let other_pipeline = list(&bench, |input| {
            input.next_token = token;
            input.pipeline_name = "q".into();
        });
        assert_eq!(other_pipeline.unwrap_err(), Error::InvalidNextToken);
    }

    #[test]
    fn the_filter_keeps_what_succeeded_in_a_stage_in_the_present_version() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let only = |stage: &str| list(&bench, |input| input.filter = succeeded_in(stage));
        assert_eq!(ids(&only("Source").unwrap()).len(), 1);
        assert!(ids(&only("Approve").unwrap()).is_empty());
        assert_eq!(only("Nowhere").unwrap_err().code(), "ValidationException");
        bench.update("p", |_| ());
        assert!(ids(&only("Source").unwrap()).is_empty());
    }

    #[test]
    fn a_summary_shows_revisions_and_trigger() {
        let bench = Bench::new();
        bench.pipeline("p");
        let output = list(&bench, |_| ()).unwrap();
        let summary = &output.pipeline_execution_summaries.unwrap()[0];
        let revisions = summary.source_revisions.as_ref().unwrap();
        assert_eq!((revisions.len(), revisions[0].action_name.as_str()), (1, "Pull"));
        assert_eq!(summary.execution_mode, Some(crate::shapes::ExecutionMode::Superseded));
    }
}
