//! The description of the API (OpenAPI 3.1), made of the code: routes from the planes' tables, bodies from their types, problems from the
//! catalogue, ends from the deprecations. `cargo run -p openapi` writes it; tests compare what is committed with what the code says, and
//! with what was released last ([`breaking`]).

pub mod breaking;
mod document;
mod problems;
pub mod yaml;

use std::path::PathBuf;

pub use document::document;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the document for people and tools is.
#[must_use]
pub fn yaml_path() -> PathBuf {
    root().join("docs/openapi.yaml")
}

/// Where the document is that `control` serves.
#[must_use]
pub fn json_path() -> PathBuf {
    root().join("functions/control/openapi.json")
}

/// Where the document of the last release is: `docs/openapi.yaml` as it was then.
#[must_use]
pub fn released_path() -> PathBuf {
    root().join("docs/openapi.released.json")
}

/// The document as YAML.
#[must_use]
pub fn yaml(document: &Value) -> String {
    let head = "# Made by `cargo run -p openapi` of the code; a test compares. Do not edit.\n";
    format!("{head}{}", yaml::write(document))
}

/// The document as JSON, without white space: it is part of a function's package.
#[must_use]
pub fn json(document: &Value) -> String {
    document.to_string()
}
