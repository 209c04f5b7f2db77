//! `fields=id,variants.sku`: a choice of fields, checked against the model and applied to serialised JSON.
//!
//! The selection works on slices of the JSON text, so a number that passes through it keeps its digits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use domain::model::Entity;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most fields in one selection.
const MAX_FIELDS: usize = 100;

/// A choice of fields of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields(Node);

/// The fields chosen at one level; an empty node stands for everything below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node(BTreeMap<String, Node>);

/// What is wrong with a selection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// The entity has no such field; the payload is the path as it was given, cut to 100 characters.
    #[error("there is no field {0}")]
    Unknown(String),
    /// More than 100 fields.
    #[error("at most 100 fields can be chosen")]
    TooMany,
    /// Nothing between two commas, or nothing at all.
    #[error("a field is empty")]
    Empty,
}

impl Fields {
    /// Reads the comma-separated dotted paths of a `fields` parameter.
    ///
    /// # Errors
    /// [`FieldsError`]; an unknown field is named in it.
    pub fn parse(entity: Entity, text: &str) -> Result<Self, FieldsError> {
        let mut root = Node::default();
        for (index, path) in text.split(',').map(str::trim).enumerate() {
            if index >= MAX_FIELDS {
                return Err(FieldsError::TooMany);
            }
            if path.is_empty() {
                return Err(FieldsError::Empty);
            }
            if !is_known(entity, path) {
                return Err(FieldsError::Unknown(path.chars().take(100).collect()));
            }
            root.choose(path);
        }
        Ok(Self(root))
    }

    /// Whether something at, above or below a dotted path was chosen, so that a connector need not ask for what nobody wants.
    #[must_use]
    pub fn wants(&self, path: &str) -> bool {
        let mut node = &self.0;
        for part in path.split('.') {
            match node.0.get(part) {
                Some(child) if child.0.is_empty() => return true,
                Some(child) => node = child,
                None => return false,
            }
        }
        true
    }

    /// The chosen fields of one serialised object. `remote` stays when it is there: it was asked for by name (`include=remote`).
    pub(crate) fn select(&self, object: &RawValue) -> Result<String, serde_json::Error> {
        let mut out = String::with_capacity(object.get().len() / 2);
        write_selected(object, &self.0, true, &mut out)?;
        Ok(out)
    }
}

impl Node {
    fn choose(&mut self, path: &str) {
        let mut node = self;
        let parts: Vec<&str> = path.split('.').collect();
        for (index, part) in parts.iter().enumerate() {
            let is_new = !node.0.contains_key(*part);
            let child = node.0.entry((*part).to_owned()).or_default();
            // Everything below was chosen before: a deeper path narrows nothing.
            if !is_new && child.0.is_empty() {
                return;
            }
            if index + 1 == parts.len() {
                child.0.clear();
            }
            node = child;
        }
    }
}

fn is_known(entity: Entity, path: &str) -> bool {
    entity.fields().iter().any(|field| match field.strip_suffix(".*") {
        Some(open) => {
            path == open || path.strip_prefix(open).is_some_and(|rest| rest.starts_with('.') && !rest.ends_with('.'))
        }
        None => *field == path,
    })
}

/// An object's members in their order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

fn write_selected(value: &RawValue, node: &Node, is_top: bool, out: &mut String) -> Result<(), serde_json::Error> {
    let text = value.get();
    match text.as_bytes().first() {
        _ if node.0.is_empty() => out.push_str(text),
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text)?;
            out.push('{');
            let mut is_first = true;
            for (key, member) in members {
                let below = match node.0.get(key.as_ref()) {
                    Some(below) => below,
                    None if is_top && key == "remote" => &Node(BTreeMap::new()),
                    None => continue,
                };
                if !is_first {
                    out.push(',');
                }
                is_first = false;
                out.push_str(&serde_json::to_string(key.as_ref())?);
                out.push(':');
                write_selected(member, below, false, out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_selected(item, node, false, out)?;
            }
            out.push(']');
        }
        // `null` where an object would be, or a bare value below an open field.
        _ => out.push_str(text),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn select(fields: &str, json: &str) -> String {
        let fields = Fields::parse(Entity::Products, fields).unwrap();
        fields.select(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    #[test]
    fn fields_are_cut_out_at_every_depth() {
        let product = r#"{"id":"1","name":"T\"ee","price":{"amount":"1.0","currency":null},"variants":[{"id":"2","sku":"a","options":{"Size":"S","Colour":"x"}},{"id":"3","sku":null,"options":{}}],"seo":null,"remote":{"n":1.10}}"#;
        assert_eq!(select("id", product), r#"{"id":"1","remote":{"n":1.10}}"#);
        assert_eq!(
            select("name,variants.sku,price.amount", product),
            r#"{"name":"T\"ee","price":{"amount":"1.0"},"variants":[{"sku":"a"},{"sku":null}],"remote":{"n":1.10}}"#
        );
        assert_eq!(
            select("variants.options.Size", product),
            r#"{"variants":[{"options":{"Size":"S"}},{"options":{}}],"remote":{"n":1.10}}"#
        );
        assert_eq!(select("seo.slug", product), r#"{"seo":null,"remote":{"n":1.10}}"#);
        assert_eq!(select("price,price.amount", product), select("price", product));
        assert_eq!(select("price.amount,price", product), select("price", product));
    }

    #[test]
    fn a_selection_knows_what_it_needs() {
        let fields = Fields::parse(Entity::Products, "id,price,variants.sku,variants.inventory.quantity").unwrap();
        for wanted in ["id", "price", "price.amount", "variants", "variants.sku", "variants.inventory"] {
            assert!(fields.wants(wanted), "{wanted}");
        }
        for unwanted in ["name", "variants.price", "variants.inventory.tracked", "images", "images.url"] {
            assert!(!fields.wants(unwanted), "{unwanted}");
        }
    }

    #[test]
    fn an_unknown_field_is_named() {
        for path in ["nope", "variants.nope", "id.x", "variants.", ".id", "meta.value.", "variants..sku"] {
            assert_eq!(Fields::parse(Entity::Products, path), Err(FieldsError::Unknown(path.to_owned())), "{path}");
        }
        assert_eq!(Fields::parse(Entity::Products, "id,"), Err(FieldsError::Empty));
        assert_eq!(Fields::parse(Entity::Products, ""), Err(FieldsError::Empty));
        assert_eq!(Fields::parse(Entity::Products, &vec!["id"; 101].join(",")), Err(FieldsError::TooMany));
    }

    proptest! {
        #[test]
        fn any_selection_and_any_json_text_is_survived(text in ".{0,40}", json in "[\\[\\]{}\",:a0-9. ]{0,40}") {
            let _ = Fields::parse(Entity::Orders, &text);
            if let Ok(raw) = RawValue::from_string(json) {
                let _ = Fields::parse(Entity::Products, "id,variants.sku").unwrap().select(&raw);
            }
        }
    }
}
