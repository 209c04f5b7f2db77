//! Writes `docs/promises.md`.

use std::{fs, process::ExitCode};

fn main() -> ExitCode {
    let written = promises::promises().and_then(|promises| fs::write(promises::path(), promises::page(&promises)));
    if let Err(error) = written {
        eprintln!("{} could not be written: {error}", promises::path().display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
