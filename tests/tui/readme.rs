//! The pictures of the README are what the interface draws.

use std::path::PathBuf;

use crate::screens::BREAK;
use crate::svg::{self, Palette};
use crate::world::World;

/// Every picture: its file, what it shows, the keys that lead there.
const PICTURES: [(&str, &str, &str); 4] = [
    ("tui-plan.svg", "A plan: leaves before and after, before anything is written", "3 enter down b enter right right"),
    ("tui-records.svg", "The records: an arc, control point by control point", "3 enter down enter down"),
    ("tui-checks.svg", "The checks find the fault", "BREAK c"),
    ("tui-operations.svg", "What was done, and what a revert would do", "BREAK"),
];

#[test]
fn pictures_are_what_is_drawn() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join("pictures");
    for (file, title, script) in PICTURES {
        let mut world = World::new((120, 40));
        world.press(&script.replace("BREAK", BREAK));
        world.state.note = None;
        let drawn = svg::svg(&world.buffer(), Palette::Dark, title, &world.screen());
        let path = folder.join(file);
        if std::env::var_os("MFM_BLESS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == drawn, "{file} is not what is drawn: MFM_BLESS=1 renders it anew");
    }
}
