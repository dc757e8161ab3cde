//! The contents of whole folders, for archives.

use crate::{
    error::{Error, Result},
    tenant::{Tenant, unavailable},
};
use bytes::Bytes;
use parhelion_git::{EntryKind, ObjectId};

/// What one archive may hold, unpacked, bytes.
// CHOICE: the service's own bound is not documented.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Files of one archive.
const MAX_FILES: usize = 100_000;

/// More than an archive may hold.
pub fn too_much() -> Error {
    Error::invalid(format!("An archive holds at most {MAX_FILES} files and {MAX_BYTES} bytes."))
}

/// All files below a folder of a commit or tree (`""`: its root), by their paths from that folder; `None` when there is
/// no such folder. Submodules are left out.
///
/// # Errors
/// [`Error::Invalid`] when there is more than an archive may hold; git hosting does not work.
pub async fn below(tenant: &Tenant, root: ObjectId, folder: &str) -> Result<Option<Vec<(String, Bytes)>>> {
    let entries = tenant.git.tree(root, folder, true).await.map_err(unavailable)?;
    let Some(mut entries) = entries else { return Ok(None) };
    entries.retain(|entry| entry.kind == EntryKind::Blob);
    let bytes: u64 = entries.iter().filter_map(|entry| entry.size).fold(0, u64::saturating_add);
    if entries.len() > MAX_FILES || bytes > MAX_BYTES {
        return Err(too_much());
    }
    let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
    let mut files = Vec::new();
    for entry in entries {
        if let Some(file) = tenant.git.blob(entry.id).await.map_err(unavailable)? {
            files.push((entry.path.get(start..).unwrap_or_default().to_owned(), file.content));
        }
    }
    Ok(Some(files))
}
