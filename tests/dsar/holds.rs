//! Legal holds: what is kept of a person who was erased, what they are told of it, and that it goes when the hold ends (R084, R129).

use std::time::Duration;

use cloud::dynamo::{
    chain::{Chain, Linked},
    requests::SubjectRequestItem,
};
use domain::{
    id::{AccountId, PrivacyRequestId},
    request::{Kind, State},
    role::Role,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sweep::Sweep;

use super::bureau::Bureau;
use crate::{
    control::{house::Owner, inactivity::Night},
    world::{Answered, Calling},
};

const DAY: Duration = Duration::from_secs(86_400);
const LAW: &str = "FR: LPF, L102 B";

/// Two people of ours.
struct Operators {
    one: String,
    other: String,
}

async fn operators(bureau: &Bureau) -> Operators {
    let key = async || {
        let nobody = AccountId::from_uuid(bureau.clock().new_id());
        bureau.house.person(&nobody, Role::Operator).await
    };
    Operators { one: key().await, other: key().await }
}

async fn post(bureau: &Bureau, key: &str, path: &str, body: Value) -> Answered {
    bureau.house.call(Calling::new("POST", path).key(key).body(body.to_string())).await
}

async fn step(bureau: &Bureau, key: &str, hold: &Value, step: &str) -> Answered {
    let path = format!("/v1/operator/holds/{}/steps", hold["id"].as_str().unwrap());
    post(bureau, key, &path, json!({ "step": step })).await
}

/// A hold that two have set, for a number of days.
async fn hold(bureau: &Bureau, operators: &Operators, of: &Owner, days: i64, more: Value) -> Value {
    let until = bureau.clock().now() + SignedDuration::from_hours(24 * days);
    let mut wish = json!({ "account": of.account, "reason": "tax", "law": LAW, "until": until });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let proposed = post(bureau, &operators.one, "/v1/operator/holds", wish).await;
    assert_eq!((proposed.status, &proposed.json()["in_force"]), (201, &json!(false)), "{}", proposed.json());
    let hold = proposed.json();
    assert_eq!(step(bureau, &operators.one, &hold, "approve").await.problem(), "conflict", "nobody is two people");
    let set = step(bureau, &operators.other, &hold, "approve").await;
    assert_eq!((set.status, &set.json()["in_force"]), (200, &json!(true)));
    set.json()
}

async fn erased(bureau: &Bureau, of: &Owner) -> SubjectRequestItem {
    let request = bureau.proven(of, Kind::Erasure, Vec::new()).await;
    bureau.go_on(&request).await;
    bureau.clock().advance(3 * DAY);
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered);
    request
}

async fn following(bureau: &Bureau, hold: &Value) -> SubjectRequestItem {
    let id: PrivacyRequestId = hold["followed_by"].as_str().unwrap().parse().unwrap();
    bureau.requests().get(&id).await.unwrap().unwrap()
}

#[tokio::test]
async fn r084_r129_what_a_law_keeps_stays_is_named_with_the_law_and_goes_when_the_hold_is_released() {
    let bureau = Bureau::new().await;
    let (someone, operators) = (bureau.someone().await, operators(&bureau).await);
    let owner = &someone.owner;
    bureau.house.send("PATCH", owner, "/v1/account", r#"{"consents":{"offers":true}}"#).await;
    let set = hold(&bureau, &operators, owner, 3_650, json!({ "place": "account" })).await;
    // What is held is closed by nobody's call, its owner's included; nothing of it is touched then.
    assert_eq!(bureau.house.delete(owner, "/v1/account").await.problem(), "conflict");
    assert_eq!(bureau.house.get(owner, "/v1/account").await.status, 200);

    let request = erased(&bureau, owner).await;
    let account = bureau.accounts().get(&owner.account).await.unwrap().expect("the law keeps it");
    assert!(account.name.as_str().starts_with("Zoe") && account.unsubscribed_from_marketing);
    assert!(bureau.accounts().all_applications(&owner.account).await.unwrap().is_empty(), "nothing else is held");
    assert!(bureau.accounts().all_stores(&owner.account).await.unwrap().is_empty());
    assert_eq!(bureau.house.get(owner, "/v1/account").await.problem(), "key_revoked");
    assert_eq!(bureau.letters().await, ["received", "cooling-off", "done"], "nobody says that the account is gone");
    let until = set["until"].as_str().unwrap();
    let receipt = bureau.runs().receipt(&request.id).await.unwrap().unwrap().document;
    let said: Value = serde_json::from_str(&receipt).unwrap();
    let place = said["places"].as_array().unwrap().iter().find(|place| place["place"] == "account").unwrap();
    let kept = json!({ "what": "AccountItem", "ground": "legal-retention", "law": LAW, "until": until });
    assert!(place["kept"].as_array().unwrap().contains(&kept), "{place}");
    assert_eq!((&place["found"], &place["acted"]), (&json!(1), &json!(0)));

    // One alone releases nothing.
    assert_eq!(step(&bureau, &operators.other, &set, "release").await.json()["state"], "releasing");
    assert_eq!(step(&bureau, &operators.other, &set, "release").await.problem(), "conflict");
    assert_eq!(step(&bureau, &operators.one, &set, "keep").await.json()["state"], "in-force");
    assert_eq!(step(&bureau, &operators.one, &set, "release").await.json()["in_force"], true);
    let released = step(&bureau, &operators.other, &set, "release").await.json();
    assert_eq!((&released["state"], &released["kept_from"]), (&json!("released"), &json!(request.id)));
    let next = following(&bureau, &released).await;
    assert_eq!((next.state, &next.account), (State::Running, &Some(owner.account.clone())));
    let decided = bureau.house.security_events(&owner.account).await;
    assert_eq!(decided.iter().filter(|event| *event == "hold-decided").count(), 4, "on this day");
    bureau.go_on(&next).await;
    assert_eq!(bureau.state(&next).await, State::Delivered);
    assert!(bureau.accounts().get(&owner.account).await.unwrap().is_none());
    assert_eq!(bureau.letters().await, ["account-erased", "done"]);
    let receipt = bureau.runs().receipt(&next.id).await.unwrap().unwrap().document;
    assert!(!receipt.contains(LAW));

    let chain = Chain::new(bureau.house.tables(), bureau.config.privacy_table.clone());
    assert_eq!(chain.verify(&Linked::none(), || true).await.unwrap().broken_at, None);
}

#[tokio::test]
async fn r084_a_single_thing_is_held_and_the_rest_is_erased_and_time_ends_a_hold_too() {
    let bureau = Bureau::alone().await;
    let (someone, operators) = (bureau.someone().await, operators(&bureau).await);
    let owner = &someone.owner;
    let applications = bureau.accounts().all_applications(&owner.account).await.unwrap();
    let held = &applications.iter().find(|one| !one.name.as_str().starts_with("app ")).unwrap().id;
    let one = json!({ "place": "applications", "application": held, "reason": "claim" });
    let set = hold(&bureau, &operators, owner, 90, one).await;
    // Proposed and never approved: it holds nothing.
    let until = bureau.clock().now() + SignedDuration::from_hours(24);
    let proposed = json!({ "account": owner.account, "reason": "tax", "law": LAW, "until": until });
    assert_eq!(post(&bureau, &operators.one, "/v1/operator/holds", proposed).await.status, 201);
    let deleting = format!("/v1/applications/{held}");
    assert_eq!(bureau.house.delete(owner, &deleting).await.problem(), "conflict");

    let request = erased(&bureau, owner).await;
    assert!(bureau.accounts().get(&owner.account).await.unwrap().is_none());
    let left = bureau.accounts().all_applications(&owner.account).await.unwrap();
    assert_eq!(left.iter().map(|one| &one.id).collect::<Vec<_>>(), [held]);
    let keys = bureau.house.keys().all_of_application(held).await.unwrap();
    assert!(!keys.is_empty() && keys.iter().all(|key| !key.is_live()), "a hold keeps records, and nothing that works");
    let subscriptions = cloud::dynamo::subscriptions::Subscriptions::new(
        bureau.house.tables(),
        bureau.config.subscriptions_table.clone(),
    );
    assert!(subscriptions.all(held).await.unwrap().is_empty());
    let receipt = bureau.runs().receipt(&request.id).await.unwrap().unwrap().document;
    assert!(receipt.contains("legal-claims") && receipt.contains(LAW), "{receipt}");
    bureau.clock().advance(8 * DAY);
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Closed);

    // Its day comes.
    let night = Night::of(&bureau.house);
    assert_eq!(night.run(Sweep::Requests, false).await.sent, 0);
    bureau.clock().advance(90 * DAY);
    assert_eq!(night.run(Sweep::Requests, true).await.sent, 0);
    night.run(Sweep::Requests, false).await;
    let path = format!("/v1/operator/holds/{}", set["id"].as_str().unwrap());
    let ended = bureau.house.call(Calling::new("GET", &path).key(&operators.one)).await.json();
    assert_eq!(ended["state"], "released");
    let next = following(&bureau, &ended).await;
    bureau.go_on(&next).await;
    assert_eq!(bureau.state(&next).await, State::Delivered);
    assert!(bureau.accounts().all_applications(&owner.account).await.unwrap().is_empty());
    assert_eq!(night.run(Sweep::Requests, false).await.overdue, 0);
}
