//! Tables that a reader can lay beside the specification: files in `tests/tables`, a row a case.

/// The rows of a table: what stands between tabs, without comments and headings. A row that starts with a tab has an
/// empty first cell.
pub fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = table.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(|line| {
        let mut cells = line.split('\t');
        let first = cells.next();
        first.into_iter().chain(cells.filter(|c| !c.is_empty())).collect()
    })
}

/// The text that an outcome stands for: `<empty>`, `\n`, `! text`, `! Kind: 'raw' @N` (an error at a place within
/// `expression`).
pub fn meant(outcome: &str, expression: &str) -> String {
    if outcome == "<empty>" {
        return String::new();
    }
    let Some(error) = outcome.strip_prefix("! ") else { return outcome.replace("\\n", "\n") };
    let Some((said, at)) = error.rsplit_once(" @") else { return error.to_owned() };
    format!(
        "{said}. Located at position {at} within expression: '{expression}'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996"
    )
}

/// All that is wrong with a table, in one failure.
pub fn judge(wrong: Vec<String>, cases: usize) {
    assert!(cases > 0, "the table is empty");
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
}
