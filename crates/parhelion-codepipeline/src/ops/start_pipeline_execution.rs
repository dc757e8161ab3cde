use crate::{
    domain::{
        engine::{Input, Start, records::ExecutionId},
        starts,
    },
    error::{Error, Flow, Result},
    shapes::{StartPipelineExecutionInput, StartPipelineExecutionOutput, TriggerType},
    store::{CodePipelineStore, TokenUse},
};
use parhelion_core::{Cause, Event, Verdict, text::hex};
use parhelion_state::{Operation, Tx};
use sha2::{Digest, Sha256};

/// StartPipelineExecution: starts an execution of the present version.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html>
pub struct StartPipelineExecution;

impl Operation for StartPipelineExecution {
    const NAME: &'static str = "StartPipelineExecution";
    type Store = CodePipelineStore;
    type Input = StartPipelineExecutionInput;
    type Output = StartPipelineExecutionOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: StartPipelineExecutionInput,
        tx: &mut Tx<'_>,
    ) -> Result<StartPipelineExecutionOutput> {
        let (line, _, plan) = store.pipeline(&input.name)?;
        let answer =
            |id: ExecutionId| StartPipelineExecutionOutput { pipeline_execution_id: Some(id.to_string()) };
        let parameters = digest(&input);
        if let Some(token) = &input.client_request_token
            && let Some(used) = store.request_tokens.get(&(line, token.clone()))
        {
            // Docs: the token makes the call idempotent. CHOICE: what other parameters with it answer.
            let same = used.parameters == parameters;
            return if same {
                let fact = "the client request token was used for the same start before: \
                            that execution is answered, nothing starts";
                let event = Event::new("execution.repeated", format!("request:{}", tx.call().request_id));
                let event = event.fact(fact).verdict(Verdict::Skipped);
                tx.emit(event.with("execution", used.execution.to_string()));
                Ok(answer(used.execution))
            } else {
                Err(Error::TokenReused { token: token.clone() })
            };
        }
        let wanted = starts::wanted(plan, input.source_revisions.as_deref().unwrap_or_default())?;
        let variables = starts::variables(plan, input.variables.as_deref().unwrap_or_default())?;
        if !store.engine.has_room(line) {
            return Err(Flow::NoRoom { pipeline: input.name }.into());
        }
        let id = ExecutionId(tx.uuid("execution"));
        let start = Start {
            line,
            id,
            trigger: TriggerType::StartPipelineExecution,
            // Docs: the caller's ARN.
            trigger_detail: store.place.caller_arn(),
            variables,
            wanted,
            awaited_by: None,
            cause: Cause::Call,
        };
        store.step(Input::Start(Box::new(start)), tx);
        if let Some(token) = input.client_request_token {
            store.request_tokens.put((line, token), TokenUse { parameters, execution: id });
        }
        Ok(answer(id))
    }
}

/// A digest of what a start asks for, its token aside.
fn digest(input: &StartPipelineExecutionInput) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    for variable in input.variables.iter().flatten() {
        part("variable");
        part(&variable.name);
        part(&variable.value);
    }
    for revision in input.source_revisions.iter().flatten() {
        part("revision");
        part(&revision.action_name);
        part(revision.revision_type.as_str());
        part(&revision.revision_value);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, declaration};
    use crate::shapes::{
        ArtifactRevision, PipelineType, PipelineVariable, PipelineVariableDeclaration,
        SourceRevisionOverride, SourceRevisionType,
    };
    use std::sync::Arc;

    fn start(bench: &Bench, change: impl FnOnce(&mut StartPipelineExecutionInput)) -> Result<String> {
        let mut input = StartPipelineExecutionInput { name: "p".into(), ..Default::default() };
        change(&mut input);
        bench.run::<StartPipelineExecution>(input).map(|output| output.pipeline_execution_id.unwrap())
    }
    fn revision(action: &str, revision_type: SourceRevisionType, value: &str) -> SourceRevisionOverride {
        SourceRevisionOverride { action_name: action.into(), revision_type, revision_value: value.into() }
    }
    fn revisions(bench: &Bench, id: &str) -> Vec<ArtifactRevision> {
        bench.look(|store| {
            let (line, _, plan) = store.pipeline("p").unwrap();
            let (_, execution) = store.engine.execution(line, id.parse().unwrap()).unwrap();
            crate::domain::views::artifact_revisions(plan, execution)
        })
    }

    #[test]
    fn a_start_may_name_the_revision() {
        let bench = Bench::new();
        bench.pipeline("p");
        let commit = "1234567890123456789012345678901234567890";
        let id = start(&bench, |input| {
            input.source_revisions = Some(vec![revision("Pull", SourceRevisionType::CommitId, commit)]);
        });
        let found = revisions(&bench, &id.unwrap());
        assert_eq!(found[0].revision_id.as_deref(), Some(commit));
        assert!(found[0].revision_url.as_ref().unwrap().ends_with(commit));
    }

    #[test]
    fn a_revision_must_suit_its_source_action() {
        let bench = Bench::new();
        bench.pipeline("p");
        for bad in [
            vec![revision("Nobody", SourceRevisionType::CommitId, "c")],
            vec![revision("Compile", SourceRevisionType::CommitId, "c")],
            vec![revision("Pull", SourceRevisionType::ImageDigest, "sha256:0")],
            vec![
                revision("Pull", SourceRevisionType::CommitId, "a"),
                revision("Pull", SourceRevisionType::CommitId, "b"),
            ],
        ] {
            let refused = start(&bench, |input| input.source_revisions = Some(bad)).unwrap_err();
            assert_eq!(refused.code(), "ValidationException", "{refused}");
        }
        assert_eq!(bench.executions("p").len(), 1);
    }

    #[test]
    fn an_object_can_be_named_where_the_action_allows_it() {
        let bench = Bench::new();
        for (name, allowed) in [("p", "true"), ("q", "false")] {
            let mut pipeline = declaration(name);
            pipeline.pipeline_type = Some(PipelineType::V2);
            let action = &mut pipeline.stages[0].actions[0];
            Arc::make_mut(&mut action.action_type_id).owner = crate::shapes::ActionOwner::Aws;
            Arc::make_mut(&mut action.action_type_id).provider = "S3".into();
            let configuration =
                [("S3Bucket", "b"), ("S3ObjectKey", "k"), ("AllowOverrideForS3ObjectKey", allowed)];
            action.configuration = Some(configuration.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
            bench.create(pipeline);
        }
        let both = || {
            let key = revision("Pull", SourceRevisionType::S3ObjectKey, "other.zip");
            Some(vec![key, revision("Pull", SourceRevisionType::S3ObjectVersionId, "v7")])
        };
        let id = start(&bench, |input| input.source_revisions = both()).unwrap();
        let found = revisions(&bench, &id);
        assert_eq!(found[0].revision_id.as_deref(), Some("v7"));
        assert_eq!(found[0].revision_summary.as_deref(), Some("Amazon S3 version id: v7"));
        bench.look(|store| {
            let object = store
                .engine
                .runs
                .values()
                .filter_map(|run| run.variables.get("ObjectKey"))
                .any(|k| k == "other.zip");
            assert!(object);
        });
        let refused = start(&bench, |input| {
            input.name = "q".into();
            input.source_revisions = both();
        });
        assert_eq!(refused.unwrap_err().code(), "ValidationException");
    }

    #[test]
    fn variables_take_what_is_given_or_their_default() {
        let bench = Bench::new();
        let mut pipeline = declaration("p");
        let variable = |name: &str, default: Option<&str>| PipelineVariableDeclaration {
            name: name.into(),
            default_value: default.map(Into::into),
            description: None,
        };
        pipeline.variables = Some([variable("A", Some("a")), variable("B", None)].into());
        bench.create(pipeline);
        let given = |pairs: &[(&str, &str)]| {
            let one = |(n, v): &(&str, &str)| PipelineVariable { name: (*n).into(), value: (*v).into() };
            Some(pairs.iter().map(one).collect::<Vec<_>>())
        };
        let id = start(&bench, |input| input.variables = given(&[("B", "b")])).unwrap();
        bench.look(|store| {
            let (line, ..) = store.pipeline("p").unwrap();
            let (_, execution) = store.engine.execution(line, id.parse().unwrap()).unwrap();
            assert_eq!(
                execution.variables,
                [("A", "a"), ("B", "b")].map(|(n, v)| (n.to_owned(), v.to_owned()))
            );
        });
        for bad in [given(&[]), given(&[("B", "b"), ("C", "c")]), given(&[("B", "b"), ("B", "c")])] {
            assert_eq!(
                start(&bench, |input| input.variables = bad).unwrap_err().code(),
                "ValidationException"
            );
        }
    }

    #[test]
    fn a_request_token_starts_one_execution() {
        let bench = Bench::new();
        bench.pipeline("p");
        let with = |token: &str, commit: Option<&str>| {
            start(&bench, |input| {
                input.client_request_token = Some(token.into());
                input.source_revisions =
                    commit.map(|c| vec![revision("Pull", SourceRevisionType::CommitId, c)]);
            })
        };
        let first = with("t", None).unwrap();
        assert_eq!(with("t", None).unwrap(), first);
        let other = with("t", Some("c")).unwrap_err();
        assert_eq!((other.code(), other.status()), ("ConflictException", 409));
        assert_ne!(with("u", None).unwrap(), first);
        assert_eq!(bench.executions("p").len(), 3);
        bench.look(|store| {
            let trigger = store
                .engine
                .executions
                .values()
                .all(|e| e.trigger_detail == "arn:aws:iam::000000000000:root");
            assert!(trigger, "the token shows nowhere");
        });
    }

    #[test]
    fn a_missing_pipeline_is_named() {
        assert_eq!(start(&Bench::new(), |_| ()).unwrap_err().code(), "PipelineNotFoundException");
    }
}
