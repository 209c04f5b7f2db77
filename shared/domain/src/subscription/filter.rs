//! A subscription's filter: what an object must look like for its developer to be told.
//!
//! A filter names dotted paths of the unified object, and for each the values that it may have there, as texts. It matches where every path
//! has one of its values; without any path it matches everything.

use std::collections::BTreeMap;

use serde_json::Value;

/// Whether an object matches a filter.
///
/// A list matches where any of its elements does. Numbers and booleans are compared as JSON writes them, `null` and what is not there as
/// `null`. A list or an object at the end of a path has no text, so that only its elements, reached by a longer path, can match.
#[must_use]
pub fn matches(filter: &BTreeMap<String, Vec<String>>, object: &Value) -> bool {
    filter.iter().all(|(path, accepted)| reaches(object, path, accepted))
}

fn reaches(value: &Value, path: &str, accepted: &[String]) -> bool {
    if let Value::Array(elements) = value {
        return elements.iter().any(|element| reaches(element, path, accepted));
    }
    if path.is_empty() {
        return is_one_of(value, accepted);
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    match value.get(name) {
        Some(below) => reaches(below, rest, accepted),
        None => is_one_of(&Value::Null, accepted),
    }
}

fn is_one_of(value: &Value, accepted: &[String]) -> bool {
    match value {
        Value::String(text) => accepted.contains(text),
        Value::Number(number) => {
            let text = number.to_string();
            accepted.contains(&text)
        }
        Value::Bool(true) => accepted.iter().any(|accepted| accepted == "true"),
        Value::Bool(false) => accepted.iter().any(|accepted| accepted == "false"),
        Value::Null => accepted.iter().any(|accepted| accepted == "null"),
        Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A filter, and whether an order matches it.
    type Case<'a> = (&'a [(&'a str, &'a [&'a str])], bool);

    fn filter(parts: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        parts.iter().map(|(path, accepted)| ((*path).to_owned(), owned(accepted))).collect()
    }

    #[test]
    fn each_path_must_have_one_of_its_values() {
        let order = json!({
            "status": "open", "taxes_included": true, "note": null, "number": 1001, "totals": { "total": { "amount": "12.50" } },
            "lines": [{ "sku": "a", "quantity": 1 }, { "sku": "b", "quantity": 2.5 }], "tags": ["vip", "eu"], "refunds": [],
            "shipping_address": null,
        });
        let cases: [Case<'_>; 19] = [
            (&[], true),
            (&[("status", &["open"])], true),
            (&[("status", &["completed", "open"])], true),
            (&[("status", &["completed"])], false),
            (&[("status", &["Open"])], false),
            (&[("status", &["open"]), ("taxes_included", &["true"])], true),
            (&[("status", &["open"]), ("taxes_included", &["false"])], false),
            (&[("number", &["1001"])], true),
            (&[("note", &["null"])], true),
            (&[("missing", &["null"])], true),
            (&[("totals.total.amount", &["12.50"])], true),
            (&[("totals.total.amount", &["12.5"])], false),
            (&[("lines.sku", &["b"])], true),
            (&[("lines.quantity", &["2.5"])], true),
            (&[("lines.sku", &["c"])], false),
            (&[("tags", &["eu"])], true),
            (&[("refunds.amount", &["null"])], false),
            (&[("shipping_address.country", &["DE"])], false),
            (&[("totals", &["null", "{}"])], false),
        ];
        for (parts, expected) in cases {
            assert_eq!(matches(&filter(parts), &order), expected, "{parts:?}");
        }
        // What is below nothing is nothing.
        assert!(matches(&filter(&[("shipping_address.country", &["null"])]), &order));
    }

    #[test]
    fn a_path_without_values_matches_nothing() {
        assert!(!matches(&filter(&[("status", &[])]), &json!({ "status": "open" })));
    }

    proptest! {
        #[test]
        fn an_element_of_a_list_matches_as_it_would_alone(texts in prop::collection::vec("[a-c]", 0..5), wanted in "[a-c]") {
            let of_list = matches(&filter(&[("tags", &[&wanted])]), &json!({ "tags": texts }));
            prop_assert_eq!(of_list, texts.contains(&wanted));
        }

        #[test]
        fn more_values_match_no_less_and_more_paths_no_more(text in "[a-c]", one in "[a-c]", other in "[a-c]") {
            let object = json!({ "a": text, "b": text });
            let alone = matches(&filter(&[("a", &[&one])]), &object);
            prop_assert!(!alone || matches(&filter(&[("a", &[&one, &other])]), &object));
            prop_assert!(alone || !matches(&filter(&[("a", &[&one]), ("b", &[&other])]), &object));
        }
    }
}
