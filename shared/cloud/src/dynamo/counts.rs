//! How often something came from one source, or went to one address, within a window (table `guards`): what keeps forms from being used against
//! others. Sources and addresses are hashes that hold for one window and cannot be joined over two.

use std::net::IpAddr;

use domain::{account::EmailAddress, hex::hex, partner::PartnerId};
use jiff::Timestamp;
use personal_data::PersonalData;
use sha2::{Digest, Sha256};

use super::{
    Unavailable,
    call::{AttributeValue, Client, ReturnValue, number_of},
    guard, key,
    transaction::text,
    unavailable,
};
use crate::clock::Clock;

const DAY: i64 = 86_400;

/// A count.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = Caller, link = "pk", role = Controller, region = Pinned)]
pub struct CountItem {
    /// What is counted and of whom (`sign-up-source#`, `request-address#` …), and a hash that holds for one window.
    #[pd(cat = "user.unique_id.pseudonymous", origin = Derived, basis = LegitimateInterest, purpose(Security), retain = "guard", erase = Expire, export = Never)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// How often, in the present window.
    #[pd(none)]
    pub count: u32,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// One thing that is counted, in its present window.
pub struct Counted {
    pk: String,
    end: Timestamp,
}

impl Counted {
    /// `what` by its source, within [`guard::WINDOW`].
    #[must_use]
    pub fn by_source(what: &str, source: Option<IpAddr>, now: Timestamp) -> Self {
        Self { pk: key::count(what, "source", &guard::hash(source, now)), end: guard::window_end(now) }
    }

    /// `what` by an address, within a day.
    #[must_use]
    pub fn by_address(what: &str, address: &EmailAddress, now: Timestamp) -> Self {
        Self::of_a_day(what, "address", &address.folded(), now)
    }

    /// `what` by a source and an address together, within a day.
    #[must_use]
    pub fn by_both(what: &str, source: Option<IpAddr>, address: &EmailAddress, now: Timestamp) -> Self {
        // The window's name for the source would change within the day.
        let source = source.map_or_else(String::new, |source| source.to_string());
        Self::of_a_day(what, "both", &format!("{source}\n{}", address.folded()), now)
    }

    /// What a partner asks, within a day.
    #[must_use]
    pub fn by_partner(partner: &PartnerId, now: Timestamp) -> Self {
        Self::of_a_day("asked", "partner", partner.as_str(), now)
    }

    fn of_a_day(what: &str, of: &str, whom: &str, now: Timestamp) -> Self {
        let day = now.as_second().div_euclid(DAY);
        let end = Timestamp::from_second((day + 1) * DAY).unwrap_or(Timestamp::MAX);
        Self { pk: key::count(what, of, &hex(&Sha256::digest(format!("{day}\n{whom}"))[..16])), end }
    }

    /// Whole seconds until its window ends, one at least.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> u64 {
        u64::try_from(self.end.as_second() - now.as_second()).unwrap_or(0).max(1)
    }
}

/// The counts.
#[derive(Clone)]
pub struct Counts {
    client: Client,
    table: String,
    clock: Clock,
}

impl Counts {
    /// Adapter over the `guards` table.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, table, clock }
    }

    /// Counts one more, and says how many that makes.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn add(&self, counted: &Counted) -> Result<u32, Unavailable> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&counted.pk))
            .key("sk", text(key::ALONE))
            .update_expression("SET expires_at = :end ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":end", AttributeValue::N(counted.end.as_second().to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| unavailable("guards", &error))?;
        Ok(answer.attributes.and_then(|attributes| number_of(&attributes, "count")).unwrap_or(1))
    }

    /// How many there are.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self, counted: &Counted) -> Result<u32, Unavailable> {
        let item: Option<CountItem> =
            super::page::get(&self.client, &self.table, "guards", counted.pk.clone(), key::ALONE.to_owned()).await?;
        let now = self.clock.now().as_second();
        Ok(item.filter(|item| item.expires_at > now).map_or(0, |item| item.count))
    }
}
