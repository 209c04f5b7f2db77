//! Who may send webhooks of a store: from this instance's memory for a minute, else from the tables.
//!
//! A stranger costs what it costs to find out that it is one, and then nothing for a while: what is not there is remembered as such, and a
//! signature that does not fit has the secrets read again no more than every few seconds a store, however many such webhooks come.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cloud::{
    clock::Clock,
    dynamo::Unavailable,
    hooks::{HookSecrets, HookVault},
};
use connectors::hooks::recipe::{Recipe, recipe};
use domain::{id::StoreId, store::StoreState};
use jiff::Timestamp;

/// How long what was read is gone by. A secret that was rotated is good for a day longer, so nothing is refused meanwhile; a store that has
/// left is listened to no longer than this.
const FRESH: Duration = Duration::from_secs(60);
/// How long a store that is not there is not looked for again, and how old secrets must be to be read again for a signature that they do
/// not explain.
const SETTLED: Duration = Duration::from_secs(5);
/// Stores that an instance remembers; each is less than a kilobyte.
const SENDERS: usize = 1_024;
/// Ids of stores that are not there which an instance remembers. They have a place of their own: made-up ids push nobody out.
const STRANGERS: usize = 4_096;

/// A connected store whose platform sends webhooks.
pub(crate) struct Sender {
    /// How its platform's webhooks are proven.
    pub(crate) recipe: &'static Recipe,
    /// What they are signed with.
    pub(crate) secrets: HookSecrets,
}

#[derive(Clone)]
struct Remembered {
    sender: Arc<Sender>,
    /// When it was read.
    read: Timestamp,
    /// When the tables were last asked for it, and whether they answered.
    asked: Timestamp,
    answered: bool,
}

/// Finds senders.
pub(crate) struct Senders {
    vault: HookVault,
    clock: Clock,
    known: Mutex<Bounded<Remembered>>,
    strangers: Mutex<Bounded<Timestamp>>,
}

impl Senders {
    pub(crate) fn new(vault: HookVault, clock: Clock) -> Self {
        Self {
            vault,
            clock,
            known: Mutex::new(Bounded::holding(SENDERS)),
            strangers: Mutex::new(Bounded::holding(STRANGERS)),
        }
    }

    /// The sender for a store; nothing where no connected store has this id.
    ///
    /// # Errors
    /// [`Unavailable`] where a table or KMS could not be asked.
    pub(crate) async fn find(&self, store: &StoreId) -> Result<Option<Arc<Sender>>, Unavailable> {
        let now = self.clock.now();
        if let Some(known) = self.recall(store) {
            if is_younger(known.read, now, FRESH) {
                return Ok(Some(known.sender));
            }
        } else if self.is_stranger(store, now) {
            return Ok(None);
        }
        self.read(store, now).await
    }

    /// The sender for a store whose webhook its remembered secrets do not explain, as it stands now: the secret may have been changed a moment
    /// ago. Nothing where what is remembered is as good as new.
    ///
    /// # Errors
    /// [`Unavailable`] where a table or KMS could not be asked, now or a moment ago.
    pub(crate) async fn look_again(&self, store: &StoreId) -> Result<Option<Arc<Sender>>, Unavailable> {
        let now = self.clock.now();
        let Some(mut known) = self.recall(store) else { return Ok(None) };
        if is_younger(known.asked, now, SETTLED) {
            return if known.answered { Ok(None) } else { Err(Unavailable) };
        }
        let found = self.read(store, now).await;
        if found.is_err() {
            (known.asked, known.answered) = (now, false);
            lock(&self.known).put(store, known, |_| true);
        }
        found
    }

    async fn read(&self, store: &StoreId, now: Timestamp) -> Result<Option<Arc<Sender>>, Unavailable> {
        // Boxed, because calls of several services nested in one future are more than the compiler lays out. It is the rare way.
        let sender = Box::pin(self.vault.sender(store)).await?.and_then(|(item, secrets)| {
            let recipe = recipe(&item.platform).filter(|_| item.state == StoreState::Connected)?;
            Some(Arc::new(Sender { recipe, secrets }))
        });
        match &sender {
            Some(sender) => {
                let remembered = Remembered { sender: sender.clone(), read: now, asked: now, answered: true };
                lock(&self.known).put(store, remembered, |known| is_younger(known.read, now, FRESH));
            }
            None => {
                lock(&self.known).entries.remove(store);
                lock(&self.strangers).put(store, now, |since| is_younger(*since, now, SETTLED));
            }
        }
        Ok(sender)
    }

    fn recall(&self, store: &StoreId) -> Option<Remembered> {
        lock(&self.known).entries.get(store).cloned()
    }

    fn is_stranger(&self, store: &StoreId, now: Timestamp) -> bool {
        lock(&self.strangers).entries.get(store).is_some_and(|since| is_younger(*since, now, SETTLED))
    }
}

/// A map that holds no more than so many: where it is full, those go that count no more, and if none does, all.
struct Bounded<T> {
    entries: HashMap<StoreId, T>,
    most: usize,
}

impl<T> Bounded<T> {
    fn holding(most: usize) -> Self {
        Self { entries: HashMap::new(), most }
    }

    fn put(&mut self, store: &StoreId, value: T, counts: impl Fn(&T) -> bool) {
        if self.entries.len() >= self.most && !self.entries.contains_key(store) {
            self.entries.retain(|_, entry| counts(entry));
            if self.entries.len() >= self.most {
                self.entries.clear();
            }
        }
        self.entries.insert(store.clone(), value);
    }
}

/// Whether something is younger than this; a clock that was set back makes nothing young.
fn is_younger(since: Timestamp, now: Timestamp, than: Duration) -> bool {
    let age = now.as_millisecond() - since.as_millisecond();
    u128::try_from(age).is_ok_and(|age| age < than.as_millis())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> StoreId {
        StoreId::from_uuid(Clock::system().new_id())
    }

    #[test]
    fn a_full_map_drops_what_counts_no_more_and_then_all() {
        let mut map = Bounded::holding(2);
        let (one, two, three, four) = (store(), store(), store(), store());
        map.put(&one, 1, |_| true);
        map.put(&two, 2, |_| true);
        map.put(&two, 22, |_| false);
        assert_eq!(
            (map.entries.get(&one), map.entries.get(&two)),
            (Some(&1), Some(&22)),
            "an entry of its own is no more"
        );
        map.put(&three, 3, |entry| *entry > 1);
        assert_eq!((map.entries.contains_key(&one), map.entries.len()), (false, 2));
        map.put(&four, 4, |_| true);
        assert_eq!((map.entries.get(&four), map.entries.len()), (Some(&4), 1));
    }

    #[test]
    fn what_lies_in_the_future_is_not_young() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(is_younger(at(10), at(14), SETTLED));
        assert!(!is_younger(at(10), at(15), SETTLED));
        assert!(!is_younger(at(10), at(9), SETTLED));
    }
}
