//! One upstream call for many callers of one instance who want the same at the same time.
//!
//! A caller that finds nothing waits for its turn at the place and looks again. Whoever has the turn asks the store; if that call ends early,
//! however it ends, the next one in the row has the turn: nobody waits for someone who is gone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::Place;

/// Places that are remembered before those where nobody is any more are dropped.
const TIDY_AT: usize = 256;

/// See the module.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<Place, Weak<Turn<()>>>>);

impl Flights {
    /// Waits for the turn at a place.
    pub(super) async fn turn(&self, place: &Place) -> OwnedMutexGuard<()> {
        let turn = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if flights.len() >= TIDY_AT {
                flights.retain(|_, turn| turn.strong_count() > 0);
            }
            let under_way = flights.get(place).and_then(Weak::upgrade);
            under_way.unwrap_or_else(|| {
                let turn = Arc::new(Turn::new(()));
                flights.insert(place.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}
