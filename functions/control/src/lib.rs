//! The control plane: accounts, applications, keys, stores, grants and subscriptions.
//!
//! Boundary: owns the tables `accounts`, `consents`, `keys`, `stores` and `subscriptions` (the counters in `keys` are the gate's, the health of an endpoint
//! is `deliver`'s), and is the only one that writes credentials. It reads `events` and `deliveries` and writes neither. It calls a store to try
//! a credential and, when it leaves, to unregister our webhooks, an endpoint to try whether it takes what is signed, and answers with no
//! credential ever. What may take longer than a call (mails, the rest of an off-boarding, the registration of webhooks, deliveries that are to be
//! made again) goes into a queue.

mod account;
mod agreements;
mod applications;
mod consents;
mod credentials;
#[cfg(feature = "schema")]
pub mod description;
mod events;
mod grants;
pub mod guides;
mod hooks;
mod keep;
mod keys;
mod once;
mod operator;
mod page;
mod privacy;
mod probe;
mod restrictions;
pub mod routes;
mod served_description;
mod serving;
mod sign_up;
mod stores;
mod subscriptions;
mod usage;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    closing::Closing,
    data_keys::DataKeys,
    dynamo::{
        accounts::Accounts, activity::Activity, admission::Admission, breaches::Breaches, cache::Cached,
        campaigns::Campaigns, chain::Chain, consents::Consents, deliveries::Deliveries, events::Events, forms::Forms,
        guard::SourceGuard, holds::Holds, idempotency::Idempotency, keep_links::KeepLinks, keys::Keys,
        privacy::PrivacyRequests, requests::Requests, sign_ups::SignUps, store_keys::StoreKeys, stores::Stores,
        subscriptions::Subscriptions, tombstones::Tombstones, usage::Usage,
    },
    egress::Egress,
    env::Permission,
    events::{ReconciliationMessage, ReplayMessage},
    gate::{self, Gate},
    holds::HoldEnds,
    hooks::HookVault,
    http::{Call, GatewayEvent, answer::GatewayAnswer},
    journal::Journal,
    mailer::MailMessage,
    requests::RequestMessage,
    signing::Signing,
    sqs::Queue,
    vault::Vault,
};
use domain::{
    policy::{POLICIES, Policy},
    store::Region,
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of keys.
        pub keys_table: String = "KEYS_TABLE",
        /// Table of accounts and applications.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of failed authentications and of sign-ups.
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
        /// Table of usage.
        pub usage_table: String = "USAGE_TABLE",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
        /// The region of this stack.
        pub region: Region = "STACK_REGION",
        /// The base URL of the other region's stack.
        pub other_region_url: String = "OTHER_REGION_URL",
        /// The base URL that mailed links start with.
        pub public_url: String = "PUBLIC_URL",
        /// Whether stores may be at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
        /// Whom a store's owner asks about our calls.
        pub contact: String = "CONTACT",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// Queue of stores whose off-boarding is to be finished.
        pub offboarding_queue_url: String = "OFFBOARDING_QUEUE_URL",
        /// Table of subscriptions.
        pub subscriptions_table: String = "SUBSCRIPTIONS_TABLE",
        /// Table of events.
        pub events_table: String = "EVENTS_TABLE",
        /// Table of requests about people.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of the ledger of consents.
        pub consents_table: String = "CONSENTS_TABLE",
        /// Table of what was sent by forms.
        pub forms_table: String = "FORMS_TABLE",
        /// Table of what proves who asks about their own data.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Queue of requests of people that are to be looked at.
        pub requests_queue_url: String = "REQUESTS_QUEUE_URL",
        /// Table of what was erased.
        pub tombstones_table: String = "TOMBSTONES_TABLE",
        /// Table of deliveries.
        pub deliveries_table: String = "DELIVERIES_TABLE",
        /// Queue of deliveries that are to be made again.
        pub replays_queue_url: String = "REPLAYS_QUEUE_URL",
        /// Queue of stores whose webhooks are to be registered.
        pub reconciliations_queue_url: String = "RECONCILIATIONS_QUEUE_URL",
    }
}

/// The function's adapters.
pub struct App {
    gate: Gate,
    tables: cloud::dynamo::Client,
    accounts: Accounts,
    keys: Keys,
    stores: Stores,
    sign_ups: SignUps,
    keep_links: KeepLinks,
    idempotency: Idempotency,
    activity: Activity,
    usage: Usage,
    vault: Vault,
    data_keys: DataKeys,
    hooks: HookVault,
    cached: Cached,
    egress: Egress,
    subscriptions: Subscriptions,
    signing: Signing,
    events: Events,
    privacy: PrivacyRequests,
    consents: Consents,
    requests: Requests,
    breaches: Breaches,
    hold_ends: HoldEnds,
    campaigns: Campaigns,
    chain: Chain,
    forms: Forms,
    deliveries: Deliveries,
    mails: Queue<MailMessage>,
    closing: Closing,
    replays: Queue<ReplayMessage>,
    request_work: Queue<RequestMessage>,
    reconciliations: Queue<ReconciliationMessage>,
    journal: Journal,
    clock: Clock,
    region: Region,
    other_region: String,
    public_url: String,
    contact: String,
    loopback: connectors::Loopback,
    policies: &'static [Policy],
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        let journal =
            Journal::start(tables.clone(), &config.service_log_table, &config.security_log_table, clock.clone());
        let admission = Admission::new(tables.clone(), config.keys_table.clone(), clock.clone());
        let guard = SourceGuard::new(tables.clone(), config.guards_table.clone(), clock.clone());
        let stores = Stores::new(tables.clone(), config.stores_table);
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table);
        let data_keys = DataKeys::new(&boot.aws, store_keys, config.data_key, clock.clone());
        let accounts = Accounts::new(tables.clone(), config.accounts_table.clone());
        let keys = Keys::new(tables.clone(), config.keys_table, config.accounts_table, clock.clone());
        let subscriptions = Subscriptions::new(tables.clone(), config.subscriptions_table);
        let vault = Vault::new(&boot.aws, config.vault_prefix, stores.clone(), data_keys.clone());
        let consents = Consents::new(tables.clone(), config.consents_table.clone());
        let mails = Queue::new(&boot.aws, config.mail_queue_url);
        let requests = Requests::new(tables.clone(), config.privacy_table.clone(), config.verifications_table);
        Self {
            gate: Gate::new(admission, guard, journal.clone()),
            closing: Closing {
                tables: tables.clone(),
                accounts: accounts.clone(),
                consents: consents.clone(),
                keys: keys.clone(),
                stores: stores.clone(),
                subscriptions: subscriptions.clone(),
                holds: Holds::new(tables.clone(), config.privacy_table.clone()),
                tombstones: Tombstones::new(tables.clone(), config.tombstones_table),
                data_keys: data_keys.clone(),
                vault: vault.clone(),
                offboardings: Queue::new(&boot.aws, config.offboarding_queue_url),
                mails: mails.clone(),
                clock: clock.clone(),
            },
            hold_ends: HoldEnds {
                holds: Holds::new(tables.clone(), config.privacy_table.clone()),
                requests: requests.clone(),
                accounts: accounts.clone(),
                work: Queue::new(&boot.aws, config.requests_queue_url.clone()),
            },
            campaigns: Campaigns::new(tables.clone(), config.consents_table),
            chain: Chain::new(tables.clone(), config.privacy_table.clone()),
            accounts,
            keys,
            sign_ups: SignUps::new(tables.clone(), config.guards_table.clone(), clock.clone()),
            keep_links: KeepLinks::new(tables.clone(), config.guards_table.clone()),
            forms: Forms::new(tables.clone(), config.forms_table, config.guards_table.clone(), clock.clone()),
            idempotency: Idempotency::new(tables.clone(), config.guards_table, clock.clone()),
            usage: Usage::new(tables.clone(), config.service_log_table.clone(), config.usage_table, clock.clone()),
            activity: Activity::new(tables.clone(), config.service_log_table, clock.clone()),
            cached: Cached::new(tables.clone(), config.cache_table),
            subscriptions,
            events: Events::new(tables.clone(), config.events_table),
            consents,
            privacy: PrivacyRequests::new(tables.clone(), config.privacy_table.clone()),
            breaches: Breaches::new(tables.clone(), config.privacy_table.clone()),
            requests,
            deliveries: Deliveries::new(tables.clone(), config.deliveries_table),
            signing: Signing::new(data_keys.clone(), clock.clone()),
            tables,
            vault,
            hooks: HookVault::new(stores.clone(), data_keys.clone()),
            data_keys,
            stores,
            egress: Egress::new(boot.tls.clone(), config.egress_loopback, &config.contact, clock.clone()),
            mails,
            replays: Queue::new(&boot.aws, config.replays_queue_url),
            request_work: Queue::new(&boot.aws, config.requests_queue_url),
            reconciliations: Queue::new(&boot.aws, config.reconciliations_queue_url),
            journal,
            clock,
            region: config.region,
            other_region: config.other_region_url,
            public_url: config.public_url,
            contact: config.contact,
            loopback: config.egress_loopback.into(),
            policies: POLICIES,
        }
    }

    /// The same, under other policies.
    #[must_use]
    pub fn with_policies(self, policies: &'static [Policy]) -> Self {
        Self { policies, ..self }
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
