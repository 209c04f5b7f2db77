//! How what an account has comes to its end: a store, an application, the account itself.
//!
//! One room, because there are several who end things: the owner's call, time that has passed (R022), a policy that was declined (R102), a person
//! who wants to be erased. Every step may be done again. What cannot be done within one invocation is done by the next, and the account's own item
//! goes last: as long as it is there, whoever closes it finds what is left.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use domain::{
    consent::Subject,
    id::{AccountId, ApplicationId, KeyId, MessageId, RequestId, StoreId, SubscriptionId},
    store::StoreState,
};
use personal_data::PersonalData;

use crate::{
    boot::Budget,
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        Client, Unavailable,
        accounts::{AccountItem, Accounts},
        consents::Consents,
        holds::{Held, Holds},
        keys::{Keys, ShownKeyItem},
        page::{MAX_PER_PAGE, PageError, PageRequest},
        stores::{StoreItem, Stores},
        subscriptions::Subscriptions,
        tombstones::{Erased, Tombstones},
        transaction::{self, Part, TransactionError},
    },
    journal::{Concerning, Journal, SecurityEvent},
    mailer::{MailKind, MailMessage},
    offboarding::{LAST_RESORT, OffboardingMessage},
    sqs::Queue,
    vault::Vault,
};

/// One account that is to be closed because nobody uses it, or its owner declined what it would be bound to: a message of the `offboarding` queue.
/// The account's own item says that it was begun.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "offboarding", subject = Nobody, role = Controller, region = Anywhere)]
pub struct ClosingMessage {
    /// The account.
    #[pd(none)]
    pub close: AccountId,
}

/// Subscriptions whose deletion fits into one transaction: two writes each, and the counter's.
const DELETED_AT_ONCE: usize = 49;
/// What must remain of a budget to begin closing another part of an account.
const WORTHWHILE: Duration = Duration::from_secs(5);

/// On whose behalf something is closed, as the security log tells it.
pub struct By<'a> {
    journal: &'a Journal,
    run: &'a RequestId,
    source: Option<IpAddr>,
    lines: AtomicU32,
}

impl<'a> By<'a> {
    /// By the call or the run `run`, which came from `source`.
    #[must_use]
    pub fn new(journal: &'a Journal, run: &'a RequestId, source: Option<IpAddr>) -> Self {
        Self { journal, run, source, lines: AtomicU32::new(0) }
    }

    fn note(&self, account: &AccountId, event: SecurityEvent, concerning: Concerning) {
        let number = self.lines.fetch_add(1, Ordering::Relaxed);
        let concerning = Concerning { account: Some(account.clone()), ..concerning };
        self.journal.security(self.run, number, self.source, event, concerning);
    }
}

/// How an account is closed.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// The mail that tells its owner, the last one there is an address for.
    pub mail: MailKind,
    /// The key that works until the very end, so that its holder can ask again for what is left.
    pub last_key: Option<&'a KeyId>,
    /// How long it may take now.
    pub budget: Budget,
    /// What is to stay under a legal hold; nothing where who closes leaves nothing behind, and then nothing is closed of which something is held.
    pub held: Option<&'a Held>,
}

/// Why something was not closed, or not all of it. What was done stays done, and asking again goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClosingError {
    /// The budget is used up.
    #[error("there is more to be closed than there was time for")]
    Unfinished,
    /// Something was added while it was being closed.
    #[error("the {0} changed meanwhile")]
    Changed(&'static str),
    /// A legal hold keeps something of it, and who closes it cannot leave that behind. Nothing was done.
    #[error("a legal hold keeps something of it")]
    Held,
    /// A table, a queue or the vault could not be asked.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Closes things.
#[derive(Clone)]
pub struct Closing {
    /// The tables that `accounts`, `keys`, `stores` and `subscriptions` are adapters of.
    pub tables: Client,
    /// Accounts and their applications.
    pub accounts: Accounts,
    /// The ledger of consents.
    pub consents: Consents,
    /// Keys.
    pub keys: Keys,
    /// Stores and grants.
    pub stores: Stores,
    /// Subscriptions.
    pub subscriptions: Subscriptions,
    /// Legal holds.
    pub holds: Holds,
    /// What was erased.
    pub tombstones: Tombstones,
    /// The data keys of applications; none is wrapped or unwrapped here.
    pub data_keys: DataKeys,
    /// Credentials.
    pub vault: Vault,
    /// Where the rest of an off-boarding is done.
    pub offboardings: Queue<OffboardingMessage>,
    /// Where mails are sent.
    pub mails: Queue<MailMessage>,
    /// The clock.
    pub clock: Clock,
}

impl Closing {
    /// Begins the off-boarding of a store (`privacy.md` D.10), or makes sure that all of its beginning was done: no key reaches it, its
    /// credential is destroyed, the rest is in the queue. `farewell` may use the credential once more before that. Nothing where `account` has
    /// no such store, or none any more.
    ///
    /// # Errors
    /// [`Unavailable`] where a table, the vault or the queue cannot be asked.
    pub async fn store(
        &self,
        by: &By<'_>,
        account: &AccountId,
        store: &StoreId,
        farewell: impl AsyncFn(&StoreItem),
    ) -> Result<Option<StoreItem>, Unavailable> {
        let Some(store) = self.stores.of_account(account, store).await? else { return Ok(None) };
        let now = self.clock.now();
        let end = now.as_second() + LAST_RESORT;
        let grants = self.stores.grants(&store.id).await?;
        let mut facts: Vec<_> = self.stores.disconnecting(&store, now, end).into();
        facts.extend(grants.iter().map(|grant| self.stores.revoking(&store.id, &grant.application, now, Some(end))));
        let applications: Vec<ApplicationId> = grants.into_iter().map(|grant| grant.application).collect();
        match self.keys.bite(facts, &applications).await {
            Ok(()) => {}
            // It is gone: somebody else disconnected it and the queue was quick.
            Err(TransactionError::Condition(0)) => return Ok(None),
            Err(TransactionError::Condition(_)) => return Err(Unavailable),
            Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable),
        }
        farewell(&store).await;
        self.vault.destroy(&store.id).await.map_err(|_| Unavailable)?;
        self.offboardings.send(&OffboardingMessage::for_store(&store)).await?;
        if store.state == StoreState::Connected {
            for event in [SecurityEvent::StoreDisconnected, SecurityEvent::CredentialDestroyed] {
                by.note(account, event, Concerning { store: Some(store.id.clone()), ..Concerning::default() });
            }
        }
        let disconnected_at = store.disconnected_at.or(Some(now));
        Ok(Some(StoreItem { state: StoreState::Disconnecting, disconnected_at, ..store }))
    }

    /// Deletes an application of `account` and revokes its keys, all at once: no key outlives what holds it. Its subscriptions go first, so that
    /// one that is made meanwhile is found by asking again. One that is gone already is no error. One that is `held` stays, and nothing of it works
    /// any more; who knows of no holds closes none that is.
    ///
    /// # Errors
    /// [`ClosingError::Changed`] where a key or a subscription was added meanwhile, [`ClosingError::Held`], [`ClosingError::Unavailable`].
    pub async fn application(
        &self,
        by: &By<'_>,
        account: &AccountId,
        application: &ApplicationId,
        held: Option<&Held>,
    ) -> Result<(), ClosingError> {
        let keeps = match held {
            Some(held) => held.application(application).next().is_some(),
            None if self.holds.of(account, self.clock.now()).await?.application(application).next().is_some() => {
                return Err(ClosingError::Held);
            }
            None => false,
        };
        self.subscriptions(account, application).await?;
        let mut live = self.keys.all_of_application(application).await?;
        live.retain(ShownKeyItem::is_live);
        if keeps {
            for key in &live {
                self.revoke(key).await?;
            }
            return Ok(());
        }
        let mut parts: Vec<_> = self.accounts.deleting_application(account, application, live.len()).into();
        parts.extend(live.iter().flat_map(|key| self.keys.revoking(key)));
        parts.push(self.tombstones.remembering(Erased::Application(application), self.clock.now()));
        match transaction::write(&self.tables, parts).await {
            Ok(()) => {}
            // Somebody else was faster: what was asked for is done.
            Err(TransactionError::Condition(0)) => return Ok(()),
            // What was held while its account was erased: there is no count of applications any more.
            Err(TransactionError::Condition(2)) if self.accounts.get(account).await?.is_none() => {
                let [item, owner, _] = self.accounts.deleting_application(account, application, live.len());
                let tombstone = self.tombstones.remembering(Erased::Application(application), self.clock.now());
                transaction::write(&self.tables, vec![item, owner, tombstone]).await.map_err(|_| Unavailable)?;
            }
            Err(TransactionError::Condition(_)) => {
                return Err(ClosingError::Changed("application's keys or subscriptions"));
            }
            Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
        for key in live {
            let (key, application) = (Some(key.id), Some(application.clone()));
            by.note(account, SecurityEvent::KeyRevoked, Concerning { key, application, ..Concerning::default() });
        }
        Ok(())
    }

    /// Revokes a key, and makes room for another one where whoever holds it is still there.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn revoke(&self, key: &ShownKeyItem) -> Result<(), Unavailable> {
        let mut parts: Vec<_> = self.keys.revoking(key).into();
        parts.extend(self.keys.making_room(key));
        match transaction::write(&self.tables, parts).await {
            // Revoked before, by whoever.
            Ok(()) | Err(TransactionError::Condition(_)) => Ok(()),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// Deletes all subscriptions of an application, and shreds their secrets.
    async fn subscriptions(&self, account: &AccountId, application: &ApplicationId) -> Result<(), ClosingError> {
        let items = self.subscriptions.all(application).await?;
        for some in items.chunks(DELETED_AT_ONCE) {
            let ids: Vec<&SubscriptionId> = some.iter().map(|item| &item.id).collect();
            let mut parts: Vec<_> = ids.iter().map(|id| self.subscriptions.deleting(application, id)).collect();
            parts.extend(self.accounts.dropping_subscriptions(account, application, &ids));
            match transaction::write(&self.tables, parts).await {
                Ok(()) => {}
                Err(TransactionError::Condition(_)) => {
                    return Err(ClosingError::Changed("application's subscriptions"));
                }
                Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable.into()),
            }
        }
        Ok(self.data_keys.destroy(application).await?)
    }

    /// Closes an account: off-boards its stores, deletes its applications, revokes its keys, tells its owner, erases it. What holds of
    /// `farewell` is what [`Closing::store`] says.
    ///
    /// # Errors
    /// [`ClosingError`] says what is in the way of the rest.
    pub async fn account(
        &self,
        by: &By<'_>,
        account: &AccountItem,
        manner: Manner<'_>,
        farewell: impl AsyncFn(&StoreItem),
    ) -> Result<(), ClosingError> {
        let Manner { mail, last_key, budget, held } = manner;
        if held.is_none() && !self.holds.of(&account.id, self.clock.now()).await?.is_empty() {
            return Err(ClosingError::Held);
        }
        let nothing = Held::default();
        let held = held.unwrap_or(&nothing);
        let enough = || if budget.left() > WORTHWHILE { Ok(()) } else { Err(ClosingError::Unfinished) };
        let mut cursor = None;
        loop {
            let request = PageRequest { per_page: MAX_PER_PAGE, cursor };
            let page = self.accounts.stores(&account.id, &request).await;
            // A cursor that this very loop was given is never refused.
            let stores = page.map_err(|error| match error {
                PageError::Unavailable(unavailable) => unavailable,
                PageError::Cursor => Unavailable,
            })?;
            for store in &stores.items {
                enough()?;
                self.store(by, &account.id, store, &farewell).await?;
            }
            cursor = stores.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        for application in self.accounts.all_applications(&account.id).await? {
            enough()?;
            self.application(by, &account.id, &application.id, Some(held)).await?;
        }
        let keys = self.keys.all_of_account(&account.id).await?;
        let (last, others): (Vec<_>, Vec<_>) =
            keys.into_iter().filter(ShownKeyItem::is_live).partition(|key| Some(&key.id) == last_key);
        for key in &others {
            enough()?;
            match transaction::write(&self.tables, self.keys.revoking(key).into()).await {
                Ok(()) | Err(TransactionError::Condition(0)) => {}
                Err(_) => return Err(Unavailable.into()),
            }
        }
        // Before the end, because there is no address to write to after it.
        let id = MessageId::from_uuid(self.clock.new_id());
        self.mails.send(&MailMessage::plain(id, mail, account.email.clone())).await?;
        // The ledger stays as proof for its time, under an id that leads to nobody once the account is gone.
        self.consents.ending(&Subject::Account(account.id.clone()), self.clock.now()).await?;
        let mut parts = self.erasing(account).await?;
        parts.push(self.tombstones.remembering(Erased::Account(&account.id), self.clock.now()));
        parts.extend(last.iter().flat_map(|key| self.keys.revoking(key)));
        transaction::write(&self.tables, parts).await.map_err(|_| Unavailable)?;
        let closed = Concerning { key: last_key.cloned(), ..Concerning::default() };
        by.note(&account.id, SecurityEvent::AccountClosed, closed);
        Ok(())
    }
    /// Sets an account aside that a legal hold keeps, once all else of it is closed: its address leads nowhere, so that who comes back begins anew, and
    /// nobody is reminded of it. Done again, it changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn set_aside(&self, account: &AccountItem) -> Result<(), Unavailable> {
        if account.closing_since.is_none() && !self.accounts.begin_closing(account, self.clock.now()).await? {
            // It was used since it was read; what is done again finds it as it stands.
            return Err(Unavailable);
        }
        let [_, address] = self.accounts.erasing(account);
        if self.has_address(account).await? {
            transaction::write(&self.tables, vec![address]).await.map_err(|_| Unavailable)?;
        }
        Ok(())
    }

    /// The writes that erase an account with what it agreed to, and its address where that leads to it.
    async fn erasing(&self, account: &AccountItem) -> Result<Vec<Part>, Unavailable> {
        let [item, address] = self.accounts.erasing(account);
        let mut parts = self.accounts.forgetting(&self.accounts.agreements(&account.id).await?);
        parts.push(item);
        if self.has_address(account).await? {
            parts.push(address);
        }
        Ok(parts)
    }

    /// Whether its address leads to an account: that of one that was set aside may be another's by now.
    async fn has_address(&self, account: &AccountItem) -> Result<bool, Unavailable> {
        Ok(self.accounts.of_address(&account.email).await?.is_some_and(|found| found.id == account.id))
    }
}
