//! Lists: filters, order and pages.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::loopback_server::parameter;

/// The rows of a page with v3's `meta`. `date` is the column that `date_modified:min` and sorting by date look at.
pub(super) fn v3(rows: Vec<Value>, target: &str, id: &str) -> Value {
    let mut rows = filtered(rows, target, id);
    let page: usize = number(target, "page").unwrap_or(1).max(1);
    let limit = limit(target);
    if parameter(target, "sort").is_some_and(|sort| sort.starts_with("date")) {
        shuffle(&mut rows, page);
    }
    let total = rows.len();
    let shown: Vec<Value> = rows.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    let meta = json!({ "pagination": { "total": total, "count": shown.len(), "per_page": limit, "current_page": page, "total_pages": total.div_ceil(limit) } });
    json!({ "data": shown, "meta": meta })
}

/// A page of v2: a bare list, or nothing at all.
pub(super) fn v2(rows: Vec<Value>, target: &str) -> (StatusCode, String) {
    let least = number(target, "min_id").unwrap_or(0);
    let since = parameter(target, "min_date_modified").unwrap_or_default();
    let mut rows: Vec<Value> =
        rows.into_iter().filter(|row| row["id"].as_u64().is_some_and(|id| id >= least as u64)).collect();
    rows.retain(|row| since.is_empty() || modified_since(row, &since));
    let page: usize = number(target, "page").unwrap_or(1).max(1);
    if parameter(target, "sort").is_some_and(|sort| sort.starts_with("date")) {
        shuffle(&mut rows, page);
    }
    let limit = limit(target);
    let shown: Vec<Value> = rows.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    if shown.is_empty() { (StatusCode::NO_CONTENT, String::new()) } else { (StatusCode::OK, json!(shown).to_string()) }
}

fn modified_since(row: &Value, since: &str) -> bool {
    let modified = row["date_modified"].as_str().unwrap_or_default();
    let (Ok(modified), Ok(since)) = (jiff::fmt::rfc2822::parse(modified), since.parse::<jiff::Timestamp>()) else {
        return false;
    };
    modified.timestamp() >= since
}

fn filtered(rows: Vec<Value>, target: &str, id: &str) -> Vec<Value> {
    let listed: Option<Vec<String>> =
        parameter(target, &format!("{id}:in")).map(|ids| ids.split(',').map(str::to_owned).collect());
    let greater = number(target, &format!("{id}:greater"));
    let since = parameter(target, "date_modified:min").unwrap_or_default();
    rows.into_iter()
        .filter(|row| listed.as_ref().is_none_or(|ids| ids.contains(&row[id].to_string())))
        .filter(|row| greater.is_none_or(|least| row[id].as_u64().is_some_and(|id| id > least as u64)))
        .filter(|row| since.is_empty() || row["date_modified"].as_str().is_some_and(|date| date >= since.as_str()))
        .collect()
}

/// All rows share their date, so a database is free to give them in another order for every page; this one does.
fn shuffle(rows: &mut [Value], page: usize) {
    if page.is_multiple_of(2) {
        rows.reverse();
    }
}

fn number(target: &str, name: &str) -> Option<usize> {
    parameter(target, name)?.parse().ok()
}

/// At most 250 rows, and 10 with options or modifiers.
fn limit(target: &str) -> usize {
    let include = parameter(target, "include").unwrap_or_default();
    let is_heavy = include.split(',').any(|part| matches!(part, "options" | "modifiers"));
    number(target, "limit").unwrap_or(50).clamp(1, if is_heavy { 10 } else { 250 })
}

/// Leaves out the sub-resources that are not included, and fields that are not chosen.
pub(super) fn trimmed(mut row: Value, target: &str, subs: &[&str]) -> Value {
    let include = parameter(target, "include").unwrap_or_default();
    let included: Vec<&str> = include.split(',').map(|part| part.split('.').next().unwrap_or_default()).collect();
    let chosen = parameter(target, "include_fields");
    let Some(members) = row.as_object_mut() else { return row };
    members.retain(|name, _| {
        let is_sub = subs.contains(&name.as_str());
        let is_chosen =
            chosen.as_ref().is_none_or(|chosen| name == "id" || chosen.split(',').any(|field| field == name));
        if is_sub { included.contains(&name.as_str()) } else { is_chosen }
    });
    row
}

/// All rows of a table.
pub(super) fn all<K>(rows: &BTreeMap<K, Value>) -> Vec<Value> {
    rows.values().cloned().collect()
}
