//! XML out and in. Out: elements in order, escaped. In: a small tree, without attributes, bounded.

use crate::error::{Error, Result};
use quick_xml::{Reader, events::Event};

/// The namespace of S3's documents.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// How deep a document may be.
const DEPTH: usize = 16;
/// How many elements it may have: 10 000 parts with five members each stay below it.
const ELEMENTS: usize = 200_000;

/// A document on its way out.
pub struct Document {
    text: String,
    open: Vec<&'static str>,
}

impl Document {
    /// With this root, in S3's namespace.
    pub fn new(root: &'static str) -> Document {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">");
        Document { text, open: vec![root] }
    }
    /// With this root, in no namespace, as errors have it.
    pub fn bare(root: &'static str) -> Document {
        Document { text: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>"), open: vec![root] }
    }
    /// An element with text.
    pub fn text(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        self.text.push_str(&format!("<{name}>"));
        escape(value.as_ref(), &mut self.text);
        self.text.push_str(&format!("</{name}>"));
        self
    }
    /// An element with text, when there is one.
    pub fn maybe(&mut self, name: &str, value: Option<impl AsRef<str>>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }
    /// Text of the element that is open.
    pub fn bare_text(&mut self, value: &str) -> &mut Self {
        escape(value, &mut self.text);
        self
    }
    /// Opens an element.
    pub fn open(&mut self, name: &'static str) -> &mut Self {
        self.text.push_str(&format!("<{name}>"));
        self.open.push(name);
        self
    }
    /// Closes the element that was opened last.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.text.push_str(&format!("</{name}>"));
        }
        self
    }
    /// All of it.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Readers would take a plain one for a line end.
            '\r' => out.push_str("&#13;"),
            // XML 1.0 has no form for these at all; the service writes them so too.
            c if c < ' ' && c != '\t' && c != '\n' => out.push_str(&format!("&#x{:x};", u32::from(c))),
            c => out.push(c),
        }
    }
}

/// An element of a document that came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Element {
    /// Its name, without a prefix.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The elements of a name in it.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
    /// The text of the first element of a name in it.
    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next().map(|child| child.text.as_str())
    }
}

/// Reads a document.
///
/// # Errors
/// `MalformedXML`.
pub fn read(bytes: &[u8]) -> Result<Element> {
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0;
    let bad = || Error::MalformedXml;
    loop {
        let event = reader.read_event().map_err(|_| bad())?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                count += 1;
                if open.len() >= DEPTH || count > ELEMENTS || root.is_some() {
                    return Err(bad());
                }
                let name = String::from_utf8(start.local_name().as_ref().to_vec()).map_err(|_| bad())?;
                let element = Element { name, ..Element::default() };
                if matches!(event, Event::Empty(_)) {
                    close(element, &mut open, &mut root);
                } else {
                    open.push(element);
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(bad)?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|_| bad())?;
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                } else if !text.trim().is_empty() {
                    return Err(bad());
                }
            }
            Event::CData(data) => {
                let text = data.decode().map_err(|_| bad())?;
                open.last_mut().ok_or_else(bad)?.text.push_str(&text);
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|_| bad())?;
                let text = match reference.resolve_char_ref().map_err(|_| bad())? {
                    Some(character) => character.to_string(),
                    // Only XML's own: a document's own entities are not read.
                    None => quick_xml::escape::resolve_xml_entity(&name).ok_or_else(bad)?.to_owned(),
                };
                open.last_mut().ok_or_else(bad)?.text.push_str(&text);
            }
            Event::DocType(_) => return Err(bad()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return root.filter(|_| open.is_empty()).ok_or_else(bad),
        }
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_clients_send_is_read() {
        let delete = br#"<?xml version="1.0" encoding="UTF-8"?>
            <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a &amp; b&#10;</Key></Object>
            <s3:Object xmlns:s3="x"><Key><![CDATA[<c>]]></Key></s3:Object><Quiet/></Delete>"#;
        let read = read(delete).unwrap();
        let keys: Vec<&str> = read.all("Object").filter_map(|object| object.get("Key")).collect();
        assert_eq!((read.name.as_str(), keys), ("Delete", vec!["a & b\n", "<c>"]));
        assert_eq!(read.get("Quiet"), Some(""));
    }

    #[test]
    fn other_things_are_refused() {
        let deep = "<a>".repeat(DEPTH + 1) + &"</a>".repeat(DEPTH + 1);
        for bad in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "</a>",
            "<a>&unknown;</a>",
            "<a>&#xD800;</a>",
            &deep,
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "<a/>x",
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Error::MalformedXml), "{bad}");
        }
        assert_eq!(read(b"<a>\xff</a>"), Err(Error::MalformedXml));
    }

    proptest! {
        #[test]
        fn text_comes_back_as_it_was_written(text in "[ -~äß€\t\n\r&<>\"']{0,40}") {
            let mut document = Document::new("Root");
            document.open("In").text("Text", &text).close();
            let read = read(document.finish().as_bytes()).unwrap();
            prop_assert_eq!(read.children[0].get("Text"), Some(text.as_str()));
        }
        #[test]
        fn any_text_is_read_or_refused(text in "[<>/a&;#x!\\[\\]\" =-]{0,60}") {
            let _ = read(text.as_bytes());
        }
    }
}
