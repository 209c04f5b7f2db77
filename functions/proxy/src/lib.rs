//! The data plane: one call of a developer, answered from a merchant's store.
//!
//! Boundary: reads the tables of keys and stores and the vault, calls stores through `egress`, writes journal lines. It stores nothing of what
//! passes through (R013), but for product and category bodies, sealed and for minutes, where a store's owner turned the cache on. It changes no
//! table but that cache, the counters of a key and the records of idempotency keys, and never calls another function.

mod access;
mod cache;
#[cfg(feature = "schema")]
pub mod description;
mod once;
mod raw;
mod refusal;
mod restriction;
mod route;
mod serving;
mod unified;
mod write;

use cloud::{
    boot::{Boot, Budget},
    cache::ResponseCache,
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        admission::Admission, cache::Cached, guard::SourceGuard, idempotency::Idempotency, store_keys::StoreKeys,
        stores::Stores,
    },
    egress::Egress,
    env::Permission,
    gate::{self, Gate},
    http::{Call, GatewayEvent, answer::GatewayAnswer},
    journal::Journal,
    restrictions::Restrictions,
    vault::Vault,
};
use domain::store::Region;

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of keys.
        pub keys_table: String = "KEYS_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of failed authentications.
        pub guards_table: String = "GUARDS_TABLE",
        /// Table of the 30-day journal.
        pub service_log_table: String = "SERVICE_LOG_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// Table of the stores' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// Table of cached answers.
        pub cache_table: String = "CACHE_TABLE",
        /// The KMS key that wraps the stores' data keys.
        pub data_key: String = "DATA_KEY_ARN",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
        /// The region of this stack.
        pub region: Region = "STACK_REGION",
        /// The base URL of the other region's stack.
        pub other_region_url: String = "OTHER_REGION_URL",
        /// Whether stores may be at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
        /// Whom a store's owner asks about our calls.
        pub contact: String = "CONTACT",
    }
}

/// The function's adapters.
pub struct App {
    gate: Gate,
    accesses: access::Accesses,
    cache: ResponseCache,
    egress: Egress,
    idempotency: Idempotency,
    journal: Journal,
    clock: Clock,
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        let journal =
            Journal::start(tables.clone(), &config.service_log_table, &config.security_log_table, clock.clone());
        let admission = Admission::new(tables.clone(), config.keys_table, clock.clone());
        let guard = SourceGuard::new(tables.clone(), config.guards_table.clone(), clock.clone());
        let idempotency = Idempotency::new(tables.clone(), config.guards_table, clock.clone());
        let stores = Stores::new(tables.clone(), config.stores_table);
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table);
        let data_keys = DataKeys::new(&boot.aws, store_keys, config.data_key, clock.clone());
        let accesses = access::Accesses::new(
            stores.clone(),
            Vault::new(&boot.aws, config.vault_prefix, stores.clone(), data_keys.clone()),
            Restrictions::new(stores, data_keys.clone()),
            clock.clone(),
            config.egress_loopback,
            config.region,
            config.other_region_url,
        );
        Self {
            gate: Gate::new(admission, guard, journal.clone()),
            accesses,
            cache: ResponseCache::new(Cached::new(tables, config.cache_table), data_keys, clock.clone()),
            idempotency,
            egress: Egress::new(boot.tls.clone(), config.egress_loopback, &config.contact, clock.clone()),
            journal,
            clock,
        }
    }

    /// The journals, so that `main` can hold the sandbox for them and tests can wait for them.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// Answers one call.
pub async fn handle(app: &App, event: GatewayEvent, context: &lambda_runtime::Context) -> GatewayAnswer {
    let _invocation = app.journal.invocation();
    let (call, readable) = Call::read(event, Budget::of_invocation(context, &app.clock), &app.clock);
    gate::seal(serving::serve(app, &call, readable).await, &call)
}
