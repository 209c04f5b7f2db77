//! The form `sealed`: a credential under its store's data key, as an item beside the store.
//!
//! It costs no secret and no call of Secrets Manager, which keeps $0.40 a month for each and takes 50 writes a second from the whole account.

use connectors::Credential;
use domain::id::StoreId;

use super::{VaultError, fields};
use crate::{
    data_keys::DataKeys,
    dynamo::{
        stores::{SealedItem, Stores},
        transaction::Part,
    },
    seal::Place,
};

/// Sealed credentials of stores.
#[derive(Clone)]
pub(super) struct Sealed {
    stores: Stores,
    keys: DataKeys,
}

fn place(store: &StoreId, number: u32) -> Place<'_> {
    Place { holder: store.into(), field: "stores.sealed", item: "", version: u64::from(number) }
}

impl Sealed {
    pub(super) fn new(stores: Stores, keys: DataKeys) -> Self {
        Self { stores, keys }
    }

    /// Reads the credential of a store that has this number.
    ///
    /// # Errors
    /// [`VaultError::Missing`] where there is none, where another number stands there, or where the data key is gone.
    pub(super) async fn read(&self, store: &StoreId, number: u32) -> Result<Credential, VaultError> {
        let (item, key) = tokio::try_join!(self.stores.sealed(store), self.keys.find(store))?;
        let (Some(item), Some(key)) = (item, key) else { return Err(VaultError::Missing) };
        if item.number != number {
            return Err(VaultError::Missing);
        }
        let text = key.open(place(store, number), &item.sealed).map_err(|broken| {
            tracing::error!(%store, cause = %broken, "a sealed credential is not what was put there");
            VaultError::Unavailable
        })?;
        fields::read(&text)
    }

    /// Seals a credential as the store's number `number`. It is kept when the part that this returns is written, in place of any before.
    pub(super) async fn sealing(
        &self,
        store: &StoreId,
        number: u32,
        credential: &Credential,
    ) -> Result<Part, VaultError> {
        let key = self.keys.obtain(store).await?;
        let sealed = key.seal(place(store, number), fields::written(credential).as_bytes());
        Ok(self.stores.sealing(&SealedItem::new(store, number, sealed)))
    }

    /// The write that takes the sealed credential away, if there is one.
    pub(super) fn removing(&self, store: &StoreId) -> Part {
        self.stores.unsealing(store)
    }

    /// Shreds the sealed credential: the data key first, which makes every copy unreadable, then the credential.
    pub(super) async fn destroy(&self, store: &StoreId) -> Result<(), VaultError> {
        self.keys.destroy(store).await?;
        self.stores.delete_sealed(store).await?;
        Ok(())
    }

    /// Deletes the sealed credential and leaves the data key, under which more than this may rest.
    pub(super) async fn clear(&self, store: &StoreId) -> Result<(), VaultError> {
        Ok(self.stores.delete_sealed(store).await?)
    }
}
