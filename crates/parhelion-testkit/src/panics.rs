//! Which server panicked: every server of the kit runs on threads named after it, and a panic hook counts by the
//! thread's name. So a panic is found wherever it was caught, and blamed on no other test.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What panicked on the threads of a name.
fn counted() -> &'static Mutex<BTreeMap<String, Vec<String>>> {
    static COUNTED: OnceLock<Mutex<BTreeMap<String, Vec<String>>>> = OnceLock::new();
    COUNTED.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(name) = std::thread::current().name()
                && let Some(found) = counted().lock().get_mut(name)
            {
                found.push(panic.to_string());
            }
            before(panic);
        }));
        Mutex::default()
    })
}

/// Begins to count the panics on threads of this name.
pub fn watch(name: &str) {
    counted().lock().insert(name.to_owned(), Vec::new());
}

/// What panicked since [`watch`], and the end of it.
pub fn unwatch(name: &str) -> Vec<String> {
    counted().lock().remove(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_counted_for_its_thread_alone() {
        watch("kit-a");
        watch("kit-b");
        let thread = std::thread::Builder::new().name("kit-a".into());
        assert!(thread.spawn(|| panic!("on purpose")).unwrap().join().is_err());
        assert!(unwatch("kit-a").concat().contains("on purpose"));
        assert!(unwatch("kit-b").is_empty());
    }
}
