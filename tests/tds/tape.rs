//! What was said and answered, and its file: a zip that any tool opens; holds no login, and asks no server.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::alias::replace;
use super::answer::letters;
use super::message::{Kind, Message, digest};
use super::packet::{Frame, LOGIN, PRELOGIN};

/// The first line of a tape's header.
const FORMAT: &str = "mfm-tds-tape 1";
/// Words shorter than this are in everything.
const HIDDEN_CHARS_MIN: usize = 4;

/// Exchanges: what was said in which world, and what was answered, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tape {
    /// By world and message, the digests of the answers; the last one stands for all that follow.
    exchanges: BTreeMap<(String, String), Vec<String>>,
    /// By digest, the answers.
    answers: BTreeMap<String, Vec<u8>>,
    /// By key, the messages in their normal form; of bulk data and logins the key alone.
    messages: BTreeMap<String, Vec<u8>>,
    /// What the server calls itself.
    servers: BTreeSet<String>,
    /// Words that the file must not hold.
    hidden: BTreeSet<String>,
}

impl Tape {
    /// Returns where the tape of a name is.
    pub(crate) fn place(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tds/tapes").join(name)
    }

    /// Records an exchange.
    pub(crate) fn add(&mut self, world: &str, message: &Message, answered: Vec<u8>) {
        let (key, answer) = (message.key(), digest(&answered));
        self.exchanges.entry((world.to_owned(), key.clone())).or_default().push(answer.clone());
        self.answers.insert(answer, answered);
        if !matches!(message.kind, Kind::Bulk | Kind::Login(_)) {
            self.messages.insert(key, message.normal.clone());
        }
    }

    /// Replaces words, in any case of letters, by as many letters x.
    pub(crate) fn hide<'w>(&mut self, words: impl IntoIterator<Item = &'w String>) {
        let long = words.into_iter().filter(|word| word.chars().count() >= HIDDEN_CHARS_MIN);
        self.hidden.extend(long.cloned());
    }

    /// Notes what the server calls itself.
    pub(crate) fn recorded_from(&mut self, server: Option<String>) {
        self.servers.extend(server);
    }

    /// Returns all answers.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &[u8]> {
        self.answers.values().map(Vec::as_slice)
    }

    /// Returns what was answered the so-manieth time, from 0.
    pub(crate) fn answer(&self, world: &str, message: &Message, turn: usize) -> Option<&[u8]> {
        let answers = self.exchanges.get(&(world.to_owned(), message.key()))?;
        let digest = answers.get(turn).or_else(|| answers.last())?;
        self.answers.get(digest).map(Vec::as_slice)
    }

    /// Says what a person needs to know who meets a message that is not on the tape.
    pub(crate) fn miss(&self, world: &str, message: &Message) -> String {
        let key = message.key();
        let elsewhere = self.exchanges.keys().filter(|(_, known)| *known == key).count();
        let same_sql = self.known().filter(|known| !message.sql().is_empty() && known.sql() == message.sql());
        let mut out = format!(
            "message {} of connection {} is not on the tape in the world {world}:\n  {}",
            message.number,
            message.connection,
            message.describe()
        );
        match (elsewhere, same_sql.map(|known| known.describe()).collect::<Vec<_>>()) {
            (1.., _) => out.push_str(&format!("\n  it is there in {elsewhere} other worlds")),
            (0, known) if !known.is_empty() => {
                out.push_str("\n  with this SQL the tape has:\n  ");
                out.push_str(&known.join("\n  "));
            }
            _ => {}
        }
        out + "\n  record again: MFM_BLESS=1 with MFM_TEST_MSSQL_URL set"
    }

    fn known(&self) -> impl Iterator<Item = Message> {
        self.messages.values().filter_map(|normal| known(normal))
    }

    /// Takes over what another tape has, and returns the exchanges that the two tell differently; the first one holds.
    pub(crate) fn merge(&mut self, other: Self) -> Vec<String> {
        let mut differing = Vec::new();
        for (key, theirs) in other.exchanges {
            let (world, message) = key.clone();
            let ours = self.exchanges.entry(key).or_default();
            // Rows may come in any order.
            let sorted = |answer: &[u8]| {
                let mut bytes = answer.to_vec();
                bytes.sort_unstable();
                bytes
            };
            let alike = |(ours, theirs): (&String, &String)| {
                ours == theirs || sorted(&self.answers[ours]) == sorted(&other.answers[theirs])
            };
            let shared = ours.iter().zip(&theirs).all(alike);
            if !shared {
                let normal = other.messages.get(&message).map(Vec::as_slice);
                let said = normal.and_then(known).map_or(message, |message| message.describe());
                differing.push(format!("in the world {world}: {said}"));
            }
            if shared && theirs.len() > ours.len() {
                *ours = theirs;
            }
        }
        self.answers.extend(other.answers);
        self.messages.extend(other.messages);
        self.servers.extend(other.servers);
        self.hidden.extend(other.hidden);
        differing
    }

    /// Writes the tape's file.
    pub(crate) fn save(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Tests that run meanwhile see the old tape or the new one.
        let draft = path.with_extension("draft");
        std::fs::write(&draft, self.to_bytes()).unwrap();
        std::fs::rename(&draft, path).unwrap();
    }

    /// Reads a tape's file.
    pub(crate) fn load(path: &Path) -> Self {
        let bytes = std::fs::read(path);
        Self::from_bytes(&bytes.unwrap_or_else(|error| panic!("no tape {}: {error}", path.display())))
    }

    /// Returns the tape's file: the same exchanges make the same bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let used: BTreeSet<&String> = self.exchanges.values().flat_map(|answers| shortened(answers)).collect();
        let mut answers: Vec<(Vec<u8>, &String)> =
            used.into_iter().map(|digest| (self.without_hidden(&self.answers[digest]), digest)).collect();
        // Neighbours that resemble each other compress well.
        answers.sort();
        let mut distinct: Vec<&Vec<u8>> = answers.iter().map(|(answer, _)| answer).collect();
        distinct.dedup();
        let place: BTreeMap<&String, usize> =
            answers.iter().map(|(answer, digest)| (*digest, distinct.binary_search(&answer).unwrap())).collect();
        let mut exchanges = String::new();
        for ((world, message), answers) in &self.exchanges {
            let answers: Vec<String> = shortened(answers).iter().map(|digest| place[digest].to_string()).collect();
            exchanges.push_str(&format!("{world} {message} {}\n", answers.join(",")));
        }
        let mut messages: Vec<Vec<u8>> = self
            .messages
            .iter()
            .map(|(key, text)| [self.without_hidden(text), key.clone().into_bytes()].concat())
            .collect();
        messages.sort();
        zipped(&[
            ("about.txt", self.about().into_bytes()),
            ("exchanges.txt", exchanges.into_bytes()),
            ("answers.bin", counted(distinct.iter().map(|answer| answer.as_slice()))),
            ("messages.bin", counted(messages.iter().map(Vec::as_slice))),
        ])
    }

    fn about(&self) -> String {
        let servers: Vec<&str> = self.servers.iter().map(String::as_str).collect();
        format!(
            "{FORMAT}\nRecorded through the proxy of tests/tds, from a server that calls itself: {}\n\
             exchanges.txt: world, message, answers in order. answers.bin, messages.bin: each after its length.\n\
             Logins are left out; names of users and machines are replaced by x.\n",
            servers.join(", ")
        )
    }

    /// Returns bytes without the words to hide.
    pub(crate) fn without_hidden(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for word in &self.hidden {
            for (from, to) in [
                (word.clone().into_bytes(), "x".repeat(word.len()).into_bytes()),
                (letters(word), letters(&"x".repeat(word.encode_utf16().count()))),
            ] {
                replace(&mut out, &from, &to);
            }
        }
        out
    }

    /// Reads a tape.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut part = |name: &str| {
            let mut out = Vec::new();
            archive.by_name(name).unwrap().read_to_end(&mut out).unwrap();
            out
        };
        let about = String::from_utf8(part("about.txt")).unwrap();
        assert!(about.starts_with(FORMAT), "no tape of this format: {about}");
        let mut tape = Self::default();
        let servers = about.lines().nth(1).and_then(|line| line.rsplit_once(": ")).map_or("", |(_, servers)| servers);
        tape.servers = servers.split(", ").filter(|server| !server.is_empty()).map(str::to_owned).collect();
        let answers = uncounted(&part("answers.bin"));
        let digests: Vec<String> = answers.iter().map(|answer| digest(answer)).collect();
        tape.answers = digests.iter().cloned().zip(answers).collect();
        for line in String::from_utf8(part("exchanges.txt")).unwrap().lines() {
            let [world, message, places] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let answers = places.split(',').map(|place| digests[place.parse::<usize>().unwrap()].clone()).collect();
            tape.exchanges.insert((world.to_owned(), message.to_owned()), answers);
        }
        for message in uncounted(&part("messages.bin")) {
            let (text, key) = message.split_at(message.len() - 16);
            tape.messages.insert(String::from_utf8(key.to_vec()).unwrap(), text.to_vec());
        }
        tape
    }
}

/// Returns the message of a normal form.
fn known(normal: &[u8]) -> Option<Message> {
    let (kind, rest) = normal.split_first()?;
    // The headers that the normal form lacks, with nothing in them.
    let payload = if [PRELOGIN, LOGIN].contains(kind) { rest.to_vec() } else { [&[4, 0, 0, 0], rest].concat() };
    Some(Message::of(&Frame { kind: *kind, payload, bytes: Vec::new() }, 0, 0))
}

/// Returns answers without what the last one stands for anyway.
fn shortened(answers: &[String]) -> &[String] {
    let Some(last) = answers.last() else { return answers };
    let repeats = answers.iter().rev().take_while(|answer| *answer == last).count();
    &answers[..=answers.len() - repeats]
}

fn counted<'b>(parts: impl Iterator<Item = &'b [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn uncounted(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (part, rest) = rest.split_at(usize::try_from(u32::from_le_bytes(*length)).unwrap());
        out.push(part.to_vec());
        bytes = rest;
    }
    out
}

fn zipped(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default());
    for (name, bytes) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
