use super::*;
use crate::attempt::{Answer, Exchange};
use bytes::Bytes;
use parhelion_core::Policy;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn t(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::seconds(secs)
}
fn owner(name: &str) -> Owner {
    Owner::new("store", name)
}
fn delivery(host: &str, order: Option<&str>, schedule_secs: &[u64]) -> Delivery {
    Delivery {
        subject: "hook:1".into(),
        event: "push".into(),
        method: "POST",
        url: format!("http://{host}/?t=1"),
        shown_url: format!("http://{host}/?****"),
        headers: vec![],
        body: Bytes::from_static(b"0123456789"),
        policy: Policy { schedule_secs: schedule_secs.to_vec(), ..Policy::default() },
        order: order.map(str::to_owned),
    }
}
fn answered(status: u16) -> Outcome {
    let answer = Answer {
        status,
        reason: "R".into(),
        body: Bytes::from_static(b"answer"),
        body_bytes: 6,
        ..Answer::default()
    };
    let exchange = Exchange {
        method: "POST".into(),
        url: String::new(),
        headers: vec![],
        body: Bytes::new(),
        loopback: false,
        answer: Some(answer),
    };
    let error = (!(200..300).contains(&status)).then(|| (ErrorClass::Status, format!("answered {status}")));
    Outcome { exchanges: vec![exchange], error, ..Outcome::default() }
}

/// The next attempt; reports are taken as the driver does.
fn sent(m: &mut Machine, now: Timestamp) -> Option<Attempt> {
    loop {
        match m.poll(now) {
            Step::Send(attempt) => return Some(*attempt),
            Step::Report(r) => assert!(m.take_report(r.settled.delivery, r.settled.attempts)),
            Step::Wait(at) => {
                assert!(at > now);
                return None;
            }
            Step::Idle => return None,
        }
    }
}
fn ids(m: &mut Machine, now: Timestamp) -> Vec<u64> {
    std::iter::from_fn(|| sent(m, now)).map(|a| a.id.delivery.0).collect()
}
fn statuses(m: &Machine) -> Vec<DeliveryStatus> {
    m.after(DeliveryId(0)).map(|r| r.status).collect()
}

#[test]
fn a_delivery_is_attempted_on_schedule_until_it_succeeds() {
    let mut m = Machine::default();
    let id = m.enqueue(owner("a"), 7, delivery("h", None, &[5, 60]), t(0));
    assert_eq!(m.next_deadline(), Some(t(0)));
    let first = sent(&mut m, t(0)).unwrap();
    assert_eq!((first.id.number, first.of, first.cause), (1, 3, 7));
    assert!(m.busy(t(0)) && m.next_deadline().is_none());
    m.note(first.id, 70);

    let report = m.settle(first.id, answered(500), t(2)).unwrap();
    assert_eq!((report.settled.status, report.settled.attempts, report.next_at), (Queued, 1, Some(t(7))));
    assert_eq!((report.settled.response_status, report.cause), (Some(500), 70));
    assert!(m.busy(t(2)), "the tenant has not heard of it");
    assert!(matches!(m.poll(t(2)), Step::Report(r) if *r == report));
    assert!(matches!(m.poll(t(2)), Step::Wait(at) if at == t(7)), "a report is given once");
    assert!(m.take_report(id, 1) && !m.take_report(id, 1));
    assert!(!m.busy(t(6)) && m.busy(t(7)));

    let second = sent(&mut m, t(7)).unwrap();
    assert!(m.settle(first.id, answered(200), t(8)).is_none(), "the first is settled already");
    let report = m.settle(second.id, answered(204), t(8)).unwrap();
    assert_eq!(
        (report.settled.status, report.settled.attempts, report.settled.sent_at),
        (Succeeded, 2, t(7))
    );
    assert!(m.settle(second.id, answered(204), t(8)).is_none());
    assert!(m.take_report(id, 2));
    assert!(matches!(m.poll(t(100)), Step::Idle) && !m.busy(t(100)));
    let record = m.get(id).unwrap();
    assert_eq!(record.attempts.iter().map(|a| (a.number, a.seq)).collect::<Vec<_>>(), [(1, 70), (2, 0)]);
    assert_eq!(record.settled_at, Some(t(8)));
}

#[test]
fn the_schedule_ends_early_where_more_attempts_make_no_sense() {
    let mut m = Machine::default();
    let mut gone = delivery("h", None, &[1, 1]);
    gone.policy.give_up_on = vec![410];
    m.enqueue(owner("a"), 0, gone, t(0));
    let a = sent(&mut m, t(0)).unwrap();
    assert_eq!(m.settle(a.id, answered(410), t(0)).unwrap().settled.status, Failed);

    m.enqueue(owner("a"), 0, delivery("h", None, &[1, 1]), t(0));
    let a = sent(&mut m, t(0)).unwrap();
    let report = m.settle(a.id, Outcome::failed(ErrorClass::NotAllowed, "no"), t(0)).unwrap();
    assert_eq!((report.settled.status, report.settled.error.unwrap().1.as_str()), (Failed, "no"));

    m.enqueue(owner("a"), 0, delivery("h", None, &[u64::MAX]), t(0));
    let a = sent(&mut m, t(0)).unwrap();
    assert_eq!(m.settle(a.id, answered(500), t(0)).unwrap().next_at, Some(Timestamp::MAX_UTC), "no overflow");
}

#[test]
fn a_line_waits_for_its_head_and_other_lines_do_not() {
    let mut m = Machine::default();
    for (name, order) in [("a", Some("k")), ("a", Some("k")), ("b", Some("k")), ("a", None), ("a", Some("l"))]
    {
        m.enqueue(owner(name), 0, delivery("h", order, &[10]), t(0));
    }
    let first = sent(&mut m, t(0)).unwrap();
    assert_eq!(first.id.delivery.0, 1);
    assert_eq!(ids(&mut m, t(0)), [3, 4, 5], "the same key of another owner is another line");
    m.settle(first.id, answered(500), t(1));
    assert_eq!(ids(&mut m, t(10)), [0u64; 0], "the head of the line is waiting for its retry");
    let retry = sent(&mut m, t(11)).unwrap();
    assert_eq!(retry.id.delivery.0, 1);
    m.settle(retry.id, answered(500), t(12));
    assert_eq!(ids(&mut m, t(12)), [2], "it has failed: the next one's turn");
}

#[test]
fn connections_are_bounded_in_all_and_by_host() {
    let limits = Limits { in_flight: 3, in_flight_per_host: 2, ..Limits::default() };
    let mut m = Machine::new(limits);
    for host in ["x", "X:80", "x", "y", "y"] {
        m.enqueue(owner("a"), 0, delivery(host, None, &[]), t(0));
    }
    let first = sent(&mut m, t(0)).unwrap();
    assert_eq!(ids(&mut m, t(0)), [2, 4], "the third of the same host waits, then all connections are used");
    assert_eq!(m.next_deadline(), None);
    m.settle(first.id, answered(200), t(0));
    assert_eq!(ids(&mut m, t(0)), [3]);
    m.set_limits(Limits { in_flight: 9, ..limits });
    assert_eq!(ids(&mut m, t(0)), [5]);
}

#[test]
fn the_ring_drops_what_was_final_first_and_never_what_is_not() {
    let mut m = Machine::new(Limits { kept: 2, ..Limits::default() });
    for _ in 0..4 {
        m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
    }
    let attempts: Vec<Attempt> = std::iter::from_fn(|| sent(&mut m, t(0))).collect();
    for i in [1, 2, 3] {
        m.settle(attempts[i].id, answered(200), t(0)).unwrap();
    }
    assert_eq!(m.after(DeliveryId(0)).map(|r| r.id.0).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!((m.dropped(), m.counts()), (1, (0, 1, 3)));
    assert_eq!(m.status(DeliveryId(2)), None);
    m.settle(attempts[0].id, answered(200), t(0)).unwrap();
    assert_eq!(m.after(DeliveryId(0)).map(|r| r.id.0).collect::<Vec<_>>(), [1, 4], "the oldest by settling");
}

#[test]
fn bodies_of_the_oldest_go_before_their_records() {
    let mut m = Machine::new(Limits { kept_body_bytes: 40, ..Limits::default() });
    for _ in 0..3 {
        m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
        let a = sent(&mut m, t(0)).unwrap();
        let report = m.settle(a.id, answered(200), t(0)).unwrap();
        assert_eq!(report.settled.request_body.len(), 10);
    }
    let gone: Vec<bool> = m.after(DeliveryId(0)).map(|r| r.body_gone).collect();
    assert_eq!(gone, [true, false, false], "three of 16 bytes are too many");
    assert_eq!(m.replay(DeliveryId(1), None, 0, t(0)), Err(ReplayError::BodyGone(DeliveryId(1))));
    assert_eq!(m.replay(DeliveryId(9), None, 0, t(0)), Err(ReplayError::Unknown(DeliveryId(9))));
}

#[test]
fn what_is_too_much_fails_at_once_and_says_so() {
    for limits in [
        Limits { unfinished: 1, ..Limits::default() },
        Limits { unfinished_body_bytes: 19, ..Limits::default() },
    ] {
        let mut m = Machine::new(limits);
        m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
        let id = m.enqueue(owner("a"), 5, delivery("h", None, &[]), t(0));
        let record = m.get(id).unwrap();
        assert_eq!(record.status, Failed);
        assert!(record.error().unwrap().1.starts_with("not queued: "), "{record:?}");
        let Step::Report(report) = m.poll(t(0)) else { panic!("no report") };
        assert_eq!((report.settled.delivery, report.settled.attempts, report.cause), (id, 0, 5));
        assert!(m.take_report(id, 0));
        let a = sent(&mut m, t(0)).unwrap();
        m.settle(a.id, answered(200), t(0));
        m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
        assert_eq!(ids(&mut m, t(0)), [3], "room again");
    }
}

#[test]
fn pausing_holds_and_releasing_lets_go() {
    let mut m = Machine::default();
    let enqueue = |m: &mut Machine| m.enqueue(owner("a"), 0, delivery("h", Some("k"), &[5]), t(0));
    enqueue(&mut m);
    let flying = sent(&mut m, t(0)).unwrap();
    enqueue(&mut m);
    m.pause();
    enqueue(&mut m);
    enqueue(&mut m);
    assert_eq!(statuses(&m), [InFlight, Held, Held, Held]);
    m.settle(flying.id, answered(500), t(1)).unwrap();
    assert_eq!(statuses(&m), [Held, Held, Held, Held], "its retry is held too");
    assert!(sent(&mut m, t(9)).is_none() && !m.busy(t(9)) && m.next_deadline().is_none());

    assert_eq!(m.release(Release::One(DeliveryId(3))), 1);
    assert_eq!(m.release(Release::One(DeliveryId(3))), 0);
    let third = sent(&mut m, t(9)).unwrap();
    assert_eq!(third.id.delivery.0, 3, "let go by hand, past those that are held");
    m.settle(third.id, answered(500), t(9));
    assert_eq!(ids(&mut m, t(14)), [3], "its retry is not held");
    assert_eq!(m.release(Release::Count(1)), 1);
    assert_eq!(ids(&mut m, t(14)), [0u64; 0], "one at a time in a line");
    assert_eq!(m.resume(), 2);
    assert_eq!(statuses(&m), [Queued, Queued, InFlight, Queued]);
    m.pause();
    assert_eq!(statuses(&m), [Held, Held, InFlight, Held], "a new pause holds the released as well");
}

#[test]
fn a_restore_queues_again_what_was_in_flight_and_settles_nothing_of_before() {
    let mut m = Machine::default();
    m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
    m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
    let before = sent(&mut m, t(0)).unwrap();
    let second = sent(&mut m, t(0)).unwrap();
    m.settle(second.id, answered(200), t(0));
    let checkpoint = m.clone();
    assert_eq!(ids(&mut m, t(0)), [0u64; 0]);
    m.settle(before.id, answered(200), t(0)).unwrap();
    m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0));
    let later = sent(&mut m, t(0)).unwrap();

    m.restore(&checkpoint);
    assert!(
        m.settle(before.id, answered(200), t(0)).is_none()
            && m.settle(later.id, answered(200), t(0)).is_none()
    );
    let Step::Report(report) = m.poll(t(0)) else { panic!("the report that nobody had taken is lost") };
    assert_eq!(report.settled.delivery.0, 2);
    assert!(m.take_report(DeliveryId(2), 1));
    let again = sent(&mut m, t(0)).unwrap();
    assert_eq!((again.id.delivery, again.id.number), (before.id.delivery, 1));
    assert!(again.id != before.id);
    assert_eq!(
        m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0)),
        DeliveryId(4),
        "3 was given already"
    );
}

#[test]
fn cancelling_is_by_owner_and_takes_the_reports_along() {
    let mut m = Machine::default();
    for name in ["a", "a", "b", "a"] {
        m.enqueue(owner(name), 0, delivery("h", Some("k"), &[]), t(0));
    }
    let a = sent(&mut m, t(0)).unwrap();
    m.settle(a.id, answered(200), t(0)).unwrap();
    let Step::Report(_) = m.poll(t(0)) else { panic!("no report") };
    let flying = sent(&mut m, t(0)).unwrap();
    m.cancel(Some(&owner("a")));
    assert_eq!(statuses(&m), [Succeeded, Cancelled, Queued, Cancelled]);
    assert!(!m.take_report(DeliveryId(1), 1), "the reset tenant must not hear of it");
    assert!(!m.awaits(flying.id) && m.settle(flying.id, answered(200), t(0)).is_none());
    assert_eq!(ids(&mut m, t(0)), [3]);
    m.clear();
    assert_eq!((m.counts(), m.busy(t(0))), ((0, 0, 0), false));
    assert_eq!(m.enqueue(owner("a"), 0, delivery("h", None, &[]), t(0)).0, 5);
}

#[test]
fn a_replay_is_a_new_delivery() {
    let mut m = Machine::default();
    let id = m.enqueue(owner("a"), 3, delivery("h", None, &[]), t(0));
    let a = sent(&mut m, t(0)).unwrap();
    m.settle(a.id, answered(500), t(0));
    let again = m.replay(id, Some("http://u:p@other/x?y"), 9, t(1)).unwrap();
    let record = m.get(again).unwrap();
    assert_eq!((record.replay_of, record.cause, record.delivery.body.len()), (Some(id), 9, 10));
    assert_eq!(record.delivery.shown_url, "http://other/x?y");
    assert_eq!(sent(&mut m, t(1)).unwrap().delivery.url, "http://u:p@other/x?y");
    assert!(matches!(m.replay(id, Some("ftp://x"), 0, t(1)), Err(ReplayError::BadUrl(_))));
    assert_eq!(m.get(id).unwrap().status, Failed);
}

#[derive(Clone, Debug)]
enum Act {
    Enqueue {
        owner: u8,
        host: u8,
        order: Option<u8>,
        retries: usize,
    },
    Poll,
    /// The nth attempt ever made, so that late and repeated outcomes come too.
    Settle {
        nth: usize,
        ok: bool,
    },
    Pass {
        secs: i64,
    },
    Pause,
    Resume,
    Release {
        n: usize,
    },
    Cancel {
        owner: Option<u8>,
    },
    Checkpoint,
    Restore,
    Clear,
    Replay {
        id: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0u8..2, 0u8..3, proptest::option::of(0u8..2), 0usize..3)
            .prop_map(|(owner, host, order, retries)| Act::Enqueue { owner, host, order, retries }),
        10 => Just(Act::Poll),
        8 => (0usize..40, any::<bool>()).prop_map(|(nth, ok)| Act::Settle { nth, ok }),
        3 => (0i64..8).prop_map(|secs| Act::Pass { secs }),
        1 => Just(Act::Pause),
        1 => Just(Act::Resume),
        1 => (0usize..3).prop_map(|n| Act::Release { n }),
        1 => proptest::option::of(0u8..2).prop_map(|owner| Act::Cancel { owner }),
        1 => Just(Act::Checkpoint),
        1 => Just(Act::Restore),
        1 => Just(Act::Clear),
        1 => (1u64..20).prop_map(|id| Act::Replay { id }),
    ]
}

/// What must hold at every moment.
fn sound(m: &Machine) {
    let per_host = m.limits.in_flight_per_host;
    assert_eq!(m.index, Index::rebuilt(&m.records, per_host), "the index is not what the records say");
    let of = |status: DeliveryStatus| {
        m.records.values().filter(|r| r.status == status).map(|r| r.id.0).collect::<OrdSet<_>>()
    };
    assert_eq!((&m.flying, &m.held), (&of(InFlight), &of(Held)));
    let (finals, rest): (Vec<_>, Vec<_>) = m.records.values().partition(|r| r.status.is_final());
    assert_eq!(m.finals.iter().copied().collect::<BTreeSet<_>>(), finals.iter().map(|r| r.id.0).collect());
    assert_eq!(m.unfinished, rest.iter().map(|r| r.id.0).collect());
    assert_eq!(m.unfinished_body_bytes, rest.iter().map(|r| r.body_bytes()).sum::<usize>());
    assert_eq!(m.kept_body_bytes, finals.iter().map(|r| r.body_bytes()).sum::<usize>());
    assert!(finals.len() <= m.limits.kept && m.kept_body_bytes <= m.limits.kept_body_bytes);
    assert!(rest.len() <= m.limits.unfinished && m.flying.len() <= m.limits.in_flight);
    let mut by_line: BTreeMap<_, usize> = BTreeMap::new();
    let mut by_host: BTreeMap<_, usize> = BTreeMap::new();
    for r in m.records.values().filter(|r| r.status == InFlight) {
        *by_host.entry(r.origin.clone()).or_default() += 1;
        if let Some(line) = r.line() {
            *by_line.entry(line).or_default() += 1;
        }
    }
    assert!(by_host.values().all(|n| *n <= per_host) && by_line.values().all(|n| *n == 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_history_keeps_its_promises(acts in proptest::collection::vec(act(), 1..120)) {
        let limits = Limits {
            in_flight: 4, in_flight_per_host: 2, unfinished: 12, unfinished_body_bytes: 10_000, kept: 6, kept_body_bytes: 100,
        };
        let mut m = Machine::new(limits);
        let mut now = t(0);
        let mut attempts: Vec<AttemptId> = Vec::new();
        let mut given = BTreeSet::new();
        let mut settled = BTreeSet::new();
        let mut checkpoint: Option<Machine> = None;
        for act in acts {
            match act {
                Act::Enqueue { owner: o, host, order, retries } => {
                    let d = delivery(&format!("h{host}"), order.map(|o| format!("k{o}")).as_deref(), &vec![3; retries]);
                    let id = m.enqueue(owner(&o.to_string()), 0, d, now);
                    prop_assert!(given.insert(id), "{id} was given twice");
                }
                Act::Poll => match m.poll(now) {
                    Step::Send(a) => {
                        let record = m.get(a.id.delivery).unwrap();
                        prop_assert!(record.due_at <= now && !m.paused | record.released);
                        // First in, first out: nothing older of its line is queued or under way.
                        if let Some(line) = record.line() {
                            let older = m.records.range(..a.id.delivery.0).find(|(_, r)| {
                                r.line().as_ref() == Some(&line) && matches!(r.status, Queued | InFlight)
                            });
                            prop_assert!(older.is_none(), "{older:?} goes before {record:?}");
                        }
                        prop_assert!(!attempts.contains(&a.id), "an attempt's number was given twice");
                        attempts.push(a.id);
                    }
                    Step::Report(r) => prop_assert!(m.take_report(r.settled.delivery, r.settled.attempts)),
                    Step::Wait(at) => prop_assert!(at > now && m.next_deadline() == Some(at)),
                    Step::Idle => prop_assert!(m.next_deadline().is_none()),
                },
                Act::Settle { nth, ok } => if let Some(id) = attempts.get(nth).copied() {
                    let awaited = m.awaits(id);
                    let report = m.settle(id, answered(if ok { 200 } else { 500 }), now);
                    prop_assert_eq!(report.is_some(), awaited);
                    prop_assert!(report.is_none() || settled.insert(id), "settled twice");
                },
                Act::Pass { secs } => now += TimeDelta::seconds(secs),
                Act::Pause => m.pause(),
                Act::Resume => drop(m.resume()),
                Act::Release { n } => drop(m.release(Release::Count(n))),
                Act::Cancel { owner: o } => m.cancel(o.map(|o| owner(&o.to_string())).as_ref()),
                Act::Checkpoint => checkpoint = Some(m.clone()),
                Act::Restore => if let Some(c) = &checkpoint { m.restore(c) },
                Act::Clear => m.clear(),
                Act::Replay { id } => if let Ok(id) = m.replay(DeliveryId(id), None, 0, now) {
                    prop_assert!(given.insert(id), "{id} was given twice");
                },
            }
            sound(&m);
        }
        // Nothing is stuck: let everything go, answer everything, let all time pass.
        m.resume();
        let end = Timestamp::MAX_UTC;
        let mut rounds = 0;
        loop {
            rounds += 1;
            prop_assert!(rounds < 2_000);
            match m.poll(end) {
                Step::Send(a) => drop(m.settle(a.id, answered(503), end)),
                Step::Report(r) => prop_assert!(m.take_report(r.settled.delivery, r.settled.attempts)),
                Step::Wait(at) => prop_assert!(false, "waits for {at}"),
                Step::Idle => match m.flying.get_min().copied() {
                    None => break,
                    Some(id) => {
                        let number = m.records[&id].attempts.len() as u32 + 1;
                        m.settle(AttemptId { epoch: m.epoch, delivery: DeliveryId(id), number }, answered(200), end);
                    }
                },
            }
        }
        sound(&m);
        prop_assert!(m.unfinished.is_empty() && !m.busy(end));
    }
}
