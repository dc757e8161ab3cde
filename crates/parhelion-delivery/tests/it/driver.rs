use crate::push;
use crate::receiver::Receiver;
use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parhelion_core::{
    Delivery, DeliveryId, DeliveryStatus, ErrorClass, Event, Outbox, Owner, Seq, Settled, Timestamp,
};
use parhelion_delivery::{
    Attempt, DriverHost, Exchange, Filter, HttpTransport, Outcome, Post, Release, Transport,
    TransportSettings, drive,
};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A world with a manual clock and a journal.
struct World {
    post: Arc<Post>,
    clock: watch::Sender<Timestamp>,
    journal: Mutex<Vec<(Seq, Event)>>,
    heard: watch::Sender<Vec<(Owner, Seq, Settled)>>,
    driver: Mutex<Option<JoinHandle<()>>>,
}

impl DriverHost for World {
    fn now(&self) -> Timestamp {
        *self.clock.borrow()
    }
    fn attempted(&self, _: &Owner, cause: Seq, event: Event) -> Seq {
        let mut journal = self.journal.lock();
        journal.push((cause, event));
        journal.len() as Seq
    }
    fn delivered(&self, owner: &Owner, cause: Seq, settled: &Settled) {
        assert_ne!(settled.subject, "panics", "a store that panics");
        if self.post.take_report(settled.delivery, settled.attempts) {
            self.heard.send_modify(|heard| heard.push((owner.clone(), cause, settled.clone())));
        }
    }
    fn wait_until(&self, at: Option<Timestamp>) -> BoxFuture<'_, ()> {
        let mut clock = self.clock.subscribe();
        async move {
            match at {
                Some(at) => drop(clock.wait_for(|now| *now >= at).await),
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

impl World {
    fn start(transport: impl Transport) -> Arc<World> {
        let world = Arc::new(World {
            post: Arc::new(Post::default()),
            clock: watch::Sender::new(Timestamp::UNIX_EPOCH),
            journal: Mutex::default(),
            heard: watch::Sender::default(),
            driver: Mutex::default(),
        });
        *world.driver.lock() =
            Some(tokio::spawn(drive(world.post.clone(), Arc::new(transport), world.clone())));
        world
    }
    fn enqueue(&self, delivery: Delivery) -> DeliveryId {
        self.post.enqueue(Owner::new("kudu", "site"), 0, delivery, self.now())
    }
    /// What the tenant heard, once there are `n` reports.
    async fn heard(&self, n: usize) -> Vec<Settled> {
        let mut heard = self.heard.subscribe();
        let waiting = heard.wait_for(|h| h.len() >= n);
        let heard =
            tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.expect("too few reports");
        heard.unwrap().iter().map(|(_, _, s)| s.clone()).collect()
    }
    async fn quiet(&self) {
        let mut changes = self.post.changes();
        let waiting = changes.wait_for(|_| !self.post.busy(self.now()));
        tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
            .await
            .expect("never quiet")
            .unwrap();
    }
    async fn ended(&self) {
        let driver = self.driver.lock().take().unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(10), driver)
            .await
            .expect("the driver goes on")
            .unwrap();
    }
}
impl Drop for World {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.lock().take() {
            driver.abort();
        }
    }
}

fn http() -> HttpTransport {
    HttpTransport::new(TransportSettings::default()).unwrap()
}

/// Answers by the path: `/200`, `/panic`, `/hang`, `/gate` (when opened).
#[derive(Clone, Default)]
struct Script {
    gate: watch::Sender<bool>,
    under_way: watch::Sender<usize>,
}
struct UnderWay(watch::Sender<usize>);
impl Script {
    async fn has_under_way(&self, n: usize) {
        let mut under_way = self.under_way.subscribe();
        let waiting = under_way.wait_for(|now| *now == n);
        tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
            .await
            .expect("never so many")
            .unwrap();
    }
}
impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}
impl Transport for Script {
    fn send(&self, attempt: &Attempt) -> BoxFuture<'static, Outcome> {
        let path = attempt.delivery.url.rsplit('/').next().unwrap().to_owned();
        self.under_way.send_modify(|n| *n += 1);
        let here = UnderWay(self.under_way.clone());
        let mut gate = self.gate.subscribe();
        async move {
            let _here = here;
            match path.as_str() {
                "panic" => panic!("broken"),
                "hang" => std::future::pending().await,
                "gate" => drop(gate.wait_for(|open| *open).await),
                _ => {}
            }
            let exchange = Exchange {
                method: "POST".into(),
                url: String::new(),
                headers: vec![],
                body: Default::default(),
                loopback: false,
                answer: Some(Default::default()),
            };
            Outcome { exchanges: vec![exchange], ..Outcome::default() }
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_when_its_time_comes() {
    let receiver = Receiver::start().await;
    receiver.respond(500, "no").respond(200, "yes");
    let world = World::start(http());
    let mut delivery = push(&format!("{}/?token=secret", receiver.url()));
    delivery.policy.schedule_secs = vec![60];
    let id = world.enqueue(delivery);
    assert_eq!(world.heard(1).await[0].status, DeliveryStatus::Queued);
    world.quiet().await;
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(world.post.next_deadline().map(|at| (at - world.now()).num_seconds()), Some(60));

    world.clock.send_modify(|now| *now += TimeDelta::seconds(60));
    let heard = world.heard(2).await;
    assert_eq!(
        (heard[1].status, heard[1].attempts, &heard[1].response_body[..]),
        (DeliveryStatus::Succeeded, 2, &b"yes"[..])
    );

    let journal = world.journal.lock();
    let told: Vec<_> = journal.iter().map(|(cause, e)| (e.kind, e.subject.as_str(), *cause)).collect();
    let d1 = "delivery:d1";
    assert_eq!(
        told,
        [
            ("delivery.sending", d1, 0),
            ("delivery.attempt", d1, 1),
            ("delivery.sending", d1, 0),
            ("delivery.attempt", d1, 3)
        ]
    );
    assert!(journal[1].1.fact.ends_with("attempt 1 of 2; next in 1 min"), "{}", journal[1].1.fact);
    assert!(journal.iter().all(|(_, e)| !format!("{e:?}").contains("secret")));
    drop(journal);

    let record = world.post.get(id).unwrap();
    let json = record.json(false);
    assert_eq!((&json["status"], &json["attempts"][1]["seq"]), (&"succeeded".into(), &3.into()));
    assert_eq!(
        json["attempts"][0]["error"],
        serde_json::json!({"class": "status", "message": "answered 500 Internal Server Error"})
    );
    assert_eq!(json["attempts"][0]["response"]["body"], "no");
    assert_eq!(
        json["attempts"][0]["request"]["headers"][2],
        serde_json::json!(["X-SecureSourceManager-Event", "push"])
    );
    assert!(!json.to_string().contains("secret"), "{json}");
    assert!(record.json(true).to_string().contains("token=secret"));
}

#[tokio::test]
async fn one_hanging_receiver_costs_the_others_nothing() {
    let world = World::start(Script::default());
    world.enqueue(push("http://a/hang"));
    for _ in 0..100 {
        world.enqueue(push("http://b/200"));
    }
    assert!(world.heard(100).await.iter().all(|s| s.status == DeliveryStatus::Succeeded));
    assert_eq!(world.post.counts(), (0, 1, 101));
}

#[tokio::test]
async fn panics_are_failed_attempts_and_the_driver_goes_on() {
    let world = World::start(Script::default());
    world.enqueue(push("http://a/panic"));
    let failed = &world.heard(1).await[0];
    let why = "the attempt broke off inside the emulator: broken".to_owned();
    assert_eq!(
        (failed.status, failed.error.clone()),
        (DeliveryStatus::Failed, Some((ErrorClass::Reset, why)))
    );
    let mut bad = push("http://a/200");
    bad.subject = "panics".into();
    world.enqueue(bad);
    world.quiet().await;
    world.enqueue(push("http://a/200"));
    assert_eq!(world.heard(2).await[1].status, DeliveryStatus::Succeeded);
}

#[tokio::test]
async fn a_cancelled_attempt_is_given_up_and_heard_of_by_nobody() {
    let script = Script::default();
    let world = World::start(script.clone());
    world.enqueue(push("http://a/hang"));
    script.has_under_way(1).await;
    let checkpoint = world.post.checkpoint();
    world.post.cancel(Some(&Owner::new("kudu", "other")));
    assert_eq!(world.post.status(DeliveryId(1)), Some(DeliveryStatus::InFlight));
    world.post.cancel(Some(&Owner::new("kudu", "site")));
    assert_eq!(world.post.status(DeliveryId(1)), Some(DeliveryStatus::Cancelled));
    world.enqueue(push("http://a/200"));
    assert_eq!(world.heard(1).await[0].delivery, DeliveryId(2));
    script.has_under_way(0).await;
    world.post.restore(&*checkpoint);
    script.has_under_way(1).await;
    assert_eq!(world.post.status(DeliveryId(1)), Some(DeliveryStatus::InFlight), "sent again");
}

#[tokio::test]
async fn stopping_ends_what_is_under_way_and_begins_nothing() {
    let script = Script::default();
    let world = World::start(script.clone());
    world.enqueue(push("http://a/gate"));
    script.has_under_way(1).await;
    world.post.stop();
    world.enqueue(push("http://a/200"));
    script.gate.send_replace(true);
    world.ended().await;
    assert_eq!(world.heard(1).await[0].status, DeliveryStatus::Succeeded);
    let left: Vec<_> = world.post.unfinished().iter().map(|r| r.id).collect();
    assert_eq!(left, [DeliveryId(2)]);
}

#[tokio::test]
async fn held_deliveries_are_listed_replayed_and_let_go() {
    let receiver = Receiver::start().await;
    let world = World::start(http());
    world.post.pause();
    for name in ["a", "b", "c"] {
        world.enqueue(push(&format!("{}/{name}?s=hidden", receiver.url())));
    }
    world.quiet().await;
    let list = |filter: &Filter, after| {
        let found = world.post.list(filter, after, 2);
        found.iter().map(|r| r.id.0).collect::<Vec<_>>()
    };
    let held =
        Filter { status: Some(DeliveryStatus::Held), surface: Some("kudu".into()), ..Filter::default() };
    assert_eq!(list(&held, None), [1, 2]);
    assert_eq!(list(&held, Some(DeliveryId(2))), [3]);
    let exact = |url: String| Filter { target: Some(url), ..Filter::default() };
    assert_eq!(list(&exact(format!("{}/b?s=hidden", receiver.url())), None), [2]);
    assert_eq!(list(&exact(format!("{}/b", receiver.url())), None), [2]);
    assert_eq!(list(&Filter { surface: Some("kud".into()), ..Filter::default() }, None), [0u64; 0]);
    assert_eq!(list(&Filter { tenant: Some("other".into()), ..Filter::default() }, None), [0u64; 0]);

    assert_eq!(world.post.release(Release::One(DeliveryId(2))), 1);
    world.heard(1).await;
    assert_eq!(receiver.requests()[0].path, "/b");
    let again =
        world.post.replay(DeliveryId(2), Some(&format!("{}/z", receiver.url())), 9, world.now()).unwrap();
    assert_eq!(world.post.status(again), Some(DeliveryStatus::Held));
    assert_eq!((world.post.resume(), world.post.paused()), (3, false));
    let mut paths: Vec<_> = receiver.wait_for(4).await.iter().map(|r| r.path.clone()).collect();
    paths.sort();
    assert_eq!(paths, ["/a", "/b", "/c", "/z"]);
    world.heard(4).await;
    assert_eq!(world.post.get(again).unwrap().json(false)["replay_of"], "d2");
}
