//! What a store's webhooks are signed with, and where they come in.
//!
//! A store has one secret, and for a day after it changed the one before (two rotations within a day end the first at once, which is also how
//! a secret that leaked is got rid of). They rest sealed under the store's data key beside the store's item, so that they are unreadable from
//! the moment on in which the store leaves. Each text that stands there is bound to its version: an old one that is put back opens nowhere.

use domain::{hex::hex, id::StoreId, store::HooksState};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::{
    clock::random_bytes,
    data_keys::DataKeys,
    dynamo::{
        Unavailable,
        stores::{HooksItem, StoreItem, Stores},
        transaction::Part,
    },
    seal::{DataKey, Place},
};

/// How long a secret is good after another took its place, in seconds.
pub const OVERLAP: i64 = 86_400;

/// Where a store's webhooks come in; `public_url` is the stack's, without a slash at its end.
#[must_use]
pub fn address(public_url: &str, store: &StoreId) -> String {
    format!("{public_url}/hooks/{store}")
}

/// A new secret of ours: 32 random bytes in lower-case hex, so that every platform's form takes it.
#[must_use]
pub fn new_secret() -> SecretString {
    hex(&random_bytes()).into()
}

/// The secrets of a store's webhooks. No `Debug`; wiped when dropped.
#[derive(Clone)]
pub struct HookSecrets {
    current: SecretString,
    previous: Option<Previous>,
}

#[derive(Clone)]
struct Previous {
    secret: SecretString,
    /// In unix seconds, exclusive.
    until: i64,
}

/// The secrets as they are sealed.
#[derive(serde::Serialize, serde::Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    current: std::borrow::Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    previous: Option<std::borrow::Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

impl HookSecrets {
    /// A store's first secret.
    #[must_use]
    pub fn new(secret: SecretString) -> Self {
        Self { current: secret, previous: None }
    }

    /// The one that new registrations are made with.
    #[must_use]
    pub fn current(&self) -> &str {
        self.current.expose_secret()
    }

    /// Those that are good at `now`, the current one first.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let previous = self.previous.as_ref().filter(|previous| now.as_second() < previous.until);
        std::iter::once(self.current()).chain(previous.map(|previous| previous.secret.expose_secret()))
    }

    /// These with another current one; the one so far stays good for [`OVERLAP`].
    #[must_use]
    pub fn replaced(&self, secret: SecretString, now: Timestamp) -> Self {
        let until = now.as_second() + OVERLAP;
        Self { current: secret, previous: Some(Previous { secret: self.current.clone(), until }) }
    }

    fn sealed(&self, key: &DataKey, store: &StoreId, version: u64) -> Vec<u8> {
        let text = Text {
            current: self.current().into(),
            previous: self.previous.as_ref().map(|previous| previous.secret.expose_secret().into()),
            until: self.previous.as_ref().map(|previous| previous.until),
        };
        // Texts and a number always serialise.
        let text = Zeroizing::new(serde_json::to_vec(&text).unwrap_or_default());
        key.seal(place(store, version), &text)
    }

    fn opened(key: &DataKey, store: &StoreId, item: &HooksItem) -> Result<Self, Unavailable> {
        let text = key.open(place(store, item.secrets_version), &item.secrets).map_err(|broken| {
            tracing::error!(%store, cause = %broken, "sealed secrets of webhooks are not what was put there");
            Unavailable
        })?;
        let text: Text<'_> = serde_json::from_slice(&text).map_err(|_| {
            // Without the cause: serde's message could quote a secret.
            tracing::error!(%store, "sealed secrets of webhooks have not the form of such");
            Unavailable
        })?;
        let previous = text.previous.zip(text.until);
        Ok(Self {
            current: text.current.into_owned().into(),
            previous: previous.map(|(secret, until)| Previous { secret: secret.into_owned().into(), until }),
        })
    }
}

fn place(store: &StoreId, version: u64) -> Place<'_> {
    Place { holder: store.into(), field: "stores.secrets", item: "", version }
}

/// A store's webhooks: what is registered, and the secrets, opened.
pub struct StoreHooks {
    /// What stands in the table.
    pub item: HooksItem,
    /// What they are signed with.
    pub secrets: HookSecrets,
}

/// Keeps the secrets of stores' webhooks.
#[derive(Clone)]
pub struct HookVault {
    stores: Stores,
    keys: DataKeys,
}

impl HookVault {
    /// Adapter over the table of `stores`, and the stores' data keys.
    #[must_use]
    pub fn new(stores: Stores, keys: DataKeys) -> Self {
        Self { stores, keys }
    }

    /// The webhooks of a store; nothing where it has none, or none any more. Two read units and one call of KMS, at the same time as far as
    /// they can be.
    ///
    /// # Errors
    /// [`Unavailable`] where a table or KMS cannot be asked, or what stands there does not open.
    pub async fn read(&self, store: &StoreId) -> Result<Option<StoreHooks>, Unavailable> {
        let (item, key) = tokio::try_join!(self.stores.hooks(store), self.keys.find(store))?;
        let (Some(item), Some(key)) = (item, key) else { return Ok(None) };
        let secrets = HookSecrets::opened(&key, store, &item)?;
        Ok(Some(StoreHooks { item, secrets }))
    }

    /// A store by its id alone, with the secrets of its webhooks; nothing where it has none, or none any more. Three read units and one call of
    /// KMS. Who asks for this is unknown: nothing of the answer may be shown or done before one of the secrets has proven it.
    ///
    /// # Errors
    /// As for [`HookVault::read`].
    pub async fn sender(&self, store: &StoreId) -> Result<Option<(StoreItem, HookSecrets)>, Unavailable> {
        let (item, hooks) = tokio::try_join!(self.stores.unproven(store), self.read(store))?;
        Ok(item.zip(hooks.map(|hooks| hooks.secrets)))
    }

    /// The write that keeps a store's first secrets. It belongs into the transaction that makes the store usable.
    ///
    /// # Errors
    /// [`Unavailable`] where the store's data key cannot be had.
    pub async fn keeping(
        &self,
        store: &StoreId,
        secrets: &HookSecrets,
        state: HooksState,
    ) -> Result<Part, Unavailable> {
        let key = self.keys.obtain(store).await?;
        let item = HooksItem::new(store, 1, secrets.sealed(&key, store, 1), state);
        Ok(self.stores.keeping_hooks(&item))
    }

    /// The write that puts other secrets in place of those that were read; it fails where those are not there any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the store's data key cannot be had.
    pub async fn changing(
        &self,
        store: &StoreId,
        replaced: &HooksItem,
        secrets: &HookSecrets,
        state: HooksState,
    ) -> Result<Part, Unavailable> {
        // Where the key is gone the store is leaving, and no new one is made for it.
        let key = self.keys.find(store).await?.ok_or(Unavailable)?;
        let version = replaced.secrets_version;
        Ok(self.stores.changing_hooks(store, version, secrets.sealed(&key, store, version + 1), state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn live(secrets: &HookSecrets, second: i64) -> Vec<String> {
        secrets.live(at(second)).map(str::to_owned).collect()
    }

    #[test]
    fn the_previous_secret_is_good_for_a_day_and_no_longer() {
        let first = HookSecrets::new("one".to_owned().into());
        assert_eq!(live(&first, 0), ["one"]);
        let second = first.replaced("two".to_owned().into(), at(1_000));
        assert_eq!(live(&second, 1_000), ["two", "one"]);
        assert_eq!(live(&second, 1_000 + OVERLAP - 1), ["two", "one"]);
        assert_eq!(live(&second, 1_000 + OVERLAP), ["two"]);
        let third = second.replaced("three".to_owned().into(), at(2_000));
        assert_eq!(live(&third, 2_000), ["three", "two"], "the first is ended by the second rotation");
    }

    #[test]
    fn secrets_open_as_the_version_that_they_were_sealed_as_and_as_no_other() {
        let store = StoreId::from_uuid(Clock::system().new_id());
        let key = DataKey::new(&random_bytes()).unwrap();
        let secrets = HookSecrets::new("o\"ne".to_owned().into()).replaced("two".to_owned().into(), at(5));
        let item = HooksItem::new(&store, 7, secrets.sealed(&key, &store, 7), HooksState::Pending);
        let opened = HookSecrets::opened(&key, &store, &item).unwrap_or_else(|_| panic!("it opens"));
        assert_eq!(live(&opened, 5), ["two", "o\"ne"]);
        let other = HooksItem { secrets_version: 8, ..item.clone() };
        assert!(HookSecrets::opened(&key, &store, &other).is_err());
        let elsewhere = StoreId::from_uuid(Clock::system().new_id());
        assert!(HookSecrets::opened(&key, &elsewhere, &item).is_err());
    }

    #[test]
    fn a_new_secret_has_256_bits_in_hex() {
        let (one, two) = (new_secret(), new_secret());
        assert_eq!(one.expose_secret().len(), 64);
        assert!(one.expose_secret().bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
}
