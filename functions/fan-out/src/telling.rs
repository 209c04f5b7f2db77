//! An event as developers get it: which subscriptions want it, and what is sent to each.

use cloud::{
    dynamo::{key, subscriptions::SubscriptionItem},
    events::DeliveryMessage,
    sqs::{MESSAGE_LIMIT, Sending},
};
use connectors::{Fields, Objects, Outcome};
use domain::{
    event::Topic,
    id::{EventId, StoreId},
    subscription::{Ordering, SubscriptionState, filter},
};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::batch::Trouble;

/// Why an event brings no more of its object than its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Incomplete {
    /// It could not be read from the store for 20 hours.
    Unreadable,
    /// It is larger than a message can be: a mebibyte.
    TooLarge,
}

/// What is told of an event's object.
pub(crate) enum Data {
    /// All of it, as JSON, and the platform's own form of it.
    Whole(Box<RawValue>, Option<Box<RawValue>>),
    /// No more than its id: it is gone, or see the reason.
    Id(Option<Incomplete>),
    /// The event is about no object.
    None,
}

impl Data {
    /// Exactly one object.
    pub(crate) fn of(mut objects: Objects) -> Result<Self, Trouble> {
        let remote = objects.take_remote();
        let json = Outcome::One(objects).to_json(None).ok().and_then(|json| String::from_utf8(json).ok());
        let whole = json.and_then(|json| RawValue::from_string(json).ok());
        whole.map(|whole| Self::Whole(whole, remote)).ok_or(Trouble::Never("the object does not serialise"))
    }
}

/// An event that is to be told.
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) store: StoreId,
    pub(crate) topic: Topic,
    pub(crate) object: Option<String>,
    pub(crate) occurred_at: Timestamp,
    pub(crate) received_at: Timestamp,
    pub(crate) sequence: u64,
    pub(crate) recovered: bool,
    pub(crate) data: Data,
}

/// The body of a delivery, in the order of its fields.
#[derive(serde::Serialize)]
struct Envelope<'a> {
    id: &'a EventId,
    #[serde(rename = "type")]
    topic: Topic,
    store: &'a StoreId,
    occurred_at: Timestamp,
    sequence: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recovered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<Incomplete>,
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<&'a RawValue>,
}

impl Event {
    /// Whether a subscription of an application that may read the event's object wants it. What cannot be read is judged by nobody's filter: a
    /// developer is rather told too much than too little.
    pub(crate) fn is_wanted(&self, subscription: &SubscriptionItem) -> bool {
        let of_store = |stores: &Vec<StoreId>| stores.contains(&self.store);
        subscription.state == SubscriptionState::Enabled
            && subscription.topics.contains(&self.topic)
            && subscription.stores.as_ref().is_none_or(of_store)
            && match &self.data {
                _ if subscription.filter.is_empty() => true,
                Data::Whole(whole, _) => serde_json::from_str(whole.get())
                    .is_ok_and(|object: serde_json::Value| filter::matches(&subscription.filter, &object)),
                Data::Id(_) | Data::None => true,
            }
    }

    /// The message for a subscription, `replay` times asked for again, whose time began at `begun_at`.
    pub(crate) fn message(
        &self,
        subscription: &SubscriptionItem,
        replay: u32,
        begun_at: Timestamp,
    ) -> Result<Sending, Trouble> {
        let whole = self.sending(subscription, replay, begun_at, &self.data)?;
        if whole.bytes() <= MESSAGE_LIMIT {
            return Ok(whole);
        }
        self.sending(subscription, replay, begun_at, &Data::Id(Some(Incomplete::TooLarge)))
    }

    fn sending(
        &self,
        subscription: &SubscriptionItem,
        replay: u32,
        begun_at: Timestamp,
        data: &Data,
    ) -> Result<Sending, Trouble> {
        let message = DeliveryMessage {
            application: subscription.application.clone(),
            subscription: subscription.id.clone(),
            event: self.id.clone(),
            store: self.store.clone(),
            topic: self.topic,
            object: self.object.clone(),
            received_at: self.received_at,
            begun_at,
            ordering: subscription.ordering,
            replay,
            body: self.body(subscription, data)?,
        };
        let sending = Sending::new(&message);
        Ok(match subscription.ordering {
            // A fair share for each.
            Ordering::Fastest => sending.in_group(subscription.id.as_str()),
            Ordering::Entity => {
                let of = match (self.topic.entity(), &self.object) {
                    (Some(entity), Some(object)) => key::mark(entity, object),
                    _ => self.topic.to_string(),
                };
                let once = format!("{}-{replay}", self.id.body());
                sending.in_group(&format!("{}#{of}", subscription.id.body())).once_as(once)
            }
        })
    }

    fn body(&self, subscription: &SubscriptionItem, data: &Data) -> Result<Box<RawValue>, Trouble> {
        let unwritable = |_| Trouble::Never("the event does not serialise");
        let (of, remote, incomplete) = match data {
            Data::Whole(whole, remote) => (self.cut(subscription, whole)?, remote.as_deref(), None),
            Data::Id(incomplete) => (self.id_alone()?, None, *incomplete),
            Data::None => (serde_json::value::to_raw_value(&serde_json::json!({})).map_err(unwritable)?, None, None),
        };
        let envelope = Envelope {
            id: &self.id,
            topic: self.topic,
            store: &self.store,
            occurred_at: self.occurred_at,
            sequence: self.sequence,
            recovered: self.recovered,
            incomplete,
            data: &of,
            remote: remote.filter(|_| subscription.include_remote),
        };
        let text = serde_json::to_string(&envelope).map_err(unwritable)?;
        // The two characters that a queue refuses. They stand in texts only, where JSON has another way to write them.
        let text = match text.contains(['\u{fffe}', '\u{ffff}']) {
            true => text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"),
            false => text,
        };
        RawValue::from_string(text).map_err(unwritable)
    }

    fn id_alone(&self) -> Result<Box<RawValue>, Trouble> {
        let id = serde_json::value::to_raw_value(&serde_json::json!({ "id": self.object }));
        id.map_err(|_| Trouble::Never("the event does not serialise"))
    }

    /// An object cut to the fields that a subscription wants; to its id where it has none of them.
    fn cut(&self, subscription: &SubscriptionItem, whole: &RawValue) -> Result<Box<RawValue>, Trouble> {
        let (Some(wanted), Some(entity)) = (&subscription.fields, self.topic.entity()) else {
            return Ok(whole.to_owned());
        };
        // A subscription may want fields of several kinds of object: each is cut to those that it has.
        let known: Vec<&str> =
            wanted.iter().map(String::as_str).filter(|path| Fields::parse(entity, path).is_ok()).collect();
        if known.is_empty() {
            return self.id_alone();
        }
        let fields = Fields::parse(entity, &known.join(","));
        let cut = fields.ok().and_then(|fields| fields.cut_one(whole.get().as_bytes()).ok());
        let cut = cut.and_then(|json| RawValue::from_string(String::from_utf8(json).ok()?).ok());
        cut.ok_or(Trouble::Never("the fields cannot be cut out"))
    }
}
