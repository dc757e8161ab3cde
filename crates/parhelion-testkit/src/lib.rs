//! What tests of the whole server need: [`TestServer`] (an emulator in this process, on a port of its own),
//! [`Api`] (a small HTTP client that fails a test with what was answered), [`Raw`] (bytes as they stand, for requests
//! that no client would send), and [`Receiver`] (a real receiver of webhooks); and [`conformance`], which asks a server
//! all that CodePipeline's model has a word on.
//!
//! For tests only: nothing of it gets into the binary. Every wait is bounded; a test that waits too long fails and
//! says for what. Start reading at [`TestServer`].

mod client;
pub mod conformance;
mod panics;
mod raw;
mod receiver;
mod server;

pub use client::{Answer, Api, Call, Streamed, StreamedEvent};
pub use raw::Raw;
pub use receiver::{Received, Receiver};
pub use server::{FixedClock, START, TestServer};
