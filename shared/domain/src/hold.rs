//! Legal holds: what is kept of a person although it would be erased, because a law, a claim or an authority wants it (`privacy.md` C.4, D.5; R084,
//! R129; GDPR Art. 17(3)).
//!
//! A hold names the law and a day on which it ends by itself: what is to be kept longer needs another one. Two people set it, and two release it. It
//! keeps records; it lets nothing go on working.

use jiff::{SignedDuration, Timestamp};

use crate::request::Ground;

/// The longest that one can last: accounting laws know ten years from the end of a year, and none that is met here more than thirty.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 366 * 24);

/// Why something is kept. The list is closed, so that no reason tells of whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HoldReason"))]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Books and invoices.
    Accounting,
    /// Taxes.
    Tax,
    /// Labour law.
    Labour,
    /// A claim that is made, or that is to be expected.
    Claim,
    /// An authority or a court has ordered it.
    Authority,
}

impl Reason {
    /// The ground on which an erasure leaves out what is held.
    #[must_use]
    pub const fn ground(self) -> Ground {
        match self {
            Self::Accounting | Self::Tax | Self::Labour | Self::Authority => Ground::LegalRetention,
            Self::Claim => Ground::LegalClaims,
        }
    }
}

/// What can be held. The list is short: a key ends by itself, a contact says nothing that the account does not say, and of a store nothing may stay
/// that opens it (R125); that it was connected, and until when, stands in the record of its departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HeldPlace"))]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The account: name, addresses, company.
    Account,
    /// Its applications: what they are called.
    Applications,
}

/// How far a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HoldState {
    /// One person wants it. It holds nothing yet.
    Proposed,
    /// A second person has looked: it holds.
    InForce,
    /// One person wants it released. It still holds.
    Releasing,
    /// It holds nothing any more.
    Released,
}

impl HoldState {
    /// Whether something is held.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::InForce | Self::Releasing)
    }
}

/// What can happen to a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HoldStep {
    /// A second person agrees to it.
    Approve,
    /// It is to be released: the first person asks for it, a second one does it. Who proposed a hold may take it back alone.
    Release,
    /// It is to stay after all.
    Keep,
}

impl HoldStep {
    /// The word that stands for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Release => "release",
            Self::Keep => "keep",
        }
    }
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldRefused {
    /// It does not follow from where the hold is.
    #[error("the hold is not in a state for this")]
    State,
    /// Two that look are two people.
    #[error("somebody else has to decide this")]
    SamePerson,
}

/// Where a hold is after a step; `by_another` says that who takes it has not taken the one before.
///
/// # Errors
/// [`HoldRefused`] where nothing follows.
pub fn step(state: HoldState, step: HoldStep, by_another: bool) -> Result<HoldState, HoldRefused> {
    match (state, step, by_another) {
        (HoldState::Proposed, HoldStep::Approve, true) => Ok(HoldState::InForce),
        (HoldState::Proposed, HoldStep::Release, _) => Ok(HoldState::Released),
        (HoldState::InForce, HoldStep::Release, _) => Ok(HoldState::Releasing),
        (HoldState::Releasing, HoldStep::Release, true) => Ok(HoldState::Released),
        (HoldState::Releasing, HoldStep::Keep, _) => Ok(HoldState::InForce),
        (HoldState::Proposed, HoldStep::Approve, false) | (HoldState::Releasing, HoldStep::Release, false) => {
            Err(HoldRefused::SamePerson)
        }
        _ => Err(HoldRefused::State),
    }
}

/// Whether a hold may end at a time.
#[must_use]
pub fn may_end(until: Timestamp, now: Timestamp) -> bool {
    now < until && until.duration_since(now) <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r129_it_takes_two_to_set_a_hold_and_two_to_release_it() {
        use HoldState::{InForce, Proposed, Released, Releasing};
        use HoldStep::{Approve, Keep, Release};
        let table = [
            (Proposed, Approve, true, Ok(InForce)),
            (Proposed, Approve, false, Err(HoldRefused::SamePerson)),
            (Proposed, Release, false, Ok(Released)),
            (Proposed, Keep, true, Err(HoldRefused::State)),
            (InForce, Approve, true, Err(HoldRefused::State)),
            (InForce, Release, false, Ok(Releasing)),
            (InForce, Keep, false, Err(HoldRefused::State)),
            (Releasing, Approve, true, Err(HoldRefused::State)),
            (Releasing, Release, false, Err(HoldRefused::SamePerson)),
            (Releasing, Release, true, Ok(Released)),
            (Releasing, Keep, false, Ok(InForce)),
            (Released, Approve, true, Err(HoldRefused::State)),
            (Released, Release, true, Err(HoldRefused::State)),
            (Released, Keep, true, Err(HoldRefused::State)),
        ];
        for (state, taken, by_another, expected) in table {
            assert_eq!(step(state, taken, by_another), expected, "{state:?} {taken:?} {by_another}");
        }
        assert!([InForce, Releasing].iter().all(|state| state.holds()) && !Proposed.holds() && !Released.holds());
    }

    #[test]
    fn r129_a_hold_has_an_end() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert!(!may_end(now, now) && may_end(now + LONGEST, now));
        assert!(!may_end(now + LONGEST + SignedDuration::from_secs(1), now));
    }
}
