//! The messages of one batch: which of them share what is known of a subscription, and which of them wait for each other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cloud::{
    boot::Budget,
    events::{DeadMessage, DeliveryMessage},
    sqs::{Disposition, Received},
};
use domain::{
    delivery::life::is_at_end,
    hex::hex,
    id::{ApplicationId, StoreId, SubscriptionId},
    subscription::Ordering,
};
use sha2::{Digest, Sha256};

use crate::{
    App,
    known::{Access, Known},
};

/// One batch.
pub(crate) struct Batch<'a> {
    pub(crate) app: &'a App,
    pub(crate) budget: Budget,
    subscriptions: Mutex<HashMap<SubscriptionId, Arc<Known>>>,
    accesses: Mutex<HashMap<(ApplicationId, StoreId), Arc<Access>>>,
    // By message group: whether one of its messages must come again, so that those behind it must too.
    groups: Mutex<HashMap<String, Arc<tokio::sync::Mutex<bool>>>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(app: &'a App, budget: Budget) -> Self {
        Self { app, budget, subscriptions: Mutex::default(), accesses: Mutex::default(), groups: Mutex::default() }
    }

    /// Works on one message. Those of one group of the ordered queue wait for each other, in the order in which they stand in the batch: they
    /// are begun in it, and the lock is handed on in the order in which it was asked for.
    pub(crate) async fn handle(&self, received: Received<DeliveryMessage>) -> Disposition {
        let group = received.group.clone().filter(|_| received.message.ordering == Ordering::Entity);
        let Some(group) = group else { return self.handle_alone(received).await };
        let turn = {
            let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            groups.entry(group).or_default().clone()
        };
        let mut held_up = turn.lock().await;
        if *held_up {
            return Disposition::Retry("one before it in its group must come again");
        }
        let disposition = self.handle_alone(received).await;
        *held_up = matches!(disposition, Disposition::Retry(_) | Disposition::RetryAfter(..));
        disposition
    }

    /// Works on one message, and gives up what one hindrance of ours after another has kept until its queue is about to drop it.
    async fn handle_alone(&self, received: Received<DeliveryMessage>) -> Disposition {
        let Received { message, receives, .. } = received;
        let known = {
            let mut known = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Known::new(message.application.clone(), message.subscription.clone()));
            known.entry(message.subscription.clone()).or_insert_with(new).clone()
        };
        let disposition = self.deliver(&known, &message, receives).await;
        match disposition {
            Disposition::Retry(cause) if is_at_end(message.begun_at, self.app.clock.now()) => {
                self.bury(&message, cause).await
            }
            other => other,
        }
    }

    /// What is known of an application's access to a store.
    pub(crate) fn access(&self, application: &ApplicationId, store: &StoreId) -> Arc<Access> {
        let mut accesses = self.accesses.lock().unwrap_or_else(PoisonError::into_inner);
        accesses.entry((application.clone(), store.clone())).or_default().clone()
    }

    async fn bury(&self, message: &DeliveryMessage, cause: &'static str) -> Disposition {
        let sha256 = hex(&Sha256::digest(message.body.get()));
        let dead = DeadMessage {
            event: message.event.clone(),
            store: message.store.clone(),
            subscription: Some(message.subscription.clone()),
            received_at: message.received_at,
            cause: cause.to_owned(),
            sha256,
        };
        match self.app.dead.send(&dead).await {
            Ok(()) => Disposition::GiveUp(cause),
            Err(_) => Disposition::Retry(cause),
        }
    }
}
