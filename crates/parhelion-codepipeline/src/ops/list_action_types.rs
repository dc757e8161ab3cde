use crate::{
    domain::{action_types::shown, catalogue, place::Place},
    error::{Error, Invalid, Result},
    shapes::{ActionType, ListActionTypesInput, ListActionTypesOutput},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};

/// ListActionTypes: all action types that can be used, by owner, category, provider and version.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionTypes.html>
pub struct ListActionTypes;

/// Docs: the size of a page.
const PAGE: usize = 100;

/// An item's place in the list. No part of an id can hold the separator.
fn position(item: &ActionType) -> String {
    let (owner, category, provider, version) = catalogue::order(&item.id);
    format!("{owner}/{category}/{provider}/{version}")
}

fn is_after(item: &ActionType, position: &str) -> bool {
    let mut parts = position.split('/');
    let mut part = || parts.next().unwrap_or("");
    catalogue::order(&item.id) > (part(), part(), part(), part())
}

impl Query for ListActionTypes {
    const NAME: &'static str = "ListActionTypes";
    type Store = CodePipelineStore;
    type Input = ListActionTypesInput;
    type Output = ListActionTypesOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListActionTypesInput,
        view: &View<'_>,
    ) -> Result<ListActionTypesOutput> {
        let owner = input.action_owner_filter;
        let region = input.region_filter.as_deref().unwrap_or(store.place.region());
        // Docs: the region to filter on. CHOICE: the types that the account has there.
        let types = if region == store.place.region() {
            shown::all(&store.engine)
        } else {
            let there = Place::new(store.place.account(), region)
                .map_err(|_| Invalid::Region { region: region.to_owned() })?;
            shown::all(&view.peek::<CodePipelineStore>(&there).store.engine)
        };
        let arguments = [owner.map_or("", |owner| owner.as_str()), region];
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &arguments };
        let wanted = types.into_iter().filter(|item| owner.is_none_or(|owner| item.id.owner == owner));
        let (action_types, next_token) =
            question.page(input.next_token.as_deref(), PAGE, wanted, position, is_after)?;
        Ok(ListActionTypesOutput { action_types, next_token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::DeleteCustomActionType;
    use crate::ops::testing::{Bench, retire};
    use crate::shapes::ActionOwner;

    fn list(bench: &Bench, change: impl FnOnce(&mut ListActionTypesInput)) -> Result<ListActionTypesOutput> {
        let mut input = ListActionTypesInput::default();
        change(&mut input);
        bench.ask::<ListActionTypes>(input)
    }
    fn names(listed: &[ActionType]) -> Vec<String> {
        listed.iter().map(position).collect()
    }

    #[test]
    fn built_in_partners_and_own_types_come_in_order() {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        bench.action_type("Mine", |input| input.version = "2".into());
        bench.action_type("Gone", |_| ());
        bench.run::<DeleteCustomActionType>(retire("Gone")).unwrap();
        bench.integration("Partner", |_| ());
        let all = list(&bench, |_| ()).unwrap();
        assert_eq!((all.action_types.len(), all.next_token), (43, None));
        let all = names(&all.action_types);
        assert_eq!(all[0], "AWS/Approval/Manual/1");
        assert!(all.is_sorted() && all.contains(&"ThirdParty/Build/Partner/1".to_owned()));
        let own = list(&bench, |input| input.action_owner_filter = Some(ActionOwner::Custom)).unwrap();
        assert_eq!(names(&own.action_types), ["Custom/Build/Mine/1", "Custom/Build/Mine/2"]);
    }

    #[test]
    fn another_region_has_its_own_types() {
        let bench = Bench::new();
        bench.at(&"000000000000/eu-west-1".parse().unwrap()).action_type("Far", |_| ());
        let of = |region: &str| {
            list(&bench, |input| {
                input.action_owner_filter = Some(ActionOwner::Custom);
                input.region_filter = Some(region.into());
            })
        };
        assert_eq!(names(&of("eu-west-1").unwrap().action_types), ["Custom/Build/Far/1"]);
        assert!(of("us-east-1").unwrap().action_types.is_empty());
        assert_eq!(of("EU_WEST").unwrap_err().code(), "ValidationException");
    }

    #[test]
    fn pages_go_on_where_they_ended() {
        let bench = Bench::new();
        for n in 0..50 {
            bench.action_type(&format!("P{n}"), |_| ());
        }
        for n in 0..20 {
            bench.integration(&format!("I{n}"), |_| ());
        }
        let first = list(&bench, |_| ()).unwrap();
        assert_eq!(first.action_types.len(), 100);
        let second = list(&bench, |input| input.next_token = first.next_token.clone()).unwrap();
        assert_eq!((second.action_types.len(), second.next_token), (10, None));
        let mut all = names(&first.action_types);
        all.extend(names(&second.action_types));
        let before = all.len();
        all.dedup();
        assert_eq!(all.len(), before);
        let foreign = list(&bench, |input| {
            input.next_token = first.next_token.clone();
            input.action_owner_filter = Some(ActionOwner::Aws);
        });
        assert_eq!(foreign.unwrap_err(), Error::InvalidNextToken);
    }
}
