//! DynamoDB, SQS, KMS and Secrets Manager as far as the contenders use them, answered at once and the same for every contender.
//!
//! What stands in the tables is put there before; what a contender writes is answered and forgotten. The key's item is made anew for each call
//! as that of a key in steady use ([`Case::key_item`]), and an update is computed on it. So a contender can be driven as fast as it goes
//! without filling its window, and the items have the size that they have in real life.

mod update;
mod used;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Response, StatusCode, header};
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use testkit::loopback_server::{Answer, LoopbackServer, Received};

pub(crate) use self::used::Used;
use crate::{case::Case, tenant::Tenant};

/// The table of keys.
pub(crate) const KEYS: &str = "bench-keys";
/// The table of stores and grants.
pub(crate) const STORES: &str = "bench-stores";

/// The one data key that there is, in base64.
const DATA_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

type Item = Map<String, Value>;

/// The endpoint of all services.
pub(crate) struct Aws {
    server: LoopbackServer,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    case: Case,
    tenant: Arc<Tenant>,
    /// What stands in the tables, by table, partition and sort key.
    items: BTreeMap<(String, String, String), Item>,
    /// Whether what is written is kept.
    keeps: bool,
    used: Used,
}

impl Aws {
    /// Starts it with the tenant's store and grant; what is written is kept until [`Aws::settle`].
    pub(crate) async fn start(case: Case, tenant: Arc<Tenant>) -> std::io::Result<Self> {
        let (store, grant) = (tenant.store_item(), tenant.grant_item());
        let mut shared = Shared { case, tenant, items: BTreeMap::new(), keeps: true, used: Used::default() };
        shared.put(STORES, attributes(store));
        shared.put(STORES, attributes(grant));
        let shared = Arc::new(Mutex::new(shared));
        let answering = Arc::clone(&shared);
        let server =
            LoopbackServer::start(0, move |received| std::future::ready(lock(&answering).answer(&received))).await?;
        Ok(Self { server, shared })
    }

    pub(crate) fn url(&self) -> &str {
        self.server.url().as_str()
    }

    /// From now on what is written is forgotten.
    pub(crate) fn settle(&self) {
        lock(&self.shared).keeps = false;
    }

    /// What was used until now.
    pub(crate) fn used(&self) -> Used {
        lock(&self.shared).used
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn answer(&mut self, received: &Received) -> Response<Answer> {
        let target = received.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let asked: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        self.used.requests += 1;
        let (status, body) = self.answered(target, &asked);
        let mut answer = Response::new(Answer::whole(body.to_string()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        let id = "BENCH0000000000000000000000000000000000000000000000";
        headers.insert("x-amzn-requestid", HeaderValue::from_static(id));
        answer
    }

    fn answered(&mut self, target: &str, asked: &Value) -> (StatusCode, Value) {
        let table = asked["TableName"].as_str().unwrap_or_default();
        let answer = match target.rsplit('.').next().unwrap_or_default() {
            "GetItem" => {
                let found = self.get(table, &asked["Key"]);
                self.used.read(found.iter().collect::<Vec<_>>().as_slice(), asked);
                found.map_or_else(|| json!({}), |item| json!({ "Item": item }))
            }
            "Query" => {
                let found = self.query(table, asked);
                self.used.read(found.iter().collect::<Vec<_>>().as_slice(), asked);
                json!({ "Count": found.len(), "Items": found })
            }
            "PutItem" => {
                self.write(table, &asked["Item"]);
                json!({})
            }
            "TransactWriteItems" => {
                for part in asked["TransactItems"].as_array().into_iter().flatten() {
                    let put = &part["Put"];
                    self.write(put["TableName"].as_str().unwrap_or_default(), &put["Item"]);
                }
                json!({})
            }
            "UpdateItem" if self.case == Case::Full => {
                self.used.writes += 1.0;
                let refused = json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                    "message": "The conditional request failed",
                    "Item": attributes(self.case.key_item(&self.tenant)),
                });
                return (StatusCode::BAD_REQUEST, refused);
            }
            "UpdateItem" => {
                let mut item = self
                    .get(table, &asked["Key"])
                    .unwrap_or_else(|| asked["Key"].as_object().cloned().unwrap_or_default());
                update::apply(asked, &mut item);
                self.used.write(&item);
                json!({ "Attributes": item })
            }
            "GetSecretValue" => json!({
                "ARN": "arn:aws:secretsmanager:eu-central-1:000000000000:secret:bench", "Name": asked["SecretId"],
                "SecretString": json!({ "api_key": self.tenant.store_key, "hook_secret": crate::webhooks::SECRET }).to_string(),
                "VersionId": "00000000-0000-4000-8000-000000000000", "VersionStages": ["AWSCURRENT"], "CreatedDate": 1_795_500_000,
            }),
            "GenerateDataKey" => json!({ "Plaintext": DATA_KEY, "CiphertextBlob": STANDARD.encode("wrapped") }),
            "Decrypt" => {
                self.used.keys += 1;
                json!({ "Plaintext": DATA_KEY })
            }
            "SendMessage" => {
                let body = asked["MessageBody"].as_str().unwrap_or_default();
                self.used.send(body.len());
                json!({ "MessageId": "00000000-0000-4000-8000-000000000000", "MD5OfMessageBody": md5(body) })
            }
            "SendMessageBatch" => {
                let entries: Vec<&Value> = asked["Entries"].as_array().into_iter().flatten().collect();
                let bodies = entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap_or_default());
                self.used.send(bodies.map(str::len).sum());
                let sent: Vec<Value> =
                    entries.iter().map(|entry| json!({ "Id": entry["Id"], "MessageId": entry["Id"] })).collect();
                json!({ "Successful": sent, "Failed": [] })
            }
            _ => {
                let unknown = json!({ "__type": "UnknownOperationException", "message": target });
                return (StatusCode::BAD_REQUEST, unknown);
            }
        };
        (StatusCode::OK, answer)
    }

    fn get(&self, table: &str, key: &Value) -> Option<Item> {
        if table == KEYS {
            return Some(attributes(self.case.key_item(&self.tenant)));
        }
        self.items.get(&(table.to_owned(), text(&key["pk"]), text(&key["sk"]))).cloned()
    }

    /// The items of a partition, between two sort keys or behind a prefix.
    fn query(&self, table: &str, asked: &Value) -> Vec<Item> {
        let values = asked["ExpressionAttributeValues"].as_object().cloned().unwrap_or_default();
        let pk = values.get(":pk").map(text).unwrap_or_default();
        let mut bounds: Vec<String> =
            values.iter().filter(|(name, _)| *name != ":pk").map(|(_, value)| text(value)).collect();
        bounds.sort();
        let holds = |sk: &str| match bounds.as_slice() {
            [prefix] => sk.starts_with(prefix.as_str()),
            [from, to] => (from.as_str()..=to.as_str()).contains(&sk),
            _ => true,
        };
        let of_partition =
            self.items.iter().filter(|((of, partition, sk), _)| of == table && *partition == pk && holds(sk));
        of_partition.map(|(_, item)| item.clone()).collect()
    }

    fn write(&mut self, table: &str, item: &Value) {
        let Some(item) = item.as_object() else { return };
        self.used.write(item);
        if self.keeps {
            self.put(table, item.clone());
        }
    }

    fn put(&mut self, table: &str, item: Item) {
        let text = |name| item.get(name).map(text).unwrap_or_default();
        self.items.insert((table.to_owned(), text("pk"), text("sk")), item);
    }
}

fn text(attribute: &Value) -> String {
    attribute["S"].as_str().unwrap_or_default().to_owned()
}

/// What SQS proves with that it got the body; its clients check it.
fn md5(body: &str) -> String {
    Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An item as DynamoDB writes it.
fn attributes(plain: Item) -> Item {
    plain.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

fn attribute(plain: Value) -> Value {
    match plain {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(value) => json!({ "N": value.to_string() }),
        Value::String(value) => json!({ "S": value }),
        Value::Array(values) => json!({ "L": values.into_iter().map(attribute).collect::<Vec<_>>() }),
        // Already an attribute: there are no maps in our items, but bytes have no other form.
        Value::Object(value) => Value::Object(value),
    }
}
