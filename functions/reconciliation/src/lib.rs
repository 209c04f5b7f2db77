//! Looks after one store: registers its webhooks and repairs them, and looks for what no webhook has told (`gateway.md` A2, point 2;
//! `platforms.md` 6, points 1 and 2).
//!
//! Boundary: the only function that changes something in a store by itself, and what it changes there are our webhooks. It tells nobody
//! anything: what it finds goes into the queue that webhooks go into, and is judged there. Everything it does may be done twice.

mod changes;
mod deletions;
mod hooks;
mod store;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{events::Events, store_keys::StoreKeys, stores::Stores, subscriptions::Subscriptions},
    egress::Egress,
    env::Permission,
    events::{EventMessage, ReconciliationMessage, Task},
    hooks::HookVault,
    journal::Journal,
    pace::Paces,
    sqs::{Disposition, NoMessageId, Queue, each},
    vault::{Reader, Vault},
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of the stores' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// Table of subscriptions.
        pub subscriptions_table: String = "SUBSCRIPTIONS_TABLE",
        /// Table of events and of what is known of objects.
        pub events_table: String = "EVENTS_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// The KMS key that wraps the stores' data keys.
        pub data_key: String = "DATA_KEY_ARN",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
        /// Where the stack answers: stores send their webhooks there.
        pub public_url: String = "PUBLIC_URL",
        /// Whether stores may be at loopback addresses; only the local stack allows it.
        pub egress_loopback: Permission = "EGRESS_LOOPBACK",
        /// Whom a store's owner asks about our calls.
        pub contact: String = "CONTACT",
        /// Queue of what stores said.
        pub incoming_events_queue_url: String = "INCOMING_EVENTS_QUEUE_URL",
        /// Queue of stores to look after.
        pub reconciliations_queue_url: String = "RECONCILIATIONS_QUEUE_URL",
    }
}

/// The function's adapters.
pub struct App {
    stores: Stores,
    subscriptions: Subscriptions,
    events: Events,
    vault: Reader,
    hooks: HookVault,
    egress: Egress,
    paces: Paces,
    incoming: Queue<EventMessage>,
    work: Queue<ReconciliationMessage>,
    journal: Journal,
    clock: Clock,
    public_url: String,
    loopback: connectors::Loopback,
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        // There is no line for the service log here: nobody's key made this call.
        let journal = Journal::start(tables.clone(), "", &config.security_log_table, clock.clone());
        let stores = Stores::new(tables.clone(), config.stores_table);
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table);
        let data_keys = DataKeys::new(&boot.aws, store_keys, config.data_key, clock.clone());
        Self {
            vault: Reader::new(
                Vault::new(&boot.aws, config.vault_prefix, stores.clone(), data_keys.clone()),
                clock.clone(),
            ),
            hooks: HookVault::new(stores.clone(), data_keys),
            stores,
            subscriptions: Subscriptions::new(tables.clone(), config.subscriptions_table),
            events: Events::new(tables, config.events_table),
            egress: Egress::new(boot.tls.clone(), config.egress_loopback, &config.contact, clock.clone()),
            paces: Paces::default(),
            incoming: Queue::new(&boot.aws, config.incoming_events_queue_url),
            work: Queue::new(&boot.aws, config.reconciliations_queue_url),
            journal,
            clock,
            public_url: config.public_url,
            loopback: config.egress_loopback.into(),
        }
    }
}

/// Looks after the stores of one batch; those that must come again are named in the answer.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(
    app: &App,
    event: SqsEvent,
    context: &lambda_runtime::Context,
) -> Result<SqsBatchResponse, NoMessageId> {
    let budget = Budget::of_invocation(context, &app.clock);
    let answer = each(event, async |message: ReconciliationMessage| look_after(app, &message, budget).await).await;
    // The messages are gone once this returns, so that lines must stand before.
    app.journal.settle().await;
    answer
}

async fn look_after(app: &App, message: &ReconciliationMessage, budget: Budget) -> Disposition {
    let visit = match store::open(app, message, budget).await {
        Ok(visit) => visit,
        Err(disposition) => return disposition,
    };
    match message.task {
        Task::Hooks => hooks::look(&visit).await,
        Task::Changes => changes::look(&visit, message).await,
    }
}
