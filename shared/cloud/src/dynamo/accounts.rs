//! Accounts, their applications, and pointers to their stores (table `accounts`).
//!
//! A partition an account: the account, one item an application, one pointer a store, and the management keys. A partition an
//! application: whose it is, and its keys ([`crate::dynamo::keys`]), so that a merchant's revocation finds every key of an application
//! without knowing its account.

mod agreements;
mod idle;
mod subscriptions;

pub use agreements::{AgreementItem, VersionOf};
pub use idle::Mailed;

use domain::{
    account::{Consents, EmailAddress, Line, Phone, Website},
    consent::Standing,
    id::{AccountId, ApplicationId, StoreId},
};
use jiff::{Timestamp, civil::Date};
use personal_data::PersonalData;

use super::{
    Unavailable,
    call::{AttributeValue, Client},
    consents::{Recipient, agreed, hash, unsubscribe},
    key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{Part, number, put, text},
};

/// Applications of one account.
pub const MAX_APPLICATIONS: u32 = 50;
/// Stores of one account.
pub const MAX_STORES: u32 = 1_000;
/// Keys of one application that are not revoked. With it the keys that a change of one grant touches fit into one transaction.
pub const MAX_KEYS: u32 = 20;

/// An account.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "id", role = Controller, region = Pinned)]
pub struct AccountItem {
    /// `account#` and the account's id.
    #[pd(none)]
    pub pk: String,
    /// Always `account`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The account.
    #[pd(none)]
    pub id: AccountId,
    /// Who signed up.
    #[pd(cat = "user.name", origin = Provided, basis = Contract, purpose(Account, Support), retain = "account", erase = Delete, export = Yes)]
    pub name: Line,
    /// Where mail goes. Confirmed: the account exists because a link sent there was followed.
    #[pd(cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Account, Messages, Support, Security), retain = "account", erase = Delete, export = Yes, identity = Email)]
    pub email: EmailAddress,
    /// A telephone number.
    #[pd(cat = "user.contact.phone_number", origin = Provided, basis = Contract, purpose(Account, Support), retain = "account", erase = Delete, export = Yes, identity = Phone)]
    pub phone: Phone,
    /// The company.
    #[pd(cat = "user.workplace", origin = Provided, basis = Contract, purpose(Account, Billing), retain = "account", erase = Delete, export = Yes)]
    pub company: Line,
    /// The company's web site.
    #[pd(cat = "user.contact.url", origin = Provided, basis = Contract, purpose(Account), retain = "account", erase = Delete, export = Yes)]
    pub website: Website,
    /// What the person agreed to be written to about (R009).
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = Consent, purpose(Marketing), retain = "account", erase = Delete, export = Yes)]
    pub consents: Consents,
    /// Whether the person wants no marketing at all (R090).
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = LegalObligation, purpose(Marketing), retain = "account", erase = Delete, export = Yes)]
    #[serde(default)]
    pub unsubscribed_from_marketing: bool,
    /// Whether the person's browser asked that nothing be sold or shared (R060). We do neither.
    #[pd(cat = "user.privacy_preferences", origin = Observed, basis = LegalObligation, purpose(Account), retain = "account", erase = Delete, export = Yes)]
    #[serde(default)]
    pub opted_out_of_sale: bool,
    /// The version of the privacy policy that was accepted at sign-up (R041).
    #[pd(none)]
    pub policy_version: String,
    /// When the link was followed.
    #[pd(none)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[pd(none)]
    pub updated_at: Timestamp,
    /// Applications there are.
    #[pd(none)]
    pub applications: u32,
    /// Stores there are, those that are being off-boarded included.
    #[pd(none)]
    pub stores: u32,
    /// The last day of UTC on which it was used, as far as that was carried here ([`super::active`]).
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_on: Option<Date>,
    /// When its owner was told that nobody uses it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_told_on: Option<Date>,
    /// When its owner was told so again.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_told_again_on: Option<Date>,
    /// Since when it is being closed because nobody uses it, or because its owner declined what it would be bound to.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing_since: Option<Timestamp>,
}

impl AccountItem {
    /// Where the person stands (R009, R090).
    #[must_use]
    pub fn standing(&self) -> Standing {
        let Self { consents, unsubscribed_from_marketing, opted_out_of_sale, .. } = *self;
        Standing { consents, unsubscribed_from_marketing, opted_out_of_sale }
    }

    /// The account with the person standing there.
    #[must_use]
    pub fn with(self, standing: Standing) -> Self {
        let Standing { consents, unsubscribed_from_marketing, opted_out_of_sale } = standing;
        Self { consents, unsubscribed_from_marketing, opted_out_of_sale, ..self }
    }
}

/// Which account an e-mail address belongs to, so that an address has one account at most.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct EmailItem {
    /// `email#` and a hash of the address.
    #[pd(cat = "user.contact.email", origin = Derived, basis = Contract, purpose(Account, Security), retain = "account", erase = Delete, export = Never)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The account.
    #[pd(none)]
    pub account: AccountId,
}

/// An application.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct ApplicationItem {
    /// `account#` and the account's id.
    #[pd(none)]
    pub pk: String,
    /// `application#` and the application's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The application.
    #[pd(none)]
    pub id: ApplicationId,
    /// Whose it is.
    #[pd(none)]
    pub account: AccountId,
    /// What its developer calls it; free text, so it may name a person.
    #[pd(cat = "user.content.private", origin = Provided, basis = Contract, purpose(Account), retain = "account", erase = Delete, export = Yes)]
    pub name: Line,
    /// When it was made.
    #[pd(none)]
    pub created_at: Timestamp,
}

/// Whose an application is, and how many keys it has.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct OwnerItem {
    /// `application#` and the application's id.
    #[pd(none)]
    pub pk: String,
    /// Always `owner`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Whose it is.
    #[pd(none)]
    pub account: AccountId,
    /// Keys that are not revoked.
    #[pd(none)]
    pub keys: u32,
    /// Subscriptions that it has.
    #[pd(none)]
    #[serde(default)]
    pub subscriptions: u32,
}

/// Points from an account to a store of its own.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = Merchant, link = "account", role = Both, region = Pinned)]
pub struct StorePointerItem {
    /// `account#` and the account's id.
    #[pd(none)]
    pub pk: String,
    /// `store#` and the store's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Whose it is.
    #[pd(none)]
    pub account: AccountId,
    /// The store.
    #[pd(none)]
    pub store: StoreId,
}

/// The `accounts` table.
#[derive(Clone)]
pub struct Accounts {
    client: Client,
    table: String,
}

impl Accounts {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// An account.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, account: &AccountId) -> Result<Option<AccountItem>, Unavailable> {
        get(&self.client, &self.table, "accounts", key::account(account), key::ACCOUNT.to_owned()).await
    }

    /// The account that an address has.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn of_address(&self, address: &EmailAddress) -> Result<Option<AccountItem>, Unavailable> {
        let pk = key::email(&hash(address));
        let found: Option<EmailItem> = get(&self.client, &self.table, "accounts", pk, key::ALONE.to_owned()).await?;
        match found {
            Some(EmailItem { account, .. }) => self.get(&account).await,
            None => Ok(None),
        }
    }

    /// The writes that make an account: the first fails where it exists, the second where its address already has one.
    #[must_use]
    pub fn creating(&self, account: &AccountItem) -> [Part; 2] {
        let email = EmailItem {
            pk: key::email(&hash(&account.email)),
            sk: key::ALONE.to_owned(),
            v: 1,
            account: account.id.clone(),
        };
        let if_new = "attribute_not_exists(pk)";
        [put(&self.table, account).condition_expression(if_new), put(&self.table, &email).condition_expression(if_new)]
    }

    /// Changes an account, unless it was changed since it was read.
    ///
    /// # Errors
    /// As [`super::transaction::write`]; a condition that does not hold means that it was changed or closed meanwhile.
    pub fn changing(&self, changed: &AccountItem, read_at: Timestamp) -> Part {
        let AccountItem { id, name, phone, company, website, updated_at, .. } = changed;
        let Standing { consents, unsubscribed_from_marketing, opted_out_of_sale } = changed.standing();
        // Only what may change is written: the counters have writers of their own.
        Part::update()
            .table_name(&self.table)
            .key("pk", text(key::account(id)))
            .key("sk", text(key::ACCOUNT))
            .update_expression(
                "SET #name = :name, phone = :phone, company = :company, website = :website, consents = :consents, \
                     unsubscribed_from_marketing = :unsubscribed, opted_out_of_sale = :opted, updated_at = :now",
            )
            .condition_expression("updated_at = :read")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", text(name.as_str()))
            .expression_attribute_values(":phone", text(phone.as_str()))
            .expression_attribute_values(":company", text(company.as_str()))
            .expression_attribute_values(":website", text(website.as_str()))
            .expression_attribute_values(":consents", agreed(consents))
            .expression_attribute_values(":unsubscribed", AttributeValue::Bool(unsubscribed_from_marketing))
            .expression_attribute_values(":opted", AttributeValue::Bool(opted_out_of_sale))
            .expression_attribute_values(":now", text(updated_at.to_string()))
            .expression_attribute_values(":read", text(read_at.to_string()))
    }

    /// The write that ends all marketing to an account, and selling and sharing too where the browser asks for that. It fails where the account is gone or has ended it before.
    #[must_use]
    pub fn unsubscribing(&self, account: &AccountId, opts_out: bool, now: Timestamp) -> Part {
        let part =
            Part::update().table_name(&self.table).key("pk", text(key::account(account))).key("sk", text(key::ACCOUNT));
        unsubscribe(part, opts_out, now)
    }

    /// Who a marketing mail goes to, as the account stands now.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked or does not say what must be known.
    pub async fn recipient(&self, account: &AccountId) -> Result<Option<Recipient>, Unavailable> {
        Recipient::read(&self.client, &self.table, key::account(account), key::ACCOUNT).await
    }

    /// The writes that erase an account: itself, with all that it says of a person, and its address.
    #[must_use]
    pub fn erasing(&self, account: &AccountItem) -> [Part; 2] {
        let delete =
            |pk: String, sk: &str| Part::delete().table_name(&self.table).key("pk", text(pk)).key("sk", text(sk));
        [delete(key::account(&account.id), key::ACCOUNT), delete(key::email(&hash(&account.email)), key::ALONE)]
    }

    /// An application of `account`.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn application(
        &self,
        account: &AccountId,
        application: &ApplicationId,
    ) -> Result<Option<ApplicationItem>, Unavailable> {
        get(&self.client, &self.table, "applications", key::account(account), key::application(application)).await
    }

    /// A page of an account's applications, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn applications(
        &self,
        account: &AccountId,
        request: &PageRequest,
    ) -> Result<Page<ApplicationItem>, PageError> {
        let list = List { name: "applications", of: account.as_str() };
        self.range(account, key::APPLICATIONS).page(&list, request).await
    }

    /// All applications of an account, [`MAX_APPLICATIONS`] at most.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all_applications(&self, account: &AccountId) -> Result<Vec<ApplicationItem>, Unavailable> {
        self.range(account, key::APPLICATIONS).all().await
    }

    /// Whose an application is, whoever asks: a merchant may grant access to any application whose id was told.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn owner(&self, application: &ApplicationId) -> Result<Option<OwnerItem>, Unavailable> {
        get(&self.client, &self.table, "applications", key::application(application), key::OWNER.to_owned()).await
    }

    /// The writes that make an application; the last fails where the account has [`MAX_APPLICATIONS`] already.
    #[must_use]
    pub fn creating_application(&self, application: &ApplicationItem) -> [Part; 3] {
        let owner = OwnerItem {
            pk: key::application(&application.id),
            sk: key::OWNER.to_owned(),
            v: 1,
            account: application.account.clone(),
            keys: 0,
            subscriptions: 0,
        };
        let if_new = "attribute_not_exists(pk)";
        [
            put(&self.table, application).condition_expression(if_new),
            put(&self.table, &owner).condition_expression(if_new),
            self.counting(&application.account, "applications", MAX_APPLICATIONS),
        ]
    }

    /// The writes that delete an application, beside those that revoke its `keys` live keys. The first fails where it is gone already, the
    /// second where it has another number of keys by now, or a subscription.
    #[must_use]
    pub fn deleting_application(&self, account: &AccountId, application: &ApplicationId, keys: usize) -> [Part; 3] {
        let delete =
            |pk: String, sk: String| Part::delete().table_name(&self.table).key("pk", text(pk)).key("sk", text(sk));
        let item = delete(key::account(account), key::application(application));
        let owner = delete(key::application(application), key::OWNER.to_owned());
        [
            item.condition_expression("attribute_exists(pk)"),
            owner
                .condition_expression(
                    "#keys = :keys AND (attribute_not_exists(subscriptions) OR subscriptions = :none)",
                )
                .expression_attribute_names("#keys", "keys")
                .expression_attribute_values(":keys", number(keys))
                .expression_attribute_values(":none", number(0)),
            self.uncounting(account, "applications"),
        ]
    }

    /// The ids of all stores of an account, [`MAX_STORES`] at most.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all_stores(&self, account: &AccountId) -> Result<Vec<StoreId>, Unavailable> {
        let pointers: Vec<StorePointerItem> = self.range(account, key::STORES).all().await?;
        Ok(pointers.into_iter().map(|pointer| pointer.store).collect())
    }

    /// A page of the ids of an account's stores, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn stores(&self, account: &AccountId, request: &PageRequest) -> Result<Page<StoreId>, PageError> {
        let list = List { name: "stores", of: account.as_str() };
        let page = self.range(account, key::STORES).page::<StorePointerItem>(&list, request).await?;
        Ok(page.map(|pointer| pointer.store))
    }

    /// The writes that remember a store as `account`'s; the last fails where it has [`MAX_STORES`] already.
    #[must_use]
    pub fn adding_store(&self, account: &AccountId, store: &StoreId) -> [Part; 2] {
        let pointer = StorePointerItem {
            pk: key::account(account),
            sk: key::store(store),
            v: 1,
            account: account.clone(),
            store: store.clone(),
        };
        [
            put(&self.table, &pointer).condition_expression("attribute_not_exists(pk)"),
            self.counting(account, "stores", MAX_STORES),
        ]
    }

    /// Forgets a store of an account, once.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn drop_store(&self, account: &AccountId, store: &StoreId) -> Result<(), Unavailable> {
        let pointer = Part::delete()
            .table_name(&self.table)
            .key("pk", text(key::account(account)))
            .key("sk", text(key::store(store)))
            .condition_expression("attribute_exists(pk)");
        let with_count = vec![pointer.clone(), self.uncounting(account, "stores")];
        use super::transaction::{TransactionError, write};
        match write(&self.client, with_count).await {
            // The pointer was dropped before.
            Ok(()) | Err(TransactionError::Condition(0)) => Ok(()),
            // The account is closed and its counter gone with it.
            Err(TransactionError::Condition(_)) => match write(&self.client, vec![pointer]).await {
                Ok(()) | Err(TransactionError::Condition(_)) => Ok(()),
                Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
            },
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    fn counting(&self, account: &AccountId, counter: &str, most: u32) -> Part {
        self.counter(account, counter)
            .update_expression("ADD #counter :one")
            .condition_expression("#counter < :most")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(most))
    }

    fn uncounting(&self, account: &AccountId, counter: &str) -> Part {
        self.counter(account, counter)
            .update_expression("ADD #counter :less")
            .condition_expression("#counter > :none")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":none", number(0))
    }

    fn counter(&self, account: &AccountId, counter: &str) -> Part {
        Part::update()
            .table_name(&self.table)
            .key("pk", text(key::account(account)))
            .key("sk", text(key::ACCOUNT))
            .expression_attribute_names("#counter", counter)
    }

    fn range(&self, account: &AccountId, prefix: &'static str) -> Range<'_> {
        Range { client: &self.client, table: &self.table, pk: key::account(account), prefix }
    }
}
