//! The table of operations: every method that is served, its route, and its function from encoded request to encoded
//! answer. REST reaches it through `wire/rest.rs`; gRPC can frame the same functions.

use crate::{
    Settings,
    domain::names,
    error::Error,
    ops,
    store::{ProjectKey, SsmStore},
};
use bytes::Bytes;
use parhelion_core::{Call, Event, OperationInfo, Owner, Standing, limits};
use parhelion_git::GitHost;
use parhelion_state::{Operation, Query, Store, World};
use prost::Message;
use std::{future::Future, pin::Pin, sync::Arc};

/// What a call runs in.
#[derive(Clone)]
pub struct Context {
    /// The world that was asked.
    pub world: Arc<World>,
    /// Where git objects live.
    pub git: Arc<GitHost>,
    /// What the server's start said.
    pub settings: Arc<Settings>,
    /// Who asks; `caller` is an e-mail address.
    pub call: Call,
}

impl Context {
    /// Whose data a resource name is about.
    pub fn tenant(&self, name: &str) -> ProjectKey {
        let project =
            name.strip_prefix("projects/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        names::tenant(&self.world, project)
    }
    /// A journal entry about a call that did not come to its tenant's data; a tenant that cannot be has none.
    pub fn note(&self, tenant: &ProjectKey, event: Event) {
        let owner = match names::valid_project(&tenant.0) {
            true => Owner::new(SsmStore::NAME, tenant.to_string()),
            false => Owner::default(),
        };
        self.world.note_for(crate::NAME, &owner, &self.call, event);
    }
    /// Runs an operation that may change its tenant.
    pub fn write<O>(&self, input: O::Input) -> Result<O::Output, Error>
    where
        O: Operation<Store = SsmStore, Error = Error>,
        O::Input: Scoped,
    {
        let key = self.tenant(input.scope());
        let shelf = self.world.shelf::<SsmStore>();
        if !shelf.admits(&key) {
            return Err(Error::Full { holder: "the emulator", limit: limits::TENANTS, what: "projects" });
        }
        Ok(shelf.write(&key, &self.call, |store, tx| O::run(store, input, tx))?.value)
    }
    /// Runs an operation that only reads.
    pub fn read<Q>(&self, input: Q::Input) -> Result<Q::Output, Error>
    where
        Q: Query<Store = SsmStore, Error = Error>,
        Q::Input: Scoped,
    {
        let key = self.tenant(input.scope());
        self.world.shelf::<SsmStore>().read(&key, &self.call, |store, view| Q::run(store, input, view))
    }
}

/// A request that names what it is about.
pub trait Scoped {
    /// A resource name that begins with `projects/P`.
    fn scope(&self) -> &str;
}

/// From an encoded request to an encoded answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + Send>>;

/// One row of the table.
pub struct Row {
    /// The facts.
    pub info: OperationInfo,
    /// The gRPC method, `package.Service/Method`.
    pub method: &'static str,
    /// The function.
    pub call: fn(Context, Bytes) -> Answering,
}

/// A row for a function of its own.
pub fn run<I, O, F>(
    context: Context,
    request: Bytes,
    work: impl FnOnce(Context, I) -> F + Send + 'static,
) -> Answering
where
    I: Message + Default + Send + 'static,
    O: Message,
    F: Future<Output = Result<O, Error>> + Send,
{
    Box::pin(async move {
        let input = I::decode(request).map_err(|_| Error::field("request", "is not such a message."))?;
        Ok(work(context, input).await?.encode_to_vec())
    })
}

fn writes<O>(context: Context, request: Bytes) -> Answering
where
    O: Operation<Store = SsmStore, Error = Error> + 'static,
    O::Input: Message + Default + Scoped + 'static,
    O::Output: Message,
{
    run(context, request, |context, input: O::Input| async move { context.write::<O>(input) })
}

fn reads<Q>(context: Context, request: Bytes) -> Answering
where
    Q: Query<Store = SsmStore, Error = Error> + 'static,
    Q::Input: Message + Default + Scoped + 'static,
    Q::Output: Message,
{
    run(context, request, |context, input: Q::Input| async move { context.read::<Q>(input) })
}

/// A row of the API proper.
macro_rules! row {
    ($name:literal, $route:literal, $doc:literal, $standing:ident, $call:expr) => {
        row!("google.cloud.securesourcemanager.v1.SecureSourceManager", $name, $route, $doc, $standing, $call)
    };
    ($service:literal, $name:literal, $route:literal, $doc:literal, $standing:ident, $call:expr) => {
        Row {
            info: OperationInfo {
                name: $name,
                route: $route,
                doc: concat!(
                    "https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/",
                    $doc
                ),
                standing: Standing::$standing,
            },
            method: concat!($service, "/", $name),
            call: $call,
        }
    };
}

const ROWS_LEN: usize = 62;

/// The table.
#[rustfmt::skip]
pub static ROWS: [Row; ROWS_LEN] = [
    row!("ListInstances", "GET /v1/{parent}/instances", "projects.locations.instances/list", Real, reads::<ops::instances::ListInstances>),
    row!("GetInstance", "GET /v1/{name=…/instances/*}", "projects.locations.instances/get", Real, reads::<ops::instances::GetInstance>),
    row!("CreateInstance", "POST /v1/{parent}/instances", "projects.locations.instances/create", Simulated, writes::<ops::instances::CreateInstance>),
    row!("DeleteInstance", "DELETE /v1/{name=…/instances/*}", "projects.locations.instances/delete", Simulated, writes::<ops::instances::DeleteInstance>),
    row!("ListRepositories", "GET /v1/{parent}/repositories", "projects.locations.repositories/list", Real, reads::<ops::repositories::ListRepositories>),
    row!("GetRepository", "GET /v1/{name=…/repositories/*}", "projects.locations.repositories/get", Real, reads::<ops::repositories::GetRepository>),
    row!("CreateRepository", "POST /v1/{parent}/repositories", "projects.locations.repositories/create", Real, ops::create_repository::call),
    row!("UpdateRepository", "PATCH /v1/{repository.name=…/repositories/*}", "projects.locations.repositories/patch", Real, writes::<ops::repositories::UpdateRepository>),
    row!("DeleteRepository", "DELETE /v1/{name=…/repositories/*}", "projects.locations.repositories/delete", Real, writes::<ops::repositories::DeleteRepository>),
    row!("ListHooks", "GET /v1/{parent}/hooks", "projects.locations.repositories.hooks/list", Real, reads::<ops::hooks::ListHooks>),
    row!("GetHook", "GET /v1/{name=…/hooks/*}", "projects.locations.repositories.hooks/get", Real, reads::<ops::hooks::GetHook>),
    row!("CreateHook", "POST /v1/{parent}/hooks", "projects.locations.repositories.hooks/create", Real, writes::<ops::hooks::CreateHook>),
    row!("UpdateHook", "PATCH /v1/{hook.name=…/hooks/*}", "projects.locations.repositories.hooks/patch", Real, writes::<ops::hooks::UpdateHook>),
    row!("DeleteHook", "DELETE /v1/{name=…/hooks/*}", "projects.locations.repositories.hooks/delete", Real, writes::<ops::hooks::DeleteHook>),
    row!("GetIamPolicyRepo", "GET /v1/{resource=…/repositories/*}:getIamPolicy", "projects.locations.repositories/getIamPolicy", StoredOnly, reads::<ops::iam::GetIamPolicy>),
    row!("SetIamPolicyRepo", "POST /v1/{resource=…/repositories/*}:setIamPolicy", "projects.locations.repositories/setIamPolicy", StoredOnly, writes::<ops::iam::SetIamPolicy>),
    row!("TestIamPermissionsRepo", "POST /v1/{resource=…/repositories/*}:testIamPermissions", "projects.locations.repositories/testIamPermissions", Simulated, reads::<ops::iam::TestIamPermissions>),
    row!("ListBranchRules", "GET /v1/{parent}/branchRules", "projects.locations.repositories.branchRules/list", Real, reads::<ops::branch_rules::ListBranchRules>),
    row!("GetBranchRule", "GET /v1/{name=…/branchRules/*}", "projects.locations.repositories.branchRules/get", Real, reads::<ops::branch_rules::GetBranchRule>),
    row!("CreateBranchRule", "POST /v1/{parent}/branchRules", "projects.locations.repositories.branchRules/create", Real, writes::<ops::branch_rules::CreateBranchRule>),
    row!("UpdateBranchRule", "PATCH /v1/{branch_rule.name=…/branchRules/*}", "projects.locations.repositories.branchRules/patch", Real, writes::<ops::branch_rules::UpdateBranchRule>),
    row!("DeleteBranchRule", "DELETE /v1/{name=…/branchRules/*}", "projects.locations.repositories.branchRules/delete", Real, writes::<ops::branch_rules::DeleteBranchRule>),
    row!("ListPullRequests", "GET /v1/{parent}/pullRequests", "projects.locations.repositories.pullRequests/list", Real, reads::<ops::pull_requests::ListPullRequests>),
    row!("GetPullRequest", "GET /v1/{name=…/pullRequests/*}", "projects.locations.repositories.pullRequests/get", Real, reads::<ops::pull_requests::GetPullRequest>),
    row!("CreatePullRequest", "POST /v1/{parent}/pullRequests", "projects.locations.repositories.pullRequests/create", Real, ops::open_pull_request::create),
    row!("UpdatePullRequest", "PATCH /v1/{pull_request.name=…/pullRequests/*}", "projects.locations.repositories.pullRequests/patch", Real, ops::open_pull_request::update),
    row!("MergePullRequest", "POST /v1/{name=…/pullRequests/*}:merge", "projects.locations.repositories.pullRequests/merge", Real, ops::merge_pull_request::call),
    row!("OpenPullRequest", "POST /v1/{name=…/pullRequests/*}:open", "projects.locations.repositories.pullRequests/open", Real, ops::open_pull_request::open),
    row!("ClosePullRequest", "POST /v1/{name=…/pullRequests/*}:close", "projects.locations.repositories.pullRequests/close", Real, writes::<ops::pull_requests::ClosePullRequest>),
    row!("ListPullRequestFileDiffs", "GET /v1/{name=…/pullRequests/*}:listFileDiffs", "projects.locations.repositories.pullRequests/listFileDiffs", Real, ops::pull_requests::file_diffs),
    row!("ListPullRequestComments", "GET /v1/{parent}/pullRequestComments", "projects.locations.repositories.pullRequests.pullRequestComments/list", Real, reads::<ops::pull_comments::ListPullRequestComments>),
    row!("GetPullRequestComment", "GET /v1/{name=…/pullRequestComments/*}", "projects.locations.repositories.pullRequests.pullRequestComments/get", Real, reads::<ops::pull_comments::GetPullRequestComment>),
    row!("CreatePullRequestComment", "POST /v1/{parent}/pullRequestComments", "projects.locations.repositories.pullRequests.pullRequestComments/create", Real, writes::<ops::pull_comments::CreatePullRequestComment>),
    row!("UpdatePullRequestComment", "PATCH /v1/{pull_request_comment.name=…/pullRequestComments/*}", "projects.locations.repositories.pullRequests.pullRequestComments/patch", Real, writes::<ops::pull_comments::UpdatePullRequestComment>),
    row!("DeletePullRequestComment", "DELETE /v1/{name=…/pullRequestComments/*}", "projects.locations.repositories.pullRequests.pullRequestComments/delete", Real, writes::<ops::pull_comments::DeletePullRequestComment>),
    row!("BatchCreatePullRequestComments", "POST /v1/{parent}/pullRequestComments:batchCreate", "projects.locations.repositories.pullRequests.pullRequestComments/batchCreate", Real, writes::<ops::reviews::BatchCreatePullRequestComments>),
    row!("ResolvePullRequestComments", "POST /v1/{parent}/pullRequestComments:resolve", "projects.locations.repositories.pullRequests.pullRequestComments/resolve", Real, writes::<ops::reviews::ResolvePullRequestComments>),
    row!("UnresolvePullRequestComments", "POST /v1/{parent}/pullRequestComments:unresolve", "projects.locations.repositories.pullRequests.pullRequestComments/unresolve", Real, writes::<ops::reviews::UnresolvePullRequestComments>),
    row!("FetchTree", "GET /v1/{repository=…/repositories/*}:fetchTree", "projects.locations.repositories/fetchTree", Real, ops::fetch::tree),
    row!("FetchBlob", "GET /v1/{repository=…/repositories/*}:fetchBlob", "projects.locations.repositories/fetchBlob", Real, ops::fetch::blob),
    row!("FetchRefs", "GET /v1/{repository=…/repositories/*}:fetchRefs", "projects.locations.repositories/fetchRefs", Real, ops::fetch::refs),
    row!("ListIssues", "GET /v1/{parent}/issues", "projects.locations.repositories.issues/list", Real, reads::<ops::issues::ListIssues>),
    row!("GetIssue", "GET /v1/{name=…/issues/*}", "projects.locations.repositories.issues/get", Real, reads::<ops::issues::GetIssue>),
    row!("CreateIssue", "POST /v1/{parent}/issues", "projects.locations.repositories.issues/create", Real, writes::<ops::issues::CreateIssue>),
    row!("UpdateIssue", "PATCH /v1/{issue.name=…/issues/*}", "projects.locations.repositories.issues/patch", Real, writes::<ops::issues::UpdateIssue>),
    row!("DeleteIssue", "DELETE /v1/{name=…/issues/*}", "projects.locations.repositories.issues/delete", Real, writes::<ops::issues::DeleteIssue>),
    row!("OpenIssue", "POST /v1/{name=…/issues/*}:open", "projects.locations.repositories.issues/open", Real, writes::<ops::issues::OpenIssue>),
    row!("CloseIssue", "POST /v1/{name=…/issues/*}:close", "projects.locations.repositories.issues/close", Real, writes::<ops::issues::CloseIssue>),
    row!("ListIssueComments", "GET /v1/{parent}/issueComments", "projects.locations.repositories.issues.issueComments/list", Real, reads::<ops::issue_comments::ListIssueComments>),
    row!("GetIssueComment", "GET /v1/{name=…/issueComments/*}", "projects.locations.repositories.issues.issueComments/get", Real, reads::<ops::issue_comments::GetIssueComment>),
    row!("CreateIssueComment", "POST /v1/{parent}/issueComments", "projects.locations.repositories.issues.issueComments/create", Real, writes::<ops::issue_comments::CreateIssueComment>),
    row!("UpdateIssueComment", "PATCH /v1/{issue_comment.name=…/issueComments/*}", "projects.locations.repositories.issues.issueComments/patch", Real, writes::<ops::issue_comments::UpdateIssueComment>),
    row!("DeleteIssueComment", "DELETE /v1/{name=…/issueComments/*}", "projects.locations.repositories.issues.issueComments/delete", Real, writes::<ops::issue_comments::DeleteIssueComment>),
    row!("google.iam.v1.IAMPolicy", "GetIamPolicy", "GET /v1/{resource=…/instances/*}:getIamPolicy", "projects.locations.instances/getIamPolicy", StoredOnly, reads::<ops::iam::GetIamPolicy>),
    row!("google.iam.v1.IAMPolicy", "SetIamPolicy", "POST /v1/{resource=…/instances/*}:setIamPolicy", "projects.locations.instances/setIamPolicy", StoredOnly, writes::<ops::iam::SetIamPolicy>),
    row!("google.iam.v1.IAMPolicy", "TestIamPermissions", "POST /v1/{resource=…/instances/*}:testIamPermissions", "projects.locations.instances/testIamPermissions", Simulated, reads::<ops::iam::TestIamPermissions>),
    row!("google.longrunning.Operations", "ListOperations", "GET /v1/{name}/operations", "projects.locations.operations/list", Real, reads::<ops::operations::ListOperations>),
    row!("google.longrunning.Operations", "GetOperation", "GET /v1/{name=…/operations/*}", "projects.locations.operations/get", Real, reads::<ops::operations::GetOperation>),
    row!("google.longrunning.Operations", "CancelOperation", "POST /v1/{name=…/operations/*}:cancel", "projects.locations.operations/cancel", Real, writes::<ops::operations::CancelOperation>),
    row!("google.longrunning.Operations", "DeleteOperation", "DELETE /v1/{name=…/operations/*}", "projects.locations.operations/delete", Real, writes::<ops::operations::DeleteOperation>),
    row!("google.cloud.location.Locations", "ListLocations", "GET /v1/{name=projects/*}/locations", "projects.locations/list", Real, reads::<ops::locations::ListLocations>),
    row!("google.cloud.location.Locations", "GetLocation", "GET /v1/{name=projects/*/locations/*}", "projects.locations/get", Real, reads::<ops::locations::GetLocation>),
];

/// The git calls: no methods of the API, but operations of the service all the same.
const GIT: [OperationInfo; 2] = [
    OperationInfo {
        name: "upload-pack",
        route: "GET …/info/refs, POST /_ssm/git/{location}/{instance}/{project}/{repository}.git/git-upload-pack",
        doc: "https://docs.cloud.google.com/secure-source-manager/docs/use-git",
        standing: Standing::Real,
    },
    OperationInfo {
        name: "receive-pack",
        route: "GET …/info/refs, POST /_ssm/git/{location}/{instance}/{project}/{repository}.git/git-receive-pack",
        doc: "https://docs.cloud.google.com/secure-source-manager/docs/use-git",
        standing: Standing::Real,
    },
];

/// The facts of all operations.
pub static INFOS: [OperationInfo; ROWS_LEN + 2] = {
    let mut infos = [GIT[0]; ROWS_LEN + 2];
    let mut n = 0;
    while n < ROWS_LEN {
        infos[n] = ROWS[n].info;
        n += 1;
    }
    infos[ROWS_LEN + 1] = GIT[1];
    infos
};
