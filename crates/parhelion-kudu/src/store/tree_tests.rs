use super::*;
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn put(tree: &mut Tree, path: &str, text: &str, now: i64) -> Result<(), Obstacle> {
    let content = Content::new(Bytes::copy_from_slice(text.as_bytes()));
    tree.put(path, content.hash(), content, now)
}
fn names(tree: &Tree, folder: &str) -> Vec<String> {
    let slash = |node: &Node| if matches!(node, Node::Folder(_)) { "/" } else { "" };
    tree.children(folder).iter().map(|(name, node)| format!("{name}{}", slash(node))).collect()
}

#[test]
fn a_file_brings_its_folders_and_leaves_them_behind() {
    let mut tree = Tree::default();
    put(&mut tree, "a/b/c.txt", "1", 5).unwrap();
    put(&mut tree, "a/b-d", "22", 5).unwrap();
    assert_eq!((names(&tree, ""), names(&tree, "a")), (vec!["a/".into()], vec!["b/".into(), "b-d".into()]));
    assert_eq!(tree.bytes(), 3);
    tree.remove("a/b/c.txt", 6).unwrap();
    assert!(tree.is_folder("a/b"));
    tree.prune("a/b/c.txt", "a");
    assert!(!tree.is_folder("a/b") && tree.is_folder("a"));
    assert_eq!(tree.remove_folder("a", 7), 2);
    assert_eq!((tree.nodes(), tree.bytes()), (0, 0));
}

#[test]
fn no_two_writes_have_one_time() {
    let mut tree = Tree::default();
    put(&mut tree, "a", "1", 5).unwrap();
    let first = tree.get("a").unwrap().clone();
    put(&mut tree, "a", "1", 5).unwrap();
    let second = tree.get("a").unwrap().clone();
    assert!(second.written > first.written && second.created == first.created);
    tree.remove("a", 5);
    put(&mut tree, "a", "1", 5).unwrap();
    assert!(tree.get("a").unwrap().written > second.written);
}

#[test]
fn a_file_is_no_folder() {
    let mut tree = Tree::default();
    put(&mut tree, "a/b", "1", 1).unwrap();
    assert_eq!(put(&mut tree, "a/b/c", "1", 1), Err(Obstacle::IsFile("a/b".into())));
    assert_eq!(put(&mut tree, "a", "1", 1), Err(Obstacle::IsFolder));
    assert_eq!(put(&mut tree, "", "1", 1), Err(Obstacle::IsFolder));
    assert_eq!(tree.make_folder("a/b", 1), Err(Obstacle::IsFile("a/b".into())));
    assert_eq!((tree.make_folder("a", 1), tree.make_folder("x/y", 1)), (Ok(false), Ok(true)));
    tree.check();
}

#[test]
fn names_ignore_case_where_none_is_spelled_so() {
    let mut tree = Tree::default();
    put(&mut tree, "Site/wwwroot/A.txt", "1", 1).unwrap();
    put(&mut tree, "Site/wwwroot/a.txt", "2", 1).unwrap();
    put(&mut tree, "Site/wwwroot/B.txt", "3", 1).unwrap();
    assert_eq!(tree.spelled("site/WWWROOT/a.txt"), "Site/wwwroot/a.txt");
    assert_eq!(tree.spelled("site/WWWROOT/b.TXT"), "Site/wwwroot/B.txt");
    assert_eq!(tree.spelled("site/none/x/Y"), "Site/none/x/Y");
    assert_eq!(tree.spelled(""), "");
}

proptest! {
    /// Whatever is done, the tree is what a plain map of files would be, and its invariants hold.
    #[test]
    fn it_holds_what_a_map_would(
        steps in proptest::collection::vec((0u8..4, "[ab](/[ab0-]{1,2}){0,2}", "[xy]{0,3}"), 0..40)
    ) {
        let mut tree = Tree::default();
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for (step, path, text) in steps {
            match step {
                0 | 1 => if put(&mut tree, &path, &text, 9).is_ok() { files.insert(path, text); },
                2 => { tree.remove(&path, 9); files.remove(&path); }
                _ => if tree.is_folder(&path) {
                    tree.remove_folder(&path, 9);
                    files.retain(|file, _| !file.starts_with(&format!("{path}/")));
                },
            }
            tree.check();
            let held: Vec<_> = tree.below("").map(|(path, _)| path.to_owned()).collect();
            prop_assert_eq!(held, files.keys().cloned().collect::<Vec<_>>());
            for folder in ["", "a", "a/b"] {
                let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                let listed = tree.children(folder);
                let direct: BTreeSet<&str> = files.keys().filter_map(|f| f.strip_prefix(&prefix))
                    .filter(|rest| !rest.contains('/')).collect();
                let shown: BTreeSet<&str> = listed.iter()
                    .filter(|(_, node)| matches!(node, Node::File(_))).map(|(n, _)| n.as_str()).collect();
                prop_assert_eq!(direct, shown);
            }
        }
    }
}
