//! Deleting a file or a folder below HOME.

use crate::domain::file_rules::{agreed, refused};
use crate::domain::home::{self, Found};
use crate::domain::time;
use crate::domain::vfs_path::native;
use crate::error::FilesError;
use crate::store::KuduStore;
use crate::wire::{etag::Tags, vfs::tag};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// What is to go.
pub struct Doomed {
    /// Where.
    pub path: String,
    /// The state that a file may be in now.
    pub if_match: Option<Tags>,
    /// Whether a folder goes with all that is in it.
    pub recursive: bool,
}

/// Deletes a file, or a folder that is empty or goes with all that is in it.
/// Docs: wiki "REST API", `DELETE /api/vfs/{path}`.
pub struct DeleteItem;

impl Operation for DeleteItem {
    const NAME: &'static str = "DeleteItem";
    type Store = KuduStore;
    type Input = Doomed;
    type Output = ();
    type Error = FilesError;

    fn run(store: &mut KuduStore, input: Doomed, tx: &mut Tx<'_>) -> Result<(), FilesError> {
        delete(store, &input, tx).inspect_err(|error| refused(&input.path, "deleted", error, tx))
    }
}

fn delete(store: &mut KuduStore, input: &Doomed, tx: &mut Tx<'_>) -> Result<(), FilesError> {
    let now = time::ticks(tx.now());
    let gone = match home::find(store, &input.path) {
        None => return Err(FilesError::NotFound { path: home::missing(&input.path) }),
        Some((path, Found::File(file))) => {
            if file.record_tag.is_some() {
                return Err(FilesError::Kept { path: native(&path) });
            }
            let current = tag(&file);
            agreed(input.if_match.as_ref().map(|tags| tags.allow(&current)), &current)?;
            store.files.remove(&path, now);
            format!("{path} was deleted")
        }
        Some((path, Found::Folder { .. })) => {
            let children = home::list(store, &path);
            let keeps_records = home::everything(store, &path)
                .iter()
                .any(|(_, file)| file.as_ref().is_some_and(|file| file.record_tag.is_some()));
            if path.is_empty() || keeps_records || (!children.is_empty() && !input.recursive) {
                return Err(FilesError::CannotDelete);
            }
            let count = store.files.remove_folder(&path, now);
            format!("the folder {path} was deleted: {count} files and folders")
        }
    };
    let subject = format!("file:{}", input.path);
    tx.emit(Event::new("file.deleted", subject).fact(gone).verdict(Verdict::Ok));
    Ok(())
}
