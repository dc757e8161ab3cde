//! The Rust that is made of `model/shapes.json` is the Rust that is committed.
//!
//! `UPDATE_SHAPES=1 cargo test -p parhelion-codepipeline --test model_is_current` writes it anew after the model
//! (`scripts/codepipeline-model`) or the generator (`tests/generator/`) has changed. Cargo builds the crate before
//! it runs this: change the generator first, write, then change what uses its output.

mod generator;

use std::path::Path;

#[test]
fn generated_sources_are_those_of_the_model() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("model/shapes.json")).unwrap();
    let model = generator::Model::parse(&text);
    let made = [("src/shapes.rs", generator::types(&model)), ("src/wire/table.rs", generator::table(&model))];
    for (path, wanted) in made {
        let path = root.join(path);
        if std::env::var_os("UPDATE_SHAPES").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some((n, (a, b))) =
            committed.lines().zip(wanted.lines()).enumerate().find(|(_, (a, b))| a != b)
        {
            panic!("{} differs from the model in line {}:\n  {a}\nshould be\n  {b}", path.display(), n + 1);
        }
        assert_eq!(committed.lines().count(), wanted.lines().count(), "{} has other lines", path.display());
    }
}

/// The model says nothing that the sources could not hold: no documentation, and what issue after issue relies on.
#[test]
fn the_model_holds_facts_only() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("model/shapes.json")).unwrap();
    assert!(!text.contains("documentation") && !text.contains("<p>"));
    let model = generator::Model::parse(&text);
    assert_eq!(model.operations.len(), 44);
    assert_eq!(model.target_prefix, "CodePipeline_20150709");
}
