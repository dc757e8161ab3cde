//! HTTP/1.1 on the client's side, bytes owned: the request goes out with its headers in the order and case that were
//! given (libraries that lower-case or title-case names cannot send `X-SecureSourceManager-Event`), and every way in
//! which an answer can be broken keeps its own error class.

use crate::attempt::{Answer, Exchange};
use bytes::Bytes;
use parhelion_core::limits::{HEAD_BYTES, HEADERS, RECEIVER_RESPONSE_BYTES};
use parhelion_core::{ErrorClass, text};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Why an exchange failed.
pub(crate) type Failure = (ErrorClass, String);

/// Interim answers (1xx) that are passed over before the receiver counts as broken.
const INTERIM_ANSWERS: usize = 16;
/// Bodies up to this go out in one write with the head.
const ONE_WRITE_BYTES: usize = 64 * 1024;

/// Headers that say where a message goes and how long it is: the transport's own business.
pub(crate) fn is_framing(name: &str) -> bool {
    ["host", "content-length", "transfer-encoding"].iter().any(|n| name.eq_ignore_ascii_case(n))
}

/// All headers of a request: `Host` first, then what was given, then `Content-Length` where the method has a body.
pub(crate) fn headers(
    host: String,
    given: impl Iterator<Item = (String, String)>,
    method: &str,
    body: &Bytes,
) -> Result<Vec<(String, String)>, Failure> {
    let mut all = vec![("Host".to_owned(), host)];
    for (name, value) in given.filter(|(name, _)| !is_framing(name)) {
        let token = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !token || value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            let shown = text::prefix(&name, 80).escape_debug();
            return Err((ErrorClass::NotAllowed, format!("the header `{shown}` cannot stand in a request")));
        }
        all.push((name, value));
    }
    // RFC 9110, 8.6: a method that gives a body a meaning says 0 where there is none.
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        all.push(("Content-Length".to_owned(), body.len().to_string()));
    }
    Ok(all)
}

/// Sends a request and reads its answer into `exchange`, as far as it comes. Both at once: a receiver may answer before
/// it has read everything.
pub(crate) async fn exchange<S>(stream: S, target: &str, exchange: &mut Exchange) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    exchange_whole(stream, target, exchange, RECEIVER_RESPONSE_BYTES).await.map(drop)
}

/// The same, with the whole body of the answer, at most `limit` bytes.
pub(crate) async fn exchange_whole<S>(
    stream: S,
    target: &str,
    exchange: &mut Exchange,
    limit: usize,
) -> Result<Vec<u8>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = format!("{} {target} HTTP/1.1\r\n", exchange.method);
    for (name, value) in &exchange.headers {
        // One blank after the colon, also before an empty value: what common clients send.
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut first = head.into_bytes();
    let mut rest = exchange.body.clone();
    if rest.len() <= ONE_WRITE_BYTES {
        first.extend_from_slice(&rest);
        rest = Bytes::new();
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let write = async {
        writer.write_all(&first).await?;
        writer.write_all(&rest).await?;
        writer.flush().await
    };
    let has_body = exchange.method != "HEAD";
    let read = read_answer(&mut reader, has_body, &mut exchange.answer, limit);
    tokio::pin!(write, read);
    let mut written = None;
    loop {
        tokio::select! {
            // A failed write alone decides nothing: the answer that explains it may be waiting.
            done = &mut write, if written.is_none() => written = Some(done),
            answer = &mut read => return answer,
        }
    }
}

async fn read_answer<R>(
    reader: &mut R,
    may_have_body: bool,
    into: &mut Option<Answer>,
    limit: usize,
) -> Result<Vec<u8>, Failure>
where
    R: AsyncRead + Unpin,
{
    let mut input = Input { reader, buffer: Vec::new(), read: 0, limit };
    let mut interim = 0;
    let answer = loop {
        let answer = input.head().await?;
        match answer.status {
            101 => return Err(body("the receiver switched protocols unasked")),
            100..=199 => interim += 1,
            _ => break answer,
        }
        if interim > INTERIM_ANSWERS {
            return Err(body(format!("more than {INTERIM_ANSWERS} interim answers")));
        }
    };
    let length = length_of(&answer, may_have_body);
    let answer = into.insert(answer);
    let mut content = Vec::new();
    let result = match length {
        Ok(length) => input.content(length, &mut content).await,
        Err(failure) => Err(failure),
    };
    answer.keep_body(&content);
    result.map(|()| content)
}

/// How the end of a body is told (RFC 9112, 6.3).
enum Length {
    Bytes(u64),
    Chunked,
    UntilClose,
}

fn length_of(answer: &Answer, may_have_body: bool) -> Result<Length, Failure> {
    if !may_have_body || matches!(answer.status, 204 | 304) {
        return Ok(Length::Bytes(0));
    }
    let values = |name: &'static str| {
        answer
            .headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .flat_map(|(_, v)| v.split(','))
    };
    if let Some(coding) = values("transfer-encoding").last() {
        if coding.trim().eq_ignore_ascii_case("chunked") {
            return Ok(Length::Chunked);
        }
        return Err(body("the answer's transfer-encoding does not end in chunked"));
    }
    let mut length = None;
    for value in values("content-length") {
        let value = value.trim();
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let bytes = value.parse::<u64>().ok().filter(|_| digits);
        match (bytes, length) {
            (None, _) => return Err(body("the answer's content-length is no number")),
            (Some(n), Some(before)) if n != before => return Err(body("the answer has two content-lengths")),
            (Some(n), _) => length = Some(n),
        }
    }
    Ok(length.map_or(Length::UntilClose, Length::Bytes))
}

fn body(message: impl Into<String>) -> Failure {
    (ErrorClass::Body, message.into())
}
pub(crate) fn too_long(limit: usize) -> Failure {
    body(format!("the answer's body is longer than {limit} bytes"))
}

/// The receiver's bytes, buffered.
struct Input<'a, R> {
    reader: &'a mut R,
    buffer: Vec<u8>,
    /// Bytes that came in all.
    read: u64,
    /// Most bytes of a body.
    limit: usize,
}

impl<R: AsyncRead + Unpin> Input<'_, R> {
    /// Waits for more bytes; `false` at the end.
    async fn more(&mut self) -> Result<bool, Failure> {
        let mut piece = [0; 16 * 1024];
        match self.reader.read(&mut piece).await {
            Ok(0) => Ok(false),
            Ok(n) => {
                self.buffer.extend_from_slice(&piece[..n]);
                self.read += n as u64;
                Ok(true)
            }
            Err(e) => Err((
                ErrorClass::Reset,
                format!("the connection broke after {} bytes of the answer: {e}", self.read),
            )),
        }
    }

    /// The same where the end would come too early.
    async fn need_more(&mut self, what: &str) -> Result<(), Failure> {
        if self.more().await? {
            return Ok(());
        }
        let read = self.read;
        let message = match read {
            0 => "the receiver closed the connection without an answer".to_owned(),
            _ => format!("the receiver closed the connection {what}, after {read} bytes"),
        };
        Err((ErrorClass::Reset, message))
    }

    async fn head(&mut self) -> Result<Answer, Failure> {
        loop {
            if let Some((answer, used)) = parse_head(&self.buffer)? {
                self.buffer.drain(..used);
                return Ok(answer);
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(body(format!("the answer's head is longer than {HEAD_BYTES} bytes")));
            }
            self.need_more("within the answer's head").await?;
        }
    }

    async fn content(&mut self, length: Length, into: &mut Vec<u8>) -> Result<(), Failure> {
        match length {
            Length::Bytes(n) => {
                let announced = usize::try_from(n).unwrap_or(usize::MAX);
                self.take(announced.min(self.limit), into).await?;
                if announced > self.limit { Err(too_long(self.limit)) } else { Ok(()) }
            }
            Length::UntilClose => loop {
                into.append(&mut self.buffer);
                if into.len() > self.limit {
                    into.truncate(self.limit);
                    return Err(too_long(self.limit));
                }
                if !self.more().await? {
                    return Ok(());
                }
            },
            Length::Chunked => self.chunks(into).await,
        }
    }

    /// Takes `n` bytes of the body; what came of them is kept if the rest does not come.
    async fn take(&mut self, mut n: usize, into: &mut Vec<u8>) -> Result<(), Failure> {
        loop {
            let now = n.min(self.buffer.len());
            into.extend(self.buffer.drain(..now));
            n -= now;
            if n == 0 {
                return Ok(());
            }
            self.need_more("within the answer's body").await?;
        }
    }

    async fn chunks(&mut self, into: &mut Vec<u8>) -> Result<(), Failure> {
        loop {
            let size = loop {
                match httparse::parse_chunk_size(&self.buffer) {
                    Ok(httparse::Status::Complete((used, size))) => {
                        self.buffer.drain(..used);
                        break usize::try_from(size).unwrap_or(usize::MAX);
                    }
                    Ok(httparse::Status::Partial) if self.buffer.len() <= HEAD_BYTES => {
                        self.need_more("within the answer's body").await?;
                    }
                    _ => return Err(body("the answer's chunks are malformed")),
                }
            };
            if size == 0 {
                return self.trailers().await;
            }
            let room = self.limit - into.len();
            self.take(size.min(room), into).await?;
            if size > room {
                return Err(too_long(self.limit));
            }
            while self.buffer.len() < 2 {
                self.need_more("within the answer's body").await?;
            }
            if !self.buffer.starts_with(b"\r\n") {
                return Err(body("the answer's chunks are malformed"));
            }
            self.buffer.drain(..2);
        }
    }

    /// What may follow the last chunk: read and dropped.
    async fn trailers(&mut self) -> Result<(), Failure> {
        loop {
            let mut lines = [httparse::EMPTY_HEADER; HEADERS];
            match httparse::parse_headers(&self.buffer, &mut lines) {
                Ok(httparse::Status::Complete(_)) => return Ok(()),
                Ok(httparse::Status::Partial) if self.buffer.len() <= HEAD_BYTES => {
                    self.need_more("within the answer's trailers").await?;
                }
                _ => return Err(body("the answer's trailers are malformed")),
            }
        }
    }
}

/// A complete head and its length; `None`: there is more to come.
fn parse_head(bytes: &[u8]) -> Result<Option<(Answer, usize)>, Failure> {
    let mut lines = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Response::new(&mut lines);
    match head.parse(bytes) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(used)) => {
            let latin1 = |bytes: &[u8]| bytes.iter().map(|b| char::from(*b)).collect::<String>();
            let answer = Answer {
                status: head.code.unwrap_or_default(),
                reason: head.reason.unwrap_or_default().to_owned(),
                headers: head.headers.iter().map(|h| (h.name.to_owned(), latin1(h.value))).collect(),
                ..Answer::default()
            };
            Ok(Some((answer, used)))
        }
        Err(httparse::Error::TooManyHeaders) => {
            Err(body(format!("the answer has more than {HEADERS} headers")))
        }
        Err(e) => Err(body(format!("the answer is not HTTP: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    /// What a client makes of an answer that comes in pieces of `piece` bytes and then ends.
    fn read(answer: &[u8], piece: usize, method: &str) -> (Option<Answer>, Result<(), Failure>) {
        run(async {
            let (client, mut server) = tokio::io::duplex(piece.max(1));
            let mut ex = Exchange {
                method: method.to_owned(),
                url: String::new(),
                headers: Vec::new(),
                body: Bytes::new(),
                loopback: false,
                answer: None,
            };
            let answer = answer.to_vec();
            let serve = async move {
                // The request is small enough for any pipe only if somebody reads it.
                let mut got = Vec::new();
                while !got.ends_with(b"\r\n\r\n") {
                    let mut b = [0; 64];
                    let n = server.read(&mut b).await.unwrap();
                    got.extend_from_slice(&b[..n]);
                }
                let _ = server.write_all(&answer).await;
            };
            let (result, ()) = tokio::join!(exchange(client, "/", &mut ex), serve);
            (ex.answer, result)
        })
    }

    fn body_of(answer: &str) -> String {
        let (answer, result) = read(answer.as_bytes(), 7, "POST");
        result.unwrap();
        String::from_utf8(answer.unwrap().body.to_vec()).unwrap()
    }

    #[test]
    fn answers_in_every_framing() {
        assert_eq!(body_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"), "hello");
        assert_eq!(body_of("HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nhi"), "hi");
        assert_eq!(body_of("HTTP/1.0 200 OK\r\n\r\nuntil the end"), "until the end");
        assert_eq!(
            body_of(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n, the rest\r\n0\r\nT: 1\r\n\r\n"
            ),
            "hello, the rest"
        );
        assert_eq!(
            body_of(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\nx"
            ),
            "x"
        );
        assert_eq!(body_of("HTTP/1.1 204 No Content\r\n\r\nnot a body"), "");
        let (answer, result) = read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 100, "HEAD");
        assert_eq!((answer.unwrap().status, result), (200, Ok(())));
    }

    #[test]
    fn the_head_is_kept_as_sent() {
        let (answer, _) = read(
            b"HTTP/1.1 299 My  Reason\r\nX-ONE: a\r\nx-one:b\r\nZ: \xe9\r\nContent-Length: 0\r\n\r\n",
            3,
            "GET",
        );
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.reason.as_str()), (299, "My  Reason"));
        let pairs: Vec<_> = answer.headers.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(pairs, ["X-ONE=a", "x-one=b", "Z=é", "Content-Length=0"]);
    }

    #[test]
    fn broken_answers_have_their_class() {
        use ErrorClass::{Body, Reset};
        let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(70_000));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(300));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(20);
        for (answer, class) in [
            ("", Reset),
            ("HTTP/1.1 200", Reset),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Reset),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", Reset),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", Reset),
            ("SSH-2.0-OpenSSH_9.2p1\r\n", Body),
            ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Body),
            ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", Body),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Body),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", Body),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Body),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", Body),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Body),
            (&interim, Body),
            (&long, Body),
            (&many, Body),
        ] {
            let shown = &answer[..answer.len().min(60)];
            assert_eq!(read(answer.as_bytes(), 50_000, "POST").1.unwrap_err().0, class, "{shown}");
        }
    }

    #[test]
    fn a_body_that_is_too_long_is_cut_and_named() {
        let mut answers = vec![
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", RECEIVER_RESPONSE_BYTES + 1),
            "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
                RECEIVER_RESPONSE_BYTES + 1
            ),
        ];
        for answer in &mut answers {
            answer.push_str(&"x".repeat(RECEIVER_RESPONSE_BYTES + 1));
            let (kept, result) = read(answer.as_bytes(), 1 << 20, "POST");
            assert_eq!(result, Err(too_long(RECEIVER_RESPONSE_BYTES)));
            let kept = kept.unwrap();
            assert_eq!(
                (kept.body.len(), kept.body_bytes, kept.truncated()),
                (65_536, RECEIVER_RESPONSE_BYTES, true)
            );
        }
    }

    #[test]
    fn headers_that_would_break_the_request_are_refused() {
        let h = |name: &str, value: &str| {
            headers(
                "h".into(),
                [(name.to_owned(), value.to_owned())].into_iter(),
                "POST",
                &Bytes::from_static(b"ab"),
            )
        };
        assert_eq!(
            h("X-A", "b").unwrap(),
            [("Host", "h"), ("X-A", "b"), ("Content-Length", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
        assert_eq!(h("content-length", "99").unwrap().len(), 2, "framing is the transport's");
        for (name, value) in
            [("a b", "c"), ("", "c"), ("a", "b\r\nc: d"), ("a", "\0"), ("a:", "b"), ("ä", "b")]
        {
            assert_eq!(h(name, value).unwrap_err().0, ErrorClass::NotAllowed, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever comes back, in whatever pieces: no panic, no endless wait, and the same result.
        #[test]
        fn any_bytes_are_an_answer_or_an_error(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                "(HTTP/1\\.[01] [0-9]{3} ?[a-zA-Z ]{0,5}\r\n)((Content-Length|Transfer-Encoding|X): ([0-9]{1,3}|chunked|)\r\n){0,3}\r\n([0-9a-f]{1,2}\r\n|[a-z\r\n]{0,20}){0,4}"
                    .prop_map(String::into_bytes),
            ],
            piece in 1usize..40,
        ) {
            let whole = read(&bytes, 1 << 20, "POST");
            let pieces = read(&bytes, piece, "POST");
            prop_assert_eq!(whole.0, pieces.0);
            prop_assert_eq!(whole.1.map_err(|e| e.0), pieces.1.map_err(|e| e.0));
        }
    }
}
