use crate::named::Named;
use crate::{
    domain::{
        engine::Engine,
        jsonpath::rule::{self, Placeholders},
        registration::Registration,
        tags, triggers, views, webhook_auth,
    },
    error::{Error, Invalid, Result},
    shapes::{ActionDeclaration, PutWebhookInput, PutWebhookOutput, WebhookDefinition},
    store::{CodePipelineStore, WEBHOOKS_MAX, Webhook},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parhelion_core::Event;
use parhelion_state::{Operation, Tx};
use std::collections::BTreeMap;

/// PutWebhook: creates a webhook with a URL of its own, or replaces the definition of the one of that name.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutWebhook.html>
pub struct PutWebhook;

/// Docs: the model's `WebhookUrl`, characters.
const URL_MAX: usize = 1000;

impl Operation for PutWebhook {
    const NAME: &'static str = "PutWebhook";
    type Store = CodePipelineStore;
    type Input = PutWebhookInput;
    type Output = PutWebhookOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: PutWebhookInput,
        tx: &mut Tx<'_>,
    ) -> Result<PutWebhookOutput> {
        let definition = input.webhook;
        let (_, _, plan) = store.pipeline(&definition.target_pipeline)?;
        let action = plan.sources().find(|action| action.name == definition.target_action);
        let action =
            action.ok_or_else(|| Error::NotInFirstStage { action: definition.target_action.clone() })?;
        webhook_auth::check_configuration(
            definition.authentication,
            &definition.authentication_configuration,
        )
        .map_err(|bad| Error::InvalidWebhookAuthentication { why: bad.to_string() })?;
        check_filters(&store.engine, &definition, action)?;

        let name = definition.name.clone();
        let arn = store.place.arn(&format!("webhook:{name}"));
        // CHOICE: tags that are given replace those that are there; without them nothing changes.
        let tags = input.tags.map(|given| tags::union(&arn, &BTreeMap::new(), &given)).transpose()?;
        let before = store.webhooks.get(&name).cloned();
        if before.is_none() && store.webhooks.len() >= WEBHOOKS_MAX {
            return Err(Error::LimitExceeded { what: "webhooks", limit: WEBHOOKS_MAX });
        }

        let what = if before.is_some() { "was replaced; its URL stays" } else { "was created" };
        let webhook = match before {
            Some(before) => Webhook { definition, error: None, ..(*before).clone() },
            None => created(definition, tx)?,
        };
        tx.emit(
            Event::new("webhook.changed", format!("webhook:{name}"))
                .fact(format!("webhook '{name}' {what}"))
                .with("pipeline", webhook.definition.target_pipeline.clone())
                .with("action", webhook.definition.target_action.clone()),
        );
        store.webhooks.put(name.clone(), webhook);
        if let Some(tags) = tags {
            store.set_tags(&arn, tags);
        }
        let tags = store.tags_of(&arn);
        Ok(PutWebhookOutput {
            webhook: store.webhooks.get(&name).map(|webhook| views::webhook(webhook, arn, tags)),
        })
    }
}

fn check_filters(engine: &Engine, definition: &WebhookDefinition, action: &ActionDeclaration) -> Result<()> {
    let none = Named::new();
    let is_secret = triggers::secrets_of(engine, action);
    let placeholders =
        Placeholders { values: action.configuration.as_ref().unwrap_or(&none), is_secret: &is_secret };
    for filter in &definition.filters {
        rule::check(&filter.json_path, filter.match_equals.as_deref(), &placeholders)
            .map_err(|bad| Error::InvalidWebhookFilter { why: bad.to_string() })?;
    }
    Ok(())
}

fn created(definition: WebhookDefinition, tx: &mut Tx<'_>) -> Result<Webhook> {
    let token = URL_SAFE_NO_PAD.encode(tx.secret("webhook"));
    tx.claim(Webhook::handle(&token), definition.name.clone());
    // OBSERVED: `/trigger?t=…&v=1`.
    let url = format!("{}/trigger?t={token}&v=1", tx.call().base);
    if url.len() > URL_MAX {
        return Err(Invalid::UrlTooLong { most: URL_MAX }.into());
    }
    Ok(Webhook {
        definition,
        token,
        url,
        registration: Registration::default(),
        last_triggered: None,
        error: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, definition, tag};
    use crate::ops::{DeleteWebhook, TagResource};
    use crate::shapes::{
        DeleteWebhookInput, ListWebhookItem, TagResourceInput, WebhookAuthConfiguration,
        WebhookAuthenticationType, WebhookFilterRule,
    };
    use expect_test::expect;

    fn put(bench: &Bench, webhook: WebhookDefinition) -> Result<ListWebhookItem> {
        bench.run::<PutWebhook>(PutWebhookInput { webhook, tags: None }).map(|output| output.webhook.unwrap())
    }

    #[test]
    fn it_makes_a_url_that_nobody_can_guess_and_shows_no_secret() {
        let bench = Bench::new();
        bench.pipeline("p");
        let webhook = put(&bench, definition("w", "p")).unwrap();
        assert_eq!(webhook.arn.as_deref(), Some("arn:aws:codepipeline:us-east-1:000000000000:webhook:w"));
        let token = webhook.url.strip_prefix("http://here/trigger?t=").unwrap().strip_suffix("&v=1").unwrap();
        assert_eq!(token.len(), 43, "32 bytes in base64url");
        assert_eq!(webhook.definition.authentication_configuration.secret_token.as_deref(), Some("****"));
        assert_eq!((webhook.last_triggered, webhook.error_code, webhook.tags), (None, None, Some(vec![])));
        let (owner, name) = bench.world.find(&Webhook::handle(token)).unwrap();
        assert_eq!((owner.tenant.as_str(), name.as_str()), ("000000000000/us-east-1", "w"));
    }

    #[test]
    fn the_same_name_keeps_url_arn_and_tags() {
        let bench = Bench::new();
        bench.pipeline("p");
        let input = PutWebhookInput { webhook: definition("w", "p"), tags: Some(vec![tag("a", "1")]) };
        let first = bench.run::<PutWebhook>(input).unwrap().webhook.unwrap();
        let mut changed = definition("w", "p");
        changed.filters.clear();
        let second = put(&bench, changed).unwrap();
        assert_eq!((&second.url, &second.arn, &second.tags), (&first.url, &first.arn, &first.tags));
        assert!(second.definition.filters.is_empty());
        let replaced = PutWebhookInput { webhook: definition("w", "p"), tags: Some(vec![tag("b", "2")]) };
        assert_eq!(
            bench.run::<PutWebhook>(replaced).unwrap().webhook.unwrap().tags,
            Some(vec![tag("b", "2")])
        );
    }

    #[test]
    fn creating_it_anew_makes_another_url_and_kills_the_old_one() {
        let bench = Bench::new();
        bench.pipeline("p");
        let first = bench.webhook("w", "p");
        let arn = "arn:aws:codepipeline:us-east-1:000000000000:webhook:w".to_owned();
        bench.run::<TagResource>(TagResourceInput { resource_arn: arn, tags: vec![tag("a", "1")] }).unwrap();
        bench.run::<DeleteWebhook>(DeleteWebhookInput { name: "w".into() }).unwrap();
        let second = put(&bench, definition("w", "p")).unwrap();
        assert_ne!(first, second.url);
        assert_eq!(second.tags, Some(vec![]));
        let token = first.split(['=', '&']).nth(1).unwrap();
        assert_eq!(bench.world.find(&Webhook::handle(token)), None);
    }

    #[test]
    fn each_wrong_definition_has_its_error() {
        let bench = Bench::new();
        bench.pipeline("p");
        let said = |change: &dyn Fn(&mut WebhookDefinition)| {
            let mut webhook = definition("w", "p");
            change(&mut webhook);
            let error = put(&bench, webhook).unwrap_err();
            format!("{}: {error}", error.code())
        };
        let authentication = |kind, secret: Option<&str>, range: Option<&str>| {
            let configuration = WebhookAuthConfiguration {
                allowed_ip_range: range.map(Into::into),
                secret_token: secret.map(Into::into),
            };
            said(&|webhook| {
                webhook.authentication = kind;
                webhook.authentication_configuration = configuration.clone();
            })
        };
        let filter = |path: &str, wanted: &str| {
            let rule = WebhookFilterRule { json_path: path.into(), match_equals: Some(wanted.into()) };
            said(&|webhook| webhook.filters = vec![rule.clone()])
        };
        let texts = [
            said(&|webhook| webhook.target_pipeline = "q".into()),
            said(&|webhook| webhook.target_action = "Compile".into()),
            authentication(WebhookAuthenticationType::GithubHmac, None, None),
            authentication(WebhookAuthenticationType::GithubHmac, Some("s"), Some("10.0.0.0/8")),
            authentication(WebhookAuthenticationType::Ip, Some("s"), None),
            authentication(WebhookAuthenticationType::Ip, None, Some("10.0.0.0/99")),
            authentication(WebhookAuthenticationType::Unauthenticated, Some("s"), None),
            filter("$.ref", "refs/heads/{Nope}"),
            filter("$.ref[", "x"),
        ];
        expect![[r#"
            PipelineNotFoundException: Account '000000000000' does not have a pipeline with name 'q'
            ValidationException: Action with name Compile was not found in the first stage of the pipeline
            InvalidWebhookAuthenticationParametersException: Optional['authenticationConfig' should contain only one property: 'SecretToken']
            InvalidWebhookAuthenticationParametersException: Optional['authenticationConfig' should contain only one property: 'SecretToken']
            InvalidWebhookAuthenticationParametersException: Optional['authenticationConfig' should contain only one property: 'AllowedIPRange']
            InvalidWebhookAuthenticationParametersException: Optional['AllowedIPRange' should be a valid CIDR range]
            InvalidWebhookAuthenticationParametersException: Optional['authenticationConfig' should be empty]
            InvalidWebhookFilterPatternException: The placeholder '{Nope}' is not a configuration property of the target action"#]]
        .assert_eq(&texts[..8].join("\n"));
        assert!(texts[8].starts_with("InvalidWebhookFilterPatternException: "), "{}", texts[8]);
        let tags = |tags| {
            bench.run::<PutWebhook>(PutWebhookInput { webhook: definition("w", "p"), tags: Some(tags) })
        };
        assert_eq!(tags(vec![tag("aws:x", "")]).unwrap_err().code(), "InvalidTagsException");
        let many = (0..51).map(|n| tag(&format!("k{n}"), "")).collect();
        assert_eq!(tags(many).unwrap_err().code(), "TooManyTagsException");
        bench.look(|store| assert!(store.webhooks.is_empty()));
    }

    #[test]
    fn there_can_be_300_webhooks() {
        let bench = Bench::new();
        bench.pipeline("p");
        for n in 0..WEBHOOKS_MAX {
            bench.webhook(&format!("w{n}"), "p");
        }
        assert_eq!(put(&bench, definition("more", "p")).unwrap_err().code(), "LimitExceededException");
        assert!(put(&bench, definition("w7", "p")).is_ok(), "one that is there can be replaced");
    }
}
