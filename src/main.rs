//! The `mfm` binary: hands everything to the command line and holds nothing itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    mfm::cli::main()
}
