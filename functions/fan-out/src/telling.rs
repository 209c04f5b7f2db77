//! An event as developers get it: which subscriptions want it, and what is sent to each.

use std::{borrow::Cow, sync::Arc};

use cloud::{
    dynamo::{key, subscriptions::SubscriptionItem},
    events::{DeliveryBody, DeliveryMessage, Incomplete},
    restrictions::Restricted,
    sqs::{MESSAGE_LIMIT, Sending},
};
use connectors::{Fields, Objects, Outcome};
use domain::{
    event::Topic,
    id::{ApplicationId, EventId, StoreId},
    model::Entity,
    restriction::Whose,
    subscription::{Ordering, SubscriptionState, filter},
};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::batch::Trouble;

/// What is told of an event's object.
pub(crate) enum Data {
    /// All of it, as JSON, the platform's own form of it, and whose it is.
    Whole(Box<RawValue>, Option<Box<RawValue>>, Whose),
    /// No more than its id: it is gone, or see the reason.
    Id(Option<Incomplete>),
    /// Not even its id: its customer's data must not be used.
    Restricted,
    /// The event is about no object.
    None,
}

impl Data {
    /// Whose data the object of an event is: what it says itself, and of customers whose id is all there is, that.
    pub(crate) fn whose(&self, topic: Topic, object: Option<&str>) -> Whose {
        match (self, topic.entity(), object) {
            (Self::Whole(_, _, whose), ..) => whose.clone(),
            (_, Some(Entity::Customers), Some(id)) => Whose::customer(id),
            _ => Whose::default(),
        }
    }

    /// Exactly one object.
    pub(crate) fn of(mut objects: Objects) -> Result<Self, Trouble> {
        let remote = objects.take_remote();
        let whose = objects.whose().pop().unwrap_or_default();
        let json = Outcome::One(objects).to_json(None).ok().and_then(|json| String::from_utf8(json).ok());
        let whole = json.and_then(|json| RawValue::from_string(json).ok());
        whole.map(|whole| Self::Whole(whole, remote, whose)).ok_or(Trouble::Never("the object does not serialise"))
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
    /// Whose data the object is.
    pub(crate) whose: Whose,
    /// The customers whose data must not be used, where the store has any.
    pub(crate) restricted: Option<Arc<Restricted>>,
    /// When it is told.
    pub(crate) told_at: Timestamp,
}

impl Event {
    /// Whether a subscription of an application that may read the event's object wants it. What cannot be read is judged by nobody's filter: a
    /// developer is rather told too much than too little.
    pub(crate) fn is_wanted(&self, subscription: &SubscriptionItem) -> bool {
        let of_store = |stores: &Vec<StoreId>| stores.contains(&self.store);
        subscription.state == SubscriptionState::Enabled
            && subscription.topics.contains(&self.topic)
            && subscription.stores.as_ref().is_none_or(of_store)
            && match self.data_for(&subscription.application) {
                _ if subscription.filter.is_empty() => true,
                Data::Whole(whole, ..) => serde_json::from_str(whole.get())
                    .is_ok_and(|object: serde_json::Value| filter::matches(&subscription.filter, &object)),
                Data::Id(_) | Data::Restricted | Data::None => true,
            }
    }

    /// Whether anybody must not be told of the object.
    pub(crate) fn is_restricted(&self) -> bool {
        self.is_forbidden(None)
    }

    fn is_forbidden(&self, application: Option<&ApplicationId>) -> bool {
        self.restricted.as_ref().is_some_and(|restricted| restricted.forbids(application, &self.whose, self.told_at))
    }

    /// What an application may be told of the object.
    fn data_for(&self, application: &ApplicationId) -> &Data {
        if self.is_forbidden(Some(application)) { &Data::Restricted } else { &self.data }
    }

    /// The message for a subscription, `replay` times asked for again, whose time began at `begun_at`.
    pub(crate) fn message(
        &self,
        subscription: &SubscriptionItem,
        replay: u32,
        begun_at: Timestamp,
    ) -> Result<Sending, Trouble> {
        let whole = self.sending(subscription, replay, begun_at, self.data_for(&subscription.application))?;
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
        let (object, whose) = match data {
            Data::Restricted => (None, Whose::default()),
            Data::Whole(..) | Data::Id(_) | Data::None => (self.object.clone(), self.whose.clone()),
        };
        let message = DeliveryMessage {
            application: subscription.application.clone(),
            subscription: subscription.id.clone(),
            event: self.id.clone(),
            store: self.store.clone(),
            topic: self.topic,
            object,
            received_at: self.received_at,
            begun_at,
            ordering: subscription.ordering,
            replay,
            whose,
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
        let nothing = || serde_json::value::to_raw_value(&serde_json::json!({})).map_err(unwritable);
        let (of, remote, incomplete) = match data {
            Data::Whole(whole, remote, _) => (self.cut(subscription, whole)?, remote.as_deref(), None),
            Data::Id(incomplete) => (self.id_alone()?, None, *incomplete),
            Data::Restricted => (nothing()?, None, Some(Incomplete::Restricted)),
            Data::None => (nothing()?, None, None),
        };
        let envelope = DeliveryBody {
            id: Cow::Borrowed(&self.id),
            topic: self.topic,
            store: Cow::Borrowed(&self.store),
            occurred_at: self.occurred_at,
            sequence: self.sequence,
            recovered: self.recovered,
            incomplete,
            data: Cow::Borrowed(&*of),
            remote: remote.filter(|_| subscription.include_remote).map(Cow::Borrowed),
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
