//! The transport and the driver over real sockets.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test, also in its helpers")]

mod driver;
mod transport;
// The test kit stands above this crate; its receiver needs nothing of it.
#[path = "../../../parhelion-testkit/src/receiver.rs"]
mod receiver;

use bytes::Bytes;
use parhelion_core::{Delivery, Policy};

/// A push of hook 12, as Secure Source Manager sends it.
pub fn push(url: &str) -> Delivery {
    Delivery {
        subject: "hook:12".into(),
        event: "push".into(),
        method: "POST",
        url: url.to_owned(),
        shown_url: url.split('?').next().unwrap_or_default().to_owned(),
        headers: [
            ("Content-Type", "application/json"),
            ("X-SecureSourceManager-Event", "push"),
            ("X-SecureSourceManager-Signature", ""),
            ("x-lower", "1"),
            ("X-Lower", "2"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec(),
        body: Bytes::from_static(b"{\"ref\":\"refs/heads/main\"}"),
        policy: Policy::default(),
        order: None,
    }
}
