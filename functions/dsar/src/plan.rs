//! Which places a request is carried out in, and how what the data map knows gets there: one table, next to which a test lays the map
//! (`privacy.md` D.1, D.5).
//!
//! Every record with personal data of a person who has an account rests in exactly one place here, or is [`EXCEPTED`] with the ground on which it
//! stays until it ends by itself. A record that is new in the map and in neither fails the test.

use cloud::{
    data_map::DATA_MAP,
    dynamo::{
        accounts::{AccountItem, AgreementItem, ApplicationItem, EmailItem},
        consents::{ConsentItem, ContactEmailItem, ContactItem},
        disclosed::{Extent, Shelf},
        key,
        keys::ShownKeyItem,
        requests::{SubjectRequestItem, VerificationItem},
        sign_ups::SignUpItem,
        stores::{HooksItem, SealedItem, StoreItem},
        subscriptions::SubscriptionItem,
    },
    inbound_mail::InboundMailMessage,
    journal::{SERVICE_LOG_DAYS, ServiceLine},
    mailer::MailMessage,
};
use domain::{
    hex::hex,
    id::{AccountId, ApplicationId, ContactId, PrivacyRequestId, StoreId},
    request::{Ground, Kind},
};
use jiff::{SignedDuration, Timestamp};
use personal_data::{PersonalData, Record};
use sha2::{Digest, Sha256};

use crate::Config;

/// A place: what is done at once, in one task.
pub struct Place {
    /// Its name, in the rows of a run and in receipts.
    pub name: &'static str,
    /// What rests there.
    pub holdings: &'static [Holding],
    /// Whether an erasure works on it; where not, what rests there ends with the request itself, or says nothing of a person.
    pub erased: bool,
}

/// The rows of one record.
pub struct Holding {
    /// The record.
    pub record: Record,
    /// The name of its files in an export.
    pub file: &'static str,
    /// Where its rows rest.
    pub rests: Rests,
}

/// How the rows of a person are found.
#[derive(Clone, Copy)]
pub enum Rests {
    /// Beside the account, under this sort key or ones that start so.
    WithAccount(&'static str),
    /// Beside the account and beside each of its applications.
    WithHolders(&'static str),
    /// In the table of subscriptions, beside each application.
    WithApplications(&'static str),
    /// Beside each store.
    WithStores(&'static str),
    /// With the contact of the same address.
    WithContact,
    /// In the ledgers of the account and of the contact.
    InLedger,
    /// In the service log, by day.
    InServiceLog,
    /// In the request's own partition.
    WithRequest,
    /// Where no export looks: nothing of it is ever given out.
    Unread,
}

/// Every place, in the order in which an erasure goes through them (`privacy.md` D.5): what lets somebody in, what opens stores, what was made
/// with it, the account last.
pub static PLACES: [Place; 8] = [
    Place {
        name: "keys",
        holdings: &[Holding { record: ShownKeyItem::RECORD, file: "keys", rests: Rests::WithHolders(key::KEYS) }],
        erased: true,
    },
    Place {
        name: "stores",
        holdings: &[
            Holding { record: StoreItem::RECORD, file: "stores", rests: Rests::WithStores(key::STORE) },
            Holding { record: SealedItem::RECORD, file: "credentials", rests: Rests::Unread },
            Holding { record: HooksItem::RECORD, file: "hooks", rests: Rests::Unread },
        ],
        erased: true,
    },
    Place {
        name: "applications",
        holdings: &[
            Holding {
                record: ApplicationItem::RECORD,
                file: "applications",
                rests: Rests::WithAccount(key::APPLICATIONS),
            },
            Holding {
                record: SubscriptionItem::RECORD,
                file: "subscriptions",
                rests: Rests::WithApplications(key::SUBSCRIPTIONS),
            },
        ],
        erased: true,
    },
    // Somebody with an account may have agreed to letters before there was one.
    Place {
        name: "contact",
        holdings: &[
            Holding { record: ContactItem::RECORD, file: "contact", rests: Rests::WithContact },
            Holding { record: ContactEmailItem::RECORD, file: "contactaddress", rests: Rests::Unread },
        ],
        erased: true,
    },
    Place {
        name: "account",
        holdings: &[
            Holding { record: AccountItem::RECORD, file: "account", rests: Rests::WithAccount(key::ACCOUNT) },
            Holding { record: EmailItem::RECORD, file: "address", rests: Rests::Unread },
            Holding { record: AgreementItem::RECORD, file: "agreements", rests: Rests::WithAccount(key::POLICIES) },
        ],
        erased: true,
    },
    // Proof of what was agreed to, which is kept as long as a claim can be made. Its pseudonym leads to nobody once the others are erased, and its
    // time begins with that.
    Place {
        name: "consents",
        holdings: &[Holding { record: ConsentItem::RECORD, file: "consents", rests: Rests::InLedger }],
        erased: false,
    },
    // Ids, routes and times, for 30 days: nothing of it is personal by the map, and all of it is about the person's account.
    Place {
        name: "calls",
        holdings: &[Holding { record: ServiceLine::RECORD, file: "calls", rests: Rests::InServiceLog }],
        erased: false,
    },
    // Blanked and deleted by the step that ends the request.
    Place {
        name: "request",
        holdings: &[
            Holding { record: SubjectRequestItem::RECORD, file: "request", rests: Rests::WithRequest },
            Holding { record: VerificationItem::RECORD, file: "proof", rests: Rests::Unread },
        ],
        erased: false,
    },
];

/// A record that no request reaches, because it ends by itself before long.
pub struct Excepted {
    /// The record.
    pub record: Record,
    /// On which ground it stays until then.
    pub ground: Ground,
    /// Why it cannot be reached, in English and in French, for whom it is about.
    pub reason: [&'static str; 2],
}

/// What no request reaches.
pub static EXCEPTED: [Excepted; 3] = [
    Excepted {
        record: SignUpItem::RECORD,
        ground: Ground::NotSubjectData,
        reason: [
            "A sign-up that waits is found by its mailed link only, and nobody has confirmed that it is yours. It is deleted a day after it was filled in.",
            "Une inscription en attente ne se trouve que par le lien envoyé, et personne n'a confirmé qu'elle est la vôtre. Elle est supprimée un jour après.",
        ],
    },
    Excepted {
        record: InboundMailMessage::RECORD,
        ground: Ground::Transaction,
        reason: [
            "A mail that you wrote to us waits, as its headers, until it has become a request: seconds, or four days where something is out of order.",
            "Un courrier que vous nous avez écrit attend, réduit à ses en-têtes, d'être devenu une demande : quelques secondes, ou quatre jours en cas de panne.",
        ],
    },
    Excepted {
        record: MailMessage::RECORD,
        ground: Ground::Transaction,
        reason: [
            "A mail on its way to you holds your address until it is sent: a day, or 14 days where it cannot be.",
            "Un courrier en route vers vous contient votre adresse jusqu'à son envoi : un jour, ou 14 jours s'il ne peut être envoyé.",
        ],
    },
];

/// The places of a request, in the order in which it goes through them.
#[must_use]
pub fn places(kind: Kind) -> Vec<&'static Place> {
    let all = PLACES.iter();
    match kind {
        Kind::Erasure => all.filter(|place| place.erased).collect(),
        Kind::KnowSpecific | Kind::Access | Kind::Portability => all.collect(),
        // Answered from the data map alone.
        Kind::KnowCategories => Vec::new(),
        // What can be corrected, and what says how a person's data may be used, stands in the account.
        Kind::Rectification
        | Kind::Restriction
        | Kind::Objection
        | Kind::OptOutSale
        | Kind::OptOutAdvertising
        | Kind::OptOutProfiling
        | Kind::ConsentWithdrawal => all.filter(|place| place.name == "account").collect(),
    }
}

/// The version of the data map and of this plan: a hash of what both say. It changes with them and with nothing else.
#[must_use]
pub fn version() -> String {
    let mut digest = Sha256::new();
    for record in DATA_MAP.records {
        digest.update(format!("{record:?}\n"));
    }
    for place in &PLACES {
        let files: Vec<&str> = place.holdings.iter().map(|holding| holding.file).collect();
        digest.update(format!("{} {files:?} {}\n", place.name, place.erased));
    }
    hex(&digest.finalize())
}

/// Whose data it is: what was resolved when the request was proven, and does not depend on rows that an erasure takes away.
pub struct Person<'a> {
    /// The request.
    pub request: &'a PrivacyRequestId,
    /// The account.
    pub account: &'a AccountId,
}

/// What of a person leads to further rows, read anew each time.
pub struct Branches {
    /// The account's applications.
    pub applications: Vec<ApplicationId>,
    /// Its stores.
    pub stores: Vec<StoreId>,
    /// The contact that has its address.
    pub contact: Option<ContactId>,
}

impl Rests {
    /// How much of such rows is given out where this much is asked for.
    #[must_use]
    pub fn extent(self, asked: Extent) -> Extent {
        match (self, asked) {
            (Self::WithRequest, Extent::Everything) => Extent::Personal,
            _ => asked,
        }
    }

    /// The shelves on which a person's rows rest, sorted.
    #[must_use]
    pub fn shelves(self, config: &Config, person: &Person<'_>, branches: &Branches, now: Timestamp) -> Vec<Shelf> {
        let shelf =
            |table: &str, pk: String, prefix: &str| Shelf { table: table.to_owned(), pk, prefix: prefix.to_owned() };
        let account = key::account(person.account);
        let applications = || branches.applications.iter().map(key::application);
        let mut shelves: Vec<Shelf> = match self {
            Self::WithAccount(prefix) => vec![shelf(&config.accounts_table, account, prefix)],
            Self::WithHolders(prefix) => {
                let holders = applications().chain([account]);
                holders.map(|pk| shelf(&config.accounts_table, pk, prefix)).collect()
            }
            Self::WithApplications(prefix) => {
                applications().map(|pk| shelf(&config.subscriptions_table, pk, prefix)).collect()
            }
            Self::WithStores(prefix) => {
                branches.stores.iter().map(|store| shelf(&config.stores_table, key::store(store), prefix)).collect()
            }
            Self::WithContact => branches
                .contact
                .iter()
                .map(|id| shelf(&config.consents_table, key::contact(id), key::CONTACT))
                .collect(),
            Self::InLedger => {
                let contact = branches.contact.iter().map(key::contact);
                contact.chain([account]).map(|pk| shelf(&config.consents_table, pk, key::CONSENTS)).collect()
            }
            Self::InServiceLog => (0..=SERVICE_LOG_DAYS)
                .filter_map(|day| now.checked_sub(SignedDuration::from_hours(24 * day)).ok())
                .flat_map(|day| (0..key::JOURNAL_SHARDS).map(move |number| (day, number)))
                .map(|(day, number)| {
                    shelf(&config.service_log_table, key::journal(Some(person.account), day, number), "")
                })
                .collect(),
            Self::WithRequest => {
                vec![shelf(&config.privacy_table, key::subject_request(person.request), key::REQUEST)]
            }
            Self::Unread => Vec::new(),
        };
        shelves.sort_unstable();
        shelves
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cloud::dynamo::disclosed;
    use personal_data::{Erase, Export, Role, Subject};

    use super::*;

    fn holdings() -> impl Iterator<Item = &'static Holding> {
        PLACES.iter().flat_map(|place| place.holdings)
    }

    #[test]
    fn r056_every_record_of_a_person_rests_in_one_place_or_is_excepted_and_says_why() {
        for record in DATA_MAP.records {
            let ours = matches!(record.subject, Subject::AccountUser | Subject::Merchant)
                && matches!(record.role, Role::Controller | Role::Both);
            if !ours || record.personal().next().is_none() {
                continue;
            }
            let places = holdings().filter(|holding| holding.record == *record).count();
            let excepted = EXCEPTED.iter().filter(|excepted| excepted.record == *record).count();
            assert_eq!(
                places + excepted,
                1,
                "`{}` is to stand in one place of the plan, or to be excepted",
                record.name
            );
            if excepted == 1 {
                let stays = record.personal().all(|(_, personal)| {
                    matches!(personal.erase, Erase::Expire | Erase::Keep) && personal.export == Export::Never
                });
                assert!(stays, "`{}` is excepted, and the map says that it is erased or given out", record.name);
            }
        }
    }

    #[test]
    fn r054_whatever_is_given_out_is_read() {
        for holding in holdings() {
            let given = holding.record.personal().any(|(_, personal)| personal.export == Export::Yes);
            let unread = matches!(holding.rests, Rests::Unread);
            assert!(!(given && unread), "`{}` has something to give out", holding.record.name);
        }
    }

    #[test]
    fn what_an_erasure_leaves_out_ends_without_it() {
        for holding in PLACES.iter().filter(|place| !place.erased).flat_map(|place| place.holdings) {
            use personal_data::Retention::{Proof, Request};
            let ends = holding
                .record
                .personal()
                .all(|(_, personal)| matches!(personal.retain, Request | Proof) || personal.erase == Erase::Keep);
            assert!(ends, "`{}` does not end with the request", holding.record.name);
        }
    }

    #[test]
    fn names_are_names_of_files_and_stand_for_one_thing() {
        let files: Vec<&str> = holdings().map(|holding| holding.file).collect();
        assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len());
        let names: Vec<&str> = PLACES.iter().map(|place| place.name).collect();
        assert!(files.iter().chain(&names).all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())));
        let given = disclosed::attributes(&SubjectRequestItem::RECORD, Extent::Personal);
        assert!(given.contains(&"email"));
    }

    #[test]
    fn an_erasure_ends_with_the_account() {
        let names: Vec<&str> = places(Kind::Erasure).iter().map(|place| place.name).collect();
        assert_eq!(names, ["keys", "stores", "applications", "contact", "account"]);
        assert!(places(Kind::KnowCategories).is_empty());
        assert_eq!(places(Kind::Rectification).len(), 1);
    }
}
