//! `parhelion azure expand`: the examples of the repository, and how it is called wrongly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// The program in a folder, with no settings of the machine's.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parhelion"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARHELION_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).args(["azure", "expand"]).args(arguments).stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
fn expand(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let done = program(folder, arguments).output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

/// Compares with a file; `UPDATE_GOLDEN=1` writes it anew.
#[track_caller]
fn golden(file: &Path, got: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
        std::fs::write(file, got).expect("it can be written");
    }
    let want = std::fs::read_to_string(file).unwrap_or_default();
    assert!(got == want, "{} differs; UPDATE_GOLDEN=1 writes it anew:\n{got}", file.display());
}

const GOVERNED: &[&str] = &["app/azure-pipelines.yml", "--repo", "app", "--repository", "platform=platform"];

/// Folder, name of the expectation, arguments.
fn cases() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let governed = |more: &[&'static str]| [GOVERNED, more].concat();
    vec![
        ("monorepo", "default", vec!["azure-pipelines.yml"]),
        (
            "monorepo",
            "debug",
            vec![
                "azure-pipelines.yml",
                "--param",
                "configuration=Debug",
                "--param",
                "services=[{name: api, stack: python, tests: [unit, load]}, {name: web, stack: node, image: true}]",
            ],
        ),
        ("governed-release", "staging", governed(&[])),
        (
            "governed-release",
            "production",
            governed(&["--param", "target=production", "--param", "dryRun=true"]),
        ),
        ("governed-release", "refused", governed(&["--param", "target=prod", "--param", "replicas=many"])),
        ("governed-release", "unmapped", vec!["app/azure-pipelines.yml", "--repo", "app"]),
        ("webhook-deployment", "pushed", vec!["azure-pipelines.yml", "--webhook", "Pushed=pushed.json"]),
        ("webhook-deployment", "deleted", vec!["azure-pipelines.yml", "--webhook", "pushed=deleted.json"]),
        ("webhook-deployment", "by-hand", vec!["azure-pipelines.yml"]),
    ]
}

#[test]
fn examples_expand_to_what_is_kept() {
    for (name, case, arguments) in cases() {
        let folder = examples().join(name);
        let (code, out, err) = expand(&folder, &arguments);
        let expected = folder.join("expected");
        match code {
            Some(0) => golden(&expected.join(format!("{case}.yml")), &out),
            code => assert_eq!((code, out.as_str()), (Some(1), ""), "{case}: {err}"),
        }
        let messages = expected.join(format!("{case}.messages.txt"));
        match err.as_str() {
            "" => assert!(!messages.exists(), "{}: nothing was said", messages.display()),
            err => golden(&messages, err),
        }
    }
}

#[test]
fn what_was_expanded_expands_to_itself() {
    for (name, case, _) in cases() {
        let file = examples().join(name).join("expected").join(format!("{case}.yml"));
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        // The service does not take its own `enabled: false` back.
        let again = text.replace("trigger:\n  enabled: false\n", "trigger: none\n");
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("again.yml"), again).expect("it can be written");
        let (code, out, err) = expand(folder.path(), &["again.yml"]);
        assert_eq!((code, out), (Some(0), text), "{case}: {err}");
    }
}

#[test]
fn the_input_of_the_benchmark_is_one_that_expands() {
    let folder = examples().join("bench");
    let (code, out, err) = expand(&folder, &["azure-pipelines.yml"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.matches("- job: build_").count(), 50);
}

/// It is called wrongly: exit code 2, nothing on standard output, one line that says all of this.
#[track_caller]
fn refuses(folder: &Path, arguments: &[&str], says: &[&str]) {
    let (code, out, err) = expand(folder, arguments);
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{err}");
    for part in says {
        assert!(err.contains(part), "{part}: {err}");
    }
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let file = folder.join(name);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
    std::fs::write(file, content).expect("it can be written");
}

#[test]
fn called_wrongly() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    write(here, "a.yml", "steps:\n- script: x\n");
    write(here, "no.json", "{");
    write(here, "inner/b.yml", "steps: []\n");
    refuses(here, &[], &["required arguments were not provided: <FILE> ("]);
    refuses(here, &["none.yml"], &["there is no file none.yml"]);
    refuses(here, &["none.yml", "--repo", "inner"], &["there is no file none.yml, nor inner/none.yml"]);
    refuses(here, &["a.yml", "--repo", "none"], &["none: "]);
    refuses(here, &["a.yml", "--repo", "a.yml"], &["a.yml is no folder"]);
    refuses(here, &["a.yml", "--repo", "inner"], &["a.yml is not inside", "--repo"]);
    refuses(here, &["inner"], &["inner: it is no file"]);
    refuses(here, &["a.yml", "--param", "x"], &["--param", "a name, =, and a value are wanted"]);
    refuses(here, &["a.yml", "--param", "x=1", "--param", "x=2"], &["--param x is given twice"]);
    for flag in ["--param", "--webhook", "--variable", "--repository"] {
        refuses(here, &["a.yml", flag, "x=.", flag, "X=."], &[&format!("{flag} X is given twice")]);
    }
    refuses(
        here,
        &["a.yml", "--webhook", "x=no.json"],
        &["--webhook x: the pipeline names no webhook of that alias"],
    );
    refuses(here, &["a.yml", "--repository", "x=none"], &["--repository x: none: "]);
    write(
        here,
        "w.yml",
        "resources:\n  webhooks:\n  - webhook: Hook\n    connection: c\nsteps:\n- script: ${{ parameters.hook.a }}\n",
    );
    refuses(here, &["w.yml", "--webhook", "Hok=no.json"], &["it names Hook"]);
    refuses(here, &["w.yml", "--webhook", "Hook=no.json"], &["no.json is no JSON: "]);
    refuses(here, &["w.yml", "--webhook", "Hook=none.json"], &["none.json: there is no such file"]);
    refuses(here, &["w.yml", "--webhook", "Hook=inner"], &["inner: it is no file"]);
    write(here, "empty.json", "");
    assert_eq!(expand(here, &["w.yml", "--webhook", "HOOK=empty.json"]).0, Some(0));
}

#[test]
fn what_is_wrong_with_a_pipeline_is_said_as_the_service_says_it() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    write(here, "ci/azure-pipelines.yml", "steps:\n- template: t.yml\n  parameters: {n: x}\n");
    write(
        here,
        "ci/t.yml",
        "parameters:\n- name: n\n  type: number\nsteps:\n- script: ${{ parameters.m }}\n",
    );
    let (code, out, err) = expand(here, &["ci/azure-pipelines.yml"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            Some(1),
            "",
            "/ci/azure-pipelines.yml (Line: 3, Col: 19): The 'n' parameter value 'x' is not a valid Number.\n\
             /ci/t.yml (Line: 5, Col: 11): Key not found 'm'\n"
        )
    );
    // Its paths begin where the repository does.
    let (_, _, err) = expand(here, &["ci/azure-pipelines.yml", "--repo", "ci"]);
    assert!(err.contains("\n/t.yml (Line: 5"), "{err}");
}

#[test]
fn variables_are_those_of_a_run() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let text = "resources:\n  webhooks:\n  - webhook: W\n    connection: c\nsteps:\n- script: ${{ variables['Build.Reason'] }} ${{ variables['resources.triggeringAlias'] }} ${{ variables.branch }}.\n";
    write(here, "a.yml", text);
    write(here, "p.json", "{}");
    let script = |arguments: &[&str]| {
        let (code, out, err) = expand(here, &[&["a.yml"], arguments].concat());
        assert_eq!(code, Some(0), "{err}");
        out.lines().find_map(|l| l.trim().strip_prefix("script: ").map(str::to_owned)).expect("a script")
    };
    assert_eq!(script(&[]), "Manual  .");
    assert_eq!(script(&["--webhook", "W=p.json", "--variable", "branch=main"]), "ResourceTrigger W main.");
    assert_eq!(script(&["--variable", "build.reason=Schedule"]), "Schedule  .");
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    write(here, "secret.yml", "steps:\n- script: outside\n");
    write(here, "repo/inside.yml", "steps:\n- script: inside\n");
    write(here, "repo/.git/config.yml", "steps:\n- script: git\n");
    write(here, "repo/folder/x.yml", "steps: []\n");
    std::os::unix::fs::symlink(here.join("secret.yml"), here.join("repo/link.yml")).expect("a link");
    std::os::unix::fs::symlink(here, here.join("repo/up")).expect("a link");
    std::os::unix::fs::symlink("inside.yml", here.join("repo/fine.yml")).expect("a link");
    std::os::unix::fs::symlink("loop.yml", here.join("repo/loop.yml")).expect("a link");
    for (reference, says) in [
        ("../secret.yml", "The file path //../secret.yml is invalid"),
        ("link.yml", "File /link.yml cannot be read: it leads out of "),
        ("up/secret.yml", "File /up/secret.yml cannot be read: it leads out of "),
        (".git/config.yml", "File /.git/config.yml not found in repository "),
        ("folder", "File /folder not found in repository "),
        ("inside.yml/x", "File /inside.yml/x not found in repository "),
        ("Inside.yml", "File /Inside.yml not found in repository "),
        ("\"a\\0b.yml\"", "not found in repository "),
        ("loop.yml", "/a.yml: File /loop.yml cannot be read: "),
    ] {
        write(here, "repo/a.yml", format!("steps:\n- template: {reference}\n"));
        let (code, out, err) = expand(here, &["repo/a.yml", "--repo", "repo"]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{reference}");
        assert!(err.contains(says), "{reference}: {err}");
    }
    write(here, "repo/a.yml", "steps:\n- template: fine.yml\n");
    assert!(expand(here, &["repo/a.yml", "--repo", "repo"]).1.contains("script: inside"));
    refuses(here, &["repo/link.yml", "--repo", "repo"], &["is not inside"]);
}

#[test]
fn bytes_that_are_no_text_are_noted() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    write(here, "a.yml", b"steps:\n- script: a\xffb\n- template: t.yml\n- template: t.yml\n");
    write(here, "t.yml", b"steps:\n- script: \xc3(\n");
    let (code, out, err) = expand(here, &["a.yml"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("script: a\u{fffd}b\n"), "{out}");
    let note = |name: &str| format!("parhelion: note: {name} is not UTF-8: what is none of it is replaced\n");
    assert_eq!(err, note("/a.yml") + &note("/t.yml"));
}

#[test]
fn standard_input_is_a_pipeline_of_the_root() {
    use std::io::Write;
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "t.yml", "steps:\n- script: found\n");
    let mut child = program(folder.path(), &["-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("a pipe").write_all(b"steps:\n- template: t.yml\n").expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("script: found"));
}

#[test]
fn a_repository_that_nothing_names_is_noted() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "a.yml", "steps:\n- script: x\n");
    let (code, _, err) = expand(folder.path(), &["a.yml", "--repository", "shared=."]);
    assert_eq!(code, Some(0));
    assert_eq!(err, "parhelion: note: --repository shared: the pipeline names no such repository\n");
}

#[test]
fn help_says_all_of_it() {
    let done = program(Path::new("."), &["--help"]).output().expect("the program runs");
    let help = String::from_utf8_lossy(&done.stdout).into_owned();
    for part in ["--param", "--webhook", "--variable", "--repo ", "--repository", "Exit code:", "Examples:"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(!help.contains("PARHELION_"), "{help}");
}
