//! The off-boarding of a store (`privacy.md` D.10), in two steps.
//!
//! `control` begins it within the owner's call: grants off, epochs raised, credential destroyed. The rest follows by queue, in the function
//! `offboarding`; a sweep sends the message again for whatever is not finished.

use domain::id::{AccountId, StoreId};
use personal_data::PersonalData;

use crate::dynamo::stores::StoreItem;

/// How long the items of a store that is being off-boarded may stay at most, in seconds. They are deleted within minutes as a rule; this
/// is the bound should the queue and the sweep both fail, within the 30 days of R125.
pub const LAST_RESORT: i64 = 28 * 86_400;

/// One store whose off-boarding is to be finished: a message of the `offboarding` queue.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "offboarding", subject = Nobody, role = Controller, region = Anywhere)]
pub struct OffboardingMessage {
    /// Whose store it was.
    #[pd(none)]
    pub account: AccountId,
    /// The store.
    #[pd(none)]
    pub store: StoreId,
    /// Which of its generations: one that was connected since is not touched.
    #[pd(none)]
    pub generation: u32,
}

impl OffboardingMessage {
    /// The message for a store.
    #[must_use]
    pub fn for_store(store: &StoreItem) -> Self {
        Self { account: store.account.clone(), store: store.id.clone(), generation: store.generation }
    }
}
