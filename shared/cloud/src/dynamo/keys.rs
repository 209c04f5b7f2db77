//! API keys as their owners see them: made, listed, rotated, revoked.
//!
//! A key stands in two tables. The item of [`super::key_item`] in `keys` is what admits a call; it is kept so small that it costs one write
//! unit. What is only shown to people stands beside its application, or its account, in `accounts`. Both are always written together.

use domain::{
    account::Line,
    id::{AccountId, ApplicationId, KeyId},
    key::NewKey,
    role::Role,
    rotation,
    scope::ScopeSet,
    tier::Tier,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use personal_data::PersonalData;

use super::{
    Unavailable,
    accounts::MAX_KEYS,
    call::{AttributeValue, Client},
    key,
    key_item::{self, KeyHolder, KeyItem, KeyRecord, KeyState, NewKeyItem},
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, Part, TransactionError, number, put, text},
    unavailable, unreadable,
};
use crate::clock::{Clock, random_bytes};

/// How long a revoked key is remembered, so that its holder is told that it was revoked and not that it never was.
pub const REVOKED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Management keys of one account that are not revoked.
pub const MAX_MANAGEMENT_KEYS: usize = 50;

/// Items of `keys` that are read at a time for a list.
const READS_AT_ONCE: usize = 16;

/// What is shown of a key.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct ShownKeyItem {
    /// `application#` or `account#` and the id of whom the key belongs to.
    #[pd(none)]
    pub pk: String,
    /// `key#` and the key's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The key.
    #[pd(none)]
    pub id: KeyId,
    /// Whose it is.
    #[pd(none)]
    pub account: AccountId,
    /// The application that holds it; a management key has none.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// The role of a management key.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What its owner calls it; free text, so it may name a person.
    #[pd(cat = "user.content.private", origin = Provided, basis = Contract, purpose(Account, Security), retain = "key", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// What it may do.
    #[pd(none)]
    pub scopes: ScopeSet,
    /// The tier's name.
    #[pd(none)]
    pub tier: String,
    /// The last four characters of the newest secret.
    #[pd(none)]
    pub last4: String,
    /// When it was made.
    #[pd(none)]
    pub created_at: Timestamp,
    /// From when it is of no use any more.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// When it last got a new secret.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<Timestamp>,
    /// Until when the secret before that is good.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_until: Option<Timestamp>,
    /// By when it has to be rotated, where its owner was told that it has to be (R118); from then on it is of no use any more.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_by: Option<Timestamp>,
    /// Whether its owner was told so twice.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told_again: bool,
    /// When it was revoked.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// When the item is deleted, in unix seconds: set once the key is revoked.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// What has to be said to make a key.
#[derive(Clone)]
pub struct KeyOrder {
    /// Whose it is.
    pub account: AccountId,
    /// Who holds it.
    pub holder: Holder,
    /// What its owner calls it.
    pub name: Option<Line>,
    /// How much it may do.
    pub tier: Tier,
    /// From when it is of no use any more.
    pub ends_at: Option<Timestamp>,
}

/// Who holds a key.
#[derive(Clone)]
pub enum Holder {
    /// An application, with these scopes.
    Application(ApplicationId, ScopeSet),
    /// A person of the account, with a role's scopes.
    Person(Role),
}

/// Both tables of keys.
#[derive(Clone)]
pub struct Keys {
    client: Client,
    keys: String,
    accounts: String,
    clock: Clock,
}

impl ShownKeyItem {
    /// Whether it can still be used, its own expiry aside.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.revoked_at.is_none()
    }

    /// Whether it can be used now.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.is_live() && self.end().is_none_or(|end| end > now)
    }

    /// From when it is of no use any more: its owner's wish, or the end of a key that is not rotated.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        [self.ends_at, self.rotate_by].into_iter().flatten().min()
    }

    /// When its newest secret was made.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.rotated_at.unwrap_or(self.created_at)
    }

    /// What decides whether it has to be rotated.
    #[must_use]
    pub fn age(&self) -> rotation::Key {
        let Self { ends_at, rotate_by, told_again, .. } = *self;
        rotation::Key { since: self.since(), ends_at, rotate_by, told_again }
    }
}

impl Keys {
    /// Adapter over the tables `keys` and `accounts`.
    #[must_use]
    pub fn new(client: Client, keys_table: String, accounts_table: String, clock: Clock) -> Self {
        Self { client, keys: keys_table, accounts: accounts_table, clock }
    }

    /// A new key and the writes that make it. Where an application is to hold it, the first write fails if the application is gone, belongs
    /// to another account, or has [`MAX_KEYS`] keys already.
    #[must_use]
    pub fn creating(&self, order: KeyOrder) -> (NewKey, ShownKeyItem, Vec<Part>) {
        let id = KeyId::from_uuid(self.clock.new_id());
        let new = NewKey::mint(id.clone(), &random_bytes());
        let KeyOrder { account, holder, name, tier, ends_at } = order;
        let (pk, application, role, scopes) = match &holder {
            Holder::Application(application, scopes) => {
                (key::application(application), Some(application.clone()), None, *scopes)
            }
            Holder::Person(role) => (key::account(&account), None, Some(*role), role.scopes()),
        };
        let mut parts: Vec<Part> =
            application.iter().map(|application| self.counting(&account, application, 1)).collect();
        let shown = ShownKeyItem {
            pk,
            sk: key::api_key(&id),
            v: 1,
            id: id.clone(),
            account: account.clone(),
            application,
            role,
            name,
            scopes,
            tier: tier.name().to_owned(),
            last4: new.last4().to_owned(),
            created_at: self.clock.now(),
            ends_at,
            rotated_at: None,
            overlap_until: None,
            rotate_by: None,
            told_again: false,
            revoked_at: None,
            expires_at: None,
        };
        let holder = match holder {
            Holder::Application(application, scopes) => KeyHolder::Application(application, scopes),
            Holder::Person(role) => KeyHolder::Person(role),
        };
        let admitting =
            KeyItem::new(NewKeyItem { id, secret: new.secret_hash(), account, holder, tier, expires: ends_at });
        parts.push(admitting.create(&self.keys));
        parts.push(put(&self.accounts, &shown).condition_expression("attribute_not_exists(pk)"));
        (new, shown, parts)
    }

    /// A key of `account`, a revoked one included.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn of_account(&self, account: &AccountId, id: &KeyId) -> Result<Option<ShownKeyItem>, Unavailable> {
        let Some(record) = self.record(id).await? else { return Ok(None) };
        if record.account != *account {
            return Ok(None);
        }
        let pk = record.application.as_ref().map_or_else(|| key::account(account), key::application);
        get(&self.client, &self.accounts, "keys", pk, key::api_key(id)).await
    }

    /// When the secret of each of these keys was first seen in a URL (R117), in their order. Whose they are must be known.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn exposures(&self, keys: &[ShownKeyItem]) -> Result<Vec<Option<Timestamp>>, Unavailable> {
        stream::iter(keys)
            .map(async |key| Ok(self.record(&key.id).await?.and_then(|record| record.exposed)))
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await
    }

    /// What admits a key's calls, if the key is there.
    async fn record(&self, id: &KeyId) -> Result<Option<KeyRecord>, Unavailable> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.keys)
            .key("pk", text(key::api_key(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("keys", &error))?;
        let Some(item) = answer.item else { return Ok(None) };
        let item: KeyItem = serde_dynamo::from_item(item).map_err(|error| unreadable("keys", &error))?;
        KeyRecord::try_from(&item).map(Some).map_err(|error| unreadable("keys", &error))
    }

    /// A page of an application's keys, oldest first, revoked ones included. Whose the application is must be known.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page_of_application(
        &self,
        application: &ApplicationId,
        request: &PageRequest,
    ) -> Result<Page<ShownKeyItem>, PageError> {
        let list = List { name: "application-keys", of: application.as_str() };
        self.range(key::application(application)).page(&list, request).await
    }

    /// A page of an account's management keys, oldest first, revoked ones included.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page_of_account(
        &self,
        account: &AccountId,
        request: &PageRequest,
    ) -> Result<Page<ShownKeyItem>, PageError> {
        let list = List { name: "management-keys", of: account.as_str() };
        self.range(key::account(account)).page(&list, request).await
    }

    /// All keys of an application, revoked ones of the last [`REVOKED_FOR`] included.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all_of_application(&self, application: &ApplicationId) -> Result<Vec<ShownKeyItem>, Unavailable> {
        self.range(key::application(application)).all().await
    }

    /// All management keys of an account, revoked ones of the last [`REVOKED_FOR`] included.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all_of_account(&self, account: &AccountId) -> Result<Vec<ShownKeyItem>, Unavailable> {
        self.range(key::account(account)).all().await
    }

    /// A new secret for a key, under its old id, and the writes that bring it in; the old secret is good until `overlap_until`. The first
    /// write fails where the key is not active any more. The key's window goes on: a rotation doubles no limit.
    #[must_use]
    pub fn rotating(&self, shown: &ShownKeyItem, overlap_until: Timestamp) -> (NewKey, [Part; 2]) {
        let new = NewKey::mint(shown.id.clone(), &random_bytes());
        let update = self
            .shown(shown)
            .update_expression(
                "SET last4 = :last4, rotated_at = :now, overlap_until = :until REMOVE rotate_by, told_again",
            )
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked_at)")
            .expression_attribute_values(":last4", text(new.last4()))
            .expression_attribute_values(":now", text(self.clock.now().to_string()))
            .expression_attribute_values(":until", text(overlap_until.to_string()));
        let admitting = key_item::rotate(&self.keys, &shown.id, &new.secret_hash(), overlap_until, shown.ends_at);
        (new, [admitting, update])
    }

    /// The writes that give a key an end unless it is rotated before: it is of no use any more from `rotate_by` on (R118). The first fails where
    /// the key was rotated or revoked since it was read, or has such an end already.
    #[must_use]
    pub fn force_rotate(&self, read: &ShownKeyItem, rotate_by: Timestamp) -> [Part; 2] {
        let update = self.shown(read).update_expression("SET rotate_by = :end");
        let as_read = "attribute_exists(pk) AND attribute_not_exists(revoked_at) AND attribute_not_exists(rotate_by)";
        let update = match read.rotated_at {
            Some(at) => update
                .condition_expression(format!("{as_read} AND rotated_at = :rotated"))
                .expression_attribute_values(":rotated", text(at.to_string())),
            None => update.condition_expression(format!("{as_read} AND attribute_not_exists(rotated_at)")),
        };
        let end = read.ends_at.map_or(rotate_by, |end| end.min(rotate_by));
        [
            update.expression_attribute_values(":end", text(rotate_by.to_string())),
            key_item::set_end(&self.keys, &read.id, end),
        ]
    }

    /// The write that notes that a key's owner was told twice; it fails where the key was rotated or revoked since it was read.
    #[must_use]
    pub fn told_again(&self, read: &ShownKeyItem) -> Part {
        let rotate_by = read.rotate_by.map(|end| end.to_string()).unwrap_or_default();
        self.shown(read)
            .update_expression("SET told_again = :yes")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked_at) AND rotate_by = :end")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":end", text(rotate_by))
    }

    /// The writes that revoke a key; the first fails where it is revoked already. From the key's next call on it is refused.
    #[must_use]
    pub fn revoking(&self, shown: &ShownKeyItem) -> [Part; 2] {
        let now = self.clock.now();
        let gone = now + REVOKED_FOR;
        let update = self
            .shown(shown)
            .update_expression("SET revoked_at = :now, expires_at = :gone")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked_at)")
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":gone", number(gone.as_second()));
        [update, key_item::set_state(&self.keys, &shown.id, KeyState::Revoked, Some(gone))]
    }

    /// The write that takes away what a key's owner called it, for a person who is erased: the rest of a revoked key says nothing of anybody.
    #[must_use]
    pub fn unnaming(&self, shown: &ShownKeyItem) -> Part {
        self.shown(shown)
            .update_expression("REMOVE #name")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#name", "name")
    }

    /// The write that makes room for another key where one is revoked; an application that is being deleted needs none.
    #[must_use]
    pub fn making_room(&self, shown: &ShownKeyItem) -> Option<Part> {
        shown.application.as_ref().map(|application| self.counting(&shown.account, application, -1))
    }

    /// The write that makes every instance forget what it remembers of a key.
    #[must_use]
    pub fn raising_epoch(&self, id: &KeyId) -> Part {
        key_item::raise_epoch(&self.keys, id)
    }

    /// Writes `facts` and with them raises the epoch of every key of `applications`, so that the very next call of each sees the facts.
    ///
    /// A key that is made meanwhile, and whose first call was quicker than the facts, is found by looking again: a key that is made after the
    /// facts reads them anyway.
    ///
    /// # Errors
    /// As [`transaction::write_in_order`]; the places are those of `facts`.
    pub async fn bite(&self, facts: Vec<Part>, applications: &[ApplicationId]) -> Result<(), TransactionError> {
        let raised = self.live_of(applications).await?;
        let mut parts = facts;
        parts.extend(raised.iter().map(|key| self.raising_epoch(key)));
        transaction::write_in_order(&self.client, parts).await?;
        let after = self.live_of(applications).await?;
        let late = after.iter().filter(|key| !raised.contains(key)).map(|key| self.raising_epoch(key));
        transaction::write_in_order(&self.client, late.collect()).await
    }

    async fn live_of(&self, applications: &[ApplicationId]) -> Result<Vec<KeyId>, Unavailable> {
        let keys: Vec<Vec<_>> = stream::iter(applications)
            .map(|application| self.all_of_application(application))
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(keys.into_iter().flatten().filter(|key| key.is_live()).map(|key| key.id).collect())
    }

    fn counting(&self, account: &AccountId, application: &ApplicationId, by: i32) -> Part {
        Part::update()
            .table_name(&self.accounts)
            .key("pk", text(key::application(application)))
            .key("sk", text(key::OWNER))
            .update_expression("ADD #keys :by")
            .condition_expression("#account = :account AND #keys BETWEEN :least AND :most")
            .expression_attribute_names("#keys", "keys")
            .expression_attribute_names("#account", "account")
            .expression_attribute_values(":by", number(by))
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":least", number(if by > 0 { 0 } else { 1 }))
            .expression_attribute_values(":most", number(if by > 0 { MAX_KEYS - 1 } else { u32::MAX }))
    }

    fn shown(&self, shown: &ShownKeyItem) -> Part {
        Part::update().table_name(&self.accounts).key("pk", text(&shown.pk)).key("sk", text(&shown.sk))
    }

    fn range(&self, pk: String) -> Range<'_> {
        Range { client: &self.client, table: &self.accounts, pk, prefix: key::KEYS }
    }
}
