//! `searchCriteria`: filter groups, order and pages as Magento's collections treat them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::oauth::decoded;

/// The most rows that may be asked for.
const MOST: usize = 300;

/// What a call asks of a list.
pub(super) struct Criteria {
    parameters: BTreeMap<String, String>,
}

impl Criteria {
    pub(super) fn of(target: &str) -> Self {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self { parameters: pairs.map(|(name, value)| (decoded(name), decoded(value))).collect() }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.parameters.get(&format!("searchCriteria[{name}]"))?.parse().ok()
    }

    /// A page of the rows; the message of a refusal where too many were asked for.
    pub(super) fn page(&self, rows: impl Iterator<Item = Value>, id: &str) -> Result<Value, String> {
        let size = self.number("pageSize").unwrap_or(20).max(1);
        if size > MOST {
            return Err(format!("Maximum SearchCriteria pageSize is {MOST}"));
        }
        let mut found: Vec<Value> = rows.filter(|row| self.matches(row, id)).collect();
        let total = found.len();
        let last = total.div_ceil(size).max(1);
        // A page past the end is the last one again.
        let page = self.number("currentPage").unwrap_or(1).clamp(1, last);
        let column = self.parameters.get("searchCriteria[sortOrders][0][field]").map_or("", String::as_str);
        // Rows that are alike in any other column come as the database pleases: here, differently on every other page.
        if !matches!(column, "entity_id" | "source_item_id") && page.is_multiple_of(2) {
            found.reverse();
        }
        let shown: Vec<Value> =
            found.into_iter().skip((page - 1) * size).take(size).map(|row| self.trimmed(row)).collect();
        Ok(json!({ "items": shown, "search_criteria": {}, "total_count": total }))
    }

    /// Groups must all hold; this stand-in knows one filter a group.
    fn matches(&self, row: &Value, id: &str) -> bool {
        (0..).map_while(|group| self.filter(group)).all(|(field, condition, value)| {
            let name = if field == "entity_id" { id } else { field };
            let own = match &row[name] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            let as_number = |text: &str| text.parse::<u64>().ok();
            match condition {
                "eq" => own == value,
                "in" => value.split(',').any(|one| one == own),
                "gt" => match (as_number(&own), as_number(value)) {
                    (Some(own), Some(value)) => own > value,
                    _ => own.as_str() > value,
                },
                _ => false,
            }
        })
    }

    fn filter(&self, group: usize) -> Option<(&str, &str, &str)> {
        let part = |part: &str| {
            let name = format!("searchCriteria[filter_groups][{group}][filters][0][{part}]");
            self.parameters.get(&name).map(String::as_str)
        };
        Some((part("field")?, part("condition_type").unwrap_or("eq"), part("value")?))
    }

    /// Only the members that `fields=items[…]` names.
    fn trimmed(&self, mut row: Value) -> Value {
        let fields = self
            .parameters
            .get("fields")
            .and_then(|fields| fields.strip_prefix("items[")?.split_once("],").map(|(inner, _)| inner));
        if let (Some(fields), Some(members)) = (fields, row.as_object_mut()) {
            let names: Vec<&str> = fields.split([',', '[', ']']).collect();
            members.retain(|name, _| names.contains(&name.as_str()));
        }
        row
    }
}
