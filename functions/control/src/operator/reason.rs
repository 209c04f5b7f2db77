//! What for somebody of ours looks at personal data: said before, and noted in the security log (R017).

use cloud::http::Problem;

use crate::serving::Visit;

/// What for somebody looks at personal data. The list is closed, so that no reason can tell what it is there to protect.
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ReadReason"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// To find out who asks.
    Verify,
    /// To decide what is asked.
    Decide,
    /// To write to the person.
    Contact,
    /// To answer an authority or a court.
    Authority,
}

impl Reason {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Decide => "decide",
            Self::Contact => "contact",
            Self::Authority => "authority",
        }
    }
}

/// What for.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ReadOfPersonalData"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    reason: Reason,
}

/// The reason that a call gives.
pub(super) fn asked(visit: &Visit<'_>) -> Result<Reason, Problem> {
    visit.call.json().map(|Asked { reason }| reason)
}
