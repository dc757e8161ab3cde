use crate::{
    domain::{action_types::shown, catalogue, place::Place},
    error::{Error, Invalid, Result},
    shapes::{ListRuleTypesInput, ListRuleTypesOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Query, View};

/// ListRuleTypes: the rule types that conditions of stages can use.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListRuleTypes.html>
pub struct ListRuleTypes;

impl Query for ListRuleTypes {
    const NAME: &'static str = "ListRuleTypes";
    type Store = CodePipelineStore;
    type Input = ListRuleTypesInput;
    type Output = ListRuleTypesOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListRuleTypesInput,
        _view: &View<'_>,
    ) -> Result<ListRuleTypesOutput> {
        // They are the same everywhere, and all are AWS's: neither filter leaves anything out.
        if let Some(region) = input.region_filter {
            Place::new(store.place.account(), &region).map_err(|_| Invalid::Region { region })?;
        }
        Ok(ListRuleTypesOutput { rule_types: catalogue::rule_kinds().iter().map(shown::rule).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;
    use crate::shapes::RuleOwner;
    use expect_test::expect;

    #[test]
    fn all_rule_types_come_by_provider() {
        let bench = Bench::new();
        let input = ListRuleTypesInput { rule_owner_filter: Some(RuleOwner::Aws), region_filter: None };
        let listed = bench.ask::<ListRuleTypes>(input).unwrap().rule_types;
        let lines: Vec<String> = listed
            .iter()
            .map(|rule| {
                let properties = rule.rule_configuration_properties.iter().flatten();
                let keys: Vec<String> =
                    properties.map(|p| format!("{}{}", p.name, if p.required { "*" } else { "" })).collect();
                let most = rule.input_artifact_details.maximum_count;
                format!("{} in 0..={most}: {}", rule.id.provider, keys.join(" "))
            })
            .collect();
        expect![[r#"
            CloudWatchAlarm in 0..=0: AlarmName* AlarmStates WaitTime
            CodeBuild in 0..=5: ProjectName* PrimarySource BatchEnabled CombineArtifacts EnvironmentVariables
            Commands in 0..=10: 
            DeploymentWindow in 0..=0: Cron* TimeZone
            LambdaInvoke in 0..=5: FunctionName* UserParameters
            VariableCheck in 0..=0: Variable* Value* Operator*"#]]
        .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_text_that_is_no_region_is_refused() {
        let bench = Bench::new();
        let input = ListRuleTypesInput { rule_owner_filter: None, region_filter: Some("Mars!".into()) };
        assert_eq!(bench.ask::<ListRuleTypes>(input).unwrap_err().code(), "ValidationException");
    }
}
