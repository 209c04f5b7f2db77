//! What a platform says is left of its own limit, and how long to wait for more: whoever sends waits before the platform says 429.

use std::time::Duration;

/// What is left of a platform's limit after one of its answers. The unit is the platform's: calls, or points of a query's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What could be spent at the moment of the answer.
    pub available: u32,
    /// How it grows again.
    pub refill: Refill,
}

/// How an allowance grows again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refill {
    /// All at once when the platform's window ends, so long after the answer.
    All {
        /// How long after the answer.
        after: Duration,
    },
    /// Steadily, as a leaking bucket empties.
    Steady {
        /// What comes back in a second, at least 1.
        per_second: u32,
        /// The most that there can be.
        capacity: u32,
    },
}

impl Allowance {
    /// How long to wait before `cost` may be spent, `elapsed` after the answer and with `spent` sent since then; zero for "now". A cost
    /// above the whole capacity waits for the full bucket and no longer: the platform will say what it thinks of it.
    #[must_use]
    pub fn wait(&self, cost: u32, spent: u32, elapsed: Duration) -> Duration {
        let wanted = spent.saturating_add(cost);
        if wanted <= self.available {
            return Duration::ZERO;
        }
        match self.refill {
            Refill::All { after } => after.saturating_sub(elapsed),
            Refill::Steady { per_second, capacity } => {
                let missing = wanted.min(capacity.saturating_add(spent)).saturating_sub(self.available);
                Duration::from_secs_f64(f64::from(missing) / f64::from(per_second.max(1))).saturating_sub(elapsed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_window_opens_at_its_end() {
        let allowance = Allowance { available: 2, refill: Refill::All { after: 10 * SECOND } };
        assert_eq!(allowance.wait(1, 0, Duration::ZERO), Duration::ZERO);
        assert_eq!(allowance.wait(1, 1, SECOND), Duration::ZERO);
        assert_eq!(allowance.wait(1, 2, SECOND), 9 * SECOND);
        assert_eq!(allowance.wait(1, 2, 11 * SECOND), Duration::ZERO);
    }

    #[test]
    fn a_bucket_fills_steadily() {
        let allowance = Allowance { available: 50, refill: Refill::Steady { per_second: 100, capacity: 2000 } };
        assert_eq!(allowance.wait(50, 0, Duration::ZERO), Duration::ZERO);
        assert_eq!(allowance.wait(250, 0, Duration::ZERO), 2 * SECOND);
        assert_eq!(allowance.wait(250, 0, SECOND), SECOND);
        assert_eq!(allowance.wait(250, 100, Duration::ZERO), 3 * SECOND);
        assert_eq!(
            allowance.wait(9999, 0, Duration::ZERO),
            Duration::from_millis(19_500),
            "no longer than to the full bucket"
        );
        let broken = Allowance { available: 0, refill: Refill::Steady { per_second: 0, capacity: 5 } };
        assert_eq!(broken.wait(1, 0, Duration::ZERO), SECOND);
    }
}
