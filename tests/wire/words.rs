//! What SQL does by its words, and what worlds its commits lead to.

use crate::messages::batch;
use crate::tds::answer;
use crate::tds::message::Message;
use crate::tds::sql::Deeds;
use crate::tds::world::World;

#[test]
fn writes_are_told_from_reads() {
    for sql in [
        "UPDATE dbo.T SET a = 1",
        "update top (5) t set a = 1",
        "INSERT INTO [dbo].[T] VALUES (1)",
        "INSERT BULK dbo.T ([a] int)",
        "DELETE FROM t WHERE k = 1",
        "DELETE t FROM t JOIN #s s ON s.k = t.k",
        "SELECT 1 AS k INTO dbo.T2",
        "CREATE TABLE T(k int)",
        "DROP DATABASE mfm",
        "TRUNCATE TABLE t",
        "MERGE INTO t USING #s s ON s.k = t.k WHEN MATCHED THEN DELETE;",
        "EXEC sp_rename 'a', 'b'",
        "IF 1 = 1 INSERT dbo.T SELECT * FROM #s",
        "SELECT 1 -- a comment\nDELETE t",
        "CREATE TABLE ##shared(k int)",
    ] {
        assert!(Deeds::of(sql).writes, "{sql}");
    }
    for sql in [
        "SELECT * FROM t WITH (UPDLOCK, HOLDLOCK)",
        "SELECT [update], [delete] FROM sys.foreign_keys WHERE note = 'UPDATE t'",
        "SELECT update_referential_action FROM sys.foreign_keys",
        "CREATE TABLE #s(k int)",
        "CREATE UNIQUE CLUSTERED INDEX i ON #s(k)",
        "INSERT INTO #s VALUES (1)",
        "INSERT BULK #s ([a] int)",
        "INSERT @t SELECT 1",
        "INSERT INTO tempdb..[#s] VALUES (1)",
        "SELECT 1 AS k INTO #s FROM t",
        "UPDATE #s SET k = 2",
        "DROP TABLE IF EXISTS #s",
        "EXEC sp_getapplock @Resource = 'mfm', @LockMode = 'Exclusive'",
        "SET XACT_ABORT ON",
        "-- DELETE t\nSELECT /* DROP TABLE t */ 'it''s; DROP TABLE t'",
    ] {
        assert!(!Deeds::of(sql).writes, "{sql}");
    }
}

#[test]
fn transactions_begin_and_commit() {
    let of = |sql: &str| (Deeds::of(sql).begins, Deeds::of(sql).commits);
    assert_eq!(of("SET XACT_ABORT ON; BEGIN TRANSACTION"), (true, false));
    assert_eq!(of("BEGIN TRAN; UPDATE t SET a = 1; COMMIT"), (false, true));
    assert_eq!(of("COMMIT TRANSACTION WITH (DELAYED_DURABILITY = OFF)"), (false, true));
    assert_eq!(of("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"), (false, false));
    assert!(Deeds::of("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION").rolls_back);
    assert_eq!(of("BEGIN TRY SELECT 'COMMIT' END TRY BEGIN CATCH END CATCH"), (false, false));
}

/// What a server goes through: connection, transaction, SQL, whether it fails.
fn play(world: &mut World, story: &[(usize, u64, &str, bool)]) {
    for (connection, transaction, sql, fails) in story {
        let message = said(*connection, *transaction, sql);
        let answered = if *fails { answer::error(547, 16, "no", false) } else { answer::done() };
        world.took(&message, &answered);
    }
}

fn said(connection: usize, transaction: u64, sql: &str) -> Message {
    Message { connection, ..batch(transaction, sql) }
}

fn world(story: &[(usize, u64, &str, bool)]) -> World {
    let mut world = World::named("before");
    play(&mut world, story);
    world
}

fn met(world: &World) -> String {
    world.met_by(&said(9, 0, "SELECT 1"))
}

const APPLY: [(usize, u64, &str, bool); 5] = [
    (1, 0, "CREATE TABLE #s(k int)", false),
    (1, 0, "BEGIN TRANSACTION", false),
    (1, 4, "SELECT * FROM t WITH (UPDLOCK)", false),
    (1, 4, "UPDATE t SET a = 2", false),
    (1, 4, "COMMIT TRANSACTION", false),
];

/// The same story on a server that does not number its transactions.
fn unnumbered(story: &[(usize, u64, &'static str, bool)]) -> Vec<(usize, u64, &'static str, bool)> {
    story.iter().map(|(connection, _, sql, fails)| (*connection, 0, *sql, *fails)).collect()
}

#[test]
fn only_what_is_committed_changes_the_world() {
    let before = met(&world(&[]));
    let after = met(&world(&APPLY));
    assert_ne!(after, before);
    for apply in [APPLY.to_vec(), unnumbered(&APPLY)] {
        for length in 0..apply.len() {
            let mut cut = world(&apply[..length]);
            assert_eq!(met(&cut), before, "{length}");
            cut.left(1);
            assert_eq!(met(&cut), before, "{length}");
        }
        assert_eq!(met(&world(&apply)), after);
        let mut retried = world(&apply[..4]);
        retried.left(1);
        play(&mut retried, &APPLY.map(|(_, transaction, sql, fails)| (2, transaction, sql, fails)));
        assert_eq!(met(&retried), after, "the way there is of no account");
        let again = [apply[..4].to_vec(), apply.clone()].concat();
        assert_eq!(met(&world(&again)), after, "who begins again lost what was open");
        assert_ne!(met(&world(&[apply.clone(), apply].concat())), after);
    }
}

#[test]
fn what_is_rolled_back_or_fails_or_reads_changes_nothing() {
    let before = met(&world(&[]));
    let with = |at: usize, sql: &'static str, fails: bool| {
        let mut story = APPLY;
        story[at] = (1, 4, sql, fails);
        [story.to_vec(), unnumbered(&story)]
    };
    let alone = (1, 0, "SELECT 1", false);
    for story in [
        with(4, "ROLLBACK TRANSACTION", false),
        with(4, "COMMIT TRANSACTION", true),
        with(3, "UPDATE t SET a = 2", true),
        with(3, "INSERT INTO #s VALUES (1)", false),
    ]
    .concat()
    {
        assert_eq!(met(&world(&story)), before, "{story:?}");
        assert_eq!(met(&world(&[story.clone(), vec![alone]].concat())), before, "{story:?}");
    }
    // The number is gone: an error ended the transaction, and what comes next stands alone.
    assert_eq!(met(&world(&[APPLY[..4].to_vec(), vec![alone]].concat())), before);
    let refused = (1, 0, "COMMIT TRANSACTION WITH (DELAYED_DURABILITY = OFF)", true);
    let twice = [unnumbered(&APPLY[..4]), vec![refused, (1, 0, "COMMIT TRANSACTION", false)]].concat();
    assert_eq!(met(&world(&twice)), met(&world(&APPLY)), "a COMMIT that is not understood leaves it open");
}

#[test]
fn a_transaction_meets_its_own_writes_and_others_do_not() {
    let open = world(&APPLY[..4]);
    let own = open.met_by(&said(1, 4, "SELECT 1"));
    assert_ne!(own, met(&open));
    assert_ne!(own, world(&APPLY[..3]).met_by(&said(1, 4, "SELECT 1")));
    assert_ne!(met(&world(&[(1, 0, "UPDATE t SET a = 2", false)])), met(&open), "alone it is committed at once");
    let mut stepped = world(&[]);
    stepped.step("restored");
    assert_ne!(met(&stepped), met(&world(&[])));
}
