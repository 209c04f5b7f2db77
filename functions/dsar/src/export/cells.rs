//! Rows as JSON, with their exact values, and as CSV, for those who open it in a spreadsheet (RFC 8259, RFC 4180).

use cloud::dynamo::disclosed::Row;
use serde_json::Value;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Rows as a JSON array, a line each.
pub(super) fn json(rows: &[Row]) -> Vec<u8> {
    let mut text = Vec::from(b"[");
    for (number, row) in rows.iter().enumerate() {
        text.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
        // Texts, numbers and lists of them always serialise.
        text.extend(serde_json::to_vec(row).unwrap_or_default());
    }
    text.extend_from_slice(b"\n]\n");
    text
}

/// The same as CSV, with these columns. A cell that a spreadsheet would carry out as a formula gets an apostrophe in front.
pub(super) fn csv(columns: &[&'static str], rows: &[Row]) -> Vec<u8> {
    let mut text = columns.join(",");
    text.push_str("\r\n");
    for row in rows {
        for (number, column) in columns.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            if let Some(value) = row.get(column) {
                text.push_str(&cell(value));
            }
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn cell(value: &Value) -> String {
    let plain = match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(FORMULA) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if plain.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_holds_what_it_holds() {
        for (value, expected) in [
            (json!("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0"),
            (json!("+49 30 901820"), "'+49 30 901820"),
            (json!("@SUM(1)"), "'@SUM(1)"),
            (json!("\tx"), "'\tx"),
            (json!("a \"b\", c"), "\"a \"\"b\"\", c\""),
            (json!("two\nlines"), "\"two\nlines\""),
            (json!(-7), "-7"),
            (json!(true), "true"),
            (json!(null), ""),
            (json!(["a", "b"]), "\"[\"\"a\"\",\"\"b\"\"]\""),
        ] {
            assert_eq!(cell(&value), expected);
        }
    }

    #[test]
    fn rows_are_lines_in_both_forms() {
        let rows = [Row::from([("id", json!("a")), ("name", json!("=1"))]), Row::from([("id", json!("b"))])];
        assert_eq!(csv(&["id", "name"], &rows), b"id,name\r\na,'=1\r\nb,\r\n");
        let read: Vec<Value> = serde_json::from_slice(&json(&rows)).unwrap();
        assert_eq!(read, [json!({ "id": "a", "name": "=1" }), json!({ "id": "b" })]);
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&json(&[])).unwrap(), Vec::<Value>::new());
    }
}
