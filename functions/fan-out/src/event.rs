//! One message of what a store said, from the queue to the subscriptions that want it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use cloud::{
    clock::random_bytes,
    dynamo::events::{EventItem, Guard, KEPT, Known, Noted, Object, Webhook},
    dynamo::{Unavailable, key, subscriptions::SubscriptionItem},
    events::{DeadMessage, EventMessage, HookBody, Incomplete, News, PrivacyTopicMessage},
    restrictions::Restricted,
    sqs::{Disposition, Received},
};
use connectors::{
    Objects,
    hooks::{Person, Says},
};
use domain::{
    event::{
        Change, PrivacyTopic, Topic,
        news::{self, LAST, PATIENCE, Told, Verdict, verdict, wait},
    },
    grant::Grant,
    hex::hex,
    id::{EventId, millisecond_of},
    model::Entity,
    subscription::Ordering,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    batch::{Batch, Trouble},
    leaving,
    shop::{Found, Shop},
    telling::{Data, Event},
};

/// How often an event is weighed anew because another of the same object was quicker.
const TURNS: u32 = 6;
/// How long a store is believed to be behind itself: an object that it names in a webhook and does not know is looked for again meanwhile.
const BEHIND: Duration = Duration::from_secs(60);
/// A message that comes so often ends the function each time, or something else that waiting does not mend.
const RECEIVES: u32 = 200;
/// Applications whose subscriptions are read at a time.
const AT_ONCE: usize = 8;

/// Handles one message.
pub(crate) async fn work(batch: &Batch<'_>, received: Received<EventMessage>) -> Disposition {
    let Received { message, receives, .. } = received;
    let now = batch.app.clock.now();
    let age = Duration::try_from(now.duration_since(message.received_at)).unwrap_or_default();
    let trouble = if age >= LAST || receives > RECEIVES {
        Trouble::Never("its time is over")
    } else {
        let work = Work { batch, message: &message, age };
        match tokio::time::timeout(batch.budget.left(), work.done()).await {
            Ok(Ok(())) => return Disposition::Done,
            Ok(Err(trouble)) => trouble,
            Err(_) => Trouble::Later("it took too long"),
        }
    };
    let cause = match trouble {
        Trouble::Later(cause) => return later(receives, age, cause),
        Trouble::Never(cause) => cause,
    };
    match bury(batch, &message, cause).await {
        Ok(()) => Disposition::GiveUp(cause),
        Err(Unavailable) => later(receives, age, cause),
    }
}

fn later(receives: u32, age: Duration, cause: &'static str) -> Disposition {
    let jitter = f64::from(random_bytes()[0]) / 255.0;
    Disposition::RetryAfter(wait(receives, age, jitter).max(Duration::from_secs(1)), cause)
}

/// Leaves the envelope of what cannot be told, without a body.
async fn bury(batch: &Batch<'_>, message: &EventMessage, cause: &str) -> Result<(), Unavailable> {
    let mut digest = Sha256::new();
    match &message.news {
        News::Hook { body: HookBody::Text(text) | HookBody::Bytes(text) | HookBody::Stored(text), .. } => {
            digest.update(text)
        }
        News::Recovered { object, .. } => digest.update(object),
    }
    let dead = DeadMessage {
        event: message.id.clone(),
        store: message.store.clone(),
        subscription: None,
        received_at: message.received_at,
        cause: cause.to_owned(),
        sha256: hex(&digest.finalize()),
    };
    batch.app.dead.send(&dead).await
}

/// One message at work.
struct Work<'a> {
    batch: &'a Batch<'a>,
    message: &'a EventMessage,
    age: Duration,
}

/// News of an object.
struct NewsOf {
    topic: Topic,
    entity: Entity,
    id: String,
    told: Told,
    occurred_at: Option<Timestamp>,
    webhook: Webhook,
    /// The object, where the news brought it or it was read.
    held: Option<Objects>,
}

/// What became of news: told with this number after that event, or not.
enum Outcome {
    Told {
        sequence: u64,
        before: Option<EventId>,
        data: Data,
    },
    Superseded {
        sequence: u64,
        by: Option<EventId>,
    },
    /// The same webhook was told as another event.
    Duplicate,
}

impl Work<'_> {
    async fn done(&self) -> Result<(), Trouble> {
        let Self { batch, message, .. } = *self;
        // Off-boarding has ended: nobody is to be told any more (D.10).
        let Some(shop) = batch.shop(&message.store).await? else { return Ok(()) };
        match &message.news {
            News::Recovered { topic, object, updated_at } => {
                let Topic::Object(entity, change) = *topic else { return Err(Trouble::Never("not an object's topic")) };
                let updated_at = updated_at.map(Timestamp::as_millisecond);
                let key = match updated_at {
                    Some(at) => format!("recovered {topic} {object} {at}"),
                    // An end is told once by its mark; this message is known by its event.
                    None => format!("recovered {topic} {object} {}", message.id),
                };
                let told = Told { change, updated_at, recovered: true };
                let webhook = Webhook::new(&key);
                let id = object.clone();
                self.object(&shop, NewsOf { topic: *topic, entity, id, told, occurred_at: None, webhook, held: None })
                    .await
            }
            News::Hook { headers, body } => {
                batch.app.journal.used(&shop.item.account);
                let body = match body {
                    HookBody::Stored(name) => {
                        let stored = batch.app.large_hooks.get(name).await?;
                        Cow::Owned(stored.ok_or(Trouble::Never("its body is not in the bucket any more"))?.to_vec())
                    }
                    held => held.inline().ok().flatten().ok_or(Trouble::Never("its body is not base64"))?,
                };
                let hooks = shop.connector.hooks().ok_or(Trouble::Never("the platform has no webhooks"))?;
                let hook = hooks.read(headers, &body).map_err(|error| Trouble::Never(error.0))?;
                match hook.says {
                    Says::Nothing => Ok(()),
                    Says::Privacy(topic, person) => self.privacy(&shop, topic, person, hook.key).await,
                    Says::AppUninstalled => self.uninstalled(&shop).await,
                    Says::Object { topic, id, occurred_at, updated_at, object } => {
                        let Topic::Object(entity, change) = topic else {
                            return Err(Trouble::Never("not an object's topic"));
                        };
                        let updated_at = updated_at.map(Timestamp::as_millisecond);
                        let told = Told { change, updated_at, recovered: false };
                        let webhook = Webhook::new(&hook.key);
                        self.object(&shop, NewsOf { topic, entity, id, told, occurred_at, webhook, held: object }).await
                    }
                }
            }
        }
    }

    /// What a platform asks about a person is another function's work. That a whole store is to be forgotten is what its leaving does.
    async fn privacy(
        &self,
        shop: &Arc<Shop>,
        topic: PrivacyTopic,
        person: Person,
        name: String,
    ) -> Result<(), Trouble> {
        if topic == PrivacyTopic::StoreErasure {
            return self.uninstalled(shop).await;
        }
        let message = PrivacyTopicMessage {
            event: self.message.id.clone(),
            store: self.message.store.clone(),
            account: shop.item.account.clone(),
            topic,
            received_at: self.message.received_at,
            name,
            customer: person.customer,
            orders: person.orders,
        };
        Ok(self.batch.app.privacy.send(&message).await?)
    }

    /// Those who were granted something are told, then the store leaves.
    async fn uninstalled(&self, shop: &Arc<Shop>) -> Result<(), Trouble> {
        if shop.is_connected() {
            let outcome = Outcome::Told { sequence: 1, before: None, data: Data::None };
            self.conclude(shop, Topic::AppUninstalled, None, None, outcome).await?;
        }
        leaving::begin(self.batch, shop).await
    }

    async fn object(&self, shop: &Arc<Shop>, news: NewsOf) -> Result<(), Trouble> {
        if !shop.is_connected() {
            // Its grants are off already.
            return Ok(());
        }
        let (topic, id, occurred_at) = (news.topic, news.id.clone(), news.occurred_at);
        let outcome = self.weigh(shop, news).await?;
        self.conclude(shop, topic, Some(id), occurred_at, outcome).await
    }

    /// Weighs news against what is known of its object, and notes what comes of it.
    async fn weigh(&self, shop: &Shop, mut news: NewsOf) -> Result<Outcome, Trouble> {
        let app = self.batch.app;
        let event = &self.message.id;
        let id = news.id.clone();
        let object = Object { store: &self.message.store, entity: news.entity, id: &id };
        let is_end = news.told.change == Change::Deleted;
        // News without its object costs the store a read: what was told before is not worth it.
        let mut known: Option<Known> = match news.held {
            None if !is_end => Some(app.events.known(object).await?),
            _ => None,
        };
        let mut read = false;
        let mut incomplete = None;
        for _ in 0..TURNS {
            // The number under which this very message was told before.
            let mut told_as = None;
            if let Some(known) = &known {
                match known.of(news.webhook) {
                    Some(seen) if seen.event != *event => return Ok(Outcome::Duplicate),
                    Some(seen) if !seen.told => return Ok(superseded(known)),
                    Some(seen) => told_as = Some(seen.sequence),
                    None => match verdict(known.mark, news.told) {
                        Verdict::Superseded => match app.events.supersede(object, news.webhook, event).await? {
                            Noted::Done(known) => return Ok(superseded(&known)),
                            Noted::Unmet(now) => return self.again(now, news.webhook),
                        },
                        Verdict::TellAnew if !read => news.held = None,
                        Verdict::TellAnew | Verdict::Tell => {}
                    },
                }
            }
            if news.held.is_none() && !is_end && incomplete.is_none() {
                read = true;
                match shop.read(self.batch, news.entity, &news.id).await? {
                    Found::Object(objects) => {
                        news.told.updated_at =
                            objects.first_updated_at().map(Timestamp::as_millisecond).or(news.told.updated_at);
                        news.held = Some(objects);
                    }
                    Found::Gone if told_as.is_none() => return self.vanished(object, &news, known.take()).await,
                    // It was there when it was told first, and its end is told by another event.
                    Found::Gone => incomplete = Some(Incomplete::Unreadable),
                    Found::Unreadable(why) if self.age < PATIENCE => return Err(Trouble::Later(why)),
                    Found::Unreadable(_) => incomplete = Some(Incomplete::Unreadable),
                }
            }
            if let (Some(sequence), Some(known)) = (told_as, &known) {
                let before = known.event(sequence.saturating_sub(1)).cloned();
                return Ok(Outcome::Told { sequence, before, data: data(news.held, incomplete)? });
            }
            let guard = known.as_ref().map_or(Guard::Unseen, Guard::Seen);
            match app.events.tell(object, news.webhook, event, news.told, guard).await? {
                Noted::Done(now) => {
                    let before = now.event(now.sequence.saturating_sub(1)).cloned();
                    return Ok(Outcome::Told { sequence: now.sequence, before, data: data(news.held, incomplete)? });
                }
                Noted::Unmet(now) => known = Some(now),
            }
        }
        Err(Trouble::Later("others of the same object were quicker"))
    }

    /// What somebody who was quicker has remembered of the webhook.
    fn again(&self, known: Known, webhook: Webhook) -> Result<Outcome, Trouble> {
        match known.of(webhook) {
            Some(seen) if seen.event != self.message.id => Ok(Outcome::Duplicate),
            Some(seen) if !seen.told => Ok(superseded(&known)),
            _ => Err(Trouble::Later("another copy of it was quicker")),
        }
    }

    /// The store does not know the object that it told of.
    async fn vanished(&self, object: Object<'_>, news: &NewsOf, known: Option<Known>) -> Result<Outcome, Trouble> {
        let app = self.batch.app;
        let known = match known {
            Some(known) => known,
            None => app.events.known(object).await?,
        };
        if !known.mark.gone && self.age < BEHIND {
            return Err(Trouble::Later("the store does not know the object yet"));
        }
        // Its end is news of its own: by a webhook, or found by looking.
        match app.events.supersede(object, news.webhook, &self.message.id).await? {
            Noted::Done(known) => Ok(superseded(&known)),
            Noted::Unmet(now) => self.again(now, news.webhook),
        }
    }

    /// Tells those who may know and want to know, and writes the envelope.
    async fn conclude(
        &self,
        shop: &Arc<Shop>,
        topic: Topic,
        object: Option<String>,
        occurred_at: Option<Timestamp>,
        outcome: Outcome,
    ) -> Result<(), Trouble> {
        let Self { batch, message, .. } = *self;
        let mut envelope = EventItem {
            pk: key::events(&message.store, message.received_at),
            sk: message.id.body().to_owned(),
            v: 1,
            id: message.id.clone(),
            store: message.store.clone(),
            topic,
            object,
            occurred_at: occurred_at.unwrap_or(message.received_at),
            received_at: message.received_at,
            sequence: 0,
            recovered: matches!(message.news, News::Recovered { .. }),
            restricted: false,
            superseded_by: None,
            subscriptions: 0,
            expires_at: message.received_at.as_second() + KEPT,
        };
        match outcome {
            Outcome::Duplicate => return Ok(()),
            Outcome::Superseded { sequence, by } => {
                envelope.sequence = sequence;
                envelope.superseded_by = by;
                envelope.restricted = shop.event(batch, &envelope, Data::Id(None)).await?.is_restricted();
            }
            Outcome::Told { sequence, before, data } => {
                envelope.sequence = sequence;
                // Before anybody is told (R143): whoever asks at once must not be answered with what was.
                if let Some(entity) = topic.entity().filter(|_| shop.item.cache) {
                    let touched = domain::cache::touched_by(entity);
                    batch.app.cached.invalidate(&message.store, touched, batch.app.clock.now()).await?;
                }
                let event = shop.event(batch, &envelope, data).await?;
                envelope.restricted = event.is_restricted();
                if envelope.restricted {
                    tracing::info!(event = %event.id, store = %event.store, "an event of a restricted customer");
                }
                envelope.subscriptions = self.tell(shop, &event, before).await?;
            }
        }
        Ok(batch.app.events.keep(&envelope).await?)
    }

    /// Sends a message for each subscription that wants an event; how many there are.
    async fn tell(&self, shop: &Shop, event: &Event, before: Option<EventId>) -> Result<u32, Trouble> {
        let batch = self.batch;
        let live = shop.grants.iter().filter(|grant| may_know(grant.grant(), event.topic));
        let subscriptions: Vec<Arc<Vec<SubscriptionItem>>> = stream::iter(live)
            .map(|grant| batch.subscriptions(&grant.application))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let wanting =
            subscriptions.iter().flat_map(|all| all.iter()).filter(|subscription| event.is_wanted(subscription));
        let (mut fast, mut ordered) = (Vec::new(), Vec::new());
        for subscription in wanting {
            let sending = event.message(subscription, 0, event.received_at)?;
            match subscription.ordering {
                Ordering::Fastest => fast.push(sending),
                Ordering::Entity => ordered.push(sending),
            }
        }
        let count = u32::try_from(fast.len() + ordered.len()).unwrap_or(u32::MAX);
        if !ordered.is_empty() {
            self.after(before).await?;
        }
        let app = batch.app;
        tokio::try_join!(app.outgoing.send_all(fast), app.ordered.send_all(ordered))?;
        Ok(count)
    }

    /// Waits for the object's event before this one to be told, where the order matters: its envelope stands once it is.
    async fn after(&self, before: Option<EventId>) -> Result<(), Trouble> {
        let Some(before) = before else { return Ok(()) };
        let at = Timestamp::from_millisecond(millisecond_of(before.body())).unwrap_or(self.message.received_at);
        let age = Duration::try_from(self.batch.app.clock.now().duration_since(at)).unwrap_or_default();
        // One that was given up leaves none.
        if age >= news::LAST || self.batch.app.events.find(&self.message.store, &before, at).await?.is_some() {
            return Ok(());
        }
        Err(Trouble::Later("the object's event before it is not told yet"))
    }
}

/// Whether a grant lets its application know of a topic (R121).
pub(crate) fn may_know(grant: Grant, topic: Topic) -> bool {
    !grant.revoked && topic.needs().is_none_or(|scope| grant.scopes.contains(scope))
}

fn superseded(known: &Known) -> Outcome {
    Outcome::Superseded { sequence: known.sequence, by: known.event(known.sequence).cloned() }
}

fn data(held: Option<Objects>, incomplete: Option<Incomplete>) -> Result<Data, Trouble> {
    held.map_or(Ok(Data::Id(incomplete)), Data::of)
}

impl Event {
    /// The event of an envelope, with what is told of its object at `told_at`, and whose data must not be used.
    pub(crate) fn of(
        envelope: &EventItem,
        data: Data,
        restricted: Option<Arc<Restricted>>,
        told_at: Timestamp,
    ) -> Self {
        Self {
            id: envelope.id.clone(),
            store: envelope.store.clone(),
            topic: envelope.topic,
            object: envelope.object.clone(),
            occurred_at: envelope.occurred_at,
            received_at: envelope.received_at,
            sequence: envelope.sequence,
            recovered: envelope.recovered,
            whose: data.whose(envelope.topic, envelope.object.as_deref()),
            data,
            restricted,
            told_at,
        }
    }
}
