//! Habits: search, mouse, palette, copy, export, pager, playing, remembering.

use mfm::tui::Screen;
use mfm::tui::dialog::Overlay;
use mfm::tui::message::{Effect, Message};
use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::world::World;

fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Message {
    Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

#[test]
fn search_finds_an_id_a_patient_and_says_what_it_takes() {
    let mut world = World::new((120, 40));
    world.press("3 right right / \"5004 enter");
    assert_eq!(world.state.records.in_hand().unwrap().id, 5004);
    world.press("/ C-u \"type=vmat enter").sees("fields with type=vmat");
    assert!(!world.state.records.rows.is_empty());
    world.press("esc");
    assert!(world.state.records.search.is_empty());
    world.press("/ \"5 \"5 enter / \"nonsense enter").sees("patient=IDA");
    world.press("2 / \"offset_data enter");
    assert_eq!(world.state.modes.visible_modes(world.state.domain()).len(), 1);
    world.press("esc");
}

#[test]
fn lists_lead_from_the_whole_to_the_part_and_back() {
    let mut world = World::new((120, 40));
    world.press("3 down enter");
    assert_eq!((world.state.records.kind.word, world.state.records.within.len()), ("field", 1));
    let field = world.state.records.in_hand().unwrap().id;
    world.press("enter").sees(&format!("field {field}"));
    assert_eq!(world.state.records.kind.word, "point");
    world.press("right").sees("deliveries");
    assert_eq!(world.state.records.within.len(), 2, "the deliveries of the same field");
    world.press("backspace");
    assert_eq!(world.state.records.in_hand().unwrap().id, field);
    world.press("backspace");
    assert_eq!((world.state.records.kind.word, world.state.records.in_hand().unwrap().id), ("patient", 10_002));
}

#[test]
fn the_mouse_does_what_keys_do() {
    let mut world = World::new((120, 40));
    world.tell(mouse(MouseEventKind::Down(MouseButton::Left), 32, 0));
    assert_eq!(world.state.screen, Screen::Records);
    world.tell(mouse(MouseEventKind::ScrollDown, 10, 10));
    assert_eq!(world.state.records.place.at, 1);
    world.press("2");
    world.tell(mouse(MouseEventKind::Down(MouseButton::Left), 10, 6));
    assert_eq!(world.state.modes.place.at, 3);
    world.tell(mouse(MouseEventKind::Down(MouseButton::Left), 2, 39));
    assert_eq!(world.state.screen, Screen::Records, "a key of the bar is pressed by a click");
}

#[test]
fn the_palette_runs_what_it_finds() {
    let mut world = World::new((80, 24));
    world.press(": \"failure space \"modes").sees("The failure modes");
    world.press("enter");
    assert_eq!(world.state.screen, Screen::Modes);
    world.press("C-p \"zzz").sees("No action fits");
    world.press("esc");
    assert!(world.state.overlay.is_none());
}

#[test]
fn a_row_is_copied_and_a_view_written_and_paged() {
    let mut world = World::new((120, 40));
    world.press("2 y e o");
    let [.., Effect::Copy(copied), Effect::Export(written), Effect::Pager(paged)] = world.outside.as_slice() else {
        panic!("{:?}", world.outside)
    };
    assert_eq!(copied, "corrupt_mlc_data");
    assert!(written.contains("negative_gap") && written == paged);
    world.press("1 e");
    assert!(matches!(world.outside.last(), Some(Effect::Export(text)) if text.contains("Faults in effect")));
}

#[test]
fn an_arc_plays_round_and_round() {
    let mut world = World::new((120, 40));
    world.press("3 enter down enter");
    let stills = world.state.records.still_count();
    assert!(stills > 2, "{stills}");
    world.press("] ]");
    assert_eq!(world.state.records.player.at, 2);
    world.press("[ [ [");
    assert_eq!(world.state.records.player.at, stills - 1);
    world.press("p");
    (0..4).for_each(|_| world.tell(Message::Tick));
    assert_eq!(world.state.records.player.at, 1);
    world.press("p");
    (0..4).for_each(|_| world.tell(Message::Tick));
    assert_eq!(world.state.records.player.at, 1);
}

#[test]
fn the_last_view_is_remembered() {
    let mut world = World::new((80, 24));
    world.press("6 q");
    let last = world.outside.iter().rev().find_map(|effect| match effect {
        Effect::Remember(screen) => Some(screen.as_str()),
        _ => None,
    });
    assert_eq!(last.and_then(Screen::from_name), Some(Screen::Checks));
    assert_eq!(world.outside.last(), Some(&Effect::Quit));
    let path = mfm::tui::remembered::view_path(&world.journal()).unwrap();
    mfm::tui::remembered::write_view(&path, "Checks");
    assert_eq!(mfm::tui::remembered::read_view(&path).as_deref(), Some("Checks"));
}

#[test]
fn pasted_text_lands_in_the_line_and_never_in_the_keys() {
    let mut world = World::new((80, 24));
    world.press("3 right right");
    world.tell(Message::Paste("qqq".into()));
    assert!(!world.outside.contains(&Effect::Quit));
    world.press("/");
    world.tell(Message::Paste("5003\n".into()));
    world.press("enter");
    assert_eq!(world.state.records.in_hand().unwrap().id, 5003);
}

#[test]
fn k11_text_is_not_scrolled_past_its_end() {
    let mut world = World::new((80, 24));
    world.press("2").sees("");
    for _ in 0..200 {
        world.press("J").sees("");
    }
    let end = world.state.detail;
    assert!(end > 0 && end < 200, "{end}");
    world.press("J").sees("");
    assert_eq!(world.state.detail, end, "the end is the end");
    world.press("K").sees("");
    assert!(world.state.detail < end, "and one step back is seen at once");
    world.press("?").sees("");
    world.press("G").sees("");
    let Some(Overlay::Help(top)) = world.state.overlay else { panic!("no help") };
    world.press("G down");
    assert_eq!(world.state.overlay, Some(Overlay::Help(top)));
}
