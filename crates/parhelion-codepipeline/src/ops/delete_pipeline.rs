use crate::{
    domain::engine::Input,
    error::{Error, Result},
    shapes::DeletePipelineInput,
    store::CodePipelineStore,
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// DeletePipeline: a pipeline goes with its executions, jobs and tags; webhooks that target it stay.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DeletePipeline.html>
pub struct DeletePipeline;

impl Operation for DeletePipeline {
    const NAME: &'static str = "DeletePipeline";
    type Store = CodePipelineStore;
    type Input = DeletePipelineInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: DeletePipelineInput, tx: &mut Tx<'_>) -> Result<()> {
        let Some((line, _)) = store.engine.line(&input.name) else {
            // OBSERVED: no error when there is none.
            let fact = format!("there is no pipeline '{}': nothing was deleted", input.name);
            let event = Event::new("pipeline.deleted", format!("pipeline:{}", input.name));
            tx.emit(event.fact(fact).verdict(Verdict::Skipped));
            return Ok(());
        };
        let used = store.request_tokens.range((line, String::new())..).map(|(key, _)| key);
        let used: Vec<_> = used.take_while(|(of, _)| *of == line).cloned().collect();
        for key in used {
            store.request_tokens.remove(&key);
        }
        let arn = store.place.arn(&input.name);
        store.tags.remove(&arn);
        store.step(Input::Delete(line), tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jobs;
    use crate::ops::testing::{Bench, tag};
    use crate::ops::{CreatePipeline, GetPipeline};
    use crate::shapes::{CreatePipelineInput, GetPipelineInput};

    fn delete(bench: &Bench, name: &str) {
        bench.run::<DeletePipeline>(DeletePipelineInput { name: name.into() }).unwrap();
    }

    #[test]
    fn it_takes_history_jobs_and_tags_with_it() {
        let bench = Bench::new();
        let pipeline = crate::ops::testing::with_job("p");
        bench
            .run::<CreatePipeline>(CreatePipelineInput { pipeline, tags: Some(vec![tag("a", "b")]) })
            .unwrap();
        bench.start_with_token("p", "once");
        let job = bench.look(|store| *store.engine.jobs.keys().next().unwrap());
        assert!(bench.world.find(&jobs::handle(job)).is_some());
        delete(&bench, "p");
        assert!(bench.world.find(&jobs::handle(job)).is_none(), "the job's id leads nowhere");
        bench.look(|store| {
            assert!(
                store.tags.is_empty()
                    && store.request_tokens.is_empty()
                    && store.engine.executions.is_empty()
            );
        });
        assert!(bench.ask::<GetPipeline>(GetPipelineInput { name: "p".into(), version: None }).is_err());
    }

    #[test]
    fn it_is_idempotent_and_the_name_starts_anew() {
        let bench = Bench::new();
        delete(&bench, "p");
        bench.pipeline("p");
        bench.update("p", |_| ());
        delete(&bench, "p");
        delete(&bench, "p");
        bench.pipeline("p");
        bench.look(|store| {
            let (_, line, _) = store.pipeline("p").unwrap();
            assert_eq!((line.version, line.executions), (1, 1));
        });
    }
}
