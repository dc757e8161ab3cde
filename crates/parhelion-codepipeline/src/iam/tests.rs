//! Whole exchanges: a signed form in, XML out, the journal beside it.

use crate::ops::testing::{Bench, declaration, ready};
use crate::ops::{CreatePipeline, UpdatePipeline};
use crate::shapes::{CreatePipelineInput, UpdatePipelineInput};
use expect_test::expect;
use parhelion_core::WorldName;
use parhelion_http::{Body, Head, read_body};
use parhelion_state::Worlds;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;
use tower::ServiceExt as _;

const TRUST: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"codepipeline.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const OTHER: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

struct Server {
    worlds: Arc<Worlds>,
    bench: Bench,
}

impl Server {
    fn new() -> Self {
        let worlds = parhelion_state::testing::worlds(1, crate::ops::testing::shelves);
        let bench = Bench::of(worlds.open(&WorldName::main()).unwrap());
        Server { worlds, bench }
    }
    /// `scope`: account, region, service.
    fn ask(&self, scope: [&str; 3], body: &str) -> (u16, String) {
        let [key, region, service] = scope;
        let head = Head {
            world: WorldName::main(),
            base: "http://here".into(),
            original_uri: "/".parse().unwrap(),
            peer: "127.0.0.1".parse().unwrap(),
            request_id: "5f0c8a3e-0000-4000-8000-000000000001".into(),
            cause: 0,
        };
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = http::Request::builder()
            .method("POST")
            .uri("/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("authorization", signature)
            .extension(head)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response =
            ready(crate::surface(self.worlds.clone(), Arc::default()).service.oneshot(request)).unwrap();
        assert_eq!(response.headers()["content-type"], "text/xml");
        let status = response.status().as_u16();
        let bytes = ready(read_body(response.into_body(), 1_000_000)).unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
    fn iam(&self, body: &str) -> (u16, String) {
        self.ask(["test", "us-east-1", "iam"], body)
    }
    fn create(&self, name: &str, trust: &str) -> (u16, String) {
        let trust = utf8_percent_encode(trust, NON_ALPHANUMERIC);
        self.iam(&format!(
            "Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={trust}"
        ))
    }
    fn last(&self) -> String {
        let entry = self.bench.world.entries(0, usize::MAX, |_| true).pop().unwrap();
        format!("{} {} {:?}: {}", entry.tenant, entry.kind, entry.verdict, entry.fact)
    }
}

/// The text of the first element of that name.
fn inner<'a>(xml: &'a str, name: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{name}>")).unwrap().1;
    rest.split_once(&format!("</{name}>")).unwrap().0
}

#[test]
fn a_role_is_made_shown_changed_and_deleted() {
    let server = Server::new();
    let (status, made) = server.create("ci", TRUST);
    assert_eq!(status, 200);
    expect![[r#"<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role><Path>/</Path><RoleName>ci</RoleName><RoleId>AROAGA5KVE3YMBHRCBVR2</RoleId><Arn>arn:aws:iam::000000000000:role/ci</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22codepipeline.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role></CreateRoleResult><ResponseMetadata><RequestId>5f0c8a3e-0000-4000-8000-000000000001</RequestId></ResponseMetadata></CreateRoleResponse>"#]].assert_eq(&made);
    assert_eq!(
        server.last(),
        "000000000000 role.changed None: role 'ci' was created: CodePipeline may assume it"
    );
    let (_, shown) = server.iam("Action=GetRole&RoleName=ci");
    assert_eq!(inner(&shown, "Role"), inner(&made, "Role"));

    let other = utf8_percent_encode(OTHER, NON_ALPHANUMERIC);
    let (status, xml) =
        server.iam(&format!("Action=UpdateAssumeRolePolicy&RoleName=ci&PolicyDocument={other}"));
    assert_eq!((status, xml.contains("Result>")), (200, false), "{xml}");
    let (_, shown) = server.iam("Action=GetRole&RoleName=ci");
    assert!(inner(&shown, "AssumeRolePolicyDocument").contains("ec2.amazonaws.com"));

    assert_eq!(server.iam("Action=DeleteRole&RoleName=ci").0, 200);
    let (status, gone) = server.iam("Action=GetRole&RoleName=ci");
    assert_eq!(status, 404);
    expect![[r#"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>Role ci not found</Message></Error><RequestId>5f0c8a3e-0000-4000-8000-000000000001</RequestId></ErrorResponse>"#]].assert_eq(&gone);
    assert_eq!(
        server.last(),
        "000000000000/us-east-1 request.refused Some(Failed): NoSuchEntity: Role ci not found"
    );
}

#[test]
fn what_cannot_be_is_refused_in_the_protocols_form() {
    let server = Server::new();
    assert_eq!(server.create("Ci", TRUST).0, 200);
    let refused =
        |(status, xml): (u16, String)| format!("{status} {} {}", inner(&xml, "Code"), inner(&xml, "Message"));
    let said = [
        server.create("ci", TRUST),
        server.create("a%20b", TRUST),
        server.create("x", "{"),
        server.iam("Action=DeleteRole&RoleName=none"),
        server.iam("Action=CreateUser&Version=2010-05-08&UserName=u"),
        server.iam("Action=GetCallerIdentity&Version=2011-06-15"),
        server.iam(""),
        server.iam("Action=ListRoles&Marker=eHg"),
        server.iam("Action=ListRoles&MaxItems=0"),
        server.iam("Action=%FF"),
    ]
    .map(refused);
    expect![[r#"
        409 EntityAlreadyExists Role with name ci already exists.
        400 ValidationError 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+
        400 MalformedPolicyDocument This policy contains invalid Json
        404 NoSuchEntity Role none not found
        400 InvalidAction Could not find operation CreateUser for version 2010-05-08
        400 InvalidAction Could not find operation GetCallerIdentity for version 2011-06-15
        400 MissingAction The request must contain the parameter Action
        400 ValidationError The marker is invalid
        400 ValidationError 1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1
        400 MalformedInput The form is no UTF-8"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn roles_are_listed_by_name_page_by_page_in_every_region() {
    let server = Server::new();
    for name in ["b", "a", "C"] {
        assert_eq!(server.create(name, TRUST).0, 200);
    }
    let (_, first) = server.iam("Action=ListRoles&MaxItems=2");
    assert_eq!(inner(&first, "IsTruncated"), "true");
    let marker = inner(&first, "Marker");
    let (_, second) =
        server.ask(["test", "eu-west-1", "iam"], &format!("Action=ListRoles&MaxItems=2&Marker={marker}"));
    assert_eq!((inner(&second, "RoleName"), inner(&second, "IsTruncated")), ("C", "false"));
    assert!(first.find(">a<") < first.find(">b<") && !second.contains("<Marker>"));
    // Another account has none; another question has no use for the marker.
    let (_, none) = server.ask(["123456789012", "us-east-1", "iam"], "Action=ListRoles");
    assert!(none.contains("<Roles></Roles>"));
    let (status, _) = server.iam(&format!("Action=ListRoles&PathPrefix=/x&Marker={marker}"));
    assert_eq!(status, 400);
}

#[test]
fn the_caller_is_the_root_of_its_account() {
    let server = Server::new();
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let (status, xml) = server.ask(["123456789012", "cn-north-1", "sts"], body);
    assert_eq!(status, 200);
    expect![[r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws-cn:iam::123456789012:root</Arn><UserId>123456789012</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>5f0c8a3e-0000-4000-8000-000000000001</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#]].assert_eq(&xml);
}

#[test]
fn once_an_account_has_roles_a_pipeline_needs_one_that_trusts_it() {
    let server = Server::new();
    let role = |name: &str, role: &str| {
        let mut declaration = declaration(name);
        declaration.role_arn = format!("arn:aws:iam::000000000000:role/{role}");
        declaration
    };
    let create = |pipeline| {
        let input = CreatePipelineInput { pipeline, tags: None };
        server.bench.run::<CreatePipeline>(input).map(drop).map_err(|e| e.to_string())
    };
    assert_eq!(create(role("p", "any")), Ok(()));
    assert_eq!(server.create("good", TRUST).0, 200);
    assert_eq!(server.create("bad", OTHER).0, 200);
    for refused in ["any", "bad"] {
        let said = create(role("q", refused)).unwrap_err();
        assert_eq!(
            said,
            format!(
                "CodePipeline is not authorized to perform AssumeRole on role arn:aws:iam::000000000000:role/{refused}"
            )
        );
    }
    assert_eq!(
        server.last(),
        "000000000000/us-east-1 role.checked Some(Failed): no Allow statement in the trust policy of arn:aws:iam::000000000000:role/bad names codepipeline.amazonaws.com"
    );
    assert_eq!(create(role("q", "good")), Ok(()));
    let update = |pipeline| server.bench.run::<UpdatePipeline>(UpdatePipelineInput { pipeline });
    assert!(update(role("q", "good")).is_ok());
    assert_eq!(update(role("p", "any")).unwrap_err().code(), "InvalidStructureException");
    // Another account's pipelines know nothing of these roles.
    let elsewhere = server.bench.at(&crate::domain::place::Place::new("123456789012", "us-east-1").unwrap());
    assert!(
        elsewhere
            .run::<CreatePipeline>(CreatePipelineInput { pipeline: role("p", "any"), tags: None })
            .is_ok()
    );
}
