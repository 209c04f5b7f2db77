//! Requests of people about their own data (table `privacy`), and what proves who asks (table `verifications`).
//!
//! A request's record is the whole truth about it: where it is, what it owes, by when. A step is one transaction: the record with its version, the
//! lock of the person and kind where the step takes or gives it back, its line in the list of open requests, and what the caller adds. What has to
//! happen outside the table is noted in the record (`outbox`) by the same write, and struck out when it has happened; until then a sweep reminds.

mod following;

use std::collections::BTreeMap;

use domain::{
    account::EmailAddress,
    id::{AccountId, KeyId, MessageId, PrivacyRequestId},
    privacy::KEPT,
    request::{
        Channel, Deadlines, Doubt, Evidence, Factor, Facts, Ground, Kind, Language, Letter, Level, Next, Refused,
        Regime, State, Step, deadlines, due,
        life::{self, Lock},
        required, step,
    },
};
use jiff::Timestamp;
use personal_data::PersonalData;

pub use domain::request::CorrectedField;

use super::{
    Client, Unavailable, key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, Part, TransactionError, number, put, text},
};

/// A request.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = AccountUser, link = "email", role = Controller, region = Pinned)]
pub struct SubjectRequestItem {
    /// `request#` and the request's id.
    #[pd(none)]
    pub pk: String,
    /// Always `request`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The request.
    #[pd(none)]
    pub id: PrivacyRequestId,
    /// How often it was written; each write names the one that it has read.
    #[pd(none)]
    pub version: u64,
    /// What is asked.
    #[pd(none)]
    pub kind: Kind,
    /// How it came in.
    #[pd(none)]
    pub channel: Channel,
    /// Under which law. The country and state that were given are not kept.
    #[pd(none)]
    pub regime: Regime,
    /// In which language the person is answered.
    #[pd(none)]
    pub language: Language,
    /// Where it is.
    #[pd(none)]
    pub state: State,
    /// Until when that waits by itself.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Timestamp>,
    /// How surely it must be known who asks.
    #[pd(none)]
    pub required: Level,
    /// How surely it is known.
    #[pd(none)]
    pub reached: Level,
    /// How many people of ours have approved it.
    #[pd(none)]
    pub approvals: u8,
    /// When it came in: all clocks start here.
    #[pd(none)]
    pub received_at: Timestamp,
    /// By when we mean to answer.
    #[pd(none)]
    pub target_at: Timestamp,
    /// By when it must be answered.
    #[pd(none)]
    pub due_at: Timestamp,
    /// To when that may be extended; nothing where it may not, or was.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extendable_to: Option<Timestamp>,
    /// When who asks was proven.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When the answer was there, or all that was asked was done.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When it ended.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// On which ground it was refused.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// Who of ours has approved it, by their keys.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<KeyId>,
    /// Who of ours has refused it, by their key; an appeal is another's to decide (R069).
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<KeyId>,
    /// When more time was taken, which the person was told.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_at: Option<Timestamp>,
    /// The request that answers this one too.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<PrivacyRequestId>,
    /// Where the person is written to. Nothing once the request has ended and its last letter is on its way.
    #[pd(cat = "user.contact.email", origin = Provided, basis = LegalObligation, purpose(Messages, Security), retain = "request", erase = Blank, export = Yes, identity = Email)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// The account that the person was proven to be the owner of.
    #[pd(cat = "user.unique_id", origin = Derived, basis = LegalObligation, purpose(Security), retain = "request", erase = Blank, export = Yes, identity = Account)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What is to be corrected, as it was given.
    #[pd(cat = "user.content.private", origin = Provided, basis = LegalObligation, purpose(Account), retain = "request", erase = Blank, export = Yes)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// Which agent or controller sent it, by its own name for itself; nothing for a person. An organisation of ours, not a person.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// How often the answer was fetched.
    #[pd(none)]
    #[serde(default)]
    pub downloads: u32,
    /// What has to happen outside the table, in this order.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Owed>,
    /// How much was ever put into the outbox: the next one's number.
    #[pd(none)]
    pub owed: u32,
    /// When the record is deleted, in unix seconds: 24 months after its end (11 CCR 7101); nothing before.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// Something to be corrected (R055).
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// What of the account.
    pub field: CorrectedField,
    /// What it should be; checked when it was given.
    pub value: String,
}

/// Something that has to happen outside the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owed {
    /// Which one of the request's, counted from 0.
    pub number: u32,
    /// What.
    pub what: Debt,
}

/// What can have to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Debt {
    /// A letter to the person.
    Letter(Letter),
    /// Work on every place begins, or begins anew.
    Begin,
}

/// What comes in.
pub struct NewRequest {
    /// Its id.
    pub id: PrivacyRequestId,
    /// What is asked.
    pub kind: Kind,
    /// How it came in.
    pub channel: Channel,
    /// Under which law.
    pub regime: Regime,
    /// In which language the person is answered.
    pub language: Language,
    /// When it came in.
    pub received_at: Timestamp,
    /// Until when the mailed link can be followed.
    pub link_until: Timestamp,
    /// Where the person is written to.
    pub email: EmailAddress,
    /// What is to be corrected.
    pub corrections: Vec<Correction>,
    /// Which agent or controller sent it.
    pub partner: Option<String>,
}

impl SubjectRequestItem {
    /// A request that has just come in.
    #[must_use]
    pub fn new(new: NewRequest) -> Self {
        let NewRequest { id, kind, channel, regime, language, received_at, link_until, email, corrections, partner } =
            new;
        let (state, waits_until, letter) = life::begin(kind, link_until);
        let blank = Self::blank(id, kind, (channel, regime, language), received_at);
        let mut item = Self { state, waits_until, email: Some(email), corrections, partner, ..blank };
        item.owe(Debt::Letter(letter));
        if state.is_at_work() {
            item.owe(Debt::Begin);
        }
        item
    }

    /// A request of nobody yet, with its dates.
    fn blank(
        id: PrivacyRequestId,
        kind: Kind,
        (channel, regime, language): (Channel, Regime, Language),
        received_at: Timestamp,
    ) -> Self {
        let Deadlines { target, due, extendable_to, .. } = deadlines(kind, regime, received_at);
        Self {
            pk: key::subject_request(&id),
            sk: key::REQUEST.to_owned(),
            v: 1,
            id,
            version: 0,
            kind,
            channel,
            regime,
            language,
            state: State::AwaitingVerification,
            waits_until: None,
            required: required(kind, Doubt::default()),
            reached: Level::Unproven,
            approvals: 0,
            received_at,
            target_at: target,
            due_at: due,
            extendable_to,
            verified_at: None,
            delivered_at: None,
            ended_at: None,
            ground: None,
            approved_by: Vec::new(),
            refused_by: None,
            extended_at: None,
            merged_into: None,
            email: None,
            account: None,
            corrections: Vec::new(),
            partner: None,
            downloads: 0,
            outbox: Vec::new(),
            owed: 0,
            expires_at: None,
        }
    }

    /// What the rules need to know of it.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let Self { kind, state, required, approvals, due_at, waits_until, .. } = *self;
        Facts { kind, state, required, approvals, due: due_at, waits_until }
    }

    /// The mail of a letter that it owes: the same one however often it is sent.
    #[must_use]
    pub fn message_of(&self, owed: Owed) -> MessageId {
        MessageId::of_letter(&self.id, owed.number)
    }

    fn owe(&mut self, what: Debt) {
        self.outbox.push(Owed { number: self.owed, what });
        self.owed += 1;
    }

    /// The record after a step, one version on.
    fn after(&self, next: Next, now: Timestamp) -> Self {
        let mut item = self.clone();
        item.version += 1;
        item.state = next.state;
        item.waits_until = next.waits_until;
        item.approvals = next.approvals;
        item.due_at = next.due.unwrap_or(item.due_at);
        item.ground = next.ground.or(item.ground);
        if let Some(letter) = next.letter {
            item.owe(Debt::Letter(letter));
        }
        if next.begins {
            item.owe(Debt::Begin);
        }
        if next.state == State::Delivered {
            item.delivered_at = Some(now);
        }
        if next.state.is_end() {
            item.ended_at = Some(now);
            item.expires_at = Some(now.as_second() + KEPT);
            item.forget_if_settled();
        }
        item
    }

    /// Blanks what identifies the person, once the request has ended and owes no letter any more.
    fn forget_if_settled(&mut self) {
        if self.state.is_end() && self.outbox.is_empty() {
            self.email = None;
            self.account = None;
            self.corrections = Vec::new();
        }
    }
}

/// A request's line in the list of those that have not ended, or still owe something: what a sweep and an officer look through.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct OpenItem {
    /// Always `open`.
    #[pd(none)]
    pub pk: String,
    /// `request#` and the request's id: the list is in the order in which they came in.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The request.
    #[pd(none)]
    pub id: PrivacyRequestId,
    /// What is asked.
    #[pd(none)]
    pub kind: Kind,
    /// Under which law.
    #[pd(none)]
    pub regime: Regime,
    /// How it came in.
    #[pd(none)]
    pub channel: Channel,
    /// Where it is.
    #[pd(none)]
    pub state: State,
    /// When it came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// By when it must be answered.
    #[pd(none)]
    pub due_at: Timestamp,
    /// Until when its state waits by itself.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Timestamp>,
    /// When it was last written.
    #[pd(none)]
    pub written_at: Timestamp,
    /// Whether it owes something outside the table.
    #[pd(none)]
    pub owes: bool,
}

impl OpenItem {
    fn of(item: &SubjectRequestItem, now: Timestamp) -> Self {
        Self {
            pk: key::OPEN_REQUESTS.to_owned(),
            sk: key::privacy_request(&item.id),
            v: 1,
            id: item.id.clone(),
            kind: item.kind,
            regime: item.regime,
            channel: item.channel,
            state: item.state,
            received_at: item.received_at,
            due_at: item.due_at,
            waits_until: item.waits_until,
            written_at: now,
            owes: !item.outbox.is_empty(),
        }
    }
}

/// That a request is the one that is carried out for a person and kind.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct LockItem {
    /// `lock#`, the account and the kind.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The request that holds it.
    #[pd(none)]
    pub request: PrivacyRequestId,
}

/// What proves who asks. In a table without backups: it is gone with the request's end (R068).
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "verifications", subject = AccountUser, link = "pk", role = Controller, region = Pinned)]
pub struct VerificationItem {
    /// `request#` and the request's id.
    #[pd(none)]
    pub pk: String,
    /// Always `request`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// A hash of the token in the newest mailed link; nothing once it was followed.
    #[pd(cat = "user.authorization.credentials", origin = Assigned, basis = LegalObligation, purpose(Security), retain = "proof", erase = Delete, export = Never)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A keyed hash of the six digits that were shown to who asked; nothing where nobody was shown any, because an agent asked for the person.
    #[pd(cat = "user.authorization.credentials", origin = Assigned, basis = LegalObligation, purpose(Security), retain = "proof", erase = Delete, export = Never)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A hash of what the browser of who asked shows to see the request.
    #[pd(cat = "user.authorization.credentials", origin = Assigned, basis = LegalObligation, purpose(Security), retain = "proof", erase = Delete, export = Never)]
    pub session: String,
    /// Keyed hashes of what was given to be compared with what is held. Gone as soon as who asks is proven, or cannot be.
    #[pd(cat = "user.unique_id.pseudonymous", origin = Derived, basis = LegalObligation, purpose(Security), retain = "proof", erase = Delete, export = Never)]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub factors: BTreeMap<Factor, String>,
    /// Whether it was declared, under penalty of perjury, to be the person.
    #[pd(none)]
    #[serde(default)]
    pub declared: bool,
    /// How often somebody tried to prove to be the person. It outlives every code and link of the request.
    #[pd(none)]
    pub attempts: u32,
    /// How many links were mailed.
    #[pd(none)]
    pub links: u32,
    /// Whether the mailbox was proven.
    #[pd(none)]
    pub mailbox: bool,
    /// When the item is deleted, in unix seconds, should the request's end not have done it.
    #[pd(none)]
    pub expires_at: i64,
}

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
