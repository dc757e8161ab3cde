//! Scripts that do nothing but say something: what a simulated step can say without being executed.

/// What a script's plain `echo` lines print, one after another. `bare`: whether `#` may stand without quotes, as in the
/// script of a `CmdLine` step that is meant for Windows too.
// CHOICE: constants only: `echo 'text'`, `echo "text"`, `Write-Host "text"`, without variables of the shell, pipes or
// redirections.
pub fn echoed(script: &str, bare: bool) -> Vec<String> {
    script.lines().filter_map(|line| one(line.trim(), bare)).collect()
}

fn one(line: &str, bare: bool) -> Option<String> {
    let (command, rest) = line.split_once(char::is_whitespace)?;
    if !["echo", "@echo", "write-host", "write-output"].contains(&command.to_ascii_lowercase().as_str()) {
        return None;
    }
    let rest = rest.trim().trim_end_matches(';').trim_end();
    if let Some(inner) = rest.strip_prefix('\'').and_then(|r| r.strip_suffix('\'')) {
        return (!inner.contains('\'')).then(|| inner.to_owned());
    }
    if let Some(inner) = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"')) {
        return (!inner.contains(['"', '$', '`', '\\'])).then(|| inner.to_owned());
    }
    let comment = rest.starts_with('#') && !bare;
    (!comment && !rest.contains(['\'', '"', '$', '`', '\\', '|', '>', '<', '&', '*']))
        .then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_said_and_nothing_else() {
        let script = "echo \"##vso[task.setvariable variable=a]1\"\n  echo 'it''s'\necho 'b c';\nset -e\nWrite-Host \"d\"\necho \"$HOME\"\necho a > b\necho ##vso[x.y]z\necho plain\nfor i in 1; do echo x; done";
        let quoted = ["##vso[task.setvariable variable=a]1", "b c", "d"];
        assert_eq!(echoed(script, false), [&quoted[..], &["plain"]].concat());
        assert_eq!(echoed(script, true), [&quoted[..], &["##vso[x.y]z", "plain"]].concat());
    }
}
