//! A process group that does not outlive its guard.

use rustix::process::{Pid, Signal, kill_process_group};

/// The group that a child leads.
pub struct Group(Option<Pid>);

impl Group {
    /// Of the child with this id.
    pub fn of(id: Option<u32>) -> Group {
        Group(id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }
    /// Asks all its processes to end.
    pub fn terminate(&self) {
        self.send(Signal::TERM);
    }
    /// Ends all its processes.
    pub fn kill(&self) {
        self.send(Signal::KILL);
    }
    fn send(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            // A group that is gone already is what was wanted.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
