//! Copying a package to the site with a manifest: what the last deployment brought and this one lacks goes;
//! files that no deployment brought stay.

use crate::store::{File, KuduStore, Manifest, Obstacle, Staged};
use std::collections::BTreeSet;

/// What a copy will do, before it does it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Paths below the target that go.
    pub delete: Vec<String>,
    /// Paths below the target that are written: new ones and changed ones.
    pub write: Vec<String>,
    /// How many are there already as they are.
    pub unchanged: usize,
    /// All paths of the package: the next manifest.
    pub manifest: Manifest,
    /// What all files of the site will take afterwards, bytes.
    pub bytes_after: u64,
}

/// The part of a package that is copied: below the project's folder, without what belongs to the build.
/// `None` when the package has no such folder.
pub fn staged(files: &Staged, project: Option<&str>) -> Option<Staged> {
    let project = project.unwrap_or_default().replace('\\', "/");
    let parts: Vec<&str> = project.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    let folder: String = parts.iter().flat_map(|part| [part, "/"]).collect();
    let staged: Staged = files
        .iter()
        .filter_map(|(path, file)| Some((path.strip_prefix(&folder)?.to_owned(), file.clone())))
        .filter(|(path, _)| is_copied(path))
        .collect();
    let found = folder.is_empty() || files.keys().any(|path| path.starts_with(&folder));
    found.then_some(staged)
}

fn is_copied(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    ![".git", ".hg"].contains(&first) && ![".deployment", "deploy.cmd", "deploy.sh"].contains(&path)
}

/// Where a copy goes, and what of it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The folder below HOME, with a slash at its end.
    pub root: String,
    /// Whether everything there that is not in the package goes.
    pub clean: bool,
    /// Whether what the last deployment brought goes, and the next manifest is that of this package.
    pub with_manifest: bool,
}

/// The paths that the deployment which the site shows brought; of a new site, its first page.
pub fn last_manifest(store: &KuduStore) -> Manifest {
    match &store.active {
        Some(active) => store.manifests.get(active).map(|m| (**m).clone()).unwrap_or_default(),
        None => store.first_manifest.clone(),
    }
}

/// Works out the copy.
pub fn plan(store: &KuduStore, staged: &Staged, target: &Target) -> Plan {
    let last = last_manifest(store);
    let (previous, manifest) = match target.with_manifest {
        true => (last, Manifest(staged.keys().cloned().collect())),
        false => (Manifest::default(), last),
    };
    let clean = target.clean;
    // A path cannot be a file and a folder: whatever stands in the way of the package goes.
    let folders: BTreeSet<&str> =
        staged.keys().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at])).collect();
    let in_the_way = |path: &str| {
        folders.contains(path) || path.match_indices('/').any(|(at, _)| staged.contains_key(&path[..at]))
    };
    let mut plan = Plan { manifest, ..Plan::default() };
    plan.bytes_after = store.files.bytes();
    for (path, file) in below(store, &target.root) {
        match staged.get(path) {
            Some((hash, _)) if *hash == file.hash => plan.unchanged += 1,
            Some(_) => plan.bytes_after -= file.size,
            None if clean || previous.0.contains(path) || in_the_way(path) => {
                plan.bytes_after -= file.size;
                plan.delete.push(path.to_owned());
            }
            None => {}
        }
    }
    for (path, (hash, content)) in staged {
        let there = store.files.get(&format!("{}{path}", target.root)).is_some_and(|file| file.hash == *hash);
        if !there {
            plan.bytes_after += content.size();
            plan.write.push(path.clone());
        }
    }
    plan
}

fn below<'a>(store: &'a KuduStore, root: &'a str) -> impl Iterator<Item = (&'a str, &'a File)> {
    store.files.below(root).map(|(path, file)| (path, &**file))
}

/// Carries a plan out at a time in .NET ticks. What stands in its way above the target is told: nothing was changed
/// then but what the plan deletes.
pub fn apply(
    store: &mut KuduStore,
    plan: &Plan,
    staged: &Staged,
    target: &Target,
    now_ticks: i64,
) -> Result<(), Obstacle> {
    let root = target.root.trim_end_matches('/');
    store.files.make_folder(root, now_ticks)?;
    for path in &plan.delete {
        let path = format!("{}{path}", target.root);
        store.files.remove(&path, now_ticks);
        store.files.prune(&path, root);
    }
    for path in &plan.write {
        let Some((hash, content)) = staged.get(path) else { continue };
        // What stood in the way went before, but for folders that were empty.
        let path = format!("{}{path}", target.root);
        if store.files.is_folder(&path) {
            store.files.remove_folder(&path, now_ticks);
        }
        store.files.put(&path, hash.clone(), content.clone(), now_ticks)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::FIRST_PAGE;
    use crate::store::{Content, Site, WWWROOT};
    use parhelion_state::Store;
    use proptest::prelude::*;

    fn files(list: &[(&str, &str)]) -> Staged {
        list.iter()
            .map(|(path, text)| {
                let content = Content::new(bytes::Bytes::copy_from_slice(text.as_bytes()));
                ((*path).to_owned(), (content.hash(), content))
            })
            .collect()
    }
    /// Deploys a package and makes it the active one, as far as files go.
    fn deploy(store: &mut KuduStore, id: &str, package: &Staged, clean: bool) -> Plan {
        let target = Target { root: WWWROOT.to_owned(), clean, with_manifest: true };
        let plan = plan(store, package, &target);
        apply(store, &plan, package, &target, 1_000).unwrap();
        assert_eq!(plan.bytes_after, store.files.bytes());
        store.manifests.put(id.to_owned(), plan.manifest.clone());
        store.active = Some(id.to_owned());
        plan
    }
    fn paths(store: &KuduStore) -> Vec<&str> {
        below(store, WWWROOT).map(|(path, _)| path).collect()
    }
    fn site() -> KuduStore {
        KuduStore::new(&Site::default_site())
    }
    fn upload(store: &mut KuduStore, path: &str) {
        let content = Content::new(bytes::Bytes::from_static(b"by hand"));
        store.files.put(&format!("{WWWROOT}{path}"), content.hash(), content, 5).unwrap();
    }

    #[test]
    fn the_next_package_takes_away_what_only_the_last_one_brought() {
        let mut store = site();
        let first = deploy(&mut store, "1", &files(&[("a", "1"), ("b/c", "2")]), false);
        assert_eq!((first.delete, first.write), (vec![FIRST_PAGE.into()], vec!["a".into(), "b/c".into()]));
        upload(&mut store, "mine");
        let second = deploy(&mut store, "2", &files(&[("a", "1"), ("d", "3")]), false);
        assert_eq!(
            (second.delete, second.write, second.unchanged),
            (vec!["b/c".into()], vec!["d".into()], 1)
        );
        assert_eq!(paths(&store), ["a", "d", "mine"]);
        deploy(&mut store, "3", &files(&[]), false);
        assert_eq!(paths(&store), ["mine"]);
    }

    #[test]
    fn clean_leaves_the_package_alone() {
        let mut store = site();
        upload(&mut store, "mine");
        deploy(&mut store, "1", &files(&[("a", "1")]), true);
        assert_eq!(paths(&store), ["a"]);
    }

    #[test]
    fn a_file_makes_way_for_a_folder_and_back() {
        let mut store = site();
        upload(&mut store, "a");
        deploy(&mut store, "1", &files(&[("a/b", "1")]), false);
        assert_eq!(paths(&store), ["a/b"]);
        upload(&mut store, "a/mine");
        deploy(&mut store, "2", &files(&[("a", "1")]), false);
        assert_eq!(paths(&store), ["a"]);
    }

    #[test]
    fn a_changed_file_gets_a_later_time_also_within_one_tick() {
        let mut store = site();
        deploy(&mut store, "1", &files(&[("a", "1")]), false);
        let written = |store: &KuduStore| store.files.get(&format!("{WWWROOT}a")).unwrap().written;
        let before = written(&store);
        deploy(&mut store, "2", &files(&[("a", "2")]), false);
        assert!(written(&store) > before);
    }

    #[test]
    fn a_project_is_a_folder_of_the_package() {
        let all = files(&[
            ("web/a", "1"),
            ("web/deploy.cmd", "x"),
            ("other/b", "2"),
            (".git/c", "3"),
            ("deploy.sh", "4"),
        ]);
        let of = |project| staged(&all, project).map(|s| s.keys().cloned().collect::<Vec<_>>());
        assert_eq!(of(Some(r".\web\")).unwrap(), ["a"]);
        assert_eq!(of(None).unwrap(), ["other/b", "web/a", "web/deploy.cmd"]);
        assert_eq!(of(Some("none")), None);
        assert_eq!(of(Some("..")), None);
    }

    proptest! {
        /// After any deployments, the site holds the last package and nothing else that a package brought.
        #[test]
        fn the_site_shows_the_last_package(
            packages in proptest::collection::vec(proptest::collection::btree_map("[ab](/[ab])?", "[xy]", 0..5), 1..5)
        ) {
            let mut store = site();
            for (n, package) in packages.iter().enumerate() {
                // No file that is a folder too: such packages are refused before.
                let list: Vec<_> = package.iter()
                    .filter(|(p, _)| !package.keys().any(|other| other.starts_with(&format!("{p}/"))))
                    .map(|(p, t)| (p.as_str(), t.as_str())).collect();
                let package = files(&list);
                deploy(&mut store, &n.to_string(), &package, false);
                prop_assert_eq!(paths(&store), package.keys().map(String::as_str).collect::<Vec<_>>());
                store.files.check();
            }
        }
    }
}
