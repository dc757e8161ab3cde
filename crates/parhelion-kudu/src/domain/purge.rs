//! Which deployments are kept.

use crate::store::{DeployStatus, KuduStore, Lock};

/// Successful deployments that are kept.
const KEPT: usize = 10;

/// Takes away what the service forgets when it lists or ends deployments:
/// unfinished leftovers, failures that something newer followed, successes beyond the tenth.
pub fn purge(store: &mut KuduStore) {
    let records: Vec<(String, bool, bool, DeployStatus, bool)> = store
        .newest_first()
        .into_iter()
        .map(|(id, d)| (id.clone(), d.is_temp, d.complete, d.status, d.last_success_end.is_some()))
        .collect();
    let mut gone: Vec<&String> = Vec::new();
    let unfinished: Vec<_> = records.iter().filter(|(_, _, complete, ..)| !complete).collect();
    if unfinished.len() > 1 {
        if unfinished.iter().any(|(_, temp, ..)| !temp) {
            gone.extend(unfinished.iter().filter(|(_, temp, ..)| *temp).map(|(id, ..)| id));
        } else {
            let newest = records.first().map(|(id, ..)| id);
            gone.extend(unfinished.iter().map(|(id, ..)| id).filter(|id| Some(*id) != newest));
        }
    }
    let failed = |status: &DeployStatus| *status == DeployStatus::Failed;
    gone.extend(records.iter().skip(1).filter(|(_, _, _, s, ok)| failed(s) && !ok).map(|(id, ..)| id));
    let succeeded = records.iter().filter(|(.., ok)| *ok).skip(KEPT);
    let active = store.active.clone();
    gone.extend(
        succeeded.filter(|(id, _, complete, ..)| *complete && Some(id) != active.as_ref()).map(|(id, ..)| id),
    );
    for id in gone {
        // The records that a held lock will end or take away itself.
        let is_held =
            |lock: &Lock| [&lock.temporary, &lock.deployment].into_iter().flatten().any(|own| own == id);
        if !store.lock.as_ref().is_some_and(is_held) {
            store.forget_deployment(id);
        }
    }
}
