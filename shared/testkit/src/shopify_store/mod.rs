//! A stand-in for a Shopify shop: the Admin API in GraphQL, checked against the vendor's schema, with its bucket of points, and a little of
//! the REST API beside it.
//!
//! It refuses what the real one refuses: documents and variables that do not fit the schema, queries of more than 1,000 points, more points
//! than the bucket holds (`THROTTLED`, with 200), input that makes no sense (`userErrors`, with 200), changes of stock without an
//! idempotency key or from a quantity that is no more there. Cursors cannot be counted with, and a page has at most 250 rows.

mod hooks;
mod mutate;
mod rest;
mod run;
mod schema;
mod state;

use std::io;
use std::sync::{Arc, Mutex};

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use url::Url;

use self::mutate::Given;
pub use self::run::Sizing;
use self::run::{Run, alias};
use self::schema::{Operation, Schema, json as literal};
use self::state::State;
pub use self::state::{CURRENCY, LOCATIONS};
pub use crate::loopback_server::Received;
use crate::loopback_server::{Answer, LoopbackServer, Record, lock};
use crate::webhooks::{self, Outbox, Sent};

/// The token that opens the stand-in.
pub const ACCESS_TOKEN: &str = "shpat_0123456789abcdef0123456789abcdef";

/// What the stand-in signs webhooks with.
pub const CLIENT_SECRET: &str = "shpss_0123456789abcdef0123456789abcdef";

/// After so many failures in a row a subscription is deleted.
const TRIES: u64 = 8;

/// What a query may cost.
const MAX_QUERY: f64 = 1000.0;

/// How the shop is.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How many products.
    pub products: u64,
    /// How many variants the first of them has; the others have one.
    pub variants: u64,
    /// How many customers.
    pub customers: u64,
    /// How many orders; the first has 14 lines.
    pub orders: u64,
    /// The points that the bucket holds.
    pub capacity: f64,
    /// The points that come back in a second.
    pub restore_rate: f64,
    /// How connections are charged.
    pub sizing: Sizing,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            products: 30,
            variants: 30,
            customers: 12,
            orders: 20,
            capacity: 20_000.0,
            restore_rate: 1000.0,
            sizing: Sizing::Logarithmic,
        }
    }
}

/// A running stand-in; it stops when dropped. Must be started inside a Tokio runtime.
pub struct ShopifyStore {
    server: LoopbackServer,
    shared: Arc<Shared>,
    outbox: Outbox<u64>,
    told: Mutex<u64>,
}

struct Shared {
    setup: Setup,
    schema: Schema,
    state: Mutex<State>,
    bucket: Mutex<Bucket>,
    throttled: Mutex<usize>,
    forbidden: Mutex<Vec<String>>,
    record: Record,
}

/// Points, as they leak back.
struct Bucket {
    available: f64,
    at: Instant,
}

impl Bucket {
    fn now(&mut self, setup: &Setup) -> f64 {
        let now = Instant::now();
        let back = now.duration_since(self.at).as_secs_f64() * setup.restore_rate;
        self.available = (self.available + back).min(setup.capacity);
        self.at = now;
        self.available
    }
}

impl ShopifyStore {
    /// Starts a stand-in on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::InvalidData`] when the schema cannot be read.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let schema = Schema::read().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let shared = Arc::new(Shared {
            setup,
            schema,
            state: Mutex::new(State::new(&setup)),
            bucket: Mutex::new(Bucket { available: setup.capacity, at: Instant::now() }),
            throttled: Mutex::new(0),
            forbidden: Mutex::default(),
            record: Record::default(),
        });
        let telling = Arc::clone(&shared);
        let outbox = Outbox::start(1, move |id: u64, status: Option<StatusCode>| {
            let mut state = lock(&telling.state);
            let Some(hook) = state.hooks.get_mut(&id) else { return };
            let failures = hook["failures"].as_u64().unwrap_or(0) + 1;
            if status.is_some_and(|status| status.is_success()) {
                hook["failures"] = 0.into();
            } else if failures < TRIES {
                hook["failures"] = failures.into();
            } else {
                state.hooks.remove(&id);
            }
        });
        let handling = Arc::clone(&shared);
        let server = LoopbackServer::start(0, move |received| {
            let shared = Arc::clone(&handling);
            async move {
                shared.record.add(&received);
                shared.answer(&received)
            }
        })
        .await?;
        Ok(Self { server, shared, outbox, told: Mutex::default() })
    }

    /// Its address: `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.server.url()
    }

    /// The last 1,000 calls, oldest first, refused ones too.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.record.list()
    }

    /// Forgets the calls that arrived, and how often one was throttled.
    pub fn forget(&self) {
        self.shared.record.clear();
        *lock(&self.shared.throttled) = 0;
    }

    /// How many calls were told that they are throttled.
    #[must_use]
    pub fn throttled(&self) -> usize {
        *lock(&self.shared.throttled)
    }

    /// Takes points out of the bucket, as another program of the same app would.
    pub fn drain(&self, left: f64) {
        let mut bucket = lock(&self.shared.bucket);
        bucket.now(&self.shared.setup);
        bucket.available = left;
    }

    /// The webhook subscriptions: topic, as in `ORDERS_UPDATED`, and address.
    #[must_use]
    pub fn webhooks(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        lock(&self.shared.state).hooks.values().map(|hook| (text(&hook["topic"]), text(&hook["uri"]))).collect()
    }

    /// Deletes the first subscription of a topic, as Shopify does after eight failed tries.
    pub fn lose_webhook(&self, topic: &str) {
        let mut state = lock(&self.shared.state);
        let lost = state.hooks.iter().find(|(_, hook)| hook["topic"] == hooks::in_schema(topic)).map(|(id, _)| *id);
        lost.and_then(|id| state.hooks.remove(&id));
    }

    /// Refuses subscriptions to a topic from now on: the token lacks the permission.
    pub fn forbid_webhook(&self, topic: &str) {
        lock(&self.shared.forbidden).push(hooks::in_schema(topic));
    }

    /// Tells whoever subscribed to the topic (`orders/updated`); says how many those are. Sent behind this call, signed with [`CLIENT_SECRET`], and cut
    /// to the fields that were asked for.
    pub fn tell(&self, topic: &str, body: &Value) -> usize {
        let state = lock(&self.shared.state);
        let wanting = state.hooks.iter().filter(|(_, hook)| hook["topic"] == hooks::in_schema(topic));
        let mut count = 0;
        for (id, hook) in wanting {
            let wanted = hook["includeFields"].as_array().cloned().unwrap_or_default();
            let mut body = body.clone();
            if let Some(members) = body.as_object_mut().filter(|_| !wanted.is_empty()) {
                members.retain(|name, _| wanted.contains(&name.as_str().into()));
            }
            let webhook = {
                let mut told = lock(&self.told);
                *told += 1;
                format!("webhook-{told}")
            };
            let url = hook["uri"].as_str().unwrap_or_default();
            self.outbox.send(*id, topic, webhooks::shopify(url, CLIENT_SECRET, topic, &webhook, body.to_string()));
            count += 1;
        }
        count
    }

    /// Waits until every webhook is sent.
    pub async fn settled(&self) {
        self.outbox.settled().await;
    }

    /// The last 1,000 webhooks that were sent, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.outbox.sent()
    }

    /// The numbers of the products that are there now.
    #[must_use]
    pub fn product_ids(&self) -> Vec<u64> {
        lock(&self.shared.state).products.keys().copied().collect()
    }
}

impl Shared {
    fn answer(&self, received: &Received) -> Response<Answer> {
        let token = received.headers.get("x-shopify-access-token").and_then(|token| token.to_str().ok());
        if token != Some(ACCESS_TOKEN) {
            let message = "[API] Invalid API key or access token (unrecognized login or wrong password)";
            return whole(StatusCode::UNAUTHORIZED, &json!({ "errors": message }));
        }
        let path = received.target.split('?').next().unwrap_or_default();
        match path.strip_prefix("/admin/api/").and_then(|path| path.split_once('/')) {
            Some((_, "graphql.json")) if received.method == Method::POST => self.graphql(received),
            Some((version, path)) => rest::answer(&mut lock(&self.state), received, version, path),
            None => whole(StatusCode::NOT_FOUND, &json!({ "errors": "Not Found" })),
        }
    }

    fn graphql(&self, received: &Received) -> Response<Answer> {
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let operation = match Operation::parse(body["query"].as_str().unwrap_or_default()) {
            Ok(operation) => operation,
            Err(message) => return errors(vec![json!({ "message": message })], None),
        };
        let variables: Map<String, Value> = body["variables"].as_object().cloned().unwrap_or_default();
        let wrong = self.schema.check(&operation, &variables);
        if !wrong.is_empty() {
            let told = |message| json!({ "message": message, "extensions": { "code": "undefinedField" } });
            return errors(wrong.into_iter().map(told).collect(), None);
        }
        let run = Run { schema: &self.schema, variables: &variables };
        let fixed = if operation.is_mutation { 10.0 } else { 0.0 };
        let requested = (fixed + run.cost(&operation.selection, operation.root(), None, self.setup.sizing)).floor();
        if requested > MAX_QUERY {
            let message = format!("Query cost is {requested}, which exceeds the single query max cost limit (1000).");
            return errors(vec![json!({ "message": message, "extensions": { "code": "MAX_COST_EXCEEDED" } })], None);
        }
        let available = lock(&self.bucket).now(&self.setup);
        if requested > available {
            *lock(&self.throttled) += 1;
            let error = json!({ "message": "Throttled", "extensions": { "code": "THROTTLED" } });
            return errors(vec![error], Some(self.cost(requested, Value::Null, available)));
        }
        let data = match self.execute(&run, &operation) {
            Ok(data) => data,
            Err(message) => {
                return errors(vec![json!({ "message": message, "extensions": { "code": "BAD_REQUEST" } })], None);
            }
        };
        let actual = (fixed + run.cost(&operation.selection, operation.root(), Some(&data), self.setup.sizing)).floor();
        let available = {
            let mut bucket = lock(&self.bucket);
            bucket.now(&self.setup);
            bucket.available -= actual;
            bucket.available
        };
        let cost = self.cost(requested, actual.into(), available);
        whole(StatusCode::OK, &json!({ "data": data, "extensions": { "cost": cost } }))
    }

    fn cost(&self, requested: f64, actual: Value, available: f64) -> Value {
        json!({
            "requestedQueryCost": requested, "actualQueryCost": actual,
            "throttleStatus": { "maximumAvailable": self.setup.capacity, "currentlyAvailable": available.floor(), "restoreRate": self.setup.restore_rate },
        })
    }

    fn execute(&self, run: &Run<'_>, operation: &Operation) -> Result<Value, String> {
        let mut state = lock(&self.state);
        let mut data = Map::new();
        for selection in &operation.selection.items {
            let graphql_parser::query::Selection::Field(field) = selection else { continue };
            let known = &self.schema.objects[operation.root()][&field.name];
            let value = if operation.is_mutation {
                let all = |arguments: &[(String, graphql_parser::query::Value<'static, String>)]| {
                    arguments
                        .iter()
                        .map(|(name, value)| (name.clone(), literal(value, run.variables)))
                        .collect::<Map<_, _>>()
                };
                let key = field.directives.iter().find(|directive| directive.name == "idempotent");
                let key = key.and_then(|key| all(&key.arguments)["key"].as_str().map(str::to_owned));
                let forbidden = lock(&self.forbidden).clone();
                let given = Given { arguments: all(&field.arguments), key, forbidden };
                let now = format!(
                    "2026-11-22T{:02}:{:02}:{:02}Z",
                    state.fresh() / 3600 % 24,
                    state.fresh() / 60 % 60,
                    state.fresh() % 60
                );
                mutate::run(&mut state, &field.name, &given, &now)
            } else {
                root(&state, run, &field.name, field)
            };
            data.insert(alias(field), run.value(&value, &known.kind, field)?);
        }
        Ok(data.into())
    }
}

/// A field of the query root: all rows of a list in order of their numbers, or one object.
fn root(state: &State, run: &Run<'_>, name: &str, field: &graphql_parser::query::Field<'static, String>) -> Value {
    let id = run.argument(field, "id").unwrap_or_default();
    let of = |table: &state::Table, kind: &str| {
        state::number(&id, kind).and_then(|id| table.get(&id)).cloned().unwrap_or_default()
    };
    let rows = |table: &state::Table| table.values().cloned().collect::<Vec<_>>();
    let list = match name {
        "shop" => {
            return json!({ "id": state::gid("Shop", 1), "name": "Stand-in", "currencyCode": CURRENCY, "myshopifyDomain": "stand-in.myshopify.com" });
        }
        "product" => return of(&state.products, "Product"),
        "order" => return of(&state.orders, "Order"),
        "customer" => return of(&state.customers, "Customer"),
        "collection" => return of(&state.collections, "Collection"),
        "productVariant" => {
            return state.variants().into_iter().find(|variant| variant["id"] == id).unwrap_or_default();
        }
        "inventoryItem" => {
            let with_its_variant = |mut variant: Value| {
                let mut item = variant["inventoryItem"].take();
                item["variants"] = json!([variant]);
                item
            };
            return state
                .variants()
                .into_iter()
                .map(with_its_variant)
                .find(|item| item["id"] == id)
                .unwrap_or_default();
        }
        "products" => rows(&state.products),
        "orders" => rows(&state.orders),
        "customers" => rows(&state.customers),
        "collections" => rows(&state.collections),
        "productVariants" => state.variants(),
        "webhookSubscriptions" => rows(&state.hooks),
        "nodes" => return nodes(state, run, field),
        _ => Vec::new(),
    };
    let after = run
        .argument(field, "query")
        .and_then(|query| Some(query.as_str()?.strip_prefix("updated_at:>'")?.strip_suffix('\'')?.to_owned()));
    // Times are written alike, so they compare as text.
    list.into_iter()
        .filter(|row| after.as_deref().is_none_or(|after| row["updatedAt"].as_str() > Some(after)))
        .collect()
}

/// The objects of the ids that were asked for, in their order; null for what is not there.
fn nodes(state: &State, run: &Run<'_>, field: &graphql_parser::query::Field<'static, String>) -> Value {
    let ids = run.argument(field, "ids").and_then(|ids| ids.as_array().cloned()).unwrap_or_default();
    let variants = state.variants();
    let tables = [&state.products, &state.orders, &state.customers, &state.collections];
    let all = || tables.into_iter().flat_map(|table| table.values()).chain(&variants);
    ids.iter()
        .map(|id| all().find(|object| object["id"] == *id).map_or(Value::Null, |object| json!({ "id": object["id"] })))
        .collect()
}

fn errors(errors: Vec<Value>, cost: Option<Value>) -> Response<Answer> {
    let mut body = json!({ "errors": errors });
    if let Some(cost) = cost {
        body["extensions"] = json!({ "cost": cost });
    }
    whole(StatusCode::OK, &body)
}

fn whole(status: StatusCode, body: &Value) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests;
