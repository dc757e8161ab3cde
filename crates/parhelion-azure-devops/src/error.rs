//! Everything that the surface refuses, in one list: status, type key and public message of each.
//!
//! Texts beginning with `TF` and those of the webhook endpoint are the service's own (azure-devops.md 1 and 4.2
//! say which were observed and which are our choice).

mod face;

use serde_json::{Value, json};

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    // ------------------------------------------------------------------ the call itself
    #[error("Page not found.")]
    PageNotFound,
    #[error("The requested resource does not support http method '{method}'.")]
    MethodNotAllowed { method: String, allowed: String },
    #[error("{what}")]
    Invalid { what: String },
    #[error("The request body is larger than {limit} bytes.")]
    TooLarge { limit: u64 },
    #[error(
        "No api-version was supplied for the \"{method}\" request. The version must be supplied either as part of the Accept header (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\")."
    )]
    VersionMissing { method: String },
    #[error("The api-version '{given}' is not of the form 7.1, 7.1-preview or 7.1-preview.1.")]
    VersionMalformed { given: String },
    #[error(
        "The requested REST API version of {given} is out of range for this server. This resource is served from version {min} to {max}."
    )]
    VersionOutOfRange { given: String, min: &'static str, max: &'static str },
    #[error(
        "The requested version \"{given}\" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: \"{given}-preview\""
    )]
    VersionNotPreview { given: String },
    #[error("TF400813: The user '' is not authorized to access this resource.")]
    Unauthorized,
    #[error("The organization {name} does not exist.")]
    OrganizationUnknown { name: String },
    #[error(
        "The organization name '{name}' is not valid: 1 to 50 letters, digits, hyphens, dots and underscores, beginning with a letter or digit."
    )]
    OrganizationNameBad { name: String },
    #[error(
        "What this call read has been changed by another one several times while it was at work. Try again."
    )]
    Contended,
    #[error("The request could not be processed: {why}")]
    Unavailable { why: String },

    // ------------------------------------------------------------------ projects, operations
    #[error(
        "TF200016: The following project does not exist: {project}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server."
    )]
    ProjectUnknown { project: String },
    #[error(
        "TF200019: The following project already exists on the Azure DevOps Server: {name}. You cannot create a new project with the same name as an existing project. Provide a different name."
    )]
    ProjectExists { name: String },
    #[error("TF200012: The following project name is not valid: '{name}'. {why}")]
    ProjectNameBad { name: String, why: &'static str },
    #[error("The operation {id} could not be found.")]
    OperationUnknown { id: String },

    // ------------------------------------------------------------------ service endpoints
    #[error(
        "Service connection with name {name} already exists. Only a user having Administrator/User role permissions on service connection {name} can see it."
    )]
    EndpointExists { name: String },
    #[error("Unable to find service connection with id '{id}'.")]
    EndpointUnknown { id: String },

    // ------------------------------------------------------------------ variable groups, pools, queues
    #[error("{what}")]
    Argument { what: String },
    #[error("Variable group {id} could not be found.")]
    VariableGroupUnknown { id: String },
    #[error("Variable group {name} already exists.")]
    VariableGroupExists { name: String },
    #[error("Agent pool {id} could not be found.")]
    PoolUnknown { id: String },
    #[error("Agent pool {name} already exists.")]
    PoolExists { name: String },
    #[error("Agent queue {id} could not be found.")]
    QueueUnknown { id: String },
    #[error("Agent queue {name} already exists.")]
    QueueExists { name: String },

    // ------------------------------------------------------------------ definitions, builds, pipelines
    #[error("The pipeline definition {id} was not found.")]
    DefinitionUnknown { id: String },
    #[error(
        "A build definition with the name {name} already exists in the folder {path}. Provide a different name."
    )]
    DefinitionExists { name: String, path: String },
    #[error(
        "The build definition was changed by someone else: revision {given} was sent, {current} is current. Read it again, then save your change."
    )]
    DefinitionRevision { given: u32, current: u32 },
    #[error("The requested build {id} could not be found.")]
    BuildUnknown { id: String },
    #[error("The pipeline '{id}' does not exist")]
    PipelineUnknown { id: String, preview: bool },
    #[error("The run {run} of pipeline {pipeline} could not be found.")]
    RunUnknown { pipeline: String, run: String },
    #[error("The log {log} of build {build} could not be found.")]
    LogUnknown { build: u32, log: String },
    #[error("Could not queue the build because there were validation errors or warnings.")]
    QueueRefused { messages: Vec<String> },
    #[error("{}", messages.join("\n"))]
    PipelineInvalid { messages: Vec<String> },

    #[error("This request expects an object in the request body, but nothing was supplied.")]
    BodyMissing,
    #[error("The request body must be empty when the retry parameter is specified.")]
    RetryWithBody,
    #[error("The build {id} cannot be run again: {why}")]
    NotRetryable { id: u32, why: String },
    #[error(
        "TF900561: The following build cannot be deleted because it is marked as Retain Indefinitely: {number}. Remove the Retain Indefinitely flag to allow deletion of this build."
    )]
    BuildRetained { number: String },
    #[error(
        "One or more builds associated with the requested pipeline(s) are retained by a release. The pipeline(s) and builds will not be deleted."
    )]
    DefinitionRetained,
    #[error("The build number '{number}' is not valid: {why}")]
    BuildNumberBad { number: String, why: &'static str },
    #[error("No build of the definition {definition} was found.")]
    NoBuild { definition: String },
    #[error("The stage {stage} of build {build} could not be found.")]
    StageUnknown { build: u32, stage: String },
    #[error("The artifact {name} was not found for build {build}.")]
    ArtifactUnknown { build: u32, name: String },
    #[error("Artifact {name} already exists for build {build}.")]
    ArtifactExists { build: u32, name: String },
    #[error("The folder {path} could not be found.")]
    FolderUnknown { path: String },
    #[error("The folder {path} already exists.")]
    FolderExists { path: String },
    #[error("The process {id} does not exist.")]
    ProcessUnknown { id: String },
    #[error("The team with id '{id}' does not exist.")]
    TeamUnknown { id: String },

    // ------------------------------------------------------------------ git
    #[error(
        "TF401019: The Git repository with name or identifier {repository} does not exist or you do not have permissions for the operation you are attempting."
    )]
    RepositoryUnknown { repository: String },
    #[error("TF400948: A Git repository with the name {name} already exists.")]
    RepositoryExists { name: String },
    #[error("TF401035: The object '{id}' does not exist.")]
    ObjectUnknown { id: String },
    #[error(
        "TF401174: The item {path} could not be found in the repository {repository} at the version specified by {version}."
    )]
    ItemUnknown { path: String, repository: String, version: String },
    #[error(
        "TF401175: The version descriptor {version} could not be resolved to a version in the repository {repository}"
    )]
    Unresolvable { version: String, repository: String },
    #[error("TF401174: The change of {path} does not fit the tree: {why}")]
    ChangeMisfit { path: String, why: String },
    #[error(
        "TF401028: The reference '{name}' has already been updated by another client, so you cannot update it. Please try again."
    )]
    RefMoved { name: String },
    #[error("The reference '{name}' cannot be created: a reference whose name excludes it exists.")]
    RefConflict { name: String },
    #[error("The push {id} could not be found in the repository {repository}.")]
    PushUnknown { id: String, repository: String },

    // ------------------------------------------------------------------ environments, checks, approvals
    #[error("Environment with ID {id} does not exist or has been deleted.")]
    EnvironmentUnknown { id: String },
    #[error("Environment {name} already exists in the current project.")]
    EnvironmentExists { name: String },
    #[error("The environment name '{name}' is not valid: {why}")]
    EnvironmentNameBad { name: String, why: &'static str },
    #[error("Resource with ID {id} does not exist in environment {environment}.")]
    EnvironmentResourceUnknown { id: String, environment: u32 },
    #[error("Resource {name} already exists in environment {environment}.")]
    EnvironmentResourceExists { name: String, environment: u32 },
    #[error("Check configuration with ID {id} does not exist.")]
    CheckUnknown { id: String },
    #[error("The check configuration is not valid: {why}.")]
    CheckBad { why: String },
    #[error("The resource {id} of type {kind} does not exist.")]
    ResourceUnknown { kind: String, id: String },
    #[error("Check suite with ID {id} does not exist.")]
    SuiteUnknown { id: String },
    #[error("Approval with ID {id} does not exist.")]
    ApprovalUnknown { id: String },
    #[error("The approval {id} cannot be changed any more: it is {status}.")]
    ApprovalOver { id: uuid::Uuid, status: String },
    #[error("{who} is not asked for the approval {id}.")]
    NotAnApprover { id: uuid::Uuid, who: String },
    #[error("{who} may not approve {id}: {why}.")]
    ApproverBlocked { id: uuid::Uuid, who: String, why: &'static str },

    // ------------------------------------------------------------------ service hooks
    #[error("The subscription {id} does not exist.")]
    SubscriptionUnknown { id: String },
    #[error("The subscription's input {input} is not valid: {why}.")]
    SubscriptionInput { input: String, why: String },
    #[error("An organization may have at most {limit} subscriptions.")]
    SubscriptionsFull { limit: usize },
    #[error("There is no publisher '{id}'.")]
    PublisherUnknown { id: String },
    #[error("The publisher '{publisher}' has no event type '{id}'.")]
    EventTypeUnknown { id: String, publisher: String },
    #[error("There is no consumer '{id}'.")]
    ConsumerUnknown { id: String },
    #[error("The consumer '{consumer}' has no action '{id}'.")]
    ConsumerActionUnknown { id: String, consumer: String },
    #[error("The notification {id} does not exist.")]
    NotificationUnknown { id: String },
    #[error("No event {event_type} has happened that could be sent.")]
    NothingReal { event_type: String },

    // ------------------------------------------------------------------ the public webhook endpoint (4.2)
    #[error("Cannot find webhook for the given webHookId {name}. Try enabling CD trigger for this artifact.")]
    WebhookUnknown { name: String },
    #[error("The request is not authorized: no service connection of webhook {name} accepts its checksum.")]
    WebhookUnauthorized { name: String },
    #[error("The body of the webhook request is no JSON: {why}")]
    WebhookNotJson { why: String },
}

impl Error {
    /// A bad argument, in words.
    pub fn invalid(what: impl Into<String>) -> Self {
        Error::Invalid { what: what.into() }
    }

    /// An argument that the service itself finds wrong, in its words.
    pub fn argument(what: impl Into<String>) -> Self {
        Error::Argument { what: what.into() }
    }

    /// An input of a subscription that is none.
    pub fn input(input: &str, why: impl Into<String>) -> Self {
        Error::SubscriptionInput { input: input.to_owned(), why: why.into() }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.face().0
    }

    /// The short name that clients show as `type_key`.
    pub fn type_key(&self) -> &'static str {
        self.face().1
    }

    /// The body in the service's error form.
    pub fn body(&self) -> Value {
        let (_, key, (namespace, assembly)) = self.face();
        let mut body = json!({
            "$id": "1",
            "innerException": null,
            "message": self.to_string(),
            "typeName": format!("{namespace}.{key}, {assembly}"),
            "typeKey": key,
            "errorCode": 0,
            "eventId": 3000,
        });
        if let Error::QueueRefused { messages } = self {
            // OBSERVED: one entry per problem, beside the general message.
            body["customProperties"] = json!({ "ValidationResults": messages.iter()
                .map(|m| json!({ "result": "error", "message": m }))
                .collect::<Vec<_>>() });
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_error_has_the_services_form() {
        let error = Error::ProjectUnknown { project: "P".into() };
        expect![[r#"404 {"$id":"1","innerException":null,"message":"TF200016: The following project does not exist: P. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.","typeName":"Microsoft.TeamFoundation.Core.WebApi.ProjectDoesNotExistWithNameException, Microsoft.TeamFoundation.Core.WebApi","typeKey":"ProjectDoesNotExistWithNameException","errorCode":0,"eventId":3000}"#]]
            .assert_eq(&format!("{} {}", error.status(), error.body()));
    }

    #[test]
    fn an_unknown_guid_has_its_own_type_key() {
        let error = Error::ProjectUnknown { project: uuid::Uuid::nil().to_string() };
        assert_eq!(error.type_key(), "ProjectDoesNotExistException");
    }

    #[test]
    fn a_refused_queueing_lists_its_problems() {
        let error = Error::QueueRefused { messages: vec!["a".into(), "b".into()] };
        expect![[
            r#"{"ValidationResults":[{"result":"error","message":"a"},{"result":"error","message":"b"}]}"#
        ]]
        .assert_eq(&error.body()["customProperties"].to_string());
    }
}
