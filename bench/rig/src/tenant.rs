//! The one account, key, store and grant that there are, as their items. Their form is that of `cloud::dynamo`; if that moves on, the proxy
//! answers 503 here and the bench ends at its first call.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    id::{AccountId, ApplicationId, KeyId, StoreId},
    key::NewKey,
    limit::attribute::Snapshot,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Who calls whom.
pub(crate) struct Tenant {
    pub(crate) account: AccountId,
    pub(crate) application: ApplicationId,
    key: NewKey,
    /// The store that is called.
    pub(crate) store: StoreId,
    /// Where it is, without a slash at the end.
    pub(crate) store_url: String,
    /// What opens it.
    pub(crate) store_key: String,
    /// Its platform.
    platform: &'static str,
}

impl Tenant {
    /// A tenant whose store is at `store_url`.
    pub(crate) fn new(store_url: String, store_key: String, platform: &'static str) -> Self {
        let id = |number: u128| Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + number);
        Self {
            account: AccountId::from_uuid(id(1)),
            application: ApplicationId::from_uuid(id(2)),
            key: NewKey::mint(KeyId::from_uuid(id(3)), &std::array::from_fn(|place| place as u8)),
            store: StoreId::from_uuid(id(4)),
            store_url,
            store_key,
            platform,
        }
    }

    /// The key, to call with.
    pub(crate) fn key(&self) -> &str {
        self.key.reveal()
    }

    /// The key's item: a tier's letter with, for an enterprise tier, its rate and quota, and the ledger.
    pub(crate) fn key_item(
        &self,
        tier: &str,
        custom: Option<(u32, u64)>,
        (admitted, snapshots): (u64, Vec<(Snapshot, u64)>),
    ) -> Map<String, Value> {
        let mut item = object(json!({
            "pk": format!("key#{}", self.key.id().body()), "v": 1, "a": self.account.body(), "p": self.application.body(),
            "s": "prra", "t": tier, "st": "a", "ep": 1, "h": {"B": STANDARD.encode(self.key.secret_hash())}, "n": admitted,
        }));
        if let Some((rate, quota)) = custom {
            item.extend([("r".to_owned(), rate.into()), ("q".to_owned(), quota.into())]);
        }
        item.extend(snapshots.into_iter().map(|(snapshot, before)| (snapshot.name(), before.into())));
        item
    }

    /// The store's item.
    pub(crate) fn store_item(&self) -> Map<String, Value> {
        object(json!({
            "pk": format!("store#{}", self.store.body()), "sk": "store", "v": 1, "id": self.store, "account": self.account,
            "platform": self.platform, "url": self.store_url, "region": "eu", "state": "connected", "generation": 1, "cache": false,
            "connected_at": "2026-11-01T00:00:00Z",
        }))
    }

    /// The item of the application's grant on the store.
    pub(crate) fn grant_item(&self) -> Map<String, Value> {
        object(json!({
            "pk": format!("store#{}", self.store.body()), "sk": format!("grant#{}", self.application.body()), "v": 1,
            "store": self.store, "application": self.application, "scopes": ["orders:read", "products:read", "raw"],
            "granted_at": "2026-11-01T00:00:00Z",
        }))
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
