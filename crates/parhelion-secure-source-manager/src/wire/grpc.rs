//! gRPC: the table's functions take and give encoded messages already, so all that is left is framing.

use crate::{
    error::Code,
    operations::Context,
    wire::{
        Server,
        call::{self, refused},
        routes,
    },
};
use bytes::{Buf, BufMut, Bytes};
use http::request::Parts;
use parhelion_core::{limits, text};
use parhelion_http::{Body, Head, Named, Response};
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use std::sync::{Arc, OnceLock};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, UnaryService},
};

/// Whether a request is one of gRPC: by its content type and a path `/package.Service/Method`.
pub fn is_grpc(parts: &Parts) -> bool {
    let content_type = parts.headers.get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    // gRPC-Web, which begins alike, is another protocol.
    let after = content_type.and_then(|t| t.strip_prefix(b"application/grpc"));
    parts.method == http::Method::POST
        && after.is_some_and(|rest| rest.first().is_none_or(|b| b"+; ".contains(b)))
        && is_method(parts.uri.path())
}

/// `/package.Service/Method`.
pub fn is_method(path: &str) -> bool {
    let mut segments = path.split('/');
    let (root, service, method) = (segments.next(), segments.next(), segments.next());
    root == Some("")
        && service.is_some_and(|s| s.contains('.'))
        && method.is_some_and(|m| !m.is_empty())
        && segments.next().is_none()
}

/// Answers a call.
pub async fn answer(server: &Arc<Server>, parts: Parts, body: Body) -> Response {
    let head = Head::of(&parts);
    let Some(world) = server.world(head) else {
        return status(Status::not_found("there is no such world"));
    };
    let context = server.context(world, head, &parts.headers);
    let path = parts.uri.path().trim_start_matches('/');
    let Some(route) = routes::method(path) else {
        let path = text::prefix(path, 200);
        refused(&context, "", "", format!("there is no gRPC method {path}"));
        return status(Status::unimplemented(format!("The method {path} is not known here.")));
    };
    if server.turns_away(&parts.headers) {
        refused(&context, route.row.info.name, "", call::NO_CREDENTIALS.to_owned());
        return status(Status::unauthenticated(call::NO_CREDENTIALS));
    }
    let tenant = Arc::new(OnceLock::new());
    let unary = Unary { context: context.clone(), route, tenant: Arc::clone(&tenant) };
    let limit = usize::try_from(limits::BODY_BYTES).unwrap_or(usize::MAX);
    let mut grpc = Grpc::new(Whole).max_decoding_message_size(limit).max_encoding_message_size(usize::MAX);
    let response = grpc.unary(unary, http::Request::from_parts(parts, body)).await;
    if tenant.get().is_none() {
        let why = response.extensions().get::<Status>().map_or("no message", Status::message);
        refused(&context, route.row.info.name, "", format!("the request could not be read: {why}"));
    }
    let mut response = response.map(Body::new);
    let tenant = tenant.get().cloned().unwrap_or_default();
    response.extensions_mut().insert(Named { operation: route.row.info.name.into(), tenant });
    response
}

/// The answer for what nobody foresaw.
pub fn internal() -> Response {
    status(Status::internal("Internal error encountered."))
}

fn status(status: Status) -> Response {
    status.into_http::<tonic::body::Body>().map(Body::new)
}

/// One call with its message, which runs the row of the table.
struct Unary {
    context: Context,
    route: &'static routes::Route,
    /// Whose data it was about, for the record.
    tenant: Arc<OnceLock<String>>,
}

impl UnaryService<Bytes> for Unary {
    type Response = Bytes;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (context, route, request) = (self.context.clone(), self.route, request.into_inner());
        let scope = text_at(&request, &route.scope).unwrap_or_default();
        let _ = self.tenant.set(context.tenant(&scope).0);
        Box::pin(async move {
            let done = call::call(&context, route.row, &scope, request).await;
            done.map(|bytes| tonic::Response::new(bytes.into())).map_err(|e| {
                let details = e.status();
                let encoded =
                    if details.details.is_empty() { Bytes::new() } else { details.encode_to_vec().into() };
                Status::with_details(code(e.code()), details.message, encoded)
            })
        })
    }
}

fn code(code: Code) -> tonic::Code {
    tonic::Code::from_i32(code.number())
}

/// The text that stands at a path of field numbers in an encoded message: `None` when there is none, or no message.
fn text_at(message: &[u8], path: &[u32]) -> Option<String> {
    let (wanted, rest) = path.split_first()?;
    let mut buffer = message;
    let mut found = None;
    while buffer.has_remaining() {
        let (number, wire_type) = decode_key(&mut buffer).ok()?;
        if number != *wanted || wire_type != WireType::LengthDelimited {
            skip_field(wire_type, number, &mut buffer, DecodeContext::default()).ok()?;
            continue;
        }
        let length = usize::try_from(decode_varint(&mut buffer).ok()?).ok()?;
        let (inside, after) = buffer.split_at_checked(length)?;
        buffer = after;
        // The last one counts.
        found = match rest {
            [] => std::str::from_utf8(inside).ok().map(str::to_owned),
            rest => text_at(inside, rest).or(found),
        };
    }
    found
}

/// Messages as they are: the table's functions decode and encode.
struct Whole;

impl Codec for Whole {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Whole;
    type Decoder = Whole;

    fn encoder(&mut self) -> Whole {
        Whole
    }
    fn decoder(&mut self) -> Whole {
        Whole
    }
}

impl Encoder for Whole {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Whole {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1;
    use proptest::prelude::*;

    #[test]
    fn the_scope_is_found_in_the_bytes() {
        let hook = v1::Hook { name: "projects/p".to_owned(), disabled: true, ..Default::default() };
        let request = v1::UpdateHookRequest { update_mask: Some(Default::default()), hook: Some(hook) };
        assert_eq!(text_at(&request.encode_to_vec(), &[2, 1]).as_deref(), Some("projects/p"));
        assert_eq!(text_at(&request.encode_to_vec(), &[2, 2]), None);
        let list = v1::ListHooksRequest { parent: "a".to_owned(), page_size: 5, ..Default::default() };
        assert_eq!(text_at(&list.encode_to_vec(), &[1]).as_deref(), Some("a"));
    }

    #[test]
    fn methods_are_two_segments_the_first_with_a_dot() {
        for (path, is) in
            [("/a.b/C", true), ("/a/C", false), ("/a.b/", false), ("/a.b/C/d", false), ("/", false)]
        {
            assert_eq!(is_method(path), is, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_through_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = text_at(&bytes, &[1]);
            let _ = text_at(&bytes, &[2, 1]);
        }
    }
}
