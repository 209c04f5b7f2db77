//! A stand-in for Medusa on plain http: the recordings of a running 2.15, and its own rules.
//!
//! It takes a secret key as Medusa does (Basic, the key as the user name, plain or in base64; 401 `{"message"}` else), has no cap on `limit` and no
//! order unless one is asked for, answers 500 to a relation that it does not know, says `deleted` of what never was, replaces a price list by the one that is
//! sent, and refuses in Medusa's words (`{"type", "message"}`). The recorded objects are there, and so many mugs that there are 320
//! products. Products, categories, customers, stock levels, tags and orders can be written; what is written is kept.

mod routes;
mod rows;
mod writes;

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use url::Url;

pub use crate::loopback_server::Received;
use crate::loopback_server::{LoopbackServer, Record, lock, rfc3339, unix_now};
use crate::webhooks::{self, Outbox, Sent};
use rows::Rows;

/// The secret key that opens the stand-in.
pub const SECRET_KEY: &str = "sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// How many products there are at first.
pub const PRODUCTS: usize = 320;

/// A running stand-in; it stops when dropped. Must be started inside a Tokio runtime.
pub struct MedusaStore {
    server: LoopbackServer,
    shared: Arc<Shared>,
    outbox: Outbox<()>,
    /// Where our subscriber file posts to, and the secret in it.
    subscriber: Mutex<Option<(String, String)>>,
    told: Mutex<u64>,
}

/// What the handler and the handle share.
struct Shared {
    rows: Mutex<Rows>,
    record: Record,
}

impl MedusaStore {
    /// Starts a stand-in on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::InvalidData`] when a recording cannot be read.
    pub async fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared { rows: Mutex::new(Rows::recorded()?), record: Record::default() });
        let handling = Arc::clone(&shared);
        let server = LoopbackServer::start(0, move |received| {
            let shared = Arc::clone(&handling);
            async move {
                shared.record.add(&received);
                routes::answer(&shared, &received)
            }
        })
        .await?;
        let (subscriber, told) = (Mutex::default(), Mutex::default());
        Ok(Self { server, shared, outbox: Outbox::start(4, |(), _| {}), subscriber, told })
    }

    /// Its address: `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.server.url()
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

    /// Puts our subscriber file into the shop, as its merchant does.
    pub fn subscribe(&self, url: &str, secret: &str) {
        *lock(&self.subscriber) = Some((url.to_owned(), secret.to_owned()));
    }

    /// Tells the subscriber file, if there is one, of an event (`order.placed`), which carries ids only. Sent behind this call, up to four times.
    pub fn tell(&self, name: &str, data: &Value) {
        let Some((url, secret)) = lock(&self.subscriber).clone() else { return };
        let mut told = lock(&self.told);
        *told += 1;
        let body = json!({ "type": name, "timestamp": rfc3339(unix_now()), "data": data }).to_string();
        let request = webhooks::standard(&url, &secret, &format!("evt_{told}"), unix_now(), body);
        self.outbox.send((), name, request);
    }

    /// Waits until every event is sent.
    pub async fn settled(&self) {
        self.outbox.settled().await;
    }

    /// The last 1,000 events that were sent, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.outbox.sent()
    }

    /// The ids of the products that are there now, in order.
    #[must_use]
    pub fn product_ids(&self) -> Vec<String> {
        let rows = lock(&self.shared.rows);
        rows.products.keys().cloned().collect()
    }

    /// A product as it is kept.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<Value> {
        lock(&self.shared.rows).products.get(id).cloned()
    }
}

#[cfg(test)]
mod tests;
