//! One attempt to deliver a message: one event to one subscription (`gateway.md` E2, E3; R137 to R139).
//!
//! Boundary: the only function that calls developers' endpoints. It never calls a store and never reads a body from anywhere but its message.
//! It reads subscriptions, their applications' data keys, grants and the owner's address; it writes deliveries and the health of endpoints,
//! and sends mails, envelopes of what is given up, and orders to read parked events from their stores again.
//!
//! What is decided stands in [`domain::delivery`]. What is done about it here is in such an order that the function may end between any two
//! steps: the message comes again until its delivery has ended or is parked.

mod batch;
mod known;
mod message;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        accounts::Accounts, deliveries::Deliveries, store_keys::StoreKeys, stores::Stores, subscriptions::Subscriptions,
    },
    egress::Egress,
    env::Permission,
    events::{DeadMessage, DeliveryMessage, ReplayMessage},
    mailer::MailMessage,
    restrictions::Restrictions,
    signing::Signing,
    sqs::{NoMessageId, Queue, each_received},
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of subscriptions.
        pub subscriptions_table: String = "SUBSCRIPTIONS_TABLE",
        /// Table of deliveries.
        pub deliveries_table: String = "DELIVERIES_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of accounts and applications.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// The KMS key that wraps the data keys.
        pub data_key: String = "DATA_KEY_ARN",
        /// Queue of deliveries in any order.
        pub outgoing_events_queue_url: String = "OUTGOING_EVENTS_QUEUE_URL",
        /// Queue of deliveries whose order matters.
        pub ordered_events_queue_url: String = "ORDERED_EVENTS_QUEUE_URL",
        /// Queue of envelopes of what was given up.
        pub dead_events_queue_url: String = "DEAD_EVENTS_QUEUE_URL",
        /// Queue of deliveries that are to be made again.
        pub replays_queue_url: String = "REPLAYS_QUEUE_URL",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// Whether endpoints may be at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
    }
}

/// Messages of one batch that are worked on at a time: all of them.
const AT_ONCE: usize = 10;

/// The function's adapters.
pub struct App {
    subscriptions: Subscriptions,
    deliveries: Deliveries,
    stores: Stores,
    restrictions: Restrictions,
    accounts: Accounts,
    signing: Signing,
    egress: Egress,
    outgoing: Queue<DeliveryMessage>,
    ordered: Queue<DeliveryMessage>,
    dead: Queue<DeadMessage>,
    replays: Queue<ReplayMessage>,
    mails: Queue<MailMessage>,
    clock: Clock,
}

impl App {
    /// Builds the adapters.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        let keys = StoreKeys::new(tables.clone(), config.store_keys_table);
        let keys = DataKeys::new(&boot.aws, keys, config.data_key, clock.clone());
        let stores = Stores::new(tables.clone(), config.stores_table);
        Self {
            subscriptions: Subscriptions::new(tables.clone(), config.subscriptions_table),
            deliveries: Deliveries::new(tables.clone(), config.deliveries_table),
            restrictions: Restrictions::new(stores.clone(), keys.clone()),
            stores,
            accounts: Accounts::new(tables, config.accounts_table),
            signing: Signing::new(keys, clock.clone()),
            // An endpoint's owner knows who calls: the `User-Agent` is set with each attempt.
            egress: Egress::new(boot.tls.clone(), config.egress_loopback, "webhooks", clock.clone()),
            outgoing: Queue::new(&boot.aws, config.outgoing_events_queue_url),
            ordered: Queue::new(&boot.aws, config.ordered_events_queue_url),
            dead: Queue::new(&boot.aws, config.dead_events_queue_url),
            replays: Queue::new(&boot.aws, config.replays_queue_url),
            mails: Queue::new(&boot.aws, config.mail_queue_url),
            clock,
        }
    }
}

/// Works on the messages of one batch; those that must come again are named in the answer, most of them hidden until their time.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(
    app: &App,
    event: SqsEvent,
    context: &lambda_runtime::Context,
) -> Result<SqsBatchResponse, NoMessageId> {
    let batch = batch::Batch::new(app, Budget::of_invocation(context, &app.clock));
    let is_ordered = |record: &aws_lambda_events::sqs::SqsMessage| {
        record.event_source_arn.as_deref().is_some_and(|arn| arn.ends_with(".fifo"))
    };
    // All messages of a batch come from one queue.
    let queue = if event.records.first().is_some_and(is_ordered) { &app.ordered } else { &app.outgoing };
    each_received(queue, event, AT_ONCE, async |received| batch.handle(received).await).await
}
