//! What is held of people, why, for how long, and what erasing and exporting do with it: the data map, as anybody may read it (R028, R036, R052).

use std::collections::{BTreeMap, BTreeSet};

use cloud::data_map::DATA_MAP;
use personal_data::{Basis, Content, Erase, Export, Limit, Origin, Personal, Purpose, Retention, Role, Subject};

/// One kind of data of one kind of people.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Entry {
    /// Of whom.
    about: &'static str,
    /// In which role it is held: `controller`, or `processor` for a merchant.
    role: &'static str,
    /// What it is, in the words of the fideslang taxonomy.
    category: &'static str,
    /// Where it comes from.
    source: &'static str,
    /// On which legal basis.
    basis: &'static str,
    /// What it may be used for.
    purposes: Vec<&'static str>,
    /// For how long.
    kept: String,
    /// What an erasure does with it.
    erasure: &'static str,
    /// Whether a person's export has it.
    exported: bool,
    /// The tables and queues in which it rests, by their short names.
    places: BTreeSet<&'static str>,
}

/// Everything that is held.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Inventory {
    /// Whether anything of it is sold, or shared for somebody's own ends.
    sold_or_shared: bool,
    /// One entry for each kind of data.
    data: Vec<Entry>,
}

/// The inventory.
pub(crate) fn inventory() -> Inventory {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for record in DATA_MAP.records {
        let families = record.families.iter().map(|family| family.content);
        for content in record.fields.iter().map(|field| field.content).chain(families) {
            let Content::Personal(personal) = content else { continue };
            let Some(about) = whom(record.subject) else { continue };
            let entry = entry(about, record.role, personal);
            // What is alike in all but its place is one kind.
            let kind = serde_json::to_string(&entry).unwrap_or_default();
            entries.entry(kind).or_insert(entry).places.insert(record.store);
        }
    }
    let mut data: Vec<Entry> = entries.into_values().collect();
    data.sort_by(|a, b| (a.about, a.category, &a.places).cmp(&(b.about, b.category, &b.places)));
    // There is no purpose for it, and no way out of the stack that could (R011).
    Inventory { sold_or_shared: false, data }
}

fn entry(about: &'static str, role: Role, personal: Personal) -> Entry {
    let Personal { category, origin, basis, purposes, retain, erase, export, .. } = personal;
    Entry {
        about,
        role: match role {
            Role::Controller => "controller",
            Role::Processor => "processor",
            Role::Both => "controller and processor",
        },
        category,
        source: match origin {
            Origin::Provided => "the person",
            Origin::Observed => "observed in use",
            Origin::Derived => "worked out from other data",
            Origin::Assigned => "given by us",
            Origin::Upstream => "the merchant's store",
        },
        basis: match basis {
            Basis::Consent => "consent, GDPR Art. 6(1)(a)",
            Basis::Contract => "contract, GDPR Art. 6(1)(b)",
            Basis::LegalObligation => "legal obligation, GDPR Art. 6(1)(c)",
            Basis::VitalInterest => "vital interests, GDPR Art. 6(1)(d)",
            Basis::PublicTask => "public task, GDPR Art. 6(1)(e)",
            Basis::LegitimateInterest => "legitimate interests, GDPR Art. 6(1)(f)",
            Basis::Instruction => "the merchant's instruction, GDPR Art. 28",
        },
        purposes: purposes.iter().copied().map(purpose).collect(),
        kept: kept(retain),
        erasure: match erase {
            Erase::Delete => "deleted",
            Erase::Blank => "blanked",
            Erase::Shred => "its key is destroyed",
            Erase::Expire => "ends by itself within its time",
            Erase::Keep => "kept, as the law demands",
        },
        exported: export == Export::Yes,
        places: BTreeSet::new(),
    }
}

const fn whom(subject: Subject) -> Option<&'static str> {
    match subject {
        Subject::AccountUser => Some("people with an account"),
        Subject::Merchant => Some("merchants"),
        Subject::Shopper => Some("customers of merchants' stores"),
        Subject::Contact => Some("people without an account who write to us"),
        Subject::Caller => Some("whoever calls the API"),
        Subject::Nobody => None,
    }
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Account => "account",
        Purpose::Operation => "operation",
        Purpose::Billing => "billing",
        Purpose::Messages => "messages",
        Purpose::Support => "support",
        Purpose::Marketing => "marketing that was agreed to",
        Purpose::Security => "security",
    }
}

fn kept(retain: Retention) -> String {
    match retain.limit() {
        Limit::Days(1) => "a day at most".to_owned(),
        Limit::Days(days) => format!("{days} days at most"),
        Limit::LifeAnd(0) => format!("as long as the {}", retain.name()),
        Limit::LifeAnd(days) => format!("as long as the {}, and {days} days", retain.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r052_everything_personal_in_the_map_is_told() {
        let told = inventory().data;
        for record in DATA_MAP.records {
            for (_, personal) in record.personal() {
                let is_it = |entry: &&Entry| {
                    entry.category == personal.category
                        && entry.places.contains(record.store)
                        && entry.kept == kept(personal.retain)
                        && Some(entry.about) == whom(record.subject)
                };
                assert!(told.iter().any(|entry| is_it(&entry)), "{} {}", record.name, personal.category);
            }
        }
        assert!(told.iter().all(|entry| !entry.purposes.is_empty()), "nothing is held for no purpose (R082)");
    }

    #[test]
    fn r083_nothing_is_kept_without_an_end() {
        assert!(
            inventory().data.iter().all(|entry| entry.kept.contains("day") || entry.kept.starts_with("as long as"))
        );
        assert_eq!(kept(Retention::Key), "as long as the key, and 30 days");
        assert_eq!(kept(Retention::Guard), "a day at most");
    }
}
