//! `trigger` of a file as written: most pushes start nothing, which is to be told without expanding anything.

use crate::{
    document::Document,
    pipeline::{Trigger, normal, read},
    schema,
    yaml::{Node, Tree},
};

/// Which pushes start the pipeline; `None`: it takes an expansion to tell (or to say what is wrong).
///
/// Docs: no variables in triggers; a file without `trigger` is started by a push to any branch.
pub fn trigger(document: &Document) -> Option<Trigger> {
    let entries = document.root.as_mapping()?;
    if !document.issues.is_empty() || entries.iter().any(|e| e.key.text.contains("${{")) {
        return None;
    }
    let Some(node) = document.root.get("trigger") else {
        // A template that the file extends may have one.
        return document.root.get("extends").is_none().then_some(Trigger::Absent);
    };
    let mut fits = true;
    schema::check_trigger(node, &mut |_, _| fits = false);
    if !fits || !is_literal(node) {
        return None;
    }
    Some(read::trigger(Some(&normal::trigger(node.clone()))))
}

/// Recursion is bounded by the depth of trees.
fn is_literal(node: &Node) -> bool {
    match &node.tree {
        Tree::Scalar(scalar) => !scalar.text.contains("${{"),
        Tree::Sequence(items) => items.iter().all(is_literal),
        Tree::Mapping(entries) => entries.iter().all(|e| !e.key.text.contains("${{") && is_literal(&e.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inputs, expand, parse};

    fn of(text: &str) -> Option<Trigger> {
        trigger(&parse("/a.yml", text).unwrap())
    }

    #[test]
    fn what_is_written_is_what_an_expansion_finds() {
        for head in [
            "",
            "trigger: none\n",
            "trigger: NONE\n",
            "trigger: [main, releases/*]\n",
            "trigger:\n  batch: true\n  branches: {include: [a], exclude: [b]}\n",
            "trigger:\n  paths: {exclude: [docs]}\n  tags: {include: [v*]}\n",
            "trigger: []\n",
        ] {
            let text = format!("{head}steps: [{{script: a}}]\n");
            let expanded = expand(&parse("/a.yml", &text).unwrap(), &Inputs::default()).unwrap();
            assert_eq!(of(&text), Some(expanded.pipeline.trigger.clone()), "{head}");
        }
    }

    #[test]
    fn what_is_not_literal_or_wrong_is_left_to_the_expansion() {
        for text in [
            "trigger: ['${{ parameters.x }}']\n",
            "trigger: {branch: [a]}\n",
            "trigger: 5\n",
            "${{ if true }}:\n  trigger: none\n",
            "trigger: none\ntrigger: none\n",
            "extends: {template: a.yml}\n",
            "- a\n",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of("trigger: none\nextends: {template: a.yml}\n"), Some(Trigger::Disabled));
    }
}
