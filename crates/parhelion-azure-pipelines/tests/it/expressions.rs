//! The expression language, a row a case: what the braces hold and what comes out.
//! The rows are the rules of the service as observed; texts of errors are given without the help link.

use crate::{FILE, run};
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
    none:
    list:
    - id: 7
      tags: [p, q]
    - id: 8
      tags: []
    - plain
- name: other
  type: object
  default: [1, two]
- name: text
  default: Hello
- name: empty
  type: object
  default: {}
";

/// The value of the braces, or the error.
fn value(expression: &str) -> String {
    let text = format!(
        "{PARAMETERS}variables:\n- name: known\n  value: V\n- name: My.Var\n  value: mv\n- name: probe\n  value: |-\n    ${{{{ {expression} }}}}\nsteps:\n- script: x\n"
    );
    match run(&text, &Inputs::default()) {
        Ok(expanded) => match expanded.pipeline.variables.last() {
            Some(Variable::Value { value, .. }) => value.clone(),
            other => format!("{other:?}"),
        },
        Err(issues) => {
            let text = joined(&issues);
            let text = text.strip_prefix(FILE).and_then(|t| t.split_once("): ")).map_or(&*text, |(_, t)| t);
            text.replace(" For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996", "")
        }
    }
}

fn check(rows: &[(&str, &str)]) {
    for (expression, want) in rows {
        assert_eq!(value(expression), *want, "{expression}");
    }
}

#[test]
fn literals() {
    check(&[
        ("true", "True"),
        ("FALSE", "False"),
        ("42", "42"),
        ("-1.2", "-1.2"),
        (".5", "0.5"),
        ("1.", "1"),
        ("1.0", "1"),
        ("1000000", "1000000"),
        ("1000000000000000", "1E+15"),
        ("125000000000000000000", "1.25E+20"),
        ("999999999999999", "999999999999999"),
        ("0.00001", "1E-05"),
        ("0.0001", "0.0001"),
        ("1.2.3", "1.2.3"),
        ("1.2.3.4", "1.2.3.4"),
        ("''", ""),
        ("'It''s OK'", "It's OK"),
        ("'}}'", "}}"),
        ("'my${{value'", "my${{value"),
    ]);
}

#[test]
fn words_that_are_none() {
    check(&[
        ("null", "Unrecognized value: 'null'. Located at position 1 within expression: 'null'."),
        ("+1", "Unrecognized value: '+1'. Located at position 1 within expression: '+1'."),
        ("1e3", "Unrecognized value: '1e3'. Located at position 1 within expression: '1e3'."),
        ("0x1F", "Unrecognized value: '0x1F'. Located at position 1 within expression: '0x1F'."),
        ("1..2", "Unrecognized value: '1..2'. Located at position 1 within expression: '1..2'."),
        ("-1.2.3", "Unrecognized value: '-1.2.3'. Located at position 1 within expression: '-1.2.3'."),
        (
            "1.2.3.4.5",
            "Unrecognized value: '1.2.3.4.5'. Located at position 1 within expression: '1.2.3.4.5'.",
        ),
        ("\"x\"", "Unrecognized value: '\"x\"'. Located at position 1 within expression: '\"x\"'."),
        ("!true", "Unrecognized value: '!true'. Located at position 1 within expression: '!true'."),
        ("nosuch.a", "Unrecognized value: 'nosuch'. Located at position 1 within expression: 'nosuch.a'."),
        ("nosuch(1)", "Unrecognized value: 'nosuch'. Located at position 1 within expression: 'nosuch(1)'."),
        (
            "counter('a', 1)",
            "Unrecognized value: 'counter'. Located at position 1 within expression: 'counter('a', 1)'.",
        ),
        (
            "dependencies.a",
            "Unrecognized value: 'dependencies'. Located at position 1 within expression: 'dependencies.a'.",
        ),
        ("eq", "Expected '(' to follow a function: 'eq'. Located at position 1 within expression: 'eq'."),
    ]);
}

#[test]
fn form() {
    check(&[
        ("", "An expression was expected"),
        (
            "'open",
            "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
        ),
        ("1 == 1", "Unexpected symbol: '=='. Located at position 3 within expression: '1 == 1'."),
        (
            "true && false",
            "Unexpected symbol: '&&'. Located at position 6 within expression: 'true && false'.",
        ),
        ("! true", "Unexpected symbol: 'true'. Located at position 3 within expression: '! true'."),
        ("(true)", "Unexpected symbol: '('. Located at position 1 within expression: '(true)'."),
        ("1 2", "Unexpected symbol: '2'. Located at position 3 within expression: '1 2'."),
        ("nosuch 2", "Unexpected symbol: '2'. Located at position 8 within expression: 'nosuch 2'."),
        ("1e3 2", "Unrecognized value: '1e3'. Located at position 1 within expression: '1e3 2'."),
        ("eq(1)", "Unexpected symbol: ')'. Located at position 5 within expression: 'eq(1)'."),
        ("eq(1, 2, 3)", "Unexpected symbol: ','. Located at position 8 within expression: 'eq(1, 2, 3)'."),
        ("eq(1,", "Unclosed function: 'eq'. Located at position 1 within expression: 'eq(1,'."),
        ("eq(", "Unclosed function: 'eq'. Located at position 1 within expression: 'eq('."),
        ("eq(1, )", "Unexpected symbol: ')'. Located at position 7 within expression: 'eq(1, )'."),
        (
            "parameters.obj.",
            "Expected a property name to follow the dereference operator '.': '.'. Located at position 15 within expression: 'parameters.obj.'.",
        ),
        (
            "parameters.obj.9num",
            "Unexpected symbol: '9num'. Located at position 16 within expression: 'parameters.obj.9num'.",
        ),
        (
            "parameters.obj[]",
            "Unexpected symbol: ']'. Located at position 16 within expression: 'parameters.obj[]'.",
        ),
        (
            "parameters.obj['a'",
            "Unexpected symbol: '['. Located at position 15 within expression: 'parameters.obj['a''.",
        ),
        ("eq('é', 1) 2", "Unexpected symbol: '2'. Located at position 12 within expression: 'eq('é', 1) 2'."),
        // Blanks may stand between all tokens.
        ("eq ( 1 , 1 )", "True"),
        ("parameters . obj [ 'a' ]", "1"),
    ]);
}

#[test]
fn depth() {
    let nested = |n: usize| format!("{}true{}", "not(".repeat(n), ")".repeat(n));
    check(&[
        (&nested(49), "False"),
        (&nested(50), "Exceeded max expression depth 50."),
        (&nested(5000), "Exceeded max expression depth 50."),
    ]);
    // Postfixes are free; brackets within brackets are not.
    assert_eq!(value(&format!("variables{}", ".a".repeat(5000))), "");
    let brackets = |n: usize| format!("{}'a'{}", "variables[".repeat(n), "]".repeat(n));
    check(&[(&brackets(50), ""), (&brackets(51), "Exceeded max expression depth 50.")]);
}

#[test]
fn access() {
    check(&[
        ("parameters.obj.a", "1"),
        ("PARAMETERS.OBJ.a", "1"),
        ("parameters['obj']['a']", "1"),
        ("parameters.obj.A", ""),
        ("parameters.obj['x.y']", "dot"),
        ("parameters.obj['9num']", "nine"),
        ("parameters.obj.none", ""),
        ("parameters.obj.a.b.c", ""),
        ("parameters.obj.list[0].id", "7"),
        ("parameters.obj.list['1'].id", "8"),
        ("parameters.obj.list[1.9].id", "8"),
        ("parameters.obj.list[-1]", ""),
        ("parameters.obj.list[9]", ""),
        ("parameters.obj.list['x']", ""),
        ("parameters.obj.list[variables.missing].id", "7"),
        ("parameters.missing", "Key not found 'missing'"),
        ("parameters['missing']", "Key not found 'missing'"),
        ("variables.known", "V"),
        ("variables.KNOWN", "V"),
        ("variables.missing", ""),
        ("variables['My.Var']", "mv"),
        ("variables.My.Var", ""),
    ]);
}

#[test]
fn filtered_arrays() {
    check(&[
        ("join(',', parameters.obj.list.*.id)", "7,8"),
        ("join(',', parameters.obj.list[*].id)", "7,8"),
        ("join(',', parameters.obj.list.*.tags.*)", "p,q"),
        ("join(',', parameters.obj.list.*.tags[0])", "p"),
        ("length(parameters.obj.list.*)", "3"),
        ("length(parameters.obj.*)", "6"),
        ("length(parameters.text.*)", "0"),
    ]);
}

#[test]
fn comparison() {
    check(&[
        ("eq('a', 'A')", "True"),
        ("eq(true, 'false')", "True"),
        ("eq('true', true)", "True"),
        ("eq(1, '1.0')", "True"),
        ("eq('1.0', 1)", "False"),
        ("eq(1000, '1,000')", "True"),
        ("eq(1, ' +1 ')", "True"),
        ("eq(0, '')", "True"),
        ("eq(1, 'x')", "False"),
        ("ne(1, 'x')", "True"),
        ("eq(1.2.0, '1.2')", "False"),
        ("eq(1.2.0, '1.2.0')", "True"),
        ("lt(1.2.0, '1.3')", "True"),
        ("lt(1.2.0, 1.3)", "True"),
        ("eq(1.2.0, 2)", "False"),
        ("gt(1.10, 1.9)", "False"),
        ("gt(1.10.0, 1.9.0)", "True"),
        ("eq(variables.missing, '')", "True"),
        ("eq('', variables.missing)", "True"),
        ("eq(variables.missing, 0)", "False"),
        ("le('a', 'B')", "True"),
        ("lt(1, 'x')", "Unable to convert from String to Number. Value: 'x'"),
        ("lt(1, parameters.other)", "Unable to convert from Array to Number. Value: Array"),
        ("le(parameters.obj, parameters.obj)", "Unable to convert from Object to Number. Value: Object"),
        ("eq(parameters.other, parameters.other)", "True"),
        ("eq(parameters.other, parameters.obj.list)", "False"),
        ("eq('x', parameters.other)", "False"),
    ]);
}

#[test]
fn logic() {
    check(&[
        ("and(true, 1, 'x', parameters.empty)", "True"),
        ("and(false, lt(1, 'x'))", "False"),
        ("or(0, '', variables.missing)", "False"),
        ("or(true, lt(1, 'x'))", "True"),
        ("not('')", "True"),
        ("not('false')", "False"),
        ("xor(true, 1)", "False"),
        ("xor(true, 0)", "True"),
        ("in('b', 'a', 'B')", "True"),
        ("in(1, '1', lt(1, 'x'))", "True"),
        ("notIn('b', 'a', 'c')", "True"),
        ("iif(true, 'yes', 'no')", "yes"),
        ("iif('', 'yes', 'no')", "no"),
        ("iif(true, 'yes', lt(1, 'x'))", "Unable to convert from String to Number. Value: 'x'"),
        ("coalesce('', variables.missing, 'c', lt(1, 'x'))", "c"),
        ("coalesce(false, 'c')", "False"),
        ("coalesce(variables.missing, '')", ""),
    ]);
}

#[test]
fn text_functions() {
    check(&[
        ("contains('Hello', 'ELL')", "True"),
        ("contains(parameters.other, 'two')", "Unable to convert from Array to String. Value: Array"),
        ("containsValue(parameters.other, 'TWO')", "True"),
        ("containsValue(parameters.other, '1')", "True"),
        ("containsValue(parameters.obj, 'two')", "True"),
        ("containsValue('two', 'two')", "False"),
        ("startsWith(12345, '123')", "True"),
        ("endsWith('AbC', 'bc')", "True"),
        ("upper('aé')", "AÉ"),
        ("lower('AÉ')", "aé"),
        ("trim('  x ')", "x"),
        ("length('abc')", "3"),
        ("length(parameters.other)", "2"),
        ("replace('aAa', 'a', 'b')", "bAb"),
        ("replace('abc', '', 'x')", "abc"),
        ("join('-', split('a,b,,c', ','))", "a-b--c"),
        ("length(split('a,b', ''))", "1"),
        ("join(',', parameters.other)", "1,two"),
        ("join(',', parameters.obj.list)", ",,plain"),
        ("join(',', 'x')", "x"),
        ("join(',', parameters.obj)", "Unable to convert from Object to String. Value: Object"),
    ]);
}

#[test]
fn format_and_json() {
    check(&[
        ("format('{1}-{0}-{1}', 'A', 'B')", "B-A-B"),
        ("format('{{x}} {0}', 1.50)", "{x} 1.5"),
        (
            "format('{1}', 'a')",
            "The following format string references more arguments than were supplied: {1}",
        ),
        ("format('{', 'a')", "The following format string is invalid: {"),
        ("format('}', 'a')", "The following format string is invalid: }"),
        ("format('{x}', 'a')", "The following format string is invalid: {x}"),
        ("format('{0}', parameters.other)", "Unable to convert from Array to String. Value: Array"),
        ("convertToJson('a\"b')", "\"a\\\"b\""),
        ("convertToJson(1.2.3)", "\"1.2.3\""),
        ("convertToJson(true)", "true"),
        ("convertToJson(parameters.empty)", "{}"),
        ("convertToJson(parameters.obj.list[1])", "{\n  \"id\": 8,\n  \"tags\": []\n}"),
        ("convertToJson(parameters.obj.none)", "\"\""),
        ("convertToJson(variables.missing)", "null"),
    ]);
}
