//! Environments, checks, approvals, permissions of pipelines.

use super::{
    Run::{Read, Write},
    *,
};
use crate::{
    ops::{approvals, checks, environments, pipeline_permissions as permissions},
    wire::locations::id,
};

/// Environments, checks, approvals, permissions of pipelines.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(environments::Create::NAME, "POST /{organization}/{project}/_apis/distributedtask/environments", id::ENVIRONMENTS,
        doc!("environments/environments/add"), 200, Write(writes::<environments::Create>)),
    row(environments::List::NAME, "GET /{organization}/{project}/_apis/distributedtask/environments", id::ENVIRONMENTS,
        doc!("environments/environments/list"), 200, Read(reads::<environments::List>)),
    row(environments::Get::NAME, "GET /{organization}/{project}/_apis/distributedtask/environments/{environmentId}", id::ENVIRONMENTS,
        doc!("environments/environments/get"), 200, Read(reads::<environments::Get>)),
    row(environments::Update::NAME, "PATCH /{organization}/{project}/_apis/distributedtask/environments/{environmentId}", id::ENVIRONMENTS,
        doc!("environments/environments/update"), 200, Write(writes::<environments::Update>)),
    row(environments::Delete::NAME, "DELETE /{organization}/{project}/_apis/distributedtask/environments/{environmentId}", id::ENVIRONMENTS,
        doc!("environments/environments/delete"), 204, Write(writes::<environments::Delete>)),
    row(environments::Create::NAME, "POST /{organization}/{project}/_apis/pipelines/environments", id::PIPELINE_ENVIRONMENTS,
        doc!("environments/environments/add"), 200, Write(writes::<environments::Create>)),
    row(environments::List::NAME, "GET /{organization}/{project}/_apis/pipelines/environments", id::PIPELINE_ENVIRONMENTS,
        doc!("environments/environments/list"), 200, Read(reads::<environments::List>)),
    row(environments::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/environments/{environmentId}", id::PIPELINE_ENVIRONMENTS,
        doc!("environments/environments/get"), 200, Read(reads::<environments::Get>)),
    row(environments::Update::NAME, "PATCH /{organization}/{project}/_apis/pipelines/environments/{environmentId}", id::PIPELINE_ENVIRONMENTS,
        doc!("environments/environments/update"), 200, Write(writes::<environments::Update>)),
    row(environments::Delete::NAME, "DELETE /{organization}/{project}/_apis/pipelines/environments/{environmentId}", id::PIPELINE_ENVIRONMENTS,
        doc!("environments/environments/delete"), 204, Write(writes::<environments::Delete>)),
    row(environments::deployments::List::NAME, "GET /{organization}/{project}/_apis/distributedtask/environments/{environmentId}/environmentdeploymentRecords", id::DEPLOYMENTS,
        doc!("environments/environmentdeploymentrecords/list"), 200, Read(reads::<environments::deployments::List>)),
    row(environments::kubernetes::Create::NAME, "POST /{organization}/{project}/_apis/distributedtask/environments/{environmentId}/providers/kubernetes", id::KUBERNETES,
        doc!("environments/kubernetes/add"), 200, Write(writes::<environments::kubernetes::Create>)),
    row(environments::kubernetes::Get::NAME, "GET /{organization}/{project}/_apis/distributedtask/environments/{environmentId}/providers/kubernetes/{resourceId}", id::KUBERNETES,
        doc!("environments/kubernetes/get"), 200, Read(reads::<environments::kubernetes::Get>)),
    row(environments::kubernetes::Delete::NAME, "DELETE /{organization}/{project}/_apis/distributedtask/environments/{environmentId}/providers/kubernetes/{resourceId}", id::KUBERNETES,
        doc!("environments/kubernetes/delete"), 204, Write(writes::<environments::kubernetes::Delete>)),

    row(checks::Create::NAME, "POST /{organization}/{project}/_apis/pipelines/checks/configurations", id::CHECKS,
        doc!("approvalsandchecks/check-configurations/add"), 200, Write(writes::<checks::Create>)),
    row(checks::List::NAME, "GET /{organization}/{project}/_apis/pipelines/checks/configurations", id::CHECKS,
        doc!("approvalsandchecks/check-configurations/list"), 200, Read(reads::<checks::List>)),
    row(checks::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/checks/configurations/{id}", id::CHECKS,
        doc!("approvalsandchecks/check-configurations/get"), 200, Read(reads::<checks::Get>)),
    row(checks::Update::NAME, "PATCH /{organization}/{project}/_apis/pipelines/checks/configurations/{id}", id::CHECKS,
        doc!("approvalsandchecks/check-configurations/update"), 200, Write(writes::<checks::Update>)),
    row(checks::Delete::NAME, "DELETE /{organization}/{project}/_apis/pipelines/checks/configurations/{id}", id::CHECKS,
        doc!("approvalsandchecks/check-configurations/delete"), 204, Write(writes::<checks::Delete>)),
    row(checks::Query::NAME, "POST /{organization}/{project}/_apis/pipelines/checks/queryconfigurations", id::CHECKS_QUERY,
        doc!("approvalsandchecks/check-configurations/query"), 200, Read(reads::<checks::Query>)),
    simulated(row(checks::runs::Evaluate::NAME, "POST /{organization}/{project}/_apis/pipelines/checks/runs", id::CHECK_RUNS,
        doc!("approvalsandchecks/check-evaluations/evaluate"), 200, Write(writes::<checks::runs::Evaluate>))),
    row(checks::runs::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/checks/runs/{checkSuiteId}", id::CHECK_RUNS,
        doc!("approvalsandchecks/check-evaluations/get"), 200, Read(reads::<checks::runs::Get>)),

    row(approvals::Query::NAME, "GET /{organization}/{project}/_apis/pipelines/approvals", id::APPROVALS,
        doc!("approvalsandchecks/approvals/query"), 200, Read(reads::<approvals::Query>)),
    row(approvals::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/approvals/{approvalId}", id::APPROVALS,
        doc!("approvalsandchecks/approvals/get"), 200, Read(reads::<approvals::Get>)),
    row(approvals::Update::NAME, "PATCH /{organization}/{project}/_apis/pipelines/approvals", id::APPROVALS,
        doc!("approvalsandchecks/approvals/update"), 200, Write(writes::<approvals::Update>)),

    row(permissions::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/pipelinePermissions/{resourceType}/{resourceId}", id::PERMISSIONS,
        doc!("approvalsandchecks/pipeline-permissions/get"), 200, Read(reads::<permissions::Get>)),
    row(permissions::Update::NAME, "PATCH /{organization}/{project}/_apis/pipelines/pipelinePermissions/{resourceType}/{resourceId}", id::PERMISSIONS,
        doc!("approvalsandchecks/pipeline-permissions/update-pipeline-permisions-for-resource"), 200, Write(writes::<permissions::Update>)),
    row(permissions::UpdateMany::NAME, "PATCH /{organization}/{project}/_apis/pipelines/pipelinePermissions", id::PERMISSIONS,
        doc!("approvalsandchecks/pipeline-permissions/update-pipeline-permisions-for-resources"), 200, Write(writes::<permissions::UpdateMany>)),
];
