//! Gates and their rules, what only some providers have, roles, blockers, references: rules 27 to 37.

use super::*;

#[test]
fn rules_27_to_30_gates() {
    let entry = ("/stages/1/beforeEntry", json!({"conditions": condition("FAIL")}));
    check_change(std::slice::from_ref(&entry), expect!["ok"]);
    check_change(
        &[entry, ("/pipelineType", json!("V1"))],
        expect![
            "InvalidStageDeclarationException: Stage level conditions can only be used with V2 pipelines."
        ],
    );
    check_change(
        &[("/stages/1/onFailure", json!({"result": "ROLLBACK", "conditions": condition("ROLLBACK")}))],
        expect![
            "InvalidStageDeclarationException: The following stage cannot have a failure exit gate configured with both top level result and conditions: 'Build"
        ],
    );
    check_change(
        &[("/stages/1/onFailure", json!({"result": "ROLLBACK"})), ("/executionMode", json!("PARALLEL"))],
        expect![
            "InvalidStageDeclarationException: Failure conditions with rollback result type cannot be added to a PARALLEL pipeline."
        ],
    );
    check_change(
        &[("/stages/0/onFailure", json!({"result": "ROLLBACK"}))],
        expect![
            "InvalidStageDeclarationException: Conditions of the source stage 'Source' cannot have the result ROLLBACK or RETRY"
        ],
    );
    check_change(
        &[("/stages/1/beforeEntry", json!({"conditions": condition("ROLLBACK")}))],
        expect![
            "InvalidStageDeclarationException: The result ROLLBACK is not allowed for the beforeEntry conditions of stage 'Build'"
        ],
    );
    check_change(
        &[("/stages/1/onSuccess", json!({"conditions": condition("SKIP")}))],
        expect![
            "InvalidStageDeclarationException: The result SKIP is not allowed for the onSuccess conditions of stage 'Build'"
        ],
    );
    check_change(
        &[("/stages/1/onFailure", json!({"result": "RETRY"}))],
        expect![
            "InvalidStageDeclarationException: The result RETRY of stage 'Build' needs a retry mode in retryConfiguration"
        ],
    );
    let retry = json!({"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}});
    check_change(&[("/stages/1/onFailure", retry)], expect!["ok"]);
}

#[test]
fn rules_31_to_35() {
    let commands = json!({"name": "B", "namespace": "built", "commands": ["ls"], "outputVariables": ["X"],
        "actionTypeId": {"category": "Compute", "owner": "AWS", "provider": "Commands", "version": "1"},
        "inputArtifacts": [{"name": "S"}], "outputArtifacts": [{"name": "B"}]});
    let at = "/stages/1/actions/0";
    check_change(&[(at, commands.clone())], expect!["ok"]);
    check_change(
        &[(at, commands.clone()), ("/pipelineType", json!("V1"))],
        expect!["InvalidActionDeclarationException: Commands Action can only be used with V2 pipelines."],
    );
    check_change(
        &[(at, commands), ("/stages/1/actions/0/commands", Value::Null)],
        expect!["InvalidActionDeclarationException: Action B must have a non-empty commands field"],
    );
    check_change(
        &[("/stages/1/actions/0/commands", json!(["ls"]))],
        expect![
            "InvalidActionDeclarationException: Action B with provider CodeBuild cannot have the field commands"
        ],
    );
    check_change(
        &[("/stages/1/actions/0/timeoutInMinutes", json!(5))],
        expect![
            "InvalidActionDeclarationException: Action B with provider CodeBuild cannot have the field timeoutInMinutes"
        ],
    );
    check_change(
        &[("/stages/1/blockers", json!([{"name": "b", "type": "Schedule"}]))],
        expect![
            "InvalidBlockerDeclarationException: Blockers are reserved for future use: stage 'Build' must not have any"
        ],
    );
    check_change(&[("/stages/1/blockers", json!([]))], expect!["ok"]);
    check_change(
        &[("/roleArn", json!("arn:aws:iam::000000000000:role/unknown")), ("/stages", json!([]))],
        expect![
            "InvalidStructureException: CodePipeline is not authorized to perform AssumeRole on role arn:aws:iam::000000000000:role/unknown"
        ],
    );
}

#[test]
fn rule_36_references() {
    let at = "/stages/1/actions/0/configuration/ProjectName";
    check_change(
        &[(at, json!("#{built.X}"))],
        expect![
            "InvalidActionDeclarationException: Configuration of action 'B' references the namespace 'built' that no preceding action declares"
        ],
    );
    check_change(
        &[
            (at, json!("#{variables.X}")),
            ("/stages/2/actions/0/configuration/CustomData", json!("#{nope.X}")),
        ],
        expect![
            "InvalidActionDeclarationException: Configuration of action 'Ask' references the namespace 'nope' that no preceding action declares"
        ],
    );
    let mut entry = condition("FAIL");
    entry[0]["rules"][0]["configuration"]["Value"] = json!("#{built.X}");
    check_change(
        &[("/stages/1/beforeEntry", json!({"conditions": entry}))],
        expect![
            "InvalidActionDeclarationException: Configuration of rule 'R' references the namespace 'built' that no preceding action declares"
        ],
    );
    check_change(&[("/stages/1/onSuccess", json!({"conditions": entry}))], expect!["ok"]);
}

#[test]
fn rule_37_rules() {
    let gate =
        |rules: Value| ("/stages/1/onSuccess", json!({"conditions": [{"result": "FAIL", "rules": rules}]}));
    check_change(
        &[gate(json!([rule("R", "Nope", &[])]))],
        expect![
            "InvalidStageDeclarationException: RuleType (Category: 'Rule', Provider: 'Nope', Owner: 'AWS', Version: '1') in rule 'R' is not available"
        ],
    );
    check_change(
        &[gate(json!([rule("R", "DeploymentWindow", &["TimeZone"])]))],
        expect![
            "InvalidStageDeclarationException: Rule configuration for rule 'R' is missing required configuration 'Cron'"
        ],
    );
    check_change(
        &[gate(json!([rule("R", "DeploymentWindow", &["Cron"]), rule("R", "DeploymentWindow", &["Cron"])]))],
        expect!["InvalidStageDeclarationException: Rule name 'R' is used more than once in stage 'Build'"],
    );
    check_change(
        &[gate(json!([rule("R", "Commands", &[])]))],
        expect!["InvalidStageDeclarationException: Rule R must have a non-empty commands field"],
    );
}
