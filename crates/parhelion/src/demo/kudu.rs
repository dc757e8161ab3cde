//! Seed 002: subscribe, deploy a zip, and be told.

use super::receiver::Receiver;
use super::stage::{Outcome, Stage, expect};
use http::Method;
use serde_json::{Value, json};

/// A zip of one stored file, `index.html` holding `hello`: small enough to be written down.
fn package() -> Vec<u8> {
    let (name, data) = (b"index.html", b"hello");
    let crc: u32 = 0x3610_a686;
    let sizes = [crc.to_le_bytes(), 5u32.to_le_bytes(), 5u32.to_le_bytes()].concat();
    let common =
        [&[0u8, 0, 0, 0][..], &[0, 0, 0x21, 0x5c], &sizes, &10u16.to_le_bytes(), &0u16.to_le_bytes()]
            .concat();
    let local = [&b"PK\x03\x04"[..], &10u16.to_le_bytes(), &common, name, data].concat();
    let central =
        [&b"PK\x01\x02"[..], &10u16.to_le_bytes(), &10u16.to_le_bytes(), &common, &[0; 14][..], name]
            .concat();
    let end = [
        &b"PK\x05\x06"[..],
        &[0; 4],
        &1u16.to_le_bytes(),
        &1u16.to_le_bytes(),
        &(central.len() as u32).to_le_bytes(),
        &(local.len() as u32).to_le_bytes(),
        &[0, 0],
    ]
    .concat();
    [local, central, end].concat()
}

pub async fn play(stage: &Stage) -> Outcome {
    stage.transcript.title("Kudu");
    let receiver = Receiver::start().await?;
    let subscription = json!({"url": format!("{}/callback", receiver.url()), "event": "PostDeployment", "insecure_ssl": false});
    stage.transcript.say("A subscriber: new, the same again, and the same address for another event.");
    let first = stage.json(Method::POST, "/kudu/site/api/hooks", &subscription, 201).await?;
    let again = stage.json(Method::POST, "/kudu/site/api/hooks", &subscription, 201).await?;
    expect(first["id"] == again["id"], "the same subscription got another id")?;
    let mut other = subscription.clone();
    other["event"] = json!("TriggeredJobFinished");
    stage.json(Method::POST, "/kudu/site/api/hooks", &other, 409).await?;

    stage.transcript.say("A zip deployment.");
    let url = format!("{}/kudu/site/api/zipdeploy", stage.url);
    let deployed = stage.call(Method::POST, &url, &[("content-type", "application/zip")], package()).await?;
    expect(deployed.status == 200, "the deployment failed")?;
    let received = receiver.next().await?;
    stage.transcript.delivered(&received);
    let body: Value = serde_json::from_slice(&received.body).map_err(|e| e.to_string())?;
    expect(body["status"] == "success", "the receiver was not told of a success")?;
    for member in ["id", "status", "author_email", "author", "message", "deployer", "start_time", "end_time"]
    {
        expect(!body[member].is_null(), format!("the delivery has no {member}"))?;
    }
    let hooks = stage.json(Method::GET, "/kudu/site/api/hooks", &json!(null), 200).await?;
    expect(hooks[0]["last_status"] == "OK", "the hook does not know that it was delivered")
}
