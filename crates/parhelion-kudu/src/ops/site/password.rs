//! The publishing user's password.

use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

/// How long it is.
const LENGTH: usize = 60;

/// The password of the site's publishing user, drawn when it is first asked for.
pub struct GetPassword;

impl Operation for GetPassword {
    const NAME: &'static str = "GetPassword";
    type Store = KuduStore;
    type Input = ();
    type Output = String;
    type Error = Infallible;

    fn run(store: &mut KuduStore, (): (), tx: &mut Tx<'_>) -> Result<String, Infallible> {
        if let Some(password) = &store.password {
            return Ok(password.clone());
        }
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut password = String::with_capacity(LENGTH);
        while password.len() < LENGTH {
            // What is past the last whole alphabet would make some letters likelier.
            let drawn = tx.secret("publishing password").into_iter().filter(|byte| *byte < 248);
            let letters = drawn.filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()));
            password.extend(letters.take(LENGTH - password.len()).map(|letter| char::from(*letter)));
        }
        store.password = Some(password.clone());
        let fact = "the publishing user got a password";
        tx.emit(
            Event::new("settings.changed", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Ok),
        );
        Ok(password)
    }
}
