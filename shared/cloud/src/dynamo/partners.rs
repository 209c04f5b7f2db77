//! Partners and what they ask (table `privacy`): agents that ask for people, controllers that ask for their customers.
//!
//! An operator registers a partner by writing its item (`docs/PARTNERS.md`); nothing else makes one. It holds no secret: a public key, and a hash
//! of a token. What a partner asked stands in its own partition, so that one cannot meet another's.

use domain::{
    event::PrivacyTopic,
    id::{AccountId, EventId, PrivacyRequestId, StoreId},
    partner::PartnerId,
    privacy::KEPT,
};
use jiff::Timestamp;
use personal_data::PersonalData;
use uuid::Uuid;

use super::{
    Client, Unavailable, key,
    page::get,
    transaction::{self, Part, TransactionError, put, text},
};
use crate::partners::Bearer;

const DAY: i64 = 86_400;

/// A partner, as an operator registered it.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct PartnerItem {
    /// `partner#` and the partner's name.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// What it is called.
    #[pd(none)]
    pub id: PartnerId,
    /// Which protocol it speaks, and what that needs.
    #[pd(none)]
    pub speaks: Speaks,
    /// Whether it may do anything. Set to false, it is a stranger from the next call on.
    #[pd(none)]
    pub enabled: bool,
    /// How many requests it may make on one day, in UTC.
    #[pd(none)]
    pub per_day: u32,
    /// Where it may be called back: schemes and hosts, as `https://agent.example`.
    #[pd(none)]
    #[serde(default)]
    pub callback_origins: Vec<String>,
    /// A hash of its bearer token: an agent gets a token for a signature, a controller's is made by the operator.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Which protocol a partner speaks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaks {
    /// The Data Rights Protocol: it is an authorised agent.
    Drp {
        /// The Ed25519 key that verifies what it signs, in base64, as its network's directory lists it.
        verify_key: String,
        /// What its network calls us.
        business: String,
    },
    /// OpenDSR: it is a controller.
    OpenDsr {
        /// Whose stores its customers are customers of.
        account: AccountId,
    },
}

/// That a signed message of an agent was taken.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct SeenItem {
    /// `partner#` and the agent's name.
    #[pd(none)]
    pub pk: String,
    /// `seen#` and the message's SHA-256.
    #[pd(none)]
    pub sk: String,
    /// The request that it made; nothing for a message that made none.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<PrivacyRequestId>,
    /// When the message stops to count, in unix seconds, rounded up: from then on it is refused for its age.
    #[pd(none)]
    pub expires_at: i64,
}

/// A request that an agent made, as the agent knows it. The request itself is a [`SubjectRequestItem`](super::requests::SubjectRequestItem).
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct ExercisedItem {
    /// `partner#` and the agent's name.
    #[pd(none)]
    pub pk: String,
    /// `request#` and the request's id.
    #[pd(none)]
    pub sk: String,
    /// What the agent calls it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_request_id: Option<String>,
    /// Where the agent wants to be told of it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// When the item is deleted, in unix seconds: with the record of a request that took as long as any may.
    #[pd(none)]
    pub expires_at: i64,
}

/// What a controller asked. Whom it is about stands in the messages that it makes, and nowhere else.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Processor, region = Pinned)]
pub struct InstructionItem {
    /// `partner#` and the controller's name.
    #[pd(none)]
    pub pk: String,
    /// `asked#` and the controller's UUID for it.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The controller's name for it: a UUID in lower case.
    #[pd(none)]
    pub id: String,
    /// A hash of the request, by which the same one is known.
    #[pd(none)]
    pub sha256: String,
    /// What is asked.
    #[pd(none)]
    pub topic: PrivacyTopic,
    /// Whose stores it is about.
    #[pd(none)]
    pub account: AccountId,
    /// When it came in.
    #[pd(none)]
    pub received_at: Timestamp,
    /// By when it must be done.
    #[pd(none)]
    pub due_at: Timestamp,
    /// What is done for it: one part for each store and id of the customer.
    #[pd(none)]
    pub parts: Vec<InstructionPart>,
    /// Where the controller wants to be told of it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callbacks: Vec<String>,
    /// When it was taken back.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What is done for a controller's request in one store.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionPart {
    /// In which store.
    pub store: StoreId,
    /// About the so-manieth id that the request gives for the customer.
    pub customer: u8,
    /// The event that its message comes as.
    pub event: EventId,
}

impl ExercisedItem {
    /// What an agent knows of a request that came in now.
    #[must_use]
    pub fn new(
        agent: &PartnerId,
        request: &PrivacyRequestId,
        name: Option<String>,
        callback: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            pk: key::partner(agent),
            sk: key::privacy_request(request),
            agent_request_id: name,
            callback,
            expires_at: now.as_second() + KEPT + 366 * DAY,
        }
    }
}

impl InstructionItem {
    /// What a controller calls the part at a place among the parts, so that the part's message makes one request however often it is sent.
    #[must_use]
    pub fn name_of_part(&self, place: usize) -> String {
        format!("{} {} {place}", self.pk, self.sk)
    }
}

/// What an agent's message is, by the agent and the message's SHA-256.
pub struct Message<'a> {
    /// Whose it is.
    pub agent: &'a PartnerId,
    /// Its SHA-256.
    pub digest: [u8; 32],
    /// When it stops to count.
    pub expires_at: Timestamp,
}

impl Message<'_> {
    fn seen(&self, request: Option<&PrivacyRequestId>) -> SeenItem {
        SeenItem {
            pk: key::partner(self.agent),
            sk: key::seen(&self.digest),
            request: request.cloned(),
            expires_at: self.expires_at.as_second().saturating_add(1),
        }
    }
}

/// What became of an instruction that was to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// Nothing will be done for it.
    Done,
    /// Something was begun.
    Begun,
}

/// The partners in the `privacy` table.
#[derive(Clone)]
pub struct Partners {
    client: Client,
    table: String,
}

impl Partners {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// A partner that may do something; nothing for one that is switched off.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, id: &PartnerId) -> Result<Option<PartnerItem>, Unavailable> {
        let item: Option<PartnerItem> = self.item(id, key::ALONE.to_owned()).await?;
        Ok(item.filter(|item| item.enabled))
    }

    /// The partner whose token this is.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn bearing(&self, bearer: &Bearer) -> Result<Option<PartnerItem>, Unavailable> {
        let item = self.get(bearer.partner()).await?;
        Ok(item.filter(|item| item.token.as_deref().is_some_and(|kept| bearer.is(kept))))
    }

    /// Gives an agent a token for a message, in place of an earlier one. False where the message was taken before, or the agent is switched off.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn give_token(&self, message: &Message<'_>, bearer: &Bearer) -> Result<bool, Unavailable> {
        let token = Part::update()
            .table_name(&self.table)
            .key("pk", text(key::partner(message.agent)))
            .key("sk", text(key::ALONE))
            .update_expression("SET #token = :token")
            .condition_expression("enabled = :enabled")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(bearer.hash()))
            .expression_attribute_values(":enabled", serde_dynamo::AttributeValue::Bool(true));
        self.agreed(vec![self.taking(message, None), token]).await
    }

    /// The request that a message has made; `Some(None)` where it was taken and made none.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn seen(&self, message: &Message<'_>) -> Result<Option<Option<PrivacyRequestId>>, Unavailable> {
        let item: Option<SeenItem> = self.item(message.agent, key::seen(&message.digest)).await?;
        Ok(item.map(|item| item.request))
    }

    /// The writes that go with opening a request for a message. They fail where the message was taken before.
    #[must_use]
    pub fn exercising(
        &self,
        message: &Message<'_>,
        request: &PrivacyRequestId,
        exercised: &ExercisedItem,
    ) -> Vec<Part> {
        vec![self.taking(message, Some(request)), put(&self.table, exercised)]
    }

    fn taking(&self, message: &Message<'_>, request: Option<&PrivacyRequestId>) -> Part {
        put(&self.table, &message.seen(request)).condition_expression("attribute_not_exists(pk)")
    }

    /// What an agent knows of a request of its own.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn exercised(
        &self,
        agent: &PartnerId,
        request: &PrivacyRequestId,
    ) -> Result<Option<ExercisedItem>, Unavailable> {
        self.item(agent, key::privacy_request(request)).await
    }

    /// What a controller asked under a name of its own.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn instruction(
        &self,
        controller: &PartnerId,
        name: &Uuid,
    ) -> Result<Option<InstructionItem>, Unavailable> {
        self.item(controller, key::instruction(name)).await
    }

    /// Keeps what a controller asked. False where something was asked under this name before.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn instruct(&self, item: &InstructionItem) -> Result<bool, Unavailable> {
        self.agreed(vec![put(&self.table, item).condition_expression("attribute_not_exists(pk)")]).await
    }

    /// Cancels what a controller asked, where nothing was begun: `forestalling` are the writes that keep its parts from being begun.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn cancel(
        &self,
        item: &InstructionItem,
        forestalling: Vec<Part>,
        now: Timestamp,
    ) -> Result<Cancelled, Unavailable> {
        let cancelling = Part::update()
            .table_name(&self.table)
            .key("pk", text(&item.pk))
            .key("sk", text(&item.sk))
            .update_expression("SET cancelled_at = :now")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(cancelled_at)")
            .expression_attribute_values(":now", text(now.to_string()));
        let mut parts = vec![cancelling];
        parts.extend(forestalling);
        match transaction::write(&self.client, parts).await {
            // The first one fails where it was cancelled before.
            Ok(()) | Err(TransactionError::Condition(0)) => Ok(Cancelled::Done),
            Err(TransactionError::Condition(_)) => Ok(Cancelled::Begun),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    async fn agreed(&self, parts: Vec<Part>) -> Result<bool, Unavailable> {
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    async fn item<T: serde::de::DeserializeOwned>(&self, id: &PartnerId, sk: String) -> Result<Option<T>, Unavailable> {
        get(&self.client, &self.table, "partners", key::partner(id), sk).await
    }
}
