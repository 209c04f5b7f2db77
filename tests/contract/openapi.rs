//! `docs/openapi.yaml`: it is what the code says, it breaks nobody who uses the last release, and every answer that a test sees is in it (R144).

use std::{fs, sync::OnceLock};

use cloud::clock::Clock;
use serde_json::{Value, json};

use crate::{data_map::cloudformation, world::Answered};

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(openapi::document)
}

#[test]
fn what_is_committed_is_what_the_code_says() {
    let hint = "run `cargo run -p openapi` and commit what it writes";
    let yaml = fs::read_to_string(openapi::yaml_path()).unwrap();
    assert_eq!(yaml, openapi::yaml(document()), "{hint}");
    assert_eq!(fs::read_to_string(openapi::json_path()).unwrap(), openapi::json(document()), "{hint}");
    assert_eq!(cloudformation::parse(&yaml), *document(), "YAML and JSON say the same");
}

#[test]
fn r144_nothing_breaks_who_uses_the_last_release() {
    let released = serde_json::from_str(&fs::read_to_string(openapi::released_path()).unwrap()).unwrap();
    let broken = openapi::breaking::changes(&released, document(), &Clock::system().now().to_string());
    assert!(broken.is_empty(), "this needs a new route or a new version (docs/API.md, Versions): {broken:#?}");
}

#[test]
fn any_text_survives_the_writing_of_yaml() {
    let texts = json!({
        "texts": ["", "1", "-", "~", "{", "a: b", "a #b", "'q'", "\"q\"", "a\nb", "\u{e4}", "null", "On", "2026-11-22", "/v1/{a}", "a b", "#"],
        "nested": [[1, [2.5, true]], { "a": { "b": [] , "c": {} } }, null],
        "/v1/{a}": { "a b": "trailing ", "y": "yes" },
    });
    assert_eq!(cloudformation::parse(&openapi::yaml(&texts)), texts);
}

#[test]
fn every_deprecation_is_in_the_document() {
    for deprecation in domain::deprecation::DEPRECATIONS {
        let (method, path) = deprecation.route().split_once(' ').unwrap();
        let operation = &document()["paths"][path][method.to_lowercase()];
        assert_eq!(operation["deprecated"], true, "{deprecation:?}");
        assert_eq!(operation["x-sunset"], deprecation.sunset().to_string());
        assert!(operation["responses"]["410"].is_object(), "{deprecation:?}");
    }
}

/// The operation that a call leads to; nothing for what is no route.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let given: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        let open = wanted.last() == Some(&"{path}");
        let same_length = if open { given.len() >= wanted.len() } else { given.len() == wanted.len() };
        same_length && wanted.iter().zip(&given).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
    };
    let paths = document()["paths"].as_object().unwrap();
    let found: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
    // What is named beats what stands for anything: `…/products/batch` and `…/products/{id}`.
    let (_, operations) = found.into_iter().min_by_key(|(template, _)| template.matches('{').count())?;
    operations.get(&method)
}

/// The description's part of the marker test: an answer that a route gives is one that it is described with: its status, its problem's code,
/// its media type and its headers.
pub(crate) fn assert_described(method: &str, path: &str, answered: &Answered) {
    let Some(operation) = operation(method, path) else { return };
    let status = answered.status.to_string();
    let answers = &operation["responses"];
    let described = if answers[&status].is_null() { &answers["default"] } else { &answers[&status] };
    let described = match described["$ref"].as_str() {
        Some(reference) => document().pointer(reference.trim_start_matches('#')).unwrap(),
        None => described,
    };
    let route = operation["operationId"].as_str().unwrap();
    let body = String::from_utf8_lossy(&answered.body);
    assert!(described.is_object(), "{route} is not described with {status}: {body}");
    for (name, header) in described["headers"].as_object().unwrap() {
        let optional = header["required"] == false || !(header["$ref"].is_string() || header["required"] == true);
        assert!(optional || answered.headers.contains_key(&name.to_lowercase()), "{route} {status} lacks {name}");
    }
    let Some(kind) = answered.headers.get("content-type").filter(|_| !answered.body.is_empty()) else { return };
    let content = described["content"].as_object().unwrap_or_else(|| panic!("{route} {status} has a body: {body}"));
    let Some(media) = content.get(kind).or_else(|| content.get("*/*")) else {
        panic!("{route} {status} is not {kind}")
    };
    if kind == "application/problem+json" && !content.contains_key("*/*") {
        let codes = media["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
        assert!(codes.contains(&answered.json()["code"]), "{route} is not described with {body}");
    }
}
