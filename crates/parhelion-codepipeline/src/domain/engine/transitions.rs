//! The way into a stage is opened and closed.

use super::records::Transition;
use super::{Machine, SetTransition};

impl Machine<'_> {
    /// Docs: a disabled transition holds executions in front of the stage; on enabling, what waits enters.
    pub(super) fn set_transition(&mut self, change: SetTransition) {
        let SetTransition { line, stage, disabled, by } = change;
        let Some(before) = self.line(line).and_then(|line| line.gates.get(&stage).cloned()) else { return };
        // CHOICE: what changes nothing leaves the earlier time and name.
        let known = before.transition.as_ref().and_then(|transition| transition.disabled.as_ref());
        if known == disabled.as_ref() {
            return self.tell_transition(line, &stage, false);
        }
        let transition = Transition { disabled, by, at: self.now };
        self.edit_gate(line, &stage, |gate| gate.transition = Some(Box::new(transition)));
        self.tell_transition(line, &stage, true);
        self.open(line, &stage);
    }
}
