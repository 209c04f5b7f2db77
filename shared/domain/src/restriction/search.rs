//! The search for customers in what has no form that we know: bodies, paths and queries of a platform's own API.
//!
//! E-mail addresses are found wherever they stand. An id is a number in most stores and could be anything's, so in JSON it counts where its field's
//! name, or the object that it is the id of, speaks of a customer; in a text that is no JSON every word counts.

use serde_json::Value;

use super::{GLOBAL_ID, Whose};

/// Fields that hold the id of the object that they stand in.
const IDS: [&str; 5] = ["id", "entity_id", "remote_id", "legacyresourceid", "admin_graphql_api_id"];
/// Fields that stand between a list's name and its rows.
const WRAPPERS: [&str; 7] = ["data", "edges", "items", "node", "nodes", "results", "rows"];

impl Whose {
    /// Those whom a body of a platform's API names; `of_customers` where what it is about are customers.
    #[must_use]
    pub fn in_body(body: &[u8], of_customers: bool) -> Self {
        let mut found = Self::default();
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => found.look(&value, of_customers, false),
            Err(_) => found.read(&String::from_utf8_lossy(body), true),
        }
        found
    }

    /// Those whom a path and a query of a platform's API name, both without their escapes.
    #[must_use]
    pub fn in_address<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>, of_customers: bool) -> Self {
        let mut found = Self::default();
        let mut behind_customers = of_customers;
        for segment in path.split('/') {
            found.read(segment, false);
            if behind_customers {
                let (name, _) = segment.split_once('.').unwrap_or((segment, ""));
                found.ids.extend([segment.to_owned(), name.to_owned()]);
            }
            behind_customers |= speaks_of_customers(segment);
        }
        for (name, value) in query {
            found.read(value, false);
            let is_id = IDS.contains(&name) || name == "ids" || name == "include";
            if speaks_of_customers(name) || (of_customers && is_id) {
                found.ids.extend(value.split(',').map(str::to_owned));
            }
        }
        found
    }

    /// Looks through a value; `of_customer` where its object is a customer, `is_id` where the value itself names one.
    fn look(&mut self, value: &Value, of_customer: bool, is_id: bool) {
        match value {
            Value::String(text) => {
                self.read(text, false);
                if is_id {
                    self.ids.push(text.clone());
                }
            }
            Value::Number(number) if is_id => self.ids.push(number.to_string()),
            Value::Array(values) => {
                for value in values {
                    self.look(value, of_customer, is_id);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let name = name.to_ascii_lowercase();
                    let named = speaks_of_customers(&name);
                    let below = named || (of_customer && WRAPPERS.contains(&name.as_str()));
                    self.look(member, below, named || (of_customer && IDS.contains(&name.as_str())));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Reads a text: addresses and written-out ids wherever they stand, and every word as an id where `words`.
    fn read(&mut self, text: &str, words: bool) {
        if text.contains('@') || text.contains("%40") {
            let text = text.replace("%40", "@");
            let of_address = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~@".contains(c);
            let candidates = text.split(|c: char| !of_address(c)).filter(|word| word.contains('@'));
            for word in candidates {
                // A sentence or a form may go on behind an address, and what stands before it may be a field's name.
                let word = word.trim_matches(|c: char| ".'".contains(c));
                self.emails.push(word.to_owned());
                self.emails
                    .extend(word.split(['=', '&', '/', '?']).filter(|part| part.contains('@')).map(str::to_owned));
            }
        }
        for behind in text.split(GLOBAL_ID).skip(1) {
            self.ids.push(behind.chars().take_while(char::is_ascii_alphanumeric).collect());
        }
        if words {
            let of_id = |c: char| c.is_alphanumeric() || "-_".contains(c);
            self.ids.extend(text.split(|c: char| !of_id(c)).filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
}

fn speaks_of_customers(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("customer") || name == "buyer" || name == "shopper"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn body(text: &str, of_customers: bool, id: Option<&str>, email: Option<&str>) {
        let found = Whose::in_body(text.as_bytes(), of_customers);
        if let Some(id) = id {
            assert!(found.ids.iter().any(|found| found == id), "{text}: no {id} in {:?}", found.ids);
        }
        if let Some(email) = email {
            assert!(found.emails.iter().any(|found| found == email), "{text}: {:?}", found.emails);
        }
    }

    #[test]
    fn customers_are_found_in_the_forms_of_every_platform() {
        let (id, email) = (Some("17"), Some("ann@example.com"));
        body(r#"{"order":{"customer":{"id":17,"email":"ann@example.com"}}}"#, false, id, email);
        body(r#"[{"id":5,"customer_id":17,"billing":{"email":"ann@example.com"}}]"#, false, id, email);
        body(r#"{"orders":[{"id_customer":"17"}]}"#, false, id, None);
        body(r#"{"data":{"customers":{"edges":[{"node":{"id":"gid://shopify/Customer/17"}}]}}}"#, false, id, None);
        body(r#"{"query":"{ customer(id: \"gid://shopify/Customer/17\") { email } }"}"#, false, id, None);
        body(r#"{"customer_ids":[16,17]}"#, false, id, None);
        body(r#"{"id":17,"note":"write to Ann <ann@example.com>."}"#, true, id, email);
        body(r#"{"customers":[{"entity_id":17}]}"#, false, id, None);
        body("<customer><id><![CDATA[17]]></id><email>ann@example.com</email></customer>", false, id, email);
        body("customer_id=17&email=ann%40example.com", false, id, email);
        body("id;mail\r\n17;ann@example.com\r\n", false, id, email);
    }

    #[test]
    fn ids_of_other_things_are_nobodys() {
        for text in [
            r#"{"order":{"id":17,"lines":[{"id":17,"product_id":17}]}}"#,
            r#"{"customer":{"id":3,"default_address":{"id":17}}}"#,
            r#"{"id":"gid://shopify/Order/17"}"#,
        ] {
            let found = Whose::in_body(text.as_bytes(), false);
            assert!(!found.ids.iter().any(|id| id == "17"), "{text}");
        }
    }

    #[test]
    fn addresses_of_calls_name_customers_too() {
        let none = std::iter::empty;
        let has = |found: Whose, id: &str| found.ids.iter().any(|found| found == id);
        assert!(has(Whose::in_address("wp-json/wc/v3/customers/17", none(), true), "17"));
        assert!(has(Whose::in_address("admin/api/2026-01/customers/17.json", none(), true), "17"));
        assert!(has(Whose::in_address("admin/api/2026-01/customers/17/orders.json", none(), false), "17"));
        assert!(has(Whose::in_address("orders", [("customer", "17")], false), "17"));
        assert!(has(Whose::in_address("customers", [("ids", "16,17")], true), "17"));
        assert!(!has(Whose::in_address("orders/17", none(), false), "17"), "an order's id");
        let by_mail = Whose::in_address("customers", [("email", "ann@example.com")], false);
        assert!(by_mail.emails.iter().any(|found| found == "ann@example.com"));
    }

    proptest! {
        #[test]
        fn any_body_is_survived(body in proptest::collection::vec(any::<u8>(), 0..200), of_customers: bool) {
            let _ = Whose::in_body(&body, of_customers);
        }

        #[test]
        fn an_address_is_found_wherever_it_stands(before in "[a-z ]{0,8}[ <\":,;(]", after in "[ >\":,;)][a-z ]{0,8}") {
            let found = Whose::in_body(format!("{before}ann@example.com{after}").as_bytes(), false);
            prop_assert!(found.emails.iter().any(|found| found == "ann@example.com"));
        }
    }
}
