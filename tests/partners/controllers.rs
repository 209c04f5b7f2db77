//! Controllers: what their requests make, under their own names for them; how far they are; how they are cancelled; who is refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{
    dynamo::privacy::{Opened, PrivacyRequests, RequestItem},
    events::PrivacyTopicMessage,
};
use domain::event::PrivacyTopic;
use serde_json::{Value, json};

use super::counter::{Controller, Counter, uuid_v4};
use crate::{
    control::signature::verifies,
    world::{Answered, Calling},
};

impl Counter {
    /// The messages that the function sent for `dsar`.
    async fn instructions(&self) -> Vec<PrivacyTopicMessage> {
        let sent = self.sent(&self.config.privacy_topics_queue_url).await;
        sent.into_iter().map(|message| serde_json::from_value(message).unwrap()).collect()
    }

    /// Opens the request of a message, as `dsar` does.
    async fn begin(&self, message: &PrivacyTopicMessage) -> Option<RequestItem> {
        let PrivacyTopicMessage { event, account, store, topic, received_at, name, .. } = message;
        let item = RequestItem::new(event, account, store, *topic, *received_at);
        match self.privacy().open(item, name).await.unwrap() {
            Opened::Request(request) => Some(*request),
            Opened::Duplicate => None,
        }
    }

    fn privacy(&self) -> PrivacyRequests {
        PrivacyRequests::new(cloud::dynamo::client(&self.direct.aws), self.config.privacy_table.clone())
    }

    async fn status(&self, controller: &Controller, request: &Value) -> String {
        let shown = self.standing(controller, request).await;
        assert_eq!(shown.status, 200);
        shown.json()["request_status"].as_str().unwrap().to_owned()
    }
}

fn refused(answer: &Answered, status: u16) {
    assert_eq!((answer.status, answer.json()["error"]["code"].as_u64()), (status, Some(u64::from(status))));
}

#[tokio::test]
async fn a_request_is_carried_out_in_every_store_of_its_controller() {
    let counter = Counter::new().await;
    let controller = counter.controller(5).await;
    let mut stores = [counter.store(&controller).await, counter.store(&controller).await];
    stores.sort();
    let request = counter.request("erasure", &json!({ "orders": ["299938"] }));
    let taken = counter.ask(&controller, &request).await;
    assert_eq!(taken.status, 201);
    let said = taken.json();
    assert_eq!(
        (&said["controller_id"], &said["subject_request_id"]),
        (&json!(controller.id), &request["subject_request_id"])
    );
    assert_eq!(counter.status(&controller, &request).await, "pending");

    let messages = counter.instructions().await;
    let mut told: Vec<_> = messages.iter().map(|message| message.store.clone()).collect();
    told.sort();
    assert_eq!(told, stores);
    for message in &messages {
        assert_eq!((message.topic, &message.account), (PrivacyTopic::CustomerErasure, &controller.account));
        assert_eq!(
            (message.customer.as_deref(), message.orders.as_slice()),
            (Some("191167"), &["299938".to_owned()][..])
        );
    }
    let first = counter.begin(&messages[0]).await.unwrap();
    assert_eq!(counter.status(&controller, &request).await, "in_progress");
    let second = counter.begin(&messages[1]).await.unwrap();
    for begun in [first, second] {
        counter.privacy().close(begun, counter.clock.now()).await.unwrap();
    }
    assert_eq!(counter.status(&controller, &request).await, "completed");
}

#[tokio::test]
async fn a_request_that_comes_again_is_the_same_one() {
    let counter = Counter::new().await;
    let controller = counter.controller(1).await;
    counter.store(&controller).await;
    let request = counter.request("access", &json!({}));
    let (one, two) = tokio::join!(counter.ask(&controller, &request), counter.ask(&controller, &request));
    // One of two that come at once may find the count of the day used up by the other, and is the same one when it comes again.
    assert!([one.status, two.status].iter().all(|status| [201, 429].contains(status)), "{} {}", one.status, two.status);
    let (first, again) = (counter.ask(&controller, &request).await, counter.ask(&controller, &request).await);
    assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body));
    let mut begun = 0;
    for message in counter.instructions().await {
        assert!(counter.begin(&message).await.is_some());
        begun += 1;
    }
    assert!(begun >= 1, "it may be sent often, and opens one request");
    let listed = cloud::dynamo::page::PageRequest { per_page: 100, cursor: None };
    assert_eq!(counter.privacy().page(&controller.account, &listed).await.unwrap().items.len(), 1);
    counter.ask(&controller, &request).await;
    assert!(counter.instructions().await.is_empty(), "what was begun is not sent again");

    let mut other = request.clone();
    other["subject_request_type"] = "erasure".into();
    refused(&counter.ask(&controller, &other).await, 400);
    refused(&counter.ask(&controller, &counter.request("access", &json!({}))).await, 429);
}

#[tokio::test]
async fn a_request_is_cancelled_while_nothing_was_begun_and_not_after() {
    let counter = Counter::new().await;
    let controller = counter.controller(5).await;
    counter.store(&controller).await;
    let request = counter.request("erasure", &json!({}));
    counter.ask(&controller, &request).await;
    for _ in 0..2 {
        assert_eq!(counter.cancel(&controller, &request).await.status, 202);
    }
    assert_eq!(counter.status(&controller, &request).await, "cancelled");
    for message in counter.instructions().await {
        assert!(counter.begin(&message).await.is_none(), "the message makes no request any more");
    }
    assert_eq!(counter.ask(&controller, &request).await.status, 201);
    assert!(counter.instructions().await.is_empty(), "what was cancelled is not sent again");

    let begun = counter.request("erasure", &json!({}));
    counter.ask(&controller, &begun).await;
    for message in counter.instructions().await {
        counter.begin(&message).await.unwrap();
    }
    refused(&counter.cancel(&controller, &begun).await, 400);
    assert_eq!(counter.status(&controller, &begun).await, "in_progress");
}

/// Some stores of a controller may have begun when it cancels: then none is left out.
#[tokio::test]
async fn a_cancellation_is_whole_or_not_at_all() {
    let counter = Counter::new().await;
    let controller = counter.controller(5).await;
    counter.store(&controller).await;
    counter.store(&controller).await;
    let request = counter.request("erasure", &json!({}));
    counter.ask(&controller, &request).await;
    let messages = counter.instructions().await;
    counter.begin(&messages[0]).await.unwrap();
    refused(&counter.cancel(&controller, &request).await, 400);
    assert!(counter.begin(&messages[1]).await.is_some());
}

#[tokio::test]
async fn a_weak_hash_is_taken_and_neither_kept_nor_sent_back() {
    let counter = Counter::new().await;
    let controller = counter.controller(5).await;
    counter.store(&controller).await;
    let request = counter.request("erasure", &json!({}));
    let hash = request["subject_identities"][1]["identity_value"].as_str().unwrap();
    let taken = counter.ask(&controller, &request).await;
    let encoded = STANDARD.decode(taken.json()["encoded_request"].as_str().unwrap()).unwrap();
    let back = String::from_utf8(encoded).unwrap();
    assert!(back.contains("191167") && !back.contains(hash), "{back}");
    for call in counter.faults.seen() {
        let (body, kept) = (String::from_utf8_lossy(&call.body).into_owned(), call.target.starts_with("DynamoDB"));
        assert!(!body.contains(hash), "{}", call.target);
        assert!(!kept || !body.contains("191167"), "whom it is about stands in the messages alone");
    }
    // A person of whom only an address is known is nobody here: that is done at once.
    let mut address = counter.request("erasure", &json!({}));
    address["subject_identities"].as_array_mut().unwrap().remove(0);
    counter.ask(&controller, &address).await;
    let shown = counter.standing(&controller, &address).await.json();
    assert_eq!((&shown["request_status"], &shown["results_count"]), (&json!("completed"), &json!(0)));
    refused(&counter.cancel(&controller, &address).await, 400);
}

#[tokio::test]
async fn nobody_asks_for_the_customers_of_another() {
    let counter = Counter::new().await;
    let (controller, other) = (counter.controller(5).await, counter.controller(5).await);
    let (agent, theirs) = (counter.agent(5).await, counter.store(&other).await);
    let request = counter.request("access", &json!({}));
    assert_eq!(counter.ask(&controller, &request).await.status, 201);
    let known =
        Calling::new("GET", &format!("/opendsr/v2/requests/{}", request["subject_request_id"].as_str().unwrap()));
    refused(&counter.call(known).await, 401);
    for stranger in [
        Controller { token: format!("{}x", controller.token), ..other_of(&controller) },
        Controller { token: agent.token.clone(), ..other_of(&controller) },
        Controller { token: String::new(), ..other_of(&controller) },
    ] {
        refused(&counter.ask(&stranger, &counter.request("access", &json!({}))).await, 401);
        refused(&counter.standing(&stranger, &request).await, 401);
        refused(&counter.cancel(&stranger, &request).await, 401);
    }
    refused(&counter.standing(&other, &request).await, 404);
    refused(&counter.cancel(&other, &request).await, 404);
    let mut absent = request.clone();
    absent["subject_request_id"] = uuid_v4().into();
    assert_eq!(counter.standing(&other, &absent).await.body, counter.standing(&other, &request).await.body);
    refused(&counter.ask(&controller, &counter.request("access", &json!({ "stores": [theirs] }))).await, 400);
    counter.switch_off(&controller.id).await;
    refused(&counter.standing(&controller, &request).await, 401);
}

fn other_of(controller: &Controller) -> Controller {
    Controller { id: controller.id.clone(), token: String::new(), account: controller.account.clone() }
}

#[tokio::test]
async fn what_cannot_be_taken_is_told() {
    let counter = Counter::new().await;
    let controller = counter.controller(5).await;
    for url in [
        "http://controller.example/callbacks",
        "https://other.example/",
        "https://169.254.169.254/",
        "https://localhost/",
        "https://192.168.0.1/",
        "https://controller.example:8080/",
    ] {
        let mut request = counter.request("access", &json!({}));
        request["status_callback_urls"] = json!(["https://controller.example/callbacks", url]);
        refused(&counter.ask(&controller, &request).await, 400);
    }
    refused(&counter.ask(&controller, &json!({ "regulation": "gdpr" })).await, 400);
    refused(&counter.ask(&controller, &json!([])).await, 400);
    refused(&counter.call(Calling::new("PUT", "/opendsr/v2/requests").key(&controller.token)).await, 405);
    refused(&counter.get("/opendsr/v2/nothing").await, 404);
    for _ in 0..91 {
        counter.store(&controller).await;
    }
    refused(&counter.ask(&controller, &counter.request("access", &json!({}))).await, 400);
}

#[tokio::test]
async fn every_answer_is_signed_and_old_names_are_honoured() {
    let counter = Counter::new().await;
    let controller = counter.controller(5).await;
    counter.store(&controller).await;
    let pem = counter.get("/opendsr/v2/key.pem").await;
    let pem = String::from_utf8(pem.body).unwrap();
    let request = counter.request("access", &json!({}));
    let post = Calling::new("POST", "/opendsr/v1/opengdpr_requests").key(&controller.token).body(request.to_string());
    let path = format!("/opendsr/v1/opengdpr_requests/{}", request["subject_request_id"].as_str().unwrap());
    let answers = [
        counter.get("/opendsr/v2/discovery").await,
        counter.call(post).await,
        counter.call(Calling::new("GET", &path).key(&controller.token)).await,
        counter.call(Calling::new("DELETE", &path).key(&controller.token)).await,
    ];
    let host = url::Url::parse(&counter.config.public_url).unwrap().host_str().unwrap().to_owned();
    for (answer, status) in answers.iter().zip([200, 201, 200, 202]) {
        assert_eq!(answer.status, status);
        for protocol in ["opendsr", "opengdpr"] {
            assert_eq!(answer.headers[&format!("x-{protocol}-processor-domain")], host);
            let signature = &answer.headers[&format!("x-{protocol}-signature")];
            assert!(verifies(&pem, &answer.body, signature), "{status}");
            assert!(!verifies(&pem, &[&answer.body[..], b" "].concat(), signature), "{status}");
        }
    }
}
