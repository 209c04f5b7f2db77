//! Writes `docs/privacy`.

use std::{fs, process::ExitCode};

fn main() -> ExitCode {
    for (path, text) in privacy_documents::documents() {
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| fs::write(&path, text)) {
            eprintln!("{} could not be written: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
