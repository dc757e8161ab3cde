//! Reading request bodies within bounds.

use crate::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use std::error::Error as _;

/// Why a request's body could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Longer than the limit, bytes.
    TooLarge {
        /// The limit that was passed.
        limit: u64,
    },
    /// No byte came for [`parhelion_core::limits::BODY_IDLE_SECS`].
    Stalled,
    /// The connection ended, or the framing was wrong.
    Broken(String),
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BodyError::TooLarge { limit } => write!(f, "the request body is larger than {limit} bytes"),
            BodyError::Stalled => f.write_str("the request body stopped coming"),
            BodyError::Broken(why) => write!(f, "the request body could not be read: {why}"),
        }
    }
}
impl std::error::Error for BodyError {}

impl BodyError {
    /// The reason inside the error of a body stream.
    pub fn find(error: &(dyn std::error::Error + 'static)) -> BodyError {
        let mut at = Some(error);
        while let Some(e) = at {
            if let Some(b) = e.downcast_ref::<BodyError>() {
                return b.clone();
            }
            at = e.source();
        }
        BodyError::Broken(error.to_string())
    }
}

/// The whole body, at most `limit` bytes.
pub async fn read_body(mut body: Body, limit: u64) -> Result<Bytes, BodyError> {
    let mut all = BytesMut::new();
    let mut only: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| e.source().map_or_else(|| BodyError::find(&e), BodyError::find))?;
        let Ok(data) = frame.into_data() else { continue };
        if (all.len() + only.as_ref().map_or(0, Bytes::len) + data.len()) as u64 > limit {
            return Err(BodyError::TooLarge { limit });
        }
        // One frame is the common case: no copy.
        match only.take() {
            None if all.is_empty() => only = Some(data),
            first => {
                if let Some(first) = first {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(only.unwrap_or_else(|| all.freeze()))
}
