//! What people sent by a form (table `forms`), and consents that wait for their link (table `guards`).
//!
//! What is sent without a name holds nothing by which the sender could be found: no address, no time but the day, and an id that is made of
//! nothing but chance (R093).

use domain::{
    account::{Consents, EmailAddress, Line, Message, Phone},
    form::Kind,
    id::SubmissionId,
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
    transaction::{Part, put_alone, text},
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
    /// When it is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
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

    /// Keeps what was sent.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, item: &FormItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "forms", item).await
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
