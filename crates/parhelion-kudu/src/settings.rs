//! The surface's settings (`kudu.*`), fixed at start-up.

use serde::{Deserialize, Serialize};

/// How this surface behaves where the real service leaves a choice, or cannot be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `kudu.auto_create`: whether a site exists as soon as it is addressed; otherwise an unknown one is 404.
    pub auto_create: bool,
    /// `kudu.host_name`: the `hostName` of payloads; `{site}` in it stands for the site's name.
    pub host_name: String,
    /// `kudu.max_unzip_bytes`: most that one package may unpack to, bytes.
    pub max_unzip_bytes: u64,
    /// `kudu.max_site_bytes`: most that all files of a site may take, bytes.
    pub max_site_bytes: u64,
    /// `kudu.hooks.*`.
    pub hooks: HookSettings,
    /// `kudu.exec`: whether commands are run for real, with the rights of this process. Off unless asked for.
    pub exec: bool,
    /// `kudu.fetch`: what `/deploy` does to get a repository's content.
    pub fetch: Fetching,
    /// `kudu.strict_stack`: whether a site whose stack nobody set refuses war, jar and ear.
    pub strict_stack: bool,
    /// `kudu.auth`: whose requests are answered.
    pub auth: AuthMode,
    /// `kudu.auth.bearer`: whether any bearer token will do where credentials are wanted.
    pub bearer: bool,
}

/// Whose requests are answered (`kudu.auth`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Everybody's; a user's name is taken down as the one who deploys.
    #[default]
    Open,
    /// Those that bring a site's publishing credentials, or a bearer token.
    Basic,
}

/// What `/deploy` does to get a repository's content (`kudu.fetch`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fetching {
    /// The commit is made of what the payload says; no file changes.
    #[default]
    Simulate,
    /// The repository is cloned.
    Git,
    /// It is refused.
    Off,
}

/// How hooks behave (`kudu.hooks.*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookSettings {
    /// `kudu.hooks.payload`: the form of the PostDeployment body.
    pub payload: PayloadForm,
    /// `kudu.hooks.gone`: whether an answer 410 removes the hook (the written intention) or not (`keep`, the
    /// real net effect: the service writes its earlier list back over the removal).
    pub remove_when_gone: bool,
    /// `kudu.hooks.strict_404`: whether asking for an unknown hook is 404 instead of 200 with `null`.
    pub strict_404: bool,
}

/// The members of a PostDeployment body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadForm {
    /// What the code sends, then the names that the 2014 page uses for three of the members.
    #[default]
    Both,
    /// What the code sends.
    Kudu,
    /// The eight members of the 2014 page, in its order.
    Wiki,
}

impl Default for HookSettings {
    fn default() -> Self {
        HookSettings { payload: PayloadForm::Both, remove_when_gone: true, strict_404: false }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            auto_create: true,
            host_name: "{site}.scm.azurewebsites.net".to_owned(),
            max_unzip_bytes: 1024 * 1024 * 1024,
            max_site_bytes: 4 * 1024 * 1024 * 1024,
            hooks: HookSettings::default(),
            exec: false,
            fetch: Fetching::Simulate,
            strict_stack: false,
            auth: AuthMode::Open,
            bearer: true,
        }
    }
}

impl std::str::FromStr for PayloadForm {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "both" => Ok(PayloadForm::Both),
            "kudu" => Ok(PayloadForm::Kudu),
            "wiki" => Ok(PayloadForm::Wiki),
            other => Err(format!("\"{other}\" is none of both, kudu, wiki")),
        }
    }
}

impl std::str::FromStr for AuthMode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(AuthMode::Open),
            "basic" => Ok(AuthMode::Basic),
            other => Err(format!("\"{other}\" is none of open, basic")),
        }
    }
}

impl std::str::FromStr for Fetching {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "simulate" => Ok(Fetching::Simulate),
            "git" => Ok(Fetching::Git),
            "off" => Ok(Fetching::Off),
            other => Err(format!("\"{other}\" is none of simulate, git, off")),
        }
    }
}
