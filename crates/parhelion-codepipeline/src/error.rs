//! What an operation may answer instead of its output: one enum with data, three functions. The only list of
//! codes and texts beside the declaration's rules, which stand with their checks ([`Fault`]).
//!
//! What never reaches an operation (malformed bytes, a bad signature, broken constraints) is `wire`'s `Refusal`.

mod flow;
mod work;

pub use flow::Flow;
pub use work::Work;

use crate::domain::structure::Fault;
use crate::shapes::ActionTypeId;
use crate::wire::paging::ForeignToken;
use parhelion_core::text::prefix;
use std::fmt;

/// Bytes of an ARN, or of a name in it, that a message repeats: the model does not bound them.
const SHOWN_BYTES: usize = 500;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation refuses.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// A rule for declarations (section 3 of the specification) does not hold.
    Declaration(Fault),
    /// CreatePipeline of a name that stands already.
    PipelineNameInUse { account: String, name: String },
    /// No pipeline of that name.
    PipelineNotFound { account: String, name: String },
    /// UpdatePipeline, and the tag operations, name the missing pipeline in words of their own.
    ResourceNotFound { account: String, what: Resource },
    /// The pipeline never had that version.
    PipelineVersionNotFound { name: String, version: i32 },
    /// The pipeline has no execution of that id.
    PipelineExecutionNotFound { name: String, id: String },
    /// A client request token came again with other parameters.
    TokenReused { token: String },
    /// The page token is not ours, or belongs to another question.
    InvalidNextToken,
    /// The resource ARN has the right form and is none of this account and region.
    InvalidArn { arn: String },
    /// The resource would have more than 50 tags.
    TooManyTags { arn: String },
    /// A tag that nobody may set.
    InvalidTags(BadTag),
    /// A quota is used up.
    LimitExceeded { what: &'static str, limit: usize },
    /// No webhook of that name.
    WebhookNotFound { account: String, name: String },
    /// The target action is not in the first stage.
    NotInFirstStage { action: String },
    /// A webhook's filter cannot be used.
    InvalidWebhookFilter { why: String },
    /// A webhook's authentication properties do not suit its kind.
    InvalidWebhookAuthentication { why: String },
    /// Well formed, and yet impossible; the text says why.
    Validation(Invalid),
    /// No such action type, or none that a poll can ask for.
    ActionTypeNotFound { id: Box<ActionTypeId> },
    /// A live custom action type of that id has another definition.
    ActionTypeAlreadyExists { id: Box<ActionTypeId> },
    /// A custom action type that cannot be.
    InvalidActionType { why: String },
    /// An execution, or a stage, is in no state for it.
    Flow(Flow),
    /// Something cannot be done with an action.
    Work(Work),
    /// No job of that id.
    JobNotFound { id: String },
    /// The job is none that can be asked about this way.
    InvalidJob { id: String, why: &'static str },
    /// The job is not in progress.
    InvalidJobState { id: String, state: &'static str },
    /// The nonce is not the one that was handed out last, or was used already.
    InvalidNonce { id: String },
    /// The output variables of an action take more than their bound, bytes.
    OutputVariablesSize { bytes: usize, most: usize },
    /// The client token is not the one of the job's client.
    InvalidClientToken { id: String },
}

/// What a `ResourceNotFoundException` is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Resource {
    /// A pipeline by name.
    Pipeline(String),
    /// A webhook by name.
    Webhook(String),
    /// A custom action type: category, provider, version.
    ActionType(String),
}

/// Why a tag is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum BadTag {
    /// The key begins with `aws:`.
    System,
    /// The key stands twice in one request.
    Twice(String),
    /// A character outside the allowed ones.
    Character { key: String },
}

/// What a `ValidationException` of an operation says (those of the model's constraints are made in `wire`).
#[derive(Clone, Debug, PartialEq)]
pub enum Invalid {
    /// A start names a source action that the pipeline does not have.
    UnknownSourceAction { pipeline: String, action: String },
    /// A start names a source action twice.
    SourceActionTwice { action: String },
    /// The kind of revision does not suit the action's provider.
    RevisionType { action: String, provider: String, given: String },
    /// A start gives a variable that the pipeline does not declare.
    UnknownVariable { name: String },
    /// A start gives a variable twice.
    VariableTwice { name: String },
    /// A variable without default got no value.
    VariableWithoutValue { name: String },
    /// A filter names a stage that the pipeline does not have.
    UnknownStage { pipeline: String, stage: String },
    /// Members that exclude each other were given, or none of them was.
    ExactlyOneOf { members: &'static str },
    /// A member that the model does not mark as required, and the operation needs.
    Missing { member: &'static str },
    /// The webhook's action is no GitHub action (or is gone): there is nobody to register with.
    NotGithub { webhook: String },
    /// What GitHub said when a webhook was to be registered there, or why it could not be asked.
    ThirdParty { said: String },
    /// The address that clients reach us at is so long that a webhook's URL would exceed its bound.
    UrlTooLong { most: usize },
    /// Custom actions cannot be of that category.
    CustomCategory { category: &'static str },
    /// An action type of the integration model that cannot be.
    ActionType { why: String },
    /// A region that no region can be called.
    Region { region: String },
    /// The type has no queryable property.
    NoQuery { id: Box<ActionTypeId> },
    /// The type's queryable property must be asked for, and nothing else.
    QueryWanted { id: Box<ActionTypeId>, key: String },
    /// A job that goes on has no output yet.
    VariablesWithContinuation,
    /// Only types of that owner can be polled here.
    PollOwner { expected: &'static str, given: String },
}

/// An action type as messages name it.
pub fn named(id: &ActionTypeId) -> String {
    let ActionTypeId { category, owner, provider, version } = id;
    format!(
        "ActionType (Category: '{category}', Provider: '{provider}', Owner: '{owner}', Version: '{version}')"
    )
}

impl Error {
    /// No action type of that id.
    pub fn no_type(id: ActionTypeId) -> Self {
        Error::ActionTypeNotFound { id: Box::new(id) }
    }
    /// The exception's bare name.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Declaration(fault) => fault.code(),
            Error::PipelineNameInUse { .. } => "PipelineNameInUseException",
            Error::PipelineNotFound { .. } => "PipelineNotFoundException",
            Error::ResourceNotFound { .. } => "ResourceNotFoundException",
            Error::PipelineVersionNotFound { .. } => "PipelineVersionNotFoundException",
            Error::PipelineExecutionNotFound { .. } => "PipelineExecutionNotFoundException",
            Error::TokenReused { .. } => "ConflictException",
            Error::InvalidNextToken => "InvalidNextTokenException",
            Error::InvalidArn { .. } => "InvalidArnException",
            Error::TooManyTags { .. } => "TooManyTagsException",
            Error::InvalidTags(_) => "InvalidTagsException",
            Error::LimitExceeded { .. } => "LimitExceededException",
            Error::WebhookNotFound { .. } => "WebhookNotFoundException",
            Error::InvalidWebhookFilter { .. } => "InvalidWebhookFilterPatternException",
            Error::InvalidWebhookAuthentication { .. } => "InvalidWebhookAuthenticationParametersException",
            Error::NotInFirstStage { .. } | Error::Validation(_) => "ValidationException",
            Error::ActionTypeNotFound { .. } => "ActionTypeNotFoundException",
            Error::ActionTypeAlreadyExists { .. } => "ActionTypeAlreadyExistsException",
            Error::InvalidActionType { .. } => "InvalidActionTypeException",
            Error::Flow(flow) => flow.code(),
            Error::Work(work) => work.code(),
            Error::JobNotFound { .. } => "JobNotFoundException",
            Error::InvalidJob { .. } => "InvalidJobException",
            Error::InvalidJobState { .. } => "InvalidJobStateException",
            Error::InvalidNonce { .. } => "InvalidNonceException",
            Error::OutputVariablesSize { .. } => "OutputVariablesSizeExceededException",
            Error::InvalidClientToken { .. } => "InvalidClientTokenException",
        }
    }

    /// The HTTP status. Docs: the model gives 409 to `ConflictException` and 400 to all others.
    pub fn status(&self) -> u16 {
        if self.code() == "ConflictException" { 409 } else { 400 }
    }
}

/// The public message.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Declaration(fault) => fault.fmt(f),
            // OBSERVED: moto, from real output.
            Error::PipelineNameInUse { account, name } => {
                write!(f, "A pipeline with the name '{name}' already exists in account '{account}'")
            }
            // OBSERVED: the live service, for every operation.
            Error::PipelineNotFound { account, name } => {
                write!(f, "Account '{account}' does not have a pipeline with name '{name}'")
            }
            // OBSERVED: moto, from real output; for pipelines. CHOICE: the same form for the others.
            Error::ResourceNotFound { account, what } => {
                let (thing, name) = match what {
                    Resource::Pipeline(name) => ("pipeline", name),
                    Resource::Webhook(name) => ("webhook", name),
                    Resource::ActionType(name) => ("custom action type", name),
                };
                let name = prefix(name, SHOWN_BYTES);
                write!(f, "The account with id '{account}' does not include a {thing} with the name '{name}'")
            }
            // CHOICE: the texts from here on are ours, where no OBSERVED stands.
            Error::PipelineVersionNotFound { name, version } => {
                write!(f, "Pipeline '{name}' does not have a version {version}")
            }
            Error::PipelineExecutionNotFound { name, id } => {
                write!(f, "Pipeline '{name}' does not have an execution with id '{id}'")
            }
            Error::TokenReused { token } => {
                write!(f, "The client request token '{token}' was already used with different parameters")
            }
            Error::InvalidNextToken => f.write_str("The next token is invalid"),
            Error::InvalidArn { arn } => write!(f, "Invalid ARN: {}", prefix(arn, SHOWN_BYTES)),
            // OBSERVED: moto, from real output.
            Error::TooManyTags { arn } => write!(f, "Tag limit exceeded for resource [{arn}]."),
            Error::InvalidTags(bad) => bad.fmt(f),
            Error::LimitExceeded { what, limit } => {
                write!(f, "The account has reached the limit of {limit} {what} in this region")
            }
            Error::WebhookNotFound { account, name } => {
                write!(f, "Account '{account}' does not have a webhook with name '{name}'")
            }
            // OBSERVED: the live service.
            Error::NotInFirstStage { action } => {
                write!(f, "Action with name {action} was not found in the first stage of the pipeline")
            }
            Error::InvalidWebhookFilter { why } | Error::InvalidWebhookAuthentication { why } => {
                f.write_str(why)
            }
            Error::Validation(invalid) => invalid.fmt(f),
            Error::ActionTypeNotFound { id } => write!(f, "{} was not found", named(id)),
            Error::ActionTypeAlreadyExists { id } => {
                write!(f, "{} already exists with a different definition", named(id))
            }
            Error::InvalidActionType { why } => f.write_str(why),
            Error::Flow(flow) => flow.fmt(f),
            Error::Work(work) => work.fmt(f),
            Error::JobNotFound { id } => write!(f, "Job with id '{id}' was not found"),
            Error::InvalidJob { id, why } => write!(f, "Job with id '{id}' {why}"),
            Error::InvalidJobState { id, state } => {
                write!(f, "Job with id '{id}' is not in progress: its state is {state}")
            }
            Error::InvalidNonce { id } => {
                write!(f, "The nonce does not belong to job '{id}' or was used already")
            }
            Error::OutputVariablesSize { bytes, most } => {
                write!(f, "The output variables take {bytes} bytes, more than the limit of {most} bytes")
            }
            Error::InvalidClientToken { id } => write!(f, "The client token is not valid for job '{id}'"),
        }
    }
}
impl std::error::Error for Error {}

impl fmt::Display for BadTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // OBSERVED: moto, from real output.
            BadTag::System => f.write_str(
                "Not allowed to modify system tags. System tags start with 'aws:'. \
                 msg=[Caller is an end user and not allowed to mutate system tags]",
            ),
            BadTag::Twice(key) => write!(f, "Tag key '{key}' was given more than once"),
            BadTag::Character { key } => write!(
                f,
                "Tag '{key}' contains invalid characters. \
                 Allowed are letters, digits, spaces and the characters + - = . _ : / @"
            ),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::UnknownSourceAction { pipeline, action } => {
                write!(f, "Pipeline '{pipeline}' does not have a source action with name '{action}'")
            }
            Invalid::SourceActionTwice { action } => {
                write!(f, "A revision for source action '{action}' was given more than once")
            }
            Invalid::RevisionType { action, provider, given } => write!(
                f,
                "Source action '{action}' with provider '{provider}' does not take revisions of type {given}"
            ),
            Invalid::UnknownVariable { name } => {
                write!(f, "The pipeline does not declare a variable named '{name}'")
            }
            Invalid::VariableTwice { name } => write!(f, "Variable '{name}' was given more than once"),
            Invalid::VariableWithoutValue { name } => {
                write!(f, "Variable '{name}' has no default value and was not given one")
            }
            Invalid::UnknownStage { pipeline, stage } => {
                write!(f, "Pipeline '{pipeline}' does not have a stage with name '{stage}'")
            }
            Invalid::ExactlyOneOf { members } => write!(f, "Exactly one of {members} must be given"),
            Invalid::Missing { member } => {
                write!(
                    f,
                    "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must not be null"
                )
            }
            Invalid::NotGithub { webhook } => {
                write!(
                    f,
                    "Webhook '{webhook}' does not target a GitHub action: there is no third party to register with"
                )
            }
            Invalid::ThirdParty { said } => f.write_str(said),
            Invalid::UrlTooLong { most } => {
                write!(f, "The webhook's URL would be longer than {most} characters")
            }
            Invalid::CustomCategory { category } => {
                write!(f, "Custom action types cannot have the category {category}")
            }
            Invalid::ActionType { why } => f.write_str(why),
            Invalid::Region { region } => write!(f, "'{region}' is not a region"),
            Invalid::NoQuery { id } => {
                write!(f, "{} has no queryable property: queryParam must be empty", named(id))
            }
            Invalid::QueryWanted { id, key } => {
                write!(f, "queryParam must have exactly the queryable property '{key}' of {}", named(id))
            }
            Invalid::VariablesWithContinuation => {
                f.write_str("outputVariables and continuationToken cannot be given together")
            }
            Invalid::PollOwner { expected, given } => {
                write!(
                    f,
                    "Only action types with owner {expected} can be polled with this operation, not {given}"
                )
            }
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Declaration(fault)
    }
}
impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Error::Validation(invalid)
    }
}
impl From<Work> for Error {
    fn from(work: Work) -> Self {
        Error::Work(work)
    }
}
impl From<Flow> for Error {
    fn from(flow: Flow) -> Self {
        Error::Flow(flow)
    }
}
impl From<ForeignToken> for Error {
    fn from(_: ForeignToken) -> Self {
        Error::InvalidNextToken
    }
}
