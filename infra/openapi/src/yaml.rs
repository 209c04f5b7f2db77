//! JSON as YAML, for reading: the order that documents of this kind have, and no quotes where none are needed.

use std::fmt::Write;

use serde_json::{Map, Value};

/// What stands first in an object; everything else follows by name.
const ORDER: &[&str] = &[
    "openapi",
    "info",
    "servers",
    "security",
    "tags",
    "paths",
    "components",
    "fides_key",
    "name",
    "in",
    "operationId",
    "tags",
    "summary",
    "description",
    "deprecated",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "parameters",
    "requestBody",
    "responses",
    "type",
    "required",
    "properties",
];

/// The document's text.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(object) => write_object(&mut out, object, 0),
        other => put(&mut out, other, 0),
    }
    out
}

fn put(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push('\n');
            write_object(out, object, depth);
        }
        Value::Array(list) if list.iter().any(|value| value.is_object() || value.is_array()) => {
            out.push('\n');
            for value in list {
                let _ = write!(out, "{}-", "  ".repeat(depth));
                match value {
                    // The first field beside the dash, the rest below it.
                    Value::Object(object) if !object.is_empty() => {
                        let mut fields = String::new();
                        write_object(&mut fields, object, depth + 1);
                        out.push(' ');
                        out.push_str(fields.trim_start());
                    }
                    other => put(out, other, depth + 1),
                }
            }
        }
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(|value| scalar(value, Place::List)).collect();
            let _ = writeln!(out, " [{}]", list.join(", "));
        }
        other => {
            let _ = writeln!(out, " {}", scalar(other, Place::Value));
        }
    }
}

fn write_object(out: &mut String, object: &Map<String, Value>, depth: usize) {
    let mut fields: Vec<_> = object.iter().collect();
    fields.sort_by_key(|(name, _)| (ORDER.iter().position(|first| first == name).unwrap_or(ORDER.len()), *name));
    for (name, value) in fields {
        let _ = write!(out, "{}{}:", "  ".repeat(depth), text(name, Place::Name));
        put(out, value, depth + 1);
    }
}

/// Where a text stands, which decides what may stand in it without quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Name,
    Value,
    List,
}

fn scalar(value: &Value, place: Place) -> String {
    match value {
        Value::String(string) => text(string, place),
        other => other.to_string(),
    }
}

/// A text, in quotes unless every reader of YAML takes it for a text without them. JSON's quoting is YAML's too.
fn text(string: &str, place: Place) -> String {
    let is_path = place == Place::Name && string.starts_with('/');
    let more = match place {
        Place::Name if is_path => "{}",
        Place::Name | Place::List => "",
        Place::Value => " ();'",
    };
    let plain = (string.starts_with(|first: char| first.is_ascii_alphabetic()) || is_path)
        && string.chars().all(|one| one.is_ascii_alphanumeric() || "-_./".contains(one) || more.contains(one))
        && !string.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&string.to_ascii_lowercase().as_str());
    if plain { string.to_owned() } else { Value::from(string).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_reads_like_one() {
        let document = json!({
            "paths": { "/v1/{a}": { "get": { "tags": ["a", "on"], "parameters": [{ "in": "path", "name": "a" }, [1, [2]]] } } },
            "openapi": "3.1.0",
            "empty": { "list": [], "object": {}, "text": "", "no": null },
        });
        let expected = "openapi: \"3.1.0\"\npaths:\n  /v1/{a}:\n    get:\n      tags: [a, \"on\"]\n      parameters:\n        \
                        - name: a\n          in: path\n        -\n          - 1\n          - [2]\nempty:\n  list: []\n  \
                        \"no\": null\n  object: {}\n  text: \"\"\n";
        assert_eq!(write(&document), expected);
    }
}
