//! Where credentials of stores rest (R012), in one of two forms (`product.md` decision 4): a Secrets Manager secret for each store, or sealed
//! under the store's data key beside the store's item.
//!
//! Nothing else reads them, no route answers with them, and the type that holds them has neither `Debug` nor `Serialize`. Whoever reads one
//! writes it down: a call in its own journal line, everything else in a line of its own.
//!
//! # Changes
//! A store's item says which form holds its credential and the credential's number. Whoever changes either goes these steps, so that a
//! reader finds a credential between any two of them, and so that any of them may be the last:
//!
//! 1. [`Stores::begin_change`]: one change at a time, for at most [`LEASE`](crate::dynamo::stores::LEASE), which outlives every invocation.
//! 2. [`Vault::keep`]: the new form holds the credential, or is about to: what it returns belongs into the transaction of step 3.
//! 3. One transaction makes the store's item name the new form and number, on condition that it still names the old ones.
//! 4. [`Vault::clear`]: the other form holds nothing any more.
//! 5. [`Stores::end_change`].
//!
//! A reader that read the store's item before step 3 and the vault after it finds nothing, reads the item again and finds it there.

mod fields;
mod per_store;
mod reader;
mod sealed;

use connectors::Credential;
use domain::{id::StoreId, store::VaultForm};

pub use self::reader::Reader;
use self::{per_store::Secrets, sealed::Sealed};
use crate::{
    aws::Aws,
    data_keys::DataKeys,
    dynamo::{
        Unavailable,
        stores::{StoreItem, Stores},
        transaction::Part,
    },
};

/// How often a reader looks where a store's credential is while it keeps moving. A move takes a second, a read some milliseconds.
const READS: u32 = 3;

/// Why a credential could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is none for this store.
    #[error("the store has no credential")]
    Missing,
    /// The vault could not be asked.
    #[error("the vault could not be asked")]
    Unavailable,
}

impl From<Unavailable> for VaultError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// The vault.
#[derive(Clone)]
pub struct Vault {
    secrets: Secrets,
    sealed: Sealed,
    stores: Stores,
}

impl Vault {
    /// A vault whose secrets have names that start with `prefix`, and whose sealed credentials rest in the table of `stores`.
    #[must_use]
    pub fn new(aws: &Aws, prefix: String, stores: Stores, keys: DataKeys) -> Self {
        Self { secrets: Secrets::new(aws, prefix), sealed: Sealed::new(stores.clone(), keys), stores }
    }

    /// Reads the credential of a store. In the form `per-store` that is one call of Secrets Manager, in the form `sealed` two read units and
    /// one call of KMS.
    ///
    /// # Errors
    /// [`VaultError::Missing`] after off-boarding, [`VaultError::Unavailable`] where the vault does not answer.
    pub async fn read(&self, store: &StoreItem) -> Result<Credential, VaultError> {
        let (mut form, mut number) = (store.vault, store.credential);
        for _ in 0..READS {
            let found = match form {
                VaultForm::PerStore => self.secrets.read(&store.id).await,
                VaultForm::Sealed => self.sealed.read(&store.id, number).await,
            };
            if found.as_ref().err() != Some(&VaultError::Missing) {
                return found;
            }
            // It may have moved since the item was read.
            let now = self.stores.of_account(&store.account, &store.id).await?.ok_or(VaultError::Missing)?;
            if (now.vault, now.credential) == (form, number) {
                return Err(VaultError::Missing);
            }
            (form, number) = (now.vault, now.credential);
        }
        Err(VaultError::Unavailable)
    }

    /// Keeps a credential for a store as its next one, in place of one that the form holds, which is not readable any more afterwards
    /// (`privacy.md` D.9). Step 2 of a change: the parts belong into the transaction that makes the store's item name `form`.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub async fn keep(
        &self,
        store: &StoreItem,
        form: VaultForm,
        credential: &Credential,
    ) -> Result<Vec<Part>, VaultError> {
        match form {
            VaultForm::PerStore => {
                self.secrets.keep(&store.id, credential).await?;
                // A new secret may take a moment to be there for everyone. Nobody is sent to one that is not even here.
                self.secrets.read(&store.id).await.map_err(|_| VaultError::Unavailable)?;
                Ok(vec![self.sealed.removing(&store.id)])
            }
            VaultForm::Sealed => Ok(vec![self.sealed.sealing(&store.id, store.credential + 1, credential).await?]),
        }
    }

    /// Takes away what every form but `kept` holds of a store. Step 4 of a change; it may be done again.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub async fn clear(&self, store: &StoreId, kept: VaultForm) -> Result<(), VaultError> {
        match kept {
            VaultForm::PerStore => self.sealed.clear(store).await,
            VaultForm::Sealed => self.secrets.destroy(store).await,
        }
    }

    /// Whether there is a secret of a store in Secrets Manager, without reading it: for whoever checks that nothing is left.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub async fn holds_secret(&self, store: &StoreId) -> Result<bool, VaultError> {
        self.secrets.exists(store).await
    }

    /// Destroys the credential of a store at once, in whatever form, with the key under which copies of it could be read (`privacy.md` D.9).
    /// One that is gone already counts as destroyed.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer; nothing is left out because something else failed.
    pub async fn destroy(&self, store: &StoreId) -> Result<(), VaultError> {
        let (sealed, secret) = tokio::join!(self.sealed.destroy(store), self.secrets.destroy(store));
        sealed.and(secret)
    }
}
