//! Writing a file or making a folder below HOME.

use crate::domain::file_rules::{agreed, full, refused};
use crate::domain::home::{self, Found};
use crate::domain::time;
use crate::domain::vfs_path::{VfsPath, native};
use crate::error::FilesError;
use crate::store::{Content, Hash, KuduStore, MAX_NODES, Obstacle};
use crate::wire::{etag::Tags, vfs::tag};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// A file as it is to be.
pub struct NewFile {
    /// Where.
    pub path: VfsPath,
    /// The state that it may be in now.
    pub if_match: Option<Tags>,
    /// Its content, and the content's hash.
    pub content: (Hash, Content),
    /// Most bytes that the site's files may take.
    pub max_site_bytes: u64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// A file: whether it is new, and when it was written, .NET ticks.
    File {
        /// Whether it is new.
        created: bool,
        /// When it was written, .NET ticks.
        written: i64,
    },
    /// A new folder.
    Folder,
}

/// Writes a file, with the folders on the way to it; a path with a slash at its end makes a folder.
/// Docs: wiki "REST API", `PUT /api/vfs/{path}`.
pub struct PutItem;

impl Operation for PutItem {
    const NAME: &'static str = "PutItem";
    type Store = KuduStore;
    type Input = NewFile;
    type Output = Put;
    type Error = FilesError;

    fn run(store: &mut KuduStore, input: NewFile, tx: &mut Tx<'_>) -> Result<Put, FilesError> {
        let asked = &input.path.path;
        put(store, &input, tx).inspect_err(|error| refused(asked, "written", error, tx))
    }
}

fn put(store: &mut KuduStore, input: &NewFile, tx: &mut Tx<'_>) -> Result<Put, FilesError> {
    let found = home::find(store, &input.path.path);
    let now = time::ticks(tx.now());
    let path = match &found {
        Some((spelled, Found::File(file))) => {
            if file.record_tag.is_some() {
                return Err(FilesError::Kept { path: native(spelled) });
            }
            if input.path.slash {
                return Err(FilesError::IsDirectory);
            }
            let current = tag(file);
            agreed(input.if_match.as_ref().map(|tags| tags.allow(&current)), &current)?;
            spelled.clone()
        }
        Some((_, Found::Folder { .. })) => return Err(FilesError::IsDirectory),
        None => store.files.spelled(&input.path.path),
    };
    if input.path.slash {
        store.files.make_folder(&path, now).map_err(|obstacle| in_the_way(&path, obstacle))?;
        let made =
            Event::new("file.changed", format!("file:{path}")).fact(format!("the folder {path} was made"));
        tx.emit(made.verdict(Verdict::Ok));
        return Ok(Put::Folder);
    }
    let (hash, content) = &input.content;
    let old = store.files.get(&path).map_or(0, |file| file.size);
    let after = store.files.bytes().saturating_sub(old).saturating_add(content.size());
    if after > input.max_site_bytes {
        return Err(FilesError::Write { path: native(&path), why: full(input.max_site_bytes) });
    }
    store
        .files
        .put(&path, hash.clone(), content.clone(), now)
        .map_err(|obstacle| in_the_way(&path, obstacle))?;
    let written = store.files.get(&path).map_or(now, |file| file.written);
    let fact = format!("{path} was written with {} bytes", content.size());
    tx.emit(Event::new("file.changed", format!("file:{path}")).fact(fact).verdict(Verdict::Ok));
    Ok(Put::File { created: found.is_none(), written })
}

fn in_the_way(path: &str, obstacle: Obstacle) -> FilesError {
    let why = match obstacle {
        Obstacle::IsFolder => return FilesError::IsDirectory,
        Obstacle::IsFile(file) => format!("'{}' is a file, not a folder.", native(&file)),
        Obstacle::Full => format!("The site has {MAX_NODES} files and folders, the most it may have."),
    };
    FilesError::Write { path: native(path), why }
}
