//! What moves a world while nobody asks: the ticker for its deadlines, the runner for its jobs, and the host of the
//! driver that sends its deliveries.

use parhelion_state::{JobDriver, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// Pause after a mistake, so that it is logged and not repeated at once.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Runs what falls due in a world's stores, until the world is closed.
pub async fn tick(world: Arc<World>) {
    let mut changes = world.stirs();
    while !world.is_closed() {
        changes.borrow_and_update();
        if std::panic::catch_unwind(AssertUnwindSafe(|| world.tick())).is_err() {
            tracing::error!(world = %world.name(), "a deadline panicked: a mistake of the emulator's");
            tokio::time::sleep(AFTER_PANIC).await;
        }
        // `None`: only a change (an advance, a new deadline) can make something due.
        match world.next_store_deadline().and_then(|due| world.clock.real_wait(due)) {
            Some(wait) => {
                let _ = tokio::time::timeout(wait, changes.changed()).await;
            }
            None => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The drivers of all kinds of jobs.
pub type JobDrivers = Arc<BTreeMap<&'static str, Arc<dyn JobDriver>>>;

/// Hands a world's jobs to their drivers, until the world is closed.
pub async fn run_jobs(world: Arc<World>, drivers: JobDrivers) {
    let mut changes = world.stirs();
    while !world.is_closed() {
        changes.borrow_and_update();
        while let Some(ticket) = world.take_job() {
            let driver = drivers.get(ticket.job.kind.as_str()).cloned();
            let world = world.clone();
            tokio::spawn(async move {
                let outcome: Result<Value, String> = match driver {
                    None => Err(format!("nobody runs jobs of kind {}", ticket.job.kind)),
                    Some(driver) => {
                        let running = tokio::spawn(driver.run(world.clone(), ticket.clone()));
                        running
                            .await
                            .unwrap_or_else(|e| Err(format!("the job ended without an outcome: {e}")))
                    }
                };
                world.job_done(&ticket, outcome);
            });
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
