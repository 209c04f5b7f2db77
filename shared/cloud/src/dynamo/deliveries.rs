//! Deliveries and their attempts (table `deliveries`). No bodies. A partition a subscription, an item an event.

mod again;
mod forget;
mod list;
mod work;

use domain::{
    delivery::{AttemptError, DeliveryState, FailedBecause},
    event::Topic,
    id::{EventId, StoreId, SubscriptionId},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::Client;

pub use list::Looking;
pub use work::{ATTEMPTS_KEPT, Claimed, Handed, asked};

/// One event for one subscription, and what became of it.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "deliveries", subject = Shopper, link = "store", role = Processor, region = Pinned)]
pub struct DeliveryItem {
    /// `deliveries#` and the subscription's id.
    #[pd(none)]
    pub pk: String,
    /// The event's id without its prefix.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The subscription.
    #[pd(none)]
    pub subscription: SubscriptionId,
    /// The event; also the `webhook-id` of every attempt.
    #[pd(none)]
    pub event: EventId,
    /// Of which store.
    #[pd(none)]
    pub store: StoreId,
    /// What happened.
    #[pd(none)]
    pub topic: Topic,
    /// To which object.
    #[pd(cat = "user.unique_id", origin = Upstream, basis = Instruction, purpose(Operation), retain = "envelope", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// When the event came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// When its time of 24 hours began: when the event came in, or when its developer asked for it again.
    #[pd(none)]
    pub begun_at: Timestamp,
    /// Where it is in its life.
    #[pd(none)]
    pub state: DeliveryState,
    /// Why it was given up.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_because: Option<FailedBecause>,
    /// Attempts that count for the schedule, since it was last asked for.
    #[pd(none)]
    pub tried: u32,
    /// The last attempts, the newest last.
    #[pd(none)]
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// When the next attempt is due.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// Until when one attempt has the delivery for itself, in unix milliseconds.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_until: Option<i64>,
    /// How often its developer has asked for it again.
    #[pd(none)]
    #[serde(default)]
    pub replay: u32,
    /// When it is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// What the endpoint answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was met in place of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AttemptError>,
    /// How long it took, in milliseconds.
    pub milliseconds: u32,
    /// How many bytes of an answer were read, 4,096 at most. None is kept.
    pub bytes: u32,
}

/// The `deliveries` table.
#[derive(Clone)]
pub struct Deliveries {
    client: Client,
    table: String,
}

impl Deliveries {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}
