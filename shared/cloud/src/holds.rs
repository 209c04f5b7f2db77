//! The end of a legal hold: what an erasure has left because of it is erased after all (`privacy.md` E).

use domain::{hold::HoldState, id::PrivacyRequestId};
use jiff::Timestamp;

use crate::{
    dynamo::{
        Unavailable,
        accounts::Accounts,
        holds::{HoldItem, Holds},
        requests::{Requests, SubjectRequestItem},
    },
    requests::RequestMessage,
    sqs::Queue,
};

/// Ends holds.
pub struct HoldEnds {
    /// The holds.
    pub holds: Holds,
    /// Requests of people.
    pub requests: Requests,
    /// Accounts.
    pub accounts: Accounts,
    /// Queue of requests that are to be looked at.
    pub work: Queue<RequestMessage>,
}

impl HoldEnds {
    /// Ends a hold. Where an erasure has left something that no other hold keeps, a request of the same person follows in the same write, and its
    /// letter tells the person when that is erased too.
    ///
    /// Nothing where the hold was changed since it was read, or an erasure of the same person is being carried out: that one may find the hold
    /// ended, or not.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn end(&self, hold: HoldItem, now: Timestamp) -> Result<Option<HoldItem>, Unavailable> {
        let mut hold = HoldItem { state: HoldState::Released, ended_at: Some(now), ..hold };
        let Some(request) = self.following(&hold, now).await? else {
            return Ok(self.holds.change(&hold).await?.then_some(hold));
        };
        hold.followed_by = Some(request.id.clone());
        if !self.requests.follow(&request, vec![self.holds.changing(&hold)]).await? {
            return Ok(None);
        }
        // The record owes its letter, and a sweep reminds.
        if self.work.send(&RequestMessage { request: request.id }).await.is_err() {
            tracing::warn!(hold = %hold.id, "what follows from the end of a hold waits for the sweep");
        }
        Ok(Some(hold))
    }

    async fn following(&self, hold: &HoldItem, now: Timestamp) -> Result<Option<SubjectRequestItem>, Unavailable> {
        let Some(kept_from) = &hold.kept_from else { return Ok(None) };
        let others = self.holds.of(&hold.account, now).await?;
        if others.iter().any(|other| other.id != hold.id && hold.is_within(other)) {
            return Ok(None);
        }
        // Its record may be gone by now, and so may the account, where something else of it was held.
        let before = self.requests.get(kept_from).await?;
        let email = self.accounts.get(&hold.account).await?.map(|account| account.email);
        let id = PrivacyRequestId::of_hold(&hold.id);
        Ok(SubjectRequestItem::following(id, before.as_ref(), hold.account.clone(), email, now))
    }
}
