//! Pushes that wait for a run, to be built together.

use super::OtherSource;
use parhelion_azure_pipelines::{Extends, Pipeline};
use parhelion_git::ObjectId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// What runs of a pipeline with `batch: true` on a branch start when the one under way is over: the newest push of those
/// that came meanwhile. It was expanded when it came, for that takes git.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The commit of the newest push.
    pub commit: ObjectId,
    /// How many pushes were held back.
    pub pushes: u32,
    /// What the trigger tells.
    pub trigger_info: BTreeMap<String, String>,
    /// The pipeline.
    pub pipeline: Arc<Pipeline>,
    /// The same as text.
    pub final_yaml: Arc<str>,
    /// The templates that it was made of.
    pub files: Vec<String>,
    /// The one that its YAML extends.
    #[serde(default)]
    pub extends: Option<Extends>,
    /// The other repositories that it names, as they were read.
    pub others: Vec<OtherSource>,
}
