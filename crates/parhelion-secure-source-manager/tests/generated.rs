//! `src/generated/` is what `proto/` says. `UPDATE_GENERATED=1` (`scripts/protos`) writes it anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use prost_build::Config;
use std::{collections::BTreeMap, fs, path::Path};

fn made() -> BTreeMap<String, Vec<u8>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let mut compiler = protox::Compiler::new([proto]).unwrap();
    compiler.include_imports(true).include_source_info(false);
    let files = [
        "google/cloud/securesourcemanager/v1/secure_source_manager.proto",
        "google/cloud/location/locations.proto",
        "google/iam/v1/iam_policy.proto",
        "google/longrunning/operations.proto",
        "google/rpc/error_details.proto",
    ];
    compiler.open_files(files).unwrap();
    // These bytes keep the routes (`google.api.http`); structs of prost-types would lose them.
    let mut made = BTreeMap::from([("fds.bin".to_owned(), compiler.encode_file_descriptor_set())]);

    let out = tempfile::tempdir().unwrap();
    let mut config = Config::new();
    config.out_dir(out.path()).btree_map(["."]);
    config.compile_fds(compiler.file_descriptor_set()).unwrap();
    for entry in fs::read_dir(out.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        // The descriptors of options and routes are read from the pool, not from structs.
        if !name.starts_with("google.api") && !name.starts_with("google.protobuf") {
            made.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    made
}

#[test]
fn generated_code_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generated");
    let made = made();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &made {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let there: BTreeMap<String, Vec<u8>> = fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap()))
        .collect();
    assert_eq!(there.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    for (name, bytes) in &made {
        assert!(there[name] == *bytes, "src/generated/{name} is not what proto/ says: run scripts/protos");
    }
}
