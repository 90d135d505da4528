//! Every screen as a person sees it, at 80x24 and at 120x40.

use crate::world::{SIZES, World};
use mfm::tui::theme::{Appearance, Glyphs, Theme};

/// Looks at the same keys in both sizes.
#[track_caller]
fn look(name: &str, script: &str) {
    for size in SIZES {
        let mut world = World::new(size);
        world.press(script);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), world.screen());
    }
}

/// Goes to the first field with leaves, and commits a fault on it.
pub(crate) const BREAK: &str = "3 enter down b enter right right a y";

#[test]
fn overview_of_a_clean_lab() {
    look("overview", "1");
}

#[test]
fn overview_of_a_broken_lab() {
    look("overview_broken", &format!("{BREAK} v 1"));
}

#[test]
fn modes_with_what_they_do() {
    look("modes", "2 down");
}

#[test]
fn records_from_patient_to_control_point() {
    look("patients", "3");
    look("fields", "3 enter down");
    look("points", "3 enter down enter down");
    look("deliveries", "3 right right right right");
    look("offsets", "3 right right right right right");
}

#[test]
fn a_plan_with_its_preview() {
    look("plan_picture", "3 enter down b enter right right");
    look("plan_changes", "3 enter down b enter right right tab");
    look("plan_bytes", "3 enter down b enter right right tab tab");
    look("plan_refused", "3 enter b enter");
    look("plan_question", "3 enter down b enter right right a");
}

#[test]
fn a_critical_fault_wants_the_name_typed() {
    look("plan_critical", "3 enter down b down down down down enter a \"la");
}

#[test]
fn operations_and_what_a_revert_would_do() {
    look("operations", BREAK);
    look("operation_picture", &format!("{BREAK} tab"));
    look("operation_ways", &format!("{BREAK} x"));
    look("operation_question", &format!("{BREAK} x down enter"));
}

#[test]
fn findings_and_checks() {
    look("findings", &format!("{BREAK} c"));
    look("checks", "c");
}

#[test]
fn the_journal_as_it_stands() {
    look("journal", &format!("{BREAK} 7 down down"));
}

#[test]
fn help_and_palette_come_from_the_same_table() {
    look("help", "3 ?");
    look("palette", "3 : \"back");
}

#[test]
fn without_unicode_and_without_colour() {
    for size in SIZES {
        let mut world = World::new(size);
        world.state.look = Appearance { theme: Theme::Plain, glyphs: Glyphs::Ascii };
        world.press("3 enter down b enter right right");
        let screen = world.screen();
        assert!(screen.is_ascii(), "{screen}");
        let buffer = world.buffer();
        let coloured = buffer.content.iter().filter(|cell| cell.fg != ratatui::style::Color::Reset);
        assert_eq!(coloured.count(), 0);
        insta::assert_snapshot!(format!("plain_{}x{}", size.0, size.1), screen);
    }
}

#[test]
fn any_size_is_drawn_at_any_time() {
    let mut world = World::new((120, 40));
    let scripts =
        ["1", "2", BREAK, "tab", "tab", "tab", "c", "enter", "7", "4", "?", "esc", ":", "esc", "5 x", "enter"];
    for script in scripts {
        world.press(script);
        for columns in [1, 2, 7, 39, 40, 41, 57, 80, 99, 100, 133, 250] {
            for rows in [1, 2, 3, 9, 10, 11, 17, 24, 60, 90] {
                world.tell(mfm::tui::message::Message::Resize(columns, rows));
                assert_eq!(world.screen().lines().count(), usize::from(rows));
            }
        }
    }
}
