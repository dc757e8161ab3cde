//! Whether a push starts a pipeline: names of branches and tags, paths, words in a commit's message. Plain rules, each
//! with the sentence that says how it came out.

use crate::domain::refs;
use parhelion_azure_pipelines::pipeline::{Patterns, Trigger};
use parhelion_core::{
    glob::{Dialect, Glob},
    text,
};
use serde_json::Value;

/// Characters that are compared with wildcards for one push and pipeline: about a tenth of a second.
const COMPARED: usize = 20_000_000;
/// Most of a name or path that a sentence quotes, bytes.
const QUOTED: usize = 200;

/// Docs: in names `*` is any run of characters and `?` one. CHOICE: `*` takes slashes too.
const NAME: Dialect = Dialect { question_mark: true, ..Dialect::STAR };
/// Docs: in paths `*` stays within a folder, `**` does not.
const PATH: Dialect = Dialect { classes: false, braces: false, escapes: false, ..Dialect::PATH };

/// Where the rules stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the YAML of the pushed commit.
    Yaml,
    /// In the definition, in place of the YAML's.
    Definition,
}

/// Which pushes start a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// None: why.
    Never(&'static str),
    /// A push to any branch: there is no `trigger`.
    Always,
    /// Those that pass.
    When {
        /// Where this stands.
        origin: Origin,
        /// Whether pushes are taken together.
        batch: bool,
        /// `branches`
        branches: Patterns,
        /// `tags`
        tags: Patterns,
        /// `paths`
        paths: Patterns,
    },
}

/// How a rule came out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it lets the push pass.
    pub passes: bool,
    /// A sentence without its beginning: `branch main is in 'main'`.
    pub why: String,
}

fn passes(why: String) -> Verdict {
    Verdict { passes: true, why }
}
fn stops(why: String) -> Verdict {
    Verdict { passes: false, why }
}

impl Rules {
    /// The YAML's `trigger`. `implied`: whether its absence means every branch.
    pub fn of_yaml(trigger: Trigger, implied: bool) -> Rules {
        match trigger {
            Trigger::Disabled => Rules::Never("trigger: none"),
            Trigger::Absent if implied => Rules::Always,
            Trigger::Absent => {
                Rules::Never("it has no trigger, and the project disables implied YAML CI triggers")
            }
            Trigger::When(when) => Rules::When {
                origin: Origin::Yaml,
                batch: when.batch,
                branches: when.branches,
                tags: when.tags,
                paths: when.paths,
            },
        }
    }

    /// The definition's own CI trigger, where it overrides the YAML's (`settingsSourceType` 1); its filters are
    /// `+refs/heads/main`, `-/docs`, or without a sign.
    // CHOICE: a definition without a CI trigger leaves it to the YAML, though the service then shows CI switched off.
    pub fn of_definition(triggers: Option<&Value>) -> Option<Rules> {
        let own = triggers?.as_array()?.iter().find(|t| {
            t["triggerType"] == "continuousIntegration"
                && (t["settingsSourceType"] == 1 || t["settingsSourceType"] == "definition")
        })?;
        let patterns = |name: &str| {
            let mut patterns = Patterns::default();
            for filter in own[name].as_array().into_iter().flatten().filter_map(Value::as_str) {
                match filter.strip_prefix('-') {
                    Some(out) => patterns.exclude.push(out.to_owned()),
                    None => patterns.include.push(filter.strip_prefix('+').unwrap_or(filter).to_owned()),
                }
            }
            patterns
        };
        let branches = patterns("branchFilters");
        if branches.include.is_empty() && branches.exclude.is_empty() {
            // CHOICE: an override without a branch takes none.
            return Some(Rules::Never(
                "the definition's own CI trigger, which overrides the YAML's, names no branch",
            ));
        }
        Some(Rules::When {
            origin: Origin::Definition,
            batch: own["batchChanges"] == true,
            branches,
            tags: Patterns::default(),
            paths: patterns("pathFilters"),
        })
    }

    /// Whether pushes are taken together.
    pub fn is_batch(&self) -> bool {
        matches!(self, Rules::When { batch: true, .. })
    }
    /// The path filter that a push to that ref is held against; `None`: there is none.
    // CHOICE: a tag has no changes of its own.
    pub fn paths(&self, full_ref: &str) -> Option<&Patterns> {
        match self {
            Rules::When { paths, .. }
                if !full_ref.starts_with("refs/tags/") && (paths.include.len() + paths.exclude.len() > 0) =>
            {
                Some(paths)
            }
            _ => None,
        }
    }

    /// Whether a push to that ref passes by its name.
    pub fn by_name(&self, full_ref: &str) -> Verdict {
        let shown = quoted(full_ref);
        let is_tag = full_ref.starts_with("refs/tags/");
        if !is_tag && !full_ref.starts_with("refs/heads/") {
            return stops(format!("{shown} is neither a branch nor a tag"));
        }
        let (origin, branches, tags) = match self {
            Rules::Never(why) => return stops((*why).to_owned()),
            Rules::Always if is_tag => {
                return stops(format!("there is no trigger, which means every branch and no tag: {shown}"));
            }
            Rules::Always => return passes("there is no trigger, which means every branch".to_owned()),
            Rules::When { origin, branches, tags, .. } => (*origin, branches, tags),
        };
        let words = |patterns: &Patterns| patterns.include.len() + patterns.exclude.len();
        let which = match origin {
            Origin::Yaml => "",
            Origin::Definition => "of the definition, which overrides the YAML's, ",
        };
        if is_tag && words(tags) > 0 {
            let verdict = named(tags, full_ref, "refs/tags/", true);
            // Docs: with both, one of them is enough.
            if verdict.passes || words(branches) == 0 {
                return Verdict { why: format!("tag filter {which}{}", verdict.why), ..verdict };
            }
        }
        if !is_tag && words(branches) == 0 && words(tags) > 0 {
            // CHOICE: a trigger of tags alone replaces the implied one of every branch.
            return stops(format!("the trigger names tags only, and {shown} is a branch"));
        }
        let verdict = named(branches, full_ref, "refs/heads/", !is_tag);
        Verdict { why: format!("branch filter {which}{}", verdict.why), ..verdict }
    }
}

/// A name against patterns; those without `refs/` are below `prefix`. `implied`: whether no include means all.
fn named(patterns: &Patterns, full_ref: &str, prefix: &str, implied: bool) -> Verdict {
    let takes = |pattern: &&String| {
        let whole = match pattern.trim_start_matches('/') {
            p if p.starts_with("refs/") => p.to_owned(),
            p => format!("{prefix}{p}"),
        };
        Glob::new(&whole, &NAME).is_ok_and(|glob| glob.matches(full_ref))
    };
    let shown = quoted(refs_shown(full_ref));
    // Docs: exclusions are removed from what is included.
    if let Some(out) = patterns.exclude.iter().find(takes) {
        return stops(format!("excludes {shown} by '{}'", quoted(out)));
    }
    if patterns.include.is_empty() {
        return match implied {
            true => passes(format!("excludes nothing that {shown} matches")),
            false => stops(format!("does not name {shown}")),
        };
    }
    match patterns.include.iter().find(takes) {
        Some(by) => passes(format!("includes {shown} by '{}'", quoted(by))),
        None => stops(format!("does not include {shown}: {}", listed(&patterns.include))),
    }
}

/// Whether one of the changed paths passes.
pub fn by_paths(patterns: &Patterns, changed: &[String]) -> Verdict {
    let mut left = COMPARED;
    let includes: Vec<Pattern> = patterns.include.iter().map(|p| Pattern::of(p)).collect();
    let excludes: Vec<Pattern> = patterns.exclude.iter().map(|p| Pattern::of(p)).collect();
    let mut last_out = None;
    for path in changed {
        let taken = match (includes.is_empty(), depth(&includes, path, &mut left)) {
            (true, _) => Some(0),
            (false, found) => found,
        };
        let out = if taken.is_some() { depth(&excludes, path, &mut left) } else { None };
        if left == 0 {
            // CHOICE: rather a run too many than a server that does nothing else.
            return passes("path filter has more patterns and paths than are compared: it passes".to_owned());
        }
        match (taken, out) {
            // Docs: what is excluded can be included again by a path that is deeper.
            (Some(taken), Some(out)) if taken <= out => last_out = Some(path),
            (Some(_), _) => return passes(format!("path filter takes {}", quoted(path))),
            (None, _) => {}
        }
    }
    let paths = if changed.len() == 1 { "path" } else { "paths" };
    let first = changed.first().map_or(String::new(), |p| format!(" ({}{})", quoted(p), more(changed.len())));
    let because = match last_out {
        Some(out) => format!("excludes {}: {}", quoted(out), listed(&patterns.exclude)),
        None => format!("includes {}", listed(&patterns.include)),
    };
    stops(format!("path filter takes none of {} changed {paths}{first}: it {because}", changed.len()))
}

/// A pattern of paths. Most are plain names of folders.
enum Pattern {
    /// The path itself and everything below.
    Plain(String),
    /// With wildcards, and its length.
    Wild(Glob, usize),
    /// One that cannot be read: it takes nothing.
    Bad,
}

impl Pattern {
    fn of(text: &str) -> Pattern {
        let text = text.trim_start_matches("./").trim_matches('/');
        if !text.contains(['*', '?']) {
            return Pattern::Plain(text.to_owned());
        }
        Glob::new(text, &PATH).map_or(Pattern::Bad, |glob| Pattern::Wild(glob, text.len()))
    }
    /// How deep the part of a path is that it takes: the path itself or a folder above; `None`: it takes neither.
    fn depth(&self, path: &str, left: &mut usize) -> Option<usize> {
        match self {
            Pattern::Plain(plain) if plain.is_empty() => Some(0),
            Pattern::Plain(plain) => {
                let rest = path.strip_prefix(plain.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then(|| segments(plain))
            }
            Pattern::Wild(glob, length) => {
                let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
                for part in ends.filter_map(|end| path.get(..end)) {
                    *left = left.saturating_sub(length * part.len().max(1));
                    if *left == 0 {
                        return None;
                    }
                    if glob.matches(part) {
                        return Some(segments(part));
                    }
                }
                None
            }
            Pattern::Bad => None,
        }
    }
}

fn depth(patterns: &[Pattern], path: &str, left: &mut usize) -> Option<usize> {
    patterns.iter().filter_map(|p| p.depth(path, left)).max()
}

fn segments(path: &str) -> usize {
    path.matches('/').count() + 1
}

fn refs_shown(full: &str) -> &str {
    full.strip_prefix("refs/heads/").unwrap_or(full)
}
fn quoted(text: &str) -> &str {
    text::prefix(text, QUOTED)
}
fn more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}
fn listed(patterns: &[String]) -> String {
    let first: Vec<String> = patterns.iter().take(5).map(|p| format!("'{}'", quoted(p))).collect();
    let rest = if patterns.len() > 5 { ", …" } else { "" };
    format!("{}{rest}", first.join(", "))
}

/// The words in a commit's message by which its author wants no run.
// Docs: the list. CHOICE: in any case.
pub fn skipped_by(message: &str) -> Option<&'static str> {
    const WORDS: &[&str] = &[
        "[skip ci]",
        "[ci skip]",
        "skip-checks: true",
        "skip-checks:true",
        "[skip azurepipelines]",
        "[azurepipelines skip]",
        "[skip azpipelines]",
        "[azpipelines skip]",
        "[skip azp]",
        "[azp skip]",
        "***no_ci***",
    ];
    let message = message.to_ascii_lowercase();
    WORDS.iter().find(|w| message.contains(**w)).copied()
}

/// A ref as sentences name it: a branch by its short name.
pub fn shown(full_ref: &str) -> &str {
    match full_ref.strip_prefix("refs/heads/") {
        Some(branch) => quoted(branch),
        None if refs::short(full_ref).is_empty() => "no ref",
        None => quoted(full_ref),
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
