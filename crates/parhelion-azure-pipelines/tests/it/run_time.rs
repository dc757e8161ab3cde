//! `$[ … ]` and conditions: judged when a run is queued (`tests/tables/run_time.tsv`), evaluated in it.

use crate::{
    preview, run,
    tables::{judge, meant, rows},
};
use parhelion_azure_pipelines::{
    Inputs, joined,
    runtime::{Facts, Moment, Place, Status, condition, variable},
};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// A pipeline that has the expression at that place.
fn with(place: &str, expression: &str) -> String {
    let quoted = expression.replace('\'', "''");
    match place {
        "variable" => format!("variables:\n  v: '$[ {quoted} ]'\nsteps:\n- script: x\n"),
        "job variable" => {
            format!("jobs:\n- job: A\n  variables:\n    v: '$[ {quoted} ]'\n  steps:\n  - script: x\n")
        }
        "stage variable" => format!(
            "stages:\n- stage: A\n  variables:\n    v: '$[ {quoted} ]'\n  jobs:\n  - job: A\n    steps:\n    - script: x\n"
        ),
        "job" => format!(
            "jobs:\n- job: A\n  steps:\n  - script: x\n- job: B\n  dependsOn: A\n  condition: '{quoted}'\n  steps:\n  - script: x\n"
        ),
        "stage" => format!(
            "stages:\n- stage: A\n  jobs:\n  - job: A\n    steps:\n    - script: x\n- stage: B\n  condition: '{quoted}'\n  jobs:\n  - job: A\n    steps:\n    - script: x\n"
        ),
        "step" => format!("steps:\n- script: x\n  condition: '{quoted}'\n"),
        other => panic!("no such place: {other}"),
    }
}

#[test]
fn what_is_said_when_a_run_is_queued() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for row in rows(include_str!("../tables/run_time.tsv")) {
        let (place, expression, outcome) = match row[..] {
            [place, expression, outcome] => (place, expression, outcome),
            [place, outcome] => (place, "", outcome),
            _ => panic!("neither two nor three cells: {row:?}"),
        };
        let got = match run(&with(place, expression), &Inputs::default()) {
            Ok(expanded) => {
                let shown = expanded.final_yaml.replace("''", "'");
                assert!(shown.contains(expression), "{expression} is not in\n{shown}");
                "ok".to_owned()
            }
            Err(issues) => joined(&issues),
        };
        let meant = meant(outcome, expression);
        let want = match place {
            _ if outcome == "ok" => meant,
            "variable" => format!("An error occurred while loading the YAML build pipeline. {meant}"),
            "step" => {
                format!("Job Job: Step  specifies condition {expression} which is not valid. Reason: {meant}")
            }
            _ => meant,
        };
        cases += 1;
        if got != want {
            wrong.push(format!("{place}: {expression}\n  want {want:?}\n  got  {got:?}"));
        }
    }
    judge(wrong, cases);
}

/// As [`crate::expressions`] has it for the functions known everywhere; none of these is known elsewhere.
#[test]
fn functions_of_one_place_have_their_arity() {
    let mut cases = 0;
    for row in rows(include_str!("../tables/functions.tsv")) {
        let [name, least, most, place] = row[..] else { panic!("not four cells: {row:?}") };
        let (at, elsewhere) = match place {
            "variable" => ("variable", "job"),
            "condition" => ("job", "variable"),
            _ => continue,
        };
        let call = |n: usize| format!("{name}({})", vec!["'A'"; n].join(", "));
        let said = |place: &str, n: usize| preview(&with(place, &call(n)));
        let (least, unlimited): (usize, bool) = (least.parse().unwrap(), most == "N");
        let most: usize = most.parse().unwrap_or(30);
        assert!(said(at, least).contains("stages:") && said(at, most).contains("stages:"), "{name}");
        if least > 0 {
            assert!(said(at, least - 1).contains("Unexpected symbol: ')'"), "{name}");
        }
        if !unlimited {
            assert!(said(at, most + 1).contains("Unexpected symbol: "), "{name}");
        }
        assert!(said(elsewhere, least).contains(&format!("Unrecognized value: '{name}'")), "{name}");
        cases += 1;
    }
    assert_eq!(cases, 6);
}

#[test]
fn texts_about_variables_are_not_cut() {
    let long = format!("eq('{}', 'x') 2", "a".repeat(600));
    assert!(preview(&with("variable", &long)).ends_with("?linkid=842996"));
    // But they do not grow for ever.
    let longer = format!("eq('{}', 'x') 2", "a".repeat(100_000));
    assert!(preview(&with("variable", &longer)).len() < 40_000);
}

#[test]
fn a_step_is_named_in_what_is_said_of_it() {
    let text = "jobs:\n- deployment: d\n  strategy:\n    runOnce:\n      deploy:\n        steps:\n        - script: x\n          name: s\n          condition: eq(1)\n";
    assert!(preview(text).starts_with("Job d: Step s specifies condition eq(1) which is not valid."));
}

/// What a test says of a run.
#[derive(Default)]
struct Told {
    variables: BTreeMap<&'static str, &'static str>,
    contexts: BTreeMap<&'static str, serde_json::Value>,
    counted: RefCell<BTreeMap<String, f64>>,
    failed: Vec<&'static str>,
    canceled: bool,
}

impl Facts for Told {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name.to_lowercase().as_str()).map(|v| (*v).to_owned())
    }
    fn context(&self, name: &str) -> serde_json::Value {
        self.contexts.get(name).cloned().unwrap_or_default()
    }
    fn start_time(&self) -> Moment {
        Moment(1_765_324_799_000)
    }
    fn counter(&self, prefix: &str, seed: f64) -> f64 {
        let mut counted = self.counted.borrow_mut();
        *counted.entry(prefix.to_owned()).and_modify(|n| *n += 1.0).or_insert(seed)
    }
    fn status(&self, asked: Status, names: &[Arc<str>]) -> bool {
        let failed = |name: &Arc<str>| self.failed.iter().any(|f| f.eq_ignore_ascii_case(name));
        let any = if names.is_empty() { !self.failed.is_empty() } else { names.iter().any(failed) };
        match asked {
            Status::Canceled => self.canceled,
            Status::Failed => any,
            Status::Succeeded => !any,
            Status::SucceededOrFailed => true,
        }
    }
}

#[test]
fn variables_of_run_time() {
    let told = Told {
        variables: [("a", "1"), ("my.var", "mv")].into(),
        contexts: [
            ("resources", serde_json::json!({"repositories": {"Self": {"ref": "refs/heads/main"}}})),
            ("dependencies", serde_json::json!({"A": {"result": "Succeeded", "outputs": {"s.v": "out"}}})),
        ]
        .into(),
        ..Told::default()
    };
    let root = |value: &str| variable(value, Place::RootVariable, &told);
    for (value, want) in [
        ("plain $[ x ]", "plain $[ x ]"),
        ("$[ variables.A ]", "1"),
        ("$[variables['My.Var']]", "mv"),
        ("$[ variables.missing ]", ""),
        ("$[ counter('x', 100) ]", "100"),
        ("$[ counter('x', 100) ]", "101"),
        ("$[ counter('y') ]", "0"),
        ("$[ counter(format('{0:yyyyMMdd}', pipeline.startTime), 1) ]", "1"),
        ("$[ format('{0:yy}.{1}', pipeline.startTime, true) ]", "25.True"),
        ("$[ pipeline.startTime ]", "2025-12-09 23:59:59+00:00"),
        ("$[ resources.repositories.SELF.Ref ]", "refs/heads/main"),
        ("$[ resources.pipeline.none.runID ]", ""),
    ] {
        assert_eq!(root(value).as_deref(), Ok(want), "{value}");
    }
    assert_eq!(told.counted.borrow().get("20251209"), Some(&1.0));
    assert_eq!(
        root("$[ counter('x', 'y') ]").unwrap_err(),
        "Unable to convert from String to Number. Value: 'y'"
    );
    assert!(
        root("$[ dependencies.A.result ]").unwrap_err().starts_with("Unrecognized value: 'dependencies'")
    );
    assert_eq!(
        root("$[ format('{0:dddd}', pipeline.startTime) ]").unwrap_err(),
        "The format specifiers 'dddd' are not valid for objects of type 'DateTime'"
    );
    let job = |value: &str| variable(value, Place::JobVariable, &told);
    assert_eq!(job("$[ dependencies.a.outputs['s.v'] ]").as_deref(), Ok("out"));
    assert!(job("$[ counter('x', 1) ]").unwrap_err().starts_with("Unrecognized value: 'counter'"));
    assert_eq!(
        job("$[ dependencies ]").unwrap_err(),
        "Unable to convert from Object to String. Value: Object"
    );
}

#[test]
fn conditions_of_run_time() {
    let told = Told {
        variables: [("reason", "Manual")].into(),
        contexts: [("dependencies", serde_json::json!({"A": {"result": "Skipped"}}))].into(),
        failed: vec!["B"],
        ..Told::default()
    };
    let job = |text: &str| condition(text, Place::Condition, &told);
    for (text, want) in [
        ("always()", true),
        ("succeeded()", false),
        ("succeeded('A')", true),
        ("succeeded('A', 'b')", false),
        ("failed()", true),
        ("failed('A')", false),
        ("not(canceled())", true),
        ("succeededOrFailed()", true),
        ("and(succeeded('A'), eq(variables.Reason, 'manual'))", true),
        ("in(dependencies.A.result, 'Succeeded', 'Skipped')", true),
        ("gt(pipeline.startTime, pipeline.startTime)", false),
        // One and the same object, however often it is named.
        ("eq(dependencies, dependencies)", true),
        ("'false'", true),
        ("''", false),
    ] {
        assert_eq!(job(text), Ok(want), "{text}");
    }
    assert_eq!(job("lt(1, 'x')").unwrap_err(), "Unable to convert from String to Number. Value: 'x'");
    let step = |text: &str| condition(text, Place::StepCondition, &told);
    assert_eq!(step("or(succeeded(), eq(variables.reason, 'Manual'))"), Ok(true));
    assert!(step("succeeded('A')").unwrap_err().starts_with("Unexpected symbol: ')'"));
    assert!(step("eq(dependencies.A.result, 'x')").unwrap_err().starts_with("Unrecognized value"));
}
