use super::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

fn event() -> Value {
    json!({
        "version": "0",
        "detail-type": "CodePipeline Action Execution State Change",
        "source": "aws.codepipeline",
        "region": "eu-west-1",
        "resources": ["arn:aws:codepipeline:eu-west-1:000000000000:site"],
        "detail": {
            "pipeline": "site", "state": "FAILED", "version": 3, "nothing": null, "none": [],
            "type": {"owner": "AWS", "provider": "CodeBuild"},
            "output-artifacts": [{"name": "Out", "s3location": {"key": "a/b.zip"}}, {"name": "Log"}],
        },
    })
}

/// `match`, why not, or why the pattern is none.
fn said(pattern: &Value) -> String {
    if let Err(bad) = check(pattern) {
        return format!("! {bad}");
    }
    match judge(pattern.as_object().unwrap(), event().as_object().unwrap()) {
        Ok(()) => "match".to_owned(),
        Err(miss) => miss.fact,
    }
}

/// Of a pattern of one member of the detail.
fn detail(name: &str, choices: Value) -> String {
    said(&json!({"detail": {name: choices}}))
}

#[test]
fn members_are_joined_by_and_choices_by_or() {
    assert_eq!(said(&json!({"source": ["aws.codepipeline"], "region": ["us-east-1", "eu-west-1"]})), "match");
    assert_eq!(detail("state", json!(["STARTED", "FAILED"])), "match");
    assert_eq!(said(&json!({"detail": {"state": ["FAILED"], "type": {"provider": ["CodeBuild"]}}})), "match");
    let check = |pattern: Value, expected: Expect| expected.assert_eq(&said(&pattern));
    check(
        json!({"source": ["aws.codepipeline"], "detail": {"state": ["STARTED"]}}),
        expect![[r#"'detail.state' is "FAILED"; wanted is ["STARTED"]"#]],
    );
    check(
        json!({"detail": {"type": {"provider": ["S3"]}}}),
        expect![[r#"'detail.type.provider' is "CodeBuild"; wanted is ["S3"]"#]],
    );
    check(json!({"detail": {"stage": ["x"]}}), expect![[r#"'detail.stage' is not there; wanted is ["x"]"#]]);
    check(
        json!({"detail": {"state": {"x": ["y"]}}}),
        expect![[r#"'detail.state.x' is not there; wanted is ["y"]"#]],
    );
    check(json!({"detail": ["x"]}), expect![[r#"'detail' is not there; wanted is ["x"]"#]]);
}

#[test]
fn a_list_of_the_event_passes_when_one_of_its_values_does() {
    let arn = "arn:aws:codepipeline:eu-west-1:000000000000:site";
    assert_eq!(said(&json!({"resources": [arn]})), "match");
    assert_eq!(said(&json!({"resources": [{"suffix": ":site"}]})), "match");
    assert_eq!(detail("output-artifacts", json!({"name": ["Log"]})), "match");
    assert_eq!(detail("output-artifacts", json!({"s3location": {"key": [{"suffix": ".zip"}]}})), "match");
    // Of one and the same object.
    assert_eq!(
        detail("output-artifacts", json!({"name": ["Log"], "s3location": {"key": [{"exists": true}]}})),
        "none of the 2 objects of 'detail.output-artifacts' matches"
    );
}

#[test]
fn each_matcher_matches_and_misses() {
    for (member, yes, no) in [
        ("state", json!("FAILED"), json!("failed")),
        ("version", json!(3), json!("3")),
        ("version", json!(3.0), json!(4)),
        ("nothing", json!(null), json!("null")),
        ("state", json!({"prefix": "FA"}), json!({"prefix": "fa"})),
        (
            "state",
            json!({"prefix": {"equals-ignore-case": "fa"}}),
            json!({"prefix": {"equals-ignore-case": "b"}}),
        ),
        ("state", json!({"suffix": "ED"}), json!({"suffix": "ed"})),
        (
            "state",
            json!({"suffix": {"equals-ignore-case": "ed"}}),
            json!({"suffix": {"equals-ignore-case": "x"}}),
        ),
        ("state", json!({"equals-ignore-case": "failed"}), json!({"equals-ignore-case": "fail"})),
        ("state", json!({"wildcard": "F*E*"}), json!({"wildcard": "F*E"})),
        ("state", json!({"anything-but": "STARTED"}), json!({"anything-but": "FAILED"})),
        ("state", json!({"anything-but": ["A", "B"]}), json!({"anything-but": ["A", "FAILED"]})),
        ("version", json!({"anything-but": [1, 2]}), json!({"anything-but": 3})),
        ("state", json!({"anything-but": {"prefix": "ST"}}), json!({"anything-but": {"prefix": "FA"}})),
        (
            "state",
            json!({"anything-but": {"suffix": ["X", "Y"]}}),
            json!({"anything-but": {"suffix": ["X", "ED"]}}),
        ),
        (
            "state",
            json!({"anything-but": {"equals-ignore-case": "started"}}),
            json!({"anything-but": {"equals-ignore-case": "failed"}}),
        ),
        (
            "state",
            json!({"anything-but": {"wildcard": "*X*"}}),
            json!({"anything-but": {"wildcard": "*AIL*"}}),
        ),
        ("version", json!({"numeric": ["=", 3]}), json!({"numeric": ["=", 3.5]})),
        ("version", json!({"numeric": [">", 2, "<=", 3]}), json!({"numeric": [">", 3, "<", 9]})),
        ("version", json!({"numeric": [">=", 3]}), json!({"numeric": ["<", 3]})),
        ("state", json!({"exists": true}), json!({"exists": false})),
        ("stage", json!({"exists": false}), json!({"exists": true})),
        // Docs: only values exist; lists without any, and objects, do not.
        ("none", json!({"exists": false}), json!({"exists": true})),
        ("type", json!({"exists": false}), json!({"exists": true})),
    ] {
        assert_eq!(detail(member, json!([yes])), "match", "{member} {yes}");
        let missed = detail(member, json!([no]));
        assert!(missed.contains("wanted is"), "{member} {no}: {missed}");
    }
    // What is not there is not anything.
    assert!(detail("stage", json!([{"anything-but": "x"}])).contains("is not there"));
    assert_eq!(said(&json!({"more": {"deep": [{"exists": false}]}})), "match");
}

#[test]
fn patterns_can_be_joined_by_or() {
    let pattern = |state: &str| json!({"source": ["aws.codepipeline"], "$or": [{"region": ["x"]}, {"detail": {"state": [state]}}]});
    assert_eq!(said(&pattern("FAILED")), "match");
    assert_eq!(said(&pattern("STARTED")), "none of the 2 patterns of '$or' matches");
}

#[test]
fn what_is_no_pattern_is_refused_by_name() {
    let deep = (0..20).fold(json!({"a": ["b"]}), |inner, _| json!({"a": inner}));
    for (pattern, expected) in [
        (json!([]), expect!["! pattern: an object is wanted"]),
        (json!({}), expect!["! pattern: an object without members matches nothing"]),
        (json!({"detail": {}}), expect!["! pattern.detail: an object without members matches nothing"]),
        (json!({"source": "aws"}), expect!["! pattern.source: a list of values, or an object, is wanted"]),
        (json!({"source": []}), expect!["! pattern.source: an empty list matches nothing"]),
        (json!({"source": [["x"]]}), expect!["! pattern.source: a list in a list matches nothing"]),
        (json!({"source": [{}]}), expect!["! pattern.source: a matcher is an object of one member"]),
        (
            json!({"source": [{"cidr": "10.0.0.0/8"}]}),
            expect![
                "! pattern.source: there is no matcher 'cidr' here: prefix, suffix, equals-ignore-case, wildcard, numeric, exists, anything-but are known"
            ],
        ),
        (json!({"a": [{"prefix": 1}]}), expect!["! pattern.a: 'prefix' wants a text"]),
        (json!({"a": [{"prefix": ["x"]}]}), expect!["! pattern.a: 'prefix' wants a text"]),
        (json!({"a": [{"exists": "yes"}]}), expect!["! pattern.a: 'exists' wants true or false"]),
        (
            json!({"a": [{"numeric": ["<", 3, ">", 1]}]}),
            expect![[r#"! pattern.a: 'numeric' wants ["=", n], [">", n], [">=", n, "<", m] …"#]],
        ),
        (
            json!({"a": [{"anything-but": ["x", 1]}]}),
            expect!["! pattern.a: 'anything-but' wants a list of texts or of numbers"],
        ),
        (
            json!({"a": [{"anything-but": {"numeric": ["=", 1]}}]}),
            expect![
                "! pattern.a: 'anything-but' wants one of prefix, suffix, equals-ignore-case, wildcard when it is an object"
            ],
        ),
        (
            json!({"a": [{"wildcard": "a**b"}]}),
            expect!["! pattern.a: a wildcard holds no two stars in a row"],
        ),
        (
            json!({"a": [{"wildcard": "a\\"}]}),
            expect!["! pattern.a: 'wildcard': the pattern ends with a lone backslash"],
        ),
        (json!({"$or": [{"a": ["x"]}, 1]}), expect!["! pattern.$or[1]: an object is wanted"]),
        (json!({"a": ["x".repeat(5000)]}), expect!["! pattern: it has 5010 bytes, more than 4096"]),
        (deep, expect!["! pattern.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: it is nested deeper than 16"]),
    ] {
        expected.assert_eq(&said(&pattern));
    }
}

/// Patterns and events of few names, matchers whole and broken.
fn value() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("a"),
        Just("b"),
        Just("$or"),
        Just("prefix"),
        Just("suffix"),
        Just("numeric"),
        Just("exists"),
        Just("anything-but"),
        Just("wildcard"),
        Just("equals-ignore-case"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..3).prop_map(Value::from),
        "[ab*<=>\\\\]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 30, 3, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..3).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_pattern_is_read_or_refused_and_judging_is_total(pattern in value(), event in value()) {
        let _ = check(&pattern);
        if let (Some(pattern), Some(event)) = (pattern.as_object(), event.as_object()) {
            let _ = judge(pattern, event);
        }
    }

    #[test]
    fn an_event_matches_the_pattern_of_its_own_values(texts in proptest::collection::btree_map("[a-c]{1,2}", "[a-c]{0,2}", 1..4)) {
        let event: Map<String, Value> = texts.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        let pattern: Map<String, Value> = texts.iter().map(|(k, v)| (k.clone(), json!([v]))).collect();
        prop_assert_eq!(check(&pattern.clone().into()), Ok(()));
        prop_assert_eq!(judge(&pattern, &event), Ok(()));
        for name in texts.keys() {
            let mut without = event.clone();
            without.remove(name);
            prop_assert_eq!(judge(&pattern, &without).unwrap_err().path, name.clone());
            let but = json!({name.clone(): [{"anything-but": texts[name].clone()}]});
            prop_assert!(judge(but.as_object().unwrap(), &event).is_err());
        }
    }
}
