//! `triggeredwebjobs`, `continuouswebjobs` and `webjobs`.

use super::{Answer, Ask};
use crate::domain::package::Package;
use crate::domain::webjobs::{Kind, run::MAX_TEXT_BYTES};
use crate::error::{Fault, JobsError, Refusal};
use crate::ops::webjobs::delete_job::DeleteJob;
use crate::ops::webjobs::get_job::{GetJob, ListJobs, ShownJob};
use crate::ops::webjobs::job_history::{GetJobRun, JobHistory};
use crate::ops::webjobs::job_settings::{GetJobSettings, SetJobSettings};
use crate::ops::webjobs::put_job::{NewJob, PutJob, Upload};
use crate::ops::webjobs::run_job::{Invocation, RunJob};
use crate::ops::webjobs::switch_job::SwitchJob;
use crate::store::{Content, SiteUrls};
use crate::wire::answer::{empty, json, json_bytes, with};
use crate::wire::etag::Tags;
use crate::wire::webjobs::{JobView, RunView};
use crate::wire::{body as bodies, disposition};
use http::header::{CONTENT_DISPOSITION, ETAG, IF_NONE_MATCH, LOCATION, USER_AGENT};
use parhelion_core::text::{hex, prefix};
use parhelion_http::Body;
use serde_json::json as value;
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// `GET webjobs`.
pub async fn list_all(ask: Ask, _: Body) -> Answer {
    list(&ask, &[Kind::Triggered, Kind::Continuous])
}
/// `GET triggeredwebjobs`.
pub async fn list_triggered(ask: Ask, _: Body) -> Answer {
    list(&ask, &[Kind::Triggered])
}
/// `GET continuouswebjobs`.
pub async fn list_continuous(ask: Ask, _: Body) -> Answer {
    list(&ask, &[Kind::Continuous])
}
/// `GET triggeredwebjobsswagger`: the triggered jobs as an API that runs them. OBSERVED: SwaggerApiDef.
pub async fn swagger(ask: Ask, _: Body) -> Answer {
    let jobs = ask.read::<ListJobs>(&[Kind::Triggered])?;
    let success = value!({ "description": "Success" });
    let run = |name: &str| {
        value!({ "post": {
            "deprecated": false,
            "operationId": name,
            "consumes": [],
            "produces": [],
            "responses": { "200": success, "default": success },
            "parameters": [{
                "name": "arguments",
                "in": "query",
                "description": "Web Job Arguments",
                "required": false,
                "type": "string",
            }],
        } })
    };
    let paths: serde_json::Map<String, serde_json::Value> = jobs
        .iter()
        .map(|shown| (format!("/api/triggeredjobs/{}/run", shown.job.name), run(&shown.job.name)))
        .collect();
    let api = value!({
        "swagger": "2.0",
        "info": { "version": "v1", "title": "WebJobs" },
        "host": "placeHolder",
        "schemes": ["https"],
        "paths": paths,
    });
    Ok(json(200, &api))
}
/// `GET triggeredwebjobs/{name}`.
pub async fn get_triggered(ask: Ask, _: Body) -> Answer {
    get(&ask, Kind::Triggered)
}
/// `GET continuouswebjobs/{name}`.
pub async fn get_continuous(ask: Ask, _: Body) -> Answer {
    get(&ask, Kind::Continuous)
}
/// `PUT triggeredwebjobs/{name}`.
pub async fn put_triggered(ask: Ask, body: Body) -> Answer {
    put(ask, body, Kind::Triggered).await
}
/// `PUT continuouswebjobs/{name}`.
pub async fn put_continuous(ask: Ask, body: Body) -> Answer {
    put(ask, body, Kind::Continuous).await
}
/// `DELETE triggeredwebjobs/{name}`.
pub async fn delete_triggered(ask: Ask, _: Body) -> Answer {
    delete(&ask, Kind::Triggered)
}
/// `DELETE continuouswebjobs/{name}`.
pub async fn delete_continuous(ask: Ask, _: Body) -> Answer {
    delete(&ask, Kind::Continuous)
}
/// `GET triggeredwebjobs/{name}/settings`.
pub async fn triggered_settings(ask: Ask, _: Body) -> Answer {
    settings(&ask, Kind::Triggered)
}
/// `GET continuouswebjobs/{name}/settings`.
pub async fn continuous_settings(ask: Ask, _: Body) -> Answer {
    settings(&ask, Kind::Continuous)
}
/// `PUT triggeredwebjobs/{name}/settings`.
pub async fn set_triggered_settings(ask: Ask, body: Body) -> Answer {
    set_settings(ask, body, Kind::Triggered).await
}
/// `PUT continuouswebjobs/{name}/settings`.
pub async fn set_continuous_settings(ask: Ask, body: Body) -> Answer {
    set_settings(ask, body, Kind::Continuous).await
}
/// `POST continuouswebjobs/{name}/start`.
pub async fn start(ask: Ask, _: Body) -> Answer {
    ask.write::<SwitchJob>((ask.param(0), true))?;
    Ok(empty(200))
}
/// `POST continuouswebjobs/{name}/stop`.
pub async fn stop(ask: Ask, _: Body) -> Answer {
    ask.write::<SwitchJob>((ask.param(0), false))?;
    Ok(empty(200))
}

/// `POST triggeredwebjobs/{name}/run`: answers as soon as the run is accepted.
pub async fn run(ask: Ask, _: Body) -> Answer {
    let agent = ask.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let arguments = ask.query.get("arguments").map(|text| prefix(text, MAX_TEXT_BYTES).to_owned());
    let urls = ask.urls();
    let trigger = format!("External - {}", prefix(agent, MAX_TEXT_BYTES));
    let invocation = Invocation { name: ask.param(0), arguments, trigger, urls: urls.clone() };
    let (job, id) = ask.write::<RunJob>(invocation)?.value;
    Ok(with(empty(202), LOCATION, &urls.job(Kind::Triggered, &format!("{job}/history/{id}"))))
}

/// `GET triggeredwebjobs/{name}/history`, with a tag that the newest run decides.
pub async fn history(ask: Ask, _: Body) -> Answer {
    let runs = ask.read::<JobHistory>(ask.param(0))?;
    let newest = runs.first().map(|(id, run)| format!("{id} {} {:?}", run.status.name(), run.end));
    let urls = ask.urls();
    let now = ask.world.clock.now();
    let views: Vec<RunView> = runs.iter().map(|(id, run)| RunView::of(id, run, &urls, now)).collect();
    ask.tagged(newest.unwrap_or_default().as_bytes(), &value!({ "runs": views }))
}

/// `GET triggeredwebjobs/{name}/history/{id}`.
pub async fn get_run(ask: Ask, _: Body) -> Answer {
    let id = ask.param(1);
    let run = ask.read::<GetJobRun>((ask.param(0), id.clone()))?;
    Ok(json(200, &RunView::of(&id, &run, &ask.urls(), ask.world.clock.now())))
}

fn list(ask: &Ask, kinds: &'static [Kind]) -> Answer {
    let jobs = ask.read::<ListJobs>(kinds)?;
    let views = ask.views(jobs);
    let bytes = serde_json::to_vec(&views).unwrap_or_default();
    ask.tagged(&bytes, &views)
}

fn get(ask: &Ask, kind: Kind) -> Answer {
    let job = ask.read::<GetJob>((kind, ask.param(0)))?;
    Ok(json(200, &JobView::of(job, &ask.urls(), ask.world.clock.now())))
}

fn delete(ask: &Ask, kind: Kind) -> Answer {
    ask.write::<DeleteJob>((kind, ask.param(0)))?;
    Ok(empty(200))
}

fn settings(ask: &Ask, kind: Kind) -> Answer {
    Ok(json(200, &ask.read::<GetJobSettings>((kind, ask.param(0)))?))
}

async fn set_settings(ask: Ask, body: Body, kind: Kind) -> Answer {
    let text = bodies::bound_json(&ask.headers, body, "JobSettings").await?;
    // What is no object is nothing to the service, which then writes that.
    let is_object = |text: &String| text.trim_start().starts_with('{');
    let text = text.filter(is_object).unwrap_or_else(|| "null".to_owned());
    ask.write::<SetJobSettings>((kind, ask.param(0), text))?;
    Ok(empty(200))
}

async fn put(ask: Ask, body: Body, kind: Kind) -> Answer {
    let header = ask.headers.get(CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
    let Some(file) = header.and_then(disposition::file_name) else {
        ask.note(
            "webjob.refused",
            &format!("webjob:{}", ask.param(0)),
            "refused: Content-Disposition names no file",
        );
        return Err(JobsError::NoFileName.into());
    };
    let is_zip = bodies::media_type(&ask.headers).eq_ignore_ascii_case("application/zip");
    let bytes = bodies::large(body, ask.settings.max_site_bytes).await?;
    let max_bytes = ask.settings.max_unzip_bytes;
    let read = tokio::task::spawn_blocking(move || {
        if is_zip {
            Upload::Zip(Package::read(Cursor::new(bytes), max_bytes))
        } else {
            Upload::Script { name: file, content: Content::new(bytes) }
        }
    });
    let upload = read.await.map_err(|_| Refusal::Internal)?;
    let name = ask.param(0);
    let job = NewJob { kind, name, upload, max_site_bytes: ask.settings.max_site_bytes, urls: ask.urls() };
    ask.write::<PutJob>(job)?.value?;
    get(&ask, kind)
}

impl Ask {
    /// How the site was addressed.
    pub fn urls(&self) -> SiteUrls {
        SiteUrls { root: self.place.root.clone(), old_paths: self.place.named }
    }
    fn views(&self, jobs: Vec<ShownJob>) -> Vec<JobView> {
        let (urls, now) = (self.urls(), self.world.clock.now());
        jobs.into_iter().map(|job| JobView::of(job, &urls, now)).collect()
    }
    /// An answer with a tag made of what decides it; 304 to who knows it.
    fn tagged(&self, decides: &[u8], view: &impl serde::Serialize) -> Answer {
        let tag = format!("\"{}\"", &hex(&Sha256::digest(decides))[..16]);
        let known = Tags::of(&self.headers, IF_NONE_MATCH).is_some_and(|tags| tags.name(&tag));
        let answer =
            if known { empty(304) } else { json_bytes(200, serde_json::to_vec(view).unwrap_or_default()) };
        Ok(with(answer, ETAG, &tag))
    }
}

impl From<JobsError> for Fault {
    fn from(error: JobsError) -> Self {
        Fault::Error(crate::error::Error::Jobs(error))
    }
}
