//! Webhooks of the platforms: how each is verified, what it says, and how it is registered.

pub(crate) mod common;
pub mod recipe;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::event::{PrivacyTopic, Topic};
use jiff::Timestamp;

use crate::connector::{Context, Objects, Refusal, Turn};

/// What a connector knows of its platform's webhooks.
pub trait Hooks: Sync {
    /// Where the secret comes from that they are signed with.
    fn secret(&self) -> SecretSource;

    /// How they are registered.
    fn registration(&self) -> Registration;

    /// What one that was verified says. `headers` are those that [`Verified`](recipe::Verified) kept, by their names in lower case; `body` is raw.
    ///
    /// # Errors
    /// [`HookError`] where it cannot be read as what the platform documents.
    fn read(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<Hook, HookError>;

    /// Registers what is missing, repairs what was switched off or leads elsewhere, and removes what we had registered twice; the outcome is
    /// [`Outcome::Registered`](crate::Outcome::Registered). It may be done again at any time.
    ///
    /// # Errors
    /// A [`Refusal`] where the platform has no interface for it, or not for this store.
    fn register(&self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Turn, Refusal>;

    /// Removes what is registered at this address of ours; the outcome is [`Outcome::Deleted`](crate::Outcome::Deleted).
    ///
    /// # Errors
    /// As for [`Hooks::register`].
    fn unregister(&self, context: &Context<'_>, url: &str) -> Result<Turn, Refusal>;
}

/// Where the secret of a store's webhooks comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// We make it, and tell the platform or the merchant.
    Ours,
    /// It is this field of the store's credential: the platform signs with what it gave the app.
    Credential(&'static str),
}

/// How a platform's webhooks are registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// By us, over the platform's interface.
    Api,
    /// By the merchant, as the guide says.
    Manual,
}

/// What is to be registered with a platform.
pub struct Wanted<'a> {
    /// The address of the store's webhooks here: `https://…/hooks/str_…`.
    pub url: &'a str,
    /// What they are to be signed with.
    pub secret: &'a str,
    /// Whether the secret has changed since they were registered.
    pub new_secret: bool,
}

/// A webhook that was verified, read.
pub struct Hook {
    /// What tells it from every other webhook of its store, and stays the same when the platform sends it again.
    pub key: String,
    /// What it says.
    pub says: Says,
}

/// What a webhook says.
pub enum Says {
    /// Something became of an object.
    Object {
        /// What.
        topic: Topic,
        /// The object, as the unified interface calls it.
        id: String,
        /// When it happened, if the platform tells.
        occurred_at: Option<Timestamp>,
        /// How new the object is that it speaks of, if it tells: compared with what was told before.
        updated_at: Option<Timestamp>,
        /// The object, exactly one, with its `remote`; nothing where it must be read from the store, because the platform does not send the
        /// whole, or does not sign it.
        object: Option<Objects>,
    },
    /// The merchant removed the app.
    AppUninstalled,
    /// The platform asks about a person, or about the whole store.
    Privacy(PrivacyTopic, Person),
    /// Nothing that anyone is told.
    Nothing,
}

/// Whom a platform asks about, by its own ids. The address and the number that it may send beside them are left behind: nothing that is kept
/// here could be found by them (R066, R122).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The customer; nothing where the platform knows no more than an address.
    pub customer: Option<String>,
    /// The customer's orders.
    pub orders: Vec<String>,
}

/// Why a webhook that was verified cannot be read. The sentences are ours and quote nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HookError(pub &'static str);

/// What is registered with a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The platform's ids of it.
    pub ids: Vec<String>,
    /// How many were missing, switched off or wrong.
    pub repaired: u32,
    /// What the platform would not register, and why, in its words where it has some. The rest is registered all the same.
    pub problem: Option<String>,
}
