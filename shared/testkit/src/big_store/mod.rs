//! A stand-in for BigCommerce on loopback, in the shapes of its published OpenAPI documents, with its traps.
//!
//! A wrong `X-Auth-Token` is 401. Every answer tells what is left of the window (`X-Rate-Limit-*`), and a call beyond it is 429. v2 answers an
//! empty list with 204. `include=options` and `include=modifiers` cut a page to ten products. Rows that share a date change places between
//! pages when they are sorted by it; all rows here share theirs. Orders are thin unless consignments are included, and `DELETE` archives
//! them. A customer shows ten addresses at most. A batch of more than ten products is 413.

mod catalogue;
mod hooks;
mod listing;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

pub use crate::loopback_server::Received;
use crate::loopback_server::{Answer, LoopbackServer, Record, lock, unix_now};
use crate::webhooks::{self, Outbox, Sent};

/// The token that opens the stand-in.
pub const ACCESS_TOKEN: &str = "bc_demo_0123456789abcdefghijklmnopq";

/// What the stand-in signs webhooks with.
pub const CLIENT_SECRET: &str = "bc_client_secret_0123456789abcdef";

/// The path of the stand-in's one store.
pub const STORE_PATH: &str = "/stores/demo123";

/// How the stand-in is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How many products there are; as many orders and customers.
    pub rows: u64,
    /// How many calls a window lets through.
    pub quota: u32,
    /// How long a window is.
    pub window: Duration,
}

impl Default for Setup {
    /// Seven rows of each, and the quota of the smaller plans: 150 calls in 30 s.
    fn default() -> Self {
        Self { rows: 7, quota: 150, window: Duration::from_secs(30) }
    }
}

/// A running stand-in; it stops when dropped. Must be started inside a Tokio runtime.
pub struct BigStore {
    server: LoopbackServer,
    shared: Arc<Shared>,
    outbox: Outbox<()>,
    told: Mutex<u64>,
}

/// What the handler and the handle share.
struct Shared {
    setup: Setup,
    state: Mutex<State>,
    window: Mutex<(Instant, u32)>,
    refused: Mutex<usize>,
    record: Record,
}

/// The store's objects by id.
struct State {
    products: BTreeMap<u64, Value>,
    orders: BTreeMap<u64, Value>,
    customers: BTreeMap<u64, Value>,
    categories: BTreeMap<u64, Value>,
    carts: BTreeMap<String, Value>,
    hooks: BTreeMap<u64, Value>,
    last_id: u64,
}

impl BigStore {
    /// Starts a stand-in on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            setup,
            state: Mutex::new(catalogue::seeded(setup.rows)),
            window: Mutex::new((Instant::now(), 0)),
            refused: Mutex::default(),
            record: Record::default(),
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
        Ok(Self { server, shared, outbox: Outbox::start(1, |(), _| {}), told: Mutex::default() })
    }

    /// The store's API path: `http://127.0.0.1:PORT/stores/demo123`.
    #[must_use]
    pub fn url(&self) -> Url {
        let mut url = self.server.url().clone();
        url.set_path(STORE_PATH);
        url
    }

    /// How many calls arrived, refused ones too.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.record.count()
    }

    /// The last 1,000 calls, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.record.list()
    }

    /// Forgets the calls that arrived.
    pub fn forget(&self) {
        self.shared.record.clear();
    }

    /// How many calls were answered with 429.
    #[must_use]
    pub fn rate_limited(&self) -> usize {
        *lock(&self.shared.refused)
    }

    /// The ids of the products that are there now.
    #[must_use]
    pub fn product_ids(&self) -> Vec<u64> {
        lock(&self.shared.state).products.keys().copied().collect()
    }

    /// The webhooks that are registered, as the store shows them.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Value> {
        lock(&self.shared.state).hooks.values().cloned().collect()
    }

    /// Switches all webhooks off, as BigCommerce does when nobody took one for 48 hours.
    pub fn switch_off_webhooks(&self) {
        lock(&self.shared.state).hooks.values_mut().for_each(|hook| hook["is_active"] = false.into());
    }

    /// Tells whoever registered for the scope (`store/order/updated`) or its family; says how many those are. Sent behind this call, signed with
    /// [`CLIENT_SECRET`].
    pub fn tell(&self, scope: &str, data: &Value) -> usize {
        let state = lock(&self.shared.state);
        let wanting = state.hooks.values().filter(|hook| hooks::wants(hook, scope));
        let mut count = 0;
        for hook in wanting {
            let mut told = lock(&self.told);
            *told += 1;
            let body = hooks::body(scope, data, unix_now());
            let url = hook["destination"].as_str().unwrap_or_default();
            let request = webhooks::standard(url, CLIENT_SECRET, &format!("msg_{told}"), unix_now(), body);
            self.outbox.send((), scope, request);
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

    /// Takes a product away behind everybody's back.
    pub fn lose_product(&self, id: u64) {
        lock(&self.shared.state).products.remove(&id);
    }
}

impl Shared {
    fn answer(&self, received: &Received) -> Response<Answer> {
        let (left, reset) = self.count();
        let mut answer = match left {
            Some(_) => routes::answer(&mut lock(&self.state), received),
            None => {
                *lock(&self.refused) += 1;
                routes::error(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
            }
        };
        let headers = answer.headers_mut();
        headers.insert("x-rate-limit-requests-left", HeaderValue::from(left.unwrap_or(0)));
        headers.insert("x-rate-limit-requests-quota", HeaderValue::from(self.setup.quota));
        headers.insert("x-rate-limit-time-reset-ms", millis(reset));
        headers.insert("x-rate-limit-time-window-ms", millis(self.setup.window));
        answer
    }

    /// Counts a call: what is left after it, `None` when it is one too many, and when the window ends.
    fn count(&self) -> (Option<u32>, Duration) {
        let mut window = lock(&self.window);
        if window.0.elapsed() >= self.setup.window {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        (self.setup.quota.checked_sub(window.1), self.setup.window.saturating_sub(window.0.elapsed()))
    }
}

fn millis(duration: Duration) -> HeaderValue {
    HeaderValue::from(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
