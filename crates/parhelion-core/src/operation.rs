//! Facts of an API operation, for tables: coverage, documentation, logs.

use serde::Serialize;

/// One operation of a surface, as its table lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OperationInfo {
    /// The API's own name for it.
    pub name: &'static str,
    /// `METHOD /path/{template}`, or the target header's value for RPC protocols.
    pub route: &'static str,
    /// The vendor's page.
    pub doc: &'static str,
    /// What stands behind it here.
    pub standing: Standing,
}

/// What stands behind an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does what the service does.
    Real,
    /// It goes through the service's states; the work behind them is simulated.
    Simulated,
    /// It keeps and returns what it is given, and acts on nothing.
    StoredOnly,
}
