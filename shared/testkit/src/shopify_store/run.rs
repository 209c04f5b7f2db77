//! Answering an operation: objects cut to what is selected, connections in pages, and what all of it costs.

use graphql_parser::query::{Field, Selection, SelectionSet, Type, TypeCondition};
use serde_json::{Map, Value, json};

use super::schema::{Schema, json as literal, name_of};

/// How Shopify sizes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizing {
    /// As the answers of 2026 show it: twice the natural logarithm of `first`.
    Logarithmic,
    /// As it once was, and as an honest reading of the documentation allows it to be: `first`.
    Linear,
}

/// The largest page.
const MAX_FIRST: usize = 250;

/// One answer in the making.
pub(super) struct Run<'a> {
    pub(super) schema: &'a Schema,
    pub(super) variables: &'a Map<String, Value>,
}

pub(super) fn alias(field: &Field<'static, String>) -> String {
    field.alias.as_ref().unwrap_or(&field.name).clone()
}

impl Run<'_> {
    /// An argument of a field.
    pub(super) fn argument(&self, field: &Field<'static, String>, name: &str) -> Option<Value> {
        let (_, value) = field.arguments.iter().find(|(given, _)| given == name)?;
        Some(literal(value, self.variables)).filter(|value| !value.is_null())
    }

    /// The selected fields of an object, which holds every field of its type: connections as arrays of their rows.
    pub(super) fn object(
        &self,
        object: &Value,
        kind: &str,
        selection: &SelectionSet<'static, String>,
    ) -> Result<Value, String> {
        let mut answer = Map::new();
        for selection in &selection.items {
            match selection {
                Selection::Field(field) => {
                    let value = self.field(object, kind, field)?;
                    answer.insert(alias(field), value);
                }
                Selection::InlineFragment(fragment) => {
                    let Some(TypeCondition::On(of)) = &fragment.type_condition else { continue };
                    if object["__typename"].as_str() == Some(of)
                        && let Value::Object(more) = self.object(object, of, &fragment.selection_set)?
                    {
                        answer.extend(more);
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
        }
        Ok(answer.into())
    }

    fn field(&self, object: &Value, kind: &str, field: &Field<'static, String>) -> Result<Value, String> {
        let known = self.schema.objects.get(kind).and_then(|fields| fields.get(&field.name));
        let known = known.ok_or_else(|| format!("{kind}.{} is not known", field.name))?;
        let value = object.get(&field.name).unwrap_or(&Value::Null);
        self.value(value, &known.kind, field).map_err(|why| format!("{kind}.{}: {why}", field.name))
    }

    pub(super) fn value(
        &self,
        value: &Value,
        kind: &Type<'static, String>,
        field: &Field<'static, String>,
    ) -> Result<Value, String> {
        let below = name_of(kind);
        if below.ends_with("Connection") {
            let rows = value.as_array().cloned().unwrap_or_default();
            return self.connection(&rows, below, field);
        }
        match (kind, value) {
            (Type::NonNullType(inner), value) => match self.value(value, inner, field)? {
                Value::Null => Err("the stand-in has no value for it".to_owned()),
                value => Ok(value),
            },
            (_, Value::Null) => Ok(Value::Null),
            (Type::ListType(inner), Value::Array(items)) => {
                let wanted = self.argument(field, "names");
                let is_wanted = |item: &&Value| match &wanted {
                    Some(Value::Array(names)) => names.contains(&item["name"]),
                    _ => true,
                };
                items.iter().filter(is_wanted).map(|item| self.value(item, inner, field)).collect()
            }
            (_, value) if self.schema.objects.contains_key(below) => self.object(value, below, &field.selection_set),
            (_, value) => Ok(value.clone()),
        }
    }

    /// A page of rows. A cursor is the place of a row, in letters so that nobody counts with it.
    fn connection(&self, rows: &[Value], kind: &str, field: &Field<'static, String>) -> Result<Value, String> {
        let first = self.argument(field, "first").and_then(|first| first.as_u64()).unwrap_or_default() as usize;
        if !(1..=MAX_FIRST).contains(&first) {
            return Err("you must provide one of first or last, at most 250".to_owned());
        }
        let start = match self.argument(field, "after") {
            None => 0,
            Some(after) => after
                .as_str()
                .and_then(|after| after.strip_prefix("row"))
                .and_then(|place| usize::from_str_radix(place, 16).ok())
                .ok_or("Invalid cursor for current pagination sort.")?,
        };
        let end = (start + first).min(rows.len());
        let page = rows.get(start..end).unwrap_or_default();
        let has_next = end < rows.len();
        let connection = json!({
            "nodes": page,
            "pageInfo": { "hasNextPage": has_next, "hasPreviousPage": start > 0, "startCursor": null,
                "endCursor": if page.is_empty() { Value::Null } else { format!("row{end:x}").into() } },
        });
        self.object(&connection, kind, &field.selection_set)
    }

    /// What a selection costs: asked for, or by the rows that were answered with.
    pub(super) fn cost(
        &self,
        selection: &SelectionSet<'static, String>,
        kind: &str,
        answer: Option<&Value>,
        sizing: Sizing,
    ) -> f64 {
        let mut cost = 0.0;
        for selection in &selection.items {
            cost += match selection {
                Selection::Field(field) => {
                    let Some(known) = self.schema.objects.get(kind).and_then(|fields| fields.get(&field.name)) else {
                        continue;
                    };
                    let below = name_of(&known.kind);
                    let answered = answer.map(|answer| &answer[alias(field)]);
                    if !self.schema.objects.contains_key(below) || answered.is_some_and(Value::is_null) {
                        0.0
                    } else if below.ends_with("Connection") {
                        self.connection_cost(field, below, answered, sizing)
                    } else if below == "PageInfo" || below.ends_with("Payload") {
                        self.cost(&field.selection_set, below, answered, sizing)
                    } else {
                        1.0 + self.cost(&field.selection_set, below, answered.filter(|it| it.is_object()), sizing)
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let Some(TypeCondition::On(of)) = &fragment.type_condition else { continue };
                    self.cost(&fragment.selection_set, of, answer, sizing)
                }
                Selection::FragmentSpread(_) => 0.0,
            };
        }
        cost
    }

    fn connection_cost(
        &self,
        field: &Field<'static, String>,
        kind: &str,
        answered: Option<&Value>,
        sizing: Sizing,
    ) -> f64 {
        let rows = match answered {
            Some(answered) => answered["nodes"].as_array().map_or(0, Vec::len),
            None => self.argument(field, "first").and_then(|first| first.as_u64()).unwrap_or(1) as usize,
        };
        let rows = rows as f64;
        let size = match sizing {
            Sizing::Logarithmic if rows > 1.0 => 2.0 * rows.ln(),
            _ => rows,
        };
        let row: f64 = field
            .selection_set
            .items
            .iter()
            .filter_map(|selection| match selection {
                Selection::Field(nodes) if nodes.name == "nodes" => {
                    let of = name_of(&self.schema.objects.get(kind)?.get("nodes")?.kind);
                    Some(1.0 + self.cost(&nodes.selection_set, of, None, sizing))
                }
                _ => None,
            })
            .sum();
        2.0 + size * row
    }
}
