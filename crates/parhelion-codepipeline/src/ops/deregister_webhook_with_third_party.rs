use super::Asks;
use crate::{
    domain::registration::{self, Wish},
    error::{Error, Result},
    shapes::{DeregisterWebhookWithThirdPartyInput, DeregisterWebhookWithThirdPartyOutput},
    store::CodePipelineStore,
};
use parhelion_core::DeliveryId;
use parhelion_state::{Operation, Tx};

/// DeregisterWebhookWithThirdParty: deletes the hook that RegisterWebhookWithThirdParty made.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DeregisterWebhookWithThirdParty.html>
///
/// Where no GitHub API is configured nobody is called, and only the mark goes.
pub struct DeregisterWebhookWithThirdParty;

impl Operation for DeregisterWebhookWithThirdParty {
    const NAME: &'static str = "DeregisterWebhookWithThirdParty";
    type Store = CodePipelineStore;
    type Input = DeregisterWebhookWithThirdPartyInput;
    type Output = DeregisterWebhookWithThirdPartyOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: DeregisterWebhookWithThirdPartyInput,
        tx: &mut Tx<'_>,
    ) -> Result<DeregisterWebhookWithThirdPartyOutput> {
        registration::ask(store, input.webhook_name, Wish::Deregister, tx)?;
        Ok(DeregisterWebhookWithThirdPartyOutput {})
    }
}

impl Asks for DeregisterWebhookWithThirdParty {
    fn outcome(store: &CodePipelineStore, call: DeliveryId) -> Result<()> {
        registration::outcome(store, call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::RegisterWebhookWithThirdParty;
    use crate::ops::testing::Bench;
    use crate::shapes::RegisterWebhookWithThirdPartyInput;

    fn deregister(bench: &Bench, name: Option<&str>) -> Result<DeregisterWebhookWithThirdPartyOutput> {
        let input = DeregisterWebhookWithThirdPartyInput { webhook_name: name.map(Into::into) };
        bench.run::<DeregisterWebhookWithThirdParty>(input)
    }

    #[test]
    fn the_mark_goes_and_an_absent_one_is_no_error() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.webhook("w", "p");
        let input = RegisterWebhookWithThirdPartyInput { webhook_name: Some("w".into()) };
        bench.run::<RegisterWebhookWithThirdParty>(input).unwrap();
        deregister(&bench, Some("w")).unwrap();
        deregister(&bench, Some("w")).unwrap();
        bench.look(|store| assert!(!store.webhooks["w"].registration.done));
    }

    #[test]
    fn each_wrong_call_has_its_error() {
        let bench = Bench::new();
        assert_eq!(deregister(&bench, Some("w")).unwrap_err().code(), "WebhookNotFoundException");
        assert_eq!(deregister(&bench, None).unwrap_err().code(), "ValidationException");
    }
}
