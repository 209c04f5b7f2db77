//! The data map as manifests of fideslang, for tools that are not ours: a `Dataset` with every record and every other thing that rests somewhere, and a
//! `System` for the gateway and for each processor.
//!
//! The dataset is a graph, as fides walks it: from what identifies a person (an address, a number, a source address) over references to every
//! collection. What nothing leads to cannot be exported or erased, and fides refuses such a dataset (`tests/real/fides`).

use std::collections::{BTreeMap, BTreeSet};

use cloud::{data_map::DATA_MAP, processors::PROCESSORS};
use personal_data::{
    Basis, Content, Field, Held, Identity, Purpose, Record, Resource, Role, Subject,
    processor::{Place, Processor, Transfer},
};
use serde_json::{Value, json};

/// The name of the dataset and of the gateway's system.
const KEY: &str = "cartage";

/// Where the way begins to everything of an account, of somebody without one, of a store, and of a request.
const ACCOUNT: &str = "AccountItem.id";
const CONTACT: &str = "ContactItem.id";
const STORE: &str = "StoreItem.pk";
const REQUEST: &str = "SubjectRequestItem.pk";

/// The dataset.
pub(crate) fn dataset() -> Value {
    let records = DATA_MAP.records.iter().map(collection);
    let others = DATA_MAP.resources.iter().filter(|resource| !resource.holds.is_empty()).map(holding);
    json!({ "dataset": [{
        "fides_key": KEY,
        "name": "Cartage",
        "description": "Everything that the gateway keeps: one collection for each kind of record, and one for each other place where something rests.",
        "collections": records.chain(others).collect::<Vec<_>>(),
    }]})
}

fn collection(record: &Record) -> Value {
    let mut fields: Vec<Value> = record.fields.iter().map(|field| described(field, led_to(record, field))).collect();
    for family in record.families {
        let attribute = format!("{}<n>", family.prefix);
        fields.push(json!({ "name": attribute, "data_categories": [category(family.content)] }));
    }
    let mut collection = json!({
        "name": record.name,
        "description": format!("In `{}`; about {}.", record.store, record.subject.words().unwrap_or("nobody")),
        "fields": fields,
    });
    if record.subject == Subject::Nobody {
        // It holds nothing personal, which the derive sees to, and nothing has to lead there.
        collection["fides_meta"] = json!({ "skip_processing": true });
    }
    collection
}

/// What a resource holds beside records, by what it is held for.
fn holding(resource: &Resource) -> Value {
    let name: String =
        resource.name.trim_end_matches('/').chars().map(|one| if one == '.' { '-' } else { one }).collect();
    let owner =
        json!({ "name": "held_for", "data_categories": ["system.operations"], "fides_meta": way(resource.subject) });
    let held = resource.holds.iter().map(|field| described(field, Value::Null));
    json!({
        "name": format!("held-in-{name}"),
        "description": format!("In `{}`; about {}.", resource.name, resource.subject.words().unwrap_or("nobody")),
        "fields": std::iter::once(owner).chain(held).collect::<Vec<_>>(),
    })
}

fn described(field: &Field, meta: Value) -> Value {
    let mut described = json!({ "name": field.attribute, "data_categories": [category(field.content)] });
    if !meta.is_null() {
        described["fides_meta"] = meta;
    }
    described
}

/// What is no person's is the system's.
const fn category(content: Content) -> &'static str {
    match content {
        Content::Personal(personal) => personal.category,
        Content::None => "system.operations",
    }
}

/// How a record's attribute is come by: it identifies somebody, or it is the record's link to whom it is about.
fn led_to(record: &Record, field: &Field) -> Value {
    let identity = match field.content {
        Content::Personal(personal) => personal.identity,
        Content::None => None,
    };
    match identity {
        Some(Identity::Email) => json!({ "identity": "email" }),
        Some(Identity::Phone) => json!({ "identity": "phone_number" }),
        Some(Identity::Account) => reference(ACCOUNT),
        // Their own id leads from their address to all the rest.
        None if [ACCOUNT, CONTACT].contains(&&*format!("{}.{}", record.name, field.attribute)) => Value::Null,
        None if field.attribute != record.link || record.subject == Subject::Nobody => Value::Null,
        None if record.store == "verifications" => reference(REQUEST),
        // Whatever a store's record is about, it says whose the store is.
        None if record.subject == Subject::Merchant && record.link == "account" => reference(ACCOUNT),
        None => way(record.subject),
    }
}

/// What leads to things of these people.
fn way(subject: Subject) -> Value {
    match subject {
        Subject::AccountUser => reference(ACCOUNT),
        // A customer of a store is known by that store's platform, so the way leads over the store.
        Subject::Merchant | Subject::Shopper => reference(STORE),
        Subject::Contact => reference(CONTACT),
        Subject::Caller => json!({ "identity": "ip_address" }),
        Subject::Nobody => Value::Null,
    }
}

fn reference(to: &str) -> Value {
    json!({ "references": [{ "dataset": KEY, "field": to, "direction": "from" }] })
}

/// The gateway, and whoever works for it.
pub(crate) fn systems() -> Value {
    let processors = PROCESSORS.iter().filter(|processor| processor.terms().is_some()).map(processor);
    json!({ "system": std::iter::once(gateway()).chain(processors).collect::<Vec<_>>() })
}

fn gateway() -> Value {
    let mut declarations: BTreeMap<String, Declared> = BTreeMap::new();
    for held in DATA_MAP.personal() {
        for purpose in held.personal.purposes {
            let Some(about) = held.subject.words() else { continue };
            let (role, basis) = (held.role.words(), held.personal.basis);
            let name = format!("{}, as {role}, of {about}: {}", purpose.words(), basis.words());
            let declared = declarations.entry(name).or_insert_with(|| Declared::new(*purpose, &held));
            declared.categories.insert(held.personal.category);
            declared.kept.insert(held.personal.retain.words());
        }
    }
    json!({
        "fides_key": KEY,
        "name": "Cartage",
        "description": "A gateway in front of stores.",
        "system_type": "Service",
        "dataset_references": [KEY],
        "processes_personal_data": true,
        "uses_profiling": false,
        "uses_cookies": false,
        "does_international_transfers": false,
        "responsibility": ["Controller", "Processor"],
        "privacy_declarations": declarations.into_iter().map(|(name, one)| one.described(&name)).collect::<Vec<_>>(),
    })
}

/// One use of data of one kind of people on one basis.
struct Declared {
    purpose: Purpose,
    subject: Subject,
    role: Role,
    basis: Basis,
    categories: BTreeSet<&'static str>,
    kept: BTreeSet<String>,
}

impl Declared {
    fn new(purpose: Purpose, held: &Held) -> Self {
        let Held { subject, role, personal, .. } = *held;
        Self { purpose, subject, role, basis: personal.basis, categories: BTreeSet::new(), kept: BTreeSet::new() }
    }

    fn described(self, name: &str) -> Value {
        let mut described = json!({
            "name": name,
            "data_categories": self.categories,
            "data_use": used_for(self.purpose),
            "data_subjects": [people(self.subject)],
            "flexible_legal_basis_for_processing": false,
            "retention_period": self.kept.into_iter().collect::<Vec<_>>().join("; "),
            // The merchant's applications get what stores say, on the merchant's instruction.
            "data_shared_with_third_parties": false,
            "processes_special_category_data": false,
        });
        if let Some(basis) = lawful(self.basis) {
            described["legal_basis_for_processing"] = basis.into();
        }
        if self.role == Role::Processor {
            described["features"] = json!(["processing on a merchant's instruction"]);
        }
        described
    }
}

fn processor(processor: &Processor) -> Value {
    let transfers: &[&str] = match processor.terms().map(|terms| terms.transfer()) {
        None | Some(Transfer::None) => &[],
        Some(Transfer::Adequacy) => &["Adequacy Decision"],
        Some(Transfer::StandardClauses) => &["SCC"],
    };
    let uses = processor.purposes.iter().map(|purpose| {
        json!({
            "name": format!("{}: {}", purpose.words(), processor.task),
            "data_categories": processor.data,
            "data_use": used_for(*purpose),
            "data_subjects": ["customer"],
        })
    });
    let place = match processor.place {
        Place::OwnRegion => "the region of the stack",
        Place::Country(name) => name,
    };
    let key: String =
        processor.name.to_lowercase().chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
    json!({
        "fides_key": key,
        "name": processor.name,
        "description": format!("{} Works in {place}.", processor.task),
        "system_type": "Third Party",
        "responsibility": ["Processor"],
        "does_international_transfers": !transfers.is_empty(),
        "legal_basis_for_transfers": transfers,
        "dpa_location": processor.terms().map(|terms| terms.agreement()),
        "privacy_declarations": uses.collect::<Vec<_>>(),
    })
}

/// A purpose among fideslang's data uses.
const fn used_for(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Account => "essential.service",
        Purpose::Operation => "essential.service.operations",
        Purpose::Billing => "essential.service.payment_processing",
        Purpose::Messages => "essential.service.notifications.email",
        Purpose::Support => "essential.service.operations.support",
        Purpose::Marketing => "marketing.communications.email",
        Purpose::Security => "essential.service.security",
    }
}

/// Whom data is about among fideslang's data subjects, which know no merchant and no shopper.
const fn people(subject: Subject) -> &'static str {
    match subject {
        Subject::AccountUser | Subject::Merchant | Subject::Shopper => "customer",
        Subject::Contact => "prospect",
        Subject::Caller | Subject::Nobody => "anonymous_user",
    }
}

/// A basis as fideslang writes it; a merchant's instruction is the merchant's basis, not ours.
const fn lawful(basis: Basis) -> Option<&'static str> {
    match basis {
        Basis::Consent => Some("Consent"),
        Basis::Contract => Some("Contract"),
        Basis::LegalObligation => Some("Legal obligations"),
        Basis::VitalInterest => Some("Vital interests"),
        Basis::PublicTask => Some("Public interest"),
        Basis::LegitimateInterest => Some("Legitimate interests"),
        Basis::Instruction => None,
    }
}
