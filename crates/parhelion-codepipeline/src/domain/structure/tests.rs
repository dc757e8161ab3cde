//! One test a rule: a declaration that stands, changed in one place, and the answer.

mod gates;
mod order;

use super::*;
use crate::domain::catalogue::action_kind;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// S3 → CodeBuild → approval and deployment; uses every list once.
fn standing() -> Value {
    json!({
        "name": "p", "roleArn": "arn:aws:iam::000000000000:role/r", "pipelineType": "V2",
        "artifactStore": {"type": "S3", "location": "bucket"},
        "stages": [
            {"name": "Source", "actions": [source("S")]},
            {"name": "Build", "actions": [{
                "name": "B", "namespace": "built",
                "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                "configuration": {"ProjectName": "x-#{codepipeline.PipelineExecutionId}"},
                "inputArtifacts": [{"name": "S"}], "outputArtifacts": [{"name": "B"}]}]},
            {"name": "Deploy", "actions": [
                {"name": "Ask", "timeoutInMinutes": 5, "configuration": {"CustomData": "#{built.X}"},
                 "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}},
                {"name": "D", "runOrder": 2,
                 "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CodeDeploy", "version": "1"},
                 "configuration": {"ApplicationName": "a", "DeploymentGroupName": "g"},
                 "inputArtifacts": [{"name": "B"}]}]}]})
}

fn source(name: &str) -> Value {
    json!({"name": name, "configuration": {"S3Bucket": "b", "S3ObjectKey": "k"}, "outputArtifacts": [{"name": name}],
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}})
}

fn connection(name: &str) -> Value {
    json!({"name": name, "outputArtifacts": [{"name": name}],
        "configuration": {"ConnectionArn": "c", "FullRepositoryId": "o/r", "BranchName": "main"},
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeStarSourceConnection", "version": "1"}})
}

fn github(name: &str, token: &str) -> Value {
    json!({"name": name, "outputArtifacts": [{"name": name}],
        "configuration": {"Owner": "o", "Repo": "r", "Branch": "main", "OAuthToken": token},
        "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"}})
}

fn types(id: &ActionTypeId) -> Option<Cow<'static, ActionKind>> {
    action_kind(id).map(Cow::Borrowed)
}

fn declaration(value: Value) -> PipelineDeclaration {
    serde_json::from_value(value).unwrap()
}

fn verdict(value: Value, before: Option<Value>) -> String {
    let before = before.map(declaration);
    let place = Place::default();
    let assumable = |role: &str| !role.ends_with("/unknown");
    let context = Context { place: &place, types: &types, assumable: &assumable, before: before.as_ref() };
    match check(&declaration(value), &context) {
        Ok(()) => "ok".to_owned(),
        Err(fault) => format!("{}: {fault}", fault.code()),
    }
}

/// What a change of the standing declaration is answered with. `at` is a JSON pointer; null removes.
fn check_change(changes: &[(&str, Value)], expected: Expect) {
    expected.assert_eq(&verdict(changed(changes), None));
}

fn changed(changes: &[(&str, Value)]) -> Value {
    let mut value = standing();
    for (at, new) in changes {
        let (parent, last) = at.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(parent).unwrap();
        match parent {
            Value::Array(list) if last == "-" => list.push(new.clone()),
            Value::Array(list) => list[last.parse::<usize>().unwrap()] = new.clone(),
            parent => parent[last] = new.clone(),
        }
    }
    value
}

#[test]
fn what_stands_is_accepted() {
    check_change(&[], expect!["ok"]);
    check_change(&[("/pipelineType", Value::Null)], expect!["ok"]);
}

#[test]
fn rules_1_to_5_stages_and_sources() {
    let one = json!([{"name": "Source", "actions": [source("S")]}]);
    check_change(
        &[("/stages", one)],
        expect![
            "InvalidStructureException: Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline"
        ],
    );
    let many: Vec<Value> = (0..51).map(|i| json!({"name": format!("s{i}"), "actions": []})).collect();
    check_change(
        &[("/stages", json!(many))],
        expect![
            "InvalidStructureException: Pipeline has too many stages. There can only be up to 50 stages in a pipeline"
        ],
    );
    check_change(
        &[("/stages/0/actions", json!([]))],
        expect![
            "InvalidStructureException: Pipeline should start with a stage that only contains source actions"
        ],
    );
    check_change(
        &[("/stages/0/actions/0/actionTypeId/category", json!("Build"))],
        expect![
            "InvalidStructureException: Pipeline should start with a stage that only contains source actions"
        ],
    );
    let second = json!({"name": "Again", "actions": [source("T")]});
    check_change(
        &[("/stages", json!([standing()["stages"][0], second]))],
        expect![
            "InvalidStructureException: Pipeline should contain at least 1 action whose category is not Source"
        ],
    );
    check_change(
        &[("/stages/-", second)],
        expect![
            "InvalidStructureException: Source actions can only be included in the first stage of the pipeline"
        ],
    );
    let actions: Vec<Value> = (0..250).map(|i| source(&format!("a{i}"))).collect();
    check_change(
        &[("/stages/1/actions", json!(actions)), ("/stages/2/actions", json!(actions))],
        expect![
            "InvalidStructureException: Pipeline has too many actions. There can only be up to 500 actions in a pipeline"
        ],
    );
}

#[test]
fn rules_6_to_9_names_and_types() {
    check_change(
        &[("/stages/2/name", json!("Build"))],
        expect!["InvalidStageDeclarationException: Stage name 'Build' is used more than once"],
    );
    check_change(
        &[("/stages/2/actions", json!([]))],
        expect!["InvalidStageDeclarationException: Stage 'Deploy' must have at least one action"],
    );
    let many: Vec<Value> = (0..51)
        .map(|i| {
            let mut a = standing()["stages"][2]["actions"][0].clone();
            a["name"] = json!(format!("a{i}"));
            a
        })
        .collect();
    check_change(
        &[("/stages/2/actions", json!(many))],
        expect![
            "InvalidStageDeclarationException: Stage 'Deploy' has too many actions. There can only be up to 50 actions in a stage"
        ],
    );
    check_change(
        &[("/stages/2/actions/1/name", json!("Ask"))],
        expect![
            "InvalidActionDeclarationException: Action name 'Ask' is used more than once in stage 'Deploy'"
        ],
    );
    check_change(
        &[("/stages/1/actions/0/actionTypeId/provider", json!("Nope"))],
        expect![
            "InvalidActionDeclarationException: ActionType (Category: 'Build', Provider: 'Nope', Owner: 'AWS', Version: '1') in action 'B' is not available in region 'US_EAST_1'"
        ],
    );
    check_change(
        &[("/stages/1/actions/0/actionTypeId/version", json!("2"))],
        expect![
            "InvalidActionDeclarationException: ActionType (Category: 'Build', Provider: 'CodeBuild', Owner: 'AWS', Version: '2') in action 'B' is not available in region 'US_EAST_1'"
        ],
    );
}

#[test]
fn rule_10_counts() {
    check_change(
        &[("/stages/1/actions/0/inputArtifacts", Value::Null)],
        expect![
            "InvalidActionDeclarationException: Action B declares 0 input artifacts which is less than the minimum count (1)"
        ],
    );
    check_change(
        &[("/stages/2/actions/1/inputArtifacts", json!([{"name": "S"}, {"name": "B"}]))],
        expect![
            "InvalidActionDeclarationException: Action D declares 2 input artifacts which is more than the maximum count (1)"
        ],
    );
    check_change(
        &[("/stages/0/actions/0/outputArtifacts", json!([]))],
        expect![
            "InvalidActionDeclarationException: Action S declares 0 output artifacts which is less than the minimum count (1)"
        ],
    );
    check_change(
        &[("/stages/2/actions/1/outputArtifacts", json!([{"name": "N"}]))],
        expect![
            "InvalidActionDeclarationException: Action D declares 1 output artifacts which is more than the maximum count (0)"
        ],
    );
}

#[test]
fn rules_11_and_12_artifacts() {
    check_change(
        &[("/stages/1/actions/0/outputArtifacts/0/name", json!("S"))],
        expect![
            "InvalidActionDeclarationException: Output Artifact Bundle name must be unique within the pipeline. S has been used more than once."
        ],
    );
    check_change(
        &[("/stages/2/actions/1/inputArtifacts/0/name", json!("Nope"))],
        expect![
            "InvalidActionDeclarationException: Input Artifact Bundle Nope in action D is not declared as an Output Artifact Bundle of any preceding action"
        ],
    );
    // Its own output, and one of the same run order.
    check_change(
        &[("/stages/1/actions/0/inputArtifacts/0/name", json!("B"))],
        expect![
            "InvalidActionDeclarationException: Input Artifact Bundle B in action B is not declared as an Output Artifact Bundle of any preceding action"
        ],
    );
    let mut second = standing()["stages"][1]["actions"][0].clone();
    second["name"] = json!("B2");
    second["namespace"] = Value::Null;
    second["inputArtifacts"] = json!([{"name": "B"}]);
    second["outputArtifacts"] = json!([]);
    check_change(
        &[("/stages/1/actions/-", second.clone())],
        expect![
            "InvalidActionDeclarationException: Input Artifact Bundle B in action B2 is not declared as an Output Artifact Bundle of any preceding action"
        ],
    );
    second["runOrder"] = json!(2);
    check_change(&[("/stages/1/actions/-", second)], expect!["ok"]);
}

#[test]
fn rules_13_to_15_configuration() {
    check_change(
        &[("/stages/1/actions/0/configuration", Value::Null)],
        expect![
            "InvalidActionDeclarationException: Action configuration for action 'B' is missing required configuration 'ProjectName'"
        ],
    );
    check_change(
        &[("/stages/1/actions/0/inputArtifacts", json!([{"name": "S"}, {"name": "S"}]))],
        expect![
            "InvalidActionDeclarationException: Action configuration for action 'B' is missing required configuration 'PrimarySource'"
        ],
    );
    let deploy = json!({"name": "D", "inputArtifacts": [{"name": "B"}],
        "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"BucketName": "b", "Extract": "false"}});
    check_change(
        &[("/stages/2/actions/1", deploy.clone())],
        expect![
            "InvalidActionDeclarationException: Action configuration for action 'D' is missing required configuration 'ObjectKey'"
        ],
    );
    check_change(
        &[("/stages/2/actions/1", deploy), ("/stages/2/actions/1/configuration/Extract", json!("true"))],
        expect!["ok"],
    );
    check_change(
        &[("/stages/0/actions/0/configuration/Nope", json!("x"))],
        expect![
            "InvalidActionDeclarationException: Action configuration for action 'S' contains unknown configuration 'Nope'"
        ],
    );
    check_change(
        &[("/stages/0/actions/0", github("S", "****"))],
        expect![[
            r#"InvalidActionDeclarationException: Action configuration for the new action "S" contains an invalid configuration for the secret property "OAuthToken". "****" may be used in secret properties only when updating an existing action."#
        ]],
    );
    check_change(&[("/stages/0/actions/0", github("S", "clear"))], expect!["ok"]);
}

#[test]
fn rule_14_queryable_values() {
    let queryable = |id: &ActionTypeId| {
        let mut kind = types(id)?.into_owned();
        kind.keys.iter_mut().filter(|k| k.name == "ProjectName").for_each(|k| k.queryable = true);
        Some(Cow::Owned(kind))
    };
    let verdict = |value: &str| {
        let place = Place::default();
        let context = Context { place: &place, types: &queryable, assumable: &|_| true, before: None };
        let changed = changed(&[("/stages/1/actions/0/configuration/ProjectName", json!(value))]);
        check(&declaration(changed), &context).map_err(|f| f.to_string())
    };
    assert_eq!(verdict("a-b_9"), Ok(()));
    assert_eq!(verdict("#{variables.PROJECT}"), Ok(()), "it is judged by what it resolves to");
    expect!["Action configuration for action 'B' contains an invalid value for the queryable configuration 'ProjectName': it must be at most 20 characters of a-z, A-Z, 0-9, _ and -"].assert_eq(&verdict("a b").unwrap_err());
    assert!(verdict(&"x".repeat(20)).is_ok() && verdict(&"x".repeat(21)).is_err());
}

#[test]
fn rule_15_a_masked_secret_is_kept_for_the_action_that_had_one() {
    let with = |token: &str| changed(&[("/stages/0/actions/0", github("S", token))]);
    assert_eq!(verdict(with("****"), Some(with("geheim"))), "ok");
    assert!(verdict(with("****"), Some(standing())).starts_with("InvalidActionDeclarationException"));
    let (place, before) = (Place::default(), declaration(with("geheim")));
    let context = Context { place: &place, types: &types, assumable: &|_| true, before: Some(&before) };
    let kept = with_kept_secrets(declaration(with("****")), &context);
    let token = |d: &PipelineDeclaration| {
        d.stages[0].actions[0].configuration.as_ref().unwrap()["OAuthToken"].clone()
    };
    assert_eq!(token(&kept), "geheim");
    assert_eq!(token(&with_kept_secrets(declaration(with("new")), &context)), "new");
    let shown = masked(kept, &context);
    assert_eq!(token(&shown), "****");
    assert_eq!(shown.stages[0].actions[0].configuration.as_ref().unwrap()["Repo"], "r");
}

#[test]
fn rule_16_namespaces() {
    check_change(
        &[("/stages/2/actions/1/namespace", json!("built"))],
        expect![
            "InvalidActionDeclarationException: Namespaces must be unique across the pipeline definition. The following occur more than once in the pipeline. StageName=[Deploy], ActionName=[D], Namespace=[built]"
        ],
    );
    check_change(
        &[("/stages/0/actions/0/namespace", json!("variables"))],
        expect![
            "InvalidActionDeclarationException: Namespaces must be unique across the pipeline definition. The following occur more than once in the pipeline. StageName=[Source], ActionName=[S], Namespace=[variables]"
        ],
    );
}

#[test]
fn rules_17_to_20_regions() {
    let stores = |regions: &[&str]| {
        regions
            .iter()
            .map(|r| ((*r).to_owned(), json!({"type": "S3", "location": "bucket"})))
            .collect::<serde_json::Map<_, _>>()
    };
    check_change(
        &[("/artifactStore", Value::Null)],
        expect![
            "ValidationException: Pipeline must have exactly one of 'pipeline.artifactStore' or 'pipeline.artifactStores'"
        ],
    );
    check_change(
        &[("/artifactStores", json!(stores(&["us-east-1"])))],
        expect![
            "ValidationException: Pipeline must have exactly one of 'pipeline.artifactStore' or 'pipeline.artifactStores'"
        ],
    );
    let away = ("/stages/1/actions/0/region", json!("eu-west-1"));
    check_change(
        std::slice::from_ref(&away),
        expect![
            "ValidationException: Your pipeline contains actions in more than one region. Use 'pipeline.artifactStores' instead of 'pipeline.artifactStore' to declare an artifact store, such as an artifact bucket, for each region where you have an action."
        ],
    );
    let several = |regions: &[&str]| {
        [("/artifactStore", Value::Null), ("/artifactStores", json!(stores(regions))), away.clone()]
    };
    check_change(
        &several(&["us-east-1"]),
        expect![
            "ValidationException: Your pipeline must have an artifact store, such as an artifact bucket, for each region where you have an action. The following region is missing in 'pipeline.artifactStores': eu-west-1."
        ],
    );
    check_change(
        &several(&["eu-west-1"]),
        expect![
            "ValidationException: Your pipeline must have an artifact store, such as an artifact bucket, for each region where you have an action. The following region is missing in 'pipeline.artifactStores': us-east-1."
        ],
    );
    check_change(&several(&["eu-west-1", "us-east-1"]), expect!["ok"]);
    let mut source_away = several(&["eu-west-1", "us-east-1"]);
    source_away[2].0 = "/stages/0/actions/0/region";
    check_change(
        &source_away,
        expect![
            "InvalidActionDeclarationException: Source actions cannot be cross-region actions: action 'S'"
        ],
    );
}

#[test]
fn rules_21_to_23_what_only_v2_has() {
    let v1 = ("/pipelineType", json!("V1"));
    check_change(
        &[v1.clone(), ("/executionMode", json!("QUEUED"))],
        expect!["InvalidStructureException: QUEUED or PARALLEL mode can only be used with V2 pipelines"],
    );
    check_change(&[v1.clone(), ("/executionMode", json!("SUPERSEDED"))], expect!["ok"]);
    let variables = json!([{"name": "x"}, {"name": "y"}, {"name": "x"}]);
    check_change(
        &[v1, ("/variables", variables.clone())],
        expect!["InvalidStructureException: Pipeline variable can only be used with V2 pipelines"],
    );
    check_change(
        &[("/variables", variables)],
        expect![
            "InvalidStructureException: Variable names must be unique. The following variable name is already in use: x"
        ],
    );
}

#[test]
fn rules_24_to_26_triggers() {
    let trigger = |git: Value| json!([{"providerType": "CodeStarSourceConnection", "gitConfiguration": git}]);
    let push = |filter: Value| trigger(json!({"sourceActionName": "S", "push": [filter]}));
    let branches = json!({"branches": {"includes": ["main"]}});
    let source = ("/stages/0/actions/0", connection("S"));
    check_change(&[source.clone(), ("/triggers", push(branches.clone()))], expect!["ok"]);
    check_change(
        &[source.clone(), ("/triggers", push(branches.clone())), ("/pipelineType", json!("V1"))],
        expect!["InvalidStructureException: Triggers on tag can only be used with V2 pipelines"],
    );
    check_change(
        &[("/triggers", push(branches.clone()))],
        expect![
            "InvalidStructureException: Triggers for connections must reference a CodeStarSourceConnection action. Note that when you specify a trigger, you can't specify more than one trigger per source action."
        ],
    );
    let twice = json!([push(branches.clone())[0], push(branches)[0]]);
    check_change(
        &[source.clone(), ("/triggers", twice)],
        expect![
            "InvalidStructureException: Triggers for connections must reference a CodeStarSourceConnection action. Note that when you specify a trigger, you can't specify more than one trigger per source action."
        ],
    );
    check_change(
        &[source.clone(), ("/triggers", push(json!({})))],
        expect![
            "InvalidStructureException: A push filter of the trigger for source action 'S' must specify either tags, or branches and file paths"
        ],
    );
    let both = json!({"branches": {"includes": ["main"]}, "tags": {"includes": ["v*"]}});
    check_change(
        &[source.clone(), ("/triggers", push(both))],
        expect![
            "InvalidStructureException: A push filter of the trigger for source action 'S' must specify either tags, or branches and file paths"
        ],
    );
    let pull = trigger(json!({"sourceActionName": "S", "pullRequest": [{}]}));
    check_change(
        &[source.clone(), ("/triggers", pull)],
        expect![
            "InvalidStructureException: A pull request filter of the trigger for source action 'S' must specify branches, file paths or events"
        ],
    );
    let pull = trigger(json!({"sourceActionName": "S", "pullRequest": [{"events": ["OPEN"]}]}));
    check_change(&[source, ("/triggers", pull)], expect!["ok"]);
}

fn condition(result: &str) -> Value {
    json!([{"result": result, "rules": [rule("R", "VariableCheck", &["Variable", "Value", "Operator"])]}])
}

fn rule(name: &str, provider: &str, keys: &[&str]) -> Value {
    let configuration: serde_json::Map<_, _> = keys.iter().map(|k| ((*k).to_owned(), json!("x"))).collect();
    json!({"name": name, "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}, "configuration": configuration})
}

#[test]
fn the_kept_form_says_everything() {
    let place = Place::default();
    let context = Context { place: &place, types: &types, assumable: &|_| true, before: None };
    let kept = |changes: &[(&str, Value)]| normalised(declaration(changed(changes)), 3, &context);
    let plain = kept(&[("/pipelineType", Value::Null), ("/version", json!(77))]);
    assert_eq!(
        (plain.version, plain.pipeline_type, plain.execution_mode),
        (Some(3), Some(PipelineType::V1), Some(ExecutionMode::Superseded))
    );
    let source = &plain.stages[0].actions[0];
    assert_eq!((source.run_order, source.input_artifacts.as_deref()), (Some(1), Some(&[][..])));
    assert_eq!(plain.stages[2].actions[0].output_artifacts.as_deref(), Some(&[][..]));
    assert_eq!(plain.stages[2].actions[1].run_order, Some(2));
    let typed = |changes: &[(&str, Value)]| {
        let mut all = vec![("/pipelineType", Value::Null)];
        all.extend_from_slice(changes);
        kept(&all).pipeline_type.unwrap()
    };
    assert_eq!(typed(&[("/executionMode", json!("QUEUED"))]), PipelineType::V2);
    assert_eq!(typed(&[("/executionMode", json!("SUPERSEDED"))]), PipelineType::V1);
    assert_eq!(typed(&[("/variables", json!([{"name": "x"}]))]), PipelineType::V2);
    assert_eq!(typed(&[("/stages/1/onFailure", json!({"result": "FAIL"}))]), PipelineType::V2);
    assert_eq!(typed(&[("/stages/1/actions/0/actionTypeId/provider", json!("Commands"))]), PipelineType::V2);
    // Kept once, it stands as it is.
    assert_eq!(normalised(plain.clone(), 3, &context), plain);
}
