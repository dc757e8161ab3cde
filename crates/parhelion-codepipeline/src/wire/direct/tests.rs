use super::*;
use crate::shapes::*;
use crate::wire::table::OPERATIONS;
use crate::wire::{Input, Protocol};
use proptest::prelude::*;
use std::fmt::Debug;

/// Reads bytes in both ways: whether the direct one takes them, and whether the other does. That they agree is asserted.
type Reads = fn(&str, &[u8]) -> (bool, bool);

fn reads<T: DeserializeOwned + PartialEq + Debug>(operation: &str, bytes: &[u8]) -> (bool, bool) {
    let operation = OPERATIONS.iter().find(|o| o.name == operation).unwrap();
    Input { protocol: Protocol::Json, operation, bytes }.both_ways::<T>()
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
            assert_eq!(reads(operation, document.as_bytes()), (true, true), "{operation} {document}");
        }
    }
    let pipeline = crate::ops::testing::declaration("p");
    let bytes = serde_json::to_vec(&CreatePipelineInput { pipeline, tags: None }).unwrap();
    assert_eq!(reads::<CreatePipelineInput>("CreatePipeline", &bytes), (true, true));
}

/// What only the tree takes, and what neither does.
#[test]
fn what_is_unclear_is_left_to_the_tree() {
    for (text, by_tree) in [
        (r#"{"name":"p","version":null}"#, true),
        (r#"{"name":"p","version":1}"#, true),
        (r#"{"name":"p","version":1.0}"#, true),
        (r#"{"name":"p","name":"q"}"#, true),
        (r#"{"name":"p","more":1}"#, true),
        (r#"{"name":"p","version":1.5}"#, false),
        (r#"{"name":"p"} {}"#, false),
        (r#"["p"]"#, false),
        (r#"{"name":"p p"}"#, false),
        (r#"{"version":1}"#, false),
        ("", false),
    ] {
        let (direct, tree) = reads::<GetPipelineInput>("GetPipeline", text.as_bytes());
        assert_eq!(tree, by_tree, "{text}");
        assert!(!direct || tree, "{text}");
    }
    let long = format!(r#"{{"name":"p"{}}}"#, " ".repeat(VALUES_MAX));
    assert_eq!(reads::<GetPipelineInput>("GetPipeline", long.as_bytes()), (false, true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Both ways agree on whatever is near a sample (`reads` asserts it).
    #[test]
    fn what_is_taken_is_what_the_tree_says(seed in any::<u64>(), rarity in 3_u64..60) {
        for (input, reads) in INPUTS {
            let operation = input.strip_suffix("Input").unwrap();
            let document = a_document(operation, seed, rarity);
            reads(operation, document.as_bytes());
        }
    }

    #[test]
    fn bytes_that_were_changed_by_chance_too(seed in any::<u64>(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        for (operation, reads) in [
            ("CreatePipeline", reads::<CreatePipelineInput> as Reads),
            ("PutWebhook", reads::<PutWebhookInput>),
            ("PutActionRevision", reads::<PutActionRevisionInput>),
        ] {
            let mut bytes = a_document(operation, seed, u64::MAX).into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = to;
            reads(operation, &bytes);
        }
    }
}
