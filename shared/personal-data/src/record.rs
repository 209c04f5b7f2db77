//! What one kind of stored record says about each of its attributes.

/// A type that is stored, and says of every attribute it writes whether it is personal data.
///
/// Implemented by `#[derive(PersonalData)]` only: the derive is what refuses an attribute without an annotation.
pub trait PersonalData {
    /// The record's entry in the data map.
    const RECORD: Record;
}

/// One kind of record: where it rests, whom it is about, and each attribute it can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name of the Rust type, for messages and documents.
    pub name: &'static str,
    /// The short name of the resource it rests in: the table `accounts`, the queue `mail`.
    pub store: &'static str,
    /// Whom it is about.
    pub subject: Subject,
    /// The attribute that leads to the subject; empty when the subject is [`Subject::Nobody`].
    pub link: &'static str,
    /// In which role we hold it.
    pub role: Role,
    /// Where it may rest.
    pub region: Region,
    /// Each attribute, by its stored name.
    pub fields: &'static [Field],
    /// Attributes whose names are only known at run time, by their fixed prefix.
    pub families: &'static [Family],
}

/// One stored attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name under which it is stored.
    pub attribute: &'static str,
    /// What it holds.
    pub content: Content,
}

/// Attributes named at run time: a fixed prefix followed by digits (`f35273` counts the calls of one time bucket).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// What every name of the family starts with; only decimal digits may follow.
    pub prefix: &'static str,
    /// What each of them holds.
    pub content: Content,
}

/// Whether an attribute is personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing personal: ids, states, counters, times.
    None,
    /// Personal data, with everything the law asks about it.
    Personal(Personal),
}

/// Everything that has to be known about one attribute of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Personal {
    /// The fideslang data category, such as `user.contact.email`, so that outsiders can read the map.
    pub category: &'static str,
    /// Where we have it from.
    pub origin: Origin,
    /// The legal basis of holding it.
    pub basis: Basis,
    /// What it may be used for; never empty.
    pub purposes: &'static [Purpose],
    /// How long it is kept.
    pub retain: Retention,
    /// What an erasure does with it.
    pub erase: Erase,
    /// Whether its subject's export contains it.
    pub export: Export,
    /// Set when it identifies its subject, so that a request starts by looking for it.
    pub identity: Option<Identity>,
}

/// Whom a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The person who signed up for an account (R001).
    AccountUser,
    /// The person or business whose store is connected (R012).
    Merchant,
    /// A customer of a connected store (R013: passes through, rests nowhere).
    Shopper,
    /// Somebody without an account who wrote to us, or agreed to be written to (R004, R009).
    Contact,
    /// Whoever sat at the source address of a call (R095).
    Caller,
    /// No person: such a record may hold no personal attribute.
    Nobody,
}

/// In which role we hold a record (GDPR Art. 4(7) and 4(8)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We decide why and how.
    Controller,
    /// A merchant decides; we act on instruction.
    Processor,
    /// Both, such as a store's credential: the merchant's data, kept by our own choice of means.
    Both,
}

/// Where a record may rest. Regions are separate stacks; nothing is copied between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Only in the region that its account or store was fixed to.
    Pinned,
    /// In either region, because it holds nothing personal.
    Anywhere,
}

/// Where an attribute comes from: the "sources" of a right-to-know answer (R036).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The subject gave it.
    Provided,
    /// We saw it while serving a call, such as a source address.
    Observed,
    /// We computed it from other data of the subject, such as a hash.
    Derived,
    /// We made it, such as an id or a key.
    Assigned,
    /// A connected store sent it.
    Upstream,
}

/// The legal basis: GDPR Art. 6(1)(a)–(f), or the instruction of the controller we work for (Art. 28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Art. 6(1)(a).
    Consent,
    /// Art. 6(1)(b).
    Contract,
    /// Art. 6(1)(c).
    LegalObligation,
    /// Art. 6(1)(d).
    VitalInterest,
    /// Art. 6(1)(e).
    PublicTask,
    /// Art. 6(1)(f).
    LegitimateInterest,
    /// Art. 28: the merchant's basis, not ours.
    Instruction,
}

/// What data may be used for. The list is closed (R007): a use that is not here is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Access to the service and its use.
    Account,
    /// Running the service.
    Operation,
    /// Transactions and invoices.
    Billing,
    /// Transactional messages.
    Messages,
    /// Support.
    Support,
    /// Marketing that the person agreed to, by purpose (R009: the ledger of consents says to which).
    Marketing,
    /// Technical notices, security alerts, and defence against abuse (R097).
    Security,
}

/// How long something is kept. `retain = "…"` names one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// `"account"`: as long as its account.
    Account,
    /// `"key"`: until its key is revoked, and 30 days.
    Key,
    /// `"store"`: as long as its store is connected (R012).
    Store,
    /// `"service-log"`: 30 days (R014).
    ServiceLog,
    /// `"security-log"`: 90 days (R095).
    SecurityLog,
    /// `"guard"`: 1 day; counters that slow down guessing.
    Guard,
    /// `"sign-up"`: 1 day; a mailed link that nobody followed.
    SignUp,
    /// `"transit"`: 1 day; inside a queue message.
    Transit,
    /// `"cache"`: 1 day; a store's answer, which is served for minutes and swept within the hour.
    Cache,
    /// `"mail"`: 14 days; a mail that could not be sent waits so long in its dead-letter queue.
    Mail,
    /// `"request"`: as long as a data-subject request is open; what identifies its person goes with its last letter (R068).
    Request,
    /// `"proof"`: what proved the person of a request, until it is closed; a sweep looks a day later (R068).
    Proof,
    /// `"export"`: 7 days; a file with what is held of a person, for that person to fetch (`privacy.md` D.1).
    Export,
    /// `"contact"`: as long as somebody without an account may be written to, or has said that they must not be.
    Contact,
    /// `"consent"`: as long as we know whose consent it is, and three years: what proves that somebody agreed.
    Consent,
    /// `"form"`: three years at most; each kind of form says how long.
    Form,
    /// `"envelope"`: 14 days; which event was delivered where, without what it said.
    Envelope,
}

/// What ends a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Days after it was written.
    Days(u16),
    /// The end of what it belongs to, and this many days.
    LifeAnd(u16),
}

impl Retention {
    /// The limit that the word stands for.
    pub const fn limit(self) -> Limit {
        match self {
            Retention::Account | Retention::Store | Retention::Request | Retention::Contact => Limit::LifeAnd(0),
            Retention::Proof => Limit::LifeAnd(1),
            Retention::Export => Limit::Days(7),
            Retention::Consent => Limit::LifeAnd(1_096),
            Retention::Form => Limit::Days(1_096),
            Retention::Key => Limit::LifeAnd(30),
            Retention::ServiceLog => Limit::Days(30),
            Retention::SecurityLog => Limit::Days(90),
            Retention::Mail | Retention::Envelope => Limit::Days(14),
            Retention::Guard | Retention::SignUp | Retention::Transit | Retention::Cache => Limit::Days(1),
        }
    }

    /// The word used in `retain = "…"`.
    pub const fn name(self) -> &'static str {
        match self {
            Retention::Account => "account",
            Retention::Key => "key",
            Retention::Store => "store",
            Retention::ServiceLog => "service-log",
            Retention::SecurityLog => "security-log",
            Retention::Guard => "guard",
            Retention::SignUp => "sign-up",
            Retention::Transit => "transit",
            Retention::Cache => "cache",
            Retention::Mail => "mail",
            Retention::Request => "request",
            Retention::Proof => "proof",
            Retention::Export => "export",
            Retention::Envelope => "envelope",
            Retention::Contact => "contact",
            Retention::Consent => "consent",
            Retention::Form => "form",
        }
    }
}

/// What an erasure does with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// It is deleted.
    Delete,
    /// Its record stays, the value is blanked.
    Blank,
    /// The data key that seals it is destroyed.
    Shred,
    /// It stays, restricted, until its retention ends: the security exception for logs.
    Expire,
    /// The law obliges us to keep it.
    Keep,
}

/// Whether the subject's export contains an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// It does.
    Yes,
    /// It never does: secrets and what is only about our own defence.
    Never,
}

/// What an attribute identifies its subject by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An account id.
    Account,
}

impl Record {
    /// What the record says about a stored attribute; `None` when it does not know it.
    pub fn content(&self, attribute: &str) -> Option<Content> {
        let field = self.fields.iter().find(|field| field.attribute == attribute).map(|field| field.content);
        field.or_else(|| self.families.iter().find(|family| family.contains(attribute)).map(|family| family.content))
    }

    /// Each personal attribute with what is known about it.
    pub fn personal(&self) -> impl Iterator<Item = (&'static str, Personal)> {
        let fields = self.fields.iter().map(|field| (field.attribute, field.content));
        let families = self.families.iter().map(|family| (family.prefix, family.content));
        fields.chain(families).filter_map(|(name, content)| match content {
            Content::None => None,
            Content::Personal(personal) => Some((name, personal)),
        })
    }
}

impl Family {
    /// Whether an attribute's name belongs to the family.
    pub fn contains(&self, attribute: &str) -> bool {
        attribute
            .strip_prefix(self.prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    }
}
