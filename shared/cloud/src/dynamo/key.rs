//! Every key format of every table, in one place and built from typed ids, so that no two things can share a key.
//!
//! Keys hold ids only: names of items end up in metrics, traces and backups, where nothing personal may be.

use std::fmt;

use domain::{
    consent::Subject,
    form,
    id::{
        AccountId, ApplicationId, BreachId, CampaignId, ConsentId, ContactId, HoldId, KeyId, MessageId,
        PrivacyRequestId, RequestId, RestrictionId, StoreId, SubmissionId, SubscriptionId,
    },
    model::Entity,
    partner::PartnerId,
    request::Kind,
};
use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::seal::Holder;

/// Lines of one account and day are spread over so many partitions: one takes 1,000 writes a second.
pub const JOURNAL_SHARDS: u8 = 8;

/// `keys`: the item that authenticates and counts one API key.
#[must_use]
pub fn api_key(key: &KeyId) -> String {
    format!("key#{}", key.body())
}

/// `accounts`: the partition of one account.
#[must_use]
pub fn account(account: &AccountId) -> String {
    format!("account#{}", account.body())
}

/// `accounts`: the account itself, within its partition.
pub const ACCOUNT: &str = "account";

/// `accounts`: an application within its account's partition, and the partition of the application's own keys.
#[must_use]
pub fn application(application: &ApplicationId) -> String {
    format!("application#{}", application.body())
}

/// `accounts`: what applications within their account's partition start with.
pub const APPLICATIONS: &str = "application#";

/// `accounts`: whose an application is, within the application's partition.
pub const OWNER: &str = "owner";

/// `accounts`: what keys start with, within the partition of their application, or of their account where they have none.
pub const KEYS: &str = "key#";

/// `accounts`: what pointers to stores start with, within the partition of their account.
pub const STORES: &str = "store#";

/// `accounts`: what an account was told of versions of policies and agreed to start with, within its partition.
pub const POLICIES: &str = "policy#";

/// `accounts`: what an account was told of one version of a policy and agreed to, within its partition.
#[must_use]
pub fn policy(policy: &str, version: &str) -> String {
    format!("{POLICIES}{policy}#{version}")
}

/// `accounts`, `consents`: the account or contact that an e-mail address belongs to. The address is a hash, see [`crate::dynamo::accounts`].
#[must_use]
pub fn email(hash: &str) -> String {
    format!("email#{hash}")
}

/// `consents`: the partition of a contact.
#[must_use]
pub fn contact(contact: &ContactId) -> String {
    format!("contact#{}", contact.body())
}

/// `consents`: the contact itself, within its partition.
pub const CONTACT: &str = "contact";

/// `consents`: the partition with the ledger of an account or a contact.
#[must_use]
pub fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Account(id) => account(id),
        Subject::Contact(id) => contact(id),
    }
}

/// `consents`: what the changes of a ledger start with, within their subject's partition.
pub const CONSENTS: &str = "consent#";

/// `consents`: one change of a ledger.
#[must_use]
pub fn consent(consent: &ConsentId) -> String {
    format!("{CONSENTS}{}", consent.body())
}

/// `consents`: what the links of marketing mails start with.
pub const UNSUBSCRIBES: &str = "unsubscribe#";

/// `consents`: what the link of one marketing mail stands for. Only the hash of its token stands here.
#[must_use]
pub fn unsubscribe(hash: &str) -> String {
    format!("{UNSUBSCRIBES}{hash}")
}

/// `guards`: consents that wait for their link to be followed. Only the link's hash stands here.
#[must_use]
pub fn consent_link(hash: &str) -> String {
    format!("consent-link#{hash}")
}

/// `forms`: the partition of what was sent by one form.
#[must_use]
pub fn form(kind: form::Kind) -> String {
    format!("form#{}", kind.as_str())
}

/// `forms`: what everything that was sent starts with, within the partition of its form.
pub const SENT: &str = "sent#";

/// `forms`: what was sent, within the partition of its form.
#[must_use]
pub fn sent(id: &SubmissionId) -> String {
    format!("{SENT}{}", id.body())
}

/// `forms`: the partition of what was sent and has not ended.
pub const OPEN_FORMS: &str = "open";

/// `forms`: something that was sent and has not ended, within [`OPEN_FORMS`]: in the order of the days on which it came in.
#[must_use]
pub fn open_form(received_at: Timestamp, id: &SubmissionId) -> String {
    format!("{SENT}{}#{}", Day(received_at), id.body())
}

/// `guards`: a sign-up that waits for its link to be followed. Only the link's hash stands here.
#[must_use]
pub fn sign_up(hash: &str) -> String {
    format!("sign-up#{hash}")
}

/// `guards`: a mailed link that keeps an account. Only the link's hash stands here.
#[must_use]
pub fn keep_link(hash: &str) -> String {
    format!("keep#{hash}")
}

/// `guards`: how often something (`sign-up`, `request` …) came from a source or for an address within a window. Whom it is about is a hash, see
/// [`crate::dynamo::counts`].
#[must_use]
pub fn count(what: &str, of: &str, hash: &str) -> String {
    format!("{what}-{of}#{hash}")
}

/// `guards`: a mail that was handed to SES.
#[must_use]
pub fn mail(message: &MessageId) -> String {
    format!("mail#{}", message.body())
}

/// `guards`: what became of a call with an `Idempotency-Key`. The name is a hash, see [`crate::dynamo::idempotency`].
#[must_use]
pub fn idempotency(hash: &str) -> String {
    format!("idempotency#{hash}")
}

/// `stores`: the partition of one store. `cache`: answers of one store.
#[must_use]
pub fn store(store: &StoreId) -> String {
    format!("store#{}", store.body())
}

/// `stores`: what days on which stores left start with.
pub const DEPARTED: &str = "departed#";

/// `stores`: the stores that left on a day. Not in their partitions: those are to be empty.
#[must_use]
pub fn departed(day: Date) -> String {
    format!("{DEPARTED}{day}")
}

/// `store-keys`: the item of one store or application.
#[must_use]
pub fn holder(holder: Holder<'_>) -> String {
    match holder {
        Holder::Store(id) => store(id),
        Holder::Application(id) => application(id),
    }
}

/// `stores`: the store itself, within its partition.
pub const STORE: &str = "store";

/// `stores`: the store's sealed credential, within its partition.
pub const CREDENTIAL: &str = "credential";

/// `stores`: the grant of one application, within the store's partition.
#[must_use]
pub fn grant(application: &ApplicationId) -> String {
    format!("grant#{}", application.body())
}

/// `cache`: what answers start with, within the partition of their store.
pub const BODIES: &str = "body#";

/// `cache`: one answer, within its store's partition. What was asked is a hash, see [`crate::cache`].
#[must_use]
pub fn body(entity: Entity, asked: &str) -> String {
    format!("{BODIES}{entity}#{asked}")
}

/// `cache`: what counts the changes of an entity, within its store's partition.
#[must_use]
pub fn generation(entity: Entity) -> String {
    format!("generation#{entity}")
}

/// `stores`: what the store's webhooks are signed with and which are registered, within the store's partition.
pub const HOOKS: &str = "hooks";

/// `stores`: what restrictions of customers start with, within the store's partition. Not between [`GRANTS`] and [`STORE`]: whoever reads from the one
/// to the other does not pay for them.
pub const RESTRICTIONS: &str = "customer#";

/// `stores`: the restriction of one customer, within the store's partition.
#[must_use]
pub fn restriction(restriction: &RestrictionId) -> String {
    format!("{RESTRICTIONS}{}", restriction.body())
}

/// `events`: what happened in one store on one day, by when it came in.
#[must_use]
pub fn events(store: &StoreId, at: Timestamp) -> String {
    format!("events#{}#{}", store.body(), Day(at))
}

/// `events`: what is known of the objects of one store, and how far it was looked for changes.
#[must_use]
pub fn marks(store: &StoreId) -> String {
    format!("marks#{}", store.body())
}

/// `events`: what is known of one object, within [`marks`] of its store. Its id is a hash, because platforms' ids can be long.
#[must_use]
pub fn mark(entity: Entity, id: &str) -> String {
    format!("{}{}", marks_of(entity), half_of(id))
}

/// Half of a text's SHA-256, as ids are written.
fn half_of(text: &str) -> String {
    let hash = Sha256::digest(text);
    domain::id::encode_body(hash.iter().take(16).fold(0_u128, |value, byte| value << 8 | u128::from(*byte)))
}

/// `privacy`: what the requests of an account start with, within its partition.
pub const PRIVACY_REQUESTS: &str = "request#";

/// `privacy`: one request, within the partition of its account.
#[must_use]
pub fn privacy_request(id: &PrivacyRequestId) -> String {
    format!("{PRIVACY_REQUESTS}{}", id.body())
}

/// `privacy`: that a platform's message about a store has made a request, within the partition of the store's account. The platform's name for
/// it is a hash.
#[must_use]
pub fn privacy_asked(store: &StoreId, name: &str) -> String {
    format!("asked#{}#{}", store.body(), half_of(name))
}

/// `privacy`: the partition of one request of a person about their own data.
#[must_use]
pub fn subject_request(id: &PrivacyRequestId) -> String {
    format!("request#{}", id.body())
}

/// `privacy`, `verifications`: the request itself, and what proves who asks, within its partition.
pub const REQUEST: &str = "request";

/// `privacy`: how a request is carried out, within its partition.
pub const RUN: &str = "run";

/// `privacy`: what places of a request start with, within its partition.
pub const PLACES: &str = "place#";

/// `privacy`: one place of a request, by the plan's name for it.
#[must_use]
pub fn place(name: &str) -> String {
    format!("{PLACES}{name}")
}

/// `privacy`: what was signed at the end of a request, within its partition.
pub const RECEIPT: &str = "receipt";

/// `privacy`: that something of a request is in the audit chain, within the request's partition.
#[must_use]
pub fn chained(name: &str) -> String {
    format!("chained#{name}")
}

/// `privacy`: the partition of the audit chain; `usage`: of how far it has been verified.
pub const CHAIN: &str = "chain";

/// `privacy`: the end of the audit chain.
pub const HEAD: &str = "head";

/// `usage`: how far the audit chain has been verified, in [`CHAIN`].
pub const VERIFIED: &str = "verified";

/// `privacy`: what the links of the audit chain start with.
pub const LINKS: &str = "link#";

/// `privacy`: one link of the audit chain.
#[must_use]
pub fn link(seq: u64) -> String {
    format!("{LINKS}{seq:012}")
}

/// `privacy`: the partition of the requests that have not ended.
pub const OPEN_REQUESTS: &str = "open";

/// `privacy`: the partition of the register of breaches.
pub const BREACHES: &str = "breaches";

/// `privacy`: what cases start with, within the register.
pub const BREACH: &str = "breach#";

/// `privacy`: one case, within the register.
#[must_use]
pub fn breach(id: &BreachId) -> String {
    format!("{BREACH}{}", id.body())
}

/// `consents`: the partition of the campaigns.
pub const CAMPAIGNS: &str = "campaigns";

/// `consents`: what campaigns start with, within their partition.
pub const CAMPAIGN: &str = "campaign#";

/// `consents`: one campaign, within their partition.
#[must_use]
pub fn campaign(id: &CampaignId) -> String {
    format!("{CAMPAIGN}{}", id.body())
}

/// `privacy`: the partition of the legal holds.
pub const HOLDS: &str = "holds";

/// `privacy`: what holds start with, within their partition.
pub const HOLD: &str = "hold#";

/// `privacy`: one hold, within their partition.
#[must_use]
pub fn hold(id: &HoldId) -> String {
    format!("{HOLD}{}", id.body())
}

/// `privacy`: what locks of requests start with.
pub const LOCKS: &str = "lock#";

/// `privacy`: which request is carried out for a person and kind.
#[must_use]
pub fn request_lock(account: &AccountId, kind: Kind) -> String {
    format!("{LOCKS}{}#{}", account.body(), kind.as_str())
}

/// `tombstones`: that what had an id was erased.
#[must_use]
pub fn tombstone(id: &str) -> String {
    format!("tomb#{id}")
}

/// `privacy`: the partition of one partner: who it is, what it has asked, and how much today.
#[must_use]
pub fn partner(partner: &PartnerId) -> String {
    format!("partner#{partner}")
}

/// `privacy`: that a signed message of an agent was taken, by its SHA-256, within the agent's partition.
#[must_use]
pub fn seen(digest: &[u8; 32]) -> String {
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("seen#{digest}")
}

/// `privacy`: a request that a controller made, by the controller's own UUID for it, within the controller's partition.
#[must_use]
pub fn instruction(name: &Uuid) -> String {
    format!("asked#{}", name.hyphenated())
}

/// `events`: what the marks of an entity's objects start with, within [`marks`] of their store.
#[must_use]
pub fn marks_of(entity: Entity) -> String {
    format!("mark#{entity}#")
}

/// `events`: how far the objects of an entity were looked for changes, within [`marks`] of their store.
#[must_use]
pub fn reconciled(entity: Entity) -> String {
    format!("reconciled#{entity}")
}

/// `subscriptions`: one subscription within its application's partition ([`application`]); `accounts`: what points to it from its account's.
#[must_use]
pub fn subscription(subscription: &SubscriptionId) -> String {
    format!("{SUBSCRIPTIONS}{}", subscription.body())
}

/// `subscriptions`, `accounts`: what subscriptions start with, within the partition of their application or account.
pub const SUBSCRIPTIONS: &str = "subscription#";

/// `deliveries`: the deliveries of one subscription, by their event.
#[must_use]
pub fn deliveries(subscription: &SubscriptionId) -> String {
    format!("deliveries#{}", subscription.body())
}

/// `guards`: failed authentications from one source. The source is a hash, see [`crate::dynamo::guard`].
#[must_use]
pub fn source(hash: &str) -> String {
    format!("source#{hash}")
}

/// `stores`: what grants start with, within the store's partition.
pub const GRANTS: &str = "grant#";

/// Sort key of items that are alone in their partition.
pub const ALONE: &str = "-";

/// `service-log`, `security-log`: one account's lines of one day, one of [`JOURNAL_SHARDS`].
#[must_use]
pub fn journal(account: Option<&AccountId>, at: Timestamp, shard: u8) -> String {
    let day = Day(at);
    match account {
        Some(account) => format!("{}#{day}#{shard}", account.body()),
        None => format!("-#{day}#{shard}"),
    }
}

/// `service-log`, `security-log`: the line of one call, or its n-th where it leaves several.
#[must_use]
pub fn line(call: &RequestId, number: u32) -> String {
    if number == 0 { call.body().to_owned() } else { format!("{}#{number}", call.body()) }
}

/// `service-log`: the accounts that have lines of one day.
#[must_use]
pub fn active(at: Timestamp) -> String {
    format!("active#{}", Day(at))
}

/// `service-log`: where the lines of calls begin that came in at a time or later. Ids of calls start with their millisecond.
#[must_use]
pub fn lines_from(at: Timestamp) -> String {
    let millis = u128::try_from(at.as_millisecond()).unwrap_or_default();
    domain::id::encode_body(millis << 80)
}

/// `events`, `deliveries`: where the ids of events begin that came in at a time or later. Ids start with their millisecond.
#[must_use]
pub fn ids_from(at: Timestamp) -> String {
    lines_from(at)
}

/// `usage`: an account's usage by the hour, or by the day.
#[must_use]
pub fn usage(account: &AccountId, span: &str) -> String {
    format!("{}#{span}", account.body())
}

/// `usage`: where an hour or a day begins, in [`usage`] of either.
#[must_use]
pub fn usage_from(at: Timestamp) -> String {
    format!("{}{:02}", Day(at), at.to_zoned(jiff::tz::TimeZone::UTC).hour())
}

/// `usage`: what one key called of one store with one class of outcome, in an hour or a day that begins at a time.
#[must_use]
pub fn usage_of(at: Timestamp, key: &KeyId, store: Option<&StoreId>, class: &str) -> String {
    format!("{}#{}#{}#{class}", usage_from(at), key.body(), store.map_or(ALONE, StoreId::body))
}

/// `usage`: how far usage has been folded.
pub const FOLDED: &str = "folded";

/// `usage`: how far the days on which accounts were used have been carried to the accounts.
pub const CARRIED: &str = "carried";

/// `usage`: what the sweeps said of their last runs.
pub const SWEEPS: &str = "sweeps";

/// `usage`: what names of sweeps start with, in [`SWEEPS`].
pub const SWEEP: &str = "sweep#";

/// `usage`: what one sweep said of its last run, in [`SWEEPS`].
#[must_use]
pub fn sweep(name: &str) -> String {
    format!("{SWEEP}{name}")
}

/// `privacy`: the daily reports of the self-check.
pub const REPORTS: &str = "reports";

/// The day of a time in UTC, as `20261121`.
struct Day(Timestamp);

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        write!(out, "{:04}{:02}{:02}", date.year(), date.month(), date.day())
    }
}
