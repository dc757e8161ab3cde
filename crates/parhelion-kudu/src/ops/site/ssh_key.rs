//! The key with which the site would fetch from private repositories.

use crate::domain::time;
use crate::error::SiteError;
use crate::store::{Content, KuduStore, Obstacle};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

const PRIVATE: &str = ".ssh/id_rsa";
const PUBLIC: &str = ".ssh/id_rsa.pub";

/// The public key; made when there is none and one is asked for, empty otherwise.
/// Docs: wiki "REST API", `GET /api/sshkey`.
pub struct GetSshKey;

impl Operation for GetSshKey {
    const NAME: &'static str = "GetSshKey";
    type Store = KuduStore;
    /// Whether a missing one is made.
    type Input = bool;
    type Output = String;
    type Error = SiteError;

    fn run(store: &mut KuduStore, ensure: bool, tx: &mut Tx<'_>) -> Result<String, SiteError> {
        if let Some(file) = store.files.get(PUBLIC) {
            return Ok(String::from_utf8_lossy(file.content.bytes()).into_owned());
        }
        if !ensure {
            return Ok(String::new());
        }
        // CHOICE: a key of the right form that nobody holds the other half of: nothing is ever fetched with it.
        let mut modulus = vec![0u8, 0x80];
        for _ in 0..8 {
            modulus.extend_from_slice(&tx.bytes::<32>("ssh key"));
        }
        modulus.truncate(257);
        if let Some(last) = modulus.last_mut() {
            *last |= 1;
        }
        let mut wire = Vec::new();
        for part in [&b"ssh-rsa"[..], &[1, 0, 1], &modulus] {
            let length = u32::try_from(part.len()).unwrap_or_default();
            wire.extend_from_slice(&length.to_be_bytes());
            wire.extend_from_slice(part);
        }
        let key = format!("ssh-rsa {}", BASE64_STANDARD.encode(&wire));
        write(store, PUBLIC, &key, tx)?;
        tell(store, "a key was made", tx);
        Ok(key)
    }
}

/// Stores a private key; the public one that was there goes.
/// Docs: wiki "REST API", `PUT /api/sshkey`.
pub struct PutSshKey;

impl Operation for PutSshKey {
    const NAME: &'static str = "PutSshKey";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, key: String, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        store.files.remove(PUBLIC, time::ticks(tx.now()));
        write(store, PRIVATE, &key, tx)?;
        tell(store, "a private key was stored", tx);
        Ok(())
    }
}

/// Takes both keys away.
/// Docs: wiki "REST API", `DELETE /api/sshkey`.
pub struct DeleteSshKey;

impl Operation for DeleteSshKey {
    const NAME: &'static str = "DeleteSshKey";
    type Store = KuduStore;
    type Input = ();
    type Output = ();
    type Error = Infallible;

    fn run(store: &mut KuduStore, (): (), tx: &mut Tx<'_>) -> Result<(), Infallible> {
        let now = time::ticks(tx.now());
        store.files.remove(PUBLIC, now);
        store.files.remove(PRIVATE, now);
        tell(store, "the keys were deleted", tx);
        Ok(())
    }
}

fn write(store: &mut KuduStore, path: &str, text: &str, tx: &Tx<'_>) -> Result<(), SiteError> {
    let content = Content::new(Bytes::copy_from_slice(text.as_bytes()));
    let put = store.files.put(path, content.hash(), content, time::ticks(tx.now()));
    put.map_err(|obstacle: Obstacle| SiteError::Write {
        why: format!("Could not write '{path}': {obstacle:?}."),
    })
}

fn tell(store: &KuduStore, fact: &str, tx: &mut Tx<'_>) {
    tx.emit(Event::new("settings.changed", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Ok));
}
