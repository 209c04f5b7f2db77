//! Subscriptions, with the health of their endpoints (table `subscriptions`). A partition an application.

mod changes;
mod endpoint;

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    account::Line,
    delivery::Health,
    event::Topic,
    id::{AccountId, ApplicationId, StoreId, SubscriptionId},
    subscription::{DisabledBecause, Ordering, SubscriptionState},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Unavailable,
    call::Client,
    key,
    page::{List, Page, PageError, PageRequest, Range, get},
};

/// A subscription.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "subscriptions", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct SubscriptionItem {
    /// `application#` and the application's id.
    #[pd(none)]
    pub pk: String,
    /// `subscription#` and the subscription's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The subscription.
    #[pd(none)]
    pub id: SubscriptionId,
    /// Whose application it is.
    #[pd(none)]
    pub account: AccountId,
    /// The application.
    #[pd(none)]
    pub application: ApplicationId,
    /// What its developer calls it; free text, so it may name a person.
    #[pd(cat = "user.content.private", origin = Provided, basis = Contract, purpose(Account), retain = "account", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// Where deliveries go; it may name a person.
    #[pd(cat = "user.contact.url", origin = Provided, basis = Contract, purpose(Operation), retain = "account", erase = Delete, export = Yes)]
    pub url: String,
    /// What it wants to be told.
    #[pd(none)]
    pub topics: Vec<Topic>,
    /// Of which stores; `None` for every store that its application is granted.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stores: Option<Vec<StoreId>>,
    /// Which fields of the objects, as dotted paths; `None` for all.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// What an object must look like: for each dotted path the values that it may have there, as texts.
    #[pd(cat = "user.content.private", origin = Provided, basis = Contract, purpose(Operation), retain = "account", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, Vec<String>>,
    /// Whether the platform's own object is to be added.
    #[pd(none)]
    #[serde(default)]
    pub include_remote: bool,
    /// In which order.
    #[pd(none)]
    #[serde(default)]
    pub ordering: Ordering,
    /// Whether it is served.
    #[pd(none)]
    pub state: SubscriptionState,
    /// Why it is not.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_because: Option<DisabledBecause>,
    /// Since when it is not.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// What its deliveries are signed with, under the application's data key, see [`crate::signing`].
    #[pd(cat = "user.authorization.credentials", origin = Assigned, basis = Contract, purpose(Operation), retain = "account", erase = Shred, export = Never)]
    pub secrets: Bytes,
    /// Grows each time the secrets change.
    #[pd(none)]
    pub secrets_version: u64,
    /// When it last got a new secret.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<Timestamp>,
    /// When it was made.
    #[pd(none)]
    pub created_at: Timestamp,
    /// When its owner last changed it.
    #[pd(none)]
    pub updated_at: Timestamp,
    /// How its endpoint has been doing.
    #[pd(none)]
    #[serde(default)]
    pub health: Health,
    /// Never set: a subscription lives as long as its application. Every table has this attribute for its time-to-live.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// Points from an account to a subscription of one of its applications (table `accounts`).
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct SubscriptionPointerItem {
    /// `account#` and the account's id.
    #[pd(none)]
    pub pk: String,
    /// `subscription#` and the subscription's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Whose it is.
    #[pd(none)]
    pub account: AccountId,
    /// The application.
    #[pd(none)]
    pub application: ApplicationId,
    /// The subscription.
    #[pd(none)]
    pub subscription: SubscriptionId,
}

/// The `subscriptions` table.
#[derive(Clone)]
pub struct Subscriptions {
    client: Client,
    table: String,
}

impl Subscriptions {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// A subscription of `application`, as it stands now.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(
        &self,
        application: &ApplicationId,
        subscription: &SubscriptionId,
    ) -> Result<Option<SubscriptionItem>, Unavailable> {
        let (pk, sk) = (key::application(application), key::subscription(subscription));
        get(&self.client, &self.table, "subscriptions", pk, sk).await
    }

    /// All subscriptions of an application as they stand now, [`domain::subscription::MAX_SUBSCRIPTIONS`] at most.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all(&self, application: &ApplicationId) -> Result<Vec<SubscriptionItem>, Unavailable> {
        self.range(application).all().await
    }

    /// A page of an application's subscriptions, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(
        &self,
        application: &ApplicationId,
        request: &PageRequest,
    ) -> Result<Page<SubscriptionItem>, PageError> {
        let list = List { name: "application-subscriptions", of: application.as_str() };
        self.range(application).page(&list, request).await
    }

    fn range(&self, application: &ApplicationId) -> Range<'_> {
        let pk = key::application(application);
        Range { client: &self.client, table: &self.table, pk, prefix: key::SUBSCRIPTIONS }
    }
}
