//! Another domain than the first: its kinds, modes, pictures and questions follow the target in use.

use mfm::domain::picture::RecordPicture;
use mfm::tui::Screen;
use mfm::tui::dialog::{Overlay, QueryDialog, QueryState};
use mfm::tui::message::Message;
use mfm::tui::screens::plan::PlanView;
use mfm::tui::theme::{Appearance, Glyphs, Theme};

use crate::world::{SIZES, World, of_recordings};

fn kinds(world: &World) -> Vec<&'static str> {
    world.state.records.domain.kinds().iter().map(|kind| kind.word).collect()
}

fn asked(world: &World) -> &QueryDialog {
    match &world.state.overlay {
        Some(Overlay::Ask(ask)) => ask,
        other => panic!("{other:?}"),
    }
}

/// Walks to a question in the list, and opens it.
fn open_question(world: &mut World, name: &str) {
    world.press("a");
    let Some(Overlay::Menu(menu)) = &world.state.overlay else { panic!("no list") };
    let at = menu.lines.iter().position(|line| line.1 == name).unwrap();
    for _ in 0..at {
        world.press("down");
    }
    world.press("enter");
}

#[test]
fn kinds_modes_and_plans_are_those_of_the_target() {
    let mut world = World::recording((120, 40), "bouncing", 60);
    assert_eq!(kinds(&world), ["frame", "body", "contact", "state", "energy"]);
    world.press("3").sees("frames: 60").sees("simulation_time");
    world.press("right").sees("restitution");
    world.press("right").sees("penetrationDepth");
    world.press("2").sees("create_energy_injection");
    assert!(!world.screen().contains("create_invalid_angles"));
    world.press("3 left left down down b");
    let Some(Overlay::Menu(menu)) = &world.state.overlay else { panic!("no modes") };
    assert!(menu.lines.iter().all(|line| world.state.domain().find_mode(&line.1).is_some()), "{menu:?}");
    world.press("enter");
    assert_eq!(world.state.screen, Screen::Plan);
    assert!(world.state.plan.preview.is_some(), "{:?}", world.state.plan.failure);
    world.sees("Changes (Tab: bytes)");
    world.press("tab").sees("Bytes (Tab: changes)");
    world.press("tab");
    assert_eq!(world.state.plan.view.effective_view(false), PlanView::Changes);
}

#[test]
fn another_target_brings_its_own_domain() {
    let mut world = World::bare((120, 40));
    world.make("lab.db", mfm::ops::lab::create::Request { patients: Some(3), ..Default::default() });
    world.make("run.db", of_recordings("resting", 40));
    world.begin();
    world.press("t down enter 3").sees("frames: 40");
    world.press("a").sees("get_frame");
    world.press("esc");
    world.press("1 t enter 3").sees("patients: 3");
    world.press("a").sees("has no queries");
    world.press("2").sees("create_invalid_angles");
    assert!(!world.screen().contains("create_energy_injection"));
}

#[test]
fn the_records_wait_until_it_is_known_whose_they_are() {
    let mut world = World::bare((120, 40));
    world.make("run.db", of_recordings("resting", 40));
    world.state.screen = Screen::Records;
    world.begin();
    world.sees("frames: 40");
    assert_eq!(world.state.records.trouble, None);
}

#[test]
fn a_fault_is_committed_checked_and_taken_back() {
    let mut world = World::recording((120, 40), "bouncing", 120);
    world.press("2 enter down down b").sees("create_energy_injection");
    world.press("a y c").sees("violation");
    let found = world.state.checks.chart_places("SimulationFrameRecord");
    assert!(!found.is_empty());
    world.press("enter");
    assert_eq!(world.state.screen, Screen::Records);
    world.press("3 left left left left").sees("found");
    world.press("u y c").sees("found nothing");
}

#[test]
fn pictures_show_energies_over_frames_and_step_through_them() {
    for size in [(80, 24), (160, 50)] {
        let mut world = World::recording(size, "bouncing", 120);
        world.press("3 down down down").sees("kinetic").sees("potential").sees("total");
        let Some((.., whole)) = &world.state.records.whole else { panic!("nothing is in hand") };
        let Some(RecordPicture::Series(series)) = &whole.picture else { panic!("no picture") };
        assert_eq!((series.at, world.state.records.player.at), (Some(4), 3));
        world.press("] ]").sees("frame 6");
        world.press("[").sees("frame 5");
        world.press("right").sees("speed").sees("Energy of body");
        world.press("right").sees("Overlap of body");
        world.press("tab").sees("penetrationDepth");
    }
}

#[test]
fn a_question_is_asked_about_the_record_in_hand() {
    let mut world = World::recording((120, 40), "bouncing", 120);
    world.press("3 down down");
    open_question(&mut world, "get_frame");
    assert_eq!((asked(&world).form[0].name.as_str(), asked(&world).form[0].value.as_str()), ("frame_id", "3"));
    world.press("enter").sees("simulation time").sees("states: 1");
    world.press("backspace \"999 enter").sees("there is no frame `999`");
    world.press("C-u \"12 enter").sees("frame id: 12");
    world.press("esc esc");
    assert_eq!(world.state.overlay, None);
    world.press("right");
    open_question(&mut world, "get_body_energy");
    assert_eq!(asked(&world).form[0].value, world.state.records.in_hand().unwrap().cells[1]);
    world.press("enter").sees("energy_points: 120");
    world.press("esc");
    let Some(Overlay::Menu(_)) = &world.state.overlay else { panic!("the list is gone") };
    world.press("esc");
    open_question(&mut world, "get_contacts_for_body");
    world.press("enter").sees("frame_id is needed");
    assert_eq!(asked(&world).place.at, 1);
}

#[test]
fn a_long_answer_is_paged_and_scrolled() {
    let mut world = World::recording((80, 24), "bouncing", 120);
    world.press("3");
    open_question(&mut world, "get_system_energy");
    let limit = asked(&world).form.iter().position(|field| field.name == "limit").unwrap();
    let down = limit - asked(&world).place.at;
    for _ in 0..down {
        world.press("down");
    }
    world.press("\"50 enter").sees("Tab: next page").sees("All bodies:");
    world.press("pgdn pgdn");
    assert_eq!(asked(&world).top, 20);
    world.press("tab tab");
    let QueryState::Said { lines, next } = &asked(&world).answer else { panic!("no answer") };
    assert_eq!((next, lines.iter().filter(|(_, line)| line.starts_with("10")).count()), (&None, 9));
    world.press("tab").press("home");
    assert_eq!(asked(&world).top, 0);
}

#[test]
fn a_recording_looks_so() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        let mut world = World::recording(size, "bouncing", 120);
        insta::assert_snapshot!(named("frames"), world.press("3 down down").screen());
        insta::assert_snapshot!(named("body"), world.press("right").screen());
        open_question(&mut world, "get_body_energy");
        insta::assert_snapshot!(named("question"), world.press("enter").screen());
    }
}

#[test]
fn it_is_drawn_at_any_size_and_without_unicode() {
    let mut world = World::recording((120, 40), "stack", 60);
    for script in ["3 down", "] c", "right", "right a", "down enter", "enter"] {
        world.press(script);
        for columns in [1, 39, 40, 57, 80, 100, 133, 250] {
            for rows in [1, 9, 10, 17, 24, 60, 90] {
                world.tell(Message::Resize(columns, rows));
                world.screen();
            }
        }
    }
    world.state.look = Appearance { theme: Theme::Plain, glyphs: Glyphs::Ascii };
    let screen = world.press("esc esc 3 left left").screen();
    assert!(screen.is_ascii(), "{screen}");
}
