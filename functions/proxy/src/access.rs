//! Whether a key may reach a store, and with what: from this instance's memory while the key's epoch stands, else from the tables.
//!
//! The epoch makes the memory honest: whatever must bite at once raises the epoch of the keys it touches in the same transaction, the
//! write that admits the next call returns it, and what was remembered under the old one counts no more (R121).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cloud::{
    boot::Budget,
    clock::Clock,
    dynamo::{
        admission::KeyRecord,
        stores::{StoreItem, Stores},
    },
    egress::Egress,
    env::Permission,
    http::{Code, Problem},
    journal::CredentialUse,
    pace::{Pace, Paces},
    restrictions::{Restricted, Restrictions},
    upstream::Line,
    vault::{Vault, VaultError},
};
use connectors::{Connector, Context, Credential, Loopback, StoreAddress};
use domain::{
    grant::{AccessRefused, reach},
    id::{ApplicationId, KeyId, StoreId},
    model::Entity,
    restriction::{Whose, concerns},
    scope::ScopeSet,
    store::Region,
};
use jiff::Timestamp;

/// Stores an instance remembers; each is a few hundred bytes.
const REMEMBERED: usize = 512;
/// A credential is forgotten after so long even where nothing changed, so that it does not outlive a rotation upstream by much.
const FRESH: Duration = Duration::from_secs(600);
/// The same for a store with customers whose data must not be used: so long at most what was said about them is not known (`privacy.md` D.6), should
/// the keys' epochs not have been raised.
const FRESH_RESTRICTED: Duration = Duration::from_secs(60);

/// A store that a call may reach.
#[derive(Clone)]
pub(crate) struct Access {
    /// The store.
    pub(crate) store: StoreId,
    /// Whether its owner wants its answers cached.
    pub(crate) cache: bool,
    /// Our code for its platform.
    pub(crate) connector: &'static dyn Connector,
    /// Where it is.
    pub(crate) address: StoreAddress,
    /// What opens it.
    pub(crate) credential: Credential,
    /// What the grant allows; the key's own scopes are judged with each call.
    pub(crate) scopes: ScopeSet,
    /// The application that reaches it.
    application: ApplicationId,
    /// The customers whose data must not be used, where there are any.
    restricted: Option<Arc<Restricted>>,
    /// How fast it may be called.
    pace: Arc<Pace>,
}

impl Access {
    /// Whether objects of an entity may be those of a customer whose data must not be used; of no entity, whether anything may.
    pub(crate) fn is_restricted(&self, entity: Option<Entity>) -> bool {
        self.restricted.is_some() && entity.is_none_or(concerns)
    }

    /// Whether the application must not use something that is `whose`.
    pub(crate) fn forbids(&self, whose: &Whose, now: Timestamp) -> bool {
        self.restricted.as_ref().is_some_and(|restricted| restricted.forbids(Some(&self.application), whose, now))
    }

    /// What its connector is asked with.
    pub(crate) fn context(&self) -> Context<'_> {
        Context { address: &self.address, credential: &self.credential }
    }

    /// The way to it for one call.
    pub(crate) fn line<'a>(&'a self, egress: &'a Egress, budget: Budget) -> Line<'a> {
        Line { egress, connector: self.connector, pace: &self.pace, budget }
    }
}

struct Remembered {
    access: Arc<Access>,
    epoch: u64,
    since: Timestamp,
}

/// Finds stores for calls.
pub(crate) struct Accesses {
    stores: Stores,
    vault: Vault,
    restrictions: Restrictions,
    clock: Clock,
    loopback: Loopback,
    region: Region,
    other_region: String,
    paces: Paces,
    remembered: Mutex<HashMap<(KeyId, StoreId), Remembered>>,
}

impl Accesses {
    pub(crate) fn new(
        stores: Stores,
        vault: Vault,
        restrictions: Restrictions,
        clock: Clock,
        loopback: Permission,
        region: Region,
        other_region: String,
    ) -> Self {
        let loopback = loopback.into();
        Self {
            stores,
            vault,
            restrictions,
            clock,
            loopback,
            region,
            other_region,
            paces: Paces::default(),
            remembered: Mutex::default(),
        }
    }

    /// The store `store` for a call of `key`, and where its credential came from.
    ///
    /// # Errors
    /// 404, 403 or 421 as the domain decides; 503 where a table or the vault could not be asked.
    pub(crate) async fn find(&self, key: &KeyRecord, store: &StoreId) -> Result<(Arc<Access>, CredentialUse), Problem> {
        let now = self.clock.now();
        if let Some(access) = self.recall(key, store, now) {
            return Ok((access, CredentialUse::Memory));
        }
        let access = Arc::new(self.look_up(key, store).await?);
        self.remember(key, store, access.clone(), now);
        Ok((access, CredentialUse::Read))
    }

    async fn look_up(&self, key: &KeyRecord, store: &StoreId) -> Result<Access, Problem> {
        // A management key belongs to no application and nobody can have granted it anything.
        let application = key.application.as_ref().ok_or_else(|| {
            Problem::new(Code::StoreAccessRevoked).detail("only an application's key reaches a store")
        })?;
        let found = self.stores.for_application(application, store).await.map_err(|_| Problem::unavailable())?;
        let (item, grant) = found.ok_or(Code::NotFound)?;
        let connected = item.state == domain::store::StoreState::Connected;
        let scopes = reach(
            &item.account,
            &key.account,
            grant.map(|grant| grant.grant()),
            connected,
            ScopeSet::of(domain::scope::Scope::ALL),
        )
        .map_err(|refused| match refused {
            AccessRefused::NotFound => Code::NotFound,
            AccessRefused::Revoked => Code::StoreAccessRevoked,
        })?;
        if item.region != self.region {
            let mut problem = Problem::new(Code::Misdirected);
            problem.location = Some(self.other_region.clone());
            return Err(problem);
        }
        let (connector, address) = self.locate(&item)?;
        // Who may be read of is known before anything is: where it is not, nothing is (invariant 6).
        let restricted = self.restrictions.of(&item).await.map_err(|_| Problem::unavailable())?;
        let credential = self.vault.read(&item).await.map_err(|error| match error {
            // The grant stands and the credential is gone: off-boarding has begun this very moment.
            VaultError::Missing => Problem::new(Code::StoreAccessRevoked),
            VaultError::Unavailable => Problem::unavailable(),
        })?;
        Ok(Access {
            store: item.id,
            cache: item.cache,
            connector,
            address,
            credential,
            scopes,
            application: application.clone(),
            restricted,
            pace: self.paces.of(store),
        })
    }

    fn locate(&self, item: &StoreItem) -> Result<(&'static dyn Connector, StoreAddress), Problem> {
        let connector = connectors::connector(&item.platform).ok_or(Code::Internal)?;
        let address = connector.address(&item.url, self.loopback).map_err(|error| {
            tracing::error!(store = %item.id, cause = %error, "a store's address is not one any more");
            Problem::new(Code::UpstreamUnavailable)
        })?;
        Ok((connector, address))
    }

    fn recall(&self, key: &KeyRecord, store: &StoreId, now: Timestamp) -> Option<Arc<Access>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(&(key.id.clone(), store.clone()))?;
        (found.epoch == key.epoch && found.is_fresh(now)).then(|| found.access.clone())
    }

    fn remember(&self, key: &KeyRecord, store: &StoreId, access: Arc<Access>, now: Timestamp) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, entry| entry.is_fresh(now));
        }
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert((key.id.clone(), store.clone()), Remembered { access, epoch: key.epoch, since: now });
    }
}

impl Remembered {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let fresh = if self.access.restricted.is_some() { FRESH_RESTRICTED } else { FRESH };
        let age = now.as_second() - self.since.as_second();
        u64::try_from(age).is_ok_and(|age| age < fresh.as_secs())
    }
}
