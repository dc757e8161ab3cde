//! The expression language: `tests/tables/expressions.tsv`, and what is too regular to be written down.

use crate::{
    FILE, run,
    tables::{judge, meant, rows},
};
use parhelion_azure_pipelines::{Inputs, joined, pipeline::Variable};

const PARAMETERS: &str = "\
parameters:
- name: obj
  type: object
  default:
    a: 1
    B: two
    'x.y': dot
    9num: nine
    '9': number key
    'True': boolean key
    _lead: three
    nothing:
    list:
    - id: 7
      tags: [p, q]
      note:
    - id: 8
      tags: [r]
      note: n
    - plain
- name: map
  type: object
  default: {b: 1, a: 2}
- name: grid
  type: object
  default: [[a, b], [c, d]]
- name: other
  type: object
  default: [1, two]
- name: text
  default: Hello
- name: n
  type: number
  default: 7
- name: flag
  type: boolean
  default: true
- name: empty
  type: object
  default: {}
variables:
- name: known
  value: V
- name: My.Var
  value: mv
";

/// The value of the braces, or what is said of them at the place of their scalar.
fn value(expression: &str) -> String {
    let text =
        format!("{PARAMETERS}- name: probe\n  value: |-\n    ${{{{ {expression} }}}}\nsteps:\n- script: x\n");
    let line = PARAMETERS.lines().count() + 2;
    match run(&text, &Inputs::default()) {
        Ok(expanded) => match expanded.pipeline.variables.last() {
            Some(Variable::Value { value, .. }) => value.clone(),
            other => format!("{other:?}"),
        },
        Err(issues) => {
            let text = joined(&issues);
            let place = format!("{FILE} (Line: {line}, Col: 10): ");
            text.strip_prefix(&place).map_or_else(|| text.clone(), str::to_owned)
        }
    }
}

#[test]
fn every_row_of_the_table() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for row in rows(include_str!("../tables/expressions.tsv")) {
        let [expression, outcome] = row[..] else { panic!("not two cells: {row:?}") };
        let (got, want) = (value(expression), meant(outcome, expression));
        cases += 1;
        if got != want {
            wrong.push(format!("{expression}\n  want {want:?}\n  got  {got:?}"));
        }
    }
    judge(wrong, cases);
}

/// Too few arguments are found at the `)`, too many at the `,` before the first that is too many.
#[test]
fn every_function_has_its_arity() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for row in rows(include_str!("../tables/functions.tsv")) {
        let [name, least, most, place] = row[..] else { panic!("not four cells: {row:?}") };
        if place != "everywhere" {
            continue;
        }
        let call = |n: usize| format!("{name}({})", vec!["1"; n].join(", "));
        let least: usize = least.parse().unwrap();
        let mut expect = |expression: String, outcome: Option<String>| {
            let got = value(&expression);
            cases += 1;
            let fits = match &outcome {
                Some(outcome) => got == meant(outcome, &expression),
                None => !got.contains("Unexpected symbol") && !got.contains("Unrecognized value"),
            };
            if !fits {
                wrong.push(format!("{expression}\n  want {outcome:?}\n  got  {got:?}"));
            }
        };
        expect(call(least), None);
        expect(call(least).to_uppercase(), None);
        let few = call(least - 1);
        expect(few.clone(), Some(format!("! Unexpected symbol: ')' @{}", few.len())));
        expect(name.to_owned(), Some(format!("! Expected '(' to follow a function: '{name}' @1")));
        match most {
            "N" => expect(call(40), None),
            most => {
                let most: usize = most.parse().unwrap();
                expect(call(most), None);
                let at = call(most).len();
                expect(call(most + 1), Some(format!("! Unexpected symbol: ',' @{at}")));
            }
        }
    }
    judge(wrong, cases);
}

#[test]
fn depth() {
    const TOO_DEEP: &str = "Exceeded max expression depth 50. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996";
    let nested = |n: usize| format!("{}true{}", "not(".repeat(n), ")".repeat(n));
    assert_eq!(value(&nested(49)), "False");
    assert_eq!(value(&nested(50)), TOO_DEEP);
    assert_eq!(value(&nested(5000)), TOO_DEEP);
    // Depth is looked at after the form and before names.
    assert_eq!(value(&nested(50).replace("true", "nosuch")), TOO_DEEP);
    assert!(value(&format!("{} 2", nested(50))).starts_with("Unexpected symbol: '2'"));
    // Within mixed text the synthetic call around it counts.
    let mixed = |n: usize| crate::preview(&format!("steps:\n- script: a ${{{{ {} }}}}\n", nested(n)));
    assert!(mixed(48).contains("script: a True"));
    assert_eq!(mixed(49), format!("{FILE} (Line: 2, Col: 11): {TOO_DEEP}"));
    // Postfixes are free; brackets within brackets are not.
    assert_eq!(value(&format!("variables{}", ".a".repeat(5000))), "");
    let brackets = |n: usize| format!("{}'a'{}", "variables[".repeat(n), "]".repeat(n));
    assert_eq!(value(&brackets(50)), "");
    assert_eq!(value(&brackets(51)), TOO_DEEP);
}
