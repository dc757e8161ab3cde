//! Who gets what: worlds with their shelves and outboxes, surfaces with their worlds, the router with the surfaces.

use crate::StartError;
use crate::drivers::{JobDrivers, run_jobs, tick};
use crate::outbound::{self, Outboxes};
use crate::recorder::InWorlds;
use crate::settings::Settings;
use parhelion_control::{Control, Facts};
use parhelion_core::{Clock, WorldName};
use parhelion_delivery::Post;
use parhelion_git::{GitHost, GitSettings};
use parhelion_http::{Router, Surface};
use parhelion_state::{AnyShelf, Ids, World, WorldClock, Worlds};
use rand::Rng;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// The parts of a running emulator.
pub struct Wired {
    pub router: Router,
    pub worlds: Arc<Worlds>,
    pub outboxes: Outboxes,
    pub git: Arc<GitHost>,
    pub seed: u64,
}

/// The shelves of all surfaces, for a new world.
fn shelves(
    codepipeline: &Arc<parhelion_codepipeline::Settings>,
    ssm: &Arc<parhelion_secure_source_manager::Settings>,
    kudu: &Arc<parhelion_kudu::Settings>,
    azure_devops: &Arc<parhelion_azure_devops::Settings>,
) -> Vec<Arc<dyn AnyShelf>> {
    let mut all = parhelion_codepipeline::shelves(codepipeline);
    all.extend(parhelion_secure_source_manager::shelves(ssm));
    all.extend(parhelion_kudu::shelves(kudu));
    all.extend(parhelion_azure_devops::shelves_with(azure_devops));
    all
}

/// All surfaces, in the order in which they are asked.
fn surfaces(
    worlds: &Arc<Worlds>,
    git: &Arc<GitHost>,
    codepipeline: Arc<parhelion_codepipeline::Settings>,
    azure_devops: parhelion_azure_devops::Settings,
    ssm: Arc<parhelion_secure_source_manager::Settings>,
    kudu: Arc<parhelion_kudu::Settings>,
    download: parhelion_kudu::Download,
) -> Vec<Surface> {
    vec![
        parhelion_codepipeline::surface(worlds.clone(), codepipeline),
        parhelion_secure_source_manager::surface(worlds.clone(), git.clone(), ssm),
        parhelion_kudu::surface(worlds.clone(), git.clone(), kudu, download),
        parhelion_azure_devops::surface_with(worlds.clone(), git.clone(), azure_devops),
    ]
}

/// Puts an emulator together that will listen there. Must be called within a tokio runtime: each world has tasks.
pub fn wire(
    settings: &Settings,
    listen: SocketAddr,
    real: Arc<dyn Clock>,
    stopping: Arc<AtomicBool>,
) -> Result<Wired, StartError> {
    let codepipeline = Arc::new(settings.codepipeline().map_err(StartError::Other)?);
    let kudu = Arc::new(settings.kudu());
    let ssm = Arc::new(settings.secure_source_manager());
    let seed = settings.seed.unwrap_or_else(|| rand::rng().next_u64() >> 12); // fits a JSON number
    let ids = match settings.seed {
        Some(seed) => Ids::seeded(seed),
        None => Ids::with_entropy(seed, Arc::new(|bytes| rand::rng().fill_bytes(bytes))),
    };
    let git = Arc::new(GitHost::temporary(settings.ssm.git()).map_err(StartError::Git)?);
    let outboxes = Outboxes::default();
    let router: Arc<OnceLock<Router>> = Arc::default();
    let public = settings.public_url.as_ref().and_then(|url| url.as_str().parse().ok());
    let transport = outbound::transport(settings.deliver_to.clone(), listen, public, router.clone());
    let transport = transport.map_err(StartError::Other)?;
    let download = outbound::download(transport.clone());
    let azure_devops = Arc::new(settings.azure_devops());
    let drivers = parhelion_codepipeline::drivers(&codepipeline).into_iter();
    let drivers = drivers.chain(parhelion_kudu::drivers(&kudu, &git, &download));
    let drivers = drivers.chain(parhelion_azure_devops::drivers(git.clone(), &azure_devops));
    let drivers: JobDrivers = Arc::new(drivers.collect());

    let found = {
        let (ids, real, start) = (ids.clone(), real.clone(), settings.clock_start());
        let (outboxes, transport, drivers) = (outboxes.clone(), transport.clone(), drivers.clone());
        let (codepipeline, ssm, kudu) = (codepipeline.clone(), ssm.clone(), kudu.clone());
        let azure_devops = azure_devops.clone();
        move |name: &WorldName| {
            let post = Arc::new(Post::default());
            let clock = WorldClock::new(real.clone(), start);
            let shelves = shelves(&codepipeline, &ssm, &kudu, &azure_devops);
            let world = World::new(name.clone(), ids.clone(), clock, post.clone(), shelves);
            outboxes.drive(world.clone(), post, transport.clone());
            tokio::spawn(tick(world.clone()));
            tokio::spawn(run_jobs(world.clone(), drivers.clone()));
            world
        }
    };
    let worlds = Worlds::new(ids, Box::new(found));

    let mut all = surfaces(&worlds, &git, codepipeline, (*azure_devops).clone(), ssm, kudu, download);
    let facts = Facts {
        version: env!("CARGO_PKG_VERSION"),
        seed,
        listen: format!("http://{listen}"),
        public_url: settings.public_url.as_ref().map(|url| url.as_str().to_owned()),
        started: real.now(),
        real,
        stopping,
        operations: all.iter().map(|surface| (surface.name, surface.operations)).collect(),
        scripting: all.iter().map(|surface| (surface.name, surface.scripting)).collect(),
    };
    let found_outboxes = outboxes.clone();
    let control = Control::new(worlds.clone(), Box::new(move |name| found_outboxes.find(name)), facts);
    all.insert(0, parhelion_control::surface(control));

    let mut http = parhelion_http::Settings::new(listen);
    http.public_url = settings.public_url.clone();
    let built = Router::new(all, http, Arc::new(InWorlds(worlds.clone())));
    let _ = router.set(built.clone());
    Ok(Wired { router: built, worlds, outboxes, git, seed })
}

/// The surfaces over worlds of nobody's, for tests of the tables and of the classifier.
pub fn surfaces_for_tests() -> Vec<Surface> {
    let codepipeline = Arc::new(parhelion_codepipeline::Settings::default());
    let kudu = Arc::new(parhelion_kudu::Settings::default());
    let ssm = Arc::new(parhelion_secure_source_manager::Settings::default());
    let (settings, own, its) = (codepipeline.clone(), ssm.clone(), kudu.clone());
    let found = move |name: &WorldName| {
        let clock = WorldClock::new(Arc::new(crate::SystemClock), parhelion_state::ClockStart::default());
        let shelves = shelves(&settings, &own, &its, &Arc::default());
        World::new(name.clone(), Ids::seeded(1), clock, Arc::new(Post::default()), shelves)
    };
    let worlds = Worlds::new(Ids::seeded(1), Box::new(found));
    let Ok(git) = GitHost::temporary(GitSettings::default()) else { return Vec::new() };
    let azure_devops = parhelion_azure_devops::Settings::default();
    surfaces(&worlds, &Arc::new(git), codepipeline, azure_devops, ssm, kudu, parhelion_kudu::no_download())
}
