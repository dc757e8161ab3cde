//! Branch rules: which one counts for a branch, and what it says of a push or a merge.

use crate::{
    error::Error,
    store::{
        BranchRule, CommentKind, HookKey, Key, NumberKey, PullRequest, ReviewAction, SsmStore, StatusState,
    },
};
use parhelion_git::RefUpdate;
use regex::{Regex, RegexBuilder};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Longest pattern, bytes. CHOICE.
const PATTERN_BYTES: usize = 256;
/// Largest compiled pattern, bytes. CHOICE.
const COMPILED_BYTES: usize = 1 << 20;

/// Docs: a pattern is a branch's name or `.*`. CHOICE: any regular expression, for the whole name.
fn compiled(pattern: &str) -> Result<Regex, String> {
    let whole = format!("^(?:{pattern})$");
    RegexBuilder::new(&whole).size_limit(COMPILED_BYTES).build().map_err(|e| {
        let text = e.to_string();
        text.lines().last().unwrap_or("it cannot be read").trim_start_matches("error: ").to_owned()
    })
}

/// Refuses what is no pattern.
pub fn check_pattern(field: &str, pattern: &str) -> Result<(), Error> {
    if pattern.is_empty() {
        return Err(Error::field(field, "is required."));
    }
    if pattern.len() > PATTERN_BYTES {
        return Err(Error::field(field, format!("must not be longer than {PATTERN_BYTES} bytes.")));
    }
    compiled(pattern).map(|_| ()).map_err(|why| Error::field(field, format!("is no pattern: {why}.")))
}

/// The rule that counts for a branch. Docs: one, they are not combined. CHOICE: its very name beats any pattern, then
/// the longest pattern, then the first by id.
pub fn for_branch<'a>(
    store: &'a SsmStore,
    repository: &Key,
    branch: &str,
) -> Option<(&'a HookKey, &'a Arc<BranchRule>)> {
    let matching = store.rules_of(repository).filter(|(_, rule)| {
        !rule.disabled
            && (rule.include_pattern == branch
                || compiled(&rule.include_pattern).is_ok_and(|regex| regex.is_match(branch)))
    });
    // `min_by_key` keeps the first of equals, and ids come in order.
    matching.min_by_key(|(_, rule)| {
        let exact = rule.include_pattern == branch;
        (!exact, usize::MAX - rule.include_pattern.len())
    })
}

/// Whether any enabled rule of a repository looks at merge commits.
pub fn asks_for_linear_history(store: &SsmStore, repository: &Key) -> bool {
    store.rules_of(repository).any(|(_, rule)| !rule.disabled && rule.require_linear_history)
}

/// What a rule said of a pushed ref.
#[derive(Debug)]
pub struct Verdict {
    /// Full name of the ref.
    pub name: String,
    /// The rule's id.
    pub rule: String,
    /// Why not; `None`: it has nothing against it.
    pub broken: Option<String>,
}

/// What the rules of a repository say of a push. `merges`: refs that would bring merge commits. The making of a branch
/// is free (CHOICE: else a rule for `.*` would forbid the branches of pull requests).
pub fn of_push<'a>(
    store: &SsmStore,
    repository: &Key,
    updates: impl Iterator<Item = &'a RefUpdate>,
    merges: &BTreeSet<String>,
) -> Vec<Verdict> {
    let verdict = |update: &RefUpdate| {
        let branch = update.name.strip_prefix("refs/heads/")?;
        update.old?;
        let (key, rule) = for_branch(store, repository, branch)?;
        let broken = if update.new.is_none() {
            Some(format!("{branch} must not be deleted"))
        } else if update.forced {
            Some(format!("the history of {branch} must not be rewritten"))
        } else if rule.require_pull_request {
            Some(format!("changes to {branch} must be made through a pull request"))
        } else if rule.require_linear_history && merges.contains(&update.name) {
            Some(format!("{branch} must have a linear history, and the push has merge commits"))
        } else {
            None
        };
        Some(Verdict { name: update.name.clone(), rule: key.2.clone(), broken })
    };
    updates.filter_map(verdict).collect()
}

/// What keeps a pull request from being merged by the rule of its base: the rule's id, the field, and why; `None` when
/// nothing does. `owned`: whether the base has a file that names code owners.
pub fn of_merge(
    store: &SsmStore,
    key: &NumberKey,
    pull: &PullRequest,
    owned: bool,
) -> Option<(String, &'static str, String)> {
    let repository = (key.0.clone(), key.1.clone());
    let (rule_key, rule) = for_branch(store, &repository, &pull.base)?;
    let reviews = Reviews::of(store, key, pull, rule.allow_stale_reviews);
    let broken = |field: &'static str, why: String| Some((rule_key.2.clone(), field, why));
    if reviews.people < rule.minimum_reviews as usize {
        let why = format!("{} of {} reviews", reviews.people, rule.minimum_reviews);
        return broken("minimum_reviews_count", why);
    }
    if reviews.approvals < rule.minimum_approvals as usize {
        let why = format!("{} of {} approvals", reviews.approvals, rule.minimum_approvals);
        return broken("minimum_approvals_count", why);
    }
    if rule.require_comments_resolved {
        let open = store.pull_comments_of(key).filter(|(_, comment)| {
            matches!(comment.kind, CommentKind::Code { root: None, resolved: false, .. })
        });
        let open = open.count();
        if open > 0 {
            return broken("require_comments_resolved", format!("{open} unresolved threads"));
        }
        if reviews.changes_asked {
            return broken("require_comments_resolved", "a reviewer asks for changes".to_owned());
        }
    }
    for context in &rule.required_status_checks {
        let status = (key.0.clone(), key.1.clone(), pull.head_sha.to_string(), context.clone());
        match store.statuses.get(&status).map(|s| **s) {
            Some(StatusState::Success) => {}
            Some(StatusState::Failure) => {
                return broken("required_status_checks", format!("status check \"{context}\" failed"));
            }
            Some(StatusState::Pending) | None => {
                return broken(
                    "required_status_checks",
                    format!("status check \"{context}\" has not succeeded"),
                );
            }
        }
    }
    if rule.require_code_owner_approval && owned && reviews.approvals == 0 {
        return broken("require_code_owner_approval", "no code owner has approved".to_owned());
    }
    None
}

/// What reviewers have said.
struct Reviews {
    people: usize,
    approvals: usize,
    changes_asked: bool,
}

impl Reviews {
    fn of(store: &SsmStore, key: &NumberKey, pull: &PullRequest, stale: bool) -> Reviews {
        let mut last: BTreeMap<&str, Option<ReviewAction>> = BTreeMap::new();
        for (_, comment) in store.pull_comments_of(key) {
            let CommentKind::Review { action, commit } = &comment.kind else { continue };
            // Docs: reviews of an older head do not count, unless the rule says so.
            if !stale && *commit != pull.head_sha {
                continue;
            }
            let verdict = last.entry(&comment.author).or_default();
            // Mere words leave a verdict as it is.
            if *action != ReviewAction::Comment {
                *verdict = Some(*action);
            }
        }
        let count = |wanted| last.values().filter(|v| **v == Some(wanted)).count();
        Reviews {
            people: last.len(),
            approvals: count(ReviewAction::Approved),
            changes_asked: count(ReviewAction::ChangeRequested) > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_are_for_the_whole_name() {
        for (pattern, branch, expected) in [
            (".*", "a/b", true),
            ("main", "main", true),
            ("main", "maintenance", false),
            ("release/.*", "release/1", true),
            ("a|b", "ab", false),
        ] {
            assert_eq!(compiled(pattern).unwrap().is_match(branch), expected, "{pattern} {branch}");
        }
        assert!(
            check_pattern("f", "(")
                .unwrap_err()
                .to_string()
                .starts_with("Invalid value for field 'f': is no pattern")
        );
        assert!(check_pattern("f", "").is_err() && check_pattern("f", &"a".repeat(300)).is_err());
        assert!(check_pattern("f", "(((a{100}){100}){100})").is_err());
    }

    proptest! {
        #[test]
        fn any_pattern_is_read_without_panic(pattern in "\\PC{0,40}") {
            let _ = check_pattern("f", &pattern);
        }
    }
}
