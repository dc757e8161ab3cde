use super::*;
use crate::domain::catalogue::action_kind;
use crate::domain::place::Place;
use crate::domain::structure::{Context, check as check_declaration, normalised};
use crate::shapes::ActionTypeId;
use crate::wire::{json11, table, value};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::borrow::Cow;

fn shape(operation: &str) -> &'static Shape {
    table::OPERATIONS.iter().find(|o| o.name == operation).unwrap().input
}

/// What an input of an operation is answered with, or the input as the operation gets it.
fn judged(operation: &str, json: &str) -> String {
    let value = json11::read(json.as_bytes()).unwrap();
    let value = match coerce(shape(operation), value, Instants::Plain) {
        Ok(value) => value,
        Err(why) => return format!("SerializationException: {why}"),
    };
    match violations(shape(operation), &value) {
        none if none.is_empty() => String::from_utf8(json11::write(&value)).unwrap(),
        some => format!("ValidationException: {}", message(&some)),
    }
}

fn check(operation: &str, json: &str, expected: Expect) {
    expected.assert_eq(&judged(operation, json));
}

#[test]
fn required_members_names_and_paths() {
    check(
        "GetPipeline",
        "{}",
        expect![
            "ValidationException: 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"
        ],
    );
    check(
        "GetPipeline",
        r#"{"name":null,"version":0}"#,
        expect![
            "ValidationException: 2 validation errors detected: Value at 'name' failed to satisfy constraint: Member must not be null; Value at 'version' failed to satisfy constraint: Member must have value greater than or equal to 1"
        ],
    );
    check(
        "GetPipeline",
        r#"{"name":"a b"}"#,
        expect![[
            r"ValidationException: 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9.@\-_]+"
        ]],
    );
    check(
        "GetPipeline",
        r#"{"name":""}"#,
        expect![[
            r"ValidationException: 2 validation errors detected: Value at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9.@\-_]+"
        ]],
    );
    check(
        "GetPipeline",
        &format!(r#"{{"name":"{}"}}"#, "x".repeat(101)),
        expect![
            "ValidationException: 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 100"
        ],
    );
    check(
        "ListPipelines",
        r#"{"maxResults":1001}"#,
        expect![
            "ValidationException: 1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"
        ],
    );
}

#[test]
fn lists_count_from_one_and_go_deep() {
    let pipeline = r#"{"pipeline":{"name":"p","roleArn":"arn:aws:iam::123456789012:role/r","stages":[
        {"name":"A","actions":[]},
        {"name":"B","actions":[{"name":"a","runOrder":1000,"actionTypeId":{"category":"Nope","owner":"AWS","provider":"S3","version":"1"}}]}]}}"#;
    check(
        "CreatePipeline",
        pipeline,
        expect![
            "ValidationException: 2 validation errors detected: Value at 'pipeline.stages.2.member.actions.1.member.actionTypeId.category' failed to satisfy constraint: Member must satisfy enum value set: [Source, Build, Deploy, Test, Invoke, Approval, Compute]; Value at 'pipeline.stages.2.member.actions.1.member.runOrder' failed to satisfy constraint: Member must have value less than or equal to 999"
        ],
    );
    check(
        "CreatePipeline",
        r#"{"pipeline":{"name":"p","roleArn":"arn:aws:iam::123456789012:role/r","stages":[null]}}"#,
        expect![
            "ValidationException: 1 validation error detected: Value at 'pipeline.stages.1.member' failed to satisfy constraint: Member must not be null"
        ],
    );
    let hook = r#"{"webhook":{"name":"w","targetPipeline":"p","targetAction":"a","authentication":"IP","authenticationConfiguration":{},"filters":[{},{},{},{},{},{}]}}"#;
    let said = judged("PutWebhook", hook);
    assert!(said.starts_with("ValidationException: 7 validation errors detected: Value at 'webhook.filters' failed to satisfy constraint: Member must have length less than or equal to 5; Value at 'webhook.filters.1.member.jsonPath' failed"), "{said}");
}

#[test]
fn maps_and_lists_of_scalars_are_one_violation_each() {
    let action = |configuration: &str| {
        format!(
            r#"{{"pipeline":{{"name":"p","roleArn":"arn:aws:iam::123456789012:role/r","stages":[{{"name":"A","actions":[{{"name":"a","actionTypeId":{{"category":"Source","owner":"AWS","provider":"S3","version":"1"}},"configuration":{configuration}}}]}}]}}}}"#
        )
    };
    check(
        "CreatePipeline",
        &action(r#"{"a":"","b":""}"#),
        expect![
            "ValidationException: 1 validation error detected: Value at 'pipeline.stages.1.member.actions.1.member.configuration' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]"
        ],
    );
    check(
        "CreatePipeline",
        &action(&format!(r#"{{"{}":"x"}}"#, "k".repeat(51))),
        expect![
            "ValidationException: 1 validation error detected: Value at 'pipeline.stages.1.member.actions.1.member.configuration' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 50, Member must have length greater than or equal to 1]"
        ],
    );
    assert!(
        judged("CreatePipeline", &action(&format!(r#"{{"k":"{}"}}"#, "v".repeat(50_000)))).starts_with('{')
    );
    check(
        "UntagResource",
        r#"{"resourceArn":"arn:aws:codepipeline:us-east-1:123456789012:p","tagKeys":["a",""]}"#,
        expect![
            "ValidationException: 1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"
        ],
    );
    let stores = r#"{"pipeline":{"name":"p","roleArn":"arn:aws:iam::123456789012:role/r","artifactStores":{"us-east-1":{"type":"S4","location":"bucket"}},"stages":[]}}"#;
    check(
        "CreatePipeline",
        stores,
        expect![
            "ValidationException: 1 validation error detected: Value at 'pipeline.artifactStores.us-east-1.member.type' failed to satisfy constraint: Member must satisfy enum value set: [S3]"
        ],
    );
}

#[test]
fn wrong_types_are_serialization_errors() {
    check(
        "GetPipeline",
        r#"{"name":7}"#,
        expect!["SerializationException: NUMBER_VALUE can not be converted to a String, at 'name'"],
    );
    check(
        "GetPipeline",
        r#"{"name":{}}"#,
        expect!["SerializationException: Start of structure or map found where not expected, at 'name'"],
    );
    check(
        "GetPipeline",
        "[]",
        expect!["SerializationException: Start of list found where not expected, at 'the request'"],
    );
    check(
        "GetPipeline",
        "7",
        expect![
            "SerializationException: NUMBER_VALUE can not be converted to a structure or map, at 'the request'"
        ],
    );
    check(
        "GetPipeline",
        r#"{"name":"p","version":"1"}"#,
        expect!["SerializationException: STRING_VALUE can not be converted to an Integer, at 'version'"],
    );
    check(
        "GetPipeline",
        r#"{"name":"p","version":1.5}"#,
        expect!["SerializationException: DECIMAL_VALUE can not be converted to an Integer, at 'version'"],
    );
    check(
        "GetPipeline",
        r#"{"name":"p","version":4294967296}"#,
        expect!["SerializationException: NUMBER_VALUE can not be converted to an Integer, at 'version'"],
    );
    check(
        "CreatePipeline",
        r#"{"pipeline":{"stages":{}}}"#,
        expect![
            "SerializationException: Start of structure or map found where not expected, at 'pipeline.stages'"
        ],
    );
    check(
        "StopPipelineExecution",
        r#"{"pipelineName":"p","pipelineExecutionId":"x","abandon":"true"}"#,
        expect!["SerializationException: STRING_VALUE can not be converted to a Boolean, at 'abandon'"],
    );
}

#[test]
fn what_is_unknown_or_null_is_absent() {
    check(
        "GetPipeline",
        r#"{"other":{"a":[1]},"version":2.0,"name":"p"}"#,
        expect![[r#"{"name":"p","version":2}"#]],
    );
    check("GetPipeline", r#"{"name":"p","version":null}"#, expect![[r#"{"name":"p"}"#]]);
}

#[test]
fn instants_by_protocol() {
    let put = |created: &str| {
        format!(
            r#"{{"pipelineName":"p","stageName":"s","actionName":"a","actionRevision":{{"revisionId":"r","revisionChangeId":"c","created":{created}}}}}"#
        )
    };
    for text in ["1598902400.123", "\"2020-08-31T19:33:20.123Z\"", "\"2020-08-31T21:33:20.123+02:00\""] {
        assert!(judged("PutActionRevision", &put(text)).contains(r#""created":1598902400.123"#), "{text}");
    }
    assert!(
        judged("PutActionRevision", &put("\"Mon, 31 Aug 2020 19:33:20 GMT\"")).contains("1598902400.000")
    );
    check(
        "PutActionRevision",
        &put("\"soon\""),
        expect!["SerializationException: Value at 'actionRevision.created' is no timestamp"],
    );
    check(
        "PutActionRevision",
        &put("1e300"),
        expect!["SerializationException: Value at 'actionRevision.created' is no timestamp"],
    );
    let plain = json11::read(put("1598902400").as_bytes()).unwrap();
    assert_eq!(
        coerce(shape("PutActionRevision"), plain, Instants::Tagged).unwrap_err(),
        "NUMBER_VALUE can not be converted to a Timestamp, at 'actionRevision.created'"
    );
}

/// A request's body as botocore's serialiser for rpc-v2-cbor writes it.
#[test]
fn botocores_cbor_is_taken() {
    let body = "a46c706970656c696e654e616d6561706973746167654e616d6561736a616374696f6e4e616d6561616e616374696f6e5265766973\
                696f6ea36a7265766973696f6e49646172707265766973696f6e4368616e6765496461636763726561746564c1fb41d7d3542007df3b";
    let value = crate::wire::cbor::read(&parhelion_core::text::unhex(body).unwrap()).unwrap();
    let value = coerce(shape("PutActionRevision"), value, Instants::Tagged).unwrap();
    assert_eq!(violations(shape("PutActionRevision"), &value), Vec::<String>::new());
    let input: crate::shapes::PutActionRevisionInput = value::from_value(value).unwrap();
    assert_eq!((input.action_name.as_str(), input.action_revision.revision_change_id.as_str()), ("a", "c"));
    assert_eq!(input.action_revision.created.instant().timestamp_millis(), 1_598_902_400_123);
}

#[test]
fn the_list_of_violations_is_bounded() {
    let tags = vec!["null"; 5000].join(",");
    let said = judged(
        "TagResource",
        &format!(r#"{{"resourceArn":"arn:aws:codepipeline:us-east-1:123456789012:p","tags":[{tags}]}}"#),
    );
    assert!(said.starts_with("ValidationException: 100 validation errors detected: ") && said.len() < 20_000);
}

/// Values that have a good chance to fit a shape, and are broken here and there.
fn likely(shape: &'static Shape, depth: usize) -> BoxedStrategy<value::Value> {
    let odd = prop_oneof![
        Just(Value::Null),
        Just(Value::Int(-3)),
        Just(Value::Text(String::new())),
        Just(Value::List(vec![Value::Null])),
        Just(Value::Map(Members::new())),
    ];
    let fit = match &shape.kind {
        Kind::Structure(members) => members
            .iter()
            .filter(|m| m.required || depth < 4)
            .map(|m| (Just(m.name.to_owned()), likely(m.shape, depth + 1)))
            .collect::<Vec<_>>()
            .prop_map(|entries| Value::Map(entries.into_iter().collect()))
            .boxed(),
        Kind::List { member, .. } => {
            proptest::collection::vec(likely(member, depth + 1), 0..3).prop_map(Value::List).boxed()
        }
        Kind::Map { value, .. } => proptest::collection::vec(("[a-z]{1,3}", likely(value, depth + 1)), 0..3)
            .prop_map(|entries| Value::Map(entries.into_iter().collect()))
            .boxed(),
        Kind::Text { values, .. } if !values.is_empty() => {
            proptest::sample::select(*values).prop_map(Value::from).boxed()
        }
        Kind::Text { .. } => "[a-z]{1,4}".prop_map(Value::Text).boxed(),
        Kind::Integer { .. } => (0i64..200).prop_map(Value::Int).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Timestamp => (0i64..4_000_000_000).prop_map(Value::Int).boxed(),
    };
    prop_oneof![30 => fit, 1 => odd].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The promise that the dispatch rests on: what passes both checks is a value of the generated shape.
    #[test]
    fn what_passes_is_taken_by_the_shape(value in likely(shape("CreatePipeline"), 0)) {
        if let Ok(value) = coerce(shape("CreatePipeline"), value, Instants::Plain)
            && violations(shape("CreatePipeline"), &value).is_empty()
        {
            let input: crate::shapes::CreatePipelineInput = value::from_value(value).unwrap();
            let again = value::to_value(&input).unwrap();
            prop_assert!(violations(shape("CreatePipeline"), &again).is_empty());
            // The rules for declarations take whatever passed here.
            let place = Place::default();
            let types = |id: &ActionTypeId| action_kind(id).map(Cow::Borrowed);
            let context = Context { place: &place, types: &types, assumable: &|_| true, before: None };
            if check_declaration(&input.pipeline, &context).is_ok() {
                let kept = normalised(input.pipeline, 1, &context);
                prop_assert_eq!(check_declaration(&kept, &context), Ok(()));
            }
        }
    }

    #[test]
    fn webhooks_that_pass_are_taken_too(value in likely(shape("PutWebhook"), 0)) {
        if let Ok(value) = coerce(shape("PutWebhook"), value, Instants::Plain)
            && violations(shape("PutWebhook"), &value).is_empty()
        {
            value::from_value::<crate::shapes::PutWebhookInput>(value).unwrap();
        }
    }

    #[test]
    fn any_value_is_judged(value in value::tests::any_value(true)) {
        for operation in &table::OPERATIONS {
            if let Ok(value) = coerce(operation.input, value.clone(), Instants::Tagged) {
                let _ = message(&violations(operation.input, &value));
            }
        }
    }
}
