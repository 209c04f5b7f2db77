//! Data keys: one a store or application, made and unwrapped by KMS, resting wrapped in a table (`product.md` decision 4).
//!
//! KMS binds the wrapped key to its holder by the encryption context, so one that was copied to another holder's item unwraps to nothing. A
//! holder gets its key when something of it is sealed for the first time and loses it when it leaves: whatever was sealed, wherever a copy
//! of it rests, is unreadable from then on.

use std::sync::OnceLock;

use crate::{
    clock::Clock,
    dynamo::{Unavailable, store_keys::StoreKeys},
    seal::{DataKey, Holder},
};
use aws_sdk_kms::{
    Client,
    error::{DisplayErrorContext, SdkError},
    primitives::Blob,
    types::DataKeySpec,
};
use aws_types::SdkConfig;

/// Finds, makes and destroys data keys.
#[derive(Clone)]
pub struct DataKeys {
    aws: SdkConfig,
    // Most invocations need no KMS.
    kms: OnceLock<Client>,
    table: StoreKeys,
    wrapping_key: String,
    clock: Clock,
}

impl DataKeys {
    /// Adapter over the table; `wrapping_key` is the ARN of the KMS key that wraps.
    #[must_use]
    pub fn new(aws: &SdkConfig, table: StoreKeys, wrapping_key: String, clock: Clock) -> Self {
        Self { aws: aws.clone(), kms: OnceLock::new(), table, wrapping_key, clock }
    }

    /// The key of a holder; nothing where it has none, or none any more. Two requests: one read unit and one call of KMS.
    ///
    /// # Errors
    /// [`Unavailable`] where the table or KMS cannot be asked, or KMS refuses what is in the table.
    pub async fn find<'a>(&self, holder: impl Into<Holder<'a>>) -> Result<Option<DataKey>, Unavailable> {
        let holder = holder.into();
        let Some(wrapped) = self.table.get(holder).await? else { return Ok(None) };
        // The roles in the template allow no call without this.
        let call = self.kms().decrypt().encryption_context(holder.kind(), holder.id());
        let answer = call.key_id(&self.wrapping_key).ciphertext_blob(Blob::new(wrapped)).send().await;
        let answer = answer.map_err(|error| unavailable("unwrap", &error))?;
        usable(answer.plaintext).map(Some)
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
        let call = self.kms().generate_data_key().key_id(&self.wrapping_key).key_spec(DataKeySpec::Aes256);
        let made = call.encryption_context(holder.kind(), holder.id()).send().await;
        let made = made.map_err(|error| unavailable("make", &error))?;
        let wrapped = made.ciphertext_blob.unwrap_or_else(|| Blob::new([])).into_inner();
        if self.table.keep(holder, &wrapped, self.clock.now()).await? {
            return usable(made.plaintext);
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

    fn kms(&self) -> &Client {
        self.kms.get_or_init(|| Client::new(&self.aws))
    }
}

fn usable(plaintext: Option<Blob>) -> Result<DataKey, Unavailable> {
    let bytes = secrecy::zeroize::Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    DataKey::new(&bytes).ok_or_else(|| {
        tracing::error!("KMS gave a key of another length than was asked for");
        Unavailable
    })
}

fn unavailable<E, R>(what: &'static str, error: &SdkError<E, R>) -> Unavailable
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    tracing::error!(what, cause = %DisplayErrorContext(error), "KMS could not be asked");
    Unavailable
}
