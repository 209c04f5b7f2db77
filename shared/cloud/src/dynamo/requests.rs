//! Requests of people about their own data (table `privacy`), and what proves who asks (table `verifications`).
//!
//! A request's record is the whole truth about it: where it is, what it owes, by when. A step is one transaction: the record with its version, the
//! lock of the person and kind where the step takes or gives it back, its line in the list of open requests, and what the caller adds. What has to
//! happen outside the table is noted in the record (`outbox`) by the same write, and struck out when it has happened; until then a sweep reminds.

mod following;
mod item;

use domain::{
    id::{AccountId, KeyId, PrivacyRequestId},
    request::{Evidence, Letter, Next, Refused, Step, due, life::Lock, step},
};
use jiff::Timestamp;

pub use domain::request::CorrectedField;
pub use item::{Correction, Debt, LockItem, NewRequest, OpenItem, Owed, SubjectRequestItem, VerificationItem};

use super::{
    Client, Unavailable, key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, Part, TransactionError, number, put, text},
};

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceError {
    /// It does not follow from where the request is.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The request was changed since it was read; read it again.
    #[error("the request was changed meanwhile")]
    Changed,
    /// The table could not be asked.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a step brings with it.
#[derive(Default)]
pub struct With {
    /// The person that was proven, by the account, and how surely.
    pub proven: Option<(Option<AccountId>, Evidence)>,
    /// Who of ours decides, by their key.
    pub by: Option<KeyId>,
    /// What is written in the same transaction.
    pub parts: Vec<Part>,
}

/// The requests in the tables `privacy` and `verifications`.
#[derive(Clone)]
pub struct Requests {
    client: Client,
    table: String,
    verifications: String,
}

impl Requests {
    /// Adapter over the tables.
    #[must_use]
    pub fn new(client: Client, table: String, verifications: String) -> Self {
        Self { client, table, verifications }
    }

    /// Opens a request, with what will prove who asks; `also` is written in the same transaction. False where the request is there already, or
    /// a condition of `also` does not hold.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn open(
        &self,
        request: &SubjectRequestItem,
        proof: Option<&VerificationItem>,
        also: Vec<Part>,
    ) -> Result<bool, Unavailable> {
        let mut parts = vec![put(&self.table, request).condition_expression("attribute_not_exists(pk)")];
        parts.push(put(&self.table, &OpenItem::of(request, request.received_at)));
        parts.extend(proof.map(|proof| put(&self.verifications, proof)));
        parts.extend(also);
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// A request.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, id: &PrivacyRequestId) -> Result<Option<SubjectRequestItem>, Unavailable> {
        let (pk, sk) = (key::subject_request(id), key::REQUEST.to_owned());
        get(&self.client, &self.table, "requests", pk, sk).await
    }

    /// What proves who asks, until the request has ended.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn proof(&self, id: &PrivacyRequestId) -> Result<Option<VerificationItem>, Unavailable> {
        let (pk, sk) = (key::subject_request(id), key::REQUEST.to_owned());
        get(&self.client, &self.verifications, "verifications", pk, sk).await
    }

    /// Takes a step. Where the step needs the lock and another request has it, the request is merged into that one.
    ///
    /// # Errors
    /// [`AdvanceError`] says why nothing was written.
    pub async fn advance(
        &self,
        request: &SubjectRequestItem,
        taken: Step,
        with: With,
        now: Timestamp,
    ) -> Result<SubjectRequestItem, AdvanceError> {
        let mut read = request.clone();
        if let Some((account, evidence)) = with.proven {
            read.account = account;
            read.reached = evidence.level();
            read.verified_at = Some(now);
        }
        match (taken, with.by) {
            // Two that look are two people.
            (Step::Approve, Some(by)) if read.approved_by.contains(&by) => return Err(Refused::SameReviewer.into()),
            (Step::Approve, Some(by)) => read.approved_by.push(by),
            (Step::Deny(_), by) => read.refused_by = by,
            _ => {}
        }
        let next = step(&read.facts(), taken, now)?;
        match self.write(&read, next, with.parts.clone(), now).await {
            Err(Written::Locked(holder)) => {
                let next = step(&read.facts(), Step::Merge, now)?;
                read.merged_into = Some(holder);
                self.write(&read, next, with.parts, now).await.map_err(|error| match error {
                    Written::Locked(_) | Written::Changed => AdvanceError::Changed,
                    Written::Unavailable(unavailable) => unavailable.into(),
                })
            }
            Err(Written::Changed) => Err(AdvanceError::Changed),
            Err(Written::Unavailable(unavailable)) => Err(unavailable.into()),
            Ok(item) => Ok(item),
        }
    }

    async fn write(
        &self,
        read: &SubjectRequestItem,
        next: Next,
        also: Vec<Part>,
        now: Timestamp,
    ) -> Result<SubjectRequestItem, Written> {
        let item = read.after(next, now);
        // The lock comes first, so that its place among the parts tells that it is what failed.
        let mut parts: Vec<Part> = self.locking(read, next.lock).into_iter().collect();
        let takes_lock = next.lock == Lock::Take && !parts.is_empty();
        parts.push(self.putting(&item, read.version));
        parts.push(self.listing(&item, now));
        if next.purges {
            let proof = Part::delete().table_name(&self.verifications);
            parts.push(proof.key("pk", text(item.pk.clone())).key("sk", text(key::REQUEST)));
        }
        parts.extend(also);
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(item),
            Err(TransactionError::Condition(0)) if takes_lock => match self.holder(read).await {
                Ok(Some(holder)) if holder != read.id => Err(Written::Locked(holder)),
                // It was given back meanwhile, or this request's own write came through before.
                Ok(_) => Err(Written::Changed),
                Err(unavailable) => Err(Written::Unavailable(unavailable)),
            },
            Err(TransactionError::Condition(_)) => Err(Written::Changed),
            Err(TransactionError::Unavailable(unavailable)) => Err(Written::Unavailable(unavailable)),
        }
    }

    /// Takes more time, as far as the law knows it, and owes the person a letter about that.
    ///
    /// # Errors
    /// As [`Requests::advance`]; [`Refused::Late`] where no more time may be taken.
    pub async fn extend(
        &self,
        request: &SubjectRequestItem,
        now: Timestamp,
    ) -> Result<SubjectRequestItem, AdvanceError> {
        if !request.state.is_owed() {
            return Err(Refused::State.into());
        }
        let mut item = request.clone();
        item.due_at = due::extended(request.due_at, request.extendable_to, now).ok_or(Refused::Late)?;
        item.extendable_to = None;
        item.extended_at = Some(now);
        item.owe(Debt::Letter(Letter::Extended));
        self.replace(item, now).await
    }

    /// Strikes out what has happened, and notes what else the caller has changed in the record.
    ///
    /// # Errors
    /// As [`Requests::advance`]; no step is refused.
    pub async fn settled(
        &self,
        request: &SubjectRequestItem,
        done: &[Owed],
        now: Timestamp,
    ) -> Result<SubjectRequestItem, AdvanceError> {
        let mut item = request.clone();
        item.outbox.retain(|owed| !done.contains(owed));
        item.forget_if_settled();
        self.replace(item, now).await
    }

    /// Notes what the caller has changed in the record, and what is owed on top of it; no step is taken.
    ///
    /// # Errors
    /// As [`Requests::advance`]; no step is refused.
    pub async fn note(
        &self,
        changed: &SubjectRequestItem,
        owes: Option<Debt>,
        now: Timestamp,
    ) -> Result<SubjectRequestItem, AdvanceError> {
        let mut item = changed.clone();
        if let Some(what) = owes {
            item.owe(what);
        }
        self.replace(item, now).await
    }

    /// Puts the record in place of the version that it names.
    async fn replace(&self, mut item: SubjectRequestItem, now: Timestamp) -> Result<SubjectRequestItem, AdvanceError> {
        let read = item.version;
        item.version += 1;
        let parts = vec![self.putting(&item, read), self.listing(&item, now)];
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(item),
            Err(TransactionError::Condition(_)) => Err(AdvanceError::Changed),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable.into()),
        }
    }

    /// A page of the requests that have not ended, or still owe something, in the order in which they came in.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn open_page(&self, request: &PageRequest) -> Result<Page<OpenItem>, PageError> {
        let list = List { name: "open-requests", of: "-" };
        let (client, table) = (&self.client, self.table.as_str());
        let range = Range { client, table, pk: key::OPEN_REQUESTS.to_owned(), prefix: key::PRIVACY_REQUESTS };
        range.page(&list, request).await
    }

    /// The write of a request in place of the version that was read.
    fn putting(&self, item: &SubjectRequestItem, read: u64) -> Part {
        put(&self.table, item)
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(read))
    }

    /// The write of its line in the list of open requests, or the end of that line.
    fn listing(&self, item: &SubjectRequestItem, now: Timestamp) -> Part {
        if !item.state.is_end() || !item.outbox.is_empty() {
            return put(&self.table, &OpenItem::of(item, now));
        }
        let line = Part::delete().table_name(&self.table).key("pk", text(key::OPEN_REQUESTS));
        line.key("sk", text(key::privacy_request(&item.id)))
    }

    /// The write that takes or gives back the lock. A person without an account here has nothing that could be worked on twice.
    fn locking(&self, item: &SubjectRequestItem, lock: Lock) -> Option<Part> {
        let pk = key::request_lock(item.account.as_ref()?, item.kind);
        match lock {
            Lock::Keep => None,
            Lock::Take => {
                let held = LockItem { pk, sk: key::ALONE.to_owned(), v: 1, request: item.id.clone() };
                Some(put(&self.table, &held).condition_expression("attribute_not_exists(pk)"))
            }
            Lock::Release => Some(
                Part::delete()
                    .table_name(&self.table)
                    .key("pk", text(pk))
                    .key("sk", text(key::ALONE))
                    .condition_expression("#request = :request")
                    .expression_attribute_names("#request", "request")
                    .expression_attribute_values(":request", text(item.id.as_str())),
            ),
        }
    }

    /// Which request holds the lock of this one's person and kind.
    async fn holder(&self, item: &SubjectRequestItem) -> Result<Option<PrivacyRequestId>, Unavailable> {
        let Some(account) = &item.account else { return Ok(None) };
        let pk = key::request_lock(account, item.kind);
        let lock: Option<LockItem> = get(&self.client, &self.table, "requests", pk, key::ALONE.to_owned()).await?;
        Ok(lock.map(|lock| lock.request))
    }
}

/// Why a step was not written.
enum Written {
    Locked(PrivacyRequestId),
    Changed,
    Unavailable(Unavailable),
}
