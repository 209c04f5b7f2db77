//! One request about a person, carried out over every place where something of that person rests (`privacy.md` D.5; R127, R132).
//!
//! Boundary: reads and erases what is kept of objects of a store in `events` and `deliveries`, makes cached answers void, keeps the record of
//! the request, and writes to the merchant. It calls no store: what we hold is erased, what the merchant holds is the merchant's.
//!
//! Everything may be done twice. A request ends in one way only: closed. What fails is tried again, and an alarm rings.

mod request;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::Accounts, cache::Cached, deliveries::Deliveries, events::Events, privacy::PrivacyRequests,
        stores::Stores, subscriptions::Subscriptions,
    },
    events::PrivacyTopicMessage,
    journal::Journal,
    mailer::MailMessage,
    sqs::{NoMessageId, Queue, Received, each_received},
};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
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
        /// Table of requests about people.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// Queue of what platforms ask about people.
        pub privacy_topics_queue_url: String = "PRIVACY_TOPICS_QUEUE_URL",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
    }
}

/// The function's adapters.
pub struct App {
    stores: Stores,
    subscriptions: Subscriptions,
    events: Events,
    deliveries: Deliveries,
    cached: Cached,
    accounts: Accounts,
    requests: PrivacyRequests,
    journal: Journal,
    topics: Queue<PrivacyTopicMessage>,
    mails: Queue<MailMessage>,
    clock: Clock,
}

impl App {
    /// Builds the adapters. Must be called within the runtime that serves the function.
    #[must_use]
    pub fn new(boot: &Boot, config: Config) -> Self {
        let clock = boot.clock.clone();
        let tables = cloud::dynamo::client(&boot.aws);
        Self {
            stores: Stores::new(tables.clone(), config.stores_table),
            subscriptions: Subscriptions::new(tables.clone(), config.subscriptions_table),
            events: Events::new(tables.clone(), config.events_table),
            deliveries: Deliveries::new(tables.clone(), config.deliveries_table),
            cached: Cached::new(tables.clone(), config.cache_table),
            accounts: Accounts::new(tables.clone(), config.accounts_table),
            requests: PrivacyRequests::new(tables.clone(), config.privacy_table),
            // There is no line for the service log here: nobody's key made this call.
            journal: Journal::start(tables, "", &config.security_log_table, clock.clone()),
            topics: Queue::new(&boot.aws, config.privacy_topics_queue_url),
            mails: Queue::new(&boot.aws, config.mail_queue_url),
            clock,
        }
    }
}

/// Carries out the requests of one batch; those that must come again are named in the answer, and hidden until their time.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, NoMessageId> {
    let work = async |received: Received<PrivacyTopicMessage>| request::work(app, &received.message).await;
    let answer = each_received(&app.topics, event, 1, work).await;
    // The messages are gone once this returns, so that lines must stand before.
    app.journal.settle().await;
    answer
}
