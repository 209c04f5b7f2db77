//! A request as its person sees it.

use cloud::dynamo::{
    proofs::{ATTEMPTS, LINKS},
    requests::{Debt, SubjectRequestItem, VerificationItem},
};
use domain::{
    id::PrivacyRequestId,
    request::{Ground, Kind, Letter, State},
};
use jiff::Timestamp;

/// A request.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubjectRequestStatus"))]
pub(crate) struct Shown {
    pub(crate) id: PrivacyRequestId,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) received_at: Timestamp,
    /// By when it must be answered.
    pub(crate) due_at: Timestamp,
    /// Until when its present state waits: for the link to be followed, for an erasure to begin, for the answer to be fetched, for an appeal.
    pub(crate) waits_until: Option<Timestamp>,
    /// Whether the mailbox was proven.
    pub(crate) mailbox_proven: bool,
    /// Whether it is known who asks, as surely as this kind needs it. What of the proof did not fit is not told.
    pub(crate) verified: bool,
    /// How often it can still be tried to prove who asks.
    pub(crate) attempts_left: u32,
    /// How many links can still be mailed.
    pub(crate) links_left: u32,
    /// On which ground it was refused.
    pub(crate) ground: Option<Ground>,
    /// The request that answers this one too.
    pub(crate) merged_into: Option<PrivacyRequestId>,
    /// Whether it can be taken back.
    pub(crate) can_cancel: bool,
    /// Whether its refusal can be appealed.
    pub(crate) can_appeal: bool,
    /// Whether there is a file to be fetched.
    pub(crate) can_download: bool,
    /// Whether there is a receipt of what was done, to be fetched as long as the request is `delivered`.
    pub(crate) has_receipt: bool,
}

/// Whether it is the letter with which the work on a request ends.
const fn tells_of_end(debt: Debt) -> bool {
    matches!(debt, Debt::Letter(Letter::Ready | Letter::Done))
}

impl Shown {
    pub(crate) fn new(request: &SubjectRequestItem, proof: Option<&VerificationItem>, now: Timestamp) -> Self {
        let waits = request.waits_until.is_none_or(|until| until > now);
        let may = |step| domain::request::step(&request.facts(), step, now).is_ok();
        Self {
            id: request.id.clone(),
            kind: request.kind,
            state: request.state,
            received_at: request.received_at,
            due_at: request.due_at,
            waits_until: request.waits_until,
            mailbox_proven: proof.is_some_and(|proof| proof.mailbox) || request.verified_at.is_some(),
            verified: request.verified_at.is_some(),
            attempts_left: proof.map_or(0, |proof| ATTEMPTS.saturating_sub(proof.attempts)),
            links_left: proof.map_or(0, |proof| LINKS.saturating_sub(proof.links)),
            ground: request.ground,
            merged_into: request.merged_into.clone(),
            can_cancel: may(domain::request::Step::Cancel),
            can_appeal: may(domain::request::Step::Appeal)
                && request.ground.is_none_or(domain::request::Ground::may_be_appealed),
            can_download: request.state == State::Delivered && request.kind.discloses() && waits,
            // It is written before the letter that tells of it, and that is struck out when it was sent.
            has_receipt: request.state == State::Delivered
                && !request.outbox.iter().any(|owed| tells_of_end(owed.what)),
        }
    }
}
