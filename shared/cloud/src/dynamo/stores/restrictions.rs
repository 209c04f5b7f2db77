//! What the `stores` table holds of customers whose data must not be used (`privacy.md` D.6): keyed names, never what they stand for.

use domain::{
    id::{AccountId, ApplicationId, RestrictionId, StoreId},
    restriction::{Ground, Known},
    store::StoreState,
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{StoreItem, Stores, changes::state};
use crate::dynamo::{
    Unavailable, key,
    page::{List, Page, PageError, PageRequest, Range},
    transaction::{Part, TransactionError, number, put, text, write},
};

/// One customer of a store whose data must not be used.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "stores", subject = Shopper, link = "store", role = Processor, region = Pinned)]
pub struct RestrictionItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// `customer#` and the restriction's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The restriction. Its id is made of the names, so that the same customer has the same.
    #[pd(cat = "user.unique_id.pseudonymous", origin = Derived, basis = Instruction, purpose(Operation), retain = "store", erase = Delete, export = Never)]
    pub id: RestrictionId,
    /// The store.
    #[pd(none)]
    pub store: StoreId,
    /// What the customer is known by, under the store's name key, see [`crate::restrictions`].
    #[pd(cat = "user.unique_id.pseudonymous", origin = Derived, basis = Instruction, purpose(Operation), retain = "store", erase = Delete, export = Never)]
    pub names: Vec<String>,
    /// What the names were made of.
    #[pd(none)]
    pub by: Vec<Known>,
    /// Why.
    #[pd(none)]
    pub ground: Ground,
    /// Applications that the merchant needs for legal claims, and that may go on.
    #[pd(none)]
    #[serde(default)]
    pub legal_claims: Vec<ApplicationId>,
    /// When it was set.
    #[pd(none)]
    pub set_at: Timestamp,
    /// From when on it does not hold any more; nothing while nobody said that it shall end.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifts_at: Option<Timestamp>,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl RestrictionItem {
    /// Whether it holds at `now`. The table deletes it some time after that.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.lifts_at.is_none_or(|lifts_at| now < lifts_at)
    }
}

impl Stores {
    /// Every restriction of a store, those that hold no more included. One read unit for each 4 KiB, about a dozen of them.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn restrictions(&self, store: &StoreId) -> Result<Vec<RestrictionItem>, Unavailable> {
        self.restrictions_of(store).all().await
    }

    /// A page of the restrictions of a store, in no order that means anything.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn restrictions_page(
        &self,
        store: &StoreId,
        request: &PageRequest,
    ) -> Result<Page<RestrictionItem>, PageError> {
        self.restrictions_of(store).page(&List { name: "restrictions", of: store.as_str() }, request).await
    }

    /// One restriction of a store.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn restriction(
        &self,
        store: &StoreId,
        id: &RestrictionId,
    ) -> Result<Option<RestrictionItem>, Unavailable> {
        self.get(store, key::restriction(id)).await
    }

    /// The writes that keep a restriction in place of one with its id; the first fails where `account` has no such connected store, or the
    /// restrictions of it are not those that were read with `store` any more.
    #[must_use]
    pub fn restricting(&self, account: &AccountId, store: &StoreItem, item: &RestrictionItem) -> [Part; 2] {
        [self.counting_restrictions(account, store), put(&self.table, item)]
    }

    /// Takes a restriction away, because everything of its customer is erased; false where the store's restrictions are not those that were read with
    /// `store` any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn forget_restriction(&self, store: &StoreItem, id: &RestrictionId) -> Result<bool, Unavailable> {
        let gone = Part::delete().table_name(&self.table).key("pk", text(key::store(&store.id)));
        let gone = gone.key("sk", text(key::restriction(id)));
        match write(&self.client, vec![self.counting_restrictions(&store.account, store), gone]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// Deletes every restriction of a store.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn delete_restrictions(&self, store: &StoreId) -> Result<(), Unavailable> {
        for sk in self.restrictions_of(store).places().await? {
            self.delete(store, sk).await?;
        }
        Ok(())
    }

    fn counting_restrictions(&self, account: &AccountId, store: &StoreItem) -> Part {
        self
            .update(&store.id)
            .update_expression("SET restriction_changes = :next")
            .condition_expression(
                "#account = :account AND #state = :connected AND (restriction_changes = :read OR (attribute_not_exists(restriction_changes) AND :read = :zero))",
            )
            .expression_attribute_names("#account", "account")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":connected", state(StoreState::Connected))
            .expression_attribute_values(":read", number(store.restriction_changes))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":next", number(store.restriction_changes + 1))
    }

    fn restrictions_of(&self, store: &StoreId) -> Range<'_> {
        Range { client: &self.client, table: &self.table, pk: key::store(store), prefix: key::RESTRICTIONS }
    }
}
