//! Finishes the off-boarding of a store that `control` began (`privacy.md` D.10, R125), and closes accounts that nobody uses (R022) or
//! whose owner declined a policy that they would be bound to (R102).
//!
//! Boundary: deletes what the tables `stores`, `store-keys`, `cache`, `events` and `accounts` and the vault hold of one store, or what an account
//! has, by the same steps as its owner's call does (`cloud::closing`), and touches nothing else. It never calls the store. Everything it does may
//! be done twice.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use std::time::Duration;

use cloud::{
    boot::{Boot, Budget},
    clock::Clock,
    closing::{By, Closing, ClosingError, ClosingMessage, Manner},
    data_keys::DataKeys,
    dynamo::{
        Client,
        accounts::Accounts,
        cache::Cached,
        consents::Consents,
        events::Events,
        holds::Holds,
        keys::Keys,
        store_keys::StoreKeys,
        stores::{StoreItem, Stores},
        subscriptions::Subscriptions,
        tombstones::{Erased, Tombstones},
        transaction::{self, Part},
    },
    journal::{Concerning, Journal, SecurityEvent},
    mailer::MailKind,
    offboarding::OffboardingMessage,
    sqs::{Disposition, NoMessageId, Queue, each},
    vault::Vault,
};
use domain::{id::RequestId, store::StoreState};

cloud::config! {
    /// What the function needs to know.
    pub struct Config {
        /// Table of keys.
        pub keys_table: String = "KEYS_TABLE",
        /// Table of accounts and applications.
        pub accounts_table: String = "ACCOUNTS_TABLE",
        /// Table of stores and grants.
        pub stores_table: String = "STORES_TABLE",
        /// Table of the 90-day journal.
        pub security_log_table: String = "SECURITY_LOG_TABLE",
        /// Table of the stores' data keys.
        pub store_keys_table: String = "STORE_KEYS_TABLE",
        /// Table of events and of what is known of objects.
        pub events_table: String = "EVENTS_TABLE",
        /// Table of cached answers.
        pub cache_table: String = "CACHE_TABLE",
        /// Table of legal holds.
        pub privacy_table: String = "PRIVACY_TABLE",
        /// Table of what was erased.
        pub tombstones_table: String = "TOMBSTONES_TABLE",
        /// Table of consents.
        pub consents_table: String = "CONSENTS_TABLE",
        /// Table of subscriptions.
        pub subscriptions_table: String = "SUBSCRIPTIONS_TABLE",
        /// Queue of stores whose off-boarding is to be finished, and of accounts that are to be closed.
        pub offboarding_queue_url: String = "OFFBOARDING_QUEUE_URL",
        /// Queue of mails.
        pub mail_queue_url: String = "MAIL_QUEUE_URL",
        /// What the names of credentials start with.
        pub vault_prefix: String = "VAULT_PREFIX",
    }
}

/// Pages of events and marks that one message deletes, 250 rows each: some ten seconds. Where a store has more, the next message goes on.
const PAGES: u32 = 200;

/// How long one message may close an account: what is left is the next message's.
const PER_MESSAGE: Duration = Duration::from_secs(45);

/// A message of the queue.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Work {
    Store(OffboardingMessage),
    Account(ClosingMessage),
}

/// The function's adapters.
pub struct App {
    tables: Client,
    accounts: Accounts,
    keys: Keys,
    stores: Stores,
    vault: Vault,
    cached: Cached,
    events: Events,
    tombstones: Tombstones,
    closing: Closing,
    closings: Queue<ClosingMessage>,
    journal: Journal,
    clock: Clock,
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
        // No key is wrapped or unwrapped here.
        let store_keys = StoreKeys::new(tables.clone(), config.store_keys_table);
        let data_keys = DataKeys::new(&boot.aws, store_keys, String::new(), clock.clone());
        let accounts = Accounts::new(tables.clone(), config.accounts_table.clone());
        let keys = Keys::new(tables.clone(), config.keys_table, config.accounts_table, clock.clone());
        let vault = Vault::new(&boot.aws, config.vault_prefix, stores.clone(), data_keys.clone());
        let tombstones = Tombstones::new(tables.clone(), config.tombstones_table);
        Self {
            closing: Closing {
                tables: tables.clone(),
                accounts: accounts.clone(),
                keys: keys.clone(),
                stores: stores.clone(),
                consents: Consents::new(tables.clone(), config.consents_table),
                subscriptions: Subscriptions::new(tables.clone(), config.subscriptions_table),
                holds: Holds::new(tables.clone(), config.privacy_table),
                tombstones: tombstones.clone(),
                data_keys,
                vault: vault.clone(),
                offboardings: Queue::new(&boot.aws, config.offboarding_queue_url.clone()),
                mails: Queue::new(&boot.aws, config.mail_queue_url),
                clock: clock.clone(),
            },
            tombstones,
            closings: Queue::new(&boot.aws, config.offboarding_queue_url),
            accounts,
            keys,
            vault,
            stores,
            cached: Cached::new(tables.clone(), config.cache_table),
            events: Events::new(tables.clone(), config.events_table),
            tables,
            journal,
            clock,
        }
    }
}

/// Finishes the stores of one batch; those that must come again are named in the answer.
///
/// # Errors
/// [`NoMessageId`], which makes the whole batch come again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, NoMessageId> {
    let answer = each(event, async |work: Work| match work {
        Work::Store(message) => finish(app, &message).await,
        Work::Account(message) => close(app, &message).await,
    })
    .await;
    // The message is gone once this returns, so its line must stand before.
    app.journal.settle().await;
    answer
}

/// Closes an account whose closing the sweep began. Its owner is told with the last step.
async fn close(app: &App, message: &ClosingMessage) -> Disposition {
    let account = match app.accounts.get(&message.close).await {
        Ok(Some(account)) => account,
        Ok(None) => return Disposition::Done,
        Err(_) => return Disposition::Retry("the account could not be read"),
    };
    if account.closing_since.is_none() {
        return Disposition::GiveUp("the account is not being closed");
    }
    let Ok(agreements) = app.accounts.agreements(&account.id).await else {
        return Disposition::Retry("it could not be read why the account is closed");
    };
    let declined = agreements.iter().any(|row| row.declined_at.is_some());
    let mail = if declined { MailKind::AccountDeclined } else { MailKind::AccountExpired };
    let run = RequestId::from_uuid(app.clock.new_id());
    let manner = Manner { mail, last_key: None, budget: Budget::ending_in(PER_MESSAGE), held: None };
    // This function never calls a store. Where nobody used the account, its stores' platforms told us nothing for 90 days; where its owner declined,
    // what they still send is refused.
    let farewell = async |_: &StoreItem| {};
    match app.closing.account(&By::new(&app.journal, &run, None), &account, manner, farewell).await {
        Ok(()) => Disposition::Done,
        Err(ClosingError::Unfinished) => match app.closings.send(message).await {
            Ok(()) => Disposition::Done,
            Err(_) => Disposition::Retry("the rest of the closing could not be ordered"),
        },
        // The sweep asks again every night, until the hold has ended.
        Err(ClosingError::Held) => Disposition::Done,
        Err(ClosingError::Changed(_)) => Disposition::Retry("something was added to the account meanwhile"),
        Err(ClosingError::Unavailable(_)) => Disposition::Retry("the account could not be closed"),
    }
}

async fn finish(app: &App, message: &OffboardingMessage) -> Disposition {
    let OffboardingMessage { account, store, generation } = message;
    let found = match app.stores.of_account(account, store).await {
        Ok(found) => found,
        Err(_) => return Disposition::Retry("the store could not be read"),
    };
    match &found {
        Some(item) if item.generation != *generation => {
            return Disposition::GiveUp("the store was connected anew; its data is not this message's");
        }
        // One that is still connecting was given up half-way: nobody else sends a message about it.
        Some(item) if item.state == StoreState::Connected => {
            return Disposition::GiveUp("the store's off-boarding has not begun");
        }
        // What that change keeps must be destroyed after it was kept.
        Some(item) if item.changing_until.is_some_and(|until| until > app.clock.now().as_second()) => {
            return Disposition::Retry("the store's credential is being changed");
        }
        _ => {}
    }
    // Destroyed when it began; here it is made sure of, before the record that leads to it goes.
    if app.vault.destroy(store).await.is_err() {
        return Disposition::Retry("the credential could not be destroyed");
    }
    // Unreadable since its data key was destroyed, like what was cached.
    if app.stores.delete_hooks(store).await.is_err() {
        return Disposition::Retry("what its webhooks are signed with could not be deleted");
    }
    if app.stores.delete_restrictions(store).await.is_err() {
        return Disposition::Retry("the names of its restricted customers could not be deleted");
    }
    if app.cached.clear(store).await.is_err() {
        return Disposition::Retry("the cached answers could not be deleted");
    }
    match app.events.clear(store, app.clock.now(), PAGES).await {
        Ok(true) => {}
        // The sweep sends the message again as long as the store's item is there.
        Ok(false) => return Disposition::Done,
        Err(_) => return Disposition::Retry("the events could not be deleted"),
    }
    let Ok(grants) = app.stores.grants(store).await else {
        return Disposition::Retry("the grants could not be read");
    };
    let mut epochs: Vec<Part> = Vec::new();
    for grant in &grants {
        match app.keys.all_of_application(&grant.application).await {
            Ok(keys) => {
                epochs.extend(keys.iter().filter(|key| key.is_live()).map(|key| app.keys.raising_epoch(&key.id)))
            }
            Err(_) => return Disposition::Retry("the keys could not be read"),
        }
    }
    if transaction::write_in_order(&app.tables, epochs).await.is_err() {
        return Disposition::Retry("the keys' epochs could not be raised");
    }
    if app.stores.delete_grants(store, &grants).await.is_err() {
        return Disposition::Retry("the grants could not be deleted");
    }
    if app.accounts.drop_store(account, store).await.is_err() {
        return Disposition::Retry("the pointer to the store could not be deleted");
    }
    // Before the last thing that leads to it, so that no backup brings back what nobody looks for any more.
    if app.tombstones.remember(Erased::Store(store), app.clock.now()).await.is_err() {
        return Disposition::Retry("the end of the store could not be remembered");
    }
    // The store's own item last: as long as it is there, the sweep finds what is not finished.
    let Some(item) = found else { return Disposition::Done };
    match app.stores.remove(&item).await {
        Ok(true) => {
            let concerning =
                Concerning { account: Some(account.clone()), store: Some(store.clone()), ..Concerning::default() };
            let run = RequestId::from_uuid(app.clock.new_id());
            app.journal.security(&run, 0, None, SecurityEvent::StoreRemoved, concerning);
            Disposition::Done
        }
        // Another delivery of the message was faster.
        Ok(false) => Disposition::Done,
        Err(_) => Disposition::Retry("the store could not be deleted"),
    }
}
