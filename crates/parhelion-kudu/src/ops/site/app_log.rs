//! What the site's application wrote to its log.

use crate::domain::app_log::{Entry, entries};
use crate::store::KuduStore;
use parhelion_state::{Query, View};
use std::convert::Infallible;

/// Where an application's log stands below HOME.
const FOLDER: &str = "LogFiles/Application/";

/// The newest entries of the application's log, the newest first.
/// Docs: wiki "REST API", `GET /api/logs/recent`.
pub struct RecentLogs;

impl Query for RecentLogs {
    const NAME: &'static str = "RecentLogs";
    type Store = KuduStore;
    /// How many.
    type Input = usize;
    type Output = Vec<Entry>;
    type Error = Infallible;

    fn run(store: &KuduStore, top: usize, _: &View<'_>) -> Result<Vec<Entry>, Infallible> {
        let texts = store.files.below(FOLDER).filter(|(path, _)| {
            path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("txt"))
        });
        let texts = texts.map(|(_, file)| String::from_utf8_lossy(file.content.bytes()));
        let mut all: Vec<Entry> = texts.flat_map(|text| entries(&text)).collect();
        all.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        all.truncate(top);
        Ok(all)
    }
}
