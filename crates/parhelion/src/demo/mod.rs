//! `parhelion demo`: the main scenarios of every surface, played over real HTTP against a server of its own.

mod azure;
pub mod client;
mod clouds;
mod codepipeline;
mod kudu;
mod receiver;
mod secure_source_manager;
mod stage;
mod transcript;

use crate::Parhelion;
use crate::settings::DemoSettings;
use stage::Stage;
use std::process::ExitCode;
use transcript::Transcript;

/// Starts an emulator on a free port, plays the scenes, prints what goes over the wire. Fails when any step did not
/// happen.
pub async fn play(settings: &DemoSettings) -> ExitCode {
    let transcript = Transcript::new(settings.color);
    let emulator = match Parhelion::builder().seed(2026).start().await {
        Ok(emulator) => emulator,
        Err(e) => {
            eprintln!("parhelion: {e}");
            return ExitCode::from(2);
        }
    };
    println!("{}", emulator.url());
    println!("A server of its own, with the seed {}: the same ids in every run.", emulator.seed());
    let stage = Stage::new(emulator.url(), transcript);

    let mut outcomes = Vec::new();
    outcomes.push((
        "AWS CodePipeline: a signed push starts a pipeline, a job worker finishes it",
        codepipeline::play(&stage).await,
    ));
    outcomes.push(("Azure DevOps: a signed POST starts a YAML pipeline", azure::play(&stage).await));
    outcomes.push(("Kudu: a zip deployment tells its subscriber", kudu::play(&stage).await));
    outcomes
        .push(("Secure Source Manager: a git push fires a hook", secure_source_manager::play(&stage).await));
    outcomes.push((
        "Across the clouds: a git push at Google builds at Azure and releases at AWS",
        clouds::play(&stage).await,
    ));
    emulator.stop().await;

    stage.transcript.title("Outcome");
    for (scene, outcome) in &outcomes {
        stage.transcript.outcome(scene, outcome);
    }
    if outcomes.iter().all(|(_, outcome)| outcome.is_ok()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
