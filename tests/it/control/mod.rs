//! Every call of the emulator's own API, and its wrong inputs. Kudu's hooks are the source of deliveries: subscribe,
//! publish, and something goes out.

mod aliases;
mod awaiting;
mod behaviours;
mod clock;
mod deliveries;
mod edges;
mod events;
mod explain;
mod held;
mod life;
mod pace;
mod refusals;
mod requests;
mod simulated;
mod sinks;
mod snapshots;
mod state;
mod worlds;

use parhelion_testkit::{Answer, Api};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Subscribes a hook of a Kudu site; its id.
async fn hook(api: &Api, site: &str, event: &str, url: &str) -> String {
    let answer =
        api.post(&format!("/kudu/{site}/api/hooks"), &json!({"url": url, "event": event})).await.want(201);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Publishes an event of a Kudu site: answered when all deliveries are over.
async fn publish(api: &Api, site: &str, event: &str) -> Answer {
    api.post(&format!("/kudu/{site}/api/hooks/publish/{event}"), &json!({"event": event})).await.want(200)
}

/// The same, meanwhile: for deliveries that are held.
fn publishing(api: &Api, site: &str, event: &str) -> JoinHandle<Answer> {
    let (api, site, event) = (api.clone(), site.to_owned(), event.to_owned());
    tokio::spawn(async move { publish(&api, &site, &event).await })
}

/// Waits until there are `n` deliveries of this status.
async fn deliveries(api: &Api, status: &str, n: usize) -> Vec<Value> {
    let mut after = 0;
    loop {
        let found = api.items(&format!("/_parhelion/deliveries?status={status}")).await;
        if found.len() >= n {
            return found;
        }
        let path = format!("/_parhelion/events?after={after}&wait=20s&limit=1000");
        let events = api.items(&path).await;
        after = events.last().unwrap_or_else(|| panic!("{n} deliveries do not become {status}"))["seq"]
            .as_u64()
            .expect("a seq");
    }
}

/// How many hooks a site has.
async fn hooks(api: &Api, site: &str) -> usize {
    let list = api.get(&format!("/kudu/{site}/api/hooks")).await.want(200).json();
    list.as_array().expect("a list").len()
}
