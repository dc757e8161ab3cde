use crate::{
    domain::tags,
    error::{Error, Result},
    shapes::{TagResourceInput, TagResourceOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// TagResource: adds tags to a pipeline, webhook or custom action type; a key that is there gets the new value.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_TagResource.html>
pub struct TagResource;

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Store = CodePipelineStore;
    type Input = TagResourceInput;
    type Output = TagResourceOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: TagResourceInput,
        tx: &mut Tx<'_>,
    ) -> Result<TagResourceOutput> {
        let resource = store.tagged(&input.resource_arn)?;
        let arn = store.arn_of(&resource);
        let had = store.tags.get(&arn).map(|tags| (**tags).clone()).unwrap_or_default();
        let all = tags::union(&arn, &had, &input.tags)?;
        tx.emit(resource.tags_changed("set", input.tags.iter().map(|tag| tag.key.as_str()), all.len()));
        store.set_tags(&arn, all);
        Ok(TagResourceOutput {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, tag};
    use crate::shapes::Tag;

    fn put(bench: &Bench, arn: &str, tags: Vec<Tag>) -> Result<TagResourceOutput> {
        bench.run::<TagResource>(TagResourceInput { resource_arn: arn.into(), tags })
    }
    const PIPELINE: &str = "arn:aws:codepipeline:us-east-1:000000000000:p";

    #[test]
    fn pipelines_webhooks_and_action_types_take_tags() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.webhook("w", "p");
        bench.action_type("X", |_| ());
        put(&bench, PIPELINE, vec![tag("a", "1"), tag("b", "2")]).unwrap();
        put(&bench, PIPELINE, vec![tag("b", "3")]).unwrap();
        let webhook = "arn:aws:codepipeline:us-east-1:000000000000:webhook:w";
        put(&bench, webhook, vec![tag("c", "4")]).unwrap();
        // AWS spells it both ways; it is one resource.
        let own = |word: &str| format!("arn:aws:codepipeline:us-east-1:000000000000:{word}:Custom/Build/X/1");
        put(&bench, &own("actionType"), vec![tag("d", "5")]).unwrap();
        put(&bench, &own("actiontype"), vec![tag("e", "6")]).unwrap();
        bench.look(|store| {
            assert_eq!(store.tags_of(PIPELINE), [tag("a", "1"), tag("b", "3")]);
            assert_eq!(store.tags_of(webhook), [tag("c", "4")]);
            assert_eq!(store.tags_of(&own("actiontype")), [tag("d", "5"), tag("e", "6")]);
        });
    }

    #[test]
    fn each_wrong_resource_has_its_error() {
        let bench = Bench::new();
        bench.pipeline("p");
        let refused = |arn: &str| put(&bench, arn, vec![tag("a", "1")]).unwrap_err();
        let missing = refused("arn:aws:codepipeline:us-east-1:000000000000:q");
        assert_eq!(missing.code(), "ResourceNotFoundException");
        assert_eq!(
            missing.to_string(),
            "The account with id '000000000000' does not include a pipeline with the name 'q'"
        );
        let of = |end: &str| refused(&format!("arn:aws:codepipeline:us-east-1:000000000000:{end}")).code();
        assert_eq!(of("webhook:q"), "ResourceNotFoundException");
        assert_eq!(of("actiontype:Custom/Build/X/1"), "ResourceNotFoundException");
        assert_eq!(of("actionType:Custom/Build/X/1"), "ResourceNotFoundException");
        for arn in [
            "arn:aws:codepipeline:eu-west-1:000000000000:p",
            "arn:aws:codepipeline:us-east-1:111111111111:p",
            "arn:aws:codepipeline:us-east-1:000000000000:p/Stage",
            "arn:aws:codepipeline:us-east-1:000000000000:other:p",
            "arn:aws:codepipeline:us-east-1:000000000000:webhook:w/x",
            "arn:aws:codepipeline:us-east-1:000000000000:actiontype:X",
            "arn:aws:codepipeline:us-east-1:000000000000:actiontype:Custom/Build//1",
        ] {
            assert_eq!(refused(arn).code(), "InvalidArnException", "{arn}");
        }
    }

    #[test]
    fn system_tags_and_too_many_are_refused() {
        let bench = Bench::new();
        bench.pipeline("p");
        let code = |tags| put(&bench, PIPELINE, tags).unwrap_err().code();
        assert_eq!(code(vec![tag("aws:x", "1")]), "InvalidTagsException");
        assert_eq!(code((0..51).map(|n| tag(&format!("k{n}"), "")).collect()), "TooManyTagsException");
        bench.look(|store| assert!(store.tags.is_empty()));
    }
}
