//! A command under test: run with the target's URL and nothing of the fault, for a bounded time; writes no target.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mfm_journal::Digest;
use mfm_journal::cbor::Writer;

use super::said::{self, Judge, Said};
use crate::engine::EngineError;
use crate::ops::Context;
use crate::ops::failure::Failure;

/// What mfm's own variables are called: none of them is handed on, for some tell of the fault.
pub const WITHHELD: [&str; 6] =
    ["MFM_JOURNAL", "MFM_TARGET", "MFM_FORMAT", "MFM_ACTOR", "MFM_MSSQL_PASSWORD", "MFM_MSSQL_READ_PASSWORD"];

/// How much of a command's output is kept, in bytes.
const OUTPUT_MAX: u64 = 64 << 20;
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
    Interrupted,
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
    pub fn look(&self, context: &Context<'_>) -> Result<Said, Failure> {
        if let Some(report) = &self.report {
            // What an earlier look left there must not be taken for this one's.
            let _ = std::fs::remove_file(report);
        }
        let mut child = match self.command().spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Said::Untold(format!("it could not be started: {error}"))),
        };
        let (out, err) = (Drain::of(child.stdout.take()), Drain::of(child.stderr.take()));
        let end = wait(&mut child, self.timeout, context);
        let status = match end {
            End::Interrupted => return Err(EngineError::Interrupted.into()),
            End::TimedOut => return Ok(Said::Untold(format!("it ran for more than {} s", self.timeout.as_secs()))),
            End::Exited(status) => status,
        };
        Ok(self.said(status, &out.text()).unwrap_or_else(|why| Said::Untold(with_last_words(why, &err.text()))))
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

    /// Reads what it said: by its exit code, or by its report, which counts whatever the exit code.
    fn said(&self, status: ExitStatus, out: &str) -> Result<Said, String> {
        if self.judge == Judge::ExitCode {
            return match status.code().map(u8::try_from) {
                Some(Ok(0)) if !self.found_codes.contains(&0) => Ok(Said::Nothing),
                Some(Ok(code)) if self.found_codes.contains(&code) => Ok(Said::Something),
                _ => Err(format!("it ended with {status}")),
            };
        }
        if status.code().is_none() {
            return Err(format!("it ended with {status}"));
        }
        let Some(report) = &self.report else {
            return said::read(self.judge, out).map_err(|why| format!("{why}; it ended with {status}"));
        };
        let text = std::fs::read_to_string(report).map_err(|error| {
            format!("its report {} cannot be read: {error}; it ended with {status}", report.display())
        })?;
        said::read(self.judge, &text)
    }
}

/// Returns the digest of a file, where a word names one.
fn file_digest(path: &Path) -> Option<Digest> {
    let small = std::fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() <= OUTPUT_MAX);
    let bytes = small.then(|| std::fs::read(path).ok()).flatten();
    bytes.map(|bytes| Digest::of(&bytes))
}

/// How much of what a command complained of is repeated.
const LAST_WORDS_MAX: usize = 300;

fn with_last_words(why: String, complaint: &str) -> String {
    let words: Vec<char> = complaint.trim().chars().collect();
    let last: String = words.iter().skip(words.len().saturating_sub(LAST_WORDS_MAX)).collect();
    if last.is_empty() { why } else { format!("{why}: {last}") }
}

/// Waits for a command to end, and then ends whatever it left running.
fn wait(child: &mut Child, timeout: Duration, context: &Context<'_>) -> End {
    let begun = Instant::now();
    loop {
        if ended(child) {
            end_group(child);
            return child.wait().map_or(End::TimedOut, End::Exited);
        }
        let late = begun.elapsed() >= timeout;
        if late || context.reporter.interrupted() {
            end_group(child);
            let _ = child.kill();
            let _ = child.wait();
            return if late { End::TimedOut } else { End::Interrupted };
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
                    if (kept.len() as u64) < OUTPUT_MAX {
                        kept.extend(buffer.iter().take(read));
                    }
                }
            })
        });
        Self { bytes, reader }
    }

    /// Returns what came; a process that left the group may hold the stream open, and is not waited for.
    fn text(&self) -> String {
        let begun = Instant::now();
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) && begun.elapsed() < DRAIN {
            thread::sleep(PAUSE);
        }
        self.bytes.lock().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}
