//! What stores' platforms say is left of their limits, remembered between calls: this instance waits before a platform has to say 429.
//!
//! Each instance knows what its own calls were told. Another instance may spend the same allowance; then the platform refuses and
//! [`crate::egress`] does what R134 says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connectors::Allowance;
use domain::id::StoreId;
use tokio::time::Instant;

/// Stores an instance remembers.
const REMEMBERED: usize = 512;

/// The paces of all stores that an instance calls.
#[derive(Default)]
pub struct Paces(Mutex<HashMap<StoreId, Arc<Pace>>>);

impl Paces {
    /// The pace of a store.
    #[must_use]
    pub fn of(&self, store: &StoreId) -> Arc<Pace> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= REMEMBERED && !paces.contains_key(store) {
            // What is forgotten is learnt again from the next answer.
            paces.clear();
        }
        paces.entry(store.clone()).or_default().clone()
    }
}

/// How fast one store may be called.
#[derive(Default)]
pub struct Pace(Mutex<State>);

#[derive(Default)]
struct State {
    told: Option<(Allowance, Instant)>,
    /// Spent since it was told.
    spent: u32,
    /// Sent and not answered.
    in_flight: u32,
}

/// A piece of the allowance for one call on its way; it ends with the call, however that ends.
pub(crate) struct Taken<'a> {
    pace: &'a Pace,
    cost: u32,
}

impl Pace {
    /// Takes `cost` out of what is left.
    ///
    /// # Errors
    /// How long to wait before asking again, where there is not so much left.
    pub(crate) fn take(&self, cost: u32) -> Result<Taken<'_>, Duration> {
        let mut state = self.state();
        if let Some((allowance, at)) = state.told {
            let wait = allowance.wait(cost, state.spent, at.elapsed());
            if !wait.is_zero() {
                return Err(wait);
            }
        }
        state.spent = state.spent.saturating_add(cost);
        state.in_flight = state.in_flight.saturating_add(cost);
        Ok(Taken { pace: self, cost })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// Notes what the call's answer said, if it said something.
    pub(crate) fn told(self, allowance: Option<Allowance>) {
        let Some(allowance) = allowance else { return };
        let mut state = self.pace.state();
        state.told = Some((allowance, Instant::now()));
        // The answer may not know of what is still on its way; it does know of its own call.
        state.spent = state.in_flight.saturating_sub(self.cost);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.in_flight = state.in_flight.saturating_sub(self.cost);
    }
}

#[cfg(test)]
mod tests {
    use connectors::Refill;

    use super::*;

    const WINDOW: Duration = Duration::from_millis(80);

    #[tokio::test]
    async fn what_is_left_is_spent_and_no_more() {
        let pace = Pace::default();
        let wait = |cost| pace.take(cost).err();
        let first = pace.take(1).unwrap_or_else(|_| panic!("nothing is known yet"));
        let on_its_way = pace.take(1);
        first.told(Some(Allowance { available: 2, refill: Refill::All { after: WINDOW } }));
        assert_eq!(wait(1), None, "one is still on its way, so one is left of two");
        assert!(wait(1).is_some_and(|wait| wait <= WINDOW));
        drop(on_its_way);
        assert!(wait(1).is_some_and(|wait| wait <= WINDOW), "a call that ends gives nothing back");
        tokio::time::sleep(WINDOW).await;
        assert_eq!(wait(1), None);
    }

    #[test]
    fn a_store_keeps_its_pace_and_the_number_of_stores_is_bounded() {
        let paces = Paces::default();
        let store = |n: u128| StoreId::from_uuid(uuid::Uuid::from_u128(n));
        assert!(Arc::ptr_eq(&paces.of(&store(1)), &paces.of(&store(1))));
        assert!(!Arc::ptr_eq(&paces.of(&store(1)), &paces.of(&store(2))));
        for n in 0..2_000 {
            let _ = paces.of(&store(n));
        }
        assert!(paces.0.lock().unwrap().len() <= REMEMBERED);
    }
}
