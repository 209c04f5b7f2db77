//! Wiring of `cartage`; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
