//! What people sent by a form (table `forms`), and consents that wait for their link (table `guards`).
//!
//! What is sent without a name holds nothing by which the sender could be found: no address, no time but the day, and an id that is made of
//! nothing but chance (R093).

use domain::{
    account::{Consents, EmailAddress, Line, Message, Phone},
    form::{Kind, Outcome, Sent},
    id::{BreachId, KeyId, SubmissionId},
    request::Language,
};
use jiff::Timestamp;
use personal_data::PersonalData;
use uuid::Uuid;

use super::{
    Unavailable,
    call::Client,
    key,
    page::{List, Page, PageError, PageRequest, Range, get},
    sign_ups::{LINK_LIFE, LinkToken},
    transaction::{self, Part, TransactionError, put, put_alone, text},
};
use crate::clock::{Clock, random_bytes};

const DAY: i64 = 86_400;
/// How late DynamoDB's time-to-live may delete, in seconds: so much earlier it is told to.
const LATE: i64 = 2 * DAY;

/// What was sent.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "forms", subject = Contact, link = "id", role = Controller, region = Pinned)]
pub struct FormItem {
    /// `form#` and the kind of form.
    #[pd(none)]
    pub pk: String,
    /// `sent#` and the id without its prefix.
    #[pd(none)]
    pub sk: String,
    /// Version of this form of item.
    #[pd(none)]
    pub v: u8,
    /// What names it, in the acknowledgement too.
    #[pd(none)]
    pub id: SubmissionId,
    /// Which form.
    #[pd(none)]
    pub kind: Kind,
    /// When it came in; the beginning of that day where it has no name.
    #[pd(none)]
    pub received_at: Timestamp,
    /// The version of the privacy policy that the form showed.
    #[pd(none)]
    pub policy_version: String,
    /// Who sent it.
    #[pd(cat = "user.name", origin = Provided, basis = Contract, purpose(Support), retain = "form", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// Where an answer goes.
    #[pd(cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Support), retain = "form", erase = Delete, export = Yes, identity = Email)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// A telephone number.
    #[pd(cat = "user.contact.phone_number", origin = Provided, basis = Contract, purpose(Support), retain = "form", erase = Delete, export = Yes, identity = Phone)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The company.
    #[pd(cat = "user.workplace", origin = Provided, basis = Contract, purpose(Support), retain = "form", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Line>,
    /// What was written.
    #[pd(cat = "user.content.private", origin = Provided, basis = Contract, purpose(Support), retain = "form", erase = Delete, export = Yes)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// When the sender was contacted.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacted_at: Option<Timestamp>,
    /// By whom of ours.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacted_by: Option<KeyId>,
    /// When it ended.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// By whom of ours it was ended.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<KeyId>,
    /// How.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The case in the register of breaches that it has opened.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<BreachId>,
    /// When it is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

impl FormItem {
    /// What the rules need to know of it.
    #[must_use]
    pub fn sent(&self) -> Sent {
        Sent {
            kind: self.kind,
            named: self.email.is_some(),
            received_at: self.received_at,
            contacted: self.contacted_at.is_some(),
            closed: self.closed_at.is_some(),
        }
    }
}

/// Something that was sent and has not ended: one row of the list that is worked through. It says nothing of who sent it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "forms", subject = Nobody, role = Controller, region = Pinned)]
pub struct OpenFormItem {
    /// Always `open`.
    #[pd(none)]
    pub pk: String,
    /// `sent#`, the day on which it came in and the id without its prefix.
    #[pd(none)]
    pub sk: String,
    /// Version of this form of item.
    #[pd(none)]
    pub v: u8,
    /// What names it.
    #[pd(none)]
    pub id: SubmissionId,
    /// Which form.
    #[pd(none)]
    pub kind: Kind,
    /// Whether it says who sent it.
    #[pd(none)]
    pub named: bool,
    /// When it came in; the beginning of that day where it has no name.
    #[pd(none)]
    pub received_at: Timestamp,
    /// When the sender was contacted.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacted_at: Option<Timestamp>,
    /// When it is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

impl OpenFormItem {
    fn of(item: &FormItem) -> Self {
        Self {
            pk: key::OPEN_FORMS.to_owned(),
            sk: key::open_form(item.received_at, &item.id),
            v: 1,
            id: item.id.clone(),
            kind: item.kind,
            named: item.sent().named,
            received_at: item.received_at,
            contacted_at: item.contacted_at,
            expires_at: item.expires_at,
        }
    }

    /// What the rules need to know of it.
    #[must_use]
    pub fn sent(&self) -> Sent {
        let Self { kind, named, received_at, contacted_at, .. } = *self;
        Sent { kind, named, received_at, contacted: contacted_at.is_some(), closed: false }
    }
}

/// Consents that were ticked on a form and wait for the mailed link: none of them counts before it is followed (R009).
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = Contact, link = "email", role = Controller, region = Pinned)]
pub struct WaitingConsentItem {
    /// `consent-link#` and the hash of the link's token.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// How to address them.
    #[pd(cat = "user.name", origin = Provided, basis = Consent, purpose(Marketing), retain = "sign-up", erase = Delete, export = Yes)]
    pub name: Line,
    /// Where the link went.
    #[pd(cat = "user.contact.email", origin = Provided, basis = Consent, purpose(Marketing), retain = "sign-up", erase = Delete, export = Yes, identity = Email)]
    pub email: EmailAddress,
    /// What was ticked.
    #[pd(cat = "user.privacy_preferences", origin = Provided, basis = Consent, purpose(Marketing), retain = "sign-up", erase = Delete, export = Yes)]
    pub consents: Consents,
    /// Whether the browser asked that nothing be sold or shared (R060).
    #[pd(cat = "user.privacy_preferences", origin = Observed, basis = LegalObligation, purpose(Account), retain = "sign-up", erase = Delete, export = Yes)]
    pub opted_out_of_sale: bool,
    /// The version of the privacy policy that the form showed.
    #[pd(none)]
    pub policy_version: String,
    /// The language of the words beside the boxes.
    #[pd(none)]
    #[serde(default)]
    pub language: Language,
    /// When the link stops working, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// The names under which something that was sent is kept.
pub struct Place {
    /// The id.
    pub id: SubmissionId,
    /// When it came in, as exactly as may be known.
    pub received_at: Timestamp,
    /// When it is deleted, in unix seconds.
    pub expires_at: i64,
}

/// The `forms` table, and the links of its consents.
#[derive(Clone)]
pub struct Forms {
    client: Client,
    table: String,
    guards_table: String,
    clock: Clock,
}

impl Forms {
    /// Adapter over both tables.
    #[must_use]
    pub fn new(client: Client, table: String, guards_table: String, clock: Clock) -> Self {
        Self { client, table, guards_table, clock }
    }

    /// A place for what comes in now. One without a name tells no more of its time than the day: logs have the seconds of calls.
    #[must_use]
    pub fn place(&self, kind: Kind, anonymous: bool) -> Place {
        let now = self.clock.now();
        let (id, received_at) = if anonymous {
            let mut chance = [0; 16];
            chance.copy_from_slice(&random_bytes()[..16]);
            let day = now.as_second().div_euclid(DAY) * DAY;
            (Uuid::from_bytes(chance), Timestamp::from_second(day).unwrap_or(now))
        } else {
            (self.clock.new_id(), now)
        };
        let expires_at = received_at.as_second() + i64::from(kind.kept_days()) * DAY - LATE;
        Place { id: SubmissionId::from_uuid(id), received_at, expires_at }
    }

    /// The writes that keep what was sent, and put it on the list of what is to be worked on.
    #[must_use]
    pub fn keeping(&self, item: &FormItem) -> [Part; 2] {
        [put(&self.table, item), put(&self.table, &OpenFormItem::of(item))]
    }

    /// Something that was sent, unless its time is over.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, kind: Kind, id: &SubmissionId) -> Result<Option<FormItem>, Unavailable> {
        let item: Option<FormItem> = get(&self.client, &self.table, "forms", key::form(kind), key::sent(id)).await?;
        Ok(item.filter(|item| item.expires_at > self.clock.now().as_second()))
    }

    /// A page of what has not ended, in the order of the days on which it came in.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn open_page(&self, request: &PageRequest) -> Result<Page<OpenFormItem>, PageError> {
        let pk = key::OPEN_FORMS.to_owned();
        let range = Range { client: &self.client, table: &self.table, pk, prefix: key::SENT };
        let page: Page<OpenFormItem> = range.page(&List { name: "open-forms", of: "-" }, request).await?;
        let now = self.clock.now().as_second();
        Ok(Page { items: page.items.into_iter().filter(|item| item.expires_at > now).collect(), ..page })
    }

    /// Notes that the sender was contacted, by whoever holds the key `by`. Nothing where it was changed meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn contacted(&self, read: &FormItem, by: &KeyId) -> Result<Option<FormItem>, Unavailable> {
        let now = self.clock.now();
        let changed = FormItem { contacted_at: Some(now), contacted_by: Some(by.clone()), ..read.clone() };
        let part = self
            .changing(read)
            .update_expression("SET contacted_at = :now, contacted_by = :by")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(contacted_at) AND attribute_not_exists(closed_at)",
            )
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":by", text(by.as_str()));
        self.changed(vec![part, put(&self.table, &OpenFormItem::of(&changed))], changed).await
    }

    /// Ends it, by whoever holds the key `by`, and takes it off the list. Nothing where it was changed meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn close(&self, read: &FormItem, outcome: Outcome, by: &KeyId) -> Result<Option<FormItem>, Unavailable> {
        let now = self.clock.now();
        let changed =
            FormItem { closed_at: Some(now), closed_by: Some(by.clone()), outcome: Some(outcome), ..read.clone() };
        let part = self
            .changing(read)
            .update_expression("SET closed_at = :now, closed_by = :by, outcome = :outcome")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(closed_at)")
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":by", text(by.as_str()))
            .expression_attribute_values(":outcome", text(outcome.as_str()));
        let listed = OpenFormItem::of(read);
        let off = Part::delete().table_name(&self.table).key("pk", text(listed.pk)).key("sk", text(listed.sk));
        self.changed(vec![part, off], changed).await
    }

    fn changing(&self, read: &FormItem) -> Part {
        Part::update().table_name(&self.table).key("pk", text(&read.pk)).key("sk", text(&read.sk))
    }

    async fn changed(&self, parts: Vec<Part>, changed: FormItem) -> Result<Option<FormItem>, Unavailable> {
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(Some(changed)),
            Err(TransactionError::Condition(_)) => Ok(None),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// A page of what was sent by one form.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(&self, kind: Kind, request: &PageRequest) -> Result<Page<FormItem>, PageError> {
        let list = List { name: "forms", of: kind.as_str() };
        let range = Range { client: &self.client, table: &self.table, pk: key::form(kind), prefix: key::SENT };
        let page: Page<FormItem> = range.page(&list, request).await?;
        let now = self.clock.now().as_second();
        Ok(Page { items: page.items.into_iter().filter(|item| item.expires_at > now).collect(), ..page })
    }

    /// The keys and the end of consents that wait under a token.
    #[must_use]
    pub fn waiting_place(&self, token: &LinkToken) -> (String, String, i64) {
        let life = i64::try_from(LINK_LIFE.as_secs()).unwrap_or(DAY);
        (key::consent_link(&token.hash()), key::ALONE.to_owned(), self.clock.now().as_second() + life)
    }

    /// Keeps consents until their link is followed.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep_waiting(&self, item: &WaitingConsentItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.guards_table, "guards", item).await
    }

    /// The consents that wait under a token, if their time is not over. Changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn waiting(&self, token: &LinkToken) -> Result<Option<WaitingConsentItem>, Unavailable> {
        let pk = key::consent_link(&token.hash());
        let item: Option<WaitingConsentItem> =
            get(&self.client, &self.guards_table, "guards", pk, key::ALONE.to_owned()).await?;
        Ok(item.filter(|item| item.expires_at > self.clock.now().as_second()))
    }

    /// The write that consumes a link; it fails where that was done before.
    #[must_use]
    pub fn consuming(&self, token: &LinkToken) -> Part {
        Part::delete()
            .table_name(&self.guards_table)
            .key("pk", text(key::consent_link(&token.hash())))
            .key("sk", text(key::ALONE))
            .condition_expression("attribute_exists(pk)")
    }
}
