//! The reading side of smart HTTP: advertisements and fetches.

use crate::{
    Answer, Encoding, GitError, GitHost, Refs,
    body::Input,
    host::{failed, limited},
    pkt,
    view::View,
};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use std::{process::Stdio, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The two services of smart HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Clone and fetch.
    UploadPack,
    /// Push.
    ReceivePack,
}

impl Service {
    /// From the value of the query's `service` (`git-upload-pack`).
    pub fn of(query: &str) -> Option<Service> {
        match query {
            "git-upload-pack" => Some(Service::UploadPack),
            "git-receive-pack" => Some(Service::ReceivePack),
            _ => None,
        }
    }
    /// `upload-pack` or `receive-pack`.
    pub fn name(self) -> &'static str {
        match self {
            Service::UploadPack => "upload-pack",
            Service::ReceivePack => "receive-pack",
        }
    }
    /// Content type of the answer to `info/refs`.
    pub fn advertisement_type(self) -> &'static str {
        match self {
            Service::UploadPack => "application/x-git-upload-pack-advertisement",
            Service::ReceivePack => "application/x-git-receive-pack-advertisement",
        }
    }
    /// Content type of the answer to the POST.
    pub fn result_type(self) -> &'static str {
        match self {
            Service::UploadPack => "application/x-git-upload-pack-result",
            Service::ReceivePack => "application/x-git-receive-pack-result",
        }
    }
}

impl GitHost {
    /// The body of `GET …/info/refs?service=…`. `protocol` is the request's `Git-Protocol`.
    pub async fn advertise(
        &self,
        refs: &Refs,
        service: Service,
        protocol: Option<&str>,
    ) -> Result<Bytes, GitError> {
        let host = &self.inner;
        host.version().await?;
        let view = View::make(host, refs).await?;
        let _turn = host.calls.acquire().await;
        let args = [service.name(), "--stateless-rpc", "--advertise-refs", "."];
        let mut command = host.command(view.path(), &args);
        command.env_remove("GIT_DIR");
        if let Some(protocol) = checked_protocol(protocol) {
            command.env("GIT_PROTOCOL", protocol);
        }
        let child = host.spawn(command)?;
        let work = async { child.wait_with_output().await.map_err(GitError::io("waiting for git")) };
        let output = limited(service.name(), host.settings.call_secs, work).await?;
        if !output.status.success() {
            return Err(failed(&args, &output));
        }
        let mut body = Vec::with_capacity(output.stdout.len() + 64);
        pkt::put(&mut body, format!("# service=git-{}\n", service.name()).as_bytes());
        pkt::flush(&mut body);
        body.extend_from_slice(&output.stdout);
        Ok(body.into())
    }

    /// `POST …/git-upload-pack`: the answer streams while git makes it.
    pub async fn upload_pack<B>(
        &self,
        refs: &Refs,
        protocol: Option<&str>,
        body: B,
        encoding: Encoding,
    ) -> Result<Answer, GitError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let host = &self.inner;
        host.version().await?;
        let view = View::make(host, refs).await?;
        // Wants and haves are read whole before the child starts: neither side can then wait for the other.
        let path = view.path().join("request");
        let mut file = tokio::fs::File::create(&path).await.map_err(GitError::io("keeping a request"))?;
        let mut input = Input::new(body, encoding, host.settings.fetch_request_bytes);
        while let Some(bytes) = input.next().await? {
            file.write_all(&bytes).await.map_err(GitError::io("keeping a request"))?;
        }
        file.flush().await.map_err(GitError::io("keeping a request"))?;
        let stdin = std::fs::File::open(&path).map_err(GitError::io("reading a kept request"))?;
        // The semaphore is never closed, so the only answer is a permit.
        let turn = Arc::clone(&host.transfers).acquire_owned().await;
        let turn =
            turn.map_err(|e| GitError::Io { what: "waiting for a turn", source: std::io::Error::other(e) })?;
        let mut command = host.command(view.path(), &["upload-pack", "--stateless-rpc", "."]);
        command.env_remove("GIT_DIR").stdin(stdin).stderr(Stdio::null());
        if let Some(protocol) = checked_protocol(protocol) {
            command.env("GIT_PROTOCOL", protocol);
        }
        let mut child = host.spawn(command)?;
        let mut stdout =
            child.stdout.take().ok_or_else(|| GitError::Malformed("git has no output".to_owned()))?;
        // A request that git cannot read ends it before the first byte: then there is still time for a status.
        let mut first = BytesMut::new();
        let begin = async {
            let read = stdout.read_buf(&mut first).await.map_err(GitError::io("reading from git"))?;
            let failed = read == 0 && !child.wait().await.map_err(GitError::io("waiting for git"))?.success();
            if failed { Err(GitError::Malformed("git cannot read the request".to_owned())) } else { Ok(()) }
        };
        limited("upload-pack", host.settings.transfer_secs, begin).await?;
        Ok(Answer::new(first, stdout, child, view, turn, host.settings.transfer_secs))
    }
}

/// `Git-Protocol` goes into an environment variable: only what the header may hold (`version=2`, `a:b=c`).
fn checked_protocol(protocol: Option<&str>) -> Option<&str> {
    protocol
        .filter(|p| p.len() <= 256 && p.bytes().all(|b| b.is_ascii_alphanumeric() || b"=:._-".contains(&b)))
}
