//! What holds for any text: shared with the fuzz targets, so it knows the library alone.

use parhelion_azure_pipelines::{
    Expanded, Files, Inputs, Spent, expand_counted, expand_with, files::NoFiles, limits, parse, webhooks,
};

/// What became of a text that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it is a pipeline.
    pub expanded: bool,
    /// What its expansion took.
    pub spent: Spent,
}

/// Expands a text twice: the same comes out, within the bounds, and it is a fixed point.
///
/// # Errors
/// What does not hold.
pub fn holds(text: &str, inputs: &Inputs, files: &dyn Files) -> Result<Outcome, String> {
    let Ok(document) = parse("/azure-pipelines.yml", text) else {
        return Ok(Outcome { expanded: false, spent: Spent { events: 0, bytes: 0 } });
    };
    let _ = webhooks(&document);
    let (first, spent) = expand_counted(&document, inputs, files);
    let (second, spent_again) = expand_counted(&document, inputs, files);
    if spent != spent_again {
        return Err(format!("{spent:?} and {spent_again:?}"));
    }
    // The one piece that was too much is counted too.
    if spent.events > limits::EVENTS || spent.bytes > 2 * limits::TREE_BYTES + 64 {
        return Err(format!("{spent:?}"));
    }
    match (first, second) {
        (Ok(a), Ok(b)) => {
            if a.final_yaml != b.final_yaml || a.pipeline != b.pipeline || a.warnings != b.warnings {
                return Err(format!("twice is not the same:\n{}\n{}", a.final_yaml, b.final_yaml));
            }
            is_fixed(&a, inputs)?;
            Ok(Outcome { expanded: true, spent })
        }
        (Err(a), Err(b)) if a == b && !a.is_empty() => Ok(Outcome { expanded: false, spent }),
        (a, b) => Err(format!("twice is not the same: {a:?} and {b:?}")),
    }
}

/// Whether expanding a result again gives the same text. Results that hold `${{` themselves are left out.
fn is_fixed(expanded: &Expanded, inputs: &Inputs) -> Result<(), String> {
    if expanded.final_yaml.contains("${{") {
        return Ok(());
    }
    let text = as_input(&expanded.final_yaml);
    let again = parse("/azure-pipelines.yml", &text)
        .and_then(|document| expand_with(&document, inputs, &NoFiles))
        .map_err(|issues| format!("{issues:?}\n{text}"))?;
    // Places of resources differ, all else is the same.
    if again.final_yaml != expanded.final_yaml
        || again.pipeline.stages != expanded.pipeline.stages
        || again.pipeline.variables != expanded.pipeline.variables
    {
        return Err(format!("no fixed point:\n{}\n{}", expanded.final_yaml, again.final_yaml));
    }
    Ok(())
}

/// As the service does not take its own `enabled: false` back.
pub fn as_input(final_yaml: &str) -> String {
    let mut text = format!("\n{final_yaml}");
    for key in ["trigger", "pr"] {
        text = text.replace(&format!("\n{key}:\n  enabled: false\n"), &format!("\n{key}: none\n"));
    }
    text.split_off(1)
}
