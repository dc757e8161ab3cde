//! The surface as a whole: its service called directly, and by the real git client over a socket.

mod api;
mod broken;
mod git;
mod grpc;
mod harness;
mod late;
mod pace;
mod pulls;
mod refusals;
mod rules;
mod shape;
mod told;
