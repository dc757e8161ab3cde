//! Unpacking a zip into a folder.

use crate::domain::package::{Package, PackageError};
use crate::domain::vfs_path::native;
use crate::domain::{home, time};
use crate::error::FilesError;
use crate::store::{KuduStore, join};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// What is unpacked, and where.
pub struct Unpacking {
    /// The folder.
    pub folder: String,
    /// The package.
    pub package: Package,
    /// Most bytes that the site's files may take.
    pub max_site_bytes: u64,
}

/// Unpacks over what is there, takes nothing away, and makes the folder when it is missing. All of it or nothing.
/// Docs: wiki "REST API", `PUT /api/zip/{path}/`.
pub struct UnpackZip;

impl Operation for UnpackZip {
    const NAME: &'static str = "UnpackZip";
    type Store = KuduStore;
    type Input = Unpacking;
    type Output = ();
    type Error = FilesError;

    fn run(store: &mut KuduStore, input: Unpacking, tx: &mut Tx<'_>) -> Result<(), FilesError> {
        let folder = store.files.spelled(&input.folder);
        unpack(store, &folder, &input, tx).inspect_err(|error| {
            let fact = format!("nothing is unpacked into {folder}: {error:?}");
            let fact = parhelion_core::text::prefix(&fact, 1_000);
            tx.explain(
                Event::new("file.refused", format!("file:{folder}")).fact(fact).verdict(Verdict::Failed),
            );
        })
    }
}

fn unpack(store: &mut KuduStore, folder: &str, input: &Unpacking, tx: &mut Tx<'_>) -> Result<(), FilesError> {
    let now = time::ticks(tx.now());
    let limit = input.max_site_bytes;
    let blocked = |path: &str, obstacle| {
        let why = format!("{}: {obstacle:?}", native(path));
        FilesError::Package(PackageError::Disk(why))
    };
    store.files.make_folder(folder, now).map_err(|obstacle| blocked(folder, obstacle))?;
    for (path, (hash, content)) in &input.package.files {
        let path = store.files.spelled(&join(folder, path));
        if let Some((_, home::Found::File(file))) = home::find(store, &path)
            && file.record_tag.is_some()
        {
            return Err(FilesError::Kept { path: native(&path) });
        }
        store
            .files
            .put(&path, hash.clone(), content.clone(), now)
            .map_err(|obstacle| blocked(&path, obstacle))?;
        if store.files.bytes() > limit {
            return Err(FilesError::Package(PackageError::SiteTooLarge { limit }));
        }
    }
    let (files, bytes) = (input.package.files.len(), input.package.bytes);
    let fact = format!("{files} files, {bytes} bytes, were unpacked into {}", native(folder));
    tx.emit(Event::new("file.changed", format!("file:{folder}")).fact(fact).verdict(Verdict::Ok));
    Ok(())
}
