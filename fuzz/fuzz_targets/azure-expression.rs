#![no_main]

use parhelion_azure_pipelines::{
    Inputs, decode, expand, parse,
    runtime::{Facts, Moment, Place, Status, condition, variable},
};
use std::sync::Arc;

/// A run of which little is known.
struct Told;

impl Facts for Told {
    fn variable(&self, name: &str) -> Option<String> {
        (name.len() > 1).then(|| name.to_owned())
    }
    fn context(&self, _: &str) -> serde_json::Value {
        serde_json::json!({"A": {"result": "Succeeded", "outputs": {"s.v": [1, [2, {"b": null}]]}}})
    }
    fn start_time(&self) -> Moment {
        Moment(1_765_324_799_000)
    }
    fn counter(&self, _: &str, seed: f64) -> f64 {
        seed
    }
    fn status(&self, _: Status, names: &[Arc<str>]) -> bool {
        names.is_empty()
    }
}

// One expression, alone and in other text, as a directive, in the run.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let inner = decode(bytes).replace(|c: char| c.is_control(), " ");
    let quoted = inner.replace('\'', "''");
    let text = format!(
        "parameters:\n- {{name: p, type: object, default: {{a: [1, {{b: c}}], d: ''}}}}\nvariables:\n  v: x\nsteps:\n- script: '${{{{ {quoted} }}}}'\n- script: 'a ${{{{ {quoted} }}}} b'\n- '${{{{ if {quoted} }}}}':\n  - script: c\n- '${{{{ each i in {quoted} }}}}':\n  - script: ${{{{ i }}}}\n"
    );
    if let Ok(document) = parse("/azure-pipelines.yml", &text) {
        let _ = expand(&document, &Inputs::default());
    }
    for place in [Place::RootVariable, Place::JobVariable, Place::Condition, Place::StepCondition] {
        let _ = condition(&inner, place, &Told);
        let _ = variable(&format!("$[ {inner} ]"), place, &Told);
    }
});
