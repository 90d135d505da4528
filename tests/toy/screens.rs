//! The toy domain in the terminal interface: its kinds, modes, checks and questions, without a line written for it.

use mfm::ops::lab;
use mfm::tui::Screen;
use mfm::tui::dialog::{Overlay, QueryState};

use crate::screens_world::World;

fn toy() -> World {
    crate::bring();
    let mut world = World::bare((120, 40));
    world.make("toy.db", lab::create::Request { domain: Some("library".into()), ..Default::default() });
    world.begin();
    world
}

#[test]
fn its_records_are_walked_through_and_narrowed() {
    let mut world = toy();
    world.press("3").sees("shelves: 2").sees("room 1");
    world.press("enter");
    assert_eq!((world.state.records.kind.word, world.state.records.rows.len()), ("book", 10));
    world.press("backspace right / \"shelf=2 enter").sees("books with shelf=2");
    assert!(world.state.records.rows.iter().all(|row| row.cells[1] == "2"));
    world.press("/ C-u \"nonsense enter").sees("shelf=1");
    world.press("2").sees("create_impossible_pages");
    assert_eq!(world.state.modes.visible_modes(world.state.domain()).len(), 2);
}

#[test]
fn a_fault_is_planned_committed_checked_and_taken_back() {
    let mut world = toy();
    world.press("3 right down down b enter");
    assert_eq!(world.state.screen, Screen::Plan);
    world.sees("negative");
    world.press("a y").sees("operation 1 is committed");
    world.press("c").sees("a book of -1 pages");
    world.press("enter");
    assert_eq!((world.state.screen, world.state.records.in_hand().unwrap().id), (Screen::Records, 3));
    world.press("u y c").sees("found nothing");
}

#[test]
fn its_question_is_asked_about_the_book_in_hand_and_paged() {
    let mut world = toy();
    world.press("3 right down a enter");
    let form = |world: &World| match &world.state.overlay {
        Some(Overlay::Ask(ask)) => ask.form.iter().map(|field| field.value.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(form(&world), ["2", "", ""]);
    world.press("enter").sees("1 of 1 cards");
    world.press("C-u down down \"12 enter").sees("12 of 20 cards");
    world.press("tab").sees("8 of 20 cards");
    let Some(Overlay::Ask(ask)) = &world.state.overlay else { panic!("it is gone") };
    assert!(matches!(&ask.answer, QueryState::Said { next: None, .. }), "{:?}", ask.answer);
}
