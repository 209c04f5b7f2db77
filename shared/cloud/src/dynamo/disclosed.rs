//! Rows as their subject may see them: what the data map gives to an export, and nothing else (`privacy.md` D.7; R054, R059).
//!
//! The one reader that knows no form of its rows but the data map's. An attribute that the map does not know, or never gives out, does not leave
//! this room, whatever stands in the table.

use std::collections::BTreeMap;

use jiff::Timestamp;
use personal_data::{Content, Export, Origin, Record};
use serde_json::Value;

use super::{
    Client, Unavailable,
    call::{AttributeValue, Attributes, number_of, text_of},
    transaction::text,
    unavailable,
};

/// How much of a record is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that is personal, with the ids, states and times beside it (GDPR Art. 15).
    Everything,
    /// All that is personal, and nothing beside it: of rows that also say what people of ours have done.
    Personal,
    /// What the person provided (GDPR Art. 20).
    Provided,
}

/// The attributes of a record that are given out, sorted by their names.
#[must_use]
pub fn attributes(record: &Record, extent: Extent) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = record
        .fields
        .iter()
        .filter(|field| match field.content {
            Content::Personal(personal) => {
                personal.export == Export::Yes && (extent != Extent::Provided || personal.origin == Origin::Provided)
            }
            // Keys and the form's version say nothing to anybody.
            Content::None => extent == Extent::Everything && !["pk", "sk", "v"].contains(&field.attribute),
        })
        .map(|field| field.attribute)
        .collect();
    names.sort_unstable();
    names
}

/// A row, by its attributes' names.
pub type Row = BTreeMap<&'static str, Value>;

/// Where rows of one record rest: a part of a partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    /// The table.
    pub table: String,
    /// The partition.
    pub pk: String,
    /// What the sort keys start with; empty for all of them.
    pub prefix: String,
}

/// Rows of one page.
pub struct Rows {
    /// What may be given out of each. Never empty ones: a row of which nothing is given is left out.
    pub rows: Vec<Row>,
    /// The sort key after which the next page begins; nothing after the last.
    pub next: Option<String>,
}

/// Reads what may be given out.
#[derive(Clone)]
pub struct Disclosed(Client);

impl Disclosed {
    /// A reader of all tables.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// A page of a shelf, a mebibyte at most, after a place. A row whose time is over is not given out, deleted or not.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn page(
        &self,
        record: &Record,
        extent: Extent,
        shelf: &Shelf,
        after: Option<&str>,
        now: Timestamp,
    ) -> Result<Rows, Unavailable> {
        let start = after.map(|sk| Attributes::from([("pk".to_owned(), text(&shelf.pk)), ("sk".to_owned(), text(sk))]));
        let query = self
            .0
            .query()
            .table_name(&shelf.table)
            .expression_attribute_values(":pk", text(&shelf.pk))
            .consistent_read(true)
            .exclusive_start_key(start);
        let query = if shelf.prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(&shelf.prefix))
        };
        let answer = query.send().await.map_err(|error| unavailable("disclosed", &error))?;
        let names = attributes(record, extent);
        let row = |mut item: Attributes| -> Row {
            names.iter().filter_map(|name| item.remove(*name).and_then(value).map(|value| (*name, value))).collect()
        };
        let holds = |item: &Attributes| number_of::<i64>(item, "expires_at").is_none_or(|end| end > now.as_second());
        let items = answer.items.unwrap_or_default().into_iter();
        Ok(Rows {
            rows: items.filter(holds).map(row).filter(|row| !row.is_empty()).collect(),
            next: answer.last_evaluated_key.and_then(|key| text_of(&key, "sk").map(str::to_owned)),
        })
    }
}

/// An attribute in JSON's own forms. Bytes have none, and none that are given out are bytes.
fn value(attribute: AttributeValue) -> Option<Value> {
    Some(match attribute {
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::N(digits) => serde_json::from_str(&digits).unwrap_or(Value::String(digits)),
        AttributeValue::Bool(flag) => Value::Bool(flag),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.into_iter().map(Value::String).collect(),
        AttributeValue::L(values) => values.into_iter().filter_map(value).collect(),
        AttributeValue::M(members) => {
            members.into_iter().filter_map(|(name, member)| Some((name, value(member)?))).collect()
        }
        AttributeValue::B(_) | AttributeValue::Bs(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use personal_data::PersonalData;

    use super::*;
    use crate::dynamo::{accounts::AccountItem, accounts::EmailItem, subscriptions::SubscriptionItem};

    #[test]
    fn r059_portability_gives_what_was_provided_and_access_more() {
        assert_eq!(
            attributes(&AccountItem::RECORD, Extent::Provided)[..3],
            ["company", "consents", "email"],
            "and no counters, times or ids"
        );
        assert!(attributes(&AccountItem::RECORD, Extent::Everything).contains(&"created_at"));
        assert!(attributes(&EmailItem::RECORD, Extent::Provided).is_empty());
    }

    #[test]
    fn secrets_and_keys_of_tables_are_never_given_out() {
        for extent in [Extent::Everything, Extent::Provided] {
            let names = attributes(&SubscriptionItem::RECORD, extent);
            assert!(names.contains(&"url"));
            assert!(!names.iter().any(|name| ["secrets", "pk", "sk", "v"].contains(name)), "{names:?}");
        }
    }

    #[test]
    fn values_are_written_as_json_knows_them() {
        let number = |digits: &str| value(AttributeValue::N(digits.to_owned()));
        assert_eq!(number("18446744073709551615"), Some(serde_json::json!(18_446_744_073_709_551_615_u64)));
        assert_eq!(number("1.50"), Some(serde_json::json!(1.5)));
        assert_eq!(value(AttributeValue::B(vec![1])), None);
        let members = AttributeValue::M([("a".to_owned(), AttributeValue::Bool(true))].into());
        assert_eq!(value(AttributeValue::L(vec![members])), Some(serde_json::json!([{ "a": true }])));
    }
}
