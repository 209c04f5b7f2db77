//! The audit chain of people's requests (table `privacy`; `privacy.md` D.8): what was done when for which request, each link with the hash of the
//! one before, so that nothing can be changed, taken out or put in without breaking all that follows.
//!
//! No link says of whom: a request by its id, a person by a pseudonym that only KMS can make. Links are never changed and never deleted; a mistake
//! is put right by another link. A request's own steps do not touch the chain: what they owe is chained when it is carried out, so that no request
//! waits for another. One partition takes a thousand links a second.

mod verify;

pub use verify::{Look, VerifiedItem, VerifiedMarks};

use std::time::Duration;

use domain::{hex::hex, id::PrivacyRequestId};
use jiff::Timestamp;
use personal_data::PersonalData;
use sha2::{Digest, Sha256};

use super::{
    Client, Unavailable, key,
    page::get,
    transaction::{self, TransactionError, number, put},
};
use crate::clock::jitter;

/// How often a link is tried where others are chained at the same time.
const ATTEMPTS: u32 = 12;
const WAIT: Duration = Duration::from_millis(40);
/// What the first link names as the hash before it.
const NONE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct LinkItem {
    /// Always `chain`.
    #[pd(none)]
    pub pk: String,
    /// `link#` and the link's number in twelve digits.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Which one it is, counted from 1.
    #[pd(none)]
    pub seq: u64,
    /// The hash of the link before.
    #[pd(none)]
    pub prev: String,
    /// When it was chained.
    #[pd(none)]
    pub at: Timestamp,
    /// The request.
    #[pd(none)]
    pub request: PrivacyRequestId,
    /// What was done.
    #[pd(none)]
    pub event: String,
    /// For whom: a keyed hash, the same for all requests of a person; nothing where nobody is known any more.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonym: Option<String>,
    /// The hash of a document that the link is about.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The hash of all that.
    #[pd(none)]
    pub hash: String,
}

impl LinkItem {
    /// The hash that the link must have: SHA-256 of its facts, a line each, in this order.
    fn hash(&self) -> String {
        let Self { seq, prev, at, request, event, pseudonym, digest, .. } = self;
        let (pseudonym, digest) = (pseudonym.as_deref().unwrap_or("-"), digest.as_deref().unwrap_or("-"));
        hex(&Sha256::digest(format!("1\n{seq}\n{prev}\n{at}\n{request}\n{event}\n{pseudonym}\n{digest}\n")))
    }
}

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct HeadItem {
    /// Always `chain`.
    #[pd(none)]
    pub pk: String,
    /// Always `head`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The number of the newest link.
    #[pd(none)]
    pub seq: u64,
    /// Its hash.
    #[pd(none)]
    pub hash: String,
}

/// That something of a request is in the chain, so that it is chained once.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "privacy", subject = Nobody, role = Controller, region = Pinned)]
pub struct ChainedItem {
    /// `request#` and the request's id.
    #[pd(none)]
    pub pk: String,
    /// `chained#` and the request's own name for it.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The link's number.
    #[pd(none)]
    pub seq: u64,
    /// Its hash.
    #[pd(none)]
    pub hash: String,
    /// When the row is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What is to be chained.
pub struct Fact<'a> {
    /// The request.
    pub request: &'a PrivacyRequestId,
    /// The request's own name for it: what comes twice under one name is chained once.
    pub name: &'a str,
    /// What was done.
    pub event: &'a str,
    /// For whom.
    pub pseudonym: Option<&'a str>,
    /// The hash of a document that it is about.
    pub digest: Option<&'a str>,
}

/// Where something stands in the chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Linked {
    /// The link's number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl Linked {
    /// Where a chain begins: before its first link.
    #[must_use]
    pub fn none() -> Self {
        Self { seq: 0, hash: NONE.to_owned() }
    }
}

/// The chain in the table `privacy`.
#[derive(Clone)]
pub struct Chain {
    client: Client,
    table: String,
}

impl Chain {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Chains a fact, once.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked, or too many others are chained at the same time.
    pub async fn append(&self, fact: &Fact<'_>, now: Timestamp, expires_at: i64) -> Result<Linked, Unavailable> {
        for attempt in 0..ATTEMPTS {
            if let Some(linked) = self.chained(fact).await? {
                return Ok(linked);
            }
            let head = self.head().await?;
            let read = head.as_ref().map_or(0, |head| head.seq);
            let (link, chained) = link(fact, head, now, expires_at);
            let head = HeadItem {
                pk: key::CHAIN.to_owned(),
                sk: key::HEAD.to_owned(),
                v: 1,
                seq: link.seq,
                hash: link.hash.clone(),
            };
            let parts = vec![
                put(&self.table, &head)
                    .condition_expression("attribute_not_exists(pk) OR seq = :read")
                    .expression_attribute_values(":read", number(read)),
                put(&self.table, &link).condition_expression("attribute_not_exists(pk)"),
                put(&self.table, &chained).condition_expression("attribute_not_exists(pk)"),
            ];
            match transaction::write(&self.client, parts).await {
                Ok(()) => return Ok(Linked { seq: link.seq, hash: link.hash }),
                // Another link was quicker, or this very fact.
                Err(TransactionError::Condition(_)) => tokio::time::sleep(jitter(WAIT * (attempt + 1))).await,
                Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable),
            }
        }
        tracing::error!("too many links are chained at once");
        Err(Unavailable)
    }

    /// The newest link.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn head(&self) -> Result<Option<HeadItem>, Unavailable> {
        get(&self.client, &self.table, "chain", key::CHAIN.to_owned(), key::HEAD.to_owned()).await
    }

    async fn chained(&self, fact: &Fact<'_>) -> Result<Option<Linked>, Unavailable> {
        let (pk, sk) = (key::subject_request(fact.request), key::chained(fact.name));
        let item: Option<ChainedItem> = get(&self.client, &self.table, "chain", pk, sk).await?;
        Ok(item.map(|ChainedItem { seq, hash, .. }| Linked { seq, hash }))
    }
}

/// The next link and what says that it is one.
fn link(fact: &Fact<'_>, head: Option<HeadItem>, now: Timestamp, expires_at: i64) -> (LinkItem, ChainedItem) {
    let (before, prev) = head.map_or_else(|| (0, NONE.to_owned()), |head| (head.seq, head.hash));
    let seq = before + 1;
    let mut link = LinkItem {
        pk: key::CHAIN.to_owned(),
        sk: key::link(seq),
        v: 1,
        seq,
        prev,
        at: now,
        request: fact.request.clone(),
        event: fact.event.to_owned(),
        pseudonym: fact.pseudonym.map(str::to_owned),
        digest: fact.digest.map(str::to_owned),
        hash: String::new(),
    };
    link.hash = link.hash();
    let chained = ChainedItem {
        pk: key::subject_request(fact.request),
        sk: key::chained(fact.name),
        v: 1,
        seq,
        hash: link.hash.clone(),
        expires_at,
    };
    (link, chained)
}

/// Whether a link is what its hash says, and the next one after `before`.
fn follows(link: &LinkItem, before: &Linked) -> bool {
    link.seq == before.seq + 1 && link.sk == key::link(link.seq) && link.prev == before.hash && link.hash == link.hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Vec<LinkItem> {
        let request = "prq_00000000000000000000000007".parse().unwrap();
        let mut links: Vec<LinkItem> = Vec::new();
        for (number, event) in ["received", "begin", "done"].into_iter().enumerate() {
            let head = links.last().map(|link| HeadItem {
                pk: String::new(),
                sk: String::new(),
                v: 1,
                seq: link.seq,
                hash: link.hash.clone(),
            });
            let fact = Fact { request: &request, name: event, event, pseudonym: Some("p"), digest: None };
            links.push(link(&fact, head, Timestamp::from_second(number as i64).unwrap(), 0).0);
        }
        links
    }

    fn broken_at(links: &[LinkItem]) -> Option<usize> {
        let mut before = Linked::none();
        for (number, link) in links.iter().enumerate() {
            if !follows(link, &before) {
                return Some(number);
            }
            before = Linked { seq: link.seq, hash: link.hash.clone() };
        }
        None
    }

    #[test]
    fn whatever_is_changed_breaks_the_chain_where_it_was_changed() {
        assert_eq!(broken_at(&links()), None);
        let changes: [fn(&mut LinkItem); 6] = [
            |link| link.event = "denied".to_owned(),
            |link| link.at = Timestamp::from_second(9).unwrap(),
            |link| link.request = "prq_00000000000000000000000008".parse().unwrap(),
            |link| link.pseudonym = None,
            |link| link.digest = Some("d".to_owned()),
            |link| link.prev = NONE.to_owned(),
        ];
        for change in changes {
            let mut changed = links();
            change(&mut changed[1]);
            assert_eq!(broken_at(&changed), Some(1));
            // Whoever mends its hash breaks the next.
            changed[1].hash = changed[1].hash();
            assert!(matches!(broken_at(&changed), Some(1 | 2)));
        }
        let mut shorter = links();
        shorter.remove(1);
        assert_eq!(broken_at(&shorter), Some(1));
    }
}
