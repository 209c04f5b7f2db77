//! The demo store: a store on loopback that speaks the CartOS REST API over a seeded catalogue.
//!
//! Public pages fix the frame (`platforms.md` 2.2): `X-API-Key`, scopes, `{"products": […], "pagination": {…}}` with `page` and
//! `per_page` up to 100, `{"error": {"code", "message"}}`, `X-RateLimit-*` on every answer, `Retry-After` on 429. They leave the
//! objects open; those of the catalogue are the ones that the CartOS connector documents. One object is wrapped by its name:
//! `{"product": {…}}`.
//!
//! Faults on demand: from Rust with [`DemoStore::fail_next`], from outside with `POST /_demo/faults {"next": 2, "fault": "429",
//! "retry_after": 3}`, for one call with the header `X-Demo-Fault: 500`. `GET /_demo/calls` tells how many calls arrived. Webhooks: `hooks`.

mod answers;
mod catalogue;
mod faults;
mod hooks;
mod state;

pub use faults::{Fault, UnknownFault};

pub use crate::loopback_server::Received;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use http::{HeaderValue, Response};
use serde_json::Value;
use url::Url;

use crate::loopback_server::{Answer, LoopbackServer, Record, lock};
use crate::webhooks::{Outbox, Sent};
use faults::Faults;
use state::State;

/// How often a webhook is sent that nobody takes: CartOS goes on for a day, a test does not wait so long.
const TRIES: u32 = 4;

/// How the demo store is set up.
#[derive(Clone)]
pub struct Setup {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The seed of the catalogue: the same seed makes the same store.
    pub seed: u64,
    /// The key that opens it, with every scope.
    pub api_key: String,
}

impl Default for Setup {
    /// A free port, seed 1 and the key `ak_live_demo_0123456789`.
    fn default() -> Self {
        Self { port: 0, seed: 1, api_key: "ak_live_demo_0123456789".to_owned() }
    }
}

/// A running demo store; it stops when dropped. Must be started inside a Tokio runtime.
pub struct DemoStore {
    server: LoopbackServer,
    api_key: String,
    shared: Arc<Shared>,
}

/// What the handler and the handle share.
struct Shared {
    state: Mutex<State>,
    /// Scopes by key; an empty list stands for all.
    keys: Mutex<BTreeMap<String, Vec<String>>>,
    faults: Mutex<Faults>,
    record: Record,
    limit: Mutex<answers::Limit>,
    sunset: Mutex<Option<HeaderValue>>,
    hooks: Mutex<hooks::Webhooks>,
    outbox: Outbox<()>,
}

impl DemoStore {
    /// Starts a store.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::AddrInUse`] for a busy port.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(catalogue::seeded(setup.seed)),
            keys: Mutex::new(BTreeMap::from([(setup.api_key.clone(), Vec::new())])),
            faults: Mutex::default(),
            record: Record::default(),
            limit: Mutex::default(),
            sunset: Mutex::default(),
            hooks: Mutex::default(),
            outbox: Outbox::start(TRIES, |(), _| {}),
        });
        let handling = Arc::clone(&shared);
        let server = LoopbackServer::start(setup.port, move |received| handle(Arc::clone(&handling), received)).await?;
        Ok(Self { server, api_key: setup.api_key, shared })
    }

    /// Its address: `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.server.url()
    }

    /// The key that opens it.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Lets another key in, with these scopes only (`products:read`, …).
    pub fn add_key(&self, key: &str, scopes: &[&str]) {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        lock(&self.shared.keys).insert(key.to_owned(), scopes);
    }

    /// Locks a key out: the merchant revoked it.
    pub fn remove_key(&self, key: &str) {
        lock(&self.shared.keys).remove(key);
    }

    /// Answers the next `times` calls with a fault.
    pub fn fail_next(&self, times: u32, fault: Fault) {
        lock(&self.shared.faults).plan(times, fault);
    }

    /// Sets how many calls a second are let through before 429; 1,000 at the start.
    pub fn limit_per_second(&self, calls: u32) {
        *lock(&self.shared.limit) = answers::Limit::per_second(calls);
    }

    /// Announces in every answer that the platform ends what is called (RFC 8594), on an HTTP date.
    pub fn announce_sunset(&self, date: &'static str) {
        *lock(&self.shared.sunset) = Some(HeaderValue::from_static(date));
    }

    /// The webhooks that are registered: `{"id", "url", "topics", "active"}`.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Value> {
        hooks::registered(&self.shared)
    }

    /// Switches all webhooks off, as somebody in the store's back office might.
    pub fn switch_off_webhooks(&self) {
        hooks::switch_off(&self.shared);
    }

    /// Tells of an event whoever wants its topic (`order.updated`); says how many webhooks that are. Sent behind this call.
    pub fn tell(&self, topic: &str, data: &Value) -> usize {
        hooks::tell(&self.shared, topic, data)
    }

    /// Waits until every webhook is sent or given up.
    pub async fn settled(&self) {
        self.shared.outbox.settled().await;
    }

    /// The last 1,000 webhooks that were sent, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.outbox.sent()
    }

    /// How many calls arrived since the start or the last [`DemoStore::forget`]; those to `/_demo` do not count.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.record.count()
    }

    /// The last 1,000 of those calls, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.record.list()
    }

    /// Forgets the calls that arrived and the faults that are still to come.
    pub fn forget(&self) {
        self.shared.record.clear();
        *lock(&self.shared.faults) = Faults::default();
    }
}

async fn handle(shared: Arc<Shared>, received: Received) -> Response<Answer> {
    if received.target.starts_with("/_demo/") {
        return faults::control(&shared, &received);
    }
    shared.record.add(&received);
    let by_header = received.headers.get("x-demo-fault").and_then(|value| value.to_str().ok()?.parse().ok());
    let planned = lock(&shared.faults).next();
    let mut answer = match by_header.or(planned) {
        Some(fault) => match fault.answer().await {
            Some(answer) => answer,
            None => answers::answer(&shared, &received),
        },
        None => answers::answer(&shared, &received),
    };
    if let Some(date) = lock(&shared.sunset).clone() {
        answer.headers_mut().insert("sunset", date);
    }
    answer
}

#[cfg(test)]
mod hook_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod through_connector;
