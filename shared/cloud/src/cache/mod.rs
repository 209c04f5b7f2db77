//! Answers of stores whose owners want them served again for some minutes (R141–R143, `product.md` decision 1).
//!
//! An answer rests in the memory of the instance that read it; those of products and categories also in the table `cache`, sealed under the
//! store's data key, where another instance finds them. [`domain::cache`] says how long and where.
//!
//! # Generations
//! Each entity of a store has a count in the table. An answer carries the count that stood there before the store was asked, and it is served
//! only while the same count stands there: a look at the cache begins with that one consistent read. So whoever raises the count
//! ([`ResponseCache::invalidate`]) makes every copy void at once, those in the memories of other instances too, and an answer that was under
//! way meanwhile is void when it arrives. Where the count cannot be read, nothing is served from here.

mod flights;
mod memory;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    cache::{self, Caching, Rest},
    hex::hex,
    id::StoreId,
    model::Entity,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;

use self::{flights::Flights, memory::Memory};
use crate::{
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        Unavailable,
        cache::{BodyItem, Cached, LARGEST},
        key,
    },
    seal::{self, DataKey},
};

/// First in the hash of what was asked: another form of our answers is another answer.
const FORM: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));
/// Stores whose data key an instance remembers.
const KEYS: usize = 64;
/// How long it does.
const KEY_FRESH: Duration = Duration::from_secs(600);

/// What was asked of a store.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    store: StoreId,
    entity: Entity,
    asked: String,
}

impl Place {
    /// The place of an answer. `asked` is everything that the answer hangs on beside the store and the entity: the platform, the address, and
    /// what was asked of them. Only its hash is kept.
    #[must_use]
    pub fn new(store: &StoreId, entity: Entity, asked: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in [FORM].iter().chain(asked) {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let asked = hex(&digest.finalize());
        Self { store: store.clone(), entity, asked }
    }
}

/// An answer, whole: no field of it is left out.
#[derive(Clone)]
pub struct Found {
    /// Its body.
    pub body: Bytes,
    /// How many objects it holds, where it is a page.
    pub rows: Option<u16>,
    /// When the store was asked.
    pub fetched_at: Timestamp,
    /// The entity's generation before that.
    pub generation: u64,
}

/// See the module.
pub struct ResponseCache {
    table: Cached,
    keys: DataKeys,
    clock: Clock,
    memory: Memory,
    flights: Flights,
    known_keys: Mutex<HashMap<StoreId, (Arc<DataKey>, Timestamp)>>,
}

impl ResponseCache {
    /// A cache over the table.
    #[must_use]
    pub fn new(table: Cached, keys: DataKeys, clock: Clock) -> Self {
        Self {
            table,
            keys,
            clock,
            memory: Memory::default(),
            flights: Flights::default(),
            known_keys: Mutex::default(),
        }
    }

    /// The generation that an answer must carry to be served now; to be asked before the store is.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked: then nothing may be served from here, and nothing kept.
    pub async fn generation(&self, store: &StoreId, entity: Entity) -> Result<u64, Unavailable> {
        self.table.generation(store, entity).await
    }

    /// An answer that may be served, with its age.
    pub async fn find(&self, place: &Place, caching: Caching, generation: u64) -> Option<(Found, Duration)> {
        let remembered = self.remembered(place, caching, generation);
        if remembered.is_some() || caching.rest != Rest::Table {
            return remembered;
        }
        let found = self.open(place, generation).await?;
        let age = self.servable(&found, caching, generation)?;
        self.remember(place, caching, found.clone());
        Some((found, age))
    }

    /// As [`ResponseCache::find`], in this instance's memory alone.
    #[must_use]
    pub fn remembered(&self, place: &Place, caching: Caching, generation: u64) -> Option<(Found, Duration)> {
        let found = self.memory.get(place, self.clock.now())?;
        let age = self.servable(&found, caching, generation);
        if age.is_none() {
            self.memory.forget(place);
        }
        age.map(|age| (found, age))
    }

    fn remember(&self, place: &Place, caching: Caching, found: Found) {
        let until = found.fetched_at + caching.time_to_live;
        self.memory.put(place.clone(), found, until, self.clock.now());
    }

    /// Keeps an answer where its entity's may rest. One that cannot be kept is asked for again.
    pub async fn keep(&self, place: &Place, caching: Caching, found: Found) {
        self.remember(place, caching, found.clone());
        if caching.rest != Rest::Table || found.body.len() >= LARGEST {
            return;
        }
        let Some(key) = self.data_key(&place.store).await else { return };
        let sk = key::body(place.entity, &place.asked);
        let sealed = key.seal(sealed_at(place, &sk, found.generation, found.fetched_at).place(), &found.body);
        if sealed.len() > LARGEST {
            return;
        }
        let item = BodyItem {
            pk: key::store(&place.store),
            sk,
            v: 1,
            generation: found.generation,
            fetched_at: found.fetched_at,
            rows: found.rows,
            sealed: sealed.into(),
            expires_at: found.fetched_at.as_second() + i64::try_from(caching.time_to_live.as_secs()).unwrap_or(0),
        };
        // Its cause is in the log already.
        let _ = self.table.keep(&item).await;
    }

    /// Makes every answer of these entities void, wherever it rests.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked; what is served then is at most as old as its time to live.
    pub async fn invalidate(&self, store: &StoreId, entities: &[Entity]) -> Result<(), Unavailable> {
        self.table.invalidate(store, entities, self.clock.now()).await
    }

    /// Waits for the turn to ask the store for what belongs to a place.
    pub async fn turn(&self, place: &Place) -> OwnedMutexGuard<()> {
        self.flights.turn(place).await
    }

    fn servable(&self, found: &Found, caching: Caching, generation: u64) -> Option<Duration> {
        let age = cache::age(caching, found.fetched_at, self.clock.now())?;
        (found.generation == generation).then_some(age)
    }

    async fn open(&self, place: &Place, generation: u64) -> Option<Found> {
        let sk = key::body(place.entity, &place.asked);
        let item = self.table.body(&place.store, &sk).await.ok()??;
        // Before KMS is asked for a key that would open what cannot be served.
        if item.generation != generation || item.expires_at < self.clock.now().as_second() {
            return None;
        }
        let key = self.data_key(&place.store).await?;
        let at = sealed_at(place, &sk, item.generation, item.fetched_at);
        match key.open(at.place(), &item.sealed) {
            Ok(body) => Some(Found {
                body: Bytes::copy_from_slice(&body),
                rows: item.rows,
                fetched_at: item.fetched_at,
                generation: item.generation,
            }),
            Err(broken) => {
                tracing::error!(store = %place.store, cause = %broken, "a cached answer is not what was put there");
                None
            }
        }
    }

    /// The store's data key, from memory or from KMS; nothing where there is none, or none can be had.
    async fn data_key(&self, store: &StoreId) -> Option<Arc<DataKey>> {
        let now = self.clock.now();
        let fresh = |since: Timestamp| Duration::try_from(now.duration_since(since)).is_ok_and(|age| age < KEY_FRESH);
        {
            let known = self.known_keys.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((key, since)) = known.get(store)
                && fresh(*since)
            {
                return Some(key.clone());
            }
        }
        let key = Arc::new(self.keys.find(store).await.ok()??);
        let mut known = self.known_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS {
            known.retain(|_, (_, since)| fresh(*since));
        }
        if known.len() >= KEYS {
            known.clear();
        }
        known.insert(store.clone(), (key.clone(), now));
        Some(key)
    }
}

/// Where a body is sealed for: what was asked, under which generation, when.
struct SealedAt<'a> {
    store: &'a StoreId,
    item: String,
    fetched_at: Timestamp,
}

fn sealed_at<'a>(place: &'a Place, sk: &str, generation: u64, fetched_at: Timestamp) -> SealedAt<'a> {
    SealedAt { store: &place.store, item: format!("{sk}@{generation}"), fetched_at }
}

impl SealedAt<'_> {
    fn place(&self) -> seal::Place<'_> {
        let version = u64::try_from(self.fetched_at.as_millisecond()).unwrap_or(0);
        seal::Place { holder: self.store.into(), field: "cache.sealed", item: &self.item, version }
    }
}
