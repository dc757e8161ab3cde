//! Deleting the repository, with all that came of it.

use crate::domain::busy::refuse_while_busy;
use crate::domain::{copy, time};
use crate::error::SiteError;
use crate::store::{KuduStore, SSH_FOLDER, WWWROOT};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Table, Tx};

/// Takes the repository away, all deployments with their logs, all hooks (they are kept in the deployments' folder) and
/// the ssh key; with `web_root` also what was deployed. Otherwise what the active deployment brought is remembered: the
/// next one takes it away.
/// Docs: wiki "REST API", `DELETE /api/scm`. OBSERVED: LiveScmController.Delete.
pub struct DeleteRepository;

impl Operation for DeleteRepository {
    const NAME: &'static str = "DeleteRepository";
    type Store = KuduStore;
    /// Whether the web root goes as well.
    type Input = bool;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, web_root: bool, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        refuse_while_busy(store, "Deleting repository", tx)?;
        let now = time::ticks(tx.now());
        store.first_manifest = if web_root { Default::default() } else { copy::last_manifest(store) };
        store.repository = None;
        let (deployments, hooks) = (store.deployments.len(), store.hooks.len());
        store.deployments = Table::default();
        store.logs = Table::default();
        store.manifests = Table::default();
        store.active = None;
        store.hooks = Table::default();
        for folder in ["site/repository", "site/deployments", SSH_FOLDER] {
            store.files.remove_folder(folder, now);
        }
        if web_root {
            store.files.remove_folder("site/diagnostics", now);
            store.files.remove_folder(WWWROOT.trim_end_matches('/'), now);
        }
        for folder in ["site/repository", "site/deployments", "site/wwwroot"] {
            // They stand where folders stood a moment ago.
            let _ = store.files.make_folder(folder, now);
        }
        let fact = format!("the repository went with {deployments} deployments and {hooks} hooks");
        let fact = if web_root { format!("{fact}, and the web root with them") } else { fact };
        tx.emit(
            Event::new("repository.deleted", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Ok),
        );
        Ok(())
    }
}
