//! `parhelion.toml`: each flag of the server is a key. Flags go before variables, variables before the file.

use crate::settings::Arguments;
use clap::{ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is read when no other file is named.
const DEFAULT: &str = "parhelion.toml";
/// Largest file, bytes.
const BYTES: u64 = 1024 * 1024;
/// Flags that are no settings.
const NO_SETTINGS: [&str; 3] = ["config", "help", "version"];

/// A file of settings.
#[derive(Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// The values by the names of the flags, as they would stand on the command line.
    values: BTreeMap<String, Vec<String>>,
}

impl File {
    /// Whether it gives this flag a value.
    pub fn sets(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }
}

/// The file that a command line is about: the one it names, or the variable does, or `parhelion.toml` here when there is
/// one. `None` for commands that are not the server, too.
///
/// # Errors
/// A sentence: a file that is named and not there, or that cannot be read, or has a key that is no flag.
pub fn find(arguments: Vec<OsString>) -> Result<Option<File>, String> {
    // Only to learn of the file: what is wrong with the rest is told when it counts.
    let Ok(matches) = Arguments::command().ignore_errors(true).try_get_matches_from(arguments) else {
        return Ok(None); // --help, --version
    };
    let of = |matches: &ArgMatches| matches.get_one::<PathBuf>("config").cloned();
    let named = match matches.subcommand() {
        None => of(&matches),
        Some(("serve", matches)) => of(matches),
        Some(_) => return Ok(None),
    };
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT));
    match std::fs::metadata(&path) {
        Ok(there) if there.len() > BYTES => {
            Err(format!("{}: a file of settings has at most {BYTES} bytes", path.display()))
        }
        Ok(_) => {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            read(&path, &text).map(Some)
        }
        Err(e) if e.kind() == ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

/// The names of the flags that are settings, and whether each takes several values.
fn flags() -> BTreeMap<String, bool> {
    let command = Arguments::command();
    let named = command.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument)));
    named
        .filter(|(name, _)| !NO_SETTINGS.contains(name))
        .map(|(name, argument)| (name.to_owned(), matches!(argument.get_action(), ArgAction::Append)))
        .collect()
}

fn read(path: &Path, text: &str) -> Result<File, String> {
    let path_shown = path.display();
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        // No line of the file is shown: it may hold a secret.
        let line = e.span().map_or(1, |span| {
            text.get(..span.start).map_or(1, |before| before.bytes().filter(|b| *b == b'\n').count() + 1)
        });
        format!("{path_shown}, line {line}: {}", e.message().lines().next().unwrap_or_default())
    })?;
    let known = flags();
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let Some(takes_several) = known.get(&key) else {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(format!("{path_shown}: unknown key \"{key}\"; known: {}", known.join(", ")));
        };
        let texts: Option<Vec<String>> = match value {
            toml::Value::Array(items) if *takes_several => items.iter().map(text_of).collect(),
            one => text_of(&one).map(|text| vec![text]),
        };
        let form = if *takes_several { "a text or a list of texts" } else { "a text or a whole number" };
        let texts = texts.ok_or_else(|| format!("{path_shown}: \"{key}\" is {form}"))?;
        values.insert(key, texts);
    }
    Ok(File { path: path.to_owned(), values })
}

/// A value as it would stand on the command line.
fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Reads a command line, with the file's values where neither flag nor variable says otherwise.
///
/// # Errors
/// clap's, about a flag, a variable or a value of the file.
pub fn parse(arguments: Vec<OsString>, file: Option<&File>) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    if let Some(file) = file {
        command = command.mut_subcommand("serve", |serve| with_defaults(serve, file));
        command = with_defaults(command, file);
    }
    Arguments::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// The file's values become the defaults: they are read and checked as the flags' own.
fn with_defaults(mut command: Command, file: &File) -> Command {
    for (flag, values) in &file.values {
        let argument = command.get_arguments().find(|argument| argument.get_long() == Some(flag));
        let Some(id) = argument.map(|argument| argument.get_id().clone()) else { continue };
        command = command.mut_arg(id, |argument| argument.default_values(values.clone()));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, arguments: &[&str]) -> Result<Arguments, String> {
        let file = read(Path::new("p.toml"), text)?;
        let all = std::iter::once("parhelion").chain(arguments.iter().copied()).map(OsString::from).collect();
        parse(all, Some(&file)).map_err(|e| e.to_string())
    }

    #[test]
    fn each_flag_is_a_key_and_flags_go_first() {
        let text = "seed = 7\nclock = \"scaled:60\"\nauth = \"strict\"\n\
                    trusted-proxies = [\"10.0.0.0/8\", \"::1\"]\naws-secret = [\"A=b\", \"C=d=\"]\n";
        for arguments in [&["--seed", "8"][..], &["serve", "--seed", "8"]] {
            let read = parsed(text, arguments).unwrap();
            let settings = match read.command {
                Some(crate::settings::Command::Serve(settings)) => *settings,
                _ => read.serve,
            };
            assert_eq!(settings.seed, Some(8));
            assert_eq!(settings.clock, parhelion_state::ClockMode::Scaled { factor: 60.0 });
            let told = settings.codepipeline().unwrap();
            assert_eq!((told.auth, told.trusted_proxies.len()), (parhelion_core::Auth::Strict, 2));
            assert_eq!((told.secrets.of("A"), told.secrets.of("C")), (Some("b"), Some("d=")));
        }
        // A flag takes the place of the file's whole list.
        let one = parsed(text, &["--trusted-proxies", "192.0.2.1"]).unwrap().serve;
        assert_eq!(one.trusted_proxies, ["192.0.2.1".parse().unwrap()]);
        assert!(parsed("", &[]).is_ok());
    }

    #[test]
    fn every_flag_that_is_a_setting_is_known() {
        let flags = flags();
        for flag in ["listen", "seed", "public-url", "log", "clock", "deliver-to", "auth", "github-api"] {
            assert!(flags.contains_key(flag), "{flags:?}");
        }
        assert!(!flags.contains_key("config") && !flags.contains_key("help"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, says) in [
            ("sede = 7", "p.toml: unknown key \"sede\"; known: auth, "),
            ("config = \"x\"", "unknown key \"config\""),
            ("aws_secret = \"A=b\"", "unknown key \"aws_secret\""),
            ("[aws]\nsecret = 1", "unknown key \"aws\""),
            ("seed = 1.5", "\"seed\" is a text or a whole number"),
            ("seed = { a = 1 }", "\"seed\" is a text"),
            ("seed = 7\nlisten = ", "p.toml, line 2: "),
            ("seed = 7\nseed = 8", "p.toml, line 2: "),
            ("clock = \"fast\"", "a clock is system"),
            ("seed = [1, 2]", "\"seed\" is a text or a whole number"),
            ("trusted-proxies = [[]]", "\"trusted-proxies\" is a text or a list of texts"),
        ] {
            let said = parsed(text, &[]).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
        let said = parsed("aws-secret = [\"geheim", &[]).unwrap_err();
        assert!(!said.contains("geheim"), "{said}");
    }
}
