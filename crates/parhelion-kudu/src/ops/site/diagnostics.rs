//! The settings of diagnostics: six that are always there, and any others. They are a file of the site.

use crate::domain::time;
use crate::error::SiteError;
use crate::store::{Content, KuduStore, MAX_SETTING_BYTES, MAX_SETTINGS};
use bytes::Bytes;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde_json::{Map, Value, json};
use std::convert::Infallible;

const FILE: &str = "site/diagnostics/settings.json";
/// The levels that the three known settings of that kind take. Docs: .NET's `TraceEventType`.
const LEVELS: [&str; 10] = [
    "Critical",
    "Error",
    "Warning",
    "Information",
    "Verbose",
    "Start",
    "Stop",
    "Suspend",
    "Resume",
    "Transfer",
];

fn usual() -> Map<String, Value> {
    let of = |kind: &str| {
        [(format!("Azure{kind}Enabled"), json!(false)), (format!("Azure{kind}TraceLevel"), json!("Error"))]
    };
    ["Drive", "Table", "Blob"].into_iter().flat_map(of).collect()
}

/// The settings as they are; a file that cannot be read counts as none. OBSERVED: DiagnosticsSettingsManager.
fn read(store: &KuduStore) -> Map<String, Value> {
    let file = store.files.get(&store.files.spelled(FILE));
    let kept = file.and_then(|file| serde_json::from_slice::<Map<String, Value>>(file.content.bytes()).ok());
    let mut all = usual();
    all.extend(kept.unwrap_or_default());
    all
}

/// All of them.
/// Docs: wiki "REST API", `GET /api/diagnostics/settings`.
pub struct ListDiagnostics;

impl Query for ListDiagnostics {
    const NAME: &'static str = "ListDiagnostics";
    type Store = KuduStore;
    type Input = ();
    type Output = Map<String, Value>;
    type Error = Infallible;

    fn run(store: &KuduStore, (): (), _: &View<'_>) -> Result<Self::Output, Infallible> {
        Ok(read(store))
    }
}

/// One of them; names are compared with case here.
/// Docs: wiki "REST API", `GET /api/diagnostics/settings/{key}`.
pub struct GetDiagnostic;

impl Query for GetDiagnostic {
    const NAME: &'static str = "GetDiagnostic";
    type Store = KuduStore;
    type Input = String;
    type Output = Value;
    type Error = SiteError;

    fn run(store: &KuduStore, key: String, _: &View<'_>) -> Result<Value, SiteError> {
        read(store).remove(&key).filter(|value| !value.is_null()).ok_or(SiteError::NoSetting { key })
    }
}

/// Changes some of them. One of the six that gets a value of another kind makes the whole body none.
/// Docs: wiki "REST API", `POST /api/diagnostics/settings`.
pub struct SetDiagnostics;

impl Operation for SetDiagnostics {
    const NAME: &'static str = "SetDiagnostics";
    type Store = KuduStore;
    type Input = Map<String, Value>;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, given: Self::Input, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        let mut all = read(store);
        let known = usual();
        for (name, value) in given {
            let value = match known.get(&name) {
                Some(Value::Bool(_)) if !value.is_boolean() => return Err(SiteError::BadRequest),
                Some(Value::String(_)) => {
                    let said = value.as_str().unwrap_or_default();
                    let level = LEVELS.iter().find(|level| level.eq_ignore_ascii_case(said));
                    json!(level.ok_or(SiteError::BadRequest)?)
                }
                _ => value,
            };
            all.insert(name, value);
        }
        write(store, &all, tx)
    }
}

/// Takes one away that is not of the six.
/// Docs: wiki "REST API", `DELETE /api/diagnostics/settings/{key}`.
pub struct DeleteDiagnostic;

impl Operation for DeleteDiagnostic {
    const NAME: &'static str = "DeleteDiagnostic";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, key: String, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        let mut all = read(store);
        if usual().contains_key(&key) || all.remove(&key).is_none() {
            return Ok(());
        }
        write(store, &all, tx)
    }
}

fn write(store: &mut KuduStore, all: &Map<String, Value>, tx: &mut Tx<'_>) -> Result<(), SiteError> {
    let text = serde_json::to_string(all).unwrap_or_default();
    if all.len() > MAX_SETTINGS || text.len() > MAX_SETTING_BYTES.saturating_mul(16) {
        return Err(SiteError::TooManySettings);
    }
    let content = Content::new(Bytes::from(text));
    let path = store.files.spelled(FILE);
    let put = store.files.put(&path, content.hash(), content, time::ticks(tx.now()));
    put.map_err(|obstacle| SiteError::Write { why: format!("Could not write '{path}': {obstacle:?}.") })?;
    let changed = Event::new("settings.changed", format!("site:{}", store.site));
    tx.emit(changed.fact("the settings of diagnostics were written").verdict(Verdict::Ok));
    Ok(())
}
