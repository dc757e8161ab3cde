//! Every form of the checksum, right and wrong, as a case.

use super::*;
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The seed's body, key and checksum.
const BODY: &str = r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}"#;
const RIGHT: &str = "750D33212D3AD4932CC390819050734831A0A94F";
/// The same with a line break at the end.
const RIGHT_LF: &str = "9A2274A905ADC31382BF9849978A52D0F964994A";

fn headers(value: &str) -> Vec<(String, String)> {
    vec![("x-wh-checksum".to_owned(), value.to_owned())]
}

fn checked(value: &str, secret: &str, body: &str) -> Checked {
    check(secret, "X-WH-Checksum", &headers(value), body.as_bytes())
}

fn hex_of(secret: &str, body: &[u8]) -> String {
    parhelion_core::text::hex(&sum(secret.as_bytes(), &[body]).unwrap())
}

#[test]
fn the_documented_example_is_computed() {
    assert_eq!(hex_of("secret", BODY.as_bytes()).to_uppercase(), RIGHT);
    assert_eq!(hex_of("secret", format!("{BODY}\n").as_bytes()).to_uppercase(), RIGHT_LF);
    // RFC 2202, cases 1, 2 and 6: keys shorter and longer than a block.
    assert_eq!(hex_of(&"\u{b}".repeat(20), b"Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00");
    assert_eq!(hex_of("Jefe", b"what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

#[test]
fn the_forms_that_clients_send_are_accepted() {
    let lower = RIGHT.to_lowercase();
    for form in [
        RIGHT.to_owned(),
        lower.clone(),
        "750d33212D3AD4932cc390819050734831a0a94f".to_owned(),
        format!("sha1={RIGHT}"),
        format!("sha1={lower}"),
        format!("SHA1={lower}"),
        format!("SHA1(stdin)= {lower}"),
        format!("HMAC-SHA1(body.json)= {lower}"),
        format!("(stdin)={lower}"),
        format!("  {RIGHT} "),
        format!("\t{RIGHT}\t"),
        format!("a=b={RIGHT}"),
    ] {
        assert!(matches!(checked(&form, "secret", BODY), Checked::Right(_)), "{form}");
    }
}

#[test]
fn what_is_wrong_is_recognised_and_the_right_digest_never_told() {
    let plain_sum = parhelion_core::text::hex(&plain(BODY.as_bytes()));
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(BODY).unwrap()).unwrap();
    let other = hex_of("other", BODY.as_bytes());
    let cases = [
        // value, secret, body, a part of the reason
        ("", "secret", BODY, "it holds no digest"),
        ("sha1=", "secret", BODY, "it holds no digest"),
        ("750D", "secret", BODY, "it has 4 hexadecimal digits"),
        (&RIGHT[..39], "secret", BODY, "it has 39 hexadecimal digits"),
        (&format!("{RIGHT}00"), "secret", BODY, "it has 42 hexadecimal digits"),
        (&"ab".repeat(32), "secret", BODY, "the length of a SHA-256"),
        (&RIGHT.replace('7', "g"), "secret", BODY, "it is not hexadecimal"),
        ("ä", "secret", BODY, "it is not hexadecimal"),
        (&format!("{RIGHT}, {RIGHT}"), "secret", BODY, "it is not hexadecimal"),
        (
            &BASE64_STANDARD.encode(sum(b"secret", &[BODY.as_bytes()]).unwrap()),
            "secret",
            BODY,
            "written in Base64",
        ),
        (&RIGHT.replace('7', "8"), "secret", BODY, "another secret or other bytes"),
        (&other, "secret", BODY, "another secret or other bytes"),
        (&plain_sum, "secret", BODY, "the plain SHA-1 of the body"),
        (RIGHT, "secret", &format!("{BODY}\n"), "without the blanks and line breaks at its end"),
        (RIGHT_LF, "secret", BODY, "with one more line break"),
        (RIGHT, "secret", &pretty, "in minimised form"),
        (&hex_of("secret", b""), "secret", BODY, "for an empty body"),
        (&hex_of("secret\n", BODY.as_bytes()), "secret", BODY, "line break at the end of the secret"),
        (RIGHT, "secret ", BODY, "blanks or a line break at the end of the secret"),
    ];
    for (value, secret, body, reason) in cases {
        let Checked::Wrong(given, wrong) = checked(value, secret, body) else {
            panic!("{value} was accepted")
        };
        assert!(wrong.why.contains(reason), "{value}: {}", wrong.why);
        assert_eq!((given.header.as_str(), given.value.as_deref()), ("X-WH-Checksum", Some(value)));
        assert_eq!(wrong.body_sha1, parhelion_core::text::hex(&plain(body.as_bytes())));
        assert_eq!(wrong.expected, hex_of(secret, body.as_bytes()).to_uppercase());
    }
}

#[test]
fn a_header_is_found_by_its_name_in_any_case() {
    for (wanted, sent, accepted) in [
        ("X-WH-Checksum", "x-wh-checksum", true),
        ("x-wh-checksum", "X-WH-CHECKSUM", true),
        (" X-WH-Checksum ", "x-wh-checksum", true),
        ("", "x-hub-signature", true),
        ("  ", "X-Hub-Signature", true),
        ("", "x-wh-checksum", false),
        ("X-WH-Checksum", "x-hub-signature", false),
    ] {
        let sent = [(sent.to_owned(), RIGHT.to_owned())];
        let got = check("secret", wanted, &sent, BODY.as_bytes());
        assert_eq!(got.accepts(), accepted, "{wanted} {sent:?}");
    }
}

#[test]
fn a_missing_header_is_named_and_one_that_holds_it_instead_too() {
    let Checked::Wrong(given, wrong) = check("secret", "", &[], b"{}") else { panic!("accepted") };
    assert_eq!((given.header.as_str(), given.value), (DEFAULT_HEADER, None));
    assert_eq!(wrong.why, "the header is missing");
    let Checked::Wrong(_, wrong) = check("secret", "X-Sum", &headers(RIGHT), BODY.as_bytes()) else {
        panic!("accepted")
    };
    assert_eq!(wrong.why, "the header x-wh-checksum holds the right checksum instead");
}

#[test]
fn without_a_secret_nothing_is_checked() {
    assert_eq!(checked("nonsense", "", "x"), Checked::Open);
    assert_eq!(check("", "", &[], b"x"), Checked::Open);
}

#[test]
fn of_a_header_given_twice_the_first_counts() {
    let both = |a: &str, b: &str| [headers(a), headers(b)].concat();
    assert!(check("secret", "X-WH-Checksum", &both(RIGHT, "0"), BODY.as_bytes()).accepts());
    assert!(!check("secret", "X-WH-Checksum", &both("0", RIGHT), BODY.as_bytes()).accepts());
}

proptest::proptest! {
    #[test]
    fn no_value_of_another_digest_is_accepted(value in "(sha1=)?[0-9a-fA-F=  ]{0,60}", body in ".{0,40}") {
        let right = hex_of("secret", body.as_bytes());
        let accepted = checked(&value, "secret", &body).accepts();
        proptest::prop_assert_eq!(accepted, bare(&value).eq_ignore_ascii_case(&right));
    }
}
