//! The item of one API key (table `keys`): who may use it, what it may do, and its ledger.
//!
//! The whole item is written with every call, so it must stay within one write unit of 1 KB: names of one or two letters, ids
//! without their prefixes, two letters a scope. What is only shown to people (a name, the last four characters) stands in the table
//! `accounts`. Beside the fields of [`KeyItem`] the item has the snapshots of [`domain::limit::attribute`].

use std::{fmt, str::FromStr};

use domain::{
    id::{AccountId, ApplicationId, KeyId},
    key::SecretHash,
    limit::{Ledger, attribute::Snapshot},
    role::Role,
    scope::{Scope, ScopeSet},
    tier::{Limits, Tier},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    call::{AttributeValue, Attributes},
    key,
    transaction::{Part, number, put},
};

/// The version of the form in which keys are written.
const VERSION: u8 = 1;

/// The stored form of an API key. [`KeyRecord`] is what the rest of the program sees.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "keys", subject = AccountUser, link = "a", role = Controller, region = Pinned, families("f", "d"))]
pub struct KeyItem {
    /// `key#` and the id.
    #[pd(none)]
    pub(super) pk: String,
    /// Version of this form.
    #[pd(none)]
    pub(super) v: u8,
    /// The account, without its prefix.
    #[pd(none)]
    #[serde(rename = "a")]
    pub(super) account: String,
    /// The application, without its prefix; a management key has none.
    #[pd(none)]
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<String>,
    /// The role of a management key.
    #[pd(none)]
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Role>,
    /// The scopes of an application's key, two letters each.
    #[pd(none)]
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub(super) scopes: String,
    /// The tier's first letter.
    #[pd(none)]
    #[serde(rename = "t")]
    pub(super) tier: TierLetter,
    /// Requests a second of an enterprise tier.
    #[pd(none)]
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<u32>,
    /// Requests in 24 hours of an enterprise tier.
    #[pd(none)]
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub(super) quota: Option<u64>,
    /// Whether it may be used.
    #[pd(none)]
    #[serde(rename = "st")]
    pub(super) state: KeyState,
    /// Grows with every change that must bite on the very next call.
    #[pd(none)]
    #[serde(rename = "ep")]
    pub(super) epoch: u64,
    /// SHA-256 of the secret.
    #[pd(none)]
    #[serde(rename = "h")]
    pub(super) secret: StoredHash,
    /// SHA-256 of the secret before the last rotation.
    #[pd(none)]
    #[serde(rename = "ho", default, skip_serializing_if = "Option::is_none")]
    pub(super) old_secret: Option<StoredHash>,
    /// Until when the old secret is good, in unix seconds.
    #[pd(none)]
    #[serde(rename = "hu", default, skip_serializing_if = "Option::is_none")]
    pub(super) old_until: Option<i64>,
    /// From when the key is of no use any more, in unix seconds.
    #[pd(none)]
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<i64>,
    /// When the secret was first seen in a URL, in unix seconds.
    #[pd(none)]
    #[serde(rename = "lk", default, skip_serializing_if = "Option::is_none")]
    pub(super) exposed: Option<i64>,
    /// The cost ever admitted.
    #[pd(none)]
    #[serde(rename = "n")]
    pub(super) admitted: u64,
    /// When the item is deleted, in unix seconds: set once the key is revoked or long expired.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<i64>,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum KeyState {
    /// It may.
    #[serde(rename = "a")]
    Active,
    /// Not for now (R110); it can be let in again.
    #[serde(rename = "s")]
    Suspended,
    /// Never again.
    #[serde(rename = "r")]
    Revoked,
}

impl KeyState {
    const fn letter(self) -> &'static str {
        match self {
            Self::Active => "a",
            Self::Suspended => "s",
            Self::Revoked => "r",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum TierLetter {
    #[serde(rename = "s")]
    Standard,
    #[serde(rename = "g")]
    Growth,
    #[serde(rename = "p")]
    Professional,
    #[serde(rename = "e")]
    Enterprise,
}

impl TierLetter {
    const fn of(tier: Tier) -> Self {
        match tier {
            Tier::Standard => Self::Standard,
            Tier::Growth => Self::Growth,
            Tier::Professional => Self::Professional,
            Tier::Enterprise(_) => Self::Enterprise,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Growth => "growth",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }
}

/// A secret's hash as DynamoDB's binary type. It has no `Debug`: it is half of what opens an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredHash(pub(super) SecretHash);

impl serde::Serialize for StoredHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for StoredHash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = StoredHash;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("32 bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<StoredHash, E> {
                // The bytes themselves must not get into an error's text.
                bytes.try_into().map(StoredHash).map_err(|_| E::custom("a hash is not 32 bytes long"))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<StoredHash, E> {
                self.visit_bytes(&bytes)
            }
        }
        from.deserialize_byte_buf(Bytes)
    }
}

/// What a key is and may do, as its item says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub id: KeyId,
    /// Whose it is.
    pub account: AccountId,
    /// The application it belongs to; a management key has none.
    pub application: Option<ApplicationId>,
    /// The role of a management key.
    pub role: Option<Role>,
    /// What it may do.
    pub scopes: ScopeSet,
    /// How much it may do.
    pub tier: Tier,
    /// Whatever is remembered about the key under another epoch is out of date.
    pub epoch: u64,
    /// From when it is of no use any more.
    pub expires: Option<Timestamp>,
    /// When its secret was first seen in a URL: the owner is told to rotate it.
    pub exposed: Option<Timestamp>,
}

/// What has to be known to make a key.
pub struct NewKeyItem {
    /// The key.
    pub id: KeyId,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// Whose it is.
    pub account: AccountId,
    /// What it opens.
    pub holder: KeyHolder,
    /// How much it may do.
    pub tier: Tier,
    /// From when it is of no use any more.
    pub expires: Option<Timestamp>,
}

/// Who holds a key.
pub enum KeyHolder {
    /// An application, for the data plane.
    Application(ApplicationId, ScopeSet),
    /// A person, for the control plane.
    Person(Role),
}

/// An item that this version cannot read. It says which field, and nothing of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key item's {0} cannot be read")]
pub struct UnreadableKey(&'static str);

impl KeyItem {
    /// The item of a new key, which has admitted nothing yet.
    #[must_use]
    pub fn new(new: NewKeyItem) -> Self {
        let (application, role, scopes) = match new.holder {
            KeyHolder::Application(application, scopes) => {
                (Some(application.body().to_owned()), None, write_scopes(scopes))
            }
            KeyHolder::Person(role) => (None, Some(role), String::new()),
        };
        let custom = new.tier.custom();
        Self {
            pk: key::api_key(&new.id),
            v: VERSION,
            account: new.account.body().to_owned(),
            application,
            role,
            scopes,
            tier: TierLetter::of(new.tier),
            rate: custom.map(|limits| limits.rate.get()),
            quota: custom.map(|limits| limits.day.get()),
            state: KeyState::Active,
            epoch: 1,
            secret: StoredHash(new.secret),
            old_secret: None,
            old_until: None,
            expires: new.expires.map(Timestamp::as_second),
            exposed: None,
            admitted: 0,
            expires_at: None,
        }
    }

    /// The write that creates the key; it fails if the id is taken.
    #[must_use]
    pub fn create(&self, table: &str) -> Part {
        put(table, self).condition_expression("attribute_not_exists(pk)")
    }

    /// Whether the key may be used, its expiry aside.
    #[must_use]
    pub fn state(&self) -> KeyState {
        self.state
    }

    /// The limits of its tier.
    ///
    /// # Errors
    /// [`UnreadableKey`] for numbers out of range.
    pub fn limits(&self) -> Result<Limits, UnreadableKey> {
        self.read_tier().map(Tier::limits)
    }

    fn read_tier(&self) -> Result<Tier, UnreadableKey> {
        Tier::from_parts(self.tier.name(), self.rate, self.quota).map_err(|_| UnreadableKey("tier"))
    }
}

impl TryFrom<&KeyItem> for KeyRecord {
    type Error = UnreadableKey;

    fn try_from(item: &KeyItem) -> Result<Self, UnreadableKey> {
        if item.v != VERSION {
            return Err(UnreadableKey("version"));
        }
        let scopes = match (&item.application, item.role) {
            (Some(_), None) => read_scopes(&item.scopes)?,
            (None, Some(role)) => role.scopes(),
            _ => return Err(UnreadableKey("holder")),
        };
        Ok(Self {
            id: read_id(KeyId::PREFIX, item.pk.strip_prefix("key#"), "id")?,
            account: read_id(AccountId::PREFIX, Some(&item.account), "account")?,
            application: item
                .application
                .as_deref()
                .map(|body| read_id(ApplicationId::PREFIX, Some(body), "application"))
                .transpose()?,
            role: item.role,
            scopes,
            tier: item.read_tier()?,
            epoch: item.epoch,
            expires: read_time(item.expires, "expiry")?,
            exposed: read_time(item.exposed, "exposure")?,
        })
    }
}

/// The ledger in a key's attributes.
pub(crate) fn ledger(attributes: &Attributes) -> Ledger {
    let count = |value: &AttributeValue| match value {
        AttributeValue::N(digits) => digits.parse().ok(),
        _ => None,
    };
    let mut ledger = Ledger::new(attributes.get("n").and_then(count).unwrap_or(0));
    for (name, value) in attributes {
        if let (Some(snapshot), Some(before)) = (Snapshot::parse(name), count(value)) {
            ledger.insert(snapshot, before);
        }
    }
    ledger
}

/// Raises the epoch: whatever is remembered about the key ends with its next call.
#[must_use]
pub fn raise_epoch(table: &str, id: &KeyId) -> Part {
    change(table, id).update_expression("SET ep = ep + :one")
}

/// Lets the key in, or keeps it out, from the next call on. A revoked key stays revoked.
#[must_use]
pub fn set_state(table: &str, id: &KeyId, state: KeyState, delete_at: Option<Timestamp>) -> Part {
    let change = change(table, id)
        .expression_attribute_values(":state", AttributeValue::S(state.letter().to_owned()))
        .condition_expression("attribute_exists(pk) AND (st <> :revoked OR st = :state)")
        .expression_attribute_values(":revoked", AttributeValue::S(KeyState::Revoked.letter().to_owned()));
    match delete_at {
        Some(at) => change
            .update_expression("SET ep = ep + :one, st = :state, expires_at = :delete_at")
            .expression_attribute_values(":delete_at", number(at.as_second())),
        None => change.update_expression("SET ep = ep + :one, st = :state"),
    }
}

/// Gives the key a new secret. The old one is good until `overlap_until`; one that is older still is not good any more. The key ends at
/// `expires` and at no other time, whatever was to become of it without a new secret.
#[must_use]
pub fn rotate(
    table: &str,
    id: &KeyId,
    secret: &SecretHash,
    overlap_until: Timestamp,
    expires: Option<Timestamp>,
) -> Part {
    let change = change(table, id);
    let change = match expires {
        Some(end) => change
            .update_expression("SET ep = ep + :one, ho = h, h = :secret, hu = :until, e = :end REMOVE lk")
            .expression_attribute_values(":end", number(end.as_second())),
        None => change.update_expression("SET ep = ep + :one, ho = h, h = :secret, hu = :until REMOVE lk, e"),
    };
    change
        .condition_expression("attribute_exists(pk) AND st = :active")
        .expression_attribute_values(":secret", AttributeValue::B(secret.to_vec()))
        .expression_attribute_values(":until", number(overlap_until.as_second()))
        .expression_attribute_values(":active", AttributeValue::S(KeyState::Active.letter().to_owned()))
}

/// Gives the key an end.
#[must_use]
pub fn set_end(table: &str, id: &KeyId, end: Timestamp) -> Part {
    change(table, id)
        .update_expression("SET ep = ep + :one, e = :end")
        .expression_attribute_values(":end", number(end.as_second()))
}

/// Gives the key another tier.
#[must_use]
pub fn set_tier(table: &str, id: &KeyId, tier: Tier) -> Part {
    let letter = serde_letter(TierLetter::of(tier));
    let change = change(table, id).expression_attribute_values(":tier", AttributeValue::S(letter.to_owned()));
    match tier.custom() {
        Some(limits) => change
            .update_expression("SET ep = ep + :one, t = :tier, r = :rate, q = :quota")
            .expression_attribute_values(":rate", number(limits.rate.get()))
            .expression_attribute_values(":quota", number(limits.day.get())),
        None => change.update_expression("SET ep = ep + :one, t = :tier REMOVE r, q"),
    }
}

fn serde_letter(tier: TierLetter) -> &'static str {
    match tier {
        TierLetter::Standard => "s",
        TierLetter::Growth => "g",
        TierLetter::Professional => "p",
        TierLetter::Enterprise => "e",
    }
}

fn change(table: &str, id: &KeyId) -> Part {
    Part::update()
        .table_name(table)
        .key("pk", AttributeValue::S(key::api_key(id)))
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_values(":one", number(1))
}

fn read_id<T: FromStr>(prefix: &str, body: Option<&str>, what: &'static str) -> Result<T, UnreadableKey> {
    body.and_then(|body| format!("{prefix}{body}").parse().ok()).ok_or(UnreadableKey(what))
}

fn read_time(seconds: Option<i64>, what: &'static str) -> Result<Option<Timestamp>, UnreadableKey> {
    seconds.map(|seconds| Timestamp::from_second(seconds).map_err(|_| UnreadableKey(what))).transpose()
}

fn write_scopes(scopes: ScopeSet) -> String {
    scopes.iter().map(scope_letters).collect()
}

fn read_scopes(text: &str) -> Result<ScopeSet, UnreadableKey> {
    let letters = text.as_bytes().chunks(2);
    letters
        .map(|pair| {
            Scope::ALL
                .iter()
                .copied()
                .find(|scope| scope_letters(*scope).as_bytes() == pair)
                .ok_or(UnreadableKey("scopes"))
        })
        .collect()
}

/// Two letters for each scope. They stand in the table: they never change.
const fn scope_letters(scope: Scope) -> &'static str {
    match scope {
        Scope::ProductsRead => "pr",
        Scope::ProductsWrite => "pw",
        Scope::OrdersRead => "or",
        Scope::OrdersWrite => "ow",
        Scope::CustomersRead => "cr",
        Scope::CustomersWrite => "cw",
        Scope::CategoriesRead => "gr",
        Scope::CategoriesWrite => "gw",
        Scope::InventoryRead => "ir",
        Scope::InventoryWrite => "iw",
        Scope::BasketsRead => "br",
        Scope::BasketsWrite => "bw",
        Scope::Raw => "ra",
        Scope::AccountRead => "ar",
        Scope::AccountWrite => "aw",
        Scope::ApplicationsRead => "lr",
        Scope::ApplicationsWrite => "lw",
        Scope::KeysWrite => "kw",
        Scope::StoresRead => "sr",
        Scope::StoresWrite => "sw",
        Scope::GrantsWrite => "mw",
        Scope::SubscriptionsRead => "ur",
        Scope::SubscriptionsWrite => "uw",
        Scope::EventsRead => "er",
        Scope::UsageRead => "cu",
        Scope::PrivacyWrite => "vw",
        Scope::Operator => "op",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest item of a key that is neither revoked nor exposed: rotated, custom limits, every scope, ten digits of calls.
    fn largest() -> KeyItem {
        let id = uuid::Uuid::from_u128(u128::MAX);
        let limits = Tier::from_parts("enterprise", Some(1_500), Some(999_999_999)).unwrap();
        let mut item = KeyItem::new(NewKeyItem {
            id: KeyId::from_uuid(id),
            secret: [1; 32],
            account: AccountId::from_uuid(id),
            holder: KeyHolder::Application(ApplicationId::from_uuid(id), Scope::ALL.iter().copied().collect()),
            tier: limits,
            expires: Some(Timestamp::from_second(1_999_999_999).unwrap()),
        });
        item.epoch = 99_999;
        item.old_secret = Some(StoredHash([2; 32]));
        item.old_until = Some(1_999_999_999);
        item.admitted = 9_999_999_999;
        item
    }

    fn attributes(item: &KeyItem) -> Attributes {
        serde_dynamo::to_item(item).unwrap()
    }

    /// What DynamoDB counts: names and texts in bytes, two digits of a number a byte and one more.
    fn size(attributes: &Attributes) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::B(bytes) => bytes.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            other => panic!("{other:?} has no place in a key"),
        };
        attributes.iter().map(|(name, content)| name.len() + value(content)).sum()
    }

    #[test]
    fn a_record_reads_back() {
        let item = largest();
        let read: KeyItem = serde_dynamo::from_item(attributes(&item)).unwrap();
        let record = KeyRecord::try_from(&read).unwrap();
        assert_eq!(record, KeyRecord::try_from(&item).unwrap());
        assert_eq!(record.scopes.iter().count(), Scope::ALL.len());
        assert_eq!(record.tier.limits().rate.get(), 1_500);
        assert!(read.secret == item.secret && read.old_secret == item.old_secret);
    }

    #[test]
    fn an_item_fits_one_write_unit() {
        let mut attributes = attributes(&largest());
        // 2036: names of ten and five digits. The counter's tests bound the snapshots at 26 hours and 25 fine ones.
        let now = 2_082_758_400_000_u64;
        for hour in 0..26 {
            attributes
                .insert(Snapshot::Hour(now / 3_600_000 - hour).name(), AttributeValue::N("9999999999".to_owned()));
        }
        for bucket in 0..25 {
            attributes.insert(Snapshot::Fine(now / 50 - bucket).name(), AttributeValue::N("9999999999".to_owned()));
        }
        let size = size(&attributes);
        assert!(size <= 1_024, "{size} bytes");
        assert_eq!(ledger(&attributes).snapshots(), 51);
        assert_eq!(ledger(&attributes).admitted(), 9_999_999_999);
    }

    #[test]
    fn scopes_have_letters_of_their_own() {
        for scope in Scope::ALL {
            assert_eq!(read_scopes(scope_letters(*scope)), Ok(ScopeSet::of(&[*scope])));
        }
        for wrong in ["p", "prx", "zz", "é"] {
            assert_eq!(read_scopes(wrong), Err(UnreadableKey("scopes")), "{wrong}");
        }
    }

    #[test]
    fn no_attribute_is_taken_for_a_snapshot() {
        let attributes = attributes(&largest());
        assert!(attributes.keys().all(|name| Snapshot::parse(name).is_none()));
        assert_eq!(ledger(&attributes).snapshots(), 0);
    }

    #[test]
    fn a_damaged_item_names_the_field() {
        let wrong = |change: fn(&mut KeyItem)| {
            let mut item = largest();
            change(&mut item);
            KeyRecord::try_from(&item).unwrap_err()
        };
        assert_eq!(wrong(|item| item.v = 2), UnreadableKey("version"));
        assert_eq!(wrong(|item| item.account = "x".into()), UnreadableKey("account"));
        assert_eq!(wrong(|item| item.rate = Some(0)), UnreadableKey("tier"));
        assert_eq!(wrong(|item| item.role = Some(Role::Owner)), UnreadableKey("holder"));
        assert_eq!(wrong(|item| item.expires = Some(i64::MAX)), UnreadableKey("expiry"));
    }
}
