//! The status and the type name of each refusal.

use super::Error;

/// The namespaces that type names stand in.
mod ns {
    pub const CORE: (&str, &str) =
        ("Microsoft.TeamFoundation.Core.WebApi", "Microsoft.TeamFoundation.Core.WebApi");
    pub const VSS: (&str, &str) =
        ("Microsoft.VisualStudio.Services.WebApi", "Microsoft.VisualStudio.Services.WebApi");
    pub const COMMON: (&str, &str) =
        ("Microsoft.VisualStudio.Services.Common", "Microsoft.VisualStudio.Services.Common");
    // OBSERVED: the exceptions of build live in one assembly and are declared in another.
    pub const BUILD: (&str, &str) =
        ("Microsoft.TeamFoundation.Build.WebApi", "Microsoft.TeamFoundation.Build2.WebApi");
    pub const PIPELINES: (&str, &str) =
        ("Microsoft.Azure.Pipelines.WebApi", "Microsoft.Azure.Pipelines.WebApi");
    pub const GIT: (&str, &str) =
        ("Microsoft.TeamFoundation.Git.Server", "Microsoft.TeamFoundation.Git.Server");
    pub const SYSTEM: (&str, &str) = ("System", "mscorlib");
    pub const TASKS: (&str, &str) = (
        "Microsoft.TeamFoundation.DistributedTask.WebApi",
        "Microsoft.TeamFoundation.DistributedTask.WebApi",
    );
    pub const CHECKS: (&str, &str) =
        ("Microsoft.Azure.Pipelines.Checks.WebApi", "Microsoft.Azure.Pipelines.Checks.WebApi");
    pub const APPROVALS: (&str, &str) =
        ("Microsoft.Azure.Pipelines.Approval.WebApi", "Microsoft.Azure.Pipelines.Approval.WebApi");
    pub const HOOKS: (&str, &str) = (
        "Microsoft.VisualStudio.Services.ServiceHooks.WebApi",
        "Microsoft.VisualStudio.Services.ServiceHooks.WebApi",
    );
    pub const ENDPOINTS: (&str, &str) = (
        "Microsoft.VisualStudio.Services.ServiceEndpoints",
        "Microsoft.VisualStudio.Services.ServiceEndpoints.WebApi",
    );
}

type Face = (u16, &'static str, (&'static str, &'static str));

impl Error {
    /// Its status, its type key, and the namespaces of its type name.
    pub(super) fn face(&self) -> Face {
        use Error::*;
        match self {
            PageNotFound => (404, "HttpException", ns::VSS),
            MethodNotAllowed { .. } => (405, "VssRequestMethodNotAllowedException", ns::VSS),
            Invalid { .. } => (400, "VssPropertyValidationException", ns::COMMON),
            TooLarge { .. } => (413, "VssRequestContentTooLargeException", ns::VSS),
            VersionMissing { .. } => (400, "VssVersionNotSpecifiedException", ns::VSS),
            VersionMalformed { .. } => (400, "VssInvalidApiResourceVersionException", ns::VSS),
            VersionOutOfRange { .. } => (400, "VssVersionOutOfRangeException", ns::VSS),
            VersionNotPreview { .. } => (400, "VssInvalidPreviewVersionException", ns::VSS),
            Unauthorized => (401, "UnauthorizedRequestException", ns::VSS),
            OrganizationUnknown { .. } => (404, "HostDoesNotExistException", ns::VSS),
            OrganizationNameBad { .. } => (400, "InvalidHostNameException", ns::VSS),
            Contended => (409, "VssServiceResponseException", ns::VSS),
            Unavailable { .. } => (503, "VssServiceException", ns::COMMON),
            ProjectUnknown { project } if uuid::Uuid::parse_str(project).is_ok() => {
                (404, "ProjectDoesNotExistException", ns::CORE)
            }
            ProjectUnknown { .. } => (404, "ProjectDoesNotExistWithNameException", ns::CORE),
            ProjectExists { .. } => (400, "ProjectAlreadyExistsException", ns::CORE),
            ProjectNameBad { .. } => (400, "InvalidProjectNameException", ns::CORE),
            OperationUnknown { .. } => (404, "OperationNotFoundException", ns::VSS),
            EndpointExists { .. } => (409, "DuplicateServiceConnectionException", ns::ENDPOINTS),
            EndpointUnknown { .. } => (404, "ServiceEndpointNotFoundException", ns::ENDPOINTS),
            // OBSERVED: the type key.
            Argument { .. } => (400, "ArgumentException", ns::SYSTEM),
            // OBSERVED: status and type key of a group's name that is taken. Type keys of the others are those of the
            // clients' libraries; CHOICE: their statuses, and all texts.
            VariableGroupUnknown { .. } => (404, "VariableGroupNotFoundException", ns::TASKS),
            VariableGroupExists { .. } => (409, "VariableGroupExistsException", ns::TASKS),
            PoolUnknown { .. } => (404, "TaskAgentPoolNotFoundException", ns::TASKS),
            PoolExists { .. } => (409, "TaskAgentPoolExistsException", ns::TASKS),
            QueueUnknown { .. } => (404, "TaskAgentQueueNotFoundException", ns::TASKS),
            QueueExists { .. } => (409, "TaskAgentQueueExistsException", ns::TASKS),
            DefinitionUnknown { .. } => (404, "DefinitionNotFoundException", ns::BUILD),
            DefinitionExists { .. } => (409, "DefinitionExistsException", ns::BUILD),
            DefinitionRevision { .. } => (409, "DefinitionRevisionConflictException", ns::BUILD),
            BuildUnknown { .. } => (404, "BuildNotFoundException", ns::BUILD),
            // OBSERVED: the preview operation answers 500 here; for the others 404 is our choice.
            PipelineUnknown { preview: true, .. } => (500, "PipelineNotFoundException", ns::PIPELINES),
            PipelineUnknown { .. } => (404, "PipelineNotFoundException", ns::PIPELINES),
            RunUnknown { .. } => (404, "RunNotFoundException", ns::PIPELINES),
            LogUnknown { .. } => (404, "BuildLogNotFoundException", ns::BUILD),
            // OBSERVED: status, type key and text.
            BodyMissing => (400, "RequestContentException", ns::BUILD),
            // OBSERVED: status and text.
            RetryWithBody => (400, "RequestContentException", ns::BUILD),
            // CHOICE: status and type key of this one and those below, unless said otherwise.
            NotRetryable { .. } => (400, "InvalidBuildException", ns::BUILD),
            // OBSERVED: the texts of these two.
            BuildRetained { .. } => (400, "CannotDeleteRetainedBuildException", ns::BUILD),
            DefinitionRetained => (400, "CannotDeleteDefinitionBuildExistsException", ns::BUILD),
            BuildNumberBad { .. } => (400, "BuildNumberFormatException", ns::BUILD),
            NoBuild { .. } => (404, "BuildNotFoundException", ns::BUILD),
            StageUnknown { .. } => (404, "StageNotFoundException", ns::BUILD),
            ArtifactUnknown { .. } => (404, "ArtifactNotFoundException", ns::BUILD),
            ArtifactExists { .. } => (409, "ArtifactExistsException", ns::BUILD),
            FolderUnknown { .. } => (404, "FolderNotFoundException", ns::BUILD),
            FolderExists { .. } => (409, "FolderExistsException", ns::BUILD),
            ProcessUnknown { .. } => (404, "ProcessNotFoundException", ns::CORE),
            TeamUnknown { .. } => (404, "TeamNotFoundException", ns::CORE),
            QueueRefused { .. } => (400, "BuildRequestValidationFailedException", ns::BUILD),
            PipelineInvalid { .. } => (400, "PipelineValidationException", ns::PIPELINES),
            RepositoryUnknown { .. } => (404, "GitRepositoryNotFoundException", ns::GIT),
            RepositoryExists { .. } => (409, "GitRepositoryNameAlreadyExistsException", ns::GIT),
            ObjectUnknown { .. } => (404, "GitObjectDoesNotExistException", ns::GIT),
            ItemUnknown { .. } => (404, "GitItemNotFoundException", ns::GIT),
            Unresolvable { .. } => (404, "GitUnresolvableToCommitException", ns::GIT),
            ChangeMisfit { .. } => (400, "GitItemNotFoundException", ns::GIT),
            RefMoved { .. } => (409, "GitReferenceStaleException", ns::GIT),
            RefConflict { .. } => (409, "GitReferenceNameConflictException", ns::GIT),
            PushUnknown { .. } => (404, "GitPushNotFoundException", ns::GIT),
            // CHOICE: texts, statuses and type keys of environments, checks and approvals.
            EnvironmentUnknown { .. } => (404, "EnvironmentNotFoundException", ns::TASKS),
            EnvironmentExists { .. } => (409, "EnvironmentExistsException", ns::TASKS),
            EnvironmentNameBad { .. } => (400, "InvalidEnvironmentNameException", ns::TASKS),
            EnvironmentResourceUnknown { .. } => (404, "EnvironmentResourceNotFoundException", ns::TASKS),
            EnvironmentResourceExists { .. } => (409, "EnvironmentResourceExistsException", ns::TASKS),
            CheckUnknown { .. } => (404, "CheckConfigurationNotFoundException", ns::CHECKS),
            CheckBad { .. } => (400, "InvalidCheckConfigurationException", ns::CHECKS),
            ResourceUnknown { .. } => (404, "ResourceNotFoundException", ns::CHECKS),
            SuiteUnknown { .. } => (404, "CheckSuiteNotFoundException", ns::CHECKS),
            ApprovalUnknown { .. } => (404, "ApprovalNotFoundException", ns::APPROVALS),
            ApprovalOver { .. } => (400, "ApprovalCompletedException", ns::APPROVALS),
            NotAnApprover { .. } => (403, "ApprovalUnauthorizedException", ns::APPROVALS),
            ApproverBlocked { .. } => (403, "ApprovalUnauthorizedException", ns::APPROVALS),
            // CHOICE: texts, statuses and type keys of service hooks.
            SubscriptionUnknown { .. } => (404, "SubscriptionNotFoundException", ns::HOOKS),
            SubscriptionInput { .. } => (400, "SubscriptionInputException", ns::HOOKS),
            SubscriptionsFull { .. } => (400, "SubscriptionLimitException", ns::HOOKS),
            PublisherUnknown { .. } => (404, "PublisherNotFoundException", ns::HOOKS),
            EventTypeUnknown { .. } => (404, "EventTypeNotFoundException", ns::HOOKS),
            ConsumerUnknown { .. } => (404, "ConsumerNotFoundException", ns::HOOKS),
            ConsumerActionUnknown { .. } => (404, "ConsumerActionNotFoundException", ns::HOOKS),
            NotificationUnknown { .. } => (404, "NotificationNotFoundException", ns::HOOKS),
            NothingReal { .. } => (400, "NoRealEventException", ns::HOOKS),
            // Docs: resources, "validate and troubleshoot". The type key is our choice (azure-devops.md 4.2).
            WebhookUnknown { .. } => (500, "WebHookNotFoundException", ns::TASKS),
            // CHOICE: the service's status for a bad checksum is not known.
            WebhookUnauthorized { .. } => (401, "WebHookUnauthorizedException", ns::TASKS),
            WebhookNotJson { .. } => (400, "VssPropertyValidationException", ns::COMMON),
        }
    }
}
