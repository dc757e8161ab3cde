//! Deployments: their records, and what pushes them.

use super::{Row, row};
use crate::handlers::{deployments, zip_deploy};

const WIKI_REST: &str = "https://github.com/projectkudu/kudu/wiki/REST-API";
const WIKI_ZIP: &str = "https://github.com/projectkudu/kudu/wiki/Deploying-from-a-zip-file-or-url";

pub const ROWS: &[Row] = &[
    row!("ListDeployments", "GET", "deployments", WIKI_REST, Real, deployments::list),
    row!("PutDeployment", "PUT", "deployments", WIKI_REST, Real, deployments::put),
    row!("GetDeployment", "GET", "deployments/{id}", WIKI_REST, Real, deployments::get),
    row!("PutDeployment", "PUT", "deployments/{id}", WIKI_REST, Real, deployments::put),
    row!("DeleteDeployment", "DELETE", "deployments/{id}", WIKI_REST, Real, deployments::delete),
    row!("GetDeploymentLog", "GET", "deployments/{id}/log", WIKI_REST, Real, deployments::log)
        .knows_methods(),
    row!(
        "GetDeploymentLogDetails",
        "GET",
        "deployments/{id}/log/{logId}",
        WIKI_REST,
        Real,
        deployments::log_details
    )
    .knows_methods(),
    row!("ZipDeploy", "POST", "zipdeploy", WIKI_ZIP, Simulated, zip_deploy::zip_deploy).streamed(),
    row!("ZipDeploy", "PUT", "zipdeploy", WIKI_ZIP, Simulated, zip_deploy::zip_deploy).streamed(),
];
