//! The site itself.

use super::{Row, row};
use crate::handlers::{command, functions, logstream, settings, site};

const REST: &str = "https://github.com/projectkudu/kudu/wiki/REST-API";
const SETTINGS: &str = "https://github.com/projectkudu/kudu/wiki/Managing-settings-and-secrets";
const LINUX: &str = "https://github.com/Azure-App-Service/KuduLite";
const FUNCTIONS: &str = "https://github.com/projectkudu/kudu/wiki/Functions-API";

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row!("SetSettings", "POST", "settings", SETTINGS, Real, settings::set),
    row!("ListSettings", "GET", "settings", SETTINGS, Real, settings::list),
    row!("GetSetting", "GET", "settings/{key}", SETTINGS, Real, settings::get),
    row!("DeleteSetting", "DELETE", "settings/{key}", SETTINGS, Real, settings::delete),
    row!("GetEnvironment", "GET", "environment", REST, Real, site::environment),
    row!("GetInfo", "GET", "info", LINUX, Real, site::info, Root),
    row!("IsDeploying", "GET", "isdeploying", LINUX, Real, site::is_deploying, Api),
    row!("GetRepositoryInfo", "GET", "scm/info", REST, Real, site::scm_info).knows_methods(),
    row!("CleanRepository", "POST", "scm/clean", REST, Real, site::scm_clean).knows_methods(),
    row!("DeleteRepository", "DELETE", "scm", REST, Real, site::delete_repository),
    row!("ListRecentLogs", "GET", "logs/recent", REST, Real, site::recent_logs, Api),
    row!("StreamLogs", "GET", "logstream/{*path}", REST, Real, logstream::stream),
    row!("RunCommand", "POST", "command", REST, Real, command::run),
    row!("SetDiagnostics", "POST", "diagnostics/settings", REST, Real, settings::set_diagnostics),
    row!("ListDiagnostics", "GET", "diagnostics/settings", REST, Real, settings::list_diagnostics),
    row!("GetDiagnostic", "GET", "diagnostics/settings/{key}", REST, Real, settings::get_diagnostic),
    row!("DeleteDiagnostic", "DELETE", "diagnostics/settings/{key}", REST, Real, settings::delete_diagnostic),
    row!("GetRuntime", "GET", "diagnostics/runtime", REST, Simulated, site::runtime),
    row!("GetSshKey", "GET", "sshkey", REST, Simulated, site::ssh_key),
    row!("PutSshKey", "PUT", "sshkey", REST, StoredOnly, site::put_ssh_key),
    row!("DeleteSshKey", "DELETE", "sshkey", REST, Real, site::delete_ssh_key),
    row!("ListProcesses", "GET", "processes", REST, Simulated, site::processes, Api),
    row!("GetProcess", "GET", "processes/{id}", REST, Simulated, site::get_process, Api),
    row!("KillProcess", "DELETE", "processes/{id}", REST, Simulated, site::kill_process, Api),
    row!("StopProcess", "POST", "processes/{id}/stop", REST, Simulated, site::kill_process, Api),
    row!("ListThreads", "GET", "processes/{id}/threads", REST, Simulated, site::parts_of_process, Api),
    row!("ListModules", "GET", "processes/{id}/modules", REST, Simulated, site::parts_of_process, Api),
    row!("GetProcessEnvironment", "GET", "processes/{id}/environments/{filter}", REST, Simulated, site::process_environment, Api),
    row!("ListProcesses", "GET", "diagnostics/processes", REST, Simulated, site::processes),
    row!("GetProcess", "GET", "diagnostics/processes/{id}", REST, Simulated, site::get_process),
    row!("KillProcess", "DELETE", "diagnostics/processes/{id}", REST, Simulated, site::kill_process),
    row!("StopProcess", "POST", "diagnostics/processes/{id}/stop", REST, Simulated, site::kill_process),
    row!("ListThreads", "GET", "diagnostics/processes/{id}/threads", REST, Simulated, site::parts_of_process),
    row!("ListModules", "GET", "diagnostics/processes/{id}/modules", REST, Simulated, site::parts_of_process),
    row!("GetProcessEnvironment", "GET", "diagnostics/processes/{id}/environments/{filter}", REST, Simulated, site::process_environment),
    row!("ListSiteExtensions", "GET", "siteextensions", REST, Simulated, site::extensions, Api),
    row!("GetSiteExtension", "GET", "siteextensions/{id}", REST, Simulated, site::extension, Api),
    row!("PutSiteExtension", "PUT", "siteextensions/{id}", REST, Simulated, site::extension, Api),
    row!("DeleteSiteExtension", "DELETE", "siteextensions/{id}", REST, Simulated, site::extension, Api),
    row!("ListExtensionFeed", "GET", "extensionfeed", REST, Simulated, site::extensions, Api),
    row!("GetExtensionOfFeed", "GET", "extensionfeed/{id}", REST, Simulated, site::extension, Api),
    row!("GetHostSettings", "GET", "functions/config", FUNCTIONS, Real, functions::host_settings, Api),
    row!("PutHostSettings", "PUT", "functions/config", FUNCTIONS, Real, functions::put_host_settings, Api),
    row!("SyncTriggers", "POST", "functions/synctriggers", FUNCTIONS, Simulated, functions::sync_triggers, Api),
    row!("GetMasterKey", "GET", "functions/admin/masterkey", FUNCTIONS, Simulated, functions::master_key, Api),
    row!("ListFunctions", "GET", "functions", FUNCTIONS, Real, functions::list, Api),
    row!("GetFunction", "GET", "functions/{name}", FUNCTIONS, Real, functions::get, Api),
    row!("PutFunction", "PUT", "functions/{name}", FUNCTIONS, Real, functions::put, Api),
    row!("DeleteFunction", "DELETE", "functions/{name}", FUNCTIONS, Real, functions::delete, Api),
];
