use super::*;
use crate::ops::testing::Bench;
use crate::ops::{DeleteWebhook, DeregisterWebhookWithThirdParty, RegisterWebhookWithThirdParty};
use crate::shapes::{
    DeleteWebhookInput, DeregisterWebhookWithThirdPartyInput, RegisterWebhookWithThirdPartyInput,
};
use expect_test::expect;
use parhelion_core::ErrorClass;
use parhelion_state::testing::{self, Recorded, Sent};
use std::sync::Arc;

struct Github {
    bench: Bench,
    outbox: Arc<Recorded>,
}

/// A world with a webhook `w` and a GitHub API that is played by the test.
fn github() -> Github {
    let settings =
        Settings { github_api: Some("http://github.test/api/v3/".parse().unwrap()), ..Settings::default() };
    let (world, outbox) = testing::world(1, crate::shelves(&Arc::new(settings)));
    let bench = Bench::of(world);
    bench.pipeline("p");
    bench.webhook("w", "p");
    Github { bench, outbox }
}

impl Github {
    fn register(&self) -> Option<Sent> {
        let before = self.outbox.sent().len();
        let input = RegisterWebhookWithThirdPartyInput { webhook_name: Some("w".into()) };
        self.bench.run::<RegisterWebhookWithThirdParty>(input).unwrap();
        self.outbox.sent().into_iter().nth(before)
    }
    fn deregister(&self) -> Option<Sent> {
        let before = self.outbox.sent().len();
        let input = DeregisterWebhookWithThirdPartyInput { webhook_name: Some("w".into()) };
        self.bench.run::<DeregisterWebhookWithThirdParty>(input).unwrap();
        self.outbox.sent().into_iter().nth(before)
    }
    /// Answers a call; what the operation that waits for it answers.
    fn answer(&self, call: &Sent, answer: Result<u16, ErrorClass>, body: &str) -> Result<(), String> {
        self.outbox.settle(&self.bench.world, call.id, answer, body.as_bytes());
        self.outcome(call)
    }
    fn outcome(&self, call: &Sent) -> Result<(), String> {
        self.bench.look(|store| outcome(store, call.id)).map_err(|error| format!("{}: {error}", error.code()))
    }
    fn registration(&self) -> (bool, Option<String>) {
        self.bench.look(|store| {
            let registration = &store.webhooks["w"].registration;
            (registration.done, registration.hook.clone())
        })
    }
}

fn called(sent: &Sent) -> String {
    format!("{} {}", sent.delivery.method, sent.delivery.url)
}

#[test]
fn a_hook_is_made_changed_and_deleted_where_the_api_is() {
    let github = github();
    let call = github.register().unwrap();
    assert_eq!(called(&call), "POST http://github.test/api/v3/repos/octo/hello/hooks");
    let header = |name: &str| {
        call.delivery.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap()
    };
    assert_eq!(header("Authorization"), "Bearer geheim");
    assert_eq!(header("Content-Type"), "application/json");
    let url = github.bench.look(|store| store.webhooks["w"].url.clone());
    assert_eq!(
        serde_json::from_slice::<Value>(&call.delivery.body).unwrap(),
        json!({"name": "web", "active": true, "events": ["push"],
            "config": {"url": url, "content_type": "json", "secret": "shh"}})
    );
    assert_eq!(github.registration(), (false, None), "not before GitHub says so");
    assert_eq!(github.answer(&call, Ok(201), r#"{"id": 12, "type": "Repository"}"#), Ok(()));
    let hook = Some("/repos/octo/hello/hooks/12".to_owned());
    assert_eq!(github.registration(), (true, hook.clone()));

    let call = github.register().unwrap();
    assert_eq!(called(&call), "PATCH http://github.test/api/v3/repos/octo/hello/hooks/12");
    assert_eq!(github.answer(&call, Ok(200), r#"{"id": 12}"#), Ok(()));
    assert_eq!(github.registration(), (true, hook));

    let call = github.deregister().unwrap();
    assert_eq!(called(&call), "DELETE http://github.test/api/v3/repos/octo/hello/hooks/12");
    assert!(call.delivery.body.is_empty());
    assert_eq!(github.answer(&call, Ok(204), ""), Ok(()));
    assert_eq!(github.registration(), (false, None));
    assert!(github.deregister().is_none(), "no hook is known: nobody is called");
}

#[test]
fn what_github_refuses_is_handed_on_in_the_services_words() {
    let github = github();
    let body = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}"#;
    for (answer, body, expected) in [
        (
            Ok(404),
            body,
            expect![[
                r#"ValidationException: Webhook could not be registered with GitHub. Error cause: Not found [StatusCode: 404, Body: {"message":"Not Found","documentation_url":"https://docs.github.com/rest"}]"#
            ]],
        ),
        (
            Ok(401),
            r#"{"message":"Bad credentials"}"#,
            expect![[
                r#"ValidationException: Webhook could not be registered with GitHub. Error cause: Invalid credentials [StatusCode: 401, Body: {"message":"Bad credentials"}]"#
            ]],
        ),
        (
            Ok(422),
            "{}",
            expect![
                "ValidationException: Webhook could not be registered with GitHub. Error cause: Unprocessable Entity [StatusCode: 422, Body: {}]"
            ],
        ),
        (
            Err(ErrorClass::Refused),
            "",
            expect!["ValidationException: Webhook could not be registered with GitHub. Error cause: Refused"],
        ),
    ] {
        let call = github.register().unwrap();
        expected.assert_eq(&github.answer(&call, answer, body).unwrap_err());
        assert_eq!(github.registration(), (false, None));
    }
    let facts =
        github.bench.world.entries(0, usize::MAX, |entry| entry.fact.contains("could not be registered"));
    assert_eq!(facts.len(), 4);
    assert_eq!(facts[0].subject, "webhook:w");
}

#[test]
fn a_hook_that_is_gone_is_deleted_and_made_again() {
    let github = github();
    let call = github.register().unwrap();
    github.answer(&call, Ok(201), r#"{"id": "a/b"}"#).unwrap();
    assert_eq!(github.registration().1.as_deref(), Some("/repos/octo/hello/hooks/a%2Fb"));
    let call = github.register().unwrap();
    assert!(github.answer(&call, Ok(404), "{}").is_err());
    assert_eq!(called(&github.register().unwrap()), "POST http://github.test/api/v3/repos/octo/hello/hooks");

    let call = github.register().unwrap();
    github.answer(&call, Ok(201), r#"{"id": 1}"#).unwrap();
    let call = github.deregister().unwrap();
    assert!(github.answer(&call, Ok(500), "").unwrap_err().contains("could not be deregistered from GitHub"));
    assert!(github.registration().0);
    let call = github.deregister().unwrap();
    assert_eq!(github.answer(&call, Ok(404), ""), Ok(()));
    assert_eq!(github.registration(), (false, None));
}

#[test]
fn a_webhook_that_went_elsewhere_gets_a_hook_there() {
    let github = github();
    let call = github.register().unwrap();
    github.answer(&call, Ok(201), r#"{"id": 1}"#).unwrap();
    github.bench.update("p", |p| {
        let configuration = p.stages[0].actions[0].configuration.get_or_insert_default();
        configuration.insert("Repo".into(), "hello world/../x".into());
    });
    let call = github.register().unwrap();
    assert_eq!(called(&call), "POST http://github.test/api/v3/repos/octo/hello%20world%2F..%2Fx/hooks");
}

#[test]
fn who_waits_for_a_call_that_was_given_up_is_told_so() {
    let github = github();
    let call = github.register().unwrap();
    github.bench.run::<DeleteWebhook>(DeleteWebhookInput { name: "w".into() }).unwrap();
    let said = github.answer(&call, Ok(201), r#"{"id": 1}"#).unwrap_err();
    assert!(said.contains("given up"), "{said}");
    // Of many outcomes the newest are kept.
    github.bench.webhook("w", "p");
    let calls: Vec<Sent> = (0..10).map(|_| github.register().unwrap()).collect();
    for call in &calls {
        github.answer(call, Ok(201), "no json").unwrap();
    }
    assert_eq!(github.registration(), (true, None));
    assert!(github.outcome(&calls[0]).is_err() && github.outcome(&calls[9]).is_ok());
}
