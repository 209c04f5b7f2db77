//! What is sent by forms, as those see it who answer: listed without a name, read with a reason, contacted, ended (R017, R020, R030, R074, R162).

use cloud::{clock::Clock, dynamo::breaches::Breaches};
use domain::{id::AccountId, request::Kind, role::Role};
use serde_json::{Value, json};
use testkit::stack::Stack;

use crate::{
    control::house::House,
    privacy::lobby::{Lobby, form},
    world::{Answered, Calling},
};

/// A lobby where forms are handed in and an office where they are answered, with one clock.
async fn both(at: &str) -> (Lobby, House, String) {
    Stack::shared();
    let clock = Clock::steered(at.parse().unwrap());
    let (lobby, house) = (Lobby::at(clock.clone()).await, House::with(clock.clone()).await);
    let key = house.person(&AccountId::from_uuid(clock.new_id()), Role::Operator).await;
    (lobby, house, key)
}

async fn send(lobby: &Lobby, form: &str, body: Value) -> String {
    let answer = lobby.hand_in(form, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn signed(lobby: &Lobby) -> Value {
    json!({
        "name": "Bob Sender", "email": lobby.address(), "message": "I did not ask for this.", "policy_version": "1",
    })
}

/// The row of something on the list, which is shared by all tests; and whether anything on it says who sent what.
async fn listed(house: &House, key: &str, id: &str) -> Option<Value> {
    let mut path = "/v1/operator/forms?per_page=100".to_owned();
    loop {
        let page = house.call(Calling::new("GET", &path).key(key)).await;
        assert_eq!(page.status, 200);
        let page = page.json();
        for typed in ["Bob", "example.com", "did not ask"] {
            assert!(!page.to_string().contains(typed), "{page}");
        }
        if let Some(row) = page["data"].as_array().unwrap().iter().find(|row| row["id"] == id) {
            return Some(row.clone());
        }
        path = format!("/v1/operator/forms?per_page=100&cursor={}", page["next_cursor"].as_str()?);
    }
}

async fn post(house: &House, key: &str, path: &str, body: Value) -> Answered {
    house.call(Calling::new("POST", path).key(key).body(body.to_string())).await
}

#[tokio::test]
async fn r030_r086_a_complaint_is_listed_read_contacted_ended_and_kept() {
    // A Friday; the second working day after it is a leap day.
    let (lobby, house, key) = both("2028-02-25T16:00:00Z").await;
    let id = send(&lobby, "complaint", signed(&lobby)).await;
    let row = listed(&house, &key, &id).await.unwrap();
    assert_eq!((&row["form"], &row["anonymous"]), (&json!("complaint"), &json!(false)));
    assert_eq!((&row["due_at"], &row["overdue"]), (&json!("2028-02-29T16:00:00Z"), &json!(false)));

    let path = format!("/v1/operator/forms/complaint/{id}");
    let (reveal, steps) = (format!("{path}/reveal"), format!("{path}/steps"));
    for nothing in [json!({}), json!({ "reason": "curious" })] {
        assert!((400..500).contains(&post(&house, &key, &reveal, nothing).await.status));
    }
    let seen = post(&house, &key, &reveal, json!({ "reason": "contact" })).await.json();
    assert_eq!((&seen["name"], &seen["message"]), (&json!("Bob Sender"), &json!("I did not ask for this.")));
    assert!(seen["email"].as_str().unwrap().ends_with("@example.com"));
    let elsewhere = format!("/v1/operator/forms/contact/{id}/reveal");
    assert_eq!(post(&house, &key, &elsewhere, json!({ "reason": "contact" })).await.status, 404);

    house.clock().advance(std::time::Duration::from_secs(5 * 86_400));
    assert_eq!(listed(&house, &key, &id).await.unwrap()["overdue"], true);
    let close = json!({ "step": "close", "outcome": "solved" });
    assert_eq!(post(&house, &key, &steps, close.clone()).await.problem(), "conflict", "nobody was contacted");
    for (body, pointer) in
        [(json!({ "step": "close" }), "/outcome"), (json!({ "step": "contact", "outcome": "solved" }), "/outcome")]
    {
        let refused = post(&house, &key, &steps, body).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    let contacted = post(&house, &key, &steps, json!({ "step": "contact" })).await.json();
    assert_eq!((&contacted["contacted_at"], &contacted["overdue"]), (&json!("2028-03-01T16:00:00Z"), &json!(false)));
    assert_eq!(post(&house, &key, &steps, json!({ "step": "contact" })).await.problem(), "conflict");
    assert_eq!(listed(&house, &key, &id).await.unwrap()["contacted_at"], "2028-03-01T16:00:00Z");
    let closed = post(&house, &key, &steps, close.clone()).await.json();
    assert_eq!((&closed["outcome"], &closed["closed_at"]), (&json!("solved"), &json!("2028-03-01T16:00:00Z")));
    assert!(listed(&house, &key, &id).await.is_none(), "what has ended is listed no more");
    assert_eq!(post(&house, &key, &steps, close).await.problem(), "conflict");
    // It is kept for its time, and who looks at it is noted still.
    assert_eq!(post(&house, &key, &reveal, json!({ "reason": "authority" })).await.json()["outcome"], "solved");

    let owner = house.owner().await;
    for (method, path) in [("GET", "/v1/operator/forms"), ("POST", reveal.as_str()), ("POST", steps.as_str())] {
        assert_eq!(house.send(method, &owner, path, "{}").await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn r074_a_question_is_answered_without_a_clock() {
    let (lobby, house, key) = both("2028-02-25T16:00:00Z").await;
    let id = send(&lobby, "contact", signed(&lobby)).await;
    assert_eq!(listed(&house, &key, &id).await.unwrap()["due_at"], Value::Null);
    let steps = format!("/v1/operator/forms/contact/{id}/steps");
    let closed = post(&house, &key, &steps, json!({ "step": "close", "outcome": "answered" })).await;
    assert_eq!(closed.status, 200, "{}", closed.json());
}

/// Each right that has work of its own can be asked for by name wherever somebody lives, and any other by a form that stays on the list until somebody
/// has answered it. A name that is none is refused, and not taken for another.
#[tokio::test]
async fn r061_every_right_can_be_asked_for_and_one_that_has_no_name_here_waits_for_somebody() {
    let (lobby, house, key) = both("2028-02-25T16:00:00Z").await;
    let states = ["CA", "VA", "CO", "CT", "UT"];
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        let mut wish = form(kind.as_str(), &lobby.address());
        wish["country"] = json!("US");
        wish["state"] = json!(states[place % states.len()]);
        wish["phone"] = json!("+1 202 555 0100");
        if kind == Kind::Rectification {
            wish["corrections"] = json!([{ "field": "name", "value": "Ann Other" }]);
        }
        let request = lobby.request(&lobby.ask(wish).await.id).await;
        assert_eq!((request.kind, request.state.is_end()), (kind, false));
        // One source asks for so much within a quarter of an hour.
        house.clock().advance(std::time::Duration::from_secs(901));
    }
    let other = lobby.post("/privacy/requests", form("erase-my-neighbour", &lobby.address())).await;
    assert_eq!((other.status, other.problem().as_str()), (422, "validation_failed"));

    let id = send(&lobby, "contact", signed(&lobby)).await;
    house.clock().advance(std::time::Duration::from_secs(90 * 86_400));
    let row = listed(&house, &key, &id).await.expect("it waits still");
    assert_eq!((&row["form"], &row["closed_at"]), (&json!("contact"), &Value::Null));
}

#[tokio::test]
async fn r020_a_reported_leak_opens_a_case_whose_clock_runs() {
    let (lobby, house, key) = both("2028-02-25T16:00:00Z").await;
    let breaches = Breaches::new(house.tables(), house.config.privacy_table.clone());
    let anonymous = json!({ "anonymous": true, "message": "I found a list.", "policy_version": "1" });
    for (body, from, named) in [
        (signed(&lobby), "2028-02-25T16:00:00Z", true),
        // Without a name the case tells no more of the time than the form: the day.
        (anonymous, "2028-02-25T00:00:00Z", false),
    ] {
        let id = send(&lobby, "leak", body).await;
        let path = format!("/v1/operator/forms/leak/{id}");
        let seen = post(&house, &key, &format!("{path}/reveal"), json!({ "reason": "decide" })).await.json();
        let case = seen["breach"].as_str().unwrap();
        let shown = house.call(Calling::new("GET", &format!("/v1/operator/breaches/{case}")).key(&key)).await.json();
        assert_eq!((&shown["state"], &shown["form"]), (&json!("suspected"), &json!(id)));
        assert_eq!((&shown["detected_at"], &shown["reported_at"]), (&json!(from), &json!(from)));
        let due = if named { "2028-02-28T16:00:00Z" } else { "2028-02-28T00:00:00Z" };
        assert_eq!(shown["due_at"], due, "72 hours");
        assert!(!shown.to_string().contains("Bob") && !shown.to_string().contains("list"), "{shown}");
        let steps = format!("{path}/steps");
        let contact = post(&house, &key, &steps, json!({ "step": "contact" })).await;
        assert_eq!(contact.status, if named { 200 } else { 409 });
        let ended = post(&house, &key, &steps, json!({ "step": "close", "outcome": "answered" })).await;
        assert_eq!(ended.status, 200, "{}", ended.json());
        assert!(breaches.get(&case.parse().unwrap()).await.unwrap().is_some(), "the case stays in the register");
    }
    let id = send(&lobby, "vulnerability", signed(&lobby)).await;
    let path = format!("/v1/operator/forms/vulnerability/{id}/reveal");
    let seen = post(&house, &key, &path, json!({ "reason": "decide" })).await.json();
    assert_eq!(seen["breach"], Value::Null, "a weakness is not a leak; whoever reads of one reports it");
}
