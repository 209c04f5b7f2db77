//! Requests that people make about their own data (`privacy.md` C and D): what can be asked, under which law, by when it is answered, how who asks
//! is proven, and how a request lives.
//!
//! What platforms pass on about customers of connected stores is another room's: [`crate::privacy`]. There the platform has verified who asks, and
//! the merchant decides; here we verify and decide ourselves.

pub mod due;
pub mod factor;
pub mod ground;
pub mod life;
pub mod mail;
pub mod proof;
pub mod regime;
pub mod sensitive;

#[cfg(test)]
mod model_tests;

pub use due::{Deadlines, deadlines};
pub use factor::Factor;
pub use ground::Ground;
pub use life::{Facts, Letter, Next, Refused, State, Step, step};
pub use proof::{Doubt, Evidence, Level, required};
pub use regime::Regime;

/// What a person asks for (`privacy.md` C.2). Every kind is granted to everybody: where a law does not give it, a policy promises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Which categories of data are held, from where, why, and who gets them (R036, R053).
    KnowCategories,
    /// The specific pieces of data that are held (R036).
    KnowSpecific,
    /// A copy of everything that is held (R054, GDPR Art. 15).
    Access,
    /// What the person provided, in a form that machines read (R059, GDPR Art. 20).
    Portability,
    /// That it is erased (R038, R056, GDPR Art. 17).
    Erasure,
    /// That something wrong is corrected (R055, GDPR Art. 16).
    Rectification,
    /// That it is kept but not used (R180, GDPR Art. 18).
    Restriction,
    /// That it is not used for an end of ours (GDPR Art. 21).
    Objection,
    /// That it is not sold (R060).
    OptOutSale,
    /// That it is not used for targeted advertising (R060).
    OptOutAdvertising,
    /// That no profile decides about the person (R060, GDPR Art. 22).
    OptOutProfiling,
    /// That a consent ends (R023, GDPR Art. 7(3)).
    ConsentWithdrawal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::KnowCategories,
        Self::KnowSpecific,
        Self::Access,
        Self::Portability,
        Self::Erasure,
        Self::Rectification,
        Self::Restriction,
        Self::Objection,
        Self::OptOutSale,
        Self::OptOutAdvertising,
        Self::OptOutProfiling,
        Self::ConsentWithdrawal,
    ];

    /// The word that stands for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KnowCategories => "know-categories",
            Self::KnowSpecific => "know-specific",
            Self::Access => "access",
            Self::Portability => "portability",
            Self::Erasure => "erasure",
            Self::Rectification => "rectification",
            Self::Restriction => "restriction",
            Self::Objection => "objection",
            Self::OptOutSale => "opt-out-sale",
            Self::OptOutAdvertising => "opt-out-advertising",
            Self::OptOutProfiling => "opt-out-profiling",
            Self::ConsentWithdrawal => "consent-withdrawal",
        }
    }

    /// Whether carrying it out discloses what is held, in a file for the person.
    #[must_use]
    pub const fn discloses(self) -> bool {
        matches!(self, Self::KnowCategories | Self::KnowSpecific | Self::Access | Self::Portability)
    }

    /// Whether it only spares the person something, so that it is done at once, for whoever asks (11 CCR 7060(b)).
    #[must_use]
    pub const fn is_at_once(self) -> bool {
        matches!(self, Self::OptOutSale | Self::OptOutAdvertising | Self::OptOutProfiling | Self::ConsentWithdrawal)
    }

    /// Whether carrying it out ends with a second look, which must find nothing.
    #[must_use]
    pub const fn is_confirmed(self) -> bool {
        matches!(self, Self::Erasure)
    }
}

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The page of the privacy centre.
    Page,
    /// The API, as JSON.
    Api,
    /// A mail to the address that the policies name.
    Mail,
    /// The Data Rights Protocol, through an authorised agent.
    Drp,
    /// OpenDSR, from a controller that we process for.
    OpenDsr,
}

/// The language in which a person is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

/// What of an account can be corrected. Its address cannot: a new one would have to be confirmed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CorrectedField {
    /// The person's name.
    Name,
    /// The telephone number.
    Phone,
    /// The company.
    Company,
    /// The company's web site.
    Website,
}

impl CorrectedField {
    /// The word that stands for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Company => "company",
            Self::Website => "website",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_as_it_is_called() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
