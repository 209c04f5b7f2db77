//! A stand-in for WooCommerce on plain http: the captures of a running 11.0.1, and its own rules about credentials.
//!
//! Over http WooCommerce takes nothing but OAuth 1.0a, signed with the consumer secret; Basic, keys in the query, a wrong or used
//! signature get 401 `woocommerce_rest_cannot_view`. Products, variations, orders, customers and categories can be listed, read, created,
//! changed, deleted and batched, with the traps that `records` names. Reads of what nobody changed answer with the captured bytes. The plugin CoCart
//! serves carts beside it; webhooks: `hooks`; [`WooStore::without_cocart`] is a store that lacks it.

mod answers;
mod cocart;
mod hooks;
mod oauth;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::value::RawValue;
use url::Url;

pub use crate::loopback_server::Received;
use crate::loopback_server::{LoopbackServer, Record, lock};
use crate::webhooks::Sent;

const PRODUCTS: &str = include_str!("../../../connectors/fixtures/woocommerce/woo-products.json");
const VARIATION: &str = include_str!("../../../connectors/fixtures/woocommerce/woo-variation.json");
const ORDER: &str = include_str!("../../../connectors/fixtures/woocommerce/woo-order.json");
const LIST_HEADERS: &str = include_str!("../../../connectors/fixtures/woocommerce/woo-list.headers");

/// The consumer key that opens the stand-in.
pub const CONSUMER_KEY: &str = "ck_demo_0123456789abcdef0123456789abcdef0123";

/// The consumer secret that opens the stand-in.
pub const CONSUMER_SECRET: &str = "cs_demo_fedcba9876543210fedcba9876543210fedc";

/// A running stand-in; it stops when dropped. Must be started inside a Tokio runtime.
pub struct WooStore {
    server: LoopbackServer,
    shared: Arc<Shared>,
}

/// What the handler and the handle share.
struct Shared {
    records: Mutex<records::Records>,
    carts: Mutex<cocart::Carts>,
    has_cocart: bool,
    used_nonces: Mutex<BTreeSet<String>>,
    record: Record,
    hooks: hooks::Webhooks,
}

impl WooStore {
    /// Starts a stand-in on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::InvalidData`] when a capture cannot be read.
    pub async fn start() -> io::Result<Self> {
        Self::with(true).await
    }

    /// The same store without the plugin CoCart.
    ///
    /// # Errors
    /// Those of [`WooStore::start`].
    pub async fn without_cocart() -> io::Result<Self> {
        Self::with(false).await
    }

    async fn with(has_cocart: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            records: Mutex::new(records::Records::captured()?),
            carts: Mutex::default(),
            has_cocart,
            used_nonces: Mutex::default(),
            record: Record::default(),
            hooks: hooks::Webhooks::new(),
        });
        let handling = Arc::clone(&shared);
        let server = LoopbackServer::start(0, move |received| {
            let shared = Arc::clone(&handling);
            async move {
                shared.record.add(&received);
                answers::answer(&shared, &received)
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

    /// The webhooks that are registered, as the store shows them: `{"id", "name", "status", "topic", "delivery_url"}`.
    #[must_use]
    pub fn webhooks(&self) -> Vec<serde_json::Value> {
        self.shared.hooks.shown()
    }

    /// Tells of something, in these bytes, whoever wants the topic (`order.updated`); says how many webhooks that are. Sent behind this call.
    pub fn tell(&self, topic: &str, body: &str) -> usize {
        self.shared.hooks.tell(topic, body)
    }

    /// Waits until every webhook is sent, or given up: nothing is sent twice.
    pub async fn settled(&self) {
        self.shared.hooks.outbox.settled().await;
    }

    /// The last 1,000 webhooks that were sent, oldest first; the topic of a try of the address is `ping`.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.hooks.outbox.sent()
    }

    /// How many carts there are now, the owner's too.
    #[must_use]
    pub fn carts(&self) -> usize {
        lock(&self.shared.carts).count()
    }

    /// The ids of the products that are there now.
    #[must_use]
    pub fn product_ids(&self) -> Vec<u64> {
        lock(&self.shared.records).product_ids()
    }
}

/// The two captured products, and the two that the capture's count of four leaves out, made after the simple one.
fn captured_products() -> io::Result<BTreeMap<u64, Box<RawValue>>> {
    let unreadable = |error: serde_json::Error| io::Error::new(io::ErrorKind::InvalidData, error);
    let captured: Vec<Box<RawValue>> = serde_json::from_str(PRODUCTS).map_err(unreadable)?;
    let mut products = BTreeMap::new();
    for product in captured {
        let id = answers::id_of(&product).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        if id == 14 {
            for (id, name) in [(12, "A0"), (13, "A1")] {
                let text = product.get().replace(
                    "\"id\":14,\"name\":\"A2\",\"slug\":\"a2\"",
                    &format!("\"id\":{id},\"name\":\"{name}\",\"slug\":\"{}\"", name.to_lowercase()),
                );
                products.insert(id, RawValue::from_string(text).map_err(unreadable)?);
            }
        }
        products.insert(id, product);
    }
    Ok(products)
}

#[cfg(test)]
mod tests;
