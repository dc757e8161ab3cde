use crate::{
    domain::transitions,
    error::{Error, Result},
    shapes::DisableStageTransitionInput,
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// DisableStageTransition: executions are held in front of a stage.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DisableStageTransition.html>
pub struct DisableStageTransition;

impl Operation for DisableStageTransition {
    const NAME: &'static str = "DisableStageTransition";
    type Store = CodePipelineStore;
    type Input = DisableStageTransitionInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: DisableStageTransitionInput, tx: &mut Tx<'_>) -> Result<()> {
        let DisableStageTransitionInput { pipeline_name, stage_name, transition_type, reason } = input;
        transitions::set(store, &pipeline_name, &stage_name, transition_type, Some(reason), tx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::GetPipelineState;
    use crate::ops::testing::Bench;
    use crate::shapes::{GetPipelineStateInput, StageState, StageTransitionType};

    fn disable(bench: &Bench, stage: &str, transition_type: StageTransitionType, reason: &str) -> Result<()> {
        bench.run::<DisableStageTransition>(DisableStageTransitionInput {
            pipeline_name: "p".into(),
            stage_name: stage.into(),
            transition_type,
            reason: reason.into(),
        })
    }
    fn build(bench: &Bench) -> StageState {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        state.stage_states.unwrap().remove(1)
    }

    #[test]
    fn it_holds_executions_and_says_who_did_so_when_and_why() {
        for (stage, kind) in
            [("Build", StageTransitionType::Inbound), ("Source", StageTransitionType::Outbound)]
        {
            let bench = Bench::new();
            bench.pipeline("p");
            let before = build(&bench).latest_execution;
            disable(&bench, stage, kind, "frozen").unwrap();
            let id = bench.start("p").to_string();
            let held = build(&bench);
            assert_eq!(held.latest_execution, before);
            assert_eq!(held.inbound_execution.unwrap().pipeline_execution_id, id);
            let transition = held.inbound_transition_state.unwrap();
            assert_eq!(transition.enabled, Some(false));
            assert_eq!(transition.disabled_reason.as_deref(), Some("frozen"));
            assert_eq!(transition.last_changed_by.as_deref(), Some("arn:aws:iam::000000000000:root"));
            let at = transition.last_changed_at;
            assert!(at.is_some());
            // Saying it again changes nothing.
            bench.advance(chrono::TimeDelta::hours(1));
            disable(&bench, stage, kind, "frozen").unwrap();
            assert_eq!(build(&bench).inbound_transition_state.unwrap().last_changed_at, at);
            disable(&bench, stage, kind, "still frozen").unwrap();
            let again = build(&bench).inbound_transition_state.unwrap();
            assert_eq!(again.disabled_reason.as_deref(), Some("still frozen"));
        }
    }

    #[test]
    fn the_way_out_of_the_last_stage_leads_nowhere() {
        let bench = Bench::new();
        bench.pipeline("p");
        disable(&bench, "Build", StageTransitionType::Outbound, "frozen").unwrap();
        assert_eq!(build(&bench).inbound_transition_state.unwrap().enabled, Some(true));
    }

    #[test]
    fn a_missing_pipeline_or_stage_is_named() {
        let bench = Bench::new();
        let code =
            |bench: &Bench| disable(bench, "Nowhere", StageTransitionType::Inbound, "x").unwrap_err().code();
        assert_eq!(code(&bench), "PipelineNotFoundException");
        bench.pipeline("p");
        assert_eq!(code(&bench), "StageNotFoundException");
    }
}
