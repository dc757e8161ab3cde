use crate::{
    domain::engine::{Input, Rollback, records::ExecutionId, rollbacks::NotRollable},
    error::{Error, Flow, Result},
    shapes::{RollbackStageInput, RollbackStageOutput, TriggerType},
    store::CodePipelineStore,
};
use parhelion_core::Cause;
use parhelion_state::{Operation, Tx};

/// RollbackStage: starts an execution that runs a stage with what an earlier execution had there.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RollbackStage.html>
pub struct RollbackStage;

impl Operation for RollbackStage {
    const NAME: &'static str = "RollbackStage";
    type Store = CodePipelineStore;
    type Input = RollbackStageInput;
    type Output = RollbackStageOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: RollbackStageInput,
        tx: &mut Tx<'_>,
    ) -> Result<RollbackStageOutput> {
        let RollbackStageInput { pipeline_name, stage_name, target_pipeline_execution_id: target } = input;
        let (line, _, stage) = store.stage(&pipeline_name, &stage_name)?;
        let (number, ..) = store.execution(line, &pipeline_name, &target)?;
        store.engine.rollable(line, stage, number).map_err(|why| match why {
            NotRollable::Outdated => Flow::Outdated { id: target.clone() },
            NotRollable::Unable(why) => Flow::NotRollable { stage: stage_name.clone(), why },
        })?;
        let id = ExecutionId(tx.uuid("execution"));
        let rollback = Rollback {
            line,
            id,
            stage,
            target: number,
            trigger: TriggerType::ManualRollback,
            // Docs: the caller's ARN.
            trigger_detail: store.place.caller_arn(),
            cause: Cause::Call,
        };
        store.step(Input::Rollback(Box::new(rollback)), tx);
        Ok(RollbackStageOutput { pipeline_execution_id: id.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_job};
    use crate::ops::{GetPipelineExecution, ListActionExecutions};
    use crate::shapes::{
        ActionExecutionFilter, ExecutionMode, ExecutionType, GetPipelineExecutionInput,
        ListActionExecutionsInput, PipelineExecution, PipelineExecutionStatus, PipelineType,
    };

    fn roll_back(bench: &Bench, stage: &str, target: &str) -> Result<String> {
        let input = RollbackStageInput {
            pipeline_name: "p".into(),
            stage_name: stage.into(),
            target_pipeline_execution_id: target.into(),
        };
        bench.run::<RollbackStage>(input).map(|output| output.pipeline_execution_id)
    }
    fn get(bench: &Bench, id: &str) -> PipelineExecution {
        let input = GetPipelineExecutionInput { pipeline_name: "p".into(), pipeline_execution_id: id.into() };
        bench.ask::<GetPipelineExecution>(input).unwrap().pipeline_execution.unwrap()
    }

    #[test]
    fn one_stage_runs_again_with_the_artifacts_of_then() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let target = bench.executions("p")[0].to_string();
        let job = bench.poll();
        bench.acknowledge(&job);
        bench.succeed(&job);
        let id = roll_back(&bench, "Ship", &target).unwrap();
        assert_ne!(id, target);
        let rolled = get(&bench, &id);
        assert_eq!(rolled.status, Some(PipelineExecutionStatus::Succeeded));
        assert_eq!(rolled.execution_type, Some(ExecutionType::Rollback));
        assert_eq!(
            rolled.rollback_metadata.unwrap().rollback_target_pipeline_execution_id,
            Some(target.clone())
        );
        assert_eq!(rolled.trigger.unwrap().trigger_type, Some(TriggerType::ManualRollback));
        assert_eq!(rolled.artifact_revisions, get(&bench, &target).artifact_revisions);
        let of = |id: &str| {
            let filter = ActionExecutionFilter {
                pipeline_execution_id: Some(id.into()),
                latest_in_pipeline_execution: None,
            };
            let input = ListActionExecutionsInput {
                pipeline_name: "p".into(),
                filter: Some(filter),
                ..Default::default()
            };
            bench.ask::<ListActionExecutions>(input).unwrap().action_execution_details.unwrap()
        };
        let (now, then) = (of(&id), of(&target));
        assert_eq!(now.len(), 1, "only that stage runs");
        let inputs = |details: &[crate::shapes::ActionExecutionDetail]| {
            let ship = details.iter().find(|d| d.action_name.as_deref() == Some("Ship")).unwrap();
            ship.input.clone().unwrap().input_artifacts.unwrap()
        };
        assert_eq!(inputs(&now), inputs(&then));
        assert_eq!(inputs(&now).len(), 1);
    }

    #[test]
    fn what_cannot_be_rolled_back_is_refused() {
        let bench = Bench::new();
        let nobody = "00000000-0000-4000-8000-000000000000";
        let code = |bench: &Bench, stage: &str, id: &str| roll_back(bench, stage, id).unwrap_err().code();
        assert_eq!(code(&bench, "Build", nobody), "PipelineNotFoundException");
        bench.pipeline("p");
        assert_eq!(code(&bench, "X", nobody), "StageNotFoundException");
        assert_eq!(code(&bench, "Build", nobody), "PipelineExecutionNotFoundException");
        let target = bench.executions("p")[0].to_string();
        assert_eq!(code(&bench, "Source", &target), "UnableToRollbackStageException");
        let rolled = roll_back(&bench, "Build", &target).unwrap();
        assert_eq!(code(&bench, "Build", &rolled), "UnableToRollbackStageException");
        bench.update("p", |_| ());
        assert_eq!(code(&bench, "Build", &target), "PipelineExecutionOutdatedException");

        bench.update("p", |declaration| {
            declaration.pipeline_type = Some(PipelineType::V2);
            declaration.execution_mode = Some(ExecutionMode::Parallel);
        });
        let parallel = bench.start("p").to_string();
        assert_eq!(code(&bench, "Build", &parallel), "UnableToRollbackStageException");

        let bench = Bench::new();
        bench.create(with_job("p"));
        let running = bench.executions("p")[0].to_string();
        assert_eq!(code(&bench, "Build", &running), "UnableToRollbackStageException");
        assert_eq!(code(&bench, "Ship", &running), "UnableToRollbackStageException");
    }
}
