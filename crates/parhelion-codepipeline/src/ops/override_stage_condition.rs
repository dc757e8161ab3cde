use crate::{
    domain::engine::{Input, conditions::NotOverridable, records::Phase},
    error::{Error, Flow, Result},
    shapes::{ConditionType, OverrideStageConditionInput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// OverrideStageCondition: a condition that failed, or is being looked at, counts as met.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_OverrideStageCondition.html>
pub struct OverrideStageCondition;

impl Operation for OverrideStageCondition {
    const NAME: &'static str = "OverrideStageCondition";
    type Store = CodePipelineStore;
    type Input = OverrideStageConditionInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: OverrideStageConditionInput, tx: &mut Tx<'_>) -> Result<()> {
        let OverrideStageConditionInput {
            pipeline_name,
            stage_name,
            pipeline_execution_id: id,
            condition_type,
        } = input;
        let (line, _, present) = store.stage(&pipeline_name, &stage_name)?;
        let phase = match condition_type {
            ConditionType::BeforeEntry => Phase::BeforeEntry,
            ConditionType::OnSuccess => Phase::OnSuccess,
        };
        let refusal = |why| match why {
            NotOverridable::NotLatest => Flow::NotLatest { id: id.clone(), stage: stage_name.clone() },
            NotOverridable::Condition => {
                Flow::NotOverridable { stage: stage_name.clone(), condition: phase.name() }
            }
            NotOverridable::NoRoom => Flow::NoRoom { pipeline: pipeline_name.clone() },
        };
        let found = store.execution(line, &pipeline_name, &id).ok();
        let (number, _, plan) = found.ok_or_else(|| refusal(NotOverridable::NotLatest))?;
        let stage = plan.place_of(&stage_name).unwrap_or(present);
        store.engine.overridable((line, number), stage, phase).map_err(refusal)?;
        store.step(Input::Override((line, number), stage, phase), tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, check_rule, declaration};
    use crate::ops::{GetPipelineState, UpdatePipeline};
    use crate::shapes::{
        BeforeEntryConditions, Condition, ConditionExecutionStatus, ConditionResult, GetPipelineStateInput,
        PipelineExecutionStatus, StageState, SuccessConditions, UpdatePipelineInput,
    };

    fn override_(bench: &Bench, stage: &str, id: &str, condition_type: ConditionType) -> Result<()> {
        bench.run::<OverrideStageCondition>(OverrideStageConditionInput {
            pipeline_name: "p".into(),
            stage_name: stage.into(),
            pipeline_execution_id: id.into(),
            condition_type,
        })
    }
    fn condition(met: bool, result: ConditionResult) -> Condition {
        let rule = check_rule("Same", "a", if met { "a" } else { "b" });
        Condition { result: Some(result), rules: Some(vec![rule]) }
    }
    fn build(bench: &Bench) -> StageState {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        state.stage_states.unwrap().remove(1)
    }
    fn status(bench: &Bench, id: &str) -> PipelineExecutionStatus {
        bench.look(|store| {
            let (line, ..) = store.pipeline("p").unwrap();
            store.execution(line, "p", id).unwrap().1.status
        })
    }
    /// A pipeline whose build has these conditions.
    fn pipeline(entry: Option<Condition>, success: Option<Condition>) -> Bench {
        let bench = Bench::new();
        let mut pipeline = declaration("p");
        let stage = &mut pipeline.stages[1];
        stage.before_entry = entry.map(|c| Box::new(BeforeEntryConditions { conditions: vec![c] }));
        stage.on_success = success.map(|c| Box::new(SuccessConditions { conditions: vec![c] }));
        bench.create(pipeline);
        bench
    }

    #[test]
    fn a_failed_entry_condition_is_overridden_and_the_execution_goes_on() {
        let bench = pipeline(Some(condition(false, ConditionResult::Fail)), None);
        let id = bench.executions("p")[0].to_string();
        assert_eq!(status(&bench, &id), PipelineExecutionStatus::Failed);
        let state = build(&bench).before_entry_condition_state.unwrap();
        assert_eq!(state.latest_execution.unwrap().status, Some(ConditionExecutionStatus::Failed));
        override_(&bench, "Build", &id, ConditionType::BeforeEntry).unwrap();
        assert_eq!(status(&bench, &id), PipelineExecutionStatus::Succeeded);
        let state = build(&bench).before_entry_condition_state.unwrap();
        assert_eq!(state.latest_execution.unwrap().status, Some(ConditionExecutionStatus::Overridden));
        let again = override_(&bench, "Build", &id, ConditionType::BeforeEntry).unwrap_err();
        assert_eq!(again.code(), "ConditionNotOverridableException");
    }

    #[test]
    fn a_failed_success_condition_is_overridden() {
        let bench = pipeline(None, Some(condition(false, ConditionResult::Fail)));
        let id = bench.executions("p")[0].to_string();
        assert_eq!(status(&bench, &id), PipelineExecutionStatus::Failed);
        let other = override_(&bench, "Build", &id, ConditionType::BeforeEntry).unwrap_err();
        assert_eq!(other.code(), "ConditionNotOverridableException");
        override_(&bench, "Build", &id, ConditionType::OnSuccess).unwrap();
        assert_eq!(status(&bench, &id), PipelineExecutionStatus::Succeeded);
    }

    #[test]
    fn what_decides_nothing_any_more_cannot_be_overridden() {
        let bench = pipeline(Some(condition(false, ConditionResult::Skip)), None);
        let id = bench.executions("p")[0].to_string();
        let code = |stage: &str, id: &str| {
            override_(&bench, stage, id, ConditionType::BeforeEntry).unwrap_err().code()
        };
        assert_eq!(status(&bench, &id), PipelineExecutionStatus::Succeeded);
        assert_eq!(code("Build", &id), "ConditionNotOverridableException");
        assert_eq!(code("Source", &id), "ConditionNotOverridableException");
        assert_eq!(code("X", &id), "StageNotFoundException");
        let newer = bench.start("p").to_string();
        assert_eq!(code("Build", &id), "NotLatestPipelineExecutionException");
        let nobody = "00000000-0000-4000-8000-000000000000";
        assert_eq!(code("Build", nobody), "NotLatestPipelineExecutionException");
        let mut update = declaration("p");
        update.stages[1].before_entry = Some(Box::new(BeforeEntryConditions {
            conditions: vec![condition(false, ConditionResult::Fail)],
        }));
        bench.run::<UpdatePipeline>(UpdatePipelineInput { pipeline: update.clone() }).unwrap();
        assert_eq!(code("Build", &newer), "ConditionNotOverridableException");
        let failed = bench.start("p").to_string();
        bench.run::<UpdatePipeline>(UpdatePipelineInput { pipeline: update }).unwrap();
        assert_eq!(
            code("Build", &failed),
            "ConditionNotOverridableException",
            "its version is not the present"
        );
    }
}
