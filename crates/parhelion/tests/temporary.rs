//! What the program leaves behind: nothing.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Starts it with a folder of its own for temporary files, has that looked at, ends it by a signal; what is left.
fn left_after(signal: &str) -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = folder.join(format!("{signal}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let inside = || -> Vec<_> {
        std::fs::read_dir(&folder).expect("it can be read").map(|e| e.expect("an entry").path()).collect()
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_parhelion"))
        .args(["--listen", "127.0.0.1:0", "--log", "error"])
        .env("TMPDIR", &folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a first line");
    assert_eq!(inside().len(), 1, "the folder of git objects, while it runs");
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    assert!(child.wait().expect("it ends").success());
    let left = inside();
    std::fs::remove_dir_all(&folder).expect("it goes again");
    left
}

#[test]
fn no_folder_of_git_objects_outlives_the_program() {
    for signal in ["TERM", "INT"] {
        assert_eq!(left_after(signal), Vec::<std::path::PathBuf>::new(), "{signal}");
    }
}
