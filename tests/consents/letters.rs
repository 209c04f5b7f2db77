//! Letters: who gets one is asked when it is sent.

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::dynamo::{
    consents::ContactItem,
    key,
    tombstones::{Erased, Tombstones},
    transaction,
};
use domain::{
    consent::{Purpose, Subject},
    id::{AccountId, ContactId, MessageId},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::fault_proxy::{Calls, Fault};

use super::{accounts::signed_up, office::PostOffice};
use crate::{control::house::House, privacy::lobby::Lobby};

#[tokio::test]
async fn r010_r089_r092_a_letter_goes_to_whom_agreed_with_its_link_and_reads_name_and_address_only() {
    let (house, office) = (House::new().await, PostOffice::new().await);
    let (owner, email) = signed_up(&house, json!({ "monthly": true }), None).await;
    let subject = Subject::Account(owner.account.clone());
    let body = office.letter(Purpose::Monthly, &subject).await;
    for _ in 0..3 {
        assert!(!office.comes_again(&body).await);
    }
    let [mail] = &office.handed()[..] else { panic!("one letter, however often its message comes") };
    assert_eq!(mail["Destination"]["ToAddresses"], json!([email]));
    assert_eq!(mail["EmailTags"], json!([{ "Name": "class", "Value": "marketing" }]));

    // RFC 8058, 3.1: both fields, and an https link of ours in the first.
    let headers = mail["Content"]["Simple"]["Headers"].as_array().unwrap();
    let header = |name: &str| headers.iter().find(|header| header["Name"] == name).unwrap()["Value"].as_str().unwrap();
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let link = header("List-Unsubscribe").strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap();
    let token = link.strip_prefix(&format!("{}/privacy/unsubscribe?token=", office.public_url)).unwrap();
    assert_eq!(token.len(), 43);
    for id in [owner.account.body(), email.as_str(), "monthly"] {
        assert!(!link.contains(id), "the link says nothing of whose it is");
    }
    for part in ["Text", "Html"] {
        let text = mail["Content"]["Simple"]["Body"][part]["Data"].as_str().unwrap();
        assert!(text.contains(link) && text.contains("Hello Ann Example,"), "{text}");
    }
    let kept =
        office.tables.1.linked(&cloud::dynamo::sign_ups::LinkToken::parse(token).unwrap()).await.unwrap().unwrap();
    assert_eq!((kept.subject, kept.purpose), (subject, Purpose::Monthly));
    assert_eq!(kept.pk.find(token), None, "the token rests as a hash");

    // R089, on the wire.
    let reads: Vec<Value> = office
        .faults
        .seen()
        .into_iter()
        .filter(|call| call.target.ends_with(".GetItem"))
        .map(|call| serde_json::from_slice::<Value>(&call.body).unwrap())
        .filter(|read| read["TableName"].as_str().unwrap().ends_with("-accounts"))
        .collect();
    assert_eq!(reads.len(), 1);
    assert_eq!(reads[0]["ProjectionExpression"], "#name, email, consents, unsubscribed_from_marketing");
    assert_eq!(reads[0]["ExpressionAttributeNames"], json!({ "#name": "name" }));
}

#[tokio::test]
async fn r081_nobody_gets_a_letter_that_they_did_not_agree_to() {
    let (house, office) = (House::new().await, PostOffice::new().await);
    let (owner, _) = signed_up(&house, json!({ "monthly": true }), None).await;
    let subject = Subject::Account(owner.account.clone());
    assert!(!office.comes_again(&office.letter(Purpose::Functionality, &subject).await).await, "another purpose");
    let nobody = Subject::Account(AccountId::from_uuid(office.boot.clock.new_id()));
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &nobody).await).await);
    // An account from before there was a ledger.
    let old = house.owner().await;
    let table = &house.config.accounts_table;
    let update = house.sdk().update_item().table_name(table).key("pk", AttributeValue::S(key::account(&old.account)));
    let update = update.key("sk", AttributeValue::S(key::ACCOUNT.to_owned()));
    update
        .update_expression("REMOVE unsubscribed_from_marketing SET consents.monthly = :yes")
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .send()
        .await
        .unwrap();
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &Subject::Account(old.account.clone())).await).await);
    assert_eq!(office.handed().len(), 0);
}

#[tokio::test]
async fn r090_a_letter_that_waits_while_the_person_unsubscribes_is_not_sent() {
    let (house, office) = (House::new().await, PostOffice::new().await);
    let (owner, _) = signed_up(&house, json!({ "monthly": true, "functionality": true }), None).await;
    let subject = Subject::Account(owner.account.clone());
    let waiting =
        [office.letter(Purpose::Monthly, &subject).await, office.letter(Purpose::Functionality, &subject).await];
    office.unsubscribe(&Lobby::new().await, &owner.account).await;
    for body in &waiting {
        assert!(!office.comes_again(body).await);
    }
    assert_eq!(office.handed().len(), 0);
    let item = account(&house, &owner.account).await;
    assert_eq!(item["unsubscribed_from_marketing"], AttributeValue::Bool(true), "the flag, under its own name");
    let account = house.get(&owner, "/v1/account").await.json();
    assert_eq!(account["unsubscribed_from_marketing"], true);

    // Whoever agrees again, to one thing, gets that one and no other.
    let granted = house.send("PUT", &owner, "/v1/account/consents/monthly", r#"{"granted":true}"#).await;
    assert_eq!(granted.json()["unsubscribed_from_marketing"], false);
    assert!(!office.comes_again(&office.letter(Purpose::Functionality, &subject).await).await);
    assert_eq!(office.handed().len(), 0);
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &subject).await).await);
    assert_eq!(office.handed().len(), 1);
}

#[tokio::test]
async fn r090_a_letter_is_not_sent_while_nobody_knows_whether_it_may_be() {
    let (house, office) = (House::new().await, PostOffice::new().await);
    let (owner, _) = signed_up(&house, json!({ "monthly": true }), None).await;
    let body = office.letter(Purpose::Monthly, &Subject::Account(owner.account.clone())).await;
    office.faults.inject(Calls::Target("GetItem"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 50);
    assert!(office.comes_again(&body).await);
    office.faults.reset();
    // A flag that cannot be read is no leave.
    let flag = async |value: AttributeValue| {
        let update = house.sdk().update_item().table_name(&house.config.accounts_table);
        let update = update.key("pk", AttributeValue::S(key::account(&owner.account)));
        let update = update.key("sk", AttributeValue::S(key::ACCOUNT.to_owned()));
        let update = update.update_expression("SET unsubscribed_from_marketing = :flag");
        update.expression_attribute_values(":flag", value).send().await.unwrap();
    };
    flag(AttributeValue::S("no".to_owned())).await;
    assert!(office.comes_again(&body).await);
    assert_eq!(office.handed().len(), 0);
    flag(AttributeValue::Bool(false)).await;
    assert!(!office.comes_again(&body).await);
    assert_eq!(office.handed().len(), 1);
}

#[tokio::test]
async fn r008_r091_unsubscribing_ends_marketing_and_nothing_else() {
    let (house, office) = (House::new().await, PostOffice::new().await);
    let (owner, email) = signed_up(&house, json!({ "monthly": true }), None).await;
    let before = account(&house, &owner.account).await;
    office.unsubscribe(&Lobby::new().await, &owner.account).await;
    let mut after = account(&house, &owner.account).await;
    for marketing in ["consents", "unsubscribed_from_marketing", "updated_at"] {
        assert_ne!(after.remove(marketing), before.get(marketing).cloned(), "{marketing}");
    }
    for (attribute, value) in after {
        assert_eq!(before.get(&attribute), Some(&value), "{attribute}");
    }
    // Every other class comes as before, and asks nobody.
    let kinds = ["sign-up-link", "account-closed", "customer-erased"];
    let classes = ["transactional", "security", "legal"];
    for kind in kinds {
        let id = MessageId::from_uuid(office.boot.clock.new_id());
        let mut body = json!({ "id": id, "kind": kind, "to": email });
        match kind {
            "sign-up-link" => body["link"] = "https://api.example/x".into(),
            "customer-erased" => {
                body["privacy"] = json!({
                    "request": "prq_00000000000000000000000001", "store": "str_00000000000000000000000001",
                    "received_at": "2026-01-01T00:00:00Z", "held": {"objects": 0, "events": 0, "deliveries": 0},
                });
            }
            _ => {}
        }
        assert!(!office.comes_again(&body.to_string()).await);
    }
    let handed = office.handed();
    let told: Vec<&str> = handed.iter().map(|mail| mail["EmailTags"][0]["Value"].as_str().unwrap()).collect();
    assert_eq!(told, classes);
    for mail in &handed {
        assert_eq!(mail["Content"]["Simple"]["Headers"], json!([]), "nothing to unsubscribe from");
    }
    let asked =
        office.faults.seen().iter().any(|call| {
            call.target.ends_with(".GetItem") && String::from_utf8_lossy(&call.body).contains("-accounts\"")
        });
    assert!(!asked, "only marketing asks");
}

#[tokio::test]
async fn r090_once_the_flag_is_set_no_letter_goes_out_whatever_else_happens() {
    let (house, office, lobby) = (House::new().await, PostOffice::new().await, Lobby::new().await);
    let (owner, _) = signed_up(&house, json!({}), None).await;
    let subject = Subject::Account(owner.account.clone());
    // A walk of random steps; what must have gone out is worked out beside it.
    let steps: Vec<u8> = (0..6).flat_map(|_| cloud::clock::random_bytes()).collect();
    let (mut agreed, mut queue, mut expected) = ([false; 2], Vec::new(), 0);
    let letters = [(Purpose::Monthly, "monthly"), (Purpose::Functionality, "functionality")];
    for step in steps.into_iter().take(60) {
        let which = usize::from(step >> 4 & 1);
        let (letter, purpose) = letters[which];
        match step % 6 {
            0 | 1 => {
                let granted = step % 6 == 0;
                let body = json!({ "granted": granted }).to_string();
                let path = format!("/v1/account/consents/{purpose}");
                let status = loop {
                    let status = house.send("PUT", &owner, &path, &body).await.status;
                    if status != 429 {
                        break status;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                };
                assert_eq!(status, 200);
                agreed[which] = granted;
            }
            2 => {
                office.unsubscribe(&lobby, &owner.account).await;
                agreed = [false; 2];
            }
            3 | 4 => queue.push((which, office.letter(letter, &subject).await)),
            _ => {
                for (which, body) in queue.drain(..) {
                    expected += usize::from(agreed[which]);
                    assert!(!office.comes_again(&body).await);
                }
                assert_eq!(office.handed().len(), expected);
            }
        }
    }
    let shown = loop {
        let answer = house.get(&owner, "/v1/account/consents?per_page=100").await;
        if answer.status != 429 {
            break answer.json();
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    };
    assert_eq!(shown["purposes"][4]["granted"], agreed[0]);
    assert_eq!(shown["purposes"][2]["granted"], agreed[1]);
}

#[tokio::test]
async fn somebody_without_an_account_gets_letters_too_until_they_unsubscribe() {
    let office = PostOffice::new().await;
    let consents = &office.tables.1;
    let tables = cloud::dynamo::client(&office.boot.aws);
    let now: Timestamp = office.boot.clock.now();
    let id = ContactId::from_uuid(office.boot.clock.new_id());
    let contact = ContactItem {
        pk: key::contact(&id),
        sk: key::CONTACT.to_owned(),
        v: 1,
        id: id.clone(),
        name: "Bob".parse().unwrap(),
        email: format!("bob.{}@example.com", id.body()).parse().unwrap(),
        consents: serde_json::from_str(r#"{"monthly":true}"#).unwrap(),
        unsubscribed_from_marketing: false,
        opted_out_of_sale: false,
        created_at: now,
        updated_at: now,
    };
    transaction::write(&tables, consents.creating(&contact).into()).await.unwrap();
    let again = transaction::write(&tables, consents.creating(&contact).into()).await;
    assert!(again.is_err(), "an address has one contact");
    assert_eq!(consents.contact_of(&contact.email).await.unwrap().unwrap().id, id);
    let subject = Subject::Contact(id.clone());
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &subject).await).await);
    assert_eq!(office.handed().len(), 1);
    transaction::write(&tables, vec![consents.unsubscribing(&id, false, now)]).await.unwrap();
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &subject).await).await);
    assert_eq!(office.handed().len(), 1);
    let twice = transaction::write(&tables, vec![consents.unsubscribing(&id, false, now)]).await;
    assert_eq!(twice.err(), Some(transaction::TransactionError::Condition(0)), "once");
}

/// An account's item as it rests.
async fn account(house: &House, account: &AccountId) -> std::collections::HashMap<String, AttributeValue> {
    let get = house.sdk().get_item().table_name(&house.config.accounts_table).consistent_read(true);
    let get = get.key("pk", AttributeValue::S(key::account(account)));
    get.key("sk", AttributeValue::S(key::ACCOUNT.to_owned())).send().await.unwrap().item.unwrap()
}

#[tokio::test]
async fn who_was_erased_and_comes_back_out_of_a_backup_gets_no_letter() {
    let (house, office) = (House::new().await, PostOffice::new().await);
    let (owner, _) = signed_up(&house, json!({ "monthly": true }), None).await;
    let tombstones = Tombstones::new(house.tables(), house.config.tombstones_table.clone());
    tombstones.remember(Erased::Account(&owner.account), house.clock().now()).await.unwrap();
    let subject = Subject::Account(owner.account.clone());
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &subject).await).await);
    assert_eq!(office.handed().len(), 0);
    // Somebody new, with another id, has agreed anew.
    let (other, _) = signed_up(&house, json!({ "monthly": true }), None).await;
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &Subject::Account(other.account)).await).await);
    assert_eq!(office.handed().len(), 1);
}
