//! Campaigns: two people decide, everybody who agreed gets one letter, and whoever no longer does when it comes to that gets none.

use std::{collections::BTreeSet, time::Duration};

use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        campaigns::{CampaignItem, Campaigns},
        consents::ContactItem,
        key, transaction,
    },
};
use domain::{
    consent::Subject,
    id::{CampaignId, ContactId},
};
use serde_json::{Value, json};
use sweep::{Order, Sweep};
use testkit::{
    fault_proxy::{Calls, Fault, FaultProxy},
    stack::Stack,
};

use super::{accounts::signed_up, office::PostOffice};
use crate::{
    control::{
        house::House,
        operator::{get, operator, post},
    },
    world::environment,
};

/// What the sweep works with: tables of the house's own, and its queue of mails.
struct Walker {
    app: sweep::App,
    faults: FaultProxy,
    clock: Clock,
}

impl Walker {
    async fn of(house: &House) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("sweep", faults.url());
        let mut config = sweep::Config::from_env(&environment).unwrap();
        config.accounts_table.clone_from(&house.config.accounts_table);
        config.consents_table.clone_from(&house.config.consents_table);
        config.usage_table.clone_from(&house.config.usage_table);
        config.mail_queue_url.clone_from(&house.config.mail_queue_url);
        let clock = house.clock().clone();
        Self { app: sweep::App::new(&Boot::new(&environment, clock.clone()).unwrap(), config), faults, clock }
    }

    async fn run(&self, dry_run: bool) -> Option<sweep::Report> {
        self.within(300, dry_run).await
    }

    /// A run with so many seconds left.
    async fn within(&self, seconds: u64, dry_run: bool) -> Option<sweep::Report> {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(self.clock.now().as_millisecond()).unwrap() + seconds * 1_000;
        sweep::handle(&self.app, Order { sweep: Sweep::Campaigns, dry_run }, &context).await.ok()
    }
}

fn wish() -> Value {
    json!({
        "purpose": "offers",
        "english": { "subject": "An offer, {name}", "text": "Dear {name},\r\nhere is <b>an offer</b>.\n\nIt ends soon." },
        "french": { "subject": "Une offre", "text": "Voici une offre, {name}." },
    })
}

/// A campaign that one person has proposed and another one has approved; its id.
async fn approved(house: &House, wish: Value) -> CampaignId {
    let (first, second) = (operator(house).await, operator(house).await);
    let made = post(house, &first, "/v1/operator/campaigns", wish).await;
    assert_eq!((made.status, &made.json()["state"]), (201, &json!("proposed")));
    let id: CampaignId = made.json()["id"].as_str().unwrap().parse().unwrap();
    let steps = format!("/v1/operator/campaigns/{id}/steps");
    let alone = post(house, &first, &steps, json!({ "step": "approve" })).await;
    assert_eq!((alone.status, alone.problem().as_str()), (409, "conflict"), "two that look are two people");
    let answer = post(house, &second, &steps, json!({ "step": "approve" })).await;
    assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("running")));
    id
}

async fn item(house: &House, id: &CampaignId) -> CampaignItem {
    Campaigns::new(house.tables(), house.config.consents_table.clone()).get(id).await.unwrap().unwrap()
}

async fn house() -> House {
    // After the stack is there: its start takes longer than a lease.
    Stack::shared();
    House::in_own_consents(Clock::steered(Clock::system().now())).await
}

/// Somebody without an account who agreed to offers.
async fn contact(house: &House, email: &str) -> Subject {
    let id = ContactId::from_uuid(house.clock().new_id());
    let contact = ContactItem {
        pk: key::contact(&id),
        sk: key::CONTACT.to_owned(),
        v: 1,
        id: id.clone(),
        name: "Bob".parse().unwrap(),
        email: email.parse().unwrap(),
        consents: serde_json::from_str(r#"{"offers":true}"#).unwrap(),
        unsubscribed_from_marketing: false,
        opted_out_of_sale: false,
        created_at: house.clock().now(),
        updated_at: house.clock().now(),
    };
    let consents = cloud::dynamo::consents::Consents::new(house.tables(), house.config.consents_table.clone());
    transaction::write(&house.tables(), consents.creating(&contact).into()).await.unwrap();
    Subject::Contact(id)
}

/// To whom letters were handed to SES.
fn reached(office: &PostOffice) -> Vec<String> {
    let address = |mail: &Value| mail["Destination"]["ToAddresses"][0].as_str().unwrap().to_owned();
    let mut reached: Vec<String> = office.handed().iter().map(address).collect();
    reached.sort();
    reached
}

async fn deliver(house: &House, office: &PostOffice) {
    for letter in house.take(&house.config.mail_queue_url).await {
        assert!(!office.comes_again(&letter).await, "{letter}");
    }
}

#[tokio::test]
async fn r009_r081_r092_everybody_who_agreed_gets_the_letter_once_and_nobody_else_does() {
    let house = house().await;
    let (_, agreed) = signed_up(&house, json!({ "offers": true, "monthly": true }), None).await;
    let (_, _other_purpose) = signed_up(&house, json!({ "monthly": true }), None).await;
    let (ended, _) = signed_up(&house, json!({ "offers": true }), None).await;
    let off = house.send("PUT", &ended, "/v1/account/consents/offers", r#"{"granted":false}"#).await;
    assert_eq!(off.status, 200);
    let (leaving, _) = signed_up(&house, json!({ "offers": true }), None).await;
    let bob = format!("bob.{}@example.com", house.clock().new_id().simple());
    contact(&house, &bob).await;
    // The same mailbox as the account's, from before there was one, and written otherwise.
    contact(&house, &agreed.replace("ann", "Ann")).await;
    house.mails().await;

    let walker = Walker::of(&house).await;
    let proposed = post(&house, &operator(&house).await, "/v1/operator/campaigns", wish()).await;
    assert_eq!(proposed.status, 201);
    assert_eq!(walker.run(false).await.unwrap().sent, 0, "nobody has approved it");
    let id = approved(&house, wish()).await;
    let look = walker.run(true).await.unwrap();
    assert_eq!((look.swept.expired, look.sent), (4, 0), "a dry run counts");
    let report = walker.run(false).await.unwrap();
    assert_eq!((report.sent, report.swept.complete), (4, true));
    assert_eq!(walker.run(false).await.unwrap().sent, 0, "it is done");

    let letters = house.mails().await;
    let ids: BTreeSet<&str> = letters.iter().map(|letter| letter["id"].as_str().unwrap()).collect();
    assert_eq!((letters.len(), ids.len()), (4, 3), "one letter an address");
    for letter in &letters {
        let names: Vec<&String> = letter.as_object().unwrap().keys().collect();
        assert_eq!(names, ["campaign", "id", "subject"], "no word and no address waits in the queue");
    }
    // Between the walk and the letter.
    let office = PostOffice::of(&house).await;
    let off = house.send("PUT", &leaving, "/v1/account/consents/offers", r#"{"granted":false}"#).await;
    assert_eq!(off.status, 200);
    for letter in letters.iter().chain(&letters) {
        assert!(!office.comes_again(&letter.to_string()).await);
    }
    let [first, second] = &reached(&office)[..] else { panic!("{:?}", reached(&office)) };
    assert_eq!((first.to_ascii_lowercase(), second), (agreed, &bob));
    for mail in office.handed() {
        let simple = &mail["Content"]["Simple"];
        let name = if mail["Destination"]["ToAddresses"][0] == json!(bob) { "Bob" } else { "Ann Example" };
        let subject = simple["Subject"]["Data"].as_str().unwrap().to_owned();
        assert!(subject == format!("An offer, {name} / Une offre") || subject == "An offer, Bob / Une offre");
        let (text, html) =
            (simple["Body"]["Text"]["Data"].as_str().unwrap(), simple["Body"]["Html"]["Data"].as_str().unwrap());
        let link = simple["Headers"][0]["Value"].as_str().unwrap().trim_matches(['<', '>']);
        assert_eq!((text.matches(link).count(), html.matches(link).count()), (2, 2), "in the foot of both languages");
        assert!(text.contains("\r\nhere is <b>an offer</b>.\r\n\r\nIt ends soon.\r\n"), "{text}");
        assert!(html.contains("here is &lt;b&gt;an offer&lt;/b&gt;.</p><p>It ends soon."), "{html}");
    }
    let shown = get(&house, &operator(&house).await, &format!("/v1/operator/campaigns/{id}")).await.json();
    assert_eq!(shown["state"], "done");
    assert_eq!((&shown["queued"], &shown["sent"], &shown["skipped"]), (&json!(4), &json!(2), &json!(1)), "{shown}");
    let rest = serde_json::to_string(&item(&house, &id).await).unwrap();
    assert!(!rest.contains("example.com") && !rest.contains("acc_") && !rest.contains("con_"), "{rest}");
}

#[tokio::test]
async fn a_campaign_goes_on_where_it_was_whichever_call_was_the_last_and_each_letter_goes_out_once() {
    let house = house().await;
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(signed_up(&house, json!({ "offers": true }), None).await.1);
        let bob = format!("bob.{}@example.com", house.clock().new_id().simple());
        contact(&house, &bob).await;
        people.push(bob);
    }
    people.sort();
    house.mails().await;
    let (walker, office) = (Walker::of(&house).await, PostOffice::of(&house).await);
    let mut expected = Vec::new();
    for target in ["Scan", "Query", "UpdateItem", "SendMessageBatch"] {
        for fault in [Fault::Cut, Fault::CutAfter] {
            let id = approved(&house, wish()).await;
            for after in [0, 1, 2, 5] {
                // The first ones come through.
                walker.faults.inject(Calls::Target(target), Fault::Delay(Duration::ZERO), after);
                walker.faults.inject(Calls::Target(target), fault.clone(), 50);
                let _ = walker.run(false).await;
                walker.faults.reset();
                // Whoever died had it.
                house.clock().advance(Duration::from_secs(361));
            }
            for _ in 0..2 {
                walker.run(false).await.unwrap();
                house.clock().advance(Duration::from_secs(361));
            }
            deliver(&house, &office).await;
            expected.extend(people.clone());
            expected.sort();
            let done = item(&house, &id).await;
            assert_eq!(done.state, domain::campaign::CampaignState::Done, "{target} {fault:?}");
            assert_eq!(reached(&office), expected, "{target} {fault:?}");
            assert_eq!((done.sent, done.skipped), (6, 0), "{target} {fault:?}");
        }
    }
}

#[tokio::test]
async fn one_walks_at_a_time_and_what_does_not_fit_into_a_run_waits_for_the_next() {
    let house = house().await;
    signed_up(&house, json!({ "offers": true }), None).await;
    house.mails().await;
    let (walker, other) = (Walker::of(&house).await, Walker::of(&house).await);
    let id = approved(&house, wish()).await;
    let report = walker.within(9, false).await.unwrap();
    assert_eq!((report.sent, report.swept.complete), (0, false), "no time for a page");
    let (mine, theirs) = tokio::join!(walker.run(false), other.run(false));
    assert_eq!(mine.unwrap().sent + theirs.unwrap().sent, 1);
    assert_eq!(item(&house, &id).await.queued, 1);
}

#[tokio::test]
async fn who_looks_can_stop_it_and_then_no_letter_goes_out_that_still_waits() {
    let house = house().await;
    let (_, email) = signed_up(&house, json!({ "offers": true }), None).await;
    house.mails().await;
    let (walker, office) = (Walker::of(&house).await, PostOffice::of(&house).await);
    let key = operator(&house).await;
    let stop = async |id: &CampaignId| {
        let path = format!("/v1/operator/campaigns/{id}/steps");
        post(&house, &key, &path, json!({ "step": "stop" })).await.status
    };
    let early = approved(&house, wish()).await;
    assert_eq!(stop(&early).await, 200);
    assert_eq!(walker.run(false).await.unwrap().sent, 0, "nobody walks for it any more");
    assert_eq!(stop(&early).await, 409, "once");

    let late = approved(&house, wish()).await;
    assert_eq!(walker.run(false).await.unwrap().sent, 1);
    assert_eq!(stop(&late).await, 200);
    deliver(&house, &office).await;
    assert!(reached(&office).is_empty());
    let stopped = item(&house, &late).await;
    assert_eq!((stopped.queued, stopped.sent, stopped.skipped), (1, 0, 1));

    // What nobody got to within two weeks is old news.
    let old = approved(&house, wish()).await;
    assert_eq!(walker.run(false).await.unwrap().sent, 1);
    let never = approved(&house, wish()).await;
    house.clock().advance(Duration::from_secs(14 * 86_400));
    assert_eq!(walker.run(false).await.unwrap().sent, 0);
    deliver(&house, &office).await;
    assert!(reached(&office).is_empty());
    assert_eq!(item(&house, &old).await.skipped, 1);
    assert_eq!(item(&house, &never).await.state, domain::campaign::CampaignState::Done);

    // While nobody knows what it says, a letter waits.
    let last = approved(&house, wish()).await;
    assert_eq!(walker.run(false).await.unwrap().sent, 1);
    let letters = house.mails().await;
    office.faults.inject(Calls::Target("GetItem"), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 50);
    assert!(office.comes_again(&letters[0].to_string()).await);
    office.faults.reset();
    assert!(!office.comes_again(&letters[0].to_string()).await);
    assert_eq!(reached(&office), [email]);
    assert_eq!(item(&house, &last).await.sent, 1);
}

#[tokio::test]
async fn r010_without_its_link_no_letter_goes_out_and_one_that_cannot_be_counted_goes_out_once() {
    let house = house().await;
    let (_, email) = signed_up(&house, json!({ "offers": true }), None).await;
    house.mails().await;
    let (walker, office) = (Walker::of(&house).await, PostOffice::of(&house).await);
    let id = approved(&house, wish()).await;
    assert_eq!(walker.run(false).await.unwrap().sent, 1);
    let letter = house.mails().await.remove(0).to_string();

    office.faults.inject(Calls::Target("PutItem"), Fault::Cut, 50);
    assert!(office.comes_again(&letter).await, "what its link stands for could not be kept");
    assert!(reached(&office).is_empty());
    office.faults.reset();
    office.faults.inject(Calls::Target("UpdateItem"), Fault::Cut, 50);
    for _ in 0..2 {
        assert!(!office.comes_again(&letter).await);
    }
    assert_eq!(reached(&office), [email]);
    assert_eq!(item(&house, &id).await.sent, 0);
}

#[tokio::test]
async fn a_letter_takes_plain_words_within_its_limits_and_one_of_the_five_purposes() {
    let house = House::new().await;
    let key = operator(&house).await;
    let with = |part: &str, field: &str, value: &str| {
        let mut wish = wish();
        wish[part][field] = value.into();
        wish
    };
    let mut more = wish();
    more["to"] = json!(["ann@example.com"]);
    let mut other = wish();
    other["purpose"] = json!("newsletter");
    let mut less = wish();
    less.as_object_mut().unwrap().remove("english");
    for (body, pointer) in [
        (with("english", "subject", ""), "/english/subject"),
        (with("english", "subject", "News\r\nBcc: eve@example.com"), "/english/subject"),
        (with("english", "subject", &"x".repeat(121)), "/english/subject"),
        (with("english", "text", &"x".repeat(4_001)), "/english/text"),
        (with("english", "text", "Hello {email}"), "/english/text"),
        (with("english", "text", "Hello {{name}}"), "/english/text"),
        (with("english", "text", "a\u{0}b"), "/english/text"),
        (with("english", "text", "4111 1111 1111 1111"), "/english/text"),
        (with("french", "text", "\u{202e}"), "/french/text"),
        (with("french", "html", "<b>x</b>"), ""),
        (more, "/to"),
        (other, ""),
        (less, "/english"),
    ] {
        let answer = post(&house, &key, "/v1/operator/campaigns", body.clone()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{body}");
        let errors = answer.json()["errors"].to_string();
        assert!(errors.contains(pointer), "{pointer}: {errors}");
        assert!(!errors.contains("4111") && !errors.contains("eve@"), "{errors}");
    }
    for path in ["/v1/operator/campaigns/cmp_00000000000000000000000000", "/v1/operator/campaigns/x"] {
        assert_eq!(get(&house, &key, path).await.status, 404);
        assert_eq!(post(&house, &key, &format!("{path}/steps"), json!({ "step": "stop" })).await.status, 404);
    }
    house.app.journal().settle().await;
    let made = post(&house, &key, "/v1/operator/campaigns", wish()).await.json();
    let steps = format!("/v1/operator/campaigns/{}/steps", made["id"].as_str().unwrap());
    assert_eq!(post(&house, &key, &steps, json!({ "step": "start" })).await.status, 422);
    assert_eq!(post(&house, &key, &steps, json!({ "step": "stop" })).await.json()["state"], "stopped");
    house.app.journal().settle().await;
    let lines: Vec<Value> = house
        .faults
        .seen()
        .iter()
        .filter(|call| call.target.ends_with(".PutItem"))
        .map(|call| serde_json::from_slice::<Value>(&call.body).unwrap())
        .filter(|put| put["Item"]["event"]["S"] == "campaign-decided")
        .collect();
    let codes: Vec<&Value> = lines.iter().map(|line| &line["Item"]["code"]["S"]).collect();
    assert_eq!(codes, ["propose", "stop"]);
    assert!(!lines.iter().any(|line| line.to_string().contains("offer")), "a log has no words");
}
