//! Requests that are wrong: each is answered in the service's own form.

use crate::testing::{JSON, Server, zip_of, zip_with};
use crate::{Settings, error::Refusal};
use expect_test::expect;
use parhelion_http::{Body, Head};
use serde_json::json;

const HOOKS: &str = "/kudu/site/api/hooks";
const ZIP: &str = "/kudu/site/api/zipdeploy";

#[tokio::test]
async fn a_body_that_is_no_hook_is_400_and_empty() {
    let server = Server::new();
    let deep = "[".repeat(100_000);
    for body in
        ["", "null", "{", "[]", "\"http://h/\"", "7", r#"{"url":[]}"#, r#"{"insecure_ssl":"x"}"#, &deep]
    {
        let answer = server.call("POST", HOOKS, JSON, body.to_owned()).await;
        assert_eq!(answer.pair(), (400, ""), "{:.40}", body);
    }
    let answer = server.call("POST", HOOKS, JSON, &b"{\"url\":\"\xff\"}"[..]).await;
    assert_eq!(answer.pair(), (400, ""));
    // Without a body there is no media type to be wrong.
    assert_eq!(server.call("POST", HOOKS, "", Body::empty()).await.pair(), (400, ""));
    assert_eq!(server.get(HOOKS).await.body, "[]");
}

#[tokio::test]
async fn an_address_that_is_none_is_500() {
    let server = Server::new();
    let answer = server.post(HOOKS, &json!({"url": " www.x.com/a ", "event": "x"})).await;
    assert_eq!(answer.status, 500);
    expect![[r#"{"Message":"An error has occurred.","ExceptionMessage":"The hooks address received - 'www.x.com/a' is invalid.","ExceptionType":"System.FormatException","StackTrace":"   at Kudu.WebHooksController.Subscribe()"}"#]]
    .assert_eq(&answer.body);
    for json in [json!({}), json!({"url": ""}), json!({"url": null}), json!({"url": true})] {
        assert_eq!(server.post(HOOKS, &json).await.status, 500, "{json}");
    }
}

#[tokio::test]
async fn another_media_type_is_415() {
    let server = Server::new();
    let form = "application/x-www-form-urlencoded";
    let answer = server.call("POST", HOOKS, form, "url=http://h/").await;
    assert_eq!(answer.status, 415);
    let body = answer.json();
    let message = format!("The request entity's media type '{form}' is not supported for this resource.");
    assert_eq!(body["Message"], message);
    assert_eq!(body["ExceptionType"], "System.Net.Http.UnsupportedMediaTypeException");
    let answer = server.call("POST", &format!("{HOOKS}/publish/x"), "", "{}").await;
    assert_eq!(answer.status, 415);
    assert!(answer.body.contains("'application/octet-stream'"), "{}", answer.body);
    let answer = server.call("POST", HOOKS, "Text/JSON; charset=utf-8", r#"{"url":"http://h/"}"#).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let server = Server::new();
    let huge = vec![b' '; 33 * 1024 * 1024];
    let answer = server.call("POST", HOOKS, JSON, huge).await;
    assert_eq!(answer.pair(), (413, r#"{"Message":"The request body is larger than 33554432 bytes."}"#));
    // Just below it is read and judged.
    let large = format!("{{\"url\":\"http://h/\",\"x\":\"{}\"}}", "a".repeat(30_000_000));
    assert_eq!(server.call("POST", HOOKS, JSON, large).await.status, 201);
}

#[tokio::test]
async fn a_package_that_is_none_is_500_and_leaves_its_record() {
    let server = Server::new();
    for body in [&b""[..], b"This is no zip.", &zip_of(&[("a", "b")])[..20]] {
        let answer = server.call("POST", ZIP, "application/zip", body.to_vec()).await;
        assert_eq!(answer.status, 500);
        expect![[r#"{"Message":"An error has occurred.","ExceptionMessage":"End of Central Directory record could not be found.","ExceptionType":"System.IO.InvalidDataException","StackTrace":"   at Kudu.PushDeploymentController.ZipPushDeploy()"}"#]]
        .assert_eq(&answer.body);
    }
    let latest = server.get("/kudu/site/api/deployments/latest").await;
    let (status, is_temp) = (&latest.json()["status"], &latest.json()["is_temp"]);
    assert_eq!((latest.status, status, is_temp), (200, &json!(3), &json!(true)));
}

#[tokio::test]
async fn packages_that_lead_out_are_500_and_change_nothing() {
    let server = Server::new();
    for name in ["../evil.txt", "/etc/cron.d/x", r"..\..\x", "C:/x"] {
        let slip = zip_with(|zip| zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap());
        let answer = server.call("POST", ZIP, "", slip).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["ExceptionType"]), (500, &json!("System.IO.IOException")), "{name}");
        assert!(body["ExceptionMessage"].as_str().unwrap().contains("is refused"), "{body}");
    }
    assert!(server.outbox.sent().is_empty());
}

#[tokio::test]
async fn bombs_are_500_and_name_the_setting() {
    let server = Server::with(Settings { max_unzip_bytes: 100_000, ..Settings::default() });
    let bomb = zip_of(&[("zeros", &"0".repeat(200_000))]);
    let answer = server.call("POST", ZIP, "", bomb).await;
    let message = answer.json()["ExceptionMessage"].as_str().unwrap().to_owned();
    assert_eq!(answer.status, 500);
    assert!(message.contains("kudu.max_unzip_bytes") && message.contains("100000"), "{message}");
}

#[tokio::test]
async fn a_package_by_an_address_that_is_none_is_400() {
    let server = Server::new();
    let cases = [
        ("", 400, "PackageUri was empty in the JSON request"),
        ("[]", 400, "PackageUri was empty in the JSON request"),
        (r#"{"packageUri":""}"#, 400, "PackageUri was empty in the JSON request"),
        (r#"{"packageUri":"/a.zip"}"#, 400, "Invalid '/a.zip' packageUri in the JSON request"),
    ];
    for (body, status, message) in cases {
        let answer = server.call("POST", ZIP, JSON, body).await;
        assert_eq!((answer.status, &answer.json()["ExceptionMessage"]), (status, &json!(message)), "{body}");
    }
    assert_eq!(server.get("/kudu/site/api/deployments").await.body, "[]");
}

#[tokio::test]
async fn a_flag_that_is_none_is_400() {
    let server = Server::new();
    let answer = server.call("POST", &format!("{ZIP}?isAsync=maybe"), "", zip_of(&[("a", "b")])).await;
    assert_eq!(answer.pair(), (400, r#"{"Message":"The request is invalid."}"#));
}

#[tokio::test]
async fn an_upload_that_breaks_off_changes_nothing() {
    let server = Server::new();
    let chunks = [Ok(bytes::Bytes::from_static(b"PK")), Err(std::io::Error::other("reset"))];
    let answer = server.call("POST", ZIP, "", Body::from_stream(Chunks(chunks.into_iter()))).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("could not be read"), "{}", answer.body);
    assert_eq!(server.get("/kudu/site/api/deployments").await.body, "[]");
}

struct Chunks(std::array::IntoIter<Result<bytes::Bytes, std::io::Error>, 2>);
impl futures_util::Stream for Chunks {
    type Item = Result<bytes::Bytes, std::io::Error>;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn a_site_that_cannot_be_is_404() {
    let server = Server::new();
    for target in ["/kudu/a_b/api/hooks", "/kudu", "/kudu//api/hooks", "a.b.scm.localhost/api/hooks"] {
        let answer = server.get(target).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, "application/json; charset=utf-8"),
            "{target}"
        );
        assert!(answer.json()["Message"].as_str().unwrap().contains("no name of a site"), "{target}");
    }
    let server = Server::with(Settings { auto_create: false, ..Settings::default() });
    let answer = server.get("/kudu/site/api/hooks").await;
    assert_eq!(answer.pair(), (404, r#"{"Message":"Site 'site' does not exist."}"#));
}

#[test]
fn a_panic_is_answered_in_the_services_form() {
    let head = Head {
        world: parhelion_core::WorldName::main(),
        base: String::new(),
        original_uri: http::Uri::from_static("/"),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: "r1".to_owned(),
        cause: 0,
    };
    let server = Server::new();
    let answer = (server.surface.panicked)(&head);
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-ms-request-id"]),
        (500, &"r1".parse().unwrap())
    );
    assert_eq!(Refusal::Internal.answer().0, 500);
}
