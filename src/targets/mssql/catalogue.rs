//! Reads the declaration of tables from SQL Server's catalogue: columns, key, unique indexes, special features.

use std::collections::BTreeSet;
use std::sync::Arc;

use mfm_journal::TableShape;

use super::fault::ServerLocation;
use super::foreign;
use super::oddities;
use super::sql::{self, catalogue as text};
use super::types::{MssqlType, RawType};
use super::wire::{Wire, WireRow, cell_flag, cell_integer, cell_text, number_parameter};
use crate::model::{Column, KeyStanding, NameIndex, Refusal, Role, Storage, Table};
use crate::targets::foreign::ForeignKey;
use crate::targets::trigger::{Trigger, TriggerEvent};
use crate::targets::{DomainKeys, TargetError, declared};

/// A table as SQL Server declares it: [`Table`], and what only this engine needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MssqlLayout {
    /// The table as the port shows it.
    pub(super) table: Arc<Table>,
    /// The SQL schema that the table belongs to.
    pub(super) schema: String,
    /// The table's name within its schema.
    pub(super) name: String,
    /// The table's object id, which a dropped and created table changes.
    pub(super) object_id: i64,
    /// The columns that are read and written, in the order of the shape's columns.
    pub(super) fields: Vec<LayoutField>,
    /// The columns whose values cannot be kept exactly, in words with the reason.
    pub(super) unkept: Vec<String>,
    /// The unique indexes over all rows, without the key's own.
    pub(super) unique: Vec<UniqueIndex>,
    /// Whether there are unique indexes over computed columns, or over some rows only.
    pub(super) odd_unique: bool,
    /// What keeps the table from being changed exactly, in words.
    pub(super) obstacles: Vec<String>,
    /// The columns whose values this login sees masked.
    pub(super) masked: Vec<String>,
    /// Whether the database forces delayed durability: it answers a commit before the commit is on disk.
    pub(super) forces_delay: bool,
    /// Whether change tracking records every write.
    pub(super) tracked: bool,
    /// Whether there are triggers, or foreign keys, that this login cannot see.
    pub(super) hides: bool,
    /// The enabled triggers.
    pub(super) triggers: Vec<Trigger>,
    /// The enabled CHECK constraints that this login can see: name and condition.
    pub(super) checks: Vec<(String, String)>,
    /// The enforced foreign keys that the table declares.
    pub(super) parents: Vec<ForeignKey>,
    /// The enforced foreign keys that refer to the table.
    pub(super) children: Vec<ForeignKey>,
}

/// A column that is read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LayoutField {
    /// The column's name.
    pub(super) name: String,
    /// Its position among the shape's columns.
    pub(super) at: usize,
    /// Its type.
    pub(super) kind: MssqlType,
    /// The collation of its text; `None` for other types.
    pub(super) collation: Option<String>,
    /// Whether it is the IDENTITY column, by which the database numbers new rows.
    pub(super) identity: bool,
}

/// A unique index over plain columns of all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UniqueIndex {
    /// The index's name.
    pub(super) name: String,
    /// The names of its columns, in index order.
    pub(super) columns: Vec<String>,
    /// Whether none of the columns takes NULL.
    pub(super) never_null: bool,
}

/// A row of `sys.objects`: a table, a view or a synonym.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CatalogueObject {
    pub(super) schema: String,
    pub(super) name: String,
    /// `U` table, `V` view, `SN` synonym.
    pub(super) kind: String,
    pub(super) object_id: i64,
}

/// Which optional columns this version of the catalogue has, and the login's default schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CatalogueFeatures {
    columns: BTreeSet<(String, String)>,
    /// The schema in which names without one are looked up.
    pub(super) schema: String,
}

impl CatalogueFeatures {
    /// Reads which of the optional columns the catalogue has.
    pub(super) fn read(wire: &mut Wire, place: &ServerLocation, schema: String) -> Result<Self, TargetError> {
        let rows =
            wire.query_rows(sql::session::OPTIONAL, Vec::new()).map_err(place.explainer("read the catalogue"))?;
        let mut columns = BTreeSet::new();
        for row in &rows {
            if let (Some(view), Some(column)) = (cell_text(row.first()), cell_text(row.get(1))) {
                columns.insert((view.to_lowercase(), column.to_lowercase()));
            }
        }
        Ok(Self { columns, schema })
    }

    fn has_column(&self, view: &str, column: &str) -> bool {
        self.columns.contains(&(view.to_owned(), column.to_owned()))
    }
}

impl CatalogueObject {
    /// Returns the table's name for people: with its schema, unless that is `dbo`.
    pub(super) fn display_name(&self) -> String {
        if self.schema == "dbo" { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    /// Returns whether the object is one of mfm's own tables.
    pub(super) fn is_own(&self) -> bool {
        self.schema == "dbo" && ["mfm_marker", "mfm_operation"].iter().any(|own| self.name.eq_ignore_ascii_case(own))
    }
}

/// Lists everything that looks like a table.
pub(super) fn list_objects(wire: &mut Wire, place: &ServerLocation) -> Result<Vec<CatalogueObject>, TargetError> {
    let rows = wire.query_rows(text::OBJECTS, Vec::new()).map_err(place.explainer("list the tables"))?;
    Ok(rows.iter().filter_map(parse_object).collect())
}

fn parse_object(row: &WireRow) -> Option<CatalogueObject> {
    Some(CatalogueObject {
        schema: cell_text(row.first())?,
        name: cell_text(row.get(1))?,
        // The catalogue pads the type's name with spaces.
        kind: cell_text(row.get(2))?.trim().to_owned(),
        object_id: cell_integer(row.get(3))?,
    })
}

/// Finds a table by the name that a person gives it: with its schema; or without it in the login's own schema, in
/// `dbo`, or in the only schema that has one of that name. An exact name goes before one in another case.
pub(super) fn find_object(objects: &[CatalogueObject], own_schema: &str, name: &str) -> Option<CatalogueObject> {
    if let Some(exact) = objects.iter().find(|object| object.display_name() == name) {
        return Some(exact.clone());
    }
    for schema in [own_schema, "dbo"] {
        if let Some(object) = objects.iter().find(|object| object.schema == schema && object.name == name) {
            return Some(object.clone());
        }
    }
    let mut alike = objects
        .iter()
        .filter(|object| object.name.eq_ignore_ascii_case(name) || object.display_name().eq_ignore_ascii_case(name));
    let preferred = alike.clone().find(|object| [own_schema, "dbo"].contains(&object.schema.as_str()));
    let first = alike.next();
    // Several tables of the name in other schemas: no guess which one is meant.
    preferred.or_else(|| first.filter(|_| alike.next().is_none())).cloned()
}

/// Reads the layout of a table; `None` where there is no table of that name.
pub(super) fn read_layout(
    wire: &mut Wire,
    place: &ServerLocation,
    features: &CatalogueFeatures,
    keys: &DomainKeys,
    name: &str,
) -> Result<Option<MssqlLayout>, TargetError> {
    let Some(object) = find_object(&list_objects(wire, place)?, &features.schema, name) else { return Ok(None) };
    let what = match object.kind.as_str() {
        "U" if object.is_own() => "table of mfm's own",
        "U" => return read_declaration(wire, place, features, keys, &object).map(Some),
        "V" => "view",
        _ => "synonym",
    };
    Err(Refusal::NotATable { table: object.display_name(), what: what.to_owned() }.into())
}

/// Reads the declaration of a table.
pub(super) fn read_declaration(
    wire: &mut Wire,
    place: &ServerLocation,
    features: &CatalogueFeatures,
    keys: &DomainKeys,
    object: &CatalogueObject,
) -> Result<MssqlLayout, TargetError> {
    let question = text::select_table_facts(&|view, column| features.has_column(view, column));
    // All answers come with one round trip, so that they show one state of the catalogue.
    let answers = wire.query_results(&question, vec![number_parameter(object.object_id)]);
    let answers: [Vec<WireRow>; 7] = answers
        .map_err(place.explainer("read the schema"))?
        .try_into()
        .map_err(|_| place.failure("read the schema", "the catalogue returned an unexpected number of results"))?;
    let [columns, indexes, special, triggers, checks, parents, children] = answers;
    let raw: Vec<RawColumn> = columns.iter().filter_map(raw_column).collect();
    if raw.len() != columns.len() || raw.is_empty() {
        let why = format!("the columns of {} are not visible to this login", object.display_name());
        return Err(place.failure("read the schema", why));
    }
    let special = special.first().cloned().unwrap_or_default();
    let mut layout = build_layout(object, keys, &raw, unique_indexes(&indexes), &special);
    layout.triggers = triggers.iter().filter_map(parse_trigger).collect();
    layout.checks = checks.iter().filter_map(|row| Some((cell_text(row.first())?, cell_text(row.get(1))?))).collect();
    layout.parents = foreign::parse_foreign_keys(&parents);
    layout.children = foreign::parse_foreign_keys(&children);
    // A filtered index, or one over a column that is not read: only the database can tell what collides in it.
    layout.odd_unique = indexes.iter().any(|row| {
        cell_flag(row.get(2)) || cell_text(row.get(3)).is_some_and(|name| layout.find_field(&name).is_none())
    });
    Ok(layout)
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

/// A column as the catalogue describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawColumn {
    name: String,
    kind: RawType,
    collation: Option<String>,
    nullable: bool,
    computed: bool,
    identity: bool,
    /// A special feature that keeps the column's values from being kept exactly, in words.
    special: Option<&'static str>,
    masked: bool,
}

/// Parses a row of the question for columns; `None` where this login does not see the column's name or type.
pub(super) fn raw_column(row: &WireRow) -> Option<RawColumn> {
    Some(RawColumn {
        name: cell_text(row.first())?,
        kind: RawType {
            name: cell_text(row.get(1))?,
            max_length: cell_integer(row.get(2))?,
            precision: small_number(row, 3),
            scale: small_number(row, 4),
            code_page: cell_integer(row.get(6)),
        },
        collation: cell_text(row.get(5)),
        nullable: cell_flag(row.get(7)),
        computed: cell_flag(row.get(8)),
        identity: cell_flag(row.get(9)),
        special: oddities::column_obstacle(row),
        masked: cell_flag(row.get(11)),
    })
}

fn small_number(row: &WireRow, at: usize) -> u8 {
    cell_integer(row.get(at)).and_then(|number| u8::try_from(number).ok()).unwrap_or(0)
}

/// Parses the unique indexes over all rows, one row of the catalogue for each of their columns, in the catalogue's
/// order: the primary key first.
pub(super) fn unique_indexes(rows: &[WireRow]) -> Vec<UniqueIndex> {
    let mut all: Vec<(i64, UniqueIndex)> = Vec::new();
    // A filtered index guarantees nothing about the rows that it leaves out.
    for row in rows.iter().filter(|row| !cell_flag(row.get(2))) {
        let (Some(id), Some(column)) = (cell_integer(row.get(5)), cell_text(row.get(3))) else { continue };
        let nullable = cell_flag(row.get(4));
        match all.iter_mut().find(|(known_id, _)| *known_id == id) {
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
    object: &CatalogueObject,
    keys: &DomainKeys,
    raw: &[RawColumn],
    mut unique: Vec<UniqueIndex>,
    special: &WireRow,
) -> MssqlLayout {
    let (mut fields, mut columns, mut omitted, mut unkept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for column in raw {
        let kind = MssqlType::from_catalogue(&column.kind).filter(|_| column.special.is_none());
        match kind {
            _ if column.computed => omitted.push(model_column(column, &column.kind.name, Role::Computed)),
            Some(MssqlType::RowVersion) => omitted.push(model_column(column, "rowversion", Role::RowVersion)),
            Some(kind) => {
                columns.push(model_column(column, &kind.declaration(), Role::Plain));
                let (name, at, collation) = (column.name.clone(), fields.len(), known_collation(column));
                fields.push(LayoutField { name, at, kind, collation, identity: column.identity });
            }
            None => {
                let why = column.special.unwrap_or(&column.kind.name);
                unkept.push(format!("{}.{}, {why},", object.display_name(), column.name));
                // Left out of every read and write, as a computed column is; the preflight refuses the table anyway.
                omitted.push(model_column(column, &column.kind.name, Role::Computed));
            }
        }
    }
    let (key, standing) = choose_key(object, &columns, &mut unique, keys);
    let shape = TableShape {
        name: object.display_name(),
        key,
        columns: columns.iter().map(|column: &Column| column.image.clone()).collect(),
        omitted: omitted.iter().map(|column: &Column| column.image.name.clone()).collect(),
    };
    let masked = raw.iter().filter(|column| column.masked && !oddities::may_unmask(special));
    MssqlLayout {
        table: Arc::new(Table { shape: Arc::new(shape), columns, omitted, key: standing, names: NameIndex::default() }),
        schema: object.schema.clone(),
        name: object.name.clone(),
        object_id: object.object_id,
        fields,
        unkept,
        unique,
        obstacles: oddities::table_obstacles(special),
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

fn model_column(column: &RawColumn, declared: &str, role: Role) -> Column {
    declared::build_column(&column.name, declared, known_collation(column), column.nullable, Storage::Native, role)
}

/// Returns a column's collation, if its name can stand in SQL as it is.
fn known_collation(column: &RawColumn) -> Option<String> {
    column.collation.as_deref().and_then(text::collation_name).map(str::to_owned)
}

/// Chooses the domain's key where its columns exist, else the declared primary key, and removes its index from
/// `unique`.
fn choose_key(
    object: &CatalogueObject,
    columns: &[Column],
    unique: &mut Vec<UniqueIndex>,
    keys: &DomainKeys,
) -> (Vec<String>, KeyStanding) {
    let (key, missing) = match domain_key(object, keys).map(|names| spell_all(columns, names)) {
        Some(Ok(columns)) => (columns, None),
        Some(Err(name)) => (first_unique_key(unique), Some(name)),
        None => (first_unique_key(unique), None),
    };
    let covering = unique.iter().position(|index| {
        index.columns.len() == key.len() && index.columns.iter().all(|name| key.contains(name)) && !key.is_empty()
    });
    match covering {
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

fn domain_key<'k>(object: &CatalogueObject, keys: &'k DomainKeys) -> Option<&'k Vec<String>> {
    let exact = keys.get(&object.name);
    exact.or_else(|| {
        let shown = object.display_name();
        let mut keys = keys.iter();
        keys.find(|(name, _)| name.eq_ignore_ascii_case(&object.name) || name.eq_ignore_ascii_case(&shown))
            .map(|(_, columns)| columns)
    })
}

/// Returns the database's spelling of column names; the error is the first name that no column has.
fn spell_all(columns: &[Column], names: &[String]) -> Result<Vec<String>, String> {
    let mut spelled = Vec::with_capacity(names.len());
    for name in names {
        let exact = columns.iter().find(|column| column.image.name == *name);
        match exact.or_else(|| columns.iter().find(|column| column.image.name.eq_ignore_ascii_case(name))) {
            Some(column) => spelled.push(column.image.name.clone()),
            None => return Err(name.clone()),
        }
    }
    Ok(spelled)
}

/// Returns the columns of the first unique index, which is the primary key where there is one; none if it takes NULL.
fn first_unique_key(unique: &[UniqueIndex]) -> Vec<String> {
    unique.first().filter(|index| index.never_null).map(|index| index.columns.clone()).unwrap_or_default()
}

impl MssqlLayout {
    /// Returns the table's name for SQL, quoted and with its schema.
    pub(super) fn qualified_name(&self) -> String {
        sql::qualify_name(&self.schema, &self.name)
    }

    /// Returns the table's name for people.
    pub(super) fn display_name(&self) -> &str {
        &self.table.shape.name
    }

    /// Returns the key's columns, in key order.
    pub(super) fn key_fields(&self) -> impl Iterator<Item = &LayoutField> {
        self.table.shape.key.iter().filter_map(|name| self.fields.iter().find(|field| field.name == *name))
    }

    /// Finds a column by its exact name.
    pub(super) fn find_field(&self, name: &str) -> Option<&LayoutField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Refuses a table whose rows no key tells apart.
    pub(super) fn require_key(&self) -> Result<(), Refusal> {
        let incomparable = self.key_fields().find(|field| !field.kind.is_comparable());
        let why = match (&self.table.key, incomparable) {
            (KeyStanding::Missing(column), _) => format!("the key column {column} does not exist"),
            _ if self.table.shape.key.is_empty() => "it declares none".to_owned(),
            (_, Some(field)) => {
                format!("{} is of type {}, which nothing compares", field.name, field.kind.declaration())
            }
            (_, None) => return Ok(()),
        };
        Err(Refusal::NoKey { table: self.display_name().to_owned(), why })
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
        let object = sample_objects(&[("dbo", "t")]).remove(0);
        let columns = [
            sample_column("id", "int"),
            sample_column("other", "int"),
            sample_column("v", "sql_variant"),
            sample_column("rv", "timestamp"),
        ];
        let keys = |column: &str| DomainKeys::from([("T".to_owned(), vec![column.to_owned()])]);
        let of =
            |keys: &DomainKeys, unique: Vec<UniqueIndex>| build_layout(&object, keys, &columns, unique, &Vec::new());
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
