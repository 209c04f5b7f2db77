//! Legal holds (table `privacy`): one item a hold, in the order in which they were proposed. A hold is never deleted: that something was kept, and on
//! what ground, must be shown as long as anybody can ask (R129).

use domain::{
    hold::{HoldState, Place, Reason},
    id::{AccountId, ApplicationId, HoldId, KeyId, PrivacyRequestId},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Client, Unavailable, key,
    page::{List, Page, PageError, PageRequest, Range, get},
    transaction::{self, Part, TransactionError, number, put},
};

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct HoldItem {
    /// Always `holds`.
    #[pd(none)]
    pub pk: String,
    /// `hold#` and the hold's id.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The hold.
    #[pd(none)]
    pub id: HoldId,
    /// How often it was written; each write names the one that it has read.
    #[pd(none)]
    pub version: u64,
    /// How far it is.
    #[pd(none)]
    pub state: HoldState,
    /// Of whose data something is held.
    #[pd(none)]
    pub account: AccountId,
    /// What of it; nothing for all that can be held.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The one application that is held; nothing for all of them.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// Why.
    #[pd(none)]
    pub reason: Reason,
    /// The law or the order, as one cites it. It names nobody.
    #[pd(none)]
    pub law: String,
    /// When it ends by itself.
    #[pd(none)]
    pub until: Timestamp,
    /// When it was proposed.
    #[pd(none)]
    pub proposed_at: Timestamp,
    /// Who of ours has written it, step by step, by their keys.
    #[pd(none)]
    pub written_by: Vec<KeyId>,
    /// When it was released, or its time was over and that was seen.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The erasure that has left something because of it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<PrivacyRequestId>,
    /// The request that erases it after all, once it has ended.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed_by: Option<PrivacyRequestId>,
}

impl HoldItem {
    /// One that is proposed: of everything that can be held, for no reason yet and until now. The caller says what it is.
    #[must_use]
    pub fn proposed(id: HoldId, account: AccountId, by: KeyId, now: Timestamp) -> Self {
        Self {
            pk: key::HOLDS.to_owned(),
            sk: key::hold(&id),
            v: 1,
            id,
            version: 0,
            state: HoldState::Proposed,
            account,
            place: None,
            application: None,
            reason: Reason::Authority,
            law: String::new(),
            until: now,
            proposed_at: now,
            written_by: vec![by],
            ended_at: None,
            kept_from: None,
            followed_by: None,
        }
    }

    /// Whether it holds something at a time.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.state.holds() && now < self.until
    }

    fn covers_account(&self) -> bool {
        self.place.is_none_or(|place| place == Place::Account)
    }

    fn covers_application(&self, id: &ApplicationId) -> bool {
        self.place.is_none_or(|place| place == Place::Applications)
            && self.application.as_ref().is_none_or(|held| held == id)
    }

    /// Whether all that this holds is held by another one too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let place = other.place.is_none() || other.place == self.place;
        place && (other.application.is_none() || other.application == self.application)
    }
}

/// What of an account is held at a time.
#[derive(Clone, Debug, Default)]
pub struct Held(Vec<HoldItem>);

impl Held {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The holds under which the account itself is.
    pub fn account(&self) -> impl Iterator<Item = &HoldItem> {
        self.0.iter().filter(|hold| hold.covers_account())
    }

    /// The holds under which one of its applications is.
    pub fn application<'a>(&'a self, id: &'a ApplicationId) -> impl Iterator<Item = &'a HoldItem> {
        self.0.iter().filter(move |hold| hold.covers_application(id))
    }

    /// Every hold.
    pub fn iter(&self) -> impl Iterator<Item = &HoldItem> {
        self.0.iter()
    }
}

/// The holds.
#[derive(Clone)]
pub struct Holds {
    client: Client,
    table: String,
}

impl Holds {
    /// Adapter over the `privacy` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Puts a hold beside the others.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn add(&self, hold: &HoldItem) -> Result<(), Unavailable> {
        let part = put(&self.table, hold).condition_expression("attribute_not_exists(pk)");
        match transaction::write(&self.client, vec![part]).await {
            // Its id is new: another attempt of the same write has come through.
            Ok(()) | Err(TransactionError::Condition(_)) => Ok(()),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// Writes a hold in place of the version that was read; false where it was changed meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn change(&self, hold: &HoldItem) -> Result<bool, Unavailable> {
        match transaction::write(&self.client, vec![self.changing(hold)]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// The write of a hold in place of the version that was read.
    #[must_use]
    pub fn changing(&self, hold: &HoldItem) -> Part {
        let changed = HoldItem { version: hold.version + 1, ..hold.clone() };
        put(&self.table, &changed)
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(hold.version))
    }

    /// A hold.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, id: &HoldId) -> Result<Option<HoldItem>, Unavailable> {
        get(&self.client, &self.table, "holds", key::HOLDS.to_owned(), key::hold(id)).await
    }

    /// A page of the holds, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(&self, request: &PageRequest) -> Result<Page<HoldItem>, PageError> {
        self.range().page(&List { name: "holds", of: "-" }, request).await
    }

    /// Every hold, ended ones too: one read where there are few.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn all(&self) -> Result<Vec<HoldItem>, Unavailable> {
        self.range().all().await
    }

    /// What of an account is held now.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn of(&self, account: &AccountId, now: Timestamp) -> Result<Held, Unavailable> {
        let mut holds = self.all().await?;
        holds.retain(|hold| hold.account == *account && hold.is_in_force(now));
        Ok(Held(holds))
    }

    fn range(&self) -> Range<'_> {
        let (client, table) = (&self.client, self.table.as_str());
        Range { client, table, pk: key::HOLDS.to_owned(), prefix: key::HOLD }
    }
}
