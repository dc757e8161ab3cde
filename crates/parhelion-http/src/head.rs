//! What the server knows of a request before any surface sees it.

use http::Uri;
use parhelion_core::{Call, Seq, WorldName};
use std::net::IpAddr;

/// In the extensions of every request that reaches a surface.
#[derive(Clone, Debug)]
pub struct Head {
    /// The world it is for (path prefix `/_w/{world}` or `X-Parhelion-World`; else `main`).
    pub world: WorldName,
    /// `http://host:port[/_w/{world}]` as the client addressed us (or the public URL), without a slash at the end.
    pub base: String,
    /// The URI as it came, world prefix included: what SigV4 signed.
    pub original_uri: Uri,
    /// The connection's other end.
    pub peer: IpAddr,
    /// `X-Parhelion-Request-Id`.
    pub request_id: String,
    /// The journal entry `request`, 0 when the world does not exist.
    pub cause: Seq,
}

impl Head {
    /// The call that a world's `read` and `write` take.
    pub fn call(&self) -> Call {
        Call {
            request_id: self.request_id.clone(),
            caller: String::new(),
            peer: Some(self.peer),
            base: self.base.clone(),
            cause: self.cause,
        }
    }
    /// The head of a request that the server has passed on.
    ///
    /// # Panics
    /// When the request did not come through the server: a mistake in wiring.
    pub fn of(parts: &http::request::Parts) -> &Head {
        #[expect(clippy::expect_used, reason = "the router puts it there before any surface is asked")]
        parts.extensions.get::<Head>().expect("a request that came through the router")
    }
}
