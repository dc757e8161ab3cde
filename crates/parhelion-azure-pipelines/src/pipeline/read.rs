//! The normalised tree in types.

use super::{
    Deployment, Hook, Job, Patterns, Pipeline, Pool, Stage, Step, Strategy, Trigger, TriggerFilter, Variable,
};
use crate::yaml::{Entry, Node};

/// Reads a normalised tree; what the schema let pass is taken as it is.
pub(crate) fn read(root: &Node) -> Pipeline {
    let pool = pool(root.get("pool"));
    let mut stages: Vec<Stage> = Vec::new();
    for (at, node) in items(root.get("stages")).iter().enumerate() {
        let previous = stages.last().map(|s| s.name.clone());
        stages.push(stage(node, at, previous, pool.as_ref()));
    }
    Pipeline {
        name: text(root, "name"),
        trigger: trigger(root.get("trigger")),
        pr: trigger(root.get("pr")),
        variables: variables(root.get("variables")),
        webhooks: crate::webhooks::read(root, &mut |_, _| {}),
        lock_behavior: text(root, "lockBehavior"),
        stages,
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_sequence).unwrap_or_default()
}

fn entries(node: Option<&Node>) -> &[Entry] {
    node.and_then(Node::as_mapping).unwrap_or_default()
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_text).map(str::to_owned)
}

fn texts(node: Option<&Node>) -> Vec<String> {
    items(node).iter().filter_map(Node::as_text).map(str::to_owned).collect()
}

fn pairs(node: Option<&Node>) -> Vec<(String, String)> {
    let pair = |e: &Entry| (e.key.text.to_string(), e.value.as_text().unwrap_or_default().to_owned());
    entries(node).iter().map(pair).collect()
}

/// The name as written; where there is none the place tells.
// CHOICE: `Stage1`, `Job1`.
fn name(node: &Node, key: &str, kind: &str, at: usize) -> String {
    text(node, key).filter(|n| !n.is_empty()).unwrap_or_else(|| format!("{kind}{}", at + 1))
}

fn is_true(text: Option<String>) -> bool {
    text.is_some_and(|t| matches!(&*t.to_ascii_lowercase(), "true" | "y" | "yes" | "on"))
}

pub(crate) fn trigger(node: Option<&Node>) -> Trigger {
    let Some(node) = node else { return Trigger::Absent };
    if text(node, "enabled").is_some_and(|e| e.eq_ignore_ascii_case("false")) {
        return Trigger::Disabled;
    }
    let patterns = |key| {
        let of = |which| node.get(key).map_or_else(Vec::new, |n| texts(n.get(which)));
        Patterns { include: of("include"), exclude: of("exclude") }
    };
    Trigger::When(TriggerFilter {
        batch: is_true(text(node, "batch")),
        branches: patterns("branches"),
        paths: patterns("paths"),
        tags: patterns("tags"),
    })
}

fn variables(node: Option<&Node>) -> Vec<Variable> {
    let variable = |item: &Node| match (text(item, "name"), text(item, "group")) {
        (Some(name), _) => Some(Variable::Value {
            name,
            value: text(item, "value").unwrap_or_default(),
            readonly: is_true(text(item, "readonly")),
        }),
        (None, Some(group)) => Some(Variable::Group(group)),
        (None, None) => None,
    };
    items(node).iter().filter_map(variable).collect()
}

fn pool(node: Option<&Node>) -> Option<Pool> {
    let node = node?;
    if let Some(name) = node.as_text() {
        return Some(Pool { name: Some(name.to_owned()), ..Pool::default() });
    }
    let demands = node.get("demands");
    let demands = demands.and_then(Node::as_text).map_or_else(|| texts(demands), |one| vec![one.to_owned()]);
    Some(Pool { name: text(node, "name"), vm_image: text(node, "vmImage"), demands })
}

fn stage(node: &Node, at: usize, previous: Option<String>, outer: Option<&Pool>) -> Stage {
    let pool = pool(node.get("pool")).or_else(|| outer.cloned());
    Stage {
        name: name(node, "stage", "Stage", at),
        display_name: text(node, "displayName"),
        // Docs: a stage waits for the one before unless it says otherwise.
        depends_on: match node.get("dependsOn") {
            Some(list) => texts(Some(list)),
            None => previous.into_iter().collect(),
        },
        condition: text(node, "condition"),
        lock_behavior: text(node, "lockBehavior"),
        variables: variables(node.get("variables")),
        jobs: items(node.get("jobs")).iter().enumerate().map(|(at, n)| job(n, at, pool.as_ref())).collect(),
    }
}

fn job(node: &Node, at: usize, outer: Option<&Pool>) -> Job {
    let deployment = node.get("deployment").map(|_| deployment(node));
    let key = if deployment.is_some() { "deployment" } else { "job" };
    Job {
        name: name(node, key, "Job", at),
        display_name: text(node, "displayName"),
        depends_on: texts(node.get("dependsOn")),
        condition: text(node, "condition"),
        continue_on_error: text(node, "continueOnError"),
        timeout_in_minutes: text(node, "timeoutInMinutes"),
        cancel_timeout_in_minutes: text(node, "cancelTimeoutInMinutes"),
        pool: pool(node.get("pool")).or_else(|| outer.cloned()),
        variables: variables(node.get("variables")),
        strategy: if deployment.is_some() { Strategy::Single } else { strategy(node.get("strategy")) },
        steps: steps(node.get("steps")),
        deployment,
    }
}

fn strategy(node: Option<&Node>) -> Strategy {
    let Some(node) = node else { return Strategy::Single };
    if let Some(count) = text(node, "parallel") {
        return Strategy::Parallel(count);
    }
    let max_parallel = text(node, "maxParallel");
    match node.get("matrix") {
        Some(matrix) => match matrix.as_text() {
            Some(expression) => Strategy::MatrixAtRunTime { expression: expression.to_owned(), max_parallel },
            None => {
                let leg = |e: &Entry| (e.key.text.to_string(), pairs(Some(&e.value)));
                Strategy::Matrix { legs: entries(Some(matrix)).iter().map(leg).collect(), max_parallel }
            }
        },
        None => Strategy::Single,
    }
}

fn deployment(node: &Node) -> Deployment {
    let environment = node.get("environment").and_then(|e| text(e, "name"));
    let environment_resource = node.get("environment").and_then(|e| text(e, "resourceName"));
    let Some(chosen) = entries(node.get("strategy")).first() else {
        return Deployment { environment, environment_resource, ..Deployment::default() };
    };
    let on = chosen.value.get("on");
    let hook = |name: &str, node: Option<&Node>| {
        node.map(|n| Hook { name: name.to_owned(), steps: steps(n.get("steps")) })
    };
    let order = ["preDeploy", "deploy", "routeTraffic", "postRouteTraffic"];
    let mut hooks: Vec<Hook> = order.iter().filter_map(|name| hook(name, chosen.value.get(name))).collect();
    hooks.extend(hook("on.success", on.and_then(|o| o.get("success"))));
    hooks.extend(hook("on.failure", on.and_then(|o| o.get("failure"))));
    let increments = texts(chosen.value.get("increments"));
    Deployment { environment, environment_resource, strategy: chosen.key.text.to_string(), increments, hooks }
}

fn steps(node: Option<&Node>) -> Vec<Step> {
    let step = |node: &Node| Step {
        task: text(node, "task").unwrap_or_default(),
        name: text(node, "name"),
        display_name: text(node, "displayName"),
        condition: text(node, "condition"),
        continue_on_error: text(node, "continueOnError"),
        enabled: text(node, "enabled"),
        timeout_in_minutes: text(node, "timeoutInMinutes"),
        retry_count_on_task_failure: text(node, "retryCountOnTaskFailure"),
        target: text(node, "target").or_else(|| text(node.get("target")?, "container")),
        env: pairs(node.get("env")),
        inputs: pairs(node.get("inputs")),
    };
    items(node).iter().map(step).collect()
}
