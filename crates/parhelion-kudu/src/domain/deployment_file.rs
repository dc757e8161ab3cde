//! `.deployment`, the file at a package's root that says how to deploy it: an ini with a section `[config]`.

use super::text::same;

/// What the file asks for. Empty values count as not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFile {
    /// `command`: run in place of the copy.
    pub command: Option<String>,
    /// `project`: the folder of the package that is deployed.
    pub project: Option<String>,
    /// `SCM_TARGET_PATH`: the folder of the site that it is deployed to.
    pub target: Option<String>,
}

impl DeploymentFile {
    /// Reads the file. Section and key names ignore case; the last of equal keys counts; lines that are neither
    /// section nor `key = value` (comments with `;` or `#`, anything else) are passed over.
    pub fn parse(text: &str) -> Self {
        let mut file = DeploymentFile::default();
        let mut in_config = false;
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
            if line.starts_with([';', '#']) {
                continue;
            }
            if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                in_config = same(section.trim(), "config");
            } else if let Some((key, value)) = line.split_once('=').filter(|_| in_config) {
                let value = Some(value.trim()).filter(|v| !v.is_empty()).map(str::to_owned);
                match key.trim() {
                    key if same(key, "command") => file.command = value,
                    key if same(key, "project") => file.project = value,
                    key if same(key, "SCM_TARGET_PATH") => file.target = value,
                    _ => {}
                }
            }
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn section_and_keys_ignore_case() {
        let file = DeploymentFile::parse(
            "\u{feff}[Config]\r\nCommand = echo a=b\r\n; project = no\r\nPROJECT=web\r\n",
        );
        assert_eq!(file.command.as_deref(), Some("echo a=b"));
        assert_eq!(file.project.as_deref(), Some("web"));
    }

    #[test]
    fn other_sections_and_empty_values_say_nothing() {
        assert_eq!(DeploymentFile::parse("command = x\n[other]\ncommand = y\n"), DeploymentFile::default());
        assert_eq!(
            DeploymentFile::parse("[config]\ncommand =\nnonsense\n[config"),
            DeploymentFile::default()
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[config\\]\n)?.{0,40}(\n.{0,20})*") {
            let _ = DeploymentFile::parse(&text);
        }
        #[test]
        fn a_command_is_read_back(command in "[a-zA-Z][a-zA-Z0-9 =./-]{0,20}[a-z]") {
            let file = DeploymentFile::parse(&format!("[config]\ncommand = {command}\n"));
            prop_assert_eq!(file.command, Some(command));
        }
    }
}
