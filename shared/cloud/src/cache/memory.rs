//! Answers in the memory of one instance: bounded in bytes, the least recently used goes first.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Found, Place};

/// Bytes of bodies that an instance holds at most. A function has 256 MB.
const ROOM: usize = 24 * 1024 * 1024;

struct Held {
    found: Found,
    until: Timestamp,
    used: u64,
}

#[derive(Default)]
struct Inside {
    held: HashMap<Place, Held>,
    bytes: usize,
    uses: u64,
}

/// See the module.
#[derive(Default)]
pub(super) struct Memory(Mutex<Inside>);

impl Memory {
    pub(super) fn get(&self, place: &Place, now: Timestamp) -> Option<Found> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.tidy(now);
        inside.uses += 1;
        let now = inside.uses;
        let held = inside.held.get_mut(place)?;
        held.used = now;
        Some(held.found.clone())
    }

    /// Holds an answer until then if it fits at all, in place of whatever was not used for longest.
    pub(super) fn put(&self, place: Place, found: Found, until: Timestamp, now: Timestamp) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.tidy(now);
        inside.forget(&place);
        let size = found.body.len();
        if size > ROOM {
            return;
        }
        while inside.bytes + size > ROOM {
            let Some(oldest) = inside.held.iter().min_by_key(|(_, held)| held.used).map(|(place, _)| place.clone())
            else {
                break;
            };
            inside.forget(&oldest);
        }
        inside.uses += 1;
        inside.bytes += size;
        let used = inside.uses;
        inside.held.insert(place, Held { found, until, used });
    }

    /// Drops an answer that is void or too old.
    pub(super) fn forget(&self, place: &Place) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).forget(place);
    }
}

impl Inside {
    /// What may not be served any more is not held either: it may tell of people.
    fn tidy(&mut self, now: Timestamp) {
        let Self { held, bytes, .. } = self;
        held.retain(|_, held| {
            let stays = held.until >= now;
            if !stays {
                *bytes -= held.found.body.len();
            }
            stays
        });
    }

    fn forget(&mut self, place: &Place) {
        if let Some(held) = self.held.remove(place) {
            self.bytes -= held.found.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use domain::{id::StoreId, model::Entity};

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let memory = Memory::default();
        let store = StoreId::from_uuid(Clock::system().new_id());
        let place = |name: &str| Place { store: store.clone(), entity: Entity::Products, asked: name.to_owned() };
        let found = |size| Found {
            body: Bytes::from(vec![0; size]),
            rows: None,
            fetched_at: Timestamp::UNIX_EPOCH,
            generation: 0,
        };
        let (now, end) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + Duration::from_secs(60));
        let put = |name: &str, found: Found| memory.put(place(name), found, end, now);
        let get = |name: &str| memory.get(&place(name), end);
        put("a", found(ROOM / 2));
        put("b", found(ROOM / 2));
        assert!(get("a").is_some());
        put("c", found(1));
        assert!(get("b").is_none(), "`a` was used since");
        assert!(get("a").is_some() && get("c").is_some());

        put("d", found(ROOM + 1));
        assert!(get("d").is_none() && get("a").is_some(), "it clears nothing out for itself");
        assert!(memory.get(&place("a"), end + Duration::from_secs(1)).is_none(), "what is over is not held");
        put("a", found(0));
        put("c", found(0));
        assert_eq!(memory.0.lock().unwrap().bytes, 0, "what is replaced is not counted twice");
    }
}
