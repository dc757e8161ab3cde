//! What the surface of Secure Source Manager is told.

use clap::{ArgAction, Args};
use parhelion_core::Auth;
use parhelion_git::GitSettings;
use parhelion_secure_source_manager::Settings;

/// Settings of Secure Source Manager.
#[derive(Clone, Debug, Args)]
pub struct SsmSettings {
    /// Largest push to a repository, bytes. Azure DevOps' repositories have the same bound.
    #[arg(long, env = "PARHELION_SSM_MAX_PUSH_BYTES", default_value_t = GitSettings::default().push_bytes, value_name = "BYTES")]
    pub ssm_max_push_bytes: u64,
    /// Commits that a Secure Source Manager delivery of a push tells of, 1 to 100.
    #[arg(long, env = "PARHELION_SSM_MAX_COMMITS", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100), value_name = "N")]
    pub ssm_max_commits: u8,
    /// Whether Secure Source Manager's hooks are told of new commits on an open pull request (action synchronized).
    #[arg(long, env = "PARHELION_SSM_SYNCHRONIZED", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub ssm_synchronized: bool,
    /// Whether a push that brings a pull request's head into its base merges it, in Secure Source Manager.
    #[arg(long, env = "PARHELION_SSM_MANUAL_MERGE", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub ssm_manual_merge: bool,
    /// Key of the signature that Secure Source Manager's deliveries carry; without it the header is empty.
    #[arg(long, env = "PARHELION_SSM_WEBHOOK_SECRET", value_parser = super::Secret::read, hide_env_values = true, value_name = "SECRET")]
    pub ssm_webhook_secret: Option<super::Secret>,
}

impl Default for SsmSettings {
    fn default() -> Self {
        SsmSettings {
            ssm_max_push_bytes: GitSettings::default().push_bytes,
            ssm_max_commits: 5,
            ssm_synchronized: false,
            ssm_manual_merge: false,
            ssm_webhook_secret: None,
        }
    }
}

impl SsmSettings {
    /// As the surface takes them.
    pub fn told(&self, auth: Auth) -> Settings {
        Settings {
            auth_required: auth == Auth::Strict,
            max_commits: usize::from(self.ssm_max_commits),
            synchronized: self.ssm_synchronized,
            manual_merge: self.ssm_manual_merge,
            webhook_secret: self.ssm_webhook_secret.as_ref().map(|super::Secret(text)| text.clone()),
        }
    }
    /// As the git host takes them.
    pub fn git(&self) -> GitSettings {
        GitSettings { push_bytes: self.ssm_max_push_bytes, ..GitSettings::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Arguments;
    use clap::Parser;
    use parhelion_secure_source_manager::Settings;

    fn told(arguments: &[&str]) -> Result<Settings, String> {
        let all = std::iter::once("parhelion").chain(arguments.iter().copied());
        let told = Arguments::try_parse_from(all).map_err(|e| e.to_string())?;
        Ok(told.serve.ssm.told(told.serve.auth))
    }

    #[test]
    fn what_secure_source_manager_is_told_is_read() {
        assert_eq!(told(&[]), Ok(Settings::default()));
        assert!(told(&["--auth", "strict"]).unwrap().auth_required);
        let all = told(&["--ssm-max-commits", "7", "--ssm-synchronized", "--ssm-webhook-secret", "s3cret"])
            .unwrap();
        assert_eq!((all.max_commits, all.synchronized), (7, true));
        assert_eq!(all.webhook_secret.as_deref(), Some("s3cret"));
        assert!(!format!("{all:?}").contains("s3cret"));
        for bad in ["0", "101", "x"] {
            assert!(told(&["--ssm-max-commits", bad]).unwrap_err().contains("--ssm-max-commits"));
        }
    }
}
