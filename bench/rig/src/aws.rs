//! DynamoDB and Secrets Manager as far as a proxied read uses them, answered at once and the same for every contender.
//!
//! The tables hold three items and remember nothing: the key's item is made anew for each call as that of a key in steady use
//! ([`crate::key_item`]), and an update is computed on it. So a contender can be driven as fast as it goes without filling its window, and
//! the item has the size that it has in real life.

mod update;

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use testkit::loopback_server::{Answer, LoopbackServer, Received};

use crate::{case::Case, tenant::Tenant};

/// The table of keys.
pub(crate) const KEYS: &str = "bench-keys";
/// The table of stores and grants.
pub(crate) const STORES: &str = "bench-stores";

/// Starts the endpoint of all services.
pub(crate) async fn start(case: Case, tenant: Arc<Tenant>) -> std::io::Result<LoopbackServer> {
    LoopbackServer::start(0, move |received| {
        let tenant = Arc::clone(&tenant);
        async move { answer(case, &tenant, &received) }
    })
    .await
}

fn answer(case: Case, tenant: &Tenant, received: &Received) -> Response<Answer> {
    let target = received.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let asked: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let (status, body) = match target.rsplit('.').next().unwrap_or_default() {
        "GetItem" => (StatusCode::OK, get_item(case, tenant, &asked)),
        "PutItem" => (StatusCode::OK, json!({})),
        "UpdateItem" if case == Case::Full => (
            StatusCode::BAD_REQUEST,
            json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": item(case.key_item(tenant)),
            }),
        ),
        "UpdateItem" => {
            let mut key = attributes(case.key_item(tenant));
            update::apply(&asked, &mut key);
            (StatusCode::OK, json!({ "Attributes": key }))
        }
        "GetSecretValue" => (
            StatusCode::OK,
            json!({
                "ARN": "arn:aws:secretsmanager:eu-central-1:000000000000:secret:bench", "Name": asked["SecretId"],
                "SecretString": json!({ "api_key": tenant.store_key }).to_string(),
                "VersionId": "00000000-0000-4000-8000-000000000000", "VersionStages": ["AWSCURRENT"], "CreatedDate": 1_795_500_000,
            }),
        ),
        _ => (StatusCode::BAD_REQUEST, json!({ "__type": "UnknownOperationException", "message": target })),
    };
    let mut answer = Response::new(Answer::whole(body.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("BENCH0000000000000000000000000000000000000000000000"));
    answer
}

fn get_item(case: Case, tenant: &Tenant, asked: &Value) -> Value {
    let found = match (asked["TableName"].as_str(), asked["Key"]["sk"]["S"].as_str()) {
        (Some(KEYS), _) => case.key_item(tenant),
        (Some(STORES), Some("store")) => tenant.store_item(),
        (Some(STORES), Some(_)) => tenant.grant_item(),
        _ => return json!({}),
    };
    json!({ "Item": item(found) })
}

fn item(plain: Map<String, Value>) -> Value {
    Value::Object(attributes(plain))
}

/// An item as DynamoDB writes it.
fn attributes(plain: Map<String, Value>) -> Map<String, Value> {
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
