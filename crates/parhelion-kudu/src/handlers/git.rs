//! Git over smart HTTP: a push to the deployment branch deploys, within the request.

use super::commit::refs;
use super::{Answer, Ask};
use crate::commits::{self, about};
use crate::domain::fetch::branch;
use crate::domain::package::Package;
use crate::error::{Error, Fault};
use crate::ops::push_refs::{PushRefs, Refs as PushedRefs};
use crate::store::{KuduStore, Layout, LogKind, Push};
use crate::wire::answer::with;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use parhelion_git::{Encoding, GitError, Received, Service};
use parhelion_http::{Body, Response, answer as respond};
use std::collections::BTreeMap;

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET [SITE.git/]info/refs?service=…`
pub async fn info_refs(ask: Ask, _: Body) -> Answer {
    let Some(service) = ask.query.get("service").and_then(Service::of) else {
        ask.note_git("the dumb protocol is not served: info/refs needs ?service=…");
        return Ok(respond(403, TEXT, "Please upgrade your git client.\n"));
    };
    let refs = ask.refs();
    let body = ask.git.advertise(&refs, service, ask.protocol()).await;
    ask.answered(body.map(|body| respond(200, service.advertisement_type(), body)))
}

/// `POST [SITE.git/]git-upload-pack`
pub async fn upload_pack(ask: Ask, body: Body) -> Answer {
    let refs = ask.refs();
    let answer = match ask.encoding() {
        Ok(encoding) => ask.git.upload_pack(&refs, ask.protocol(), body, encoding).await,
        Err(e) => Err(e),
    };
    ask.answered(answer.map(|answer| respond(200, Service::UploadPack.result_type(), Body::new(answer))))
}

/// `POST [SITE.git/]git-receive-pack`
pub async fn receive_pack(ask: Ask, body: Body) -> Answer {
    ask.release_stale_lock()?;
    let refs = ask.refs();
    let received = match ask.encoding() {
        Ok(encoding) => ask.git.receive_pack(&refs, ask.protocol(), body, encoding).await,
        Err(e) => Err(e),
    };
    let received = match received {
        Ok(received) => received,
        Err(e) => return ask.answered(Err(e)),
    };
    for (name, why) in received.refused_by_git() {
        ask.note_git(&format!("git refused {name}: {why}"));
    }
    let (refused, lines) = match received.updates() {
        [] => (BTreeMap::new(), Vec::new()),
        _ => ask.take(&received).await?,
    };
    let body = received.answer(&refused, &lines);
    ask.answered(Ok(respond(200, Service::ReceivePack.result_type(), body)))
}

impl Ask {
    /// The refs as they are now; of a site without a repository, none: the first push makes it.
    fn refs(&self) -> parhelion_git::Refs {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let repository = version.store.repository.clone().unwrap_or_default();
        refs(&repository, branch(&version.store))
    }

    fn note_git(&self, fact: &str) {
        self.note("git.asked", &format!("site:{}", self.site), fact);
    }

    fn protocol(&self) -> Option<&str> {
        self.headers.get("git-protocol").and_then(|value| value.to_str().ok())
    }

    fn encoding(&self) -> Result<Encoding, GitError> {
        Encoding::of(self.headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?")))
    }

    fn answered(&self, answer: Result<Response, GitError>) -> Answer {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.note_git(&error.to_string());
                let status = match &error {
                    GitError::Missing(_) => 503,
                    GitError::TooLarge { .. } => 413,
                    GitError::TooSlow { .. } => 504,
                    e if e.is_clients() => 400,
                    _ => return Err(Error::git(error).into()),
                };
                respond(status, TEXT, format!("{error}\n"))
            }
        };
        Ok(with(answer, CACHE_CONTROL, "no-cache"))
    }

    /// Sets what git found good, deploys, and waits for the end of that: what was not set after all, and what the
    /// user is told.
    async fn take(&self, received: &Received) -> Result<(BTreeMap<String, String>, Vec<String>), Fault> {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let branch = branch(&version.store).to_owned();
        let head = format!("refs/heads/{branch}");
        let stores_only = version.store.settings.flag("SCM_DISABLE_DEPLOY_ON_PUSH");
        let tip = received.updates().iter().find(|update| update.name == head).and_then(|update| update.new);
        received.keep().await.map_err(Error::git)?;
        let push = match tip.filter(|_| !stores_only) {
            None => None,
            Some(tip) => Some(self.commit_push(tip).await?),
        };
        let input = PushedRefs {
            updates: received.updates().to_vec(),
            atomic: received.atomic(),
            branch: head,
            push,
            who: self.basic_user(),
        };
        let done = self.write::<PushRefs>(input)?;
        let (refused, number, id) = done.value;
        let mut lines = Vec::new();
        if let (Some(lock), Some(id)) = (number, id) {
            self.note_deliveries(lock, &done.deliveries)?;
            self.until_released(lock).await?;
            lines = self.told(&branch, &id);
        }
        Ok((refused, lines))
    }

    async fn commit_push(
        &self,
        tip: parhelion_git::ObjectId,
    ) -> Result<(Push, Result<Package, crate::domain::package::PackageError>), Fault> {
        let info = self.git.commit(tip).await.map_err(Error::git)?;
        let said = info.as_ref().map(about).unwrap_or_default();
        let push = Push {
            receiving: "Receiving changes by git".to_owned(),
            author: said.author,
            author_email: said.email,
            deployer: self.basic_user(),
            message: said.message,
            commit: Some(tip.to_string()),
            dashed_id: false,
            layout: Layout::Sync { clean: false, below: None },
        };
        Ok((push, commits::files(&self.git, tip, self.settings.max_unzip_bytes).await))
    }

    /// A deployment's log as the user's terminal shows it.
    fn told(&self, branch: &str, id: &str) -> Vec<String> {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let mut lines = vec![format!("Updating branch '{branch}'.")];
        let Some((id, record)) = version.store.deployment(id) else { return lines };
        for entry in version.store.logs.get(id).into_iter().flat_map(|log| log.iter()) {
            lines.push(entry.message.clone());
            lines.extend(entry.details.iter().map(|detail| match detail.kind {
                LogKind::Error => format!("Error: {}", detail.message),
                _ => detail.message.clone(),
            }));
        }
        if record.status == crate::store::DeployStatus::Failed {
            lines.push(
                "Error - Changes committed to remote repository but deployment to website failed.".to_owned(),
            );
        }
        lines
    }
}
