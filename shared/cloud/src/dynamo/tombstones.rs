//! What was erased, so that no backup brings it back unseen (table `tombstones`; `privacy.md` D.8).
//!
//! A row an id, and nothing else of it: ids of ours are made of chance, lead to nobody once what they named is erased, and are never given twice. An
//! address is not remembered, not even as a keyed hash: nobody is found, imported or written to here by an address that its mailbox has not confirmed
//! anew, and who does that is somebody new, with an id and consents of their own.
//!
//! The table is never restored together with the others, see [`super::restored`].

use domain::id::{AccountId, ApplicationId, ContactId, StoreId};
use jiff::{SignedDuration, Timestamp};
use personal_data::PersonalData;

use super::{
    Client, Unavailable, key,
    page::get,
    transaction::{Part, put, put_alone},
};

/// How long it is known that something was erased: longer than any backup lasts, with the longest time in which a platform tells old news again on top.
const KNOWN: SignedDuration = SignedDuration::from_hours(60 * 24);

/// That something was erased.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "tombstones", subject = Nobody, role = Controller, region = Pinned)]
pub struct TombstoneItem {
    /// `tomb#` and the id of what was erased.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// When it was erased.
    #[pd(none)]
    pub erased_at: Timestamp,
    /// When the row is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What can be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased<'a> {
    /// An account.
    Account(&'a AccountId),
    /// A contact.
    Contact(&'a ContactId),
    /// An application.
    Application(&'a ApplicationId),
    /// A store.
    Store(&'a StoreId),
}

impl Erased<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Account(id) => id.as_str(),
            Self::Contact(id) => id.as_str(),
            Self::Application(id) => id.as_str(),
            Self::Store(id) => id.as_str(),
        }
    }
}

/// The table `tombstones`.
#[derive(Clone)]
pub struct Tombstones {
    client: Client,
    table: String,
}

impl Tombstones {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The write that remembers that something was erased, for the transaction that erases it.
    #[must_use]
    pub fn remembering(&self, erased: Erased<'_>, now: Timestamp) -> Part {
        put(&self.table, &item(erased, now))
    }

    /// Remembers that something was erased whose end is no transaction.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn remember(&self, erased: Erased<'_>, now: Timestamp) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "tombstones", &item(erased, now)).await
    }

    /// Whether something was erased.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn has(&self, erased: Erased<'_>) -> Result<bool, Unavailable> {
        self.has_id(erased.id()).await
    }

    /// Whether what had this id was erased.
    pub(super) async fn has_id(&self, id: &str) -> Result<bool, Unavailable> {
        let (pk, sk) = (key::tombstone(id), key::ALONE.to_owned());
        let found: Option<TombstoneItem> = get(&self.client, &self.table, "tombstones", pk, sk).await?;
        Ok(found.is_some())
    }
}

fn item(erased: Erased<'_>, now: Timestamp) -> TombstoneItem {
    TombstoneItem {
        pk: key::tombstone(erased.id()),
        sk: key::ALONE.to_owned(),
        v: 1,
        erased_at: now,
        expires_at: now.as_second() + KNOWN.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use personal_data::Kind;

    use super::*;
    use crate::data_map::DATA_MAP;

    #[test]
    fn what_was_erased_is_known_longer_than_any_backup_has_it() {
        for resource in DATA_MAP.resources {
            if let Kind::Table { backup_days, .. } = resource.kind {
                assert!(i64::from(backup_days) * 24 < KNOWN.as_hours(), "{}", resource.name);
            }
        }
    }
}
