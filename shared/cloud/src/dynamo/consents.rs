//! The ledger of consents, and people without an account who are in it (table `consents`; `privacy.md` D.11).
//!
//! A partition a subject. Its events are written once and never changed; what holds now stands beside the name and the address that it is about
//! (in the account, or in [`ContactItem`]) and is changed in the same transaction as the ledger. When that record is erased, the events stay as
//! proof for [`PROVEN`] under an id that leads to nobody any more.

use domain::{
    account::{Consents as Agreed, EmailAddress, Line},
    consent::{Change, DoubleOptIn, Form, Purpose, Source, Standing, Subject},
    hex::hex,
    id::{ConsentId, ContactId},
    request::Language,
};
use jiff::Timestamp;
use personal_data::PersonalData;
use sha2::{Digest, Sha256};

use super::{
    Unavailable,
    call::{AttributeValue, Attributes, Client},
    key,
    page::{List, Page, PageError, PageRequest, Range, get},
    sign_ups::LinkToken,
    transaction::{Part, TransactionError, number, put, text, write},
    unavailable, unreadable,
};

/// How long an event is kept once nobody is known by it any more, in seconds: three years, after which no claim about a mail can be made
/// (German Civil Code 195, 199; longer than the US limits).
pub const PROVEN: i64 = 1_096 * 86_400;

/// One change of what a person agrees to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "consents", subject = AccountUser, link = "subject", role = Controller, region = Pinned)]
pub struct ConsentItem {
    /// `account#` or `contact#` and the subject's id.
    #[pd(none)]
    pub pk: String,
    /// `consent#` and the event's id without its prefix: events sort by their time.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The event.
    #[pd(none)]
    pub id: ConsentId,
    /// Whose.
    #[pd(none)]
    pub subject: Subject,
    /// What changed. The pseudonym beside it leads to nobody once the account or the contact is erased, so the proof stays.
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = LegalObligation, purpose(Marketing), retain = "consent", erase = Keep, export = Yes)]
    pub change: Change,
    /// When.
    #[pd(none)]
    pub at: Timestamp,
    /// The form that was filled in.
    #[pd(none)]
    pub form: Form,
    /// The way it came.
    #[pd(none)]
    pub source: Source,
    /// Whether the address was confirmed for it.
    #[pd(none)]
    pub double_opt_in: DoubleOptIn,
    /// The hash of the words that were agreed to; nothing where something ends.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    /// The version of the privacy policy that held; nothing where a link ends something without a form.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<String>,
    /// When it is deleted, in unix seconds; nothing while the subject is known.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// Somebody without an account who agreed to be written to, and confirmed the address.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "consents", subject = Contact, link = "id", role = Controller, region = Pinned)]
pub struct ContactItem {
    /// `contact#` and the contact's id.
    #[pd(none)]
    pub pk: String,
    /// Always `contact`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The contact.
    #[pd(none)]
    pub id: ContactId,
    /// How to address them.
    #[pd(cat = "user.name", origin = Provided, basis = Consent, purpose(Marketing), retain = "contact", erase = Delete, export = Yes)]
    pub name: Line,
    /// Where mail goes.
    #[pd(cat = "user.contact.email", origin = Provided, basis = Consent, purpose(Marketing), retain = "contact", erase = Delete, export = Yes, identity = Email)]
    pub email: EmailAddress,
    /// What they agree to.
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = Consent, purpose(Marketing), retain = "contact", erase = Delete, export = Yes)]
    pub consents: Agreed,
    /// Whether they want no marketing at all (R090).
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = LegalObligation, purpose(Marketing), retain = "contact", erase = Delete, export = Yes)]
    pub unsubscribed_from_marketing: bool,
    /// Whether their browser asked that nothing be sold or shared (R060).
    #[pd(cat = "user.privacy_preferences", origin = Observed, basis = LegalObligation, purpose(Account), retain = "contact", erase = Delete, export = Yes)]
    pub opted_out_of_sale: bool,
    /// When the address was confirmed first.
    #[pd(none)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[pd(none)]
    pub updated_at: Timestamp,
}

impl ContactItem {
    /// Where the person stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let Self { consents, unsubscribed_from_marketing, opted_out_of_sale, .. } = *self;
        Standing { consents, unsubscribed_from_marketing, opted_out_of_sale }
    }
}

/// Which contact an address belongs to, so that an address has one contact at most.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "consents", subject = Contact, link = "contact", role = Controller, region = Pinned)]
pub struct ContactEmailItem {
    /// `email#` and a hash of the address.
    #[pd(cat = "user.contact.email", origin = Derived, basis = Consent, purpose(Marketing), retain = "contact", erase = Delete, export = Never)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The contact.
    #[pd(none)]
    pub contact: ContactId,
}

/// What the link in the foot of one marketing mail stands for. It never ends: a mail can be read again after years.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "consents", subject = Nobody, role = Controller, region = Pinned)]
pub struct UnsubscribeItem {
    /// `unsubscribe#` and the hash of the link's token, which stands in the mail and nowhere else.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Who no longer wants mail when it is used.
    #[pd(none)]
    pub subject: Subject,
    /// What the mail was about.
    #[pd(none)]
    pub purpose: Purpose,
}

/// How a change came about: the same for all changes of one call.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// When.
    pub at: Timestamp,
    /// The form that was filled in.
    pub form: Form,
    /// The way it came.
    pub source: Source,
    /// The version of the privacy policy that held; nothing where no form showed one.
    pub policy_version: Option<String>,
    /// The language of the words beside the boxes.
    pub language: Language,
}

/// What a marketing mail may know of a person: these two, and whether it may go out at all (R089).
///
/// An account from before there was a ledger has no word on marketing, and then none goes out: nobody is written to whose consent has no origin
/// (R081).
pub struct Recipient {
    /// How to address them.
    pub name: Line,
    /// Where the mail goes.
    pub email: EmailAddress,
    standing: Option<Standing>,
}

/// [`Recipient`] as it is read: the attributes of its projection.
#[derive(serde::Deserialize)]
struct ReadRecipient {
    name: Line,
    email: EmailAddress,
    consents: Agreed,
    unsubscribed_from_marketing: Option<bool>,
}

impl Recipient {
    /// Whether a marketing mail for a purpose may go out.
    #[must_use]
    pub fn allows(&self, purpose: Purpose) -> bool {
        self.standing.is_some_and(|standing| standing.allows(purpose))
    }

    /// Reads a recipient's attributes out of an account or a contact, as it stands now.
    pub(super) async fn read(
        client: &Client,
        table: &str,
        pk: String,
        sk: &'static str,
    ) -> Result<Option<Self>, Unavailable> {
        let answer = client
            .get_item()
            .table_name(table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .projection_expression("#name, email, consents, unsubscribed_from_marketing")
            .expression_attribute_names("#name", "name")
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("recipient", &error))?;
        answer.item.map(Self::of).transpose()
    }

    fn of(item: Attributes) -> Result<Self, Unavailable> {
        let read: ReadRecipient = serde_dynamo::from_item(item).map_err(|error| unreadable("recipient", &error))?;
        let ReadRecipient { name, email, consents, unsubscribed_from_marketing } = read;
        let standing = unsubscribed_from_marketing.map(|unsubscribed_from_marketing| Standing {
            consents,
            unsubscribed_from_marketing,
            ..Standing::default()
        });
        Ok(Self { name, email, standing })
    }
}

/// The `consents` table.
#[derive(Clone)]
pub struct Consents {
    client: Client,
    table: String,
}

impl Consents {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The write that adds one change to the ledger; `id` is new.
    #[must_use]
    pub fn adding(&self, subject: &Subject, id: ConsentId, change: Change, how: &Circumstances) -> Part {
        let gives = change.purpose().filter(|_| change.is_grant());
        let event = ConsentItem {
            pk: key::subject(subject),
            sk: key::consent(&id),
            v: 1,
            id,
            subject: subject.clone(),
            change,
            at: how.at,
            form: how.form,
            source: how.source,
            double_opt_in: if gives.is_some() { DoubleOptIn::Confirmed } else { DoubleOptIn::NotNeeded },
            wording: gives.map(|purpose| purpose.wording_hash(how.language)),
            policy_version: how.policy_version.clone(),
            expires_at: None,
        };
        put(&self.table, &event).condition_expression("attribute_not_exists(pk)")
    }

    /// A page of a subject's ledger, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(&self, subject: &Subject, request: &PageRequest) -> Result<Page<ConsentItem>, PageError> {
        let list = List { name: "consents", of: subject.as_str() };
        self.range(subject).page(&list, request).await
    }

    /// Lets a subject's ledger end [`PROVEN`] from now: to be done when the record that says who it was is erased. It may be done again.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked. What was done until then stays done.
    pub async fn ending(&self, subject: &Subject, now: Timestamp) -> Result<(), Unavailable> {
        for place in self.range(subject).places().await? {
            let part = Part::update()
                .table_name(&self.table)
                .key("pk", text(key::subject(subject)))
                .key("sk", text(place))
                .update_expression("SET expires_at = if_not_exists(expires_at, :end)")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":end", number(now.as_second() + PROVEN));
            match write(&self.client, vec![part]).await {
                Ok(()) | Err(TransactionError::Condition(_)) => {}
                Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable),
            }
        }
        Ok(())
    }

    /// A contact.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn contact(&self, contact: &ContactId) -> Result<Option<ContactItem>, Unavailable> {
        get(&self.client, &self.table, "contacts", key::contact(contact), key::CONTACT.to_owned()).await
    }

    /// The contact that an address belongs to.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn contact_of(&self, email: &EmailAddress) -> Result<Option<ContactItem>, Unavailable> {
        let pointer: Option<ContactEmailItem> =
            get(&self.client, &self.table, "contacts", key::email(&hash(email)), key::ALONE.to_owned()).await?;
        match pointer {
            Some(pointer) => self.contact(&pointer.contact).await,
            None => Ok(None),
        }
    }

    /// The writes that make a contact: the second fails where its address has one.
    #[must_use]
    pub fn creating(&self, contact: &ContactItem) -> [Part; 2] {
        let pointer = ContactEmailItem {
            pk: key::email(&hash(&contact.email)),
            sk: key::ALONE.to_owned(),
            v: 1,
            contact: contact.id.clone(),
        };
        let if_new = "attribute_not_exists(pk)";
        [
            put(&self.table, contact).condition_expression(if_new),
            put(&self.table, &pointer).condition_expression(if_new),
        ]
    }

    /// The writes that erase a contact, with all that it says of a person, and its address. They may be done again.
    #[must_use]
    pub fn erasing(&self, contact: &ContactItem) -> [Part; 2] {
        let delete =
            |pk: String, sk: &str| Part::delete().table_name(&self.table).key("pk", text(pk)).key("sk", text(sk));
        [delete(key::contact(&contact.id), key::CONTACT), delete(key::email(&hash(&contact.email)), key::ALONE)]
    }

    /// Changes where a contact stands, unless that was changed since it was read.
    #[must_use]
    pub fn standing(&self, contact: &ContactItem, standing: Standing, now: Timestamp) -> Part {
        let part = Part::update()
            .table_name(&self.table)
            .key("pk", text(key::contact(&contact.id)))
            .key("sk", text(key::CONTACT))
            .condition_expression("updated_at = :read")
            .expression_attribute_values(":read", text(contact.updated_at.to_string()));
        stand(part, standing, now)
    }

    /// The write that ends all marketing to a contact, and selling and sharing too where the browser asks for that. It fails where the contact is gone or has ended it before.
    #[must_use]
    pub fn unsubscribing(&self, contact: &ContactId, opts_out: bool, now: Timestamp) -> Part {
        let part =
            Part::update().table_name(&self.table).key("pk", text(key::contact(contact))).key("sk", text(key::CONTACT));
        unsubscribe(part, opts_out, now)
    }

    /// Who a marketing mail goes to, as the contact stands now.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked or does not say what must be known.
    pub async fn recipient(&self, contact: &ContactId) -> Result<Option<Recipient>, Unavailable> {
        Recipient::read(&self.client, &self.table, key::contact(contact), key::CONTACT).await
    }

    /// Keeps what the link of a mail that is about to go out stands for, and gives the link's token.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn link(&self, subject: &Subject, purpose: Purpose) -> Result<LinkToken, Unavailable> {
        let token = LinkToken::mint();
        let item = UnsubscribeItem {
            pk: key::unsubscribe(&token.hash()),
            sk: key::ALONE.to_owned(),
            v: 1,
            subject: subject.clone(),
            purpose,
        };
        super::transaction::put_alone(&self.client, &self.table, "consents", &item).await?;
        Ok(token)
    }

    /// What the link of a mail stands for; nothing for a token that no mail has.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn linked(&self, token: &LinkToken) -> Result<Option<UnsubscribeItem>, Unavailable> {
        get(&self.client, &self.table, "consents", key::unsubscribe(&token.hash()), key::ALONE.to_owned()).await
    }

    fn range(&self, subject: &Subject) -> Range<'_> {
        Range { client: &self.client, table: &self.table, pk: key::subject(subject), prefix: key::CONSENTS }
    }
}

/// The part of an account's or a contact's update that says where the person stands.
pub(super) fn stand(part: Part, standing: Standing, now: Timestamp) -> Part {
    let Standing { consents, unsubscribed_from_marketing, opted_out_of_sale } = standing;
    part.update_expression(
        "SET consents = :consents, unsubscribed_from_marketing = :unsubscribed, opted_out_of_sale = :opted, updated_at = :now",
    )
    .expression_attribute_values(":consents", agreed(consents))
    .expression_attribute_values(":unsubscribed", AttributeValue::Bool(unsubscribed_from_marketing))
    .expression_attribute_values(":opted", AttributeValue::Bool(opted_out_of_sale))
    .expression_attribute_values(":now", text(now.to_string()))
}

/// The part of an account's or a contact's update that ends all marketing, once.
pub(super) fn unsubscribe(part: Part, opts_out: bool, now: Timestamp) -> Part {
    let too = if opts_out { ", opted_out_of_sale = :yes" } else { "" };
    part.update_expression(format!("SET consents = :none, unsubscribed_from_marketing = :yes, updated_at = :now{too}"))
        .condition_expression(
            "attribute_exists(pk) AND (attribute_not_exists(unsubscribed_from_marketing) OR unsubscribed_from_marketing <> :yes)",
        )
        .expression_attribute_values(":none", agreed(Agreed::default()))
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .expression_attribute_values(":now", text(now.to_string()))
}

pub(super) fn agreed(consents: Agreed) -> AttributeValue {
    #[expect(clippy::expect_used, reason = "five switches always serialise")]
    serde_dynamo::to_attribute_value(consents).expect("consents serialise")
}

/// The name under which an address is looked up. Not a secret's hash: whoever reads the table reads the address beside it.
pub(super) fn hash(email: &EmailAddress) -> String {
    hex(&Sha256::digest(email.folded()))
}
