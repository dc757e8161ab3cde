//! A call of the API, whichever way it came: the row of the table runs, and a refusal is told to the journal.

use crate::{
    error::{Code, Error},
    operations::{Context, Row},
};
use bytes::Bytes;
use parhelion_core::{Event, Verdict};
use std::error::Error as _;

/// The refusal of a request without credentials. OBSERVED: the words of Google's other APIs, shortened.
pub const NO_CREDENTIALS: &str = "Request is missing required authentication credential. Expected OAuth 2 access token, \
                                  login cookie or other valid authentication credential.";

/// Runs a row on an encoded request; `scope` is the resource name that says whose data it is about.
pub async fn call(context: &Context, row: &Row, scope: &str, request: Bytes) -> Result<Vec<u8>, Error> {
    let done = (row.call)(context.clone(), request).await;
    if let Err(e) = &done {
        refused(context, row.info.name, scope, e.told());
        if e.code() == Code::Internal {
            let cause = e.source().map(ToString::to_string).unwrap_or_default();
            tracing::error!(request_id = context.call.request_id, cause, "an operation failed");
        }
    }
    done
}

/// Why a call was refused, for the journal. No message of ours holds the sensitive query string.
pub fn refused(context: &Context, operation: &str, scope: &str, why: String) {
    let event = Event::new("request.refused", format!("request:{}", context.call.request_id))
        .fact(why)
        .verdict(Verdict::Failed)
        .with("operation", operation);
    context.note(&context.tenant(scope), event);
}
