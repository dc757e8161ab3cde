//! The Query protocol's input: a form in the body, or the same in the query string.

use super::error::Error;
use crate::wire::constraints;
use crate::wire::shape::{Kind, Member, Shape};
use crate::wire::value::{Members, Value};
use percent_encoding::percent_decode;
use std::collections::BTreeMap;

/// Most fields of a form; far above what any call takes.
const FIELDS_MAX: usize = 1000;

/// The fields of a form by name; of a name that comes twice the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// The fields of query string and body.
    ///
    /// # Errors
    /// `MalformedInput` for what is no UTF-8, or more fields than any call takes.
    pub fn read(query: &str, body: &[u8]) -> Result<Form, Error> {
        let mut fields = BTreeMap::new();
        let pairs = [query.as_bytes(), body].into_iter().flat_map(|text| text.split(|b| *b == b'&'));
        for (n, pair) in pairs.filter(|pair| !pair.is_empty()).enumerate() {
            if n >= FIELDS_MAX {
                let text = format!("A form of more than {FIELDS_MAX} fields");
                return Err(Error::new(400, "MalformedInput", text));
            }
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
            fields.insert(decoded(name)?, decoded(value)?);
        }
        Ok(Form(fields))
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The input of a call, in the form of its shape and checked against it. The shape's members begin with a small
    /// letter, as messages name them; on the wire they begin with a capital.
    ///
    /// # Errors
    /// `ValidationError` with all constraints that are broken; `MalformedInput` for what is no number.
    pub fn input(&self, shape: &'static Shape) -> Result<Value, Error> {
        let input = self.value(shape, "")?.unwrap_or_else(|| Value::Map(Members::new()));
        match constraints::violations(shape, &input) {
            none if none.is_empty() => Ok(input),
            some => Err(Error::constraints(&some)),
        }
    }

    fn value(&self, shape: &'static Shape, at: &str) -> Result<Option<Value>, Error> {
        match &shape.kind {
            Kind::Structure(members) => {
                let mut out = Members::new();
                for Member { name, shape, .. } in *members {
                    if let Some(value) = self.value(shape, &format!("{at}{}", capital(name)))? {
                        out.insert((*name).to_owned(), value);
                    }
                }
                Ok((!out.is_empty()).then_some(Value::Map(out)))
            }
            // Docs: the Query protocol counts `Tags.member.1.Key` from 1.
            Kind::List { member, .. } => {
                let mut out = Vec::new();
                while let Some(value) = self.value(member, &format!("{at}.member.{}.", out.len() + 1))? {
                    out.push(value);
                }
                Ok((!out.is_empty()).then_some(Value::List(out)))
            }
            Kind::Integer { .. } => {
                let Some(text) = self.get(at) else { return Ok(None) };
                let number = text.parse::<i32>().map_err(|_| {
                    Error::new(400, "MalformedInput", format!("{at} must be a whole number of 32 bits"))
                })?;
                Ok(Some(Value::Int(number.into())))
            }
            _ => Ok(self.get(at).map(Value::from)),
        }
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn decoded(text: &[u8]) -> Result<String, Error> {
    let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let text = percent_decode(&spaced).decode_utf8();
    Ok(text.map_err(|_| Error::new(400, "MalformedInput", "The form is no UTF-8"))?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static TEXT: Shape =
        Shape { kind: Kind::Text { min: Some(1), max: Some(3), pattern: None, values: &[] } };
    static NUMBER: Shape = Shape { kind: Kind::Integer { min: Some(1), max: Some(9) } };
    static PAIR: Shape =
        Shape { kind: Kind::Structure(&[Member { name: "key", required: true, shape: &TEXT }]) };
    static PAIRS: Shape = Shape { kind: Kind::List { member: &PAIR, min: None, max: Some(2) } };
    static INPUT: Shape = Shape {
        kind: Kind::Structure(&[
            Member { name: "name", required: true, shape: &TEXT },
            Member { name: "most", required: false, shape: &NUMBER },
            Member { name: "tags", required: false, shape: &PAIRS },
        ]),
    };

    fn input(body: &str) -> Result<Value, String> {
        let form = Form::read("", body.as_bytes()).map_err(|e| e.message)?;
        form.input(&INPUT).map_err(|e| format!("{} {}", e.code, e.message))
    }

    #[test]
    fn fields_become_members() {
        let value = input("Name=a+%2B&Most=3&Tags.member.1.Key=x&Tags.member.2.Key=y&Other=1").unwrap();
        assert_eq!(value.get("name"), Some(&"a +".into()));
        assert_eq!(value.get("most"), Some(&Value::Int(3)));
        let Some(Value::List(tags)) = value.get("tags") else { panic!("a list") };
        assert_eq!(tags[1].get("key"), Some(&"y".into()));
        let both = Form::read("Action=x&Name=q", b"Name=b").unwrap();
        assert_eq!((both.get("Action"), both.get("Name")), (Some("x"), Some("b")));
    }

    #[test]
    fn what_breaks_the_api_is_named() {
        for (body, said) in [
            (
                "",
                "ValidationError 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null",
            ),
            (
                "Name=abcd&Most=0",
                "ValidationError 2 validation errors detected: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 3; Value at 'most' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ),
            ("Name=a&Most=x", "MalformedInput Most must be a whole number of 32 bits"),
            ("Name=%ff", "The form is no UTF-8"),
        ] {
            assert_eq!(input(body).unwrap_err(), said, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(form) = Form::read("", &body) {
                let _ = form.input(&INPUT);
            }
        }
    }
}
