//! Every type that the target keeps, written and read by a plain client and by mfm, and those that it refuses by name.

use mfm::model::{Change, KeyStanding, Refusal, Role, Value};
use mfm::targets::{TableTouch, Target, TargetError};
use mfm_journal::{Decimal, Moment};
use testutils::target::*;

use super::world::{Database, Somebody};

fn decimal(digits: &str) -> Value {
    Value::Decimal(digits.parse::<Decimal>().unwrap())
}

fn day(year: i16, month: i8, day: i8) -> i32 {
    let from = jiff::civil::date(1900, 1, 1);
    from.until(jiff::civil::date(year, month, day)).unwrap().get_days()
}

fn at(days: Option<i32>, ticks: Option<i64>, offset_minutes: Option<i16>) -> Value {
    Value::Moment(Moment { days, ticks, offset_minutes })
}

/// A day and ticks.
fn then(days: i32, ticks: i64) -> Value {
    at(Some(days), Some(ticks), None)
}

/// Tells whether the server keeps a tenth of a microsecond, as SQL Server does.
fn keeps_seven_digits(somebody: &mut Somebody) -> bool {
    let written = "SELECT CONVERT(varchar(40), CONVERT(time(7), '12:00:00.1234567'))";
    somebody.words(written).concat().ends_with("1234567")
}

/// Tells whether the server keeps a `datetime` in ticks of 1/300 s, as SQL Server does, and not in microseconds.
fn keeps_ticks(somebody: &mut Somebody) -> bool {
    let written = "SELECT CONVERT(varchar(9), DATEPART(microsecond, CONVERT(datetime, '2024-02-29 12:00:00.003')))";
    somebody.words(written) == ["3333"]
}

/// A type, and literals with the values that they are.
struct Case {
    declared: &'static str,
    values: Vec<(&'static str, Value)>,
}

fn case(declared: &'static str, values: Vec<(&'static str, Value)>) -> Case {
    Case { declared, values }
}

fn numbers() -> Vec<Case> {
    let real = |number: f64| Value::Real(number);
    vec![
        case("bit", vec![("0", Value::Boolean(false)), ("1", Value::Boolean(true))]),
        case("tinyint", vec![("0", int(0)), ("255", int(255))]),
        case("smallint", vec![("-32768", int(-32_768)), ("32767", int(32_767))]),
        case("int", vec![("-2147483648", int(-2_147_483_648)), ("2147483647", int(2_147_483_647))]),
        case("bigint", vec![("-9223372036854775808", int(i64::MIN)), ("9223372036854775807", int(i64::MAX))]),
        case("decimal(4,1)", vec![("-999.9", decimal("-999.9")), ("0", decimal("0.0")), ("1", decimal("1.0"))]),
        case("numeric(9,0)", vec![("999999999", decimal("999999999")), ("-1", decimal("-1"))]),
        case("decimal(19,9)", vec![("1234567890.123456789", decimal("1234567890.123456789"))]),
        case("decimal(28,5)", vec![("-99999999999999999999999.99999", decimal("-99999999999999999999999.99999"))]),
        case(
            "decimal(38,0)",
            vec![("99999999999999999999999999999999999999", decimal("99999999999999999999999999999999999999"))],
        ),
        case(
            "decimal(38,38)",
            vec![
                ("-0.99999999999999999999999999999999999999", decimal("-0.99999999999999999999999999999999999999")),
                ("0.00000000000000000000000000000000000001", decimal("0.00000000000000000000000000000000000001")),
            ],
        ),
        case(
            "money",
            vec![
                ("CONVERT(money, '-922337203685477.5808')", decimal("-922337203685477.5808")),
                ("CONVERT(money, '922337203685477.5807')", decimal("922337203685477.5807")),
                ("CONVERT(money, '0.0001')", decimal("0.0001")),
                ("0", decimal("0.0000")),
            ],
        ),
        case(
            "smallmoney",
            vec![
                ("CONVERT(smallmoney, '-214748.3648')", decimal("-214748.3648")),
                ("CONVERT(smallmoney, '214748.3647')", decimal("214748.3647")),
            ],
        ),
        case(
            "real",
            vec![
                ("CONVERT(real, '0.1')", real(f64::from(0.1_f32))),
                ("CONVERT(real, '3.4028235e38')", real(f64::from(f32::MAX))),
                ("CONVERT(real, '-1.1754944e-38')", real(f64::from(-f32::MIN_POSITIVE))),
            ],
        ),
        case(
            "float",
            vec![
                ("CONVERT(float, '0.1')", real(0.1)),
                ("CONVERT(float, '0.30000000000000004')", real(0.1 + 0.2)),
                ("CONVERT(float, '1.7976931348623157e308')", real(f64::MAX)),
                ("CONVERT(float, '2.2250738585072014e-308')", real(f64::MIN_POSITIVE)),
                ("0", real(0.0)),
            ],
        ),
    ]
}

fn moments() -> Vec<Case> {
    let noon = 43_200_i64;
    vec![
        case(
            "datetime",
            vec![
                ("'1753-01-01T00:00:00.000'", then(day(1753, 1, 1), 0)),
                ("'9999-12-31T23:59:59.997'", then(day(9999, 12, 31), 25_919_999)),
                ("'2024-02-29T12:00:00.003'", then(day(2024, 2, 29), noon * 300 + 1)),
                ("'2024-02-29T12:00:00.007'", then(day(2024, 2, 29), noon * 300 + 2)),
                ("'1899-12-31T00:00:00.010'", then(-1, 3)),
            ],
        ),
        case(
            "smalldatetime",
            vec![("'1900-01-01T00:00:00'", then(0, 0)), ("'2079-06-06T23:59:00'", then(day(2079, 6, 6), 1439))],
        ),
        case(
            "date",
            vec![
                ("'0001-01-01'", at(Some(day(1, 1, 1)), None, None)),
                ("'9999-12-31'", at(Some(day(9999, 12, 31)), None, None)),
            ],
        ),
        case("datetime2(0)", vec![("'2024-02-29T12:00:01'", then(day(2024, 2, 29), noon + 1))]),
        case("datetime2(1)", vec![("'2024-02-29T12:00:00.1'", then(day(2024, 2, 29), noon * 10 + 1))]),
        case("datetime2(2)", vec![("'2024-02-29T12:00:00.12'", then(day(2024, 2, 29), noon * 100 + 12))]),
        case("datetime2(3)", vec![("'2024-02-29T12:00:00.123'", then(day(2024, 2, 29), noon * 1000 + 123))]),
        case("datetime2(4)", vec![("'2024-02-29T12:00:00.1234'", then(day(2024, 2, 29), noon * 10_000 + 1234))]),
        case("datetime2(5)", vec![("'2024-02-29T12:00:00.12345'", then(day(2024, 2, 29), noon * 100_000 + 12_345))]),
        case(
            "datetime2(6)",
            vec![
                ("'0001-01-01T00:00:00.000001'", then(day(1, 1, 1), 1)),
                ("'9999-12-31T23:59:59.999999'", then(day(9999, 12, 31), 86_399_999_999)),
            ],
        ),
        case(
            "datetime2(7)",
            vec![("'2024-02-29T12:00:00.123456'", then(day(2024, 2, 29), noon * 10_000_000 + 1_234_560))],
        ),
        case("time(0)", vec![("'23:59:59'", at(None, Some(86_399), None)), ("'00:00'", at(None, Some(0), None))]),
        case("time(3)", vec![("'23:59:59.999'", at(None, Some(86_399_999), None))]),
        case("time(7)", vec![("'12:00:00.123456'", at(None, Some(noon * 10_000_000 + 1_234_560), None))]),
        case(
            "datetimeoffset(0)",
            vec![("'2024-02-29T23:30:00+05:30'", at(Some(day(2024, 2, 29)), Some(84_600), Some(330)))],
        ),
        case(
            "datetimeoffset(3)",
            vec![
                ("'2024-02-29T00:15:00.007-08:00'", at(Some(day(2024, 2, 29)), Some(900_007), Some(-480))),
                ("'2024-02-29T12:00:00+14:00'", at(Some(day(2024, 2, 29)), Some(noon * 1000), Some(840))),
            ],
        ),
    ]
}

fn texts() -> Vec<Case> {
    vec![
        case("char(4)", vec![("'ab'", text("ab  ")), ("''", text("    ")), ("'abcd'", text("abcd"))]),
        case(
            "varchar(8)",
            vec![("''", text("")), ("'ab '", text("ab ")), ("' ab'", text(" ab")), ("'NULL'", text("NULL"))],
        ),
        case(
            "varchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS",
            vec![("N'M\u{fc}ller \u{20ac}'", text("M\u{fc}ller \u{20ac}"))],
        ),
        case("varchar(max)", vec![("'x'", text("x")), ("''", text(""))]),
        case("text", vec![("'a text'", text("a text")), ("''", text(""))]),
        case("nchar(4)", vec![("N'\u{3b1}'", text("\u{3b1}   "))]),
        case(
            "nvarchar(10)",
            vec![
                ("N''", text("")),
                ("N'\u{1f600} '", text("\u{1f600} ")),
                ("N'e\u{301}'", text("e\u{301}")),
                ("N'\u{e9}'", text("\u{e9}")),
                ("N'a''b]'", text("a'b]")),
            ],
        ),
        case("nvarchar(10) COLLATE Latin1_General_CS_AS", vec![("N'a'", text("a")), ("N'A'", text("A"))]),
        case("nvarchar(max)", vec![("N'\u{65e5}\u{672c}'", text("\u{65e5}\u{672c}"))]),
        case("ntext", vec![("N'\u{65e5}\u{672c} '", text("\u{65e5}\u{672c} "))]),
        case("xml", vec![("N'<a b=\"1\">\u{e9} </a>'", text("<a b=\"1\">\u{e9} </a>"))]),
        case(
            "uniqueidentifier",
            vec![(GUID, Value::Uuid(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes()))],
        ),
        case("binary(4)", vec![("0x00FF", Value::Bytes(vec![0, 255, 0, 0]))]),
        case("varbinary(8)", vec![("0x", Value::Bytes(vec![])), ("0x0000", Value::Bytes(vec![0, 0]))]),
        case("varbinary(max)", vec![("0x00FF00", Value::Bytes(vec![0, 255, 0]))]),
        case("image", vec![("0x01", Value::Bytes(vec![1]))]),
    ]
}

const GUID: &str = "'00112233-4455-6677-8899-AABBCCDDEEFF'";

/// One table a type: `k`, the values, and NULL last.
fn with(cases: &[Case]) -> Database {
    let mut sql = String::new();
    for (nth, case) in cases.iter().enumerate() {
        sql += &format!("CREATE TABLE dbo.t{nth}(k int NOT NULL PRIMARY KEY, v {} NULL);\n", case.declared);
        for (row, (literal, _)) in case.values.iter().enumerate() {
            sql += &format!("INSERT INTO dbo.t{nth} VALUES ({row}, {literal});\n");
        }
        sql += &format!("INSERT INTO dbo.t{nth} VALUES ({}, NULL);\n", case.values.len());
    }
    Database::new(&sql)
}

/// What mfm reads is what the literal says; every value is put into every row, and back; every row deleted, and back.
fn kept(cases: &[Case]) {
    let database = with(cases);
    let mut target = database.target();
    let clean = database.dump();
    for (nth, case) in cases.iter().enumerate() {
        let name = format!("t{nth}");
        let values: Vec<Value> = case.values.iter().map(|(_, value)| value.clone()).chain([Value::Null]).collect();
        let keys: Vec<_> = (0..values.len()).map(|key| vec![int(key.try_into().unwrap())]).collect();
        let t = table(&mut target, &name);
        let read = target.read_rows(&t, &keys).unwrap();
        for (at, value) in values.iter().enumerate() {
            assert_eq!(read[at].as_ref().unwrap()[1], *value, "{} {at}", case.declared);
        }
        let count = values.len();
        let moved = |shift: usize| (0..count).map(move |at| (at, (at + shift) % count));
        for shift in 1..values.len() {
            let changes: Vec<Change> = moved(shift)
                .map(|(at, from)| update(&mut target, &name, keys[at].clone(), &[("v", values[from].clone())]).unwrap())
                .collect();
            let mut notebook = Notebook::new();
            execute(&mut target, &mut notebook, &changes, false).unwrap_or_else(|e| panic!("{}: {e:?}", case.declared));
            assert_ne!(database.dump(), clean);
            execute(&mut target, &mut notebook, &inverses(&changes), false).unwrap();
            assert_eq!(database.dump(), clean, "{}", case.declared);
        }
        let gone: Vec<Change> = keys.iter().map(|key| delete(&mut target, &name, key.clone()).unwrap()).collect();
        there_and_back(&mut target, &gone);
        assert_eq!(database.dump(), clean, "{}", case.declared);
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn numbers_are_kept() {
    kept(&numbers());
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn moments_are_kept() {
    let mut cases = moments();
    if !keeps_seven_digits(&mut Somebody::new("master")) {
        println!("this server keeps six digits of a second: types of seven are left out here");
        cases.retain(|case| !case.declared.ends_with("(7)"));
    }
    if !keeps_ticks(&mut Somebody::new("master")) {
        println!("this server keeps no ticks of 1/300 s: parts of a second in datetime are left out here");
        let between =
            |value: &Value| matches!(value, Value::Moment(Moment { ticks: Some(ticks), .. }) if ticks % 300 != 0);
        let datetime = cases.iter_mut().find(|case| case.declared == "datetime").unwrap();
        datetime.values.retain(|(_, value)| !between(value));
    }
    kept(&cases);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn texts_and_bytes_are_kept() {
    kept(&texts());
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn bits_of_floats_that_no_literal_writes() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int PRIMARY KEY, d float NULL, s real NULL);
         INSERT INTO dbo.t VALUES (1, 1, 1), (2, NULL, NULL);",
    );
    let mut target = database.target();
    let clean = database.dump();
    for (double, single) in [
        (-0.0, -0.0),
        (0.0, 0.0),
        (5e-324, f64::from(f32::from_bits(1))),
        (-2.225_073_858_507_201e-308, f64::from(-f32::from_bits(0x007f_ffff))),
        (1.0 + f64::EPSILON, f64::from(1.0 + f32::EPSILON)),
    ] {
        let set = [("d", Value::Real(double)), ("s", Value::Real(single))];
        let change = update(&mut target, "t", vec![int(1)], &set).unwrap();
        let changes = [change];
        let mut notebook = Notebook::new();
        execute(&mut target, &mut notebook, &changes, false).unwrap();
        let read = row(&mut target, "t", &[int(1)]).unwrap();
        assert_eq!(read[1..], [Value::Real(double), Value::Real(single)]);
        let seen = database.somebody().rows("SELECT d, s FROM dbo.t WHERE k = 1");
        let tiberius::ColumnData::F64(Some(found)) = seen[0][0] else { panic!("{seen:?}") };
        assert_eq!(found.to_bits(), double.to_bits());
        execute(&mut target, &mut notebook, &inverses(&changes), false).unwrap();
        assert_eq!(database.dump(), clean);
    }
    for bad in [f64::INFINITY, f64::NEG_INFINITY] {
        let refused = refusal(update(&mut target, "t", vec![int(1)], &[("d", Value::Real(bad))]));
        assert_eq!(refused.code(), "does_not_fit");
    }
    let refused = refusal(update(&mut target, "t", vec![int(1)], &[("s", Value::Real(0.1))]));
    assert_eq!(refused.code(), "does_not_fit");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_seventh_digit_of_a_second_is_kept_or_refused_and_never_rounded() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int PRIMARY KEY, a datetime2(7) NULL, b time(7) NULL, c datetimeoffset(7) NULL);
         INSERT INTO dbo.t VALUES (1, NULL, NULL, NULL);",
    );
    let keeps = keeps_seven_digits(&mut database.somebody());
    let mut target = database.target();
    let ticks = 432_001_234_567;
    for (column, value) in
        [("a", then(40_000, ticks)), ("b", at(None, Some(ticks), None)), ("c", at(Some(40_000), Some(ticks), Some(60)))]
    {
        let change = match update(&mut target, "t", vec![int(1)], &[(column, value.clone())]) {
            // A server that keeps six digits declares six, and what it cannot hold is never sent.
            Err(TargetError::Refused(Refusal::DoesNotFit { .. })) if !keeps => continue,
            planned => planned.unwrap(),
        };
        let mfm::model::RowAction::Update { after, .. } = &change.action else { panic!() };
        // What the rehearsal says is what the table then holds, whether or not the server keeps the digit.
        assert_eq!(after[0] == value, keeps, "{column}");
        there_and_back(&mut target, &[change]);
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_megabyte_and_null_characters() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int PRIMARY KEY, b varbinary(max) NULL, n nvarchar(max) NULL, v varchar(max) NULL);
         INSERT INTO dbo.t VALUES (1, 0x00, N'', ''), (2, NULL, NULL, NULL);",
    );
    let mut target = database.target();
    let clean = database.dump();
    let bytes: Vec<u8> = (0..1_048_576_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let set = [
        ("b", Value::Bytes(bytes)),
        ("n", text(&"\u{65e5}a".repeat(262_144))),
        ("v", text(&"\u{fc} ".repeat(524_288))),
    ];
    let changes =
        [update(&mut target, "t", vec![int(1)], &set).unwrap(), delete(&mut target, "t", vec![int(2)]).unwrap()];
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    let mut notebook = Notebook::new();
    execute(&mut target, &mut notebook, &changes[..1], false).unwrap();
    let lengths = "SELECT CONVERT(varchar(20), DATALENGTH(b)) FROM dbo.t WHERE k = 1";
    assert_eq!(database.words(lengths), ["1048576"]);
    let gone = [delete(&mut target, "t", vec![int(1)]).unwrap()];
    there_and_back(&mut target, &gone);
    execute(&mut target, &mut notebook, &inverses(&changes[..1]), false).unwrap();
    assert_eq!(database.dump(), clean);
    // A server takes NUL in text or refuses the row; neither may cut it short.
    let holds = database.somebody().tries("SELECT N'a\u{0}b'").is_ok();
    for column in ["n", "v"] {
        let change = update(&mut target, "t", vec![int(1)], &[(column, text("a\0b"))]).unwrap();
        if holds {
            there_and_back(&mut target, &[change]);
        } else {
            execute(&mut target, &mut notebook, &[change], false).unwrap_err();
        }
        assert_eq!(database.dump(), clean);
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn rowversion_and_computed_columns_are_left_out_and_said() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int PRIMARY KEY, a int NULL, twice AS a * 2, rv rowversion NOT NULL);
         INSERT INTO dbo.t(k, a) VALUES (1, 1), (2, 2);",
    );
    let mut target = database.target();
    let t = table(&mut target, "t");
    assert_eq!(t.shape.omitted, ["twice", "rv"]);
    assert_eq!([t.omitted[0].role, t.omitted[1].role], [Role::Computed, Role::RowVersion]);
    assert!(matches!(t.key, KeyStanding::Declared(_)));
    let changes = [
        update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap(),
        delete(&mut target, "t", vec![int(2)]).unwrap(),
    ];
    let preflight = preflight(&mut target, &changes).unwrap();
    assert_eq!(preflight.notes, ["t.twice is computed by the database and left out"]);
    let residue: Vec<_> = preflight.residue.iter().map(|one| (one.table.as_str(), one.what.as_str())).collect();
    assert_eq!(residue, [("t", "rowversion rv")]);
    let clean = database.dump();
    let versions = "SELECT CONVERT(varchar(20), CONVERT(bigint, rv)) FROM dbo.t ORDER BY k";
    let before = database.words(versions);
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    assert_ne!(database.words(versions), before, "which is why it is declared");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn types_that_cannot_be_kept_are_refused_by_name() {
    for declared in ["sql_variant", "hierarchyid", "geography", "geometry"] {
        let database = Database::bare();
        let made =
            database.somebody().tries(&format!("CREATE TABLE dbo.t(k int PRIMARY KEY, a int, x {declared} NULL)"));
        if let Err(why) = made {
            assert_ne!(declared, "sql_variant", "{why}");
            println!("this server has no {declared}: {why}");
            continue;
        }
        database.sql("INSERT INTO dbo.t(k, a) VALUES (1, 1)");
        database.mark();
        let mut target = database.target();
        let t = table(&mut target, "t");
        for touch in [
            TableTouch { table: t.clone(), updated: vec!["a".into()], inserts: 0, deletes: 0 },
            TableTouch { table: t.clone(), updated: vec![], inserts: 1, deletes: 0 },
            TableTouch { table: t.clone(), updated: vec![], inserts: 0, deletes: 1 },
        ] {
            let refused = refusal(target.first_preflight(&[touch], false));
            assert_eq!(refused, Refusal::Unsupported { what: format!("t.x, {declared},") });
        }
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn what_a_column_would_change_does_not_fit() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int PRIMARY KEY, i tinyint NULL, d decimal(4,1) NULL, c char(3) NULL, n nvarchar(2) NULL,
         w datetime NULL, b binary(2) NULL, m smallmoney NULL);
         INSERT INTO dbo.t(k) VALUES (1);",
    );
    let mut target = database.target();
    let clean = database.dump();
    for (column, value) in [
        ("i", int(256)),
        ("i", int(-1)),
        ("i", text("1")),
        ("d", decimal("1.00")),
        ("d", decimal("1000.0")),
        ("c", text("ab")),
        ("c", text("abcd")),
        ("c", text("\u{65e5}  ")),
        ("n", text("abc")),
        ("n", text("a\u{1f600}")),
        ("w", then(0, 25_920_000)),
        ("b", Value::Bytes(vec![1])),
        ("m", decimal("214748.3648")),
    ] {
        let refused = refusal(update(&mut target, "t", vec![int(1)], &[(column, value.clone())]));
        assert_eq!(refused.code(), "does_not_fit", "{column} {value:?}");
    }
    assert_eq!(database.dump(), clean);
}
