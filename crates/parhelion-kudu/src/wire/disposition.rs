//! `Content-Disposition`.

/// The name of the file that a header is about, without folders; `None` when it names none.
pub fn file_name(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        // What stands in quotes may hold a semicolon.
        let end = end_of_member(rest);
        let (member, after) = rest.split_at(end);
        if let Some((name, value)) = member.split_once('=')
            && name.trim().eq_ignore_ascii_case("filename")
        {
            let value = value.trim().trim_matches('"').replace("\\\"", "\"");
            let name = value.rsplit(['/', '\\']).next().unwrap_or_default().trim();
            return (!name.is_empty()).then(|| name.to_owned());
        }
        rest = after.strip_prefix(';')?;
    }
}

fn end_of_member(text: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_name_loses_quotes_and_folders() {
        for (header, name) in [
            ("attachment; filename=run.cmd", Some("run.cmd")),
            ("attachment; FileName=\"my; run.sh\"; size=3", Some("my; run.sh")),
            ("attachment; filename=\"C:\\jobs\\run.bat\"", Some("run.bat")),
            ("attachment; filename=../../run.py", Some("run.py")),
            ("filename=run.js", Some("run.js")),
            ("attachment", None),
            ("attachment; filename=", None),
            ("attachment; filename=\"\"", None),
            ("attachment; filename=a/", None),
        ] {
            assert_eq!(file_name(header).as_deref(), name, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "(filename|[=;\"\\\\ a/é]){0,12}") {
            if let Some(name) = file_name(&header) {
                prop_assert!(!name.is_empty() && !name.contains(['/', '\\']));
            }
        }
    }
}
