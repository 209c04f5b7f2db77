//! What the messages of one batch share: each store with its grants, and each application's subscriptions, read once as they stand now.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use cloud::{
    boot::Budget,
    dynamo::{Unavailable, subscriptions::SubscriptionItem},
};
use domain::id::{ApplicationId, StoreId};
use tokio::sync::OnceCell;

use crate::{App, shop::Shop};

/// Why a message is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It may work another time.
    Later(&'static str),
    /// It will never work.
    Never(&'static str),
}

impl From<Unavailable> for Trouble {
    fn from(_: Unavailable) -> Self {
        Self::Later("something of AWS could not be asked")
    }
}

/// Things that are looked up once each.
struct Once<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K: Clone + Eq + Hash, V: Clone> Once<K, V> {
    fn new() -> Self {
        Self(Mutex::default())
    }

    async fn get<F: Future<Output = Result<V, Trouble>>>(
        &self,
        key: &K,
        look_up: impl FnOnce() -> F,
    ) -> Result<V, Trouble> {
        let cell = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().clone();
        cell.get_or_try_init(look_up).await.cloned()
    }
}

/// See the module.
pub(crate) struct Batch<'a> {
    pub(crate) app: &'a App,
    pub(crate) budget: Budget,
    shops: Once<StoreId, Option<Arc<Shop>>>,
    subscriptions: Once<ApplicationId, Arc<Vec<SubscriptionItem>>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(app: &'a App, budget: Budget) -> Self {
        Self { app, budget, shops: Once::new(), subscriptions: Once::new() }
    }

    /// A store; nothing where there is none, or none any more.
    pub(crate) async fn shop(&self, store: &StoreId) -> Result<Option<Arc<Shop>>, Trouble> {
        self.shops
            .get(store, async || {
                let found = self.app.stores.with_grants(store).await?;
                found.map(|(item, grants)| Shop::new(self.app, item, grants).map(Arc::new)).transpose()
            })
            .await
    }

    /// All subscriptions of an application.
    pub(crate) async fn subscriptions(&self, of: &ApplicationId) -> Result<Arc<Vec<SubscriptionItem>>, Trouble> {
        self.subscriptions.get(of, async || Ok(Arc::new(self.app.subscriptions.all(of).await?))).await
    }
}
