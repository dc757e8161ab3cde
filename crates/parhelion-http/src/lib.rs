//! The socket, the limits, the request ids and the classifier that asks each surface "is this yours?".
//!
//! It knows no cloud's name, no store and no world's contents: it passes a world's *name* on and reports
//! requests through [`Recorder`]. Start reading at [`Surface`], then [`Head`], then [`Router`]: a [`Server`]
//! only carries requests from sockets to the router; deliveries to ourselves call the router directly.

mod arriving;
mod base;
mod body;
mod capture;
mod head;
mod intake;
mod io;
mod problem;
mod recorder;
mod router;
mod server;
mod settings;
mod surface;
mod unclaimed;
mod world_prefix;

pub use body::{BodyError, read_body};
pub use head::Head;
pub use problem::{Problem, problem};
pub use recorder::{Arrival, Begun, Recorder, Unavailable};
pub use router::{Origin, Router};
pub use server::{BindError, Server, Stopped};
pub use settings::{BadPublicUrl, Limits, PublicUrl, Settings};
pub use surface::{
    DropConnection, HttpService, Named, Surface, answer, changes_or_reads, general_body_limit, service,
};

/// Bodies of requests and answers alike; axum's, so that its routers fit without conversion.
pub type Body = axum::body::Body;
/// A request as surfaces get it.
pub type Request = http::Request<Body>;
/// An answer as surfaces give it.
pub type Response = http::Response<Body>;

/// The header that names a request in every answer of the server.
pub const REQUEST_ID: http::HeaderName = http::HeaderName::from_static("x-parhelion-request-id");
/// The header that names the world a request is for.
pub const WORLD: http::HeaderName = http::HeaderName::from_static("x-parhelion-world");
