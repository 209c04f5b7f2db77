//! What changes stores and grants. Single writes are values, for transactions with the keys that they touch.

use domain::{
    id::{AccountId, ApplicationId, StoreId},
    store::{StoreState, VaultForm},
};
use jiff::Timestamp;

use super::{GrantItem, StoreItem, Stores, credential};
use crate::dynamo::{
    Unavailable,
    call::{AttributeValue, text_of},
    departures::departing,
    key,
    page::Range,
    transaction::{Part, TransactionError, number, put, text, write},
};

/// Applications that may have been granted something on one store, revoked ones included.
pub const MAX_GRANTS: usize = 50;

/// What of a store is changed.
#[derive(Clone, Copy, Default)]
pub struct StoreChange<'a> {
    /// Its new address.
    pub url: Option<&'a str>,
    /// The owner's wish as to caching.
    pub cache: Option<bool>,
    /// Its next credential: in which form the vault holds it, and which number it replaces.
    pub credential: Option<(VaultForm, u32)>,
}

impl Stores {
    /// The write that makes a store; it fails where one with its id exists.
    #[must_use]
    pub fn connecting(&self, store: &StoreItem) -> Part {
        put(&self.table, store).condition_expression("attribute_not_exists(pk)")
    }

    /// The write that makes a store usable whose credential is being kept as its first; it fails where the store is not being connected.
    #[must_use]
    pub fn connected(&self, store: &StoreItem) -> Part {
        self.update(&store.id)
            .update_expression("SET #state = :connected, #credential = :first")
            .condition_expression("#account = :account AND #state = :connecting")
            .expression_attribute_names("#account", "account")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#credential", "credential")
            .expression_attribute_values(":account", text(store.account.as_str()))
            .expression_attribute_values(":connecting", state(StoreState::Connecting))
            .expression_attribute_values(":connected", state(StoreState::Connected))
            .expression_attribute_values(":first", number(store.credential + 1))
    }

    /// The write that changes a connected store of `account`; it fails where the store is not that, or its credential is not the one that is to
    /// be replaced.
    #[must_use]
    pub fn changing(&self, account: &AccountId, store: &StoreId, change: StoreChange<'_>) -> Part {
        let mut update = self.update(store);
        let mut sets = vec!["v = v"];
        if let Some(url) = change.url {
            sets.push("#url = :url");
            update = update.expression_attribute_names("#url", "url").expression_attribute_values(":url", text(url));
        }
        if let Some(cache) = change.cache {
            sets.push("#cache = :cache");
            let value = AttributeValue::Bool(cache);
            update = update.expression_attribute_names("#cache", "cache").expression_attribute_values(":cache", value);
        }
        let mut condition = "#account = :account AND #state = :connected".to_owned();
        if let Some((form, replaced)) = change.credential {
            sets.extend(["#vault = :vault", "#credential = :next"]);
            condition.push_str(credential::IS);
            update = update
                .expression_attribute_names("#vault", "vault")
                .expression_attribute_names("#credential", "credential")
                .expression_attribute_values(":vault", text(form.as_str()))
                .expression_attribute_values(":number", number(replaced))
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":next", number(replaced + 1));
        }
        update
            .update_expression(format!("SET {}", sets.join(", ")))
            .condition_expression(condition)
            .expression_attribute_names("#account", "account")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":connected", state(StoreState::Connected))
    }

    /// The writes that begin a store's off-boarding, or change nothing where it has begun, and remember that it left; the first fails where the
    /// store is gone or another generation of it is there. `expires_at` is the second by which nothing of it is left, even if nobody finishes the
    /// job.
    #[must_use]
    pub fn disconnecting(&self, store: &StoreItem, now: Timestamp, expires_at: i64) -> [Part; 2] {
        let begun = self
                .update(&store.id)
                .update_expression(
                    "SET #state = :disconnecting, disconnected_at = if_not_exists(disconnected_at, :now), expires_at = if_not_exists(expires_at, :end)",
                )
                .condition_expression("#account = :account AND generation = :generation")
                .expression_attribute_names("#account", "account")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":account", text(store.account.as_str()))
                .expression_attribute_values(":generation", number(store.generation))
                .expression_attribute_values(":disconnecting", state(StoreState::Disconnecting))
                .expression_attribute_values(":now", text(now.to_string()))
                .expression_attribute_values(":end", number(expires_at));
        [begun, departing(&self.table, store, now)]
    }

    /// Everything that was ever granted on a store, [`MAX_GRANTS`] at most.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn grants(&self, store: &StoreId) -> Result<Vec<GrantItem>, Unavailable> {
        Range { client: &self.client, table: &self.table, pk: key::store(store), prefix: key::GRANTS }.all().await
    }

    /// A store with everything that was ever granted on it, as they stand now, for whoever tells its events: one query. Nothing of it may be shown
    /// but to the applications whose grants stand there.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn with_grants(&self, store: &StoreId) -> Result<Option<(StoreItem, Vec<GrantItem>)>, Unavailable> {
        let (mut found, mut grants, mut start) = (None, Vec::new(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                // Grants, what is known of webhooks, the store: in this order.
                .key_condition_expression("pk = :pk AND sk BETWEEN :grants AND :store")
                .expression_attribute_values(":pk", text(key::store(store)))
                .expression_attribute_values(":grants", text(key::GRANTS))
                .expression_attribute_values(":store", text(key::STORE))
                .consistent_read(true)
                .exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| crate::dynamo::unavailable("stores", &error))?;
            for row in answer.items.unwrap_or_default() {
                let sk = text_of(&row, "sk").unwrap_or_default().to_owned();
                let unreadable = |error| crate::dynamo::unreadable("stores", &error);
                if sk == key::STORE {
                    found = Some(serde_dynamo::from_item(row).map_err(unreadable)?);
                } else if sk.starts_with(key::GRANTS) {
                    grants.push(serde_dynamo::from_item(row).map_err(unreadable)?);
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found.map(|store| (store, grants)));
            }
        }
    }

    /// The writes that give a grant, in place of one that is there; the first fails where `account` has no such connected store.
    #[must_use]
    pub fn granting(&self, account: &AccountId, grant: &GrantItem) -> [Part; 2] {
        let connected = Part::check()
            .table_name(&self.table)
            .key("pk", text(key::store(&grant.store)))
            .key("sk", text(key::STORE))
            .condition_expression("#account = :account AND #state = :connected")
            .expression_attribute_names("#account", "account")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":connected", state(StoreState::Connected));
        [connected, put(&self.table, grant)]
    }

    /// The write that takes a grant back and remembers that it did; it fails where there is none. `expires_at` is set with the store's
    /// off-boarding.
    #[must_use]
    pub fn revoking(
        &self,
        store: &StoreId,
        application: &ApplicationId,
        now: Timestamp,
        expires_at: Option<i64>,
    ) -> Part {
        let update = Part::update()
            .table_name(&self.table)
            .key("pk", text(key::store(store)))
            .key("sk", text(key::grant(application)))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", text(now.to_string()));
        let revoked = "SET revoked_at = if_not_exists(revoked_at, :now)";
        match expires_at {
            None => update.update_expression(revoked),
            Some(end) => update
                .update_expression(format!("{revoked}, expires_at = if_not_exists(expires_at, :end)"))
                .expression_attribute_values(":end", number(end)),
        }
    }

    /// Deletes what was granted on a store.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn delete_grants(&self, store: &StoreId, grants: &[GrantItem]) -> Result<(), Unavailable> {
        for grant in grants {
            self.delete(store, key::grant(&grant.application)).await?;
        }
        Ok(())
    }

    /// Deletes a store whose off-boarding has begun, or that was never connected; false where it is not that store any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn remove(&self, store: &StoreItem) -> Result<bool, Unavailable> {
        let delete = Part::delete()
            .table_name(&self.table)
            .key("pk", text(key::store(&store.id)))
            .key("sk", text(key::STORE))
            .condition_expression("generation = :generation AND #state <> :connected")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":generation", number(store.generation))
            .expression_attribute_values(":connected", state(StoreState::Connected));
        match write(&self.client, vec![delete]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    pub(super) async fn delete(&self, store: &StoreId, sk: String) -> Result<(), Unavailable> {
        let delete =
            self.client.delete_item().table_name(&self.table).key("pk", text(key::store(store))).key("sk", text(sk));
        delete.send().await.map(drop).map_err(|error| crate::dynamo::unavailable("stores", &error))
    }

    pub(super) fn update(&self, store: &StoreId) -> Part {
        Part::update().table_name(&self.table).key("pk", text(key::store(store))).key("sk", text(key::STORE))
    }
}

pub(super) fn state(state: StoreState) -> AttributeValue {
    text(state.as_str())
}
