//! On which ground a request is refused, wholly or for one thing (`privacy.md` C.4; R038).

/// A ground. The list is closed: who refuses must name one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Who asks, or for whom, could not be verified (R064; 11 CCR 7060).
    Unverified,
    /// What is asked for is not the person's.
    NotSubjectData,
    /// Nothing is held.
    NoData,
    /// It is manifestly unfounded (GDPR Art. 12(5)); showing that is on us.
    ManifestlyUnfounded,
    /// It is excessive or repetitive (GDPR Art. 12(5), 11 CCR 7021).
    Excessive,
    /// A law obliges us to keep it for now (R084, R129; GDPR Art. 17(3)(b)).
    LegalRetention,
    /// It is needed for a legal claim (GDPR Art. 17(3)(e)).
    LegalClaims,
    /// It is evidence of abuse or needed for security (Cal. Civ. Code 1798.105(d)(2)).
    SecurityEvidence,
    /// It is needed to do what the person has ordered (Cal. Civ. Code 1798.105(d)(1)).
    Transaction,
    /// It would harm the rights of others (GDPR Art. 15(4)).
    OthersRights,
    /// We hold it for a merchant, who decides; the request was passed on (GDPR Art. 28(3)(e)).
    ProcessorOnly,
    /// It is suspected to be a fraud (Utah 13-61-203).
    FraudSuspected,
}

impl Ground {
    /// Whether who was refused may appeal. Everybody may (R069), who could not be verified too: a person of ours then looks at who asks. Only where
    /// it is a merchant's to decide is there nothing of ours to appeal against.
    #[must_use]
    pub const fn may_be_appealed(self) -> bool {
        !matches!(self, Self::ProcessorOnly)
    }
}
