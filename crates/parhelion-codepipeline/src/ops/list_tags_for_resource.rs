use super::page_size;
use crate::{
    error::{Error, Result},
    shapes::{ListTagsForResourceInput, ListTagsForResourceOutput},
    store::CodePipelineStore,
    wire::paging::Question,
};
use parhelion_state::{Query, View};

/// ListTagsForResource: the tags of a pipeline, webhook or custom action type by key.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListTagsForResource.html>
pub struct ListTagsForResource;

/// Docs: the page's size at most, and by default.
const PAGE: usize = 100;

impl Query for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Store = CodePipelineStore;
    type Input = ListTagsForResourceInput;
    type Output = ListTagsForResourceOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: ListTagsForResourceInput,
        _view: &View<'_>,
    ) -> Result<ListTagsForResourceOutput> {
        let arn = store.arn_of(&store.tagged(&input.resource_arn)?);
        let arguments = [arn.as_str()];
        let question = Question { operation: Self::NAME, place: &store.place, arguments: &arguments };
        let size = page_size(input.max_results, PAGE);
        let (tags, next_token) = question.page(
            input.next_token.as_deref(),
            size,
            store.tags_of(&arn),
            |tag| tag.key.clone(),
            |tag, last| tag.key.as_str() > last,
        )?;
        Ok(ListTagsForResourceOutput { tags: Some(tags), next_token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, tag};
    use crate::ops::{CreatePipeline, testing::declaration};
    use crate::shapes::CreatePipelineInput;

    fn list(bench: &Bench, arn: &str, next_token: Option<String>) -> Result<ListTagsForResourceOutput> {
        let input = ListTagsForResourceInput { resource_arn: arn.into(), next_token, max_results: Some(2) };
        bench.ask::<ListTagsForResource>(input)
    }

    #[test]
    fn tags_come_by_key_in_pages() {
        let bench = Bench::new();
        let tags = ["c", "a", "b"].map(|key| tag(key, "v"));
        bench
            .run::<CreatePipeline>(CreatePipelineInput {
                pipeline: declaration("p"),
                tags: Some(tags.to_vec()),
            })
            .unwrap();
        bench.pipeline("q");
        let arn = "arn:aws:codepipeline:us-east-1:000000000000:p";
        let first = list(&bench, arn, None).unwrap();
        assert_eq!(first.tags.unwrap(), [tag("a", "v"), tag("b", "v")]);
        let second = list(&bench, arn, first.next_token.clone()).unwrap();
        assert_eq!((second.tags.unwrap(), second.next_token), (vec![tag("c", "v")], None));
        let other = "arn:aws:codepipeline:us-east-1:000000000000:q";
        assert_eq!(list(&bench, other, None).unwrap().tags, Some(vec![]));
        assert_eq!(list(&bench, other, first.next_token).unwrap_err(), Error::InvalidNextToken);
        assert_eq!(list(&bench, &format!("{other}q"), None).unwrap_err().code(), "ResourceNotFoundException");
        assert_eq!(
            list(&bench, "arn:aws:codepipeline:eu-west-1:000000000000:q", None).unwrap_err().code(),
            "InvalidArnException"
        );
    }
}
