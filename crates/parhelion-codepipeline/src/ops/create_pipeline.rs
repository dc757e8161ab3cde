use crate::{
    domain::{
        engine::{
            Input, Start,
            records::{ExecutionId, LineId},
        },
        plans::{self, Shown},
        starts, tags,
    },
    error::{Error, Result},
    iam::roles,
    shapes::{CreatePipelineInput, Tag, TriggerType},
    store::{CodePipelineStore, PIPELINES_MAX},
};
use parhelion_core::Cause;
use parhelion_state::{Operation, Tx};
use serde::Serialize;
use std::collections::BTreeMap;

/// CreatePipeline: keeps a declaration as version 1 of a new pipeline and starts its first execution.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_CreatePipeline.html>
pub struct CreatePipeline;

/// The output's shape, its declaration not copied.
#[derive(Debug, Serialize)]
pub struct CreatePipelineOutput {
    /// The declaration.
    pub pipeline: Option<Shown>,
    /// The pipeline's tags.
    pub tags: Option<Vec<Tag>>,
}

impl Operation for CreatePipeline {
    const NAME: &'static str = "CreatePipeline";
    type Store = CodePipelineStore;
    type Input = CreatePipelineInput;
    type Output = CreatePipelineOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: CreatePipelineInput,
        tx: &mut Tx<'_>,
    ) -> Result<CreatePipelineOutput> {
        let name = input.pipeline.name.clone();
        if store.engine.names.contains_key(&name) {
            return Err(Error::PipelineNameInUse { account: store.place.account().to_owned(), name });
        }
        let arn = store.place.arn(&name);
        let tags = tags::union(&arn, &BTreeMap::new(), &input.tags.unwrap_or_default())?;
        if store.engine.names.len() >= PIPELINES_MAX {
            return Err(Error::LimitExceeded { what: "pipelines", limit: PIPELINES_MAX });
        }
        let role = roles::judge(&input.pipeline.role_arn, &store.place, tx);
        role.tell(tx);
        let plan = plans::admit(input.pipeline, &store.engine, &|_| role.assumable, None, tx.now())?;
        let variables = starts::defaults(&plan);
        store.set_tags(&arn, tags);
        store.step(Input::Create(Box::new(plan)), tx);
        let line = store.engine.names.get(&name).map(|line| **line);
        if let Some(line) = line {
            start_first(store, line, variables, tx);
        }
        let pipeline = line.and_then(|line| plans::present(&store.engine, line));
        Ok(CreatePipelineOutput { pipeline, tags: Some(store.tags_of(&arn)) })
    }
}

// OBSERVED: a new pipeline runs at once.
fn start_first(
    store: &mut CodePipelineStore,
    line: LineId,
    variables: Vec<(String, String)>,
    tx: &mut Tx<'_>,
) {
    let start = Start {
        line,
        id: ExecutionId(tx.uuid("execution")),
        trigger: TriggerType::CreatePipeline,
        trigger_detail: store.place.caller_arn(),
        variables,
        wanted: BTreeMap::new(),
        awaited_by: None,
        cause: Cause::Call,
    };
    store.step(Input::Start(Box::new(start)), tx);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, declaration, tag};
    use crate::shapes::{PipelineExecutionStatus, PipelineType};
    use expect_test::expect;

    #[test]
    fn it_keeps_version_1_and_starts_an_execution() {
        let bench = Bench::new();
        let output = bench
            .run::<CreatePipeline>(CreatePipelineInput { pipeline: declaration("p"), tags: None })
            .unwrap();
        let pipeline = output.pipeline.unwrap();
        assert_eq!((pipeline.version, pipeline.pipeline_type), (Some(1), Some(PipelineType::V1)));
        assert_eq!(pipeline.stages[0].actions[0].run_order, Some(1));
        assert_eq!(output.tags, Some(vec![]), "tags are a list also when there are none");
        bench.look(|store| {
            let (line, record) = store.engine.line("p").unwrap();
            assert_eq!(record.executions, 1);
            let first = &store.engine.executions[&(line, 1)];
            assert_eq!(first.trigger, TriggerType::CreatePipeline);
            assert_eq!(first.trigger_detail, "arn:aws:iam::000000000000:root");
            assert_eq!(first.status, PipelineExecutionStatus::Succeeded);
        });
    }

    #[test]
    fn secrets_are_kept_and_not_shown() {
        let bench = Bench::new();
        let output = bench
            .run::<CreatePipeline>(CreatePipelineInput { pipeline: declaration("p"), tags: None })
            .unwrap();
        let shown = output.pipeline.unwrap().stages[0].actions[0].configuration.clone().unwrap();
        assert_eq!(shown["OAuthToken"], "****");
        bench.look(|store| {
            let (_, _, plan) = store.pipeline("p").unwrap();
            assert_eq!(
                plan.declaration.stages[0].actions[0].configuration.as_ref().unwrap()["OAuthToken"],
                "geheim"
            );
        });
    }

    #[test]
    fn each_refusal_changes_nothing() {
        let bench = Bench::new();
        bench.pipeline("p");
        let create =
            |pipeline, tags| bench.run::<CreatePipeline>(CreatePipelineInput { pipeline, tags: Some(tags) });
        let said = |error: Error| format!("{} {error}", error.code());
        let mut one_stage = declaration("q");
        one_stage.stages.truncate(1);
        let many = (0..51).map(|n| tag(&format!("k{n}"), "")).collect();
        let refusals = [
            create(declaration("p"), vec![]),
            create(declaration("q"), vec![tag("aws:x", "")]),
            create(declaration("q"), many),
            create(one_stage, vec![]),
        ];
        let texts: Vec<String> = refusals.into_iter().map(|r| said(r.unwrap_err())).collect();
        expect![[r#"
            PipelineNameInUseException A pipeline with the name 'p' already exists in account '000000000000'
            InvalidTagsException Not allowed to modify system tags. System tags start with 'aws:'. msg=[Caller is an end user and not allowed to mutate system tags]
            TooManyTagsException Tag limit exceeded for resource [arn:aws:codepipeline:us-east-1:000000000000:q].
            InvalidStructureException Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline"#]]
        .assert_eq(&texts.join("\n"));
        bench.look(|store| assert_eq!(store.engine.names.len(), 1));
    }

    #[test]
    fn there_can_be_1000_pipelines() {
        let bench = Bench::new();
        bench.change(|store, tx| {
            for n in 0..PIPELINES_MAX {
                let plan =
                    plans::admit(declaration(&format!("p{n}")), &store.engine, &|_| true, None, tx.now())
                        .unwrap();
                store.step(Input::Create(Box::new(plan)), tx);
            }
        });
        let refused =
            bench.run::<CreatePipeline>(CreatePipelineInput { pipeline: declaration("more"), tags: None });
        assert_eq!(refused.unwrap_err().code(), "LimitExceededException");
    }
}
