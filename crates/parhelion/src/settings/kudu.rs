//! What the surface of Kudu is told.

use clap::{ArgAction, Args};
use parhelion_core::Auth;
use parhelion_kudu::{AuthMode, Fetching, HookSettings, PayloadForm, Settings};

/// Settings of Kudu's sites.
#[derive(Clone, Debug, Args)]
pub struct KuduSettings {
    /// Whether a Kudu site exists as soon as it is addressed; otherwise an unknown one is 404.
    #[arg(long, env = "PARHELION_KUDU_AUTO_CREATE", default_value = "true", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub kudu_auto_create: bool,
    /// The hostName of what Kudu's hooks are told; {site} in it stands for the site's name.
    #[arg(
        long,
        env = "PARHELION_KUDU_HOST_NAME",
        default_value = "{site}.scm.azurewebsites.net",
        value_name = "NAME"
    )]
    pub kudu_host_name: String,
    /// Most that one package for a Kudu site may unpack to, bytes.
    #[arg(long, env = "PARHELION_KUDU_MAX_UNZIP_BYTES", default_value_t = Settings::default().max_unzip_bytes, value_name = "BYTES")]
    pub kudu_max_unzip_bytes: u64,
    /// Most that all files of a Kudu site may take, bytes.
    #[arg(long, env = "PARHELION_KUDU_MAX_SITE_BYTES", default_value_t = Settings::default().max_site_bytes, value_name = "BYTES")]
    pub kudu_max_site_bytes: u64,
    /// The form of what Kudu's hooks of PostDeployment are told: both, kudu or wiki.
    #[arg(long, env = "PARHELION_KUDU_HOOKS_PAYLOAD", default_value = "both", value_name = "FORM")]
    pub kudu_hooks_payload: PayloadForm,
    /// What becomes of a Kudu hook whose receiver answers 410: remove or keep.
    #[arg(long, env = "PARHELION_KUDU_HOOKS_GONE", default_value = "remove", value_parser = ["remove", "keep"], value_name = "WHAT")]
    pub kudu_hooks_gone: String,
    /// Whether asking Kudu for an unknown hook is 404; the real service answers 200 with null.
    #[arg(long, env = "PARHELION_KUDU_HOOKS_STRICT_404", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub kudu_hooks_strict_404: bool,
    /// Whether commands that are sent to Kudu's sites are run for real, with the rights of this process.
    #[arg(long, env = "PARHELION_KUDU_EXEC", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub kudu_exec: bool,
    /// What Kudu's /deploy does: simulate (a commit is made of the payload), git (a real clone), or off.
    #[arg(long, env = "PARHELION_KUDU_FETCH", default_value = "simulate", value_name = "MODE")]
    pub kudu_fetch: Fetching,
    /// Whether a Kudu site whose stack nobody set refuses war, jar and ear.
    #[arg(long, env = "PARHELION_KUDU_STRICT_STACK", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub kudu_strict_stack: bool,
    /// Whose requests Kudu's sites answer: open (everybody's), or basic (publishing credentials). --auth strict means
    /// basic.
    #[arg(long, env = "PARHELION_KUDU_AUTH", default_value = "open", value_name = "MODE")]
    pub kudu_auth: AuthMode,
    /// Whether any bearer token will do where Kudu's sites want credentials.
    #[arg(long, env = "PARHELION_KUDU_AUTH_BEARER", default_value = "true", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub kudu_auth_bearer: bool,
}

impl Default for KuduSettings {
    fn default() -> Self {
        let usual = Settings::default();
        KuduSettings {
            kudu_auto_create: usual.auto_create,
            kudu_host_name: usual.host_name,
            kudu_max_unzip_bytes: usual.max_unzip_bytes,
            kudu_max_site_bytes: usual.max_site_bytes,
            kudu_hooks_payload: usual.hooks.payload,
            kudu_hooks_gone: "remove".to_owned(),
            kudu_hooks_strict_404: usual.hooks.strict_404,
            kudu_exec: usual.exec,
            kudu_fetch: usual.fetch,
            kudu_strict_stack: usual.strict_stack,
            kudu_auth: usual.auth,
            kudu_auth_bearer: usual.bearer,
        }
    }
}

impl KuduSettings {
    /// As the surface takes them.
    pub fn told(&self, auth: Auth) -> Settings {
        Settings {
            auto_create: self.kudu_auto_create,
            host_name: self.kudu_host_name.clone(),
            max_unzip_bytes: self.kudu_max_unzip_bytes,
            max_site_bytes: self.kudu_max_site_bytes,
            hooks: HookSettings {
                payload: self.kudu_hooks_payload,
                remove_when_gone: self.kudu_hooks_gone == "remove",
                strict_404: self.kudu_hooks_strict_404,
            },
            exec: self.kudu_exec,
            fetch: self.kudu_fetch,
            strict_stack: self.kudu_strict_stack,
            auth: if auth == Auth::Strict { AuthMode::Basic } else { self.kudu_auth },
            bearer: self.kudu_auth_bearer,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Arguments;
    use clap::Parser;
    use parhelion_kudu::{AuthMode, Fetching, PayloadForm, Settings};

    fn told(arguments: &[&str]) -> Result<Settings, String> {
        let all = std::iter::once("parhelion").chain(arguments.iter().copied());
        Arguments::try_parse_from(all).map(|a| a.serve.kudu()).map_err(|e| e.to_string())
    }

    #[test]
    fn what_kudu_is_told_is_read() {
        assert_eq!(told(&[]), Ok(Settings::default()));
        assert_eq!(crate::settings::Settings::default().kudu(), Settings::default());
        let all = told(&[
            "--kudu-auto-create=false",
            "--kudu-host-name",
            "{site}.example",
            "--kudu-max-unzip-bytes=7",
            "--kudu-max-site-bytes=8",
            "--kudu-hooks-payload=wiki",
            "--kudu-hooks-gone=keep",
            "--kudu-hooks-strict-404",
            "--kudu-exec",
            "--kudu-fetch=git",
            "--kudu-strict-stack",
            "--kudu-auth-bearer=false",
        ])
        .unwrap();
        assert!(
            !all.auto_create
                && all.exec
                && !all.bearer
                && all.hooks.strict_404
                && !all.hooks.remove_when_gone
        );
        assert_eq!(
            (all.max_unzip_bytes, all.max_site_bytes, all.host_name.as_str()),
            (7, 8, "{site}.example")
        );
        assert_eq!((all.hooks.payload, all.auth), (PayloadForm::Wiki, AuthMode::Open));
        assert_eq!((all.fetch, all.strict_stack), (Fetching::Git, true));
        for basic in [&["--auth", "strict"][..], &["--kudu-auth", "basic"]] {
            assert_eq!(told(basic).unwrap().auth, AuthMode::Basic);
        }
        for bad in [&["--kudu-auth", "x"][..], &["--kudu-hooks-gone", "x"], &["--kudu-exec", "perhaps"]] {
            assert!(told(bad).unwrap_err().contains("invalid value"), "{bad:?}");
        }
    }
}
