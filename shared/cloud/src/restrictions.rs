//! Customers of a store whose data must not be used (GDPR Art. 18; `privacy.md` D.6): who they are is known by keyed names alone.
//!
//! The name key is derived from the store's data key, so that a customer of two stores has two names that nobody can join, not even those stores'
//! common owner (R131), and that the names say nothing from the moment on in which a store leaves and its data key is shredded.
//!
//! # What it costs
//! The store's item counts the changes of its restrictions. Whoever decides about a store's data reads that item anyway, and where it counts none,
//! nothing more is read: a store without restrictions costs no read unit, no call of KMS and no hash. Where it counts some, they are read once an
//! instance and change: a query (one read unit for each 4 KiB, about a dozen restrictions), the data key (one read unit) and one call of KMS.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    id::{ApplicationId, RestrictionId, StoreId},
    restriction::{Identifier, Whose},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    data_keys::DataKeys,
    dynamo::{
        Unavailable,
        stores::{RestrictionItem, StoreItem, Stores},
    },
    seal::{DataKey, NameKey},
};

/// Stores whose restrictions an instance remembers: some hundred bytes for each restriction.
const REMEMBERED: usize = 64;

/// Gives a store's customers their names.
pub struct Names(NameKey);

impl Names {
    /// The names of a store's customers.
    #[must_use]
    pub fn of(store: &StoreId, key: &DataKey) -> Self {
        Self(key.naming(store.into(), "restrictions"))
    }

    /// The name of a customer who is known by `identifier`, in lower-case hex.
    #[must_use]
    pub fn name(&self, identifier: Identifier<'_>) -> String {
        self.0.name(&[identifier.kind().as_str(), &identifier.folded()])
    }
}

/// The restriction of whoever has these names: the same whenever they are restricted again.
#[must_use]
pub fn id(names: &[String]) -> RestrictionId {
    let digest = Sha256::digest(names.join("\n"));
    let half = digest.iter().take(16).fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    RestrictionId::from_uuid(Uuid::from_u128(half))
}

/// The customers of one store whose data must not be used.
pub struct Restricted {
    names: Names,
    rows: Vec<RestrictionItem>,
    known: HashSet<String>,
}

impl Restricted {
    fn new(names: Names, rows: Vec<RestrictionItem>) -> Self {
        let known = rows.iter().flat_map(|row| row.names.iter().cloned()).collect();
        Self { names, rows, known }
    }

    /// Whether something that is `whose` must not be used at `now`, not by `application` at least; without one, not by anybody whom a restriction
    /// does not except.
    #[must_use]
    pub fn forbids(&self, application: Option<&ApplicationId>, whose: &Whose, now: Timestamp) -> bool {
        whose.identifiers().map(|identifier| self.names.name(identifier)).filter(|name| self.known.contains(name)).any(
            |name| {
                let excepts = |row: &RestrictionItem| application.is_some_and(|id| row.legal_claims.contains(id));
                self.rows.iter().any(|row| row.holds(now) && row.names.contains(&name) && !excepts(row))
            },
        )
    }
}

/// Reads the restrictions of stores, and remembers them as long as they are the same.
pub struct Restrictions {
    stores: Stores,
    keys: DataKeys,
    remembered: Mutex<HashMap<StoreId, Remembered>>,
}

struct Remembered {
    generation: u32,
    changes: u32,
    restricted: Option<Arc<Restricted>>,
}

impl Restrictions {
    /// Adapter over the table of `stores`, and the stores' data keys.
    #[must_use]
    pub fn new(stores: Stores, keys: DataKeys) -> Self {
        Self { stores, keys, remembered: Mutex::default() }
    }

    /// The restrictions of a connected store that has just been read; nothing where it has none.
    ///
    /// # Errors
    /// [`Unavailable`] where a table or KMS cannot be asked: then nobody knows whose data may be used, and none may.
    pub async fn of(&self, store: &StoreItem) -> Result<Option<Arc<Restricted>>, Unavailable> {
        if store.restriction_changes == 0 {
            return Ok(None);
        }
        if let Some(restricted) = self.recall(store) {
            return Ok(restricted);
        }
        // Read after the count was: they are at least as new, and what changes from now on changes the count.
        let rows = self.stores.restrictions(&store.id).await?;
        let restricted = if rows.is_empty() {
            None
        } else {
            // A store without a data key has left this very moment.
            let key = self.keys.find(&store.id).await?.ok_or(Unavailable)?;
            Some(Arc::new(Restricted::new(Names::of(&store.id, &key), rows)))
        };
        self.remember(store, restricted.clone());
        Ok(restricted)
    }

    /// Takes away what restricts a customer of a connected store who is erased: nothing is left whose use could be restricted. Where others change
    /// the store's restrictions meanwhile, [`Unavailable`]: it is to be done again.
    ///
    /// # Errors
    /// [`Unavailable`] where a table or KMS cannot be asked.
    pub async fn forget(&self, store: &StoreItem, customer: &str) -> Result<(), Unavailable> {
        let Some(restricted) = self.of(store).await? else { return Ok(()) };
        let name = restricted.names.name(Identifier::Id(customer));
        let mut store = store.clone();
        for row in restricted.rows.iter().filter(|row| row.names.contains(&name)) {
            if !self.stores.forget_restriction(&store, &row.id).await? {
                return Err(Unavailable);
            }
            store.restriction_changes += 1;
        }
        Ok(())
    }

    fn recall(&self, store: &StoreItem) -> Option<Option<Arc<Restricted>>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(&store.id)?;
        let is_same = (found.generation, found.changes) == (store.generation, store.restriction_changes);
        is_same.then(|| found.restricted.clone())
    }

    fn remember(&self, store: &StoreItem, restricted: Option<Arc<Restricted>>) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        let (generation, changes) = (store.generation, store.restriction_changes);
        remembered.insert(store.id.clone(), Remembered { generation, changes, restricted });
    }
}
