//! The register of breaches (table `privacy`): one item a case, in the order in which they were reported. A case is never deleted, because the
//! register itself is an obligation (GDPR Art. 33(5)).

use domain::{
    breach::{BreachState, Case, Risk},
    id::{BreachId, KeyId, SubmissionId},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Client, Unavailable, key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, Part, TransactionError, number, put},
};

/// A case. Its texts are an officer's; the form says that they name nobody.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct BreachItem {
    /// Always `breaches`.
    #[pd(none)]
    pub pk: String,
    /// `breach#` and the case's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The case.
    #[pd(none)]
    pub id: BreachId,
    /// How often it was written; each write names the one that it has read.
    #[pd(none)]
    pub version: u64,
    /// How far it is.
    #[pd(none)]
    pub state: BreachState,
    /// What it means for people, once that is found out.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// When it was detected: the clock starts here.
    #[pd(none)]
    pub detected_at: Timestamp,
    /// When it was put into the register.
    #[pd(none)]
    pub reported_at: Timestamp,
    /// What happened.
    #[pd(none)]
    pub nature: String,
    /// The report that has opened it, where a form has.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<SubmissionId>,
    /// The tables, queues and buckets that it is about, by their names in the data map.
    #[pd(none)]
    pub places: Vec<String>,
    /// About how many people.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u64>,
    /// About how many records.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// What it is likely to lead to.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<String>,
    /// What was done, and what is proposed.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<String>,
    /// Why the authority was told late.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_because: Option<String>,
    /// When the authority was told.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_told_at: Option<Timestamp>,
    /// When the people were told.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons_told_at: Option<Timestamp>,
    /// When it was closed or dismissed.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Who of ours has written it, step by step, by their keys.
    #[pd(none)]
    pub written_by: Vec<KeyId>,
    /// How many reminders of the clock were given.
    #[pd(none)]
    #[serde(default)]
    pub reminded: usize,
}

impl BreachItem {
    /// A case that a form has opened, because somebody suspects a leak (R020). The clock starts with the report: whatever is found out later, it was
    /// not detected before. It tells of its time no more than the form does.
    #[must_use]
    pub fn reported(form: &SubmissionId, received_at: Timestamp) -> Self {
        let nature = "Somebody suspects that personal data has leaked, and has said so by the form `leak`.".to_owned();
        Self { form: Some(form.clone()), ..Self::opened(BreachId::of_report(form), nature, received_at, received_at) }
    }

    /// A case that is suspected.
    #[must_use]
    pub fn suspected(id: BreachId, nature: String, detected_at: Timestamp, by: KeyId, now: Timestamp) -> Self {
        Self { written_by: vec![by], ..Self::opened(id, nature, detected_at, now) }
    }

    fn opened(id: BreachId, nature: String, detected_at: Timestamp, now: Timestamp) -> Self {
        Self {
            pk: key::BREACHES.to_owned(),
            sk: key::breach(&id),
            v: 1,
            id,
            version: 0,
            state: BreachState::Suspected,
            risk: None,
            detected_at,
            reported_at: now,
            nature,
            form: None,
            places: Vec::new(),
            people: None,
            records: None,
            consequences: None,
            measures: None,
            late_because: None,
            authority_told_at: None,
            persons_told_at: None,
            closed_at: None,
            written_by: Vec::new(),
            reminded: 0,
        }
    }

    /// What the rules need to know of it.
    #[must_use]
    pub fn case(&self) -> Case {
        Case {
            state: self.state,
            risk: self.risk,
            detected_at: self.detected_at,
            authority_told: self.authority_told_at.is_some(),
            persons_told: self.persons_told_at.is_some(),
        }
    }
}

/// The register.
#[derive(Clone)]
pub struct Breaches {
    client: Client,
    table: String,
}

impl Breaches {
    /// Adapter over the `privacy` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The write that puts a case into the register; it fails where it is there already.
    #[must_use]
    pub fn adding(&self, case: &BreachItem) -> Part {
        put(&self.table, case).condition_expression("attribute_not_exists(pk)")
    }

    /// Puts a case into the register.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn add(&self, case: &BreachItem) -> Result<(), Unavailable> {
        match transaction::write(&self.client, vec![self.adding(case)]).await {
            // Its id is new: another attempt of the same write has come through.
            Ok(()) | Err(TransactionError::Condition(_)) => Ok(()),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// Writes a case in place of the version that was read; false where it was changed meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn change(&self, case: &BreachItem) -> Result<bool, Unavailable> {
        let changed = BreachItem { version: case.version + 1, ..case.clone() };
        let part = put(&self.table, &changed)
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(case.version));
        match transaction::write(&self.client, vec![part]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// A case.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, id: &BreachId) -> Result<Option<BreachItem>, Unavailable> {
        get(&self.client, &self.table, "breaches", key::BREACHES.to_owned(), key::breach(id)).await
    }

    /// A page of the register, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(&self, request: &PageRequest) -> Result<Page<BreachItem>, PageError> {
        self.range().page(&List { name: "breaches", of: "-" }, request).await
    }

    /// Every case. There are few, or there is another problem.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all(&self) -> Result<Vec<BreachItem>, Unavailable> {
        self.range().all().await
    }

    fn range(&self) -> Range<'_> {
        let (client, table) = (&self.client, self.table.as_str());
        Range { client, table, pk: key::BREACHES.to_owned(), prefix: key::BREACH }
    }
}
