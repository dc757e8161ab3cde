//! THE table of both services' calls, and what several calls need. One call in a file.

mod create_role;
mod delete_role;
mod get_caller_identity;
mod get_role;
mod list_roles;
mod update_assume_role_policy;

use super::answer::element;
use super::store::{Account, IamStore, Role};
use super::{Error, Service, roles};
use crate::domain::place::Place;
use crate::wire::shape::{Kind, Pattern, Shape};
use crate::wire::value::{Value, from_value};
use chrono::SecondsFormat;
use parhelion_core::{Call, OperationInfo, Standing, limits};
use parhelion_state::{Tx, World};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

/// One call: what is told of it, what it takes, what runs it.
pub struct Row {
    /// Whose it is.
    pub service: Service,
    /// Name, form, documentation, standing.
    pub info: OperationInfo,
    /// What it takes.
    pub input: &'static Shape,
    /// Runs it: the input was checked before.
    pub run: Run,
}

/// From a checked input to what stands within the `…Result` element; `None` where there is no such element.
pub type Run = fn(&World, &Place, &Call, Value) -> Result<Option<String>, Error>;

macro_rules! row {
    ($service:ident, $name:literal, $doc:literal, $module:ident) => {
        Row {
            service: Service::$service,
            info: OperationInfo {
                name: $name,
                route: concat!("POST / Action=", $name),
                doc: concat!(
                    "https://docs.aws.amazon.com/",
                    $doc,
                    "/latest/APIReference/API_",
                    $name,
                    ".html"
                ),
                standing: Standing::Real,
            },
            input: &$module::INPUT,
            run: $module::run,
        }
    };
}

/// All calls, by name.
pub static TABLE: &[Row] = &[
    row!(Iam, "CreateRole", "IAM", create_role),
    row!(Iam, "DeleteRole", "IAM", delete_role),
    row!(Sts, "GetCallerIdentity", "STS", get_caller_identity),
    row!(Iam, "GetRole", "IAM", get_role),
    row!(Iam, "ListRoles", "IAM", list_roles),
    row!(Iam, "UpdateAssumeRolePolicy", "IAM", update_assume_role_policy),
];

// Docs: IAM's API model (2010-05-08).
static NAME_PATTERN: Pattern = Pattern::new(r"[\w+=,.@-]+");
static ROLE_NAME: Shape =
    Shape { kind: Kind::Text { min: Some(1), max: Some(64), pattern: Some(&NAME_PATTERN), values: &[] } };
static PATH_PATTERN: Pattern = Pattern::new(r"(/)|(/[\x21-\x7E]+/)");
static PATH: Shape =
    Shape { kind: Kind::Text { min: Some(1), max: Some(512), pattern: Some(&PATH_PATTERN), values: &[] } };
static POLICY: Shape =
    Shape { kind: Kind::Text { min: Some(1), max: Some(131_072), pattern: None, values: &[] } };

/// The input of a call as its own type.
fn read<T: DeserializeOwned>(input: Value) -> Result<T, Error> {
    from_value(input).map_err(|_| Error::internal())
}

/// Runs a change on the roles of the caller's account.
fn change<T>(
    world: &World,
    place: &Place,
    call: &Call,
    run: impl FnOnce(&mut IamStore, &mut Tx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let (shelf, account) = (world.shelf::<IamStore>(), Account::from(place));
    if !shelf.admits(&account) {
        return Err(Error::new(409, "LimitExceeded", format!("Cannot exceed {} accounts", limits::TENANTS)));
    }
    shelf.write(&account, call, run).map(|done| done.value)
}

/// All but RFC 3986's unreserved characters: how IAM encodes a policy in XML.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A role as the XML within its element.
fn shown(role: &Role) -> String {
    let mut out = String::new();
    element(&mut out, "Path", &role.path);
    element(&mut out, "RoleName", &role.name);
    element(&mut out, "RoleId", &role.id);
    element(&mut out, "Arn", &role.arn);
    element(&mut out, "CreateDate", &role.created.to_rfc3339_opts(SecondsFormat::Secs, true));
    let trust = utf8_percent_encode(&role.trust, RESERVED).to_string();
    element(&mut out, "AssumeRolePolicyDocument", &trust);
    if let Some(description) = &role.description {
        element(&mut out, "Description", description);
    }
    element(&mut out, "MaxSessionDuration", &role.max_session_secs.to_string());
    if !role.tags.is_empty() {
        out.push_str("<Tags>");
        for (key, value) in &role.tags {
            out.push_str("<member>");
            element(&mut out, "Key", key);
            element(&mut out, "Value", value);
            out.push_str("</member>");
        }
        out.push_str("</Tags>");
    }
    out
}

/// What a trust policy means here, for the journal.
fn meaning(trust: &str) -> &'static str {
    if roles::trusts(trust) {
        "CodePipeline may assume it"
    } else {
        "no Allow statement of its trust policy names codepipeline.amazonaws.com"
    }
}
