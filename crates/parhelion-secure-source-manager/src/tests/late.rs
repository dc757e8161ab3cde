//! Pushes that find other refs than they were judged against.

use super::harness::{Emulator, PLACE};
use crate::{
    domain::push::{Push, PushedRef, judge},
    store::{ProjectKey, SsmStore},
};
use parhelion_git::{ObjectId, RefUpdate};

/// What a push judged against the refs of that moment meets when it comes to be applied.
fn late(
    emulator: &Emulator,
    uid: &str,
    changes: &[(&str, Option<ObjectId>, Option<ObjectId>)],
) -> Vec<String> {
    let refs = changes.iter().map(|(name, old, new)| PushedRef {
        update: RefUpdate { name: (*name).to_owned(), old: *old, new: *new, forced: false },
        commits: Vec::new(),
        after: *new,
        merges: false,
        merged: Vec::new(),
    });
    let key = ("us-central1".to_owned(), "my-repo".to_owned());
    let push = Push { key, uid: uid.to_owned(), refs: refs.collect(), atomic: false, bytes: 0, told: true };
    let store = emulator.world.shelf::<SsmStore>().load(&ProjectKey("my-project".to_owned()));
    judge(&store.store, &push).refused.into_iter().map(|(name, why)| format!("{name}: {why}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn refs_that_exclude_each_other_do_not_both_come_in() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    let tip: ObjectId = work.commit("a", "1", "One").await.parse().unwrap();
    work.ok(&["push", "-q", "origin", "main", "main:dev/one"]).await;
    let (_, got) = emulator.call("GET", &format!("{PLACE}/repositories/my-repo"), "").await;
    let uid = got["uid"].as_str().unwrap();
    let new = Some(tip);
    let clash = |name: &str| format!("{name}: failed to update ref");
    assert_eq!(late(&emulator, uid, &[("refs/heads/dev", None, new)]), [clash("refs/heads/dev")]);
    assert_eq!(late(&emulator, uid, &[("refs/heads/main/x/y", None, new)]), [clash("refs/heads/main/x/y")]);
    assert!(
        late(&emulator, uid, &[("refs/heads/dev/two", None, new), ("refs/heads/de", None, new)]).is_empty()
    );
    // The one that is in the way goes with the same push.
    let moved = [("refs/heads/dev/one", new, None), ("refs/heads/dev", None, new)];
    assert!(late(&emulator, uid, &moved).is_empty());
    // Unless it has changed meanwhile.
    let stale = [("refs/heads/dev/one", Some(ObjectId::ZERO), None), ("refs/heads/dev", None, new)];
    assert_eq!(late(&emulator, uid, &stale).len(), 2);
    // The two pushes at once, for real: whichever wins, the repository can be cloned.
    let b = emulator.clone_to("b").await;
    for n in 0..4 {
        let (short, long) = (format!("main:refs/heads/x{n}"), format!("main:refs/heads/x{n}/y"));
        let (short, long) = (["push", "-q", "origin", &short], ["push", "-q", "origin", &long]);
        let (one, two) = tokio::join!(work.git(&short), b.git(&long));
        assert_ne!(one.status.success(), two.status.success());
    }
    emulator.clone_to("c").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_does_not_land_in_a_repository_of_the_same_name() {
    let emulator = Emulator::new().with_repository().await;
    let repository = format!("{PLACE}/repositories/my-repo");
    let (_, first) = emulator.call("GET", &repository, "").await;
    let made = [("refs/heads/main", None, Some(ObjectId::ZERO))];
    assert!(late(&emulator, first["uid"].as_str().unwrap(), &made).is_empty());
    emulator.done("DELETE", &repository, "").await;
    emulator.create_repository("my-repo", "{}").await;
    let told = late(&emulator, first["uid"].as_str().unwrap(), &made);
    assert_eq!(told, ["refs/heads/main: repository was deleted"]);
}
