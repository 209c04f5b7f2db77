//! What stands in the tables of a request.

use std::collections::BTreeMap;

use domain::{
    account::EmailAddress,
    id::{AccountId, KeyId, MessageId, PrivacyRequestId},
    privacy::KEPT,
    request::{
        Channel, CorrectedField, Deadlines, Doubt, Factor, Facts, Ground, Kind, Language, Letter, Level, Next, Regime,
        State, deadlines, life, required,
    },
};
use jiff::{SignedDuration, Timestamp};
use personal_data::PersonalData;

use crate::dynamo::{key, proofs::LINK_LIFE};

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
    /// When we took it: from then on the mailed link can be followed, for [`LINK_LIFE`].
    pub taken_at: Timestamp,
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
        let NewRequest { id, kind, channel, regime, language, received_at, taken_at, email, corrections, partner } =
            new;
        let link_until = taken_at.saturating_add(SignedDuration::from_secs(LINK_LIFE)).unwrap_or(Timestamp::MAX);
        let (state, waits_until, letter) = life::begin(kind, link_until);
        let blank = Self::blank(id, kind, (channel, regime, language), received_at);
        let mut item = Self { state, waits_until, email: Some(email), corrections, partner, ..blank };
        item.owe(Debt::Letter(letter));
        if state.is_at_work() {
            item.owe(Debt::Begin);
        }
        item
    }

    /// Forgets the letters that it owes: to an address that has had its share, or that cannot be told to be the asker's.
    #[must_use]
    pub fn unanswered(mut self) -> Self {
        self.outbox.retain(|owed| !matches!(owed.what, Debt::Letter(_)));
        self
    }

    /// The number of the letter, of a request that has just come in, whose link proves the mailbox. Nothing for what is not mailed, or needs no
    /// proof.
    #[must_use]
    pub fn link(&self) -> Option<u32> {
        self.outbox.first().filter(|_| !self.kind.is_at_once()).map(|owed| owed.number)
    }

    /// A request of nobody yet, with its dates.
    pub(super) fn blank(
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

    pub(super) fn owe(&mut self, what: Debt) {
        self.outbox.push(Owed { number: self.owed, what });
        self.owed += 1;
    }

    /// The record after a step, one version on.
    pub(super) fn after(&self, next: Next, now: Timestamp) -> Self {
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
    pub(super) fn forget_if_settled(&mut self) {
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
    pub(super) fn of(item: &SubjectRequestItem, now: Timestamp) -> Self {
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
