use super::page_size;
use crate::{
    domain::views,
    error::{Error, Result},
    shapes::{ListWebhooksInput, ListWebhooksOutput},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};
use std::ops::Bound;

/// ListWebhooks: the webhooks by name, with how their last calls came out.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListWebhooks.html>
pub struct ListWebhooks;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 100;

impl Query for ListWebhooks {
    const NAME: &'static str = "ListWebhooks";
    type Store = CodePipelineStore;
    type Input = ListWebhooksInput;
    type Output = ListWebhooksOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListWebhooksInput,
        _view: &View<'_>,
    ) -> Result<ListWebhooksOutput> {
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &[] };
        let after = input.next_token.map(|token| question.position(&token)).transpose()?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = store.webhooks.range((from, Bound::Unbounded));
        let page: Vec<_> = found.by_ref().take(page_size(input.max_results, PAGE)).collect();
        let next_token = found.next().and(page.last()).map(|(last, _)| question.token(last));
        let webhooks = page.into_iter().map(|(name, webhook)| {
            let arn = store.place.arn(&format!("webhook:{name}"));
            let tags = store.tags_of(&arn);
            views::webhook(webhook, arn, tags)
        });
        Ok(ListWebhooksOutput { webhooks: Some(webhooks.collect()), next_token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;

    #[test]
    fn pages_go_by_name_without_secrets() {
        let bench = Bench::new();
        bench.pipeline("p");
        for name in ["b", "a", "c"] {
            bench.webhook(name, "p");
        }
        let list = |next_token, max_results| {
            bench.ask::<ListWebhooks>(ListWebhooksInput { next_token, max_results })
        };
        let first = list(None, Some(2)).unwrap();
        let names = |output: &ListWebhooksOutput| -> Vec<String> {
            output.webhooks.iter().flatten().map(|w| w.definition.name.clone()).collect()
        };
        assert_eq!(names(&first), ["a", "b"]);
        let configuration = &first.webhooks.as_ref().unwrap()[0].definition.authentication_configuration;
        assert_eq!(configuration.secret_token.as_deref(), Some("****"));
        let second = list(first.next_token, Some(2)).unwrap();
        assert_eq!((names(&second), second.next_token), (vec!["c".to_owned()], None));
        assert_eq!(list(Some("x".into()), None).unwrap_err().code(), "InvalidNextTokenException");
    }
}
