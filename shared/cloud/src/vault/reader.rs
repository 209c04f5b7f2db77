//! The vault as a worker reads it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use connectors::Credential;
use domain::{
    id::{RequestId, StoreId},
    store::VaultForm,
};
use jiff::Timestamp;

use super::{Vault, VaultError};
use crate::{
    clock::Clock,
    dynamo::stores::StoreItem,
    journal::{Concerning, Journal, SecurityEvent},
};

/// Stores whose credentials an instance remembers; each is a few hundred bytes.
const REMEMBERED: usize = 512;
/// A credential is forgotten after so long even where nothing changed: what off-boarding destroyed is in no memory longer than this.
const FRESH: Duration = Duration::from_secs(600);

/// Which credential of a store it is. A store that was connected anew, or whose credential was changed or moved, has another.
type Which = (u32, VaultForm, u32);

struct Remembered {
    credential: Arc<Credential>,
    which: Which,
    since: Timestamp,
}

/// The vault for a function that no key called: each read of the vault leaves a line of its own in the security journal, and what was read is
/// remembered for ten minutes. Whoever uses it settles the [`Journal`] before the invocation ends.
pub struct Reader {
    vault: Vault,
    clock: Clock,
    remembered: Mutex<HashMap<StoreId, Remembered>>,
}

impl Reader {
    /// A reader that remembers nothing yet.
    #[must_use]
    pub fn new(vault: Vault, clock: Clock) -> Self {
        Self { vault, clock, remembered: Mutex::default() }
    }

    /// The credential of a store as its item, read just now, names it.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub async fn read(&self, journal: &Journal, store: &StoreItem) -> Result<Arc<Credential>, VaultError> {
        let which = (store.generation, store.vault, store.credential);
        let now = self.clock.now();
        if let Some(credential) = self.recall(&store.id, which, now) {
            return Ok(credential);
        }
        // Before the read, so that no read goes without its line.
        let concerning =
            Concerning { account: Some(store.account.clone()), store: Some(store.id.clone()), ..Concerning::default() };
        let id = RequestId::from_uuid(self.clock.new_id());
        journal.security(&id, 0, None, SecurityEvent::CredentialRead, concerning);
        let credential = Arc::new(self.vault.read(store).await?);
        self.remember(&store.id, Remembered { credential: credential.clone(), which, since: now });
        Ok(credential)
    }

    fn recall(&self, store: &StoreId, which: Which, now: Timestamp) -> Option<Arc<Credential>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(store)?;
        (found.which == which && is_fresh(found.since, now)).then(|| found.credential.clone())
    }

    fn remember(&self, store: &StoreId, read: Remembered) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        // What is stale is let go with every read, not only where there is no room.
        remembered.retain(|_, entry| is_fresh(entry.since, read.since));
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(store.clone(), read);
    }
}

/// Whether something is younger than [`FRESH`]; a clock that was set back makes nothing young.
fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    let age = now.as_second() - since.as_second();
    u64::try_from(age).is_ok_and(|age| age < FRESH.as_secs())
}
