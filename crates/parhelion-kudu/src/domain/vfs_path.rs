//! Paths below HOME as clients write them.

/// Longest path, bytes.
pub const MAX_PATH_BYTES: usize = 4_096;
/// Longest name in it, bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// A path below HOME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VfsPath {
    /// Names with single slashes between; empty for HOME.
    pub path: String,
    /// Whether it was written with a slash at its end.
    pub slash: bool,
}

/// Why a text is no path below HOME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPath {
    /// It leads out of HOME: absolute, or with more `..` than folders.
    Outside,
    /// A name that no file can have: a drive or stream (`:`), a device (`NUL`), control characters.
    NoName,
    /// Longer than [`MAX_PATH_BYTES`], or with a name longer than [`MAX_NAME_BYTES`].
    TooLong,
}

impl BadPath {
    /// In words, for the journal.
    pub fn why(self) -> &'static str {
        match self {
            BadPath::Outside => "it leads out of the site's space",
            BadPath::NoName => "it names a drive, a device or what no file can be called",
            BadPath::TooLong => "it is too long",
        }
    }
}

/// Names that are devices to Windows, with whatever extension.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

impl VfsPath {
    /// Reads a path that was percent-decoded once. Slashes of both kinds part names, as Windows reads them.
    ///
    /// # Errors
    /// What leads out of HOME, names no file, or is too long.
    pub fn parse(text: &str) -> Result<VfsPath, BadPath> {
        if text.len() > MAX_PATH_BYTES {
            return Err(BadPath::TooLong);
        }
        let is_slash = |c: char| c == '/' || c == '\\';
        if text.starts_with(is_slash) {
            return Err(BadPath::Outside);
        }
        let mut names: Vec<&str> = Vec::new();
        for name in text.split(is_slash) {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop().ok_or(BadPath::Outside)?;
                }
                name if name.len() > MAX_NAME_BYTES => return Err(BadPath::TooLong),
                name if !is_name(name) => return Err(BadPath::NoName),
                name => names.push(name),
            }
        }
        let last = text.rsplit(is_slash).next().unwrap_or_default();
        let slash = text.ends_with(is_slash) || last == "." || last == "..";
        Ok(VfsPath { path: names.join("/"), slash })
    }
}

/// A path below HOME as the site's own file system names it.
pub fn native(path: &str) -> String {
    if path.is_empty() { "/home".to_owned() } else { format!("/home/{path}") }
}

/// Whether a file may be called so.
pub fn is_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is_port = |port: &str| {
        let named = stem.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(port));
        named && stem.len() == 4 && stem.ends_with(|c: char| ('1'..='9').contains(&c))
    };
    let is_device =
        DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) || is_port("COM") || is_port("LPT");
    !is_device && !name.chars().any(|c| c.is_control() || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::is_path;
    use proptest::prelude::*;

    fn path(text: &str) -> Result<(String, bool), BadPath> {
        VfsPath::parse(text).map(|p| (p.path, p.slash))
    }
    fn ok(path: &str, slash: bool) -> Result<(String, bool), BadPath> {
        Ok((path.to_owned(), slash))
    }

    #[test]
    fn both_slashes_part_names() {
        assert_eq!(path("site/wwwroot/a.txt"), ok("site/wwwroot/a.txt", false));
        assert_eq!(path(r"site\wwwroot//a\"), ok("site/wwwroot/a", true));
        assert_eq!(path(""), ok("", false));
        assert_eq!(path("a/../b/./c"), ok("b/c", false));
        assert_eq!(path("a/b/.."), ok("a", true));
        assert_eq!(path("a%20b/ü"), ok("a%20b/ü", false));
    }

    #[test]
    fn nothing_leads_out() {
        for out in
            ["..", "a/../..", "../site", r"..\x", r"a\..\..\x", "/etc/passwd", r"\\.\PhysicalDrive0", "//?/x"]
        {
            assert_eq!(path(out), Err(BadPath::Outside), "{out}");
        }
        for none in
            ["C:/x", "c:", "a/b:stream", "NUL", "a/con.txt", "com1", "LPT9.log", "a\0b", "a\nb", "aux "]
        {
            assert_eq!(path(none), Err(BadPath::NoName), "{none}");
        }
        for good in ["console", "com", "com10", "nullable", "auxiliary.js", "lpt0"] {
            assert!(path(good).is_ok(), "{good}");
        }
        assert_eq!(path(&"a".repeat(256)), Err(BadPath::TooLong));
        assert_eq!(path(&"a/".repeat(2_049)), Err(BadPath::TooLong));
    }

    proptest! {
        /// Whatever is asked for, a path stays below HOME and has one form.
        #[test]
        fn a_path_stays_below_home(text in "([./\\\\ab:]|\\.\\.|\\PC|[\u{0}-\u{1f}]){0,24}") {
            if let Ok(found) = VfsPath::parse(&text) {
                prop_assert!(found.path.is_empty() || is_path(&found.path), "{}", found.path);
                prop_assert!(!found.path.contains(['\\', ':']) && !found.path.chars().any(char::is_control));
                let again = VfsPath::parse(&found.path).unwrap();
                prop_assert_eq!(&again.path, &found.path);
            }
        }
        /// What a model of `..` says.
        #[test]
        fn parent_folders_are_what_a_stack_says(parts in proptest::collection::vec("(\\.\\.|\\.|a|b|)", 0..10)) {
            let text = parts.join("/");
            let mut depth = 0i32;
            let mut lowest = 0;
            for part in &parts {
                depth += match part.as_str() { ".." => -1, "" | "." => 0, _ => 1 };
                lowest = lowest.min(depth);
            }
            let leads_out = lowest < 0 || text.starts_with('/');
            prop_assert_eq!(VfsPath::parse(&text).is_err(), leads_out, "{}", text);
        }
    }
}
