//! Pipelines in pieces, and S3 in plain requests, for the story.

use super::tester;
use aws_sdk_codepipeline::types::builders::{ActionDeclarationBuilder, BeforeEntryConditionsBuilder};
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, Artifact, ArtifactStore, ArtifactStoreType,
    GitBranchFilterCriteria, GitConfiguration, GitFilePathFilterCriteria, GitPushFilter, InputArtifact,
    OutputArtifact, PipelineDeclaration, PipelineTriggerDeclaration, PipelineTriggerProviderType,
    PipelineType, RuleCategory, RuleDeclaration, RuleOwner, RuleTypeId, StageDeclaration,
};
use parhelion_testkit::{Answer, Api};

/// The token of every partner's client, as long as nobody sets another.
pub const CLIENT_TOKEN: &str = "DEFAULT_CLIENT_TOKEN";

/// A request to S3, path style: `target` is a bucket, or a bucket and a key.
pub async fn s3(api: &Api, method: &str, target: &str, body: &str) -> Answer {
    s3_as(api, "test", method, target, body).await
}

/// The same, signed with an access key. (What is signed is not checked by default.)
pub async fn s3_as(api: &Api, key: &str, method: &str, target: &str, body: &str) -> Answer {
    let scope = format!("{key}/20260101/us-east-1/s3/aws4_request");
    let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    let call = api.call(method, &format!("/{target}")).header("authorization", &signed);
    call.body("application/octet-stream", body.to_owned()).await
}

/// Where the first artifact is: its bucket and key.
pub fn artifact(artifacts: &[Artifact]) -> Option<String> {
    let place = artifacts.first()?.location()?.s3_location()?;
    Some(format!("{}/{}", place.bucket_name(), place.object_key()))
}

/// What a customer's own worker polls for.
pub fn worker() -> ActionTypeId {
    let built = ActionTypeId::builder().category(ActionCategory::Build).owner(ActionOwner::Custom);
    built.provider("Builder").version("1").build().expect("an action type")
}

fn aws(category: ActionCategory, provider: &str) -> ActionTypeId {
    let built = ActionTypeId::builder().category(category).owner(ActionOwner::Aws);
    built.provider(provider).version("1").build().expect("an action type")
}

pub fn action(name: &str, of: ActionTypeId) -> ActionDeclarationBuilder {
    ActionDeclaration::builder().name(name).action_type_id(of)
}

pub fn input(name: &str) -> InputArtifact {
    InputArtifact::builder().name(name).build().expect("an artifact")
}

pub fn output(name: &str) -> OutputArtifact {
    OutputArtifact::builder().name(name).build().expect("an artifact")
}

pub fn approval() -> ActionDeclarationBuilder {
    action("Ask", aws(ActionCategory::Approval, "Manual"))
}

pub fn deployment() -> ActionDeclarationBuilder {
    action("Go", aws(ActionCategory::Deploy, "CodeDeploy"))
        .configuration("ApplicationName", "site")
        .configuration("DeploymentGroupName", "all")
        .input_artifacts(input("Code"))
}

/// Copies an artifact to an object.
pub fn copy(artifact: &str, bucket: &str, key: &str) -> ActionDeclarationBuilder {
    action("Copy", aws(ActionCategory::Deploy, "S3"))
        .configuration("BucketName", bucket)
        .configuration("Extract", "false")
        .configuration("ObjectKey", key)
        .input_artifacts(input(artifact))
}

pub fn partner(name: &str) -> ActionDeclarationBuilder {
    action(name, tester()).input_artifacts(input("Code"))
}

pub fn stage(name: &str, actions: impl IntoIterator<Item = ActionDeclarationBuilder>) -> StageDeclaration {
    let actions = actions.into_iter().map(|action| action.build().expect("an action")).collect();
    StageDeclaration::builder().name(name).set_actions(Some(actions)).build().expect("a stage")
}

/// The stage with conditions in front.
pub fn guard(mut stage: StageDeclaration, conditions: BeforeEntryConditionsBuilder) -> StageDeclaration {
    stage.before_entry = Some(conditions.build().expect("conditions"));
    stage
}

/// A stage with an S3 source.
pub fn objects() -> StageDeclaration {
    let fetch = action("Fetch", aws(ActionCategory::Source, "S3"))
        .configuration("S3Bucket", "sources")
        .configuration("S3ObjectKey", "app.zip")
        .configuration("PollForSourceChanges", "false")
        .output_artifacts(output("Code"));
    stage("Source", [fetch])
}

pub fn rule(variable: &str, value: &str) -> RuleDeclaration {
    let of = RuleTypeId::builder().category(RuleCategory::Rule).owner(RuleOwner::Aws);
    RuleDeclaration::builder()
        .name("Check")
        .rule_type_id(of.provider("VariableCheck").version("1").build().expect("a rule type"))
        .configuration("Variable", variable)
        .configuration("Value", value)
        .configuration("Operator", "EQ")
        .build()
        .expect("a rule")
}

pub fn pipeline(name: &str, stages: impl IntoIterator<Item = StageDeclaration>) -> PipelineDeclaration {
    let store = ArtifactStore::builder().r#type(ArtifactStoreType::S3).location("artifacts").build();
    PipelineDeclaration::builder()
        .name(name)
        .role_arn("arn:aws:iam::000000000000:role/pipeline")
        .artifact_store(store.expect("a store"))
        .pipeline_type(PipelineType::V2)
        .set_stages(Some(stages.into_iter().collect()))
        .build()
        .expect("a pipeline")
}

/// A pipeline that pushes to `release/**` start, unless they concern the documentation alone.
pub fn connected(name: &str) -> PipelineDeclaration {
    let clone = action("Clone", aws(ActionCategory::Source, "CodeStarSourceConnection"))
        .configuration("ConnectionArn", "arn:aws:codeconnections:us-east-1:000000000000:connection/c")
        .configuration("FullRepositoryId", "octo/site")
        .configuration("BranchName", "main")
        .output_artifacts(output("Code"));
    let push = GitPushFilter::builder()
        .branches(GitBranchFilterCriteria::builder().includes("release/**").build())
        .file_paths(GitFilePathFilterCriteria::builder().excludes("docs/**").build());
    let git = GitConfiguration::builder().source_action_name("Clone").push(push.build());
    let trigger = PipelineTriggerDeclaration::builder()
        .provider_type(PipelineTriggerProviderType::CodeStarSourceConnection)
        .git_configuration(git.build().expect("a configuration"));
    let mut declared = pipeline(name, [stage("Source", [clone]), stage("Deploy", [deployment()])]);
    declared.triggers = Some(vec![trigger.build().expect("a trigger")]);
    declared
}
