//! A command under test: run with the target's URL and nothing of the fault, for a bounded time; writes no target.

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

/// What mfm's own variables are called: none of them is handed on, for some tell of the fault.
pub const WITHHELD: [&str; 6] =
    ["MFM_JOURNAL", "MFM_TARGET", "MFM_FORMAT", "MFM_ACTOR", "MFM_MSSQL_PASSWORD", "MFM_MSSQL_READ_PASSWORD"];

/// How much a command may print, or write as its report, in bytes: one that says more tells nothing.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// How often a running command is looked at.
const PAUSE: Duration = Duration::from_millis(5);
/// How long output may take to arrive once a command has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// A command that looks at the target.
#[derive(Clone, Debug)]
pub struct Program {
    /// The words, `{url}` and `{path}` not yet replaced.
    pub words: Vec<String>,
    /// The target's URL, without a password.
    pub url: String,
    /// How it tells what it found.
    pub judge: Judge,
    /// Where it writes its report; its standard output where none is named.
    pub report: Option<PathBuf>,
    /// The files that its report must not be.
    pub protected: ProtectedFiles,
    /// The exit codes that mean that it found something.
    pub found_codes: Vec<u8>,
    /// How long it may run.
    pub timeout: Duration,
    /// The password of the target's login, where the person asked to hand it on.
    pub password: Option<String>,
}

/// How a command ended.
enum CommandEnd {
    Exited(ExitStatus),
    TimedOut,
    TooMuch,
    Interrupted,
}

/// Which look at the target it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookTurn {
    /// The first: what stands where its report is to be is somebody's, and stays.
    First,
    /// A later one: what stands there is what the look before it left.
    Later,
}

/// A file as it was: what tells one that was written anew from the same one left alone, or gone on with.
#[derive(Debug, PartialEq, Eq)]
struct FileStamp {
    identity: Option<file::FileId>,
    changed: Option<SystemTime>,
    bytes: u64,
    digest: Option<Digest>,
}

impl Program {
    /// Returns the digest of what decides its verdicts: its words, the files that they name, and how it is judged.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut out = Writer::new();
        let files: Vec<Digest> = self.words.iter().filter_map(|word| file_digest(Path::new(word))).collect();
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

    /// Runs it once, and returns what it said.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], where the person asked to stop; the command is ended first.
    pub fn run_once(&self, context: &Context<'_>, turn: LookTurn) -> Result<CommandResult, Failure> {
        let untold = |why: NoVerdict| Ok(CommandResult { said: CommandAnswer::Untold(why), code: None });
        let before = match self.make_room(turn) {
            Ok(before) => before,
            Err(why) => return untold(why),
        };
        let mut child = match self.build_command().spawn() {
            Ok(child) => child,
            Err(error) => return untold(NoVerdict::with_detail("it could not be started", error.to_string())),
        };
        let (out, err) = (OutputReader::start(child.stdout.take()), OutputReader::start(child.stderr.take()));
        let status = match wait_for_end(&mut child, self.timeout, context, || out.is_full() || err.is_full()) {
            CommandEnd::Interrupted => return Err(EngineError::Interrupted.into()),
            CommandEnd::TimedOut => {
                return untold(NoVerdict::new(format!("it ran for more than {} s", self.timeout.as_secs())));
            }
            CommandEnd::TooMuch => {
                return untold(NoVerdict::new(format!("it printed more than {OUTPUT_BYTES_MAX} bytes")));
            }
            CommandEnd::Exited(status) => status,
        };
        let said = self.read_answer(status, &out, before.as_ref());
        let code = status.code().filter(|_| self.judge != Judge::ExitCode);
        Ok(CommandResult { said: said.unwrap_or_else(|why| CommandAnswer::Untold(with_last_words(why, &err))), code })
    }

    /// Takes away what the look before left where the report is to be, and notes what stands there and stays.
    fn make_room(&self, turn: LookTurn) -> Result<Option<FileStamp>, NoVerdict> {
        let Some(report) = &self.report else { return Ok(None) };
        let Ok(found) = report.symlink_metadata() else { return Ok(None) };
        // Whatever the command put there meanwhile: the journal and targets are never removed.
        if turn == LookTurn::First || !found.is_file() || self.protected.find_at(report).is_some() {
            return Ok(read_stamp(report));
        }
        let failed = |error: std::io::Error| {
            NoVerdict::with_detail("its report of the look before cannot be removed", error.to_string())
        };
        std::fs::remove_file(report).map_err(failed).map(|()| None)
    }

    fn build_command(&self) -> Command {
        let path = self.url.strip_prefix("sqlite:");
        let fill = |word: &String| {
            let word = word.replace("{url}", &self.url);
            path.map_or(word.clone(), |path| word.replace("{path}", path))
        };
        let mut words = self.words.iter().map(fill);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        WITHHELD.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.env("MFM_TARGET_URL", &self.url);
        path.map(|path| command.env("MFM_TARGET_PATH", path));
        self.password.as_ref().map(|password| command.env("MFM_MSSQL_PASSWORD", password));
        own_group(&mut command);
        command
    }

    /// Reads what it said: by its exit code, or by its report.
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

/// Reads a report that was written in this look; `before` is what stood there when it began.
fn report_text(path: &Path, before: Option<&FileStamp>) -> Result<String, NoVerdict> {
    let unread = |error: FileError| NoVerdict::with_detail("its report cannot be read", error.to_string());
    let bytes = file::read_bytes(path, OUTPUT_BYTES_MAX).map_err(unread)?;
    if let Some(before) = before {
        if read_stamp(path).as_ref() == Some(before) {
            return Err(NoVerdict::new("it wrote no report: what stands there is older"));
        }
        let beginning = usize::try_from(before.bytes).ok().and_then(|length| bytes.get(..length));
        let goes_on = bytes.len() as u64 > before.bytes && before.bytes > 0;
        if goes_on && before.digest.is_some() && beginning.map(Digest::sha256) == before.digest {
            return Err(NoVerdict::new("its report goes on from an older one that stands there: remove that first"));
        }
    }
    file::decode_text(bytes).map_err(unread)
}

fn read_stamp(path: &Path) -> Option<FileStamp> {
    let found = std::fs::metadata(path).ok()?;
    let (identity, changed) = (file::FileId::from_metadata(&found), found.modified().ok());
    Some(FileStamp { identity, changed, bytes: found.len(), digest: file_digest(path) })
}

/// Returns the digest of a file, where a word names one.
fn file_digest(path: &Path) -> Option<Digest> {
    file::read_bytes(path, OUTPUT_BYTES_MAX).ok().map(|bytes| Digest::sha256(&bytes))
}

/// How much of what a command complained of is repeated.
const LAST_WORDS_MAX: usize = 300;

fn with_last_words(untold: NoVerdict, complaint: &OutputReader) -> NoVerdict {
    let words = String::from_utf8_lossy(&complaint.bytes()).into_owned();
    let words: Vec<char> = words.trim().chars().collect();
    let last: String = words.iter().skip(words.len().saturating_sub(LAST_WORDS_MAX)).collect();
    let more = [untold.more, Some(last).filter(|last| !last.is_empty())];
    let more: Vec<String> = more.into_iter().flatten().collect();
    NoVerdict { why: untold.why, more: Some(more.join(": ")).filter(|more| !more.is_empty()) }
}

/// Waits for a command to end, and then ends whatever it left running.
fn wait_for_end(
    child: &mut Child,
    timeout: Duration,
    context: &Context<'_>,
    too_much: impl Fn() -> bool,
) -> CommandEnd {
    let begun = Instant::now();
    loop {
        if has_ended(child) {
            end_group(child);
            return child.wait().map_or(CommandEnd::TimedOut, CommandEnd::Exited);
        }
        let late = begun.elapsed() >= timeout;
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

/// Puts a command into a process group of its own, so that all of it can be ended.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Tells whether the command itself has ended; it is not reaped, so that its group's number stays its own.
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
        // Nobody left in it is what is wanted.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(_: &Child) {}

/// A stream that is read while the command runs.
struct OutputReader {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl OutputReader {
    fn start(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = stream.map(|mut stream| {
            thread::spawn(move || {
                let mut buffer = [0; 8192];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    let Ok(mut kept) = kept.lock() else { return };
                    if kept.len() as u64 <= OUTPUT_BYTES_MAX {
                        kept.extend(buffer.iter().take(read));
                    }
                }
            })
        });
        Self { bytes, reader }
    }

    /// Tells whether more came than is kept.
    fn is_full(&self) -> bool {
        self.bytes.lock().is_ok_and(|bytes| bytes.len() as u64 > OUTPUT_BYTES_MAX)
    }

    /// Returns what came so far.
    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().map(|bytes| bytes.clone()).unwrap_or_default()
    }

    /// Returns all that came; a process that left the group may hold the stream open, and is not waited for long.
    fn read_text(&self) -> Result<String, NoVerdict> {
        let begun = Instant::now();
        let open = || self.reader.as_ref().is_some_and(|reader| !reader.is_finished());
        while open() && begun.elapsed() < DRAIN {
            thread::sleep(PAUSE);
        }
        if open() {
            return Err(NoVerdict::new("something that it left running still holds its output open"));
        }
        if self.is_full() {
            return Err(NoVerdict::new(format!("it printed more than {OUTPUT_BYTES_MAX} bytes")));
        }
        file::decode_text(self.bytes())
            .map_err(|error| NoVerdict::with_detail("its output cannot be read", error.to_string()))
    }
}
