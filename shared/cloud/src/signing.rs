//! What deliveries are signed with (`gateway.md` E5), and the signatures.
//!
//! A subscription has one current secret and, for some hours after it was rotated, the earlier ones: at most [`MOST`] together. They rest in
//! the subscription's item, sealed under its application's data key, and are shown once, when they are made.
//!
//! Two headers carry signatures:
//! - `webhook-signature` is Standard Webhooks 1.0: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, under the 32 bytes that the
//!   secret's base64 stands for; one for each live secret, the current one's first, with spaces between. A receiver that knows any of them
//!   accepts the delivery.
//! - `X-CartOS-Signature` is the lower-case hex of HMAC-SHA256 over the raw body (R138). Its form has no room for a second signature, so it
//!   is made with the current secret alone; and it knows no base64, so its key is the secret's text as it was shown, `whsec_` and all.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::id::{ApplicationId, SubscriptionId};
use jiff::Timestamp;
use ring::hmac;
use secrecy::{
    ExposeSecret, SecretString,
    zeroize::{Zeroize, Zeroizing},
};

use crate::{
    clock::{Clock, random_bytes},
    data_keys::DataKeys,
    dynamo::{Unavailable, subscriptions::SubscriptionItem},
    seal::Place,
};

/// What every secret starts with.
pub const PREFIX: &str = "whsec_";
/// Secrets of one subscription that may be live at a time.
pub const MOST: usize = 3;
/// How long an earlier secret stays live when it is not said.
pub const OVERLAP: Duration = Duration::from_secs(24 * 3_600);
/// The longest that it may.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(72 * 3_600);
/// Subscriptions whose opened secrets an instance remembers.
const REMEMBERED: usize = 256;
/// How long it does.
const FRESH: Duration = Duration::from_secs(600);

/// The secrets of one subscription, opened. No `Debug` and no `Serialize`, and wiped when dropped.
pub struct Secrets(Live);

/// What is sealed, as JSON.
#[derive(serde::Serialize, serde::Deserialize)]
struct Live {
    #[serde(with = "exposed")]
    current: SecretString,
    earlier: Vec<Earlier>,
}

/// A secret that was rotated.
#[derive(serde::Serialize, serde::Deserialize)]
struct Earlier {
    #[serde(with = "exposed")]
    secret: SecretString,
    /// It is not signed with from here on.
    until: Timestamp,
}

/// The only place that a secret is written out, to be sealed.
mod exposed {
    use secrecy::{ExposeSecret, SecretString};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }
}

/// Why secrets cannot be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// The overlap is longer than [`LONGEST_OVERLAP`].
    #[error("the overlap is too long")]
    Overlap,
    /// [`MOST`] secrets are live already; the next of them ends at this time. An overlap of zero ends them all at once.
    #[error("too many secrets are live")]
    TooMany {
        /// When there is room.
        until: Timestamp,
    },
    /// The data key cannot be had, or what rests does not open.
    #[error("the secrets cannot be opened or sealed now")]
    Unavailable,
}

impl From<Unavailable> for RotateError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl Secrets {
    fn new() -> Self {
        Self(Live { current: minted(), earlier: Vec::new() })
    }

    /// How many may be used at a time.
    #[must_use]
    pub fn live(&self, now: Timestamp) -> usize {
        1 + self.0.earlier.iter().filter(|earlier| earlier.until > now).count()
    }

    /// A new current secret; the present one stays live for `overlap`, and none of the others longer than that.
    fn rotated(self, now: Timestamp, overlap: Duration) -> Result<Self, RotateError> {
        if overlap > LONGEST_OVERLAP {
            return Err(RotateError::Overlap);
        }
        let end = now.saturating_add(jiff::SignedDuration::try_from(overlap).unwrap_or_default()).unwrap_or(now);
        let Live { current, mut earlier } = self.0;
        for earlier in &mut earlier {
            earlier.until = earlier.until.min(end);
        }
        earlier.retain(|earlier| earlier.until > now);
        if end > now {
            earlier.insert(0, Earlier { secret: current, until: end });
        }
        if earlier.len() >= MOST {
            let until = earlier.iter().map(|earlier| earlier.until).min().unwrap_or(now);
            return Err(RotateError::TooMany { until });
        }
        Ok(Self(Live { current: minted(), earlier }))
    }

    fn written(&self) -> Zeroizing<Vec<u8>> {
        // Texts and times always serialise.
        Zeroizing::new(serde_json::to_vec(&self.0).unwrap_or_default())
    }

    fn read(text: &[u8]) -> Option<Self> {
        // Without serde's words, which may quote a secret.
        serde_json::from_slice(text).ok().map(Self)
    }
}

fn minted() -> SecretString {
    let bytes = Zeroizing::new(random_bytes());
    let mut text = String::with_capacity(PREFIX.len() + 44);
    text.push_str(PREFIX);
    STANDARD.encode_string(bytes.as_slice(), &mut text);
    SecretString::from(text)
}

/// The signatures of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// Value of `webhook-signature`.
    pub webhook: String,
    /// Value of `X-CartOS-Signature`.
    pub cartos: String,
}

/// Signs one attempt: `id` is its `webhook-id`, `at` its `webhook-timestamp`. Earlier secrets whose time is over by then sign nothing.
#[must_use]
pub fn sign(secrets: &Secrets, id: &str, at: Timestamp, body: &[u8]) -> Signatures {
    let Live { current, earlier } = &secrets.0;
    let live = earlier.iter().filter(|earlier| earlier.until > at).map(|earlier| &earlier.secret);
    let mut webhook = String::new();
    for secret in std::iter::once(current).chain(live) {
        let mut key = key_of(secret);
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
        key.zeroize();
        context.update(format!("{id}.{}.", at.as_second()).as_bytes());
        context.update(body);
        if !webhook.is_empty() {
            webhook.push(' ');
        }
        webhook.push_str("v1,");
        STANDARD.encode_string(context.sign(), &mut webhook);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, current.expose_secret().as_bytes());
    let mut cartos = String::with_capacity(64);
    for byte in hmac::sign(&key, body).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(cartos, "{byte:02x}");
    }
    Signatures { webhook, cartos }
}

/// The bytes that a secret's base64 stands for. Every secret was minted here and is base64; one that is not would sign with nothing, which
/// no receiver accepts.
fn key_of(secret: &SecretString) -> Vec<u8> {
    let text = secret.expose_secret();
    STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).unwrap_or_default()
}

/// Secrets that were just made, to be kept in the subscription's item.
pub struct Made {
    /// The current secret, to be shown once.
    pub secret: SecretString,
    /// For [`SubscriptionItem::secrets`].
    pub sealed: Bytes,
    /// For [`SubscriptionItem::secrets_version`]. Written on condition that the item still has the version before it.
    pub version: u64,
}

/// A subscription and the version of its secrets.
type Name = (SubscriptionId, u64);
/// Its secrets, and since when they are remembered.
type Opened = (Arc<Secrets>, Timestamp);

/// Makes, rotates and opens the secrets of subscriptions.
pub struct Signing {
    keys: DataKeys,
    opened: Mutex<HashMap<Name, Opened>>,
    clock: Clock,
}

impl Signing {
    /// Secrets under the data keys `keys`.
    #[must_use]
    pub fn new(keys: DataKeys, clock: Clock) -> Self {
        Self { keys, opened: Mutex::default(), clock }
    }

    /// The first secret of a new subscription. Its application gets a data key if it has none.
    ///
    /// # Errors
    /// [`Unavailable`] where the data key cannot be had.
    pub async fn make(&self, application: &ApplicationId, subscription: &SubscriptionId) -> Result<Made, Unavailable> {
        self.sealed(application, subscription, &Secrets::new(), 1).await
    }

    /// A new current secret; the one before it stays live for `overlap`, in whole or not at all where that is zero.
    ///
    /// # Errors
    /// [`RotateError`] says whether another overlap, or another time, would help.
    pub async fn rotate(&self, item: &SubscriptionItem, overlap: Duration) -> Result<Made, RotateError> {
        let secrets = self.read(item).await?.rotated(self.clock.now(), overlap)?;
        Ok(self.sealed(&item.application, &item.id, &secrets, item.secrets_version + 1).await?)
    }

    /// The secrets of a subscription, from memory or by one read and one call of KMS.
    ///
    /// # Errors
    /// [`Unavailable`] where the data key cannot be had, or what rests in the item does not open.
    pub async fn open(&self, item: &SubscriptionItem) -> Result<Arc<Secrets>, Unavailable> {
        let now = self.clock.now();
        let fresh = |since: Timestamp| Duration::try_from(now.duration_since(since)).is_ok_and(|age| age < FRESH);
        let name = (item.id.clone(), item.secrets_version);
        {
            let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((secrets, since)) = opened.get(&name)
                && fresh(*since)
            {
                return Ok(secrets.clone());
            }
        }
        let secrets = Arc::new(self.read(item).await?);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|_, (_, since)| fresh(*since));
        if opened.len() >= REMEMBERED {
            opened.clear();
        }
        opened.insert(name, (secrets.clone(), now));
        Ok(secrets)
    }

    async fn read(&self, item: &SubscriptionItem) -> Result<Secrets, Unavailable> {
        let Some(key) = self.keys.find(&item.application).await? else {
            tracing::error!(subscription = %item.id, "the application has no data key");
            return Err(Unavailable);
        };
        let place = place(&item.application, &item.id, item.secrets_version);
        let secrets = key.open(place, &item.secrets).ok().and_then(|text| Secrets::read(&text));
        secrets.ok_or_else(|| {
            tracing::error!(subscription = %item.id, "a subscription's secrets are not what was put there");
            Unavailable
        })
    }

    async fn sealed(
        &self,
        application: &ApplicationId,
        subscription: &SubscriptionId,
        secrets: &Secrets,
        version: u64,
    ) -> Result<Made, Unavailable> {
        let key = self.keys.obtain(application).await?;
        let sealed = key.seal(place(application, subscription, version), &secrets.written());
        Ok(Made { secret: secrets.0.current.clone(), sealed: sealed.into(), version })
    }
}

fn place<'a>(application: &'a ApplicationId, subscription: &'a SubscriptionId, version: u64) -> Place<'a> {
    Place { holder: application.into(), field: "subscriptions.secrets", item: subscription.as_str(), version }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3_600)
    }

    #[test]
    fn the_published_vector_of_standard_webhooks() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let secrets = Secrets(Live { current: secret, earlier: Vec::new() });
        let signed = sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", at(1_614_265_330), br#"{"test": 2432232314}"#);
        assert_eq!(signed.webhook, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// RFC 4231, test case 2: the key is the text itself.
    #[test]
    fn the_cartos_signature_is_keyed_with_the_text() {
        let secrets = Secrets(Live { current: SecretString::from("Jefe"), earlier: Vec::new() });
        let signed = sign(&secrets, "evt_1", at(0), b"what do ya want for nothing?");
        assert_eq!(signed.cartos, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_secret_is_32_random_bytes_behind_its_prefix() {
        let (one, other) = (minted(), minted());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(one.expose_secret().starts_with("whsec_"));
        assert_eq!(key_of(&one).len(), 32);
    }

    #[test]
    fn a_rotated_secret_signs_beside_the_new_one_until_its_time_is_over() {
        let first = Secrets::new();
        let alone = sign(&first, "evt_1", at(50), b"{}").webhook;
        let secrets = first.rotated(at(0), hours(24)).unwrap();
        assert_eq!(secrets.live(at(0)), 2);
        let both = sign(&secrets, "evt_1", at(50), b"{}").webhook;
        let (current, earlier) = both.split_once(' ').unwrap();
        assert_eq!(earlier, alone);
        let later = sign(&secrets, "evt_1", at(24 * 3_600), b"{}").webhook;
        assert!(!later.contains(' '), "its time is over");
        assert!(current.starts_with("v1,") && current != earlier);
    }

    #[test]
    fn at_most_three_are_live_and_an_overlap_of_zero_ends_all_others() {
        let one = Secrets::new();
        assert!(matches!(Secrets::new().rotated(at(0), hours(73)), Err(RotateError::Overlap)));
        let three = one.rotated(at(0), hours(72)).unwrap().rotated(at(10), hours(24)).unwrap();
        assert_eq!(three.live(at(20)), 3);
        let text = three.written();
        let again = || Secrets::read(&text).unwrap();
        let end = at(10 + 24 * 3_600);
        assert_eq!(again().rotated(at(20), hours(24)).err(), Some(RotateError::TooMany { until: end }));
        assert_eq!(again().rotated(at(20), Duration::ZERO).unwrap().live(at(20)), 1, "a leaked one ends at once");
        assert_eq!(again().rotated(end, hours(24)).unwrap().live(end), 2, "there is room again");
    }

    #[test]
    fn what_is_sealed_reads_back() {
        let secrets = Secrets::new().rotated(at(0), hours(24)).unwrap();
        let again = Secrets::read(&secrets.written()).unwrap();
        assert_eq!(sign(&again, "evt_1", at(5), b"x"), sign(&secrets, "evt_1", at(5), b"x"));
        assert!(Secrets::read(b"{}").is_none());
    }
}
