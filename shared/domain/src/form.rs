//! Forms of the web site: which there are, what each takes, how long what was sent is kept, and how it is worked on (R004, R020, R030, R074, R085,
//! R093, R162).

use std::str::FromStr;

use jiff::Timestamp;

use crate::request::due::business_days;

/// Within how many working days somebody of ours contacts who complains or reports something. No policy fixes it.
pub const CONTACT_DAYS: u32 = 2;

/// Which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FormKind"))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A question, or anything else.
    Contact,
    /// A demonstration or a call is wished.
    Demo,
    /// A white paper is wished.
    WhitePaper,
    /// An answer to a survey, or a vote.
    Survey,
    /// Somebody found a weakness.
    Vulnerability,
    /// Somebody is harmed by what one of our callers does.
    Abuse,
    /// A complaint about how we deal with personal data.
    Complaint,
    /// Somebody suspects that personal data has leaked.
    Leak,
}

impl Kind {
    /// Every form, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Contact,
        Self::Demo,
        Self::WhitePaper,
        Self::Survey,
        Self::Vulnerability,
        Self::Abuse,
        Self::Complaint,
        Self::Leak,
    ];

    /// The form's name in its address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Demo => "demo",
            Self::WhitePaper => "white-paper",
            Self::Survey => "survey",
            Self::Vulnerability => "vulnerability",
            Self::Abuse => "abuse",
            Self::Complaint => "complaint",
            Self::Leak => "leak",
        }
    }

    /// How many days what was sent is kept: as long as it takes to deal with it, and where it may become a claim, three years (R086).
    #[must_use]
    pub const fn kept_days(self) -> u16 {
        match self {
            Self::Contact | Self::Demo | Self::WhitePaper => 180,
            Self::Survey => 365,
            Self::Vulnerability | Self::Abuse | Self::Complaint | Self::Leak => 1_096,
        }
    }

    /// Whether it can be sent without saying who sends it. A demonstration or an answer must reach somebody.
    #[must_use]
    pub const fn may_be_anonymous(self) -> bool {
        match self {
            Self::Survey | Self::Vulnerability | Self::Abuse | Self::Leak => true,
            Self::Contact | Self::Demo | Self::WhitePaper | Self::Complaint => false,
        }
    }

    /// Whether somebody of ours has to contact who sent it (R030, R162).
    #[must_use]
    pub const fn wants_contact(self) -> bool {
        matches!(self, Self::Vulnerability | Self::Abuse | Self::Complaint | Self::Leak)
    }

    /// Whether it says nothing without a message.
    #[must_use]
    pub const fn needs_message(self) -> bool {
        !matches!(self, Self::Demo | Self::WhitePaper)
    }
}

/// How what was sent came to its end. The list is closed, so that no note tells what the form is there to protect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FormOutcome"))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What was wrong is mended, and the sender was told how.
    Solved,
    /// It was answered; there was nothing to be mended.
    Answered,
    /// Nothing was done about it, and the sender was told why.
    Refused,
    /// It is no message of a person: an advertisement, a scan.
    Spam,
}

impl Outcome {
    /// The outcome in one word, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solved => "solved",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Spam => "spam",
        }
    }
}

/// What somebody of ours does with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormStep {
    /// Notes that the sender was contacted, with solutions where it is a complaint.
    Contact,
    /// Ends it.
    Close(Outcome),
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormRefused {
    /// It has ended.
    #[error("it has ended")]
    Closed,
    /// The sender was contacted before: the first time counts.
    #[error("the sender was contacted before")]
    Contacted,
    /// Nobody knows who sent it.
    #[error("it has no sender who could be contacted")]
    Anonymous,
    /// The sender of this form is contacted before it ends.
    #[error("the sender has to be contacted first")]
    Uncontacted,
}

/// What was sent, as far as the rules need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// By which form.
    pub kind: Kind,
    /// Whether it says who sent it.
    pub named: bool,
    /// When it came in.
    pub received_at: Timestamp,
    /// Whether the sender was contacted.
    pub contacted: bool,
    /// Whether it has ended.
    pub closed: bool,
}

impl Sent {
    /// By when the sender is contacted; nothing where nobody can be, or nobody was promised it.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        (self.named && self.kind.wants_contact()).then(|| business_days(self.received_at, CONTACT_DAYS))
    }

    /// Whether the sender waits longer than was promised.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !self.closed && !self.contacted && self.due().is_some_and(|due| due < now)
    }

    /// Whether a step can be taken.
    ///
    /// # Errors
    /// [`FormRefused`] says why not.
    pub fn allows(&self, step: FormStep) -> Result<(), FormRefused> {
        match step {
            _ if self.closed => Err(FormRefused::Closed),
            FormStep::Contact if !self.named => Err(FormRefused::Anonymous),
            FormStep::Contact if self.contacted => Err(FormRefused::Contacted),
            FormStep::Contact | FormStep::Close(Outcome::Spam) => Ok(()),
            FormStep::Close(_) if self.due().is_some() && !self.contacted => Err(FormRefused::Uncontacted),
            FormStep::Close(_) => Ok(()),
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownForm)
    }
}

/// A text that names no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such form")]
pub struct UnknownForm;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_by_its_name_and_kept_within_the_class_of_its_data() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert!((1..=1_096).contains(&kind.kept_days()), "{kind:?}");
        }
        assert_eq!("newsletter".parse::<Kind>(), Err(UnknownForm));
    }

    fn sent(kind: Kind, received_at: &str) -> Sent {
        Sent { kind, named: true, received_at: received_at.parse().unwrap(), contacted: false, closed: false }
    }

    #[test]
    fn r030_who_complains_is_contacted_within_two_working_days() {
        // A Friday before a leap day's week, a Saturday, the last day of a year; no clock of a place is asked.
        for (received, due) in [
            ("2028-02-25T16:00:00Z", "2028-02-29T16:00:00Z"),
            ("2028-02-26T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2027-01-04T23:59:59Z"),
        ] {
            let complaint = sent(Kind::Complaint, received);
            let due: Timestamp = due.parse().unwrap();
            assert_eq!(complaint.due(), Some(due), "{received}");
            assert!(!complaint.is_overdue(due));
            let later = due.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
            assert!(complaint.is_overdue(later));
            assert!(!Sent { contacted: true, ..complaint }.is_overdue(later));
            assert!(!Sent { closed: true, ..complaint }.is_overdue(later));
        }
        assert_eq!(sent(Kind::Contact, "2028-02-25T16:00:00Z").due(), None);
        let nobody = Sent { named: false, ..sent(Kind::Leak, "2028-02-25T16:00:00Z") };
        assert_eq!(nobody.due(), None);
    }

    #[test]
    fn r030_nothing_ends_that_nobody_was_contacted_about() {
        let complaint = sent(Kind::Complaint, "2028-02-25T16:00:00Z");
        let contacted = Sent { contacted: true, ..complaint };
        let closed = Sent { closed: true, ..contacted };
        let nobody = Sent { named: false, ..sent(Kind::Leak, "2028-02-25T16:00:00Z") };
        let close = FormStep::Close(Outcome::Solved);
        for (what, step, allowed) in [
            (complaint, FormStep::Contact, Ok(())),
            (complaint, close, Err(FormRefused::Uncontacted)),
            (complaint, FormStep::Close(Outcome::Spam), Ok(())),
            (contacted, FormStep::Contact, Err(FormRefused::Contacted)),
            (contacted, close, Ok(())),
            (closed, close, Err(FormRefused::Closed)),
            (closed, FormStep::Contact, Err(FormRefused::Closed)),
            (nobody, FormStep::Contact, Err(FormRefused::Anonymous)),
            (nobody, close, Ok(())),
            (sent(Kind::Contact, "2028-02-25T16:00:00Z"), close, Ok(())),
        ] {
            assert_eq!(what.allows(step), allowed, "{what:?} {step:?}");
        }
    }
}
