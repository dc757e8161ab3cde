//! Deployments by zip, without a server.

use super::*;
use crate::ops::subscribe_hook::SubscribeHook;
use crate::store::{DeployStatus, Layout, LogKind, WWWROOT};
use crate::testing::{Fixture, zip_of};
use crate::wire::hook::Subscription;
use parhelion_core::ErrorClass;
use parhelion_state::{Scope, Store};
use proptest::prelude::*;
use std::io::Cursor;

fn push() -> Push {
    Push {
        receiving: "Deploying from pushed zip file".into(),
        author: String::new(),
        author_email: String::new(),
        deployer: Some("ZipDeploy".into()),
        message: "m".into(),
        commit: None,
        dashed_id: false,
        layout: Layout::Sync { clean: false, below: None },
    }
}
fn input(zip: &[u8]) -> ZipPush {
    let settings = Arc::new(Settings::default());
    ZipPush { push: push(), package: Package::read(Cursor::new(zip), settings.max_unzip_bytes), settings }
}
fn deploy(site: &Fixture, files: &[(&str, &str)]) -> (String, DeployStatus) {
    match site.write::<ZipDeploy>(input(&zip_of(files))).unwrap().value {
        Pushed::Deployed { id, status, .. } => (id, status),
        other => panic!("{other:?}"),
    }
}
fn subscribe(site: &Fixture, url: &str) {
    let wanted = Subscription { event: Some("PostDeployment".into()), url: url.into(), insecure_ssl: false };
    site.write::<SubscribeHook>(wanted).unwrap();
}
fn ids(site: &Fixture) -> Vec<String> {
    site.read(|store| store.newest_first().into_iter().map(|(id, _)| id.clone()).collect())
}
const FAILING: (&str, &str) = (".deployment", "[config]\ncommand = thisIsAnErrorCommand\n");

#[test]
fn a_deployment_without_hooks_leaves_no_lock() {
    let site = Fixture::new();
    let (id, status) = deploy(&site, &[("a.txt", "one"), ("sub/b.txt", "two")]);
    assert_eq!(status, DeployStatus::Success);
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(ids(&site), [&*id]);
    site.read(|store| {
        assert_eq!((store.lock.is_none(), store.active.as_deref()), (true, Some(id.as_str())));
        let paths: Vec<_> = store.files.below(WWWROOT).map(|(path, _)| path).collect();
        assert_eq!(paths, ["a.txt", "sub/b.txt"]);
        let log: Vec<_> = store.logs[&id].iter().map(|e| e.message.as_str()).collect();
        let commit = format!("Preparing deployment for commit id '{}'.", &id[..10]);
        let expected = [
            "Updating submodules.",
            &commit,
            "Generating deployment script.",
            "Running deployment command...",
            "Running post deployment command(s)...",
            "Triggering recycle (preview mode disabled).",
            "Deployment successful.",
        ];
        assert_eq!(log, expected);
        let details: Vec<_> = store.logs[&id][3].details.iter().map(|d| d.message.as_str()).collect();
        let expected = [
            "Command: deploy.cmd",
            "Deleting file: 'hostingstart.html'",
            "Copying file: 'a.txt'",
            "Copying file: 'sub/b.txt'",
        ];
        assert_eq!(details, expected);
    });
}

#[test]
fn the_lock_is_held_until_the_last_hook_was_told() {
    let site = Fixture::new();
    subscribe(&site, "http://a/");
    subscribe(&site, "http://b/");
    let (id, _) = deploy(&site, &[("a", "1")]);
    // While hooks are told: the record of the changes being received is there, the deployment is at its end.
    let all = ids(&site);
    assert!(all.len() == 2 && all[0] == id && all[1].starts_with("temp-"), "{all:?}");
    site.read(|store| {
        let record = &store.deployments[&id];
        assert!(
            record.complete && record.status == DeployStatus::Success && store.active.as_ref() == Some(&id)
        );
        assert_eq!(store.deployments[&all[1]].status, DeployStatus::Pending);
    });
    let refused = site.write::<ZipDeploy>(input(&zip_of(&[("b", "2")]))).unwrap_err();
    assert_eq!(refused, Error::InProgress);
    assert!(site.facts().last().unwrap().contains("2 more of its hooks"), "{:?}", site.facts());
    site.settle(1, Err(ErrorClass::Timeout));
    let refused = site.write::<PreparePackage>(()).unwrap_err();
    assert!(matches!(refused, Error::Conflict { operation: "Preparing zip package", .. }));
    site.settle(0, Ok(200));
    assert_eq!(ids(&site), [id]);
    deploy(&site, &[("b", "2")]);
}

#[test]
fn a_hook_deleted_while_it_is_told_does_not_keep_the_lock() {
    let site = Fixture::new();
    subscribe(&site, "http://a/");
    deploy(&site, &[("a", "1")]);
    site.change(|store| {
        let id = *store.hooks.keys().next().unwrap();
        store.hooks.remove(&id);
    });
    site.settle(0, Ok(200));
    assert!(site.read(|store| store.lock.is_none()));
}

#[test]
fn a_failed_build_is_told_and_leaves_the_site_alone() {
    let site = Fixture::new();
    let (good, _) = deploy(&site, &[("a", "1")]);
    subscribe(&site, "http://a/");
    let (bad, status) = deploy(&site, &[FAILING, ("b", "2")]);
    assert_eq!(status, DeployStatus::Failed);
    let body = String::from_utf8(site.sent()[0].delivery.body.to_vec()).unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((body["status"].as_str(), body["id"].as_str()), (Some("failed"), Some(bad.as_str())));
    assert_eq!(body["projectType"], "CUSTOM DEPLOYMENT");
    assert!(body.get("lastSuccessEndTime").is_none());
    site.settle(0, Ok(200));
    site.read(|store| {
        assert_eq!(store.active.as_ref(), Some(&good));
        assert!(
            store.files.get(&format!("{WWWROOT}a")).is_some()
                && store.files.get(&format!("{WWWROOT}b")).is_none()
        );
        let log = &store.logs[&bad];
        assert_eq!(log.last().unwrap().message, "Deployment Failed.");
        let command = log.iter().find(|e| e.message == "Running deployment command...").unwrap();
        assert_eq!((command.kind, command.details.len()), (LogKind::Error, 3));
    });
    // The failure is the newest and stays; with the next success it goes.
    assert_eq!(ids(&site), [bad, good.clone()]);
    let (next, _) = deploy(&site, &[("c", "3")]);
    site.settle(1, Ok(200));
    assert_eq!(ids(&site), [next, good]);
}

#[test]
fn a_corrupt_package_is_recorded_and_told_to_nobody() {
    let site = Fixture::new();
    subscribe(&site, "http://a/");
    let done = site.write::<ZipDeploy>(input(b"no zip")).unwrap();
    assert!(matches!(done.value, Pushed::NoPackage(PackageError::Corrupt(_))));
    assert!(site.sent().is_empty());
    site.read(|store| {
        let (id, record) = store.newest_first()[0];
        assert!(id.starts_with("temp-") && record.is_temp && record.complete);
        let (status, message) = (record.status, record.message.as_str());
        assert_eq!((status, message), (DeployStatus::Failed, "Deploying from pushed zip file"));
        let log = &store.logs[id][0];
        assert_eq!((log.message.as_str(), log.kind), ("Fetching changes.", LogKind::Error));
        assert_eq!(log.details[0].message, "End of Central Directory record could not be found.");
        assert!(store.lock.is_none());
    });
    assert!(site.facts().iter().any(|fact| fact.contains("so no hook is told")));
}

#[test]
fn a_site_too_large_keeps_what_it_had() {
    let site = Fixture::new();
    deploy(&site, &[("a", "1")]);
    let before = site.read(|store| store.files.clone());
    let mut small = input(&zip_of(&[("b", "12345678901")]));
    small.settings = Arc::new(Settings { max_site_bytes: 10, ..Settings::default() });
    let done = site.write::<ZipDeploy>(small).unwrap();
    assert_eq!(done.value, Pushed::NoPackage(PackageError::SiteTooLarge { limit: 10 }));
    assert_eq!(site.read(|store| store.files.clone()), before);
}

#[test]
fn a_project_that_is_not_there_is_a_failed_build() {
    let site = Fixture::new();
    let (_, status) = deploy(&site, &[(".deployment", "[config]\nproject = web\n"), ("web/a", "1")]);
    assert_eq!(status, DeployStatus::Success);
    assert!(site.read(|store| store.files.get(&format!("{WWWROOT}a")).is_some()));
    let (_, status) = deploy(&site, &[(".deployment", "[config]\nproject = none\n"), ("web/a", "1")]);
    assert_eq!(status, DeployStatus::Failed);
    let (_, status) = deploy(&site, &[(".deployment", "[config]\ncommand = echo hello\n"), ("b", "1")]);
    assert_eq!(status, DeployStatus::Success);
    assert!(site.read(|store| store.files.get(&format!("{WWWROOT}b")).is_some()));
}

#[test]
fn ten_successes_are_kept_and_the_active_one() {
    let site = Fixture::new();
    let all: Vec<String> = (0..12).map(|n| deploy(&site, &[("a", &n.to_string())]).0).collect();
    let mut kept: Vec<String> = all[2..].to_vec();
    kept.reverse();
    assert_eq!(ids(&site), kept);
}

#[test]
fn a_lock_whose_deliveries_a_restore_took_is_released() {
    let site = Fixture::new();
    subscribe(&site, "http://a/");
    let done = site.write::<ZipDeploy>(input(&zip_of(&[("a", "1")]))).unwrap();
    let Pushed::Deployed { id, lock, .. } = &done.value else { panic!() };
    site.write::<NoteDeliveries>((*lock, done.deliveries.clone())).unwrap();
    let world = site.world();
    world.restore(&world.checkpoint(), Scope::Tenant("kudu", "site"));
    assert!(site.read(|store| store.lock.is_some()));
    // Other deliveries than those it waits for release nothing.
    site.write::<ReleaseLock>(Vec::new()).unwrap();
    assert!(site.read(|store| store.lock.is_some()));
    site.write::<ReleaseLock>(done.deliveries.clone()).unwrap();
    assert!(site.read(|store| store.lock.is_none()));
    assert_eq!(ids(&site), [&**id]);
}

#[test]
fn the_chain_of_causes_leads_from_the_push_to_the_delivery() {
    let site = Fixture::new();
    subscribe(&site, "http://a/");
    deploy(&site, &[("a", "1")]);
    let entries = site.world().entries(0, usize::MAX, |_| true);
    let of = |kind: &str| entries.iter().find(|e| e.kind == kind).unwrap();
    let chain = [
        "deployment.started",
        "deployment.changed",
        "deployment.finished",
        "hook.matched",
        "delivery.created",
    ];
    for pair in chain.windows(2) {
        assert_eq!(of(pair[1]).cause, of(pair[0]).seq, "{pair:?}");
    }
}

#[test]
fn a_shown_store_hides_passwords_and_contents() {
    let site = Fixture::new();
    subscribe(&site, "http://u:geheim@a/");
    deploy(&site, &[("a", "the content of a")]);
    let mut value = serde_json::to_value(site.read(Clone::clone)).unwrap();
    assert_eq!(site.read(Clone::clone), serde_json::from_value(value.clone()).unwrap());
    KuduStore::mask(&mut value);
    let shown = value.to_string();
    assert!(shown.contains("http://u:****@a/") && !shown.contains("geheim"), "{shown}");
    assert!(shown.contains("characters of base64"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Whatever happens in whatever order, the store's invariants hold (they are checked at each commit), what is
    /// at its end stays so, and when all is told no lock is left.
    #[test]
    fn any_order_of_things(steps in proptest::collection::vec((0u8..6, 0usize..4), 1..25)) {
        let site = Fixture::new();
        let mut settled = std::collections::BTreeSet::new();
        for (what, n) in steps {
            match what {
                0 => subscribe(&site, &format!("http://h{n}/")),
                1 => { let _ = site.write::<ZipDeploy>(input(&zip_of(&[("a", &n.to_string())]))); }
                2 => { let _ = site.write::<ZipDeploy>(input(&zip_of(&[FAILING]))); }
                3 => { let _ = site.write::<ZipDeploy>(input(b"no zip")); }
                4 => {
                    let first = site.read(|store| store.hooks.keys().next().copied());
                    if let Some(id) = first {
                        site.write::<crate::ops::unsubscribe_hook::UnsubscribeHook>(id.to_string()).unwrap();
                    }
                }
                _ => {
                    let open: Vec<usize> = (0..site.sent().len()).filter(|n| !settled.contains(n)).collect();
                    if let Some(at) = open.get(n % open.len().max(1)) {
                        settled.insert(*at);
                        site.settle(*at, [Ok(200), Ok(410), Ok(500), Err(ErrorClass::Reset)][n]);
                    }
                }
            }
            let locked = site.read(|store| store.lock.is_some());
            prop_assert_eq!(locked, (0..site.sent().len()).any(|n| !settled.contains(&n)));
        }
        for n in (0..site.sent().len()).filter(|n| !settled.contains(n)).collect::<Vec<_>>() {
            site.settle(n, Ok(200));
        }
        prop_assert!(site.read(|store| store.lock.is_none()));
        prop_assert!(site.read(|store| store.deployments.values().all(|d| d.complete)));
    }
}
