//! Temporary credentials for a job's artifacts. None of them is kept: secret and token are functions of the access key
//! and of a secret of the tenant's, and the token says which tenant that is.

use super::place::Place;
use crate::shapes::AWSSessionCredentials;
use crate::store::CodePipelineStore;
use crate::wire::sigv4::verify::Key;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use parhelion_core::text::hex;
use parhelion_state::{Tx, World};
use sha2::Sha256;

/// Bytes of a token's check.
const CHECK: usize = 32;
/// Bytes that tokens are filled up to: AWS's are long, and clients may count on room for that.
const FILLED: usize = 192;

/// Credentials that nobody had before.
// CHOICE: they have the form of AWS's, and are good as long as the tenant is there.
pub fn credentials(store: &mut CodePipelineStore, tx: &mut Tx<'_>) -> AWSSessionCredentials {
    const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let key = tx.secret("credentials").into_iter().take(16).map(|b| char::from(UPPER[usize::from(b % 32)]));
    let access_key_id = format!("ASIA{}", key.collect::<String>());
    let secret = store.session_secret.get_or_insert_with(|| hex(&tx.secret("session")));
    AWSSessionCredentials {
        secret_access_key: secret_key(secret, &access_key_id),
        session_token: token(secret, &store.place, &access_key_id),
        access_key_id,
    }
}

/// The key of an access key id that a tenant gave out with that token.
pub fn find(world: &World, access_key: &str, given: &str) -> Option<Key> {
    let bytes = STANDARD.decode(given).ok()?;
    let place = bytes.get(CHECK..)?.split(|b| *b == 0).next()?;
    let place: Place = str::from_utf8(place).ok()?.parse().ok()?;
    let version = world.shelf::<CodePipelineStore>().load(&place);
    let secret = version.store.session_secret.as_deref()?;
    // The token that belongs to the access key is compared with the given one where the signature is verified.
    let token = token(secret, &place, access_key);
    Some(Key { secret: secret_key(secret, access_key), token: Some(token) })
}

fn secret_key(secret: &str, access_key: &str) -> String {
    STANDARD.encode(&mac(secret, "secret", access_key)[..30])
}

fn token(secret: &str, place: &Place, access_key: &str) -> String {
    let mut bytes = mac(secret, "token", access_key);
    bytes.extend_from_slice(place.to_string().as_bytes());
    bytes.push(0);
    let mut filling = 0;
    while bytes.len() < FILLED {
        bytes.extend_from_slice(&mac(secret, &format!("filling {filling}"), access_key));
        filling += 1;
    }
    bytes.truncate(FILLED);
    STANDARD.encode(bytes)
}

fn mac(secret: &str, what: &str, access_key: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // HMAC takes keys of any length.
        return vec![0; CHECK];
    };
    mac.update(format!("{what}\0{access_key}").as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;
    use proptest::prelude::*;

    fn given(bench: &Bench) -> AWSSessionCredentials {
        let mut made = None;
        bench.change(|store, tx| made = Some(credentials(store, tx)));
        made.unwrap()
    }

    #[test]
    fn what_was_given_out_is_known_and_nothing_else() {
        let bench = Bench::new();
        let elsewhere = bench.at(&Place::new("123456789012", "eu-west-1").unwrap());
        let (one, other) = (given(&bench), given(&elsewhere));
        assert!(one.access_key_id.starts_with("ASIA") && one.access_key_id.len() == 20);
        assert_eq!(one.secret_access_key.len(), 40);
        assert_ne!(given(&bench), one);
        for made in [&one, &other] {
            let key = find(&bench.world, &made.access_key_id, &made.session_token).unwrap();
            assert_eq!(
                (&key.secret, key.token.as_ref()),
                (&made.secret_access_key, Some(&made.session_token))
            );
        }
        // Another's token leads to a key whose token is another.
        let key = find(&bench.world, &one.access_key_id, &other.session_token).unwrap();
        assert!(key.token != Some(other.session_token) && key.secret != one.secret_access_key);
        assert!(find(&Bench::new().world, &one.access_key_id, &one.session_token).is_none());
    }

    proptest! {
        #[test]
        fn any_token_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in ".{0,40}") {
            let bench = Bench::new();
            let _ = (find(&bench.world, "ASIAX", &STANDARD.encode(bytes)), find(&bench.world, "ASIAX", &text));
        }
    }
}
