//! Connected stores and the grants on them (table `stores`).

mod changes;
mod credential;
mod hooks;
mod restrictions;

pub use changes::{MAX_GRANTS, StoreChange};
pub use credential::{LEASE, SealedItem};
pub use hooks::{HooksItem, HooksLook};
pub use restrictions::RestrictionItem;

use domain::{
    grant::Grant,
    id::{AccountId, ApplicationId, StoreId},
    scope::ScopeSet,
    store::{Region, StoreState, VaultForm},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Unavailable,
    call::{AttributeValue, Client},
    key, unavailable, unreadable,
};

/// One connected store. The credential is not here, see [`crate::vault`].
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "stores", subject = Merchant, link = "account", role = Both, region = Pinned)]
pub struct StoreItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// Always `store`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The store.
    #[pd(none)]
    pub id: StoreId,
    /// The account that connected it and may grant access to it.
    #[pd(none)]
    pub account: AccountId,
    /// The platform's name, as in `GET /v1/platforms`.
    #[pd(none)]
    pub platform: String,
    /// The store's normalised address. It can name a person, as in `ann-smith.example`.
    #[pd(cat = "user.contact.url", origin = Provided, basis = Contract, purpose(Operation), retain = "store", erase = Delete, export = Yes)]
    pub url: String,
    /// The stack it belongs to.
    #[pd(none)]
    pub region: Region,
    /// Where it is in its life.
    #[pd(none)]
    pub state: StoreState,
    /// Grows each time the same store is connected anew, so that an old off-boarding cannot touch new data (D.10).
    #[pd(none)]
    pub generation: u32,
    /// Whether its owner wants product and category bodies cached (`product.md` decision 1).
    #[pd(none)]
    #[serde(default)]
    pub cache: bool,
    /// How the vault holds its credential.
    #[pd(none)]
    #[serde(default)]
    pub vault: VaultForm,
    /// The number of its credential, which grows with each change and each move.
    #[pd(none)]
    #[serde(default)]
    pub credential: u32,
    /// Until when a change of its credential has the store for itself, in unix seconds.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changing_until: Option<i64>,
    /// How often its restrictions were changed; 0 where nobody's data was ever restricted, so that whoever reads this knows that there is nothing more
    /// to read.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restriction_changes: u32,
    /// When it was connected.
    #[pd(none)]
    pub connected_at: Timestamp,
    /// When its off-boarding began.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected_at: Option<Timestamp>,
    /// Set while it is being off-boarded: after this second nothing of it is left.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's way")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One application's permission on one store.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "stores", subject = Merchant, link = "store", role = Controller, region = Pinned)]
pub struct GrantItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// `grant#` and the application's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The store.
    #[pd(none)]
    pub store: StoreId,
    /// The application.
    #[pd(none)]
    pub application: ApplicationId,
    /// What it may do.
    #[pd(none)]
    pub scopes: ScopeSet,
    /// When the merchant gave it.
    #[pd(none)]
    pub granted_at: Timestamp,
    /// When the merchant took it back.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Set with the store's off-boarding.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl GrantItem {
    /// The grant as the domain decides on it.
    #[must_use]
    pub fn grant(&self) -> Grant {
        Grant { scopes: self.scopes, revoked: self.revoked_at.is_some() }
    }
}

/// The `stores` table.
#[derive(Clone)]
pub struct Stores {
    pub(super) client: Client,
    pub(super) table: String,
}

impl Stores {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// A store with what `application` was granted on it, as they stand now.
    ///
    /// Whether the caller may know of the store is [`domain::grant::reach`]'s decision; nothing of the answer may be shown before it.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn for_application(
        &self,
        application: &ApplicationId,
        store: &StoreId,
    ) -> Result<Option<(StoreItem, Option<GrantItem>)>, Unavailable> {
        let (item, grant) = tokio::try_join!(
            self.get::<StoreItem>(store, key::STORE.to_owned()),
            self.get::<GrantItem>(store, key::grant(application)),
        )?;
        Ok(item.map(|item| (item, grant)))
    }

    /// A store, if `account` owns it.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn of_account(&self, account: &AccountId, store: &StoreId) -> Result<Option<StoreItem>, Unavailable> {
        let item = self.get::<StoreItem>(store, key::STORE.to_owned()).await?;
        Ok(item.filter(|item| item.account == *account))
    }

    /// A store for whoever sends a webhook of it: see [`HookVault::sender`](crate::hooks::HookVault::sender), its only caller.
    pub(crate) async fn unproven(&self, store: &StoreId) -> Result<Option<StoreItem>, Unavailable> {
        self.get(store, key::STORE.to_owned()).await
    }

    async fn get<T: PersonalData + serde::de::DeserializeOwned>(
        &self,
        store: &StoreId,
        sk: String,
    ) -> Result<Option<T>, Unavailable> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key::store(store)))
            .key("sk", AttributeValue::S(sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("stores", &error))?;
        answer.item.map(serde_dynamo::from_item).transpose().map_err(|error| unreadable("stores", &error))
    }
}
