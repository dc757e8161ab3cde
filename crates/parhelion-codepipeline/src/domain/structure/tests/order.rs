//! Of two rules that do not hold, the one that the service looks at first is the answer.

use super::*;

/// A rule, what breaks it (and keeps what is looked at before it whole), and part of its message.
type Break = (&'static str, Vec<(&'static str, Value)>, &'static str);

fn breaks() -> Vec<Break> {
    let v1 =
        || vec![("/pipelineType", json!("V1")), ("/executionMode", Value::Null), ("/variables", Value::Null)];
    let with = |mut changes: Vec<(&'static str, Value)>, more: Vec<(&'static str, Value)>| {
        changes.extend(more);
        changes
    };
    let v2 = |more| with(vec![("/pipelineType", json!("V2"))], more);
    let trigger = |action: &str| json!([{"providerType": "CodeStarSourceConnection", "gitConfiguration": {"sourceActionName": action}}]);
    let second = json!({"name": "Again", "actions": [source("T")]});
    let (stage, build) = ("/stages/1", "/stages/1/actions/0");
    let at =
        |above: &'static str, member: &str| -> &'static str { String::leak(format!("{above}/{member}")) };
    vec![
        ("35", vec![("/roleArn", json!("arn:aws:iam::000000000000:role/unknown"))], "AssumeRole"),
        (
            "3",
            vec![("/stages/0/actions/0/actionTypeId/category", json!("Build"))],
            "should start with a stage",
        ),
        ("4", vec![("/stages/-", second)], "can only be included in the first stage"),
        (
            "17",
            vec![("/artifactStores", json!({"us-east-1": {"type": "S3", "location": "b"}}))],
            "exactly one of",
        ),
        ("18", vec![("/stages/2/actions/1/region", json!("eu-west-1"))], "in more than one region"),
        ("21", with(v1(), vec![("/executionMode", json!("QUEUED"))]), "QUEUED or PARALLEL"),
        ("22", with(v1(), vec![("/variables", json!([{"name": "x"}]))]), "Pipeline variable can only"),
        (
            "23",
            v2(vec![("/variables", json!([{"name": "x"}, {"name": "x"}]))]),
            "Variable names must be unique",
        ),
        ("24", with(v1(), vec![("/triggers", trigger("S"))]), "Triggers on tag"),
        ("25", v2(vec![("/triggers", trigger("Nobody"))]), "Triggers for connections"),
        ("6", vec![("/stages/1/name", json!("Source"))], "used more than once"),
        ("7", vec![("/stages/1/actions", json!([]))], "must have at least one action"),
        (
            "27",
            with(v1(), vec![(at(stage, "beforeEntry"), json!({"conditions": condition("FAIL")}))]),
            "Stage level conditions",
        ),
        (
            "28",
            v2(vec![(at(stage, "onFailure"), json!({"result": "FAIL", "conditions": condition("FAIL")}))]),
            "both top level result",
        ),
        (
            "29",
            v2(vec![
                ("/executionMode", json!("PARALLEL")),
                (at(stage, "onFailure"), json!({"result": "ROLLBACK"})),
            ]),
            "to a PARALLEL pipeline",
        ),
        (
            "30",
            v2(vec![(at(stage, "onSuccess"), json!({"conditions": condition("SKIP")}))]),
            "is not allowed",
        ),
        ("34", v2(vec![(at(stage, "blockers"), json!([{"name": "b", "type": "Schedule"}]))]), "Blockers"),
        (
            "37",
            v2(vec![(
                at(stage, "beforeEntry"),
                json!({"conditions": [{"rules": [rule("R", "Nope", &[])]}]}),
            )]),
            "RuleType",
        ),
        ("9", vec![(at(build, "actionTypeId/version"), json!("2"))], "is not available in region"),
        ("33", vec![(at(build, "commands"), json!(["ls"]))], "cannot have the field"),
        ("10", vec![(at(build, "inputArtifacts"), Value::Null)], "less than the minimum"),
        ("13", vec![(at(build, "configuration"), json!({"Other": "x"}))], "missing required"),
        ("14", vec![(at(build, "configuration/Other"), json!("x"))], "unknown configuration"),
        ("11", vec![(at(build, "outputArtifacts/0/name"), json!("S"))], "must be unique within the pipeline"),
        ("12", vec![("/stages/2/actions/1/inputArtifacts/0/name", json!("Nope"))], "Input Artifact Bundle"),
        ("16", vec![("/stages/2/actions/1/namespace", json!("built"))], "Namespaces must be unique"),
        (
            "36",
            vec![("/stages/2/actions/0/configuration/CustomData", json!("#{nope.x}"))],
            "references the namespace",
        ),
    ]
}

#[test]
fn the_first_rule_that_does_not_hold_is_the_answer() {
    let all = breaks();
    for (i, (first, breaking, text)) in all.iter().enumerate() {
        for (second, also, _) in all.iter().skip(i) {
            // The earlier rule is broken last, so that nothing of the later one mends it.
            let changes: Vec<(&str, Value)> = also.iter().chain(breaking).cloned().collect();
            let answer = verdict(changed(&changes), None);
            assert!(answer.contains(text), "rule {first} before {second}: {answer}");
        }
    }
}
