//! What AWS cannot answer is neither yes nor no, and nothing is half done for good (invariant 6).

use cloud::vault::VaultError;
use domain::scope::{Scope, ScopeSet};
use http::StatusCode;
use serde_json::json;
use testkit::fault_proxy::{Calls, Fault};

use super::house::House;
use crate::world::Calling;

fn down(house: &House, target: &'static str) {
    house.faults.inject(Calls::Target(target), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 1_000);
}

#[tokio::test]
async fn without_tables_every_route_says_503() {
    let house = House::new().await;
    let owner = house.owner().await;
    for target in ["Query", "GetItem", "TransactWriteItems"] {
        down(&house, target);
    }
    let some = "00000000000000000000000000";
    for (method, path, body) in [
        ("GET", "/v1/account".to_owned(), ""),
        ("PATCH", "/v1/account".to_owned(), "{}"),
        ("GET", "/v1/keys".to_owned(), ""),
        ("GET", "/v1/applications".to_owned(), ""),
        ("POST", "/v1/applications".to_owned(), r#"{"name":"a"}"#),
        ("GET", "/v1/stores".to_owned(), ""),
        ("POST", "/v1/stores".to_owned(), ""),
        ("DELETE", format!("/v1/stores/str_{some}"), ""),
        ("DELETE", format!("/v1/keys/key_{some}"), ""),
    ] {
        let body = if path == "/v1/stores" { house.connection().to_string() } else { body.to_owned() };
        let calling = Calling::new(method, &path).key(&owner.key);
        let answer = house.call(if method == "GET" || method == "DELETE" { calling } else { calling.body(body) }).await;
        assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"), "{method} {path}");
        assert!(answer.headers.contains_key("retry-after"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_store_is_not_half_connected() {
    let house = House::new().await;
    let owner = house.owner().await;
    down(&house, "CreateSecret");
    assert_eq!(house.post(&owner, "/v1/stores", house.connection()).await.problem(), "unavailable");
    assert!(house.faults.count("DeleteSecret") >= 1, "what may have been kept is taken back");
    house.faults.reset();
    down(&house, "TransactWriteItems");
    assert_eq!(house.post(&owner, "/v1/stores", house.connection()).await.problem(), "unavailable");
    assert_eq!(house.faults.count("CreateSecret"), 0, "nothing is kept of a store that is not known");
    house.faults.reset();
    assert_eq!(house.get(&owner, "/v1/stores").await.json()["data"], json!([]));
    house.store(&owner).await;
}

#[tokio::test]
async fn an_off_boarding_that_was_cut_short_is_finished_by_asking_again() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let path = format!("/v1/stores/{store}");
    house
        .send("PUT", &owner, &format!("{path}/grants/{}", holding.application), r#"{"scopes":["products:read"]}"#)
        .await;
    down(&house, "DeleteSecret");
    assert_eq!(house.delete(&owner, &path).await.problem(), "unavailable");
    assert_eq!(house.get(&owner, &path).await.json()["state"], "disconnecting", "the door is shut already");
    house.faults.reset();
    down(&house, "SendMessage");
    assert_eq!(house.delete(&owner, &path).await.problem(), "unavailable");
    house.faults.reset();
    assert_eq!(house.delete(&owner, &path).await.status, 202);
    assert_eq!(house.credential(&owner, &store).await.err(), Some(VaultError::Missing));
    assert!(!house.offboardings().await.records.is_empty());
}

#[tokio::test]
async fn a_sign_up_whose_mail_cannot_be_queued_says_so() {
    let house = House::new().await;
    down(&house, "SendMessage");
    let form = json!({
        "name": "Ann", "email": "ann@example.com", "phone": "+49 30 901820", "company": "x", "website": "https://example.com",
        "adult": true, "policy_version": "1",
    });
    let answer = house.call(Calling::new("POST", "/v1/accounts").body(form.to_string())).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"));
    let body = String::from_utf8(answer.body).unwrap();
    for inside in ["sqs", "dynamo", "amazonaws", "127.0.0.1", "SendMessage"] {
        assert!(!body.to_lowercase().contains(&inside.to_lowercase()), "{inside}");
    }
}
