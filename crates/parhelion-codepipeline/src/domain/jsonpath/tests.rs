use super::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

fn store() -> Value {
    json!({
        "store": {
            "book": [
                {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95, "tags": ["a", "b"]},
                {"category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99, "tags": []},
                {"category": "fiction", "author": "Melville", "title": "Moby", "isbn": "0-553", "price": 8.99},
                {"category": "fiction", "author": "Tolkien", "title": "Lord", "isbn": "0-395", "price": 22.99}],
            "bicycle": {"color": "red", "price": 19.95, "the wheel": {"a": 1, "b": 2}}},
        "head-commit": {"id": "x"}, "expensive": 10, "n": "10", "none": null})
}

/// What a path selects, or why it is none.
fn selected(path: &str) -> String {
    match parse(path) {
        Err(bad) => format!("! {bad}"),
        Ok(path) => match path.select(&store()).unwrap() {
            Selection::Missing => "missing".to_owned(),
            Selection::One(value) => value.to_string(),
            Selection::Many(values) => {
                format!("[ {} ]", values.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(" , "))
            }
        },
    }
}

fn check(path: &str, expected: Expect) {
    expected.assert_eq(&selected(path));
}

#[test]
fn definite_paths() {
    check("$.store.bicycle.color", expect![[r#""red""#]]);
    check("store.bicycle.color", expect![[r#""red""#]]);
    check("@.expensive", expect!["10"]);
    check("$['store'][\"bicycle\"]['the wheel'].a", expect!["1"]);
    check("$.['store'].bicycle['color']", expect![[r#""red""#]]);
    check("$.head-commit.id", expect![[r#""x""#]]);
    check("$.store.book[0].title", expect![[r#""Sayings""#]]);
    check("$.store.book[-1].title", expect![[r#""Lord""#]]);
    check("$.store.book[4]", expect!["missing"]);
    check("$.store.book[-5]", expect!["missing"]);
    check("$.store.book.title", expect!["missing"]);
    check("$.none", expect!["null"]);
    check("$.none.more", expect!["missing"]);
    check("$.nothing", expect!["missing"]);
    check("$.store.bicycle['color','price','nope']", expect![[r#"[ "red" , 19.95 ]"#]]);
    assert!(selected("$").starts_with("{\"store\""));
}

#[test]
fn indefinite_paths() {
    check("$.store.book[*].author", expect![[r#"[ "Rees" , "Waugh" , "Melville" , "Tolkien" ]"#]]);
    check("$..author", expect![[r#"[ "Rees" , "Waugh" , "Melville" , "Tolkien" ]"#]]);
    check("$.store.*.color", expect![[r#"[ "red" ]"#]]);
    check("$.store..price", expect!["[ 8.95 , 12.99 , 8.99 , 22.99 , 19.95 ]"]);
    check("$..book[2].title", expect![[r#"[ "Moby" ]"#]]);
    check("$..book[0,1].title", expect![[r#"[ "Sayings" , "Sword" ]"#]]);
    check("$..book[:2].title", expect![[r#"[ "Sayings" , "Sword" ]"#]]);
    check("$..book[1:3].title", expect![[r#"[ "Sword" , "Moby" ]"#]]);
    check("$..book[-2:].title", expect![[r#"[ "Moby" , "Lord" ]"#]]);
    check("$..book[5:1].title", expect!["[  ]"]);
    // As Jayway goes through the places, not as others do.
    check("$..book[:-2].title", expect![[r#"[ "Sayings" , "Sword" ]"#]]);
    check("$..book[-2:1].title", expect![[r#"[ "Moby" , "Lord" , "Sayings" ]"#]]);
    check("$..book[-3:-1].title", expect![[r#"[ "Sword" , "Moby" ]"#]]);
    check("$..book[0:-1].title", expect!["[  ]"]);
    check(
        "$..book[-2147483648:1].title",
        expect![[r#"[ "Sayings" , "Sword" , "Moby" , "Lord" , "Sayings" ]"#]],
    );
    check("$..book[0:4:2].title", expect![[r#"[ "Sayings" , "Sword" , "Moby" , "Lord" ]"#]]);
    check("$..book[2::2].title", expect![[r#"[ "Moby" , "Lord" ]"#]]);
    check(
        "$.store.book[*]['author','title']",
        expect![[r#"[ "Rees" , "Sayings" , "Waugh" , "Sword" , "Melville" , "Moby" , "Tolkien" , "Lord" ]"#]],
    );
    check("$..nope", expect!["[  ]"]);
}

#[test]
fn filters() {
    for (filter, expected) in [
        ("@.isbn", expect![[r#"[ "Moby" , "Lord" ]"#]]),
        ("!@.isbn", expect![[r#"[ "Sayings" , "Sword" ]"#]]),
        ("@.price < 10", expect![[r#"[ "Sayings" , "Moby" ]"#]]),
        ("@.price <= $.expensive", expect![[r#"[ "Sayings" , "Moby" ]"#]]),
        ("@.price > 8.95 && @.price < 20", expect![[r#"[ "Sword" , "Moby" ]"#]]),
        ("@.price>=22.99 || @.author=='Rees'", expect![[r#"[ "Sayings" , "Lord" ]"#]]),
        ("!(@.price < 20)", expect![[r#"[ "Lord" ]"#]]),
        ("@.category == 'fiction'", expect![[r#"[ "Sword" , "Moby" , "Lord" ]"#]]),
        ("@['category'] != \"fiction\"", expect![[r#"[ "Sayings" ]"#]]),
        ("@.isbn != 'x'", expect![[r#"[ "Sayings" , "Sword" , "Moby" , "Lord" ]"#]]),
        ("@.isbn == null", expect!["[  ]"]),
        ("@.author =~ /.*LK.*/i", expect![[r#"[ "Lord" ]"#]]),
        ("@.author =~ /Tol/", expect!["[  ]"]),
        ("@.author in ['Rees', 'Waugh']", expect![[r#"[ "Sayings" , "Sword" ]"#]]),
        ("@.author nin ['Rees', 'Waugh']", expect![[r#"[ "Moby" , "Lord" ]"#]]),
        ("'a' in @.tags", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags contains 'b'", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags anyof ['b', 'c']", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags noneof ['b', 'c']", expect![[r#"[ "Sword" ]"#]]),
        ("@.tags subsetof ['a', 'b', 'c']", expect![[r#"[ "Sayings" , "Sword" ]"#]]),
        ("@.tags =~ /B/i", expect![[r#"[ "Sayings" ]"#]]),
        ("@.isbn =~ /(0-5.*)?/", expect![[r#"[ "Sayings" , "Sword" , "Moby" ]"#]]),
        ("@.tags all ['a', 'b']", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags ALL []", expect![[r#"[ "Sayings" , "Sword" ]"#]]),
        ("@.price === 8.95", expect![[r#"[ "Sayings" ]"#]]),
        ("@.price === '8.95'", expect!["[  ]"]),
        ("@.price !== '8.95' && @.price == '8.95'", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags == ['a', 'b']", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags size 2", expect![[r#"[ "Sayings" ]"#]]),
        ("@.tags empty true", expect![[r#"[ "Sword" ]"#]]),
        ("@.tags.length() > 1", expect![[r#"[ "Sayings" ]"#]]),
        ("@.title == 'it\\'s'", expect!["[  ]"]),
        ("@..price == 8.95", expect!["[  ]"]),
    ] {
        expected.assert_eq(&selected(&format!("$.store.book[?({filter})].title")));
    }
    check("$.store[?(@ == {'color': 'red'})]", expect!["[  ]"]);
    check("$.store[*][?(@['the wheel'] == {\"a\": 1, 'b': 2})].color", expect![[r#"[ "red" ]"#]]);
    check("$[?(@.expensive == '10')].expensive", expect!["[ 10 ]"]);
    check("$[?(@.expensive == $.n)].n", expect![[r#"[ "10" ]"#]]);
    check("$[?(@.expensive < '9')].n", expect!["[  ]"]);
    check("$..[?(@.color)].color", expect![[r#"[ "red" ]"#]]);
    check("$..[?(@.a == 1)]", expect![[r#"[ {"a":1,"b":2} ]"#]]);
    check("$..tags[?(@ == 'a')]", expect![[r#"[ "a" ]"#]]);
}

#[test]
fn functions_stand_at_the_end() {
    check("$.store.book.length()", expect!["4"]);
    check("$.store.book.size()", expect!["4"]);
    check("$.store.bicycle.length( )", expect!["3"]);
    check("$.expensive.length()", expect!["missing"]);
    check("$..book.length()", expect!["[ 4 ]"]);
    check("$.store.length", expect!["missing"]);
    check("$.store.book.length().x", expect!["! something after the end of the path at character 22"]);
    check("$.store.book.sum()", expect!["! there is no function sum() at character 18"]);
}

#[test]
fn what_is_no_path() {
    for (path, expected) in [
        ("", expect!["! a name is missing at character 1"]),
        ("$.", expect!["! a name is missing at character 3"]),
        ("$..", expect!["! a name is missing at character 4"]),
        ("$x", expect!["! something after the end of the path at character 2"]),
        ("$.a b", expect!["! something after the end of the path at character 4"]),
        ("$[", expect!["! a name in quotes, a number, * or ?(…) is missing at character 3"]),
        ("$[]", expect!["! a name in quotes, a number, * or ?(…) is missing at character 3"]),
        ("$['a]", expect!["! the text in quotes does not end at character 6"]),
        ("$['a'", expect!["! ']' is missing at character 6"]),
        ("$[a]", expect!["! a name in quotes, a number, * or ?(…) is missing at character 3"]),
        ("$[1:2:3:4]", expect!["! ']' is missing at character 8"]),
        ("$[::2]", expect!["! a slice needs a number at character 4"]),
        ("$[?(@.x == {1: 2})]", expect!["! a text in quotes is missing at character 14"]),
        ("$[:]", expect!["! a slice needs a number at character 4"]),
        ("$[99999999999]", expect!["! a whole number is missing at character 14"]),
        ("$[?]", expect!["! '(' is missing at character 4"]),
        ("$[?@.x]", expect!["! '(' is missing at character 4"]),
        ("$[?()]", expect!["! a path or a value is missing at character 5"]),
        ("$[?(@.x ==)]", expect!["! a path or a value is missing at character 11"]),
        ("$[?(@.x = 1)]", expect!["! ')' is missing at character 9"]),
        ("$[?('x')]", expect!["! an operator is missing at character 8"]),
        ("$[?(@.x == y)]", expect!["! a path or a value is missing at character 12"]),
        ("$[?(@.x =~ 'y')]", expect!["! =~ and /pattern/ go together at character 15"]),
        ("$[?(@.x == /y/)]", expect!["! =~ and /pattern/ go together at character 15"]),
        ("$[?(@.x =~ /(/)]", expect!["! the pattern cannot be used at character 15"]),
        ("$[?(@.x =~ /a)|(?:b/)]", expect!["! the pattern cannot be used at character 21"]),
        ("$[?(@.x =~ /a{1000}{1000}{1000}/)]", expect!["! the pattern cannot be used at character 33"]),
        ("$[?(@.x =~ /(?=a)/)]", expect!["! the pattern cannot be used at character 19"]),
        ("$[?(@.x =~ /a/q)]", expect!["! no such flag of a pattern at character 15"]),
        ("$['\\u12']", expect![[r#"! \u needs four hexadecimal digits at character 6"#]]),
    ] {
        expected.assert_eq(&selected(path));
    }
    let deep = format!("$[?({}@.x{})]", "(".repeat(60), ")".repeat(60));
    assert!(selected(&deep).contains("too deeply nested"));
    let nested = "$[?(@".to_owned() + &"[?(@".repeat(60);
    assert!(selected(&nested).contains("too deeply nested"));
    assert!(selected(&"a".repeat(PATH_BYTES_MAX + 1)).contains("more than 4096 bytes"));
}

#[test]
fn an_endless_evaluation_is_given_up() {
    let wide = json!(vec![vec![vec![1; 10]; 100]; 100]);
    assert_eq!(parse("$..*..*..*..*").unwrap().select(&wide), Err(TooMuch));
    assert_eq!(parse("$[?($..* == $..*)]").unwrap().select(&wide), Err(TooMuch));
}

/// Documents of few names, so that paths often lead somewhere.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        "[ab1]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// Steps that mean the same in both dialects. (Filters do on lists only, slices while no place but one counts from the
/// end, and `..` comes out in another order.)
fn shared_path() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        "[abc]".prop_map(|n| format!(".{n}")),
        "[abc]".prop_map(|n| format!("['{n}']")),
        Just("['a','b']".to_owned()),
        (-2i64..3).prop_map(|i| format!("[{i}]")),
        Just("[*]".to_owned()),
        Just(".*".to_owned()),
        (0i64..3, 0i64..4).prop_map(|(a, b)| format!("[{a}:{b}]")),
        (-2i64..3).prop_map(|a| format!("[{a}:]")),
        (-2i64..3).prop_map(|b| format!("[:{b}]")),
        "[abc]".prop_map(|n| format!("..{n}")),
    ];
    proptest::collection::vec(step, 0..4).prop_map(|steps| format!("${}", steps.concat()))
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_both_dialects_share_selects_the_same(path in shared_path(), document in document()) {
        let theirs = serde_json_path::JsonPath::parse(&path).unwrap();
        let theirs = sorted(theirs.query(&document).all().into_iter().map(Value::to_string).collect());
        let ours = match parse(&path).unwrap().select(&document).unwrap() {
            Selection::Missing => Vec::new(),
            Selection::One(value) => vec![value.to_string()],
            Selection::Many(values) => values.iter().map(|v| v.to_string()).collect(),
        };
        prop_assert_eq!(sorted(ours), theirs);
    }

    #[test]
    fn filters_on_lists_select_the_same(
        items in proptest::collection::vec(document(), 0..5),
        name in "[abc]",
        operator in proptest::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]),
        literal in prop_oneof!["[ab]{0,2}".prop_map(|t| format!("'{t}'")), (-3i64..4).prop_map(|n| n.to_string())],
    ) {
        // Objects only, with texts and numbers kept apart: a filter on other items, and `'1' == 1`, is where the
        // dialects part.
        let is_plain = |v: &Value| v.get(&name).is_none_or(|v| match v {
            Value::String(_) => literal.starts_with('\''),
            Value::Number(_) => !literal.starts_with('\''),
            _ => false,
        });
        let document = Value::Array(items.into_iter().filter(|v| v.is_object() && is_plain(v)).collect());
        let path = format!("$[?(@.{name} {operator} {literal})]");
        let theirs = serde_json_path::JsonPath::parse(&path).unwrap();
        let theirs: Vec<String> = theirs.query(&document).all().into_iter().map(Value::to_string).collect();
        let Selection::Many(ours) = parse(&path).unwrap().select(&document).unwrap() else { panic!("definite") };
        prop_assert_eq!(ours.iter().map(|v| v.to_string()).collect::<Vec<_>>(), theirs);
    }

    #[test]
    fn any_text_is_a_path_or_refused(text in ".{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_likely_text_is_a_path_or_refused_and_evaluation_is_total(
        text in r"[$@.\[\]()?*:,'ab0-2 =!<>&|~/in-]{0,30}",
        document in document(),
    ) {
        for path in [text.clone(), format!("$[?({text})]"), format!("$[?(@.a {text})]")] {
            if let Ok(path) = parse(&path) {
                let _ = path.select(&document);
            }
        }
    }
}
