use super::*;
use crate::shapes::*;
use crate::wire::Protocol::{Cbor, Json};
use crate::wire::constraints::{self, Instants};
use crate::wire::table::OPERATIONS;
use crate::wire::{Input, Protocol, cbor, json11};
use proptest::prelude::*;
use std::fmt::Debug;

/// Reads bytes in both ways: whether the direct one takes them, and whether the other does. That they agree is asserted.
type Reads = fn(Protocol, &str, &[u8]) -> (bool, bool);

fn reads<T: DeserializeOwned + PartialEq + Debug>(
    protocol: Protocol,
    operation: &str,
    bytes: &[u8],
) -> (bool, bool) {
    let operation = OPERATIONS.iter().find(|o| o.name == operation).unwrap();
    Input { protocol, operation, bytes }.both_ways::<T>()
}

/// The same document in CBOR; its instants tagged, where it is in order.
fn in_cbor(operation: &str, document: &str) -> Option<Vec<u8>> {
    let operation = OPERATIONS.iter().find(|o| o.name == operation).unwrap();
    let read = || json11::read(document.as_bytes()).ok();
    let typed = constraints::coerce(operation.input, read()?, Instants::Plain);
    Some(cbor::write(&typed.ok().or_else(read)?))
}

macro_rules! inputs {
    ($($input:ident)*) => {
        &[$((stringify!($input), reads::<$input> as Reads)),*]
    };
}

const INPUTS: &[(&str, Reads)] = inputs! {
    AcknowledgeJobInput AcknowledgeThirdPartyJobInput CreateCustomActionTypeInput CreatePipelineInput
    DeleteCustomActionTypeInput DeletePipelineInput DeleteWebhookInput DeregisterWebhookWithThirdPartyInput
    DisableStageTransitionInput EnableStageTransitionInput GetActionTypeInput GetJobDetailsInput
    GetPipelineExecutionInput GetPipelineInput GetPipelineStateInput GetThirdPartyJobDetailsInput
    ListActionExecutionsInput ListActionTypesInput ListDeployActionExecutionTargetsInput
    ListPipelineExecutionsInput ListPipelinesInput ListRuleExecutionsInput ListRuleTypesInput
    ListTagsForResourceInput ListWebhooksInput OverrideStageConditionInput PollForJobsInput
    PollForThirdPartyJobsInput PutActionRevisionInput PutApprovalResultInput PutJobFailureResultInput
    PutJobSuccessResultInput PutThirdPartyJobFailureResultInput PutThirdPartyJobSuccessResultInput PutWebhookInput
    RegisterWebhookWithThirdPartyInput RetryStageExecutionInput RollbackStageInput StartPipelineExecutionInput
    StopPipelineExecutionInput TagResourceInput UntagResourceInput UpdateActionTypeInput UpdatePipelineInput
};

/// Numbers out of a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// Texts that somewhere in the model are right.
const TEXTS: [&str; 13] = [
    "AWS",
    "ü",
    "a",
    "Some-name",
    "us-east-1",
    "000000000000",
    "12345678-1234-1234-1234-123456789012",
    "arn:aws:iam::000000000000:role/r",
    "arn:aws:codepipeline:us-east-1:000000000000:p",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "https://localhost/a-place",
    "1",
    "a,\"\\\n",
];

/// What is no value of most shapes, or is one in an unusual form.
const ODD: [&str; 22] = [
    "null",
    "true",
    "0",
    "-1",
    "-0",
    "1.0",
    "1.5",
    "1e0",
    "2147483648",
    "18446744073709551615",
    "1e400",
    "\"\"",
    "\"a b\"",
    "\"\\u0041\"",
    "\"\\ud800\"",
    "\"2020-01-02T03:04:05Z\"",
    "[]",
    "[null]",
    "{}",
    "{\"AWS\":null}",
    "[[[[[[[[[]]]]]]]]]",
    "tru",
];

/// A document of a shape, in which about one of `rarity` values is odd.
fn document(shape: &Shape, dice: &mut Dice, rarity: u64, out: &mut String) {
    if dice.roll(rarity) == 1 {
        out.push_str(ODD[dice.roll(ODD.len() as u64) as usize]);
        return;
    }
    let between = |dice: &mut Dice, min: Option<i64>, max: Option<i64>| {
        let least = min.unwrap_or(0).max(i64::from(rarity == u64::MAX));
        least.saturating_add(dice.roll(3) as i64).min(max.unwrap_or(i64::MAX))
    };
    match &shape.kind {
        Kind::Structure(members) => {
            let mut written = Vec::new();
            for member in *members {
                let wanted =
                    if member.required { dice.roll(rarity.saturating_mul(4)) != 1 } else { dice.roll(3) > 0 };
                for _ in 0..usize::from(wanted) + usize::from(dice.roll(rarity.saturating_mul(4)) == 1) {
                    let mut text = format!("\"{}\":", member.name);
                    document(member.shape, dice, rarity, &mut text);
                    written.push(text);
                }
            }
            if dice.roll(rarity) == 1 {
                written.push(r#""unknown":[1,{"a":1e9}]"#.to_owned());
            }
            if dice.roll(4) == 1 {
                written.reverse();
            }
            let (open, close) =
                if dice.roll(rarity.saturating_mul(4)) == 1 { ('[', ']') } else { ('{', '}') };
            out.push(open);
            out.push_str(&written.join(" ,"));
            out.push(close);
        }
        Kind::List { member, min, max } => {
            out.push('[');
            for i in 0..between(dice, *min, *max) {
                out.push_str(if i > 0 { "," } else { "" });
                document(member, dice, rarity, out);
            }
            out.push(']');
        }
        Kind::Map { key, value, min, max } => {
            out.push('{');
            for i in 0..between(dice, *min, *max) {
                out.push_str(if i > 0 { "," } else { "" });
                document(key, dice, u64::MAX, out);
                out.push(':');
                document(value, dice, rarity, out);
            }
            out.push('}');
        }
        Kind::Text { values, .. } => {
            let fit: Vec<&str> =
                values.iter().chain(&TEXTS).copied().filter(|text| text_holds(shape, text)).collect();
            let text = match fit.len() as u64 {
                _ if dice.roll(rarity) == 1 => "x".repeat(dice.roll(300) as usize),
                0 => "x".to_owned(),
                n => fit[dice.roll(n) as usize].to_owned(),
            };
            out.push_str(&serde_json::to_string(&text).unwrap());
        }
        Kind::Integer { min, max } => out.push_str(&between(dice, *min, *max).to_string()),
        Kind::Boolean => out.push_str(if dice.roll(2) == 0 { "true" } else { "false" }),
        Kind::Timestamp => out.push_str(["1598902400", "1598902400.123", "0", "-5.5"][dice.roll(4) as usize]),
    }
}

fn a_document(operation: &str, seed: u64, rarity: u64) -> String {
    let operation = OPERATIONS.iter().find(|o| o.name == operation).unwrap();
    let mut out = String::new();
    document(operation.input, &mut Dice(seed), rarity, &mut out);
    out
}

/// Every operation's input in every form without oddities, and a whole declaration, go the short way.
#[test]
fn what_is_right_needs_no_tree() {
    assert_eq!(INPUTS.len(), OPERATIONS.len());
    for (input, reads) in INPUTS {
        let operation = input.strip_suffix("Input").unwrap();
        for seed in 0..20 {
            let document = a_document(operation, seed, u64::MAX);
            assert_eq!(reads(Json, operation, document.as_bytes()), (true, true), "{operation} {document}");
            let bytes = in_cbor(operation, &document).unwrap();
            assert_eq!(reads(Cbor, operation, &bytes), (true, true), "{operation} {document}");
        }
    }
    let pipeline = crate::ops::testing::declaration("p");
    let bytes = serde_json::to_vec(&CreatePipelineInput { pipeline, tags: None }).unwrap();
    assert_eq!(reads::<CreatePipelineInput>(Json, "CreatePipeline", &bytes), (true, true));
}

/// What only the tree takes, and what neither does.
#[test]
fn what_is_unclear_is_left_to_the_tree() {
    let check = |protocol, bytes: &[u8], expected| {
        let shown = bytes.escape_ascii();
        assert_eq!(reads::<GetPipelineInput>(protocol, "GetPipeline", bytes), expected, "{shown}");
    };
    for (text, expected) in [
        (r#"{"name":"p","version":null}"#, (true, true)),
        (r#" {"version":1,"name":"\u0070"} "#, (true, true)),
        (r#"{"name":"p","version":1.0}"#, (false, true)),
        (r#"{"name":"p","name":"q"}"#, (false, true)),
        (r#"{"name":"p","more":1}"#, (false, true)),
        (r#"{"name":"p","version":1.5}"#, (false, false)),
        (r#"{"name":"p"} {}"#, (false, false)),
        (r#"["p"]"#, (false, false)),
        (r#"{"name":"p p"}"#, (false, false)),
        (r#"{"version":1}"#, (false, false)),
        ("", (false, false)),
    ] {
        check(Json, text.as_bytes(), expected);
    }
    check(Json, format!(r#"{{"name":"p"{}}}"#, " ".repeat(VALUES_MAX)).as_bytes(), (false, true));
    for (bytes, expected) in [
        (&b"\xa1\x64name\x61p"[..], (true, true)),
        // Of unknown length; a number in more bytes than it needs; no version, in two words for it.
        (b"\xbf\x64name\x61p\x67version\x1a\0\0\0\x07\xff", (true, true)),
        (b"\xa2\x64name\x61p\x67version\xf6", (true, true)),
        (b"\xa2\x64name\x61p\x67version\xf7", (true, true)),
        // A text in parts; a version that is a float; a tag that says nothing.
        (b"\xa1\x64name\x7f\x61p\xff", (false, true)),
        (b"\xa2\x64name\x61p\x67version\xf9\x3c\0", (false, true)),
        (b"\xa1\x64name\xd8\x20\x61p", (false, true)),
        (b"\xa2\x64name\x61p\x64name\x61q", (false, true)),
        // More after it; less than was said; a break out of place.
        (b"\xa1\x64name\x61p\0", (false, false)),
        (b"\xa2\x64name\x61p", (false, false)),
        (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x64name\x61p", (false, false)),
        (b"\xa1\x64name\xff", (false, false)),
    ] {
        check(Cbor, bytes, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Both ways agree on whatever is near a sample (`reads` asserts it).
    #[test]
    fn what_is_taken_is_what_the_tree_says(seed in any::<u64>(), rarity in 3_u64..60) {
        for (input, reads) in INPUTS {
            let operation = input.strip_suffix("Input").unwrap();
            let document = a_document(operation, seed, rarity);
            reads(Json, operation, document.as_bytes());
            if let Some(bytes) = in_cbor(operation, &document) {
                reads(Cbor, operation, &bytes);
            }
        }
    }

    #[test]
    fn bytes_that_were_changed_by_chance_too(seed in any::<u64>(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        for (operation, reads) in [
            ("CreatePipeline", reads::<CreatePipelineInput> as Reads),
            ("PutWebhook", reads::<PutWebhookInput>),
            ("PutActionRevision", reads::<PutActionRevisionInput>),
        ] {
            let document = a_document(operation, seed, u64::MAX);
            let cbor = in_cbor(operation, &document).unwrap();
            for (protocol, mut bytes) in [(Json, document.into_bytes()), (Cbor, cbor)] {
                let at = at.index(bytes.len());
                bytes[at] = to;
                reads(protocol, operation, &bytes);
            }
        }
    }
}
