//! Forms of the web site: which there are, what each takes, and how long what was sent is kept (R004, R020, R085, R093, R162).

use std::str::FromStr;

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

    /// How many days what was sent is kept: as long as it takes to deal with it, and where it may become a claim, three years.
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

    /// Whether it says nothing without a message.
    #[must_use]
    pub const fn needs_message(self) -> bool {
        !matches!(self, Self::Demo | Self::WhitePaper)
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
}
