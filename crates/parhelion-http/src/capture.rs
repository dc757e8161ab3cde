//! Keeping a request and its answer for the record, while they pass.

use crate::{Body, Named, Recorder, Response};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use parhelion_core::{HeaderLines, RequestRecord, WorldName, limits::KEPT_BODY_BYTES, text};
use parking_lot::Mutex;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Status in the record of a request whose client went before its answer was ready.
/// CHOICE: 499, as nginx writes into its log; no client ever sees it.
const CLIENT_WENT: u16 = 499;

/// The beginning of a body, and whether that is all of it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The first piece, as long as it is the only one: most bodies are one piece.
    first: Bytes,
    bytes: Vec<u8>,
    cut: bool,
    ended: bool,
}

impl Kept {
    /// As [`Kept::push`]; bytes that nobody else has a part of need no copy (others may be a little of something large,
    /// which they would keep alive).
    fn share(&mut self, data: &Bytes) {
        if self.first.is_empty() && self.bytes.is_empty() && data.len() <= KEPT_BODY_BYTES && data.is_unique()
        {
            self.first = data.clone();
        } else {
            self.push(data);
        }
    }
    pub(crate) fn push(&mut self, data: &[u8]) {
        if !self.first.is_empty() {
            self.bytes = Vec::from(std::mem::take(&mut self.first));
        }
        let room = KEPT_BODY_BYTES - self.bytes.len();
        self.cut |= data.len() > room;
        self.bytes.extend_from_slice(&data[..data.len().min(room)]);
    }
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }
    /// The bytes, without spare capacity, and whether some are missing.
    fn take(&mut self) -> (Bytes, bool) {
        let bytes = match std::mem::take(&mut self.first) {
            whole if !whole.is_empty() => whole,
            _ => Bytes::from(std::mem::take(&mut self.bytes).into_boxed_slice()),
        };
        (bytes, self.cut || !self.ended)
    }
}

/// A record being written; dropping it tells the recorder, whatever happened to the request.
pub(crate) struct OpenRecord {
    recorder: Arc<dyn Recorder>,
    world: WorldName,
    record: Option<RequestRecord>,
    request: Arc<Mutex<Kept>>,
    response: Kept,
}

impl OpenRecord {
    /// Of a record without an answer yet; the request's body comes to be in `request`.
    pub(crate) fn new(
        recorder: Arc<dyn Recorder>,
        world: WorldName,
        mut record: RequestRecord,
        request: Arc<Mutex<Kept>>,
    ) -> Self {
        record.status = CLIENT_WENT;
        OpenRecord { recorder, world, record: Some(record), request, response: Kept::default() }
    }

    /// Takes down the answer's head, and lets the answer carry the record until its body has passed.
    pub(crate) fn answered(mut self, response: Response, named: &Named, duration_us: u64) -> Response {
        if let Some(record) = &mut self.record {
            record.operation = named.operation.to_string();
            record.tenant = named.tenant.clone();
            record.status = response.status().as_u16();
            record.duration_us = duration_us;
            record.response_headers = lines(response.headers());
        }
        if response.body().is_end_stream() {
            self.response.end();
            return response;
        }
        response.map(|inner| Body::new(Passing { inner, record: Some(self) }))
    }
}

impl Drop for OpenRecord {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        (record.request_body, record.request_truncated) = self.request.lock().take();
        (record.response_body, record.response_truncated) = self.response.take();
        self.recorder.end(&self.world, record);
    }
}

/// Headers as the record keeps them.
pub(crate) fn lines(headers: &HeaderMap) -> HeaderLines {
    HeaderLines::new(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// Path and query of a request as they came.
pub(crate) fn path(uri: &http::Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.to_string(), |p| p.as_str().to_owned())
}

/// The path alone, bounded, for logs and messages: queries carry secrets.
pub(crate) fn short_path(uri: &http::Uri) -> &str {
    text::prefix(uri.path(), 200)
}

/// An answer's body on its way out.
struct Passing {
    inner: Body,
    record: Option<OpenRecord>,
}

impl http_body::Body for Passing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        // The record is written before the last bytes leave: who has the whole answer finds its record.
        let (last, whole) = match &frame {
            None => (true, true),
            Some(Err(_)) => (true, false),
            Some(Ok(frame)) => {
                if let (Some(open), Some(data)) = (&mut self.record, frame.data_ref()) {
                    open.response.share(data);
                }
                let last = self.inner.is_end_stream();
                (last, last)
            }
        };
        if last && let Some(mut open) = self.record.take() {
            open.response.ended = whole;
        }
        Poll::Ready(frame)
    }
    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_bound_is_kept_and_the_cut_is_marked() {
        let mut kept = Kept::default();
        kept.push(&vec![1; KEPT_BODY_BYTES - 1]);
        kept.push(&[2]);
        kept.end();
        let (bytes, cut) = kept.take();
        assert_eq!((bytes.len(), bytes.last(), cut), (KEPT_BODY_BYTES, Some(&2), false));

        let mut kept = Kept::default();
        kept.push(&vec![1; KEPT_BODY_BYTES + 1]);
        kept.end();
        assert_eq!(kept.take().0.len(), KEPT_BODY_BYTES);
        assert!(kept.take().1);
    }

    #[test]
    fn a_body_that_did_not_end_is_marked_as_cut() {
        let mut kept = Kept::default();
        kept.push(b"half");
        assert_eq!(kept.take(), (Bytes::from_static(b"half"), true));
    }
}
