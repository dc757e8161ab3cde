//! Names that variables of a file may not have.

use crate::yaml::{Mark, Node};

/// Names that the service keeps to itself.
// OBSERVED: the first nine, in this order, from a live preview that tried to set them all. CHOICE: the other three, and
// that these are all; `system.debug` is for everybody to set.
const RESERVED: &[&str] = &[
    "system",
    "system.hosttype",
    "system.servertype",
    "system.culture",
    "system.collectionId",
    "system.collectionUri",
    "system.teamFoundationCollectionUri",
    "system.taskDefinitionsUri",
    "system.pipelineStartTime",
    "system.teamProject",
    "system.teamProjectId",
    "system.definitionId",
];

/// Reports the variables of a file, its stages and jobs that have such a name.
pub(crate) fn check(tree: &Node, report: &mut dyn FnMut(Mark, String)) {
    variables(tree.get("variables"), report);
    for stage in items(tree, "stages") {
        variables(stage.get("variables"), report);
        items(stage, "jobs").iter().for_each(|job| variables(job.get("variables"), report));
    }
    items(tree, "jobs").iter().for_each(|job| variables(job.get("variables"), report));
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).and_then(Node::as_sequence).unwrap_or_default()
}

fn variables(node: Option<&Node>, report: &mut dyn FnMut(Mark, String)) {
    let mut judge = |mark: Mark, name: &str| {
        if RESERVED.iter().any(|r| r.eq_ignore_ascii_case(name)) {
            report(mark, format!("Cannot override system variable '{name}'"));
        }
    };
    for entry in node.and_then(Node::as_mapping).into_iter().flatten() {
        judge(entry.mark, &entry.key.text);
    }
    for item in node.and_then(Node::as_sequence).into_iter().flatten() {
        if let Some(name) = item.get("name") {
            judge(name.mark, name.as_text().unwrap_or_default());
        }
    }
}
