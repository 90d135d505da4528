//! The demo, whole.

use crate::world::{World, text};

#[test]
fn the_demo_holds() {
    let world = World::empty();
    let output = world.run(&["demo", "d", "--patients", "20"]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}{}", text(&output.stderr));
    for line in
        ["every one noticed", "found nothing", "exactly", "row by row, by digest", "Try it yourself", "MFM_JOURNAL="]
    {
        assert!(out.contains(line), "`{line}` is not in\n{out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 80 || line.contains('/')), "{out}");
    for file in ["d/lab.db", "d/journal.db"] {
        assert!(world.path().join(file).exists(), "{file}");
    }
    let again = world.run(&["demo", "d"]);
    assert_eq!(again.status.code(), Some(3), "a lab is never overwritten");
    let status = world.mfm(&["status", "--exit-code"]).env("MFM_JOURNAL", "d/journal.db").output().unwrap();
    assert_eq!(status.status.code(), Some(0), "{}", text(&status.stderr));
}
