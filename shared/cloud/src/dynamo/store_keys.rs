//! The data key of each store, and of each application that has subscriptions, wrapped by KMS (table `store-keys`).
//!
//! A table of its own, because its backups must end sooner than those of what the keys seal: a backup of a deleted key would reopen
//! everything (`privacy.md` D.9).

use bytes::Bytes;
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Unavailable,
    call::{AttributeValue, Client},
    key,
    transaction::{TransactionError, put, write},
    unavailable, unreadable,
};
use crate::seal::Holder;

/// One holder's data key. Only KMS can unwrap it, and only for this holder.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "store-keys", subject = Nobody, role = Controller, region = Anywhere)]
pub struct StoreKeyItem {
    /// `store#` and the store's id, or `application#` and the application's.
    #[pd(none)]
    pub pk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// What `GenerateDataKey` gave as `CiphertextBlob`.
    #[pd(none)]
    pub wrapped: Bytes,
    /// When it was made.
    #[pd(none)]
    pub made_at: Timestamp,
    /// Never set: a key lives as long as its holder. Every table has this attribute for its time-to-live.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// The `store-keys` table.
#[derive(Clone)]
pub struct StoreKeys {
    client: Client,
    table: String,
}

impl StoreKeys {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The wrapped key of a holder as it stands now; nothing where it has none, or none any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, holder: Holder<'_>) -> Result<Option<Bytes>, Unavailable> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key::holder(holder)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("store-keys", &error))?;
        let Some(item) = answer.item else { return Ok(None) };
        let item: StoreKeyItem = serde_dynamo::from_item(item).map_err(|error| unreadable("store-keys", &error))?;
        Ok(Some(item.wrapped))
    }

    /// Keeps the wrapped key of a holder that has none; false where another one was quicker.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, holder: Holder<'_>, wrapped: &[u8], now: Timestamp) -> Result<bool, Unavailable> {
        let item = StoreKeyItem {
            pk: key::holder(holder),
            v: 1,
            wrapped: Bytes::copy_from_slice(wrapped),
            made_at: now,
            expires_at: None,
        };
        let part = put(&self.table, &item).condition_expression("attribute_not_exists(pk)");
        match write(&self.client, vec![part]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// Deletes the key of a holder. One that is gone already counts as deleted.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn delete(&self, holder: Holder<'_>) -> Result<(), Unavailable> {
        let delete =
            self.client.delete_item().table_name(&self.table).key("pk", AttributeValue::S(key::holder(holder)));
        delete.send().await.map(drop).map_err(|error| unavailable("store-keys", &error))
    }
}
