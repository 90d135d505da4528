//! The `mfm` binary: calls the command line of the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mfm::cli::main()
}
