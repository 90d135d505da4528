//! Everything in a database but mfm's own tables and rowversions, cell by cell, as another program reads it.

use tiberius::ColumnData;

use super::server::Session;

/// A question that answers with the whole database.
pub(crate) struct Dump {
    tables: Vec<String>,
    text: String,
}

fn word(cell: Option<&ColumnData<'static>>) -> String {
    match cell {
        Some(ColumnData::String(Some(text))) => text.to_string(),
        other => panic!("no word: {other:?}"),
    }
}

fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// The expression that reads a column bit by bit: the driver decodes texts, and reads money as a float.
fn read(name: &str, kind: &str) -> Option<String> {
    let name = quoted(name);
    match kind {
        "timestamp" | "rowversion" => None,
        "char" | "varchar" | "text" | "nchar" | "nvarchar" | "ntext" | "binary" | "varbinary" | "image" => {
            Some(format!("CONVERT(varbinary(max), {name})"))
        }
        "float" => Some(format!("CONVERT(varbinary(8), {name})")),
        "real" => Some(format!("CONVERT(varbinary(4), {name})")),
        "money" | "smallmoney" => Some(format!("CONVERT(decimal(19, 4), {name})")),
        "xml" => Some(format!("CONVERT(nvarchar(max), {name})")),
        _ => Some(name),
    }
}

impl Dump {
    /// Looks at the declarations once; they have to stay as they are.
    pub(crate) fn of(session: &mut Session) -> Self {
        let found = session.rows(
            "SELECT t.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE FROM INFORMATION_SCHEMA.TABLES AS t \
             JOIN INFORMATION_SCHEMA.COLUMNS AS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME \
             WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA = 'dbo' AND t.TABLE_NAME NOT LIKE 'mfm[_]%' \
             ORDER BY t.TABLE_NAME, c.ORDINAL_POSITION",
        );
        let (mut tables, mut questions) = (Vec::<String>::new(), Vec::<Vec<String>>::new());
        for row in found {
            let table = word(row.first());
            if tables.last() != Some(&table) {
                tables.push(table);
                questions.push(Vec::new());
            }
            let column = read(&word(row.get(1)), &word(row.get(2)).to_lowercase());
            questions.last_mut().unwrap().extend(column);
        }
        let one = |(table, columns): (&String, &Vec<String>)| {
            format!("SELECT {} FROM dbo.{}", columns.join(", "), quoted(table))
        };
        let text = tables.iter().zip(&questions).map(one).collect::<Vec<_>>().join("; ");
        Self { tables, text }
    }

    /// Reads it all.
    pub(crate) fn take(&self, session: &mut Session) -> String {
        let answers = session.answers(&self.text);
        assert_eq!(answers.len(), self.tables.len());
        let mut out = String::new();
        for (table, rows) in self.tables.iter().zip(answers) {
            let line = |row: &Vec<ColumnData<'static>>| row.iter().map(|cell| format!("{cell:?}|")).collect::<String>();
            let mut lines: Vec<String> = rows.iter().map(line).collect();
            lines.sort();
            out.push_str(&format!("== {table}\n{}\n", lines.join("\n")));
        }
        out
    }
}
