//! How far the requests of people are carried out (table `privacy`, in the partition of the request; `privacy.md` D.3, D.5).
//!
//! A request has one run, and a row for each place of its plan. Whoever works on the run has it for a time ([`RunItem::leased_until`]) and a number
//! that nobody else has ([`RunItem::claims`]); each write of theirs names that number, so that one who was thought dead and comes back changes
//! nothing any more. Nothing here says whose request it is.

use domain::{id::PrivacyRequestId, privacy::KEPT, request::Ground};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Client, Unavailable,
    call::{ReturnValue, is_unmet},
    key,
    page::{Range, get},
    transaction::{self, Part, TransactionError, number, put, text},
    unavailable, unreadable,
};

/// How much longer than [`KEPT`] these rows stay, in seconds: they are written when the work begins, and the record's time starts at its end.
const LONGER: i64 = 366 * 86_400;

/// Who works on a request, and how far its file has come.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct RunItem {
    /// `request#` and the request's id.
    #[pd(none)]
    pub pk: String,
    /// Always `run`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// How often somebody began to work on it; the newest number is that of who has it.
    #[pd(none)]
    pub claims: u32,
    /// Until when it is had, in unix seconds; 0 when it is free.
    #[pd(none)]
    pub leased_until: i64,
    /// How often it failed since it last came on.
    #[pd(none)]
    pub failures: u32,
    /// The number of the checkpoint from which the file goes on; 0 where it begins.
    #[pd(none)]
    pub checkpoint: u32,
    /// When the row is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What became of one place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct PlaceItem {
    /// `request#` and the request's id.
    #[pd(none)]
    pub pk: String,
    /// `place#` and its name.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The plan's name for it.
    #[pd(none)]
    pub place: String,
    /// How much was found of the person.
    #[pd(none)]
    pub found: u64,
    /// With how much of that was done what was asked.
    #[pd(none)]
    pub acted: u64,
    /// What stays, and why.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// Where the work goes on: the plan's word for it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How often it was tried and failed.
    #[pd(none)]
    pub attempts: u32,
    /// When it was done.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// When the row is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// Something of a person that stays after an erasure.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// What, by the data map's name for its record.
    pub what: String,
    /// On which ground.
    pub ground: Ground,
    /// The law that a hold names (R129).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// Until when, in the words of the data map's retention; the time, where a hold has one.
    pub until: String,
}

/// What is left of a request for who made it, and for us (`privacy.md` D.8): the document, and its signature by the stack's key.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct ReceiptItem {
    /// `request#` and the request's id.
    #[pd(none)]
    pub pk: String,
    /// Always `receipt`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The receipt as it was signed, byte by byte: JSON, with nothing in it by which the person could be known.
    #[pd(none)]
    pub document: String,
    /// ECDSA on P-256 with SHA-256, in DER, in base64.
    #[pd(none)]
    pub signature: String,
    /// The ARN of the key that it verifies with.
    #[pd(none)]
    pub key: String,
    /// When the row is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// When the rows of a request are deleted that are written at `now`, in unix seconds: not before its record.
#[must_use]
pub fn kept_until(now: Timestamp) -> i64 {
    now.as_second() + KEPT + LONGER
}

impl PlaceItem {
    fn new(request: &PrivacyRequestId, place: &str, now: Timestamp) -> Self {
        Self {
            pk: key::subject_request(request),
            sk: key::place(place),
            v: 1,
            place: place.to_owned(),
            found: 0,
            acted: 0,
            kept: Vec::new(),
            cursor: None,
            attempts: 0,
            done_at: None,
            expires_at: kept_until(now),
        }
    }
}

/// The runs in the table `privacy`.
#[derive(Clone)]
pub struct Runs {
    client: Client,
    table: String,
}

impl Runs {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The places of a request, those that its plan names and that have no row yet made anew, in the order of the plan. Rows of places that the
    /// plan does not name any more are left out.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn places(
        &self,
        request: &PrivacyRequestId,
        plan: &[&'static str],
        now: Timestamp,
    ) -> Result<Vec<PlaceItem>, Unavailable> {
        let known = self.known(request).await?;
        let missing: Vec<PlaceItem> = plan
            .iter()
            .filter(|name| !known.iter().any(|place| place.place == **name))
            .map(|name| PlaceItem::new(request, name, now))
            .collect();
        let parts =
            missing.iter().map(|place| put(&self.table, place).condition_expression("attribute_not_exists(pk)"));
        let known = match transaction::write(&self.client, parts.collect()).await {
            Ok(()) => known.into_iter().chain(missing).collect(),
            // Another copy of the message was quicker.
            Err(TransactionError::Condition(_)) => self.known(request).await?,
            Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable),
        };
        let place = |name: &&'static str| known.iter().find(|place: &&PlaceItem| place.place == **name).cloned();
        Ok(plan.iter().filter_map(place).collect())
    }

    /// The places of a request that have a row.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn known(&self, request: &PrivacyRequestId) -> Result<Vec<PlaceItem>, Unavailable> {
        let (client, table) = (&self.client, self.table.as_str());
        Range { client, table, pk: key::subject_request(request), prefix: key::PLACES }.all().await
    }

    /// Takes the run of a request until a time; nothing where somebody else has it.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn claim(
        &self,
        request: &PrivacyRequestId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<RunItem>, Unavailable> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::subject_request(request)))
            .key("sk", text(key::RUN))
            .update_expression(
                "SET v = :v, leased_until = :until, failures = if_not_exists(failures, :none), \
                 checkpoint = if_not_exists(checkpoint, :none), expires_at = if_not_exists(expires_at, :end) ADD claims :one",
            )
            .condition_expression("attribute_not_exists(pk) OR leased_until <= :now")
            .expression_attribute_values(":v", number(1))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":until", number(until.as_second()))
            .expression_attribute_values(":end", number(kept_until(now)))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => {
                let run = serde_dynamo::from_item(answer.attributes.unwrap_or_default());
                run.map(Some).map_err(|error| unreadable("runs", &error))
            }
            Err(error) if is_unmet(&error) => Ok(None),
            Err(error) => Err(unavailable("runs", &error)),
        }
    }

    /// Writes how far a run and some of its places have come, if it is still had by who claimed it; false where it is not.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn save(&self, run: &RunItem, places: &[PlaceItem]) -> Result<bool, Unavailable> {
        let mut parts = vec![
            put(&self.table, run)
                .condition_expression("claims = :claims")
                .expression_attribute_values(":claims", number(run.claims)),
        ];
        parts.extend(places.iter().map(|place| put(&self.table, place)));
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// The receipt of a request, once there is one.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn receipt(&self, request: &PrivacyRequestId) -> Result<Option<ReceiptItem>, Unavailable> {
        let (pk, sk) = (key::subject_request(request), key::RECEIPT.to_owned());
        get(&self.client, &self.table, "receipts", pk, sk).await
    }

    /// Keeps a receipt, unless there is one: the first is the one that stays.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep_receipt(
        &self,
        request: &PrivacyRequestId,
        document: String,
        signature: String,
        key: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        let receipt = ReceiptItem {
            pk: key::subject_request(request),
            sk: key::RECEIPT.to_owned(),
            v: 1,
            document,
            signature,
            key: key.to_owned(),
            expires_at: kept_until(now),
        };
        let part = put(&self.table, &receipt).condition_expression("attribute_not_exists(pk)");
        match transaction::write(&self.client, vec![part]).await {
            Ok(()) | Err(TransactionError::Condition(_)) => Ok(()),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    /// The write after which a place is worked on anew, with what was found and done there until now.
    #[must_use]
    pub fn anew(&self, place: &PlaceItem) -> Part {
        put(&self.table, &PlaceItem { done_at: None, cursor: None, ..place.clone() })
    }
}
