use crate::{
    error::{Error, Result},
    shapes::{DeregisterWebhookWithThirdPartyInput, DeregisterWebhookWithThirdPartyOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// DeregisterWebhookWithThirdParty: takes the mark of RegisterWebhookWithThirdParty away.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DeregisterWebhookWithThirdParty.html>
///
/// No GitHub API is configured here, so nobody is called.
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
        store.set_registered(input.webhook_name, false, tx)?;
        Ok(DeregisterWebhookWithThirdPartyOutput {})
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
        bench.look(|store| assert!(!store.webhooks["w"].registered));
    }

    #[test]
    fn each_wrong_call_has_its_error() {
        let bench = Bench::new();
        assert_eq!(deregister(&bench, Some("w")).unwrap_err().code(), "WebhookNotFoundException");
        assert_eq!(deregister(&bench, None).unwrap_err().code(), "ValidationException");
    }
}
