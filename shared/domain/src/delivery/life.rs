//! The life of one delivery, decided step by step. Nothing is done here: each function takes what was read and the time, and says what is to
//! be written and what then becomes of the queue's message.
//!
//! 1. [`admit`]: by what is known of the subscription, may the endpoint be called for this message now?
//! 2. [`claim`]: by what is known of the delivery, is this message the one to do it? Its answer is written on condition that nothing changed.
//! 3. The attempt.
//! 4. [`settle`]: what the attempt met becomes the delivery's next state.
//!
//! A message may come twice, late, or while another copy of it is worked on, and whoever works on it may die between any two steps. What
//! holds it together: the message is there until the delivery has ended or is parked; nothing is parked but while a probe is under way or
//! somebody owes to ask for it again ([`super::Health::debt`]); and a claim ends by itself.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    AttemptError, DeliveryState, FailedBecause, Gate, Health,
    health::Failure,
    schedule::{self, LAST, LIFE, Spread, after, clamped},
};
use crate::{id::EventId, subscription::Ordering};

/// How long a claim holds: longer than an attempt may take.
pub const CLAIM: SignedDuration = SignedDuration::from_secs(20);
/// The longest that a delivery whose order matters waits for an endpoint without looking whether the breaker has closed.
const LONGEST_HOLD: SignedDuration = SignedDuration::from_hours(1);

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Which event.
    pub event: EventId,
    /// How often its developer has asked for it again.
    pub replay: u32,
    /// When its time of 24 hours began.
    pub begun_at: Timestamp,
    /// In which order.
    pub ordering: Ordering,
}

/// What stands about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Where it is in its life.
    pub state: DeliveryState,
    /// Why it was given up.
    pub failed_because: Option<FailedBecause>,
    /// Which time it was asked for.
    pub replay: u32,
    /// Attempts that count for the schedule.
    pub tried: u32,
    /// When the next is due.
    pub next_at: Option<Timestamp>,
    /// Until when somebody has it for themselves.
    pub claimed_until: Option<Timestamp>,
}

/// Whether the endpoint may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Attempt,
    /// It may, once this health is written in place of what was read.
    Probe(Health),
    /// Not before then; the message waits.
    Hold(Timestamp),
    /// Not before then, once this health is written in place of what was read; the message waits.
    Relieve(Health, Timestamp),
    /// Not now, and the message is not to wait: the delivery is parked.
    Park,
    /// Never again: the delivery has failed.
    End(FailedBecause),
}

/// What is known of a subscription.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint<'a> {
    /// Whether it is served.
    pub enabled: bool,
    /// How it has been doing.
    pub health: &'a Health,
    /// Whether the merchant still allows its application to be told this.
    pub allowed: bool,
}

/// Whether the endpoint may be called for a message. `None` where the subscription was deleted.
#[must_use]
pub fn admit(asked: &Asked, endpoint: Option<Endpoint<'_>>, now: Timestamp) -> Admission {
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.enabled) else {
        return Admission::End(FailedBecause::Disabled);
    };
    if !endpoint.allowed {
        return Admission::End(FailedBecause::Revoked);
    }
    if now >= after(asked.begun_at, LIFE) {
        return Admission::End(FailedBecause::Expired);
    }
    match endpoint.health.gate(&asked.event, asked.begun_at, now) {
        Gate::Open => Admission::Attempt,
        Gate::Probe(health) => Admission::Probe(health),
        Gate::Relief(health, until) if asked.ordering == Ordering::Fastest => Admission::Relieve(health, until),
        Gate::Shut(until) | Gate::Relief(_, until) => {
            let probe = endpoint.health.is_probe(&asked.event);
            if !probe && asked.ordering == Ordering::Fastest {
                return Admission::Park;
            }
            // What is held needs no look each time that the breaker may close: the longer it waited, the longer it can.
            let patience = (now.duration_since(asked.begun_at) / 3).min(LONGEST_HOLD);
            let until = if probe { until } else { until.max(after(now, patience)) };
            match clamped(asked.begun_at, now, until) {
                Some(until) => Admission::Hold(until),
                None => Admission::End(FailedBecause::Expired),
            }
        }
    }
}

/// Whether a message is the one to work on its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is, once this is written in place of what was read.
    Take(Standing),
    /// Not before then.
    Wait(Timestamp),
    /// There is nothing left to do for it.
    Done,
}

/// Whether a message is the one to work on its delivery now. `standing` is `None` for a delivery that nobody has begun; `early` for one that
/// need not wait for its schedule, because it is the probe.
#[must_use]
pub fn claim(standing: Option<&Standing>, asked: &Asked, early: bool, now: Timestamp) -> Claim {
    let new = Standing {
        state: DeliveryState::Waiting,
        failed_because: None,
        replay: asked.replay,
        tried: 0,
        next_at: None,
        claimed_until: Some(after(now, CLAIM)),
    };
    let Some(standing) = standing else { return Claim::Take(new) };
    if standing.replay > asked.replay {
        return Claim::Done;
    }
    let over = matches!(standing.state, DeliveryState::Delivered | DeliveryState::Failed);
    if standing.replay == asked.replay && over {
        return Claim::Done;
    }
    if let Some(until) = standing.claimed_until.filter(|until| !over && *until > now) {
        return Claim::Wait(until);
    }
    if standing.replay < asked.replay {
        return Claim::Take(new);
    }
    match standing.next_at {
        Some(next) if !early && standing.state == DeliveryState::Waiting && next > now => Claim::Wait(next),
        _ => Claim::Take(Standing { tried: standing.tried, next_at: standing.next_at, ..new }),
    }
}

/// What an attempt met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// The endpoint took it: 2xx, answered in whole and in time.
    Taken,
    /// Anything else, and the wait that the endpoint asked for.
    Failure(Failure, Option<Duration>),
}

/// What a failure makes of the health of the endpoint, and whether the subscription is switched off, and why.
#[must_use]
pub fn ail(health: &Health, asked: &Asked, failure: Failure, now: Timestamp) -> (Health, Option<FailedBecause>) {
    if failure.status == Some(410) && failure.error.is_none() {
        return (health.gone(&asked.event, asked.begun_at, failure, now), Some(FailedBecause::Gone));
    }
    let (health, off) = health.failed(&asked.event, asked.begun_at, failure, now);
    (health, off.then_some(FailedBecause::Disabled))
}

/// An attempt that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempted {
    /// What it met.
    pub met: Met,
    /// Whether it was the probe's.
    pub probing: bool,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How much is added to the wait for the next.
    pub spread: Spread,
}

/// What becomes of a claimed delivery after its attempt. `health` is what stands of the endpoint after the attempt was counted, and `off`
/// whether, and why, that switched the subscription off.
#[must_use]
pub fn settle(
    standing: &Standing,
    asked: &Asked,
    attempted: Attempted,
    health: &Health,
    off: Option<FailedBecause>,
) -> Standing {
    let Attempted { met, probing, ended_at: now, spread } = attempted;
    // A probe goes by the breaker's times, so it does not count for the schedule.
    let tried = standing.tried + u32::from(!probing);
    let settled = Standing { tried, next_at: None, claimed_until: None, ..*standing };
    let ended = |because| Standing { state: DeliveryState::Failed, failed_because: Some(because), ..settled };
    let (failure, retry_after) = match met {
        Met::Taken => return Standing { state: DeliveryState::Delivered, ..settled },
        Met::Failure(failure, retry_after) => (failure, retry_after),
    };
    if let Some(because) = off {
        return ended(because);
    }
    match failure {
        Failure { error: Some(AttemptError::Refused), .. } => return ended(FailedBecause::Refused),
        Failure { status: Some(413), error: None } => return ended(FailedBecause::TooLarge),
        _ => {}
    }
    let next = match health.open_until {
        Some(until) if health.is_probe(&asked.event) => clamped(asked.begun_at, now, until),
        _ => schedule::next(asked.begun_at, tried.max(1), now, retry_after, spread),
    };
    match next {
        Some(next) => Standing { state: DeliveryState::Waiting, next_at: Some(next), ..settled },
        None => ended(FailedBecause::Expired),
    }
}

/// What a delivery that stands as waiting or parked is shown as: once its time is over nobody will try it again, whether or not anything was
/// written about that.
#[must_use]
pub fn shown(
    state: DeliveryState,
    because: Option<FailedBecause>,
    begun_at: Timestamp,
    now: Timestamp,
) -> (DeliveryState, Option<FailedBecause>) {
    match state {
        DeliveryState::Waiting | DeliveryState::Parked if now >= after(begun_at, LIFE) => {
            (DeliveryState::Failed, Some(FailedBecause::Expired))
        }
        _ => (state, because),
    }
}

/// When a delivery that began at `begun_at` is given up whatever happens. Something that began before and ends soon after is still recorded.
#[must_use]
pub fn ends_at(begun_at: Timestamp) -> Timestamp {
    after(begun_at, LIFE)
}

/// When a message that met one hindrance of ours after another is given up: shortly before its queue would drop it without a word.
#[must_use]
pub fn is_at_end(begun_at: Timestamp, now: Timestamp) -> bool {
    now >= after(begun_at, LAST)
}
