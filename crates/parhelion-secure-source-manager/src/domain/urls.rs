//! Where things are, as answers and deliveries say it.

use crate::{
    domain::names::project_number,
    proto::v1::{instance::HostConfig, repository::UrIs},
    store::{Instance, Repository},
};

/// CHOICE: `*.localhost` is resolved to this machine by curl, git and browsers.
pub const HOST_SUFFIX: &str = "sourcemanager.localhost";

/// The hosts of an instance: `{instance}-{project number}[-api|-git|-ssh].{location}.{suffix}[:port]`.
/// Docs: the form of the names; CHOICE: suffix and port.
pub fn hosts(base: &str, project: &str, location: &str, instance: &str) -> HostConfig {
    let number = project_number(project);
    let host = |kind: &str| format!("{instance}-{number}{kind}.{location}.{HOST_SUFFIX}{}", port(base));
    HostConfig { html: host(""), api: host("-api"), git_http: host("-git"), git_ssh: host("-ssh") }
}

/// The hosts that an instance answers with: its own, or those that a private instance was given.
pub fn host_config(base: &str, project: &str, key: &(String, String), instance: &Instance) -> HostConfig {
    match instance.private_config.as_ref().and_then(|p| p.custom_hosts.clone()) {
        Some([html, api, git_ssh, git_http]) => HostConfig { html, api, git_http, git_ssh },
        None => hosts(base, project, &key.0, &key.1),
    }
}

/// A repository's URLs. All work as they stand, on the port that was asked, world prefix included.
pub fn uris(base: &str, location: &str, id: &str, repository: &Repository) -> UrIs {
    let (project, instance) = (&repository.project, &repository.instance);
    UrIs {
        html: format!("{base}/_ssm/html/{location}/{instance}/{project}/{id}"),
        git_https: format!("{base}/_ssm/git/{location}/{instance}/{project}/{id}.git"),
        api: format!("{base}/v1/projects/{project}/locations/{location}/repositories/{id}"),
    }
}

/// `:4600` of `http://host:4600/_w/w1`; empty when the URL names none.
fn port(base: &str) -> String {
    let authority =
        base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().unwrap_or_default();
    // A port comes after an IPv6 address's bracket.
    match authority.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => format!(":{port}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_base_is_kept() {
        assert_eq!(port("http://127.0.0.1:4600"), ":4600");
        assert_eq!(port("http://[::1]:4600/_w/w1"), ":4600");
        assert_eq!(port("https://emulator.example.com/_w/w1"), "");
        let hosts = hosts("http://localhost:4600/_w/x", "my-project", "us-central1", "inst");
        let number = project_number("my-project");
        assert_eq!(hosts.git_http, format!("inst-{number}-git.us-central1.sourcemanager.localhost:4600"));
    }
}
