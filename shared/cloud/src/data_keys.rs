//! Data keys: one a store or application, made and unwrapped by KMS, resting wrapped in a table (`product.md` decision 4).
//!
//! KMS binds the wrapped key to its holder by the encryption context, so one that was copied to another holder's item unwraps to nothing. A
//! holder gets its key when something of it is sealed for the first time and loses it when it leaves: whatever was sealed, wherever a copy
//! of it rests, is unreadable from then on.

use crate::{
    aws::Aws,
    clock::Clock,
    dynamo::{Unavailable, store_keys::StoreKeys},
    kms::Kms,
    seal::{DataKey, Holder},
};

/// Finds, makes and destroys data keys.
#[derive(Clone)]
pub struct DataKeys {
    kms: Kms,
    table: StoreKeys,
    wrapping_key: String,
    clock: Clock,
}

impl DataKeys {
    /// Adapter over the table; `wrapping_key` is the ARN of the KMS key that wraps.
    #[must_use]
    pub fn new(aws: &Aws, table: StoreKeys, wrapping_key: String, clock: Clock) -> Self {
        Self { kms: Kms::new(aws), table, wrapping_key, clock }
    }

    /// The key of a holder; nothing where it has none, or none any more. Two requests: one read unit and one call of KMS.
    ///
    /// # Errors
    /// [`Unavailable`] where the table or KMS cannot be asked, or KMS refuses what is in the table.
    pub async fn find<'a>(&self, holder: impl Into<Holder<'a>>) -> Result<Option<DataKey>, Unavailable> {
        let holder = holder.into();
        let Some(wrapped) = self.table.get(holder).await? else { return Ok(None) };
        // The roles in the template allow no call without this.
        let plain = self.kms.decrypt(&self.wrapping_key, (holder.kind(), holder.id()), &wrapped).await?;
        usable(&plain).map(Some)
    }

    /// The key of a holder, made where it has none.
    ///
    /// # Errors
    /// [`Unavailable`] as for [`DataKeys::find`].
    pub async fn obtain<'a>(&self, holder: impl Into<Holder<'a>>) -> Result<DataKey, Unavailable> {
        let holder = holder.into();
        if let Some(key) = self.find(holder).await? {
            return Ok(key);
        }
        let made = self.kms.generate(&self.wrapping_key, (holder.kind(), holder.id())).await?;
        if self.table.keep(holder, &made.wrapped, self.clock.now()).await? {
            return usable(&made.plain);
        }
        // Another call was quicker; its key is the holder's.
        self.find(holder).await?.ok_or(Unavailable)
    }

    /// Destroys the key of a holder, and with it whatever it sealed.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn destroy<'a>(&self, holder: impl Into<Holder<'a>>) -> Result<(), Unavailable> {
        self.table.delete(holder.into()).await
    }
}

fn usable(plain: &[u8]) -> Result<DataKey, Unavailable> {
    DataKey::new(plain).ok_or_else(|| {
        tracing::error!("KMS gave a key of another length than was asked for");
        Unavailable
    })
}
