//! IAM policies of instances and repositories. They are kept and told; nobody is turned away by them (CHOICE).

use crate::{
    domain::names::Name,
    error::Error,
    ops::{instances, repositories},
    proto::{
        Expr,
        iam::{
            self, AuditConfig, AuditLogConfig, GetIamPolicyRequest, SetIamPolicyRequest,
            TestIamPermissionsRequest, TestIamPermissionsResponse,
        },
    },
    store::{Audit, Binding, Policy, PolicyKey, SsmStore},
};
use parhelion_core::text;
use parhelion_state::{Operation, Query, Tx, View};

/// Docs: an empty policy has the etag `ACAB`.
const NO_POLICY: [u8; 3] = [0, 0x20, 1];
/// Docs: what the service's permissions are about.
const RESOURCES: [&str; 11] = [
    "repositories",
    "instances",
    "hooks",
    "branchRules",
    "issues",
    "issuecomments",
    "pullRequests",
    "pullRequestComments",
    "operations",
    "locations",
    "sshkeys",
];
/// Docs: most members of a policy.
const MEMBERS: usize = 1500;
/// Permissions of one question. CHOICE.
const PERMISSIONS: usize = 100;

/// What has a policy: an instance or a repository.
fn target(store: &SsmStore, resource: &str) -> Result<(PolicyKey, bool), Error> {
    let is_instance = resource.split('/').nth(4) == Some(instances::COLLECTION);
    let collection = if is_instance { instances::COLLECTION } else { repositories::COLLECTION };
    let name = Name::parse("resource", resource, collection)?;
    let there = if is_instance {
        store.instances.contains_key(&name.key())
    } else {
        store.repository(&name.key()).is_some()
    };
    let (location, id) = name.key();
    Ok(((collection.to_owned(), location, id), there))
}

fn message(policy: Option<&Policy>) -> iam::Policy {
    let Some(policy) = policy else { return iam::Policy { etag: NO_POLICY.to_vec(), ..Default::default() } };
    let condition = |[expression, title, description, location]: [String; 4]| Expr {
        expression,
        title,
        description,
        location,
    };
    let bindings = policy.bindings.iter().map(|b| iam::Binding {
        role: b.role.clone(),
        members: b.members.clone(),
        condition: b.condition.clone().map(condition),
    });
    let audit_configs = policy.audit_configs.iter().map(|audit| AuditConfig {
        service: audit.service.clone(),
        audit_log_configs: audit
            .logs
            .iter()
            .map(|(log_type, exempted)| AuditLogConfig {
                log_type: *log_type,
                exempted_members: exempted.clone(),
            })
            .collect(),
    });
    iam::Policy {
        version: policy.version,
        bindings: bindings.collect(),
        audit_configs: audit_configs.collect(),
        etag: policy.etag.clone(),
    }
}

/// Tells who may do what with an instance or a repository.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/getIamPolicy
pub struct GetIamPolicy;
impl Query for GetIamPolicy {
    const NAME: &'static str = "GetIamPolicy";
    type Store = SsmStore;
    type Input = GetIamPolicyRequest;
    type Output = iam::Policy;
    type Error = Error;

    fn run(store: &SsmStore, input: GetIamPolicyRequest, _: &View<'_>) -> Result<iam::Policy, Error> {
        let (key, there) = target(store, &input.resource)?;
        version(
            "options.requested_policy_version",
            input.options.unwrap_or_default().requested_policy_version,
        )?;
        if !there {
            return Err(Error::NotFound(input.resource));
        }
        Ok(message(store.policies.get(&key).map(|p| &**p)))
    }
}

/// Says who may do what with an instance or a repository, in place of what was said before.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/setIamPolicy
pub struct SetIamPolicy;
impl Operation for SetIamPolicy {
    const NAME: &'static str = "SetIamPolicy";
    type Store = SsmStore;
    type Input = SetIamPolicyRequest;
    type Output = iam::Policy;
    type Error = Error;

    fn run(store: &mut SsmStore, input: SetIamPolicyRequest, tx: &mut Tx<'_>) -> Result<iam::Policy, Error> {
        let (key, there) = target(store, &input.resource)?;
        let given = input.policy.ok_or_else(|| Error::field("policy", "is required."))?;
        if !there {
            return Err(Error::NotFound(input.resource));
        }
        let current = store.policies.get(&key).map(|p| Policy::clone(p));
        let etag = current.as_ref().map_or(NO_POLICY.as_slice(), |p| &p.etag);
        if !given.etag.is_empty() && given.etag != etag {
            return Err(Error::Policy);
        }
        let paths = input.update_mask.map(|m| m.paths).unwrap_or_default();
        // Docs: without a mask `bindings, etag`.
        let named = |path: &str| match paths.as_slice() {
            [] => path == "bindings",
            paths => paths.iter().any(|p| p == path || p == "*"),
        };
        let known = ["version", "bindings", "etag", "audit_configs", "auditConfigs", "*"];
        if let Some(unknown) = paths.iter().find(|p| !known.contains(&p.as_str())) {
            return Err(Error::Mask(text::prefix(unknown, 200).to_owned()));
        }
        version("policy.version", given.version)?;
        let mut next = current.unwrap_or_default();
        let bindings = bindings(given.bindings, given.version)?;
        let audit_configs = audit_configs(given.audit_configs)?;
        if named("bindings") {
            next.bindings = bindings;
        }
        if named("bindings") || named("version") {
            next.version = given.version;
        }
        if named("audit_configs") || named("auditConfigs") || paths.is_empty() && !audit_configs.is_empty() {
            next.audit_configs = audit_configs;
        }
        next.etag = tx.bytes::<8>("policy").to_vec();
        let answer = message(Some(&next));
        store.policies.put(key, next);
        Ok(answer)
    }
}

/// Which of the asked permissions the caller has: all that the service knows, since nothing is refused here.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/testIamPermissions
pub struct TestIamPermissions;
impl Query for TestIamPermissions {
    const NAME: &'static str = "TestIamPermissions";
    type Store = SsmStore;
    type Input = TestIamPermissionsRequest;
    type Output = TestIamPermissionsResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: TestIamPermissionsRequest,
        _: &View<'_>,
    ) -> Result<TestIamPermissionsResponse, Error> {
        let (_, there) = target(store, &input.resource)?;
        if input.permissions.len() > PERMISSIONS {
            return Err(Error::field("permissions", format!("at most {PERMISSIONS} are allowed.")));
        }
        for (n, permission) in input.permissions.iter().enumerate() {
            if permission.contains('*') || !permission.starts_with("securesourcemanager.") {
                let why = "must be a permission of securesourcemanager without wildcards.";
                return Err(Error::field(format!("permissions[{n}]"), why));
            }
        }
        // Docs: of a missing resource an empty set, no error.
        let permissions = input.permissions.into_iter().filter(|p| there && known(p)).collect();
        Ok(TestIamPermissionsResponse { permissions })
    }
}

fn known(permission: &str) -> bool {
    let parts: Vec<&str> = permission.split('.').collect();
    matches!(parts.as_slice(), [_, resource, verb] if RESOURCES.contains(resource) && !verb.is_empty())
}

fn version(field: &str, version: i32) -> Result<(), Error> {
    if [0, 1, 3].contains(&version) { Ok(()) } else { Err(Error::field(field, "must be 0, 1 or 3.")) }
}

fn bindings(given: Vec<iam::Binding>, version: i32) -> Result<Vec<Binding>, Error> {
    let members: usize = given.iter().map(|b| b.members.len()).sum();
    if given.len() > MEMBERS || members > MEMBERS {
        return Err(Error::field("policy.bindings", format!("at most {MEMBERS} members are allowed.")));
    }
    let mut bindings = Vec::with_capacity(given.len());
    for (n, binding) in given.into_iter().enumerate() {
        let field = |name: &str| format!("policy.bindings[{n}].{name}");
        if !is_role(&binding.role) {
            return Err(Error::field(field("role"), "must have the form roles/* or projects/*/roles/*."));
        }
        for (m, member) in binding.members.iter().enumerate() {
            if !is_member(member) {
                return Err(Error::field(format!("{}[{m}]", field("members")), "is no principal."));
            }
        }
        if binding.condition.is_some() && version != 3 {
            return Err(Error::field(field("condition"), "needs policy.version 3."));
        }
        let condition = binding.condition.map(|c| [c.expression, c.title, c.description, c.location]);
        bindings.push(Binding { role: binding.role, members: binding.members, condition });
    }
    Ok(bindings)
}

fn audit_configs(given: Vec<AuditConfig>) -> Result<Vec<Audit>, Error> {
    if given.len() > 100 {
        return Err(Error::field("policy.audit_configs", "at most 100 are allowed."));
    }
    let mut configs = Vec::with_capacity(given.len());
    for (n, config) in given.into_iter().enumerate() {
        let field = format!("policy.audit_configs[{n}]");
        if config.service.is_empty() || config.service.len() > 253 {
            return Err(Error::field(format!("{field}.service"), "is required."));
        }
        let mut logs = Vec::new();
        for log in config.audit_log_configs {
            if !(1..=3).contains(&log.log_type) {
                return Err(Error::field(format!("{field}.audit_log_configs"), "has no log type."));
            }
            logs.push((log.log_type, log.exempted_members));
        }
        configs.push(Audit { service: config.service, logs });
    }
    Ok(configs)
}

fn is_role(role: &str) -> bool {
    let name = |text: &str| {
        !text.is_empty()
            && text.len() <= 200
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    match role.split('/').collect::<Vec<_>>().as_slice() {
        ["roles", role] => name(role),
        ["projects" | "organizations", owner, "roles", role] => !owner.is_empty() && name(role),
        _ => false,
    }
}

/// Docs: the forms of principals in allow policies.
fn is_member(member: &str) -> bool {
    if member.len() > 1024 || member.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    if member == "allUsers" || member == "allAuthenticatedUsers" {
        return true;
    }
    let Some((kind, id)) = member.split_once(':') else { return false };
    match kind {
        "user" | "group" | "serviceAccount" => id.contains('@') && !id.starts_with('@') && !id.ends_with('@'),
        "domain" => id.contains('.'),
        "principal" | "principalSet" => id.strip_prefix("//").is_some_and(|rest| !rest.is_empty()),
        "deleted" => !id.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_and_roles_have_their_forms() {
        for good in [
            "user:a@b.c",
            "serviceAccount:s@p.iam.gserviceaccount.com",
            "domain:example.com",
            "allUsers",
            "principalSet://iam.googleapis.com/x",
        ] {
            assert!(is_member(good), "{good}");
        }
        for bad in ["", "a@b.c", "user:", "user:ann", "group: a@b", "nobody:a@b.c", "principal:x"] {
            assert!(!is_member(bad), "{bad}");
        }
        assert!(is_role("roles/securesourcemanager.repoAdmin") && is_role("projects/p/roles/mine"));
        assert!(!is_role("admin") && !is_role("roles/") && !is_role("roles/a/b"));
        assert!(known("securesourcemanager.repositories.get") && !known("securesourcemanager.moons.get"));
    }
}
