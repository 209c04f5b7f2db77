//! What one instance remembers about one key: the last copy of its ledger, and what may be decided from it.

use super::{Denial, LEASE_MILLIS, Ledger, Moment, RateHeaders, Rule, SECOND_MILLIS, Write};

/// Refusals by the table in a row after which an instance stops trying for a while.
const PATIENCE: u8 = 3;
/// How long it then stops, before jitter.
const HOLD_MILLIS: u64 = 250;
/// The most that jitter adds to that. A hold must end before the shortest `Retry-After`, one second, has passed.
const HOLD_JITTER_MILLIS: u64 = 250;
/// For how long a refusal is given from memory. It would stay right, but a raised tier or a revoked key would go unnoticed.
const TRUST_MILLIS: u64 = 1_000;
/// How far the clock may step back before a copy counts as taken in the future.
const STEP_BACK_MILLIS: u64 = 1_000;
/// The largest burst that may be written from a copy of any age. A write from an old copy can meet no more calls that it knows
/// nothing about than a burst has, each with a snapshot that it cannot remove: this bounds the item's size.
const BLIND_BURST: u64 = 20;

/// What to do with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Ask the table with this write.
    Write(Write),
    /// Read the item first (strongly consistent): the copy is too old to be of use.
    Read,
    /// Refuse; it costs nothing.
    Deny(Denial),
}

/// The state of one key on one instance. Pure: every moment and all randomness come in.
///
/// # Leases
/// A rate above [`super::LEASED_ABOVE`] would take more writes than one partition of the table serves (1,000 a second). There, one
/// write counts up to [`Rule::lease_size`] calls in advance, and the tokens are used within [`LEASE_MILLIS`].
///
/// - *Never over*: a token is used at most a lease's life after it was counted, and the windows of a leased rule reach back
///   that much further.
/// - *Under by*: the peak is reached to `1 s / (1 s + 50 ms + margin + 250 ms)`, three quarters; the sustained rate in full,
///   but for tokens that expire unused. A lease is no larger than what the instance used in the current or the previous life, so
///   that an instance in steady use loses about none and one that falls silent loses one lease.
/// - *Writes*: a fiftieth of the rate a lease, so 50 a second in all when leases are used up; an instance that makes fewer than
///   four calls a second gains nothing and writes once a call.
/// - *Revocation*: a token is a count and no permission. Each leased call reads the key's item (strongly consistent) in place of
///   writing it, so a revocation bites on the very next call. This is the ceiling: 3,000 reads a second for a partition,
///   whence [`crate::tier::PerSecond::MAX`].
#[derive(Debug, Clone)]
pub struct KeyWindow {
    rule: Rule,
    ledger: Ledger,
    taken_at: Moment,
    refused_in_a_row: u8,
    hold: Option<Denial>,
    tokens: u32,
    tokens_until: Moment,
    demand: Demand,
}

/// Calls in this and the previous stretch of one lease's life.
#[derive(Debug, Clone, Copy, Default)]
struct Demand {
    stretch: u64,
    now: u32,
    before: u32,
}

impl Demand {
    fn count(&mut self, now: Moment, cost: u32) {
        let stretch = now.millis() / LEASE_MILLIS;
        if stretch != self.stretch {
            self.before = if stretch == self.stretch + 1 { self.now } else { 0 };
            self.now = 0;
            self.stretch = stretch;
        }
        self.now = self.now.saturating_add(cost);
    }
}

impl KeyWindow {
    /// Starts from a copy of the item that was read at `now`.
    #[must_use]
    pub fn new(rule: Rule, ledger: Ledger, now: Moment) -> Self {
        Self {
            rule,
            ledger,
            taken_at: now,
            refused_in_a_row: 0,
            hold: None,
            tokens: 0,
            tokens_until: Moment::default(),
            demand: Demand::default(),
        }
    }

    /// The rule it keeps.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The last copy of the ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What to do with a call of `cost` at `now`.
    #[must_use]
    pub fn decide(&self, now: Moment, cost: u32) -> Decision {
        if self.taken_at.since(now) > STEP_BACK_MILLIS {
            return Decision::Read;
        }
        let age = now.since(self.taken_at);
        let hold = self.hold.filter(|hold| hold.retry_at > now);
        match (self.ledger.plan(&self.rule, now, cost), hold) {
            (Err(denial), hold) if age <= self.trusted(&denial, now) => Decision::Deny(later(denial, hold)),
            (Ok(_), Some(hold)) if age <= self.rule.margin.0 => Decision::Deny(hold),
            (Err(_), _) | (Ok(_), Some(_)) => Decision::Read,
            (Ok(_), None) if age > SECOND_MILLIS && self.rule.peak() > BLIND_BURST => Decision::Read,
            (Ok(write), None) => Decision::Write(write),
        }
    }

    /// The age up to which a copy's denial is passed on.
    ///
    /// Until its end nobody else can have been admitted, so that `Retry-After` is right too. Close to the end, or while this
    /// instance merely holds back, others may have been: then only a copy that is as good as new knows when to come again.
    fn trusted(&self, denial: &Denial, now: Moment) -> u64 {
        if denial.retry_at.since(now) > self.rule.margin.0 { TRUST_MILLIS } else { self.rule.margin.0 }
    }

    /// The table admitted the call; `ledger` is the item after it.
    pub fn admitted(&mut self, ledger: Ledger, now: Moment) {
        self.keep(ledger, now);
        self.refused_in_a_row = 0;
        self.hold = None;
    }

    /// The table refused the call because of its count; `ledger` is the item as it was. `jitter` is any number.
    ///
    /// A refusal only counts towards a hold if the fresh copy denies the call as well: otherwise the old copy was at fault.
    pub fn refused(&mut self, ledger: Ledger, now: Moment, cost: u32, jitter: u64) {
        self.keep(ledger, now);
        let Err(denial) = self.ledger.plan(&self.rule, now, cost) else {
            return;
        };
        self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
        if self.refused_in_a_row >= PATIENCE {
            let until = now.plus(HOLD_MILLIS + jitter % (HOLD_JITTER_MILLIS + 1));
            self.hold = Some(Denial { window: denial.window, retry_at: until });
        }
    }

    /// The item was read; a changed tier takes effect here.
    pub fn read(&mut self, rule: Rule, ledger: Ledger, now: Moment) {
        if rule != self.rule {
            self.rule = rule;
            self.hold = None;
            self.tokens = 0;
        }
        self.keep(ledger, now);
    }

    /// Uses leased tokens, if enough of them are still alive.
    #[must_use]
    pub fn use_lease(&mut self, now: Moment, cost: u32) -> bool {
        self.demand.count(now, cost);
        // A token that seems to have been leased in the future outlives a clock that stepped back by no more than its own life.
        let alive = now < self.tokens_until && self.tokens_until.since(now) <= LEASE_MILLIS;
        if !alive || self.tokens < cost {
            return false;
        }
        self.tokens -= cost;
        true
    }

    /// How many tokens to ask for, this call's `cost` included: what was used lately, at most [`Rule::lease_size`], and no more
    /// than there is.
    #[must_use]
    pub fn wanted(&self, now: Moment, cost: u32) -> u32 {
        let used = self.demand.now.max(self.demand.before);
        let wanted = used.min(self.rule.lease_size()).max(cost);
        self.ledger.affordable(&self.rule, now, wanted).max(cost)
    }

    /// Keeps what a lease of `leased` tokens, asked for at `asked_at`, holds beyond the call's own `cost`.
    pub fn lease(&mut self, leased: u32, cost: u32, asked_at: Moment) {
        let alive = asked_at < self.tokens_until;
        let left = if alive { self.tokens } else { 0 };
        // Older tokens take the older end: none may live longer than a life.
        let until = asked_at.plus(LEASE_MILLIS);
        self.tokens_until = if left > 0 { self.tokens_until.min(until) } else { until };
        self.tokens = left + leased.saturating_sub(cost);
    }

    /// The headers of an admitted call.
    #[must_use]
    pub fn headers(&self, now: Moment) -> RateHeaders {
        let mut standing = self.ledger.standing(&self.rule, now);
        if now < self.tokens_until {
            standing.burst_remaining += u64::from(self.tokens);
            standing.day_remaining += u64::from(self.tokens);
        }
        RateHeaders::admitted(&self.rule, &standing, now)
    }

    /// The headers of a refused call.
    #[must_use]
    pub fn headers_of(&self, denial: &Denial, now: Moment) -> RateHeaders {
        RateHeaders::refused(&self.rule, &self.ledger.standing(&self.rule, now), denial, now)
    }

    /// Replies may overtake each other. The counter only grows, so a lower one is older, unless the item was made anew.
    fn keep(&mut self, ledger: Ledger, now: Moment) {
        if ledger.admitted() >= self.ledger.admitted()
            || now.since(self.taken_at) > SECOND_MILLIS
            || self.taken_at.since(now) > STEP_BACK_MILLIS
        {
            self.ledger = ledger;
            self.taken_at = now;
        }
    }
}

/// The denial, unless a hold lasts longer.
fn later(denial: Denial, hold: Option<Denial>) -> Denial {
    hold.filter(|hold| hold.retry_at > denial.retry_at).unwrap_or(denial)
}
