use super::Across;
use crate::named::Named;
use crate::{
    domain::{
        action_types::key_of,
        engine::{Engine, records::JobId},
        jobs::{self, BATCH_MAX, Job as Record, why},
        place::Place,
        sessions,
    },
    error::{Error, Invalid, Result},
    shapes::{ActionOwner, ActionTypeId, Job, PollForJobsInput, PollForJobsOutput},
    store::CodePipelineStore,
};
use parhelion_core::{Call, Timestamp};
use parhelion_state::{Tx, World};
use std::convert::Infallible;

/// PollForJobs: hands out the oldest open jobs of a customer's own action type.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PollForJobs.html>
pub struct PollForJobs;

impl Across for PollForJobs {
    const NAME: &'static str = "PollForJobs";
    type Input = PollForJobsInput;
    type Output = PollForJobsOutput;

    fn run(world: &World, place: &Place, call: &Call, input: Self::Input) -> Result<Self::Output> {
        let id = input.action_type_id;
        if id.owner != ActionOwner::Custom {
            return Err(Invalid::PollOwner { expected: "Custom", given: id.owner.to_string() }.into());
        }
        let given = input.query_param.unwrap_or_default();
        // CHOICE: one job where nothing is said.
        let most =
            input.max_batch_size.and_then(|n| usize::try_from(n).ok()).map_or(1, |n| n.clamp(1, BATCH_MAX));

        // A look without a lock: most polls find nothing, and change nothing.
        let shelf = world.shelf::<CodePipelineStore>();
        let seen = shelf.read(place, call, |store, view| {
            let query = query(&store.engine, &id, &given)?;
            Ok(open(&store.engine, &id, query, view.now).next().is_some())
        });
        let any = seen.inspect_err(|error| {
            if let Error::ActionTypeNotFound { .. } = error {
                let elsewhere = other_regions(world, place, call, |engine| known_there(engine, &id));
                why::note(world, place, call, why::event(&id, Vec::new(), elsewhere));
            }
        })?;
        let mut jobs = Vec::new();
        if any {
            // Another worker may have been quicker: what is open is asked again in the tenant's own turn.
            let done = shelf.write(place, call, |store, tx| {
                // As it was judged just now; a type that went meanwhile has no open jobs.
                let query = query(&store.engine, &id, &given).ok().flatten();
                let mine: Vec<JobId> =
                    open(&store.engine, &id, query, tx.now()).map(|(job, _)| job).take(most).collect();
                Ok::<_, Infallible>(mine.into_iter().filter_map(|job| hand_out(store, job, tx)).collect())
            });
            match done {
                Ok(done) => jobs = done.value,
                Err(never) => match never {},
            }
        }
        if jobs.is_empty() {
            let elsewhere = other_regions(world, place, call, |engine| why::in_region(engine, &id));
            let here = shelf.read(place, call, |store, view| {
                let query = query(&store.engine, &id, &given).ok().flatten();
                why::not_given(&store.engine, &id, query, view.now)
            });
            why::note(world, place, call, why::event(&id, here, elsewhere));
        }
        Ok(PollForJobsOutput { jobs: Some(jobs) })
    }
}

/// What a poll asks for, judged by its type. Docs: the type's queryable property must be given; without one, nothing.
fn query<'a>(engine: &Engine, id: &ActionTypeId, given: &'a Named<String>) -> Result<why::Query<'a>> {
    let kind = engine.kind(id).ok_or_else(|| Error::no_type(id.clone()))?;
    let boxed = || Box::new(id.clone());
    match kind.keys.iter().find(|key| key.queryable) {
        None if given.is_empty() => Ok(None),
        None => Err(Invalid::NoQuery { id: boxed() }.into()),
        Some(key) => match given.iter().next() {
            Some((name, value)) if *name == key.name && given.len() == 1 => Ok(Some((name, value))),
            _ => Err(Invalid::QueryWanted { id: boxed(), key: key.name.clone().into_owned() }.into()),
        },
    }
}

fn open<'a>(
    engine: &'a Engine,
    id: &ActionTypeId,
    query: why::Query<'a>,
    now: Timestamp,
) -> impl Iterator<Item = (JobId, &'a Record)> {
    engine.open_jobs(id, now).filter(move |(_, job)| why::matches(engine, job, query))
}

fn hand_out(store: &mut CodePipelineStore, id: JobId, tx: &mut Tx<'_>) -> Option<Job> {
    let nonce = jobs::dispatch(store, id, tx);
    let credentials = sessions::credentials(store, tx);
    let job = store.engine.jobs.get(&id)?;
    Some(Job {
        id: Some(id.to_string()),
        data: jobs::data::own(&store.engine, job, credentials),
        nonce: Some(nonce),
        account_id: Some(store.place.account().to_owned()),
    })
}

/// What the account's other regions say, each a sentence.
fn other_regions(
    world: &World,
    place: &Place,
    call: &Call,
    say: impl Fn(&Engine) -> Option<String>,
) -> Vec<String> {
    let shelf = world.shelf::<CodePipelineStore>();
    let others = shelf.tenants().into_iter().filter(|t| t.account() == place.account() && t != place);
    others.filter_map(|other| shelf.read(&other, call, |store, _| say(&store.engine))).collect()
}

fn known_there(engine: &Engine, id: &ActionTypeId) -> Option<String> {
    let made = engine.types.get(&key_of(id)).filter(|made| made.deleted.is_none())?;
    Some(format!("{} is a type of region {}", jobs::queue_of(&made.definition.id()), engine.place.region()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::DeleteCustomActionType;
    use crate::ops::testing::{Bench, own_type, retire, team_city, with_custom_job};
    use chrono::TimeDelta;

    fn poll(bench: &Bench, provider: &str, query: &[(&str, &str)], most: Option<i32>) -> Result<Vec<Job>> {
        let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let input = PollForJobsInput {
            action_type_id: own_type(provider),
            max_batch_size: most,
            query_param: Some(query),
        };
        bench.across::<PollForJobs>(input).map(|output| output.jobs.unwrap())
    }
    const DEMO: &[(&str, &str)] = &[("Project", "demo")];

    #[test]
    fn a_job_says_all_that_a_worker_needs() {
        let bench = Bench::with_own_job();
        let execution = bench.executions("p")[0].to_string();
        let job = poll(&bench, "Mine", DEMO, None).unwrap().remove(0);
        assert_eq!(job.account_id.as_deref(), Some("000000000000"));
        assert!(
            job.nonce.is_some_and(|nonce| nonce.len() == 20 && nonce.bytes().all(|b| b.is_ascii_digit()))
        );
        let data = job.data.unwrap();
        assert_eq!(data.action_type_id, Some(own_type("Mine")));
        let configuration = data.action_configuration.unwrap().configuration.unwrap();
        assert_eq!(configuration["Password"], "pssst", "secrets are in clear");
        let context = data.pipeline_context.unwrap();
        assert_eq!(context.pipeline_arn.as_deref(), Some("arn:aws:codepipeline:us-east-1:000000000000:p"));
        assert_eq!(context.pipeline_execution_id, Some(execution));
        assert_eq!(
            (context.stage.unwrap().name.as_deref(), context.action.unwrap().name.as_deref()),
            (Some("Build"), Some("Work"))
        );
        assert_eq!(data.input_artifacts.unwrap()[0].name.as_deref(), Some("SourceOut"));
        let made = data.output_artifacts.unwrap()[0].location.clone().unwrap().s3_location.unwrap();
        assert!(made.object_key.starts_with("p/BuildOut/"));
        assert!(data.artifact_credentials.is_some() && data.continuation_token.is_none());
    }

    #[test]
    fn the_oldest_come_first_and_each_dispatch_has_its_own_nonce() {
        let bench = Bench::with_own_job();
        bench.advance(TimeDelta::seconds(1));
        bench.create(with_custom_job("q"));
        let pipeline = |job: &Job| job.data.clone().unwrap().pipeline_context.unwrap().pipeline_name.unwrap();
        let first = poll(&bench, "Mine", DEMO, None).unwrap();
        assert_eq!(first.iter().map(pipeline).collect::<Vec<_>>(), ["p"], "one where nothing is said");
        assert_eq!(
            poll(&bench, "Mine", DEMO, Some(9)).unwrap().iter().map(pipeline).collect::<Vec<_>>(),
            ["q"]
        );
        assert!(poll(&bench, "Mine", DEMO, Some(9)).unwrap().is_empty());
        bench.advance(TimeDelta::seconds(30));
        let again = poll(&bench, "Mine", DEMO, Some(9)).unwrap();
        assert_eq!(again.iter().map(pipeline).collect::<Vec<_>>(), ["p", "q"]);
        assert_eq!(again[0].id, first[0].id);
        assert_ne!(again[0].nonce, first[0].nonce);
        assert_ne!(
            again[0].data.clone().unwrap().artifact_credentials,
            first[0].data.clone().unwrap().artifact_credentials
        );
    }

    #[test]
    fn a_queryable_property_must_be_asked_for_and_only_it() {
        let bench = Bench::with_own_job();
        bench.action_type("Plain", |input| input.configuration_properties = None);
        let code = |provider: &str, query: &[(&str, &str)]| {
            poll(&bench, provider, query, None).map_err(|e| e.code())
        };
        assert_eq!(code("Mine", &[]), Err("ValidationException"));
        assert_eq!(code("Mine", &[("Password", "pssst")]), Err("ValidationException"));
        assert_eq!(code("Mine", &[("Project", "other")]), Ok(vec![]));
        assert_eq!(code("Plain", &[("Project", "demo")]), Err("ValidationException"));
        assert_eq!(code("Plain", &[]), Ok(vec![]));
        assert_eq!(code("Mine", DEMO).unwrap().len(), 1);
    }

    #[test]
    fn other_owners_and_types_that_are_not_there_are_refused() {
        let bench = Bench::with_own_job();
        let input = PollForJobsInput { action_type_id: team_city(), max_batch_size: None, query_param: None };
        assert_eq!(bench.across::<PollForJobs>(input).unwrap_err().code(), "ValidationException");
        assert_eq!(poll(&bench, "Nobody", &[], None).unwrap_err().code(), "ActionTypeNotFoundException");
        bench.run::<DeleteCustomActionType>(retire("Mine")).unwrap();
        assert_eq!(poll(&bench, "Mine", DEMO, None).unwrap_err().code(), "ActionTypeNotFoundException");
    }

    #[test]
    fn of_workers_that_race_for_a_job_one_gets_it() {
        let bench = Bench::with_own_job();
        let won: usize = std::thread::scope(|scope| {
            let worker = || poll(&bench, "Mine", DEMO, Some(3)).unwrap().len();
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn a_poll_that_got_nothing_says_why() {
        let bench = Bench::with_own_job();
        let said = |bench: &Bench, query: &[(&str, &str)]| {
            assert!(poll(bench, "Mine", query, None).unwrap().is_empty());
            bench.facts("poll.answered").pop().unwrap()
        };
        let other = said(&bench, &[("Project", "other")]);
        assert!(
            other.contains("of action p/Build/Work has Project 'demo', the poll asks for 'other'"),
            "{other}"
        );
        let job = poll(&bench, "Mine", DEMO, None).unwrap().remove(0);
        let hidden = said(&bench, DEMO);
        let until = (bench.now() + TimeDelta::seconds(30)).format("%Y-%m-%dT%H:%M:%S");
        assert!(hidden.contains(&format!("is hidden until {until}")), "{hidden}");
        let input = crate::shapes::AcknowledgeJobInput { job_id: job.id.unwrap(), nonce: job.nonce.unwrap() };
        bench.run::<crate::ops::AcknowledgeJob>(input).unwrap();
        let taken = said(&bench, DEMO);
        assert!(taken.ends_with("of action p/Build/Work is InProgress"), "{taken}");
        // Elsewhere.
        let far = bench.at(&"000000000000/eu-west-1".parse().unwrap());
        assert_eq!(poll(&far, "Mine", DEMO, None).unwrap_err().code(), "ActionTypeNotFoundException");
        let type_there = bench.facts("poll.answered").pop().unwrap();
        assert!(type_there.ends_with("Custom/Build/Mine/1 is a type of region us-east-1"), "{type_there}");
        far.action_type("Mine", |_| ());
        bench.start("p");
        far.create(with_custom_job("r"));
        assert_eq!(poll(&far, "Mine", DEMO, None).unwrap().len(), 1);
        let nothing = said(&bench.at(&"000000000000/eu-west-1".parse().unwrap()), DEMO);
        assert!(nothing.contains("is hidden until"), "{nothing}");
    }
}
