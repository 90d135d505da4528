//! Features on a real engine: the same bytes whoever reads, however often, and however many deliveries are in hand.

use mfm::domain::Domain;
use mfm::domain::feature::{BATCH, FeatureRequest};
use mfm::model::time::Time;
use mfm::ops::features::{self, Extracted, Request};
use mfm::ops::output::OutputStop;

use testutils::{World, dump_tables};

const NOW: &str = "2024-06-29T12:00:00";

fn written(world: &World, request: &Request) -> (features::Written, Vec<u8>) {
    let mut out = Vec::new();
    let request = Request { now: Some(NOW.into()), ..request.clone() };
    let outcome = features::run(&world.context(), &request, &mut out).unwrap();
    (outcome.written.unwrap(), out)
}

/// Computes the features of a lab with so many deliveries in hand.
fn extract(world: &World, batch: u64, strict_reference: bool) -> (Extracted, Vec<u8>) {
    let context = world.context();
    let domain: &dyn Domain = mfm::domains::FIRST;
    let mut target = context.open_target(&world.url("lab.db")).unwrap();
    let now = Time::local(NOW.parse().unwrap());
    let request = FeatureRequest { strict_reference, batch, ..FeatureRequest::every_record(now) };
    let mut out = Vec::new();
    let done = features::extract(&context, target.as_mut(), domain.features().unwrap(), &request, &mut out);
    (done.unwrap(), out)
}

#[test]
fn the_same_deliveries_give_the_same_bytes() {
    let world = World::with_lab(10);
    let before = dump_tables(&world.path("lab.db"));
    let (first, bytes) = written(&world, &Request::default());
    assert_eq!((first.features, first.flags, first.left_out), (74, 10, 0));
    let lines: Vec<&str> = std::str::from_utf8(&bytes).unwrap().lines().collect();
    assert_eq!(lines.len() as u64, first.count + 1);
    assert!(lines.iter().all(|line| line.split(',').count() == 85));
    assert!(lines[0].starts_with("TTX_ID,pat_id_null,") && lines[0].ends_with(",has_mu_cp,has_gap"), "{}", lines[0]);
    let keys: Vec<i64> = lines[1..].iter().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(keys.is_sorted_by(|one, next| one < next) && keys.len() > 100, "{}", keys.len());
    assert!(written(&world, &Request::default()).1 == bytes, "a second run gives other bytes");
    for batch in [1, 17, BATCH] {
        assert!(extract(&world, batch, false).1 == bytes, "{batch} deliveries in hand give other bytes");
    }
    let strict = extract(&world, BATCH, true);
    assert!(strict.1 != bytes && extract(&world, 17, true) == strict);
    assert_eq!(dump_tables(&world.path("lab.db")), before, "it only reads");
}

#[test]
fn a_faulted_delivery_is_read_and_the_reference_leaves_it_out() {
    let world = World::with_lab(10);
    let connection = rusqlite::Connection::open(world.path("lab.db")).unwrap();
    let id: i64 = connection.query_row("SELECT min(TTX_ID) FROM TrackTreatment", [], |row| row.get(0)).unwrap();
    connection.execute("UPDATE TrackTreatment SET Edit_DtTm = NULL WHERE TTX_ID = ?1", [id]).unwrap();
    let request = Request { id: Some(vec![id, 1_000_000_000].into()), ..Request::default() };
    let (own, bytes) = written(&world, &request);
    assert_eq!((own.count, own.left_out, own.missing), (1, 0, 1));
    assert!(String::from_utf8(bytes).unwrap().lines().nth(1).unwrap().starts_with(&format!("{id},")));
    let (strict, _) = written(&world, &Request { strict_reference: true, ..request });
    assert_eq!((strict.count, strict.left_out, strict.missing), (0, 1, 1));
    let since = Request { since: Some("2024-06-27".into()), ..Request::default() };
    let (recent, all) = (written(&world, &since).0, written(&world, &Request::default()).0);
    assert!(recent.count > 0 && recent.count < all.count && recent.undated == 0, "{recent:?}");
}

#[test]
fn a_sink_that_fails_ends_the_run() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = World::with_lab(2);
    let context = world.context();
    let mut target = context.open_target(&world.url("lab.db")).unwrap();
    let request = FeatureRequest::every_record(Time::local(NOW.parse().unwrap()));
    let set = mfm::domains::FIRST.features().unwrap();
    let stopped = features::extract(&context, target.as_mut(), set, &request, &mut Full);
    assert!(matches!(stopped, Err(OutputStop::Io(_))), "{stopped:?}");
    let failure = features::run(&context, &Request::default(), &mut Full).unwrap_err();
    assert_eq!(failure.code, "output");
}
