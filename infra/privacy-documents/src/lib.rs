//! What is published of people's data, as documents: `docs/privacy` is made from the data map and the registry of processors, as the routes of
//! `privacy` are. `cargo run -p privacy-documents` writes it; a test compares what is committed with what the code says.

mod fides;
mod tables;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where the documents stand.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/privacy")
}

/// Every document: its path and its text.
#[must_use]
pub fn documents() -> Vec<(PathBuf, String)> {
    let manifest = |value: &Value| {
        let head = "# Made by `cargo run -p privacy-documents` from the data map; a test compares. Do not edit.\n";
        format!("{head}{}", openapi::yaml::write(value))
    };
    let documents = [
        ("processors.md", tables::processors()),
        ("records.md", tables::records()),
        ("retention.md", tables::retention()),
        ("fides/dataset.yaml", manifest(&fides::dataset())),
        ("fides/systems.yaml", manifest(&fides::systems())),
    ];
    documents.into_iter().map(|(name, text)| (folder().join(name), text)).collect()
}
