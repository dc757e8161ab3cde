#![no_main]

#[path = "../../crates/parhelion-azure-pipelines/tests/it/holds.rs"]
mod holds;

use parhelion_azure_pipelines::{Inputs, decode};
use std::{collections::BTreeMap, sync::LazyLock};

// A template, and a payload, for inputs that find out how to ask for them.
static FILES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let template = "parameters:\n- name: p\n  default: x\nsteps:\n- script: ${{ parameters.p }}\n- template: t.yml\n";
    [("/t.yml".to_owned(), template.to_owned())].into()
});
static INPUTS: LazyLock<Inputs> = LazyLock::new(|| {
    let payload = serde_json::json!({"t": "a: b\n- c", "l": [1, "two", {"three": null}]});
    Inputs { webhooks: [("w".to_owned(), payload.into())].into(), ..Inputs::default() }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(wrong) = holds::holds(&decode(bytes), &INPUTS, &*FILES) {
        panic!("{wrong}");
    }
});
