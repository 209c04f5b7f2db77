//! The lines of both journals, as they stand in their tables.

use std::net::IpAddr;

use domain::{
    id::{AccountId, ApplicationId, KeyId, StoreId},
    scope::ScopeSet,
};
use jiff::Timestamp;
use personal_data::PersonalData;

/// How a call came by the credential of the store; this is the access audit of R012.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CredentialUse {
    /// Read from the vault for this call.
    Read,
    /// Used from this instance's memory, which an earlier call filled.
    Memory,
}

/// One call, as the service log keeps it.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "service-log", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct ServiceLine {
    /// Partition: account, day and shard.
    #[pd(none)]
    pub pk: String,
    /// The call's id, which sorts by time.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Whose key made the call.
    #[pd(none)]
    pub account: AccountId,
    /// The application that holds the key, where one does.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// The key.
    #[pd(none)]
    pub key: KeyId,
    /// The store that was called.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// The route's template, such as `GET /v1/stores/{store}/orders/{id}`; never the path itself.
    #[pd(none)]
    pub route: String,
    /// The status that was answered.
    #[pd(none)]
    pub status: u16,
    /// The problem's code, where it was one.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Milliseconds from the call to its answer.
    #[pd(none)]
    pub millis: u32,
    /// Calls made to the store.
    #[pd(none)]
    pub upstream_calls: u32,
    /// Milliseconds spent waiting for the store.
    #[pd(none)]
    pub upstream_millis: u32,
    /// The store's last status.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_status: Option<u16>,
    /// Whether an answer of the store said that such calls are deprecated (RFC 9745).
    #[pd(none)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upstream_deprecated: bool,
    /// From when the store's platform will not answer such calls any more, where it said so (RFC 8594, R146).
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_sunset: Option<Timestamp>,
    /// How the credential was come by, where one was used.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialUse>,
    /// Bytes of the answer's body.
    #[pd(none)]
    pub bytes: u32,
    /// Rows asked for with `per_page`.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<u16>,
    /// Rows answered.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Whether the end of the route is announced: whoever still calls it is to be told (R145).
    #[pd(none)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// The scopes that the call needed and had; none where it was refused before they were all looked at (R119).
    #[pd(none)]
    #[serde(default, skip_serializing_if = "no_scopes")]
    pub scopes: ScopeSet,
    /// When the call came in.
    #[pd(none)]
    pub at: Timestamp,
    /// After this second the line is not shown, and soon deleted.
    #[pd(none)]
    pub expires_at: i64,
}

fn no_scopes(scopes: &ScopeSet) -> bool {
    scopes.is_empty()
}

/// Says that an account has lines of a day, or got a webhook on it. Sweeps find by it whose lines they have to read and who was there (R022);
/// nothing else could tell without reading all.
///
/// An instance writes it before its first line of an account and a day: the next thousand calls pay nothing for it.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "service-log", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct ActiveItem {
    /// Partition: the day.
    #[pd(none)]
    pub pk: String,
    /// The account's id without its prefix.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The account.
    #[pd(none)]
    pub account: AccountId,
    /// After this second there are no lines of the day left, nor is this.
    #[pd(none)]
    pub expires_at: i64,
}

/// What the security log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityEvent {
    /// A call failed to authenticate.
    AuthenticationFailed,
    /// A source failed too often and is slowed.
    SourceSlowed,
    /// A key stood in a URL.
    KeyExposed,
    /// A key asked for more than its scopes.
    ScopeRefused,
    /// A call for a store without a merchant's permission.
    AccessRefused,
    /// A key was made.
    KeyCreated,
    /// A key got a new secret.
    KeyRotated,
    /// A key was revoked.
    KeyRevoked,
    /// A merchant granted access.
    GrantGiven,
    /// A merchant took access back.
    GrantRevoked,
    /// A store was connected.
    StoreConnected,
    /// A store's off-boarding began.
    StoreDisconnected,
    /// A credential was read outside a call of its store.
    CredentialRead,
    /// A credential was replaced.
    CredentialReplaced,
    /// A credential was moved to the vault's other form.
    CredentialMoved,
    /// A credential was destroyed.
    CredentialDestroyed,
    /// A store's webhooks got another secret of ours.
    HookSecretRotated,
    /// An account was confirmed by its mailed link.
    AccountConfirmed,
    /// An account was closed.
    AccountClosed,
    /// The use of a customer's data was restricted.
    RestrictionSet,
    /// It was said that a restriction shall end.
    RestrictionEnding,
    /// A store's off-boarding is finished: nothing of it is left in the tables or the vault.
    StoreRemoved,
    /// A subscription was made: what its topics name leaves for its endpoint from now on.
    SubscriptionCreated,
    /// A subscription was changed, or switched on or off by its owner.
    SubscriptionChanged,
    /// A subscription got a new secret.
    SubscriptionSecretRotated,
    /// A subscription was deleted.
    SubscriptionDeleted,
    /// What rested of a customer of a store was erased, because the store's platform asked for it.
    CustomerErased,
    /// A request about a customer was closed, and the merchant told.
    PrivacyRequestClosed,
    /// Somebody suspects that personal data has leaked (R020).
    LeakReported,
    /// One of ours has looked at what a request says of its person (R017); the code says for what.
    PersonalDataRead,
    /// One of ours has decided about a request; the code says what.
    RequestDecided,
    /// One of ours has written the register of breaches; the code says what.
    BreachRecorded,
    /// One of ours has decided about a legal hold; the code says what.
    HoldDecided,
    /// One of ours has decided about a campaign; the code says what.
    CampaignDecided,
    /// One of ours has worked on what somebody sent by a form; the code says what.
    FormHandled,
}

/// One line of the security log.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "security-log", subject = Caller, link = "source", role = Controller, region = Pinned)]
pub struct SecurityLine {
    /// Partition: account (or none), day and shard.
    #[pd(none)]
    pub pk: String,
    /// The call's id and a number.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// What happened.
    #[pd(none)]
    pub event: SecurityEvent,
    /// Whose thing it is, where that is known.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The key that was used or touched.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The application that is concerned.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// The store that is concerned.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// The problem's code, where the caller got one.
    #[pd(none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where the call came from.
    #[pd(cat = "user.device.ip_address", origin = Observed, basis = LegitimateInterest, purpose(Security), retain = "security-log", erase = Expire, export = Never)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// When it happened.
    #[pd(none)]
    pub at: Timestamp,
    /// After this second the line is not shown, and soon deleted.
    #[pd(none)]
    pub expires_at: i64,
}
