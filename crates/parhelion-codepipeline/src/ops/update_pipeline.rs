use crate::{
    domain::{
        engine::Input,
        plans::{self, Shown},
    },
    error::{Error, Resource, Result},
    iam::roles,
    shapes::UpdatePipelineInput,
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};
use serde::Serialize;

/// UpdatePipeline: keeps a declaration as the next version. It starts nothing; what runs is let finish its actions.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_UpdatePipeline.html>
pub struct UpdatePipeline;

/// The output's shape, its declaration not copied.
#[derive(Debug, Serialize)]
pub struct UpdatePipelineOutput {
    /// The declaration.
    pub pipeline: Option<Shown>,
}

impl Operation for UpdatePipeline {
    const NAME: &'static str = "UpdatePipeline";
    type Store = CodePipelineStore;
    type Input = UpdatePipelineInput;
    type Output = UpdatePipelineOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: UpdatePipelineInput,
        tx: &mut Tx<'_>,
    ) -> Result<UpdatePipelineOutput> {
        let name = input.pipeline.name.clone();
        // OBSERVED: this operation alone names a missing pipeline so; its model lists no such error.
        let missing = || Error::ResourceNotFound {
            account: store.place.account().to_owned(),
            what: Resource::Pipeline(name.clone()),
        };
        let (line, _, before) = store.pipeline(&name).map_err(|_| missing())?;
        let role = roles::judge(&input.pipeline.role_arn, &store.place, tx);
        role.tell(tx);
        let plan = plans::admit(
            input.pipeline,
            &store.engine,
            &|_| role.assumable,
            Some(&before.declaration),
            tx.now(),
        )?;
        store.step(Input::Update(line, Box::new(plan)), tx);
        Ok(UpdatePipelineOutput { pipeline: plans::present(&store.engine, line) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, declaration};

    #[test]
    fn it_makes_the_next_version_and_starts_nothing() {
        let bench = Bench::new();
        bench.pipeline("p");
        let output = bench.run::<UpdatePipeline>(UpdatePipelineInput { pipeline: declaration("p") }).unwrap();
        assert_eq!(output.pipeline.unwrap().version, Some(2));
        bench.look(|store| {
            let (_, line, plan) = store.pipeline("p").unwrap();
            assert_eq!((line.version, line.executions, plan.declaration.version), (2, 1, Some(2)));
        });
    }

    #[test]
    fn a_masked_secret_keeps_what_stood_there() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.update("p", |declaration| {
            let configuration = declaration.stages[0].actions[0].configuration.as_mut().unwrap();
            configuration.insert("OAuthToken".into(), "****".into());
            configuration.insert("Branch".into(), "next".into());
        });
        bench.look(|store| {
            let (_, _, plan) = store.pipeline("p").unwrap();
            let configuration = plan.declaration.stages[0].actions[0].configuration.as_ref().unwrap();
            assert_eq!(
                (configuration["OAuthToken"].as_str(), configuration["Branch"].as_str()),
                ("geheim", "next")
            );
        });
    }

    #[test]
    fn it_refuses_what_create_refuses_and_a_missing_pipeline() {
        let bench = Bench::new();
        let missing =
            bench.run::<UpdatePipeline>(UpdatePipelineInput { pipeline: declaration("p") }).unwrap_err();
        assert_eq!(missing.code(), "ResourceNotFoundException");
        assert_eq!(
            missing.to_string(),
            "The account with id '000000000000' does not include a pipeline with the name 'p'"
        );
        bench.pipeline("p");
        let mut bad = declaration("p");
        bad.stages.swap(0, 1);
        let refused = bench.run::<UpdatePipeline>(UpdatePipelineInput { pipeline: bad }).unwrap_err();
        assert_eq!(refused.code(), "InvalidStructureException");
    }
}
