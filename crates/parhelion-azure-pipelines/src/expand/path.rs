//! Which file a `template:` means.

/// A reference, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference<'t> {
    /// The path as written.
    pub path: &'t str,
    /// What follows the first `@`; `None` if there is none.
    pub alias: Option<&'t str>,
}

/// Takes a reference apart.
// OBSERVED: at the first `@`, nothing is trimmed, and a path cannot hold one.
pub(super) fn reference(text: &str) -> Reference<'_> {
    match text.split_once('@') {
        Some((path, alias)) => Reference { path, alias: Some(alias) },
        None => Reference { path: text, alias: None },
    }
}

/// The path from the root of the repository, beginning with `/`. `base` is the including file, if it is of the same
/// repository.
///
/// # Errors
/// The path, as the message shows it, when it leaves the repository or names nothing.
// OBSERVED: relative to the including file, but to the root in another repository; `\` is `/`; the forms in errors.
pub(super) fn resolve(path: &str, base: Option<&str>) -> Result<String, String> {
    let path = path.replace('\\', "/");
    let whole = if path.starts_with('/') {
        path
    } else {
        match base {
            Some(file) => {
                let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{}/{path}", if folder.is_empty() { "/" } else { folder })
            }
            None => format!("/{path}"),
        }
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(whole);
                }
            }
            part => parts.push(part),
        }
    }
    // CHOICE: a path that ends with a slash names a folder.
    if parts.is_empty() || whole.ends_with('/') {
        return Err(whole);
    }
    Ok(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths() {
        for (path, base, want) in [
            ("a.yml", Some("/azure-pipelines.yml"), Ok("/a.yml")),
            ("a.yml", Some("/x/y/z.yml"), Ok("/x/y/a.yml")),
            ("./a.yml", Some("/x/z.yml"), Ok("/x/a.yml")),
            ("../a.yml", Some("/x/z.yml"), Ok("/a.yml")),
            ("/a/b.yml", Some("/x/z.yml"), Ok("/a/b.yml")),
            ("a\\b.yml", Some("/x/z.yml"), Ok("/x/a/b.yml")),
            ("\\a\\b.yml", Some("/x/z.yml"), Ok("/a/b.yml")),
            ("a//b.yml", Some("/z.yml"), Ok("/a/b.yml")),
            ("a.yml", None, Ok("/a.yml")),
            ("a.yml ", Some("/z.yml"), Ok("/a.yml ")),
            ("../a.yml", Some("/z.yml"), Err("//../a.yml")),
            ("../../../a.yml", Some("/x/z.yml"), Err("/x/../../../a.yml")),
            ("../x/a.yml", None, Err("/../x/a.yml")),
            ("/../x", Some("/z.yml"), Err("/../x")),
            ("", Some("/z.yml"), Err("//")),
            ("", None, Err("/")),
            ("a/", None, Err("/a/")),
        ] {
            let want = want.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(resolve(path, base), want, "{path} {base:?}");
        }
    }

    #[test]
    fn references() {
        for (text, path, alias) in [
            ("/a.yml", "/a.yml", None),
            ("/a.yml@t", "/a.yml", Some("t")),
            ("/a.yml@", "/a.yml", Some("")),
            ("/a@b.yml@t", "/a", Some("b.yml@t")),
        ] {
            assert_eq!(reference(text), Reference { path, alias }, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_leaves_the_root(path in r"[a./\\]{0,20}", base in proptest::option::of("(/[a.]{1,3}){1,4}")) {
            if let Ok(path) = resolve(&path, base.as_deref()) {
                let inner = path.strip_prefix('/').unwrap();
                prop_assert!(inner.split('/').all(|p| !matches!(p, "" | "." | "..")), "{path}");
                prop_assert_eq!(resolve(&path, base.as_deref()), Ok(path.clone()));
            }
        }
    }
}
