//! What holds for any input.

use crate::{FILE, examples, run};
use parhelion_azure_pipelines::{
    Inputs, expand, parse, webhooks,
    yaml::{Node, Tree},
};
use proptest::prelude::*;

/// As the service does not take its own `enabled: false` back.
fn as_input(final_yaml: &str) -> String {
    final_yaml
        .replace("trigger:\n  enabled: false\n", "trigger: none\n")
        .replace("pr:\n  enabled: false\n", "pr: none\n")
}

/// What must hold for a text: no panic, the same twice, a fixed point.
fn holds(text: &str, inputs: &Inputs) -> Result<(), TestCaseError> {
    let Ok(document) = parse(FILE, text) else { return Ok(()) };
    let _ = webhooks(&document);
    let first = expand(&document, inputs);
    let second = expand(&document, inputs);
    match (first, second) {
        (Ok(a), Ok(b)) => {
            prop_assert_eq!(&a.final_yaml, &b.final_yaml);
            prop_assert_eq!(&a.pipeline, &b.pipeline);
            if !a.final_yaml.contains("${{") {
                let again = run(&as_input(&a.final_yaml), inputs);
                match again {
                    Ok(again) => {
                        prop_assert_eq!(&again.final_yaml, &a.final_yaml);
                        // Places of resources differ, all else is the same.
                        prop_assert_eq!(&again.pipeline.stages, &a.pipeline.stages);
                        prop_assert_eq!(&again.pipeline.variables, &a.pipeline.variables);
                    }
                    Err(issues) => {
                        return Err(TestCaseError::fail(format!("{issues:?}\n{}", a.final_yaml)));
                    }
                }
            }
        }
        (Err(a), Err(b)) => {
            prop_assert!(!a.is_empty());
            prop_assert_eq!(a, b);
        }
        (a, b) => return Err(TestCaseError::fail(format!("{a:?} and {b:?}"))),
    }
    Ok(())
}

/// A small generator of its own: the same mutations in every run, on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // xorshift
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap_or_default()
    }
}

const SCRAPS: &[&str] = &[
    "${{",
    "}}",
    "${{ if true }}:",
    "${{ else }}:",
    "${{ each x in parameters.checks }}:",
    "${{ insert }}:",
    ":",
    "- ",
    "\n",
    "  ",
    "'",
    "\"",
    "|",
    ">",
    "|2",
    "&a ",
    "*a",
    "!!str ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "?",
    "#",
    "\t",
    "\r",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "🙂",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "$[",
    "]]",
    "()",
    "eq(",
    "0.5",
    "~",
    "=",
];

fn mutated(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(chars.len() + 1);
        match dice.roll(4) {
            0 => {
                let end = (at + 1 + dice.roll(12)).min(chars.len());
                chars.drain(at.min(end)..end);
            }
            1 => {
                let from = dice.roll(chars.len() + 1);
                let piece: Vec<char> = chars.iter().skip(from).take(dice.roll(40)).copied().collect();
                chars.splice(at..at, piece);
            }
            2 if at + 1 < chars.len() => chars.swap(at, at + 1),
            _ => {
                let scrap = SCRAPS[dice.roll(SCRAPS.len())];
                chars.splice(at..at, scrap.chars());
            }
        }
    }
    chars.into_iter().collect()
}

#[test]
fn mutations_of_the_examples() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut expanded = 0;
    for (name, text, inputs) in examples::all() {
        for round in 0..1000 {
            let text = mutated(text, &mut dice);
            expanded += usize::from(run(&text, &inputs).is_ok());
            if let Err(e) = holds(&text, &inputs) {
                panic!("{name} {round}: {e}\n{text}");
            }
        }
    }
    // They are close enough to the originals that a good part still is a pipeline.
    assert!(expanded > 200, "{expanded}");
}

#[test]
fn every_beginning_of_the_examples() {
    for (_, text, inputs) in examples::all() {
        for end in (0..text.len()).step_by(7).filter(|e| text.is_char_boundary(*e)) {
            holds(&text[..end], &inputs).unwrap();
        }
    }
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
