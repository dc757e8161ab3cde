use crate::{
    error::{Error, Result},
    shapes::{DeleteWebhookInput, DeleteWebhookOutput},
    store::{CodePipelineStore, Webhook},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// DeleteWebhook: a webhook goes, and its URL with it.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DeleteWebhook.html>
pub struct DeleteWebhook;

impl Operation for DeleteWebhook {
    const NAME: &'static str = "DeleteWebhook";
    type Store = CodePipelineStore;
    type Input = DeleteWebhookInput;
    type Output = DeleteWebhookOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: DeleteWebhookInput,
        tx: &mut Tx<'_>,
    ) -> Result<DeleteWebhookOutput> {
        let event = Event::new("webhook.changed", format!("webhook:{}", input.name));
        if let Some(webhook) = store.webhooks.remove(&input.name) {
            tx.release(&Webhook::handle(&webhook.token));
            let arn = store.place.arn(&format!("webhook:{}", input.name));
            store.tags.remove(&arn);
            tx.emit(event.fact(format!("webhook '{}' was deleted; its URL leads nowhere", input.name)));
        } else {
            // CHOICE: no error when there is none, as with pipelines.
            let fact = format!("there is no webhook '{}': nothing was deleted", input.name);
            tx.emit(event.fact(fact).verdict(Verdict::Skipped));
        }
        Ok(DeleteWebhookOutput {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;

    #[test]
    fn it_takes_the_url_with_it_and_is_idempotent() {
        let bench = Bench::new();
        bench.pipeline("p");
        let url = bench.webhook("w", "p");
        let token = url.split(['=', '&']).nth(1).unwrap();
        assert!(bench.world.find(&Webhook::handle(token)).is_some());
        for _ in 0..2 {
            bench.run::<DeleteWebhook>(DeleteWebhookInput { name: "w".into() }).unwrap();
        }
        assert!(bench.world.find(&Webhook::handle(token)).is_none());
        bench.look(|store| assert!(store.webhooks.is_empty()));
    }
}
