//! What the `stores` table holds of a credential: the sealed one, and who may change it.

use std::time::Duration;

use bytes::Bytes;
use domain::{id::StoreId, store::StoreState};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{StoreItem, Stores, changes::state};
use crate::dynamo::{
    Unavailable, key,
    transaction::{Part, TransactionError, number, put, text, write},
};

/// How long a change of a credential has the store for itself: longer than any invocation lasts, so that whoever finds it over has it alone.
pub const LEASE: Duration = Duration::from_secs(90);

/// A condition: the store's credential is number `:number`. Stores that were connected before credentials were numbered have number 0.
pub(super) const IS: &str = " AND (#credential = :number OR (attribute_not_exists(#credential) AND :number = :zero))";

/// A store's sealed credential.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "stores", subject = Merchant, link = "pk", role = Both, region = Pinned)]
pub struct SealedItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// Always `credential`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The credential's number.
    #[pd(none)]
    pub number: u32,
    /// The credential under the store's data key, see [`crate::seal`].
    #[pd(cat = "user.authorization.credentials", origin = Provided, basis = Contract, purpose(Operation), retain = "store", erase = Shred, export = Never)]
    pub sealed: Bytes,
}

impl SealedItem {
    /// The item of a store's credential number `number`.
    #[must_use]
    pub fn new(store: &StoreId, number: u32, sealed: Vec<u8>) -> Self {
        Self { pk: key::store(store), sk: key::CREDENTIAL.to_owned(), v: 1, number, sealed: sealed.into() }
    }
}

impl Stores {
    /// The sealed credential of a store, as it stands now.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn sealed(&self, store: &StoreId) -> Result<Option<SealedItem>, Unavailable> {
        self.get(store, key::CREDENTIAL.to_owned()).await
    }

    /// The write that keeps a sealed credential in place of any before.
    #[must_use]
    pub fn sealing(&self, item: &SealedItem) -> Part {
        put(&self.table, item)
    }

    /// The write that takes a sealed credential away, if there is one.
    #[must_use]
    pub fn unsealing(&self, store: &StoreId) -> Part {
        let delete = Part::delete().table_name(&self.table).key("pk", text(key::store(store)));
        delete.key("sk", text(key::CREDENTIAL))
    }

    /// Deletes a sealed credential, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn delete_sealed(&self, store: &StoreId) -> Result<(), Unavailable> {
        self.delete(store, key::CREDENTIAL.to_owned()).await
    }

    /// Gives the caller the store's credential to change until [`LEASE`] is over, and tells when that is; nothing where somebody else has it,
    /// or where the store is not the connected one that the caller has read.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn begin_change(&self, store: &StoreItem, now: Timestamp) -> Result<Option<i64>, Unavailable> {
        let until = now.as_second() + i64::try_from(LEASE.as_secs()).unwrap_or(i64::MAX);
        let free = "(attribute_not_exists(changing_until) OR changing_until <= :now)";
        let begin = self
            .update(&store.id)
            .update_expression("SET changing_until = :until")
            .condition_expression(format!("#account = :account AND #state = :connected AND {free}{IS}"))
            .expression_attribute_names("#account", "account")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#credential", "credential")
            .expression_attribute_values(":account", text(store.account.as_str()))
            .expression_attribute_values(":connected", state(StoreState::Connected))
            .expression_attribute_values(":number", number(store.credential))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":until", number(until));
        match write(&self.client, vec![begin]).await {
            Ok(()) => Ok(Some(until)),
            Err(TransactionError::Condition(_)) => Ok(None),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// Gives back what [`Stores::begin_change`] gave until `until`. What cannot be given back is free once that is over.
    pub async fn end_change(&self, store: &StoreId, until: i64) {
        let end = self
            .update(store)
            .update_expression("REMOVE changing_until")
            .condition_expression("changing_until = :until")
            .expression_attribute_values(":until", number(until));
        // Its cause is in the log already.
        let _ = write(&self.client, vec![end]).await;
    }
}
