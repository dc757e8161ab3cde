//! Text → tree. The parser's events are turned into nodes without recursion, and everything the service refuses
//! before it looks at meaning is refused here: syntax, anchors, a second document, too much depth or size, duplicate
//! keys.

use super::{Entry, Mark, Node, Scalar, Style, Tree, cost, source::Source, source::Spot, syntax};
use crate::{issue::Issue, limits};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Read {
    /// The one document; an empty file is an empty scalar.
    pub root: Node,
    /// Mistakes that do not keep the rest from being read: duplicate keys.
    pub issues: Vec<Issue>,
    /// What it costs, by the rule of [`cost`].
    pub bytes: usize,
}

/// Reads `text` as file number `file`, called `name` in messages.
///
/// # Errors
/// The service's text for the first thing that makes the file unreadable.
pub(crate) fn read(text: &str, file: u16, name: &str) -> Result<Read, Vec<Issue>> {
    // A file may start with a byte order mark; places count from behind it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > limits::TREE_BYTES {
        return Err(vec![Issue::of_file(name, TOO_LARGE)]);
    }
    if let Some(at) = syntax::control_character(text) {
        return Err(syntax::at(name, at, "Control characters are not allowed"));
    }
    let mut text = Cow::Borrowed(text);
    let mut spent = 0_usize;
    loop {
        match Reader::new(&text, file, name).run() {
            Ok(read) => return Ok(read),
            Err(Stopped::Wrong(issues)) => return Err(issues),
            Err(Stopped::Tabs(blanks, issues)) => {
                spent = spent.saturating_add(text.len());
                if spent > REREAD {
                    return Err(issues);
                }
                let as_many = " ".repeat(blanks.len());
                text.to_mut().replace_range(blanks, &as_many);
            }
        }
    }
}

/// Bytes of a file that are read again for tabs that libyaml reads as blanks.
const REREAD: usize = 4 * 1024 * 1024;

/// Why reading ended early.
enum Stopped {
    Wrong(Vec<Issue>),
    /// The parser refuses tabs that libyaml takes for blanks: their bytes, and what to say if they cannot be replaced.
    Tabs(Range<usize>, Vec<Issue>),
}

impl From<Vec<Issue>> for Stopped {
    fn from(issues: Vec<Issue>) -> Self {
        Self::Wrong(issues)
    }
}

/// Text for a tree that is too deep. OBSERVED: the service's, for templates; we use it for plain nesting too.
pub(crate) const TOO_DEEP: &str = "Maximum object depth exceeded";
/// Text for a tree that is too large.
// CHOICE: by analogy with the text for depth.
pub(crate) const TOO_LARGE: &str = "Maximum object size exceeded";

/// A collection that is still open.
struct Open {
    mark: Mark,
    flow: bool,
    shape: Shape,
}

enum Shape {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: BTreeSet<String>, key: Option<(Mark, Scalar)> },
}

struct Reader<'a> {
    source: Source<'a>,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    file: u16,
    name: &'a str,
    /// Where to look for an indicator from: the end of the last scalar or bracket.
    from: Spot,
    open: Vec<Open>,
    root: Option<Node>,
    issues: Vec<Issue>,
    bytes: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, file: u16, name: &'a str) -> Self {
        Self {
            source: Source::new(text),
            parser: Parser::new_from_str(text),
            file,
            name,
            from: Spot { index: 0, mark: Mark { file, line: 1, col: 1 } },
            open: Vec::new(),
            root: None,
            issues: Vec::new(),
            bytes: 0,
        }
    }

    fn run(mut self) -> Result<Read, Stopped> {
        let mut documents = 0;
        while let Some(next) = self.parser.next_event() {
            let (event, span) = next.map_err(|e| self.refused(&e))?;
            match event {
                Event::DocumentStart(explicit) => {
                    documents += 1;
                    if documents > 1 {
                        // OBSERVED
                        let second = Issue::of_file(self.name, "Expected stream end parse event");
                        return Err(vec![second].into());
                    }
                    if explicit {
                        self.from = self.spot(span.end);
                    }
                }
                Event::Scalar(text, style, anchor, _) => self.scalar(&text, style, anchor, span)?,
                Event::SequenceStart(anchor, _) => self.sequence(anchor, span)?,
                Event::MappingStart(anchor, _) => self.mapping(anchor, span)?,
                Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
                // An alias needs an anchor before it, which was refused there.
                Event::Alias(_)
                | Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentEnd => {}
            }
        }
        let nothing = Node::text(Mark { file: self.file, line: 1, col: 1 }, "");
        Ok(Read { root: self.root.unwrap_or(nothing), issues: self.issues, bytes: self.bytes })
    }

    fn refused(&self, e: &ScanError) -> Stopped {
        let issues = syntax::unreadable(self.name, e, &self.source);
        match syntax::tabs_for_blanks(e, &self.source, self.open.last().is_some_and(|o| o.flow)) {
            Some(tabs) => Stopped::Tabs(tabs, issues),
            None => Stopped::Wrong(issues),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Vec<Issue>> {
        self.refuse_anchor(anchor, span)?;
        self.pay(cost(Some(text)))?;
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let mut mark = self.mark(span.start);
        // An absent value stands after its indicator.
        if span.is_empty() && matches!(self.source.char(span.start.index()), Some(':' | '-')) {
            mark.col += 1;
        }
        if matches!(style, Style::Literal | Style::Folded)
            && let Some(found) = self.source.origin(self.from, self.own_dash(), &['|', '>'])
        {
            mark = found.mark;
        }
        self.from = self.spot(span.end);
        self.put(mark, Tree::Scalar(Scalar { text: text.into(), style }))
    }

    fn sequence(&mut self, anchor: usize, span: Span) -> Result<(), Vec<Issue>> {
        self.refuse_anchor(anchor, span)?;
        let flow = self.opens_with(span, '[');
        let mut mark = self.mark(span.start);
        if flow {
            self.from = self.spot(span.end);
        } else if let Some(found) = self.source.origin(self.from, self.own_dash(), &['-']) {
            mark = found.mark;
            // The dash stays: the first item uses it up.
            self.from = found;
        }
        self.begin(Open { mark, flow, shape: Shape::Sequence(Vec::new()) })
    }

    fn mapping(&mut self, anchor: usize, span: Span) -> Result<(), Vec<Issue>> {
        self.refuse_anchor(anchor, span)?;
        let flow = self.opens_with(span, '{');
        if flow {
            self.from = self.spot(span.end);
        }
        let mark = self.mark(span.start);
        let shape = Shape::Mapping { entries: Vec::new(), seen: BTreeSet::new(), key: None };
        self.begin(Open { mark, flow, shape })
    }

    fn begin(&mut self, open: Open) -> Result<(), Vec<Issue>> {
        self.pay(cost(None))?;
        if self.open.len() >= limits::DEPTH {
            return Err(vec![Issue::of_file(self.name, TOO_DEEP)]);
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Vec<Issue>> {
        let Some(done) = self.open.pop() else { return Ok(()) };
        if done.flow {
            self.from = self.spot(span.end);
        }
        let tree = match done.shape {
            Shape::Sequence(items) => Tree::Sequence(items),
            Shape::Mapping { entries, .. } => Tree::Mapping(entries),
        };
        self.put(done.mark, tree)
    }

    /// Puts a finished value where it belongs: as key, value, item or root.
    fn put(&mut self, mark: Mark, tree: Tree) -> Result<(), Vec<Issue>> {
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(Node { mark, tree });
            return Ok(());
        };
        match &mut parent.shape {
            Shape::Sequence(items) => items.push(Node { mark, tree }),
            Shape::Mapping { entries, seen, key } => match (key.take(), tree) {
                (Some((at, text)), tree) => {
                    entries.push(Entry { mark: at, key: text, value: Node { mark, tree } });
                }
                (None, Tree::Scalar(text)) => {
                    // Keys with expressions are compared once it is known what they become.
                    if !text.text.contains("${{") && !seen.insert(fold(&text.text)) {
                        let message = already_defined(&text.text);
                        push_bounded(&mut self.issues, Issue::at(self.name, mark, message));
                    }
                    *key = Some((mark, text));
                }
                // CHOICE: the text that the service has for an expression which gives a collection as key.
                (None, _) => return Err(vec![Issue::at(self.name, mark, "Expected a scalar value")]),
            },
        }
        Ok(())
    }

    /// 1 if the node at hand is an item of a block sequence, and so has a `-` of its own before it.
    fn own_dash(&self) -> usize {
        usize::from(matches!(self.open.last(), Some(Open { flow: false, shape: Shape::Sequence(_), .. })))
    }

    fn opens_with(&self, span: Span, bracket: char) -> bool {
        span.end.index() > 0 && self.source.char(span.end.index() - 1) == Some(bracket)
    }

    fn refuse_anchor(&self, anchor: usize, span: Span) -> Result<(), Vec<Issue>> {
        if anchor == 0 {
            return Ok(());
        }
        let name = self.source.anchor(span.start.index());
        Err(vec![
            Issue::of_file(
                self.name,
                format!("Anchors are not currently supported. Remove the anchor '{name}'"),
            ),
            syntax::null_reference(),
        ])
    }

    fn pay(&mut self, bytes: usize) -> Result<(), Vec<Issue>> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > limits::TREE_BYTES {
            return Err(vec![Issue::of_file(self.name, TOO_LARGE)]);
        }
        Ok(())
    }

    fn mark(&self, at: Marker) -> Mark {
        Mark { file: self.file, line: narrow(at.line()), col: narrow(at.col() + 1) }
    }

    fn spot(&self, at: Marker) -> Spot {
        Spot { index: at.index(), mark: self.mark(at) }
    }
}

/// Appends unless there are enough already.
pub(crate) fn push_bounded(issues: &mut Vec<Issue>, issue: Issue) {
    if issues.len() < limits::ISSUES {
        issues.push(issue);
    }
}

/// Keys are compared without regard to case.
pub(crate) fn fold(key: &str) -> String {
    if key.is_ascii() { key.to_ascii_lowercase() } else { key.to_lowercase() }
}

/// The text for a key given twice.
pub(crate) fn already_defined(key: &str) -> String {
    format!("'{key}' is already defined")
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
