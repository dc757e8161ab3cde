//! How executions and jobs stand, for those who wait until they stand otherwise.

use super::CodePipelineStore;
use crate::domain::engine::records::{ExecutionId, JobId};
use serde_json::{Value, json};

impl CodePipelineStore {
    /// An execution by its id; a job by its id, or the jobs that nobody has taken on.
    pub(super) fn stand(&self, kind: &str, id: Option<&str>) -> Vec<Value> {
        match (kind, id) {
            ("execution", Some(id)) => self.execution_stands(id).into_iter().collect(),
            ("job", Some(id)) => id.parse().ok().and_then(|id| self.job_stands(id)).into_iter().collect(),
            ("job", None) => self.engine.queue.values().filter_map(|id| self.job_stands(**id)).collect(),
            _ => Vec::new(),
        }
    }

    fn execution_stands(&self, id: &str) -> Option<Value> {
        let id: ExecutionId = id.parse().ok()?;
        let key = **self.engine.execution_ids.get(&id)?;
        let execution = self.engine.executions.get(&key)?;
        let pipeline = self.engine.plan_of(key.0, execution).map(|plan| plan.declaration.name.as_str());
        Some(json!({"id": id.to_string(), "pipeline": pipeline, "state": execution.status.as_str()}))
    }

    fn job_stands(&self, id: JobId) -> Option<Value> {
        let job = self.engine.jobs.get(&id)?;
        let of = &job.action_type;
        Some(json!({
            "id": id.to_string(),
            "state": job.state.name(),
            "owner": of.owner.as_str(),
            "category": of.category.as_str(),
            "provider": of.provider,
            "version": of.version,
        }))
    }
}
