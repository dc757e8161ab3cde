use crate::{
    domain::engine::Input,
    error::{Error, Result},
    shapes::{ActionOwner, ActionTypeId, DeleteCustomActionTypeInput},
    store::{CodePipelineStore, Taggable},
};
use parhelion_state::{Operation, Tx};
use std::collections::BTreeMap;

/// DeleteCustomActionType: marks a type as deleted; nothing is refused when it is not there. Pipelines that use it
/// stay, and their actions of it fail.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DeleteCustomActionType.html>
pub struct DeleteCustomActionType;

impl Operation for DeleteCustomActionType {
    const NAME: &'static str = "DeleteCustomActionType";
    type Store = CodePipelineStore;
    type Input = DeleteCustomActionTypeInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: DeleteCustomActionTypeInput, tx: &mut Tx<'_>) -> Result<()> {
        let DeleteCustomActionTypeInput { category, provider, version } = input;
        let id = ActionTypeId { category, owner: ActionOwner::Custom, provider, version };
        store.set_tags(&store.arn_of(&Taggable::custom(&id)), BTreeMap::new());
        store.step(Input::Retire(id), tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::engine::records::Failed;
    use crate::ops::testing::{Bench, own_type, retire, with_custom_job};
    use crate::ops::{CreatePipeline, GetPipeline};
    use crate::shapes::{CreatePipelineInput, GetPipelineInput, PipelineExecutionStatus};

    #[test]
    fn it_is_gone_for_new_pipelines_and_stays_in_old_ones() {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        bench.create(with_custom_job("p"));
        bench.run::<DeleteCustomActionType>(retire("Mine")).unwrap();
        bench.run::<DeleteCustomActionType>(retire("Mine")).unwrap();
        bench.run::<DeleteCustomActionType>(retire("NeverWas")).unwrap();
        let refused = bench
            .run::<CreatePipeline>(CreatePipelineInput { pipeline: with_custom_job("q"), tags: None })
            .unwrap_err();
        assert_eq!(
            (refused.code(), refused.to_string().as_str()),
            (
                "InvalidActionDeclarationException",
                "ActionType (Category: 'Build', Provider: 'Mine', Owner: 'Custom', Version: '1') in action 'Work' is not \
                 available in region 'US_EAST_1'"
            )
        );
        let kept = bench.ask::<GetPipeline>(GetPipelineInput { name: "p".into(), version: None }).unwrap();
        let configuration = kept.pipeline.unwrap().stages[1].actions[0].configuration.clone().unwrap();
        assert_eq!(configuration["Password"], "****", "its secrets stay masked");
    }

    #[test]
    fn open_jobs_and_later_actions_fail() {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        bench.create(with_custom_job("p"));
        bench.look(|store| assert_eq!(store.engine.open_jobs(&own_type("Mine"), bench.now()).count(), 1));
        bench.run::<DeleteCustomActionType>(retire("Mine")).unwrap();
        bench.start("p");
        bench.look(|store| {
            let ended: Vec<_> = store.engine.executions.values().map(|e| e.status).collect();
            assert_eq!(ended, [PipelineExecutionStatus::Failed; 2]);
            let errors: Vec<_> = store.engine.runs.values().filter_map(|run| run.error.clone()).collect();
            let missing = Failed::new("ConfigurationError", "The action type does not exist or was deleted");
            assert_eq!(errors, [missing.clone(), missing]);
            assert!(store.engine.jobs.values().all(|job| job.state.is_over()));
        });
    }
}
