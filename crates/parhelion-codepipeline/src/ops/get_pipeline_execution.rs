use crate::{
    domain::views,
    error::{Error, Result},
    shapes::{GetPipelineExecutionInput, GetPipelineExecutionOutput, PipelineExecution},
    store::CodePipelineStore,
};
use parhelion_state::{Query, View};

/// GetPipelineExecution: one execution, with what its sources found.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineExecution.html>
pub struct GetPipelineExecution;

impl Query for GetPipelineExecution {
    const NAME: &'static str = "GetPipelineExecution";
    type Store = CodePipelineStore;
    type Input = GetPipelineExecutionInput;
    type Output = GetPipelineExecutionOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: GetPipelineExecutionInput,
        _view: &View<'_>,
    ) -> Result<GetPipelineExecutionOutput> {
        let (id, line, _) = store.pipeline(&input.pipeline_name)?;
        let (_, execution, plan) = store.execution(id, &input.pipeline_name, &input.pipeline_execution_id)?;
        Ok(GetPipelineExecutionOutput {
            pipeline_execution: Some(PipelineExecution {
                pipeline_name: Some(line.name.clone()),
                pipeline_version: Some(execution.version),
                pipeline_execution_id: Some(execution.id.to_string()),
                status: Some(execution.status),
                status_summary: execution.summary.clone(),
                artifact_revisions: Some(views::artifact_revisions(plan, execution)),
                variables: Some(views::variables(execution)),
                trigger: Some(views::trigger(execution)),
                execution_mode: Some(views::mode(plan)),
                execution_type: Some(views::execution_type(execution)),
                rollback_metadata: views::rollback_metadata(execution),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;
    use crate::shapes::{PipelineExecutionStatus, TriggerType};

    fn get(bench: &Bench, name: &str, id: &str) -> Result<PipelineExecution> {
        let input =
            GetPipelineExecutionInput { pipeline_name: name.into(), pipeline_execution_id: id.into() };
        bench.ask::<GetPipelineExecution>(input).map(|output| output.pipeline_execution.unwrap())
    }

    #[test]
    fn it_shows_trigger_status_and_one_revision_for_each_source_artifact() {
        let bench = Bench::new();
        bench.pipeline("p");
        let id = bench.start("p");
        let execution = get(&bench, "p", &id.to_string()).unwrap();
        assert_eq!(execution.status, Some(PipelineExecutionStatus::Succeeded));
        assert_eq!(execution.trigger.unwrap().trigger_type, Some(TriggerType::StartPipelineExecution));
        let revisions = execution.artifact_revisions.unwrap();
        assert_eq!(revisions.len(), 1);
        assert_eq!(revisions[0].name.as_deref(), Some("SourceOut"));
        assert_eq!(revisions[0].revision_id.as_ref().unwrap().len(), 40);
        assert_eq!(execution.variables, Some(vec![]));
    }

    #[test]
    fn ids_of_other_pipelines_and_no_ids_are_not_found() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.pipeline("q");
        let id = bench.start("p").to_string();
        let code = |name: &str, id: &str| get(&bench, name, id).unwrap_err().code();
        assert_eq!(code("q", &id), "PipelineExecutionNotFoundException");
        assert_eq!(code("p", "00000000-0000-4000-8000-000000000000"), "PipelineExecutionNotFoundException");
        assert_eq!(code("r", &id), "PipelineNotFoundException");
    }
}
