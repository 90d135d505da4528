//! Messages made by hand, told apart.

use crate::tds::answer::letters;
use crate::tds::message::{BEGIN, Kind, Login, Message};
use crate::tds::packet::{ATTENTION, BATCH, BULK, Frame, LOGIN, PRELOGIN, RPC, TRANSACTION};
use crate::tds::{answer, message};

fn of(kind: u8, payload: &[u8]) -> Message {
    Message::of(&Frame::pack(kind, payload, 4096), 3, 7)
}

/// Headers that say in which transaction a client is.
pub(crate) fn headers(transaction: u64) -> Vec<u8> {
    [&[22, 0, 0, 0, 18, 0, 0, 0, 2, 0], transaction.to_le_bytes().as_slice(), &[1, 0, 0, 0]].concat()
}

pub(crate) fn batch(transaction: u64, sql: &str) -> Message {
    of(BATCH, &[headers(transaction), letters(sql)].concat())
}

/// An RPC of sp_executesql; `long` writes the statement as text without limit.
fn rpc(transaction: u64, sql: &str, long: bool, rest: &[u8]) -> Message {
    let mut payload = headers(transaction);
    payload.extend([0xff, 0xff, 10, 0, 0, 0]);
    payload.extend([4, b's', 0, b't', 0, b'm', 0, b't', 0, 0, 0xe7]);
    let text = letters(sql);
    if long {
        payload.extend([0xff, 0xff, 0, 0, 0, 0, 0]);
        payload.extend(0xffff_ffff_ffff_fffe_u64.to_le_bytes());
        for chunk in text.chunks(6) {
            payload.extend(u32::try_from(chunk.len()).unwrap().to_le_bytes());
            payload.extend_from_slice(chunk);
        }
        payload.extend([0; 4]);
    } else {
        payload.extend([0x40, 0x1f, 0, 0, 0, 0, 0]);
        payload.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        payload.extend(text);
    }
    payload.extend_from_slice(rest);
    of(RPC, &payload)
}

fn login(user: &str, password: &str, database: &str) -> Message {
    let mut fixed = vec![0; 94];
    let mut data = Vec::new();
    for (at, text, hidden) in
        [(36, "pc", false), (40, user, false), (44, password, true), (48, "mfm", false), (68, database, false)]
    {
        let start = u16::try_from(94 + data.len()).unwrap();
        fixed[at..at + 2].copy_from_slice(&start.to_le_bytes());
        fixed[at + 2..at + 4].copy_from_slice(&u16::try_from(text.chars().count()).unwrap().to_le_bytes());
        let bytes = letters(text);
        data.extend(bytes.into_iter().map(|byte| if hidden { byte.rotate_left(4) ^ 0xa5 } else { byte }));
    }
    of(LOGIN, &[fixed, data].concat())
}

#[test]
fn a_batch_has_its_text_and_its_transaction() {
    let outside = batch(0, "  Commit transaction");
    assert_eq!(outside.kind, Kind::Batch { sql: "  Commit transaction".into() });
    assert!(outside.sql_starts("COMMIT") && !outside.sql_starts("COMMITS") && !outside.numbered);
    assert_eq!((outside.connection, outside.number), (3, 7));
    let inside = batch(99, "  Commit transaction");
    assert!(inside.numbered);
    assert_eq!(inside.key(), outside.key(), "the number of a transaction is no part of what is said");
    assert_ne!(inside.key(), batch(99, "Commit transaction").key());
}

#[test]
fn an_rpc_has_its_text_and_its_parameters() {
    for long in [false, true] {
        let message = rpc(5, "SELECT @P1", long, b"\x01p\0rest");
        let Kind::Rpc { procedure, sql, parameters } = &message.kind else { panic!("{message:?}") };
        assert_eq!(
            (procedure.as_str(), sql.as_str(), parameters.as_slice()),
            ("sp_executesql", "SELECT @P1", b"\x01p\0rest".as_slice())
        );
        assert!(message.numbered && message.sql_holds("@P1"));
        assert_eq!(message.describe(), "sp_executesql: SELECT @P1\n    parameters: <01>p<72><65><73><74>");
        assert_ne!(message.key(), rpc(5, "SELECT @P1", long, b"\x01p\0tset").key());
    }
    let named = of(RPC, &[headers(0), vec![2, 0], letters("sp"), vec![0, 0, 9, 9]].concat());
    assert_eq!(named.kind, Kind::Rpc { procedure: "sp".into(), sql: String::new(), parameters: vec![9, 9] });
    assert_eq!(of(RPC, &[headers(0), vec![5]].concat()).kind, Kind::Other(RPC), "cut short");
}

#[test]
fn a_login_is_known_by_its_database_alone() {
    let one = login("jane", "S3cret\u{e9}", "Lab");
    let expected = Login {
        host: "pc".into(),
        user: "jane".into(),
        password: "S3cret\u{e9}".into(),
        program: "mfm".into(),
        database: "Lab".into(),
    };
    assert_eq!(one.kind, Kind::Login(Box::new(expected)));
    assert_eq!(one.key(), login("john", "other", "Lab").key());
    assert_ne!(one.key(), login("jane", "S3cret\u{e9}", "Lab2").key());
    assert!(!one.describe().contains("jane") && !one.describe().contains("S3cret"));
}

#[test]
fn the_other_kinds_are_told_apart() {
    assert_eq!(of(BULK, &[1, 2, 3]).kind, Kind::Bulk);
    assert_eq!(of(ATTENTION, &[]).kind, Kind::Attention);
    assert_eq!(of(TRANSACTION, &[headers(0), vec![5, 0, 0, 0]].concat()).kind, Kind::Transaction { request: BEGIN });
    assert_eq!(of(0x2a, &[]).kind, Kind::Other(0x2a));
    assert_eq!(of(PRELOGIN, &[0x16, 3, 1]).kind, Kind::Tls);
    let prelogin = of(PRELOGIN, &answer::prelogin(answer::NOT_SUPPORTED));
    assert_eq!(prelogin.kind, Kind::Prelogin { encryption: answer::NOT_SUPPORTED });
    assert_eq!(
        message::prelogin_option(&answer::prelogin(answer::NOT_SUPPORTED), 0),
        Some([16, 0, 0, 0, 0, 0].as_slice())
    );
    assert_eq!(message::prelogin_option(&answer::prelogin(answer::NOT_SUPPORTED), 9), None);
}

#[test]
fn an_answer_loses_its_transactions_number_and_nothing_else() {
    let begun = |number: u8| [&[0xe3, 11, 0, 8, 8, number, 0, 0, 0, 0, 0, 0, 0, 0], answer::done().as_slice()].concat();
    assert_ne!(begun(7), begun(9));
    assert_eq!(answer::normal(&begun(7)), answer::normal(&begun(9)));
    assert_eq!(answer::normal(&begun(1)), begun(1));
    for made_up in [answer::logged_in(), answer::error(1205, 13, "lost", true), answer::done()] {
        assert_eq!(answer::normal(&made_up), made_up);
    }
    assert!(answer::failed(&answer::error(547, 16, "no", false)));
    assert!(!answer::failed(&answer::done()) && !answer::failed(&[]));
    assert_eq!(answer::server(&answer::logged_in()).as_deref(), Some("Microsoft SQL Server 16.0.0"));
}
