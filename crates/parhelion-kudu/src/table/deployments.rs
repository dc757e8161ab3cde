//! Deployments: their records, and what pushes them.

use super::{Row, row};
use crate::handlers::{deployments, fetch, git, zip_deploy};

const WIKI_REST: &str = "https://github.com/projectkudu/kudu/wiki/REST-API";
const WIKI_ZIP: &str = "https://github.com/projectkudu/kudu/wiki/Deploying-from-a-zip-file-or-url";
const WIKI_CD: &str = "https://github.com/projectkudu/kudu/wiki/Continuous-deployment";
const WIKI_GIT: &str = "https://github.com/projectkudu/kudu/wiki/Deployment";
const DOCS_ONE: &str = "https://learn.microsoft.com/en-us/azure/app-service/deploy-zip";

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
    row!("ValidateZipDeploy", "POST", "zipdeploy/validate", WIKI_ZIP, Real, zip_deploy::validate),
    row!("WarDeploy", "POST", "wardeploy", WIKI_ZIP, Simulated, zip_deploy::war_deploy, Api).streamed(),
    row!("OneDeploy", "POST", "publish", DOCS_ONE, Simulated, zip_deploy::one_deploy).streamed(),
    row!("OneDeploy", "PUT", "publish", DOCS_ONE, Simulated, zip_deploy::one_deploy).streamed(),
    row!("GetDeploymentScript", "GET", "deploymentscript", WIKI_REST, Real, deployments::script, Api),
    row!("DeployPage", "GET", "deploy", WIKI_CD, Real, fetch::page, Root),
    row!("FetchDeploy", "POST", "deploy", WIKI_CD, Simulated, fetch::deploy, Root),
    row!("InfoRefs", "GET", "{name}.git/info/refs", WIKI_GIT, Real, git::info_refs, Root).knows_methods(),
    row!("InfoRefs", "GET", "info/refs", WIKI_GIT, Real, git::info_refs, Root).knows_methods(),
    row!("UploadPack", "POST", "{name}.git/git-upload-pack", WIKI_GIT, Real, git::upload_pack, Root)
        .streamed(),
    row!("UploadPack", "POST", "git-upload-pack", WIKI_GIT, Real, git::upload_pack, Root).streamed(),
    row!("ReceivePack", "POST", "{name}.git/git-receive-pack", WIKI_GIT, Real, git::receive_pack, Root)
        .streamed(),
    row!("ReceivePack", "POST", "git-receive-pack", WIKI_GIT, Real, git::receive_pack, Root).streamed(),
];
