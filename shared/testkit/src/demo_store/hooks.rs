//! The demo store's webhooks. Where the public pages end, this defines their form: `GET`, `POST`, `PATCH` and `DELETE` of `/api/webhooks` with
//! `{"id", "url", "topics": […], "active"}`, and `secret`, which is taken and never shown.
//!
//! Every change over the API is told to those that want its topic; from outside, `POST /_demo/events {"topic": "order.updated", "id": 5001}`
//! tells of a thing as it is, `{"topic", "data"}` of anything, `{"count": 100}` as often.

use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::answers::{error, json_answer};
use super::state::Kind;
use crate::loopback_server::{Answer, Received, lock, rfc3339, unix_now};
use crate::webhooks;

/// The most webhooks at a time that one call from outside asks for.
const MOST: u32 = 100_000;

/// One webhook.
struct Webhook {
    id: u64,
    url: String,
    topics: Vec<String>,
    secret: String,
    active: bool,
}

/// All webhooks, and how many events were told.
#[derive(Default)]
pub(super) struct Webhooks {
    all: Vec<Webhook>,
    last_id: u64,
    told: u64,
}

/// What a caller sends of one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    url: Option<String>,
    topics: Option<Vec<String>>,
    secret: Option<String>,
    active: Option<bool>,
}

/// The body of `POST /_demo/events`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    topic: String,
    id: Option<u64>,
    data: Option<Value>,
    count: Option<u32>,
}

impl Webhook {
    fn shown(&self) -> Value {
        json!({ "id": self.id, "url": self.url, "topics": self.topics, "active": self.active })
    }

    fn set(&mut self, fields: Fields) {
        let Fields { url, topics, secret, active } = fields;
        self.url = url.unwrap_or(std::mem::take(&mut self.url));
        self.topics = topics.unwrap_or(std::mem::take(&mut self.topics));
        self.secret = secret.unwrap_or(std::mem::take(&mut self.secret));
        self.active = active.unwrap_or(self.active);
    }
}

/// Tells everybody who wants to know; says how many those are.
pub(super) fn tell(shared: &Shared, topic: &str, data: &Value) -> usize {
    let mut hooks = lock(&shared.hooks);
    hooks.told += 1;
    let event = hooks.told;
    let body = json!({ "id": format!("evt_{event}"), "topic": topic, "created_at": rfc3339(unix_now()), "data": data })
        .to_string();
    let wanting = hooks.all.iter().filter(|hook| hook.active && hook.topics.iter().any(|wanted| wanted == topic));
    let mut count = 0;
    for hook in wanting {
        let delivery = format!("dlv_{event}_{}", hook.id);
        let request = webhooks::cartos(&hook.url, &hook.secret, topic, &delivery, body.clone());
        shared.outbox.send((), topic, request);
        count += 1;
    }
    count
}

/// Tells of a change over the API.
pub(super) fn changed(shared: &Shared, kind: Kind, change: &str, data: &Value) {
    let name = if kind == Kind::Inventory { "inventory" } else { kind.singular() };
    tell(shared, &format!("{name}.{change}"), data);
}

/// `/api/webhooks` and what is below it.
pub(super) fn answer(shared: &Shared, received: &Received, id: Option<u64>) -> Response<Answer> {
    let fields = || serde_json::from_slice::<Fields>(&received.body).ok();
    let invalid =
        || error(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "url, topics and secret are required");
    let mut hooks = lock(&shared.hooks);
    let place = id.and_then(|id| hooks.all.iter().position(|hook| hook.id == id));
    match (&received.method, id, place) {
        (_, Some(_), None) => error(StatusCode::NOT_FOUND, "not_found", "no such resource"),
        (&Method::GET, None, _) => {
            let rows: Vec<Value> = hooks.all.iter().map(Webhook::shown).collect();
            let pagination = json!({ "total": rows.len(), "page": 1, "per_page": 100, "total_pages": 1 });
            json_answer(StatusCode::OK, &json!({ "webhooks": rows, "pagination": pagination }))
        }
        (&Method::GET, Some(_), Some(place)) => {
            json_answer(StatusCode::OK, &json!({ "webhook": hooks.all[place].shown() }))
        }
        (&Method::POST, None, _) => {
            let Some(fields) = fields() else { return invalid() };
            if fields.url.is_none() || fields.topics.is_none() || fields.secret.is_none() {
                return invalid();
            }
            hooks.last_id += 1;
            let id = hooks.last_id;
            let mut hook = Webhook { id, url: String::new(), topics: Vec::new(), secret: String::new(), active: true };
            hook.set(fields);
            let answer = json_answer(StatusCode::CREATED, &json!({ "webhook": hook.shown() }));
            hooks.all.push(hook);
            answer
        }
        (&Method::PATCH, Some(_), Some(place)) => match fields() {
            None => invalid(),
            Some(fields) => {
                hooks.all[place].set(fields);
                json_answer(StatusCode::OK, &json!({ "webhook": hooks.all[place].shown() }))
            }
        },
        (&Method::DELETE, Some(_), Some(place)) => {
            hooks.all.remove(place);
            let mut answer = Response::new(Answer::whole(""));
            *answer.status_mut() = StatusCode::NO_CONTENT;
            answer
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the resource does not know this method"),
    }
}

/// `POST /_demo/events`.
pub(super) fn from_outside(shared: &Shared, body: &[u8]) -> Response<Answer> {
    let expected = "expected {\"topic\": \"order.updated\", \"id\": 5001}, or \"data\" in place of \"id\"";
    let Ok(event) = serde_json::from_slice::<Event>(body) else {
        return error(StatusCode::BAD_REQUEST, "invalid_body", expected);
    };
    let name = event.topic.split('.').next().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.singular() == name || kind.plural() == name);
    let thing = || lock(&shared.state).get(kind?, event.id?).cloned();
    let Some(data) = event.data.clone().or_else(thing) else {
        return error(StatusCode::BAD_REQUEST, "invalid_body", expected);
    };
    let count = event.count.unwrap_or(1).min(MOST);
    let sent: usize = (0..count).map(|_| tell(shared, &event.topic, &data)).sum();
    json_answer(StatusCode::ACCEPTED, &json!({ "webhooks": sent }))
}

/// What is registered: address, topics and whether it is active.
pub(super) fn registered(shared: &Shared) -> Vec<Value> {
    lock(&shared.hooks).all.iter().map(Webhook::shown).collect()
}

/// Switches all off, as somebody in the store's back office might.
pub(super) fn switch_off(shared: &Shared) {
    lock(&shared.hooks).all.iter_mut().for_each(|hook| hook.active = false);
}
