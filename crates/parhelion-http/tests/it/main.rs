//! The server with two toy surfaces, over real sockets where sockets matter.

#![expect(clippy::unwrap_used, reason = "test code; clippy knows only functions marked as tests")]

mod bounds;
mod h1;
mod h2;
mod kit;
mod router;
mod shutdown;
