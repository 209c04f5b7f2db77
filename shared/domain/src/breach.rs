//! Breaches of personal data: what is suspected, found out, told to whom, and by when (`privacy.md` D.11; R019, R050; GDPR Art. 33 and 34).

use jiff::{SignedDuration, Timestamp};

/// Within how many hours the authority is told, counted from when the breach was detected: the policies say "discovery", which is never later than
/// the "awareness" of GDPR Art. 33(1). Hours run on at night, on weekends and when clocks change.
pub const HOURS: i64 = 72;
/// After how many hours of the 72 somebody is reminded, and louder each time.
pub const REMINDERS: [i64; 3] = [24, 48, 66];

/// How far a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreachState {
    /// Somebody suspects a breach, and the clock runs already.
    Suspected,
    /// There was one.
    Confirmed,
    /// What it means for the people it is about is known.
    Assessed,
    /// The authority was told.
    AuthorityNotified,
    /// The people it is about were told (Art. 34).
    PersonsNotified,
    /// Everything about it is done. It stays in the register (Art. 33(5)).
    Closed,
    /// There was none. The case stays in the register.
    Dismissed,
}

/// What a breach means for the people it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// It is unlikely to harm anybody: nobody has to be told (Art. 33(1)).
    Unlikely,
    /// It can harm: the authority is told.
    Risk,
    /// It is likely to harm much: the people are told too (Art. 34).
    High,
}

/// What can happen to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreachStep {
    /// There was a breach.
    Confirm,
    /// There was none.
    Dismiss,
    /// What it means is found out, or found to be something else than was thought.
    Assess,
    /// The authority was told. What is not known yet follows later (Art. 33(4)).
    NotifyAuthority,
    /// The people were told.
    NotifyPersons,
    /// Everything is done.
    Close,
}

/// A case, as far as the rules need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// How far it is.
    pub state: BreachState,
    /// What it means, once that is found out.
    pub risk: Option<Risk>,
    /// When it was detected.
    pub detected_at: Timestamp,
    /// Whether the authority was told.
    pub authority_told: bool,
    /// Whether the people were told.
    pub persons_told: bool,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BreachRefused {
    /// It does not follow from where the case is.
    #[error("the case is not in a state for this")]
    State,
    /// The 72 hours are over, and whoever tells the authority now has to say why (Art. 33(1)).
    #[error("the authority is told late, which needs a reason")]
    Late,
    /// By what it means, somebody has to be told first.
    #[error("by its risk, the authority or the people have to be told first")]
    Untold,
}

impl Case {
    /// By when the authority is told.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        after(self.detected_at, HOURS)
    }

    /// Whether somebody may still have to be told.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        match self.state {
            BreachState::Suspected | BreachState::Confirmed => !self.authority_told,
            BreachState::Assessed => !self.authority_told && !matches!(self.risk, Some(Risk::Unlikely)),
            BreachState::AuthorityNotified
            | BreachState::PersonsNotified
            | BreachState::Closed
            | BreachState::Dismissed => false,
        }
    }

    /// How many of the [`REMINDERS`] have come by now; one more when the time is over.
    #[must_use]
    pub fn reminders(&self, now: Timestamp) -> usize {
        REMINDERS.iter().chain([&HOURS]).filter(|hours| after(self.detected_at, **hours) <= now).count()
    }

    /// What follows from a step. `late_because` is whether a reason for telling the authority late is given.
    ///
    /// # Errors
    /// [`BreachRefused`] where nothing does.
    pub fn step(&self, step: BreachStep, late_because: bool, now: Timestamp) -> Result<BreachState, BreachRefused> {
        use BreachState as S;
        match (step, self.state) {
            (BreachStep::Confirm, S::Suspected) => Ok(S::Confirmed),
            (BreachStep::Dismiss, S::Suspected) => Ok(S::Dismissed),
            (BreachStep::Assess, S::Confirmed | S::Assessed) => Ok(S::Assessed),
            // More is found out after the authority was told; what was told stays told.
            (BreachStep::Assess, S::AuthorityNotified | S::PersonsNotified) => Ok(self.state),
            (BreachStep::NotifyAuthority, S::Confirmed | S::Assessed) if now > self.due() && !late_because => {
                Err(BreachRefused::Late)
            }
            (BreachStep::NotifyAuthority, S::Confirmed | S::Assessed) => Ok(S::AuthorityNotified),
            (BreachStep::NotifyPersons, S::Assessed | S::AuthorityNotified) => Ok(S::PersonsNotified),
            (BreachStep::Close, S::Assessed | S::AuthorityNotified | S::PersonsNotified) => match self.risk {
                None => Err(BreachRefused::State),
                Some(Risk::Risk | Risk::High) if !self.authority_told => Err(BreachRefused::Untold),
                Some(Risk::High) if !self.persons_told => Err(BreachRefused::Untold),
                Some(_) => Ok(S::Closed),
            },
            _ => Err(BreachRefused::State),
        }
    }
}

fn after(from: Timestamp, hours: i64) -> Timestamp {
    from.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn case(state: BreachState, risk: Option<Risk>) -> Case {
        let detected_at = at("2026-03-27T23:00:00Z");
        Case { state, risk, detected_at, authority_told: false, persons_told: false }
    }

    #[test]
    fn r019_the_clock_runs_seventy_two_hours_from_detection_through_weekends_and_changes_of_clocks() {
        let case = case(BreachState::Suspected, None);
        assert_eq!(case.due(), at("2026-03-30T23:00:00Z"), "clocks changed on the 29th");
        let reminders = |text: &str| case.reminders(at(text));
        assert_eq!(reminders("2026-03-28T22:59:59Z"), 0);
        assert_eq!(reminders("2026-03-28T23:00:00Z"), 1);
        assert_eq!(reminders("2026-03-29T23:00:00Z"), 2);
        assert_eq!(reminders("2026-03-30T17:00:00Z"), 3);
        assert_eq!(reminders("2026-03-30T23:00:00Z"), 4, "it is late now");
    }

    #[test]
    fn r050_who_tells_the_authority_late_says_why() {
        let case = case(BreachState::Confirmed, None);
        let tell = |because, text| case.step(BreachStep::NotifyAuthority, because, at(text));
        assert_eq!(tell(false, "2026-03-30T23:00:00Z"), Ok(BreachState::AuthorityNotified));
        assert_eq!(tell(false, "2026-03-30T23:00:01Z"), Err(BreachRefused::Late));
        assert_eq!(tell(true, "2026-03-30T23:00:01Z"), Ok(BreachState::AuthorityNotified));
    }

    #[test]
    fn a_case_is_closed_when_all_are_told_who_must_be() {
        let now = at("2026-03-28T00:00:00Z");
        let close = |risk, authority_told, persons_told| {
            let case = Case { authority_told, persons_told, ..case(BreachState::Assessed, risk) };
            case.step(BreachStep::Close, false, now)
        };
        assert_eq!(close(None, true, true), Err(BreachRefused::State));
        assert_eq!(close(Some(Risk::Unlikely), false, false), Ok(BreachState::Closed));
        assert_eq!(close(Some(Risk::Risk), false, false), Err(BreachRefused::Untold));
        assert_eq!(close(Some(Risk::Risk), true, false), Ok(BreachState::Closed));
        assert_eq!(close(Some(Risk::High), true, false), Err(BreachRefused::Untold));
        assert_eq!(close(Some(Risk::High), true, true), Ok(BreachState::Closed));
    }

    #[test]
    fn nobody_waits_for_what_is_dismissed_or_harms_nobody() {
        assert!(case(BreachState::Suspected, None).is_pending() && case(BreachState::Confirmed, None).is_pending());
        assert!(case(BreachState::Assessed, Some(Risk::Risk)).is_pending());
        assert!(!case(BreachState::Assessed, Some(Risk::Unlikely)).is_pending());
        for state in [BreachState::AuthorityNotified, BreachState::Closed, BreachState::Dismissed] {
            assert!(!case(state, Some(Risk::High)).is_pending(), "{state:?}");
        }
        let over = case(BreachState::Closed, Some(Risk::Unlikely));
        assert_eq!(over.step(BreachStep::Confirm, false, over.detected_at), Err(BreachRefused::State));
    }
}
