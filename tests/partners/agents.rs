//! Agents: what their messages make, once; what is refused; how a request stands in the protocol's words; how it is taken back.

use std::time::Duration;

use cloud::dynamo::requests::With;
use domain::request::{Channel, Ground, Kind, Level, Regime, State, Step, life::Assessment};
use serde_json::{Value, json};
use testkit::fault_proxy::{Calls, Fault};

use super::counter::{Agent, Counter, path_of, time};
use crate::world::{Answered, Calling};

const EXERCISE: &str = "/drp/v1/data-rights-request";

fn is_forbidden(answer: &Answered) -> bool {
    answer.status == 403 && answer.body.is_empty()
}

#[tokio::test]
async fn a_request_of_an_agent_waits_for_the_person() {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let answer = counter.exercise(&agent, &json!({ "exercise": "deletion" })).await;
    assert_eq!(answer.status, 200);
    let asked = answer.json();
    assert_eq!((&asked["status"], &asked["reason"]), (&json!("in_progress"), &json!("need_user_verification")));
    assert_eq!(asked["agent_request_id"], "4711");
    for at in ["received_at", "expected_by", "expires_at"] {
        let text = asked[at].as_str().unwrap();
        assert!(text.ends_with("+00:00") && text.as_bytes()[19] == b'.' && text.len() == 29, "{at}: {text}");
    }
    let page = asked["user_verification_url"].as_str().unwrap();
    assert_eq!(
        page,
        format!("{}/privacy/requests/{}", counter.config.public_url, asked["request_id"].as_str().unwrap())
    );
    assert!(!String::from_utf8(answer.body).unwrap().contains("ann.marker"), "nothing of the person goes back");

    let record = counter.record(&asked).await;
    assert_eq!((record.kind, record.channel, record.regime), (Kind::Erasure, Channel::Drp, Regime::California));
    assert_eq!(record.state, State::AwaitingVerification);
    // What the agent says that it has verified proves nothing.
    assert_eq!((record.reached, record.required), (Level::Unproven, Level::High));
    assert_eq!(record.partner.as_deref(), Some(agent.id.as_str()));
    let proof = counter.requests().proof(&record.id).await.unwrap().unwrap();
    // The link of the letter that the record owes, and no digits: nobody was there to be shown any.
    assert!(!proof.mailbox && proof.token.is_some() && proof.code.is_none());
    assert_eq!(proof.links, 1);
    let sent = counter.sent(&counter.config.requests_queue_url).await;
    assert_eq!(sent, [json!({ "request": record.id })]);
}

#[tokio::test]
async fn an_opt_out_is_open_at_once_and_asks_for_no_proof() {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let asked = counter.exercise(&agent, &json!({ "exercise": "sale:opt_out" })).await.json();
    assert_eq!(asked["status"], "open");
    for absent in ["reason", "user_verification_url", "results_url", "expires_at"] {
        assert!(asked.get(absent).is_none(), "{absent}");
    }
    let record = counter.record(&asked).await;
    assert_eq!(record.state, State::Running);
    assert!(counter.requests().proof(&record.id).await.unwrap().is_none());
}

/// The protocol has no nonce: a message that is caught on its way can be sent again as long as it counts.
#[tokio::test]
async fn a_message_that_comes_again_makes_no_second_request() {
    let counter = Counter::new().await;
    let agent = counter.agent(4).await;
    let message = agent.sign(&counter.wish(&agent, &json!({ "exercise": "deletion" })));
    let call = || counter.say(&agent, "POST", EXERCISE, &message);
    let (one, two, three, four) = tokio::join!(call(), call(), call(), call());
    let first = &one;
    assert_eq!(first.status, 200);
    for again in [&two, &three, &four] {
        assert_eq!((again.status, &again.body), (200, &first.body));
    }
    assert_eq!(counter.say(&agent, "POST", EXERCISE, &message).await.body, first.body);
    assert_eq!(counter.sent(&counter.config.requests_queue_url).await.len(), 1);
    // A repetition of what is there is not counted: there would be no room left for it.
    for _ in 0..3 {
        assert_eq!(counter.say(&agent, "POST", EXERCISE, &message).await.status, 200);
    }
    counter.clock.advance(Duration::from_secs(600));
    assert!(is_forbidden(&counter.say(&agent, "POST", EXERCISE, &message).await), "its time is over");
}

#[tokio::test]
async fn a_handshake_counts_once_and_its_token_replaces_the_last_one() {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let path = format!("/drp/v1/agent/{}", agent.id);
    let known = |token: &str| counter.call(Calling::new("GET", &path).key(token));
    let answer = known(&agent.token).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    let message = agent.sign(&counter.envelope(&agent));
    let shaken = counter.shake(&agent, &message).await.json();
    assert_eq!(shaken["agent-id"], agent.id);
    assert!(is_forbidden(&counter.shake(&agent, &message).await), "the same message");
    assert!(is_forbidden(&known(&agent.token).await), "the token from before");
    let token = shaken["token"].as_str().unwrap();
    assert_eq!(known(token).await.status, 200);
    // A handshake is no request, whoever sends it there.
    let with = Agent { token: token.to_owned(), ..agent };
    assert!(is_forbidden(&counter.say(&with, "POST", EXERCISE, &message).await));
}

#[tokio::test]
async fn who_is_not_proven_is_told_nothing() {
    let counter = Counter::new().await;
    let (agent, other) = (counter.agent(9).await, counter.agent(9).await);
    let stranger = Agent::stranger();
    let asked = counter.exercise(&agent, &json!({ "exercise": "access" })).await.json();
    let wish = counter.wish(&agent, &json!({ "exercise": "access" }));
    let changed = |field: &str, value: String| {
        let mut changed = wish.clone();
        changed[field] = value.into();
        agent.sign(&changed)
    };
    let (now, minute) = (counter.clock.now(), Duration::from_secs(60));
    let good = agent.sign(&wish);
    let cut: String = good.chars().skip(4).collect();
    for (what, message) in [
        ("another key", stranger.sign(&wish)),
        ("the other agent's key", other.sign(&wish)),
        ("another agent's name", changed("agent-id", other.id.clone())),
        ("another business", changed("business-id", "OTHER".to_owned())),
        ("the future", changed("issued-at", time(now + minute))),
        ("the past", changed("expires-at", time(now))),
        ("no time", changed("expires-at", "soon".to_owned())),
        ("altered base64", cut),
        ("no base64", format!("{good}!")),
        ("nothing", String::new()),
        ("a signature alone", good.chars().take(84).collect()),
    ] {
        let answer = counter.say(&agent, "POST", EXERCISE, &message).await;
        assert!(is_forbidden(&answer), "{what}: {}", answer.status);
        let shaken = counter.shake(&agent, &message).await;
        assert!(is_forbidden(&shaken), "{what}, shaking hands: {}", shaken.status);
    }
    // Somebody else's token, and one's own message.
    let thief = Agent { id: agent.id.clone(), pair: stranger.pair, token: other.token.clone() };
    assert!(is_forbidden(&counter.say(&thief, "POST", EXERCISE, &good).await));
    assert!(is_forbidden(&counter.call(Calling::new("GET", &path_of(&asked)).key(&other.token)).await));
    assert!(is_forbidden(&counter.call(Calling::new("GET", &path_of(&asked))).await));
    let absent = json!({ "request_id": "prq_00000000000000000000000000" });
    assert!(is_forbidden(&counter.show(&agent, &absent).await));
    let revocation = agent.sign(&json!({ "reason": null }));
    assert!(is_forbidden(&counter.say(&other, "DELETE", &path_of(&asked), &revocation).await));
    assert_eq!(counter.show(&agent, &asked).await.json()["status"], "in_progress", "nothing came of all that");

    counter.switch_off(&agent.id).await;
    assert!(is_forbidden(&counter.say(&agent, "POST", EXERCISE, &good).await), "switched off");
    assert!(is_forbidden(&counter.shake(&agent, &agent.sign(&counter.envelope(&agent))).await), "switched off");
}

#[tokio::test]
async fn what_counts_and_cannot_be_taken_is_told_in_the_protocols_words() {
    let counter = Counter::new().await;
    let agent = counter.agent(2).await;
    let told = |answer: &Answered, status: u16| {
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(status.to_string().as_str())));
    };
    for wish in [
        json!({ "exercise": "sale:opt_in" }),
        json!({ "exercise": "access", "email": "ann@localhost\r\nBcc: eve@example.com" }),
        json!({ "exercise": "access", "email": null }),
        json!({}),
    ] {
        told(&counter.exercise(&agent, &wish).await, 400);
    }
    let message = agent.sign(&counter.wish(&agent, &json!({ "exercise": "access" })));
    let json = Calling::new("POST", EXERCISE).key(&agent.token).header("content-type", "application/json");
    told(&counter.call(json.body(message.as_str())).await, 415);
    let put = counter.say(&agent, "PUT", EXERCISE, &message).await;
    told(&put, 405);
    assert_eq!(put.headers["allow"], "POST");
    told(&counter.get("/drp/v1/exercise").await, 404);
    counter.faults.inject(Calls::Target("GetItem"), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 20);
    let down = counter.say(&agent, "POST", EXERCISE, &message).await;
    told(&down, 503);
    assert!(down.headers.contains_key("retry-after"));
    counter.faults.reset();
    // Nothing of that was counted, and then two are.
    for expected in [200, 200, 429] {
        let answer = counter.exercise(&agent, &json!({ "exercise": "access" })).await;
        assert_eq!(answer.status, expected);
    }
    counter.clock.advance(Duration::from_secs(86_400));
    assert_eq!(counter.exercise(&agent, &json!({ "exercise": "access" })).await.status, 200, "another day");
}

#[tokio::test]
async fn a_callback_goes_nowhere_but_where_the_agent_was_registered() {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let ask = |url: &str| {
        let wish = json!({ "exercise": "access", "status_callback": url });
        let message = agent.sign(&counter.wish(&agent, &wish));
        let (counter, agent) = (&counter, &agent);
        async move { counter.say(agent, "POST", EXERCISE, &message).await.status }
    };
    for url in [
        "http://agent.example/status",
        "https://other.example/status",
        "https://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://agent.example@127.0.0.1/",
        "file:///etc/passwd",
        "status",
    ] {
        assert_eq!(ask(url).await, 400, "{url}");
    }
    assert_eq!(ask("https://agent.example/status").await, 200);
}

#[tokio::test]
async fn an_agent_takes_a_request_back_while_it_can_be() {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let asked = counter.exercise(&agent, &json!({ "exercise": "deletion" })).await.json();
    for _ in 0..2 {
        let revoked = counter.revoke(&agent, &asked).await;
        assert_eq!((revoked.status, &revoked.json()["status"]), (200, &json!("revoked")));
    }
    let record = counter.record(&asked).await;
    assert_eq!(record.state, State::Cancelled);
    assert!(counter.requests().proof(&record.id).await.unwrap().is_none(), "what would have proven the person is gone");
    assert_eq!(counter.sent(&counter.config.requests_queue_url).await.len(), 2, "taken in, and taken back");

    let begun = counter.exercise(&agent, &json!({ "exercise": "deletion" })).await.json();
    counter.prove(&begun, Assessment::Clear).await;
    assert_eq!(counter.show(&agent, &begun).await.json()["status"], "in_progress");
    counter.clock.advance(Duration::from_secs(4 * 86_400));
    counter.advance(&begun, Step::TimeOver, With::default()).await;
    let refused = counter.revoke(&agent, &begun).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("409")));
    let nonsense = agent.sign(&json!({ "reason": 7 }));
    let path = path_of(&begun);
    assert_eq!(counter.say(&agent, "DELETE", &path, &nonsense).await.status, 400);
}

#[tokio::test]
async fn a_request_stands_as_it_is() {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let access = counter.exercise(&agent, &json!({ "exercise": "access", "regime": "gdpr" })).await.json();
    counter.prove(&access, Assessment::Clear).await;
    assert_eq!(counter.show(&agent, &access).await.json()["status"], "in_progress");
    counter.advance(&access, Step::Finish, With::default()).await;
    let shown = counter.show(&agent, &access).await.json();
    assert_eq!(shown["status"], "fulfilled");
    assert!(shown["results_url"].as_str().unwrap().contains("/privacy/requests/prq_"));
    assert!(shown["expires_at"].as_str().is_some(), "the answer can be fetched until then");
    counter.clock.advance(Duration::from_secs(8 * 86_400));
    counter.advance(&access, Step::TimeOver, With::default()).await;
    // A token has no end of its own; the message of an agent has.
    let shown = counter.show(&agent, &access).await.json();
    assert_eq!((&shown["status"], shown.get("results_url")), (&json!("expired"), None::<&Value>));

    let denied = counter.exercise(&agent, &json!({ "exercise": "access" })).await.json();
    counter.prove(&denied, Assessment::Review).await;
    counter.advance(&denied, Step::Deny(Ground::Excessive), With::default()).await;
    let shown = counter.show(&agent, &denied).await.json();
    assert_eq!((&shown["status"], &shown["reason"]), (&json!("denied"), &json!("too_many_requests")));
}

#[tokio::test]
async fn the_directory_says_what_can_be_asked_and_what_must_be_known() {
    let counter = Counter::new().await;
    let directory = counter.get("/.well-known/data-rights.json").await;
    assert_eq!(directory.status, 200);
    let said = directory.json();
    assert_eq!(said["supported_verifications"], json!(["email"]));
    assert_eq!(said["api_base"], format!("{}/drp", counter.config.public_url));
    let agent = counter.agent(9).await;
    for action in said["supported_actions"].as_array().unwrap() {
        assert_eq!(counter.exercise(&agent, &json!({ "exercise": action })).await.status, 200, "{action}");
    }
    let etag = &directory.headers["etag"];
    let again = Calling::new("GET", "/.well-known/data-rights.json").header("if-none-match", etag);
    assert_eq!(counter.call(again).await.status, 304);
}
