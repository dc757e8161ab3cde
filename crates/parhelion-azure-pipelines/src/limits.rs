//! Bounds of reading and expanding. What bombs and mistakes cost is decided here, once.

/// Levels of nesting of a file and of the expanded tree.
// Docs: the service refuses more than 100 levels.
pub const DEPTH: usize = 100;
/// Files that a pipeline may include, directly or not, each counted once; one that is not there counts too.
// Docs: no more than 100 separate files.
pub const FILES: usize = 100;
/// Levels of files that include each other; the pipeline's own is the first.
// Docs: no more than 100. OBSERVED: two files that include each other in turn end at the first of them.
pub const LEVELS: usize = 100;
/// Levels of collections and directives that are walked at a time, over all files that include each other.
// CHOICE: 100 files in each other that each do little more than include the next one.
pub const WALK_DEPTH: usize = 500;
/// Levels of nested function arguments in one expression; the root counts as 1.
// OBSERVED: `Exceeded max expression depth 50`.
pub const EXPRESSION_DEPTH: usize = 50;
/// Cost of a tree in bytes, by the rule of [`crate::yaml::cost`]; also the largest single text an expression may make.
// Docs: the service holds at most 20 MB while expanding.
pub const TREE_BYTES: usize = 20 * 1024 * 1024;
/// Steps of work of one expansion: nodes visited, operands evaluated, and one for each 64 bytes of text handled.
// CHOICE: the service's own number is unknown; this one takes about a second at most.
pub const EVENTS: u64 = 1_000_000;
/// Errors that one expansion reports; the rest are dropped.
// CHOICE: enough to work with, and bounded.
pub const ISSUES: usize = 20;
/// Characters of one error text with its prefix, before it is cut.
// OBSERVED: longer ones end in `[...]`.
pub const ISSUE_CHARS: usize = 500;
/// The same for texts about `$[ … ]`.
// OBSERVED: those are not cut. CHOICE: at all.
pub const RUNTIME_ISSUE_CHARS: usize = 32_768;
