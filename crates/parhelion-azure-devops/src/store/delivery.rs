//! What came in at the public webhook endpoint, and what came of it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use parhelion_azure_pipelines::FilterVerdict;
use parhelion_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

/// Bytes, written as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob(pub Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}
impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map(|b| Blob(b.into())).map_err(D::Error::custom)
    }
}

/// A request at the public webhook endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookDelivery {
    /// The number, which orders them.
    pub number: u64,
    /// The id that the answer carries.
    pub id: Uuid,
    /// When it came.
    pub at: Timestamp,
    /// The name in its URL, decoded.
    pub name: String,
    /// Its headers in order.
    pub headers: Vec<(String, String)>,
    /// Its body; empty when it was too large.
    pub body: Blob,
    /// The answer's status.
    pub status: u16,
    /// The answer's message, where it was refused as a whole.
    pub message: Option<String>,
    /// The delivery whose bytes were sent again.
    pub redelivery_of: Option<Uuid>,
    /// One for each pipeline's webhook resource that was considered.
    pub outcomes: Vec<Outcome>,
}

/// The delivery that a run was started by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// Its id.
    pub id: Uuid,
    /// The request's body. It is kept with the run: the delivery's own record may be gone before it.
    pub payload: Blob,
}

/// What a request came to for one webhook resource of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The pipeline's project.
    pub project_id: Uuid,
    /// The pipeline.
    pub pipeline_id: u32,
    /// The resource's alias.
    pub alias: String,
    /// What it came to.
    pub result: OutcomeKind,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub build_id: Option<u32>,
    /// Why it did not run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The filter that did not hold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filter: Option<FilterVerdict>,
}

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// A run was started.
    Queued,
    /// A filter did not hold.
    FilterMiss,
    /// The connection did not accept the checksum.
    Unauthorized,
    /// The YAML with this payload is no valid pipeline.
    ValidationFailed,
    /// The definition is paused or disabled.
    Paused,
    /// The request as a whole could not be read.
    Unreadable,
}

/// What the portal lists under "Trigger issues".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriggerIssue {
    /// When.
    pub timestamp: Timestamp,
    /// The pipeline.
    pub pipeline_id: u32,
    /// The webhook resource's alias.
    pub alias: String,
    /// Whether it is more than a hint.
    pub is_error: bool,
    /// What is wrong, in full.
    pub message: String,
}
