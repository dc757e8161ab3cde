use crate::{
    domain::engine::{Input, retries::NotRetryable},
    error::{Error, Flow, Result},
    shapes::{RetryStageExecutionInput, RetryStageExecutionOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// RetryStageExecution: a stage is tried again within the same execution.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageExecution.html>
pub struct RetryStageExecution;

impl Operation for RetryStageExecution {
    const NAME: &'static str = "RetryStageExecution";
    type Store = CodePipelineStore;
    type Input = RetryStageExecutionInput;
    type Output = RetryStageExecutionOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: RetryStageExecutionInput,
        tx: &mut Tx<'_>,
    ) -> Result<RetryStageExecutionOutput> {
        let RetryStageExecutionInput { pipeline_name, stage_name, pipeline_execution_id: id, retry_mode } =
            input;
        let (line, _, present) = store.stage(&pipeline_name, &stage_name)?;
        let refusal = |why| match why {
            NotRetryable::NotLatest => Flow::NotLatest { id: id.clone(), stage: stage_name.clone() },
            NotRetryable::State(why) => Flow::NotRetryable { stage: stage_name.clone(), why },
            NotRetryable::Busy => Flow::Busy { stage: stage_name.clone() },
            NotRetryable::NoRoom => Flow::NoRoom { pipeline: pipeline_name.clone() },
        };
        let found = store.execution(line, &pipeline_name, &id).ok();
        let (number, _, plan) = found.ok_or_else(|| refusal(NotRetryable::NotLatest))?;
        // Of an older version, the stage may have stood at another place; it is refused for that below.
        let stage = plan.place_of(&stage_name).unwrap_or(present);
        store.engine.retryable((line, number), stage, retry_mode).map_err(refusal)?;
        store.step(Input::Retry((line, number), stage, retry_mode), tx);
        Ok(RetryStageExecutionOutput { pipeline_execution_id: Some(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::GetPipelineState;
    use crate::ops::testing::{Bench, with_approval, with_job};
    use crate::shapes::{
        GetPipelineStateInput, PipelineExecutionStatus, RetryTrigger, StageRetryMode, StageState,
    };
    use chrono::TimeDelta;

    fn retry(bench: &Bench, stage: &str, id: &str, retry_mode: StageRetryMode) -> Result<Option<String>> {
        let input = RetryStageExecutionInput {
            pipeline_name: "p".into(),
            stage_name: stage.into(),
            pipeline_execution_id: id.into(),
            retry_mode,
        };
        bench.run::<RetryStageExecution>(input).map(|output| output.pipeline_execution_id)
    }
    fn stage(bench: &Bench, number: usize) -> StageState {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        state.stage_states.unwrap().remove(number)
    }

    #[test]
    fn the_same_execution_goes_on_with_new_runs_and_keeps_the_old_ones() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let id = bench.executions("p")[0].to_string();
        let failed = bench.poll();
        bench.advance(TimeDelta::days(2));
        let run = |bench: &Bench| {
            let state = stage(bench, 1).action_states.unwrap().remove(0).latest_execution.unwrap();
            state.action_execution_id.unwrap()
        };
        let before = run(&bench);
        assert_eq!(retry(&bench, "Build", &id, StageRetryMode::FailedActions).unwrap(), Some(id.clone()));
        assert_ne!(run(&bench), before);
        let job = bench.poll();
        assert_ne!(job, failed);
        bench.acknowledge(&job);
        bench.succeed(&job);
        bench.look(|store| {
            let (line, ..) = store.pipeline("p").unwrap();
            let (_, execution) = store.engine.execution(line, id.parse().unwrap()).unwrap();
            assert_eq!(execution.status, PipelineExecutionStatus::Succeeded, "it went on to the last stage");
            assert_eq!(execution.in_stage(1).unwrap().runs.len(), 2, "the history is kept");
            assert_eq!(execution.attempt(), 2);
        });
        let shown = stage(&bench, 1).retry_stage_metadata.unwrap();
        assert_eq!((shown.manual_stage_retry_attempt, shown.auto_stage_retry_attempt), (Some(1), None));
        assert_eq!(shown.latest_retry_trigger, Some(RetryTrigger::ManualStageRetry));
    }

    #[test]
    fn refusals_come_in_the_stated_order() {
        let bench = Bench::new();
        let nobody = "00000000-0000-4000-8000-000000000000";
        let code =
            |bench: &Bench, stage: &str, id: &str, mode| retry(bench, stage, id, mode).unwrap_err().code();
        let failed = StageRetryMode::FailedActions;
        assert_eq!(code(&bench, "X", nobody, failed), "PipelineNotFoundException");
        bench.create(with_approval("p"));
        assert_eq!(code(&bench, "X", nobody, failed), "StageNotFoundException");
        assert_eq!(code(&bench, "Approve", nobody, failed), "NotLatestPipelineExecutionException");
        let first = bench.executions("p")[0].to_string();
        assert_eq!(code(&bench, "Approve", &first, failed), "StageNotRetryableException");
        assert_eq!(code(&bench, "Source", &first, failed), "StageNotRetryableException");
        let second = bench.start("p").to_string();
        assert_eq!(code(&bench, "Source", &first, failed), "NotLatestPipelineExecutionException");
        assert_eq!(code(&bench, "Approve", &second, failed), "NotLatestPipelineExecutionException");
        bench.advance(TimeDelta::days(7));
        // The first failed, and the second has entered since.
        assert_eq!(code(&bench, "Approve", &first, failed), "NotLatestPipelineExecutionException");
        bench.advance(TimeDelta::days(7));
        bench.update("p", |_| ());
        assert_eq!(code(&bench, "Approve", &second, failed), "StageNotRetryableException");
    }
}
