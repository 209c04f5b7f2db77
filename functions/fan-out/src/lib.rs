//! What a store said becomes an event, and one message for each subscription that wants it. It also works through replays, because they
//! need the same: an object as its store has it now, and the message that tells of it.
//!
//! Boundary: reads stores (only objects that a webhook named and did not bring, or brought out of date), grants and subscriptions; writes what
//! is known of objects, envelopes of events, the cache's counts of changes and the beginning of an off-boarding. It never calls a
//! developer's endpoint, and no body of an object rests in a table.
//!
//! # At least once
//! A message is done when every message that follows from it is in its queue and the envelope stands. Whatever comes before may be done twice:
//! the object's mark knows the event that a webhook came as, so that the same message finds its event, and another message of the same
//! webhook finds that it was told. An object that its store does not let us read is tried for 20 hours and then told by its id alone
//! (`incomplete`); what could not be told at all after 23 hours leaves its envelope in `dead-events`.

mod batch;
mod event;
mod leaving;
mod replay;
mod shop;
mod telling;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        Client, accounts::Accounts, cache::Cached, deliveries::Deliveries, events::Events, store_keys::StoreKeys,
        stores::Stores, subscriptions::Subscriptions,
    },
    egress::Egress,
    env::Permission,
    events::{DeadMessage, DeliveryMessage, EventMessage, PrivacyTopicMessage, ReplayMessage},
    journal::Journal,
    objects::Objects,
    offboarding::OffboardingMessage,
    pace::Paces,
    restrictions::Restrictions,
    sqs::{NoMessageId, Queue, each_received},
    vault::{Reader, Vault},
};

use crate::batch::Batch;

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of events and of what is known of objects.
        pub events_table: String = "EVENTS_TABLE",
        /// Table of subscriptions.
        pub subscriptions_table: String = "SUBSCRIPTIONS_TABLE",
        /// Table of deliveries.
        pub deliveries_table: String = "DELIVERIES_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of accounts and applications.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of the stores' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// Table of cached answers.
        pub cache_table: String = "CACHE_TABLE",
        /// Table of the 30-day journal, for the marks of accounts whose stores sent webhooks.
        pub service_log_table: String = "SERVICE_LOG_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// The KMS key that wraps the stores' data keys.
        pub data_key: String = "DATA_KEY_ARN",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
        /// Bucket of bodies that no message holds.
        pub large_hooks_bucket: String = "LARGE_HOOKS_BUCKET",
        /// Queue of what stores said.
        pub incoming_events_queue_url: String = "INCOMING_EVENTS_QUEUE_URL",
        /// Queue of deliveries in any order.
        pub outgoing_events_queue_url: String = "OUTGOING_EVENTS_QUEUE_URL",
        /// Queue of deliveries whose order matters.
        pub ordered_events_queue_url: String = "ORDERED_EVENTS_QUEUE_URL",
        /// Queue of envelopes of what was given up.
        pub dead_events_queue_url: String = "DEAD_EVENTS_QUEUE_URL",
        /// Queue of deliveries that are to be made again.
        pub replays_queue_url: String = "REPLAYS_QUEUE_URL",
        /// Queue of what platforms ask about people.
        pub privacy_topics_queue_url: String = "PRIVACY_TOPICS_QUEUE_URL",
        /// Queue of stores whose off-boarding is to be finished.
        pub offboarding_queue_url: String = "OFFBOARDING_QUEUE_URL",
        /// Whether stores may be at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
        /// Whom a store's owner asks about our calls.
        pub contact: String = "CONTACT",
    }
}

/// Messages of a batch that are worked on at a time: all of them, so that a slow store holds up nobody but itself.
const AT_ONCE: usize = 10;
/// How long one message may take: a batch ends with its slowest.
const PER_MESSAGE: Duration = Duration::from_secs(15);

/// The function's adapters.
pub struct App {
    tables: Client,
    events: Events,
    subscriptions: Subscriptions,
    deliveries: Deliveries,
    stores: Stores,
    restrictions: Restrictions,
    accounts: Accounts,
    cached: Cached,
    vault: Reader,
    egress: Egress,
    paces: Paces,
    large_hooks: Objects,
    journal: Journal,
    incoming: Queue<EventMessage>,
    outgoing: Queue<DeliveryMessage>,
    ordered: Queue<DeliveryMessage>,
    dead: Queue<DeadMessage>,
    replays: Queue<ReplayMessage>,
    privacy: Queue<PrivacyTopicMessage>,
    offboardings: Queue<OffboardingMessage>,
    loopback: connectors::Loopback,
    clock: Clock,
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        // No line of the service log is written here, because nobody's key made a call; it is marked who got a webhook.
        let journal =
            Journal::start(tables.clone(), &config.service_log_table, &config.security_log_table, clock.clone());
        let stores = Stores::new(tables.clone(), config.stores_table);
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table);
        let data_keys = DataKeys::new(&boot.aws, store_keys, config.data_key, clock.clone());
        Self {
            events: Events::new(tables.clone(), config.events_table),
            subscriptions: Subscriptions::new(tables.clone(), config.subscriptions_table),
            deliveries: Deliveries::new(tables.clone(), config.deliveries_table),
            vault: Reader::new(
                Vault::new(&boot.aws, config.vault_prefix, stores.clone(), data_keys.clone()),
                clock.clone(),
            ),
            restrictions: Restrictions::new(stores.clone(), data_keys),
            stores,
            accounts: Accounts::new(tables.clone(), config.accounts_table),
            cached: Cached::new(tables.clone(), config.cache_table),
            tables,
            egress: Egress::new(boot.tls.clone(), config.egress_loopback, &config.contact, clock.clone()),
            paces: Paces::default(),
            large_hooks: Objects::new(&boot.aws, &config.large_hooks_bucket),
            journal,
            incoming: Queue::new(&boot.aws, config.incoming_events_queue_url),
            outgoing: Queue::new(&boot.aws, config.outgoing_events_queue_url),
            ordered: Queue::new(&boot.aws, config.ordered_events_queue_url),
            dead: Queue::new(&boot.aws, config.dead_events_queue_url),
            replays: Queue::new(&boot.aws, config.replays_queue_url),
            privacy: Queue::new(&boot.aws, config.privacy_topics_queue_url),
            offboardings: Queue::new(&boot.aws, config.offboarding_queue_url),
            loopback: config.egress_loopback.into(),
            clock,
        }
    }
}

/// Handles the messages of one batch; those that must come again are named in the answer, and hidden until then.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(
    app: &App,
    event: SqsEvent,
    context: &lambda_runtime::Context,
) -> Result<SqsBatchResponse, NoMessageId> {
    let left = Budget::of_invocation(context, &app.clock);
    let is_replay = |record: &aws_lambda_events::sqs::SqsMessage| {
        record.event_source_arn.as_deref().is_some_and(|arn| arn.ends_with("-replays"))
    };
    // All messages of a batch come from one queue.
    let answer = if event.records.first().is_some_and(is_replay) {
        let batch = &Batch::new(app, left);
        each_received(&app.replays, event, 1, async |received| replay::work(batch, received).await).await
    } else {
        let batch = &Batch::new(app, Budget::ending_in(left.left().min(PER_MESSAGE)));
        each_received(&app.incoming, event, AT_ONCE, async |received| event::work(batch, received).await).await
    };
    // The messages are gone once this returns, so that lines must stand before.
    app.journal.settle().await;
    answer
}
