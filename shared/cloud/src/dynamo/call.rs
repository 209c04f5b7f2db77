//! What the tables are asked: operations in DynamoDB's own words, as `application/x-amz-json-1.0`.
//!
//! The operations have most of their parameters in common, in name and meaning, so there is one type for all of them. One that has a place to
//! go to ([`Client::update_item`]) can be sent; one that has none ([`Part::update`]) is part of a transaction. A parameter that an operation
//! does not know DynamoDB refuses, so that a test sees it.
//!
//! Other rooms can hold a client and hand parts on, and neither make nor send an operation: whatever is stored goes through an adapter.

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
pub(crate) use serde_dynamo::AttributeValue;

use crate::aws::{ATTEMPTS, Aws, CallError, Service};
use domain::hex::hex;

/// What an item is made of, by name.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A client of the tables; a function makes one and shares it.
#[derive(Clone)]
pub struct Client(Service);

/// An operation of a transaction.
pub type Part = Operation<()>;

/// One operation, to be sent to `To`.
#[derive(Clone)]
pub struct Operation<To> {
    to: To,
    kind: Kind,
    attempts: u32,
    input: Input,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Get,
    Put,
    Update,
    Delete,
    Check,
    Query,
    Scan,
}

impl Kind {
    const fn target(self) -> &'static str {
        match self {
            Self::Get => "DynamoDB_20120810.GetItem",
            Self::Put => "DynamoDB_20120810.PutItem",
            Self::Update => "DynamoDB_20120810.UpdateItem",
            Self::Delete => "DynamoDB_20120810.DeleteItem",
            Self::Query => "DynamoDB_20120810.Query",
            Self::Scan => "DynamoDB_20120810.Scan",
            // Not an action of its own: see `Part::check`.
            Self::Check => TRANSACTION,
        }
    }

    /// The member of a transaction's item that holds it.
    const fn member(self) -> &'static str {
        match self {
            Self::Put => "Put",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Check | Self::Get | Self::Query | Self::Scan => "ConditionCheck",
        }
    }
}

const TRANSACTION: &str = "DynamoDB_20120810.TransactWriteItems";
const PROTOCOL: &str = "application/x-amz-json-1.0";

#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    table_name: String,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    key: Pairs<AttributeValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Attributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_expression: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_expression: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_condition_expression: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_expression: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projection_expression: Option<Text>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    expression_attribute_names: Pairs<String>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    expression_attribute_values: Pairs<AttributeValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values: Option<ReturnValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values_on_condition_check_failure: Option<ReturnValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent_read: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scan_index_forward: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_start_key: Option<Attributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_segments: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<i32>,
}

type Text = Cow<'static, str>;

/// A few names and what they stand for. A name that is given twice stands for what came last.
#[derive(Clone)]
struct Pairs<T>(Vec<(Text, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Pairs<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn set(&mut self, name: Text, value: T) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl<T: Serialize> Serialize for Pairs<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// What an operation answers with of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ReturnValue {
    /// All of it, as it was.
    AllOld,
    /// All of it, as it is.
    AllNew,
    /// What was changed, as it is.
    UpdatedNew,
}

/// What a table answers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Answer {
    /// The item that was asked for.
    pub(crate) item: Option<Attributes>,
    /// What was to be returned of the item that was written.
    pub(crate) attributes: Option<Attributes>,
    /// The items that were found.
    pub(crate) items: Option<Vec<Attributes>>,
    /// Where the next page starts.
    pub(crate) last_evaluated_key: Option<Attributes>,
}

impl Client {
    pub(super) fn new(aws: &Aws) -> Self {
        Self(aws.service("dynamodb", "dynamodb"))
    }

    /// `GetItem`.
    pub(crate) fn get_item(&self) -> Operation<Self> {
        Operation::new(self.clone(), Kind::Get)
    }

    /// `PutItem`.
    pub(crate) fn put_item(&self) -> Operation<Self> {
        Operation::new(self.clone(), Kind::Put)
    }

    /// `UpdateItem`.
    pub(crate) fn update_item(&self) -> Operation<Self> {
        Operation::new(self.clone(), Kind::Update)
    }

    /// `DeleteItem`.
    pub(crate) fn delete_item(&self) -> Operation<Self> {
        Operation::new(self.clone(), Kind::Delete)
    }

    /// `Query`.
    pub(crate) fn query(&self) -> Operation<Self> {
        Operation::new(self.clone(), Kind::Query)
    }

    /// `Scan`.
    pub(crate) fn scan(&self) -> Operation<Self> {
        Operation::new(self.clone(), Kind::Scan)
    }

    /// `TransactWriteItems`: all of the parts, or none.
    pub(super) async fn transact(&self, parts: &[Part]) -> Result<(), CallError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Transaction<'a> {
            transact_items: Vec<Member<'a>>,
            /// By it DynamoDB knows an attempt that comes after a lost answer, and does not carry it out again.
            client_request_token: String,
        }
        let input = Transaction {
            transact_items: parts.iter().map(Member).collect(),
            client_request_token: hex(&crate::clock::random_bytes()[..16]),
        };
        self.0.json_in(TRANSACTION, PROTOCOL, ATTEMPTS, &input).await.map(drop)
    }
}

struct Member<'a>(&'a Part);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry(self.0.kind.member(), &self.0.input)?;
        map.end()
    }
}

impl Part {
    /// A put of a transaction.
    pub(crate) fn put() -> Self {
        Self::new((), Kind::Put)
    }

    /// An update of a transaction.
    pub(crate) fn update() -> Self {
        Self::new((), Kind::Update)
    }

    /// A deletion of a transaction.
    pub(crate) fn delete() -> Self {
        Self::new((), Kind::Delete)
    }

    /// A condition that must hold for a transaction.
    pub(crate) fn check() -> Self {
        Self::new((), Kind::Check)
    }
}

impl Operation<Client> {
    /// Sends it.
    /// Where a condition does not hold is an error too, see [`is_unmet`].
    pub(crate) async fn send(self) -> Result<Answer, CallError> {
        let body = self.to.0.json_in(self.kind.target(), PROTOCOL, self.attempts, &self.input).await?;
        crate::aws::read(&body)
    }

    /// The same, sent this often at most.
    pub(crate) fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }
}

impl<To> Operation<To> {
    fn new(to: To, kind: Kind) -> Self {
        Self { to, kind, attempts: ATTEMPTS, input: Input::default() }
    }

    /// `TableName`.
    pub(crate) fn table_name(mut self, table: impl Into<String>) -> Self {
        self.input.table_name = table.into();
        self
    }

    /// One attribute of `Key`.
    pub(crate) fn key(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.input.key.set(name.into(), value);
        self
    }

    /// The whole `Key`.
    pub(crate) fn set_key(mut self, key: Attributes) -> Self {
        self.input.key = Pairs(key.into_iter().map(|(name, value)| (name.into(), value)).collect());
        self
    }

    /// `Item`.
    pub(crate) fn item(mut self, item: Attributes) -> Self {
        self.input.item = Some(item);
        self
    }

    /// `UpdateExpression`.
    pub(crate) fn update_expression(mut self, expression: impl Into<Cow<'static, str>>) -> Self {
        self.input.update_expression = Some(expression.into());
        self
    }

    /// `ConditionExpression`.
    pub(crate) fn condition_expression(mut self, expression: impl Into<Cow<'static, str>>) -> Self {
        self.input.condition_expression = Some(expression.into());
        self
    }

    /// `KeyConditionExpression`.
    pub(crate) fn key_condition_expression(mut self, expression: impl Into<Cow<'static, str>>) -> Self {
        self.input.key_condition_expression = Some(expression.into());
        self
    }

    /// `FilterExpression`.
    pub(crate) fn filter_expression(mut self, expression: impl Into<Cow<'static, str>>) -> Self {
        self.input.filter_expression = Some(expression.into());
        self
    }

    /// `ProjectionExpression`; without one, everything.
    pub(crate) fn projection_expression(mut self, expression: impl Into<Option<&'static str>>) -> Self {
        self.input.projection_expression = expression.into().map(Cow::Borrowed);
        self
    }

    /// One of `ExpressionAttributeNames`.
    pub(crate) fn expression_attribute_names(
        mut self,
        name: impl Into<Cow<'static, str>>,
        attribute: impl Into<String>,
    ) -> Self {
        self.input.expression_attribute_names.set(name.into(), attribute.into());
        self
    }

    /// One of `ExpressionAttributeValues`.
    pub(crate) fn expression_attribute_values(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: AttributeValue,
    ) -> Self {
        self.input.expression_attribute_values.set(name.into(), value);
        self
    }

    /// `ReturnValues`.
    pub(crate) fn return_values(mut self, values: ReturnValue) -> Self {
        self.input.return_values = Some(values);
        self
    }

    /// `ReturnValuesOnConditionCheckFailure`: [`ReturnValue::AllOld`], for [`unmet_by`].
    pub(crate) fn return_values_on_condition_check_failure(mut self, values: ReturnValue) -> Self {
        self.input.return_values_on_condition_check_failure = Some(values);
        self
    }

    /// `ConsistentRead`.
    pub(crate) fn consistent_read(mut self, consistent: bool) -> Self {
        self.input.consistent_read = Some(consistent);
        self
    }

    /// `ScanIndexForward`.
    pub(crate) fn scan_index_forward(mut self, forward: bool) -> Self {
        self.input.scan_index_forward = Some(forward);
        self
    }

    /// `Limit`.
    pub(crate) fn limit(mut self, rows: impl Into<Option<i32>>) -> Self {
        self.input.limit = rows.into();
        self
    }

    /// `ExclusiveStartKey`, which the first page has none of.
    pub(crate) fn exclusive_start_key(mut self, key: Option<Attributes>) -> Self {
        self.input.exclusive_start_key = key;
        self
    }

    /// `Segment` of `TotalSegments`.
    pub(crate) fn segment(mut self, segment: i32, of: i32) -> Self {
        self.input.segment = Some(segment);
        self.input.total_segments = Some(of);
        self
    }
}

/// Whether an operation was refused because its condition does not hold. That is an answer, not a failure.
pub(crate) fn is_unmet(error: &CallError) -> bool {
    error.is("ConditionalCheckFailedException")
}

/// The item that did not meet the condition, where it was to be returned and there is one.
pub(crate) fn unmet_by(error: &CallError) -> Option<Attributes> {
    #[derive(Deserialize)]
    struct Unmet {
        #[serde(rename = "Item")]
        item: Option<Attributes>,
    }
    if is_unmet(error) { error.detail::<Unmet>()?.item } else { None }
}

/// Why each part of a transaction was refused, in their order; `None` is the code of one that was not. Empty where it was not that.
pub(super) fn cancellations(error: &CallError) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Cancelled {
        cancellation_reasons: Vec<Reason>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Reason {
        #[serde(default)]
        code: String,
    }
    if !error.is("TransactionCanceledException") {
        return Vec::new();
    }
    let cancelled: Option<Cancelled> = error.detail();
    cancelled.map_or_else(Vec::new, |cancelled| {
        cancelled.cancellation_reasons.into_iter().map(|reason| reason.code).collect()
    })
}

/// A number of an item.
pub(crate) fn number_of<T: std::str::FromStr>(item: &Attributes, name: &str) -> Option<T> {
    match item.get(name)? {
        AttributeValue::N(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// A text of an item.
pub(crate) fn text_of<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    match item.get(name)? {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_written_as_dynamodb_documents_it() {
        let part = Part::update()
            .table_name("keys")
            .key("pk", AttributeValue::S("key#1".to_owned()))
            .update_expression("SET n = :n")
            .expression_attribute_values(":n", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":n", AttributeValue::N("2".to_owned()))
            .return_values_on_condition_check_failure(ReturnValue::AllOld);
        assert_eq!(
            serde_json::to_value(Member(&part)).unwrap(),
            serde_json::json!({ "Update": {
                "TableName": "keys",
                "Key": { "pk": { "S": "key#1" } },
                "UpdateExpression": "SET n = :n",
                "ExpressionAttributeValues": { ":n": { "N": "2" } },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            } })
        );
    }

    #[test]
    fn an_answer_has_what_is_in_it_and_nothing_else_is_missed() {
        let answer: Answer =
            serde_json::from_str(r#"{"Item":{"h":{"B":"AQI="},"n":{"N":"7"}},"ConsumedCapacity":{}}"#).unwrap();
        let item = answer.item.unwrap();
        assert_eq!(item.get("h"), Some(&AttributeValue::B(vec![1, 2])));
        assert_eq!(number_of::<u64>(&item, "n"), Some(7));
        assert!(answer.items.is_none() && answer.attributes.is_none() && answer.last_evaluated_key.is_none());
    }
}
