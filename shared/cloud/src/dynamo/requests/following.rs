//! An erasure that follows another one, because what kept something from that has ended.

use domain::{
    account::EmailAddress,
    id::{AccountId, PrivacyRequestId},
    request::{Channel, Kind, Language, Regime, Step, life::Assessment, life::Lock, step},
};
use jiff::Timestamp;

use super::{OpenItem, Requests, SubjectRequestItem};
use crate::dynamo::{
    Unavailable,
    transaction::{self, Part, TransactionError, put},
};

impl SubjectRequestItem {
    /// The erasure of what the one `before` has left. Who asked was proven then and had time to stop it, so the work begins at once. Its law and
    /// language are those of that one, where there is still a record of it. Nothing only where the rules would not have it, and they do.
    #[must_use]
    pub fn following(
        id: PrivacyRequestId,
        before: Option<&Self>,
        account: AccountId,
        email: Option<EmailAddress>,
        now: Timestamp,
    ) -> Option<Self> {
        let (channel, regime, language) = before.map_or((Channel::Api, Regime::Gdpr, Language::default()), |before| {
            (before.channel, before.regime, before.language)
        });
        let fresh = Self::blank(id, Kind::Erasure, (channel, regime, language), now);
        let reached = fresh.required;
        let proven = Self { account: Some(account), email, reached, verified_at: Some(now), ..fresh };
        let cooling = step(&proven.facts(), Step::Prove(Assessment::Clear), now).ok()?;
        // The letter that says how to stop it is not owed again.
        let cooling = Self { outbox: Vec::new(), ..proven.after(cooling, now) };
        let begins = step(&cooling.facts(), Step::TimeOver, cooling.waits_until?).ok()?;
        Some(Self { version: 0, ..cooling.after(begins, now) })
    }
}

impl Requests {
    /// Opens a request that follows another one, with the lock of its person and kind; `also` is written in the same transaction. False where it is
    /// there already, another one has the lock, or a condition of `also` does not hold.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn follow(&self, request: &SubjectRequestItem, also: Vec<Part>) -> Result<bool, Unavailable> {
        let mut parts = vec![
            put(&self.table, request).condition_expression("attribute_not_exists(pk)"),
            put(&self.table, &OpenItem::of(request, request.received_at)),
        ];
        parts.extend(self.locking(request, Lock::Take));
        parts.extend(also);
        match transaction::write(&self.client, parts).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }
}
