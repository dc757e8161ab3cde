//! Looking at what stands at a path below HOME.

use crate::domain::home::{self, Found, Shown};
use crate::error::FilesError;
use crate::store::KuduStore;
use parhelion_state::{Query, View};

/// What stands at a path.
#[derive(Debug)]
pub enum Item {
    /// A file, and its name.
    File(String, Shown),
    /// A folder as it is spelled.
    Folder(String),
}

/// What stands at a path below HOME.
/// Docs: wiki "REST API", `GET /api/vfs/{path}`.
pub struct GetItem;

impl Query for GetItem {
    const NAME: &'static str = "GetItem";
    type Store = KuduStore;
    type Input = String;
    type Output = Item;
    type Error = FilesError;

    fn run(store: &KuduStore, path: String, _: &View<'_>) -> Result<Item, FilesError> {
        match home::find(store, &path) {
            Some((path, Found::File(file))) => {
                let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                Ok(Item::File(name, file))
            }
            Some((path, Found::Folder { .. })) => Ok(Item::Folder(path)),
            None => Err(FilesError::NotFound { path: home::missing(&path) }),
        }
    }
}

/// What stands in a folder (as it is spelled).
pub struct ListFolder;

impl Query for ListFolder {
    const NAME: &'static str = "ListFolder";
    type Store = KuduStore;
    type Input = String;
    type Output = Vec<(String, Found)>;
    type Error = std::convert::Infallible;

    fn run(store: &KuduStore, folder: String, _: &View<'_>) -> Result<Self::Output, Self::Error> {
        Ok(home::list(store, &folder))
    }
}

/// Everything below a folder (as it is spelled): for a zip of it.
pub struct ReadFolder;

impl Query for ReadFolder {
    const NAME: &'static str = "ReadFolder";
    type Store = KuduStore;
    type Input = String;
    type Output = Vec<(String, Option<Shown>)>;
    type Error = std::convert::Infallible;

    fn run(store: &KuduStore, folder: String, _: &View<'_>) -> Result<Self::Output, Self::Error> {
        Ok(home::everything(store, &folder))
    }
}
