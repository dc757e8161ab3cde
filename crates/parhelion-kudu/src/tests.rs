//! The surface as a client sees it, without a socket: requests in, answers out.

mod access;
mod addressing;
mod archive;
mod bad_input;
mod building;
mod deployments;
mod fetch;
mod hooks;
mod one_deploy;
mod site;
mod vfs;
mod webjobs;
mod zip_deploy;
