//! Completions and man pages are what the tree of commands renders; `MFM_BLESS=1` rewrites them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::world::{World, text};

#[test]
fn completions_and_man_pages_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = mfm::cli::generate_files().unwrap();
    let expected: BTreeSet<String> = files.iter().map(|(path, _)| path.clone()).collect();
    if std::env::var_os("MFM_BLESS").is_some() {
        for folder in ["completions", "man"] {
            let _ = std::fs::remove_dir_all(root.join(folder));
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        files.iter().for_each(|(path, text)| std::fs::write(root.join(path), text).unwrap());
    }
    for (path, text) in &files {
        let kept = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(kept == *text, "{path} is stale: MFM_BLESS=1 cargo test --test cli generated");
    }
    let kept = ["completions", "man"].into_iter().flat_map(|folder| {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(move |entry| format!("{folder}/{}", entry.unwrap().file_name().display()))
    });
    assert_eq!(kept.collect::<BTreeSet<String>>(), expected);
}

#[test]
fn the_commands_write_the_same_files() {
    let world = World::empty();
    let script = text(&world.run(&["completions", "fish"]).stdout);
    assert!(mfm::cli::generate_files().unwrap().contains(&("completions/mfm.fish".to_owned(), script)));
    assert!(world.run(&["man", "pages"]).status.success());
    let page = std::fs::read_to_string(world.path().join("pages/mfm-apply.1")).unwrap();
    assert!(mfm::cli::generate_files().unwrap().contains(&("man/mfm-apply.1".to_owned(), page)));
}
