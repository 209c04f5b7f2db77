//! How a request lives (`privacy.md` D.3): one function says what follows from a step, and what has to be done with it in the same write.
//!
//! Nothing is done for a person before who asks is proven. One request of a kind is carried out for a person at a time: whoever proves first takes
//! the lock, later ones are merged into it; an unproven request blocks nobody (GHSA-qx5f-ghc2-7g5c shows what happens otherwise). No state ends by
//! failure: what cannot be finished stays open, is seen by an operator, and is late aloud.

use jiff::Timestamp;

use super::{Ground, Kind, Level, due};

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A link was mailed, and nobody has followed it yet.
    AwaitingVerification,
    /// The person was asked for something that is missing. The clock runs on.
    NeedsInfo,
    /// A person of ours has to look at it.
    NeedsReview,
    /// An erasure that was approved waits, so that who did not ask can stop it.
    CoolingOff,
    /// It is being carried out.
    Running,
    /// Some places are done and some are tried again; the person was told.
    Partial,
    /// Trying again has not helped; an alarm rings until an operator has.
    NeedsOperator,
    /// Everything is erased, and is being looked for once more.
    Confirming,
    /// The answer is there, or all that was asked is done.
    Delivered,
    /// It was refused, and can be appealed for a time.
    Denied,
    /// A refusal was appealed.
    AppealOpen,
    /// Another request of the same person and kind, which was proven before, answers this one too.
    Merged,
    /// The person took it back.
    Cancelled,
    /// It is over. What identified the person is gone; the record stays for 24 months (11 CCR 7101).
    Closed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 14] = [
        Self::AwaitingVerification,
        Self::NeedsInfo,
        Self::NeedsReview,
        Self::CoolingOff,
        Self::Running,
        Self::Partial,
        Self::NeedsOperator,
        Self::Confirming,
        Self::Delivered,
        Self::Denied,
        Self::AppealOpen,
        Self::Merged,
        Self::Cancelled,
        Self::Closed,
    ];

    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Merged | Self::Cancelled | Self::Closed)
    }

    /// Whether the person still waits for an answer, so that the limit of the law runs.
    #[must_use]
    pub const fn is_owed(self) -> bool {
        match self {
            Self::AwaitingVerification
            | Self::NeedsInfo
            | Self::NeedsReview
            | Self::CoolingOff
            | Self::Running
            | Self::Partial
            | Self::NeedsOperator
            | Self::Confirming
            | Self::AppealOpen => true,
            Self::Delivered | Self::Denied | Self::Merged | Self::Cancelled | Self::Closed => false,
        }
    }

    /// Whether a request that had to be proven holds the lock of its person and kind there.
    #[must_use]
    pub const fn holds_lock(self) -> bool {
        matches!(
            self,
            Self::NeedsInfo
                | Self::NeedsReview
                | Self::CoolingOff
                | Self::Running
                | Self::Partial
                | Self::NeedsOperator
                | Self::Confirming
        )
    }

    /// Whether places are being worked on.
    #[must_use]
    pub const fn is_at_work(self) -> bool {
        matches!(self, Self::Running | Self::Partial | Self::NeedsOperator | Self::Confirming)
    }
}

/// What is known of a request where a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// What is asked.
    pub kind: Kind,
    /// Where it is.
    pub state: State,
    /// How surely it must be known who asks.
    pub required: Level,
    /// How many people of ours have approved it.
    pub approvals: u8,
    /// By when it is to be answered.
    pub due: Timestamp,
    /// Until when the present state waits by itself.
    pub waits_until: Option<Timestamp>,
}

/// What a proven request is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Assessment {
    /// It can be carried out.
    Clear,
    /// A person of ours has to look first: the level asks for it, or something is out of the ordinary.
    Review,
    /// Nothing of the person is held.
    NothingHeld,
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Who asks has been proven to the level that is required.
    Prove(Assessment),
    /// Proving has failed for good: the attempts are used up.
    FailProof,
    /// A person of ours asks for something that is missing.
    Ask,
    /// A person of ours approves it; where the level asks for review, a second one has to.
    Approve,
    /// It is refused.
    Deny(Ground),
    /// The person takes it back.
    Cancel,
    /// Another request of the same person and kind holds the lock.
    Merge,
    /// Some place cannot be done now and is tried again.
    Stall,
    /// Trying again has not helped.
    Escalate,
    /// What failed is tried again.
    Resume,
    /// Every place is done.
    Finish,
    /// The second look has found something.
    FindAgain,
    /// The second look has found nothing but what must be kept.
    Confirm,
    /// The person appeals against the refusal.
    Appeal,
    /// The appeal is granted, by someone else than who refused or not.
    GrantAppeal {
        /// Whether who decides is not who refused (R069).
        by_another: bool,
    },
    /// The appeal is refused.
    RefuseAppeal {
        /// Whether who decides is not who refused (R069).
        by_another: bool,
    },
    /// The time that the present state waits is over.
    TimeOver,
}

/// What is done with the lock of the person and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    /// It stays as it is.
    Keep,
    /// It is taken; where another request holds it, the step is [`Step::Merge`] instead.
    Take,
    /// It is given back.
    Release,
}

/// What the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Letter {
    /// That it came in, with the link that proves the mailbox, and by when it is answered.
    Received,
    /// That it came in and is done without any proof.
    ReceivedAtOnce,
    /// What is missing.
    NeedsInfo,
    /// That a person looks at it.
    UnderReview,
    /// That the erasure begins at a time, and how to stop it. All known addresses get it.
    CoolingOff,
    /// That some of it is done and the rest is being tried again.
    Partial,
    /// That the answer can be fetched.
    Ready,
    /// That it was fetched, the first time.
    Downloaded,
    /// That what was asked is done.
    Done,
    /// That it is refused, why, and how to appeal.
    Denied,
    /// That it needs more time, how much and why.
    Extended,
    /// That another request of the same person answers it.
    Merged,
    /// That it was taken back.
    Cancelled,
    /// That the appeal came in, and by when it is decided.
    AppealReceived,
    /// That the appeal is granted.
    AppealGranted,
    /// That the appeal is refused, and who hears complaints.
    AppealRefused,
}

impl Letter {
    /// Every letter.
    pub const ALL: [Self; 16] = [
        Self::Received,
        Self::ReceivedAtOnce,
        Self::NeedsInfo,
        Self::UnderReview,
        Self::CoolingOff,
        Self::Partial,
        Self::Ready,
        Self::Downloaded,
        Self::Done,
        Self::Denied,
        Self::Extended,
        Self::Merged,
        Self::Cancelled,
        Self::AppealReceived,
        Self::AppealGranted,
        Self::AppealRefused,
    ];
}

/// What follows from a step. All of it is one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// Where the request is then.
    pub state: State,
    /// Until when that waits by itself.
    pub waits_until: Option<Timestamp>,
    /// Until when it is answered, where that changes.
    pub due: Option<Timestamp>,
    /// How many people of ours have approved it.
    pub approvals: u8,
    /// On which ground it is refused, if it is.
    pub ground: Option<Ground>,
    /// What happens to the lock.
    pub lock: Lock,
    /// What the person is told.
    pub letter: Option<Letter>,
    /// Whether work on every place begins (anew).
    pub begins: bool,
    /// Whether all that identifies the person, and all that proved them, is deleted with this write (R068).
    pub purges: bool,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not follow from where the request is.
    #[error("the request is not in a state for this")]
    State,
    /// What was begun cannot be taken back.
    #[error("the erasure has begun and cannot be taken back")]
    Begun,
    /// The time is not over yet.
    #[error("the time for this has not come")]
    Early,
    /// The time is over.
    #[error("the time for this is over")]
    Late,
    /// Who refused cannot decide on the appeal (R069), and who approved is not the second one to look.
    #[error("somebody else has to decide this")]
    SameReviewer,
}

/// Where a request begins, and what is told.
#[must_use]
pub fn begin(kind: Kind, link_until: Timestamp) -> (State, Option<Timestamp>, Letter) {
    if kind.is_at_once() {
        (State::Running, None, Letter::ReceivedAtOnce)
    } else {
        (State::AwaitingVerification, Some(link_until), Letter::Received)
    }
}

/// What follows from a step.
///
/// # Errors
/// [`Refused`] where nothing does; then nothing is written.
pub fn step(facts: &Facts, step: Step, now: Timestamp) -> Result<Next, Refused> {
    use State as S;
    let Facts { kind, state, required, approvals, due: due_at, waits_until } = *facts;
    let stays = Next {
        state,
        waits_until,
        due: None,
        approvals,
        ground: None,
        lock: Lock::Keep,
        letter: None,
        begins: false,
        purges: false,
    };
    let to = |state: State, letter: Option<Letter>| Next { state, waits_until: None, letter, ..stays };
    let approved = |lock: Lock| match kind {
        Kind::Erasure => {
            let until = due::cooling_off_until(now, due_at);
            Next { waits_until: Some(until), lock, ..to(S::CoolingOff, Some(Letter::CoolingOff)) }
        }
        _ => Next { lock, begins: true, ..to(S::Running, None) },
    };
    let denied = |ground: Ground, lock: Lock| {
        let until = if ground.may_be_appealed() { due::appealable_until(now) } else { now };
        Next { ground: Some(ground), lock, waits_until: Some(until), ..to(S::Denied, Some(Letter::Denied)) }
    };
    // A request that needed no proof never took the lock.
    let lets_go = if kind.is_at_once() || !state.holds_lock() { Lock::Keep } else { Lock::Release };
    let delivered = || {
        let letter = if kind.discloses() { Letter::Ready } else { Letter::Done };
        Next { lock: lets_go, waits_until: Some(due::fetchable_until(now)), ..to(S::Delivered, Some(letter)) }
    };
    let is_over = waits_until.is_some_and(|until| until <= now);
    match (step, state) {
        (Step::Prove(_), S::AwaitingVerification) if is_over => Err(Refused::Late),
        // Only what is carried out or looked at needs the lock.
        (Step::Prove(Assessment::NothingHeld), S::AwaitingVerification) => Ok(denied(Ground::NoData, Lock::Keep)),
        (Step::Prove(Assessment::Clear), S::AwaitingVerification) if required != Level::Reviewed => {
            Ok(approved(Lock::Take))
        }
        (Step::Prove(_), S::AwaitingVerification) => {
            Ok(Next { lock: Lock::Take, ..to(S::NeedsReview, Some(Letter::UnderReview)) })
        }
        (Step::Merge, S::AwaitingVerification | S::AppealOpen) => {
            Ok(Next { purges: true, ..to(S::Merged, Some(Letter::Merged)) })
        }
        (Step::FailProof, S::AwaitingVerification) => Ok(denied(Ground::Unverified, Lock::Keep)),
        (Step::Ask, S::NeedsReview) => Ok(to(S::NeedsInfo, Some(Letter::NeedsInfo))),
        (Step::Approve, S::NeedsReview | S::NeedsInfo) => match approvals.saturating_add(1) {
            approvals @ 0..=1 if required == Level::Reviewed => Ok(Next { approvals, ..stays }),
            approvals => Ok(Next { approvals, ..approved(Lock::Keep) }),
        },
        (Step::Deny(ground), S::NeedsInfo | S::NeedsReview | S::CoolingOff) => Ok(denied(ground, lets_go)),
        (Step::Cancel, S::Running | S::Partial | S::NeedsOperator | S::Confirming) if kind == Kind::Erasure => {
            Err(Refused::Begun)
        }
        (Step::Cancel, state) if state.is_owed() => {
            Ok(Next { lock: lets_go, purges: true, ..to(S::Cancelled, Some(Letter::Cancelled)) })
        }
        (Step::Stall, S::Running) => Ok(to(S::Partial, Some(Letter::Partial))),
        (Step::Escalate, S::Running | S::Partial) => Ok(to(S::NeedsOperator, None)),
        (Step::Resume, S::Partial | S::NeedsOperator) => Ok(Next { begins: true, ..to(S::Running, None) }),
        (Step::Finish, S::Running | S::Partial | S::NeedsOperator) if kind.is_confirmed() => {
            Ok(to(S::Confirming, None))
        }
        (Step::Finish, S::Running | S::Partial | S::NeedsOperator) => Ok(delivered()),
        (Step::FindAgain, S::Confirming) => Ok(Next { begins: true, ..to(S::Running, None) }),
        (Step::Confirm, S::Confirming) => Ok(delivered()),
        (Step::Appeal, S::Denied) if is_over => Err(Refused::Late),
        (Step::Appeal, S::Denied) => {
            let (_, limit) = due::appeal(now);
            Ok(Next { due: Some(limit), ..to(S::AppealOpen, Some(Letter::AppealReceived)) })
        }
        (Step::GrantAppeal { by_another: false } | Step::RefuseAppeal { by_another: false }, S::AppealOpen) => {
            Err(Refused::SameReviewer)
        }
        (Step::GrantAppeal { .. }, S::AppealOpen) => {
            Ok(Next { lock: Lock::Take, begins: true, ..to(S::Running, Some(Letter::AppealGranted)) })
        }
        (Step::RefuseAppeal { .. }, S::AppealOpen) => {
            Ok(Next { purges: true, ..to(S::Closed, Some(Letter::AppealRefused)) })
        }
        (Step::TimeOver, S::AwaitingVerification | S::CoolingOff | S::Delivered | S::Denied) if !is_over => {
            Err(Refused::Early)
        }
        (Step::TimeOver, S::AwaitingVerification) => Ok(denied(Ground::Unverified, Lock::Keep)),
        (Step::TimeOver, S::CoolingOff) => Ok(Next { begins: true, ..to(S::Running, None) }),
        (Step::TimeOver, S::Delivered | S::Denied) => Ok(Next { purges: true, ..to(S::Closed, None) }),
        _ => Err(Refused::State),
    }
}
