//! One operation, one place: by resource, since most are a few lines.

pub mod branch_rules;
pub mod create_repository;
pub mod fetch;
pub mod hooks;
pub mod iam;
pub mod instances;
pub mod issue_comments;
pub mod issues;
pub mod locations;
pub mod merge_pull_request;
pub mod open_pull_request;
pub mod operations;
pub mod pull_comments;
pub mod pull_requests;
pub mod repositories;
pub mod reviews;

use crate::{operations::Scoped, proto};

/// Requests and the field that names what they are about.
macro_rules! scoped {
    ($($request:path => $($field:ident).+;)+) => {
        $(impl Scoped for $request {
            fn scope(&self) -> &str {
                &self.$($field).+
            }
        })+
    };
}

scoped! {
    proto::v1::ListInstancesRequest => parent;
    proto::v1::GetInstanceRequest => name;
    proto::v1::CreateInstanceRequest => parent;
    proto::v1::DeleteInstanceRequest => name;
    proto::v1::ListRepositoriesRequest => parent;
    proto::v1::GetRepositoryRequest => name;
    proto::v1::CreateRepositoryRequest => parent;
    proto::v1::DeleteRepositoryRequest => name;
    proto::v1::ListHooksRequest => parent;
    proto::v1::GetHookRequest => name;
    proto::v1::CreateHookRequest => parent;
    proto::v1::DeleteHookRequest => name;
    proto::v1::ListBranchRulesRequest => parent;
    proto::v1::GetBranchRuleRequest => name;
    proto::v1::CreateBranchRuleRequest => parent;
    proto::v1::DeleteBranchRuleRequest => name;
    proto::v1::ListPullRequestsRequest => parent;
    proto::v1::GetPullRequestRequest => name;
    proto::v1::ClosePullRequestRequest => name;
    proto::v1::ListPullRequestCommentsRequest => parent;
    proto::v1::GetPullRequestCommentRequest => name;
    proto::v1::CreatePullRequestCommentRequest => parent;
    proto::v1::DeletePullRequestCommentRequest => name;
    proto::v1::BatchCreatePullRequestCommentsRequest => parent;
    proto::v1::ResolvePullRequestCommentsRequest => parent;
    proto::v1::UnresolvePullRequestCommentsRequest => parent;
    proto::v1::ListIssuesRequest => parent;
    proto::v1::GetIssueRequest => name;
    proto::v1::CreateIssueRequest => parent;
    proto::v1::DeleteIssueRequest => name;
    proto::v1::OpenIssueRequest => name;
    proto::v1::CloseIssueRequest => name;
    proto::v1::ListIssueCommentsRequest => parent;
    proto::v1::GetIssueCommentRequest => name;
    proto::v1::CreateIssueCommentRequest => parent;
    proto::v1::DeleteIssueCommentRequest => name;
    proto::iam::GetIamPolicyRequest => resource;
    proto::iam::SetIamPolicyRequest => resource;
    proto::iam::TestIamPermissionsRequest => resource;
    proto::longrunning::ListOperationsRequest => name;
    proto::longrunning::GetOperationRequest => name;
    proto::longrunning::CancelOperationRequest => name;
    proto::longrunning::DeleteOperationRequest => name;
    proto::location::ListLocationsRequest => name;
    proto::location::GetLocationRequest => name;
}

/// Requests that name it within the resource that they bring.
macro_rules! scoped_within {
    ($($request:path => $field:ident;)+) => {
        $(impl Scoped for $request {
            fn scope(&self) -> &str {
                self.$field.as_ref().map_or("", |resource| &resource.name)
            }
        })+
    };
}

scoped_within! {
    proto::v1::UpdateRepositoryRequest => repository;
    proto::v1::UpdateHookRequest => hook;
    proto::v1::UpdateBranchRuleRequest => branch_rule;
    proto::v1::UpdateIssueRequest => issue;
    proto::v1::UpdateIssueCommentRequest => issue_comment;
    proto::v1::UpdatePullRequestCommentRequest => pull_request_comment;
}
