//! A push, from its bytes to a decision.

use crate::{
    Encoding, GitError, GitHost, ObjectId, Refs, Report,
    body::Input,
    history::{CommitInfo, commits},
    host::{Inner, failed, limited, read_all},
    pkt::{CommandList, parse_commands},
    report::parse_report,
    valid_ref_name,
    view::View,
};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    sync::Arc,
};
use tokio::io::AsyncWriteExt;

/// A change of one ref that git found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// Full name.
    pub name: String,
    /// What it was in the refs that the push was checked against; `None`: the push makes it.
    pub old: Option<ObjectId>,
    /// What it becomes; `None`: the push deletes it.
    pub new: Option<ObjectId>,
    /// A branch whose old commit is no ancestor of the new one.
    pub forced: bool,
}

/// A push that git has unpacked and judged, in a folder of its own: nothing of it is visible yet, and nothing stays
/// when this value is dropped.
///
/// The way on: look at [`Received::updates`], refuse what a rule refuses, [`Received::keep`] the objects, set the
/// refs by compare-and-set, then send [`Received::answer`] with the refs that were refused or lost their race.
/// Where the client asked for `atomic`, one refusal is to refuse all.
pub struct Received {
    host: Arc<Inner>,
    view: View,
    list: CommandList,
    report: Report,
    raw: Bytes,
    updates: Vec<RefUpdate>,
}

impl GitHost {
    /// `POST …/git-receive-pack`. The body is streamed into git; a push that git itself rejects comes back with
    /// fewer (or no) updates and git's own words in the answer.
    pub async fn receive_pack<B>(
        &self,
        refs: &Refs,
        protocol: Option<&str>,
        body: B,
        encoding: Encoding,
    ) -> Result<Received, GitError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let host = &self.inner;
        host.version().await?;
        let mut input = Input::new(body, encoding, host.settings.push_bytes);
        let (list, head) = read_commands(&mut input).await?;
        let view = View::make(host, refs).await?;
        let turn = host.transfers.acquire().await;

        let args = ["receive-pack", "--stateless-rpc", "."];
        let mut command = host.command(view.path(), &args);
        command.env_remove("GIT_DIR").stdin(Stdio::piped());
        // Push has one protocol so far; a version that the client names is git's to answer.
        if let Some(protocol) = protocol.filter(|p| *p == "version=1" || *p == "version=2") {
            command.env("GIT_PROTOCOL", protocol);
        }
        let mut child = host.spawn(command)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            let mut stdin = stdin;
            let mut next = Some(head);
            while let Some(bytes) = next {
                // When git has given up it closes its end; the rest of the body is read all the same, so that the
                // client gets to see the report.
                if let Some(pipe) = &mut stdin
                    && pipe.write_all(&bytes).await.is_err()
                {
                    stdin = None;
                }
                next = input.next().await?;
            }
            if let Some(mut pipe) = stdin {
                let _ = pipe.shutdown().await;
            }
            Ok::<(), GitError>(())
        };
        let work = async {
            let (fed, out, err) =
                tokio::join!(feed, read_all(stdout, 16 * 1024 * 1024), read_all(stderr, 64 * 1024));
            fed?;
            let status = child.wait().await.map_err(GitError::io("waiting for git"))?;
            Ok(std::process::Output { status, stdout: out?, stderr: err.unwrap_or_default() })
        };
        let output = limited("receive-pack", host.settings.transfer_secs, work).await?;
        drop(turn);
        if output.stdout.is_empty() && !list.commands.is_empty() && !output.status.success() {
            return Err(failed(&args, &output));
        }
        let mut raw = Bytes::from(output.stdout);
        let mut report = parse_report(&raw, list.asks("side-band-64k")).map_err(|e| {
            tracing::warn!(error = %e, "git's report of a push could not be read");
            GitError::Failed {
                command: "receive-pack".to_owned(),
                status: output.status.to_string(),
                stderr: e.to_string(),
            }
        })?;
        let unfit = unfit(&list);
        // Git's own words stay where it refused the name too.
        if report.refs.iter().any(|(name, refusal)| refusal.is_none() && unfit.contains_key(name)) {
            report = report.refusing(&unfit);
            raw = report.encode(list.asks("side-band-64k"), &[]).into();
        }
        let updates = updates(host, &view, refs, &list).await?;
        Ok(Received { host: Arc::clone(host), view, list, report, raw, updates })
    }
}

/// The commands at the head of the body, and the bytes read so far (commands included).
async fn read_commands<B>(input: &mut Input<B>) -> Result<(CommandList, Bytes), GitError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut head = BytesMut::new();
    let mut looked_at = 0;
    while let Some(bytes) = input.next().await? {
        head.extend_from_slice(&bytes);
        // Parsing starts anew each time: only when the head has doubled, or a body in small pieces costs its square.
        if head.len() >= looked_at * 2 {
            looked_at = head.len();
            if let Some(list) = parse_commands(&head).map_err(|e| GitError::Malformed(e.to_string()))? {
                return Ok((list, head.freeze()));
            }
        }
    }
    match parse_commands(&head).map_err(|e| GitError::Malformed(e.to_string()))? {
        Some(list) => Ok((list, head.freeze())),
        None => Err(GitError::Malformed("the push ends within its list of commands".to_owned())),
    }
}

/// Names that git takes and [`valid_ref_name`] does not (longer ones): a view could not be made of them again.
fn unfit(list: &CommandList) -> BTreeMap<String, String> {
    let names = list.commands.iter().map(|c| &c.name).filter(|name| !valid_ref_name(name));
    names.map(|name| (name.clone(), "funny refname".to_owned())).collect()
}

/// What git has set in the view, in command order.
async fn updates(
    host: &Arc<Inner>,
    view: &View,
    refs: &Refs,
    list: &CommandList,
) -> Result<Vec<RefUpdate>, GitError> {
    let now = view.refs().await?;
    let mut updates: Vec<RefUpdate> = Vec::new();
    let mut seen = BTreeSet::new();
    for command in &list.commands {
        let name = &command.name;
        let (old, new) = (refs.by_name.get(name).copied(), command.new.some());
        // Refused by git, no change at all, or named twice.
        if now.get(name).copied() != new || old == new || !seen.insert(name) || !valid_ref_name(name) {
            continue;
        }
        let forced = match (old, new) {
            (Some(old), Some(new)) if name.starts_with("refs/heads/") => {
                !is_ancestor(host, view, old, new).await?
            }
            _ => false,
        };
        updates.push(RefUpdate { name: name.clone(), old, new, forced });
    }
    Ok(updates)
}

async fn is_ancestor(host: &Arc<Inner>, view: &View, old: ObjectId, new: ObjectId) -> Result<bool, GitError> {
    crate::history::is_ancestor(host, view.path(), old, new).await
}

impl Received {
    /// Whether it named no ref at all: the empty request that git sends ahead of a large push to see whether it may.
    pub fn is_probe(&self) -> bool {
        self.list.commands.is_empty()
    }
    /// The changes that git found good, in the order of the commands.
    pub fn updates(&self) -> &[RefUpdate] {
        &self.updates
    }
    /// Refs that git itself refused, with its reasons.
    pub fn refused_by_git(&self) -> impl Iterator<Item = (&str, &str)> {
        self.report.refs.iter().filter_map(|(name, why)| Some((name.as_str(), why.as_deref()?)))
    }
    /// Values of `git push -o`.
    pub fn options(&self) -> &[String] {
        &self.list.options
    }
    /// Whether the client wants all or nothing.
    pub fn atomic(&self) -> bool {
        self.list.asks("atomic")
    }
    /// Commits that `tips` reach and `not` do not, newest first, at most `max`; new objects of the push included.
    pub async fn commits(
        &self,
        tips: &[ObjectId],
        not: &[ObjectId],
        max: usize,
    ) -> Result<Vec<CommitInfo>, GitError> {
        commits(&self.host, self.view.path(), tips, not, max).await
    }
    /// Whether `new` contains `old`; new objects of the push included.
    pub async fn is_ancestor(&self, old: ObjectId, new: ObjectId) -> Result<bool, GitError> {
        is_ancestor(&self.host, &self.view, old, new).await
    }
    /// Whether there is a merge commit among those that `tip` reaches and `not` does not.
    pub async fn brings_merges(&self, tip: ObjectId, not: ObjectId) -> Result<bool, GitError> {
        let (tip, not) = (tip.to_string(), format!("^{not}"));
        let args = ["rev-list", "--min-parents=2", "--max-count=1", &tip, &not, "--"];
        Ok(!self.host.run(self.view.path(), &args, b"").await?.is_empty())
    }
    /// The commit that an object is or (a tag) points to; new objects of the push included.
    pub async fn peel(&self, id: ObjectId) -> Result<Option<ObjectId>, GitError> {
        crate::history::peel(&self.host, self.view.path(), id).await
    }
    /// Moves the push's objects into the store. Right before the refs are set, and not before they were checked.
    /// The bytes on disk that the push brought.
    pub async fn keep(&self) -> Result<u64, GitError> {
        self.view.keep(&self.host).await
    }
    /// The body of the answer. `refused`: refs that were not set after all, each with the word that git shows in
    /// brackets (`fetch first`, `pre-receive hook declined`); `messages`: lines for the user's terminal.
    pub fn answer(&self, refused: &BTreeMap<String, String>, messages: &[String]) -> Bytes {
        if refused.is_empty() && messages.is_empty() || self.is_probe() {
            return self.raw.clone();
        }
        // A client that asked for no report gets none.
        if !self.list.asks("report-status") && !self.list.asks("report-status-v2") {
            return self.raw.clone();
        }
        self.report.clone().refusing(refused).encode(self.list.asks("side-band-64k"), messages).into()
    }
}
