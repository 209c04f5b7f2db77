//! Stores that left, so that somebody looks four weeks later whether anything of them is left (`privacy.md` D.10; table `stores`).
//!
//! The record is made with the very first step of an off-boarding and is the one thing that outlives it. It holds ids and times.

use domain::{
    id::{AccountId, StoreId},
    store::StoreState,
};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp, civil::Date};
use personal_data::PersonalData;

use super::{
    Unavailable,
    accounts::StorePointerItem,
    call::Client,
    events::KEPT,
    key,
    page::get,
    store_keys::StoreKeys,
    stores::StoreItem,
    transaction::{Part, put, put_alone, text},
    unavailable, unreadable,
};
use crate::clock::day_of;

const DAY: i64 = 86_400;
/// How long it is remembered that a store left and nothing of it was found: two years, as long as requests of people.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(731 * 24);

/// One store that left.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "stores", subject = Nobody, role = Controller, region = Anywhere)]
pub struct DepartureItem {
    /// `departed#` and the day on which it left.
    #[pd(none)]
    pub pk: String,
    /// `store#` and the store's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The store.
    #[pd(none)]
    pub store: StoreId,
    /// Whose it was.
    #[pd(none)]
    pub account: AccountId,
    /// Which of its generations left.
    #[pd(none)]
    pub generation: u32,
    /// When its off-boarding began.
    #[pd(none)]
    pub left_at: Timestamp,
    /// When somebody last looked whether anything of it is left.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// Where something was found then, by the names of the data map.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_in: Vec<String>,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

impl DepartureItem {
    /// Whether it was looked for and nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.checked_at.is_some() && self.found_in.is_empty()
    }
}

/// The write that remembers that a store leaves, for the transaction that begins its off-boarding.
pub(super) fn departing(table: &str, store: &StoreItem, now: Timestamp) -> Part {
    let left_at = store.disconnected_at.unwrap_or(now);
    let item = DepartureItem {
        pk: key::departed(day_of(left_at)),
        sk: key::store(&store.id),
        v: 1,
        store: store.id.clone(),
        account: store.account.clone(),
        generation: store.generation,
        left_at,
        checked_at: None,
        found_in: Vec::new(),
        expires_at: (left_at + REMEMBERED).as_second(),
    };
    put(table, &item)
}

/// Looks for what is left of stores, by their keys: no table is scanned for it.
#[derive(Clone)]
pub struct Departures {
    /// A client of the tables.
    pub client: Client,
    /// Table of stores and grants.
    pub stores: String,
    /// Table of the stores' data keys.
    pub store_keys: StoreKeys,
    /// Table of cached answers.
    pub cache: String,
    /// Table of events.
    pub events: String,
    /// Table of accounts.
    pub accounts: String,
}

impl Departures {
    /// The stores that left on a day.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn of(&self, day: Date) -> Result<Vec<DepartureItem>, Unavailable> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.stores)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(key::departed(day)))
                .consistent_read(true)
                .exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("departures", &error))?;
            for row in answer.items.unwrap_or_default() {
                found.push(serde_dynamo::from_item(row).map_err(|error| unreadable("departures", &error))?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Where something of a store is left, by the names of the data map. Of one that was connected anew since, nothing is the old one's.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn left_in_tables(&self, departed: &DepartureItem) -> Result<Vec<&'static str>, Unavailable> {
        let DepartureItem { store, account, generation, left_at, .. } = departed;
        let item: Option<StoreItem> =
            get(&self.client, &self.stores, "stores", key::store(store), key::STORE.to_owned()).await?;
        if item.is_some_and(|item| item.generation > *generation && item.state != StoreState::Disconnecting) {
            return Ok(Vec::new());
        }
        let partition = key::store(store);
        let mut left = Vec::new();
        for (name, table) in [("stores", &self.stores), ("cache", &self.cache)] {
            if self.holds(table, partition.clone()).await? {
                left.push(name);
            }
        }
        // What came in until it left, and what was on its way then.
        let days = (-1..=KEPT / DAY).map(|days| key::events(store, *left_at - SignedDuration::from_secs(days * DAY)));
        let mut partitions: Vec<String> = days.collect();
        partitions.push(key::marks(store));
        let held = try_join_all(partitions.into_iter().map(|pk| self.holds(&self.events, pk))).await?;
        if held.contains(&true) {
            left.push("events");
        }
        if self.store_keys.get(store.into()).await?.is_some() {
            left.push("store-keys");
        }
        let pointer: Option<StorePointerItem> =
            get(&self.client, &self.accounts, "accounts", key::account(account), key::store(store)).await?;
        if pointer.is_some() {
            left.push("accounts");
        }
        Ok(left)
    }

    /// Notes what was found of a store, or that nothing was.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note(&self, checked: &DepartureItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.stores, "departures", checked).await
    }

    async fn holds(&self, table: &str, pk: String) -> Result<bool, Unavailable> {
        let answer = self
            .client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
            .projection_expression("pk")
            .limit(1)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("departures", &error))?;
        Ok(answer.items.is_some_and(|items| !items.is_empty()))
    }
}
