//! Secrets in what a step says: however they come, they are not shown.

use std::collections::BTreeSet;

use crate::domain::variables::MASK;

/// Longest piece of a line that is taken as one, bytes; a longer line becomes several.
// CHOICE: the agent keeps lines whole; here one line may not take all memory.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Secrets that are looked for at once; of more, the longest.
const MAX_SECRETS: usize = 1_000;

/// Knows secrets, and hides them.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    secrets: BTreeSet<String>,
}

impl Masker {
    /// Adds a secret, and the forms in which it is likely to be printed: its lines, in JSON, in a URL.
    // OBSERVED: the agent's own encoders.
    pub fn add(&mut self, secret: &str) {
        let mut forms = vec![secret.to_owned()];
        if secret.contains('\n') {
            forms.extend(secret.lines().map(|line| line.trim_end_matches('\r').to_owned()));
        }
        let json = serde_json::Value::from(secret).to_string();
        forms.extend(json.get(1..json.len() - 1).map(str::to_owned));
        forms.push(crate::show::segment(secret).to_string());
        for form in forms {
            if !form.trim().is_empty() && self.secrets.len() < MAX_SECRETS {
                self.secrets.insert(form);
            }
        }
    }
    /// A text without the secrets.
    pub fn mask(&self, text: &str) -> String {
        let ranges = self.ranges(text);
        if ranges.is_empty() {
            return text.to_owned();
        }
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for (start, end) in ranges {
            out.push_str(text.get(from..start).unwrap_or_default());
            out.push_str(MASK);
            from = end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        out
    }
    /// Where secrets are, in order; those that touch or overlap are one.
    fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for secret in &self.secrets {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.find(secret.as_str())) {
                found.push((from + at, from + at + secret.len()));
                // One character on: a secret may overlap itself.
                from += at + text.get(from + at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
            }
        }
        found.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (start, end) in found {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged
    }
    fn longest(&self) -> usize {
        self.secrets.iter().map(String::len).max().unwrap_or(0)
    }
}

/// Cuts a stream of bytes into lines. A line that is too long is cut too, but never within a secret.
#[derive(Debug, Default)]
pub struct Splitter {
    left: Vec<u8>,
}

impl Splitter {
    /// Takes more bytes; the lines that they complete.
    pub fn take(&mut self, bytes: &[u8], masker: &Masker) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|b| *b == b'\n') {
            self.left.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            lines.push(self.line());
        }
        self.left.extend_from_slice(rest);
        if self.left.len() > MAX_LINE_BYTES {
            let text = self.line();
            // What may be the beginning of a secret stays until the rest of it has come.
            let mut cut = text.len().saturating_sub(masker.longest());
            if let Some((_, end)) =
                masker.ranges(&text).into_iter().find(|(start, end)| *start < cut && cut < *end)
            {
                cut = end;
            }
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let (whole, begun) = text.split_at(cut);
            self.left.extend_from_slice(begun.as_bytes());
            lines.push(whole.to_owned());
        }
        lines
    }
    /// What is left when nothing more comes.
    pub fn end(&mut self) -> Option<String> {
        (!self.left.is_empty()).then(|| self.line())
    }
    fn line(&mut self) -> String {
        let bytes = std::mem::take(&mut self.left);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        // What cannot stand in a log is shown as replaced.
        String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_hidden_in_their_forms() {
        let mut masker = Masker::default();
        for secret in ["hunter2", "a b&c", "one\ntwo", "", "say \"x\"", "ababa"] {
            masker.add(secret);
        }
        for (text, want) in [
            ("xhunter2x hunter2", "x***x ***"),
            ("?q=a%20b%26c&r=a b&c", "?q=***&r=***"),
            ("one", "***"),
            ("it is one and two", "it is *** and ***"),
            ("{\"t\":\"say \\\"x\\\"\"}", "{\"t\":\"***\"}"),
            ("abababa", "***"),
            ("hunter", "hunter"),
        ] {
            assert_eq!(masker.mask(text), want, "{text}");
        }
    }

    #[test]
    fn an_endless_line_is_cut_but_no_secret_is() {
        let mut masker = Masker::default();
        masker.add("hunter2");
        let (mut splitter, mut out) = (Splitter::default(), String::new());
        let mut feed = |splitter: &mut Splitter, bytes: &[u8]| {
            splitter.take(bytes, &masker).iter().for_each(|line| out.push_str(&masker.mask(line)));
        };
        // The pieces end everywhere within the secret.
        for n in 0..7 {
            feed(&mut splitter, &vec![b'x'; MAX_LINE_BYTES - n]);
            feed(&mut splitter, b"hunt");
            feed(&mut splitter, b"er2");
        }
        splitter.end().into_iter().for_each(|line| out.push_str(&masker.mask(&line)));
        assert!(!out.contains("hunter2"));
        assert_eq!(out.matches("***").count(), 7);
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_lines(text in "[a-c\n\r]{0,80}", cuts in proptest::collection::vec(0..80usize, 0..6)) {
            let whole = Splitter::default().all(&[text.as_bytes()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &text.as_bytes()[w[0]..w[1]]).collect();
            prop_assert_eq!(Splitter::default().all(&pieces), whole);
        }

        #[test]
        fn no_secret_is_left(secrets in proptest::collection::vec("[ab]{1,4}", 1..4), text in "[abc]{0,40}") {
            let mut masker = Masker::default();
            secrets.iter().for_each(|s| masker.add(s));
            let masked = masker.mask(&text);
            prop_assert!(secrets.iter().all(|s| !masked.contains(s.as_str())), "{}", masked);
        }
    }

    impl Splitter {
        fn all(mut self, pieces: &[&[u8]]) -> Vec<String> {
            let masker = Masker::default();
            let mut lines: Vec<String> = pieces.iter().flat_map(|p| self.take(p, &masker)).collect();
            lines.extend(self.end());
            lines
        }
    }
}
