//! Packages, good and bad.

use super::*;
use crate::testing::{zip_of, zip_with};
use proptest::prelude::*;
use std::io::Cursor;
use zip::write::SimpleFileOptions;

fn read(zip: &[u8]) -> Result<Package, PackageError> {
    Package::read(Cursor::new(zip), 1_000_000)
}
fn why(zip: &[u8]) -> String {
    read(zip).unwrap_err().to_string()
}

#[test]
fn files_come_out_with_their_paths() {
    let package =
        read(&zip_of(&[("a.txt", "one"), ("sub/", ""), (r"sub\b.txt", "two"), ("./c", "")])).unwrap();
    let paths: Vec<_> = package.files.keys().map(String::as_str).collect();
    assert_eq!(paths, ["a.txt", "c", "sub/b.txt"]);
    assert_eq!(package.bytes, 6);
    assert_eq!(package.text("a.txt").as_deref(), Some("one"));
}

#[test]
fn zips_written_as_a_stream_are_read() {
    // Sizes then stand after the content, as many tools write them.
    let mut zip = zip::write::ZipWriter::new_stream(Vec::new());
    zip.start_file("a.txt", SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, b"streamed").unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    assert_eq!(read(&bytes).unwrap().text("a.txt").as_deref(), Some("streamed"));
}

#[test]
fn what_is_no_zip_is_told_in_the_services_words() {
    let missing = "End of Central Directory record could not be found.";
    assert_eq!(why(b""), missing);
    assert_eq!(why(b"This is not a zip at all, but some text."), missing);
    let good = zip_of(&[("a.txt", &"text ".repeat(100))]);
    assert_eq!(why(&good[..good.len() - 30]), missing);
}

#[test]
fn damaged_content_is_found_out() {
    let stored = zip_with(|zip| {
        let plain = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file("a.txt", plain).unwrap();
        std::io::Write::write_all(zip, b"content").unwrap();
    });
    let at = stored.windows(7).position(|w| w == b"content").unwrap();
    let mut damaged = stored.clone();
    damaged[at] ^= 1;
    assert_eq!(read(&stored).unwrap().bytes, 7);
    assert!(matches!(read(&damaged), Err(PackageError::Corrupt(_))));
}

#[test]
fn entries_that_lead_out_are_refused() {
    for name in ["../a", "a/../../b", "/etc/passwd", r"..\a", r"\a", "C:/a", r"C:\a", "a:stream", "a\u{1}"] {
        let refused = path_of(name).unwrap_err();
        assert!(matches!(refused, PackageError::Unsafe { .. }), "{name}");
    }
    let slip = zip_with(|zip| {
        zip.start_file("good.txt", SimpleFileOptions::default()).unwrap();
        zip.start_file("../evil.txt", SimpleFileOptions::default()).unwrap();
    });
    assert!(why(&slip).contains("leads out of the folder"), "{}", why(&slip));
}

#[test]
fn links_are_refused() {
    let link = zip_with(|zip| zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap());
    assert!(why(&link).contains("symbolic link"), "{}", why(&link));
}

#[test]
fn a_name_is_a_file_or_a_folder() {
    assert!(why(&zip_of(&[("a", "x"), ("a/b", "y")])).contains("a file and a folder"));
}

#[test]
fn bombs_stop_at_the_limit() {
    let bomb = zip_of(&[("zeros", &"0".repeat(3_000_000))]);
    assert!(bomb.len() < 10_000);
    assert_eq!(read(&bomb), Err(PackageError::TooLarge { limit: 1_000_000 }));
    let many: Vec<(String, String)> = (0..40).map(|n| (format!("f{n}"), "0".repeat(30_000))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, c)| (n.as_str(), c.as_str())).collect();
    assert_eq!(read(&zip_of(&many)), Err(PackageError::TooLarge { limit: 1_000_000 }));
    // Declared sizes that deny it do not help: what then comes out of it is damaged.
    let mut liar = bomb;
    let size = 3_000_000u32.to_le_bytes();
    let places: Vec<usize> = (0..liar.len() - 4).filter(|at| liar[*at..at + 4] == size).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        liar[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
    }
    assert!(matches!(read(&liar), Err(PackageError::Corrupt(_))));
    let just = zip_of(&[("f", &"0".repeat(1_000_000))]);
    assert_eq!(read(&just).unwrap().bytes, 1_000_000);
}

#[test]
fn the_number_of_entries_is_looked_at_first() {
    let zip = zip_of(&[("a", ""), ("b", "")]);
    assert_eq!(declared_entries(&mut Cursor::new(&zip)), Some(2));
    // The 64-bit record: signature, size, versions, disks, entries here, entries in all.
    let mut big = b"PK\x06\x06".to_vec();
    big.extend([0; 28]);
    big.extend(200_000u64.to_le_bytes());
    big.extend([0; 16]);
    let mut locator = b"PK\x06\x07".to_vec();
    locator.extend([0; 4]);
    locator.extend(0u64.to_le_bytes());
    locator.extend([0; 4]);
    let mut end = b"PK\x05\x06".to_vec();
    end.extend([0; 4]);
    end.extend([0xff; 4]);
    end.extend([0; 10]);
    let all = [big, locator, end].concat();
    assert_eq!(declared_entries(&mut Cursor::new(&all)), Some(200_000));
    assert_eq!(read(&all), Err(PackageError::TooManyEntries));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }
    #[test]
    fn no_damage_makes_it_panic(at in 0usize..250, bit in 0u8..8) {
        let mut zip = zip_of(&[("a.txt", "some text"), ("b/c.txt", "more of it, more of it, more of it")]);
        let at = at % zip.len();
        zip[at] ^= 1 << bit;
        let _ = read(&zip);
    }
    #[test]
    fn a_path_stays_inside(name in "[a-c./\\\\: ]{0,12}") {
        if let Ok(Some(path)) = path_of(&name) {
            prop_assert!(!path.starts_with('/') && !path.ends_with('/') && !path.contains(':'));
            prop_assert!(path.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
        }
    }
}
