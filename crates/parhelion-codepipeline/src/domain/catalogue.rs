//! The action and rule types that exist without being made: who owns them, how many artifacts they take and give,
//! which configuration they know, how they come out. Written as a table to be laid beside AWS's reference.
//!
//! Required keys of S3, ECR, CodeCommit, CodeDeploy, CloudFormation, ECS, ElasticBeanstalk, CodeBuild, Lambda,
//! StepFunctions and CodePipeline were probed on the live service (OBSERVED); the rest is documented or, where the
//! key list is open, our choice.

use crate::shapes::{
    ActionCategory::{self, Approval, Build, Compute, Deploy, Invoke, Source, Test},
    ActionOwner, ActionTypeId, RuleTypeId,
};
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

/// An action type: one of the catalogue, or in time one that a customer made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionKind {
    /// Category, owner, provider, version.
    pub id: Arc<ActionTypeId>,
    /// How many input artifacts an action may declare.
    pub inputs: RangeInclusive<usize>,
    /// How many output artifacts an action may declare.
    pub outputs: RangeInclusive<usize>,
    /// The configuration it knows.
    pub keys: Vec<Key>,
    /// Whether it takes other keys as well.
    pub open: bool,
    /// Whether only V2 pipelines may use it.
    pub v2_only: bool,
    /// What an action of it does when nothing else was said.
    pub run: Run,
    /// How long an action of it may run, seconds.
    pub timeout_secs: u64,
    /// Whether that time begins anew with each job that continues it.
    pub timeout_of_job: bool,
}

/// What an action does when nothing else was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Finds a revision and succeeds.
    Source,
    /// Succeeds; the work behind it is simulated.
    Simulated,
    /// Waits for an approval.
    Approval,
    /// Waits for the worker of a partner (PollForThirdPartyJobs).
    ThirdPartyJob,
    /// Waits for a worker of the customer (PollForJobs).
    CustomJob,
}

/// A configuration key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: Cow<'static, str>,
    /// When it must be there.
    pub required: Required,
    /// Whether its value is masked in answers.
    pub secret: bool,
    /// Whether a job worker may ask for jobs by its value.
    pub queryable: bool,
}

/// When a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// It may be left out.
    No,
    /// Always.
    Yes,
    /// When the action has more than one input artifact.
    WithManyInputs,
    /// When another key has that value.
    When(&'static str, &'static str),
}

impl ActionKind {
    /// What is known of a key.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|k| k.name == name)
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A line of the table. `keys`, separated by spaces: `*` required, `!` secret, `*>1` required with more than one
/// input, `*if(K=V)` required when key K has value V, `...` other keys too.
struct Line {
    category: ActionCategory,
    provider: &'static str,
    inputs: RangeInclusive<usize>,
    outputs: RangeInclusive<usize>,
    keys: &'static str,
}

const fn line(
    category: ActionCategory,
    provider: &'static str,
    inputs: RangeInclusive<usize>,
    outputs: RangeInclusive<usize>,
    keys: &'static str,
) -> Line {
    Line { category, provider, inputs, outputs, keys }
}

const CODEBUILD: &str = "ProjectName* PrimarySource*>1 BatchEnabled CombineArtifacts EnvironmentVariables";
const COMMANDS: &str = "VpcId Subnets SecurityGroupIds";

/// Owner AWS, version 1. Docs: the action structure reference.
const AWS: &[Line] = &[
    line(
        Source,
        "S3",
        0..=0,
        1..=1,
        "S3Bucket* S3ObjectKey* PollForSourceChanges AllowOverrideForS3ObjectKey",
    ),
    line(
        Source,
        "CodeCommit",
        0..=0,
        1..=1,
        "RepositoryName* BranchName* PollForSourceChanges OutputArtifactFormat",
    ),
    line(
        Source,
        "CodeStarSourceConnection",
        0..=0,
        1..=1,
        "ConnectionArn* FullRepositoryId* BranchName* OutputArtifactFormat DetectChanges",
    ),
    line(Source, "ECR", 0..=0, 1..=1, "RepositoryName* ImageTag"),
    line(Build, "CodeBuild", 1..=5, 0..=5, CODEBUILD),
    line(Test, "CodeBuild", 1..=5, 0..=5, CODEBUILD),
    line(
        Build,
        "ECRBuildAndPublish",
        1..=1,
        0..=0,
        "ECRRepositoryName* DockerFilePath ImageTags RegistryType",
    ),
    line(Compute, "Commands", 0..=10, 0..=1, COMMANDS),
    line(Build, "Commands", 0..=10, 0..=1, COMMANDS),
    line(Test, "DeviceFarm", 1..=1, 0..=0, "AppType* ProjectId* App* TestType* DevicePoolArn ..."),
    line(
        Deploy,
        "S3",
        1..=1,
        0..=0,
        "BucketName* Extract* ObjectKey*if(Extract=false) KMSEncryptionKeyARN CannedACL CacheControl",
    ),
    line(
        Deploy,
        "CloudFormation",
        0..=10,
        0..=1,
        "ActionMode* StackName* Capabilities ChangeSetName RoleArn TemplatePath OutputFileName ParameterOverrides \
         TemplateConfiguration",
    ),
    line(Deploy, "CloudFormationStackSet", 1..=3, 0..=0, "StackSetName* TemplatePath* ..."),
    line(Deploy, "CloudFormationStackInstances", 0..=2, 0..=0, "StackSetName* DeploymentTargets Regions ..."),
    line(Deploy, "CodeDeploy", 1..=1, 0..=0, "ApplicationName* DeploymentGroupName*"),
    line(
        Deploy,
        "CodeDeployToECS",
        1..=5,
        0..=0,
        "ApplicationName* DeploymentGroupName* TaskDefinitionTemplateArtifact* AppSpecTemplateArtifact* ...",
    ),
    line(Deploy, "ECS", 1..=1, 0..=0, "ClusterName* ServiceName* FileName DeploymentTimeout"),
    line(Deploy, "EKS", 1..=2, 0..=0, "ClusterName* ..."),
    line(Deploy, "EC2", 1..=1, 0..=0, "..."),
    line(Deploy, "ElasticBeanstalk", 1..=1, 0..=0, "ApplicationName* EnvironmentName*"),
    line(
        Deploy,
        "AppConfig",
        1..=1,
        0..=0,
        "Application* Environment* ConfigurationProfile* InputArtifactConfigurationPath* DeploymentStrategy",
    ),
    line(Deploy, "OpsWorks", 1..=1, 0..=0, "..."),
    line(Deploy, "ServiceCatalog", 1..=1, 0..=0, "..."),
    line(Deploy, "Lambda", 1..=1, 0..=0, "..."),
    line(Approval, "Manual", 0..=0, 0..=0, "NotificationArn CustomData ExternalEntityLink"),
    line(Invoke, "Lambda", 0..=5, 0..=5, "FunctionName* UserParameters"),
    line(Invoke, "StepFunctions", 0..=1, 0..=1, "StateMachineArn* ExecutionNamePrefix InputType Input"),
    line(Invoke, "CodePipeline", 0..=0, 0..=0, "PipelineName* Variables SourceRevisions"),
    line(Invoke, "InspectorScan", 0..=1, 0..=1, "InspectorRunMode* ..."),
];

/// Owner ThirdParty, version 1. CHOICE: the partners' names beside GitHub, their open configuration, their bounds.
const THIRD_PARTY: &[Line] = &[
    line(Source, "GitHub", 0..=0, 1..=1, "Owner* Repo* Branch* OAuthToken*! PollForSourceChanges"),
    line(Build, "CloudBees", 0..=5, 0..=5, "..."),
    line(Build, "TeamCity", 0..=5, 0..=5, "..."),
    line(Test, "BlazeMeter", 0..=5, 0..=5, "..."),
    line(Test, "GhostInspector", 0..=5, 0..=5, "..."),
    line(Test, "Nouvola", 0..=5, 0..=5, "..."),
    line(Test, "Runscope", 0..=5, 0..=5, "..."),
    line(Test, "StormRunnerLoad", 0..=5, 0..=5, "..."),
    line(Deploy, "XebiaLabs", 0..=5, 0..=5, "..."),
    line(Deploy, "AlexaSkillsKit", 0..=5, 0..=5, "ClientSecret! RefreshToken! ..."),
    line(Invoke, "Snyk", 0..=5, 0..=5, "..."),
];

/// How long an action may run, seconds. Docs: the quotas page; an hour where it says nothing.
fn timeout_secs(category: ActionCategory, provider: &str) -> u64 {
    match (category, provider) {
        (_, "CodeBuild") => 8 * HOUR,
        (Deploy, "CloudFormation") => 3 * DAY,
        (Deploy, "CodeDeploy" | "CodeDeployToECS") => 5 * DAY,
        (Deploy, "S3") => 90 * MINUTE,
        // CHOICE: of the two figures (24 hours; 20 minutes without a reply) the first: the work is simulated.
        (Invoke, "Lambda") => DAY,
        (Invoke, "StepFunctions") => 7 * DAY,
        (Approval, "Manual") => 7 * DAY,
        _ => HOUR,
    }
}

/// Jobs that a worker has to do, seconds. CHOICE: a partner's action has as long as a custom one.
const JOB_TIMEOUT_SECS: u64 = DAY;

static CATALOGUE: LazyLock<Vec<ActionKind>> = LazyLock::new(|| {
    let aws = AWS.iter().map(|l| kind(ActionOwner::Aws, l));
    let mut all: Vec<_> = aws.chain(THIRD_PARTY.iter().map(|l| kind(ActionOwner::ThirdParty, l))).collect();
    all.sort_by(|a, b| order(&a.id).cmp(&order(&b.id)));
    all
});

/// The order of ListActionTypes: by owner, category, provider, version, as texts.
pub fn order(id: &ActionTypeId) -> (&'static str, &'static str, &str, &str) {
    (id.owner.as_str(), id.category.as_str(), &id.provider, &id.version)
}

fn kind(owner: ActionOwner, line: &Line) -> ActionKind {
    let run = match (line.category, owner) {
        (Source, _) => Run::Source,
        (Approval, _) => Run::Approval,
        (_, ActionOwner::ThirdParty) => Run::ThirdPartyJob,
        (_, ActionOwner::Custom) => Run::CustomJob,
        (_, ActionOwner::Aws) => Run::Simulated,
    };
    let words = || line.keys.split_whitespace();
    ActionKind {
        id: ActionTypeId {
            category: line.category,
            owner,
            provider: line.provider.to_owned(),
            version: "1".to_owned(),
        }
        .into(),
        inputs: line.inputs.clone(),
        outputs: line.outputs.clone(),
        keys: words().filter(|w| *w != "...").map(key).collect(),
        open: words().any(|w| w == "..."),
        v2_only: matches!(line.provider, "Commands" | "ECRBuildAndPublish" | "EKS"),
        run,
        timeout_secs: match run {
            Run::ThirdPartyJob | Run::CustomJob => JOB_TIMEOUT_SECS,
            _ => timeout_secs(line.category, line.provider),
        },
        timeout_of_job: false,
    }
}

fn key(word: &'static str) -> Key {
    let end = word.find(['*', '!']).unwrap_or(word.len());
    let (name, marks) = word.split_at(end);
    let condition = marks.split_once("if(").and_then(|(_, rest)| rest.strip_suffix(')')?.split_once('='));
    let required = match condition {
        Some((key, value)) => Required::When(key, value),
        None if marks.contains(">1") => Required::WithManyInputs,
        None if marks.contains('*') => Required::Yes,
        None => Required::No,
    };
    Key { name: Cow::Borrowed(name), required, secret: marks.contains('!'), queryable: false }
}

/// The whole catalogue, in the order of ListActionTypes.
pub fn action_kinds() -> &'static [ActionKind] {
    &CATALOGUE
}

/// The type of that id in the catalogue.
pub fn action_kind(id: &ActionTypeId) -> Option<&'static ActionKind> {
    CATALOGUE.binary_search_by(|kind| order(&kind.id).cmp(&order(id))).ok().map(|i| &CATALOGUE[i])
}

/// A rule type (owner AWS, category Rule, version 1).
#[derive(Debug, PartialEq, Eq)]
pub struct RuleKind {
    /// Its provider.
    pub provider: &'static str,
    /// The configuration that must be there.
    pub required: &'static [&'static str],
    /// The configuration that may be there.
    pub optional: &'static [&'static str],
    /// How many input artifacts a rule may declare.
    pub inputs: RangeInclusive<usize>,
}

const fn rule(
    provider: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    inputs: RangeInclusive<usize>,
) -> RuleKind {
    RuleKind { provider, required, optional, inputs }
}

/// Docs: the rule structure reference. CHOICE: the numbers of input artifacts, as of the actions of the same name.
static RULES: [RuleKind; 6] = [
    rule("CloudWatchAlarm", &["AlarmName"], &["AlarmStates", "WaitTime"], 0..=0),
    rule(
        "CodeBuild",
        &["ProjectName"],
        &["PrimarySource", "BatchEnabled", "CombineArtifacts", "EnvironmentVariables"],
        0..=5,
    ),
    rule("Commands", &[], &[], 0..=10),
    rule("DeploymentWindow", &["Cron"], &["TimeZone"], 0..=0),
    rule("LambdaInvoke", &["FunctionName"], &["UserParameters"], 0..=5),
    rule("VariableCheck", &["Variable", "Value", "Operator"], &[], 0..=0),
];

/// All rule types, by provider.
pub fn rule_kinds() -> &'static [RuleKind] {
    &RULES
}

/// The rule type of that id; owner and version may be left out.
pub fn rule_kind(id: &RuleTypeId) -> Option<&'static RuleKind> {
    let known = id.version.as_deref().is_none_or(|v| v == "1");
    RULES.iter().find(|rule| known && rule.provider == id.provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn find(category: ActionCategory, owner: ActionOwner, provider: &str) -> &'static ActionKind {
        action_kind(&ActionTypeId { category, owner, provider: provider.into(), version: "1".into() })
            .unwrap()
    }

    #[test]
    fn every_line_is_found_by_its_id_and_none_stands_twice() {
        assert_eq!(action_kinds().len(), AWS.len() + THIRD_PARTY.len());
        for kind in action_kinds() {
            assert_eq!(action_kind(&kind.id), Some(kind));
            assert!(kind.keys.iter().all(|k| k.name.bytes().all(|b| b.is_ascii_alphanumeric())), "{kind:?}");
        }
        let nope = ActionTypeId { version: "2".into(), ..(*action_kinds()[0].id).clone() };
        assert_eq!(action_kind(&nope), None);
    }

    #[test]
    fn marks_of_keys_are_read() {
        let github = find(Source, ActionOwner::ThirdParty, "GitHub");
        assert_eq!(
            github.key("OAuthToken"),
            Some(&Key { name: "OAuthToken".into(), required: Required::Yes, secret: true, queryable: false })
        );
        assert_eq!((github.run, github.open), (Run::Source, false));
        let s3 = find(Deploy, ActionOwner::Aws, "S3");
        assert_eq!(s3.key("ObjectKey").unwrap().required, Required::When("Extract", "false"));
        let build = find(Build, ActionOwner::Aws, "CodeBuild");
        assert_eq!(build.key("PrimarySource").unwrap().required, Required::WithManyInputs);
        assert_eq!(build.key("BatchEnabled").unwrap().required, Required::No);
        let alexa = find(Deploy, ActionOwner::ThirdParty, "AlexaSkillsKit");
        assert!(alexa.open && alexa.key("RefreshToken").unwrap().secret && alexa.key("...").is_none());
        assert_eq!(alexa.run, Run::ThirdPartyJob);
    }

    #[test]
    fn the_catalogue_in_order() {
        let all: Vec<String> = action_kinds()
            .iter()
            .map(|k| {
                format!(
                    "{} {}/{} {:?} in {:?} out {:?}",
                    k.id.owner, k.id.category, k.id.provider, k.run, k.inputs, k.outputs
                )
            })
            .collect();
        expect![[r#"
            AWS Approval/Manual Approval in 0..=0 out 0..=0
            AWS Build/CodeBuild Simulated in 1..=5 out 0..=5
            AWS Build/Commands Simulated in 0..=10 out 0..=1
            AWS Build/ECRBuildAndPublish Simulated in 1..=1 out 0..=0
            AWS Compute/Commands Simulated in 0..=10 out 0..=1
            AWS Deploy/AppConfig Simulated in 1..=1 out 0..=0
            AWS Deploy/CloudFormation Simulated in 0..=10 out 0..=1
            AWS Deploy/CloudFormationStackInstances Simulated in 0..=2 out 0..=0
            AWS Deploy/CloudFormationStackSet Simulated in 1..=3 out 0..=0
            AWS Deploy/CodeDeploy Simulated in 1..=1 out 0..=0
            AWS Deploy/CodeDeployToECS Simulated in 1..=5 out 0..=0
            AWS Deploy/EC2 Simulated in 1..=1 out 0..=0
            AWS Deploy/ECS Simulated in 1..=1 out 0..=0
            AWS Deploy/EKS Simulated in 1..=2 out 0..=0
            AWS Deploy/ElasticBeanstalk Simulated in 1..=1 out 0..=0
            AWS Deploy/Lambda Simulated in 1..=1 out 0..=0
            AWS Deploy/OpsWorks Simulated in 1..=1 out 0..=0
            AWS Deploy/S3 Simulated in 1..=1 out 0..=0
            AWS Deploy/ServiceCatalog Simulated in 1..=1 out 0..=0
            AWS Invoke/CodePipeline Simulated in 0..=0 out 0..=0
            AWS Invoke/InspectorScan Simulated in 0..=1 out 0..=1
            AWS Invoke/Lambda Simulated in 0..=5 out 0..=5
            AWS Invoke/StepFunctions Simulated in 0..=1 out 0..=1
            AWS Source/CodeCommit Source in 0..=0 out 1..=1
            AWS Source/CodeStarSourceConnection Source in 0..=0 out 1..=1
            AWS Source/ECR Source in 0..=0 out 1..=1
            AWS Source/S3 Source in 0..=0 out 1..=1
            AWS Test/CodeBuild Simulated in 1..=5 out 0..=5
            AWS Test/DeviceFarm Simulated in 1..=1 out 0..=0
            ThirdParty Build/CloudBees ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Build/TeamCity ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Deploy/AlexaSkillsKit ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Deploy/XebiaLabs ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Invoke/Snyk ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Source/GitHub Source in 0..=0 out 1..=1
            ThirdParty Test/BlazeMeter ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Test/GhostInspector ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Test/Nouvola ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Test/Runscope ThirdPartyJob in 0..=5 out 0..=5
            ThirdParty Test/StormRunnerLoad ThirdPartyJob in 0..=5 out 0..=5"#]]
        .assert_eq(&all.join("\n"));
    }
}
