//! `/deploy`: somebody tells of a change in a repository.

use super::{Answer, Ask};
use crate::domain::fetch::branch;
use crate::domain::lifecycle::Pushed;
use crate::error::{Error, Fault};
use crate::ops::fetch_deploy::FetchDeploy;
use crate::settings::Fetching;
use crate::store::KuduStore;
use crate::wire::answer::{empty, with};
use crate::wire::body as bodies;
use crate::wire::payload::{self, Handled, Sender};
use crate::wire::query::Query;
use http::header::LOCATION;
use parhelion_http::Body;

/// Values of the setting `ScmType` that let no repository in.
const NO_SCM: [&str; 3] = ["None", "Tfs", "TfsGit"];

/// `GET /deploy`: to the site's own page.
pub async fn page(ask: Ask, _: Body) -> Answer {
    Ok(with(empty(302), LOCATION, &format!("{}/", ask.place.root)))
}

/// `POST /deploy`.
pub async fn deploy(ask: Ask, body: Body) -> Answer {
    let bytes = bodies::whole(body).await?;
    let json = match payload_of(&ask, &bytes) {
        Ok(json) => json,
        Err(error) => return ask.refused("the payload holds no JSON".to_owned(), error),
    };
    ask.release_stale_lock()?;
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let header = |name: &str| ask.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sender = Sender {
        branch: branch(&version.store),
        github_event: ask.headers.contains_key("x-github-event").then(|| header("x-github-event")),
        user_agent: header("user-agent"),
    };
    let is_async = ask.query.flag("isAsync")?;
    let (fetch, scm) = match payload::read(&json, &sender) {
        Handled::Fetch(fetch) => (fetch, true),
        Handled::Nothing(why) => {
            ask.note_payload(&why);
            return Ok(empty(200));
        }
        Handled::Unknown => {
            let error = Error::Payload("The json payload is unsupported.");
            return ask.refused("no handler knows the payload".to_owned(), error);
        }
    };
    let set = version.store.settings.filled("ScmType").unwrap_or_default();
    if scm && fetch.continuous && NO_SCM.iter().any(|none| none.eq_ignore_ascii_case(set)) {
        let error = Error::FetchingIsOff("Continuous deployment is disabled: the site's ScmType takes none.");
        return ask.refused(format!("the setting ScmType is {set}: nothing is fetched"), error);
    }
    if ask.settings.fetch == Fetching::Off {
        let error =
            Error::FetchingIsOff("Fetching is turned off: Parhelion was started with kudu.fetch=off.");
        return ask.refused("kudu.fetch is off: nothing is fetched".to_owned(), error);
    }
    let (deployer, background) = (fetch.deployer.clone().unwrap_or_default(), fetch.continuous || is_async);
    let done = ask.write::<FetchDeploy>(fetch)?;
    let accepted = || if is_async { ask.accepted(&deployer) } else { empty(202) };
    let Some(pushed) = done.value.clone() else { return Ok(accepted()) };
    let done = parhelion_state::Committed { value: pushed, seq: done.seq, deliveries: done.deliveries };
    match ask.outcome(&done, background).await? {
        Some(error) => Err(Error::Package(error).into()),
        None if background && done.value != Pushed::Nothing => Ok(accepted()),
        None if background => Ok(empty(202)),
        None => Ok(empty(200)),
    }
}

/// The payload: a body of JSON whatever its type says, or a form's member `payload`, else its first.
fn payload_of(ask: &Ask, bytes: &bytes::Bytes) -> Result<serde_json::Value, Error> {
    let is_form = bodies::media_type(&ask.headers).eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let text = String::from_utf8_lossy(bytes);
    let text = match is_form {
        false => text.into_owned(),
        true => {
            // A part without `=` is a value without a name: so JSON comes that was sent as a form by mistake.
            let first = text.split('&').next().unwrap_or_default();
            let first = if first.contains('=') { first.to_owned() } else { format!("={first}") };
            let value = |form: &Query, name: &str| form.get(name).unwrap_or_default().to_owned();
            match value(&Query::parse(&text), "payload") {
                payload if !payload.is_empty() => payload,
                _ => Query::parse(&first).first().unwrap_or_default().to_owned(),
            }
        }
    };
    let json = bodies::text(&text.clone().into()).and_then(|text| serde_json::from_str(&text).ok());
    match json {
        Some(serde_json::Value::Null) if is_form => Err(Error::Payload("The json payload is empty.")),
        Some(json @ serde_json::Value::Object(_)) => Ok(json),
        _ => Err(Error::NoJson { empty: text.trim().is_empty() }),
    }
}

impl Ask {
    fn note_payload(&self, why: &str) {
        self.note("webhook.received", &format!("site:{}", self.site), why);
    }
    fn refused(&self, why: String, error: Error) -> Answer {
        self.note_payload(&why);
        Err(Fault::from(error))
    }
}
