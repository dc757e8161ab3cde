//! What a server is told at its start: flags, or `PARHELION_*` variables.

mod kudu;
mod ssm;

pub use kudu::KuduSettings;
pub use ssm::SsmSettings;

use clap::{ArgAction, Args, Parser, Subcommand};
use parhelion_azure_devops::Registration;
use parhelion_codepipeline::{ApiUrl, Network, RoleCheck, Secrets};
use parhelion_core::Auth;
use parhelion_delivery::DeliverTo;
use parhelion_http::PublicUrl;
use parhelion_state::{ClockMode, ClockStart};
use std::net::SocketAddr;
use std::path::PathBuf;

/// An emulator of the webhook and pipeline control planes of AWS, Azure and Google Cloud.
#[derive(Debug, Parser)]
#[command(name = "parhelion", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What to do; `serve` when not given.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: Settings,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // There is one of it in a program's life.
pub enum Command {
    /// Answer on one port until told to stop (the default).
    Serve(Box<Settings>),
    /// Play the main scenarios of every surface against a server of its own, and show what goes over the wire.
    Demo(DemoSettings),
    /// Ask a running server whether it is well: exit code 0 or 1. For container health checks.
    Health(HealthSettings),
    /// Tools for Azure Pipelines that need no server.
    #[command(subcommand)]
    Azure(AzureCommand),
}

/// Settings of the server.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "PARHELION_LISTEN", default_value = "127.0.0.1:4600", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Seed of all ids and secrets: the same one gives the same ids. Drawn and printed when not given.
    #[arg(long, env = "PARHELION_SEED", value_name = "N")]
    pub seed: Option<u64>,
    /// Base of the URLs in answers, where clients reach the server under another name.
    #[arg(long, env = "PARHELION_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// What is logged to standard error: error, warn, info, debug, trace, off, or target=level lists.
    #[arg(long, env = "PARHELION_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// How the clock of a new world runs: system, manual, or scaled:FACTOR.
    #[arg(long, env = "PARHELION_CLOCK", default_value = "system", value_parser = clock, value_name = "MODE")]
    pub clock: ClockMode,
    /// Where webhooks may be delivered to: any, private, loopback, or a list of host[:port].
    #[arg(long, env = "PARHELION_DELIVER_TO", default_value = "any", value_name = "TARGETS")]
    pub deliver_to: DeliverTo,
    /// Whether credentials of requests are verified: permissive or strict (signatures of AWS requests; Azure DevOps and
    /// Secure Source Manager ask for some).
    #[arg(long, env = "PARHELION_AUTH", default_value = "permissive", value_name = "MODE")]
    pub auth: Auth,
    /// Whose X-Forwarded-For is believed, for webhooks with an address range: addresses and CIDR ranges.
    #[arg(long, env = "PARHELION_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR,…")]
    pub trusted_proxies: Vec<Network>,
    /// Secrets of AWS access keys, for --auth strict; may be given several times, or as a list with commas.
    #[arg(long, env = "PARHELION_AWS_SECRET", value_parser = Secret::read, value_delimiter = ',', hide_env_values = true, value_name = "ACCESSKEY=SECRET")]
    pub aws_secret: Vec<Secret>,
    /// Whether the roles of AWS pipelines must exist: auto (once the account has any), off or strict.
    #[arg(long, env = "PARHELION_AWS_ROLE_CHECK", default_value = "auto", value_name = "MODE")]
    pub aws_role_check: RoleCheck,
    /// A GitHub-compatible API with which webhooks are registered, as in https://github.example/api/v3.
    #[arg(long, env = "PARHELION_GITHUB_API", value_name = "URL")]
    pub github_api: Option<ApiUrl>,
    /// The Azure DevOps organizations that exist; without it each comes into being at its first call.
    #[arg(long, env = "PARHELION_AZURE_ORGANIZATIONS", value_parser = parhelion_azure_devops::organization_name, value_delimiter = ',', value_name = "NAME,…")]
    pub azure_organizations: Vec<String>,
    /// Whether Azure DevOps wants credentials: optional or required (any will do). --auth strict requires them, too.
    #[arg(long, env = "PARHELION_AZURE_AUTH", default_value = "optional", value_parser = ["optional", "required"], value_name = "MODE")]
    pub azure_auth: String,
    /// Whether Azure DevOps refuses preview resources asked without -preview, and writing calls without api-version.
    #[arg(long, env = "PARHELION_AZURE_STRICT_VERSIONS", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub azure_strict_versions: bool,
    /// What pipelines may use of what their YAML names: open (everything, until somebody says otherwise) or strict (what
    /// was permitted).
    #[arg(long, env = "PARHELION_AZURE_PERMISSIONS", default_value = "open", value_parser = ["open", "strict"], value_name = "MODE")]
    pub azure_permissions: String,
    /// When the webhooks that an Azure pipeline names begin to exist: automatic, or first_run (once it was run or saved
    /// again).
    #[arg(
        long,
        env = "PARHELION_AZURE_WEBHOOK_REGISTRATION",
        default_value = "automatic",
        value_name = "MODE"
    )]
    pub azure_webhook_registration: Registration,
    /// Whether scripts of Azure pipelines are executed on this machine, of those that have the variable parhelion.exec =
    /// true. Without it nothing is executed.
    #[arg(long, env = "PARHELION_AZURE_EXEC", default_value = "false", default_missing_value = "true", num_args = 0..=1, action = ArgAction::Set, value_name = "BOOL")]
    pub azure_exec: bool,
    #[command(flatten)]
    pub kudu: KuduSettings,
    #[command(flatten)]
    pub ssm: SsmSettings,
    /// A file of settings; parhelion.toml in the working directory is read when there is one. Flags and variables go
    /// before it.
    #[arg(long, env = "PARHELION_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `ACCESSKEY=SECRET` as it was given. It is checked when the server starts, where a message can leave the secret out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
    fn read(text: &str) -> Result<Secret, String> {
        Ok(Secret(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 4600)),
            seed: None,
            public_url: None,
            log: "info".to_owned(),
            clock: ClockMode::System,
            deliver_to: DeliverTo::Any,
            auth: Auth::default(),
            trusted_proxies: Vec::new(),
            aws_secret: Vec::new(),
            aws_role_check: RoleCheck::default(),
            github_api: None,
            azure_organizations: Vec::new(),
            azure_auth: "optional".to_owned(),
            azure_strict_versions: false,
            azure_permissions: "open".to_owned(),
            azure_webhook_registration: Registration::default(),
            azure_exec: false,
            kudu: KuduSettings::default(),
            ssm: SsmSettings::default(),
            config: None,
        }
    }
}

impl Settings {
    /// How the clock of a new world starts.
    pub fn clock_start(&self) -> ClockStart {
        ClockStart { mode: self.clock, at: None }
    }
    /// What the surface of AWS CodePipeline is told.
    ///
    /// # Errors
    /// A sentence that names the flag.
    pub fn codepipeline(&self) -> Result<parhelion_codepipeline::Settings, String> {
        let mut secrets = Secrets::default();
        for Secret(text) in &self.aws_secret {
            secrets.add(text).map_err(|why| format!("invalid value for '--aws-secret': {why}"))?;
        }
        Ok(parhelion_codepipeline::Settings {
            memory: parhelion_codepipeline::Memory::default(),
            auth: self.auth,
            trusted_proxies: self.trusted_proxies.clone(),
            secrets,
            role_check: self.aws_role_check,
            github_api: self.github_api.clone(),
        })
    }
    /// What the surface of Kudu is told.
    pub fn kudu(&self) -> parhelion_kudu::Settings {
        self.kudu.told(self.auth)
    }
    /// What the surface of Secure Source Manager is told.
    pub fn secure_source_manager(&self) -> parhelion_secure_source_manager::Settings {
        self.ssm.told(self.auth)
    }
    /// What the surface of Azure DevOps is told.
    pub fn azure_devops(&self) -> parhelion_azure_devops::Settings {
        let listed = &self.azure_organizations;
        parhelion_azure_devops::Settings {
            auth_required: self.azure_auth == "required" || self.auth == Auth::Strict,
            organizations: (!listed.is_empty()).then(|| listed.iter().cloned().collect()),
            strict_versions: self.azure_strict_versions,
            strict_permissions: self.azure_permissions == "strict",
            webhook_registration: self.azure_webhook_registration,
            exec: self.azure_exec,
        }
    }
}

/// Settings of the demo.
#[derive(Clone, Debug, Args)]
pub struct DemoSettings {
    /// Colours: when standard output is a terminal, always, or never.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Tools for Azure Pipelines.
#[derive(Clone, Debug, Subcommand)]
pub enum AzureCommand {
    /// Print a pipeline as Azure DevOps would expand it (its `finalYaml`), or say what is wrong with it.
    ///
    /// Templates are read from the working directory, committed or not. Nothing is sent anywhere, and nothing outside
    /// of the repository's folder is read.
    #[command(after_long_help = EXPAND_HELP)]
    Expand(ExpandSettings),
}

const EXPAND_HELP: &str = "\
Examples:
  parhelion azure expand azure-pipelines.yml
  parhelion azure expand ci/release.yml --param environment=staging --param 'regions=[north, south]'
  parhelion azure expand azure-pipelines.yml --webhook deployed=payload.json
  parhelion azure expand app/azure-pipelines.yml --repo app --repository templates=../pipeline-templates

Exit code:
  0  the expanded YAML is on standard output; notes, if any, on standard error
  1  the pipeline is not valid: the service's messages are on standard error, one a line
  2  the command line makes no sense

What only a server knows (builds, variable groups, service connections, environments) is not looked at. Of the
predefined variables Build.Reason is set; give others with --variable where the pipeline's expressions read them.";

/// Settings of an expansion.
#[derive(Clone, Debug, Args)]
pub struct ExpandSettings {
    /// The pipeline's file; `-` reads standard input as if it were azure-pipelines.yml of the root.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A value for one of the pipeline's parameters; may be given several times. Lists and objects are written as
    /// YAML or JSON.
    #[arg(long, value_parser = Assignment::read, value_name = "NAME=VALUE")]
    pub param: Vec<Assignment>,
    /// The payload of a webhook resource, a JSON file, by its alias: the pipeline is expanded as for a run that it
    /// starts. Filters that do not let it pass are told. Without it the alias is an empty object.
    #[arg(long, value_parser = Assignment::read, value_name = "ALIAS=FILE")]
    pub webhook: Vec<Assignment>,
    /// A variable that `${{ variables.NAME }}` knows besides those of the file, such as Build.SourceBranch.
    #[arg(long, value_parser = Assignment::read, value_name = "NAME=VALUE")]
    pub variable: Vec<Assignment>,
    /// The root of the repository that the file is of: what paths beginning with `/` are relative to. The working
    /// directory when not given.
    #[arg(long, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// The folder of another repository of `resources.repositories`, by its alias; may be given several times.
    #[arg(long, value_parser = Assignment::read, value_name = "ALIAS=DIR")]
    pub repository: Vec<Assignment>,
}

/// `NAME=VALUE` of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What stands before the first `=`.
    pub name: String,
    /// What stands after it; may be empty.
    pub value: String,
}

impl Assignment {
    fn read(text: &str) -> Result<Assignment, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Assignment { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("a name, =, and a value are wanted".to_owned()),
        }
    }
}

/// Settings of the health check.
#[derive(Clone, Debug, Args)]
pub struct HealthSettings {
    /// The server to ask.
    #[arg(long, env = "PARHELION_URL", default_value = "http://127.0.0.1:4600", value_name = "URL")]
    pub url: String,
}

fn clock(text: &str) -> Result<ClockMode, String> {
    match text.split_once(':') {
        None if text == "system" => Ok(ClockMode::System),
        None if text == "manual" => Ok(ClockMode::Manual),
        Some(("scaled", factor)) => match factor.parse() {
            Ok(factor) if (0.001..=1_000_000.0).contains(&factor) => Ok(ClockMode::Scaled { factor }),
            _ => Err("a factor is a number from 0.001 to 1000000".to_owned()),
        },
        _ => Err("a clock is system, manual or scaled:FACTOR".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_azure_devops_is_told_is_read() {
        let told = |arguments: &[&str]| {
            let all = std::iter::once("parhelion").chain(arguments.iter().copied());
            Arguments::try_parse_from(all).map(|a| a.serve.azure_devops()).map_err(|e| e.to_string())
        };
        assert_eq!(told(&[]), Ok(parhelion_azure_devops::Settings::default()));
        assert!(told(&["--azure-auth", "required"]).unwrap().auth_required);
        assert!(told(&["--auth", "strict"]).unwrap().auth_required);
        let all = told(&["--azure-organizations", "Contoso,fabrikam", "--azure-strict-versions"]).unwrap();
        assert_eq!(all.organizations, Some(["contoso".to_owned(), "fabrikam".to_owned()].into()));
        assert!(all.strict_versions && !told(&["--azure-strict-versions", "false"]).unwrap().strict_versions);
        assert!(told(&["--azure-exec"]).unwrap().exec);
        let first = told(&["--azure-webhook-registration", "first_run"]).unwrap();
        assert_eq!(first.webhook_registration, Registration::FirstRun);
        assert!(told(&["--azure-permissions", "strict"]).unwrap().strict_permissions);
        for bad in [
            &["--azure-auth", "maybe"][..],
            &["--azure-permissions", "none"],
            &["--azure-organizations", "a b"],
            &["--azure-webhook-registration", "never"],
            &["--azure-strict-versions", "7"],
        ] {
            assert!(told(bad).unwrap_err().contains("invalid value"), "{bad:?}");
        }
    }

    #[test]
    fn clocks_are_read() {
        assert_eq!(clock("scaled:60"), Ok(ClockMode::Scaled { factor: 60.0 }));
        for bad in ["", "fast", "scaled", "scaled:", "scaled:0", "scaled:-1", "scaled:NaN", "system:1"] {
            assert!(clock(bad).is_err(), "{bad}");
        }
    }
}
