use super::page_size;
use crate::{
    domain::views,
    error::{Error, Result},
    shapes::{ListPipelinesInput, ListPipelinesOutput, PipelineSummary},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};
use std::ops::Bound;

/// ListPipelines: the pipelines by name.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelines.html>
pub struct ListPipelines;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 1000;

impl Query for ListPipelines {
    const NAME: &'static str = "ListPipelines";
    type Store = CodePipelineStore;
    type Input = ListPipelinesInput;
    type Output = ListPipelinesOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListPipelinesInput,
        _view: &View<'_>,
    ) -> Result<ListPipelinesOutput> {
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &[] };
        let after = input.next_token.map(|token| question.position(&token)).transpose()?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut names = store.engine.names.range((from, Bound::Unbounded));
        let page: Vec<&String> =
            names.by_ref().map(|(name, _)| name).take(page_size(input.max_results, PAGE)).collect();
        let next_token = names.next().and(page.last()).map(|last| question.token(last));
        let pipelines = page.into_iter().filter_map(|name| {
            let (_, line, plan) = store.pipeline(name).ok()?;
            Some(PipelineSummary {
                name: Some(name.clone()),
                version: Some(line.version),
                pipeline_type: plan.declaration.pipeline_type,
                execution_mode: Some(views::mode(plan)),
                created: Some(line.created.into()),
                updated: Some(line.updated.into()),
            })
        });
        Ok(ListPipelinesOutput { pipelines: Some(pipelines.collect()), next_token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;

    #[test]
    fn pages_go_by_name() {
        let bench = Bench::new();
        for name in ["c", "a", "b"] {
            bench.pipeline(name);
        }
        let list = |next_token, max_results| {
            bench.ask::<ListPipelines>(ListPipelinesInput { next_token, max_results })
        };
        let names = |output: &ListPipelinesOutput| -> Vec<String> {
            output.pipelines.iter().flatten().filter_map(|p| p.name.clone()).collect()
        };
        let first = list(None, Some(2)).unwrap();
        assert_eq!(names(&first), ["a", "b"]);
        let second = list(first.next_token.clone(), Some(2)).unwrap();
        assert_eq!((names(&second), second.next_token), (vec!["c".to_owned()], None));
        assert_eq!(list(Some("x".into()), None).unwrap_err().code(), "InvalidNextTokenException");
    }

    #[test]
    fn an_empty_list_is_a_list() {
        let output = Bench::new().ask::<ListPipelines>(ListPipelinesInput::default()).unwrap();
        assert_eq!(output, ListPipelinesOutput { pipelines: Some(vec![]), next_token: None });
    }
}
