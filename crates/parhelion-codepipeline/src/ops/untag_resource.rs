use crate::{
    domain::tags,
    error::{Error, Result},
    shapes::{UntagResourceInput, UntagResourceOutput},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};
use std::collections::BTreeMap;

/// UntagResource: takes tags from a pipeline, webhook or custom action type; a key that is not there is no error.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_UntagResource.html>
pub struct UntagResource;

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Store = CodePipelineStore;
    type Input = UntagResourceInput;
    type Output = UntagResourceOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: UntagResourceInput,
        tx: &mut Tx<'_>,
    ) -> Result<UntagResourceOutput> {
        let resource = store.tagged(&input.resource_arn)?;
        let arn = store.arn_of(&resource);
        tags::removable(&input.tag_keys)?;
        let left = store.tags.get(&arn).map(|tags| (**tags).clone()).unwrap_or_default();
        // What is not there is no error, and nothing to tell of.
        let (gone, left): (BTreeMap<_, _>, BTreeMap<_, _>) =
            left.into_iter().partition(|(key, _)| input.tag_keys.contains(key));
        tx.emit(resource.tags_changed("taken away", gone.keys().map(String::as_str), left.len()));
        store.set_tags(&arn, left);
        Ok(UntagResourceOutput {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::TagResource;
    use crate::ops::testing::{Bench, tag};
    use crate::shapes::TagResourceInput;

    #[test]
    fn it_takes_what_is_there_and_minds_nothing_else() {
        let bench = Bench::new();
        bench.pipeline("p");
        let arn = "arn:aws:codepipeline:us-east-1:000000000000:p".to_owned();
        let tags = vec![tag("a", "1"), tag("b", "2")];
        bench.run::<TagResource>(TagResourceInput { resource_arn: arn.clone(), tags }).unwrap();
        let untag = |keys: &[&str]| {
            let tag_keys = keys.iter().map(|k| (*k).to_owned()).collect();
            bench.run::<UntagResource>(UntagResourceInput { resource_arn: arn.clone(), tag_keys })
        };
        untag(&["a", "absent"]).unwrap();
        bench.look(|store| assert_eq!(store.tags_of(&arn), [tag("b", "2")]));
        assert_eq!(untag(&["aws:x"]).unwrap_err().code(), "InvalidTagsException");
        untag(&["b"]).unwrap();
        bench.look(|store| assert!(store.tags.is_empty()));
        let missing = UntagResourceInput { resource_arn: format!("{arn}q"), tag_keys: vec![] };
        assert_eq!(bench.run::<UntagResource>(missing).unwrap_err().code(), "ResourceNotFoundException");
    }
}
