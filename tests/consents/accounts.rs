//! What an account's holder agrees to, through `control`.

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    dynamo::{
        consents::{ConsentItem, Consents, PROVEN},
        key,
        page::PageRequest,
    },
    http::Code,
};
use domain::{
    consent::{Purpose, Subject, fold},
    id::AccountId,
    request::Language,
};
use serde_json::{Value, json};
use testkit::fault_proxy::{Calls, Fault};

use crate::{
    control::house::{House, Owner},
    world::{Answered, Calling},
};

/// An account that was made the way accounts are made, with these boxes ticked.
pub(super) async fn signed_up(house: &House, consents: Value, gpc: Option<&str>) -> (Owner, String) {
    let email = format!("ann.{}@example.com", house.clock().new_id().simple());
    let form = json!({
        "name": "Ann Example", "email": email, "phone": "+49 30 901820", "company": "Example GmbH",
        "website": "https://example.com", "adult": true, "consents": consents, "policy_version": "1",
    });
    let mut calling = Calling::new("POST", "/v1/accounts").body(form.to_string());
    if let Some(gpc) = gpc {
        calling = calling.header("sec-gpc", gpc);
    }
    assert_eq!(house.call(calling).await.status, 202);
    let mails = house.mails().await;
    let (_, token) = mails[0]["link"].as_str().unwrap().split_once("?token=").unwrap();
    let followed =
        house.call(Calling::new("POST", "/v1/accounts/confirm").body(json!({ "token": token }).to_string())).await;
    assert_eq!(followed.status, 201);
    let body = followed.json();
    let account = body["account"]["id"].as_str().unwrap().parse().unwrap();
    (Owner { account, key: body["key"].as_str().unwrap().to_owned() }, email)
}

/// The whole ledger of an account.
pub(super) async fn ledger(house: &House, account: &AccountId) -> Vec<ConsentItem> {
    let consents = Consents::new(house.tables(), house.config.consents_table.clone());
    let all = PageRequest { per_page: 100, cursor: None };
    consents.page(&Subject::Account(account.clone()), &all).await.unwrap().items
}

async fn shown(house: &House, owner: &Owner) -> Value {
    let answer = house.get(owner, "/v1/account/consents").await;
    assert_eq!(answer.status, 200);
    answer.json()
}

async fn switch(house: &House, owner: &Owner, purpose: &str, granted: bool) -> Answered {
    let body = json!({ "granted": granted }).to_string();
    house.send("PUT", owner, &format!("/v1/account/consents/{purpose}"), &body).await
}

/// What stands in the account is what its ledger adds up to.
async fn assert_adds_up(house: &House, owner: &Owner) {
    let shown = shown(house, owner).await;
    let standing = fold(ledger(house, &owner.account).await.into_iter().map(|event| event.change));
    for (purpose, shown) in Purpose::ALL.into_iter().zip(shown["purposes"].as_array().unwrap()) {
        assert_eq!(shown["purpose"], purpose.as_str());
        assert_eq!(shown["granted"], standing.allows(purpose), "{purpose:?}");
    }
    assert_eq!(shown["unsubscribed_from_marketing"], standing.unsubscribed_from_marketing);
    assert_eq!(shown["opted_out_of_sale"], standing.opted_out_of_sale);
}

#[tokio::test]
async fn r009_what_was_ticked_at_sign_up_is_proven_by_its_words_and_nothing_else_is_agreed_to() {
    let house = House::new().await;
    let (owner, _) = signed_up(&house, json!({ "monthly": true }), None).await;
    let shown = shown(&house, &owner).await;
    let granted: Vec<&Value> =
        shown["purposes"].as_array().unwrap().iter().filter(|purpose| purpose["granted"] == true).collect();
    assert_eq!(granted.len(), 1);
    assert_eq!(granted[0]["purpose"], "monthly");
    let [event] = &shown["data"].as_array().unwrap()[..] else { panic!("{shown}") };
    assert_eq!(event["change"], json!({ "kind": "granted", "purpose": "monthly" }));
    assert_eq!(event["form"], "sign-up");
    assert_eq!(event["source"], "mailed-link");
    assert_eq!(event["double_opt_in"], "confirmed");
    assert_eq!(event["wording"], Purpose::Monthly.wording(Language::En));
    assert_eq!(event["wording_hash"], granted[0]["wording_hash"]);
    assert_eq!(event["policy_version"], "1");
    assert!(event["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());

    let (nothing, _) = signed_up(&house, json!({}), None).await;
    assert_eq!(self::shown(&house, &nothing).await["data"], json!([]));
    assert_adds_up(&house, &nothing).await;
}

#[tokio::test]
async fn r023_r025_r080_a_consent_is_withdrawn_at_any_time_and_its_effects_are_told_before() {
    let house = House::new().await;
    let (owner, _) = signed_up(&house, json!({ "monthly": true, "offers": true }), None).await;
    let before = shown(&house, &owner).await;
    let monthly = before["purposes"].as_array().unwrap().iter().find(|shown| shown["purpose"] == "monthly").unwrap();
    assert_eq!(monthly["on_withdrawal"], "The monthly letter no longer comes.");
    assert!(before["not_affected"].as_str().unwrap().contains("the service itself"));

    let withdrawn = switch(&house, &owner, "monthly", false).await;
    assert_eq!(withdrawn.status, 200);
    let withdrawn = withdrawn.json();
    assert_eq!((&withdrawn["granted"], &withdrawn["effect"]), (&json!(false), &monthly["on_withdrawal"]));
    // At once, and nothing else with it.
    let account = house.get(&owner, "/v1/account").await.json();
    assert_eq!((&account["consents"]["monthly"], &account["consents"]["offers"]), (&json!(false), &json!(true)));
    let events = ledger(&house, &owner.account).await;
    assert_eq!(events.len(), 3);
    assert_eq!(serde_json::to_value(events[2].change).unwrap(), json!({ "kind": "withdrawn", "purpose": "monthly" }));
    assert_eq!(events[2].wording, None, "who withdraws agrees to no words");

    // What stands already is no change, and what is no purpose is nothing.
    assert_eq!(switch(&house, &owner, "monthly", false).await.status, 200);
    assert_eq!(ledger(&house, &owner.account).await.len(), 3);
    assert_eq!(switch(&house, &owner, "newsletter", true).await.problem(), "not_found");
    let wrong = house.send("PUT", &owner, "/v1/account/consents/monthly", r#"{"granted":true,"more":1}"#).await;
    assert_eq!(wrong.status, 422);
    assert_adds_up(&house, &owner).await;
}

#[tokio::test]
async fn a_changed_account_and_its_ledger_are_one_write() {
    let house = House::new().await;
    let (owner, _) = signed_up(&house, json!({}), None).await;
    let change = json!({ "company": "Other Ltd", "consents": { "offers": true, "monthly": false } }).to_string();
    assert_eq!(house.send("PATCH", &owner, "/v1/account", &change).await.status, 200);
    let events = ledger(&house, &owner.account).await;
    assert_eq!(events.len(), 1, "what is not changed is not in the ledger");
    assert_eq!(events[0].change.purpose(), Some(Purpose::Offers));

    // A write that fails leaves neither.
    house.faults.inject(
        Calls::Target("TransactWriteItems"),
        Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"),
        50,
    );
    let change = json!({ "consents": { "followup": true } }).to_string();
    assert_eq!(house.send("PATCH", &owner, "/v1/account", &change).await.status, Code::Unavailable.status());
    house.faults.reset();
    assert_eq!(ledger(&house, &owner.account).await.len(), 1);
    assert_adds_up(&house, &owner).await;

    // Two at a time: whoever comes second is told, and what stands is what the ledger says.
    let answers = tokio::join!(
        switch(&house, &owner, "followup", true),
        switch(&house, &owner, "monthly", true),
        switch(&house, &owner, "offers", false),
    );
    let answers = [answers.0, answers.1, answers.2];
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409 | 429)), "one or the other");
    assert_adds_up(&house, &owner).await;
}

#[tokio::test]
async fn the_ledger_is_listed_in_pages() {
    let house = House::new().await;
    let all =
        json!({ "followup": true, "offers": true, "functionality": true, "updates_promos": true, "monthly": true });
    let (owner, _) = signed_up(&house, all, None).await;
    let first = house.get(&owner, "/v1/account/consents?per_page=3").await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = house.get(&owner, &format!("/v1/account/consents?per_page=3&cursor={cursor}")).await.json();
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_cursor"]), (2, &Value::Null));
}

#[tokio::test]
async fn only_exactly_one_in_sec_gpc_is_noted_and_it_ends_no_letter() {
    let house = House::new().await;
    for (header, noted) in
        [(Some("1"), true), (Some("0, 1"), true), (Some("0"), false), (Some("true"), false), (None, false)]
    {
        let (owner, _) = signed_up(&house, json!({ "monthly": true }), header).await;
        let shown = shown(&house, &owner).await;
        assert_eq!(shown["opted_out_of_sale"], noted, "{header:?}");
        let kinds: Vec<&str> =
            shown["data"].as_array().unwrap().iter().map(|event| event["change"]["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.contains(&"gpc"), noted, "{header:?}");
        assert!(kinds.contains(&"granted") && shown["unsubscribed_from_marketing"] == false);
        if noted {
            continue;
        }
        // Later, with a change of the account; once.
        for _ in 0..2 {
            let call = Calling::new("PUT", "/v1/account/consents/offers").key(&owner.key).header("sec-gpc", "1");
            assert_eq!(house.call(call.body(r#"{"granted":false}"#)).await.status, 200);
        }
        let events = ledger(&house, &owner.account).await;
        let gpc = events.iter().filter(|event| event.change == domain::consent::Change::Gpc).count();
        assert_eq!(gpc, 1);
        assert_adds_up(&house, &owner).await;
    }
}

#[tokio::test]
async fn what_was_agreed_to_stays_proven_when_the_account_is_gone_and_says_no_more_whose_it_was() {
    let house = House::new().await;
    let (owner, email) = signed_up(&house, json!({ "monthly": true }), None).await;
    assert_eq!(house.delete(&owner, "/v1/account").await.status, 202);
    let events = ledger(&house, &owner.account).await;
    assert_eq!(events.len(), 1);
    let end = events[0].expires_at.unwrap();
    assert!((end - house.clock().now().as_second() - PROVEN).abs() < 60, "{end}");
    let partition = house
        .sdk()
        .query()
        .table_name(&house.config.consents_table)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(key::account(&owner.account)))
        .send()
        .await
        .unwrap();
    let rest = format!("{:?}", partition.items());
    for personal in [email.as_str(), "Ann", "901820", "Example GmbH"] {
        assert!(!rest.contains(personal), "{personal}");
    }
}
