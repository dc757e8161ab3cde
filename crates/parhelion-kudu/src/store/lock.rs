//! The deployment lock, and all that it holds while a deployment is on its way.

use super::{Content, Hash};
use parhelion_core::{DeliveryId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A package's files by their paths, as they are to stand below the target.
pub type Staged = BTreeMap<String, (Hash, Content)>;

/// The deployment lock. What a client sends is received and unpacked before it is taken, so nothing that a client
/// does or leaves undone can keep it; only the emulator's own work, its clock, and the reports of deliveries can.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// Tells one taking of it from the next.
    pub number: u64,
    /// What holds it, in the service's words.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
    /// The deployment it is held for, once that has its id.
    pub deployment: Option<String>,
    /// The record that goes when it is released.
    pub temporary: Option<String>,
    /// How far it is.
    pub phase: Phase,
}

/// How far the deployment is that holds the lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// Taken by hand, until it is given back so.
    ByHand,
    /// A job fetches what is to be deployed.
    Fetching(Arc<Push>),
    /// The build takes its time.
    Building(Arc<Building>),
    /// A job runs the build's command.
    Running(Arc<Building>),
    /// The hooks are being told.
    Telling(Telling),
}

/// A build that takes its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Building {
    /// What is built.
    pub build: Build,
    /// When it is over; `None`: when it is stepped by hand.
    pub until: Option<Timestamp>,
    /// How it comes out, where a behaviour says so.
    pub scripted: Option<ScriptedBuild>,
}

/// How a behaviour lets a build come out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScriptedBuild {
    /// Why it fails; `None`: it succeeds.
    pub failure: Option<String>,
    /// Lines for its log.
    pub log: Vec<String>,
}

/// The telling of the hooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Telling {
    /// The hooks whose reports are still to come.
    pub waiting: BTreeSet<u64>,
    /// What they are told: a report belongs to this deployment when its body is this one.
    pub body: Arc<str>,
    /// The deliveries, once their numbers are known.
    pub deliveries: Vec<DeliveryId>,
}

/// What is known of a deployment before its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// The message of the record that stands while changes are received.
    pub receiving: String,
    /// Author; empty: nobody.
    pub author: String,
    /// The author's address; empty: nobody.
    pub author_email: String,
    /// What or who deploys.
    pub deployer: Option<String>,
    /// What it is about.
    pub message: String,
    /// Its id, where it is a commit's; drawn otherwise.
    pub commit: Option<String>,
    /// Whether a drawn id is written with dashes.
    pub dashed_id: bool,
    /// Where its files go.
    pub layout: Layout,
}

/// Where a deployment's files go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// To the site's target, with a manifest: what the last one brought and this one lacks goes.
    Sync {
        /// Whether everything that the package lacks goes.
        clean: bool,
        /// A folder below the target.
        below: Option<String>,
    },
    /// Below a folder of HOME; former manifests stay as they are.
    Place {
        /// The folder, without a slash at its end.
        root: String,
        /// Whether everything there that the package lacks goes.
        clean: bool,
        /// Whether OneDeploy does it, whose log reads otherwise.
        one_deploy: bool,
    },
    /// No file changes: a commit that was made of a payload alone.
    Nothing,
}

/// A package with all that is decided about it before anything changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The deployment.
    pub id: String,
    /// Where it comes from and goes to.
    pub push: Push,
    /// What is copied.
    pub files: Arc<Staged>,
    /// The folder below HOME that it is copied to, without a slash at its end.
    pub root: String,
    /// The whole package, where the site runs from it.
    pub package: Option<Content>,
    /// The command that takes the place of the copy.
    pub command: Option<String>,
    /// Why it cannot succeed.
    pub problem: Option<String>,
}
