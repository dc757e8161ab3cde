//! Service endpoints, which the portal calls service connections.

use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The type of an incoming webhook's connection, as the portal spells it; compared ignoring case.
pub const INCOMING_WEBHOOK: &str = "incomingwebhook";

/// A service endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The id.
    pub id: Uuid,
    /// Its type, as given.
    pub kind: String,
    /// The server it stands for.
    pub url: String,
    /// `library` unless given.
    pub owner: String,
    /// The authorization's scheme.
    pub scheme: String,
    /// The authorization's parameters, secrets among them.
    pub parameters: BTreeMap<String, String>,
    /// Further data.
    pub data: BTreeMap<String, String>,
    /// The projects it stands in, each with its name there; at least one.
    pub shares: Vec<Share>,
    /// When it was made.
    pub created: Timestamp,
}

/// An endpoint in a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The project.
    pub project: Uuid,
    /// The endpoint's name there.
    pub name: String,
    /// Its description there.
    pub description: String,
}

/// Whether a parameter of an authorization is kept to ourselves.
// CHOICE: the real service knows it from the endpoint type's description; we go by the name.
pub fn is_secret(parameter: &str) -> bool {
    const PARTS: &[&str] = &["secret", "password", "token", "certificate", "kubeconfig", "key"];
    let name = parameter.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

impl Endpoint {
    /// Whether it is the connection of an incoming webhook.
    pub fn is_webhook(&self) -> bool {
        self.kind.eq_ignore_ascii_case(INCOMING_WEBHOOK)
    }
    /// A parameter, ignoring the case of its name; empty when it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v)
    }
    /// Its place in a project.
    pub fn share(&self, project: Uuid) -> Option<&Share> {
        self.shares.iter().find(|s| s.project == project)
    }
}
