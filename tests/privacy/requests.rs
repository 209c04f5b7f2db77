//! Requests of people about their own data: how they come in, how who asks is proven, and what the person can do with them.

use std::{rc::Rc, time::Duration};

use cloud::{clock::Clock, dynamo::requests::Debt, mailer::MailKind};
use domain::request::{Ground, Letter, Level, State};
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};

use super::lobby::{Lobby, Made, PUBLIC, form, made, whole_proof};
use crate::world::{Answered, Calling};

/// A proven request of somebody with an account.
async fn proven(lobby: &Lobby, kind: &str) -> Made {
    let account = lobby.account().await;
    let made = lobby.ask(form(kind, account.email.as_str())).await;
    let answer = lobby.post(&lobby.link(&made.id).await, whole_proof(&made.code)).await;
    assert_eq!((answer.status, &answer.json()["verified"]), (200, &json!(true)), "{}", answer.json());
    made
}

#[tokio::test]
async fn r037_r065_a_request_is_proven_by_the_mailbox_and_two_things_that_we_hold() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let answer = lobby.post("/privacy/requests", form("access", account.email.as_str())).await;
    let made = made(&answer);
    assert_eq!(lobby.told().await, [json!({ "request": made.id })]);
    let cookie = &answer.headers["set-cookie"];
    for part in ["__Host-prq-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", &made.session] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let letters = lobby.letters(&made.id).await;
    assert_eq!((letters.len(), letters[0].kind), (1, MailKind::Request));
    assert_eq!(letters[0].to.as_str(), account.email.as_str());

    // Only the mailbox is not enough, and what is missing is not told.
    let link = lobby.link(&made.id).await;
    let first = lobby.post(&link, json!({ "code": made.code })).await;
    let body = first.json();
    assert_eq!((first.status, &body["mailbox_proven"], &body["verified"]), (200, &json!(true), &json!(false)));
    assert_eq!((&body["state"], &body["attempts_left"]), (&json!("awaiting-verification"), &json!(4)));
    assert_eq!(lobby.request(&made.id).await.account, None, "nobody is known yet");

    let wrong = lobby.of(&made, "POST", "/confirm", json!({ "phone": "+49 30 1", "declaration": true })).await;
    let body = String::from_utf8(wrong.body.clone()).unwrap();
    assert!(wrong.status == 200 && !body.contains("phone") && !body.contains("name"), "{body}");
    let right = lobby.of(&made, "POST", "/confirm", json!({ "phone": "+49 30 901820", "declaration": true })).await;
    assert_eq!((&right.json()["verified"], &right.json()["state"]), (&json!(true), &json!("running")));

    let request = lobby.request(&made.id).await;
    assert_eq!(
        (request.account.as_ref(), request.reached, request.state),
        (Some(&account.id), Level::High, State::Running)
    );
    assert!(request.outbox.iter().any(|owed| owed.what == Debt::Begin), "the work begins");
    let proof = lobby.proof(&made.id).await.unwrap();
    assert!(proof.factors.is_empty() && proof.token.is_none(), "what was given is gone (R068)");
    assert_eq!(lobby.told().await.len(), 1);
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let known = lobby.post("/privacy/requests", form("access", account.email.as_str())).await;
    let calls_of_known = calls(&lobby);
    let unknown = lobby.post("/privacy/requests", form("access", &lobby.address())).await;
    assert_eq!(calls(&lobby), calls_of_known, "the same is done for both, in the same order");
    let shape = |answer: &Answered| {
        let body = answer.json();
        // A time is written without the zeros at its end, so that its length is chance.
        let length = |name: &str, v: &Value| if name == "due_at" { 0 } else { v.to_string().len() };
        let members = body.as_object().unwrap().iter();
        let lengths: Vec<_> = members.map(|(name, v)| (name.clone(), length(name, v))).collect();
        (answer.status, answer.headers.keys().cloned().collect::<Vec<_>>(), lengths, body["detail"].clone())
    };
    assert_eq!(shape(&known), shape(&unknown));
    let letter = |mails: Vec<cloud::mailer::MailMessage>| mails[0].request.clone().unwrap().letter;
    assert_eq!(letter(lobby.letters(&made(&known).id).await), Letter::Received);
    assert_eq!(letter(lobby.letters(&made(&unknown).id).await), Letter::Received, "whoever reads the mailbox is told");

    // Only the mailbox's owner learns that there is nothing.
    let made = made(&unknown);
    let answer = lobby.post(&lobby.link(&made.id).await, json!({ "code": made.code })).await;
    assert_eq!((&answer.json()["state"], &answer.json()["ground"]), (&json!("denied"), &json!("no-data")));
}

/// What went to AWS since the last look: operations and tables.
fn calls(lobby: &Lobby) -> Vec<String> {
    let seen = lobby.faults.seen();
    lobby.faults.reset();
    seen.iter()
        .filter(|call| !call.target.is_empty())
        .map(|call| {
            let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
            format!("{} {}", call.target, body["TableName"])
        })
        .collect()
}

/// Both kinds of addresses take as long: what is done is the same, so their times differ by chance only.
#[tokio::test]
async fn the_answer_takes_as_long_whether_or_not_the_address_is_known() {
    let lobby = Lobby::new().await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..12_u8 {
        for (known, times) in times.iter_mut().enumerate() {
            let email = if known == 1 { lobby.account().await.email.as_str().to_owned() } else { lobby.address() };
            let calling = Calling::new("POST", "/privacy/requests").body(form("access", &email).to_string());
            let begun = std::time::Instant::now();
            let answer = lobby.call_from(&format!("10.9.{round}.{known}"), calling).await;
            times.push(begun.elapsed());
            assert_eq!(answer.status, 202);
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let [unknown, known] = &mut times;
    let (unknown, known) = (median(unknown), median(known));
    assert!(known < unknown * 3 && unknown < known * 3, "known {known:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn link_scanners_change_nothing_and_the_person_is_served_after_them() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let made = lobby.ask(form("erasure", account.email.as_str())).await;
    let link = lobby.link(&made.id).await;
    lobby.faults.reset();
    for method in ["GET", "HEAD", "GET", "HEAD", "GET", "GET", "GET", "GET", "GET", "GET"] {
        let page = lobby.call(Calling::new(method, &link)).await;
        assert_eq!((page.status, page.headers["referrer-policy"].as_str()), (200, "no-referrer"));
        let body = String::from_utf8(page.body).unwrap();
        assert!(!body.contains("example.com") && !body.contains("Ann") && !body.contains(made.id.as_str()));
    }
    assert!(lobby.faults.seen().is_empty(), "nothing is even asked");
    // A scanner that presses buttons has neither session nor code.
    let pressed = lobby.post(&link, json!({})).await;
    assert_eq!((pressed.status, pressed.json()["errors"][0]["pointer"].as_str()), (422, Some("/code")));
    let posted = lobby.post(&link, whole_proof(&made.code)).await;
    assert_eq!((posted.status, &posted.json()["state"]), (200, &json!("cooling-off")));
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_five_at_most_and_a_new_link_brings_no_more() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let made = lobby.ask(form("access", account.email.as_str())).await;
    let link = lobby.link(&made.id).await;
    let wrong = if made.code == "000000" { "000001" } else { "000000" };
    let lobby = Rc::new(lobby);
    let answers = LocalSet::new()
        .run_until(async {
            let mut guesses = JoinSet::new();
            for _ in 0..100 {
                let (lobby, link) = (Rc::clone(&lobby), link.clone());
                guesses.spawn_local(async move { lobby.post(&link, json!({ "code": wrong })).await });
            }
            guesses.join_all().await
        })
        .await;
    let evaluated = answers.iter().filter(|answer| answer.status == 422).count();
    // The fifth is the last and says so.
    assert!(evaluated <= 4, "{evaluated} were looked at and told");
    assert!(answers.iter().all(|answer| [422, 409, 410].contains(&answer.status)));
    let proof = lobby.proof(&made.id).await.unwrap();
    assert_eq!(proof.attempts, 5);
    let request = lobby.request(&made.id).await;
    assert_eq!((request.state, request.ground), (State::Denied, Some(Ground::Unverified)));
    // Neither the right code nor another link helps now.
    assert!([409, 410].contains(&lobby.post(&link, whole_proof(&made.code)).await.status));
    assert_eq!(lobby.of(&made, "POST", "/link", Value::Null).await.problem(), "conflict");

    // No other request of the person is touched, but one that could do harm is looked at by two of us (R067).
    let again = lobby.ask(form("access", account.email.as_str())).await;
    let answer = lobby.post(&lobby.link(&again.id).await, whole_proof(&again.code)).await;
    assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("needs-review")));
}

#[tokio::test]
async fn whoever_asks_in_somebody_elses_name_does_not_keep_that_person_from_being_served() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let email = account.email.as_str();
    for number in 0..50 {
        let calling = Calling::new("POST", "/privacy/requests").body(form("access", email).to_string());
        let answer = lobby.call_from(&format!("10.77.{}.{}", number / 10, number % 10), calling).await;
        assert_eq!(answer.status, 202, "{number}");
    }
    let made = lobby.ask(form("access", email)).await;
    let answer = lobby.post(&lobby.link(&made.id).await, whole_proof(&made.code)).await;
    assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("running")));
}

#[tokio::test]
async fn one_source_has_three_letters_a_day_for_an_address_and_ten_requests_a_quarter() {
    let clock = Clock::steered(Clock::system().now());
    let lobby = Lobby::at(clock.clone()).await;
    let email = lobby.address();
    let mut mailed = 0;
    let mut last = None;
    for _ in 0..10 {
        let made = lobby.ask(form("access", &email)).await;
        mailed += lobby.letters(&made.id).await.len();
        last = Some(made);
    }
    assert_eq!(mailed, 3);
    let refused = lobby.post("/privacy/requests", form("access", &email)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "rate_limited"));
    // The request is there all the same, and its page can ask for the letter from elsewhere.
    let made = last.unwrap();
    assert_eq!(lobby.of(&made, "POST", "/link", Value::Null).await.problem(), "rate_limited");
    let path = format!("/privacy/requests/{}/link", made.id);
    let elsewhere = Calling::new("POST", &path).header("privacy-session", &made.session);
    assert_eq!(lobby.call_from("10.78.0.1", elsewhere).await.status, 202);
    let link = lobby.link(&made.id).await;
    assert_eq!(lobby.post(&link, json!({ "code": made.code })).await.status, 200);
}

#[tokio::test]
async fn a_link_works_once_for_a_day_and_only_the_newest() {
    let clock = Clock::steered(Clock::system().now());
    let lobby = Lobby::at(clock.clone()).await;
    let account = lobby.account().await;
    let made = lobby.ask(form("access", account.email.as_str())).await;
    let old = lobby.link(&made.id).await;
    assert_eq!(lobby.of(&made, "POST", "/link", Value::Null).await.status, 202);
    let new = lobby.link(&made.id).await;
    assert_ne!(old, new);
    assert_eq!(lobby.post(&old, whole_proof(&made.code)).await.problem(), "link_expired");
    assert_eq!(lobby.post(&new, whole_proof(&made.code)).await.status, 200);
    assert_eq!(lobby.post(&new, whole_proof(&made.code)).await.problem(), "link_expired", "a replay");

    let late = lobby.ask(form("access", account.email.as_str())).await;
    let link = lobby.link(&late.id).await;
    clock.advance(Duration::from_secs(24 * 3_600 + 1));
    assert_eq!(lobby.post(&link, whole_proof(&late.code)).await.problem(), "link_expired");
    for guess in [
        "x".to_owned(),
        link.replace("/privacy/verify/", "")[..68].to_owned(),
        format!("{}{}", late.id.body(), "A".repeat(43)),
    ] {
        assert_eq!(
            lobby.post(&format!("/privacy/verify/{guess}"), whole_proof(&late.code)).await.problem(),
            "link_expired"
        );
    }
}

#[tokio::test]
async fn a_request_is_seen_with_its_session_only() {
    let lobby = Lobby::new().await;
    let (made, other) =
        (lobby.ask(form("access", &lobby.address())).await, lobby.ask(form("access", &lobby.address())).await);
    let shown = lobby.of(&made, "GET", "", Value::Null).await;
    assert_eq!((shown.status, &shown.json()["state"]), (200, &json!("awaiting-verification")));
    let path = format!("/privacy/requests/{}", made.id);
    let cookie = format!("a=b; __Host-prq-{}={}", made.id.body(), made.session);
    assert_eq!(lobby.call(Calling::new("GET", &path).header("cookie", &cookie)).await.status, 200);
    let missing = lobby.get("/privacy/requests/prq_00000000000000000000000000").await;
    for calling in [
        Calling::new("GET", &path),
        Calling::new("GET", &path).header("privacy-session", &other.session),
        Calling::new("GET", &path).header("privacy-session", "x"),
        Calling::new("GET", &path).header("cookie", &format!("__Host-prq-{}={}", other.id.body(), other.session)),
        Calling::new("GET", "/privacy/requests/x").header("privacy-session", &made.session),
    ] {
        let answer = lobby.call(calling).await;
        assert_eq!((answer.status, answer.problem()), (404, "not_found".to_owned()));
        assert_eq!(answer.json()["title"], missing.json()["title"]);
    }
    for rest in ["/cancel", "/appeal", "/confirm", "/link", "/download"] {
        let answer = lobby.post(&format!("{path}{rest}"), Value::Null).await;
        assert_eq!(answer.problem(), "not_found", "{rest}");
    }
}

#[tokio::test]
async fn r068_an_erasure_that_waits_can_be_stopped_and_what_proved_the_person_goes_with_it() {
    let lobby = Lobby::new().await;
    let made = proven(&lobby, "erasure").await;
    let shown = lobby.of(&made, "GET", "", Value::Null).await.json();
    assert_eq!((&shown["state"], &shown["can_cancel"]), (&json!("cooling-off"), &json!(true)));
    let cancelled = lobby.of(&made, "POST", "/cancel", Value::Null).await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    assert!(lobby.proof(&made.id).await.is_none(), "R068");
    assert_eq!(lobby.letters(&made.id).await.last().unwrap().request.as_ref().unwrap().letter, Letter::Cancelled);
    assert_eq!(lobby.of(&made, "POST", "/cancel", Value::Null).await.problem(), "not_found");
}

#[tokio::test]
async fn r069_a_refusal_can_be_appealed_for_a_time() {
    let clock = Clock::steered(Clock::system().now());
    let lobby = Lobby::at(clock.clone()).await;
    let made = lobby.ask(form("access", &lobby.address())).await;
    assert_eq!(lobby.of(&made, "POST", "/appeal", Value::Null).await.problem(), "conflict", "nothing is refused yet");
    lobby.post(&lobby.link(&made.id).await, json!({ "code": made.code })).await;
    assert_eq!(lobby.of(&made, "GET", "", Value::Null).await.json()["can_appeal"], true);
    let appealed = lobby.of(&made, "POST", "/appeal", Value::Null).await;
    assert_eq!((appealed.status, &appealed.json()["state"]), (200, &json!("appeal-open")));

    let late = lobby.ask(form("access", &lobby.address())).await;
    lobby.post(&lobby.link(&late.id).await, json!({ "code": late.code })).await;
    clock.advance(Duration::from_secs(91 * 86_400));
    let answer = lobby.of(&late, "POST", "/appeal", Value::Null).await;
    assert_eq!((answer.status, answer.problem().as_str()), (409, "conflict"));
}

#[tokio::test]
async fn what_only_spares_a_person_something_needs_no_proof() {
    let lobby = Lobby::new().await;
    let made = lobby.ask(form("opt-out-sale", &lobby.address())).await;
    let shown = lobby.of(&made, "GET", "", Value::Null).await.json();
    assert_eq!(shown["state"], "running");
    let letters = lobby.letters(&made.id).await;
    assert_eq!(letters[0].request.as_ref().unwrap().letter, Letter::ReceivedAtOnce);
}

#[tokio::test]
async fn a_rectification_is_not_proven_with_what_is_to_be_corrected() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let mut asked = form("rectification", account.email.as_str());
    // The name is the only thing given, and it is what is said to be wrong.
    asked["corrections"] = json!([{ "field": "name", "value": "Anne Example" }]);
    let made = lobby.ask(asked).await;
    let link = lobby.link(&made.id).await;
    let first = lobby.post(&link, json!({ "code": made.code, "name": "Ann Example" })).await;
    assert_eq!(first.json()["verified"], false);
    let second = lobby.of(&made, "POST", "/confirm", json!({ "company": "example gmbh" })).await;
    assert_eq!((&second.json()["verified"], &second.json()["state"]), (&json!(true), &json!("running")));
    assert_eq!(lobby.request(&made.id).await.corrections.len(), 1);
}

/// The paths in the letters of one sort that a request owes.
async fn links(lobby: &Lobby, made: &Made, letter: Letter) -> Vec<String> {
    let letters = lobby.letters(&made.id).await;
    let of_sort = letters.iter().filter(|mail| mail.request.as_ref().unwrap().letter == letter);
    of_sort.map(|mail| mail.link.as_deref().unwrap().strip_prefix(PUBLIC).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_answer_is_fetched_at_an_address_of_five_minutes_and_the_first_time_is_told() {
    let lobby = Lobby::new().await;
    let made = proven(&lobby, "access").await;
    assert_eq!(lobby.of(&made, "POST", "/download", Value::Null).await.problem(), "conflict", "it is not ready");
    let requests = lobby.requests();
    let request = lobby.request(&made.id).await;
    let step = domain::request::Step::Finish;
    let ready =
        requests.advance(&request, step, cloud::dynamo::requests::With::default(), lobby.boot.clock.now()).await;
    assert_eq!(ready.unwrap().state, State::Delivered);
    let file = cloud::objects::Objects::new(&lobby.boot.aws, &lobby.config.exports_bucket);
    file.put(&format!("exports/{}.zip", made.id.body()), "PK".into()).await.unwrap();
    assert_eq!(lobby.of(&made, "GET", "", Value::Null).await.json()["can_download"], true);

    // The session is not enough: it may have been taken from the browser since. Nor is the link of another letter, or of another request.
    let proved = lobby.secrets(&made.id).await.link(0).reveal().to_owned();
    let others =
        lobby.secrets(&lobby.ask(form("access", &lobby.address())).await.id).await.answer().reveal().to_owned();
    for (body, problem) in [
        (Value::Null, "body_invalid"),
        (json!({}), "validation_failed"),
        (json!({ "token": "short" }), "link_expired"),
        (json!({ "token": made.session }), "link_expired"),
        (json!({ "token": proved }), "link_expired"),
        (json!({ "token": others }), "link_expired"),
    ] {
        assert_eq!(lobby.of(&made, "POST", "/download", body.clone()).await.problem(), problem, "{body}");
    }
    let asked_again = lobby.of(&made, "POST", "/link", Value::Null).await;
    assert_eq!(asked_again.status, 202);
    let ready: Vec<_> = links(&lobby, &made, Letter::Ready).await;
    assert!(ready.len() == 2 && ready[0] == ready[1], "one is as good as the other: {ready:?}");
    let token = ready[0].strip_prefix(&format!("/privacy/requests/{}?token=", made.id)).unwrap().to_owned();
    let opens = json!({ "token": token });
    let (mut elsewhere, path) = (made.session.clone(), format!("/privacy/requests/{}/download", made.id));
    elsewhere.replace_range(..1, if elsewhere.starts_with('A') { "B" } else { "A" });
    let calling = Calling::new("POST", &path).header("privacy-session", &elsewhere).body(opens.to_string());
    assert_eq!(lobby.call(calling).await.problem(), "not_found", "nor is the letter, in another's hands");
    assert_eq!(lobby.request(&made.id).await.downloads, 0);

    let answer = lobby.of(&made, "POST", "/download", opens.clone()).await;
    assert_eq!(answer.status, 302);
    let address = answer.headers["location"].clone();
    assert!(address.contains("X-Amz-Expires=300&") && address.contains("X-Amz-Signature="), "{address}");
    let fetch = http::Request::get(&address).body(bytes::Bytes::new()).unwrap();
    let fetched = testkit::plain_http::PlainHttp::default().send(fetch).await.unwrap();
    assert_eq!((fetched.status().as_u16(), fetched.body().as_ref()), (200, b"PK".as_slice()));
    assert_eq!(fetched.headers()["content-disposition"], "attachment; filename=\"your-data.zip\"");
    lobby.of(&made, "POST", "/download", opens).await;
    let told = links(&lobby, &made, Letter::Downloaded).await.len();
    assert_eq!((told, lobby.request(&made.id).await.downloads), (1, 2), "the first time is told, and each is counted");
    // Whoever has the browser only can have a mailbox written to, and not without end.
    assert_eq!(lobby.of(&made, "POST", "/link", Value::Null).await.status, 202);
    let more = lobby.of(&made, "POST", "/link", Value::Null).await;
    assert_eq!((more.problem().as_str(), more.headers.contains_key("retry-after")), ("rate_limited", true));
}

#[tokio::test]
async fn r063_r066_the_form_has_exactly_its_fields_and_no_room_for_numbers_of_cards_or_documents() {
    let lobby = Lobby::new().await;
    let base = form("access", &lobby.address());
    let with = |field: &str, value: Value| {
        let mut changed = base.clone();
        changed[field] = value;
        changed.to_string()
    };
    let without = |field: &str| {
        let mut changed = base.clone();
        changed.as_object_mut().unwrap().remove(field);
        changed.to_string()
    };
    let mut californian = base.clone();
    californian["country"] = json!("us");
    californian["state"] = json!("ca");
    let cases = [
        (with("message", json!("hello")), "/message"),
        (with("kind", json!("everything")), ""),
        (with("email", json!("ann@example.com\r\nBcc: eve@example.com")), "/email"),
        (with("email", json!("ann@localhost")), "/email"),
        (with("first_name", json!("4111 1111 1111 1111")), "/first_name"),
        (with("last_name", json!("Ann\nBcc: x")), "/last_name"),
        (with("last_name", json!(" ")), "/last_name"),
        (with("company", json!("SSN 123-45-6789")), "/company"),
        (with("sector", json!("5555555555554444")), "/sector"),
        (with("country", json!("Germany")), "/country"),
        (with("state", json!("California")), "/state"),
        (with("phone", json!("call me")), "/phone"),
        (with("website", json!("javascript:alert(1)")), "/website"),
        (with("account", json!("acc_1")), "/account"),
        (with("corrections", json!([{ "field": "name", "value": "x" }])), "/corrections"),
        (with("kind", json!("rectification")), "/corrections"),
        (with("declaration", json!("yes")), ""),
        (with("language", json!("de")), ""),
        (without("email"), "/email"),
        (without("country"), "/country"),
        (californian.to_string(), "/phone"),
        (base.to_string().replacen('{', "{\"email\":\"eve@example.com\",", 1), "/email"),
    ];
    for (body, pointer) in cases {
        let answer = lobby.call(Calling::new("POST", "/privacy/requests").body(body.clone())).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body} {}", answer.json());
    }
    for body in ["", "{", "[1,2", "nonsense"] {
        let answer = lobby.call(Calling::new("POST", "/privacy/requests").body(body)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "body_invalid"), "{body}");
    }
    let large = lobby.call(Calling::new("POST", "/privacy/requests").body(" ".repeat(10_001))).await;
    assert_eq!(large.problem(), "body_too_large");
    assert!(lobby.told().await.is_empty() && lobby.faults.seen().iter().all(|call| !call.target.contains("Dynamo")));
}

#[tokio::test]
async fn a_pages_form_says_the_same() {
    let lobby = Lobby::new().await;
    let email = lobby.address();
    let form = |fields: &[(&str, &str)]| {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        Calling::new("POST", "/privacy/requests")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept-language", "fr-FR,fr;q=0.9")
            .body(body.extend_pairs(fields).finish())
    };
    let base = [
        ("kind", "rectification"),
        ("email", &email),
        ("first_name", "Ann"),
        ("last_name", "Example"),
        ("country", "US"),
        ("state", "CA"),
        ("phone", "+1 415 555 0100"),
        ("company", ""),
        ("declaration", "yes"),
        ("correct-phone", "+1 415 555 0199"),
        ("correct-name", ""),
    ];
    let made = made(&lobby.call(form(&base)).await);
    let request = lobby.request(&made.id).await;
    assert_eq!((request.corrections.len(), request.corrections[0].value.as_str()), (1, "+1 415 555 0199"));
    assert_eq!(request.language, domain::request::Language::Fr);
    assert!(lobby.proof(&made.id).await.unwrap().declared);
    let twice = lobby.call(form(&[base.as_slice(), &[("email", "eve@example.com")]].concat())).await;
    assert_eq!((twice.status, twice.json()["errors"][0]["pointer"].as_str()), (422, Some("/email")));
    let unknown = lobby.call(form(&[base.as_slice(), &[("message", "x")]].concat())).await;
    assert_eq!((unknown.status, unknown.json()["errors"][0]["pointer"].as_str()), (422, Some("/message")));
}

#[tokio::test]
async fn r065_no_table_holds_what_was_given_nor_what_opens_anything() {
    let lobby = Lobby::new().await;
    let mut asked = form("access", &lobby.address());
    asked["phone"] = json!("+49 30 5550177");
    asked["company"] = json!("Verygeheim GmbH");
    let made = lobby.ask(asked).await;
    let link = lobby.link(&made.id).await;
    let proof = serde_json::to_string(&lobby.proof(&made.id).await.unwrap()).unwrap();
    let token = &link[link.len() - 43..];
    for secret in [&*made.session, &*made.code, token, "5550177", "Verygeheim", "Ann"] {
        assert!(!proof.contains(secret), "{secret}");
    }
    let request = serde_json::to_string(&lobby.request(&made.id).await).unwrap();
    for given in ["5550177", "Verygeheim", "Ann", "\"DE\"", &*made.session, token] {
        assert!(!request.contains(given), "{given}");
    }
}

/// Drives everything that the function asks of AWS for requests.
pub(super) async fn everything(lobby: &Lobby) {
    let erased = proven(lobby, "erasure").await;
    assert_eq!(lobby.of(&erased, "POST", "/cancel", Value::Null).await.status, 200);
    let waiting = lobby.ask(form("access", &lobby.address())).await;
    assert_eq!(lobby.of(&waiting, "POST", "/link", Value::Null).await.status, 202);
}
