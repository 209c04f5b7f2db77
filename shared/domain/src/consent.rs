//! What people agreed to be written to about: a ledger of changes, and the standing that follows from it (R009, R023, R090; `privacy.md` D.11).
//!
//! The ledger is only ever added to. What holds now is a fold over it, one function, so that whoever doubts a mail can add the same events up
//! again. What each consent said is proven by the hash of its words: [`WORDINGS`] keeps every text that was ever shown.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use crate::{
    account::Consents,
    hex::hex,
    id::{AccountId, ContactId, IdError},
    request::Language,
};

/// What a person can agree to be written to about (R009). There is no other marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MarketingPurpose"))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Follow-up on an enquiry.
    Followup,
    /// Special offers.
    Offers,
    /// New functionality.
    Functionality,
    /// Updates and promotions.
    UpdatesPromos,
    /// The monthly letter.
    Monthly,
}

/// The words beside each box, now. A changed text is added in front of the old one, which stays: its hash is in the ledger.
pub const WORDINGS: &[(Purpose, Language, &str)] = &[
    (Purpose::Followup, Language::En, "Write to me about what became of my enquiry, beyond answering it."),
    (Purpose::Offers, Language::En, "Write to me about special offers."),
    (Purpose::Functionality, Language::En, "Write to me when there is new functionality."),
    (Purpose::UpdatesPromos, Language::En, "Write to me about updates and promotions."),
    (Purpose::Monthly, Language::En, "Send me the monthly letter."),
    (Purpose::Followup, Language::Fr, "Écrivez-moi sur les suites de ma demande, au-delà de la réponse."),
    (Purpose::Offers, Language::Fr, "Écrivez-moi au sujet d’offres spéciales."),
    (Purpose::Functionality, Language::Fr, "Écrivez-moi quand il y a de nouvelles fonctions."),
    (Purpose::UpdatesPromos, Language::Fr, "Écrivez-moi au sujet de mises à jour et de promotions."),
    (Purpose::Monthly, Language::Fr, "Envoyez-moi la lettre mensuelle."),
];

/// What no withdrawal touches, told beside what it does (R025, R091).
pub const UNTOUCHED: &str = "Nothing else changes: the service itself, mails about its use, security notices, legal notices and invoices do not depend on this.";

impl Purpose {
    /// Every purpose, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Followup, Self::Offers, Self::Functionality, Self::UpdatesPromos, Self::Monthly];

    /// The purpose's name in answers, in the ledger and in [`Consents`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Followup => "followup",
            Self::Offers => "offers",
            Self::Functionality => "functionality",
            Self::UpdatesPromos => "updates_promos",
            Self::Monthly => "monthly",
        }
    }

    /// What stands beside the box.
    #[must_use]
    pub fn wording(self, language: Language) -> &'static str {
        let is_it = |(purpose, tongue, _): &&(Self, Language, &str)| (*purpose, *tongue) == (self, language);
        WORDINGS.iter().find(is_it).map_or("", |(.., words)| words)
    }

    /// What proves which words were agreed to: their SHA-256 in hexadecimal.
    #[must_use]
    pub fn wording_hash(self, language: Language) -> String {
        hash(self.wording(language))
    }

    /// What no longer comes once the consent is withdrawn, told before it is (R025).
    #[must_use]
    pub const fn on_withdrawal(self) -> &'static str {
        match self {
            Self::Followup => "We answer what you ask, and do not come back to it on our own.",
            Self::Offers => "You are told of no special offers.",
            Self::Functionality => {
                "You are not told of new functionality; it is there all the same, and in the change log."
            }
            Self::UpdatesPromos => "You are told of no updates and promotions.",
            Self::Monthly => "The monthly letter no longer comes.",
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text).ok_or(UnknownPurpose)
    }
}

/// A text that names no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such purpose")]
pub struct UnknownPurpose;

/// The text that a hash of the ledger stands for.
#[must_use]
pub fn wording_of(hash: &str) -> Option<&'static str> {
    WORDINGS.iter().map(|(.., words)| *words).find(|words| self::hash(words) == hash)
}

fn hash(words: &str) -> String {
    hex(&Sha256::digest(words))
}

/// Who agreed. Neither id says anything about the person once the record beside it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// Whoever holds an account.
    Account(AccountId),
    /// Somebody without one, who filled in a form and confirmed the address.
    Contact(ContactId),
}

impl Subject {
    /// The id with its prefix, which tells which of the two it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Account(id) => id.as_str(),
            Self::Contact(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl TryFrom<String> for Subject {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        match text.parse() {
            Ok(account) => Ok(Self::Account(account)),
            Err(_) => text.parse().map(Self::Contact),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.as_str().to_owned()
    }
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentChange"))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// A box was ticked.
    Granted {
        /// Which.
        purpose: Purpose,
    },
    /// A box was unticked.
    Withdrawn {
        /// Which.
        purpose: Purpose,
    },
    /// The link in a marketing mail was used: no more of any of it (R090).
    Unsubscribed,
    /// The person objected to marketing (GDPR Art. 21(2)): no more of any of it.
    Objected,
    /// The person asked that nothing about them be sold or shared (R060). We do neither; it is noted all the same.
    OptedOut,
    /// The person's browser said `Sec-GPC: 1`: nothing about the person may be sold or shared (R060). We do neither; it is noted all the same.
    Gpc,
}

impl Change {
    /// The purpose that it is about; nothing where it is about all of them.
    #[must_use]
    pub const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Granted { purpose } | Self::Withdrawn { purpose } => Some(purpose),
            Self::Unsubscribed | Self::Objected | Self::OptedOut | Self::Gpc => None,
        }
    }

    /// Whether it gives something away, so that its words must be proven.
    #[must_use]
    pub const fn is_grant(self) -> bool {
        matches!(self, Self::Granted { .. })
    }
}

/// Whether the address was confirmed for a change. A consent that waits for its link is none yet and is not in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DoubleOptIn {
    /// Whoever reads the address's mail has confirmed it, now or when the account was made.
    Confirmed,
    /// Nothing is given away: a withdrawal counts from whoever sends it.
    NotNeeded,
}

/// The way by which a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentSource"))]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A call with a key of the account.
    Api,
    /// The page behind a mailed link.
    MailedLink,
    /// The button that a mail program shows for a mail's `List-Unsubscribe` (RFC 8058).
    OneClick,
    /// A request about the person's own data, by whichever way it came in.
    Request,
}

/// The form that was filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentForm"))]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Sign-up.
    SignUp,
    /// The account's own settings.
    Account,
    /// The page behind the link of a marketing mail.
    Unsubscribe,
    /// A form of the web site.
    WebForm,
    /// A request about the person's own data.
    Request,
}

/// What holds now: the fold over a person's changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What the person agrees to.
    pub consents: Consents,
    /// Whether the person wants no marketing at all (R090). No marketing mail goes out while it is set.
    pub unsubscribed_from_marketing: bool,
    /// Whether the person's browser has asked that nothing be sold or shared.
    pub opted_out_of_sale: bool,
}

impl Standing {
    /// The standing after a change.
    #[must_use]
    pub fn after(mut self, change: Change) -> Self {
        match change {
            Change::Granted { purpose } => {
                self.consents.set(purpose, true);
                // To agree again is to want mail again, about this and nothing else: everything else ended with the unsubscription.
                self.unsubscribed_from_marketing = false;
            }
            Change::Withdrawn { purpose } => self.consents.set(purpose, false),
            Change::Unsubscribed | Change::Objected => {
                self.consents = Consents::default();
                self.unsubscribed_from_marketing = true;
            }
            // It is about selling and sharing; mail that the person asked for by name still comes.
            Change::OptedOut | Change::Gpc => self.opted_out_of_sale = true,
        }
        self
    }

    /// Whether a marketing mail for a purpose may go out.
    #[must_use]
    pub fn allows(self, purpose: Purpose) -> bool {
        !self.unsubscribed_from_marketing && self.consents.get(purpose)
    }

    /// The changes that lead to these consents; none where they stand already.
    #[must_use]
    pub fn towards(self, wished: Consents) -> Vec<Change> {
        let differs = |purpose: &Purpose| self.consents.get(*purpose) != wished.get(*purpose);
        let change = |purpose| match wished.get(purpose) {
            true => Change::Granted { purpose },
            false => Change::Withdrawn { purpose },
        };
        Purpose::ALL.into_iter().filter(differs).map(change).collect()
    }
}

/// What holds after all changes of a person, oldest first.
#[must_use]
pub fn fold(changes: impl IntoIterator<Item = Change>) -> Standing {
    changes.into_iter().fold(Standing::default(), Standing::after)
}

/// Whether the values of a call's `Sec-GPC` header fields say that nothing may be sold or shared: only exactly `1` does, and one among several
/// is enough (Global Privacy Control, W3C draft, 3.3).
#[must_use]
pub fn gpc_is_on<'a>(values: impl IntoIterator<Item = &'a str>) -> bool {
    // What lies between may have joined several fields into one (RFC 9110, 5.3).
    values.into_iter().flat_map(|value| value.split(',')).any(|value| value.trim_matches([' ', '\t']) == "1")
}

impl Consents {
    /// Whether a purpose is agreed to.
    #[must_use]
    pub const fn get(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Followup => self.followup,
            Purpose::Offers => self.offers,
            Purpose::Functionality => self.functionality,
            Purpose::UpdatesPromos => self.updates_promos,
            Purpose::Monthly => self.monthly,
        }
    }

    /// Agrees to a purpose, or not.
    pub const fn set(&mut self, purpose: Purpose, agreed: bool) {
        *match purpose {
            Purpose::Followup => &mut self.followup,
            Purpose::Offers => &mut self.offers,
            Purpose::Functionality => &mut self.functionality,
            Purpose::UpdatesPromos => &mut self.updates_promos,
            Purpose::Monthly => &mut self.monthly,
        } = agreed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn purpose() -> impl Strategy<Value = Purpose> {
        prop::sample::select(Purpose::ALL.to_vec())
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            purpose().prop_map(|purpose| Change::Granted { purpose }),
            purpose().prop_map(|purpose| Change::Withdrawn { purpose }),
            Just(Change::Unsubscribed),
            Just(Change::Objected),
            Just(Change::Gpc),
        ]
    }

    proptest! {
        #[test]
        fn who_unsubscribed_gets_nothing_until_something_is_granted_again(
            before in prop::collection::vec(change(), 0..20),
            after in prop::collection::vec(change(), 0..20),
            end in prop::sample::select(vec![Change::Unsubscribed, Change::Objected]),
        ) {
            let quiet = after.into_iter().filter(|change| !change.is_grant());
            let standing = fold(before.into_iter().chain([end]).chain(quiet));
            prop_assert!(standing.unsubscribed_from_marketing);
            for purpose in Purpose::ALL {
                prop_assert!(!standing.allows(purpose));
            }
        }

        #[test]
        fn only_the_last_word_on_a_purpose_counts(changes in prop::collection::vec(change(), 0..30), purpose in purpose()) {
            let about = |change: &&Change| {
                change.purpose() == Some(purpose) || matches!(change, Change::Unsubscribed | Change::Objected)
            };
            let last = changes.iter().rev().find(about);
            prop_assert_eq!(fold(changes.iter().copied()).allows(purpose), last == Some(&Change::Granted { purpose }));
        }

        #[test]
        fn the_changes_towards_a_wish_lead_there(changes in prop::collection::vec(change(), 0..20), wished in prop::collection::vec(purpose(), 0..5)) {
            let mut consents = Consents::default();
            wished.into_iter().for_each(|purpose| consents.set(purpose, true));
            let standing = fold(changes);
            let there = standing.towards(consents).into_iter().fold(standing, Standing::after);
            prop_assert_eq!(there.consents, consents);
            prop_assert!(there.towards(consents).is_empty());
        }
    }

    #[test]
    fn nobody_is_written_to_who_did_nothing() {
        assert_eq!(fold([]), Standing::default());
        assert!(Purpose::ALL.into_iter().all(|purpose| !fold([Change::Gpc]).allows(purpose)));
    }

    #[test]
    fn what_a_browser_says_ends_selling_and_not_the_letter_that_was_asked_for() {
        let standing = fold([Change::Granted { purpose: Purpose::Monthly }, Change::Gpc]);
        assert!(standing.opted_out_of_sale && standing.allows(Purpose::Monthly));
    }

    #[test]
    fn every_purpose_is_a_field_has_words_and_says_what_ends() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.as_str().parse(), Ok(purpose));
            let one: Consents = serde_json::from_value(serde_json::json!({ purpose.as_str(): true })).unwrap();
            assert!(one.get(purpose), "{purpose:?}");
            for language in [Language::En, Language::Fr] {
                assert_eq!(wording_of(&purpose.wording_hash(language)), Some(purpose.wording(language)));
                assert!(!purpose.wording(language).is_empty());
            }
            assert!(!purpose.on_withdrawal().is_empty());
        }
        assert_eq!("newsletter".parse::<Purpose>(), Err(UnknownPurpose));
        assert_eq!(wording_of(""), None);
    }

    /// A text that is changed in place would leave consents behind whose words nobody can show any more: add the new one in front.
    #[test]
    fn no_wording_that_was_shown_is_lost() {
        let shown = [
            "5cd5479f137ce974",
            "d4d70e8329b67efa",
            "2a8726255c7e7779",
            "a6272cf1a70d2b14",
            "a08760188b83cc6f",
            "eead6b76f158fff6",
            "d9dc8b4c8f949505",
            "b89b2f2a3ccbd9ce",
            "18b6cb104f1b9b9a",
            "35bef793790455c3",
        ];
        let known = |start: &&str| WORDINGS.iter().any(|(.., words)| hash(words).starts_with(*start));
        assert!(shown.iter().all(known), "{:?}", WORDINGS.iter().map(|(.., words)| hash(words)).collect::<Vec<_>>());
    }

    #[test]
    fn only_exactly_one_is_the_signal() {
        for (values, on) in [
            (vec![], false),
            (vec!["1"], true),
            (vec!["0", "1"], true),
            (vec!["0, 1"], true),
            (vec!["1", "1"], true),
            (vec!["0"], false),
            (vec!["true"], false),
            (vec!["11"], false),
            (vec!["1.0"], false),
            (vec!["\"1\""], false),
            (vec![""], false),
        ] {
            assert_eq!(gpc_is_on(values.iter().copied()), on, "{values:?}");
        }
    }

    #[test]
    fn a_subject_reads_back() {
        let uuid = uuid::Uuid::from_u128(7);
        for subject in [Subject::Account(AccountId::from_uuid(uuid)), Subject::Contact(ContactId::from_uuid(uuid))] {
            let text = serde_json::to_string(&subject).unwrap();
            assert_eq!(serde_json::from_str::<Subject>(&text).unwrap(), subject);
        }
        assert!(serde_json::from_str::<Subject>("\"str_00000000000000000000000007\"").is_err());
    }
}
