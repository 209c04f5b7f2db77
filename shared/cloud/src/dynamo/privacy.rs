//! Requests about people (table `privacy`): what was asked, by when it is due, what was found and done. Nothing by which the person could be known:
//! a request is known by its own id, and the platform's message by a hash of the platform's name for it.

use domain::{
    event::PrivacyTopic,
    id::{AccountId, EventId, PrivacyRequestId, StoreId},
    privacy::{Held, KEPT, RequestState, due},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Client, Unavailable,
    call::is_unmet,
    key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, Part, TransactionError, number, put, text},
    unavailable,
};

/// How long a platform's message is remembered, so that the same one makes no second request, in seconds (`privacy.md` E: at least 7 days).
const REMEMBERED: i64 = 60 * 86_400;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Processor, region = Pinned)]
pub struct RequestItem {
    /// `account#` and the id of the account whose store it is.
    #[pd(none)]
    pub pk: String,
    /// `request#` and the request's id without its prefix: requests sort by when they came in, and so by when they are due.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The request.
    #[pd(none)]
    pub id: PrivacyRequestId,
    /// Whose store it is.
    #[pd(none)]
    pub account: AccountId,
    /// About whose customer it is.
    #[pd(none)]
    pub store: StoreId,
    /// What is asked.
    #[pd(none)]
    pub topic: PrivacyTopic,
    /// How far it is.
    #[pd(none)]
    pub state: RequestState,
    /// When it came in: the clock starts here.
    #[pd(none)]
    pub received_at: Timestamp,
    /// By when it must be answered.
    #[pd(none)]
    pub due_at: Timestamp,
    /// When it was closed.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// When everything was erased that rested; what was travelling then is looked for a day later.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
    /// What was found, or found and erased, so far.
    #[pd(none)]
    pub held: Held,
    /// When the record is deleted, in unix seconds; nothing before it is closed.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl RequestItem {
    /// A request that came in as this event.
    #[must_use]
    pub fn new(
        event: &EventId,
        account: &AccountId,
        store: &StoreId,
        topic: PrivacyTopic,
        received_at: Timestamp,
    ) -> Self {
        let id = PrivacyRequestId::of_event(event);
        Self {
            pk: key::account(account),
            sk: key::privacy_request(&id),
            v: 1,
            id,
            account: account.clone(),
            store: store.clone(),
            topic,
            state: RequestState::Running,
            received_at,
            due_at: due(received_at),
            closed_at: None,
            erased_at: None,
            held: Held::default(),
            expires_at: None,
        }
    }
}

/// That a platform's message has made a request.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Processor, region = Pinned)]
pub struct AskedItem {
    /// `account#` and the account's id.
    #[pd(none)]
    pub pk: String,
    /// `asked#`, the store, and a hash of the platform's name for its message.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The request that it made.
    #[pd(none)]
    pub request: PrivacyRequestId,
    /// When it is forgotten, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What a request that comes in is.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// This one, as it stands: new, or begun before.
    Request(Box<RequestItem>),
    /// The platform's message has made another request already.
    Duplicate,
}

/// The `privacy` table.
#[derive(Clone)]
pub struct PrivacyRequests {
    client: Client,
    table: String,
}

impl PrivacyRequests {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens a request, unless the platform's message, by the platform's `name` for it, has made another one. It may be opened again.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn open(&self, request: RequestItem, name: &str) -> Result<Opened, Unavailable> {
        let asked = AskedItem {
            pk: request.pk.clone(),
            sk: key::privacy_asked(&request.store, name),
            v: 1,
            request: request.id.clone(),
            expires_at: request.received_at.as_second() + REMEMBERED,
        };
        let parts = vec![
            put(&self.table, &request).condition_expression("attribute_not_exists(pk)"),
            put(&self.table, &asked)
                .condition_expression("attribute_not_exists(pk) OR expires_at < :now")
                .expression_attribute_values(":now", number(request.received_at.as_second())),
        ];
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(Opened::Request(Box::new(request))),
            Err(TransactionError::Condition(0)) => {
                let there = get(&self.client, &self.table, "privacy", request.pk, request.sk).await?;
                // Closed for two years, and gone since.
                Ok(there.map_or(Opened::Duplicate, |there| Opened::Request(Box::new(there))))
            }
            Err(TransactionError::Condition(_)) => Ok(Opened::Duplicate),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// The request that came in as an event, if its work was begun.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn begun_by(&self, account: &AccountId, event: &EventId) -> Result<Option<RequestItem>, Unavailable> {
        let sk = key::privacy_request(&PrivacyRequestId::of_event(event));
        get(&self.client, &self.table, "privacy", key::account(account), sk).await
    }

    /// The write after which the message of this `name`, that is to come as `event`, makes no request any more. It fails where the message has
    /// made one.
    #[must_use]
    pub fn forestalling(
        &self,
        account: &AccountId,
        store: &StoreId,
        name: &str,
        event: &EventId,
        now: Timestamp,
    ) -> Part {
        let asked = AskedItem {
            pk: key::account(account),
            sk: key::privacy_asked(store, name),
            v: 1,
            request: PrivacyRequestId::of_event(event),
            expires_at: now.as_second() + REMEMBERED,
        };
        put(&self.table, &asked).condition_expression("attribute_not_exists(pk)")
    }

    /// Notes how far an open request is. What was found stands there before it is erased, because then it cannot be counted any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note(&self, request: &RequestItem) -> Result<(), Unavailable> {
        self.write(request).await
    }

    /// Closes a request. One that is closed already stays as it is.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn close(&self, request: RequestItem, now: Timestamp) -> Result<(), Unavailable> {
        let closed = RequestItem {
            state: RequestState::Closed,
            closed_at: Some(now),
            expires_at: Some(now.as_second() + KEPT),
            ..request
        };
        self.write(&closed).await
    }

    /// Writes a request in place of an open one.
    async fn write(&self, request: &RequestItem) -> Result<(), Unavailable> {
        let write = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(transaction::attributes(request))
            .condition_expression("#state = :running")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":running", text("running"));
        match write.send().await {
            Ok(_) => Ok(()),
            // Another copy of the message was quicker.
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable("privacy", &error)),
        }
    }

    /// A page of an account's requests, in the order in which they are due.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(&self, account: &AccountId, request: &PageRequest) -> Result<Page<RequestItem>, PageError> {
        let list = List { name: "privacy-requests", of: account.as_str() };
        let prefix = key::PRIVACY_REQUESTS;
        let range = Range { client: &self.client, table: &self.table, pk: key::account(account), prefix };
        range.page(&list, request).await
    }
}
