//! A lab, and an interface on it whose jobs are done at once, or held until the test lets them go.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use mfm::model::ports::{self, Confirm, ConfirmQuestion, Entropy, NoSecrets};
use mfm::model::{Digest, Value};
use mfm::ops::{Context, apply, lab, plan};
use mfm::tui::desk::{self, OpenTarget};
use mfm::tui::job::{Job, JobAnswer, JobLane};
use mfm::tui::message::{Effect, Message};
use mfm::tui::theme::{Appearance, Glyphs, Theme};
use mfm::tui::{StartupFacts, TuiState, answers, update::update, views};
use mfm_journal::{Face, LockHolder};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tempfile::TempDir;
use testutils::ports::{SilentReporter, TickingClock};

/// The sizes that every screen is looked at in.
pub(crate) const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// Returns the clock of every interface.
pub(crate) fn start_clock() -> TickingClock {
    TickingClock::by_milliseconds(1_719_662_400_000_000)
}

pub(crate) struct TestEntropy(AtomicU64);

impl TestEntropy {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for TestEntropy {
    fn bytes(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::SeqCst))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes()
    }
}

/// Says what the person agreed to before the job began.
struct Agreed;

impl Confirm for Agreed {
    fn agreed_before(&self) -> bool {
        true
    }

    fn ask(&self, question: &ConfirmQuestion) -> ports::ConfirmAnswer {
        assert!(question.type_name.is_none(), "nothing asks for a name here");
        ports::ConfirmAnswer::Yes
    }
}

/// An interface on a lab.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) state: TuiState,
    clock: TickingClock,
    entropy: TestEntropy,
    open: OpenTarget,
    /// The lanes whose jobs are held.
    pub(crate) holds: Vec<JobLane>,
    /// The jobs that are held.
    pub(crate) held: Vec<(u64, Job)>,
    /// What else was wanted outside.
    pub(crate) outside: Vec<Effect>,
}

impl World {
    /// An interface on a lab of a few patients, as it is after its start.
    pub(crate) fn new(size: (u16, u16)) -> Self {
        let mut world = Self::bare(size);
        let request = lab::create::Request { patients: Some(6), seed: Some(7), ..lab::create::Request::default() };
        world.make("lab.db", request);
        world.begin();
        world
    }

    /// An interface on a recording of the lab, as it is after its start.
    pub(crate) fn recording(size: (u16, u16), scenario: &str, frames: u32) -> Self {
        let mut world = Self::bare(size);
        world.make("run.db", of_recordings(scenario, frames));
        world.begin();
        world
    }

    /// Makes a lab in a file of the folder.
    pub(crate) fn make(&mut self, file: &str, request: lab::create::Request) {
        let url = format!("sqlite:{}", self.dir.path().join(file).display());
        let request = lab::create::Request { url, ..request };
        self.with(|context, _| lab::create::run(context, &request).map(drop)).unwrap();
    }

    /// An interface without journal and target, before its start.
    pub(crate) fn bare(size: (u16, u16)) -> Self {
        Self::bare_in(size, &std::env::temp_dir())
    }

    /// The same with its files inside a folder, whose length shows where lines break.
    pub(crate) fn bare_in(size: (u16, u16), folder: &std::path::Path) -> Self {
        let facts = StartupFacts { journal: "journal.db".into(), read_only: false };
        let look = Appearance { theme: Theme::Dark, glyphs: Glyphs::Unicode };
        Self {
            dir: TempDir::new_in(folder).unwrap(),
            state: TuiState { look, facts, size, ..TuiState::default() },
            clock: start_clock(),
            entropy: TestEntropy::new(),
            open: OpenTarget::default(),
            holds: Vec::new(),
            held: Vec::new(),
            outside: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self) {
        let effects = answers::request_initial_data(&mut self.state);
        self.settle(effects);
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.path().join("journal.db")
    }

    pub(crate) fn lab(&self) -> PathBuf {
        self.dir.path().join("lab.db")
    }

    /// Does something with the operations themselves.
    pub(crate) fn with<T>(&mut self, work: impl FnOnce(&Context<'_>, &mut OpenTarget) -> T) -> T {
        let context = Context {
            journal: self.journal(),
            target: self.state.target.clone(),
            actor: "tester".into(),
            face: Face::Tui,
            holder: LockHolder { pid: 1, host: "here".into(), command: "mfm tui".into() },
            wait_ms: 1_000,
            clock: &self.clock,
            entropy: &self.entropy,
            reporter: &SilentReporter,
            confirm: &Agreed,
            secrets: &NoSecrets,
        };
        work(&context, &mut self.open)
    }

    /// Takes a message in, and does what it leads to.
    pub(crate) fn tell(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        self.settle(effects);
    }

    fn settle(&mut self, effects: Vec<Effect>) {
        let mut todo: std::collections::VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Start { ticket, job, .. } if self.holds.contains(&job.lane()) => self.held.push((ticket, job)),
                Effect::Start { ticket, job, .. } => {
                    let answer = self.with(|context, open| desk::run_job(context, open, job));
                    let answer = masked(answer, self.dir.path());
                    todo.extend(update(&mut self.state, Message::Done { ticket, answer }));
                }
                other => self.outside.push(other),
            }
        }
    }

    /// Lets the jobs go that were held.
    pub(crate) fn release(&mut self) {
        self.holds.clear();
        for (ticket, job) in std::mem::take(&mut self.held) {
            let answer = self.with(|context, open| desk::run_job(context, open, job));
            let answer = masked(answer, self.dir.path());
            self.tell(Message::Done { ticket, answer });
        }
    }

    /// Answers the jobs that are held with a failure.
    pub(crate) fn fail(&mut self, failure: &mfm::ops::Failure) {
        for (ticket, _) in std::mem::take(&mut self.held) {
            self.tell(Message::Done { ticket, answer: JobAnswer::Failed(Box::new(failure.clone())) });
        }
    }

    /// Presses keys: names and letters with spaces between them; `"words` types them.
    pub(crate) fn press(&mut self, script: &str) -> &mut Self {
        for word in script.split(' ') {
            if let Some(text) = word.strip_prefix('"') {
                text.chars().for_each(|letter| self.key(KeyCode::Char(letter), KeyModifiers::NONE));
            } else {
                self.named(word);
            }
        }
        self
    }

    fn named(&mut self, word: &str) {
        let code = match word {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "backspace" => KeyCode::Backspace,
            "f5" => KeyCode::F(5),
            "space" => KeyCode::Char(' '),
            word if word.starts_with("C-") => {
                return self.key(KeyCode::Char(word.chars().nth(2).unwrap()), KeyModifiers::CONTROL);
            }
            word if word.chars().count() == 1 => KeyCode::Char(word.chars().next().unwrap()),
            other => panic!("no key is called {other}"),
        };
        self.key(code, KeyModifiers::NONE);
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.tell(Message::Key(KeyEvent::new(code, modifiers)));
    }

    /// Draws the screen.
    pub(crate) fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.state.size.0, self.state.size.1)).unwrap();
        terminal.draw(|frame| views::draw(frame, &self.state)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// Returns the characters of the screen.
    pub(crate) fn screen(&self) -> String {
        let buffer = self.buffer();
        let line = |row: u16| {
            let cells = (0..buffer.area.width).map(|column| buffer[(column, row)].symbol());
            cells.collect::<String>().trim_end().to_owned() + "\n"
        };
        (0..buffer.area.height).map(line).collect()
    }

    /// Tells whether the screen shows some text.
    #[track_caller]
    pub(crate) fn sees(&self, text: &str) -> &Self {
        let screen = self.screen();
        assert!(screen.contains(text), "`{text}` is not on the screen:\n{screen}");
        self
    }

    /// Commits a fault as somebody else does, past the interface.
    pub(crate) fn somebody_breaks(&mut self) -> apply::Outcome {
        let source = apply::Source::Request(angles_on(1));
        self.with(|context, _| apply::run(context, &source, false, &mut |_| ())).unwrap()
    }

    /// Returns how many entries the journal has.
    pub(crate) fn entries(&mut self) -> u64 {
        self.with(|context, _| context.open_journal().unwrap().head().seq)
    }

    /// Returns the bytes of a blob in the lab.
    pub(crate) fn cell(&self, sql: &str) -> Vec<u8> {
        let lab = rusqlite::Connection::open(self.lab()).unwrap();
        lab.query_row(sql, [], |row| row.get::<_, Option<Vec<u8>>>(0)).unwrap().unwrap_or_default()
    }
}

/// Puts fixed words in the place of what differs from run to run: folders, and the digests that they lead to.
fn masked(mut answer: JobAnswer, folder: &Path) -> JobAnswer {
    let folder = folder.display().to_string();
    let here = |text: &str| text.replace(&folder, "/lab");
    let zero = Digest::sha256(b"");
    match &mut answer {
        JobAnswer::Status(status) => {
            status.journal_id = zero;
            for target in status.targets.iter_mut().chain(&mut status.target) {
                target.url = here(&target.url);
                target.problem = target.problem.as_deref().map(here);
            }
        }
        JobAnswer::Operation(operation) => operation.shown.line.uid = zero,
        JobAnswer::Entries(entries, _) => {
            for entry in entries {
                (entry.digest, entry.prev) = (zero, zero);
                mask(&mut entry.body, &folder);
            }
        }
        _ => {}
    }
    answer
}

fn mask(json: &mut serde_json::Value, folder: &str) {
    match json {
        serde_json::Value::String(text) => {
            let hex = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            *text = if hex { "0".repeat(16) } else { text.replace(folder, "/lab") };
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| mask(item, folder)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| mask(field, folder)),
        _ => {}
    }
}

/// Asks for a recording of a scenario.
pub(crate) fn of_recordings(scenario: &str, frames: u32) -> lab::create::Request {
    lab::create::Request {
        domain: Some("recordings".into()),
        frames: Some(frames),
        scenario: Some(scenario.to_owned()),
        seed: Some(7),
        ..lab::create::Request::default()
    }
}

/// Asks for impossible gantry angles on some fields.
pub(crate) fn angles_on(sample: u64) -> plan::Request {
    let (variant, seed) = (Some("gantry".into()), Some(3));
    let options = plan::Options { variant, sample: Some(sample), seed, ..plan::Options::default() };
    let parameters = serde_json::Map::new();
    plan::Request { tool: "create_invalid_angles".into(), parameters, options, output: None }
}

/// A record as the lists have it.
pub(crate) fn record(id: i64) -> mfm::ops::browse::ListedRecord {
    let cells = ["", "5001", "1", "0", "180", "0", "60"].map(str::to_owned);
    let mut cells = cells.to_vec();
    cells[0] = mfm::ops::cell::render_value(&Value::Integer(id));
    mfm::ops::browse::ListedRecord { id, link: Some(id), cells }
}
