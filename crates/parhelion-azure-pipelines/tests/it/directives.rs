//! `if`, `each`, `insert` and interpolation: `tests/tables/directives.txt`. `UPDATE_EXPECT=1` writes the outcomes anew.

use crate::{preview, run};
use expect_test::{Expect, expect, expect_file};
use parhelion_azure_pipelines::{Inputs, pipeline::Step};

const PARAMETERS: &str = "\
parameters:
- {name: list, type: object, default: [one, two]}
- {name: nothing, type: object, default: []}
- {name: map, type: object, default: {b: 1, a: 2}}
- {name: step, type: step, default: {bash: p3}}
- name: more
  type: stepList
  default:
  - script: p1
  - bash: p2
- {name: flag, type: boolean, default: true}
steps:
";

/// The steps of the one job, one a line, or what is said; lines are counted from that of the first step.
fn outcome(steps: &str) -> String {
    match run(&format!("{PARAMETERS}{steps}"), &Inputs::default()) {
        Ok(expanded) => {
            let line = |s: &Step| {
                let env: String = s.env.iter().map(|(k, v)| format!(" {k}={v}")).collect();
                let name = s.display_name.as_ref().map_or_else(String::new, |n| format!(" ({n})"));
                format!("{} {:?}{env}{name}\n", s.task_name(), s.script().unwrap_or_default())
            };
            expanded.pipeline.stages[0].jobs[0].steps.iter().map(line).collect()
        }
        Err(issues) => {
            let before = u32::try_from(PARAMETERS.lines().count()).expect("a few lines");
            let line = |mut issue: parhelion_azure_pipelines::Issue| {
                issue.line = issue.line.map(|l| l - before);
                format!("{issue}\n")
            };
            issues.into_iter().map(line).collect()
        }
    }
}

/// A case is a title (`### …`), steps, and after a line `=>` what comes out.
#[test]
fn every_case_of_the_table() {
    let table = include_str!("../tables/directives.txt");
    let mut out = String::new();
    let mut cases = 0;
    for block in table.split_inclusive('\n').fold(Vec::<String>::new(), |mut blocks, line| {
        match blocks.last_mut() {
            Some(block) if !line.starts_with("###") => block.push_str(line),
            _ => blocks.push(line.to_owned()),
        }
        blocks
    }) {
        let Some((title, steps)) = block.split_once('\n').filter(|(t, _)| t.starts_with("### ")) else {
            out.push_str(&block);
            continue;
        };
        // The empty line before a heading is no part of the case.
        let tail = if block.ends_with("\n\n") { "\n" } else { "" };
        let steps = steps.split_once("\n=>\n").map_or(steps.trim_end_matches('\n'), |(s, _)| s);
        cases += 1;
        out.push_str(&format!("{title}\n{steps}\n=>\n{}{tail}", outcome(&format!("{steps}\n"))));
    }
    assert!(cases > 70, "{cases}");
    expect_file!["../tables/directives.txt"].assert_eq(&out);
}

fn check(text: &str, want: Expect) {
    want.assert_eq(&preview(text));
}

#[test]
fn places_without_directives() {
    check(
        "resources:\n  repositories:\n  - ${{ if true }}:\n    - repository: a\n  - repository: ${{ 'b' }}\n    type: git\nsteps:\n- script: x\n",
        expect![
            "/azure-pipelines.yml (Line: 3, Col: 5): A template expression is not allowed in this context"
        ],
    );
    check(
        "trigger:\n- ${{ if true }}:\n  - main\nsteps:\n- script: x\n",
        expect!["/azure-pipelines.yml (Line: 2, Col: 3): A mapping was not expected"],
    );
    let plain = "trigger:\n- ${{ 'ma' }}in\nresources:\n  repositories:\n  - repository: ${{ 'b' }}\n    type: git\nsteps:\n- script: x\n";
    assert!(preview(plain).starts_with(
        "trigger:\n  branches:\n    include:\n    - main\nresources:\n  repositories:\n  - repository: b\n"
    ));
}

/// Elsewhere they are: stages, jobs, variables, demands, resources.
#[test]
fn places_with_directives() {
    check(
        "variables:\n  ${{ if true }}:\n    a: 1\nresources:\n  containers:\n  - ${{ if true }}:\n    - container: c\n      image: i\nstages:\n- ${{ each s in split('x,y', ',') }}:\n  - stage: ${{ s }}\n    ${{ if eq(s, 'y') }}:\n      displayName: Y\n    jobs:\n    - ${{ if true }}:\n      - job: j\n        pool:\n          demands:\n          - ${{ if true }}:\n            - d\n",
        expect![[r#"
            variables:
            - name: a
              value: 1
            resources:
              containers:
              - container: c
                image: i
            stages:
            - stage: x
              jobs:
              - job: j
                pool:
                  demands:
                  - d
            - stage: y
              displayName: Y
              jobs:
              - job: j
                pool:
                  demands:
                  - d

        "#]],
    );
}
