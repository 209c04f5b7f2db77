//! Stores: credentials are tried before they are kept, and never come back out.

use cloud::dynamo::stores::Stores;
use serde_json::{Value, json};

use super::house::House;
use crate::world::Calling;

#[tokio::test]
async fn a_store_is_connected_with_a_credential_that_works() {
    let house = House::new().await;
    let owner = house.owner().await;
    let made = house.post(&owner, "/v1/stores", house.connection()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let made = made.json();
    assert_eq!((made["platform"].as_str(), made["state"].as_str()), (Some("cartos"), Some("connected")));
    assert_eq!(made["vault"], "per-store");
    assert_eq!(made["cache"], false, "nothing is cached unless the owner says so");
    assert!(house.demo.calls() >= 1, "the credential was tried");

    let path = format!("/v1/stores/{}", made["id"].as_str().unwrap());
    let shown = house.get(&owner, &path).await.json();
    assert_eq!((shown["url"].clone(), shown["grants"].clone()), (made["url"].clone(), json!([])));
    assert_eq!(house.get(&owner, "/v1/stores").await.json()["data"][0]["id"], made["id"]);

    let checked = house.call(Calling::new("POST", &format!("{path}/check")).key(&owner.key)).await;
    assert_eq!((checked.status, checked.json()["works"].clone()), (200, json!(true)));
    assert_eq!(house.security_events(&owner.account).await, ["credential-read", "store-connected"]);
}

#[tokio::test]
async fn nothing_is_kept_of_a_store_that_does_not_answer_well() {
    let house = House::new().await;
    let owner = house.owner().await;
    let with = |field: &str, value: Value| {
        let mut connection = house.connection();
        connection[field] = value;
        connection
    };
    let silent = testkit::fault_proxy::refused().await.unwrap();
    let secret = "ak_live_wrong_but_secret_0001";
    for (body, status, code) in [
        (with("credentials", json!({ "api_key": secret })), 422, "credential_refused"),
        (with("url", json!(silent.as_str())), 422, "store_unreachable"),
        (with("url", json!("https://shop.invalid")), 422, "store_unreachable"),
        (with("url", json!("https://10.0.0.7")), 422, "store_unreachable"),
        (with("url", json!("https://169.254.169.254")), 422, "store_unreachable"),
        (with("url", json!("https://[::ffff:10.0.0.7]")), 422, "store_unreachable"),
        (with("url", json!("https://shop.example:22")), 422, "store_unreachable"),
        (with("url", json!("http://shop.example")), 422, "validation_failed"),
        (with("url", json!("https://user:pw@shop.example")), 422, "validation_failed"),
        (with("url", json!("file:///etc/passwd")), 422, "validation_failed"),
        (with("url", json!("")), 422, "validation_failed"),
        (with("platform", json!("nothing")), 422, "validation_failed"),
        (with("credentials", json!({})), 422, "validation_failed"),
        (with("credentials", json!({ "api_key": "a\r\nb" })), 422, "validation_failed"),
        (with("credentials", json!({ "api_key": secret, "more": "x" })), 422, "validation_failed"),
        (with("credentials", json!({ "api_key": 7 })), 422, "validation_failed"),
        (with("region", json!("mars")), 422, "validation_failed"),
        (with("color", json!("red")), 422, "validation_failed"),
        (with("vault", json!("open")), 422, "validation_failed"),
        (with("cache", json!("yes")), 422, "validation_failed"),
        (with("region", json!("us")), 421, "misdirected"),
    ] {
        let answer = house.post(&owner, "/v1/stores", body.clone()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{body}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(secret), "{body}");
        if status == 421 {
            assert_eq!(answer.headers["location"], house.config.other_region_url);
            assert_eq!(answer.json()["location"], house.config.other_region_url);
        }
    }
    let twice = house.connection().to_string().replacen("\"api_key\":", "\"api_key\":\"first\",\"api_key\":", 1);
    assert_eq!(house.send("POST", &owner, "/v1/stores", &twice).await.problem(), "validation_failed");
    assert_eq!(house.get(&owner, "/v1/stores").await.json()["data"], json!([]));
    assert!(house.security_events(&owner.account).await.is_empty());
}

/// What the store says of waiting is passed on as it is said.
#[tokio::test]
async fn a_check_passes_the_stores_retry_after_on() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    house.demo.fail_next(9, testkit::demo_store::Fault::Status(429, Some(30)));
    let checked = house.call(Calling::new("POST", &format!("/v1/stores/{store}/check")).key(&owner.key)).await;
    assert_eq!((checked.status, checked.problem().as_str()), (429, "upstream_rate_limited"));
    assert_eq!(checked.headers["retry-after"], "30");
}

#[tokio::test]
async fn a_new_credential_is_tried_like_the_first() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}");
    let kept = async || house.credential(&owner, &store).await.unwrap().get("api_key").unwrap().to_owned();

    let wrong = json!({ "credentials": { "api_key": "ak_live_wrong" } }).to_string();
    assert_eq!(house.send("PATCH", &owner, &path, &wrong).await.problem(), "credential_refused");
    assert_eq!(kept().await, house.demo.api_key(), "the good one stays");

    house.demo.add_key("ak_live_second", &["products:read", "orders:read", "customers:read"]);
    let right = json!({ "credentials": { "api_key": "ak_live_second" }, "cache": true }).to_string();
    let changed = house.send("PATCH", &owner, &path, &right).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    assert_eq!(changed.json()["cache"], true);
    assert_eq!(kept().await, "ak_live_second");
    // privacy.md D.9: Secrets Manager would keep the old one under a label.
    let secret = format!("{}{store}", house.config.vault_prefix);
    let secrets = aws_sdk_secretsmanager::Client::new(&crate::sdk::config(house.faults.url().as_str()));
    let previous = secrets.get_secret_value().secret_id(secret).version_stage("AWSPREVIOUS").send().await;
    assert!(previous.is_err(), "the old credential is not readable any more");

    // Whoever may change addresses must not be able to have the credential sent elsewhere.
    let elsewhere = json!({ "url": "https://evil.example" }).to_string();
    let refused = house.send("PATCH", &owner, &path, &elsewhere).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/credentials");

    house.demo.remove_key("ak_live_second");
    let checked = house.call(Calling::new("POST", &format!("{path}/check")).key(&owner.key)).await;
    assert_eq!((checked.status, checked.problem().as_str()), (424, "upstream_unauthorized"));
    let events = house.security_events(&owner.account).await;
    assert_eq!(events, ["credential-read", "credential-replaced", "store-connected"]);
}

#[tokio::test]
async fn r012_no_answer_and_no_table_holds_a_credential() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}");
    let secret = house.demo.api_key().to_owned();
    house.app.journal().settle().await;
    let mut answers = vec![house.get(&owner, &path).await, house.get(&owner, "/v1/stores").await];
    answers.push(house.call(Calling::new("POST", &format!("{path}/check")).key(&owner.key)).await);
    answers.push(house.send("PATCH", &owner, &path, r#"{"cache":false}"#).await);
    answers.push(house.post(&owner, "/v1/stores", house.connection()).await);
    answers.push(house.get(&owner, "/v1/account/activity").await);
    answers.push(house.delete(&owner, &path).await);
    for answer in answers {
        assert!(answer.status < 300, "{}", answer.status);
        assert!(!String::from_utf8_lossy(&answer.body).contains(&secret));
    }
    let c = &house.config;
    for table in [&c.stores_table, &c.accounts_table, &c.service_log_table, &c.security_log_table] {
        let items = house.sdk().scan().table_name(table).send().await.unwrap();
        assert!(!format!("{:?}", items.items()).contains(&secret), "{table}");
    }
}

#[tokio::test]
async fn a_credential_without_a_store_is_taken_back() {
    let house = House::new().await;
    let owner = house.owner().await;
    // The account may have no more stores, which only the transaction finds out.
    let full = house
        .sdk()
        .update_item()
        .table_name(&house.config.accounts_table)
        .key("pk", aws_sdk_dynamodb::types::AttributeValue::S(cloud::dynamo::key::account(&owner.account)))
        .key("sk", aws_sdk_dynamodb::types::AttributeValue::S(cloud::dynamo::key::ACCOUNT.to_owned()))
        .update_expression("SET stores = :many")
        .expression_attribute_values(":many", aws_sdk_dynamodb::types::AttributeValue::N("1000".to_owned()));
    full.send().await.unwrap();
    let secrets = aws_sdk_secretsmanager::Client::new(&crate::sdk::config(house.faults.url().as_str()));
    let mark = format!("ak_live_{}", house.clock().new_id().simple());
    house.demo.add_key(&mark, &["products:read", "orders:read", "customers:read"]);
    let mut connection = house.connection();
    connection["credentials"]["api_key"] = json!(mark);
    assert_eq!(house.post(&owner, "/v1/stores", connection).await.problem(), "quota_reached");
    let mut pages = secrets.list_secrets().into_paginator().send();
    while let Some(page) = pages.next().await {
        for secret in page.unwrap().secret_list.unwrap_or_default() {
            // Other tests' secrets come and go meanwhile.
            let Ok(value) = secrets.get_secret_value().secret_id(secret.name.unwrap()).send().await else { continue };
            assert!(!value.secret_string.unwrap_or_default().contains(&mark));
        }
    }
}

#[tokio::test]
async fn a_store_table_reads_by_owner_only() {
    let house = House::new().await;
    let (owner, other) = (house.owner().await, house.owner().await);
    let store = house.store(&owner).await;
    let stores = Stores::new(house.tables(), house.config.stores_table.clone());
    assert!(stores.of_account(&owner.account, &store).await.unwrap().is_some());
    assert!(stores.of_account(&other.account, &store).await.unwrap().is_none());
}
