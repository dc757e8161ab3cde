use crate::{
    domain::engine::{
        Input,
        records::Stop,
        stops::{NotStoppable, stoppable},
    },
    error::{Error, Flow, Result},
    shapes::{StopPipelineExecutionInput, StopPipelineExecutionOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// StopPipelineExecution: an execution ends when what runs has ended, or at once, its running actions abandoned.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StopPipelineExecution.html>
pub struct StopPipelineExecution;

impl Operation for StopPipelineExecution {
    const NAME: &'static str = "StopPipelineExecution";
    type Store = CodePipelineStore;
    type Input = StopPipelineExecutionInput;
    type Output = StopPipelineExecutionOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: StopPipelineExecutionInput,
        tx: &mut Tx<'_>,
    ) -> Result<StopPipelineExecutionOutput> {
        let (line, ..) = store.pipeline(&input.pipeline_name)?;
        let id = input.pipeline_execution_id;
        let abandon = input.abandon.unwrap_or(false);
        // Docs: an unknown execution is not stoppable: the operation has no other error for it.
        let Some((number, execution)) = id.parse().ok().and_then(|id| store.engine.execution(line, id))
        else {
            return Err(Flow::NotStoppable { id }.into());
        };
        stoppable(execution, abandon).map_err(|why| match why {
            NotStoppable::Over => Flow::NotStoppable { id: id.clone() },
            NotStoppable::Twice => Flow::StoppedTwice { id: id.clone() },
        })?;
        store.step(Input::Stop((line, number), Stop { reason: input.reason, abandon }), tx);
        Ok(StopPipelineExecutionOutput { pipeline_execution_id: Some(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::ListPipelineExecutions;
    use crate::ops::testing::{Bench, with_job};
    use crate::shapes::{ListPipelineExecutionsInput, PipelineExecutionStatus};

    fn stop(bench: &Bench, id: &str, abandon: Option<bool>, reason: Option<&str>) -> Result<()> {
        let input = StopPipelineExecutionInput {
            pipeline_name: "p".into(),
            pipeline_execution_id: id.into(),
            abandon,
            reason: reason.map(Into::into),
        };
        let output = bench.run::<StopPipelineExecution>(input)?;
        assert_eq!(output.pipeline_execution_id.as_deref(), Some(id));
        Ok(())
    }
    fn shown(bench: &Bench) -> crate::shapes::PipelineExecutionSummary {
        let input = ListPipelineExecutionsInput { pipeline_name: "p".into(), ..Default::default() };
        let output = bench.ask::<ListPipelineExecutions>(input).unwrap();
        output.pipeline_execution_summaries.unwrap().remove(0)
    }

    #[test]
    fn it_waits_for_what_runs_and_can_be_told_not_to() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let id = bench.executions("p")[0].to_string();
        let job = bench.poll();
        bench.acknowledge(&job);
        stop(&bench, &id, None, Some("enough")).unwrap();
        assert_eq!(shown(&bench).status, Some(PipelineExecutionStatus::Stopping));
        assert_eq!(shown(&bench).stop_trigger.unwrap().reason.as_deref(), Some("enough"));
        let twice = stop(&bench, &id, Some(false), None).unwrap_err();
        assert_eq!(twice.code(), "DuplicatedStopRequestException");
        stop(&bench, &id, Some(true), None).unwrap();
        assert_eq!(shown(&bench).status, Some(PipelineExecutionStatus::Stopped));
        assert_eq!(shown(&bench).status_summary.as_deref(), Some("enough"));
        let over = stop(&bench, &id, Some(true), None).unwrap_err();
        assert_eq!(over.code(), "PipelineExecutionNotStoppableException");
    }

    #[test]
    fn a_running_job_may_end_before_the_stop() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let id = bench.executions("p")[0].to_string();
        let job = bench.poll();
        stop(&bench, &id, None, None).unwrap();
        bench.acknowledge(&job);
        bench.succeed(&job);
        assert_eq!(shown(&bench).status, Some(PipelineExecutionStatus::Stopped));
    }

    #[test]
    fn an_unknown_execution_is_not_stoppable() {
        let bench = Bench::new();
        bench.pipeline("p");
        let nobody = "00000000-0000-4000-8000-000000000000";
        let refused = stop(&bench, nobody, None, None).unwrap_err();
        assert_eq!(refused.code(), "PipelineExecutionNotStoppableException");
        let over = bench.executions("p")[0].to_string();
        assert_eq!(
            stop(&bench, &over, None, None).unwrap_err().code(),
            "PipelineExecutionNotStoppableException"
        );
        let missing = stop(&Bench::new(), nobody, None, None).unwrap_err();
        assert_eq!(missing.code(), "PipelineNotFoundException");
    }
}
