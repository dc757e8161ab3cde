//! Shorthands put in place: the tree that `finalYaml` shows. The input has passed the schema.
//!
//! OBSERVED unless marked: order of keys as written, a desugared step has `task` first and `inputs` last.

use crate::schema::Part;
use crate::yaml::{Entry, Mark, Node, Scalar, Tree};

/// Puts all shorthands of a file in place.
pub(crate) fn normalise(root: Node) -> Node {
    let mark = root.mark;
    let Tree::Mapping(entries) = root.tree else { return root };
    let single_job = entries.iter().any(|e| &*e.key.text == "steps");
    let mut out = Vec::with_capacity(entries.len());
    // Of a file with `steps` alone these belong to its one job.
    let mut job = Vec::new();
    let mut job_at = None;
    for mut entry in entries {
        match &*entry.key.text {
            "trigger" | "pr" => entry.value = trigger(entry.value),
            "variables" => entry.value = variables(entry.value),
            "stages" => entry.value = items(entry.value, stage),
            "jobs" => {
                let jobs = Entry { value: items(entry.value, self::job), ..entry };
                entry = default_stage(jobs);
            }
            "steps" => {
                job_at = Some((out.len(), entry.mark));
                job.push(Entry { value: items(entry.value, step), ..entry });
                continue;
            }
            "strategy" | "continueOnError" | "workspace" | "pool" if single_job => {
                job.push(entry);
                continue;
            }
            "container" if single_job => {
                job.push(Entry { value: alias(entry.value), ..entry });
                continue;
            }
            "services" if single_job => {
                job.push(Entry { value: values(entry.value, alias), ..entry });
                continue;
            }
            _ => {}
        }
        out.push(entry);
    }
    if let Some((at, mark)) = job_at {
        job.insert(0, Entry::made(mark, "job", Node::text(mark, "Job")));
        let jobs = Node { mark, tree: Tree::Sequence(vec![Node { mark, tree: Tree::Mapping(job) }]) };
        out.insert(at, default_stage(Entry::made(mark, "jobs", jobs)));
    }
    Node { mark, tree: Tree::Mapping(out) }
}

/// Puts the shorthands of one part in place.
pub(crate) fn part(part: Part, node: Node) -> Node {
    match part {
        Part::Step => step(node),
        Part::Job => job(node),
        Part::Stage => stage(node),
        Part::Container => node,
    }
}

/// `stages` with the one stage `__default`.
fn default_stage(jobs: Entry) -> Entry {
    let mark = jobs.mark;
    let name = Entry::made(mark, "stage", Node::text(mark, "__default"));
    let stage = Node { mark, tree: Tree::Mapping(vec![name, jobs]) };
    Entry::made(mark, "stages", Node { mark, tree: Tree::Sequence(vec![stage]) })
}

fn items(node: Node, each: fn(Node) -> Node) -> Node {
    match node.tree {
        Tree::Sequence(items) => {
            Node { mark: node.mark, tree: Tree::Sequence(items.into_iter().map(each).collect()) }
        }
        tree => Node { mark: node.mark, tree },
    }
}

fn values(node: Node, each: fn(Node) -> Node) -> Node {
    entries(node, |e| Entry { value: each(e.value), ..e })
}

fn entries(node: Node, each: impl Fn(Entry) -> Entry) -> Node {
    match node.tree {
        Tree::Mapping(entries) => {
            Node { mark: node.mark, tree: Tree::Mapping(entries.into_iter().map(each).collect()) }
        }
        tree => Node { mark: node.mark, tree },
    }
}

/// `key: value` as a mapping of its own.
fn wrapped(key: &str, value: Node) -> Node {
    let mark = value.mark;
    Node { mark, tree: Tree::Mapping(vec![Entry::made(mark, key, value)]) }
}

/// `none` is switched off, a list is of branches.
pub(crate) fn trigger(node: Node) -> Node {
    match &node.tree {
        Tree::Scalar(_) => wrapped("enabled", Node::text(node.mark, "false")),
        Tree::Sequence(_) => wrapped("branches", wrapped("include", node)),
        Tree::Mapping(_) => node,
    }
}

/// A mapping as a list of names and values.
pub(crate) fn variables(node: Node) -> Node {
    let mark = node.mark;
    let Tree::Mapping(entries) = node.tree else { return node };
    let item = |e: Entry| {
        let name = Node { mark: e.mark, tree: Tree::Scalar(e.key) };
        let pair = vec![Entry::made(e.mark, "name", name), Entry::made(e.mark, "value", e.value)];
        Node { mark: e.mark, tree: Tree::Mapping(pair) }
    };
    Node { mark, tree: Tree::Sequence(entries.into_iter().map(item).collect()) }
}

/// One text as a list.
// CHOICE: an empty text is an empty list: what a parameter without a value leaves of `dependsOn`.
fn listed(node: Node) -> Node {
    match node.tree {
        Tree::Scalar(s) if s.text.is_empty() => Node { mark: node.mark, tree: Tree::Sequence(Vec::new()) },
        Tree::Scalar(_) => Node { mark: node.mark, tree: Tree::Sequence(vec![node]) },
        _ => node,
    }
}

/// A container by name.
fn alias(node: Node) -> Node {
    if node.as_text().is_some() { wrapped("alias", node) } else { node }
}

fn stage(node: Node) -> Node {
    entries(node, |e| match &*e.key.text {
        "dependsOn" => Entry { value: listed(e.value), ..e },
        "variables" => Entry { value: variables(e.value), ..e },
        "jobs" => Entry { value: items(e.value, job), ..e },
        _ => e,
    })
}

fn job(node: Node) -> Node {
    entries(node, |e| match &*e.key.text {
        "dependsOn" => Entry { value: listed(e.value), ..e },
        "variables" => Entry { value: variables(e.value), ..e },
        "container" => Entry { value: alias(e.value), ..e },
        "services" => Entry { value: values(e.value, alias), ..e },
        "environment" if e.value.as_text().is_some() => Entry { value: wrapped("name", e.value), ..e },
        // A matrix holds no steps; what is below a deployment's strategy does.
        "strategy" => Entry { value: values(e.value, strategy), ..e },
        "steps" => Entry { value: items(e.value, step), ..e },
        _ => e,
    })
}

/// `runOnce`, `rolling` or `canary`.
fn strategy(node: Node) -> Node {
    entries(node, |e| match &*e.key.text {
        "on" => Entry { value: values(e.value, hook), ..e },
        "preDeploy" | "deploy" | "routeTraffic" | "postRouteTraffic" => Entry { value: hook(e.value), ..e },
        _ => e,
    })
}

fn hook(node: Node) -> Node {
    entries(node, |e| match &*e.key.text {
        "steps" => Entry { value: items(e.value, step), ..e },
        _ => e,
    })
}

/// What a step's shorthand stands for: the task, the input that takes the shorthand's value, and inputs before it.
struct Shorthand {
    task: &'static str,
    input: &'static str,
    before: &'static [(&'static str, &'static str)],
    /// Inputs after it.
    after: &'static [(&'static str, &'static str)],
}

const INLINE: &[(&str, &str)] = &[("targetType", "inline")];
const DOWNLOAD: &str = "30f35852-3f7e-4c0c-9a88-e127b4f97211@1";

fn shorthand(key: &str) -> Option<Shorthand> {
    let (task, input, before, after): (_, _, &[_], &[_]) = match key {
        "script" => ("CmdLine@2", "script", &[], &[]),
        "bash" => ("Bash@3", "script", INLINE, &[]),
        "powershell" => ("PowerShell@2", "script", INLINE, &[]),
        "pwsh" => ("PowerShell@2", "script", INLINE, &[("pwsh", "true")]),
        "publish" => ("ecdc45f6-832d-4ad9-b52b-ee49e94659be@1", "path", &[], &[]),
        "download" => (DOWNLOAD, "alias", &[], &[]),
        "checkout" => ("6d15af64-176c-496d-b583-fd2ae21d4df4@1", "repository", &[], &[]),
        // CHOICE: these three.
        "downloadBuild" => (DOWNLOAD, "alias", &[], &[]),
        "getPackage" => ("DownloadPackage@1", "package", &[], &[]),
        "reviewApp" => ("ReviewApp@0", "resourceName", &[], &[]),
        _ => return None,
    };
    Some(Shorthand { task, input, before, after })
}

/// Keys that every step has; the rest of a shorthand's are inputs.
fn is_common(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "displayName"
            | "condition"
            | "continueOnError"
            | "enabled"
            | "env"
            | "timeoutInMinutes"
            | "retryCountOnTaskFailure"
            | "target"
    )
}

fn step(node: Node) -> Node {
    let mark = node.mark;
    let Tree::Mapping(entries) = node.tree else { return node };
    let Some(short) = entries.first().and_then(|e| shorthand(&e.key.text)) else {
        return Node { mark, tree: Tree::Mapping(entries) };
    };
    let fixed = |at: Mark, pairs: &[(&str, &str)]| -> Vec<Entry> {
        pairs.iter().map(|(k, v)| Entry::made(at, k, Node::text(at, *v))).collect()
    };
    let mut out = fixed(mark, &[("task", short.task)]);
    let mut inputs = fixed(mark, short.before);
    for (at, entry) in entries.into_iter().enumerate() {
        let key = entry.key.text.clone();
        if at == 0 {
            // `checkout: none` is a step that never runs.
            if &*key == "checkout" && entry.value.as_text().is_some_and(|t| t.eq_ignore_ascii_case("none")) {
                out.extend(fixed(entry.mark, &[("condition", "false")]));
            }
            inputs.push(Entry { key: Scalar::made(short.input), ..entry });
            inputs.extend(fixed(mark, short.after));
        } else if is_common(&key) {
            if out.iter().all(|e| e.key.text != key) {
                out.push(entry);
            }
        } else {
            let name: &str = if short.input == "path" && &*key == "artifact" { "artifactName" } else { &key };
            inputs.push(Entry { key: Scalar::made(name), ..entry });
        }
    }
    out.push(Entry::made(mark, "inputs", Node { mark, tree: Tree::Mapping(inputs) }));
    Node { mark, tree: Tree::Mapping(out) }
}
