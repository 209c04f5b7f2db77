//! Which version of a policy binds an account, and what is owed to it before one does (R032, R033, R041, R102).
//!
//! A version that changes something significant binds nobody before notice was mailed and a lead time has passed. From then on use is agreement, and
//! whoever declined is not authorised any more: the account is closed. A version that takes rights away binds only who agrees to it; whoever does not
//! stays with the version before. An agreement is one row of an account, apart from every consent: it allows us nothing that takes a consent.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::policy::{PRIVACY, Policy, Version};

/// How long before a significant change takes effect its notice is mailed at least. No policy fixes it.
pub const LEAD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Seconds of a day.
const DAY: i64 = 86_400;

/// How an account agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// It was accepted with the sign-up.
    SignUp,
    /// Its owner said so.
    Said,
    /// It was used after the version took effect.
    Use,
}

impl Manner {
    /// The manner in one word, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Said => "said",
            Self::Use => "use",
        }
    }
}

/// What is known of an account and one version of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// When notice of it was mailed.
    pub noticed_at: Option<Timestamp>,
    /// When the account agreed to it.
    pub agreed_at: Option<Timestamp>,
    /// When its owner declined it, and did not think better of it since.
    pub declined_at: Option<Timestamp>,
}

/// How an account began.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// When it was made.
    pub at: Timestamp,
    /// The version of the privacy policy that was accepted with the sign-up (R041).
    pub accepted: &'a str,
}

/// What time brings to an account and one later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Wait,
    /// Notice is to be mailed.
    Tell,
    /// It was used since the version took effect: that is its agreement.
    NoteUse,
    /// Its owner declined a version that has taken effect: the account is to be closed.
    Close,
}

/// What is to be done now, about a version that came after the one with which an account began. `last_used` is the last day of UTC on which the
/// account was used, as far as that is known.
#[must_use]
pub fn step(version: &Version, known: Known, last_used: Option<Date>, now: Timestamp) -> Step {
    if !version.significant || known.agreed_at.is_some() {
        return Step::Wait;
    }
    let Some(effect) = takes_effect(version, known) else { return Step::Tell };
    if version.reduces_rights || effect > now {
        return Step::Wait;
    }
    if known.declined_at.is_some() {
        return Step::Close;
    }
    // It begins with a day, so that a day of use lies wholly behind it or wholly before.
    let since = effect.to_zoned(TimeZone::UTC).date();
    if last_used.is_some_and(|day| day >= since) { Step::NoteUse } else { Step::Wait }
}

/// From when a version takes effect for an account that does not agree to it expressly, always with the beginning of a day of UTC; nothing where
/// notice has yet to be mailed.
#[must_use]
pub fn takes_effect(version: &Version, known: Known) -> Option<Timestamp> {
    let effective = version.effective.start();
    if !version.significant {
        return Some(effective);
    }
    let day_after = |at: Timestamp| {
        let days = (at.as_second() + LEAD.as_secs()).div_euclid(DAY) + 1;
        Timestamp::from_second(days * DAY).unwrap_or(Timestamp::MAX)
    };
    known.noticed_at.map(|at| effective.max(day_after(at)))
}

/// The place of the version with which an account began: what it accepted, or what held then, or the first.
fn first_bound(policy: &Policy, beginning: Beginning<'_>) -> usize {
    let accepted = (policy.name == PRIVACY).then(|| policy.version(beginning.accepted)).flatten();
    let began = accepted.or_else(|| policy.in_effect(beginning.at));
    let place = began.and_then(|began| policy.versions.iter().position(|version| version == began));
    place.unwrap_or(0)
}

/// The versions of a policy that came after the one with which an account began: those that it may have to be told of.
#[must_use]
pub fn later_versions<'a>(policy: &'a Policy, beginning: Beginning<'_>) -> &'a [Version] {
    policy.versions.get(first_bound(policy, beginning) + 1..).unwrap_or_default()
}

/// The version that binds an account at `now`: the newest that it agreed to or that has taken effect for it. A version that needs an agreement
/// and has none does not hold up the one behind it that needs none.
#[must_use]
pub fn binding<'a>(
    policy: &'a Policy,
    beginning: Beginning<'_>,
    known: impl Fn(&Version) -> Known,
    now: Timestamp,
) -> Option<&'a Version> {
    let binds = |version: &Version| {
        let known = known(version);
        let by_itself = !version.reduces_rights && takes_effect(version, known).is_some_and(|at| at <= now);
        known.agreed_at.is_some() || by_itself
    };
    let later = later_versions(policy, beginning).iter().rfind(|version| binds(version));
    later.or_else(|| policy.versions.get(first_bound(policy, beginning)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Day;

    const fn version(name: &'static str, month: i64, significant: bool, reduces_rights: bool) -> Version {
        let effective = Day::new(2028, month, 1);
        Version { name, effective, significant, reduces_rights, sha256: "", text: "" }
    }

    static POLICY: Policy = Policy {
        name: PRIVACY,
        title: "Privacy policy",
        versions: &[
            version("1", 1, true, false),
            version("2", 3, false, false),
            version("3", 5, true, false),
            version("4", 7, true, true),
        ],
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const BEGINNING: Beginning<'static> = Beginning { at: Timestamp::UNIX_EPOCH, accepted: "1" };

    fn bound(noticed: &[(&str, &str)], agreed: &[&str], now: &str) -> &'static str {
        let known = |version: &Version| Known {
            noticed_at: noticed.iter().find(|(name, _)| *name == version.name).map(|(_, time)| at(time)),
            agreed_at: agreed.contains(&version.name).then(|| at("2028-01-01T00:00:00Z")),
            declined_at: None,
        };
        binding(&POLICY, BEGINNING, known, at(now)).unwrap().name
    }

    #[test]
    fn r032_a_significant_version_waits_for_its_notice_and_thirty_days() {
        assert_eq!(bound(&[], &[], "2028-02-29T23:59:59Z"), "1");
        assert_eq!(bound(&[], &[], "2028-03-01T00:00:00Z"), "2", "what is not significant needs no notice");
        assert_eq!(bound(&[], &[], "2029-01-01T00:00:00Z"), "2", "nobody was told of the third");
        // Told in time, over a month's end: it takes effect on its day.
        let early = [("3", "2028-03-31T12:00:00Z")];
        assert_eq!(bound(&early, &[], "2028-04-30T23:59:59Z"), "2");
        assert_eq!(bound(&early, &[], "2028-05-01T00:00:00Z"), "3");
        // Told late: with the day that begins thirty days after the mail.
        let late = [("3", "2028-04-20T12:00:00Z")];
        assert_eq!(bound(&late, &[], "2028-05-20T23:59:59Z"), "2");
        assert_eq!(bound(&late, &[], "2028-05-21T00:00:00Z"), "3");
    }

    #[test]
    fn r102_use_is_agreement_and_who_declines_is_not_authorised_any_more() {
        // Told before a leap day: thirty days end on the thirteenth of March.
        let [_, _, third, fourth] = POLICY.versions else { panic!("four versions") };
        let told = Known { noticed_at: Some(at("2028-02-11T00:00:00Z")), ..Known::default() };
        let third = &Version { effective: Day::new(2028, 3, 1), ..*third };
        assert_eq!(takes_effect(third, told), Some(at("2028-03-13T00:00:00Z")));
        let day = |text: &str| Some(text.parse::<Date>().unwrap());
        let of = |known, used, now: &str| step(third, known, used, at(now));
        assert_eq!(of(Known::default(), None, "2028-02-11T00:00:00Z"), Step::Tell);
        assert_eq!(of(told, day("2028-03-12"), "2028-03-12T23:59:59Z"), Step::Wait);
        assert_eq!(of(told, day("2028-03-12"), "2028-03-13T00:00:00Z"), Step::Wait, "used before, not since");
        assert_eq!(of(told, day("2028-03-13"), "2028-03-14T00:00:00Z"), Step::NoteUse);
        let declined = Known { declined_at: Some(at("2028-02-20T00:00:00Z")), ..told };
        assert_eq!(of(declined, day("2028-03-12"), "2028-03-12T23:59:59Z"), Step::Wait, "until then it may be used");
        assert_eq!(of(declined, day("2028-03-13"), "2028-03-13T00:00:00Z"), Step::Close);
        let agreed = Known { agreed_at: Some(at("2028-02-20T00:00:00Z")), ..Known::default() };
        assert_eq!(of(agreed, None, "2029-01-01T00:00:00Z"), Step::Wait);
        // What takes rights away is neither agreed to by use nor a reason to close.
        for known in [told, declined] {
            assert_eq!(step(fourth, known, day("2029-01-01"), at("2029-01-02T00:00:00Z")), Step::Wait);
        }
    }

    #[test]
    fn r033_a_version_that_takes_rights_away_waits_for_an_agreement() {
        let told = [("3", "2028-03-01T00:00:00Z"), ("4", "2028-03-01T00:00:00Z")];
        assert_eq!(bound(&told, &[], "2030-01-01T00:00:00Z"), "3", "however long it was told ago");
        assert_eq!(bound(&told, &["4"], "2028-07-01T00:00:00Z"), "4");
        assert_eq!(bound(&[], &["3"], "2028-04-01T00:00:00Z"), "3", "whoever agrees needs not wait");
    }

    #[test]
    fn r041_an_account_begins_with_what_it_accepted() {
        let later = |accepted| later_versions(&POLICY, Beginning { accepted, ..BEGINNING }).len();
        assert_eq!((later("1"), later("3"), later("4")), (3, 1, 0));
        let began = |time: &str| Beginning { at: at(time), accepted: "unheard of" };
        assert_eq!(later_versions(&POLICY, began("2028-06-01T00:00:00Z"))[0].name, "4", "what held then");
        assert_eq!(later_versions(&POLICY, began("2020-01-01T00:00:00Z")).len(), 3, "the first");
        let unknown = |_: &Version| Known::default();
        let now = at("2028-06-02T00:00:00Z");
        assert_eq!(binding(&POLICY, began("2028-06-01T00:00:00Z"), unknown, now).unwrap().name, "3");
    }
}
