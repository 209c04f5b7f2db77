//! What the map and the sources say of the use of data: for what, of which kind, for how long, and to whom it goes.

use std::collections::BTreeSet;

use cloud::{data_map::DATA_MAP, processors::PROCESSORS};
use personal_data::{Basis, Held, Kind, Limit, Purpose, Retention, Subject, processor::Category};
use serde_json::Value;

use super::{cloudformation, compile::sources};

/// Where a policy names a purpose. A purpose that is none of the published ones does not get past here.
const fn published(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Account => "API2Cart 3.1: enable you to access and use our Service",
        Purpose::Operation => "API2Cart 3.1: provide, operate, maintain and improve our Service",
        Purpose::Billing => "API2Cart 3.1: process and complete transactions",
        Purpose::Messages => "API2Cart 3.1: send transactional messages",
        Purpose::Support => "API2Cart 3.1: provide customer service and support",
        Purpose::Marketing => "API2Cart 3.2: with your explicit consent",
        Purpose::Security => "API2Cart 3.1: technical notices, security alerts; CoCart 1.7.2: protect our services",
    }
}

fn of(subject: Subject) -> impl Iterator<Item = Held> {
    DATA_MAP.personal().filter(move |held| held.subject == subject)
}

#[test]
fn r007_everything_is_held_for_a_published_purpose_and_marketing_has_its_consent() {
    for held in DATA_MAP.personal() {
        let (place, name) = (held.place.name, held.attribute);
        assert!(!held.personal.purposes.is_empty(), "{name} in {place} is held for nothing");
        for purpose in held.personal.purposes {
            assert!(published(*purpose).contains(": "), "{name} in {place}");
        }
        // A name and an address that an account has anyway may be in a letter; whether one may be sent is the ledger's to say (R089). That somebody
        // wants none is kept because the law wants it obeyed.
        let may = matches!(held.personal.basis, Basis::Consent | Basis::LegalObligation);
        assert!(held.personal.purposes != [Purpose::Marketing] || may, "{name} in {place}");
    }
}

/// What is observed of a caller is used for security alone, and no function can look it up: it is written, and dropped when its time is over.
#[test]
fn r097_what_the_security_log_holds_is_used_for_security_and_read_by_nothing() {
    let mut seen = 0;
    for held in of(Subject::Caller) {
        assert_eq!(held.personal.purposes, [Purpose::Security], "{} in {}", held.attribute, held.place.name);
        seen += 1;
    }
    assert!(seen > 1, "there is a log and a counter");
    let (_, template) = cloudformation::templates().into_iter().next().unwrap();
    let log = "[\"SecurityLogTable\",\"Arn\"]";
    let roles = template["Resources"].as_object().unwrap().iter().filter(|(_, one)| one["Type"] == "AWS::IAM::Role");
    let mut writers = 0;
    for (name, role) in roles {
        let policy = &role["Properties"]["Policies"][0]["PolicyDocument"];
        for statement in
            policy["Statement"].as_array().unwrap().iter().filter(|one| one["Resource"].to_string().contains(log))
        {
            let many = statement["Action"].as_array().cloned().unwrap_or_else(|| vec![statement["Action"].clone()]);
            let actions: BTreeSet<&str> = many.iter().filter_map(Value::as_str).collect();
            // The sweep sees keys and times: what it deletes, it has to find.
            let drops = name == "SweepRole" && actions == BTreeSet::from(["dynamodb:DeleteItem", "dynamodb:Scan"]);
            assert!(drops || actions == BTreeSet::from(["dynamodb:PutItem"]), "{name}: {statement}");
            writers += 1;
        }
    }
    assert!(writers > 3, "who writes it was found");
}

/// The categories of all that is held, outside of what merely passes through. None is sensitive under a law that a policy names (GDPR Art. 9; the five
/// states: origin, belief, health, sex life, immigration, genes, biometrics, children, precise location), and none is behaviour or a profile. Whoever
/// adds one here decides that it is neither.
const COLLECTED: [&str; 12] = [
    "user.authorization.credentials",
    "user.contact.email",
    "user.contact.phone_number",
    "user.contact.url",
    "user.content",
    "user.content.private",
    "user.device.ip_address",
    "user.name",
    "user.privacy_preferences",
    "user.unique_id",
    "user.unique_id.pseudonymous",
    "user.workplace",
];

#[test]
fn r072_r073_nothing_sensitive_is_collected_and_nothing_that_a_profile_is_made_of() {
    let passes = |held: &Held| {
        let body = matches!(held.personal.retain, Retention::Transit | Retention::Cache);
        // The person's own copy has whatever the places have that it is a copy of.
        held.personal.category == "user" && (body || held.personal.retain == Retention::Export)
    };
    let collected: BTreeSet<&str> =
        DATA_MAP.personal().filter(|held| !passes(held)).map(|held| held.personal.category).collect();
    assert_eq!(collected, BTreeSet::from(COLLECTED));
    for kept in [
        "user.biometric",
        "user.behavior",
        "user.childrens",
        "user.criminal_history",
        "user.demographic",
        "user.government_id",
    ] {
        assert!(!COLLECTED.iter().any(|category| category.starts_with(kept)), "{kept}");
    }
    for kept in
        ["user.financial", "user.health_and_medical", "user.location", "user.payment", "user.social", "user.telemetry"]
    {
        assert!(!COLLECTED.iter().any(|category| category.starts_with(kept)), "{kept}");
    }
}

/// Of who buys from us no more is held than a policy names (CoCart 1.6.2: address of mail and bills, payment, tax number, company), for as long as there is
/// an account; what a law keeps longer is held back from an erasure by a hold (R084).
#[test]
fn r087_r088_what_a_contract_is_billed_by_is_little_and_ends_with_the_account() {
    let named =
        ["user.contact.address", "user.contact.email", "user.contact.organization", "user.payment", "user.workplace"];
    let held: Vec<Held> =
        DATA_MAP.personal().filter(|held| held.personal.purposes.contains(&Purpose::Billing)).collect();
    assert!(!held.is_empty());
    for Held { place, subject, attribute, personal, .. } in held {
        assert!(named.iter().any(|category| personal.category.starts_with(category)), "{attribute} in {}", place.name);
        // A form that nobody has confirmed is no contract yet.
        assert!(matches!(personal.retain, Retention::Account | Retention::SignUp), "{attribute} in {}", place.name);
        assert_eq!(subject, Subject::AccountUser, "{attribute} in {}", place.name);
    }
}

/// There is nobody yet who takes money for us, and nothing that could be given: whoever adds one says here what of it that may be (R002 keeps numbers of
/// cards out of every form).
#[test]
fn r003_nobody_gets_anything_of_payments() {
    for held in DATA_MAP.personal() {
        let of_money =
            ["user.financial", "user.payment"].iter().any(|category| held.personal.category.starts_with(category));
        assert!(!of_money, "{} in {}", held.attribute, held.place.name);
    }
    for processor in PROCESSORS.iter().filter(|processor| processor.terms().is_some()) {
        let takes_money = matches!(processor.category, Category::Accounting | Category::Site);
        assert!(!takes_money, "{}", processor.name);
    }
}

/// All that rests of a store's customer is the number that this one store has given an order or the customer, and, for a day, what is on its way to the
/// applications that the merchant has let in. Nothing that the same person has at two stores: no address, no name, no hash of either, but of whom a merchant
/// restricted, under a key that no other store has (`seal::NameKey`).
#[test]
fn r130_r131_customers_are_known_by_their_stores_numbers_and_used_for_their_stores_alone() {
    let mut seen = BTreeSet::new();
    for held in of(Subject::Shopper) {
        let (place, name) = (held.place.name, held.attribute);
        assert_eq!(held.personal.purposes, [Purpose::Operation], "{name} in {place} has another use");
        assert!(held.personal.identity.is_none(), "{name} in {place} finds a person");
        let passing = matches!(held.personal.retain.limit(), Limit::Days(days) if days <= 1);
        let number = held.personal.category == "user.unique_id";
        let keyed = held.personal.category == "user.unique_id.pseudonymous" && place == "stores";
        assert!(number || keyed || (held.personal.category == "user" && passing), "{name} in {place}");
        // Mails are made of what rests in these places, and of nothing else.
        assert!(!["mail", "mail-dead", "ses-suppression", "consents"].contains(&place), "{name} in {place}");
        if let Kind::Table { indexes, .. } = held.place.kind {
            assert!(indexes.is_empty(), "{place}: an index joins what its keys keep apart");
        }
        seen.insert(place);
    }
    for place in ["events", "deliveries", "incoming-events", "outgoing-events"] {
        assert!(seen.contains(place), "{place}");
    }
    // Who may be written to for marketing: somebody with an account, or a contact that said so. There is no third.
    for held in DATA_MAP.personal().filter(|held| held.personal.purposes.contains(&Purpose::Marketing)) {
        assert!(
            matches!(held.subject, Subject::AccountUser | Subject::Contact),
            "{} in {}",
            held.attribute,
            held.place.name
        );
    }
}

/// Two stores' things lie in places of their own, even where both call them the same.
#[test]
fn r131_what_two_stores_tell_of_one_number_lies_in_two_partitions() {
    use cloud::dynamo::key;
    use domain::id::StoreId;
    let id = |last: char| -> StoreId { format!("str_0000000000000000000000000{last}").parse().unwrap() };
    let at = "2026-11-22T10:00:00Z".parse().unwrap();
    let places = |store: &StoreId| {
        [key::store(store), key::events(store, at), key::marks(store), key::privacy_asked(store, "a-request")]
    };
    let (one, other) = (places(&id('1')), places(&id('2')));
    for (one, other) in one.iter().zip(&other) {
        assert_ne!(one, other);
    }
}

/// A merchant's data is kept as long as the store is connected, or for days; that leaves the promised thirty for what a backup still has.
#[test]
fn r124_data_of_merchants_and_customers_ends_with_what_it_is_needed_for() {
    for held in of(Subject::Merchant).chain(of(Subject::Shopper)) {
        let (place, name) = (held.place.name, held.attribute);
        match held.personal.retain.limit() {
            Limit::Days(days) => assert!(days <= 14, "{name} in {place} is kept for {days} days"),
            Limit::LifeAnd(after) => {
                assert_eq!((held.personal.retain, after), (Retention::Store, 0), "{name} in {place}");
            }
        }
        if let Kind::Table { backup_days, .. } = held.place.kind {
            assert!(backup_days <= 14, "{place}: a backup of {backup_days} days");
        }
    }
}

/// The functions that can call somebody outside, and who that is. Whoever adds one says on whose word data goes there.
const CALLS_OUT: [(&str, &str); 6] = [
    (
        "callbacks",
        "the partner through whom a person or a controller asked: how the request stands, at an address that is registered",
    ),
    ("control", "the store, with the credential that its merchant has just given"),
    ("deliver", "an application's endpoint, while the merchant's grant lasts"),
    ("fan-out", "the store, with its merchant's credential: what a webhook told too briefly"),
    ("proxy", "the store, with its merchant's credential, while the grant lasts"),
    ("reconciliation", "the store, with its merchant's credential: what no webhook told"),
];

#[test]
fn r018_r027_data_leaves_to_its_own_store_to_named_processors_and_to_whom_a_merchant_let_in() {
    let shipped = |path: &str| {
        path.starts_with("functions/") || path.starts_with("shared/cloud/") || path.starts_with("shared/connectors/")
    };
    let own = |text: &str| text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    let sources: Vec<(String, String)> =
        sources().into_iter().filter(|(path, _)| shipped(path)).map(|(path, text)| (path, own(&text))).collect();

    // There are two clients: one for stores and endpoints, one for AWS.
    let opens = ["reqwest::Client::", "HttpConnector::new", "HttpsConnectorBuilder", "TcpStream::connect", "UdpSocket"];
    let clients: BTreeSet<&str> = sources
        .iter()
        .filter(|(_, text)| opens.iter().any(|open| text.contains(open)))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(clients, BTreeSet::from(["shared/cloud/src/aws/mod.rs", "shared/cloud/src/egress/mod.rs"]));

    // The first is held by these functions and by no other.
    let holders: BTreeSet<&str> = sources
        .iter()
        .filter(|(path, text)| path.starts_with("functions/") && text.contains("Egress::new("))
        .filter_map(|(path, _)| path.split('/').nth(1))
        .collect();
    assert_eq!(holders, CALLS_OUT.iter().map(|(function, _)| *function).collect::<BTreeSet<_>>());

    // The second reaches Amazon, by the names of its services; the registry has it, mail by itself.
    let mut services = BTreeSet::new();
    for (_, text) in &sources {
        for call in text.split(".service(\"").skip(1) {
            services.insert(call.split('"').next().unwrap());
        }
    }
    assert_eq!(services, BTreeSet::from(["dynamodb", "email", "kms", "secretsmanager", "sqs"]));
    let working: Vec<&str> =
        PROCESSORS.iter().filter(|processor| processor.terms().is_some()).map(|processor| processor.name).collect();
    assert_eq!(working, ["Amazon Web Services", "Amazon Simple Email Service"], "nobody else is reached");
}
