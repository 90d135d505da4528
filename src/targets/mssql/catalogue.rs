//! What SQL Server's catalogue says of a table: columns, key, unique indexes, oddities; judges no operation.

use std::collections::BTreeSet;
use std::sync::Arc;

use mfm_journal::TableShape;

use super::fault::ServerLocation;
use super::foreign;
use super::oddities;
use super::sql::{self, catalogue as text};
use super::types::{MssqlType, RawType};
use super::wire::{Wire, WireRow, cell_flag, cell_integer, cell_text, number_parameter};
use crate::model::{Column, KeyStanding, Refusal, Role, Storage, Table};
use crate::targets::foreign::ForeignKey;
use crate::targets::trigger::{Trigger, TriggerEvent};
use crate::targets::{DomainKeys, TargetError, declared};

/// A table with all that the engine has to know beside [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MssqlLayout {
    /// The table as everybody sees it.
    pub(super) table: Arc<Table>,
    /// Its schema.
    pub(super) schema: String,
    /// Its name within the schema.
    pub(super) name: String,
    /// Its number.
    pub(super) object_id: i64,
    /// The columns that are read and written, in the order of the shape's.
    pub(super) fields: Vec<SheetField>,
    /// The columns whose values cannot be kept exactly, with their types.
    pub(super) unkept: Vec<String>,
    /// The unique indexes over all rows, the key's own left out.
    pub(super) unique: Vec<UniqueIndex>,
    /// Whether there are unique indexes over computed columns, or over some rows only.
    pub(super) odd_unique: bool,
    /// What keeps the table from being changed exactly, in words.
    pub(super) obstacles: Vec<String>,
    /// The columns that this login sees masked.
    pub(super) masked: Vec<String>,
    /// Whether the database answers a commit before it is on disk, whatever is asked for.
    pub(super) forces_delay: bool,
    /// Whether change tracking counts every write.
    pub(super) tracked: bool,
    /// Whether there are triggers, or foreign keys, that this login cannot see.
    pub(super) hides: bool,
    /// The enabled triggers.
    pub(super) triggers: Vec<Trigger>,
    /// The enabled CHECK constraints: name and condition. One that this login cannot see is not here.
    pub(super) checks: Vec<(String, String)>,
    /// The enforced foreign keys that the table declares.
    pub(super) parents: Vec<ForeignKey>,
    /// The enforced foreign keys that refer to the table.
    pub(super) children: Vec<ForeignKey>,
}

/// A column that is read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetField {
    /// Its name.
    pub(super) name: String,
    /// Its place in the shape.
    pub(super) at: usize,
    /// Its type.
    pub(super) kind: MssqlType,
    /// The collation of its text.
    pub(super) collation: Option<String>,
    /// Whether the database numbers new rows by it.
    pub(super) identity: bool,
}

/// A unique index over plain columns of all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UniqueIndex {
    /// Its name.
    pub(super) name: String,
    /// Its columns.
    pub(super) columns: Vec<String>,
    /// Whether none of them takes NULL.
    never_null: bool,
}

/// Something that the catalogue lists like a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CatalogueObject {
    pub(super) schema: String,
    pub(super) name: String,
    /// `U` table, `V` view, `SN` synonym.
    pub(super) kind: String,
    pub(super) object_id: i64,
}

/// What this version of the catalogue offers, and the login's own schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CatalogueFeatures {
    columns: BTreeSet<(String, String)>,
    /// The schema in which names without one are looked up.
    pub(super) schema: String,
}

impl CatalogueFeatures {
    /// Asks which optional parts the catalogue has.
    pub(super) fn read(wire: &mut Wire, place: &ServerLocation, schema: String) -> Result<Self, TargetError> {
        let rows =
            wire.query_rows(sql::session::OPTIONAL, Vec::new()).map_err(place.explainer("read the catalogue"))?;
        let pair =
            |row: &WireRow| Some((cell_text(row.first())?.to_lowercase(), cell_text(row.get(1))?.to_lowercase()));
        Ok(Self { columns: rows.iter().filter_map(pair).collect(), schema })
    }

    fn has_column(&self, view: &str, column: &str) -> bool {
        self.columns.contains(&(view.to_owned(), column.to_owned()))
    }
}

impl CatalogueObject {
    /// Returns the name under which everybody knows the table: with its schema, unless that is `dbo`.
    pub(super) fn display_name(&self) -> String {
        if self.schema == "dbo" { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    /// Tells whether it is a table of mfm's own.
    pub(super) fn is_own(&self) -> bool {
        self.schema == "dbo" && ["mfm_marker", "mfm_operation"].iter().any(|own| self.name.eq_ignore_ascii_case(own))
    }
}

/// Lists everything that looks like a table.
pub(super) fn list_objects(wire: &mut Wire, place: &ServerLocation) -> Result<Vec<CatalogueObject>, TargetError> {
    let rows = wire.query_rows(text::OBJECTS, Vec::new()).map_err(place.explainer("list the tables"))?;
    let one = |row: &WireRow| {
        Some(CatalogueObject {
            schema: cell_text(row.first())?,
            name: cell_text(row.get(1))?,
            kind: cell_text(row.get(2))?.trim().to_owned(),
            object_id: cell_integer(row.get(3))?,
        })
    };
    Ok(rows.iter().filter_map(one).collect())
}

/// Finds a table by the name a person gives it: with its schema, or without it in the login's own one, in `dbo`, or
/// in the only one that has it.
pub(super) fn find_object(listed: &[CatalogueObject], own_schema: &str, name: &str) -> Option<CatalogueObject> {
    let by = |same: &dyn Fn(&CatalogueObject) -> bool| listed.iter().find(|one| same(one)).cloned();
    let schemas = [own_schema, "dbo"];
    let exact = by(&|one| one.display_name() == name);
    let unqualified = || {
        let within = |schema: &str| by(&|one| one.schema == schema && one.name == name);
        schemas.iter().find_map(|schema| within(schema))
    };
    let alike =
        |one: &&CatalogueObject| one.name.eq_ignore_ascii_case(name) || one.display_name().eq_ignore_ascii_case(name);
    let only = || {
        let mut all = listed.iter().filter(alike);
        let preferred = listed.iter().find(|one| alike(one) && schemas.contains(&one.schema.as_str()));
        let first = all.next();
        preferred.or_else(|| first.filter(|_| all.next().is_none())).cloned()
    };
    exact.or_else(unqualified).or_else(only)
}

/// Reads a table, `None` where there is none of that name.
pub(super) fn read_layout(
    wire: &mut Wire,
    place: &ServerLocation,
    offers: &CatalogueFeatures,
    keys: &DomainKeys,
    name: &str,
) -> Result<Option<MssqlLayout>, TargetError> {
    let Some(listed) = find_object(&list_objects(wire, place)?, &offers.schema, name) else { return Ok(None) };
    let what = match listed.kind.as_str() {
        "U" if listed.is_own() => "table of mfm's own",
        "U" => return declared_sheet(wire, place, offers, keys, &listed).map(Some),
        "V" => "view",
        _ => "synonym",
    };
    Err(Refusal::NotATable { table: listed.display_name(), what: what.to_owned() }.into())
}

/// Reads the declaration of a table.
pub(super) fn declared_sheet(
    wire: &mut Wire,
    place: &ServerLocation,
    offers: &CatalogueFeatures,
    keys: &DomainKeys,
    listed: &CatalogueObject,
) -> Result<MssqlLayout, TargetError> {
    let has = |view: &str, column: &str| offers.has_column(view, column);
    let answers = wire.query_results(&text::select_table_facts(&has), vec![number_parameter(listed.object_id)]);
    let answers: [Vec<WireRow>; 7] = answers
        .map_err(place.explainer("read the schema"))?
        .try_into()
        .map_err(|_| place.failure("read the schema", "the catalogue gave another number of answers"))?;
    let [columns, indexes, special, triggers, checks, parents, children] = answers;
    let raw: Vec<RawColumn> = columns.iter().filter_map(raw_column).collect();
    if raw.len() != columns.len() || raw.is_empty() {
        let why = format!("the columns of {} are not visible to this login", listed.display_name());
        return Err(place.failure("read the schema", why));
    }
    let special = special.first().cloned().unwrap_or_default();
    let mut sheet = build_layout(listed, keys, &raw, unique_indexes(&indexes), &special);
    sheet.triggers = triggers.iter().filter_map(parse_trigger).collect();
    sheet.checks = checks.iter().filter_map(|row| Some((cell_text(row.first())?, cell_text(row.get(1))?))).collect();
    sheet.parents = foreign::parse_foreign_keys(&parents);
    sheet.children = foreign::parse_foreign_keys(&children);
    let odd = |row: &WireRow| {
        cell_flag(row.get(2)) || cell_text(row.get(3)).is_some_and(|name| sheet.find_field(&name).is_none())
    };
    sheet.odd_unique = indexes.iter().any(odd);
    Ok(sheet)
}

fn parse_trigger(row: &WireRow) -> Option<Trigger> {
    let event = match cell_text(row.get(1)).as_deref() {
        Some("INSERT") => TriggerEvent::Insert,
        Some("DELETE") => TriggerEvent::Delete,
        Some("UPDATE") => TriggerEvent::Update(Vec::new()),
        _ => TriggerEvent::Any,
    };
    Some(Trigger { name: cell_text(row.first())?, event })
}

/// A column as the catalogue tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawColumn {
    name: String,
    kind: RawType,
    collation: Option<String>,
    nullable: bool,
    computed: bool,
    identity: bool,
    /// What makes it a column like no other.
    special: Option<&'static str>,
    masked: bool,
}

pub(super) fn raw_column(row: &WireRow) -> Option<RawColumn> {
    let small = |at: usize| cell_integer(row.get(at)).and_then(|number| u8::try_from(number).ok()).unwrap_or(0);
    Some(RawColumn {
        name: cell_text(row.first())?,
        kind: RawType {
            name: cell_text(row.get(1))?,
            max_length: cell_integer(row.get(2))?,
            precision: small(3),
            scale: small(4),
            code_page: cell_integer(row.get(6)),
        },
        collation: cell_text(row.get(5)),
        nullable: cell_flag(row.get(7)),
        computed: cell_flag(row.get(8)),
        identity: cell_flag(row.get(9)),
        special: oddities::of_column(row),
        masked: cell_flag(row.get(11)),
    })
}

/// Returns the unique indexes over all rows, in the order of the rows of the catalogue.
pub(super) fn unique_indexes(rows: &[WireRow]) -> Vec<UniqueIndex> {
    let mut all: Vec<(i64, UniqueIndex)> = Vec::new();
    for row in rows.iter().filter(|row| !cell_flag(row.get(2))) {
        let (Some(id), Some(column)) = (cell_integer(row.get(5)), cell_text(row.get(3))) else { continue };
        let nullable = cell_flag(row.get(4));
        match all.iter_mut().find(|(known, _)| *known == id) {
            Some((_, index)) => {
                index.columns.push(column);
                index.never_null &= !nullable;
            }
            None => {
                let name = cell_text(row.first()).unwrap_or_else(|| "unnamed".to_owned());
                all.push((id, UniqueIndex { name, columns: vec![column], never_null: !nullable }));
            }
        }
    }
    all.into_iter().map(|(_, index)| index).collect()
}

pub(super) fn build_layout(
    listed: &CatalogueObject,
    keys: &DomainKeys,
    raw: &[RawColumn],
    mut unique: Vec<UniqueIndex>,
    special: &WireRow,
) -> MssqlLayout {
    let (mut fields, mut columns, mut omitted, mut unkept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for column in raw {
        let kind = MssqlType::from_catalogue(&column.kind).filter(|_| column.special.is_none());
        let collation = column.collation.as_deref().and_then(text::collation_name).map(str::to_owned);
        let model = |declared: &str, role| {
            declared::build_column(&column.name, declared, collation.clone(), column.nullable, Storage::Native, role)
        };
        match kind {
            _ if column.computed => omitted.push(model(&column.kind.name, Role::Computed)),
            Some(MssqlType::RowVersion) => omitted.push(model("rowversion", Role::RowVersion)),
            Some(kind) => {
                columns.push(model(&kind.declaration(), Role::Plain));
                let (name, at) = (column.name.clone(), fields.len());
                fields.push(SheetField { name, at, kind, collation: collation.clone(), identity: column.identity });
            }
            None => {
                let why = column.special.unwrap_or(&column.kind.name);
                unkept.push(format!("{}.{}, {why},", listed.display_name(), column.name));
                omitted.push(model(&column.kind.name, Role::Computed));
            }
        }
    }
    let (key, standing) = choose_key(listed, &columns, &mut unique, keys);
    let shape = TableShape {
        name: listed.display_name(),
        key,
        columns: columns.iter().map(|column: &Column| column.image.clone()).collect(),
        omitted: omitted.iter().map(|column: &Column| column.image.name.clone()).collect(),
    };
    let masked = raw.iter().filter(|column| column.masked && !oddities::may_unmask(special));
    MssqlLayout {
        table: Arc::new(Table { shape: Arc::new(shape), columns, omitted, key: standing }),
        schema: listed.schema.clone(),
        name: listed.name.clone(),
        object_id: listed.object_id,
        fields,
        unkept,
        unique,
        obstacles: oddities::of_table(special),
        masked: masked.map(|column| column.name.clone()).collect(),
        forces_delay: oddities::forces_delay(special),
        tracked: oddities::is_change_tracked(special),
        odd_unique: false,
        hides: oddities::is_partly_hidden(special),
        triggers: Vec::new(),
        checks: Vec::new(),
        parents: Vec::new(),
        children: Vec::new(),
    }
}

/// Chooses the domain's key where its columns exist, else the declared primary key, and takes its index out of the
/// list.
fn choose_key(
    listed: &CatalogueObject,
    columns: &[Column],
    unique: &mut Vec<UniqueIndex>,
    keys: &DomainKeys,
) -> (Vec<String>, KeyStanding) {
    let named = |(name, _): &(&String, &Vec<String>)| {
        name.eq_ignore_ascii_case(&listed.name) || name.eq_ignore_ascii_case(&listed.display_name())
    };
    let domain = keys.get(&listed.name).or_else(|| keys.iter().find(named).map(|(_, columns)| columns));
    let spelled = |name: &String| {
        let exact = columns.iter().find(|column| column.image.name == *name);
        let found = exact.or_else(|| columns.iter().find(|column| column.image.name.eq_ignore_ascii_case(name)));
        found.map(|column| column.image.name.clone()).ok_or_else(|| name.clone())
    };
    let domain = domain.map(|names| names.iter().map(spelled).collect::<Result<Vec<String>, String>>());
    let primary = || {
        let first = unique.first().filter(|index| index.never_null);
        first.map(|index| index.columns.clone()).unwrap_or_default()
    };
    let (key, missing) = match domain {
        Some(Ok(columns)) => (columns, None),
        Some(Err(name)) => (primary(), Some(name)),
        None => (primary(), None),
    };
    let covers = |index: &UniqueIndex| {
        index.columns.len() == key.len() && index.columns.iter().all(|name| key.contains(name)) && !key.is_empty()
    };
    match unique.iter().position(covers) {
        Some(at) => {
            let index = unique.remove(at);
            let standing = if index.never_null { KeyStanding::Declared(index.name) } else { KeyStanding::Undeclared };
            (key, standing)
        }
        None => {
            let missing = missing.filter(|_| key.is_empty());
            (key, missing.map_or(KeyStanding::Undeclared, KeyStanding::Missing))
        }
    }
}

impl MssqlLayout {
    /// Returns the table's name as SQL writes it.
    pub(super) fn qualified_name(&self) -> String {
        sql::qualify_name(&self.schema, &self.name)
    }

    /// Returns the name under which everybody knows the table.
    pub(super) fn display_name(&self) -> &str {
        &self.table.shape.name
    }

    /// Returns the key's columns, in key order.
    pub(super) fn key_fields(&self) -> impl Iterator<Item = &SheetField> {
        self.table.shape.key.iter().filter_map(|name| self.fields.iter().find(|field| field.name == *name))
    }

    /// Returns a column by its exact name.
    pub(super) fn find_field(&self, name: &str) -> Option<&SheetField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Refuses a table whose rows nothing can tell apart.
    pub(super) fn require_key(&self) -> Result<(), Refusal> {
        let no_key = |why: String| Err(Refusal::NoKey { table: self.display_name().to_owned(), why });
        if let KeyStanding::Missing(column) = &self.table.key {
            return no_key(format!("it lacks the key column {column}"));
        }
        if self.table.shape.key.is_empty() {
            return no_key("it declares none".to_owned());
        }
        match self.key_fields().find(|field| !field.kind.is_comparable()) {
            Some(field) => {
                no_key(format!("{} is of type {}, which nothing compares", field.name, field.kind.declaration()))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_objects(names: &[(&str, &str)]) -> Vec<CatalogueObject> {
        let one = |(schema, name): &(&str, &str)| CatalogueObject {
            schema: (*schema).to_owned(),
            name: (*name).to_owned(),
            kind: "U".into(),
            object_id: 1,
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn names_are_found_with_and_without_a_schema() {
        let all = sample_objects(&[
            ("app", "Site"),
            ("dbo", "Site"),
            ("dbo", "patient"),
            ("old", "Staff"),
            ("a", "T"),
            ("b", "T"),
        ]);
        let shown = |name: &str| find_object(&all, "app", name).map(|one| one.display_name());
        assert_eq!(shown("Site").unwrap(), "Site", "dbo's, by its exact name");
        assert_eq!(shown("app.Site").unwrap(), "app.Site");
        assert_eq!(shown("Patient").unwrap(), "patient");
        assert_eq!(shown("Staff").unwrap(), "old.Staff", "the only one");
        assert_eq!(shown("OLD.STAFF").unwrap(), "old.Staff");
        assert_eq!(shown("T"), None, "two of them");
        assert_eq!(shown("none"), None);
    }

    fn sample_column(name: &str, kind: &str) -> RawColumn {
        RawColumn {
            name: name.into(),
            kind: RawType { name: kind.into(), max_length: 4, precision: 10, scale: 0, code_page: None },
            collation: None,
            nullable: false,
            computed: false,
            identity: false,
            special: None,
            masked: false,
        }
    }

    fn sample_index(name: &str, columns: &[&str], never_null: bool) -> UniqueIndex {
        UniqueIndex { name: name.into(), columns: columns.iter().map(|name| (*name).to_owned()).collect(), never_null }
    }

    #[test]
    fn the_key_is_the_domains_and_vouched_for_by_an_index() {
        let listed = sample_objects(&[("dbo", "t")]).remove(0);
        let columns = [
            sample_column("id", "int"),
            sample_column("other", "int"),
            sample_column("v", "sql_variant"),
            sample_column("rv", "timestamp"),
        ];
        let keys = |column: &str| DomainKeys::from([("T".to_owned(), vec![column.to_owned()])]);
        let of =
            |keys: &DomainKeys, unique: Vec<UniqueIndex>| build_layout(&listed, keys, &columns, unique, &Vec::new());
        let declared =
            of(&keys("ID"), vec![sample_index("PK_t", &["id"], true), sample_index("UX", &["other"], false)]);
        assert_eq!(declared.table.key, KeyStanding::Declared("PK_t".into()));
        assert_eq!(declared.table.shape.key, ["id"]);
        assert_eq!(declared.unique.len(), 1);
        assert_eq!(declared.table.shape.omitted, ["v", "rv"]);
        assert_eq!(declared.unkept, ["t.v, sql_variant,"]);
        let scripted = of(&keys("other"), vec![sample_index("PK_t", &["id"], true)]);
        assert_eq!((scripted.table.key.clone(), scripted.unique.len()), (KeyStanding::Undeclared, 1));
        assert_eq!(of(&keys("gone"), Vec::new()).table.key, KeyStanding::Missing("gone".into()));
        assert!(of(&DomainKeys::new(), Vec::new()).require_key().is_err());
        let nullable = of(&DomainKeys::new(), vec![sample_index("UX", &["id"], false)]);
        assert!(nullable.require_key().is_err(), "an index over NULLs is no key");
    }
}
