use crate::{
    domain::transitions,
    error::{Error, Result},
    shapes::EnableStageTransitionInput,
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// EnableStageTransition: the execution that is held in front of a stage enters it.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_EnableStageTransition.html>
pub struct EnableStageTransition;

impl Operation for EnableStageTransition {
    const NAME: &'static str = "EnableStageTransition";
    type Store = CodePipelineStore;
    type Input = EnableStageTransitionInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: EnableStageTransitionInput, tx: &mut Tx<'_>) -> Result<()> {
        let EnableStageTransitionInput { pipeline_name, stage_name, transition_type } = input;
        transitions::set(store, &pipeline_name, &stage_name, transition_type, None, tx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;
    use crate::ops::{DisableStageTransition, GetPipelineState};
    use crate::shapes::{
        DisableStageTransitionInput, GetPipelineStateInput, StageExecutionStatus, StageState,
        StageTransitionType,
    };

    fn enable(bench: &Bench, stage: &str, transition_type: StageTransitionType) -> Result<()> {
        let (pipeline_name, stage_name) = ("p".into(), stage.into());
        bench.run::<EnableStageTransition>(EnableStageTransitionInput {
            pipeline_name,
            stage_name,
            transition_type,
        })
    }
    fn build(bench: &Bench) -> StageState {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        state.stage_states.unwrap().remove(1)
    }

    #[test]
    fn the_newest_that_waits_enters() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench
            .run::<DisableStageTransition>(DisableStageTransitionInput {
                pipeline_name: "p".into(),
                stage_name: "Build".into(),
                transition_type: StageTransitionType::Inbound,
                reason: "frozen".into(),
            })
            .unwrap();
        bench.start("p");
        let newest = bench.start("p").to_string();
        enable(&bench, "Source", StageTransitionType::Outbound).unwrap();
        let state = build(&bench);
        let latest = state.latest_execution.unwrap();
        assert_eq!((latest.pipeline_execution_id, latest.status), (newest, StageExecutionStatus::Succeeded));
        assert_eq!(state.inbound_execution, None);
        let transition = state.inbound_transition_state.unwrap();
        assert_eq!((transition.enabled, transition.disabled_reason), (Some(true), None));
        assert!(transition.last_changed_at.is_some());
    }

    #[test]
    fn what_is_enabled_may_be_enabled_again() {
        let bench = Bench::new();
        bench.pipeline("p");
        enable(&bench, "Build", StageTransitionType::Inbound).unwrap();
        assert_eq!(build(&bench).inbound_transition_state.unwrap().last_changed_at, None);
    }

    #[test]
    fn a_missing_pipeline_or_stage_is_named() {
        let bench = Bench::new();
        let code = |bench: &Bench| enable(bench, "Nowhere", StageTransitionType::Inbound).unwrap_err().code();
        assert_eq!(code(&bench), "PipelineNotFoundException");
        bench.pipeline("p");
        assert_eq!(code(&bench), "StageNotFoundException");
    }
}
