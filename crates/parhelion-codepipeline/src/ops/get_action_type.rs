use crate::{
    domain::{
        action_types::{Definition, id_of, shown},
        catalogue,
    },
    error::{Error, Result},
    shapes::{ActionTypeIdentifier, GetActionTypeInput, GetActionTypeOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Query, View};

/// GetActionType: an action type that AWS or a partner offers, in the words of the integration model.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetActionType.html>
pub struct GetActionType;

impl Query for GetActionType {
    const NAME: &'static str = "GetActionType";
    type Store = CodePipelineStore;
    type Input = GetActionTypeInput;
    type Output = GetActionTypeOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: GetActionTypeInput,
        _view: &View<'_>,
    ) -> Result<GetActionTypeOutput> {
        let GetActionTypeInput { category, owner, provider, version } = input;
        let id = id_of(&ActionTypeIdentifier { category, owner, provider, version });
        let found = match store.engine.made(&id) {
            Some(Definition::Integration(given)) => Some((**given).clone()),
            Some(Definition::Custom(_)) => None,
            None => catalogue::action_kind(&id).map(shown::declared),
        };
        match found {
            Some(found) => Ok(GetActionTypeOutput { action_type: Some(found) }),
            None => Err(Error::no_type(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, integration};
    use crate::shapes::ActionCategory::{Build, Source};

    fn get(
        bench: &Bench,
        category: crate::shapes::ActionCategory,
        owner: &str,
        provider: &str,
    ) -> Result<GetActionTypeOutput> {
        let (owner, provider, version) = (owner.into(), provider.into(), "1".into());
        bench.ask::<GetActionType>(GetActionTypeInput { category, owner, provider, version })
    }

    #[test]
    fn it_answers_what_was_put() {
        let bench = Bench::new();
        bench.integration("Partner", |_| ());
        let found = get(&bench, Build, "ThirdParty", "Partner").unwrap().action_type.unwrap();
        assert_eq!(found, integration("Partner"));
    }

    #[test]
    fn built_in_types_are_shown_in_the_same_words() {
        let bench = Bench::new();
        let found = get(&bench, Source, "ThirdParty", "GitHub").unwrap().action_type.unwrap();
        let token = found.properties.unwrap().into_iter().find(|p| p.name == "OAuthToken").unwrap();
        assert!(token.no_echo && !token.optional);
        assert_eq!((found.output_artifact_details.minimum_count, found.id.owner.as_str()), (1, "ThirdParty"));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        for (owner, provider) in [("ThirdParty", "Nobody"), ("AWS", "GitHub"), ("ThirdParty", "Mine")] {
            let refused = get(&bench, Build, owner, provider).unwrap_err();
            assert_eq!(refused.code(), "ActionTypeNotFoundException");
        }
    }
}
