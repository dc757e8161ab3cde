//! The emitter against a second one, and against the reader.

use super::{Entry, Mark, Node, Scalar, Style, Tree, emit::emit, read::read, scalar};
use libyaml_safer::{Emitter, Encoding, Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};
use proptest::prelude::*;

fn scalars(text: &'static str) -> impl Strategy<Value = Scalar> {
    let styles = prop_oneof![
        Just(Style::Any),
        Just(Style::Plain),
        Just(Style::Single),
        Just(Style::Double),
        Just(Style::Literal),
        Just(Style::Folded)
    ];
    (text, styles).prop_map(|(text, style)| Scalar { text: text.into(), style })
}

fn trees(text: &'static str, key: &'static str) -> impl Strategy<Value = Node> {
    let at = Mark { file: 0, line: 1, col: 1 };
    let leaf = scalars(text).prop_map(move |s| Node { mark: at, tree: Tree::Scalar(s) });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let entries = prop::collection::btree_map(key, (scalars(key), inner.clone()), 0..4);
        let mapping = entries.prop_map(move |entries| {
            let entry = |(name, (style, value)): (String, (Scalar, Node))| Entry {
                mark: at,
                key: Scalar { text: name.into(), style: style.style },
                value,
            };
            Node { mark: at, tree: Tree::Mapping(entries.into_iter().map(entry).collect()) }
        });
        let sequence = prop::collection::vec(inner, 0..4)
            .prop_map(move |items| Node { mark: at, tree: Tree::Sequence(items) });
        prop_oneof![mapping, sequence]
    })
}

/// The same tree by the other library; it is told the style that "any" stands for.
fn by_libyaml(root: &Node) -> String {
    let mut out = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output_string(&mut out);
    emitter.set_width(-1);
    emitter.set_unicode(true);
    let mut events = vec![Event::stream_start(Encoding::Utf8), Event::document_start(None, &[], true)];
    events_of(root, &mut events);
    events.extend([Event::document_end(true), Event::stream_end()]);
    for event in events {
        emitter.emit(event).expect("the events are in order");
    }
    drop(emitter);
    String::from_utf8(out).expect("it writes UTF-8")
}

fn events_of(node: &Node, out: &mut Vec<Event>) {
    let mut scalar = |s: &Scalar| {
        let style = match s.style {
            Style::Any | Style::Typed if s.text.contains('\n') => ScalarStyle::Folded,
            Style::Any | Style::Typed | Style::Plain if s.text.is_empty() => ScalarStyle::SingleQuoted,
            Style::Any | Style::Typed | Style::Plain => ScalarStyle::Plain,
            Style::Single => ScalarStyle::SingleQuoted,
            Style::Double => ScalarStyle::DoubleQuoted,
            Style::Literal => ScalarStyle::Literal,
            Style::Folded => ScalarStyle::Folded,
        };
        out.push(Event::scalar(None, None, &s.text, true, true, style));
    };
    match &node.tree {
        Tree::Scalar(s) => scalar(s),
        Tree::Sequence(items) => {
            out.push(Event::sequence_start(None, None, true, SequenceStyle::Block));
            items.iter().for_each(|i| events_of(i, out));
            out.push(Event::sequence_end());
        }
        Tree::Mapping(entries) => {
            out.push(Event::mapping_start(None, None, true, MappingStyle::Block));
            for e in entries {
                events_of(&Node { mark: e.mark, tree: Tree::Scalar(e.key.clone()) }, out);
                events_of(&e.value, out);
            }
            out.push(Event::mapping_end());
        }
    }
}

/// Whether a folded text meets that library's one slip: after a break it looks at the second character of the next
/// line where the first one counts.
fn slips(node: &Node) -> bool {
    let text = |s: &Scalar| {
        let ends = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '\t' | '\n'));
        s.text.match_indices('\n').any(|(at, _)| {
            let mut rest = s.text[at..].trim_start_matches('\n').chars();
            ends(rest.next()) != ends(rest.next())
        })
    };
    match &node.tree {
        Tree::Scalar(s) => text(s),
        Tree::Sequence(items) => items.iter().any(slips),
        Tree::Mapping(entries) => entries.iter().any(|e| slips(&e.value)),
    }
}

/// Texts with everything that makes a difference to both.
const TEXT: &str = "([a-c]|[-:#?&*!%@`'\"\\[\\]{},|>~ ]|\n|é|\u{7}|: | #|- |---|\\.\\.\\.){0,8}";
const KEY: &str = "[a-c:# é'\"-]{0,5}";
/// Those on which we differ on purpose, too.
const WILD: &str =
    "([a-c]|[-:#?&*!%@`'\"\\\\\\[\\]{},|>~ \t]|\n|\r|\u{85}|\u{2028}|\u{feff}|\u{0}|🙂|0\\.5){0,8}";
const WILD_KEY: &str = "([a-c:# '\"\\\\\t-]|\n|🙂){0,5}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn writes_what_libyaml_writes(root in trees(TEXT, KEY)) {
        prop_assume!(!slips(&root));
        let ours = emit(&root);
        let theirs = by_libyaml(&root);
        // Ours ends with an empty line; theirs marks the end of a document whose last block keeps its breaks.
        let theirs = theirs.strip_suffix("\n...\n").unwrap_or(&theirs);
        prop_assert_eq!(ours.trim_end_matches('\n'), theirs.trim_end_matches('\n'));
    }

    #[test]
    fn reads_back_what_it_writes(root in trees(WILD, WILD_KEY)) {
        let text = emit(&root);
        match read(&text, 0, "f") {
            Ok(again) => {
                prop_assert!(again.root.same_content(&root), "{text}\n{:?}", again.root);
                prop_assert_eq!(emit(&again.root), text);
            }
            Err(issues) => return Err(TestCaseError::fail(format!("{issues:?}\n{text}"))),
        }
    }

    #[test]
    fn a_style_that_fits_is_kept(text in "[a-z]{1,5}") {
        for style in [Style::Plain, Style::Single, Style::Double, Style::Literal, Style::Folded] {
            prop_assert_eq!(scalar::choose(&text, style, false), style);
        }
    }
}

/// Where libyaml sees each key, scalar and collection begin, in the order of its events.
fn places_by_libyaml(text: &str) -> Vec<(u32, u32)> {
    let mut input = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut out = Vec::new();
    for event in &mut parser {
        let event = event.expect("it was emitted");
        let starts = matches!(
            event.data,
            EventData::Scalar { .. } | EventData::SequenceStart { .. } | EventData::MappingStart { .. }
        );
        if starts {
            let mark = event.start_mark;
            out.push((u32::try_from(mark.line).unwrap() + 1, u32::try_from(mark.column).unwrap() + 1));
        }
    }
    out
}

/// The same of our tree.
fn places(node: &Node, out: &mut Vec<(u32, u32)>) {
    out.push((node.mark.line, node.mark.col));
    match &node.tree {
        Tree::Scalar(_) => {}
        Tree::Sequence(items) => items.iter().for_each(|i| places(i, out)),
        Tree::Mapping(entries) => {
            for e in entries {
                out.push((e.mark.line, e.mark.col));
                places(&e.value, out);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn sees_places_where_libyaml_sees_them(root in trees(TEXT, KEY), comment in any::<bool>()) {
        let mut text = emit(&root);
        if comment {
            text = format!("# a - b: |\n\n--- # é\n{text}");
        }
        let ours = read(&text, 0, "f").expect("it was emitted");
        let mut found = Vec::new();
        places(&ours.root, &mut found);
        prop_assert_eq!(found, places_by_libyaml(&text), "{}", text);
    }
}
