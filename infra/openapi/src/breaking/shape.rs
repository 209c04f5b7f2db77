//! What a schema lets through, as far as a change of it can break somebody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{list, object, resolve, texts};

/// Schemas that lie deeper than this below a body are not compared; none of ours does.
const DEEPEST: usize = 24;

/// Who writes what the schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The caller: what was taken must be taken.
    Request,
    /// We: what was there must be there.
    Answer,
}

/// A schema without its references and alternatives.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// JSON types; empty for any.
    types: BTreeSet<String>,
    /// The only values, as JSON; `None` for any.
    values: Option<BTreeSet<String>>,
    properties: BTreeMap<String, Shape>,
    required: BTreeSet<String>,
    /// Whether properties that are not named are refused.
    closed: bool,
    items: Option<Box<Shape>>,
    /// Least and most, by keyword.
    limits: BTreeMap<&'static str, f64>,
    pattern: Option<String>,
}

const LOWER: [&str; 4] = ["minimum", "minLength", "minItems", "exclusiveMinimum"];
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "exclusiveMaximum"];

impl Shape {
    pub(super) fn of(document: &Value, schema: &Value) -> Self {
        Self::at(document, schema, 0)
    }

    fn at(document: &Value, schema: &Value, depth: usize) -> Self {
        if depth > DEEPEST {
            return Self::default();
        }
        let target = resolve(document, schema);
        if !std::ptr::eq(target, schema) {
            return Self::at(document, target, depth + 1);
        }
        let mut shape = Self {
            types: match &schema["type"] {
                Value::String(one) => BTreeSet::from([one.clone()]),
                several => texts(several).into_iter().map(str::to_owned).collect(),
            },
            values: match (&schema["const"], &schema["enum"]) {
                (Value::Null, Value::Null) => None,
                (Value::Null, several) => Some(list(several).iter().map(Value::to_string).collect()),
                (one, _) => Some(BTreeSet::from([one.to_string()])),
            },
            properties: object(&schema["properties"])
                .map(|(name, schema)| (name.clone(), Self::at(document, schema, depth + 1)))
                .collect(),
            required: texts(&schema["required"]).into_iter().map(str::to_owned).collect(),
            closed: schema["additionalProperties"] == false,
            items: schema.get("items").map(|items| Box::new(Self::at(document, items, depth + 1))),
            limits: LOWER.into_iter().chain(UPPER).filter_map(|name| Some((name, schema[name].as_f64()?))).collect(),
            pattern: schema["pattern"].as_str().map(str::to_owned),
        };
        for part in list(&schema["allOf"]) {
            shape = shape.and(Self::at(document, part, depth + 1));
        }
        for alternatives in [list(&schema["anyOf"]), list(&schema["oneOf"])] {
            let either = alternatives.iter().map(|schema| Self::at(document, schema, depth + 1)).reduce(Self::or);
            if let Some(either) = either {
                shape = shape.and(either);
            }
        }
        shape
    }

    /// What fits both.
    fn and(mut self, other: Self) -> Self {
        if self.types.is_empty() {
            self.types = other.types;
        }
        self.values = self.values.or(other.values);
        for (name, shape) in other.properties {
            let merged = self.properties.remove(&name).unwrap_or_default().and(shape);
            self.properties.insert(name, merged);
        }
        self.required.extend(other.required);
        self.closed |= other.closed;
        self.items = self.items.or(other.items);
        self.limits.extend(other.limits);
        self.pattern = self.pattern.or(other.pattern);
        self
    }

    /// What fits one of them.
    fn or(mut self, other: Self) -> Self {
        self.values = match (self.values, other.values) {
            (Some(mut ours), Some(theirs)) => {
                ours.extend(theirs);
                Some(ours)
            }
            // A list of values beside nothing but `null` keeps its values.
            (Some(values), None) if only_null(&other.types) => Some(values),
            (None, Some(values)) if only_null(&self.types) => Some(values),
            _ => None,
        };
        self.types.extend(other.types);
        for (name, shape) in other.properties {
            let merged = match self.properties.remove(&name) {
                Some(ours) => ours.or(shape),
                None => shape,
            };
            self.properties.insert(name, merged);
        }
        if self.required.is_empty() {
            self.required = other.required;
        } else if !other.required.is_empty() {
            self.required.retain(|name| other.required.contains(name));
        }
        self.closed |= other.closed;
        self.items = self.items.or(other.items);
        self.limits.extend(other.limits);
        self.pattern = self.pattern.or(other.pattern);
        self
    }

    /// Tells how `new` lets less through than this did, or promises less.
    pub(super) fn narrowed_by(&self, new: &Self, direction: Direction, place: &str, found: &mut Vec<String>) {
        let (narrow, wide) = match direction {
            Direction::Request => (&new.types, &self.types),
            Direction::Answer => (&self.types, &new.types),
        };
        // Every type that may come must be among those that are taken.
        let fits = narrow.is_empty() || (!wide.is_empty() && wide.iter().all(|kind| covers(narrow, kind)));
        if !fits {
            found.push(format!("{place} was {} and is {}", named(&self.types), named(&new.types)));
        }
        match (&self.values, &new.values) {
            (Some(old), Some(new)) => {
                for value in old.difference(new) {
                    found.push(format!("{place} lost the value {value}"));
                }
            }
            (None, Some(_)) if direction == Direction::Request => found.push(format!("{place} took any value")),
            _ => {}
        }
        for name in LOWER.into_iter().chain(UPPER) {
            let Some(limit) = new.limits.get(name).filter(|_| direction == Direction::Request) else { continue };
            let tighter = match self.limits.get(name) {
                None => true,
                Some(old) if LOWER.contains(&name) => limit > old,
                Some(old) => limit < old,
            };
            if tighter {
                found.push(format!("{place} has a tighter {name}"));
            }
        }
        if direction == Direction::Request && new.pattern.is_some() && new.pattern != self.pattern {
            found.push(format!("{place} has another pattern"));
        }
        if direction == Direction::Request && new.closed && !self.closed {
            found.push(format!("{place} took any field"));
        }
        for (name, old) in &self.properties {
            let place = format!("{place}/{name}");
            match new.properties.get(name) {
                Some(new) => old.narrowed_by(new, direction, &place, found),
                None => found.push(format!("{place} is gone")),
            }
        }
        let stricter = match direction {
            Direction::Request => new.required.difference(&self.required),
            Direction::Answer => self.required.difference(&new.required),
        };
        for name in stricter {
            let why = match direction {
                Direction::Request => "is required now",
                Direction::Answer if !new.properties.contains_key(name) => continue,
                Direction::Answer => "may be missing now",
            };
            found.push(format!("{place}/{name} {why}"));
        }
        if let (Some(old), Some(new)) = (&self.items, &new.items) {
            old.narrowed_by(new, direction, &format!("{place}[]"), found);
        }
    }
}

fn only_null(types: &BTreeSet<String>) -> bool {
    types.len() == 1 && types.contains("null")
}

/// Whether a value of type `kind` is among `types`; whole numbers are numbers.
fn covers(types: &BTreeSet<String>, kind: &str) -> bool {
    types.contains(kind) || (kind == "integer" && types.contains("number"))
}

fn named(types: &BTreeSet<String>) -> String {
    if types.is_empty() { "anything".to_owned() } else { types.iter().cloned().collect::<Vec<_>>().join(" or ") }
}
