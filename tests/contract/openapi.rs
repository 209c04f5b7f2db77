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

/// A schema itself, where it only names another.
fn followed(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(reference) => followed(document().pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

/// Whether an object of a schema may have members of any name and kind.
fn is_open(schema: &Value) -> bool {
    let more = &schema["additionalProperties"];
    more != &json!(false) && !more.is_object()
}

/// Every place of a schema at which anything is taken, as a path to it.
fn open_places(schema: &'static Value, at: &str, met: &mut Vec<&'static Value>, found: &mut Vec<String>) {
    let schema = followed(schema);
    if met.iter().any(|known| std::ptr::eq(*known, schema)) {
        return;
    }
    met.push(schema);
    // What stands beside `allOf` narrows what that describes.
    let parts = schema["allOf"].as_array();
    for part in parts.into_iter().flatten() {
        open_places(part, at, met, found);
    }
    if parts.is_none() {
        let is_object = schema["type"] == "object" || schema["properties"].is_object();
        let says_nothing = schema.as_object().is_none_or(|schema| schema.keys().all(|key| key == "description"));
        if says_nothing || (is_object && is_open(schema)) {
            found.push(at.to_owned());
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            open_places(member, &format!("{at}/{name}"), met, found);
        }
        for part in ["anyOf", "oneOf"].iter().flat_map(|several| schema[several].as_array().into_iter().flatten()) {
            open_places(part, at, met, found);
        }
        for one in ["items", "additionalProperties"].map(|one| &schema[one]).into_iter().filter(|one| one.is_object()) {
            open_places(one, &format!("{at}/*"), met, found);
        }
    }
    met.pop();
}

/// The types that read a body are those that describe it, so what is closed here is refused there; `schemathesis` tries it on every route. Only what a
/// merchant's grant lets an application say to the store itself, in the store's own words, is taken as it comes.
#[test]
fn r048_no_route_takes_what_is_not_described() {
    let (mut bodies, mut parameters) = (0, 0);
    for (path, operations) in document()["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let route = format!("{method} {path}");
            let shared = operations["parameters"].as_array().into_iter().flatten();
            for parameter in shared.chain(operation["parameters"].as_array().into_iter().flatten()) {
                let parameter = followed(parameter);
                let kind = &followed(&parameter["schema"])["type"];
                assert!(
                    kind.is_string() || kind.is_array() || followed(&parameter["schema"])["enum"].is_array(),
                    "{route} {parameter}"
                );
                parameters += 1;
            }
            let Some(body) = operation.get("requestBody").map(followed) else { continue };
            let content = body["content"].as_object().unwrap();
            assert!(!content.is_empty(), "{route}");
            for (media, content) in content {
                assert!(content["schema"].is_object(), "{route} takes {media} of any form");
                if media == "application/json" {
                    let mut found = Vec::new();
                    open_places(&content["schema"], &route, &mut Vec::new(), &mut found);
                    // What a store keeps under names of its own is of any form.
                    found.retain(|place| !place.ends_with("/meta/*/value"));
                    assert!(found.is_empty(), "anything is taken at {found:?}");
                    bodies += 1;
                }
            }
        }
    }
    assert!(bodies > 40 && parameters > 300, "{bodies} bodies, {parameters} parameters");
}

#[test]
fn a_body_that_takes_anything_is_seen() {
    static OPEN: OnceLock<Value> = OnceLock::new();
    let open = OPEN.get_or_init(|| {
        json!({ "type": "object", "additionalProperties": false, "properties": {
            "free": { "type": "object" },
            "any": { "description": "whatever" },
            "list": { "type": "array", "items": { "properties": { "name": { "type": "string" } } } },
            "named": { "type": "object", "additionalProperties": { "type": "string" } },
        } })
    });
    let mut found = Vec::new();
    open_places(open, "", &mut Vec::new(), &mut found);
    found.sort();
    assert_eq!(found, ["/any", "/free", "/list/*"]);
}
