//! What a rule of a condition finds (4.3 of the specification): pure, on a configuration whose variables are
//! resolved. VariableCheck and DeploymentWindow are evaluated, the others are simulated.

mod check;
mod cron;
mod java_regex;
mod window;
mod zone;

use crate::named::Named;
use crate::shapes::RuleDeclaration;
use chrono::TimeDelta;
use parhelion_core::Timestamp;

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and why.
    Met(String),
    /// It does not hold, and why.
    NotMet(String),
    /// The world that it asks about is not here: it succeeds, unless something else was scripted.
    Simulated,
    /// It does not hold yet: it is looked at again then.
    NextLook(Timestamp),
    /// It cannot be evaluated.
    Failed {
        /// `errorDetails.code`.
        code: &'static str,
        /// `errorDetails.message`.
        message: String,
    },
}

impl Verdict {
    /// A configuration that says nothing that can be evaluated.
    // CHOICE: AWS documents no codes of rules.
    fn misconfigured(message: impl Into<String>) -> Self {
        Verdict::Failed { code: "ConfigurationError", message: message.into() }
    }
}

/// Whether what a rule asks about is not here: its work is simulated.
pub fn is_simulated(rule: &RuleDeclaration) -> bool {
    !["VariableCheck", "DeploymentWindow"].contains(&rule.rule_type_id.provider.as_str())
}

/// What a rule finds now; `resolved` is its configuration with values in place of variables.
pub fn evaluate(rule: &RuleDeclaration, resolved: &Named<String>, now: Timestamp) -> Verdict {
    match rule.rule_type_id.provider.as_str() {
        "VariableCheck" => check::evaluate(resolved),
        "DeploymentWindow" => window::evaluate(resolved, now),
        _ => Verdict::Simulated,
    }
}

/// How long a rule may stay undecided.
// CHOICE: Docs bound what a rule may say itself, and do not say what holds where it says nothing: the limits of
// the actions that do the same work; a window is given the time of an approval, which it resembles.
pub fn time_limit(rule: &RuleDeclaration) -> TimeDelta {
    let own = rule.timeout_in_minutes.map(|minutes| TimeDelta::minutes(i64::from(minutes)));
    own.unwrap_or_else(|| match rule.rule_type_id.provider.as_str() {
        "DeploymentWindow" => TimeDelta::days(7),
        "LambdaInvoke" => TimeDelta::days(1),
        "CodeBuild" => TimeDelta::hours(8),
        _ => TimeDelta::hours(1),
    })
}

/// A value of a configuration; empty where there is none.
fn value<'a>(resolved: &'a Named<String>, key: &str) -> &'a str {
    resolved.get(key).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::{RuleCategory, RuleTypeId};

    fn rule(provider: &str) -> RuleDeclaration {
        let rule_type_id = RuleTypeId {
            category: RuleCategory::Rule,
            owner: None,
            provider: provider.into(),
            version: None,
        };
        RuleDeclaration {
            name: "r".into(),
            rule_type_id,
            configuration: None,
            commands: None,
            input_artifacts: None,
            role_arn: None,
            region: None,
            timeout_in_minutes: None,
        }
    }

    #[test]
    fn only_what_can_be_known_here_is_evaluated() {
        let nothing = Named::new();
        for provider in ["CloudWatchAlarm", "CodeBuild", "Commands", "LambdaInvoke"] {
            assert_eq!(evaluate(&rule(provider), &nothing, Timestamp::UNIX_EPOCH), Verdict::Simulated);
        }
        for provider in ["VariableCheck", "DeploymentWindow"] {
            let found = evaluate(&rule(provider), &nothing, Timestamp::UNIX_EPOCH);
            assert!(matches!(found, Verdict::Failed { code: "ConfigurationError", .. }), "{found:?}");
        }
    }

    #[test]
    fn a_rule_may_say_itself_how_long_it_waits() {
        let mut window = rule("DeploymentWindow");
        assert_eq!(time_limit(&window), TimeDelta::days(7));
        window.timeout_in_minutes = Some(5);
        assert_eq!(time_limit(&window), TimeDelta::minutes(5));
        assert_eq!(time_limit(&rule("VariableCheck")), TimeDelta::hours(1));
    }
}
