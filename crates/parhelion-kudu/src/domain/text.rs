//! Comparing and indenting texts as .NET does.

/// Ordinal comparison ignoring case.
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
        || (!(a.is_ascii() && b.is_ascii())
            && a.chars().flat_map(char::to_uppercase).eq(b.chars().flat_map(char::to_uppercase)))
}

/// JSON text with two spaces an indent and CRLF line ends, tokens exactly as they stand: neither the order of
/// members nor the digits of a number change. The text must be valid JSON.
pub fn indented(json: &str) -> String {
    const BREAK: &str = "\r\n";
    let mut out = String::with_capacity(json.len() + json.len() / 2);
    let mut depth = 0usize;
    let mut chars = json.char_indices().peekable();
    let newline = |out: &mut String, depth: usize| {
        out.push_str(BREAK);
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some((start, c)) = chars.next() {
        match c {
            '"' => {
                // A string goes over whole; only an unescaped quote ends it.
                let mut end = json.len();
                while let Some((at, inner)) = chars.next() {
                    if inner == '\\' {
                        chars.next();
                    } else if inner == '"' {
                        end = at + 1;
                        break;
                    }
                }
                out.push_str(&json[start..end]);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|(_, next)| next.is_ascii_whitespace()).is_some() {}
                let close = if c == '{' { '}' } else { ']' };
                if chars.next_if(|(_, next)| *next == close).is_some() {
                    out.push(close);
                } else {
                    depth += 1;
                    newline(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                newline(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                newline(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~\"\\\\\\n{}\\[\\],:é]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn indenting_is_what_a_pretty_printer_does(value in json()) {
            let pretty = serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n");
            prop_assert_eq!(&indented(&value.to_string()), &pretty);
            prop_assert_eq!(&indented(&pretty), &pretty);
        }
        #[test]
        fn indenting_never_panics(text in ".{0,40}") {
            let _ = indented(&text);
        }
        #[test]
        fn comparing_ignores_case(text in "\\PC{0,12}") {
            prop_assert!(same(&text, &text));
            prop_assert!(same(&text.to_ascii_uppercase(), &text.to_ascii_lowercase()));
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            indented(r#"{"n":123456789012345678901234567890,"f":1.50}"#),
            "{\r\n  \"n\": 123456789012345678901234567890,\r\n  \"f\": 1.50\r\n}"
        );
        assert!(same("Ä", "ä") && !same("a", "b") && !same("a", "ab"));
    }
}
