//! A whole domain in one file: a lending library of shelves, books and cards, and what can go wrong with its books.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use clap::Args;
use mfm::domain::check::{
    CheckCard, CheckParams, CheckRequest, CheckResults, CheckRun, CheckTable, Rules, RulesError, Verdict,
};
use mfm::domain::filter::{FilterCard, FilterValues};
use mfm::domain::import::{Files, Import, ImportReport, ImportSource, Imported, ImportedRow};
use mfm::domain::lab::{Lab, LabRequest, LabSize, RowSink};
use mfm::domain::mode::{FaultRecord, Mode, ModeCard, Parametrised, Planned, Task, Variant};
use mfm::domain::params;
use mfm::domain::pause::{Pause, rows};
use mfm::domain::query::{self, Query, QueryAnswer, QueryCard, QueryError, QueryRun, TypedQuery};
use mfm::domain::record::{Description, Link, ListColumn, RecordKind, Shown};
use mfm::domain::repair::{Extent, Repair};
use mfm::domain::scan::{Reader, ScanRequest};
use mfm::domain::table::{TableCard, TableDef};
use mfm::domain::{Domain, DomainCard, MarkedIn};
use mfm::model::{Column, Datum, Edit, Fetch, Finding, Ids, Key, Refusal, Row, Severity, Snapshot, Table, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// The domain.
pub(crate) struct Library;

static CARD: DomainCard =
    DomainCard { id: "library", title: "Library", about: "shelves, books and cards", marked_in: MarkedIn::Place };

static SHELF: TableCard = table("Shelf", &["shelf_id"], &[("shelf_id", "int"), ("room", "varchar(20)")]);
static BOOK: TableCard =
    table("Book", &["book_id"], &[("book_id", "int"), ("shelf_id", "int"), ("pages", "int"), ("title", "varchar(40)")]);
/// Documents: each the text of a JSON object.
static CARD_TABLE: TableCard = table("IndexCard", &["card_id"], &[("card_id", "int"), ("document", "text")]);
static TABLES: [&TableCard; 3] = [&SHELF, &BOOK, &CARD_TABLE];

const fn table(
    name: &'static str,
    key: &'static [&'static str],
    columns: &'static [(&'static str, &'static str)],
) -> TableCard {
    TableCard { name, key, distinctive: true, identifying: &["title"], columns, indexes: &[] }
}

static KINDS: [&RecordKind; 2] = [
    &RecordKind {
        word: "shelf",
        plural: "shelves",
        about: "A shelf",
        table: "Shelf",
        key: "shelf_id",
        columns: &[ListColumn::new("shelf_id"), ListColumn::new("room")],
        faultable: false,
        opens: Some("book"),
        links: &[Link { kind: "book", column: "shelf_id" }],
        narrow_below: 0,
        shows: &[],
    },
    &RecordKind {
        word: "book",
        plural: "books",
        about: "A book",
        table: "Book",
        key: "book_id",
        columns: &[ListColumn::new("book_id"), ListColumn::new("shelf_id"), ListColumn::new("pages")],
        faultable: true,
        opens: None,
        links: &[],
        narrow_below: 0,
        shows: &[],
    },
];

static FILTERS: [FilterCard; 1] = [FilterCard {
    flag: "shelf",
    value_name: "ID",
    about: "Only books of this shelf",
    brief: "",
    form: "ID",
    example: "1",
    aliases: &[],
}];

static CHECKS: [&CheckCard; 1] = [&PAGES];

static PAGES: CheckCard = CheckCard {
    id: "pages_possible",
    group: "books",
    mode: "impossible_pages",
    severity: Severity::High,
    about: "a book has at least one page, and no more than the rules allow",
    remedy: "count them again",
};

/// No book has more pages, unless a rules file says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    most_pages: i64,
}

impl Rules for Limits {
    fn to_json(&self) -> Json {
        json!(self)
    }
    fn to_toml(&self) -> String {
        format!("most_pages = {}\n", self.most_pages)
    }
    fn runs(&self, _: &str) -> bool {
        true
    }
    fn severity(&self, _: &str) -> Option<Severity> {
        None
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The check at work.
struct Pages<'a> {
    params: &'a CheckParams,
    asked: bool,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Reader for Pages<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        (!std::mem::replace(&mut self.asked, true)).then(|| ScanRequest::of("Book", &["book_id", "pages"]))
    }
    fn begin(&mut self, _: Option<&Arc<Table>>) {}
    fn take(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let most = self.params.rules.as_any().downcast_ref::<Limits>().unwrap().most_pages;
        for row in rows {
            self.looked_at += 1;
            let pages = row.integer("pages").unwrap_or_default();
            if !(1..=most).contains(&pages) {
                let (key, what) = (row.key(), format!("pages={pages}"));
                let message = format!("a book of {pages} pages");
                let (check, severity, related) = (PAGES.id, PAGES.severity, Vec::new());
                self.findings.push(Finding { check, severity, table: "Book", key, related, what, message });
            }
        }
        ControlFlow::Continue(())
    }
}

impl CheckRun for Pages<'_> {
    fn finish(self: Box<Self>) -> CheckResults {
        let (looked_at, findings) = (self.looked_at, self.findings);
        let verdict = match looked_at {
            0 => Verdict::NotRun { why: "there are no books".into() },
            _ => Verdict::Ran { looked_at, findings, remarks: Vec::new() },
        };
        CheckResults { verdicts: vec![verdict], gathered: Box::new(()) }
    }
}

/// The one mode.
struct ImpossiblePages;

static MODE: ModeCard = ModeCard {
    id: "impossible_pages",
    tool: "create_impossible_pages",
    title: "A book of impossible size",
    description: "The pages of a book become a number that no book has.",
    record: FaultRecord { table: "Book", key: "book_id", parameter: "book_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant { word: "negative", severity: "1", about: "fewer than none", eligible: "any book" },
        Variant { word: "huge", severity: "2", about: "more than any book has", eligible: "any book" },
    ],
    severity: "2",
    uses_now: false,
    uses_ordinal: false,
    checks: &["pages_possible"],
    data_needed: &[],
};

/// Parameters of the mode.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PagesParams {
    /// Books to break
    #[arg(long, value_name = "IDS")]
    book_id: Option<Ids>,
    /// What becomes of the pages
    #[arg(long, value_name = "WORD", value_parser = params::parser(&MODE))]
    size: Option<String>,
}

impl Parametrised for ImpossiblePages {
    type Parameters = PagesParams;
}

impl Mode for ImpossiblePages {
    fn card(&self) -> &'static ModeCard {
        &MODE
    }
    fn complete(&self, given: &Map<String, Json>, variant: Option<&str>) -> Result<Map<String, Json>, String> {
        let given: PagesParams = params::read(given)?;
        let word = params::named(self, "size", given.size.as_deref(), variant)?;
        Ok(params::write(&PagesParams { book_id: None, size: Some(word.to_owned()) }))
    }
    fn needs(&self, records: &[Value], _: &Map<String, Json>, snapshot: &Snapshot) -> Vec<Fetch> {
        let wanted = Fetch::among("Book", "book_id", records.iter().cloned());
        if snapshot.has(&wanted) { Vec::new() } else { vec![wanted] }
    }
    fn propose(&self, variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<Map<String, Json>, Refusal> {
        params::proposed(self, variant, snapshot, task, task.parameters.clone())
    }
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>) -> Result<Planned, Refusal> {
        let given: PagesParams = params::of_task(task)?;
        let variant = params::shown(self, given.size, "size")?;
        let key = vec![task.record.clone()];
        let missing = || Refusal::MissingRecord { table: "Book".into(), key: key.clone() };
        let row = snapshot.table("Book")?.row(&key).ok_or_else(missing)?;
        let pages = if variant == "negative" { -1 } else { 1_000_000 };
        let set = BTreeMap::from([("pages".to_owned(), Datum::Integer(pages))]);
        Ok(Planned::alone(variant, vec![Edit::Update { table: "Book".into(), key: row.key(), set }]))
    }
}

/// The one query: books by number, a page at a time.
struct Books;

static QUERY: QueryCard = QueryCard {
    name: "list_books",
    group: "specification",
    title: "Books",
    about: "Lists books by number, a page at a time",
    example: "--limit 2",
};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct BooksParams {
    /// How many at most
    #[arg(long)]
    limit: Option<u64>,
    /// The number after which the page begins
    #[arg(long)]
    after: Option<i64>,
}

/// Its answer.
#[derive(Default, Serialize, JsonSchema)]
struct BooksAnswer {
    /// Their numbers
    books: Vec<i64>,
    /// Where the next page begins; null at the end
    next_cursor: Option<i64>,
    /// A sentence
    summary: String,
}

struct BooksRun {
    params: BooksParams,
    asked: bool,
    books: Vec<i64>,
}

impl TypedQuery for Books {
    type Params = BooksParams;
    type Answer = BooksAnswer;
    fn card(&self) -> &'static QueryCard {
        &QUERY
    }
    fn start(&self, params: BooksParams) -> Result<Box<dyn QueryRun>, QueryError> {
        Ok(Box::new(BooksRun { params, asked: false, books: Vec::new() }))
    }
}

impl Reader for BooksRun {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        let first = !std::mem::replace(&mut self.asked, true);
        first.then(|| ScanRequest::of("Book", &["book_id"]).order_by("book_id"))
    }
    fn begin(&mut self, _: Option<&Arc<Table>>) {}
    fn take(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let after = self.params.after.unwrap_or(i64::MIN);
        self.books.extend(rows.iter().filter_map(|row| row.integer("book_id")).filter(|id| *id > after));
        ControlFlow::Continue(())
    }
}

impl QueryRun for BooksRun {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        let limit = usize::try_from(self.params.limit.unwrap_or(query::ITEMS_DEFAULT)).unwrap();
        let more = self.books.len() > limit;
        let books: Vec<i64> = self.books.into_iter().take(limit).collect();
        let next_cursor = books.last().copied().filter(|_| more);
        let summary = format!("{} books", books.len());
        Ok(query::answer(&BooksAnswer { books, next_cursor, summary }))
    }
}

/// What makes labs and imports.
struct Shop;

impl Lab for Shop {
    fn size(&self) -> LabSize {
        LabSize { option: "patients", default: Some(20), most: 1000 }
    }
    fn tables(&self) -> Vec<TableDef> {
        TABLES.iter().map(|table| table.def()).collect()
    }
    fn generate(&self, request: &LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()> {
        let text = |text: String| Datum::Text(text);
        for shelf in 1..=2 {
            sink("Shelf", vec![Datum::Integer(shelf), text(format!("room {shelf}"))])?;
        }
        for book in 1..=i64::from(request.size.unwrap_or(20)) {
            let cells = [book, 1 + book % 2, 100 + book].map(Datum::Integer);
            sink("Book", cells.into_iter().chain([text(format!("Title {book}"))]).collect())?;
            sink("IndexCard", vec![Datum::Integer(book), text(json!({"book": book}).to_string())])?;
        }
        ControlFlow::Continue(())
    }
}

static SOURCE: ImportSource = ImportSource { folder: "books", wanted: "give a folder of books.txt, a title a line" };

impl Import for Shop {
    fn source(&self) -> &'static ImportSource {
        &SOURCE
    }
    fn wants(&self, file: &str) -> bool {
        file == "books.txt"
    }
    fn is_public(&self, _: &Files) -> bool {
        true
    }
    fn read(&self, files: &Files) -> Result<Vec<Imported>, String> {
        let bytes = files.get("books.txt").ok_or("it holds no books.txt")?;
        let titles = String::from_utf8_lossy(bytes).into_owned();
        let row = |(number, title): (u64, &str)| {
            let texts = vec![number.to_string(), "1".into(), "10".into(), title.to_owned()];
            let id = i64::try_from(number).unwrap();
            let values = vec![Datum::Integer(id), Datum::Integer(1), Datum::Integer(10), Datum::Text(title.into())];
            ImportedRow { number, texts, values }
        };
        let rows = (1..).zip(titles.lines()).map(row).collect();
        Ok(vec![Imported { table: BOOK.def(), rows, report: ImportReport::default() }])
    }
    fn is_same(&self, text: &str, value: &Value, _: &Column) -> bool {
        matches!(value, Value::Text(held) if held == text)
            || matches!(value, Value::Integer(n) if n.to_string() == text)
    }
}

fn of_shelf(filters: &FilterValues) -> Result<i64, String> {
    let given = filters.get("shelf").unwrap_or_default();
    given.parse().map_err(|_| format!("`{given}` is no shelf"))
}

impl Domain for Library {
    fn card(&self) -> &'static DomainCard {
        &CARD
    }
    fn tables(&self) -> &'static [&'static TableCard] {
        &TABLES
    }
    fn kinds(&self) -> &'static [&'static RecordKind] {
        &KINDS
    }
    fn describe(&self, kind: &RecordKind, keys: &[Key], snapshot: &Snapshot) -> Result<Vec<Description>, Pause> {
        let ids = keys.iter().filter_map(|key| key.first().cloned());
        let described = |row: &Row<'_>| {
            let cell = |column: &ListColumn| Shown::Value(row.cell(column.name).cloned().unwrap_or(Value::Null));
            let cells = kind.columns.iter().map(cell).collect();
            Description { key: row.key(), link: row.integer(kind.key), cells }
        };
        Ok(rows(snapshot, &Fetch::among(kind.table, kind.key, ids))?.iter().map(described).collect())
    }
    fn filters(&self) -> &'static [FilterCard] {
        &FILTERS
    }
    fn judge_filters(&self, _: &RecordKind, filters: &FilterValues) -> Result<(), String> {
        of_shelf(filters).map(drop)
    }
    fn select(&self, kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
        let shelf = Value::Integer(of_shelf(filters).unwrap_or_default());
        Ok(rows(snapshot, &Fetch::among(kind.table, "shelf_id", [shelf]))?.iter().map(Row::key).collect())
    }
    fn modes(&self) -> &'static [&'static dyn Mode] {
        &[&ImpossiblePages]
    }
    fn checks(&self) -> &'static [&'static CheckCard] {
        &CHECKS
    }
    fn check_tables(&self, _: &[&'static CheckCard]) -> Vec<CheckTable> {
        let columns = vec!["book_id", "pages"];
        vec![CheckTable { table: "Book", shown: columns.clone(), columns, held: false }]
    }
    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
        Box::new(Pages { params: request.params, asked: false, looked_at: 0, findings: Vec::new() })
    }
    fn rules(&self, text: &str) -> Result<Arc<dyn Rules>, RulesError> {
        let text = if text.is_empty() { self.default_rules() } else { text };
        let wrong = |error: toml::de::Error| RulesError { line: None, message: error.to_string(), nearest: None };
        Ok(Arc::new(toml::from_str::<Limits>(text).map_err(wrong)?))
    }
    fn default_rules(&self) -> &'static str {
        "# No book has more pages.\nmost_pages = 5000\n"
    }
    fn repair(&self, _: &str, _: &str, _: Option<(&str, &str)>) -> Repair {
        Repair { extent: Extent::Not, source: "outside", why: "the book has to be counted" }
    }
    fn queries(&self) -> &'static [&'static dyn Query] {
        &[&Books]
    }
    fn lab(&self) -> Option<&'static dyn Lab> {
        Some(&Shop)
    }
    fn import(&self) -> Option<&'static dyn Import> {
        Some(&Shop)
    }
}
