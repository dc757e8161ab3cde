use crate::{
    domain::plans::{self, Shown},
    error::{Error, Result},
    shapes::{GetPipelineInput, PipelineMetadata},
    store::CodePipelineStore,
};
use parhelion_state::{Query, View};
use serde::Serialize;

/// GetPipeline: a pipeline's declaration in its present version or an older one.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipeline.html>
pub struct GetPipeline;

/// The output's shape, its declaration not copied.
#[derive(Debug, Serialize)]
pub struct GetPipelineOutput {
    /// The declaration.
    pub pipeline: Option<Shown>,
    /// What is known of it beside.
    pub metadata: Option<PipelineMetadata>,
}

impl Query for GetPipeline {
    const NAME: &'static str = "GetPipeline";
    type Store = CodePipelineStore;
    type Input = GetPipelineInput;
    type Output = GetPipelineOutput;
    type Error = Error;

    fn run(
        store: &CodePipelineStore,
        input: GetPipelineInput,
        _view: &View<'_>,
    ) -> Result<GetPipelineOutput> {
        let (id, line, _) = store.pipeline(&input.name)?;
        let version = input.version.unwrap_or(line.version);
        let plan = store.engine.plans.get(&(id, version));
        let plan =
            plan.ok_or_else(|| Error::PipelineVersionNotFound { name: input.name.clone(), version })?;
        Ok(GetPipelineOutput {
            pipeline: Some(plans::shown(plan, &store.engine)),
            metadata: Some(PipelineMetadata {
                pipeline_arn: Some(store.place.arn(&line.name)),
                created: Some(line.created.into()),
                updated: Some(line.updated.into()),
                polling_disabled_at: None,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;

    #[test]
    fn older_versions_stay_readable() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.update("p", |declaration| declaration.role_arn = "arn:aws:iam::000000000000:role/other".into());
        let get = |version| bench.ask::<GetPipeline>(GetPipelineInput { name: "p".into(), version });
        let role = |version| get(version).unwrap().pipeline.unwrap().role_arn.clone();
        assert!(
            role(None).ends_with("other")
                && role(Some(2)).ends_with("other")
                && role(Some(1)).ends_with("role/r")
        );
        let metadata = get(None).unwrap().metadata.unwrap();
        assert_eq!(metadata.pipeline_arn.unwrap(), "arn:aws:codepipeline:us-east-1:000000000000:p");
        assert_eq!(
            get(None).unwrap().pipeline.unwrap().stages[0].actions[0].configuration.as_ref().unwrap()["OAuthToken"],
            "****"
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let bench = Bench::new();
        bench.pipeline("p");
        let get = |name: &str, version| {
            bench.ask::<GetPipeline>(GetPipelineInput { name: name.into(), version }).unwrap_err()
        };
        assert_eq!(
            get("q", None).to_string(),
            "Account '000000000000' does not have a pipeline with name 'q'"
        );
        assert_eq!(get("q", None).code(), "PipelineNotFoundException");
        assert_eq!(get("p", Some(2)).code(), "PipelineVersionNotFoundException");
    }
}
