//! Lists: read page after page, shown as a table or as JSON.

use serde_json::Value;

use crate::{
    client::Client,
    failure::Failure,
    screen::Screen,
    table::{Column, Table, cell},
};

/// Rows that a page has at most.
pub(crate) const MOST_PER_PAGE: u64 = 100;

/// What of a list is asked for.
pub(crate) struct Asked<'a> {
    /// The route.
    pub(crate) path: &'a str,
    /// Its filters.
    pub(crate) query: Vec<(&'static str, String)>,
    /// Rows that are wanted; nothing for all.
    pub(crate) limit: Option<u64>,
    /// What its rows are called, for progress.
    pub(crate) what: &'a str,
}

impl<'a> Asked<'a> {
    /// Everything in a list of the control plane.
    pub(crate) fn all(path: &'a str, what: &'a str) -> Self {
        Self { path, query: Vec::new(), limit: None, what }
    }
}

/// Reads a list and hands each page on as it comes. Gives the cursor behind the last row, where there are more, and how many there were.
pub(crate) async fn pages(
    asked: Asked<'_>,
    client: &Client,
    screen: &mut Screen,
    mut each: impl FnMut(&[Value], &mut Screen) -> Result<(), Failure>,
) -> Result<(Option<String>, u64), Failure> {
    let mut cursor: Option<String> = None;
    let mut seen: u64 = 0;
    loop {
        let per_page = asked.limit.map_or(MOST_PER_PAGE, |limit| limit.saturating_sub(seen).min(MOST_PER_PAGE));
        if per_page == 0 {
            return Ok((cursor, seen));
        }
        let mut query = asked.query.clone();
        query.push(("per_page", per_page.to_string()));
        if let Some(cursor) = cursor.take() {
            query.retain(|(name, _)| *name != "cursor");
            query.push(("cursor", cursor));
        }
        if seen > 0 {
            screen.progress(&format!("{seen} {} so far", asked.what), false);
        }
        let page = client.get(asked.path, &query, screen).await?;
        let rows = page["data"].as_array().ok_or_else(|| Failure::Unreadable("a list without rows".to_owned()))?;
        each(rows, screen)?;
        seen += rows.len() as u64;
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok((None, seen));
        }
    }
}

/// Shows a list: its rows as JSON, one a line, or in a table.
pub(crate) async fn show(
    asked: Asked<'_>,
    columns: Vec<Column>,
    client: &Client,
    screen: &mut Screen,
) -> Result<(Option<String>, u64), Failure> {
    let mut table = Table::new(columns);
    let what = asked.what.to_owned();
    let (cursor, seen) = pages(asked, client, screen, |rows, screen| print(rows, &mut table, screen)).await?;
    if seen == 0 {
        screen.note(&format!("no {what}"));
    }
    Ok((cursor, seen))
}

/// Rows as they are asked for.
pub(crate) fn print(rows: &[Value], table: &mut Table, screen: &mut Screen) -> Result<(), Failure> {
    if screen.json() {
        return rows.iter().try_for_each(|row| screen.line(&row.to_string()));
    }
    table.rows(rows, screen)
}

/// One thing: as JSON, or a line for each of its fields.
pub(crate) fn thing(thing: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let Value::Object(fields) = thing else { return screen.document(thing) };
    if screen.json() {
        return screen.document(thing);
    }
    let widest = fields.keys().map(String::len).max().unwrap_or(0);
    // Its id names it, so it comes first.
    let (ids, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| *name == "id");
    for (name, value) in ids.into_iter().chain(others) {
        let name = screen.dim(&format!("{name:widest$}"));
        screen.line(&format!("{name}  {}", cell(value)))?;
    }
    Ok(())
}

/// `apps list`
pub(crate) async fn applications(client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let columns = ["id", "name", "created_at"].map(Column::at);
    show(Asked::all("/v1/applications", "applications"), columns.into(), client, screen).await?;
    Ok(())
}

/// `platforms`
pub(crate) async fn platforms(client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let answer = client.get("/v1/platforms", &[], screen).await?;
    let rows = answer["data"].as_array().cloned().unwrap_or_default();
    let names = |row: &Value, of: &str, name: &str| {
        let parts = row[of].as_array().into_iter().flatten();
        parts.filter_map(|part| part[name].as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let columns = vec![
        Column::at("name"),
        Column::at("title"),
        Column::made("CREDENTIAL", move |row| names(row, "credentials", "name").join(", ")),
        Column::made("READS", |row| entities(row, "list")),
        Column::made("WRITES", |row| entities(row, "create")),
    ];
    print(&rows, &mut Table::new(columns), screen)
}

/// The entities of a platform that a verb works on.
fn entities(platform: &Value, verb: &str) -> String {
    let all = platform["entities"].as_array().into_iter().flatten();
    let can = |entity: &&Value| entity["verbs"].as_array().is_some_and(|verbs| verbs.iter().any(|known| known == verb));
    let names: Vec<&str> = all.filter(can).filter_map(|entity| entity["entity"].as_str()).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}
