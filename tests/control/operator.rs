//! What those do who run the deployment: requests of people and the register of breaches.

use std::{collections::BTreeMap, time::Duration};

use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        breaches::{BreachItem, Breaches},
        forms::{FormItem, Forms},
        key,
        requests::{AdvanceError, NewRequest, Requests, SubjectRequestItem, VerificationItem, With},
        transaction,
    },
};
use domain::{
    form,
    id::{AccountId, BreachId, KeyId, PrivacyRequestId},
    request::{Channel, Evidence, Kind, Language, Level, Regime, State, Step, life::Assessment},
    role::Role,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sweep::{Order, Sweep};
use testkit::stack::Stack;

use super::house::House;
use crate::world::{Answered, Calling, environment};

const SURE: Evidence = Evidence { mailbox: true, matched: 2, declared: true, reviewed: false };

fn requests(house: &House) -> Requests {
    // Past the fault proxy: what a test does is not what the function does.
    let boot = Boot::new(&environment("control", Stack::shared().aws()), house.clock().clone()).unwrap();
    let (table, verifications) = (house.config.privacy_table.clone(), house.config.verifications_table.clone());
    Requests::new(cloud::dynamo::client(&boot.aws), table, verifications)
}

fn new_request(house: &House, kind: Kind, regime: Regime, received_at: Timestamp) -> SubjectRequestItem {
    let id = PrivacyRequestId::from_uuid(house.clock().new_id());
    SubjectRequestItem::new(NewRequest {
        email: format!("{}@example.com", id.body()).parse().unwrap(),
        id,
        kind,
        channel: Channel::Api,
        regime,
        language: Language::En,
        received_at,
        taken_at: received_at,
        corrections: Vec::new(),
        partner: None,
    })
}

fn proof(request: &SubjectRequestItem) -> VerificationItem {
    VerificationItem {
        pk: request.pk.clone(),
        sk: request.sk.clone(),
        v: 1,
        token: None,
        code: None,
        session: "0".to_owned(),
        factors: BTreeMap::new(),
        declared: false,
        attempts: 0,
        links: 0,
        mailbox: false,
        expires_at: request.received_at.as_second() + 86_400,
    }
}

async fn open(house: &House, request: &SubjectRequestItem) {
    assert!(requests(house).open(request, Some(&proof(request)), Vec::new()).await.unwrap());
}

/// A request that waits for somebody to look at it.
async fn in_review(house: &House, kind: Kind, required: Level, account: &AccountId) -> SubjectRequestItem {
    let now = house.clock().now();
    let request = SubjectRequestItem { required, ..new_request(house, kind, Regime::California, now) };
    open(house, &request).await;
    let with = With { proven: Some((Some(account.clone()), SURE)), ..With::default() };
    let request = requests(house).advance(&request, Step::Prove(Assessment::Review), with, now).await.unwrap();
    assert_eq!(request.state, State::NeedsReview);
    request
}

pub(crate) async fn operator(house: &House) -> String {
    house.person(&AccountId::from_uuid(house.clock().new_id()), Role::Operator).await
}

async fn decide(house: &House, key: &str, request: &SubjectRequestItem, decided: Value) -> Answered {
    let path = format!("/v1/operator/requests/{}/decisions", request.id);
    house.call(Calling::new("POST", &path).key(key).body(decided.to_string())).await
}

pub(crate) async fn post(house: &House, key: &str, path: &str, body: Value) -> Answered {
    house.call(Calling::new("POST", path).key(key).body(body.to_string())).await
}

pub(crate) async fn get(house: &House, key: &str, path: &str) -> Answered {
    house.call(Calling::new("GET", path).key(key)).await
}

/// Everything that the operator's routes do with AWS.
pub(super) async fn everything(house: &House) {
    let (key, other) = (operator(house).await, operator(house).await);
    let account = AccountId::from_uuid(house.clock().new_id());
    let request = in_review(house, Kind::Access, Level::High, &account).await;
    assert_eq!(get(house, &key, "/v1/operator/requests").await.status, 200);
    assert_eq!(decide(house, &key, &request, json!({ "decision": "deny", "ground": "no-data" })).await.status, 200);
    let denied = requests(house).get(&request.id).await.unwrap().unwrap();
    requests(house).advance(&denied, Step::Appeal, With::default(), house.clock().now()).await.unwrap();
    assert_eq!(decide(house, &other, &request, json!({ "decision": "refuse-appeal" })).await.status, 200);
    let until = house.clock().now() + SignedDuration::from_hours(24);
    let wish = json!({ "account": account, "reason": "tax", "law": "a law", "until": until });
    let hold = post(house, &key, "/v1/operator/holds", wish).await.json();
    let steps = format!("/v1/operator/holds/{}/steps", hold["id"].as_str().unwrap());
    for (by, step) in [(&other, "approve"), (&key, "release"), (&other, "release")] {
        assert_eq!(post(house, by, &steps, json!({ "step": step })).await.status, 200, "{step}");
    }
    assert_eq!(get(house, &key, "/v1/operator/holds").await.status, 200);
    let words = json!({ "subject": "News", "text": "There is news." });
    let wish = json!({ "purpose": "monthly", "english": words });
    let campaign = post(house, &key, "/v1/operator/campaigns", wish).await.json();
    let steps = format!("/v1/operator/campaigns/{}/steps", campaign["id"].as_str().unwrap());
    assert_eq!(post(house, &key, &steps, json!({ "step": "stop" })).await.status, 200);
    assert_eq!(get(house, &key, "/v1/operator/campaigns").await.status, 200);
    let made = post(house, &key, "/v1/operator/breaches", json!({ "nature": "a table was public" })).await.json();
    let steps = format!("/v1/operator/breaches/{}/steps", made["id"].as_str().unwrap());
    assert_eq!(post(house, &key, &steps, json!({ "step": "dismiss" })).await.status, 200);
    // Past the fault proxy: what a test does is not what the function does.
    let boot = Boot::new(&environment("control", Stack::shared().aws()), house.clock().clone()).unwrap();
    let tables = cloud::dynamo::client(&boot.aws);
    let (forms, guards) = (house.config.forms_table.clone(), house.config.guards_table.clone());
    let forms = Forms::new(tables.clone(), forms, guards, house.clock().clone());
    let sent = complaint(&forms, house.clock().now());
    transaction::write(&tables, forms.keeping(&sent).into()).await.unwrap();
    assert_eq!(get(house, &key, "/v1/operator/forms").await.status, 200);
    let path = format!("/v1/operator/forms/complaint/{}", sent.id);
    assert_eq!(post(house, &key, &format!("{path}/reveal"), json!({ "reason": "contact" })).await.status, 200);
    let steps = format!("{path}/steps");
    for step in [json!({ "step": "contact" }), json!({ "step": "close", "outcome": "solved" })] {
        assert_eq!(post(house, &key, &steps, step).await.status, 200);
    }
}

/// A complaint that came in at this time.
pub(super) fn complaint(forms: &Forms, received_at: Timestamp) -> FormItem {
    let kind = form::Kind::Complaint;
    let place = forms.place(kind, false);
    FormItem {
        pk: key::form(kind),
        sk: key::sent(&place.id),
        v: 1,
        id: place.id,
        kind,
        received_at,
        policy_version: "1".to_owned(),
        name: Some("Bob Sender".parse().unwrap()),
        email: Some("bob@example.com".parse().unwrap()),
        phone: None,
        company: None,
        message: Some("I did not ask for this.".parse().unwrap()),
        contacted_at: None,
        contacted_by: None,
        closed_at: None,
        closed_by: None,
        outcome: None,
        breach: None,
        expires_at: place.expires_at,
    }
}

/// A request and a breach of some time ago in a table of a test's own, which a sweep finds something to do about.
pub(super) async fn waiting(house: &House, table: &str, since: Timestamp) -> (SubjectRequestItem, BreachItem) {
    let request = new_request(house, Kind::Access, Regime::Gdpr, since);
    let requests = Requests::new(house.tables(), table.to_owned(), house.config.verifications_table.clone());
    assert!(requests.open(&request, None, Vec::new()).await.unwrap());
    let id = BreachId::from_uuid(house.clock().new_id());
    let by = KeyId::from_uuid(house.clock().new_id());
    let case = BreachItem::suspected(id, "a laptop was stolen".to_owned(), since, by, since);
    Breaches::new(house.tables(), table.to_owned()).add(&case).await.unwrap();
    (request, case)
}

#[tokio::test]
async fn r017_who_looks_at_a_person_says_what_for_and_leaves_a_line() {
    let house = House::new().await;
    let key = operator(&house).await;
    let account = AccountId::from_uuid(house.clock().new_id());
    let request = in_review(&house, Kind::Access, Level::High, &account).await;
    let path = format!("/v1/operator/requests/{}", request.id);
    let shown = get(&house, &key, &path).await.json();
    assert_eq!((&shown["state"], &shown["regime"]), (&json!("needs-review"), &json!("california")));
    let text = shown.to_string();
    assert!(!text.contains("example.com") && !text.contains(account.as_str()), "nothing says whose it is");
    assert!(house.security_events(&account).await.is_empty());

    let reveal = format!("{path}/reveal");
    for nothing in [json!({}), json!({ "reason": "curious" }), json!({ "reason": "decide", "ticket": 7 })] {
        assert!((400..500).contains(&post(&house, &key, &reveal, nothing).await.status));
    }
    let seen = post(&house, &key, &reveal, json!({ "reason": "decide" })).await.json();
    assert_eq!(seen["email"], json!(request.email.as_ref().unwrap().as_str()));
    assert_eq!(seen["account"], json!(account));
    assert_eq!(house.security_events(&account).await, ["personal-data-read"]);
}

/// What an authority is given that looks into a complaint: how the request went, whose it is, and what it has to be told of a breach. Each look says
/// that it is for an authority.
#[tokio::test]
async fn r031_an_authority_gets_what_is_known_of_a_request_and_of_a_breach() {
    let house = House::new().await;
    let key = operator(&house).await;
    let account = AccountId::from_uuid(house.clock().new_id());
    let request = in_review(&house, Kind::Access, Level::High, &account).await;
    let path = format!("/v1/operator/requests/{}", request.id);
    let shown = get(&house, &key, &path).await.json();
    for known in ["kind", "state", "received_at", "due_at"] {
        assert!(shown[known].is_string(), "{known} in {shown}");
    }
    let seen = post(&house, &key, &format!("{path}/reveal"), json!({ "reason": "authority" })).await.json();
    assert_eq!((&seen["account"], seen["email"].is_string()), (&json!(account), true));
    let lines = house.security_lines(&account).await;
    let said = |name: &str| lines[0][name].as_s().unwrap().as_str();
    assert_eq!((lines.len(), said("event"), said("code")), (1, "personal-data-read", "authority"));

    let made = post(&house, &key, "/v1/operator/breaches", json!({ "nature": "a table was public" })).await.json();
    let notice = get(&house, &key, &format!("/v1/operator/breaches/{}/notice", made["id"].as_str().unwrap())).await;
    assert_eq!(notice.status, 200);
    assert!(String::from_utf8_lossy(&notice.body).contains("a table was public"));
}

#[tokio::test]
async fn two_look_at_what_is_in_doubt_and_one_alone_cannot() {
    let house = House::new().await;
    let (one, other) = (operator(&house).await, operator(&house).await);
    let account = AccountId::from_uuid(house.clock().new_id());
    let request = in_review(&house, Kind::Erasure, Level::Reviewed, &account).await;
    let approve = json!({ "decision": "approve" });
    let first = decide(&house, &one, &request, approve.clone()).await;
    assert_eq!((first.status, &first.json()["state"]), (200, &json!("needs-review")));
    assert_eq!(decide(&house, &one, &request, approve.clone()).await.problem(), "conflict");
    let second = decide(&house, &other, &request, approve).await.json();
    assert_eq!((&second["state"], &second["approvals"]), (&json!("cooling-off"), &json!(2)));
    assert!(house.request_work().await.iter().all(|message| message.request == request.id));
    assert_eq!(house.security_events(&account).await, ["request-decided", "request-decided"]);
}

#[tokio::test]
async fn r069_an_appeal_is_decided_by_somebody_else_and_forgets_the_person() {
    let house = House::new().await;
    let (one, other) = (operator(&house).await, operator(&house).await);
    let account = AccountId::from_uuid(house.clock().new_id());
    let request = in_review(&house, Kind::Access, Level::High, &account).await;
    assert_eq!(decide(&house, &one, &request, json!({ "decision": "deny" })).await.status, 422);
    let denied = decide(&house, &one, &request, json!({ "decision": "deny", "ground": "excessive" })).await.json();
    assert_eq!((&denied["state"], &denied["ground"]), (&json!("denied"), &json!("excessive")));
    let now = house.clock().now();
    let read = requests(&house).get(&request.id).await.unwrap().unwrap();
    requests(&house).advance(&read, Step::Appeal, With::default(), now).await.unwrap();
    let refuse = json!({ "decision": "refuse-appeal" });
    assert_eq!(decide(&house, &one, &request, refuse.clone()).await.problem(), "conflict");
    assert_eq!(decide(&house, &other, &request, refuse).await.json()["state"], "closed");

    let mut closed = requests(&house).get(&request.id).await.unwrap().unwrap();
    assert!(closed.email.is_some(), "the last letter is still owed");
    assert!(requests(&house).proof(&request.id).await.unwrap().is_none(), "what proved the person is gone (R068)");
    let owed = closed.outbox.clone();
    closed = requests(&house).settled(&closed, &owed, now).await.unwrap();
    assert!(closed.email.is_none() && closed.account.is_none() && closed.expires_at.is_some());
    let listed = get(&house, &one, "/v1/operator/requests?per_page=100").await.json();
    assert!(!listed.to_string().contains(request.id.as_str()), "an ended request that owes nothing is listed no more");
}

#[tokio::test]
async fn more_time_is_taken_once_and_told() {
    let house = House::new().await;
    let key = operator(&house).await;
    let account = AccountId::from_uuid(house.clock().new_id());
    let request = in_review(&house, Kind::Access, Level::High, &account).await;
    let extended = decide(&house, &key, &request, json!({ "decision": "extend" })).await.json();
    assert_eq!(extended["due_at"], json!(request.extendable_to.unwrap()));
    assert_eq!((&extended["extendable_to"], &extended["owes"]), (&Value::Null, &json!(true)));
    assert_eq!(decide(&house, &key, &request, json!({ "decision": "extend" })).await.problem(), "conflict");
}

#[tokio::test]
async fn one_request_of_a_person_and_kind_is_carried_out_and_unproven_ones_block_nobody() {
    let house = House::new().await;
    let account = AccountId::from_uuid(house.clock().new_id());
    let now = house.clock().now();
    let all = requests(&house);
    // An attacker opens many in the person's name; the person still gets theirs.
    for _ in 0..5 {
        open(&house, &new_request(&house, Kind::Access, Regime::Gdpr, now)).await;
    }
    let prove = async |request: &SubjectRequestItem| {
        let with = With { proven: Some((Some(account.clone()), SURE)), ..With::default() };
        all.advance(request, Step::Prove(Assessment::Clear), with, now).await
    };
    let (first, second) =
        (new_request(&house, Kind::Access, Regime::Gdpr, now), new_request(&house, Kind::Access, Regime::Gdpr, now));
    open(&house, &first).await;
    open(&house, &second).await;
    let running = prove(&first).await.unwrap();
    assert_eq!(running.state, State::Running);
    let merged = prove(&second).await.unwrap();
    assert_eq!((merged.state, merged.merged_into), (State::Merged, Some(first.id.clone())));
    assert_eq!(prove(&first).await.err(), Some(AdvanceError::Changed), "what was read before is not written again");
    // Done, and the lock is back for the next one.
    let done = all.advance(&running, Step::Finish, With::default(), now).await.unwrap();
    assert_eq!(done.state, State::Delivered);
    let third = new_request(&house, Kind::Access, Regime::Gdpr, now);
    open(&house, &third).await;
    assert_eq!(prove(&third).await.unwrap().state, State::Running);
}

#[tokio::test]
async fn r050_a_breach_goes_its_way_and_the_draft_says_what_is_known() {
    let house = House::new().await;
    let key = operator(&house).await;
    let made = post(&house, &key, "/v1/operator/breaches", json!({ "nature": "a backup was public" })).await;
    assert_eq!(made.status, 201);
    let case = made.json();
    let path = format!("/v1/operator/breaches/{}", case["id"].as_str().unwrap());
    let detected: Timestamp = case["detected_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(case["due_at"], json!(detected + SignedDuration::from_hours(72)));
    let steps = format!("{path}/steps");
    assert_eq!(post(&house, &key, &steps, json!({ "step": "close" })).await.problem(), "conflict");
    assert_eq!(post(&house, &key, &steps, json!({ "step": "confirm" })).await.json()["state"], "confirmed");
    assert_eq!(post(&house, &key, &steps, json!({ "step": "assess" })).await.status, 422, "it says what it means");
    let nowhere = json!({ "step": "assess", "risk": "high", "places": ["the cellar"] });
    assert_eq!(post(&house, &key, &steps, nowhere).await.json()["errors"][0]["pointer"], "/places");
    let assessed =
        json!({ "step": "assess", "risk": "high", "places": ["accounts"], "people": 12, "measures": "It is closed." });
    assert_eq!(post(&house, &key, &steps, assessed).await.json()["state"], "assessed");
    assert_eq!(post(&house, &key, &steps, json!({ "step": "close" })).await.problem(), "conflict", "nobody was told");

    let draft = get(&house, &key, &format!("{path}/notice")).await;
    let text = String::from_utf8(draft.body.to_vec()).unwrap();
    for known in ["a backup was public", "about 12", "user.contact.email", "people with an account", "It is closed."] {
        assert!(text.contains(known), "{known}");
    }
    assert!(text.contains("not known yet"), "the number of records");
    for step in ["notify-authority", "notify-persons", "close"] {
        assert_eq!(post(&house, &key, &steps, json!({ "step": step })).await.status, 200, "{step}");
    }
    assert_eq!(get(&house, &key, &path).await.json()["state"], "closed");
    let future = json!({ "nature": "x", "detected_at": "2999-01-01T00:00:00Z" });
    assert_eq!(post(&house, &key, "/v1/operator/breaches", future).await.status, 422);
}

#[tokio::test]
async fn r019_who_tells_late_says_why() {
    let house = House::new().await;
    let key = operator(&house).await;
    let detected_at = house.clock().now() - SignedDuration::from_hours(80);
    let report = json!({ "nature": "it was found late", "detected_at": detected_at });
    let case = post(&house, &key, "/v1/operator/breaches", report).await.json();
    assert_eq!(case["overdue"], true);
    let steps = format!("/v1/operator/breaches/{}/steps", case["id"].as_str().unwrap());
    post(&house, &key, &steps, json!({ "step": "confirm" })).await;
    let told = post(&house, &key, &steps, json!({ "step": "notify-authority" })).await;
    assert_eq!(told.problem(), "conflict");
    let why = json!({ "step": "notify-authority", "late_because": "The log was read on Monday." });
    assert_eq!(post(&house, &key, &steps, why).await.json()["state"], "authority-notified");
}

#[tokio::test]
async fn a_sweep_reminds_of_requests_and_breaches_and_a_dry_run_only_looks() {
    let house = House::new().await;
    let environment = environment("sweep", Stack::shared().aws());
    let clock = Clock::steered(house.clock().now());
    let boot = Boot::new(&environment, clock.clone()).unwrap();
    let mut config = sweep::Config::from_env(&environment).unwrap();
    config.privacy_table = house.own_table("privacy").await;
    config.requests_queue_url.clone_from(&house.config.requests_queue_url);
    let (request, case) = waiting(&house, &config.privacy_table, clock.now()).await;
    let breaches = Breaches::new(house.tables(), config.privacy_table.clone());
    let verifications = house.config.verifications_table.clone();
    let requests = Requests::new(house.tables(), config.privacy_table.clone(), verifications);
    let app = sweep::App::new(&boot, config);
    let run = async |sweep, dry_run| {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(clock.now().as_millisecond()).unwrap() + 300_000;
        sweep::handle(&app, Order { sweep, dry_run }, &context).await.unwrap()
    };
    assert_eq!(run(Sweep::Requests, false).await.sent, 0, "its letter has twenty minutes");
    clock.advance(Duration::from_secs(21 * 60));
    assert_eq!(run(Sweep::Requests, true).await.sent, 0);
    assert_eq!(run(Sweep::Requests, false).await.sent, 1);
    assert_eq!(house.request_work().await[0].request, request.id);
    assert_eq!(run(Sweep::Breaches, false).await.swept.lag_seconds, 0);

    let until = |at: Timestamp| clock.advance(at.duration_since(clock.now()).unsigned_abs());
    for (hours, reminded) in [(24, 1), (48, 2), (66, 3), (72, 4)] {
        until(case.detected_at + SignedDuration::from_hours(hours));
        run(Sweep::Breaches, true).await;
        let seen = breaches.get(&case.id).await.unwrap().unwrap().reminded;
        assert_eq!(seen, reminded - 1, "a dry run reminds nobody");
        run(Sweep::Breaches, false).await;
        assert_eq!(breaches.get(&case.id).await.unwrap().unwrap().reminded, reminded, "{hours} h");
    }
    until(request.due_at);
    assert_eq!(run(Sweep::Requests, true).await.overdue, 0, "its last second is not over");
    // Answered, and on the list until its answer was fetched: nobody waits any more.
    let answered = new_request(&house, Kind::Access, Regime::Gdpr, request.received_at);
    let answered = SubjectRequestItem { state: State::Delivered, ..answered };
    assert!(requests.open(&answered, None, Vec::new()).await.unwrap());
    until(request.due_at + SignedDuration::from_secs(7));
    let report = run(Sweep::Requests, true).await;
    assert_eq!(
        (report.swept.expired, report.overdue, report.swept.lag_seconds),
        (2, 1, 7),
        "it is late, and that is told"
    );
}

#[tokio::test]
async fn r030_a_complaint_that_nobody_answers_is_told_and_one_that_was_is_not() {
    let house = House::new().await;
    let environment = environment("sweep", Stack::shared().aws());
    // A Thursday, the last day of a year.
    let clock = Clock::steered("2026-12-31T10:00:00Z".parse().unwrap());
    let boot = Boot::new(&environment, clock.clone()).unwrap();
    let mut config = sweep::Config::from_env(&environment).unwrap();
    config.forms_table = house.own_table("forms").await;
    let forms = Forms::new(house.tables(), config.forms_table.clone(), config.guards_table.clone(), clock.clone());
    let app = sweep::App::new(&boot, config);
    let run = async || {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(clock.now().as_millisecond()).unwrap() + 300_000;
        sweep::handle(&app, Order { sweep: Sweep::Forms, dry_run: true }, &context).await.unwrap()
    };
    let (left, answered, ended) =
        (complaint(&forms, clock.now()), complaint(&forms, clock.now()), complaint(&forms, clock.now()));
    for sent in [&left, &answered, &ended] {
        transaction::write(&house.tables(), forms.keeping(sent).into()).await.unwrap();
    }
    let until = |at: &str| clock.advance(at.parse::<Timestamp>().unwrap().duration_since(clock.now()).unsigned_abs());
    // The second working day is Monday: Friday is one, the weekend is none.
    until("2027-01-04T10:00:00Z");
    let report = run().await;
    assert_eq!((report.swept.expired, report.overdue, report.swept.complete), (3, 0, true));
    until("2027-01-04T10:00:07Z");
    let report = run().await;
    assert_eq!((report.overdue, report.swept.lag_seconds), (3, 7));
    let by = KeyId::from_uuid(house.clock().new_id());
    forms.contacted(&answered, &by).await.unwrap().unwrap();
    forms.close(&ended, form::Outcome::Spam, &by).await.unwrap().unwrap();
    assert!(forms.contacted(&answered, &by).await.unwrap().is_none(), "the first time counts");
    assert!(forms.close(&ended, form::Outcome::Solved, &by).await.unwrap().is_none());
    let report = run().await;
    assert_eq!((report.swept.expired, report.overdue), (2, 1), "contacted and ended ones are not late");
}
