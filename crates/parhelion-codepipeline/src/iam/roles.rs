//! Whether CodePipeline may assume a role (rule 35 of the specification): what the account's roles say, under a mode.

use super::error::Error;
use super::store::{Account, IamStore};
use crate::domain::place::Place;
use crate::{RoleCheck, Settings};
use parhelion_core::{Event, Verdict, text::prefix};
use parhelion_state::Tx;
use serde_json::Value;

/// Who CodePipeline is, to a trust policy.
const PRINCIPAL: &str = "codepipeline.amazonaws.com";
/// Bytes of a role's ARN that a fact repeats.
const SHOWN_BYTES: usize = 500;

/// Whether a role will do, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The role.
    pub arn: String,
    /// Whether CodePipeline may assume it.
    pub assumable: bool,
    /// One sentence on what decided.
    pub why: String,
}

impl Judgement {
    /// Tells the journal why the role was refused, if it was.
    pub fn tell(&self, tx: &mut Tx<'_>) {
        if !self.assumable {
            let event = Event::new("role.checked", format!("role:{}", prefix(&self.arn, SHOWN_BYTES)))
                .fact(self.why.clone())
                .verdict(Verdict::Failed);
            tx.explain(event);
        }
    }
}

/// Judges a pipeline's role by the roles that the account has now.
pub fn judge(arn: &str, place: &Place, tx: &Tx<'_>) -> Judgement {
    let check = tx.settings::<Settings>().map_or(RoleCheck::default(), |settings| settings.role_check);
    let known = tx.peek::<IamStore>(&Account::from(place));
    let (assumable, why) = judged(arn, place.account(), check, &known.store);
    Judgement { arn: arn.to_owned(), assumable, why }
}

fn judged(arn: &str, account: &str, check: RoleCheck, store: &IamStore) -> (bool, String) {
    let roles = store.roles.len();
    if check == RoleCheck::Off || (check == RoleCheck::Auto && roles == 0) {
        return (true, "roles are not looked at".to_owned());
    }
    // The name is what follows the last slash; the path before it belongs to the ARN.
    let role = arn.rsplit('/').next().and_then(|name| store.role(name)).filter(|role| role.arn == arn);
    let arn = prefix(arn, SHOWN_BYTES);
    match role {
        None => (false, format!("account {account} has {roles} roles, and no {arn}")),
        Some(role) if trusts(&role.trust) => (true, format!("{arn} trusts {PRINCIPAL}")),
        Some(_) => (false, format!("no Allow statement in the trust policy of {arn} names {PRINCIPAL}")),
    }
}

/// Whether a trust policy lets CodePipeline assume its role: the service as a principal of any Allow statement.
pub fn trusts(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    statements(&policy).iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && match statement.pointer("/Principal/Service") {
                Some(Value::String(service)) => service == PRINCIPAL,
                Some(Value::Array(services)) => services.iter().any(|s| s == PRINCIPAL),
                _ => false,
            }
    })
}

fn statements(policy: &Value) -> &[Value] {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// Whether a text is a trust policy at all.
///
/// # Errors
/// `MalformedPolicyDocument`.
// OBSERVED: the texts are the live service's. CHOICE: which mistakes are looked for.
pub fn check_policy(policy: &str) -> Result<(), Error> {
    let parsed: Value = serde_json::from_str(policy)
        .map_err(|_| Error::malformed_policy("This policy contains invalid Json"))?;
    let statements = statements(&parsed);
    if statements.is_empty() || !statements.iter().all(Value::is_object) {
        return Err(Error::malformed_policy("Syntax errors in policy."));
    }
    for statement in statements {
        let has = |names: [&str; 2]| names.iter().any(|name| statement.get(name).is_some());
        if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"))
            || !has(["Action", "NotAction"])
        {
            return Err(Error::malformed_policy("Syntax errors in policy."));
        }
        if !has(["Principal", "NotPrincipal"]) {
            return Err(Error::malformed_policy("Missing required field Principal"));
        }
        if has(["Resource", "NotResource"]) {
            return Err(Error::malformed_policy("Has prohibited field Resource"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::store::Role;
    use parhelion_core::Timestamp;
    use parhelion_state::Store;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const TRUSTING: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Principal":{"Service":"codepipeline.amazonaws.com"},"Action":"sts:AssumeRole"},
        {"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","codepipeline.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;
    const OTHER: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

    fn account(roles: &[(&str, &str)]) -> IamStore {
        let mut store = IamStore::new(&"000000000000".parse().unwrap());
        for (name, trust) in roles {
            let role = Role {
                name: (*name).into(),
                path: "/ci/".into(),
                id: "AROA".into(),
                arn: format!("arn:aws:iam::000000000000:role/ci/{name}"),
                created: Timestamp::UNIX_EPOCH,
                trust: (*trust).into(),
                description: None,
                max_session_secs: 3600,
                tags: BTreeMap::new(),
            };
            store.roles.put(IamStore::key(name), role);
        }
        store
    }

    #[test]
    fn each_mode_judges_as_it_says() {
        let arn = |name: &str| format!("arn:aws:iam::000000000000:role/ci/{name}");
        let (empty, full) = (account(&[]), account(&[("Good", TRUSTING), ("bad", OTHER)]));
        use RoleCheck::{Auto, Off, Strict};
        for (check, store, role, expected) in [
            (Auto, &empty, "any", true),
            (Strict, &empty, "any", false),
            (Off, &full, "any", true),
            (Auto, &full, "any", false),
            (Auto, &full, "Good", true),
            (Strict, &full, "Good", true),
            (Auto, &full, "bad", false),
            (Off, &full, "bad", true),
            // An ARN is told apart by case.
            (Auto, &full, "good", false),
        ] {
            assert_eq!(judged(&arn(role), "000000000000", check, store).0, expected, "{check:?} {role}");
        }
        let (_, why) = judged("arn:aws:iam::000000000000:role/Good", "000000000000", Auto, &full);
        assert_eq!(why, "account 000000000000 has 2 roles, and no arn:aws:iam::000000000000:role/Good");
    }

    #[test]
    fn only_an_allow_statement_for_the_service_trusts() {
        for (policy, expected) in [
            (TRUSTING, true),
            (OTHER, false),
            (r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"}]}"#, false),
            (r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"codepipeline.amazonaws.com"}}]}"#, false),
            ("[]", false),
            ("x", false),
        ] {
            assert_eq!(trusts(policy), expected, "{policy}");
        }
    }

    #[test]
    fn what_is_no_trust_policy_is_refused() {
        for (policy, said) in [
            ("{", "This policy contains invalid Json"),
            ("{}", "Syntax errors in policy."),
            (r#"{"Statement":[1]}"#, "Syntax errors in policy."),
            (r#"{"Statement":{"Effect":"Maybe","Principal":"*","Action":"*"}}"#, "Syntax errors in policy."),
            (r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#, "Missing required field Principal"),
            (
                r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#,
                "Has prohibited field Resource",
            ),
        ] {
            assert_eq!(check_policy(policy).unwrap_err().message, said, "{policy}");
        }
        assert_eq!((check_policy(TRUSTING), check_policy(OTHER)), (Ok(()), Ok(())));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(policy in ".{0,60}") {
            let _ = (check_policy(&policy), trusts(&policy));
        }
    }
}
