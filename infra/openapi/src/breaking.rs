//! What of a new description would break callers of the released one (R144: breaking means a new version, and the old one is kept).
//!
//! Additions are no break: routes, optional fields and parameters, fields and values in answers, problems. A route may go when its
//! announced sunset is over.

mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use shape::{Direction, Shape};

/// The methods that a path may have.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What breaks callers of `released` in `present`, as sentences; `today` (`2027-07-01`) tells which announced ends are over.
#[must_use]
pub fn changes(released: &Value, present: &Value, today: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (path, operations) in object(&released["paths"]) {
        for method in METHODS {
            let before = &operations[method];
            if before.is_null() {
                continue;
            }
            let route = format!("{} {path}", method.to_uppercase());
            let after = &present["paths"][path][method];
            if after.is_null() {
                let over = before["x-sunset"].as_str().is_some_and(|sunset| sunset <= today);
                if !over {
                    found.push(format!("{route}: the route is gone"));
                }
                continue;
            }
            let mut operation = Comparison { released, present, route, found: &mut found };
            operation.security(before, after);
            operation.parameters(before, after);
            operation.request(before, after);
            operation.answers(before, after);
        }
    }
    found
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> BTreeSet<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

/// What a reference leads to.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(&Value::Null),
        None => value,
    }
}

/// One route, as it was and as it is.
struct Comparison<'a> {
    released: &'a Value,
    present: &'a Value,
    route: String,
    found: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn say(&mut self, what: impl AsRef<str>) {
        self.found.push(format!("{}: {}", self.route, what.as_ref()));
    }

    fn security(&mut self, before: &Value, after: &Value) {
        if list(&before["security"]).is_empty() && !list(&after["security"]).is_empty() {
            self.say("it took no key");
        }
        for scope in texts(&after["x-required-scopes"]).difference(&texts(&before["x-required-scopes"])) {
            self.say(format!("it did not need the scope {scope}"));
        }
    }

    fn parameters(&mut self, before: &Value, after: &Value) {
        let by_name = |operation: &Value| -> BTreeMap<(String, String), Value> {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let all = list(&operation["parameters"]).iter();
            all.map(|parameter| ((text(&parameter["in"]), text(&parameter["name"])), parameter.clone())).collect()
        };
        let (before, after) = (by_name(before), by_name(after));
        for ((place, name), old) in &before {
            let Some(new) = after.get(&(place.clone(), name.clone())) else {
                self.say(format!("the {place} parameter {name} is gone"));
                continue;
            };
            if new["required"] == true && old["required"] != true {
                self.say(format!("the {place} parameter {name} was optional"));
            }
            self.schema(&format!("the {place} parameter {name}"), &old["schema"], &new["schema"], Direction::Request);
        }
        for ((place, name), new) in &after {
            if new["required"] == true && !before.contains_key(&(place.clone(), name.clone())) {
                self.say(format!("the {place} parameter {name} is new and required"));
            }
        }
    }

    fn request(&mut self, before: &Value, after: &Value) {
        let (before, after) = (&before["requestBody"], &after["requestBody"]);
        if after["required"] == true && before["required"] != true {
            self.say("the body was optional");
        }
        for (kind, old) in object(&before["content"]) {
            match &after["content"][kind] {
                Value::Null => self.say(format!("the body can no longer be {kind}")),
                new => self.schema("the body", &old["schema"], &new["schema"], Direction::Request),
            }
        }
    }

    fn answers(&mut self, before: &Value, after: &Value) {
        let statuses_of = |document: &Value, operation: &Value| -> BTreeMap<String, BTreeSet<String>> {
            let mut statuses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (status, answer) in object(&operation["responses"]) {
                for code in codes(resolve(document, answer)) {
                    statuses.entry(code.to_owned()).or_default().insert(status.clone());
                }
            }
            statuses
        };
        let now = statuses_of(self.present, after);
        for (code, statuses) in statuses_of(self.released, before) {
            if let Some(others) = now.get(&code).filter(|others| !statuses.is_subset(others)) {
                self.say(format!("the problem {code} had the status {statuses:?} and has {others:?}"));
            }
        }
        for (status, old) in object(&before["responses"]) {
            let succeeds = status.starts_with('2') || status == "default";
            let new = &after["responses"][status];
            if new.is_null() {
                if succeeds {
                    self.say(format!("it no longer answers {status}"));
                }
                continue;
            }
            let (old, new) = (resolve(self.released, old), resolve(self.present, new));
            for (header, _) in object(&old["headers"]) {
                if new["headers"][header].is_null() {
                    self.say(format!("the answer {status} lost the header {header}"));
                }
            }
            for (kind, old) in object(&old["content"]) {
                match &new["content"][kind] {
                    Value::Null => self.say(format!("the answer {status} can no longer be {kind}")),
                    new if succeeds => {
                        self.schema(&format!("the answer {status}"), &old["schema"], &new["schema"], Direction::Answer);
                    }
                    _ => {}
                }
            }
        }
    }

    fn schema(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (Shape::of(self.released, old), Shape::of(self.present, new));
        let mut found = Vec::new();
        old.narrowed_by(&new, direction, place, &mut found);
        for what in found {
            self.say(what);
        }
    }
}

/// The codes of a problem's description.
fn codes(answer: &Value) -> BTreeSet<&str> {
    let schema = &answer["content"]["application/problem+json"]["schema"];
    list(&schema["allOf"]).iter().flat_map(|part| texts(&part["properties"]["code"]["enum"])).collect()
}

#[cfg(test)]
mod tests;
