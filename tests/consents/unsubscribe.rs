//! The link in the foot of a letter.

use cloud::dynamo::sign_ups::LinkToken;
use domain::{
    consent::{Change, Source, Subject},
    cookie::is_necessary,
    id::{AccountId, ContactId},
};
use serde_json::json;

use super::{
    accounts::{ledger, signed_up},
    office::PostOffice,
};
use crate::{
    control::house::House,
    privacy::lobby::Lobby,
    world::{Answered, Calling},
};

/// An account that agreed to letters, and the path of a link that was mailed to it.
async fn agreeing(house: &House, office: &PostOffice) -> (crate::control::house::Owner, String) {
    let (owner, _) = signed_up(house, json!({ "monthly": true, "offers": true }), None).await;
    let link = office.link(&Subject::Account(owner.account.clone())).await;
    (owner, link)
}

/// All that the links' routes ask of AWS.
pub(super) async fn everything(lobby: &Lobby) {
    let office = PostOffice::new().await;
    let id = lobby.boot.clock.new_id();
    for subject in [Subject::Account(AccountId::from_uuid(id)), Subject::Contact(ContactId::from_uuid(id))] {
        assert_eq!(lobby.one_click(&office.link(&subject).await).await.status, 200);
    }
}

#[tokio::test]
async fn r010_a_scanner_that_looks_at_a_link_changes_nothing_and_a_person_who_presses_the_button_does() {
    let (house, office, lobby) = (House::new().await, PostOffice::new().await, Lobby::new().await);
    let (owner, link) = agreeing(&house, &office).await;
    let before = ledger(&house, &owner.account).await;
    for _ in 0..10 {
        for method in ["GET", "HEAD"] {
            let page = lobby.call(Calling::new(method, &link).header("accept", "text/html")).await;
            assert_eq!(page.status, 200);
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
            assert!(page.headers["content-security-policy"].contains("default-src 'none'"));
            assert_eq!(page.headers["referrer-policy"], "no-referrer");
            let text = String::from_utf8(page.body).unwrap();
            assert!(
                text.contains("<form method=\"post\" action=\"/privacy/unsubscribe?lang=en\">")
                    && !text.contains("<script")
            );
        }
        assert_eq!(lobby.call(Calling::new("OPTIONS", &link)).await.status, 405);
    }
    // A body that says nothing is nobody's wish.
    assert_eq!(lobby.call(Calling::new("POST", &link).body("")).await.status, 422);
    assert!(lobby.faults.seen().is_empty(), "to look asks nothing of AWS");
    assert_eq!(ledger(&house, &owner.account).await, before);

    // The page's button sends a form to the address without its query.
    let (path, token) = link.split_once("?token=").unwrap();
    let button = Calling::new("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html");
    let pressed = lobby.call(button.body(format!("token={token}"))).await;
    assert_eq!(pressed.status, 200);
    assert!(String::from_utf8(pressed.body).unwrap().contains("no more letters"));
    let after = ledger(&house, &owner.account).await;
    assert_eq!(after.len(), before.len() + 1);
    let event = after.last().unwrap();
    assert_eq!((event.change, event.source), (Change::Unsubscribed, Source::MailedLink));
}

#[tokio::test]
async fn r010_one_click_is_one_click_in_both_of_its_forms_and_once() {
    let (house, office, lobby) = (House::new().await, PostOffice::new().await, Lobby::new().await);
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b", multipart),
    ] {
        let (owner, link) = agreeing(&house, &office).await;
        for _ in 0..3 {
            let answer = lobby.call(Calling::new("POST", &link).header("content-type", kind).body(body)).await;
            assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("unsubscribed")), "{kind}");
            assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie"));
        }
        let events = ledger(&house, &owner.account).await;
        assert_eq!(events.len(), 3, "two were granted, and all was ended once");
        assert_eq!((events[2].change, events[2].source), (Change::Unsubscribed, Source::OneClick));
        let account = house.get(&owner, "/v1/account").await.json();
        assert_eq!(account["unsubscribed_from_marketing"], true);
        assert_eq!(account["consents"]["offers"], false, "no marketing of any kind, not only this letter's");
    }
}

#[tokio::test]
async fn nobody_learns_from_a_link_whether_it_is_one() {
    let (house, office, lobby) = (House::new().await, PostOffice::new().await, Lobby::new().await);
    let (owner, real) = agreeing(&house, &office).await;
    let made_up = format!("/privacy/unsubscribe?token={}", LinkToken::mint().reveal());
    let gone = office.link(&Subject::Account(AccountId::from_uuid(lobby.boot.clock.new_id()))).await;
    let mut answers: Vec<Answered> = Vec::new();
    for link in [&made_up, &gone, &real, &real] {
        answers.push(lobby.one_click(link).await);
    }
    let names = |answer: &Answered| answer.headers.keys().cloned().collect::<Vec<_>>();
    for answer in &answers {
        assert_eq!((answer.status, &answer.body, names(answer)), (200, &answers[0].body, names(&answers[0])));
    }
    assert_eq!(house.get(&owner, "/v1/account").await.json()["unsubscribed_from_marketing"], true);
    for text in ["", "x", "%0d%0a", &"a".repeat(44)] {
        assert_eq!(lobby.one_click(&format!("/privacy/unsubscribe?token={text}")).await.status, 404, "{text}");
    }
    let long = Calling::new("POST", &real).body("x".repeat(2_001));
    assert_eq!(lobby.call(long).await.problem(), "body_too_large");
}

#[tokio::test]
async fn a_browsers_signal_is_noted_with_whom_the_link_knows() {
    let (house, office, lobby) = (House::new().await, PostOffice::new().await, Lobby::new().await);
    let (owner, link) = agreeing(&house, &office).await;
    let calling = Calling::new("POST", &link).header("content-type", "application/x-www-form-urlencoded");
    lobby.call(calling.header("sec-gpc", "1").body("List-Unsubscribe=One-Click")).await;
    let changes: Vec<Change> = ledger(&house, &owner.account).await.into_iter().map(|event| event.change).collect();
    assert!(changes.contains(&Change::Gpc) && changes.contains(&Change::Unsubscribed));
    assert_eq!(house.get(&owner, "/v1/account/consents").await.json()["opted_out_of_sale"], true);
}

#[tokio::test]
async fn a_link_that_cannot_be_looked_up_is_not_said_to_have_worked() {
    let (house, office, lobby) = (House::new().await, PostOffice::new().await, Lobby::new().await);
    let (owner, link) = agreeing(&house, &office).await;
    for target in ["GetItem", "TransactWriteItems"] {
        let fault = testkit::fault_proxy::Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}");
        lobby.faults.inject(testkit::fault_proxy::Calls::Target(target), fault, 50);
        assert_eq!(lobby.one_click(&link).await.status, 503, "{target}");
        lobby.faults.reset();
    }
    assert_eq!(house.get(&owner, "/v1/account").await.json()["unsubscribed_from_marketing"], false);
    assert_eq!(lobby.one_click(&link).await.status, 200);
    assert_eq!(house.get(&owner, "/v1/account").await.json()["unsubscribed_from_marketing"], true);
}

#[tokio::test]
async fn r005_r006_no_cookie_is_set_and_the_page_says_so() {
    let lobby = Lobby::new().await;
    let answer = lobby.call(Calling::new("GET", "/cookies")).await;
    assert_eq!(answer.status, 200);
    let cookies = answer.json();
    let classes = cookies["classes"].as_array().unwrap();
    assert_eq!(classes.len(), 3);
    for class in classes {
        assert_eq!(class["needs_consent"], class["class"] != "strictly-necessary");
        if class["needs_consent"] == true {
            assert_eq!(class["cookies"], json!([]), "what needs consent is not set at all");
        }
    }
    assert_eq!(cookies["honours_gpc"], true);

    // And so it is: whatever any route answers, to whomever.
    let house = House::new().await;
    for route in control::routes::ROUTES {
        let (method, path) = route.name.split_once(' ').unwrap();
        let owner = house.owner().await;
        for calling in [Calling::new(method, path), Calling::new(method, path).key(&owner.key)] {
            let answer = house.call(calling.body("{}")).await;
            assert!(answer.cookies.iter().all(|cookie| is_necessary(cookie)), "{} {:?}", route.name, answer.cookies);
        }
    }
    for route in privacy::routes::ROUTES {
        let (method, path) = route.name.split_once(' ').unwrap();
        let answer = lobby.call(Calling::new(method, path).body("{}")).await;
        assert!(answer.cookies.iter().all(|cookie| is_necessary(cookie)), "{} {:?}", route.name, answer.cookies);
    }
}
