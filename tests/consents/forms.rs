//! Forms: what is sent, what is kept, what is mailed, and what of the sender is not.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    clock::Clock,
    dynamo::{
        consents::Consents,
        forms::{FormItem, Forms},
        page::PageRequest,
    },
};
use domain::{
    consent::{Change, Form, Purpose, Source, Subject},
    form::Kind,
    request::Language,
};
use serde_json::{Value, json};
use testkit::{marker, stack::Stack};

use super::{
    accounts::{ledger, signed_up},
    office::PostOffice,
};
use crate::{
    control::house::House,
    privacy::lobby::Lobby,
    world::{Answered, Calling},
};

fn form(email: &str) -> Value {
    json!({
        "name": "Bob Sender", "email": email, "phone": "+44 20 7946 0000", "company": "Sender Ltd",
        "message": "Hello,\r\nI have a question.", "policy_version": "1",
    })
}

fn with(mut form: Value, field: &str, value: Value) -> Value {
    form[field] = value;
    form
}

/// What was sent under an id; the table is shared by all tests.
pub(crate) async fn kept(lobby: &Lobby, kind: Kind, id: &str) -> Option<FormItem> {
    let config = &lobby.config;
    let tables = cloud::dynamo::client(&lobby.boot.aws);
    let forms = Forms::new(tables, config.forms_table.clone(), config.guards_table.clone(), lobby.boot.clock.clone());
    let mut request = PageRequest { per_page: 100, cursor: None };
    loop {
        let page = forms.page(kind, &request).await.unwrap();
        if let Some(found) = page.items.into_iter().find(|item| item.id.as_str() == id) {
            return Some(found);
        }
        request.cursor = Some(page.next_cursor?);
    }
}

fn id(answer: &Answered) -> String {
    assert_eq!(answer.status, 202, "{}", answer.json());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The path of the link that was mailed, if one was.
pub(crate) fn link(mails: &[Value]) -> Option<String> {
    let link = mails.iter().find(|mail| mail["kind"] == "consent-link")?["link"].as_str()?.to_owned();
    Some(format!("/privacy/consents/confirm{}", link.split_once("/privacy/consents/confirm")?.1))
}

async fn follow(lobby: &Lobby, link: &str) -> Answered {
    let (path, token) = link.split_once("?token=").unwrap();
    lobby.call(Calling::new("POST", path).body(json!({ "token": token }).to_string())).await
}

/// All that the forms' routes ask of AWS.
pub(super) async fn everything(lobby: &Lobby) {
    let house = House::new().await;
    let (_, known) = signed_up(&house, json!({}), None).await;
    for address in [lobby.address(), known] {
        let form = with(form(&address), "consents", json!({ "monthly": true }));
        id(&lobby.hand_in("leak", &form).await);
        let link = link(&lobby.mails().await).unwrap();
        assert_eq!(follow(lobby, &link).await.status, 200);
    }
}

#[tokio::test]
async fn r004_r085_r162_every_form_is_kept_for_its_time_and_acknowledged_and_nothing_typed_is_mailed() {
    let lobby = Lobby::new().await;
    for kind in Kind::ALL {
        let address = lobby.address();
        let answer = lobby.hand_in(kind.as_str(), &form(&address)).await;
        assert_eq!(answer.json()["kept_days"], kind.kept_days());
        let id = id(&answer);
        let item = kept(&lobby, kind, &id).await.unwrap();
        assert_eq!(item.email.unwrap().as_str(), address);
        assert_eq!((item.name.unwrap().as_str(), item.company.unwrap().as_str()), ("Bob Sender", "Sender Ltd"));
        assert_eq!(item.message.unwrap().as_str(), "Hello,\r\nI have a question.");
        assert_eq!(item.policy_version, "1");
        let days = (item.expires_at - item.received_at.as_second()) / 86_400;
        assert_eq!(days, i64::from(kind.kept_days()) - 2, "DynamoDB deletes up to two days late");

        let mails = lobby.mails().await;
        assert_eq!(mails.len(), 2, "the sender's and the operator's");
        let to: Vec<&Value> = mails.iter().map(|mail| &mail["to"]).collect();
        assert!(to.contains(&&json!(address)) && to.contains(&&json!(lobby.config.mail_from.as_str())));
        for mail in &mails {
            assert_eq!(mail["form"], json!({ "id": id, "form": kind.as_str() }));
            let text = mail.to_string();
            for typed in ["Bob", "Sender Ltd", "question", "20 7946 0000", "2079460000"] {
                assert!(!text.contains(typed), "{text}");
            }
        }
    }
    let unknown = lobby.hand_in("newsletter", &form("a@example.com")).await;
    assert_eq!((unknown.status, unknown.problem().as_str()), (404, "not_found"));
}

#[tokio::test]
async fn r004_a_form_has_exactly_its_fields() {
    let lobby = Lobby::new().await;
    let good = form(&lobby.address());
    let without = |field: &str| {
        let mut form = good.clone();
        form.as_object_mut().unwrap().remove(field);
        form
    };
    for (kind, body, pointer) in [
        ("contact", with(good.clone(), "birthday", json!("2000-01-01")), ""),
        ("contact", with(good.clone(), "consents", json!({ "everything": true })), ""),
        ("contact", without("name"), "/name"),
        ("contact", without("email"), "/email"),
        ("contact", without("message"), "/message"),
        ("contact", without("policy_version"), ""),
        ("contact", with(good.clone(), "email", json!("bob")), "/email"),
        ("contact", with(good.clone(), "name", json!("Bob\r\nBcc: eve@example.com")), "/name"),
        ("contact", with(good.clone(), "message", json!("a\u{0}b")), "/message"),
        ("contact", with(good.clone(), "message", json!("x".repeat(5_001))), "/message"),
        ("demo", with(good.clone(), "phone", json!("call me")), "/phone"),
        ("complaint", json!({ "anonymous": true, "message": "x", "policy_version": "1" }), "/anonymous"),
        ("survey", with(good.clone(), "anonymous", json!(true)), "/email"),
        (
            "survey",
            json!({ "anonymous": true, "message": "x", "consents": { "offers": true }, "policy_version": "1" }),
            "/consents",
        ),
    ] {
        let answer = Lobby::new().await.hand_in(kind, &body).await;
        assert_eq!(answer.status, 422, "{kind} {body}");
        let errors = answer.json()["errors"].to_string();
        assert!(errors.contains(pointer), "{pointer}: {errors}");
    }
    assert_eq!(id(&lobby.hand_in("white-paper", &without("message")).await).len(), 30);
    assert_eq!(lobby.call(Calling::new("PUT", "/forms/contact")).await.status, 405);
}

#[tokio::test]
async fn r002_no_form_and_no_account_takes_the_number_of_a_card() {
    let card = "4111 1111 1111 1111";
    for field in ["name", "company", "message"] {
        let lobby = Lobby::new().await;
        let answer =
            lobby.hand_in("contact", &with(form(&lobby.address()), field, json!(format!("my card {card}")))).await;
        assert_eq!(answer.status, 422, "{field}");
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(body.contains(&format!("/{field}")) && !body.contains("4111"), "{body}");
        let asked = lobby.faults.seen().iter().any(|call| String::from_utf8_lossy(&call.body).contains("4111"));
        assert!(!asked && lobby.mails().await.is_empty(), "nothing of it leaves the function");
    }
    // The address that a relay made up for somebody is none, whatever its digits.
    let relay = format!("4111111111111111.{}", Lobby::new().await.address());
    id(&Lobby::new().await.hand_in("contact", &form(&relay)).await);
    let house = House::new().await;
    let (owner, _) = signed_up(&house, json!({}), None).await;
    for field in ["name", "company"] {
        let change = json!({ field: card }).to_string();
        let answer = house.send("PATCH", &owner, "/v1/account", &change).await;
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{field}"));
    }
    let sign_up = json!({
        "name": card, "email": "ann@example.com", "phone": "+49 30 901820", "company": "x",
        "website": "https://example.com", "adult": true, "policy_version": "1",
    });
    let answer = house.call(Calling::new("POST", "/v1/accounts").body(sign_up.to_string())).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn r009_what_is_ticked_on_a_form_counts_when_the_mailed_link_is_followed_and_not_before() {
    let (lobby, office) = (Lobby::new().await, PostOffice::new().await);
    let address = lobby.address();
    let consents = Consents::new(cloud::dynamo::client(&lobby.boot.aws), lobby.config.consents_table.clone());
    let body = with(form(&address), "consents", json!({ "monthly": true }));
    id(&lobby.hand_in("contact", &body).await);
    let link = link(&lobby.mails().await).unwrap();
    for _ in 0..10 {
        for method in ["GET", "HEAD"] {
            let page = lobby.call(Calling::new(method, &link).header("accept", "text/html")).await;
            assert_eq!(page.status, 200);
        }
    }
    let email = address.parse().unwrap();
    assert!(consents.contact_of(&email).await.unwrap().is_none(), "to look is not to agree");

    assert_eq!(follow(&lobby, &link).await.status, 200);
    assert_eq!(follow(&lobby, &link).await.problem(), "link_expired", "a link works once");
    let contact = consents.contact_of(&email).await.unwrap().unwrap();
    let subject = Subject::Contact(contact.id);
    let all = PageRequest { per_page: 100, cursor: None };
    let events = consents.page(&subject, &all).await.unwrap().items;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].change, Change::Granted { purpose: Purpose::Monthly });
    assert_eq!((events[0].form, events[0].source), (Form::WebForm, Source::MailedLink));
    assert_eq!(events[0].wording, Some(Purpose::Monthly.wording_hash(Language::En)));
    assert_eq!(events[0].policy_version.as_deref(), Some("1"));
    assert!(!office.comes_again(&office.letter(Purpose::Monthly, &subject).await).await);
    assert!(!office.comes_again(&office.letter(Purpose::Functionality, &subject).await).await);
    assert_eq!(office.handed().len(), 1, "what was ticked, and nothing else");

    // The same person with another box: one contact, two consents.
    let body = with(form(&address), "consents", json!({ "functionality": true }));
    id(&lobby.hand_in("demo", &body).await);
    let link = self::link(&lobby.mails().await).unwrap();
    assert_eq!(follow(&lobby, &link).await.status, 200);
    assert!(!office.comes_again(&office.letter(Purpose::Functionality, &subject).await).await);
    assert_eq!(office.handed().len(), 2);
}

#[tokio::test]
async fn a_form_of_somebody_with_an_account_adds_to_the_accounts_own_ledger_and_its_link_ends_after_a_day() {
    let house = House::new().await;
    let (owner, email) = signed_up(&house, json!({ "offers": true }), None).await;
    let clock = Clock::steered(Clock::system().now());
    let lobby = Lobby::at(clock.clone()).await;
    let body = with(form(&email), "consents", json!({ "monthly": true }));
    let calling = Calling::new("POST", "/forms/contact").header("sec-gpc", "1").body(body.to_string());
    id(&lobby.call(calling).await);
    let first = link(&lobby.mails().await).unwrap();
    id(&lobby.hand_in("contact", &body).await);
    let second = link(&lobby.mails().await).unwrap();
    assert_eq!(follow(&lobby, &first).await.status, 200);
    let changes: Vec<Change> = ledger(&house, &owner.account).await.into_iter().map(|event| event.change).collect();
    assert_eq!(changes.len(), 3);
    for change in [Change::Granted { purpose: Purpose::Monthly }, Change::Gpc] {
        assert!(changes[1..].contains(&change), "{changes:?}");
    }
    let account = house.get(&owner, "/v1/account").await.json();
    assert_eq!((&account["consents"]["offers"], &account["consents"]["monthly"]), (&json!(true), &json!(true)));

    clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(follow(&lobby, &second).await.problem(), "link_expired");
}

#[tokio::test]
async fn nobody_learns_from_a_form_who_is_known_and_nobodys_mailbox_is_flooded() {
    let house = House::new().await;
    let (_, known) = signed_up(&house, json!({}), None).await;
    let lobby = Lobby::new().await;
    let (first, second) =
        (lobby.hand_in("contact", &form(&known)).await, lobby.hand_in("contact", &form(&lobby.address())).await);
    let shape = |answer: &Answered| {
        let mut body = answer.json();
        body["id"] = Value::Null;
        (answer.status, body, answer.headers.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(shape(&first), shape(&second));

    let address = lobby.address();
    let mut mailed = 0;
    for _ in 0..7 {
        // Another source each time, as a flood would come.
        let lobby = Lobby::new().await;
        assert_eq!(lobby.hand_in("contact", &form(&address)).await.status, 202);
        mailed += lobby.mails().await.iter().filter(|mail| mail["to"] == json!(address)).count();
    }
    assert_eq!(mailed, 5, "as many as any address gets in a day");

    let flooding = Lobby::new().await;
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(flooding.hand_in("contact", &form(&flooding.address())).await.status);
    }
    assert_eq!((&statuses[..10], statuses[10]), (&[202; 10][..], 429));
}

#[tokio::test]
async fn r020_a_report_of_a_leak_is_acknowledged_and_stands_in_the_security_log() {
    let lobby = Lobby::new().await;
    let address = lobby.address();
    id(&lobby.hand_in("leak", &form(&address)).await);
    let mails = lobby.mails().await;
    assert!(mails.iter().any(|mail| mail["to"] == json!(address) && mail["kind"] == "form-received"));
    lobby.app.journal().settle().await;
    let lines: Vec<Value> = lobby
        .faults
        .seen()
        .iter()
        .map(|call| serde_json::from_slice::<Value>(&call.body).unwrap())
        .filter(|put| put["TableName"] == lobby.config.security_log_table.as_str())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["Item"]["event"]["S"], "leak-reported");
}

#[tokio::test]
async fn r093_an_anonymous_form_leaves_nothing_of_its_sender_anywhere() {
    let house = House::new().await;
    let (owner, _) = signed_up(&house, json!({}), None).await;
    let lobby = Lobby::new().await;
    let random = cloud::clock::random_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
    let (agent, cookie, message) = (format!("agent-{random}"), format!("cookie-{random}"), format!("answer-{random}"));
    let secret = owner.key.rsplit('_').next().unwrap().to_owned();
    let mut ids = Vec::new();
    for kind in [Kind::Survey, Kind::Vulnerability, Kind::Abuse, Kind::Leak] {
        let body = json!({ "anonymous": true, "message": message, "policy_version": "1" });
        let calling = Calling::new("POST", &format!("/forms/{}", kind.as_str()))
            .header("user-agent", &agent)
            .header("cookie", &format!("session={cookie}"))
            .header("referer", &format!("https://www.example.com/{random}-page"))
            .key(&owner.key);
        let answer = lobby.call(calling.body(body.to_string())).await;
        let id = id(&answer);
        let item = kept(&lobby, kind, &id).await.unwrap();
        assert_eq!(item.received_at.as_second() % 86_400, 0, "the day and no more");
        let now = lobby.boot.clock.now().as_millisecond();
        assert!((domain::id::millisecond_of(item.id.body()) - now).abs() > 60_000, "an id of chance and not of time");
        ids.push(id);
    }
    lobby.app.journal().settle().await;
    // On the wire: the function gives none of it to anybody.
    for call in lobby.faults.seen() {
        let text = String::from_utf8_lossy(&call.body).into_owned();
        for part in
            [&agent, &cookie, &lobby.source, &secret, &owner.account.body().to_owned(), &format!("{random}-page")]
        {
            assert!(!text.contains(part.as_str()), "{part} in {text}");
        }
        if text.contains(lobby.config.forms_table.as_str()) {
            let item = serde_json::from_slice::<Value>(&call.body).unwrap()["Item"].clone();
            for personal in ["name", "email", "phone", "company"] {
                assert!(item[personal].is_null(), "{item}");
            }
        }
    }
    // At rest: everything that the emulator holds.
    let markers = [agent.as_bytes(), cookie.as_bytes(), lobby.source.as_bytes(), message.as_bytes()];
    let found = marker::scan(Stack::shared().aws(), &markers).await.unwrap();
    let strays: Vec<_> = found.iter().filter(|(_, number)| *number < 3).collect();
    assert!(strays.is_empty(), "{strays:?}");
    assert!(
        found.iter().any(|(place, number)| *number == 3 && place.ends_with("-forms")),
        "the search sees what is there"
    );
    // Nobody but the operator is mailed.
    assert!(lobby.mails().await.iter().all(|mail| mail["to"] == json!(lobby.config.mail_from.as_str())));
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let lobby = Lobby::new().await;
    let fault = testkit::fault_proxy::Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}");
    lobby.faults.inject(testkit::fault_proxy::Calls::Target("TransactWriteItems"), fault, 50);
    assert_eq!(lobby.hand_in("contact", &form(&lobby.address())).await.status, 503);
    assert!(lobby.mails().await.is_empty());
}

#[tokio::test]
async fn what_is_over_its_time_is_not_shown_although_it_may_still_rest() {
    let house = House::new().await;
    let clock = Clock::steered(Clock::system().now());
    let lobby = Lobby::at(clock.clone()).await;
    let id = id(&lobby.hand_in("contact", &form(&lobby.address())).await);
    assert!(kept(&lobby, Kind::Contact, &id).await.is_some());
    clock.advance(Duration::from_secs(u64::from(Kind::Contact.kept_days()) * 86_400));
    assert!(kept(&lobby, Kind::Contact, &id).await.is_none());
    let count = house
        .sdk()
        .query()
        .table_name(&lobby.config.forms_table)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S("form#contact".to_owned()))
        .send()
        .await
        .unwrap()
        .count();
    assert!(count > 0, "it was the clock that hid it");
}
