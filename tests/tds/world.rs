//! What a server's databases hold, told by the writes that were committed there, in order; holds no data.

use std::collections::BTreeMap;

use super::answer;
use super::message::{BEGIN, COMMIT, Kind, Message, ROLLBACK, digest};
use super::sql::Deeds;

/// Where every handshake happens: whatever a database holds, it is the same.
const GREETING: &str = "greeting";

/// Where an open transaction is rolled back: whatever it did, it is gone.
const ROLLBACK_OPEN: &str = "rollback";
/// Where there is none to roll back.
pub(crate) const NOTHING_OPEN: &str = "nothing-open";

/// The committed writes of all connections, and the open ones of each.
///
/// Two servers that began alike and committed the same writes answer alike: what was rolled back, or lost with its
/// connection, leaves no trace here.
pub(crate) struct World {
    committed: String,
    open: BTreeMap<usize, Open>,
}

/// What a connection did that nobody else sees yet.
#[derive(Default)]
struct Open {
    writes: Vec<String>,
    /// A transaction began, and nothing said that it ended.
    transaction: bool,
    /// The client knew its number.
    numbered: bool,
    /// Whether the rows that follow INSERT BULK outlive the session.
    bulk_writes: bool,
    /// The table of the session's own that they go to.
    bulk_into: Option<String>,
    /// What was loaded into its own tables.
    stages: BTreeMap<String, String>,
}

impl Open {
    /// Tells whether a message comes in a transaction.
    ///
    /// A server that numbers transactions tells the client when one ends, so that the next message has no number.
    /// With one that does not, the words must do: an error that ends a transaction is seen only when the client
    /// rolls back, or begins again.
    fn holds(&self, message: &Message) -> bool {
        message.numbered || (self.transaction && !self.numbered)
    }

    /// Returns what the session loaded into the tables of its own that a message reads.
    fn staged(&self, message: &Message) -> Vec<String> {
        own_tables(message.sql()).filter_map(|table| self.stages.get(table).cloned()).collect()
    }
}

impl World {
    pub(crate) fn named(name: &str) -> Self {
        Self { committed: digest(name.as_bytes()), open: BTreeMap::new() }
    }

    /// Returns what a message meets: the committed state, and in a transaction its own writes.
    pub(crate) fn met_by(&self, message: &Message) -> String {
        if matches!(message.kind, Kind::Prelogin { .. } | Kind::Login(_)) {
            return GREETING.to_owned();
        }
        let deeds = Deeds::of(message.sql());
        if deeds.rolls_back && !deeds.writes {
            let open = self.open.get(&message.connection).is_some_and(|open| open.holds(message));
            return if open { ROLLBACK_OPEN } else { NOTHING_OPEN }.to_owned();
        }
        let open = self.open.get(&message.connection);
        let staged = open.map(|open| open.staged(message)).unwrap_or_default();
        let own = open.filter(|open| open.holds(message)).map(|open| &open.writes);
        let Some(writes) = own else {
            return staged.iter().fold(self.committed.clone(), |state, one| after(&state, one));
        };
        let writes = writes.iter().chain(&staged);
        writes.fold(format!("{}+", self.committed), |state, write| after(&state, write) + "+")
    }

    /// Takes note of a message that the server has processed.
    pub(crate) fn took(&mut self, message: &Message, answered: &[u8]) {
        let open = self.open.entry(message.connection).or_default();
        let deeds = deeds(message, open);
        let failed = answer::failed(answered);
        let inside = open.holds(message);
        open.numbered = message.numbered;
        if !inside || deeds.begins {
            open.writes.clear();
        }
        open.transaction = inside;
        if failed {
            return;
        }
        if message.sql_starts("INSERT BULK") {
            open.bulk_writes = deeds.writes;
            open.bulk_into = own_tables(message.sql()).next().map(str::to_owned);
        } else if deeds.writes {
            open.writes.push(message.key());
        }
        if let (Kind::Bulk, Some(table)) = (&message.kind, &open.bulk_into) {
            open.stages.insert(table.clone(), message.key());
        }
        open.transaction = (inside || deeds.begins) && !deeds.commits && !deeds.rolls_back;
        if deeds.rolls_back {
            open.writes.clear();
        }
        if !open.transaction {
            for write in std::mem::take(&mut open.writes) {
                self.committed = after(&self.committed, &write);
            }
        }
    }

    /// Takes note of something that was done to the databases past this server.
    pub(crate) fn step(&mut self, name: &str) {
        self.committed = after(&self.committed, name);
    }

    /// Forgets a connection, and what it did not commit.
    pub(crate) fn left(&mut self, connection: usize) {
        self.open.remove(&connection);
    }
}

/// Returns the names of a session's own tables in a text.
fn own_tables(sql: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    sql.split('#').skip(1).map(move |rest| rest.split(ends).next().unwrap_or_default())
}

fn deeds(message: &Message, open: &Open) -> Deeds {
    match &message.kind {
        Kind::Bulk => Deeds { writes: open.bulk_writes, ..Deeds::default() },
        Kind::Transaction { request } => Deeds {
            begins: *request == BEGIN,
            commits: *request == COMMIT,
            rolls_back: *request == ROLLBACK,
            writes: false,
        },
        _ => Deeds::of(message.sql()),
    }
}

fn after(state: &str, write: &str) -> String {
    digest(format!("{state} {write}").as_bytes())
}
