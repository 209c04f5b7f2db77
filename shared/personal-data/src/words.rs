//! What the words of the map mean to somebody who does not read code. Everything that is published of the map uses these.

use crate::{Basis, Erase, Limit, Origin, Purpose, Retention, Role, Subject};

impl Subject {
    /// Who these people are; nothing where it is about nobody.
    pub const fn words(self) -> Option<&'static str> {
        match self {
            Subject::AccountUser => Some("people with an account"),
            Subject::Merchant => Some("merchants"),
            Subject::Shopper => Some("customers of merchants' stores"),
            Subject::Contact => Some("people without an account who write to us"),
            Subject::Caller => Some("whoever calls the API"),
            Subject::Nobody => None,
        }
    }
}

impl Role {
    /// In which role data is held.
    pub const fn words(self) -> &'static str {
        match self {
            Role::Controller => "controller",
            Role::Processor => "processor",
            Role::Both => "controller and processor",
        }
    }
}

impl Origin {
    /// Where data comes from.
    pub const fn words(self) -> &'static str {
        match self {
            Origin::Provided => "the person",
            Origin::Observed => "observed in use",
            Origin::Derived => "worked out from other data",
            Origin::Assigned => "given by us",
            Origin::Upstream => "the merchant's store",
        }
    }
}

impl Basis {
    /// The legal basis, with its article.
    pub const fn words(self) -> &'static str {
        match self {
            Basis::Consent => "consent, GDPR Art. 6(1)(a)",
            Basis::Contract => "contract, GDPR Art. 6(1)(b)",
            Basis::LegalObligation => "legal obligation, GDPR Art. 6(1)(c)",
            Basis::VitalInterest => "vital interests, GDPR Art. 6(1)(d)",
            Basis::PublicTask => "public task, GDPR Art. 6(1)(e)",
            Basis::LegitimateInterest => "legitimate interests, GDPR Art. 6(1)(f)",
            Basis::Instruction => "the merchant's instruction, GDPR Art. 28",
        }
    }
}

impl Purpose {
    /// The purpose in one word.
    pub const fn words(self) -> &'static str {
        match self {
            Purpose::Account => "account",
            Purpose::Operation => "operation",
            Purpose::Billing => "billing",
            Purpose::Messages => "messages",
            Purpose::Support => "support",
            Purpose::Marketing => "marketing that was agreed to",
            Purpose::Security => "security",
        }
    }
}

impl Erase {
    /// What an erasure does.
    pub const fn words(self) -> &'static str {
        match self {
            Erase::Delete => "deleted",
            Erase::Blank => "blanked",
            Erase::Shred => "its key is destroyed",
            Erase::Expire => "ends by itself within its time",
            Erase::Keep => "kept, as the law demands",
        }
    }
}

impl Retention {
    /// For how long.
    pub fn words(self) -> String {
        match self.limit() {
            Limit::Days(1) => "a day at most".to_owned(),
            Limit::Days(days) => format!("{days} days at most"),
            Limit::LifeAnd(0) => format!("as long as the {}", self.name()),
            Limit::LifeAnd(1) => format!("as long as the {}, and a day", self.name()),
            Limit::LifeAnd(days) => format!("as long as the {}, and {days} days", self.name()),
        }
    }
}
