//! One message: admitted, claimed, attempted, settled.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloud::{
    clock::random_bytes,
    dynamo::{
        Unavailable,
        deliveries::{Claimed, DeliveryItem, Handed, asked},
    },
    endpoint::{Tried, attempt},
    events::DeliveryMessage,
    restrictions::Restricted,
    sqs::Disposition,
};
use domain::{
    delivery::{
        DeliveryState, FailedBecause,
        life::{Admission, Asked, Attempted, Endpoint, Met, admit, ail, settle},
        schedule::Spread,
    },
    subscription::DisabledBecause,
};
use jiff::Timestamp;

use crate::{batch::Batch, known::Known};

/// What must remain of the invocation for an attempt: ten seconds for the endpoint, and the writes around it.
const WORTHWHILE: Duration = Duration::from_secs(13);
/// How long a message is hidden at a time; what takes longer is waited for in turns. A queue hides for twelve hours from when it handed the
/// message over, and refuses what would end later.
const LONGEST_WAIT: Duration = Duration::from_secs(11 * 3_600);
/// How often a message is admitted anew because another instance was quicker to probe.
const TURNS: u32 = 4;

/// Our own troubles, in words for the log. The message comes again when its queue shows it again.
const TABLE: &str = "a table could not be asked";

/// What of a message an application may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// All of it.
    Whole,
    /// That it happened, and nothing of its object.
    Bare,
    /// Nothing.
    Nothing,
}

impl Batch<'_> {
    /// See the module.
    pub(crate) async fn deliver(&self, known: &Known, message: &DeliveryMessage, receives: u32) -> Disposition {
        // Admitted only once there is room: what those before it met counts.
        let Ok(_room) = known.room.acquire().await else { return Disposition::Retry("the function ends") };
        let asked = asked(message);
        let Ok(allowed) = self.allowed(message).await else { return Disposition::Retry(TABLE) };
        // The customer may have been restricted while the message waited.
        let bare = match allowed {
            Allowed::Bare => match message.restricted() {
                Some(bare) => Some(bare),
                None => return Disposition::Retry("what must be left out of its body cannot be"),
            },
            Allowed::Whole | Allowed::Nothing => None,
        };
        if bare.is_some() {
            tracing::info!(event = %message.event, subscription = %message.subscription, "the body of a delivery was dropped: its customer is restricted");
        }
        let message = bare.as_ref().unwrap_or(message);
        let admission = match self.admitted(known, &asked, allowed != Allowed::Nothing).await {
            Ok(admission) => admission,
            Err(Unavailable) => return Disposition::Retry(TABLE),
        };
        let handed = Handed { message, receives, now: self.app.clock.now() };
        let done = match admission {
            Admission::Attempt => self.attempted(known, &handed, &asked, false).await,
            Admission::Probe(_) => self.attempted(known, &handed, &asked, true).await,
            Admission::Hold(until) | Admission::Relieve(_, until) => Ok(self.wait(until, "the endpoint is left alone")),
            Admission::Park => self.parked(known, &handed, &asked).await,
            Admission::End(because) => self.ended(known, &handed, &asked, because).await,
        };
        done.unwrap_or(Disposition::Retry(TABLE))
    }

    /// Whether the endpoint may be called; where this is its probe, that is written.
    async fn admitted(&self, known: &Known, asked: &Asked, allowed: bool) -> Result<Admission, Unavailable> {
        let app = self.app;
        let mut state = known.now(app).await?;
        known.pay(app, &mut state).await?;
        for _ in 0..TURNS {
            let now = app.clock.now();
            let enabled = state.is_enabled();
            let endpoint = state.item.as_ref().map(|item| Endpoint { enabled, health: &item.health, allowed });
            let admission = admit(asked, endpoint, now);
            let (Admission::Probe(health) | Admission::Relieve(health, _)) = &admission else { return Ok(admission) };
            let Some(item) = &mut state.item else { return Err(Unavailable) };
            if app.subscriptions.note_health(item, health.clone(), None, now).await? {
                return Ok(admission);
            }
            drop(state);
            state = known.anew(app).await?;
        }
        Err(Unavailable)
    }

    /// What of this the merchant still allows the application to be told (R121; `privacy.md` D.6).
    async fn allowed(&self, message: &DeliveryMessage) -> Result<Allowed, Unavailable> {
        // That a store has left is told to whoever had a grant until then. By now the grant may be gone, and the store with it.
        let Some(scope) = message.topic.needs() else { return Ok(Allowed::Whole) };
        let access = self.access(&message.application, &message.store);
        let given = access.now(self.app, &message.application, &message.store).await?;
        let Some(given) = given.filter(|given| !given.grant.revoked && given.grant.scopes.contains(scope)) else {
            return Ok(Allowed::Nothing);
        };
        let now = self.app.clock.now();
        let forbids =
            |restricted: &Arc<Restricted>| restricted.forbids(Some(&message.application), &message.whose, now);
        Ok(if given.restricted.as_ref().is_some_and(forbids) { Allowed::Bare } else { Allowed::Whole })
    }

    /// Claims the delivery, makes the attempt and records what became of it.
    async fn attempted(
        &self,
        known: &Known,
        handed: &Handed<'_>,
        asked: &Asked,
        probing: bool,
    ) -> Result<Disposition, Unavailable> {
        let app = self.app;
        if self.budget.left() < WORTHWHILE {
            return Ok(Disposition::RetryAfter(Duration::ZERO, "too little of the invocation is left"));
        }
        let secrets = {
            let state = known.now(app).await?;
            match &state.item {
                Some(item) => (app.signing.open(item).await?, item.url.clone()),
                None => return Ok(Disposition::RetryAfter(Duration::ZERO, "the subscription is just being deleted")),
            }
        };
        let claimed = match app.deliveries.claim(handed, probing).await? {
            Claimed::Mine(claimed) => *claimed,
            Claimed::Wait(until) => return Ok(self.wait(until, "it is not due, or somebody works on it")),
            Claimed::Done(state) => return self.found_done(known, asked, state).await,
        };
        let message = handed.message;
        let body = Bytes::copy_from_slice(message.body.get().as_bytes());
        let tried = attempt(&app.egress, &secrets.1, &secrets.0, asked.event.as_str(), handed.now, body).await;
        told(message, &tried);
        self.settled(known, asked, message, claimed, tried, probing).await
    }

    /// Counts the attempt for the endpoint and records it with the delivery.
    async fn settled(
        &self,
        known: &Known,
        asked: &Asked,
        message: &DeliveryMessage,
        claimed: DeliveryItem,
        tried: Tried,
        probing: bool,
    ) -> Result<Disposition, Unavailable> {
        let app = self.app;
        let now = app.clock.now();
        let random = random_bytes();
        let spread = Spread::drawn(u16::from_le_bytes([random[0], random[1]]));
        let attempted = Attempted { met: tried.met, probing, ended_at: now, spread };
        let (health, off) = match tried.met {
            // Recorded first: what was delivered must not be sent again because a table could not be asked about something else.
            Met::Taken => (domain::delivery::Health::default(), None),
            Met::Failure(failure, _) => {
                let mut state = known.now(app).await?;
                let off_because = |because| match because {
                    FailedBecause::Gone => DisabledBecause::Gone,
                    _ => DisabledBecause::Failing,
                };
                known
                    .change(app, &mut state, |health| {
                        let (health, off) = ail(health, asked, failure, now);
                        Some((health, off.map(off_because)))
                    })
                    .await?;
                known.pay(app, &mut state).await?;
                let off = (!state.is_enabled()).then_some(match failure.status {
                    Some(410) if failure.error.is_none() => FailedBecause::Gone,
                    _ => FailedBecause::Disabled,
                });
                (state.item.as_ref().map(|item| item.health.clone()).unwrap_or_default(), off)
            }
        };
        let standing = settle(&claimed.standing(), asked, attempted, &health, off);
        app.deliveries.settle(claimed, message, standing, tried.attempt).await?;
        match standing.state {
            DeliveryState::Delivered => self.succeeded(known).await?,
            DeliveryState::Failed => self.released(known, asked).await?,
            DeliveryState::Waiting | DeliveryState::Parked => {}
        }
        Ok(match standing.next_at {
            Some(next) => self.wait(next, "the endpoint did not take it"),
            None => Disposition::Done,
        })
    }

    /// The endpoint took something: whatever was held against it is forgotten, and what was parked is asked for.
    async fn succeeded(&self, known: &Known) -> Result<(), Unavailable> {
        let app = self.app;
        let mut state = known.now(app).await?;
        known.change(app, &mut state, |health| health.succeeded().map(|health| (health, None))).await?;
        known.pay(app, &mut state).await
    }

    /// The delivery ended otherwise: if it was the probe, another one is needed.
    async fn released(&self, known: &Known, asked: &Asked) -> Result<(), Unavailable> {
        let app = self.app;
        let mut state = known.now(app).await?;
        known.change(app, &mut state, |health| health.released(&asked.event).map(|health| (health, None))).await?;
        known.pay(app, &mut state).await
    }

    /// A message whose delivery has ended already: whoever ended it may not have come to tell the endpoint's health.
    async fn found_done(&self, known: &Known, asked: &Asked, state: DeliveryState) -> Result<Disposition, Unavailable> {
        let is_probe = {
            let known = known.now(self.app).await?;
            known.item.as_ref().is_some_and(|item| item.health.is_probe(&asked.event))
        };
        match state {
            DeliveryState::Delivered if is_probe => self.succeeded(known).await?,
            DeliveryState::Failed => self.released(known, asked).await?,
            _ => {}
        }
        Ok(Disposition::Done)
    }

    async fn parked(&self, known: &Known, handed: &Handed<'_>, asked: &Asked) -> Result<Disposition, Unavailable> {
        match self.app.deliveries.park(handed).await? {
            Claimed::Mine(_) => {}
            Claimed::Wait(until) => return Ok(self.wait(until, "somebody works on it")),
            Claimed::Done(state) => return self.found_done(known, asked, state).await,
        }
        // Whoever closes the breaker asks for what is parked after that. If it is still open now, they will find this one; if it is not, they
        // may have looked before it stood there.
        let state = known.anew(self.app).await?;
        Ok(match &state.item {
            Some(item) if item.health.open_until.is_some() => Disposition::Done,
            _ => Disposition::RetryAfter(Duration::ZERO, "the endpoint is back, or switched off"),
        })
    }

    async fn ended(
        &self,
        known: &Known,
        handed: &Handed<'_>,
        asked: &Asked,
        because: FailedBecause,
    ) -> Result<Disposition, Unavailable> {
        match self.app.deliveries.give_up(handed, because).await? {
            Claimed::Mine(_) => {}
            Claimed::Wait(until) => return Ok(self.wait(until, "somebody works on it")),
            Claimed::Done(state) => return self.found_done(known, asked, state).await,
        }
        tracing::info!(
            event = %handed.message.event,
            subscription = %handed.message.subscription,
            because = ?because,
            "a delivery ended without an attempt"
        );
        self.released(known, asked).await?;
        Ok(Disposition::Done)
    }

    /// The message comes again then: hidden until it is due, to the second after.
    fn wait(&self, until: Timestamp, cause: &'static str) -> Disposition {
        let left = until.duration_since(self.app.clock.now());
        let seconds = u64::try_from(left.as_millis()).unwrap_or(0).div_ceil(1_000);
        Disposition::RetryAfter(Duration::from_secs(seconds.max(1)).min(LONGEST_WAIT), cause)
    }
}

/// The one line of an attempt: ids, numbers, words of ours.
fn told(message: &DeliveryMessage, tried: &Tried) {
    tracing::info!(
        event = %message.event,
        subscription = %message.subscription,
        store = %message.store,
        topic = %message.topic,
        replay = message.replay,
        status = tried.attempt.status,
        error = ?tried.attempt.error,
        millis = tried.attempt.milliseconds,
        bytes = tried.attempt.bytes,
        "delivery"
    );
}
