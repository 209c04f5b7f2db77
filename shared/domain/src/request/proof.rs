//! How who asks is proven, and how much of it what asks needs (`privacy.md` D.4, C.3; R037, R064, R067).

use super::Kind;

/// How surely it is known who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Not at all: enough for what only spares the person something.
    Unproven,
    /// Who asks reads the mailbox.
    Mailbox,
    /// And knows one more thing that we hold: a reasonable degree of certainty (11 CCR 7062(b)).
    Reasonable,
    /// Knows two more, and has declared to be the person: a reasonably high degree (11 CCR 7062(c)).
    High,
    /// And a person of ours has looked at it.
    Reviewed,
}

/// What speaks for who asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The link that was mailed was followed, with the code that the page showed.
    pub mailbox: bool,
    /// So many of the things that were given match what we hold, the address aside.
    pub matched: u8,
    /// The person has declared, under penalty of perjury, to be the person.
    pub declared: bool,
    /// A person of ours has looked at it.
    pub reviewed: bool,
}

impl Evidence {
    /// The level that it reaches.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self { mailbox: false, .. } => Level::Unproven,
            Self { matched: 2.., declared: true, reviewed: true, .. } => Level::Reviewed,
            Self { matched: 2.., declared: true, .. } => Level::High,
            Self { matched: 1.., .. } => Level::Reasonable,
            Self { .. } => Level::Mailbox,
        }
    }
}

/// What speaks against who asks (R067).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// The account's address was changed less than 30 days ago: who took the mailbox over may be asking.
    pub new_address: bool,
    /// The same mailbox or source has failed to prove other requests lately.
    pub failed_before: bool,
}

/// What a request of this kind needs.
#[must_use]
pub const fn required(kind: Kind, doubt: Doubt) -> Level {
    let needed = match kind {
        // As `Kind::is_at_once` says.
        Kind::OptOutSale | Kind::OptOutAdvertising | Kind::OptOutProfiling | Kind::ConsentWithdrawal => Level::Unproven,
        Kind::Restriction | Kind::Objection => Level::Mailbox,
        Kind::KnowCategories | Kind::Rectification => Level::Reasonable,
        Kind::KnowSpecific | Kind::Access | Kind::Portability | Kind::Erasure => Level::High,
    };
    match needed {
        Level::High if doubt.new_address || doubt.failed_before => Level::Reviewed,
        needed => needed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: Doubt = Doubt { new_address: false, failed_before: false };

    #[test]
    fn r064_without_the_mailbox_nothing_is_proven() {
        let all = Evidence { mailbox: false, matched: 9, declared: true, reviewed: true };
        assert_eq!(all.level(), Level::Unproven);
        for kind in Kind::ALL.into_iter().filter(|kind| kind.discloses() || kind.is_confirmed()) {
            assert!(required(kind, SURE) > Level::Mailbox, "{kind:?} is not had for an address alone");
        }
    }

    #[test]
    fn what_is_done_at_once_needs_no_proof_and_nothing_else_does_without() {
        for kind in Kind::ALL {
            assert_eq!(required(kind, SURE) == Level::Unproven, kind.is_at_once(), "{kind:?}");
        }
    }

    #[test]
    fn levels_are_reached_by_what_is_shown() {
        let shown = |matched, declared, reviewed| Evidence { mailbox: true, matched, declared, reviewed }.level();
        assert_eq!(shown(0, true, true), Level::Mailbox);
        assert_eq!(shown(1, true, true), Level::Reasonable);
        assert_eq!(shown(2, false, true), Level::Reasonable, "nothing was declared");
        assert_eq!(shown(2, true, false), Level::High);
        assert_eq!(shown(3, true, true), Level::Reviewed);
    }

    #[test]
    fn r067_doubt_asks_for_a_second_pair_of_eyes_where_harm_could_be_done() {
        for doubt in [Doubt { new_address: true, ..SURE }, Doubt { failed_before: true, ..SURE }] {
            assert_eq!(required(Kind::Access, doubt), Level::Reviewed);
            assert_eq!(required(Kind::Erasure, doubt), Level::Reviewed);
            assert_eq!(required(Kind::OptOutSale, doubt), Level::Unproven, "an opt-out is never made harder");
            assert_eq!(required(Kind::Restriction, doubt), Level::Mailbox);
        }
    }
}
