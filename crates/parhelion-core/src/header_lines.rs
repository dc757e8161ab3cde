//! The headers of a message as they are kept: all in one text.

/// Room that most messages' headers find enough; given back where it is not used.
const USUAL_BYTES: usize = 512;

/// Headers in order, names and values in one piece of memory: a record of each request is kept, and seldom looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderLines(Box<str>);

impl HeaderLines {
    /// The headers of a message. Bytes of values that are no UTF-8 become U+FFFD; neither names nor values hold line
    /// breaks (RFC 9110, 5.5).
    pub fn new<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut lines = String::with_capacity(USUAL_BYTES);
        for (name, value) in headers {
            lines.push_str(name);
            lines.push(':');
            match std::str::from_utf8(value) {
                Ok(value) => lines.push_str(value),
                Err(_) => lines.push_str(&String::from_utf8_lossy(value)),
            }
            lines.push('\n');
        }
        HeaderLines(lines.into_boxed_str())
    }
    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(':'))
    }
    /// Whether a header of that name has that value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_in_order() {
        let headers: [(&str, &[u8]); 4] = [("host", b"a:80"), ("x", b""), ("x", b" b: c"), ("y", b"\xff")];
        let lines = HeaderLines::new(headers.into_iter());
        let all: Vec<_> = lines.iter().collect();
        assert_eq!(all, [("host", "a:80"), ("x", ""), ("x", " b: c"), ("y", "\u{fffd}")]);
        assert!(lines.has("HOST", "a:80") && !lines.has("host", "a"));
    }
}
