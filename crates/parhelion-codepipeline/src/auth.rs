//! Whether a request is what it says it is from (`--auth strict`): the keys that are known, and the one place that
//! asks for a signature to be verified. Without that setting every request is believed.

use crate::Settings;
use crate::domain::sessions;
use crate::wire::sigv2;
use crate::wire::sigv4::verify::{Denied, Key, Promise, Service, Signed, verify};
use http::{header::HOST, request::Parts};
use parhelion_core::Auth;
use parhelion_http::Head;
use parhelion_state::{World, Worlds};

/// The secret of the access keys `test` and of twelve digits, unless they were given another.
const COMMON_SECRET: &str = "test";

/// Who is let in.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// The worlds, whose jobs' credentials are keys too.
    pub worlds: &'a Worlds,
    /// Whether signatures are verified, and the secrets of keys.
    pub settings: &'a Settings,
}

impl Gate<'_> {
    /// Whether signatures are looked at at all.
    pub fn is_strict(&self) -> bool {
        self.settings.auth == Auth::Strict
    }

    /// Lets a request in or not. Of a call to S3 no body is needed: its headers say what it is to be, which the
    /// promise repeats.
    ///
    /// # Errors
    /// Why it is turned away.
    // CHOICE: the real clock decides over a signature's age, since clients sign with theirs, also when the
    // emulator's was advanced.
    pub fn admit(&self, parts: &Parts, service: Service, body: &[u8]) -> Result<Promise, Denied> {
        let head = Head::of(parts);
        let world = self.worlds.find(&head.world);
        let Some(world) = world.filter(|_| self.is_strict()) else { return Ok(Promise::Nothing) };
        let signed = Signed { parts, uri: &head.original_uri, service, body };
        verify(&signed, |id, token| self.key(&world, id, token), world.clock.real_now())
    }

    /// Lets a request to the artifact store in or not. That the body is the one that was signed is the store's to see.
    ///
    /// # Errors
    /// Why it is turned away.
    pub fn admit_s3(&self, parts: &Parts) -> Result<(), Denied> {
        let head = Head::of(parts);
        let query = parts.uri.query().unwrap_or("");
        if sigv2::access_key(query).is_none() {
            return self.admit(parts, Service::S3, b"").map(drop);
        }
        let world = self.worlds.find(&head.world);
        let Some(world) = world.filter(|_| self.is_strict()) else { return Ok(()) };
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        let named = host.split_once(".s3").filter(|_| parhelion_artifacts::is_s3_host(host));
        let key = |id: &str, token: Option<&str>| self.key(&world, id, token);
        let (now, bucket) = (world.clock.real_now(), named.map(|(bucket, _)| bucket));
        sigv2::verify(&parts.method, &head.original_uri, &parts.headers, bucket, key, now)
    }

    fn key(&self, world: &World, id: &str, token: Option<&str>) -> Option<Key> {
        if let Some(secret) = self.settings.secrets.of(id) {
            return Some(Key { secret: secret.to_owned(), token: None });
        }
        let is_account = id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
        if id == "test" || is_account {
            return Some(Key { secret: COMMON_SECRET.to_owned(), token: None });
        }
        sessions::find(world, id, token?)
    }
}
