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
use super::said::{Heard, Judge, Said, Untold};
use crate::engine::EngineError;
use crate::file::{self, FileError};
use crate::ops::Context;
use crate::ops::failure::Failure;
use crate::ops::protected::Protected;

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
    pub protected: Protected,
    /// The exit codes that mean that it found something.
    pub found_codes: Vec<u8>,
    /// How long it may run.
    pub timeout: Duration,
    /// The password of the target's login, where the person asked to hand it on.
    pub password: Option<String>,
}

/// How a command ended.
enum End {
    Exited(ExitStatus),
    TimedOut,
    TooMuch,
    Interrupted,
}

/// Which look at the target it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first: what stands where its report is to be is somebody's, and stays.
    First,
    /// A later one: what stands there is what the look before it left.
    Later,
}

/// A file as it was: what tells one that was written anew from the same one left alone, or gone on with.
#[derive(Debug, PartialEq, Eq)]
struct FileStamp {
    identity: Option<file::Identity>,
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
        out.array(5);
        out.text("mfm/detector/1");
        out.text(self.judge.word());
        out.array(self.found_codes.len() as u64);
        self.found_codes.iter().for_each(|code| out.wide_integer(i128::from(*code)));
        out.array(self.words.len() as u64);
        self.words.iter().for_each(|word| out.text(word));
        out.array(files.len() as u64);
        files.iter().for_each(|digest| out.bytes(digest.as_bytes()));
        Digest::of(out.as_bytes())
    }

    /// Runs it once, and returns what it said.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], where the person asked to stop; the command is ended first.
    pub fn look(&self, context: &Context<'_>, turn: Turn) -> Result<Heard, Failure> {
        let untold = |why: Untold| Ok(Heard { said: Said::Untold(why), code: None });
        let before = match self.make_room(turn) {
            Ok(before) => before,
            Err(why) => return untold(why),
        };
        let mut child = match self.command().spawn() {
            Ok(child) => child,
            Err(error) => return untold(Untold::with("it could not be started", error.to_string())),
        };
        let (out, err) = (Drain::of(child.stdout.take()), Drain::of(child.stderr.take()));
        let status = match wait(&mut child, self.timeout, context, || out.is_full() || err.is_full()) {
            End::Interrupted => return Err(EngineError::Interrupted.into()),
            End::TimedOut => return untold(Untold::new(format!("it ran for more than {} s", self.timeout.as_secs()))),
            End::TooMuch => return untold(Untold::new(format!("it printed more than {OUTPUT_BYTES_MAX} bytes"))),
            End::Exited(status) => status,
        };
        let said = self.said(status, &out, before.as_ref());
        let code = status.code().filter(|_| self.judge != Judge::ExitCode);
        Ok(Heard { said: said.unwrap_or_else(|why| Said::Untold(with_last_words(why, &err))), code })
    }

    /// Takes away what the look before left where the report is to be, and notes what stands there and stays.
    fn make_room(&self, turn: Turn) -> Result<Option<FileStamp>, Untold> {
        let Some(report) = &self.report else { return Ok(None) };
        let Ok(found) = report.symlink_metadata() else { return Ok(None) };
        // Whatever the command put there meanwhile: the journal and targets are never removed.
        if turn == Turn::First || !found.is_file() || self.protected.names(report).is_some() {
            return Ok(stamp(report));
        }
        let failed =
            |error: std::io::Error| Untold::with("its report of the look before cannot be removed", error.to_string());
        std::fs::remove_file(report).map_err(failed).map(|()| None)
    }

    fn command(&self) -> Command {
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
    fn said(&self, status: ExitStatus, out: &Drain, before: Option<&FileStamp>) -> Result<Said, Untold> {
        if self.judge == Judge::ExitCode {
            return match status.code().map(u8::try_from) {
                Some(Ok(0)) if !self.found_codes.contains(&0) => Ok(Said::Nothing),
                Some(Ok(code)) if self.found_codes.contains(&code) => Ok(Said::Something),
                _ => Err(Untold::new(format!("it ended with {status}"))),
            };
        }
        if status.code().is_none() {
            return Err(Untold::new(format!("it ended with {status}")));
        }
        let text = match &self.report {
            None => out.text()?,
            Some(report) => report_text(report, before)?,
        };
        report::read(self.judge, &text).map_err(|untold| {
            let why = format!("{}; it ended with {status}", untold.why);
            Untold { why, ..untold }
        })
    }
}

/// Reads a report that was written in this look; `before` is what stood there when it began.
fn report_text(path: &Path, before: Option<&FileStamp>) -> Result<String, Untold> {
    let unread = |error: FileError| Untold::with("its report cannot be read", error.to_string());
    let bytes = file::read_bytes(path, OUTPUT_BYTES_MAX).map_err(unread)?;
    if let Some(before) = before {
        if stamp(path).as_ref() == Some(before) {
            return Err(Untold::new("it wrote no report: what stands there is older"));
        }
        let beginning = usize::try_from(before.bytes).ok().and_then(|length| bytes.get(..length));
        let goes_on = bytes.len() as u64 > before.bytes && before.bytes > 0;
        if goes_on && before.digest.is_some() && beginning.map(Digest::of) == before.digest {
            return Err(Untold::new("its report goes on from an older one that stands there: remove that first"));
        }
    }
    file::decode(bytes).map_err(unread)
}

fn stamp(path: &Path) -> Option<FileStamp> {
    let found = std::fs::metadata(path).ok()?;
    let (identity, changed) = (file::Identity::of(&found), found.modified().ok());
    Some(FileStamp { identity, changed, bytes: found.len(), digest: file_digest(path) })
}

/// Returns the digest of a file, where a word names one.
fn file_digest(path: &Path) -> Option<Digest> {
    file::read_bytes(path, OUTPUT_BYTES_MAX).ok().map(|bytes| Digest::of(&bytes))
}

/// How much of what a command complained of is repeated.
const LAST_WORDS_MAX: usize = 300;

fn with_last_words(untold: Untold, complaint: &Drain) -> Untold {
    let words = String::from_utf8_lossy(&complaint.bytes()).into_owned();
    let words: Vec<char> = words.trim().chars().collect();
    let last: String = words.iter().skip(words.len().saturating_sub(LAST_WORDS_MAX)).collect();
    let more = [untold.more, Some(last).filter(|last| !last.is_empty())];
    let more: Vec<String> = more.into_iter().flatten().collect();
    Untold { why: untold.why, more: Some(more.join(": ")).filter(|more| !more.is_empty()) }
}

/// Waits for a command to end, and then ends whatever it left running.
fn wait(child: &mut Child, timeout: Duration, context: &Context<'_>, too_much: impl Fn() -> bool) -> End {
    let begun = Instant::now();
    loop {
        if ended(child) {
            end_group(child);
            return child.wait().map_or(End::TimedOut, End::Exited);
        }
        let late = begun.elapsed() >= timeout;
        let full = too_much();
        if late || full || context.reporter.interrupted() {
            end_group(child);
            let _ = child.kill();
            let _ = child.wait();
            return match (late, full) {
                (true, _) => End::TimedOut,
                (false, true) => End::TooMuch,
                (false, false) => End::Interrupted,
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
fn ended(child: &Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| waitid(WaitId::Pid(pid), options).map_or(true, |status| status.is_some()))
}

#[cfg(not(unix))]
fn ended(child: &mut Child) -> bool {
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
struct Drain {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Drain {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
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
    fn text(&self) -> Result<String, Untold> {
        let begun = Instant::now();
        let open = || self.reader.as_ref().is_some_and(|reader| !reader.is_finished());
        while open() && begun.elapsed() < DRAIN {
            thread::sleep(PAUSE);
        }
        if open() {
            return Err(Untold::new("something that it left running still holds its output open"));
        }
        if self.is_full() {
            return Err(Untold::new(format!("it printed more than {OUTPUT_BYTES_MAX} bytes")));
        }
        file::decode(self.bytes()).map_err(|error| Untold::with("its output cannot be read", error.to_string()))
    }
}
