//! A stand-in for Magento 2 on loopback, in the shapes of its service contracts, with its traps.
//!
//! Its token comes as Bearer, or signed with OAuth 1.0a where the stand-in is told to want that. A page past the end repeats the last page.
//! Sorting by anything but an id gives rows that are alike in another order for every page; all rows share their dates. Lists show no
//! stock. More than 300 rows are refused. Saving a product under a SKU that is there changes that product. SKUs hold slashes.

mod catalogue;
mod oauth;
mod routes;
mod searching;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use url::Url;

pub use crate::loopback_server::Received;
use crate::loopback_server::{LoopbackServer, Record, lock};

/// The token that opens the stand-in.
pub const ACCESS_TOKEN: &str = "mg_demo_token_0123456789abcdefghij";
/// The secret of the token.
pub const TOKEN_SECRET: &str = "mg_demo_token_secret_0123456789abc";
/// The consumer's key.
pub const CONSUMER_KEY: &str = "mg_demo_consumer_0123456789abcdefg";
/// The consumer's secret.
pub const CONSUMER_SECRET: &str = "mg_demo_consumer_secret_0123456789";

/// How the stand-in is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How many simple products there are besides the configurable one; as many orders and customers.
    pub rows: u64,
    /// Whether calls must be signed: since 2.4.4 a token alone does not open a store.
    pub signed: bool,
}

impl Default for Setup {
    /// Seven rows of each, a token alone.
    fn default() -> Self {
        Self { rows: 7, signed: false }
    }
}

/// A running stand-in; it stops when dropped. Must be started inside a Tokio runtime.
pub struct MagentoStore {
    server: LoopbackServer,
    shared: Arc<Shared>,
}

/// What the handler and the handle share.
struct Shared {
    setup: Setup,
    state: Mutex<State>,
    record: Record,
}

/// The store's objects by id.
struct State {
    products: BTreeMap<u64, Value>,
    /// Rows of `source-items`, each with the id of its row.
    stock: Vec<Value>,
    orders: BTreeMap<u64, Value>,
    customers: BTreeMap<u64, Value>,
    categories: BTreeMap<u64, Value>,
    last_id: u64,
}

impl MagentoStore {
    /// Starts a stand-in on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { setup, state: Mutex::new(catalogue::seeded(setup.rows)), record: Record::default() });
        let handling = Arc::clone(&shared);
        let server = LoopbackServer::start(0, move |received| {
            let shared = Arc::clone(&handling);
            async move {
                shared.record.add(&received);
                routes::answer(&mut lock(&shared.state), &received, shared.setup.signed)
            }
        })
        .await?;
        Ok(Self { server, shared })
    }

    /// Its address: `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.server.url()
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

    /// The SKUs of the products that are there now.
    #[must_use]
    pub fn skus(&self) -> Vec<String> {
        let state = lock(&self.shared.state);
        state.products.values().filter_map(|product| product["sku"].as_str().map(str::to_owned)).collect()
    }

    /// Takes a product away behind everybody's back.
    pub fn lose_product(&self, id: u64) {
        lock(&self.shared.state).products.remove(&id);
    }
}
