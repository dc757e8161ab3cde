//! What AWS's own actions beside sources come out with: an id of the provider's form, its page, a line about it, and
//! the variables that the action reference names.

use super::{Asked, configured, digest};
use crate::domain::engine::records::Outcome;
use crate::named::Named;
use crate::shapes::ActionCategory;

/// The result of an action that succeeded, nobody having said more of it.
// CHOICE: all ids, pages and lines that no comment says more of: of the form that the provider's own have.
pub(super) fn of(asked: &Asked<'_>) -> Outcome {
    let (place, action) = (asked.place, asked.action);
    let (region, account) = (place.region(), place.account());
    let id = asked.run.id.to_string();
    let short: String = digest(place, action, &id).chars().take(9).collect::<String>().to_ascii_uppercase();
    let console = |rest: String| Some(format!("https://{region}.console.aws.amazon.com/{rest}"));
    let arn = |service: &str, rest: String| {
        format!("arn:{}:{service}:{region}:{account}:{rest}", place.partition())
    };
    let value = |key: &str| configured(action, key);
    // Docs: the sample of ListActionExecutions.
    let deployed = || Some("Deployment Succeeded".to_owned());
    let line = |text: &str| Some(text.to_owned());
    let mut variables: Vec<(&str, String)> = Vec::new();
    let (external_id, url, summary) = match action.action_type_id.provider.as_str() {
        "CodeBuild" => {
            let build = format!("{}:{id}", value("ProjectName"));
            let page = console(format!("codebuild/home?region={region}#/builds/{build}/view/new"));
            (build, page, None)
        }
        "Commands" => {
            let build = format!("AWSCodePipeline-Commands:{id}");
            (build, None, None)
        }
        "ECRBuildAndPublish" => {
            variables.push(("ECRImageDigestId", format!("sha256:{}", digest(place, action, "image"))));
            variables.push(("ECRRepositoryName", value("ECRRepositoryName").to_owned()));
            (id, None, None)
        }
        "CodeDeploy" | "CodeDeployToECS" => {
            let deployment = format!("d-{short}");
            let page = console(format!("codesuite/codedeploy/deployments/{deployment}"));
            (deployment, page, deployed())
        }
        "CloudFormation" => {
            let stack = arn("cloudformation", format!("stack/{}/{id}", value("StackName")));
            let page =
                console(format!("cloudformation/home?region={region}#/stacks/stackinfo?stackId={stack}"));
            let summary = match value("ActionMode") {
                "DELETE_ONLY" => "Stack DELETE succeeded",
                "CHANGE_SET_REPLACE" => "Change set was created",
                "CHANGE_SET_EXECUTE" => "Change set was executed",
                _ => "Stack UPDATE succeeded",
            };
            (stack, page, line(summary))
        }
        "CloudFormationStackSet" | "CloudFormationStackInstances" => {
            // Docs: the action reference.
            variables.push(("StackSetId", format!("{}:{id}", value("StackSetName"))));
            variables.push(("OperationId", id.clone()));
            (id, None, line("Stack set operation succeeded"))
        }
        "S3" => {
            let bucket = value("BucketName");
            (id, Some(format!("https://console.aws.amazon.com/s3/buckets/{bucket}")), deployed())
        }
        "ElasticBeanstalk" => {
            let version = format!("code-pipeline-{id}");
            (version, None, line("Deployment completed successfully"))
        }
        "ECS" | "EKS" | "EC2" | "AppConfig" | "OpsWorks" | "ServiceCatalog" => (id, None, deployed()),
        "Lambda" if action.action_type_id.category == ActionCategory::Deploy => (id, None, deployed()),
        "Lambda" => {
            let page = console(format!("lambda/home?region={region}#/functions/{}", value("FunctionName")));
            (id, page, None)
        }
        "StepFunctions" => {
            // Docs: the action reference.
            let machine = value("StateMachineArn");
            let execution = format!("{}:{id}", machine.replacen(":stateMachine:", ":execution:", 1));
            variables.push(("StateMachineArn", machine.to_owned()));
            variables.push(("ExecutionArn", execution.clone()));
            let page = console(format!("states/home?region={region}#/executions/details/{execution}"));
            (execution, page, line("Execution succeeded"))
        }
        "InspectorScan" => {
            // Docs: the action reference names it; CHOICE: nothing serious was found.
            variables.push(("HighestScannedSeverity", "low".to_owned()));
            (id, None, line("Scan completed"))
        }
        "DeviceFarm" => (id, None, line("Test run passed")),
        _ => (id, None, None),
    };
    let mut variables: Named<String> = variables.into_iter().collect();
    // CHOICE: what commands would export is not known: each variable has the value `simulated`.
    variables
        .extend(action.output_variables.iter().flatten().map(|name| (name.as_str(), "simulated".to_owned())));
    Outcome { variables, summary, external_id: Some(external_id), external_url: url, ..Outcome::default() }
}
