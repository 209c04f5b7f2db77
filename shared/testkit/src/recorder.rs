//! What a call to AWS stores, read from the call itself: each attribute of each table, each member of each message, each secret.
//!
//! [`crate::fault_proxy`] sees every call of a function under test; this compares what they store with the data map. It reads the wire and
//! not the types, so it also catches attributes whose names are only known at run time, and clients that nobody wrapped.

use std::collections::BTreeSet;

use personal_data::{DataMap, Kind};
use serde_json::Value;

use crate::fault_proxy::Seen;

/// Something that a call stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stored {
    /// An attribute of an item, or a member of a message.
    Attribute {
        /// The table's or queue's whole name.
        store: String,
        /// The attribute's name.
        attribute: String,
    },
    /// A secret.
    Secret {
        /// Its whole name.
        name: String,
    },
    /// An object of a bucket.
    Object {
        /// The bucket's whole name.
        bucket: String,
    },
    /// A call that stores something that this module cannot read. There must be none.
    Unread {
        /// Its `X-Amz-Target`, or its method and path.
        call: String,
    },
}

/// What the calls stored that the map does not declare. Names of things start with the stack's name.
pub fn undeclared(map: &DataMap, stack: &str, calls: &[Seen]) -> BTreeSet<Stored> {
    let all = calls.iter().flat_map(|call| stored(&call.target, &call.path, &call.body));
    all.filter(|stored| !declared(map, stack, stored)).collect()
}

/// Whether the map declares something that was stored.
pub fn declared(map: &DataMap, stack: &str, stored: &Stored) -> bool {
    match stored {
        Stored::Attribute { store, attribute } => {
            let store = store.strip_prefix(stack).and_then(|rest| rest.strip_prefix('-'));
            store.is_some_and(|store| map.declares(store, attribute))
        }
        Stored::Secret { name } => {
            let name = name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
            let prefixes = map.resources.iter().filter(|resource| matches!(resource.kind, Kind::SecretPrefix));
            prefixes.into_iter().any(|prefix| name.starts_with(prefix.name))
        }
        Stored::Object { bucket } => {
            let bucket = bucket.strip_prefix(stack).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
            let buckets = map.resources.iter().filter(|resource| matches!(resource.kind, Kind::Bucket { .. }));
            // Behind its short name stand the AWS account and the region, which make it the only one in the world.
            buckets.into_iter().any(|declared| bucket.starts_with(&format!("{}-", declared.name)))
        }
        Stored::Unread { .. } => false,
    }
}

/// What one call stores. `target` is its `X-Amz-Target`, empty for the services that have none.
pub fn stored(target: &str, path: &str, body: &[u8]) -> Vec<Stored> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let (service, operation) = target.rsplit_once('.').unwrap_or((target, ""));
    if service.starts_with("DynamoDB_") {
        return match operation {
            "PutItem" => put(&body),
            "UpdateItem" => update(&body),
            "TransactWriteItems" => {
                let parts = body["TransactItems"].as_array().into_iter().flatten();
                parts.flat_map(|part| [put(&part["Put"]), update(&part["Update"])].concat()).collect()
            }
            "BatchWriteItem" => {
                let tables = body["RequestItems"].as_object().into_iter().flatten();
                tables.flat_map(|(table, parts)| batch(table, parts)).collect()
            }
            "DeleteItem"
            | "GetItem"
            | "BatchGetItem"
            | "TransactGetItems"
            | "Query"
            | "Scan"
            | "DescribeTable"
            | "ListTables"
            | "DescribeContinuousBackups"
            | "UpdateContinuousBackups" => Vec::new(),
            _ => vec![Stored::Unread { call: target.to_owned() }],
        };
    }
    match (service, operation) {
        ("AmazonSQS", "SendMessage") => message(&body["QueueUrl"], &body),
        ("AmazonSQS", "SendMessageBatch") => {
            let entries = body["Entries"].as_array().into_iter().flatten();
            entries.flat_map(|entry| message(&body["QueueUrl"], entry)).collect()
        }
        ("AmazonSQS", operation) if operation.starts_with("Receive") || operation.starts_with("Delete") => Vec::new(),
        ("AmazonSQS", operation) if operation.starts_with("Get") || operation.starts_with("ChangeMessage") => {
            Vec::new()
        }
        ("secretsmanager", "CreateSecret") => vec![Stored::Secret { name: text(&body["Name"]) }],
        ("secretsmanager", "PutSecretValue" | "UpdateSecret") => vec![Stored::Secret { name: text(&body["SecretId"]) }],
        (
            "secretsmanager",
            "GetSecretValue" | "DescribeSecret" | "ListSecrets" | "DeleteSecret" | "UpdateSecretVersionStage",
        ) => Vec::new(),
        // KMS keeps nothing of what it wraps and unwraps, signs and makes codes of.
        ("TrentService", "GenerateDataKey" | "Decrypt" | "Sign" | "GetPublicKey" | "GenerateMac") => Vec::new(),
        // SES: a mail leaves the stack; the address is declared with the queue that it came from.
        ("", "") if path.starts_with("/v2/email/outbound-emails") => Vec::new(),
        // S3, whatever is done with the object.
        ("", "") => match path.trim_start_matches('/').split_once('/') {
            Some((bucket, _)) => vec![Stored::Object { bucket: bucket.to_owned() }],
            None => vec![Stored::Unread { call: path.to_owned() }],
        },
        _ => vec![Stored::Unread { call: target.to_owned() }],
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn attributes<'a>(store: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<Stored> {
    let attribute = |name: &str| Stored::Attribute { store: store.to_owned(), attribute: name.to_owned() };
    names.into_iter().map(attribute).collect()
}

fn put(request: &Value) -> Vec<Stored> {
    let item = request["Item"].as_object().into_iter().flatten();
    attributes(&text(&request["TableName"]), item.map(|(name, _)| name.as_str()))
}

fn batch(table: &str, parts: &Value) -> Vec<Stored> {
    let items = parts.as_array().into_iter().flatten().filter_map(|part| part["PutRequest"]["Item"].as_object());
    attributes(table, items.flatten().map(|(name, _)| name.as_str()))
}

/// Every name in an update: its key, because an update creates the item, and all that its expression speaks of.
fn update(request: &Value) -> Vec<Stored> {
    let key = request["Key"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    // The form before expressions existed.
    let old = request["AttributeUpdates"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let expression = request["UpdateExpression"].as_str().unwrap_or_default();
    let spoken = names_in(expression).into_iter().map(|name| match name.strip_prefix('#') {
        None => name.to_owned(),
        // An alias that is not given stays as it is; the map does not know it.
        Some(_) => request["ExpressionAttributeNames"][name].as_str().unwrap_or(name).to_owned(),
    });
    let names: BTreeSet<String> = key.chain(old).chain(spoken).collect();
    attributes(&text(&request["TableName"]), names.iter().map(String::as_str))
}

/// The top-level attributes that an update expression speaks of: no keywords, functions, values or members of members.
fn names_in(expression: &str) -> BTreeSet<&str> {
    const OTHER: &[&str] = &["SET", "REMOVE", "ADD", "DELETE", "if_not_exists", "list_append"];
    let part_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '#' | ':' | '.');
    let words = expression.split(|letter: char| !part_of_name(letter));
    let names = words.filter_map(|word| word.split('.').next()).filter(|word| {
        let value = word.starts_with(|first: char| first == ':' || first.is_ascii_digit());
        !word.is_empty() && !value && !OTHER.iter().any(|other| word.eq_ignore_ascii_case(other))
    });
    names.collect()
}

/// A message is JSON; its members are what the queue keeps. Anything else counts as one member without a name.
fn message(queue: &Value, entry: &Value) -> Vec<Stored> {
    let queue = text(queue);
    let queue = queue.rsplit('/').next().unwrap_or_default();
    let body: Value =
        entry["MessageBody"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let beside = entry["MessageAttributes"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    match body.as_object() {
        Some(members) => attributes(queue, members.keys().map(String::as_str).chain(beside)),
        None => attributes(queue, [""].into_iter().chain(beside)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(target: &str, body: &Value) -> Vec<String> {
        let found = stored(target, "/", body.to_string().as_bytes());
        let name = |stored: Stored| match stored {
            Stored::Attribute { store, attribute } => format!("{store}.{attribute}"),
            Stored::Secret { name } | Stored::Object { bucket: name } => name,
            Stored::Unread { call } => format!("unread {call}"),
        };
        found.into_iter().map(name).collect()
    }

    #[test]
    fn every_way_to_write_an_item_is_read() {
        let item = json!({ "pk": { "S": "1" }, "email": { "S": "a" } });
        let put = json!({ "TableName": "t", "Item": item });
        assert_eq!(names("DynamoDB_20120810.PutItem", &put), ["t.email", "t.pk"]);
        let update = json!({
            "TableName": "t",
            "Key": { "pk": { "S": "1" } },
            "UpdateExpression": "SET n=#n + :c, #f = if_not_exists(#f, n), m.inner = :m REMOVE f17,old[0] ADD failures :one",
            "ExpressionAttributeNames": { "#n": "n", "#f": "f18" },
        });
        let expected = ["t.f17", "t.f18", "t.failures", "t.m", "t.n", "t.old", "t.pk"];
        assert_eq!(names("DynamoDB_20120810.UpdateItem", &update), expected);
        let transaction = json!({ "TransactItems": [{ "Put": put }, { "Delete": {} }, { "Update": update }] });
        let both: Vec<&str> = ["t.email", "t.pk"].into_iter().chain(expected).collect();
        assert_eq!(names("DynamoDB_20120810.TransactWriteItems", &transaction), both);
        let batch = json!({ "RequestItems": { "t": [{ "PutRequest": { "Item": item } }, { "DeleteRequest": {} }] } });
        assert_eq!(names("DynamoDB_20120810.BatchWriteItem", &batch), ["t.email", "t.pk"]);
        assert_eq!(names("DynamoDB_20120810.Query", &put), Vec::<String>::new());
        assert_eq!(names("DynamoDB_20120810.ExecuteStatement", &put), ["unread DynamoDB_20120810.ExecuteStatement"]);
    }

    #[test]
    fn messages_and_secrets_are_read() {
        let send = json!({
            "QueueUrl": "http://127.0.0.1:1/000000000000/c-mail",
            "MessageBody": r#"{"to":"a","link":"b"}"#,
            "MessageAttributes": { "trace": {} },
        });
        assert_eq!(names("AmazonSQS.SendMessage", &send), ["c-mail.link", "c-mail.to", "c-mail.trace"]);
        let many = json!({ "QueueUrl": "q", "Entries": [{ "MessageBody": "plain" }] });
        assert_eq!(names("AmazonSQS.SendMessageBatch", &many), ["q."]);
        assert_eq!(names("secretsmanager.CreateSecret", &json!({ "Name": "c/store/1" })), ["c/store/1"]);
        assert_eq!(names("AWSEvents.PutEvents", &json!({})), ["unread AWSEvents.PutEvents"]);
    }

    #[test]
    fn an_object_is_known_by_its_bucket() {
        let bucket = "cartage-large-hooks-000000000000-eu-central-1".to_owned();
        assert_eq!(stored("", &format!("/{bucket}/str_1/evt_1"), b"x"), [Stored::Object { bucket }]);
        assert_eq!(stored("", "/", b"x"), [Stored::Unread { call: "/".to_owned() }]);
    }
}
