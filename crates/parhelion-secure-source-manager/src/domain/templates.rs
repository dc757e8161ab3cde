//! What a new repository may begin with.

use crate::{error::Error, proto::v1::repository::InitialConfig};
use parhelion_git::{Change, valid_branch_name};

/// Docs: InitialConfig.gitignores, the names allowed.
const GITIGNORES: &str = include_str!("../../templates/gitignore/names.txt");

/// Default branch when none is given.
const DEFAULT_BRANCH: &str = "main";

/// Checks an initial configuration; the default branch.
pub fn check(config: Option<&InitialConfig>) -> Result<String, Error> {
    let field = |name: &str| format!("repository.initial_config.{name}");
    let Some(config) = config else { return Ok(DEFAULT_BRANCH.to_owned()) };
    if !config.default_branch.is_empty() && !valid_branch_name(&config.default_branch) {
        return Err(Error::field(field("default_branch"), "is not a valid branch name."));
    }
    if let Some(unknown) =
        config.gitignores.iter().find(|name| !GITIGNORES.lines().any(|known| known == *name))
    {
        let unknown = parhelion_core::text::prefix(unknown, 100);
        return Err(Error::field(field("gitignores"), format!("unknown template \"{unknown}\".")));
    }
    let license = &config.license;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if license.len() > 64
        || !license.bytes().all(plain)
        || license.starts_with(|c: char| !c.is_ascii_lowercase())
        || license.ends_with('-')
    {
        return Err(Error::field(
            field("license"),
            "must be an SPDX identifier in lower case, with - for each dot.",
        ));
    }
    if !matches!(config.readme.as_str(), "" | "default") {
        return Err(Error::field(field("readme"), "must be \"default\"."));
    }
    let given = &config.default_branch;
    Ok(if given.is_empty() { DEFAULT_BRANCH.to_owned() } else { given.clone() })
}

/// The files of the first commit; none when nothing was asked for. CHOICE: Gitea's layout.
pub fn files(
    config: Option<&InitialConfig>,
    id: &str,
    description: &str,
    holder: &str,
    year: i32,
) -> Vec<Change> {
    let mut files = Vec::new();
    let Some(config) = config else { return files };
    let mut put = |path: &str, text: String| {
        files.push(Change::Put { path: path.to_owned(), content: text.into_bytes() });
    };
    if !config.readme.is_empty() {
        put("README.md", format!("# {id}\n\n{description}\n"));
    }
    if !config.gitignores.is_empty() {
        put(
            ".gitignore",
            config.gitignores.iter().map(|name| gitignore(name)).collect::<Vec<_>>().join("\n"),
        );
    }
    if !config.license.is_empty() {
        put("LICENSE", license(&config.license, holder, year));
    }
    files
}

/// CHOICE: real text for the common ones, a line that names the template for the others.
fn gitignore(name: &str) -> String {
    match name {
        "go" => include_str!("../../templates/gitignore/go.txt").to_owned(),
        "rust" => include_str!("../../templates/gitignore/rust.txt").to_owned(),
        "python" => include_str!("../../templates/gitignore/python.txt").to_owned(),
        "node" => include_str!("../../templates/gitignore/node.txt").to_owned(),
        "java" => include_str!("../../templates/gitignore/java.txt").to_owned(),
        other => format!("# {other}\n"),
    }
}

fn license(name: &str, holder: &str, year: i32) -> String {
    let text = match name {
        "apache-2-0" => include_str!("../../templates/license/apache-2-0.txt"),
        "mit" => include_str!("../../templates/license/mit.txt"),
        "bsd-3-clause" => include_str!("../../templates/license/bsd-3-clause.txt"),
        other => return format!("License: {other}\n"),
    };
    text.replace("{year}", &year.to_string()).replace("{holder}", holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(branch: &str, gitignores: &[&str], license: &str, readme: &str) -> InitialConfig {
        InitialConfig {
            default_branch: branch.to_owned(),
            gitignores: gitignores.iter().map(|g| (*g).to_owned()).collect(),
            license: license.to_owned(),
            readme: readme.to_owned(),
        }
    }

    #[test]
    fn what_is_asked_for_is_made() {
        let asked = config("trunk", &["rust", "zig-less", "vim"], "mit", "default");
        assert!(check(Some(&asked)).is_err());
        let asked = config("trunk", &["rust", "vim"], "mit", "default");
        assert_eq!(check(Some(&asked)).unwrap(), "trunk");
        let files = files(Some(&asked), "my-repo", "A thing.", "my-project", 2026);
        let text: Vec<(String, String)> = files
            .into_iter()
            .map(|change| match change {
                Change::Put { path, content } => (path, String::from_utf8(content).unwrap()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(text[0], ("README.md".to_owned(), "# my-repo\n\nA thing.\n".to_owned()));
        assert!(text[1].1.contains("/target/") && text[1].1.ends_with("\n# vim\n"));
        assert!(text[2].1.contains("Copyright (c) 2026 my-project"));
    }

    #[test]
    fn bad_configurations_are_refused() {
        for bad in [
            config("a..b", &[], "", ""),
            config("", &["nope"], "", ""),
            config("", &[], "Apache-2.0", ""),
            config("", &[], "0bsd", ""),
            config("", &[], "", "fancy"),
        ] {
            assert!(check(Some(&bad)).is_err(), "{bad:?}");
        }
        assert_eq!(check(None).unwrap(), "main");
        assert!(check(Some(&config("", &[], "license-0bsd", ""))).is_ok());
        assert!(files(Some(&config("x", &[], "", "")), "r", "", "p", 2026).is_empty());
    }
}
