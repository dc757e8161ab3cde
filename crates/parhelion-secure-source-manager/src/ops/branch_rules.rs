//! Branch rules. What they do to pushes and merges stands in `domain/rules.rs`.

use crate::{
    domain::{
        fields,
        lro::{self, Outcome, timestamp},
        mask::Mask,
        names::{Child, Name},
        pages::page,
        rules,
    },
    error::Error,
    ops::repositories::{self, etag},
    proto::{
        longrunning,
        v1::{
            self, CreateBranchRuleRequest, DeleteBranchRuleRequest, GetBranchRuleRequest,
            ListBranchRulesRequest, ListBranchRulesResponse, UpdateBranchRuleRequest, branch_rule,
        },
    },
    store::{BRANCH_RULES, BranchRule, HookKey, SsmStore},
};
use parhelion_state::{Operation, Query, Tx, View};

const COLLECTION: &str = "branchRules";
/// Docs: the annotations of a resource together.
const ANNOTATION_BYTES: usize = 256 * 1024;
/// Status checks of a rule. CHOICE.
const CHECKS: usize = 100;

/// A rule as the API shows it.
pub fn message(key: &HookKey, record: &BranchRule) -> v1::BranchRule {
    // Counts are kept from what fitted an i32.
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    v1::BranchRule {
        name: full_name(key, record),
        uid: record.uid.clone(),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        annotations: record.annotations.clone(),
        etag: record.etag.clone(),
        include_pattern: record.include_pattern.clone(),
        disabled: record.disabled,
        require_pull_request: record.require_pull_request,
        minimum_reviews_count: count(record.minimum_reviews),
        minimum_approvals_count: count(record.minimum_approvals),
        require_comments_resolved: record.require_comments_resolved,
        require_linear_history: record.require_linear_history,
        required_status_checks: record
            .required_status_checks
            .iter()
            .map(|context| branch_rule::Check { context: context.clone() })
            .collect(),
        allow_stale_reviews: record.allow_stale_reviews,
        require_code_owner_approval: record.require_code_owner_approval,
    }
}

/// A rule's name, with the project as at its creation.
pub fn full_name(key: &HookKey, record: &BranchRule) -> String {
    format!("projects/{}/locations/{}/repositories/{}/{COLLECTION}/{}", record.project, key.0, key.1, key.2)
}

/// Lists the branch rules of a repository by id.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.branchRules/list
pub struct ListBranchRules;
impl Query for ListBranchRules {
    const NAME: &'static str = "ListBranchRules";
    type Store = SsmStore;
    type Input = ListBranchRulesRequest;
    type Output = ListBranchRulesResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListBranchRulesRequest,
        _: &View<'_>,
    ) -> Result<ListBranchRulesResponse, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        if store.repository(&repository.key()).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        let all = store.rules_of(&repository.key()).map(|(key, record)| message(key, record)).collect();
        let question = [COLLECTION, &repository.to_string()];
        let (branch_rules, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListBranchRulesResponse { branch_rules, next_page_token })
    }
}

/// Tells of one branch rule.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.branchRules/get
pub struct GetBranchRule;
impl Query for GetBranchRule {
    const NAME: &'static str = "GetBranchRule";
    type Store = SsmStore;
    type Input = GetBranchRuleRequest;
    type Output = v1::BranchRule;
    type Error = Error;

    fn run(store: &SsmStore, input: GetBranchRuleRequest, _: &View<'_>) -> Result<v1::BranchRule, Error> {
        let key = Child::parse("name", &input.name, COLLECTION)?.key();
        let record = store.branch_rules.get(&key).ok_or(Error::NotFound(input.name))?;
        Ok(message(&key, record))
    }
}

/// Creates a branch rule.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.branchRules/create
pub struct CreateBranchRule;
impl Operation for CreateBranchRule {
    const NAME: &'static str = "CreateBranchRule";
    type Store = SsmStore;
    type Input = CreateBranchRuleRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CreateBranchRuleRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        fields::id("branch_rule_id", &input.branch_rule_id)?;
        let given = input.branch_rule.ok_or_else(|| Error::field("branch_rule", "is required."))?;
        if store.repository(&repository.key()).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        let mut record = BranchRule {
            project: repository.place.project.clone(),
            uid: tx.uuid("branch-rule").to_string(),
            created: tx.now(),
            updated: tx.now(),
            annotations: Default::default(),
            etag: etag(tx),
            include_pattern: String::new(),
            disabled: false,
            require_pull_request: false,
            minimum_reviews: 0,
            minimum_approvals: 0,
            require_comments_resolved: false,
            require_linear_history: false,
            required_status_checks: Vec::new(),
            allow_stale_reviews: false,
            require_code_owner_approval: false,
        };
        take(&mut record, given, &Mask::Star)?;
        let name = Child { repository, collection: COLLECTION, id: input.branch_rule_id };
        let key = name.key();
        if store.branch_rules.contains_key(&key) {
            return Err(Error::Exists(name.to_string()));
        }
        unique(store, &key, &record)?;
        if store.rules_of(&name.repository.key()).count() >= BRANCH_RULES {
            return Err(Error::Full { holder: "the repository", limit: BRANCH_RULES, what: "branch rules" });
        }
        let outcome = Outcome::of("BranchRule", &message(&key, &record));
        let begun = lro::begin(tx, &name.repository.place, "create", &name.to_string());
        if begun.succeeds() {
            store.branch_rules.put(key, record);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Changes a branch rule.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.branchRules/patch
pub struct UpdateBranchRule;
impl Operation for UpdateBranchRule {
    const NAME: &'static str = "UpdateBranchRule";
    type Store = SsmStore;
    type Input = UpdateBranchRuleRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UpdateBranchRuleRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let given = input.branch_rule.ok_or_else(|| Error::field("branch_rule", "is required."))?;
        let mask = Mask::of(input.update_mask.as_ref(), "BranchRule")?;
        let name = Child::parse("branch_rule.name", &given.name, COLLECTION)?;
        let key = name.key();
        let Some(record) = store.branch_rules.get(&key) else { return Err(Error::NotFound(given.name)) };
        if !given.etag.is_empty() && given.etag != record.etag {
            return Err(Error::Etag(given.name));
        }
        let mut next = BranchRule::clone(record);
        take(&mut next, given, &mask)?;
        unique(store, &key, &next)?;
        next.etag = etag(tx);
        next.updated = tx.now();
        let target = full_name(&key, &next);
        let outcome = Outcome::of("BranchRule", &message(&key, &next));
        if input.validate_only {
            return Ok(lro::would_be(tx, &name.repository.place, "update", &target, outcome));
        }
        let begun = lro::begin(tx, &name.repository.place, "update", &target);
        if begun.succeeds() {
            store.branch_rules.put(key, next);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Deletes a branch rule.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.branchRules/delete
pub struct DeleteBranchRule;
impl Operation for DeleteBranchRule {
    const NAME: &'static str = "DeleteBranchRule";
    type Store = SsmStore;
    type Input = DeleteBranchRuleRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeleteBranchRuleRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = Child::parse("name", &input.name, COLLECTION)?;
        let key = name.key();
        let target = match store.branch_rules.get(&key) {
            Some(record) => full_name(&key, record),
            None if input.allow_missing => input.name,
            None => return Err(Error::NotFound(input.name)),
        };
        let begun = lro::begin(tx, &name.repository.place, "delete", &target);
        if begun.succeeds() {
            store.branch_rules.remove(&key);
        }
        Ok(begun.end(store, tx, Outcome::empty()))
    }
}

/// Takes over what the mask names.
fn take(rule: &mut BranchRule, given: v1::BranchRule, mask: &Mask) -> Result<(), Error> {
    let field = |name: &str| format!("branch_rule.{name}");
    let count =
        |name: &str, n: i32| u32::try_from(n).map_err(|_| Error::field(field(name), "must not be negative."));
    if mask.has("annotations") {
        let bytes: usize = given.annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > ANNOTATION_BYTES {
            return Err(Error::field(field("annotations"), "must not be longer than 256 KiB together."));
        }
        rule.annotations = given.annotations;
    }
    if mask.has("include_pattern") {
        rules::check_pattern(&field("include_pattern"), &given.include_pattern)?;
        rule.include_pattern = given.include_pattern;
    }
    if mask.has("disabled") {
        rule.disabled = given.disabled;
    }
    if mask.has("require_pull_request") {
        rule.require_pull_request = given.require_pull_request;
    }
    if mask.has("minimum_reviews_count") {
        rule.minimum_reviews = count("minimum_reviews_count", given.minimum_reviews_count)?;
    }
    if mask.has("minimum_approvals_count") {
        rule.minimum_approvals = count("minimum_approvals_count", given.minimum_approvals_count)?;
    }
    if mask.has("require_comments_resolved") {
        rule.require_comments_resolved = given.require_comments_resolved;
    }
    if mask.has("require_linear_history") {
        rule.require_linear_history = given.require_linear_history;
    }
    if mask.has("required_status_checks") {
        let checks: Vec<String> = given.required_status_checks.into_iter().map(|c| c.context).collect();
        if checks.len() > CHECKS || checks.iter().any(|c| c.is_empty() || c.len() > 256) {
            let why = "must be at most 100 contexts of 1 to 256 bytes.";
            return Err(Error::field(field("required_status_checks"), why));
        }
        rule.required_status_checks = checks;
    }
    if mask.has("allow_stale_reviews") {
        rule.allow_stale_reviews = given.allow_stale_reviews;
    }
    if mask.has("require_code_owner_approval") {
        rule.require_code_owner_approval = given.require_code_owner_approval;
    }
    Ok(())
}

/// Docs: the filters of enabled rules are unique in a repository. CHOICE: the code.
fn unique(store: &SsmStore, key: &HookKey, rule: &BranchRule) -> Result<(), Error> {
    let of = (key.0.clone(), key.1.clone());
    let same = |(other, record): &(&HookKey, &std::sync::Arc<BranchRule>)| {
        *other != key && !record.disabled && record.include_pattern == rule.include_pattern
    };
    match store.rules_of(&of).find(same) {
        Some((other, record)) if !rule.disabled => Err(Error::state(
            full_name(other, record),
            format!("Branch rule \"{}\" is enabled for \"{}\" already.", other.2, rule.include_pattern),
        )),
        _ => Ok(()),
    }
}
