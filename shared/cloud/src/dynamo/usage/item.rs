//! What rests in the table `usage`.

use domain::{
    id::{AccountId, ApplicationId, KeyId, StoreId},
    scope::ScopeSet,
    usage::{Latency, StatusClass, Tally},
};
use jiff::{Timestamp, civil::Date};
use personal_data::PersonalData;

use super::Group;

/// What one key called of one store with one class of outcome, in an hour or a day.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "usage", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct UsageItem {
    /// Partition: the account, and whether it is an hour or a day.
    #[pd(none)]
    pub pk: String,
    /// When the span begins, key, store and class.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Whose key it is.
    #[pd(none)]
    pub account: AccountId,
    /// The day, in UTC.
    #[pd(none)]
    pub day: Date,
    /// The key.
    #[pd(none)]
    pub key: KeyId,
    /// The application that holds it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// The store.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// How the calls ended.
    #[pd(none)]
    pub status: StatusClass,
    /// How many there were and how long they took.
    #[pd(none)]
    pub latency: Latency,
    /// Bytes of the answers' bodies.
    #[pd(none)]
    pub bytes: u64,
    /// Calls of the store.
    #[pd(none)]
    pub upstream_calls: u64,
    /// Milliseconds spent waiting for the store.
    #[pd(none)]
    pub upstream_millis: u64,
    /// Pages that were asked for and answered.
    #[pd(none)]
    pub pages: u64,
    /// Rows asked for, over those pages.
    #[pd(none)]
    pub rows_asked: u64,
    /// Rows answered, over those pages.
    #[pd(none)]
    pub rows: u64,
    /// Scopes that some call needed.
    #[pd(none)]
    pub scopes: ScopeSet,
    /// Calls that the store's platform called deprecated.
    #[pd(none)]
    pub deprecated: u64,
    /// The earliest date on which it stops serving some of them.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<Timestamp>,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

impl From<UsageItem> for (Group, Tally) {
    fn from(item: UsageItem) -> Self {
        let group = Group {
            day: item.day,
            key: item.key,
            application: item.application,
            store: item.store,
            status: item.status,
        };
        let tally = Tally {
            latency: item.latency,
            bytes: item.bytes,
            upstream_calls: item.upstream_calls,
            upstream_millis: item.upstream_millis,
            pages: item.pages,
            rows_asked: item.rows_asked,
            rows: item.rows,
            scopes: item.scopes,
            deprecated: item.deprecated,
            sunset: item.sunset,
        };
        (group, tally)
    }
}

/// How far the sweep has folded; one item for hours and one for days. It never expires: there is one of each.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "usage", subject = Nobody, role = Controller, region = Anywhere)]
pub struct FoldedItem {
    /// Always the same.
    #[pd(none)]
    pub pk: String,
    /// `hour` or `day`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Every call before this is folded; it is a whole hour, or midnight.
    #[pd(none)]
    pub until: Timestamp,
    /// Of the span that begins there, every account up to this one is folded too: a run that has no time left goes on behind it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AccountId>,
}
