//! WooCommerce's webhooks, with their traps (`platforms.md` 0.1 to 0.3, 5.3): an unsigned ping for each that is saved, delivery ids that are the
//! same for all of one webhook in one second, a new order told twice in the same bytes, silence when something is deleted by force, and off for
//! good after more than five failures in a row.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::answers::{error, no_route, whole};
use crate::loopback_server::{Answer, Received, lock, unix_now};
use crate::webhooks::{self, Outbox};

type Result<T> = std::result::Result<T, Response<Answer>>;

/// So many failures in a row are borne.
const BORNE: u32 = 5;

/// One webhook.
struct Webhook {
    shown: Map<String, Value>,
    secret: String,
    failures: u32,
}

impl Webhook {
    fn text(&self, name: &str) -> &str {
        self.shown.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_active(&self) -> bool {
        self.text("status") == "active"
    }
}

/// All webhooks.
pub(super) struct Webhooks {
    all: Arc<Mutex<BTreeMap<u64, Webhook>>>,
    last_id: Mutex<u64>,
    /// What is sent: of which webhook, and whether it is more than a ping.
    pub(super) outbox: Outbox<(u64, bool)>,
}

impl Webhooks {
    pub(super) fn new() -> Self {
        let all: Arc<Mutex<BTreeMap<u64, Webhook>>> = Arc::default();
        let known = Arc::clone(&all);
        let outbox = Outbox::start(1, move |(id, counts): (u64, bool), status: Option<StatusCode>| {
            let mut known = lock(&known);
            let Some(hook) = known.get_mut(&id).filter(|_| counts) else { return };
            if status.is_some_and(|status| status.is_success()) {
                hook.failures = 0;
                return;
            }
            hook.failures += 1;
            if hook.failures > BORNE {
                hook.shown.insert("status".to_owned(), "disabled".into());
            }
        });
        Self { all, last_id: Mutex::default(), outbox }
    }

    /// What is registered, as the store shows it.
    pub(super) fn shown(&self) -> Vec<Value> {
        lock(&self.all).values().map(|hook| hook.shown.clone().into()).collect()
    }

    /// Tells of something in these bytes; says how many want to know.
    pub(super) fn tell(&self, topic: &str, body: &str) -> usize {
        let all = lock(&self.all);
        let wanting = all.iter().filter(|(_, hook)| hook.is_active() && hook.text("topic") == topic);
        let mut count = 0;
        for (id, hook) in wanting {
            let delivery = format!("{id:x}{:x}", unix_now());
            let url = hook.text("delivery_url");
            let request = webhooks::woocommerce(url, &hook.secret, topic, *id, &delivery, body.to_owned());
            self.outbox.send((*id, true), topic, request);
            count += 1;
        }
        count
    }

    /// Tells of what a call changed, by its answer.
    pub(super) fn changed(&self, received: &Received, path: &str, answer: &Response<Answer>) {
        let Answer::Whole(bytes) = answer.body() else { return };
        let body = std::str::from_utf8(bytes).unwrap_or_default();
        let (collection, is_one) = match path.split_once('/') {
            None => (path, false),
            Some((collection, id)) if id.bytes().all(|byte| byte.is_ascii_digit()) => (collection, true),
            Some(_) => return,
        };
        let Some(name) = collection.strip_suffix('s').filter(|name| matches!(*name, "product" | "order" | "customer"))
        else {
            return;
        };
        let is_forced = received.target.contains("force=true");
        match (&received.method, is_one) {
            _ if !answer.status().is_success() => {}
            (&Method::POST, false) => {
                self.tell(&format!("{name}.created"), body);
                if name == "order" {
                    self.tell("order.updated", body);
                }
            }
            (&Method::PUT | &Method::PATCH | &Method::POST, true) => {
                self.tell(&format!("{name}.updated"), body);
            }
            (&Method::DELETE, true) if !is_forced => {
                let id = serde_json::from_str::<Value>(body).unwrap_or_default()["id"].clone();
                self.tell(&format!("{name}.deleted"), &json!({ "id": id }).to_string());
            }
            _ => {}
        }
    }

    /// Answers a call of a signed caller; `path` is what follows `webhooks`.
    pub(super) fn answer(&self, received: &Received, path: &str) -> Result<Response<Answer>> {
        let sent: Map<String, Value> = serde_json::from_slice(&received.body).unwrap_or_default();
        let id = || path.trim_start_matches('/').parse::<u64>().ok();
        match (&received.method, path) {
            (&Method::GET, "") => Ok(whole(StatusCode::OK, json!(self.shown()).to_string())),
            (&Method::POST, "") => Ok(whole(StatusCode::CREATED, self.save(None, &sent)?.to_string())),
            (&Method::POST, "/batch") => {
                let lot = |name: &str| sent.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                let one = |row: Value, id: Option<u64>| {
                    let made = self.save(id, row.as_object().unwrap_or(&Map::new()));
                    made.unwrap_or_else(|_| json!({ "id": id, "error": { "code": "woocommerce_rest_shop_webhook_invalid_id", "message": "Invalid ID.", "data": { "status": 404 } } }))
                };
                let create: Vec<Value> = lot("create").into_iter().map(|row| one(row, None)).collect();
                let update: Vec<Value> = lot("update")
                    .into_iter()
                    .map(|row| (row["id"].as_u64(), row))
                    .map(|(id, row)| one(row, id))
                    .collect();
                let delete: Vec<Value> = lot("delete").iter().filter_map(|id| self.remove(id.as_u64()?)).collect();
                Ok(whole(StatusCode::OK, json!({ "create": create, "update": update, "delete": delete }).to_string()))
            }
            (&Method::PUT | &Method::POST, _) if id().is_some() => {
                Ok(whole(StatusCode::OK, self.save(id(), &sent)?.to_string()))
            }
            (&Method::DELETE, _) => {
                let removed = id().and_then(|id| self.remove(id)).ok_or_else(unknown)?;
                Ok(whole(StatusCode::OK, removed.to_string()))
            }
            _ => Err(no_route()),
        }
    }

    fn remove(&self, id: u64) -> Option<Value> {
        lock(&self.all).remove(&id).map(|hook| hook.shown.into())
    }

    /// Saves one, and tries its address if it is on.
    fn save(&self, id: Option<u64>, sent: &Map<String, Value>) -> Result<Value> {
        let mut all = lock(&self.all);
        let id = match id {
            Some(id) if all.contains_key(&id) => id,
            Some(_) => return Err(unknown()),
            None if sent.get("topic").is_none() || sent.get("delivery_url").is_none() => {
                let message = "Webhook topic must be valid.";
                return Err(error(StatusCode::BAD_REQUEST, "woocommerce_rest_shop_webhook_invalid_topic", message));
            }
            None => {
                let mut last = lock(&self.last_id);
                *last += 1;
                let shown = json!({ "id": *last, "name": "", "status": "active", "topic": "", "delivery_url": "" });
                let shown = shown.as_object().cloned().unwrap_or_default();
                all.insert(*last, Webhook { shown, secret: String::new(), failures: 0 });
                *last
            }
        };
        let hook = all.get_mut(&id).ok_or_else(unknown)?;
        for (name, value) in sent.iter().filter(|(name, _)| *name != "id") {
            match (name.as_str(), value.as_str()) {
                ("secret", Some(secret)) => secret.clone_into(&mut hook.secret),
                _ => drop(hook.shown.insert(name.clone(), value.clone())),
            }
        }
        if hook.is_active() {
            self.outbox.send((id, false), "ping", webhooks::woocommerce_ping(hook.text("delivery_url"), id));
        }
        Ok(hook.shown.clone().into())
    }
}

fn unknown() -> Response<Answer> {
    error(StatusCode::NOT_FOUND, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
}
