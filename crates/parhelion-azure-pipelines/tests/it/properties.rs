//! What holds for any input.

use crate::{FILE, holds, run};
use parhelion_azure_pipelines::{
    Inputs,
    files::NoFiles,
    parse,
    yaml::{Node, Tree},
};
use proptest::prelude::*;

/// What must hold for a text: no panic, the same twice, a fixed point.
fn holds(text: &str, inputs: &Inputs) -> Result<(), TestCaseError> {
    holds::holds(text, inputs, &NoFiles).map(drop).map_err(TestCaseError::fail)
}

/// Text that looks like an expression.
fn expression() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("parameters".to_owned()),
        Just("variables".to_owned()),
        Just("'a''b'".to_owned()),
        Just("1.5".to_owned()),
        Just("1.2.3".to_owned()),
        Just("true".to_owned()),
        "(eq|ne|and|or|not|format|join|split|length|convertToJson|iif|in|coalesce|upper)\\(".prop_map(|s| s),
        "[()\\[\\],.*' -]".prop_map(|s| s),
        "[a-zA-Z0-9_!=<>&|+\"é]{1,3}".prop_map(|s| s),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn any_expression_is_judged(inner in expression(), mixed in any::<bool>()) {
        let lead = if mixed { "x " } else { "" };
        holds(&format!("steps:\n- script: >-\n    {lead}${{{{ {inner} }}}}\n"), &Inputs::default())?;
        holds(&format!("steps:\n- ${{{{ {inner} }}}}:\n  - script: x\n"), &Inputs::default())?;
    }

    #[test]
    fn any_text_is_judged(text in "([a-z]{1,3}|[-:?\\[\\]{}|>&*!%@`#,'\" \n\t]|\\$\\{\\{ [a-z]{1,4} \\}\\}|é|- ){0,60}") {
        holds(&text, &Inputs::default())?;
    }

    #[test]
    fn any_text_from_outside_stays_one_text(title in "(.|\n|\r|\t|: |- |#| \n|\n ){0,40}") {
        let text = "resources:\n  webhooks:\n  - webhook: w\n    connection: c\nsteps:\n- script: ${{ parameters.w.t }}\n  displayName: a ${{ parameters.w.t }} b\n";
        let inputs = crate::payload("w", serde_json::json!({"t": title}));
        let expanded = run(text, &inputs).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        let step = &expanded.pipeline.stages[0].jobs[0].steps[0];
        prop_assert_eq!(step.script(), Some(title.as_str()));
        // What is written reads back as the same text, as long as it is no expression again.
        if !title.contains("${{") && !title.chars().any(char::is_control) {
            holds(text, &inputs)?;
        }
        let again = parse(FILE, &expanded.final_yaml).map_err(|e| TestCaseError::fail(format!("{e:?}\n{}", expanded.final_yaml)))?;
        prop_assert!(again.root().same_content(&expanded.tree), "{}", expanded.final_yaml);
    }

    #[test]
    fn places_point_at_what_they_are_of(text in "((a|bc|é|'q'|\"d\"): ?(x|'y'|\"z\")?\n|- (é|'s')\n|#c\n){0,8}") {
        if let Ok(document) = parse(FILE, &text) {
            let lines: Vec<Vec<char>> = text.lines().map(|l| l.chars().collect()).collect();
            points(document.root(), &lines)?;
        }
    }
}

/// Every plain scalar's place is where its text stands.
fn points(node: &Node, lines: &[Vec<char>]) -> Result<(), TestCaseError> {
    let at =
        |line: u32, col: u32| lines.get(line as usize - 1).and_then(|l| l.get(col as usize - 1)).copied();
    match &node.tree {
        Tree::Scalar(s) => {
            if let Some(first) = s.text.chars().next() {
                let found = at(node.mark.line, node.mark.col);
                prop_assert!(
                    found == Some(first) || matches!(found, Some('\'' | '"')),
                    "{:?} {found:?}",
                    node
                );
            }
        }
        Tree::Sequence(items) => {
            prop_assert_eq!(at(node.mark.line, node.mark.col), Some('-'));
            for item in items {
                points(item, lines)?;
            }
        }
        Tree::Mapping(entries) => {
            for entry in entries {
                let found = at(entry.mark.line, entry.mark.col);
                prop_assert!(found == entry.key.text.chars().next() || matches!(found, Some('\'' | '"')));
                points(&entry.value, lines)?;
            }
        }
    }
    Ok(())
}
