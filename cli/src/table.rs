//! Tables that fit the terminal.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::{
    failure::Failure,
    screen::{Screen, plain},
};

/// No column is made narrower than this to fit the others.
const NARROWEST: usize = 6;
const GAP: &str = "  ";

/// A column: its heading, and how its cell is read off a row.
pub(crate) struct Column {
    heading: String,
    read: Box<dyn Fn(&Value) -> String>,
    right: bool,
    /// Whether its cells are of no use when they are cut.
    whole: bool,
}

/// Columns that stay whole: what stands there is copied into the next command.
const WHOLE: [&str; 6] = ["id", "key", "application", "store", "variant_id", "day"];

impl Column {
    /// A column of what stands at a dotted path.
    pub(crate) fn at(path: &str) -> Self {
        let (heading, whole, path) = (path.to_uppercase(), WHOLE.contains(&path), path.to_owned());
        Self { heading, read: Box::new(move |row| cell(at_path(row, &path))), right: false, whole }
    }

    /// The same under another heading.
    pub(crate) fn named(self, heading: &str) -> Self {
        Self { heading: heading.to_owned(), ..self }
    }

    /// A column whose cells are made.
    pub(crate) fn made(heading: &str, read: impl Fn(&Value) -> String + 'static) -> Self {
        Self { heading: heading.to_owned(), read: Box::new(read), right: false, whole: false }
    }

    /// The same, never cut.
    pub(crate) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Numbers stand at the right.
    pub(crate) fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// What stands at a dotted path of a row; `null` where there is nothing.
pub(crate) fn at_path<'a>(row: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(row, |value, name| match value {
        // A list's own path shows what its elements have in common; the first one stands for them.
        Value::Array(elements) => elements.first().map_or(&Value::Null, |first| &first[name]),
        value => &value[name],
    })
}

/// A value as one cell.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => plain(text),
        Value::Array(elements) if elements.iter().all(|element| element.is_string() || element.is_number()) => {
            elements.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Value::Array(elements) => format!("{} items", elements.len()),
        Value::Object(fields) => match (fields.get("amount"), fields.get("currency")) {
            (Some(amount), Some(currency)) => format!("{} {}", cell(amount), cell(currency)),
            _ => plain(&value.to_string()),
        },
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
    }
}

/// A table that is printed as its rows come: the first ones decide how wide its columns are.
pub(crate) struct Table {
    columns: Vec<Column>,
    widths: Option<Vec<usize>>,
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, widths: None }
    }

    /// Prints rows, below the headings if they are the first.
    pub(crate) fn rows(&mut self, rows: &[Value], screen: &mut Screen) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let cells: Vec<Vec<String>> =
            rows.iter().map(|row| self.columns.iter().map(|column| (column.read)(row)).collect()).collect();
        if self.widths.is_none() {
            let headings: Vec<String> = self.columns.iter().map(|column| column.heading.clone()).collect();
            let widths = (0..self.columns.len())
                .map(|place| cells.iter().chain([&headings]).map(|cells| cells[place].width()).max().unwrap_or(0))
                .collect();
            let whole: Vec<bool> = self.columns.iter().map(|column| column.whole).collect();
            let widths = fit(widths, &whole, screen.width());
            let line = self.line(&headings, &widths, screen.width().is_some());
            self.widths = Some(widths);
            screen.line(&screen.bold(&line))?;
        }
        let widths = self.widths.clone().unwrap_or_default();
        for cells in cells {
            screen.line(&self.line(&cells, &widths, screen.width().is_some()))?;
        }
        Ok(())
    }

    fn line(&self, cells: &[String], widths: &[usize], cut: bool) -> String {
        let mut line = String::new();
        for ((cell, width), column) in cells.iter().zip(widths).zip(&self.columns) {
            let cell = if cut { shortened(cell, *width) } else { cell.clone() };
            let missing = " ".repeat(width.saturating_sub(cell.width()));
            if !line.is_empty() {
                line.push_str(GAP);
            }
            if column.right {
                line.push_str(&missing);
            }
            line.push_str(&cell);
            if !column.right {
                line.push_str(&missing);
            }
        }
        line.trim_end().to_owned()
    }
}

/// Takes from the widest column that may be cut until all fit, as far as each keeps [`NARROWEST`].
fn fit(mut widths: Vec<usize>, whole: &[bool], room: Option<usize>) -> Vec<usize> {
    let Some(room) = room else { return widths };
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        let cut = widths.iter_mut().zip(whole).filter(|(width, whole)| !**whole && **width > NARROWEST);
        match cut.map(|(width, _)| width).max() {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    widths
}

/// A text in so many columns, cut with an ellipsis if it is longer.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut short: String = text
        .chars()
        .take_while(|character| match left.checked_sub(character.width().unwrap_or(0)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect();
    short.push('\u{2026}');
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_read_like_what_they_mean() {
        for (value, shown) in [
            (json!({ "amount": "21.99", "currency": "EUR" }), "21.99 EUR"),
            (json!(["a", "b"]), "a, b"),
            (json!([{ "id": 1 }, { "id": 2 }]), "2 items"),
            (json!(null), "-"),
            (json!(true), "yes"),
            (json!("x\u{1b}[2Jy"), "x\u{fffd}[2Jy"),
        ] {
            assert_eq!(cell(&value), shown);
        }
        let product = json!({ "variants": [{ "price": { "amount": "1.00", "currency": "EUR" } }] });
        assert_eq!(cell(at_path(&product, "variants.price")), "1.00 EUR");
        assert_eq!(cell(at_path(&product, "no.such")), "-");
    }

    #[test]
    fn wide_columns_give_way_to_narrow_ones() {
        let cut = |widths: Vec<usize>, room| fit(widths, &[false; 3], room);
        assert_eq!(cut(vec![10, 60, 8], Some(50)), [10, 28, 8]);
        assert_eq!(cut(vec![10, 60, 8], None), [10, 60, 8]);
        assert_eq!(cut(vec![40, 40], Some(5)), [NARROWEST, NARROWEST]);
        assert_eq!(fit(vec![30, 60, 8], &[true, false, false], Some(50)), [30, 8, 8], "an id is copied whole");
    }

    #[test]
    fn what_is_cut_fits_even_where_characters_are_wide() {
        assert_eq!(shortened("tea", 3), "tea");
        assert_eq!(shortened("green tea", 6), "green\u{2026}");
        let cut = shortened("茶茶茶茶", 6);
        assert_eq!((cut.as_str(), cut.width()), ("茶茶\u{2026}", 5));
    }
}
