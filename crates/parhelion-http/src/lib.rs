//! The socket, the limits, the request ids and the classifier that asks each surface "is this yours?".
//!
//! It knows no cloud's name, no store and no world's contents: it passes a world's *name* on and reports
//! requests through [`Recorder`]. Start reading at [`Surface`], then [`Head`].

mod body;
mod head;
mod surface;

pub use body::{BodyError, read_body};
pub use head::Head;
pub use surface::{HttpService, Named, Surface, answer, general_body_limit, service};

/// Bodies of requests and answers alike; axum's, so that its routers fit without conversion.
pub type Body = axum::body::Body;
/// A request as surfaces get it.
pub type Request = http::Request<Body>;
/// An answer as surfaces give it.
pub type Response = http::Response<Body>;
