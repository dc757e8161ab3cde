//! Names and dependencies of stages and jobs.

use super::Pipeline;
use crate::yaml::read::fold;
use std::collections::BTreeMap;

/// A stage, or a job of one stage.
struct Vertex<'p> {
    name: &'p str,
    depends_on: &'p [String],
}

/// Whose texts are wanted.
enum Level<'p> {
    Stages,
    JobsOf(&'p str),
}

/// Checks names and dependencies. The texts have no place. OBSERVED, the two for stages' names by analogy.
pub(crate) fn check(pipeline: &Pipeline) -> Vec<String> {
    let stages: Vec<Vertex<'_>> =
        pipeline.stages.iter().map(|s| Vertex { name: &s.name, depends_on: &s.depends_on }).collect();
    let mut issues = level(&stages, &Level::Stages);
    for stage in &pipeline.stages {
        let jobs: Vec<Vertex<'_>> =
            stage.jobs.iter().map(|j| Vertex { name: &j.name, depends_on: &j.depends_on }).collect();
        issues.extend(level(&jobs, &Level::JobsOf(&stage.name)));
    }
    issues
}

impl Level<'_> {
    fn subject(&self, name: &str) -> String {
        match self {
            Level::Stages => format!("Stage {name}"),
            Level::JobsOf(stage) => format!("Stage {stage} job {name}"),
        }
    }
    fn kind(&self) -> &'static str {
        match self {
            Level::Stages => "stage",
            Level::JobsOf(_) => "job",
        }
    }
}

fn level(vertices: &[Vertex<'_>], level: &Level<'_>) -> Vec<String> {
    let mut issues = Vec::new();
    let mut index = BTreeMap::new();
    for (at, vertex) in vertices.iter().enumerate() {
        let subject = level.subject(vertex.name);
        if !is_name(vertex.name) {
            issues.push(format!(
                "{subject} has an invalid name. Valid names may only contain alphanumeric characters and '_' and may not start with a number."
            ));
        }
        if index.insert(fold(vertex.name), at).is_some() {
            let within = if matches!(level, Level::Stages) { "pipeline" } else { "stage" };
            let names = if matches!(level, Level::Stages) { "Stage" } else { "Job" };
            issues.push(format!(
                "{subject} appears more than once. {names} names must be unique within a {within}."
            ));
        }
    }
    if vertices.iter().all(|v| !v.depends_on.is_empty()) {
        issues.push(match level {
            Level::Stages => "The pipeline must contain at least one stage with no dependencies.".to_owned(),
            Level::JobsOf(stage) => {
                format!("Stage {stage} must contain at least one job with no dependencies.")
            }
        });
    }
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(vertices.len());
    for vertex in vertices {
        let mut known = Vec::new();
        for target in vertex.depends_on {
            match index.get(&fold(target)) {
                Some(&at) => known.push(at),
                None => issues.push(format!(
                    "{} depends on unknown {} {target}.",
                    level.subject(vertex.name),
                    level.kind()
                )),
            }
        }
        edges.push(known);
    }
    if let Some((from, to)) = cycle(&edges) {
        issues.push(format!(
            "{} depends on {} {} which creates a cycle in the dependency graph.",
            level.subject(vertices[from].name),
            level.kind(),
            vertices[to].name
        ));
    }
    issues
}

/// The first edge that closes a circle, found depth first with a stack of our own.
fn cycle(edges: &[Vec<usize>]) -> Option<(usize, usize)> {
    const NEW: u8 = 0;
    const OPEN: u8 = 1;
    const DONE: u8 = 2;
    let mut state = vec![NEW; edges.len()];
    for start in 0..edges.len() {
        if state[start] != NEW {
            continue;
        }
        state[start] = OPEN;
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            let Some(&to) = edges[at].get(next) else {
                state[at] = DONE;
                continue;
            };
            stack.push((at, next + 1));
            match state[to] {
                OPEN => return Some((at, to)),
                NEW => {
                    state[to] = OPEN;
                    stack.push((to, 0));
                }
                _ => {}
            }
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
