//! A terminal, which Python's standard library has and a test in safe Rust has not.

use crate::world::{World, text};

/// Arguments: the program, what to wait for, whether until the terminal echoes no more, what to type, the words.
const AT_A_TERMINAL: &str = "
import os, pty, sys, termios, time
program, prompt, hidden, keys, *words = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execve(program, [program] + words, dict(os.environ))
said = b''
while prompt.encode() not in said:
    said += os.read(terminal, 4096)
while hidden == 'hidden' and termios.tcgetattr(terminal)[3] & termios.ECHO:
    time.sleep(0.01)
os.write(terminal, keys.encode())
try:
    while True:
        more = os.read(terminal, 4096)
        if not more:
            break
        said += more
except OSError:
    pass
echo = bool(termios.tcgetattr(terminal)[3] & termios.ECHO) if sys.platform == 'linux' else True
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), echo)
print(said.decode())
";

/// Types keys at a terminal after a prompt, `hidden` where it stops to echo for it, and returns the exit code, whether
/// the terminal echoes again, and what it showed.
pub(crate) fn type_after(world: &World, prompt: &str, hidden: bool, keys: &str, words: &[&str]) -> String {
    let mut python = std::process::Command::new("python3");
    python.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).current_dir(world.path());
    python.env("HOME", world.path()).env("MFM_JOURNAL", "journal.db").env("MFM_ACTOR", "tester");
    let echo = if hidden { "hidden" } else { "shown" };
    python.args(["-c", AT_A_TERMINAL, env!("CARGO_BIN_EXE_mfm"), prompt, echo, keys]).args(words);
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}
