use super::Asks;
use crate::{
    domain::registration::{self, Wish},
    error::{Error, Result},
    shapes::{RegisterWebhookWithThirdPartyInput, RegisterWebhookWithThirdPartyOutput},
    store::CodePipelineStore,
};
use parhelion_core::DeliveryId;
use parhelion_state::{Operation, Tx};

/// RegisterWebhookWithThirdParty: makes a hook for a webhook of a GitHub action where its pushes come from.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RegisterWebhookWithThirdParty.html>
///
/// Where no GitHub API is configured nobody is called, and it is a mark alone.
pub struct RegisterWebhookWithThirdParty;

impl Operation for RegisterWebhookWithThirdParty {
    const NAME: &'static str = "RegisterWebhookWithThirdParty";
    type Store = CodePipelineStore;
    type Input = RegisterWebhookWithThirdPartyInput;
    type Output = RegisterWebhookWithThirdPartyOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: RegisterWebhookWithThirdPartyInput,
        tx: &mut Tx<'_>,
    ) -> Result<RegisterWebhookWithThirdPartyOutput> {
        registration::ask(store, input.webhook_name, Wish::Register, tx)?;
        Ok(RegisterWebhookWithThirdPartyOutput {})
    }
}

impl Asks for RegisterWebhookWithThirdParty {
    fn outcome(store: &CodePipelineStore, call: DeliveryId) -> Result<()> {
        registration::outcome(store, call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, declaration};
    use std::sync::Arc;

    fn register(bench: &Bench, name: Option<&str>) -> Result<RegisterWebhookWithThirdPartyOutput> {
        let input = RegisterWebhookWithThirdPartyInput { webhook_name: name.map(Into::into) };
        bench.run::<RegisterWebhookWithThirdParty>(input)
    }

    #[test]
    fn a_webhook_of_a_github_action_is_marked() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.webhook("w", "p");
        register(&bench, Some("w")).unwrap();
        register(&bench, Some("w")).unwrap();
        bench.look(|store| assert!(store.webhooks["w"].registration.done));
    }

    #[test]
    fn each_wrong_call_has_its_error() {
        let bench = Bench::new();
        assert_eq!(register(&bench, Some("w")).unwrap_err().code(), "WebhookNotFoundException");
        let missing = register(&bench, None).unwrap_err();
        assert_eq!(missing.code(), "ValidationException");
        assert!(
            missing
                .to_string()
                .contains("'webhookName' failed to satisfy constraint: Member must not be null")
        );
        let mut pipeline = declaration("p");
        let action = &mut pipeline.stages[0].actions[0];
        Arc::make_mut(&mut action.action_type_id).owner = crate::shapes::ActionOwner::Aws;
        Arc::make_mut(&mut action.action_type_id).provider = "CodeCommit".into();
        let configuration = [("RepositoryName", "r"), ("BranchName", "main")];
        action.configuration = Some(configuration.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        bench.create(pipeline);
        bench.webhook_with("w", "p", |webhook| webhook.filters.clear());
        assert_eq!(register(&bench, Some("w")).unwrap_err().code(), "ValidationException");
    }
}
