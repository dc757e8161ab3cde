use crate::{
    domain::engine::{
        Input,
        approvals::{Answer, NotAnswerable},
    },
    error::{Error, Result, Work},
    shapes::{ApprovalStatus, PutApprovalResultInput, PutApprovalResultOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// PutApprovalResult: answers an approval.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html>
pub struct PutApprovalResult;

impl Operation for PutApprovalResult {
    const NAME: &'static str = "PutApprovalResult";
    type Store = CodePipelineStore;
    type Input = PutApprovalResultInput;
    type Output = PutApprovalResultOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: PutApprovalResultInput,
        tx: &mut Tx<'_>,
    ) -> Result<PutApprovalResultOutput> {
        let PutApprovalResultInput { pipeline_name, stage_name, action_name, result, token } = input;
        let (line, plan, stage) = store.stage(&pipeline_name, &stage_name)?;
        let declared = plan.stage(stage).and_then(|s| s.actions.iter().find(|a| a.name == action_name));
        // CHOICE: an action that is no approval is not found.
        if declared.is_none_or(|action| !store.engine.is_approval(action)) {
            return Err(Work::ActionNotFound { stage: stage_name, action: action_name }.into());
        }
        let run = store.engine.answerable(line, &stage_name, &action_name, &token);
        let run = run.map_err(|why| match why {
            NotAnswerable::Answered => Work::ApprovalAnswered { action: action_name.clone() },
            NotAnswerable::Token => Work::InvalidApprovalToken { action: action_name.clone() },
        })?;
        let answer = Answer {
            approved: result.status == ApprovalStatus::Approved,
            summary: result.summary,
            by: store.place.caller_arn(),
        };
        store.step(Input::Answer(run, answer), tx);
        Ok(PutApprovalResultOutput { approved_at: Some(tx.now().into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_approval};
    use crate::ops::{GetPipelineState, ListActionExecutions};
    use crate::shapes::{
        ActionExecution, ApprovalResult, ExecutionMode, GetPipelineStateInput, ListActionExecutionsInput,
        PipelineExecutionStatus, PipelineType,
    };
    use chrono::TimeDelta;

    fn put(
        bench: &Bench,
        change: impl FnOnce(&mut PutApprovalResultInput),
    ) -> Result<PutApprovalResultOutput> {
        let mut input = PutApprovalResultInput {
            pipeline_name: "p".into(),
            stage_name: "Approve".into(),
            action_name: "Ask".into(),
            result: ApprovalResult { summary: "fine".into(), status: ApprovalStatus::Approved },
            token: "00000000-0000-4000-8000-000000000000".into(),
        };
        change(&mut input);
        bench.run::<PutApprovalResult>(input)
    }
    fn shown(bench: &Bench) -> ActionExecution {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        let stage = state.stage_states.unwrap().remove(1);
        stage.action_states.unwrap().remove(0).latest_execution.unwrap()
    }
    fn status(bench: &Bench) -> PipelineExecutionStatus {
        bench.look(|store| store.engine.executions.values().next_back().unwrap().status)
    }

    #[test]
    fn an_approval_lets_the_execution_go_on_and_keeps_what_was_said() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let token = shown(&bench).token.unwrap();
        let answer = put(&bench, |input| input.token = token.clone()).unwrap();
        assert_eq!(answer.approved_at, Some(bench.now().into()));
        assert_eq!(status(&bench), PipelineExecutionStatus::Succeeded);
        let after = shown(&bench);
        assert_eq!((after.summary.as_deref(), after.token), (Some("fine"), None));
        assert_eq!(after.last_updated_by.as_deref(), Some("arn:aws:iam::000000000000:root"));
        let again = put(&bench, |input| input.token = token).unwrap_err();
        assert_eq!(again.code(), "ApprovalAlreadyCompletedException");
    }

    #[test]
    fn a_rejection_fails_the_action_with_its_summary() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let token = shown(&bench).token.unwrap();
        put(&bench, |input| {
            input.token = token;
            input.result = ApprovalResult { summary: "too late".into(), status: ApprovalStatus::Rejected };
        })
        .unwrap();
        assert_eq!(status(&bench), PipelineExecutionStatus::Failed);
        let error = shown(&bench).error_details.unwrap();
        assert_eq!((error.code.as_deref(), error.message.as_deref()), (Some("JobFailed"), Some("too late")));
    }

    #[test]
    fn what_is_missing_is_told_in_order() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let code = |change: fn(&mut PutApprovalResultInput)| put(&bench, change).unwrap_err().code();
        assert_eq!(code(|i| i.pipeline_name = "q".into()), "PipelineNotFoundException");
        assert_eq!(code(|i| i.stage_name = "Nope".into()), "StageNotFoundException");
        assert_eq!(code(|i| i.action_name = "Nope".into()), "ActionNotFoundException");
        let no_approval = |i: &mut PutApprovalResultInput| {
            i.stage_name = "Source".into();
            i.action_name = "Pull".into();
        };
        assert_eq!(code(no_approval), "ActionNotFoundException");
        assert_eq!(code(|_| ()), "InvalidApprovalTokenException");
        assert_eq!(code(|i| i.token = "no uuid".into()), "InvalidApprovalTokenException");
    }

    #[test]
    fn a_token_is_of_its_own_action_and_dies_with_its_time() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        bench.create(with_approval("q"));
        let token = shown(&bench).token.unwrap();
        let code = |pipeline: &str| {
            let refused = put(&bench, |input| {
                input.pipeline_name = pipeline.into();
                input.token = token.clone();
            });
            refused.unwrap_err().code()
        };
        assert_eq!(code("q"), "InvalidApprovalTokenException");
        bench.advance(TimeDelta::days(8));
        assert_eq!(status(&bench), PipelineExecutionStatus::Failed);
        assert_eq!(shown(&bench).error_details.unwrap().code.as_deref(), Some("Timeout"));
        assert_eq!(code("p"), "InvalidApprovalTokenException");
    }

    #[test]
    fn in_parallel_mode_the_token_stands_in_the_history_alone() {
        let bench = Bench::new();
        let mut pipeline = with_approval("p");
        pipeline.pipeline_type = Some(PipelineType::V2);
        pipeline.execution_mode = Some(ExecutionMode::Parallel);
        bench.create(pipeline);
        assert_eq!(shown(&bench).token, None);
        let input = ListActionExecutionsInput { pipeline_name: "p".into(), ..Default::default() };
        let detail =
            bench.ask::<ListActionExecutions>(input).unwrap().action_execution_details.unwrap().remove(0);
        let token = detail.output.unwrap().execution_result.unwrap().external_execution_id.unwrap();
        put(&bench, |input| input.token = token).unwrap();
        assert_eq!(status(&bench), PipelineExecutionStatus::Succeeded);
    }

    #[test]
    fn the_journal_tells_who_answered() {
        let bench = Bench::new();
        bench.create(with_approval("p"));
        let token = shown(&bench).token.unwrap();
        put(&bench, |input| input.token = token).unwrap();
        let told = bench.facts("action.changed");
        assert!(told.iter().any(|fact| fact.contains(":root approved the action")), "{told:?}");
    }
}
