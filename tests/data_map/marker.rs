//! Gate 4: after calls with marker values in everything, a marker rests only where the data map declares it. The first half of
//! gate 3 runs here too, because walking the whole way once is enough for both.

use cloud::{boot::Boot, clock::Clock, data_map::DATA_MAP};
use domain::id::StoreId;
use testkit::marker;
use testkit::stack::{Stack, deploy::STACK};

use super::flows::{Markers, walk};
use super::recorder::assert_declared_at_rest;
use crate::world::environment;

/// The places of the emulator where the map declares personal data of one of these categories.
fn declared_places(categories: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for resource in DATA_MAP.resources {
        if DATA_MAP.personal_of(resource).any(|held| categories.contains(&held.personal.category)) {
            use personal_data::Kind;
            match resource.kind {
                Kind::Table { .. } => places.push(format!("dynamodb/{STACK}-{}", resource.name)),
                Kind::Queue { .. } | Kind::DeadLetter { .. } => places.push(format!("sqs/{STACK}-{}", resource.name)),
                Kind::SecretPrefix => places.push(format!("secret/{STACK}/{}", resource.name)),
                _ => {}
            }
        }
    }
    places
}

#[tokio::test]
async fn r013_the_main_job_leaves_nothing_that_the_map_does_not_declare() {
    let stack = Stack::shared();
    let markers = Markers::new();
    let walked = walk(stack, &markers).await;
    // An event too, whatever sweeps of other tests have dropped meanwhile.
    let boot = Boot::new(&environment("fan-out", stack.aws()), Clock::system()).unwrap();
    crate::fan_out::known(&boot, &StoreId::from_uuid(boot.clock.new_id())).await;
    // And what the main job has no need of: forms and consents, requests and what proves them, subscriptions and deliveries.
    crate::privacy::everything().await;
    crate::dsar::everything().await;
    crate::dsar::people::everything().await;
    crate::fan_out::everything().await;
    assert_declared_at_rest(stack).await;

    // The mailbox is outside the stack: it is where a mail goes.
    let outside = |mut places: Vec<String>| {
        places.push("mail".to_owned());
        places
    };
    // Mails carry a credential of ours, their link's token; a store's credential is declared for the vault alone.
    let vault = format!("secret/{STACK}/store/");
    let account = |category: &str| outside(declared_places(&[category]));
    let mut cases: Vec<(&str, String, Vec<String>)> = vec![
        ("the name", markers.name.clone(), account("user.name")),
        ("the e-mail", markers.email.clone(), account("user.contact.email")),
        ("the phone number", markers.phone.clone(), account("user.contact.phone_number")),
        ("the company", markers.company.clone(), outside(declared_places(&["user.contact", "user.workplace"]))),
        ("the website", markers.website.clone(), account("user.contact.url")),
        ("the credential", markers.credential.clone(), vec![vault.clone()]),
        ("a refused credential", markers.refused_credential.clone(), Vec::new()),
        ("what the store answered", markers.answered.clone(), Vec::new()),
        ("what the caller sent", markers.sent.clone(), Vec::new()),
        ("the link's token", walked.token.clone(), vec!["mail".to_owned(), format!("sqs/{STACK}-mail")]),
    ];
    for key in &walked.keys {
        let secret = key.rsplit('_').next().unwrap_or_default().to_owned();
        cases.push(("a key's secret", secret, Vec::new()));
    }

    let wanted: Vec<&[u8]> = cases.iter().map(|(_, marker, _)| marker.as_bytes()).collect();
    let found = marker::scan(stack.aws(), &wanted).await.unwrap();
    let stray: Vec<String> = found
        .iter()
        .filter_map(|(place, number)| {
            let (what, marker, places) = &cases[*number];
            let declared = places.iter().any(|declared| place.starts_with(declared.as_str()));
            (!declared).then(|| format!("{what} ({marker}) rests in {place}"))
        })
        .collect();
    assert!(stray.is_empty(), "{stray:#?}");

    // The search sees what is there, or it would prove nothing.
    let rests = |what: &str, place: &str| {
        found.iter().any(|(found, number)| cases[*number].0 == what && found.starts_with(place))
    };
    assert!(rests("the e-mail", &format!("dynamodb/{STACK}-accounts")), "{found:#?}");
    assert!(rests("the credential", &vault), "{found:#?}");
    assert!(rests("the link's token", "mail"), "{found:#?}");
    let journal = marker::scan(stack.aws(), &[walked.store.as_bytes()]).await.unwrap();
    let journaled = journal.iter().any(|(place, _)| place == &format!("dynamodb/{STACK}-service-log"));
    assert!(journaled, "the calls left no line: {journal:#?}");
}
