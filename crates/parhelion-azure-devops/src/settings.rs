//! What the server's settings `azure.*` decide here.

use crate::store::Organization;
use std::{collections::BTreeSet, str::FromStr};

/// The surface's settings. [`Default`] is the permissive mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `azure.auth=required` (implied by `--auth strict`): a call without an `Authorization` header gets 401.
    /// What the header holds is never checked.
    pub auth_required: bool,
    /// `azure.organizations`: only these organizations exist (lower case). `None`: one comes into being at its
    /// first call.
    pub organizations: Option<BTreeSet<String>>,
    /// `azure.strict_versions`: a preview-only resource asked without `-preview` gets 400, and a writing call
    /// without any version too.
    pub strict_versions: bool,
    /// `azure.permissions=strict`: a pipeline uses what its YAML names only when it was permitted to, and an
    /// environment that nobody made is an error.
    pub strict_permissions: bool,
    /// `azure.webhook_registration`: when the webhooks that a pipeline names begin to exist.
    pub webhook_registration: Registration,
    /// `azure.exec`: scripts of runs whose pipeline has the variable `parhelion.exec` are executed on this machine.
    pub exec: bool,
}

/// When the webhooks named in a pipeline's YAML begin to exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// As soon as the definition exists and its default branch has the YAML.
    #[default]
    Automatic,
    /// `first_run`: only after the definition was run or saved once, as the real service does in practice.
    FirstRun,
}

impl FromStr for Registration {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "automatic" => Ok(Registration::Automatic),
            "first_run" => Ok(Registration::FirstRun),
            _ => Err("it is to be automatic or first_run".to_owned()),
        }
    }
}

/// The name of an organization as settings hold it: in lower case.
///
/// # Errors
/// A sentence, when no organization can have that name.
pub fn organization_name(text: &str) -> Result<String, String> {
    text.parse::<Organization>().map(|o| o.as_str().to_owned()).map_err(|e| e.to_string())
}
