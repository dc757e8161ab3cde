use super::Across;
use crate::{
    domain::{
        catalogue,
        engine::records::JobId,
        jobs::{self, BATCH_MAX, why},
        place::Place,
    },
    error::{Error, Invalid, Result},
    shapes::{
        ActionOwner, ActionTypeId, PollForThirdPartyJobsInput, PollForThirdPartyJobsOutput, ThirdPartyJob,
    },
    store::CodePipelineStore,
};
use parhelion_core::{Call, Event, Timestamp};
use parhelion_state::World;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// PollForThirdPartyJobs: hands out the oldest open jobs of a partner's action type, of all accounts.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PollForThirdPartyJobs.html>
pub struct PollForThirdPartyJobs;

/// An open job somewhere: sorted, the oldest comes first.
type Candidate = (Timestamp, Place, u64, JobId);

impl Across for PollForThirdPartyJobs {
    const NAME: &'static str = "PollForThirdPartyJobs";
    type Input = PollForThirdPartyJobsInput;
    type Output = PollForThirdPartyJobsOutput;

    fn run(world: &World, place: &Place, call: &Call, input: Self::Input) -> Result<Self::Output> {
        let id = input.action_type_id;
        if id.owner != ActionOwner::ThirdParty {
            return Err(Invalid::PollOwner { expected: "ThirdParty", given: id.owner.to_string() }.into());
        }
        // CHOICE: one job where nothing is said.
        let most =
            input.max_batch_size.and_then(|n| usize::try_from(n).ok()).map_or(1, |n| n.clamp(1, BATCH_MAX));

        // Without a lock: what is seen here is asked again in each tenant's own turn.
        let shelf = world.shelf::<CodePipelineStore>();
        let mut candidates: BTreeSet<Candidate> = BTreeSet::new();
        let mut known = catalogue::action_kind(&id).is_some();
        // CHOICE: partners see the jobs of all accounts of the caller's region.
        for tenant in shelf.tenants().into_iter().filter(|tenant| tenant.region() == place.region()) {
            shelf.read(&tenant, call, |store, view| {
                let made = store.engine.made(&id);
                known |= made.is_some();
                if made.is_none_or(|made| made.admits_worker(place.account())) {
                    let open = store.engine.open_jobs(&id, view.now).take(most);
                    candidates.extend(
                        open.map(|(job, record)| (record.created, tenant.clone(), record.number, job)),
                    );
                }
            });
        }
        if !known {
            return Err(Error::no_type(id));
        }
        let chosen: Vec<Candidate> = candidates.into_iter().take(most).collect();
        let mut by_tenant: BTreeMap<&Place, Vec<JobId>> = BTreeMap::new();
        for (_, tenant, _, job) in &chosen {
            by_tenant.entry(tenant).or_default().push(*job);
        }
        let mut handed_out: BTreeSet<JobId> = BTreeSet::new();
        for (tenant, wanted) in by_tenant {
            let done = shelf.write(tenant, call, |store, tx| {
                // Another worker may have been quicker.
                let open: BTreeSet<JobId> =
                    store.engine.open_jobs(&id, tx.now()).map(|(job, _)| job).collect();
                let mine: Vec<JobId> = wanted.into_iter().filter(|job| open.contains(job)).collect();
                for job in &mine {
                    jobs::dispatch(store, *job, tx);
                }
                Ok::<_, Infallible>(mine)
            });
            match done {
                Ok(done) => handed_out.extend(done.value),
                Err(never) => match never {},
            }
        }
        if handed_out.is_empty() {
            why::note(world, place, call, none_for(world, place, call, &id));
        }
        let mine = chosen.into_iter().filter(|(.., job)| handed_out.contains(job));
        let out = mine.map(|(_, tenant, _, job)| ThirdPartyJob {
            client_id: Some(jobs::client_id(tenant.account(), &id.provider)),
            job_id: Some(job.to_string()),
        });
        Ok(PollForThirdPartyJobsOutput { jobs: Some(out.collect()) })
    }
}

/// Why no job was given, account by account.
fn none_for(world: &World, place: &Place, call: &Call, id: &ActionTypeId) -> Event {
    let shelf = world.shelf::<CodePipelineStore>();
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for tenant in shelf.tenants() {
        shelf.read(&tenant, call, |store, view| {
            let engine = &store.engine;
            if tenant.region() != place.region() {
                elsewhere.extend(why::in_region(engine, id));
            } else if engine.made(id).is_some_and(|made| !made.admits_worker(place.account())) {
                here.push(format!(
                    "the type of account {} has pollingAccounts without {}",
                    tenant.account(),
                    place.account()
                ));
            } else {
                here.extend(why::not_given(engine, id, None, view.now));
            }
        });
    }
    why::event(id, here, elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, action_type, team_city, with_job};
    use chrono::TimeDelta;

    fn poll(bench: &Bench, most: Option<i32>) -> Result<Vec<ThirdPartyJob>> {
        let input = PollForThirdPartyJobsInput { action_type_id: team_city(), max_batch_size: most };
        bench.across::<PollForThirdPartyJobs>(input).map(|output| output.jobs.unwrap())
    }

    #[test]
    fn jobs_of_all_accounts_of_the_region_come_the_oldest_first() {
        let bench = Bench::new();
        let [other, far] =
            ["111111111111/us-east-1", "111111111111/eu-west-1"].map(|p| p.parse::<Place>().unwrap());
        bench.at(&other).create(with_job("old"));
        bench.advance(TimeDelta::seconds(1));
        bench.create(with_job("new"));
        bench.at(&far).create(with_job("far"));
        let jobs = poll(&bench, Some(10)).unwrap();
        let clients: Vec<&str> = jobs.iter().filter_map(|job| job.client_id.as_deref()).collect();
        assert_eq!(
            clients,
            [jobs::client_id("111111111111", "TeamCity"), jobs::client_id("000000000000", "TeamCity")]
        );
        assert!(bench.world.find(&jobs::handle(jobs[0].job_id.as_ref().unwrap().parse().unwrap())).is_some());
    }

    #[test]
    fn a_job_is_handed_out_once_until_it_lapses() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        bench.create(with_job("q"));
        let first = poll(&bench, None).unwrap();
        assert_eq!(first.len(), 1, "one where nothing is said");
        assert_eq!(poll(&bench, Some(5)).unwrap().len(), 1);
        assert!(poll(&bench, Some(5)).unwrap().is_empty());
        bench.advance(TimeDelta::seconds(30));
        assert_eq!(poll(&bench, Some(5)).unwrap().len(), 2);
    }

    #[test]
    fn of_workers_that_race_for_a_job_one_gets_it() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let won: usize = std::thread::scope(|scope| {
            let worker = || poll(&bench, Some(3)).unwrap().len();
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn a_poll_that_got_nothing_says_why() {
        let bench = Bench::new();
        bench.at(&"111111111111/us-east-1".parse().unwrap()).create(with_job("p"));
        bench.at(&"111111111111/eu-west-1".parse().unwrap()).create(with_job("far"));
        let job = poll(&bench, None).unwrap()[0].job_id.clone().unwrap();
        assert!(poll(&bench, None).unwrap().is_empty());
        let why = bench.facts("poll.answered").pop().unwrap();
        let hidden = format!("job {job} of action p/Build/Work was handed to a worker and is hidden until");
        assert!(why.contains(&hidden), "{why}");
        let far = "1 open job(s) of this type are in region eu-west-1 of account 111111111111";
        assert!(why.contains(far), "{why}");
    }

    #[test]
    fn other_types_give_nothing_or_are_refused() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let poll = |category, owner, provider| {
            let action_type_id = action_type(category, owner, provider);
            bench.across::<PollForThirdPartyJobs>(PollForThirdPartyJobsInput {
                action_type_id,
                max_batch_size: None,
            })
        };
        use crate::shapes::ActionCategory::{Build, Invoke};
        assert_eq!(poll(Invoke, ActionOwner::ThirdParty, "Snyk").unwrap().jobs, Some(vec![]));
        let unknown = poll(Build, ActionOwner::ThirdParty, "Nobody").unwrap_err();
        assert_eq!(unknown.code(), "ActionTypeNotFoundException");
        let aws = poll(Build, ActionOwner::Aws, "CodeBuild").unwrap_err();
        assert_eq!(aws.code(), "ValidationException");
    }
}
