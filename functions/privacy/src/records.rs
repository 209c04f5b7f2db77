//! The records of processing activities (GDPR Art. 30), made of the data map: one for each purpose and role.

use std::collections::BTreeSet;

use cloud::data_map::DATA_MAP;
use personal_data::{Held, Purpose, Role};

use crate::{
    inventory::given_to,
    processors::{Receives, processors, recipients},
};

/// Who runs the stack, and where.
#[derive(Debug, Clone)]
pub struct Operator {
    /// How to reach whoever runs it.
    pub contact: String,
    /// The region of the stack.
    pub region: String,
}

/// The records (Art. 30(1) and (2)).
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RecordsOfProcessing"))]
pub struct Records {
    /// Whose records these are: how to reach whoever runs the deployment.
    pub contact: String,
    /// Where everything is processed.
    pub region: String,
    /// Who may get data at all.
    pub recipients: Vec<Receives>,
    /// What transfers out of the European Union rest on, by processor.
    pub transfers: Vec<Transferred>,
    /// What is done to keep data safe (Art. 32).
    pub security: Vec<&'static str>,
    /// What is done with data.
    pub activities: Vec<Activity>,
}

/// What a transfer to one processor rests on.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Transfer"))]
pub struct Transferred {
    /// The processor.
    pub to: &'static str,
    /// What it rests on.
    pub rests_on: &'static str,
}

/// What is done for one purpose in one role.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Activity {
    /// For what.
    pub purpose: &'static str,
    /// In which role: `controller`, or `processor` for merchants.
    pub role: &'static str,
    /// With data of whom.
    pub about: BTreeSet<&'static str>,
    /// With which data, in the words of the fideslang taxonomy.
    pub categories: BTreeSet<&'static str>,
    /// On which legal bases.
    pub bases: BTreeSet<&'static str>,
    /// Who gets some of it.
    pub given_to: BTreeSet<&'static str>,
    /// How long it is kept, by the names that `/privacy/retention` has.
    pub kept: BTreeSet<String>,
}

/// What holds for everything that is held; each is held by a test or by the template.
const SECURITY: [&str; 7] = [
    "At rest everything personal is encrypted with AES-256 under keys of this deployment; what opens a store is in a vault of its own.",
    "In transit it is encrypted with TLS 1.2 or better; plain HTTP is refused.",
    "Our own calls go out with keys of 256 bits; who calls us may choose keys of 128, as Amazon's endpoints leave that to them.",
    "Each part of the program may do only what it does, by a role of its own.",
    "People act in roles; another tenant's data answers like data that does not exist.",
    "Logs hold no personal data by construction; reads of what opens a store are noted.",
    "A program refuses to be built that stores a field which the data map does not declare.",
];

/// The records of a stack.
#[must_use]
pub fn records(operator: &Operator) -> Records {
    let transferred =
        |works: crate::processors::Works| works.transfer.map(|rests_on| Transferred { to: works.name, rests_on });
    let mut activities: Vec<Activity> = Vec::new();
    for held in DATA_MAP.personal() {
        for purpose in held.personal.purposes {
            note(&mut activities, &held, *purpose);
        }
    }
    activities.sort_by_key(|activity| (activity.role, activity.purpose));
    Records {
        contact: operator.contact.clone(),
        region: operator.region.clone(),
        recipients: recipients(),
        transfers: processors(&operator.region).processors.into_iter().filter_map(transferred).collect(),
        security: SECURITY.to_vec(),
        activities,
    }
}

fn note(activities: &mut Vec<Activity>, held: &Held, purpose: Purpose) {
    let Some(about) = held.subject.words() else { return };
    let roles: &[Role] = match held.role {
        Role::Both => &[Role::Controller, Role::Processor],
        Role::Controller => &[Role::Controller],
        Role::Processor => &[Role::Processor],
    };
    for role in roles {
        let (purpose, role) = (purpose.words(), role.words());
        let known = activities.iter().position(|activity| (activity.purpose, activity.role) == (purpose, role));
        let place = known.unwrap_or_else(|| {
            let (about, categories, bases) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            let (given_to, kept) = (BTreeSet::new(), BTreeSet::new());
            activities.push(Activity { purpose, role, about, categories, bases, given_to, kept });
            activities.len() - 1
        });
        let activity = &mut activities[place];
        activity.about.insert(about);
        activity.categories.insert(held.personal.category);
        activity.bases.insert(held.personal.basis.words());
        activity.given_to.extend(given_to(held));
        activity.kept.insert(format!("{}: {}", held.personal.retain.name(), held.personal.retain.words()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_held_is_in_the_record_of_each_of_its_purposes() {
        let records = records(&Operator { contact: "mailto:a@example.com".to_owned(), region: "eu".to_owned() });
        for held in DATA_MAP.personal() {
            for purpose in held.personal.purposes {
                let noted = records.activities.iter().filter(|activity| {
                    activity.purpose == purpose.words()
                        && activity.categories.contains(held.personal.category)
                        && held.subject.words().is_some_and(|about| activity.about.contains(about))
                });
                let wanted = if held.role == Role::Both { 2 } else { 1 };
                assert!(noted.count() >= wanted, "{} for {}", held.attribute, purpose.words());
            }
        }
        for activity in &records.activities {
            assert!(!activity.bases.is_empty() && !activity.kept.is_empty() && !activity.given_to.is_empty());
        }
        assert_eq!(records.transfers.len(), records.transfers.iter().filter(|one| !one.rests_on.is_empty()).count());
        assert!(!records.transfers.is_empty());
    }
}
