//! Campaigns (table `consents`): one item a campaign, in the order in which they were proposed. It says what the letters say, how far they are asked
//! for, and how many went out; of nobody it says that they got one.
//!
//! Who decides, who walks through the people and who sends write different attributes of the item, each on a condition of its own, so that nobody
//! overwrites what another one has written meanwhile.

use domain::{
    account::EmailAddress,
    campaign::{CampaignState, Letter},
    consent::Subject,
    hex::hex,
    id::{CampaignId, KeyId, MessageId},
};
use jiff::{SignedDuration, Timestamp};
use personal_data::PersonalData;

use super::{
    Unavailable,
    call::{AttributeValue, Client, Operation, is_unmet},
    key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, TransactionError, number, put, text},
    unavailable,
};
use crate::{clock::random_bytes, mailer::MailMessage};

/// How long who walks has a campaign without saying so again: longer than an invocation of `sweep` lasts.
const LEASE: SignedDuration = SignedDuration::from_mins(6);

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "consents", subject = Nobody, role = Controller, region = Pinned)]
pub struct CampaignItem {
    /// Always `campaigns`.
    #[pd(none)]
    pub pk: String,
    /// `campaign#` and the campaign's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The campaign.
    #[pd(none)]
    pub id: CampaignId,
    /// How far it is.
    #[pd(none)]
    pub state: CampaignState,
    /// What is written, and to whom: who agreed to its purpose.
    #[pd(none)]
    pub letter: Letter,
    /// When it was proposed.
    #[pd(none)]
    pub proposed_at: Timestamp,
    /// When a second person approved it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// When the last letter was asked for, or it was stopped.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Who of ours has decided about it, step by step, by their keys.
    #[pd(none)]
    pub written_by: Vec<KeyId>,
    /// What makes its letters' ids, so that who sees such an id cannot try out whom the letter goes to.
    #[pd(none)]
    pub salt: String,
    /// How many parts of the tables were walked through.
    #[pd(none)]
    #[serde(default)]
    pub walked: i32,
    /// Until when somebody walks.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leased_until: Option<Timestamp>,
    /// Letters that were asked for in the parts that are walked through.
    #[pd(none)]
    #[serde(default)]
    pub queued: u64,
    /// Letters that went out.
    #[pd(none)]
    #[serde(default)]
    pub sent: u64,
    /// Letters that did not go out: whom they were for agreed no more when it came to that, or the campaign was stopped.
    #[pd(none)]
    #[serde(default)]
    pub skipped: u64,
}

impl CampaignItem {
    /// One that is proposed.
    #[must_use]
    pub fn proposed(id: CampaignId, letter: Letter, by: KeyId, now: Timestamp) -> Self {
        Self {
            pk: key::CAMPAIGNS.to_owned(),
            sk: key::campaign(&id),
            v: 1,
            id,
            state: CampaignState::Proposed,
            letter,
            proposed_at: now,
            approved_at: None,
            ended_at: None,
            written_by: vec![by],
            salt: hex(&random_bytes()),
            walked: 0,
            leased_until: None,
            queued: 0,
            sent: 0,
            skipped: 0,
        }
    }

    /// The id of its letter to an address: one, whoever the address belongs to and however often it is asked for.
    #[must_use]
    pub fn letter_to(&self, address: &EmailAddress) -> MessageId {
        MailMessage::id_about(&format!("{} {}", self.salt, address.folded()))
    }
}

/// Who is to get a letter, as a walk finds them.
#[derive(serde::Deserialize)]
pub struct Addressee {
    /// Who.
    pub id: Subject,
    /// Where: only so that an address gets one letter.
    pub email: EmailAddress,
}

/// What came of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It went out.
    Sent,
    /// It may not go out.
    Skipped,
}

/// A walk through the people, which nobody else goes at the same time.
pub struct Walk {
    id: CampaignId,
    until: Timestamp,
}

/// The campaigns.
#[derive(Clone)]
pub struct Campaigns {
    client: Client,
    table: String,
}

impl Campaigns {
    /// Adapter over the `consents` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Puts a campaign beside the others.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn add(&self, campaign: &CampaignItem) -> Result<(), Unavailable> {
        let part = put(&self.table, campaign).condition_expression("attribute_not_exists(pk)");
        match transaction::write(&self.client, vec![part]).await {
            // Its id is new: another attempt of the same write has come through.
            Ok(()) | Err(TransactionError::Condition(_)) => Ok(()),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// A campaign.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, id: &CampaignId) -> Result<Option<CampaignItem>, Unavailable> {
        get(&self.client, &self.table, "campaigns", key::CAMPAIGNS.to_owned(), key::campaign(id)).await
    }

    /// A page of the campaigns, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(&self, request: &PageRequest) -> Result<Page<CampaignItem>, PageError> {
        self.range().page(&List { name: "campaigns", of: "-" }, request).await
    }

    /// Those whose letters are being asked for, oldest first.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn running(&self) -> Result<Vec<CampaignItem>, Unavailable> {
        let mut campaigns: Vec<CampaignItem> = self.range().all().await?;
        campaigns.retain(|campaign| campaign.state == CampaignState::Running);
        Ok(campaigns)
    }

    /// Writes what was decided about a campaign as it was read; false where it was decided about, or ended, meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn decide(
        &self,
        read: &CampaignItem,
        state: CampaignState,
        by: &KeyId,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let when = if state == CampaignState::Running { "approved_at" } else { "ended_at" };
        let update = self
            .updating(&read.id)
            .update_expression(format!("SET #state = :state, {when} = :now, written_by = list_append(written_by, :by)"))
            .condition_expression("#state = :read")
            .expression_attribute_values(":read", text(read.state.as_str()))
            .expression_attribute_values(":state", text(state.as_str()))
            .expression_attribute_values(":by", AttributeValue::L(vec![text(by.as_str())]))
            .expression_attribute_values(":now", text(now.to_string()));
        met(update).await
    }

    /// Begins to walk, or goes on where another one has stopped; nothing where somebody walks, or there is nothing to walk for any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn walk(&self, id: &CampaignId, now: Timestamp) -> Result<Option<Walk>, Unavailable> {
        let until = now + LEASE;
        let update = self
            .updating(id)
            .update_expression("SET leased_until = :until")
            .condition_expression("#state = :running AND (attribute_not_exists(leased_until) OR leased_until <= :now)")
            .expression_attribute_values(":running", text(CampaignState::Running.as_str()))
            .expression_attribute_values(":until", text(until.to_string()))
            .expression_attribute_values(":now", text(now.to_string()));
        Ok(met(update).await?.then(|| Walk { id: id.clone(), until }))
    }

    /// Notes that parts are walked through up to `walked`, with so many letters asked for; nothing where the walk is over: the campaign was stopped,
    /// or another one walks.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn step(
        &self,
        walk: Walk,
        walked: i32,
        queued: u64,
        now: Timestamp,
    ) -> Result<Option<Walk>, Unavailable> {
        let until = now + LEASE;
        let update = self
            .walking(&walk)
            .update_expression("SET walked = :walked, queued = queued + :queued, leased_until = :until")
            .expression_attribute_values(":walked", number(walked))
            .expression_attribute_values(":queued", number(queued))
            .expression_attribute_values(":until", text(until.to_string()));
        Ok(met(update).await?.then_some(Walk { until, ..walk }))
    }

    /// Ends a walk where it is: the next one goes on from there.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn rest(&self, walk: Walk) -> Result<(), Unavailable> {
        met(self.walking(&walk).update_expression("REMOVE leased_until")).await.map(drop)
    }

    /// Ends a walk for good: everybody has been come by, or the campaign's time is over.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn end(&self, walk: Walk, now: Timestamp) -> Result<(), Unavailable> {
        let update = self
            .walking(&walk)
            .update_expression("SET #state = :done, ended_at = :now REMOVE leased_until")
            .expression_attribute_values(":done", text(CampaignState::Done.as_str()))
            .expression_attribute_values(":now", text(now.to_string()));
        met(update).await.map(drop)
    }

    /// Counts what came of a letter.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn count(&self, id: &CampaignId, outcome: Outcome) -> Result<(), Unavailable> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::CAMPAIGNS))
            .key("sk", text(key::campaign(id)))
            .update_expression(match outcome {
                Outcome::Sent => "ADD sent :one",
                Outcome::Skipped => "ADD skipped :one",
            })
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":one", number(1))
            // Not again where no answer came: it could count twice.
            .attempts(1);
        met(update).await.map(drop)
    }

    fn updating(&self, id: &CampaignId) -> Operation<Client> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::CAMPAIGNS))
            .key("sk", text(key::campaign(id)))
            .expression_attribute_names("#state", "state")
    }

    fn walking(&self, walk: &Walk) -> Operation<Client> {
        self.updating(&walk.id)
            .condition_expression("#state = :running AND leased_until = :mine")
            .expression_attribute_values(":running", text(CampaignState::Running.as_str()))
            .expression_attribute_values(":mine", text(walk.until.to_string()))
    }

    fn range(&self) -> Range<'_> {
        let (client, table) = (&self.client, self.table.as_str());
        Range { client, table, pk: key::CAMPAIGNS.to_owned(), prefix: key::CAMPAIGN }
    }
}

/// Whether an update's condition held.
async fn met(update: Operation<Client>) -> Result<bool, Unavailable> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) if is_unmet(&error) => Ok(false),
        Err(error) => Err(unavailable("campaigns", &error)),
    }
}
