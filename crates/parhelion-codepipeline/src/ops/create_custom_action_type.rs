use crate::{
    domain::{
        action_types::{CUSTOM_TYPES_MAX, Definition, Made, key_of, rules},
        engine::Input,
        tags,
    },
    error::{Error, Invalid, Result, named},
    shapes::{
        ActionCategory, ActionConfigurationProperty, ActionOwner, ActionType, ActionTypeId,
        CreateCustomActionTypeInput, CreateCustomActionTypeOutput,
    },
    store::{CodePipelineStore, Taggable},
};
use parhelion_state::{Operation, Tx};
use std::collections::BTreeMap;

/// CreateCustomActionType: makes an action type whose actions are done by the customer's own workers.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_CreateCustomActionType.html>
pub struct CreateCustomActionType;

impl Operation for CreateCustomActionType {
    const NAME: &'static str = "CreateCustomActionType";
    type Store = CodePipelineStore;
    type Input = CreateCustomActionTypeInput;
    type Output = CreateCustomActionTypeOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: CreateCustomActionTypeInput,
        tx: &mut Tx<'_>,
    ) -> Result<CreateCustomActionTypeOutput> {
        let CreateCustomActionTypeInput { category, provider, version, settings, .. } = input;
        // CHOICE: an approval is a person's answer, no worker's.
        if category == ActionCategory::Approval {
            return Err(Invalid::CustomCategory { category: category.as_str() }.into());
        }
        let given = ActionType {
            id: ActionTypeId { category, owner: ActionOwner::Custom, provider, version },
            settings,
            // Another name than the one it came under.
            action_configuration_properties: Some(input.configuration_properties.unwrap_or_default()),
            input_artifact_details: input.input_artifact_details,
            output_artifact_details: input.output_artifact_details,
        };
        rules::custom(&given).map_err(|why| Error::InvalidActionType { why })?;
        let id = given.id.clone();
        let arn = store.arn_of(&Taggable::custom(&id));
        // As with webhooks: what is there keeps its tags where none are given.
        let tags = input.tags.as_deref();
        let tags = tags.map(|tags| tags::union(&arn, &BTreeMap::new(), tags)).transpose()?;
        let is_live = match store.engine.types.get(&key_of(&id)).map(|made| (&made.definition, made.deleted))
        {
            None => false,
            Some((Definition::Custom(before), None)) if is_same(before, &given) => true,
            Some((_, None)) => return Err(Error::ActionTypeAlreadyExists { id: Box::new(id) }),
            // Docs: a deleted type can only come back as it was. (A probe of 2026 saw even that refused.)
            Some((Definition::Custom(before), Some(_))) if is_same(before, &given) => false,
            Some((_, Some(_))) => {
                // OBSERVED: the end of the text.
                let why =
                    format!("{} has been deleted. Create a new version of the action type.", named(&id));
                return Err(Error::InvalidActionType { why });
            }
        };
        if !is_live {
            let live = |owner: &str, deleted| owner == ActionOwner::Custom.as_str() && deleted;
            let count = store.engine.types.iter().filter(|(key, made)| live(&key.0, made.deleted.is_none()));
            if count.count() >= CUSTOM_TYPES_MAX {
                return Err(Error::LimitExceeded { what: "custom action types", limit: CUSTOM_TYPES_MAX });
            }
            let definition = Definition::Custom(Box::new(given.clone()));
            store.step(Input::Define(Box::new(Made { definition, deleted: None })), tx);
        }
        if let Some(tags) = tags {
            store.set_tags(&arn, tags);
        }
        let shown = store.engine.made(&id).map_or(given, crate::domain::action_types::shown::shown);
        Ok(CreateCustomActionTypeOutput { action_type: shown, tags: Some(store.tags_of(&arn)) })
    }
}

/// Whether two definitions say the same, whichever way: what is left out is what it defaults to.
fn is_same(one: &ActionType, other: &ActionType) -> bool {
    let plain = |given: &ActionType| {
        let mut plain = given.clone();
        plain.settings.get_or_insert_default();
        let fill = |property: &mut ActionConfigurationProperty| {
            property.queryable.get_or_insert(false);
        };
        plain.action_configuration_properties.get_or_insert_default().iter_mut().for_each(fill);
        plain
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, custom_type, property, tag};
    use crate::ops::{DeleteCustomActionType, testing::retire};
    use crate::shapes::{ActionTypeSettings, ArtifactDetails};
    use expect_test::expect;

    fn create(
        bench: &Bench,
        change: impl FnOnce(&mut CreateCustomActionTypeInput),
    ) -> Result<CreateCustomActionTypeOutput> {
        let mut input = custom_type("Mine");
        change(&mut input);
        bench.run::<CreateCustomActionType>(input)
    }

    #[test]
    fn it_answers_with_the_names_of_action_types() {
        let bench = Bench::new();
        let made = create(&bench, |input| input.tags = Some(vec![tag("b", "2"), tag("a", "1")])).unwrap();
        expect![[r#"
            {
              "actionType": {
                "id": {
                  "category": "Build",
                  "owner": "Custom",
                  "provider": "Mine",
                  "version": "1"
                },
                "actionConfigurationProperties": [
                  {
                    "name": "Project",
                    "required": true,
                    "key": true,
                    "secret": false,
                    "queryable": true
                  },
                  {
                    "name": "Password",
                    "required": false,
                    "key": false,
                    "secret": true
                  }
                ],
                "inputArtifactDetails": {
                  "minimumCount": 0,
                  "maximumCount": 1
                },
                "outputArtifactDetails": {
                  "minimumCount": 0,
                  "maximumCount": 1
                }
              },
              "tags": [
                {
                  "key": "a",
                  "value": "1"
                },
                {
                  "key": "b",
                  "value": "2"
                }
              ]
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&made).unwrap());
    }

    #[test]
    fn the_same_again_is_answered_and_another_is_refused() {
        let bench = Bench::new();
        let first = create(&bench, |input| input.tags = Some(vec![tag("a", "1")])).unwrap();
        let again = create(&bench, |input| {
            // Said or not, it is the default.
            if let Some(property) = input.configuration_properties.iter_mut().flatten().nth(1) {
                property.queryable = Some(false);
            }
        });
        assert_eq!(again.unwrap(), first);
        let other = create(&bench, |input| input.input_artifact_details.maximum_count = 2).unwrap_err();
        expect!["ActionTypeAlreadyExistsException: ActionType (Category: 'Build', Provider: 'Mine', Owner: 'Custom', Version: '1') already exists with a different definition"]
            .assert_eq(&format!("{}: {other}", other.code()));
        assert!(create(&bench, |input| input.version = "2".into()).is_ok());
    }

    #[test]
    fn a_deleted_type_comes_back_only_as_it_was() {
        let bench = Bench::new();
        create(&bench, |input| input.tags = Some(vec![tag("a", "1")])).unwrap();
        bench.run::<DeleteCustomActionType>(retire("Mine")).unwrap();
        let other = create(&bench, |input| input.input_artifact_details.maximum_count = 2).unwrap_err();
        expect!["InvalidActionTypeException: ActionType (Category: 'Build', Provider: 'Mine', Owner: 'Custom', Version: '1') has been deleted. Create a new version of the action type."]
            .assert_eq(&format!("{}: {other}", other.code()));
        let back = create(&bench, |_| ()).unwrap();
        assert_eq!(back.tags, Some(vec![]), "the tags went with it");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let bench = Bench::new();
        let said = |change: &dyn Fn(&mut CreateCustomActionTypeInput)| {
            let refused = create(&bench, change).unwrap_err();
            format!("{}: {refused}", refused.code())
        };
        let url = |template: &str| {
            let entity_url_template = Some(template.to_owned());
            Some(ActionTypeSettings { entity_url_template, ..Default::default() })
        };
        let answers = [
            said(&|input| input.category = ActionCategory::Approval),
            said(&|input| {
                input.output_artifact_details = ArtifactDetails { minimum_count: 3, maximum_count: 2 };
            }),
            said(&|input| {
                let second = property("Second", true, false, true);
                input.configuration_properties.get_or_insert_default().push(second);
            }),
            said(&|input| input.configuration_properties = Some(vec![property("Q", false, false, true)])),
            said(&|input| input.configuration_properties = Some(vec![property("Q", true, true, true)])),
            said(&|input| {
                input.configuration_properties =
                    Some(vec![property("Q", true, false, false), property("Q", true, false, false)]);
            }),
            said(&|input| input.settings = url("https://x/{Config:Password}")),
            said(&|input| input.tags = Some(vec![tag("aws:x", "")])),
        ];
        expect![[r#"
            ValidationException: Custom action types cannot have the category Approval
            InvalidActionTypeException: Maximum Number of Artifacts (2) has to be greater than or equal to minimum (3).
            InvalidActionTypeException: Multiple queryable configuration properties found with names 'Project, Second'. Up to one queryable property may be specified.
            InvalidActionTypeException: Invalid queryable property 'Q'. Queryable configuration properties must be required and non-secret.
            InvalidActionTypeException: Invalid queryable property 'Q'. Queryable configuration properties must be required and non-secret.
            InvalidActionTypeException: Configuration property 'Q' is declared more than once.
            InvalidActionTypeException: Invalid URL template: '{Config:Password}' must name a configuration property that is required and non-secret.
            InvalidTagsException: Not allowed to modify system tags. System tags start with 'aws:'. msg=[Caller is an end user and not allowed to mutate system tags]"#]]
        .assert_eq(&answers.join("\n"));
        bench.look(|store| assert!(store.engine.types.is_empty() && store.tags.is_empty()));
        assert!(create(&bench, |input| input.settings = url("https://x/{Config:Project}")).is_ok());
    }

    #[test]
    fn there_can_be_50_live_types() {
        let bench = Bench::new();
        for n in 0..CUSTOM_TYPES_MAX {
            create(&bench, |input| input.provider = format!("P{n}")).unwrap();
        }
        assert_eq!(create(&bench, |_| ()).unwrap_err().code(), "LimitExceededException");
        // What is there already takes no place, and what was deleted gives its own back.
        assert!(create(&bench, |input| input.provider = "P7".into()).is_ok());
        bench.run::<DeleteCustomActionType>(retire("P7")).unwrap();
        assert!(create(&bench, |_| ()).is_ok());
    }
}
