use crate::{
    domain::{
        action_types::{Definition, Made, id_of, rules},
        engine::Input,
    },
    error::{Error, Invalid, Result},
    shapes::UpdateActionTypeInput,
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// UpdateActionType: replaces an action type of the integration model, which must be there.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_UpdateActionType.html>
pub struct UpdateActionType;

impl Operation for UpdateActionType {
    const NAME: &'static str = "UpdateActionType";
    type Store = CodePipelineStore;
    type Input = UpdateActionTypeInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: UpdateActionTypeInput, tx: &mut Tx<'_>) -> Result<()> {
        let given = input.action_type;
        let id = id_of(&given.id);
        let Some(Definition::Integration(_)) = store.engine.made(&id) else {
            return Err(Error::no_type(id));
        };
        rules::integration(&given).map_err(|why| Invalid::ActionType { why })?;
        let definition = Definition::Integration(Box::new(given));
        store.step(Input::Define(Box::new(Made { definition, deleted: None })), tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::GetActionType;
    use crate::ops::testing::{Bench, integration};
    use crate::shapes::{ActionCategory, ActionTypeDeclaration, ExecutorType, GetActionTypeInput};

    fn update(bench: &Bench, change: impl FnOnce(&mut ActionTypeDeclaration)) -> Result<()> {
        let mut action_type = integration("Partner");
        change(&mut action_type);
        bench.run::<UpdateActionType>(UpdateActionTypeInput { action_type })
    }

    #[test]
    fn the_definition_itself_is_replaced() {
        let bench = Bench::new();
        bench.integration("Partner", |_| ());
        update(&bench, |given| given.description = Some("new".into())).unwrap();
        let found = bench
            .ask::<GetActionType>(GetActionTypeInput {
                category: ActionCategory::Build,
                owner: "ThirdParty".into(),
                provider: "Partner".into(),
                version: "1".into(),
            })
            .unwrap();
        assert_eq!(found.action_type.unwrap().description.as_deref(), Some("new"));
    }

    #[test]
    fn what_is_not_there_or_does_not_fit_is_refused() {
        let bench = Bench::new();
        assert_eq!(update(&bench, |_| ()).unwrap_err().code(), "ActionTypeNotFoundException");
        // A built-in type is nobody's to change.
        let built_in = update(&bench, |given| given.id.provider = "TeamCity".into()).unwrap_err();
        assert_eq!(built_in.code(), "ActionTypeNotFoundException");
        bench.integration("Partner", |_| ());
        let code = |change: &dyn Fn(&mut ActionTypeDeclaration)| update(&bench, change).unwrap_err().code();
        assert_eq!(code(&|given| given.executor.r#type = ExecutorType::Lambda), "ValidationException");
        assert_eq!(code(&|given| given.input_artifact_details.minimum_count = 9), "ValidationException");
    }
}
