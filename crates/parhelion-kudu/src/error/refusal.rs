//! Why a request did not reach an operation.

use super::{AN_ERROR, Exception, Form};

const TENANTS: usize = parhelion_core::limits::TENANTS;

/// Why a request did not reach an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such route; path and query as they came.
    NoRoute(String),
    /// A route that does not take this method and says so.
    MethodNotAllowed(String),
    /// The site's name cannot be one.
    BadSiteName(String),
    /// The site does not exist and sites are not made by asking.
    NoSuchSite(String),
    /// Without the right credentials; why, in words that hold none.
    Unauthorized(&'static str),
    /// The world has as many sites as it may have.
    TooManySites,
    /// A body that must be JSON says it is something else.
    MediaType {
        /// What it says, without parameters.
        given: String,
        /// The .NET type it was to be read as.
        wanted: &'static str,
    },
    /// A query member whose value cannot be read.
    BadQuery,
    /// A body larger than is read.
    BodyTooLarge(u64),
    /// The body stopped coming.
    BodyStalled,
    /// The body could not be read.
    BodyBroken(String),
    /// The disk that a body was spooled to failed.
    Disk(String),
    /// Something that must not happen did.
    Internal,
}

impl Refusal {
    /// Status and body.
    pub fn answer(&self) -> (u16, Form) {
        let internal = |kind, detail: String| {
            (
                500,
                Form::Exception(Exception {
                    message: AN_ERROR.to_owned(),
                    detail,
                    kind,
                    place: "Kudu.Handle",
                }),
            )
        };
        match self {
            Refusal::NoRoute(asked) => (404, Form::JsonString(format!("No route registered for '{asked}'"))),
            Refusal::MethodNotAllowed(method) => {
                let text = format!("The requested resource does not support http method '{method}'.");
                (405, Form::Message(text))
            }
            // CHOICE: the real names are DNS names; who asks for a wrong one does not get as far as this service.
            Refusal::BadSiteName(why) => (404, Form::Message(why.clone())),
            Refusal::NoSuchSite(site) => (404, Form::Message(format!("Site '{site}' does not exist."))),
            // CHOICE: the real front end answers with a page.
            Refusal::Unauthorized(_) => {
                let text = "401 - Unauthorized: Access is denied due to invalid credentials.";
                (401, Form::Text(text.to_owned()))
            }
            Refusal::TooManySites => {
                let text = format!("There are {} sites in this world, and no more are made.", TENANTS);
                (503, Form::Message(text))
            }
            Refusal::MediaType { given, wanted } => {
                let message =
                    format!("The request entity's media type '{given}' is not supported for this resource.");
                let detail = format!(
                    "No MediaTypeFormatter is available to read an object of type '{wanted}' from content with \
                     media type '{given}'."
                );
                let kind = "System.Net.Http.UnsupportedMediaTypeException";
                let place = "System.Net.Http.HttpContentExtensions.ReadAsAsync";
                (415, Form::Exception(Exception { message, detail, kind, place }))
            }
            Refusal::BadQuery => (400, Form::Message("The request is invalid.".to_owned())),
            Refusal::BodyTooLarge(limit) => {
                (413, Form::Message(format!("The request body is larger than {limit} bytes.")))
            }
            Refusal::BodyStalled => (408, Form::Message("The request body stopped coming.".to_owned())),
            Refusal::BodyBroken(why) => {
                (400, Form::Message(format!("The request body could not be read: {why}")))
            }
            Refusal::Disk(why) => internal("System.IO.IOException", why.clone()),
            Refusal::Internal => internal("System.Exception", "An unexpected error occurred.".to_owned()),
        }
    }
}
