//! How an endpoint has been doing: what the breaker and the rule that switches a subscription off go by (`gateway.md` E2, E3).
//!
//! **Breaker.** Five failures within a minute and no success in between open it. While it is open the endpoint is called by one delivery
//! only, its probe, after 30 seconds at first and after twice as long each time up to ten minutes; the others are parked, or held where
//! their order matters. A success, whoever's, closes it. A probe that is an hour older than a delivery that comes is relieved by it: what is
//! parked is read from the store again when a probe ends, which must not happen again and again.
//!
//! **Switching off.** Nothing but failures for 48 hours, at least ten of them, of at least two events. Where the last failure is a day old
//! the count begins anew: no traffic is no failure. A single delivery is tried for less than a day, so it never switches off an endpoint that
//! gets no others.

use jiff::{SignedDuration, Timestamp};

use super::{AttemptError, schedule::after};
use crate::id::EventId;

/// What is known of a subscription's endpoint. A healthy one has the default.
///
/// It is written as a whole, on condition that nobody has written it since it was read: two that saw different things cannot overwrite
/// each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Health {
    /// How often it was written. A change is written on condition that this is still what was read.
    #[serde(default)]
    pub changes: u64,
    /// Since when there was nothing but failures (`first_failure_at`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// How many attempts failed since.
    #[serde(default)]
    pub failures: u32,
    /// The first event since whose attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failed: Option<EventId>,
    /// Whether attempts of another event failed too.
    #[serde(default)]
    pub several_failed: bool,
    /// What the last of them was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<u16>,
    /// What the last of them met in place of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<AttemptError>,
    /// When the last failures were, the newest last, as many as open the breaker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Timestamp>,
    /// How many warnings its owner was sent since.
    #[serde(default)]
    pub warnings: u8,
    /// Until when the endpoint is left alone; set while the breaker is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Timestamp>,
    /// The event whose delivery tries whether the endpoint is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<EventId>,
    /// When the time of that delivery began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_begun_at: Option<Timestamp>,
    /// How often the breaker has opened without a success since.
    #[serde(default)]
    pub opened: u32,
    /// Whether deliveries may be parked that nobody has asked for again.
    #[serde(default)]
    pub parked: bool,
    /// What its owner is yet to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Notice>,
}

/// What the owner of a subscription is told about its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// For some time there was nothing but failures; the subscription will be switched off if that goes on.
    Failing,
    /// The subscription was switched off.
    Disabled,
}

/// Failures that open the breaker.
pub const OPENS_AFTER: usize = 5;
/// The time within which they must come.
pub const OPENS_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// How long the endpoint is left alone the first time.
pub const FIRST_REST: SignedDuration = SignedDuration::from_secs(30);
/// How long it is left alone at most.
pub const LONGEST_REST: SignedDuration = SignedDuration::from_mins(10);
/// How long a probe has the endpoint for itself: longer than an attempt takes.
pub const PROBE: SignedDuration = SignedDuration::from_secs(20);
/// A probe is relieved by a delivery that began so much later.
pub const RELIEVED_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// Where nothing failed for so long, what failed before does not count.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// After so long of nothing but failures a subscription is switched off (R139).
pub const DISABLES_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// But not before so many.
pub const DISABLES_FROM: u32 = 10;
/// Between two warnings.
pub const WARNS_EVERY: SignedDuration = SignedDuration::from_hours(12);
/// Warnings before a subscription is switched off.
pub const WARNINGS: u8 = 3;

/// What was met at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Failure {
    /// The status that it answered.
    pub status: Option<u16>,
    /// What was met in place of a whole answer.
    pub error: Option<AttemptError>,
}

/// Whether an endpoint may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// It may by this one delivery, once this health is written: it is the probe.
    Probe(Health),
    /// It is left alone until then.
    Shut(Timestamp),
    /// It is left alone until then, and once this health is written this delivery is the probe in place of a much older one.
    Relief(Health, Timestamp),
}

/// What of a health is to be done outside before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debt {
    /// The owner is to be told.
    Tell(Notice),
    /// What was parked is to be asked for again.
    Recover,
}

impl Health {
    /// Nothing is known any more: the endpoint was tried and found good, or is another one. What was parked is still to be asked for.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { changes: self.changes, parked: self.parked, ..Self::default() }
    }

    /// Whether a delivery of `event`, whose time began at `begun_at`, may call the endpoint.
    #[must_use]
    pub fn gate(&self, event: &EventId, begun_at: Timestamp, now: Timestamp) -> Gate {
        let probe = |open_until| Self {
            open_until: Some(open_until),
            probe: Some(event.clone()),
            probe_begun_at: Some(begun_at),
            ..self.clone()
        };
        match self.open_until {
            None => Gate::Open,
            Some(until) if now < until && self.is_relieved_by(event, begun_at) => Gate::Relief(probe(until), until),
            Some(until) if now < until => Gate::Shut(until),
            Some(_) => Gate::Probe(probe(after(now, PROBE))),
        }
    }

    /// Whether another delivery is the probe and will end long before this one would: when a probe ends, all that is parked is read again.
    fn is_relieved_by(&self, event: &EventId, begun_at: Timestamp) -> bool {
        let is_old = |begun: Timestamp| begun_at.duration_since(begun) >= RELIEVED_AFTER;
        !self.is_probe(event) && self.probe_begun_at.is_none_or(is_old)
    }

    /// Whether the breaker is open and `event` is its probe.
    #[must_use]
    pub fn is_probe(&self, event: &EventId) -> bool {
        self.open_until.is_some() && self.probe.as_ref() == Some(event)
    }

    /// After an attempt for `event` failed, and whether the subscription is to be switched off.
    #[must_use]
    pub fn failed(&self, event: &EventId, begun_at: Timestamp, failure: Failure, now: Timestamp) -> (Self, bool) {
        let mut health = self.clone();
        let last = self.recent.last().copied();
        // Clocks of two instances differ: a failure from before the last one counts as one at the same time.
        let now = last.map_or(now, |last| last.max(now));
        if last.is_none_or(|last| now.duration_since(last) >= FORGOTTEN_AFTER) || self.failing_since.is_none() {
            health.failing_since = Some(now);
            health.failures = 0;
            health.first_failed = Some(event.clone());
            health.several_failed = false;
            health.warnings = 0;
        }
        health.failures = health.failures.saturating_add(1);
        health.several_failed |= health.first_failed.as_ref() != Some(event);
        (health.last_status, health.last_error) = (failure.status, failure.error);
        health.recent.push(now);
        let surplus = health.recent.len().saturating_sub(OPENS_AFTER);
        health.recent.drain(..surplus);
        health.breaks(event, begun_at, now);
        let off = health.warns_or_disables(now);
        (health, off)
    }

    fn breaks(&mut self, event: &EventId, begun_at: Timestamp, now: Timestamp) {
        let opens = match self.open_until {
            // Those that were on their way when it opened say nothing new.
            Some(_) => self.is_probe(event),
            None => {
                self.recent.len() == OPENS_AFTER
                    && self.recent.first().is_some_and(|first| now.duration_since(*first) <= OPENS_WITHIN)
            }
        };
        if opens {
            let rest = FIRST_REST.saturating_mul(2_i32.saturating_pow(self.opened.min(16))).min(LONGEST_REST);
            self.open_until = Some(after(now, rest));
            self.probe = Some(event.clone());
            self.probe_begun_at = Some(begun_at);
            self.opened = self.opened.saturating_add(1);
            self.parked = true;
        }
    }

    fn warns_or_disables(&mut self, now: Timestamp) -> bool {
        let lasting = self.failing_since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        if lasting >= DISABLES_AFTER && self.failures >= DISABLES_FROM && self.several_failed {
            self.shut_down();
            return true;
        }
        let due = u8::try_from(lasting.as_secs() / WARNS_EVERY.as_secs()).unwrap_or(u8::MAX).min(WARNINGS);
        if due > self.warnings {
            self.warnings = due;
            self.owed = Some(Notice::Failing);
        }
        false
    }

    /// After the endpoint said that it is gone for good.
    #[must_use]
    pub fn gone(&self, event: &EventId, begun_at: Timestamp, failure: Failure, now: Timestamp) -> Self {
        let (mut health, _) = self.failed(event, begun_at, failure, now);
        health.shut_down();
        health
    }

    /// Nobody is called any more, and the owner is told why. What is parked is asked for once the subscription is switched on again.
    fn shut_down(&mut self) {
        (self.open_until, self.probe, self.probe_begun_at) = (None, None, None);
        self.owed = Some(Notice::Disabled);
    }

    /// After an attempt succeeded; nothing where that is no news.
    #[must_use]
    pub fn succeeded(&self) -> Option<Self> {
        let healthy = self.anew();
        (healthy != *self).then_some(healthy)
    }

    /// After the delivery of `event` ended otherwise; nothing where it was not the probe. The endpoint may be called again: another delivery
    /// will find out.
    #[must_use]
    pub fn released(&self, event: &EventId) -> Option<Self> {
        self.is_probe(event).then(|| Self { open_until: None, probe: None, probe_begun_at: None, ..self.clone() })
    }

    /// What is to be done outside.
    #[must_use]
    pub fn debt(&self, enabled: bool) -> Option<Debt> {
        match self.owed {
            Some(notice) => Some(Debt::Tell(notice)),
            None if enabled && self.parked && self.open_until.is_none() => Some(Debt::Recover),
            None => None,
        }
    }

    /// After that was done.
    #[must_use]
    pub fn paid(&self, debt: Debt) -> Self {
        match debt {
            Debt::Tell(_) => Self { owed: None, ..self.clone() },
            Debt::Recover => Self { parked: false, ..self.clone() },
        }
    }
}
