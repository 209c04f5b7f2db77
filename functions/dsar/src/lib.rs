//! Requests about people, carried out over every place where something of them rests (`privacy.md` D.3, D.5, D.7; R127, R132).
//!
//! Two queues. On `privacy-topics` platforms' requests about customers of stores come ([`customer`]): what is kept of objects of a store is found or
//! erased, and the merchant told. On `requests` those come that people make about their own data: letters that are owed are sent, and what was
//! proven and approved is done place by place ([`settle`], [`run`]), as the data map says ([`plan`]).
//!
//! Boundary: it calls no store. What we hold is found, given out, corrected or erased; what a merchant holds is the merchant's. It decides nothing
//! about a request: which step follows says `domain::request`.
//!
//! Everything may be done twice, and whoever dies leaves what another can go on from. What fails is tried again, and an alarm rings.

mod correct;
mod customer;
mod erase;
mod export;
pub mod plan;
mod receipt;
mod run;
mod settle;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    closing::Closing,
    data_keys::DataKeys,
    dynamo::{
        accounts::Accounts, cache::Cached, chain::Chain, consents::Consents, deliveries::Deliveries,
        disclosed::Disclosed, events::Events, holds::Holds, keys::Keys, privacy::PrivacyRequests, requests::Requests,
        runs::Runs, store_keys::StoreKeys, stores::Stores, subscriptions::Subscriptions, tombstones::Tombstones,
    },
    events::PrivacyTopicMessage,
    journal::Journal,
    letters::Letters,
    mailer::MailMessage,
    objects::Objects,
    pseudonym::Pseudonyms,
    requests::RequestMessage,
    restrictions::Restrictions,
    signature::Signer,
    sqs::{NoMessageId, Queue, Received, each_received},
    vault::Vault,
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of keys.
        pub keys_table: String = "KEYS_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of the stores' and applications' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// Table of subscriptions.
        pub subscriptions_table: String = "SUBSCRIPTIONS_TABLE",
        /// Table of events and of what is known of objects.
        pub events_table: String = "EVENTS_TABLE",
        /// Table of deliveries.
        pub deliveries_table: String = "DELIVERIES_TABLE",
        /// Table of cached answers.
        pub cache_table: String = "CACHE_TABLE",
        /// Table of accounts.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of the ledger of consents.
        pub consents_table: String = "CONSENTS_TABLE",
        /// Table of requests about people.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of what was erased.
        pub tombstones_table: String = "TOMBSTONES_TABLE",
        /// Table of what proves who asks.
        pub verifications_table: String = "VERIFICATIONS_TABLE",
        /// Table of the 30-day journal.
        pub service_log_table: String = "SERVICE_LOG_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// Queue of what platforms ask about people.
        pub privacy_topics_queue_url: String = "PRIVACY_TOPICS_QUEUE_URL",
        /// Queue of what people ask about their own data.
        pub requests_queue_url: String = "REQUESTS_QUEUE_URL",
        /// Queue of stores whose off-boarding is to be finished.
        pub offboarding_queue_url: String = "OFFBOARDING_QUEUE_URL",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// Bucket of the files that people fetch.
        pub exports_bucket: String = "EXPORTS_BUCKET",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
        /// The KMS key that wraps the stores' data keys.
        pub data_key: String = "DATA_KEY_ARN",
        /// The ARN of the key that makes what proves who asks.
        pub code_key: String = "CODE_KEY_ARN",
        /// The ARN of the key that signs receipts.
        pub signing_key: String = "SIGNING_KEY_ARN",
        /// The base URL that mailed links start with.
        pub public_url: String = "PUBLIC_URL",
    }
}

/// The function's adapters.
pub struct App {
    stores: Stores,
    restrictions: Restrictions,
    subscriptions: Subscriptions,
    events: Events,
    deliveries: Deliveries,
    cached: Cached,
    accounts: Accounts,
    keys: Keys,
    consents: Consents,
    topics_requests: PrivacyRequests,
    requests: Requests,
    runs: Runs,
    disclosed: Disclosed,
    letters: Letters,
    chain: Chain,
    pseudonyms: Pseudonyms,
    signer: Signer,
    closing: Closing,
    exports: Objects,
    journal: Journal,
    topics: Queue<PrivacyTopicMessage>,
    work: Queue<RequestMessage>,
    mails: Queue<MailMessage>,
    tables: cloud::dynamo::Client,
    config: Config,
    clock: Clock,
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        let accounts = Accounts::new(tables.clone(), config.accounts_table.clone());
        let stores = Stores::new(tables.clone(), config.stores_table.clone());
        let subscriptions = Subscriptions::new(tables.clone(), config.subscriptions_table.clone());
        let keys = Keys::new(tables.clone(), config.keys_table.clone(), config.accounts_table.clone(), clock.clone());
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table.clone());
        let data_keys = DataKeys::new(&boot.aws, store_keys, config.data_key.clone(), clock.clone());
        let consents = Consents::new(tables.clone(), config.consents_table.clone());
        let mails = Queue::new(&boot.aws, config.mail_queue_url.clone());
        let closing = Closing {
            tables: tables.clone(),
            accounts: accounts.clone(),
            keys: keys.clone(),
            stores: stores.clone(),
            subscriptions: subscriptions.clone(),
            holds: Holds::new(tables.clone(), config.privacy_table.clone()),
            tombstones: Tombstones::new(tables.clone(), config.tombstones_table.clone()),
            consents: consents.clone(),
            data_keys: data_keys.clone(),
            vault: Vault::new(&boot.aws, config.vault_prefix.clone(), stores.clone(), data_keys.clone()),
            offboardings: Queue::new(&boot.aws, config.offboarding_queue_url.clone()),
            mails: mails.clone(),
            clock: clock.clone(),
        };
        Self {
            restrictions: Restrictions::new(stores.clone(), data_keys),
            stores,
            subscriptions,
            events: Events::new(tables.clone(), config.events_table.clone()),
            deliveries: Deliveries::new(tables.clone(), config.deliveries_table.clone()),
            cached: Cached::new(tables.clone(), config.cache_table.clone()),
            accounts,
            keys,
            consents,
            topics_requests: PrivacyRequests::new(tables.clone(), config.privacy_table.clone()),
            requests: Requests::new(tables.clone(), config.privacy_table.clone(), config.verifications_table.clone()),
            runs: Runs::new(tables.clone(), config.privacy_table.clone()),
            disclosed: Disclosed::new(tables.clone()),
            letters: Letters::new(&boot.aws, config.code_key.clone(), config.public_url.clone()),
            chain: Chain::new(tables.clone(), config.privacy_table.clone()),
            pseudonyms: Pseudonyms::new(&boot.aws, config.code_key.clone()),
            signer: Signer::new(&boot.aws, config.signing_key.clone()),
            closing,
            exports: Objects::new(&boot.aws, &config.exports_bucket),
            // There is no line for the service log here: nobody's key made this call.
            journal: Journal::start(tables.clone(), "", &config.security_log_table, clock.clone()),
            topics: Queue::new(&boot.aws, config.privacy_topics_queue_url.clone()),
            work: Queue::new(&boot.aws, config.requests_queue_url.clone()),
            mails,
            tables,
            config,
            clock,
        }
    }
}

/// Carries out the requests of one batch; those that must come again are named in the answer, and hidden until their time.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(
    app: &App,
    event: SqsEvent,
    context: &lambda_runtime::Context,
) -> Result<SqsBatchResponse, NoMessageId> {
    let budget = Budget::of_invocation(context, &app.clock);
    let answer = if app.work.sent(&event) {
        let work = async |received: Received<RequestMessage>| settle::work(app, &received.message, budget).await;
        each_received(&app.work, event, 1, work).await
    } else {
        let work = async |received: Received<PrivacyTopicMessage>| customer::work(app, &received.message).await;
        each_received(&app.topics, event, 1, work).await
    };
    // The messages are gone once this returns, so that lines must stand before.
    app.journal.settle().await;
    answer
}
