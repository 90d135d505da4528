//! A whole domain in one file: a lending library of shelves, books and index cards, and what can go wrong with them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use clap::Args;
use mfm::domain::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// The domain.
pub(crate) struct Library;

static CARD: DomainCard = DomainCard { id: "library", title: "Library", about: "shelves, books and cards" };
static SHELF: TableCard = TableCard::new("Shelf", &["shelf_id"], &[("shelf_id", "int"), ("room", "varchar(20)")]);
static BOOK: TableCard =
    TableCard::new("Book", &["book_id"], &[("book_id", "int"), ("shelf_id", "int"), ("pages", "int"), TITLE])
        .with_identifying(&["title"]);
const TITLE: (&str, &str) = ("title", "varchar(40)");
/// Documents: each the text of a JSON object that says which book it is of.
static INDEX: TableCard = TableCard::new("IndexCard", &["card_id"], &[("card_id", "int"), ("document", "text")]);
static TABLES: [&TableCard; 3] = [&SHELF, &BOOK, &INDEX];

static SHELVES: RecordKind = RecordKind::new("shelf", "shelves", "A shelf")
    .in_table("Shelf", "shelf_id")
    .with_columns(&[ListColumn::new("shelf_id"), ListColumn::new("room")])
    .opens("book")
    .links(&[RecordLink { kind: "book", column: "shelf_id" }]);
static BOOKS: RecordKind = RecordKind::new("book", "books", "A book")
    .in_table("Book", "book_id")
    .with_columns(&[ListColumn::new("book_id"), ListColumn::new("shelf_id"), ListColumn::new("pages")])
    .faultable();

static KINDS: [&RecordKind; 2] = [&SHELVES, &BOOKS];

static FILTERS: [FilterCard; 1] = [FilterCard::new("shelf", "ID", "Only books of this shelf", "1")];

/// No book has more pages, unless a rules file says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    most_pages: i64,
}

const fn check([id, group, about, remedy]: [&'static str; 4], severity: Severity) -> CheckCard {
    CheckCard { id, group, mode: "impossible_pages", severity, about, remedy }
}

static PAGES: RowCheck = RowCheck {
    card: check(["pages_possible", "books", "a book has as many pages as rules allow", "recount"], Severity::High),
    table: "Book",
    columns: &["book_id", "pages"],
    judge: |book, rules| {
        let most = rules_file::plain_values::<Limits>(rules).map_or(0, |limits| limits.most_pages);
        let pages = book.integer("pages").unwrap_or_default();
        (!(1..=most).contains(&pages)).then(|| ("pages", format!("a book of {pages} pages")))
    },
};

static CARDS: RowCheck = RowCheck {
    card: check(["card_readable", "cards", "a card is an object of its book", "rewrite it"], Severity::Medium),
    table: "IndexCard",
    columns: &["card_id", "document"],
    judge: |card, _| match document(card) {
        Some(read) if read["book"].as_i64() == card.integer("card_id") => None,
        read => {
            Some(("document", format!("a card of {}", read.map_or("nothing".into(), |read| read["book"].to_string()))))
        }
    },
};

static CHECKS: [&RowCheck; 2] = [&PAGES, &CARDS];
static CARDS_OF_CHECKS: [&CheckCard; 2] = [&PAGES.card, &CARDS.card];

/// Returns the object that a card holds.
fn document(card: &Row<'_>) -> Option<Json> {
    let Value::Text(text) = card.cell("document")? else { return None };
    serde_json::from_str(text).ok().filter(Json::is_object)
}

/// The one mode.
struct ImpossiblePages;
const fn variant(word: &'static str, severity: FaultSeverity, about: &'static str) -> Variant {
    Variant { word, severity, about, eligible: "any book", size: None }
}
static MODE: ModeCard = ModeCard {
    id: "impossible_pages",
    tool: "create_impossible_pages",
    title: "A book of impossible size",
    description: "The pages of a book become a number that no book has.",
    record: FaultRecord { table: "Book", key: "book_id", parameter: "book_id" },
    variants: &[
        variant("negative", FaultSeverity::tenths::<10>(), "fewer than none"),
        variant("huge", FaultSeverity::tenths::<20>(), "more than any book has"),
    ],
    severity: FaultSeverity::tenths::<20>(),
    checks: &["pages_possible"],
    ..ModeCard::PLAIN
};

/// Parameters of the mode.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PagesParams {
    /// Books to break
    #[arg(long, value_name = "IDS")]
    book_id: Option<Ids>,
    /// What becomes of the pages
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&MODE))]
    size: Option<String>,
}

impl FailureMode for ImpossiblePages {
    type Params = PagesParams;

    fn card(&self) -> &'static ModeCard {
        &MODE
    }
    fn complete(&self, params: PagesParams, variant: Option<&str>) -> Result<PagesParams, String> {
        let word = params::resolve_variant(self, "size", params.size.as_deref(), variant)?;
        Ok(PagesParams { size: Some(word.to_owned()), ..params })
    }
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &PagesParams) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.size.as_deref(), "size")?;
        let row = task.row(snapshot)?;
        let pages = if variant == "negative" { -1 } else { 1_000_000 };
        let set = BTreeMap::from([("pages".to_owned(), Datum::Integer(pages))]);
        Ok(PlannedFault::without_witness(variant, vec![Edit::Update { table: "Book".into(), key: row.key(), set }]))
    }
}

/// The mode whose values are possible: pages that were miscounted, by as many as one likes.
struct MiscountedPages;
static MISCOUNT: ModeCard = ModeCard {
    id: "miscounted_pages",
    tool: "create_miscounted_pages",
    group: ModeGroup::Plausible,
    title: "A book with more pages than it has",
    description: "The pages of a book become more by a size.",
    record: FaultRecord { table: "Book", key: "book_id", parameter: "book_id" },
    variants: &[Variant {
        size: Some(SizeRange::in_unit("pages", 50.0, 6000.0, 50_000.0).with_decimals(0).or_relative()),
        ..variant("more", FaultSeverity::tenths::<15>(), "more pages than were counted")
    }],
    severity: FaultSeverity::tenths::<15>(),
    checks: &["pages_possible"],
    ..ModeCard::PLAIN
};

/// Parameters of the mode.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MiscountParams {
    /// Books to break
    #[arg(long, value_name = "IDS")]
    book_id: Option<Ids>,
    /// How the pages are wrong
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&MISCOUNT))]
    #[schemars(extend("enum" = params::variant_words(&MISCOUNT)))]
    fault: Option<String>,
    /// By how many pages
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: Option<params::Size>,
}

impl FailureMode for MiscountedPages {
    type Params = MiscountParams;

    fn card(&self) -> &'static ModeCard {
        &MISCOUNT
    }
    fn complete(&self, params: MiscountParams, variant: Option<&str>) -> Result<MiscountParams, String> {
        let word = params::resolve_variant(self, "fault", params.fault.as_deref(), variant)?;
        let size = params::resolve_size(self, word, params.size)?;
        Ok(MiscountParams { fault: Some(word.to_owned()), size, ..params })
    }
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &MiscountParams) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.fault.as_deref(), "fault")?;
        let row = task.row(snapshot)?;
        let pages = row.integer("pages").unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "a book has few pages")]
        let more = params::size_of_plan(params.size)?.change_of(pages as f64).round() as i64;
        let set = BTreeMap::from([("pages".to_owned(), Datum::Integer(pages + more))]);
        Ok(PlannedFault::without_witness(variant, vec![Edit::Update { table: "Book".into(), key: row.key(), set }]))
    }
}

/// The one query: index cards by number, a page at a time, with what their documents say.
struct ListCards;
static QUERY: QueryCard = QueryCard {
    name: "list_cards",
    group: "specification",
    title: "Index cards",
    about: "Lists index cards by number, a page at a time, with the book that each is of",
    example: "--limit 2",
};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct CardsParams {
    /// Only the card of this book
    #[arg(long)]
    book_id: Option<i64>,
    /// How many at most
    #[arg(long)]
    limit: Option<u64>,
    /// Where the page begins
    #[arg(long)]
    cursor: Option<String>,
}

impl TypedQuery for ListCards {
    type Params = CardsParams;
    type Answer = ListAnswer<Json>;
    fn card(&self) -> &'static QueryCard {
        &QUERY
    }
    fn start(&self, params: CardsParams) -> Result<Box<dyn QueryRun>, QueryError> {
        let scan = ScanRequest::every_row("IndexCard", &["card_id", "document"]).order_by("card_id");
        let take = |params: &CardsParams, row: &Row<'_>| {
            let book = document(row).map(|card| card["book"].clone());
            let wanted = params.book_id.is_none_or(|wanted| book == Some(Json::from(wanted)));
            wanted.then(|| json!({"card_id": row.integer("card_id"), "book": book}))
        };
        let finish = |params: CardsParams, all: Vec<Json>| {
            let page = query::take_page(all, params.limit, params.cursor.as_deref())?;
            Ok(query::to_answer(&ListAnswer::from_page(page, "cards")))
        };
        Ok(OneScan::start_run(params, scan, take, finish))
    }
}

static FEATURES: RowFeatures = RowFeatures {
    card: &FeatureSetCard::new(
        &BOOKS,
        "how long a book is",
        &[
            FeatureCard::new("length", "pages", "count", "pages").with_sentinel(-1.0),
            FeatureCard::new("length", "is_thick", "0/1", "pages > 110"),
        ],
        &[FlagCard { name: "has_pages", about: "pages is a number" }],
    ),
    columns: &["pages"],
    compute: |book| {
        let (pages, is_thick) = (book.float("pages"), book.float("pages") > Some(110.0));
        (vec![pages.unwrap_or(-1.0), f64::from(u8::from(is_thick))], vec![pages.is_some()])
    },
};

/// What makes labs and imports.
struct Shop;

impl Lab for Shop {
    fn size(&self) -> LabSize {
        LabSize { option: "patients", default: Some(20), most: 1000 }
    }
    fn tables(&self) -> Vec<TableDef> {
        TABLES.map(TableCard::to_def).into()
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
    fn accepts_file(&self, file: &str) -> bool {
        file == "books.txt"
    }
    fn read_tables(&self, files: &FilesByName) -> Result<Vec<ImportedTable>, String> {
        let bytes = files.get("books.txt").ok_or("it holds no books.txt")?;
        let titles = String::from_utf8_lossy(bytes).into_owned();
        let row = |(number, title): (u64, &str)| {
            let whole = |number: i64| (number.to_string(), Datum::Integer(number));
            let cells = [whole(i64::try_from(number).unwrap()), whole(1), whole(10)];
            ImportedRow::from_cells(number, cells.into_iter().chain([(title.to_owned(), Datum::Text(title.into()))]))
        };
        let rows = (1..).zip(titles.lines()).map(row).collect();
        Ok(vec![ImportedTable { table: BOOK.to_def(), rows, report: ImportReport::default() }])
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
    fn filters(&self) -> &'static [FilterCard] {
        &FILTERS
    }
    fn judge_filters(&self, _: &RecordKind, filters: &FilterValues) -> Result<(), String> {
        of_shelf(filters).map(drop)
    }
    fn select_keys(&self, kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
        let shelf = Value::Integer(of_shelf(filters).unwrap_or_default());
        Ok(read_rows(snapshot, &Fetch::among(kind.table, "shelf_id", [shelf]))?.iter().map(Row::key).collect())
    }
    fn modes(&self) -> &'static [&'static dyn Mode] {
        &[&ImpossiblePages, &MiscountedPages]
    }
    fn checks(&self) -> &'static [&'static CheckCard] {
        &CARDS_OF_CHECKS
    }
    fn check_tables(&self, cards: &[&'static CheckCard]) -> Vec<CheckTable> {
        row_check::list_tables(&CHECKS, cards)
    }
    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
        row_check::start_checks(&CHECKS, request)
    }
    fn parse_rules(&self, text: &str) -> Result<Arc<dyn Rules>, RulesError> {
        rules_file::parse_plain_rules::<Limits>(self.default_rules(), text)
    }
    fn default_rules(&self) -> &'static str {
        "# No book has more pages.\nmost_pages = 5000\n"
    }
    fn queries(&self) -> &'static [&'static dyn Query] {
        &[&ListCards]
    }
    fn features(&self) -> Option<&'static dyn FeatureSet> {
        Some(&FEATURES)
    }
    fn lab(&self) -> Option<&'static dyn Lab> {
        Some(&Shop)
    }
    fn importer(&self) -> Option<&'static dyn Import> {
        Some(&Shop)
    }
}
