//! Tasks that come with the service, by name. Any task is taken; one that is not among these is warned of, for on the
//! service it would have to be installed from an extension.

use super::Pipeline;
use std::collections::BTreeSet;

/// Unknown tasks that are named.
const NAMED: usize = 20;

/// A sentence about each task that does not come with the service. Tasks that are given by their ids pass.
// Docs: the service's task reference. CHOICE: the text is the beginning of the one with which the service refuses.
pub(crate) fn unknown(pipeline: &Pipeline) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let jobs = pipeline.stages.iter().flat_map(|stage| &stage.jobs);
    let steps = jobs.flat_map(|job| job.all_steps().map(move |(_, step)| (job, step)));
    let unknown = steps.filter(|(_, step)| {
        let name = step.task_name();
        !name.is_empty() && !is_id(name) && !is_known(name) && seen.insert(name.to_lowercase())
    });
    unknown
        .take(NAMED)
        .map(|(job, step)| {
            let (task, job) = (step.task_name(), &job.name);
            format!("A task is missing. The pipeline references a task called '{task}' (job '{job}'): here it is simulated, on the service it must be installed.")
        })
        .collect()
}

fn is_known(name: &str) -> bool {
    TASKS.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

fn is_id(name: &str) -> bool {
    name.len() == 36 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// In lower case and order.
#[rustfmt::skip]
const TASKS: &[&str] = &[
    "acrtask", "advancedsecurity-codeql-analyze", "advancedsecurity-codeql-autobuild", "advancedsecurity-codeql-init", "advancedsecurity-dependency-scanning",
    "advancedsecurity-publish", "androidsigning", "ant", "appcenterdistribute", "appcentertest",
    "archivefiles", "azureappconfigurationexport", "azureappconfigurationimport", "azureappconfigurationsnapshot", "azureappservicemanage",
    "azureappservicesettings", "azurecli", "azurecloudpowershelldeployment", "azurecontainerapps", "azurefilecopy",
    "azurefunction", "azurefunctionapp", "azurefunctionappcontainer", "azurefunctiononkubernetes", "azureiotedge",
    "azurekeyvault", "azuremonitor", "azuremysqldeployment", "azurenlbmanagement", "azurepolicycheckgate",
    "azurepowershell", "azureresourcegroupdeployment", "azureresourcemanagertemplatedeployment", "azurermwebappdeployment", "azurespringcloud",
    "azurestaticwebapp", "azuretestplan", "azurevmssdeployment", "azurewebapp", "azurewebappcontainer",
    "bash", "batchscript", "cache", "cachebeta", "cargoauthenticate",
    "checkout", "chef", "chefknife", "cmake", "cmdline",
    "cocoapods", "condaauthenticate", "condaenvironment", "containerbuild", "containerstructuretest",
    "copyfiles", "copyfilesoverssh", "copypublishbuildartifacts", "curluploader", "decryptfile",
    "delay", "deletefiles", "deployvisualstudiotestagent", "docker", "dockercompose",
    "dockerinstaller", "dotnetcorecli", "dotnetcoreinstaller", "downloadbuildartifacts", "downloadfileshareartifacts",
    "downloadgithubnpmpackage", "downloadgithubnugetpackage", "downloadgithubrelease", "downloadpackage", "downloadpipelineartifact",
    "downloadsecurefile", "duffleinstaller", "extractfiles", "filetransform", "ftpupload",
    "functoolsinstaller", "githubcomment", "githubrelease", "go", "gotool",
    "gradle", "gradleauthenticate", "grunt", "gulp", "helmdeploy",
    "helminstaller", "htmlformat", "iiswebappdeploymentonmachinegroup", "iiswebappmanagementonmachinegroup", "indexsourcespublishsymbols",
    "installapplecertificate", "installappleprovisioningprofile", "installsshkey", "invokerestapi", "javatoolinstaller",
    "jenkinsdownloadartifacts", "jenkinsqueuejob", "kubectlinstaller", "kubelogininstaller", "kubernetes",
    "kubernetesmanifest", "manualintervention", "manualvalidation", "maven", "mavenauthenticate",
    "msbuild", "mysqldeploymentonmachinegroup", "nodetaskrunnerinstaller", "nodetool", "notation",
    "npm", "npmauthenticate", "nuget", "nugetauthenticate", "nugetcommand",
    "nugetinstaller", "nugetpackager", "nugetpublisher", "nugetrestore", "nugettoolinstaller",
    "openpolicyagentinstaller", "packerbuild", "pipauthenticate", "powershell", "powershellontargetmachines",
    "publishbuildartifacts", "publishcodecoverageresults", "publishpipelineartifact", "publishpipelinemetadata", "publishsymbols",
    "publishtestresults", "publishtoazureservicebus", "pypipublisher", "pythonscript", "queryworkitems",
    "quickperftest", "reviewapp", "runvisualstudiotestsusingtestagent", "servicefabriccomposedeploy", "servicefabricdeploy",
    "servicefabricpowershell", "servicefabricupdateappversions", "servicefabricupdatemanifests", "shellscript", "sqlazuredacpacdeployment",
    "sqldacpacdeploymentonmachinegroup", "sqlserverdacpacdeployment", "ssh", "twineauthenticate", "universalpackages",
    "usedotnet", "usenode", "usepythonversion", "userubyversion", "vsbuild",
    "vsmobilecentertest", "vstest", "vstestplatformtoolinstaller", "windowsmachinefilecopy", "xamarinandroid",
    "xamarincomponentrestore", "xamarinios", "xamarinlicense", "xamarintestcloud", "xcode",
    "xcodepackageios",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inputs, expand, parse};

    #[test]
    fn names_stand_in_order() {
        assert!(TASKS.is_sorted() && TASKS.iter().all(|t| *t == t.to_ascii_lowercase()));
    }

    #[test]
    fn only_tasks_of_elsewhere_are_warned_of() {
        let text = "steps:\n- script: a\n- pwsh: b\n- checkout: self\n- publish: x\n- download: current\n- task: npm@1\n- task: Made.Up@2\n- task: made.up@3\n- task: 6d15af64-176c-496d-b583-fd2ae21d4df4@1\n";
        let expanded = expand(&parse("/azure-pipelines.yml", text).unwrap(), &Inputs::default()).unwrap();
        let warnings: Vec<String> = expanded.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with(
                "A task is missing. The pipeline references a task called 'Made.Up' (job 'Job')"
            )
        );
    }

    #[test]
    fn names_of_the_service_are_not_to_be_set() {
        let text = "variables:\n  system.debug: true\n  System.HostType: x\njobs:\n- job: a\n  variables:\n  - name: system.culture\n    value: y\n  steps:\n  - script: x\n";
        let issues = expand(&parse("/azure-pipelines.yml", text).unwrap(), &Inputs::default()).unwrap_err();
        let told: Vec<String> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "/azure-pipelines.yml (Line: 3, Col: 3): Cannot override system variable 'System.HostType'",
                "/azure-pipelines.yml (Line: 7, Col: 11): Cannot override system variable 'system.culture'",
            ]
        );
    }
}
