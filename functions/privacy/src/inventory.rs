//! What is held of people, why, for how long, who gets it, and what erasing and exporting do with it: the data map, as anybody may read it
//! (R028, R036, R052, R057).

use std::collections::{BTreeMap, BTreeSet};

use cloud::{data_map::DATA_MAP, processors::PROCESSORS};
use personal_data::{Export, Held, Origin, Personal, Role, processor::Recipient};

/// One kind of data of one kind of people.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// Of whom.
    pub about: &'static str,
    /// In which role it is held: `controller`, or `processor` for a merchant.
    pub role: &'static str,
    /// What it is, in the words of the fideslang taxonomy.
    pub category: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// On which legal basis.
    pub basis: &'static str,
    /// What it may be used for.
    pub purposes: Vec<&'static str>,
    /// For how long.
    pub kept: String,
    /// What an erasure does with it.
    pub erasure: &'static str,
    /// Whether a person's export has it.
    pub exported: bool,
    /// Who gets it, and for nobody's own ends: processors by name, and the applications that a merchant has granted access to a store.
    pub given_to: Vec<&'static str>,
    /// Where it rests: the short names of tables, queues, files, secrets and memories.
    pub places: BTreeSet<&'static str>,
}

/// Everything that is held.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Inventory {
    /// Whether anything of it is sold, or shared for somebody's own ends.
    pub sold_or_shared: bool,
    /// One entry for each kind of data.
    pub data: Vec<Entry>,
}

/// The inventory.
#[must_use]
pub fn inventory() -> Inventory {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for held in DATA_MAP.personal() {
        let Some(entry) = entry(&held) else { continue };
        // What is alike in all but its place is one kind.
        let kind = serde_json::to_string(&entry).unwrap_or_default();
        entries.entry(kind).or_insert(entry).places.insert(held.place.name);
    }
    let mut data: Vec<Entry> = entries.into_values().collect();
    data.sort_by(|a, b| (a.about, a.category, &a.places).cmp(&(b.about, b.category, &b.places)));
    // There is no purpose for it, and no kind of recipient that it could go to (R011).
    Inventory { sold_or_shared: false, data }
}

fn entry(held: &Held) -> Option<Entry> {
    let Personal { category, origin, basis, purposes, retain, erase, export, .. } = held.personal;
    Some(Entry {
        about: held.subject.words()?,
        role: held.role.words(),
        category,
        source: origin.words(),
        basis: basis.words(),
        purposes: purposes.iter().map(|purpose| purpose.words()).collect(),
        kept: retain.words(),
        erasure: erase.words(),
        exported: export == Export::Yes,
        given_to: given_to(held),
        places: BTreeSet::new(),
    })
}

/// Who gets such data.
pub(crate) fn given_to(held: &Held) -> Vec<&'static str> {
    let processors = PROCESSORS.iter().filter(|processor| processor.may_get(&held.personal));
    let mut names: Vec<&'static str> = processors.map(|processor| processor.name).collect();
    // What we get from a store for its merchant is for the applications that the merchant has chosen.
    if held.role == Role::Processor && held.personal.origin == Origin::Upstream {
        names.push(Recipient::Application.words());
    }
    names
}

#[cfg(test)]
mod tests {
    use personal_data::{Retention, processor::Processor};

    use super::*;

    /// The entry that tells of something held.
    fn told<'a>(inventory: &'a Inventory, held: &Held) -> &'a Entry {
        let is_it = |entry: &&Entry| {
            let Personal { category, retain, erase, .. } = held.personal;
            entry.category == category
                && entry.places.contains(held.place.name)
                && entry.kept == retain.words()
                && entry.erasure == erase.words()
                && Some(entry.about) == held.subject.words()
        };
        let name = format!("{} in {}", held.attribute, held.place.name);
        inventory.data.iter().find(is_it).unwrap_or_else(|| panic!("{name} is not told"))
    }

    #[test]
    fn r036_r052_everything_personal_is_told_with_its_source_its_purposes_and_who_gets_it() {
        let inventory = inventory();
        for held in DATA_MAP.personal() {
            let entry = told(&inventory, &held);
            assert!(!entry.source.is_empty() && !entry.purposes.is_empty() && !entry.given_to.is_empty(), "{entry:?}");
        }
        let secrets = inventory.data.iter().find(|entry| entry.places.contains("store/"));
        assert_eq!(secrets.unwrap().about, "merchants", "what rests beside the tables is told, too");
    }

    #[test]
    fn r011_r057_r071_nothing_is_sold_and_what_is_given_is_given_to_named_processors_and_the_merchants_applications() {
        let inventory = inventory();
        assert!(!inventory.sold_or_shared);
        let working = PROCESSORS.iter().filter(|processor| processor.terms().is_some());
        let mut known: Vec<&str> = working.map(|Processor { name, .. }| *name).collect();
        known.push(Recipient::Application.words());
        for entry in &inventory.data {
            assert!(entry.given_to.iter().all(|name| known.contains(name)), "{entry:?}");
            let chosen = entry.given_to.contains(&Recipient::Application.words());
            assert_eq!(chosen, entry.source == "the merchant's store" && entry.role == "processor", "{entry:?}");
            for purpose in &entry.purposes {
                assert!(!["sale", "share", "advert", "profil"].iter().any(|sold| purpose.contains(sold)), "{entry:?}");
            }
        }
        for recipient in Recipient::ALL {
            assert!(!recipient.ground().is_empty(), "{} get something for a reason", recipient.words());
        }
    }

    #[test]
    fn r083_nothing_is_kept_without_an_end() {
        for Entry { kept, .. } in inventory().data {
            assert!(kept.contains("day") || kept.starts_with("as long as the "), "{kept}");
        }
        assert_eq!(Retention::Key.words(), "as long as the key, and 30 days");
        assert_eq!(Retention::Guard.words(), "a day at most");
    }
}
