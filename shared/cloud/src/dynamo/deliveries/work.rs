//! How the delivery that a message asks for is claimed, and how it is recorded what became of it.
//!
//! [`domain::delivery::life`] decides from what stands there, and what it decides is written on condition that the same still stands there. A
//! new delivery is written without a look first: nearly all of them are taken at the first attempt, which makes two writes a delivery.

use domain::delivery::{
    DeliveryState, FailedBecause,
    life::{Asked, Claim, Standing, claim},
};
use jiff::Timestamp;

use super::{Attempt, Deliveries, DeliveryItem};
use crate::{
    dynamo::{
        Unavailable,
        call::{AttributeValue, ReturnValue, is_unmet, unmet_by},
        events, key,
        page::get,
        transaction::{Attributes, attributes, number},
        unavailable, unreadable,
    },
    events::DeliveryMessage,
};

/// Attempts that are kept of one delivery.
pub const ATTEMPTS_KEPT: usize = 10;
/// How often a write is decided anew because somebody else was quicker.
const TURNS: u32 = 4;

/// Whether a message is the one to work on its delivery.
pub enum Claimed {
    /// It is: this stands in the table now.
    Mine(Box<DeliveryItem>),
    /// Not before then.
    Wait(Timestamp),
    /// There is nothing left to do for it. The delivery stands like this.
    Done(DeliveryState),
}

impl DeliveryItem {
    /// What the rules of [`domain::delivery::life`] go by.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            state: self.state,
            failed_because: self.failed_because,
            replay: self.replay,
            tried: self.tried,
            next_at: self.next_at,
            claimed_until: self.claimed_until.and_then(|millis| Timestamp::from_millisecond(millis).ok()),
        }
    }

    /// The delivery of `message` as it is to stand, with the attempts that it had.
    fn standing_as(message: &DeliveryMessage, standing: Standing, attempts: Vec<Attempt>) -> Self {
        Self {
            pk: key::deliveries(&message.subscription),
            sk: message.event.body().to_owned(),
            v: 1,
            subscription: message.subscription.clone(),
            event: message.event.clone(),
            store: message.store.clone(),
            topic: message.topic,
            object: message.object.clone(),
            received_at: message.received_at,
            begun_at: message.begun_at,
            state: standing.state,
            failed_because: standing.failed_because,
            tried: standing.tried,
            attempts,
            next_at: standing.next_at,
            claimed_until: standing.claimed_until.map(Timestamp::as_millisecond),
            replay: standing.replay,
            expires_at: message.received_at.as_second() + events::KEPT,
        }
    }
}

/// What a message asks for, as the rules have it.
#[must_use]
pub fn asked(message: &DeliveryMessage) -> Asked {
    Asked {
        event: message.event.clone(),
        replay: message.replay,
        begun_at: message.begun_at,
        ordering: message.ordering,
    }
}

/// A message at a time, and what is known of how it got here.
pub struct Handed<'a> {
    /// The message.
    pub message: &'a DeliveryMessage,
    /// How often it was handed over, this time included.
    pub receives: u32,
    /// When.
    pub now: Timestamp,
}

impl Deliveries {
    /// Claims the delivery of a message for one attempt; `early` where it need not be due. One write unit for a new one.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn claim(&self, handed: &Handed<'_>, early: bool) -> Result<Claimed, Unavailable> {
        self.take(handed, early, |standing| standing).await
    }

    /// Parks the delivery of a message: the message may go.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn park(&self, handed: &Handed<'_>) -> Result<Claimed, Unavailable> {
        let parked =
            |standing| Standing { state: DeliveryState::Parked, next_at: None, claimed_until: None, ..standing };
        self.take(handed, true, parked).await
    }

    /// Gives up the delivery of a message.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn give_up(&self, handed: &Handed<'_>, because: FailedBecause) -> Result<Claimed, Unavailable> {
        let failed = |standing| Standing {
            state: DeliveryState::Failed,
            failed_because: Some(because),
            next_at: None,
            claimed_until: None,
            ..standing
        };
        self.take(handed, true, failed).await
    }

    /// Records what became of a claimed delivery after an attempt; false where the claim was lost meanwhile. What was taken is recorded even
    /// then, because nothing is truer.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn settle(
        &self,
        claimed: DeliveryItem,
        message: &DeliveryMessage,
        standing: Standing,
        attempt: Attempt,
    ) -> Result<bool, Unavailable> {
        let seen = claimed.standing();
        let mut attempts = claimed.attempts;
        attempts.push(attempt);
        let surplus = attempts.len().saturating_sub(ATTEMPTS_KEPT);
        attempts.drain(..surplus);
        let item = DeliveryItem::standing_as(message, standing, attempts);
        if self.put(&item, Some(&seen)).await?.is_none() {
            return Ok(true);
        }
        if standing.state == DeliveryState::Delivered {
            self.put_over(&item).await?;
        }
        Ok(false)
    }

    /// Decides by what stands there and writes `then` of it, until nobody was quicker.
    async fn take(
        &self,
        handed: &Handed<'_>,
        early: bool,
        then: impl Fn(Standing) -> Standing,
    ) -> Result<Claimed, Unavailable> {
        let Handed { message, receives, now } = *handed;
        let asked = asked(message);
        let mut found: Option<DeliveryItem> = if receives > 1 || message.replay > 0 {
            let (pk, sk) = (key::deliveries(&message.subscription), message.event.body().to_owned());
            get(&self.client, &self.table, "deliveries", pk, sk).await?
        } else {
            None
        };
        for _ in 0..TURNS {
            let seen = found.as_ref().map(DeliveryItem::standing);
            let standing = match claim(seen.as_ref(), &asked, early, now) {
                Claim::Take(standing) => then(standing),
                Claim::Wait(until) => return Ok(Claimed::Wait(until)),
                Claim::Done => return Ok(Claimed::Done(seen.map_or(DeliveryState::Waiting, |seen| seen.state))),
            };
            let attempts = found.take().map(|found| found.attempts).unwrap_or_default();
            let item = DeliveryItem::standing_as(message, standing, attempts);
            found = match self.put(&item, seen.as_ref()).await? {
                None => return Ok(Claimed::Mine(Box::new(item))),
                Some(there) => there,
            };
        }
        Err(Unavailable)
    }

    /// Puts an item on condition that what stands there is what was seen. Nothing where it was; else what stands there.
    async fn put(
        &self,
        item: &DeliveryItem,
        seen: Option<&Standing>,
    ) -> Result<Option<Option<DeliveryItem>>, Unavailable> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(attributes(item))
            .return_values_on_condition_check_failure(ReturnValue::AllOld);
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => {
                let put = put
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(":state", word(&seen.state)?)
                    .expression_attribute_values(":replay", number(seen.replay))
                    .expression_attribute_values(":tried", number(seen.tried));
                let same = "#state = :state AND replay = :replay AND tried = :tried";
                match seen.claimed_until {
                    None => put.condition_expression(format!("{same} AND attribute_not_exists(claimed_until)")),
                    Some(until) => put
                        .condition_expression(format!("{same} AND claimed_until = :claimed"))
                        .expression_attribute_values(":claimed", number(until.as_millisecond())),
                }
            }
        };
        let error = match put.send().await {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        if is_unmet(&error) {
            return unmet_by(&error).map(read).transpose().map(Some);
        }
        Err(unavailable("deliveries", &error))
    }

    /// Puts the record of a taken delivery over whatever stands there of the same time that it was asked for.
    async fn put_over(&self, item: &DeliveryItem) -> Result<(), Unavailable> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(attributes(item))
            .condition_expression("replay = :replay")
            .expression_attribute_values(":replay", number(item.replay));
        match put.send().await {
            Ok(_) => Ok(()),
            // It was asked for again meanwhile.
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable("deliveries", &error)),
        }
    }
}

fn read(item: Attributes) -> Result<DeliveryItem, Unavailable> {
    serde_dynamo::from_item(item).map_err(|error| unreadable("deliveries", &error))
}

fn word(state: &DeliveryState) -> Result<AttributeValue, Unavailable> {
    serde_dynamo::to_attribute_value(state).map_err(|error| unreadable("deliveries", &error))
}
