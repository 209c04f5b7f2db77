//! What people ask about their own data, from the proof to the end (`privacy.md` D.3, D.5).

use std::time::Duration;

use cloud::dynamo::{
    chain::{Chain, Linked},
    requests::{CorrectedField, Correction},
};
use domain::{
    account::Consents,
    request::{Kind, State},
};
use serde_json::Value;
use testkit::{marker, stack::Stack};

use super::bureau::Bureau;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
#[expect(clippy::print_stdout, reason = "what it costs is shown with --no-capture")]
async fn r038_r056_an_erasure_takes_everything_and_leaves_a_record_without_a_name() {
    let bureau = Bureau::new().await;
    let (someone, other) = (bureau.someone().await, bureau.house.owner().await);
    let request = bureau.proven(&someone.owner, Kind::Erasure, Vec::new()).await;
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::CoolingOff, "nothing happens before who did not ask can stop it");
    assert!(bureau.accounts().get(&someone.owner.account).await.unwrap().is_some());
    assert_eq!(bureau.letters().await, ["received", "cooling-off"]);

    bureau.clock().advance(3 * DAY);
    bureau.faults.reset();
    bureau.go_on(&request).await;
    println!("an erasure: {} read units, {} write units", bureau.faults.read_units(), bureau.faults.write_units());
    let stands = bureau.stands(&request).await;
    assert_eq!(stands.state, State::Delivered);
    let places = bureau.places(&request).await;
    let done: Vec<(&str, u64)> = places.iter().map(|place| (place.place.as_str(), place.acted)).collect();
    // By their names: the account; two applications and a subscription; two keys of an application and the owner's; a store.
    assert_eq!(done, [("account", 1), ("applications", 3), ("contact", 0), ("keys", 3), ("stores", 1)]);
    assert!(places.iter().all(|place| place.done_at.is_some() && place.acted == place.found));
    assert!(!places[0].kept.is_empty(), "what ends by itself is told");
    assert_eq!(bureau.letters().await, ["account-erased", "done"]);
    assert!(bureau.accounts().get(&other.account).await.unwrap().is_some(), "nobody else is touched");

    // The key of whoever was erased opens nothing.
    assert_eq!(bureau.house.get(&someone.owner, "/v1/account").await.problem(), "key_revoked");

    bureau.clock().advance(8 * DAY);
    bureau.go_on(&request).await;
    let stands = bureau.stands(&request).await;
    assert_eq!((stands.state, stands.email.is_none(), stands.account.is_none()), (State::Closed, true, true));
    let wanted: Vec<&[u8]> = someone.markers[..8].iter().map(String::as_bytes).collect();
    let found = marker::scan(Stack::shared().aws(), &wanted).await.unwrap();
    // A mail is where a mail goes; its queue is a test's own, and empty.
    let stray: Vec<_> = found.iter().filter(|(place, _)| place != "mail").collect();
    assert!(stray.is_empty(), "{:?} of {:?}", stray, someone.markers);
    let secrets: Vec<&[u8]> = someone.secrets[..2].iter().map(String::as_bytes).collect();
    assert!(marker::scan(Stack::shared().aws(), &secrets).await.unwrap().is_empty());
}

#[tokio::test]
async fn r055_r101_what_is_wrong_is_put_right_and_nothing_else_is() {
    let bureau = Bureau::new().await;
    let owner = bureau.house.owner().await;
    let correction = |field, value: &str| Correction { field, value: value.to_owned() };
    let corrections = vec![
        correction(CorrectedField::Name, "Ann Other"),
        correction(CorrectedField::Phone, "+33 1 23 45 67 89"),
        correction(CorrectedField::Company, "Example"),
    ];
    let request = bureau.proven(&owner, Kind::Rectification, corrections).await;
    let before = bureau.accounts().get(&owner.account).await.unwrap().unwrap();
    bureau.clock().advance(Duration::from_secs(60));
    bureau.go_on(&request).await;
    let after = bureau.accounts().get(&owner.account).await.unwrap().unwrap();
    assert_eq!((after.name.as_str(), after.phone.as_str()), ("Ann Other", "+33 1 23 45 67 89"));
    assert!(after.email == before.email && after.website == before.website);
    assert_eq!(bureau.state(&request).await, State::Delivered);
    assert_eq!(bureau.places(&request).await[0].acted, 2, "one of the three was right already");
    assert_eq!(bureau.letters().await, ["received", "done"]);
}

#[tokio::test]
async fn r023_r060_what_only_spares_the_person_something_is_done_at_once_and_without_proof() {
    let bureau = Bureau::new().await;
    for kind in [Kind::ConsentWithdrawal, Kind::OptOutSale, Kind::OptOutAdvertising, Kind::OptOutProfiling] {
        let owner = bureau.house.owner().await;
        let account = bureau.accounts().get(&owner.account).await.unwrap().unwrap();
        let mut agreeing = account.clone();
        agreeing.consents.monthly = true;
        let part = bureau.accounts().changing(&agreeing, account.updated_at);
        cloud::dynamo::transaction::write(&bureau.house.tables(), vec![part]).await.unwrap();
        let request = bureau.ask(&owner, kind, Vec::new()).await;
        bureau.go_on(&request).await;
        assert_eq!(bureau.state(&request).await, State::Delivered, "{kind:?}");
        let after = bureau.accounts().get(&owner.account).await.unwrap().unwrap();
        assert_eq!(after.consents == Consents::default(), kind == Kind::ConsentWithdrawal, "{kind:?}");
        let sold = matches!(kind, Kind::OptOutSale | Kind::OptOutAdvertising);
        assert_eq!(after.opted_out_of_sale, sold, "{kind:?}");
        assert_eq!(bureau.letters().await, ["received-at-once", "done"], "{kind:?}");
    }
    // An address that belongs to nobody is answered alike.
    let nobody = crate::control::house::Owner {
        account: domain::id::AccountId::from_uuid(bureau.clock().new_id()),
        key: String::new(),
    };
    let request = bureau.ask(&nobody, Kind::ConsentWithdrawal, Vec::new()).await;
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered);
}

#[tokio::test]
async fn what_nobody_has_proven_is_refused_when_its_time_is_over() {
    let bureau = Bureau::new().await;
    let owner = bureau.house.owner().await;
    let request = bureau.ask(&owner, Kind::Erasure, Vec::new()).await;
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::AwaitingVerification);
    bureau.clock().advance(DAY + Duration::from_secs(1));
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Denied);
    assert!(bureau.places(&request).await.is_empty(), "nothing was even looked for");
    assert_eq!(bureau.letters().await, ["received", "denied"]);
    assert!(bureau.accounts().get(&owner.account).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_made_while_an_erasure_goes_on_is_found_by_the_second_look() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let request = bureau.proven(&someone.owner, Kind::Erasure, Vec::new()).await;
    bureau.clock().advance(3 * DAY);
    // Up to where everything is erased and the second look is to come.
    let worker = crate::control::offboarding::worker(&bureau.house);
    for _ in 0..20 {
        bureau.handle(&Bureau::settling(&request)).await;
        let leaving = bureau.house.offboardings().await;
        ::offboarding::handle(&worker, leaving).await.unwrap();
        bureau.clock().advance(Duration::from_secs(120));
        if bureau.state(&request).await == State::Confirming {
            break;
        }
    }
    assert_eq!(bureau.state(&request).await, State::Confirming);
    // A call that was under way when its key was revoked.
    bureau.house.person(&someone.owner.account, domain::role::Role::Owner).await;
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered);
    let keys = bureau.house.keys().all_of_account(&someone.owner.account).await.unwrap();
    assert!(keys.iter().all(|key| !key.is_live()), "the late one too");
    let places = bureau.places(&request).await;
    assert_eq!(places.iter().find(|place| place.place == "keys").unwrap().acted, 4);
}

#[tokio::test]
async fn what_was_done_is_signed_and_chained_without_a_word_of_whom() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let request = bureau.proven(&someone.owner, Kind::Erasure, Vec::new()).await;
    bureau.go_on(&request).await;
    assert!(bureau.runs().receipt(&request.id).await.unwrap().is_none(), "nothing is done yet");
    bureau.clock().advance(3 * DAY);
    bureau.go_on(&request).await;
    let receipt = bureau.runs().receipt(&request.id).await.unwrap().expect("there is a receipt");
    let pem = crate::control::signature::signer().public_key().await.unwrap();
    let verifies = |document: &str| crate::control::signature::verifies(&pem, document.as_bytes(), &receipt.signature);
    assert!(verifies(&receipt.document));
    assert!(!verifies(&receipt.document.replace("erasure", "access")));
    let said: Value = serde_json::from_str(&receipt.document).unwrap();
    assert_eq!((&said["kind"], &said["request"]), (&"erasure".into(), &request.id.as_str().into()));
    assert_eq!(said["places"].as_array().unwrap().len(), 5);
    let at = |name: &str| said[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(at("received_at") <= at("verified_at") && at("verified_at") < at("finished_at"));
    assert_eq!(at("backup_horizon_at").duration_since(at("finished_at")).as_hours(), 14 * 24);
    for marker in someone.markers.iter().map(String::as_str).chain([someone.owner.account.as_str()]) {
        assert!(!receipt.document.contains(marker), "{marker}");
    }

    // The chain holds it, and holds together.
    let chain = Chain::new(bureau.house.tables(), bureau.config.privacy_table.clone());
    let whole = chain.verify(&Linked::none(), || true).await.unwrap();
    assert_eq!(whole.broken_at, None);
    assert!(whole.links >= 6, "{whole:?}");
    assert!(said["chain"]["seq"].as_u64().unwrap() <= whole.links);
    let rows = bureau.house.sdk().query().table_name(&bureau.config.privacy_table);
    let rows = rows.key_condition_expression("pk = :pk AND begins_with(sk, :link)");
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let rows =
        rows.expression_attribute_values(":pk", text("chain")).expression_attribute_values(":link", text("link#"));
    let rows = rows.send().await.unwrap().items.unwrap();
    let mine: Vec<_> = rows.iter().filter(|row| row["request"] == text(request.id.as_str())).collect();
    let events: Vec<&str> = mine.iter().map(|row| row["event"].as_s().unwrap().as_str()).collect();
    assert_eq!(events, ["received", "cooling-off", "begin", "done", "receipt"]);
    let pseudonyms: std::collections::BTreeSet<_> = mine.iter().map(|row| format!("{:?}", row["pseudonym"])).collect();
    assert_eq!(pseudonyms.len(), 1, "one person, one name");
    let chained = format!("{mine:?}");
    assert!(!chained.contains(someone.owner.account.body()) && !chained.contains("example.com"));
}

/// Does everything that the function does for people, and gives what it called of AWS.
pub(crate) async fn everything() -> Vec<testkit::fault_proxy::Seen> {
    let mut bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    bureau.contact_of(&someone.owner).await;
    bureau.faults.reset();
    let access = bureau.proven(&someone.owner, Kind::Access, Vec::new()).await;
    let patience = bureau.patience;
    bureau.hurry();
    for _ in 0..3 {
        bureau.handle(&Bureau::settling(&access)).await;
    }
    bureau.patience = patience;
    bureau.go_on(&access).await;
    let objection = bureau.proven(&someone.owner, Kind::Objection, Vec::new()).await;
    bureau.go_on(&objection).await;
    let erasure = bureau.proven(&someone.owner, Kind::Erasure, Vec::new()).await;
    bureau.clock().advance(3 * DAY);
    bureau.go_on(&erasure).await;
    bureau.clock().advance(8 * DAY);
    for request in [&access, &objection, &erasure] {
        bureau.go_on(request).await;
        assert_eq!(bureau.state(request).await, State::Closed);
    }
    bureau.faults.seen()
}
