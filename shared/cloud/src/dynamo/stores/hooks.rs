//! What the `stores` table holds of a store's webhooks: their secrets, sealed, and how far their registration with the platform has come.

use bytes::Bytes;
use domain::{id::StoreId, store::HooksState};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::Stores;
use crate::dynamo::{
    Unavailable,
    call::AttributeValue,
    key,
    transaction::{Part, TransactionError, number, put, text, write},
};

/// What a store's webhooks are signed with, and which are registered there.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "stores", subject = Merchant, link = "pk", role = Both, region = Pinned)]
pub struct HooksItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// Always `hooks`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The secrets under the store's data key, see [`crate::hooks`].
    #[pd(cat = "user.authorization.credentials", origin = Assigned, basis = Contract, purpose(Operation), retain = "store", erase = Shred, export = Never)]
    pub secrets: Bytes,
    /// Grows each time the secrets change.
    #[pd(none)]
    pub secrets_version: u64,
    /// How far the registration with the platform has come.
    #[pd(none)]
    pub state: HooksState,
    /// Why it came no further, in our words.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The platform's ids of what is registered.
    #[pd(none)]
    #[serde(default)]
    pub registered: Vec<String>,
    /// The version of the secrets that was registered.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_version: Option<u64>,
    /// When the registration was last looked at.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
}

/// What a look at a store's registration has found, or made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksLook {
    /// The version of the secrets that it was made with.
    pub secrets_version: u64,
    /// How far the registration has come.
    pub state: HooksState,
    /// Why it came no further, in our words.
    pub problem: Option<String>,
    /// The platform's ids of what is registered.
    pub registered: Vec<String>,
    /// When.
    pub checked_at: Timestamp,
}

impl HooksItem {
    /// The item of a store's first secrets.
    #[must_use]
    pub fn new(store: &StoreId, version: u64, secrets: Vec<u8>, state: HooksState) -> Self {
        Self {
            pk: key::store(store),
            sk: key::HOOKS.to_owned(),
            v: 1,
            secrets: secrets.into(),
            secrets_version: version,
            state,
            problem: None,
            registered: Vec::new(),
            registered_version: None,
            checked_at: None,
        }
    }
}

impl Stores {
    /// What there is of a store's webhooks, as it stands now.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn hooks(&self, store: &StoreId) -> Result<Option<HooksItem>, Unavailable> {
        self.get(store, key::HOOKS.to_owned()).await
    }

    /// The write that keeps the first secrets of a store's webhooks; it fails where there are some.
    #[must_use]
    pub fn keeping_hooks(&self, item: &HooksItem) -> Part {
        put(&self.table, item).condition_expression("attribute_not_exists(pk)")
    }

    /// The write that puts other secrets in place of those of version `replaced` and asks for a new registration, where `state` says that there
    /// is one; it fails where they are not those any more.
    #[must_use]
    pub fn changing_hooks(&self, store: &StoreId, replaced: u64, secrets: Vec<u8>, state: HooksState) -> Part {
        self.hooks_update(store)
            .update_expression("SET secrets = :secrets, secrets_version = :next, #state = :state")
            .condition_expression("secrets_version = :replaced")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":secrets", AttributeValue::B(secrets))
            .expression_attribute_values(":replaced", number(replaced))
            .expression_attribute_values(":next", number(replaced + 1))
            .expression_attribute_values(":state", hooks_state(state))
    }

    /// Notes what a look at a store's registration has found; false, and nothing is noted, where its webhooks have other secrets by now, or
    /// the store has left.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_hooks(&self, store: &StoreId, look: &HooksLook) -> Result<bool, Unavailable> {
        let registered = look.registered.iter().map(|id| text(id.as_str())).collect();
        let mut sets = "SET #state = :state, registered = :registered, checked_at = :at".to_owned();
        let mut update = self.hooks_update(store);
        if look.state == HooksState::Registered {
            sets.push_str(", registered_version = :version");
        }
        match &look.problem {
            Some(problem) => {
                sets.push_str(", problem = :problem");
                update = update.expression_attribute_values(":problem", text(problem.as_str()));
            }
            None => sets.push_str(" REMOVE problem"),
        }
        let part = update
            .update_expression(sets)
            .condition_expression("secrets_version = :version")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", hooks_state(look.state))
            .expression_attribute_values(":registered", AttributeValue::L(registered))
            .expression_attribute_values(":at", text(look.checked_at.to_string()))
            .expression_attribute_values(":version", number(look.secrets_version));
        match write(&self.client, vec![part]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// The write that takes away what there is of a store's webhooks, if there is anything.
    #[must_use]
    pub fn dropping_hooks(&self, store: &StoreId) -> Part {
        let delete = Part::delete().table_name(&self.table).key("pk", text(key::store(store)));
        delete.key("sk", text(key::HOOKS))
    }

    /// Deletes what there is of a store's webhooks, if there is anything.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn delete_hooks(&self, store: &StoreId) -> Result<(), Unavailable> {
        self.delete(store, key::HOOKS.to_owned()).await
    }

    fn hooks_update(&self, store: &StoreId) -> Part {
        Part::update().table_name(&self.table).key("pk", text(key::store(store))).key("sk", text(key::HOOKS))
    }
}

fn hooks_state(state: HooksState) -> AttributeValue {
    text(state.as_str())
}
