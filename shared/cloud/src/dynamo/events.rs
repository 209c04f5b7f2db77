//! Events, and what is known of the objects that they are about (table `events`). No bodies: an event's envelope is kept for 14 days, an
//! object's mark as long as its store.

mod forget;
mod list;
mod marks;
mod reconciled;

use domain::{
    event::{Topic, news::Mark},
    id::{EventId, StoreId},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::Client;

pub use forget::Objects;
pub use list::{Happened, MAX_LISTED_STORES, Seen};
pub use marks::{Guard, Known, Marks, Noted, Object, Remembered, Webhook};
pub use reconciled::ReconciledItem;

/// How long an envelope is kept, in seconds.
pub const KEPT: i64 = 14 * 86_400;

/// The envelope of one event.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "events", subject = Shopper, link = "store", role = Processor, region = Pinned)]
pub struct EventItem {
    /// `events#`, the store's id, and the day it came in.
    #[pd(none)]
    pub pk: String,
    /// The event's id without its prefix: ids sort by the time that the event came in.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The event.
    #[pd(none)]
    pub id: EventId,
    /// The store.
    #[pd(none)]
    pub store: StoreId,
    /// What happened.
    #[pd(none)]
    pub topic: Topic,
    /// The platform's id of the object that it happened to.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "envelope", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// When it happened, as the platform tells; else when it came in.
    #[pd(none)]
    pub occurred_at: Timestamp,
    /// When it came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// Which of the object's events it is, counted from one.
    #[pd(none)]
    pub sequence: u64,
    /// Whether no webhook told it and it was found by looking.
    #[pd(none)]
    #[serde(default)]
    pub recovered: bool,
    /// Whether its object is that of a customer whose data must not be used, so that nobody was told of it but that it happened.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
    /// The event that had told newer news of the object before this one came, so that nobody was told this.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<EventId>,
    /// How many subscriptions it went to.
    #[pd(none)]
    pub subscriptions: u32,
    /// When it is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What is known of one object of a store: how many events it had, how new the newest was, and which webhooks told of it last:
/// `w` and a webhook's number holds which of the events it was, `e` and the number the event's id without its prefix, and a `-` where nobody was told.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "events", subject = Shopper, link = "pk", role = Processor, region = Pinned, families("e", "w"))]
pub struct MarkItem {
    /// `marks#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// `mark#`, the entity, and a hash of the object's id.
    #[pd(none)]
    pub sk: String,
    /// The platform's id of the object.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "store", erase = Delete, export = Yes)]
    pub object: String,
    /// How many events it had.
    #[pd(none)]
    pub sequence: u64,
    /// How new the newest news of it is, in unix milliseconds; the platform's own time of change.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<i64>,
    /// Whether the newest news is that it is gone.
    #[pd(none)]
    #[serde(default)]
    pub gone: bool,
}

impl MarkItem {
    /// What news of the object is weighed against.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { newest: self.newest, gone: self.gone }
    }
}

/// The `events` table.
#[derive(Clone)]
pub struct Events {
    client: Client,
    table: String,
}

impl Events {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}
