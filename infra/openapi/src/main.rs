//! Writes the description of the API: `docs/openapi.yaml` for people and tools, and the JSON that `control` serves. With `release`, it also
//! becomes the one that later changes are compared with.

use std::{env, fs, process::ExitCode};

fn main() -> ExitCode {
    let document = openapi::document();
    let mut files =
        vec![(openapi::yaml_path(), openapi::yaml(&document)), (openapi::json_path(), openapi::json(&document))];
    match env::args().nth(1).as_deref() {
        None => {}
        Some("release") => files.push((openapi::released_path(), openapi::json(&document))),
        Some(_) => {
            eprintln!("usage: cargo run -p openapi [release]");
            return ExitCode::FAILURE;
        }
    }
    for (path, text) in files {
        if let Err(error) = fs::write(&path, text) {
            eprintln!("{} could not be written: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
