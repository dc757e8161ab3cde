//! The variables that an execution knows (4.4 of the specification).

use super::Engine;
use super::records::{Execution, Key};
use crate::domain::variables::{OF_EXECUTION, OF_PIPELINE};
use crate::shapes::ActionExecutionStatus;

impl Engine {
    /// The value of `#{namespace.name}` for an execution: its own id, the pipeline's variables, what actions that
    /// succeeded told.
    pub fn variable(&self, key: Key, namespace: &str, name: &str) -> Option<String> {
        let execution = self.executions.get(&key)?;
        match namespace {
            OF_EXECUTION => (name == "PipelineExecutionId").then(|| execution.id.to_string()),
            OF_PIPELINE => {
                execution.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
            _ => self.told(key, execution, namespace, name),
        }
    }

    fn told(&self, key: Key, execution: &Execution, namespace: &str, name: &str) -> Option<String> {
        let plan = self.plan_of(key.0, execution)?;
        let succeeded = |number: &u64| {
            let run = self.runs.get(&(key.0, *number))?;
            (run.status == ActionExecutionStatus::Succeeded).then_some(run)
        };
        let runs =
            execution.stages.iter().flat_map(|stage| stage.runs.iter().map(move |run| (stage.stage, run)));
        let mut of_namespace = runs.rev().filter(|(stage, (action, _))| {
            plan.action(*stage, *action).is_some_and(|a| a.namespace.as_deref() == Some(namespace))
        });
        if let Some(run) = of_namespace.find_map(|(_, (_, number))| succeeded(number)) {
            return run.variables.get(name).cloned();
        }
        // Docs: a rollback has the variables of what it goes back to, which is no rollback itself.
        let target = execution.rollback.as_ref().map(|to| (key.0, to.number))?;
        let source = self.executions.get(&target).filter(|e| e.rollback.is_none())?;
        self.told(target, source, namespace, name)
    }
}
