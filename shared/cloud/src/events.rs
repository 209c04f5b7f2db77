//! What travels through the queues between a store's webhook and a developer's endpoint.
//!
//! `intake` sends an [`EventMessage`] for each webhook, `reconciliation` one for each change that no webhook told. `fan-out` turns it into an
//! event and sends a [`DeliveryMessage`] for each matching subscription. Both carry bodies; their queues are encrypted, keep a message for a
//! day, and move it nowhere: what is given up leaves a [`DeadMessage`], which has none (`product.md` decision 1).

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    event::{PrivacyTopic, Topic},
    id::{AccountId, ApplicationId, EventId, StoreId, SubscriptionId},
    restriction::Whose,
    subscription::Ordering,
};
use jiff::Timestamp;
use personal_data::PersonalData;
use serde_json::value::RawValue;

/// What came from a store and is to be told: a message of the `incoming-events` queue.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "incoming-events", subject = Shopper, link = "store", role = Processor, region = Pinned)]
pub struct EventMessage {
    /// The event, unless it turns out to be known already.
    #[pd(none)]
    pub id: EventId,
    /// Which store.
    #[pd(none)]
    pub store: StoreId,
    /// When it came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// What came.
    #[pd(cat = "user", origin = Upstream, basis = Instruction, purpose(Operation), retain = "transit", erase = Expire, export = Never)]
    pub news: News,
}

/// What came from a store.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum News {
    /// A webhook that was verified.
    Hook {
        /// The headers that say what it is about, by their names in lower case.
        headers: BTreeMap<String, String>,
        /// Its raw body.
        body: HookBody,
    },
    /// A change that no webhook told, found by looking.
    Recovered {
        /// What must have happened.
        topic: Topic,
        /// To which object.
        object: String,
        /// How new the object is, by the platform's clock; nothing for one that is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Timestamp>,
    },
}

/// The raw body of a webhook, byte for byte.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookBody {
    /// UTF-8, as nearly all are.
    Text(String),
    /// Anything else, in base64.
    Bytes(String),
    /// Too large for the queue: the name of the object in the bucket that holds it for a day.
    Stored(String),
}

impl HookBody {
    /// A body as a message holds it. What a queue's message may not hold (U+FFFE and U+FFFF, which JSON does not escape) travels as bytes.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        // Both begin so in UTF-8; nearly no text does, and then it costs a little room.
        let is_refused = |text: &str| text.as_bytes().windows(2).any(|pair| pair == [0xef, 0xbf]);
        match std::str::from_utf8(body) {
            Ok(text) if !is_refused(text) => Self::Text(text.to_owned()),
            _ => Self::Bytes(STANDARD.encode(body)),
        }
    }

    /// The body, where the message holds it itself.
    ///
    /// # Errors
    /// [`NotABody`] for bytes that are not base64.
    pub fn inline(&self) -> Result<Option<Cow<'_, [u8]>>, NotABody> {
        match self {
            Self::Text(text) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
            Self::Bytes(text) => STANDARD.decode(text).map(|bytes| Some(Cow::Owned(bytes))).map_err(|_| NotABody),
            Self::Stored(_) => Ok(None),
        }
    }
}

/// A text that stands for bytes and is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not base64")]
pub struct NotABody;

/// One event for one subscription: a message of the `outgoing-events` queue, or of the `ordered-events` queue.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "outgoing-events", subject = Shopper, link = "store", role = Processor, region = Pinned)]
pub struct DeliveryMessage {
    /// Whose subscription.
    #[pd(none)]
    pub application: ApplicationId,
    /// Which.
    #[pd(none)]
    pub subscription: SubscriptionId,
    /// Which event.
    #[pd(none)]
    pub event: EventId,
    /// Of which store.
    #[pd(none)]
    pub store: StoreId,
    /// What happened.
    #[pd(none)]
    pub topic: Topic,
    /// To which object.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "transit", erase = Expire, export = Never)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// When it came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// When its time began: when it came in, or when its developer asked for it again. 24 hours later it is given up (R139).
    #[pd(none)]
    pub begun_at: Timestamp,
    /// In which order the subscription wants its deliveries.
    #[pd(none)]
    pub ordering: Ordering,
    /// How often its developer has asked for it again: each time it starts anew.
    #[pd(none)]
    #[serde(default)]
    pub replay: u32,
    /// Whose data it is: the body may be cut to fields that do not say.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "transit", erase = Expire, export = Never)]
    #[serde(default, skip_serializing_if = "Whose::is_empty")]
    pub whose: Whose,
    /// What is sent, byte for byte.
    #[pd(cat = "user", origin = Upstream, basis = Instruction, purpose(Operation), retain = "transit", erase = Expire, export = Never)]
    pub body: Box<RawValue>,
}

/// What an endpoint is told, in the order of its fields.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct DeliveryBody<'a> {
    /// The event.
    pub id: Cow<'a, EventId>,
    /// What happened.
    #[serde(rename = "type")]
    pub topic: Topic,
    /// Where.
    pub store: Cow<'a, StoreId>,
    /// When.
    pub occurred_at: Timestamp,
    /// Which of the object's events it is, counted from one.
    pub sequence: u64,
    /// Whether no webhook told it and it was found by looking.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// Why there is no more of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Incomplete>,
    /// The object.
    #[serde(borrow)]
    pub data: Cow<'a, RawValue>,
    /// The platform's own object.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Cow<'a, RawValue>>,
}

/// Why an event brings no more of its object than its id, or not even that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Incomplete {
    /// It could not be read from the store for 20 hours.
    Unreadable,
    /// It is larger than a message can be: a mebibyte.
    TooLarge,
    /// Its customer's data must not be used (`privacy.md` D.6): nothing of the object is there, its id included.
    Restricted,
}

impl DeliveryMessage {
    /// The message without anything of its object: the envelope alone. Nothing where its body is none that `fan-out` wrote.
    #[must_use]
    pub fn restricted(&self) -> Option<Self> {
        let body: DeliveryBody<'_> = serde_json::from_str(self.body.get()).ok()?;
        let nothing = RawValue::from_string("{}".to_owned()).ok()?;
        let incomplete = Some(Incomplete::Restricted);
        let body = DeliveryBody { incomplete, data: Cow::Borrowed(&*nothing), remote: None, ..body };
        let body = serde_json::value::to_raw_value(&body).ok()?;
        Some(Self { object: None, whose: Whose::default(), body, ..self.clone() })
    }
}

/// What of a message is left that nothing could be made of: a message of the `dead-events` queue, for people to look at. No body.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "dead-events", subject = Nobody, role = Controller, region = Pinned)]
pub struct DeadMessage {
    /// Which event.
    #[pd(none)]
    pub event: EventId,
    /// Of which store.
    #[pd(none)]
    pub store: StoreId,
    /// For which subscription, where it had got so far.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// When it came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// What could not be done with it, in our words.
    #[pd(none)]
    pub cause: String,
    /// SHA-256 of the body, in lower-case hex, so that it can be recognised where it came from.
    #[pd(none)]
    pub sha256: String,
}

/// Deliveries that are to be made again, with bodies that are read from the store anew: a message of the `replays` queue. It is worked
/// through a page at a time; each page's message names where the next begins.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "replays", subject = Nobody, role = Controller, region = Pinned)]
pub struct ReplayMessage {
    /// Whose subscription.
    #[pd(none)]
    pub application: ApplicationId,
    /// Which.
    #[pd(none)]
    pub subscription: SubscriptionId,
    /// Which of its deliveries.
    #[pd(none)]
    pub what: Replay,
    /// The last event that is done, where the work has begun.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EventId>,
}

/// Which deliveries of a subscription are to be made again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Replay {
    /// One, whatever became of it.
    One(EventId),
    /// Every event that came in between two times and that the subscription wants, whatever became of its delivery; those of a time when the
    /// subscription was off included.
    Between {
        /// From here on.
        from: Timestamp,
        /// Up to here, exclusive.
        to: Timestamp,
    },
    /// Every delivery that failed and whose event came in since.
    Failed {
        /// From here on.
        since: Timestamp,
    },
    /// Every delivery that was parked: the endpoint is back.
    Parked,
}

/// Work on one store that no caller waits for: a message of the `reconciliations` queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "reconciliations", subject = Nobody, role = Controller, region = Anywhere)]
pub struct ReconciliationMessage {
    /// Whose store.
    #[pd(none)]
    pub account: AccountId,
    /// Which store.
    #[pd(none)]
    pub store: StoreId,
    /// Which of its generations.
    #[pd(none)]
    pub generation: u32,
    /// What is to be done.
    #[pd(none)]
    pub task: Task,
}

/// What is to be done for a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Its webhooks are registered, or repaired where somebody removed them.
    Hooks,
    /// Its changes are looked for that no webhook told.
    Changes,
}

/// What a platform asks about people (`platforms.md` 3.5): a message of the `privacy-topics` queue, for the machine that answers
/// data-subject requests.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "privacy-topics", subject = Shopper, link = "store", role = Processor, region = Pinned)]
pub struct PrivacyTopicMessage {
    /// The event that it came as.
    #[pd(none)]
    pub event: EventId,
    /// Which store it came for.
    #[pd(none)]
    pub store: StoreId,
    /// Whose store that is.
    #[pd(none)]
    pub account: AccountId,
    /// What is asked.
    #[pd(none)]
    pub topic: PrivacyTopic,
    /// When it came in: the law's clock starts here.
    #[pd(none)]
    pub received_at: Timestamp,
    /// What the platform calls its message, the same where it sends it again.
    #[pd(none)]
    pub name: String,
    /// The platform's id of the customer, where it has one.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "envelope", erase = Expire, export = Never)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The platform's ids of the customer's orders.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "envelope", erase = Expire, export = Never)]
    pub orders: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_out_of_its_message_byte_for_byte() {
        let texts: [&[u8]; 6] = [
            b"",
            br#"{"a":"\u0000\"\n"}"#,
            "{\"n\":\"\u{e9}\u{1f600}\u{0}\u{7f}\"}".as_bytes(),
            b"\xef\xbb\xbf{}",
            b"\xff\x00\xfe",
            "\u{ffff}".as_bytes(),
        ];
        for body in texts {
            let held = HookBody::of(body);
            let read: HookBody = serde_json::from_str(&serde_json::to_string(&held).unwrap()).unwrap();
            assert_eq!(read.inline().unwrap().as_deref(), Some(body));
        }
        assert!(HookBody::Stored("x".to_owned()).inline().unwrap().is_none());
        assert_eq!(HookBody::Bytes("%".to_owned()).inline().err(), Some(NotABody));
    }

    /// SQS takes what XML takes: `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`. JSON escapes what lies below a
    /// space, and nothing else.
    #[test]
    fn a_written_body_has_no_character_that_a_queue_refuses() {
        for c in (0..=0x11_0000_u32).filter_map(char::from_u32) {
            if (' '..'\u{ffee}').contains(&c) || c > '\u{1ffff}' {
                continue;
            }
            let written = serde_json::to_string(&HookBody::of(c.to_string().as_bytes())).unwrap();
            let refused =
                written.chars().find(|c| (*c < ' ' && !"\t\n\r".contains(*c)) || ('\u{fffe}'..='\u{ffff}').contains(c));
            assert_eq!(refused, None, "{c:?} in {written}");
        }
    }
}
