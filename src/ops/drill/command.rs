//! A command under test: run with the target's URL and nothing about the fault, for a limited time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use mfm_journal::Digest;
use mfm_journal::cbor::Writer;

use super::report;
use super::said::{CommandAnswer, CommandResult, Judge, NoVerdict};
use crate::engine::EngineError;
use crate::file::{self, FileError};
use crate::ops::Context;
use crate::ops::failure::Failure;
use crate::ops::protected::ProtectedFiles;

/// mfm's environment variables, which a command does not inherit: some of them lead to the fault.
pub const WITHHELD: [&str; 6] =
    ["MFM_JOURNAL", "MFM_TARGET", "MFM_FORMAT", "MFM_ACTOR", "MFM_MSSQL_PASSWORD", "MFM_MSSQL_READ_PASSWORD"];

/// Maximum size of a command's output, and of its report, in bytes; a larger one gives no verdict.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// How often a running command is polled.
const PAUSE: Duration = Duration::from_millis(5);
/// How long to wait for the rest of the output after a command has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// A command that examines the target.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments, with `{url}` and `{path}` not yet replaced.
    pub words: Vec<String>,
    /// The target's URL, without a password.
    pub url: String,
    /// How its findings are read.
    pub judge: Judge,
    /// The file of its report; `None` for its standard output.
    pub report: Option<PathBuf>,
    /// Files that must not be removed as an old report.
    pub protected: ProtectedFiles,
    /// The exit codes that mean that it found something.
    pub found_codes: Vec<u8>,
    /// The time limit of one run.
    pub timeout: Duration,
    /// The password of the target's login, where the user asked to pass it on.
    pub password: Option<String>,
}

/// How a command ended.
enum CommandEnd {
    Exited(ExitStatus),
    TimedOut,
    TooMuch,
    Interrupted,
}

/// Whether a run is the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookTurn {
    /// The first run: a file in the place of its report is the user's, and stays.
    First,
    /// A later run: the file is the report of the run before it, and is removed.
    Later,
}

/// The state of a file, by which a report written anew is told from one left alone or appended to.
#[derive(Debug, PartialEq, Eq)]
struct FileStamp {
    identity: Option<file::FileId>,
    changed: Option<SystemTime>,
    bytes: u64,
    digest: Option<Digest>,
}

impl Program {
    /// Returns the digest of all that determines its verdicts: words, files that they name, and how it is judged.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut out = Writer::new();
        let files: Vec<Digest> = self.words.iter().filter_map(|word| file_digest(Path::new(word))).collect();
        // Journaled with every drill, so the order and form of these fields are frozen.
        out.write_array(5);
        out.write_text("mfm/detector/1");
        out.write_text(self.judge.word());
        out.write_array(self.found_codes.len() as u64);
        self.found_codes.iter().for_each(|code| out.write_wide_integer(i128::from(*code)));
        out.write_array(self.words.len() as u64);
        self.words.iter().for_each(|word| out.write_text(word));
        out.write_array(files.len() as u64);
        files.iter().for_each(|digest| out.write_bytes(digest.as_bytes()));
        Digest::sha256(out.as_bytes())
    }

    /// Runs it once, and returns its answer.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], where the user asked to stop; the command is killed first.
    pub fn run_once(&self, context: &Context<'_>, turn: LookTurn) -> Result<CommandResult, Failure> {
        let before = match self.make_room(turn) {
            Ok(before) => before,
            Err(why) => return Ok(CommandResult::unanswered(why)),
        };
        let mut child = match self.build_command().spawn() {
            Ok(child) => child,
            Err(error) => {
                return Ok(CommandResult::unanswered(NoVerdict::with_detail(
                    "it could not be started",
                    error.to_string(),
                )));
            }
        };
        let (out, err) = (OutputReader::start(child.stdout.take()), OutputReader::start(child.stderr.take()));
        let status = match wait_for_end(&mut child, self.timeout, context, || out.is_full() || err.is_full()) {
            CommandEnd::Interrupted => return Err(EngineError::Interrupted.into()),
            CommandEnd::TimedOut => {
                let why = format!("it ran for more than {} s", self.timeout.as_secs());
                return Ok(CommandResult::unanswered(NoVerdict::new(why)));
            }
            CommandEnd::TooMuch => {
                return Ok(CommandResult::unanswered(NoVerdict::new(format!(
                    "it printed more than {OUTPUT_BYTES_MAX} bytes"
                ))));
            }
            CommandEnd::Exited(status) => status,
        };
        let said = self.read_answer(status, &out, before.as_ref());
        // With `--judge exit-code` the code is the answer already, and must not count against itself.
        let code = status.code().filter(|_| self.judge != Judge::ExitCode);
        Ok(CommandResult { said: said.unwrap_or_else(|why| CommandAnswer::Untold(with_last_words(why, &err))), code })
    }

    /// Removes the report of the run before, or returns the state of a file that stays in its place.
    fn make_room(&self, turn: LookTurn) -> Result<Option<FileStamp>, NoVerdict> {
        let Some(report) = &self.report else { return Ok(None) };
        let Ok(metadata) = report.symlink_metadata() else { return Ok(None) };
        // A command may have put a link there meanwhile: the journal and targets are never removed.
        if turn == LookTurn::First || !metadata.is_file() || self.protected.find_at(report).is_some() {
            return Ok(read_stamp(report));
        }
        match std::fs::remove_file(report) {
            Ok(()) => Ok(None),
            Err(error) => {
                Err(NoVerdict::with_detail("its report of the look before cannot be removed", error.to_string()))
            }
        }
    }

    fn build_command(&self) -> Command {
        let path = self.url.strip_prefix("sqlite:");
        let mut words = self.words.iter().map(|word| {
            let word = word.replace("{url}", &self.url);
            path.map_or(word.clone(), |path| word.replace("{path}", path))
        });
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in WITHHELD {
            command.env_remove(name);
        }
        command.env("MFM_TARGET_URL", &self.url);
        if let Some(path) = path {
            command.env("MFM_TARGET_PATH", path);
        }
        // After the removal above: this one is passed on by the user's explicit request.
        if let Some(password) = &self.password {
            command.env("MFM_MSSQL_PASSWORD", password);
        }
        own_group(&mut command);
        command
    }

    /// Reads its answer from its exit code or its report.
    fn read_answer(
        &self,
        status: ExitStatus,
        out: &OutputReader,
        before: Option<&FileStamp>,
    ) -> Result<CommandAnswer, NoVerdict> {
        if self.judge == Judge::ExitCode {
            return match status.code().map(u8::try_from) {
                Some(Ok(0)) if !self.found_codes.contains(&0) => Ok(CommandAnswer::Nothing),
                Some(Ok(code)) if self.found_codes.contains(&code) => Ok(CommandAnswer::Something),
                _ => Err(NoVerdict::new(format!("it ended with {status}"))),
            };
        }
        // Killed by a signal: its report may be a part of what it would have written.
        if status.code().is_none() {
            return Err(NoVerdict::new(format!("it ended with {status}")));
        }
        let text = match &self.report {
            None => out.read_text()?,
            Some(report) => report_text(report, before)?,
        };
        report::parse_report(self.judge, &text).map_err(|untold| {
            let why = format!("{}; it ended with {status}", untold.why);
            NoVerdict { why, ..untold }
        })
    }
}

/// Reads the report of this run; `before` is the state of the file when the run began, if it stayed.
///
/// A report that was not written, or only appended to, would repeat the findings of an earlier run.
fn report_text(path: &Path, before: Option<&FileStamp>) -> Result<String, NoVerdict> {
    let bytes = file::read_bytes(path, OUTPUT_BYTES_MAX).map_err(|error| unreadable_report(&error))?;
    if let Some(before) = before {
        if read_stamp(path).as_ref() == Some(before) {
            return Err(NoVerdict::new("it wrote no report: what stands there is older"));
        }
        let beginning = usize::try_from(before.bytes).ok().and_then(|length| bytes.get(..length));
        let has_grown = bytes.len() as u64 > before.bytes && before.bytes > 0;
        if has_grown && before.digest.is_some() && beginning.map(Digest::sha256) == before.digest {
            return Err(NoVerdict::new("its report goes on from an older one that stands there: remove that first"));
        }
    }
    file::decode_text(bytes).map_err(|error| unreadable_report(&error))
}

fn unreadable_report(error: &FileError) -> NoVerdict {
    NoVerdict::with_detail("its report cannot be read", error.to_string())
}

fn read_stamp(path: &Path) -> Option<FileStamp> {
    let metadata = std::fs::metadata(path).ok()?;
    let (identity, changed) = (file::FileId::from_metadata(&metadata), metadata.modified().ok());
    Some(FileStamp { identity, changed, bytes: metadata.len(), digest: file_digest(path) })
}

/// Returns the digest of a file; `None` where the path is no readable file.
fn file_digest(path: &Path) -> Option<Digest> {
    file::read_bytes(path, OUTPUT_BYTES_MAX).ok().map(|bytes| Digest::sha256(&bytes))
}

/// Maximum length, in characters, of the end of a command's standard error that is repeated.
const LAST_WORDS_MAX: usize = 300;

fn with_last_words(untold: NoVerdict, complaint: &OutputReader) -> NoVerdict {
    let words = String::from_utf8_lossy(&complaint.bytes()).into_owned();
    let words: Vec<char> = words.trim().chars().collect();
    let last: String = words.iter().skip(words.len().saturating_sub(LAST_WORDS_MAX)).collect();
    let more = [untold.more, Some(last).filter(|last| !last.is_empty())];
    let more: Vec<String> = more.into_iter().flatten().collect();
    NoVerdict { why: untold.why, more: Some(more.join(": ")).filter(|more| !more.is_empty()) }
}

/// Waits for a command to end, and then kills whatever it left running in its process group.
fn wait_for_end(
    child: &mut Child,
    timeout: Duration,
    context: &Context<'_>,
    too_much: impl Fn() -> bool,
) -> CommandEnd {
    let start = Instant::now();
    loop {
        if has_ended(child) {
            // Before `wait` reaps the child: until then no other process can get its group's number.
            end_group(child);
            return child.wait().map_or(CommandEnd::TimedOut, CommandEnd::Exited);
        }
        let late = start.elapsed() >= timeout;
        let full = too_much();
        if late || full || context.reporter.is_interrupted() {
            end_group(child);
            let _ = child.kill();
            let _ = child.wait();
            return match (late, full) {
                (true, _) => CommandEnd::TimedOut,
                (false, true) => CommandEnd::TooMuch,
                (false, false) => CommandEnd::Interrupted,
            };
        }
        thread::sleep(PAUSE);
    }
}

/// Puts a command into a process group of its own, so that it can be killed with its children.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Returns whether the command itself has ended; it is not reaped, so that its group's number is not reused.
#[cfg(unix)]
fn has_ended(child: &Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| waitid(WaitId::Pid(pid), options).map_or(true, |status| status.is_some()))
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child) -> bool {
    child.try_wait().map_or(true, |status| status.is_some())
}

#[cfg(unix)]
fn end_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Fails where no process is left in the group, which is as good.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(_: &Child) {}

/// An output stream, read by a thread while the command runs: a full pipe would block it.
struct OutputReader {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl OutputReader {
    fn start(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = stream.map(|mut stream| {
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                // Reads on past the limit without storing, so that the command is never blocked by its own output.
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    let Ok(mut bytes) = shared.lock() else { return };
                    if bytes.len() as u64 <= OUTPUT_BYTES_MAX {
                        bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
                    }
                }
            })
        });
        Self { bytes, reader }
    }

    /// Returns whether more output came than the limit allows.
    fn is_full(&self) -> bool {
        self.bytes.lock().is_ok_and(|bytes| bytes.len() as u64 > OUTPUT_BYTES_MAX)
    }

    /// Returns the output so far.
    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().map(|bytes| bytes.clone()).unwrap_or_default()
    }

    /// Returns the whole output.
    ///
    /// A process that left the group may hold the stream open; it is waited for at most [`DRAIN`].
    fn read_text(&self) -> Result<String, NoVerdict> {
        let start = Instant::now();
        while self.is_open() && start.elapsed() < DRAIN {
            thread::sleep(PAUSE);
        }
        if self.is_open() {
            return Err(NoVerdict::new("something that it left running still holds its output open"));
        }
        if self.is_full() {
            return Err(NoVerdict::new(format!("it printed more than {OUTPUT_BYTES_MAX} bytes")));
        }
        file::decode_text(self.bytes())
            .map_err(|error| NoVerdict::with_detail("its output cannot be read", error.to_string()))
    }

    fn is_open(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| !reader.is_finished())
    }
}
