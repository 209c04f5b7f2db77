//! Looking over the chain: whether nothing in it was changed, taken out or put back (`privacy.md` D.8).
//!
//! How far it has been verified stands in the table `usage` and not beside the links: whoever puts back an older state of their table, from a backup
//! or by hand, does not put back what is known about it.

use jiff::Timestamp;
use personal_data::PersonalData;

use super::{Chain, HeadItem, LinkItem, Linked, follows};
use crate::dynamo::{
    Client, Unavailable,
    call::Attributes,
    key,
    page::get,
    transaction::{put_alone, text},
    unavailable,
};

/// Links that are read at once.
const LINKS_AT_ONCE: i32 = 250;

/// How far the chain has been verified (table `usage`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "usage", subject = Nobody, role = Controller, region = Anywhere)]
pub struct VerifiedItem {
    /// Always `chain`.
    #[pd(none)]
    pub pk: String,
    /// Always `verified`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The newest link that was ever verified.
    #[pd(none)]
    pub newest: Linked,
    /// Where the round that looks at every link anew goes on.
    #[pd(none)]
    pub round: Linked,
    /// When a round last came to its end; where none has, when the first began.
    #[pd(none)]
    pub round_ended_at: Timestamp,
}

impl VerifiedItem {
    /// Nothing has been verified yet.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            pk: key::CHAIN.to_owned(),
            sk: key::VERIFIED.to_owned(),
            v: 1,
            newest: Linked::none(),
            round: Linked::none(),
            round_ended_at: now,
        }
    }
}

/// The marks in the table `usage`.
#[derive(Clone)]
pub struct VerifiedMarks {
    client: Client,
    table: String,
}

impl VerifiedMarks {
    /// Adapter over the `usage` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// How far the chain has been verified, if it ever was.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(&self) -> Result<Option<VerifiedItem>, Unavailable> {
        let (pk, sk) = (key::CHAIN.to_owned(), key::VERIFIED.to_owned());
        get(&self.client, &self.table, "verified", pk, sk).await
    }

    /// Notes how far it has been verified. Of two runs at a time the last one stays: what it knows less of is looked at once more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, mark: &VerifiedItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "verified", mark).await
    }
}

/// What a look over the chain has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Links that follow from those before.
    pub links: u64,
    /// The last of them, or where the look began.
    pub newest: Linked,
    /// The number of the first that does not follow, is missing or cannot be read, or that the head has gone back behind.
    pub broken_at: Option<u64>,
    /// Whether the end of the chain was reached.
    pub complete: bool,
}

impl Chain {
    /// Looks over the chain behind a link that was verified before: whether that is still there, each link is what its hash says and follows
    /// the one before, and the newest is the head. Goes on page by page as long as there is `time`.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn verify(&self, behind: &Linked, time: impl Fn() -> bool) -> Result<Look, Unavailable> {
        // Before the links, so that one that is chained meanwhile is no break.
        let head = self.head().await?;
        let mut look = Look { links: 0, newest: behind.clone(), broken_at: None, complete: false };
        let mut rows = self.page(behind.seq, None).await?;
        if behind.seq > 0 && !rows.0.first().is_some_and(|row| is_link(row, behind)) {
            return Ok(Look { broken_at: Some(behind.seq), ..look });
        }
        if is_named_otherwise(head.as_ref(), behind) {
            return Ok(Look { broken_at: Some(behind.seq), ..look });
        }
        rows.0.drain(..usize::from(behind.seq > 0));
        loop {
            for row in rows.0 {
                let read: Option<LinkItem> = serde_dynamo::from_item(row).ok();
                let Some(link) = read.filter(|link| follows(link, &look.newest)) else {
                    look.broken_at = Some(look.newest.seq + 1);
                    return Ok(look);
                };
                look.links += 1;
                look.newest = Linked { seq: link.seq, hash: link.hash };
                if is_named_otherwise(head.as_ref(), &look.newest) {
                    look.broken_at = Some(look.newest.seq);
                    return Ok(look);
                }
            }
            if rows.1.is_none() {
                look.complete = true;
                break;
            }
            if !time() {
                break;
            }
            rows = self.page(behind.seq, rows.1).await?;
        }
        // What the head names and is not there was cut off.
        if look.complete && head.is_some_and(|head| head.seq > look.newest.seq) {
            look.broken_at = Some(look.newest.seq + 1);
        }
        // And a head that is behind what is there was put back: every link that is chained now would take the place of another.
        let head = self.head().await?.map_or(0, |head| head.seq);
        if head < look.newest.seq {
            look.broken_at = Some(head + 1);
        }
        Ok(look)
    }

    /// Links from a number on, and where the next page begins.
    async fn page(
        &self,
        from: u64,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), Unavailable> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(key::CHAIN))
            .expression_attribute_values(":from", text(key::link(from)))
            // Behind every number: no digit is a tilde.
            .expression_attribute_values(":to", text(format!("{}~", key::LINKS)))
            .consistent_read(true)
            .limit(LINKS_AT_ONCE)
            .exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("chain", &error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }
}

/// Whether the head is this link and says another hash of it.
fn is_named_otherwise(head: Option<&HeadItem>, link: &Linked) -> bool {
    head.is_some_and(|head| head.seq == link.seq && head.hash != link.hash)
}

/// Whether a row is the link that was verified, unchanged.
fn is_link(row: &Attributes, verified: &Linked) -> bool {
    let link: Option<LinkItem> = serde_dynamo::from_item(row.clone()).ok();
    link.is_some_and(|link| link.seq == verified.seq && link.hash == verified.hash && link.hash == link.hash())
}
