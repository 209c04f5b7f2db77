//! Each role holds just the actions that its function's code calls (invariant 10): what went to AWS is compared with the template.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{boot::Boot, clock::Clock, dynamo::cache::Cached};
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault, FaultProxy, Seen},
    receiver::Behaviour,
    stack::Stack,
};

use super::{
    house::{House, batch},
    usage::{Call, Lines},
};
use crate::{
    data_map::cloudformation,
    deliver::hall::Hall,
    intake::{Door, signed},
    proxy::restriction::{Wish, restrict},
    world::{Answered, Calling, environment},
};

/// An action on a resource, as `dynamodb:GetItem KeysTable`.
type Permissions = BTreeSet<String>;

/// What a role holds, but for its log group, its own queue and the key.
fn held(role: &str) -> Permissions {
    let (_, template) = cloudformation::templates().into_iter().next().unwrap();
    let mut held = Permissions::new();
    for statement in
        template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap()
    {
        if ["WriteOwnLogs", "TakeWork", "UseDataKey", "SeeWhichAreGone"].contains(&statement["Sid"].as_str().unwrap()) {
            continue;
        }
        for action in one_or_many(&statement["Action"]) {
            for resource in one_or_many(&statement["Resource"]) {
                let resource = match &resource["Fn::GetAtt"] {
                    Value::Array(path) => path[0].as_str().unwrap().to_owned(),
                    _ => "-".to_owned(),
                };
                held.insert(format!("{} {resource}", action.as_str().unwrap()));
            }
        }
    }
    assert!(!held.is_empty(), "{role}");
    held
}

fn one_or_many(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// What was called. What the tests themselves call of SQS, to make and read queues of their own, is left out.
fn called(calls: &[Seen]) -> Permissions {
    let mut called = Permissions::new();
    for call in calls {
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let (service, operation) = call.target.rsplit_once('.').unwrap_or_default();
        match (service, operation) {
            ("DynamoDB_20120810", "TransactWriteItems") => {
                for item in body["TransactItems"].as_array().unwrap() {
                    let (kind, item) = item.as_object().unwrap().iter().next().unwrap();
                    let action =
                        if kind == "ConditionCheck" { "ConditionCheckItem".into() } else { format!("{kind}Item") };
                    called.insert(format!("dynamodb:{action} {}", table(&item["TableName"])));
                }
            }
            ("DynamoDB_20120810", "DescribeContinuousBackups") => {
                called.insert(format!("dynamodb:{operation} -"));
            }
            ("DynamoDB_20120810", _) => {
                called.insert(format!("dynamodb:{operation} {}", table(&body["TableName"])));
            }
            ("secretsmanager", _) => {
                called.insert(format!("secretsmanager:{operation} -"));
            }
            ("TrentService", _) => {
                let key = match operation {
                    "GenerateMac" => "CodeKey",
                    "Sign" | "GetPublicKey" => "SigningKey",
                    _ => "DataKey",
                };
                called.insert(format!("kms:{operation} {key}"));
            }
            ("AmazonSQS", "SendMessage" | "SendMessageBatch") => {
                called.insert(format!("sqs:SendMessage {}", queue(&body["QueueUrl"])));
            }
            ("AmazonSQS", "GetQueueUrl" | "GetQueueAttributes") => {
                called.insert(format!("sqs:{operation} -"));
            }
            _ if call.path.contains("-large-hooks-") || call.path.contains("-exports-") => {
                let action = match call.method.as_str() {
                    // An object of parts begins and ends with a POST.
                    "PUT" | "POST" => "Put",
                    "DELETE" => "Delete",
                    _ => "Get",
                };
                called.insert(format!("s3:{action}Object -"));
            }
            _ if call.path.ends_with("/outbound-emails") => {
                called.insert("ses:SendEmail -".to_owned());
            }
            _ => {}
        }
    }
    called
}

/// The logical id of a queue.
fn queue(url: &Value) -> &'static str {
    let url = url.as_str().unwrap();
    let queues = [
        ("-mail", "MailQueue"),
        ("-offboarding", "OffboardingQueue"),
        ("-replays", "ReplaysQueue"),
        ("-incoming", "IncomingEventsQueue"),
        ("-reconciliations", "ReconciliationsQueue"),
        ("-outgoing", "OutgoingEventsQueue"),
        ("-ordered", "OrderedEventsQueue"),
        ("-privacy", "PrivacyTopicsQueue"),
        ("-requests", "RequestsQueue"),
        ("-callbacks", "CallbacksQueue"),
        ("-inbound-mails", "InboundMailsQueue"),
        ("-dead", "DeadEventsQueue"),
    ];
    let known = queues.into_iter().find(|(part, _)| url.contains(part));
    known.unwrap_or_else(|| panic!("{url} is no queue of the stack")).1
}

/// The logical id of a table.
fn table(name: &Value) -> String {
    let name = name.as_str().unwrap();
    for (end, id) in [
        ("-security-log", "SecurityLogTable"),
        ("-service-log", "ServiceLogTable"),
        ("-usage", "UsageTable"),
        ("-accounts", "AccountsTable"),
        ("-guards", "GuardsTable"),
        ("-stores", "StoresTable"),
        ("-store-keys", "StoreKeysTable"),
        ("-cache", "CacheTable"),
        ("-subscriptions", "SubscriptionsTable"),
        ("-events", "EventsTable"),
        ("-deliveries", "DeliveriesTable"),
        ("-privacy", "PrivacyTable"),
        ("-consents", "ConsentsTable"),
        ("-verifications", "VerificationsTable"),
        ("-forms", "FormsTable"),
        ("-tombstones", "TombstonesTable"),
        ("-keys", "KeysTable"),
    ] {
        if name.ends_with(end) {
            return id.to_owned();
        }
    }
    panic!("{name} is no table of the stack");
}

/// Makes a call that must succeed; the owner's key has the limits of its tier, which a test must wait for like anyone else.
async fn done(house: &House, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> Answered {
    loop {
        let mut calling = Calling::new(method, path);
        if let Some(key) = key {
            calling = calling.key(key);
        }
        if let Some(body) = &body {
            calling = calling.body(body.to_string());
        }
        let answer = house.call(calling).await;
        if answer.status == 429 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        return answer;
    }
}

#[tokio::test]
async fn control_may_do_what_it_does_and_no_more() {
    let house = House::new().await;
    let form = json!({
        "name": "Ann", "email": format!("{}@example.com", house.clock().new_id().simple()), "phone": "+49 30 901820",
        "company": "x", "website": "https://example.com", "adult": true, "policy_version": "1",
    });
    done(&house, "POST", "/v1/accounts", None, Some(form)).await;
    let mails = house.mails().await;
    let (_, token) = mails[0]["link"].as_str().unwrap().split_once("?token=").unwrap();
    let confirmed = done(&house, "POST", "/v1/accounts/confirm", None, Some(json!({ "token": token }))).await.json();
    let key = confirmed["key"].as_str();
    let id = |answer: Answered| answer.json()["id"].as_str().unwrap().to_owned();
    let application = id(done(&house, "POST", "/v1/applications", key, Some(json!({ "name": "a" }))).await);
    let keys = format!("/v1/applications/{application}/keys");
    let made = id(done(&house, "POST", &keys, key, Some(json!({ "scopes": ["products:read"] }))).await);
    done(&house, "GET", &keys, key, None).await;
    done(&house, "POST", &format!("/v1/keys/{made}/rotate"), key, None).await;
    let store = format!("/v1/stores/{}", id(done(&house, "POST", "/v1/stores", key, Some(house.connection())).await));
    done(&house, "POST", &format!("{store}/check"), key, None).await;
    let credentials = json!({ "credentials": house.connection()["credentials"] });
    done(&house, "PATCH", &store, key, Some(credentials)).await;
    let store_id = store.rsplit('/').next().unwrap().parse().unwrap();
    for cache in [true, false] {
        cached_answer(&store_id, &house.config.cache_table).await;
        done(&house, "PATCH", &store, key, Some(json!({ "cache": cache }))).await;
    }
    for form in ["sealed", "per-store"] {
        done(&house, "POST", &format!("{store}/move-credential"), key, Some(json!({ "to": form }))).await;
    }
    done(&house, "POST", &format!("{store}/rotate-hook-secret"), key, None).await;
    let grant = format!("{store}/grants/{application}");
    done(&house, "PUT", &grant, key, Some(json!({ "scopes": ["products:read"] }))).await;
    done(&house, "GET", "/v1/account/activity", key, None).await;
    done(&house, "PUT", "/v1/account/consents/monthly", key, Some(json!({ "granted": true }))).await;
    done(&house, "GET", "/v1/account/consents", key, None).await;
    done(&house, "GET", "/v1/usage", key, None).await;
    let wish = json!({ "application": application, "url": "https://hooks.example.com/", "topics": ["product.*"] });
    let made = id(done(&house, "POST", "/v1/subscriptions", key, Some(wish)).await);
    let subscription = format!("/v1/subscriptions/{made}");
    done(&house, "PATCH", &subscription, key, Some(json!({ "state": "disabled" }))).await;
    let receiver = testkit::receiver::Receiver::start().await.unwrap();
    done(&house, "PATCH", &subscription, key, Some(json!({ "url": receiver.url().as_str() }))).await;
    done(&house, "POST", &format!("{subscription}/enable"), key, None).await;
    done(&house, "POST", &format!("{subscription}/rotate-secret"), key, None).await;
    done(&house, "GET", &format!("{subscription}/deliveries"), key, None).await;
    let event = format!("{subscription}/deliveries?event=evt_00000000000000000000000000");
    done(&house, "GET", &event, key, None).await;
    done(&house, "POST", &format!("{subscription}/replay"), key, Some(json!({ "failed": true }))).await;
    done(&house, "GET", "/v1/events", key, None).await;
    done(&house, "GET", "/v1/privacy/requests", key, None).await;
    super::operator::everything(&house).await;
    done(&house, "DELETE", &store, key, None).await;
    done(&house, "DELETE", "/v1/account", key, None).await;
    house.app.journal().settle().await;
    assert_eq!(called(&house.faults.seen()), held("ControlRole"));
}

#[tokio::test]
async fn fan_out_may_do_what_it_does_and_no_more() {
    let faults = crate::fan_out::everything().await;
    assert_eq!(called(&faults), held("FanOutRole"));
}

#[tokio::test]
async fn dsar_may_do_what_it_does_and_no_more() {
    let mut calls = crate::dsar::everything().await;
    calls.extend(crate::dsar::people::everything().await);
    assert_eq!(called(&calls), held("DsarRole"));
}

#[tokio::test]
async fn mail_may_do_what_it_does_and_no_more() {
    let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
    let environment = environment("mail", faults.url());
    let boot = Boot::new(&environment, Clock::system()).unwrap();
    let app = mail::App::new(&boot, mail::Config::from_env(&environment).unwrap());
    let id = domain::id::MessageId::from_uuid(boot.clock.new_id());
    let body = json!({ "id": id, "kind": "account-closed", "to": "ann@example.com" }).to_string();
    let campaign = crate::consents::office::campaign(domain::consent::Purpose::Monthly).await;
    let letter = |subject: &str| {
        let id = domain::id::MessageId::from_uuid(boot.clock.new_id());
        json!({ "id": id, "campaign": campaign, "subject": format!("{subject}_00000000000000000000000001") })
            .to_string()
    };
    let bodies = [body, letter("acc"), letter("con")];
    assert!(mail::handle(&app, batch(&bodies)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(called(&faults.seen()), held("MailRole"));
}

#[tokio::test]
async fn partners_may_do_what_they_do_and_no_more() {
    assert_eq!(called(&crate::partners::everything().await), held("PartnersRole"));
}

#[tokio::test]
async fn callbacks_may_do_what_they_do_and_no_more() {
    assert_eq!(called(&crate::partners::callbacks::everything().await), held("CallbacksRole"));
}

#[tokio::test]
async fn inbound_mail_may_do_what_it_does_and_no_more() {
    assert_eq!(called(&crate::inbound_mail::everything().await), held("InboundMailRole"));
}

#[tokio::test]
async fn privacy_may_do_what_it_does_and_no_more() {
    let mut seen = called(&crate::privacy::everything().await);
    // Not called here: an address that is signed lets its holder do what the signer may.
    seen.insert("s3:GetObject -".to_owned());
    assert_eq!(seen, held("PrivacyRole"));
}

#[tokio::test]
async fn intake_may_do_what_it_does_and_no_more() {
    let door = Door::new().await;
    let store = door.store("shopify", "secret").await;
    for body in [b"{}".to_vec(), vec![b'x'; cloud::sqs::MESSAGE_LIMIT]] {
        assert_eq!(door.post(&store, &signed("shopify", "secret", 0, &body), &body).await, 200);
    }
    assert_eq!(called(&door.faults.seen()), held("IntakeRole"));
}

#[tokio::test]
async fn offboarding_may_do_what_it_does_and_no_more() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let holding = house.holding(&owner, domain::role::Role::Owner.scopes()).await;
    let path = format!("/v1/stores/{store}");
    let grant = format!("{path}/grants/{}", holding.application);
    house.send("PUT", &owner, &grant, r#"{"scopes":["products:read"]}"#).await;
    cached_answer(&store, &house.config.cache_table).await;
    crate::fan_out::known(&house.boot, &store).await;
    house.delete(&owner, &path).await;

    let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
    let environment = environment("offboarding", faults.url());
    let boot = Boot::new(&environment, Clock::system()).unwrap();
    let mut config = offboarding::Config::from_env(&environment).unwrap();
    config.offboarding_queue_url.clone_from(&house.config.offboarding_queue_url);
    config.mail_queue_url.clone_from(&house.config.mail_queue_url);
    let app = offboarding::App::new(&boot, config);
    let answer = offboarding::handle(&app, house.offboardings().await).await.unwrap();
    assert!(answer.batch_item_failures.is_empty());
    // And an account whose closing the sweep began, with a store, a subscription and a ledger of consents.
    house.send("PATCH", &owner, "/v1/account", r#"{"consents":{"offers":true}}"#).await;
    let other = house.store(&owner).await;
    house
        .send(
            "PUT",
            &owner,
            &format!("/v1/stores/{other}/grants/{}", holding.application),
            r#"{"scopes":["products:read"]}"#,
        )
        .await;
    let wish =
        json!({ "application": holding.application, "url": "https://hooks.example.com/", "topics": ["product.*"] });
    house.post(&owner, "/v1/subscriptions", wish).await;
    let accounts = cloud::dynamo::accounts::Accounts::new(house.tables(), house.config.accounts_table.clone());
    let read = accounts.get(&owner.account).await.unwrap().unwrap();
    assert!(accounts.begin_closing(&read, house.clock().now()).await.unwrap());
    let message = json!({ "close": owner.account }).to_string();
    assert!(offboarding::handle(&app, batch(&[message])).await.unwrap().batch_item_failures.is_empty());
    assert!(accounts.get(&owner.account).await.unwrap().is_none());
    assert_eq!(called(&faults.seen()), held("OffboardingRole"));
}

#[tokio::test]
async fn deliver_may_do_what_it_does_and_no_more() {
    let mut hall = Hall::new().await;
    // One whose store has a customer whose data must not be used.
    let customer = [domain::restriction::Identifier::Id("7")];
    restrict(&hall.world, &hall.world.store, &customer, Wish::default()).await;
    // Parked, asked for again, given up, switched off: all that it writes and sends.
    hall.endpoint.always(Behaviour::Status(500));
    for _ in 0..6 {
        hall.event();
    }
    hall.pass(Duration::from_secs(20)).await;
    hall.endpoint.always(Behaviour::Status(200));
    hall.pass(Duration::from_secs(60)).await;
    hall.event();
    hall.clock.advance(Duration::from_secs(24 * 3_600 - 200));
    hall.faults.inject(Calls::Target("GetItem"), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 20);
    hall.settle().await;
    let mut seen = hall.faults.seen();
    hall.faults.reset();
    hall.endpoint.always(Behaviour::Status(410));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    hall.event();
    hall.settle().await;
    seen.extend(hall.faults.seen());
    assert_eq!(called(&seen), held("DeliverRole"));
}

#[tokio::test]
async fn sweep_may_do_what_it_does_and_no_more() {
    let house = House::in_own_tables(Clock::steered(Clock::system().now())).await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    // One that leaves, and one that stays to be looked after.
    house.store(&owner).await;
    house.delete(&owner, &format!("/v1/stores/{store}")).await;
    let begun = house.clock().now();
    let soon = Clock::steered(house.clock().now() + Duration::from_secs(16 * 60));
    let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
    let environment = environment("sweep", faults.url());
    let boot = Boot::new(&environment, soon.clone()).unwrap();
    let mut config = sweep::Config::from_env(&environment).unwrap();
    // Stores and accounts of other tests are none of this one's business.
    config.offboarding_queue_url.clone_from(&house.config.offboarding_queue_url);
    config.reconciliations_queue_url.clone_from(&house.config.reconciliations_queue_url);
    config.mail_queue_url.clone_from(&house.config.mail_queue_url);
    config.accounts_table.clone_from(&house.config.accounts_table);
    config.stores_table.clone_from(&house.config.stores_table);
    for (table, name) in [
        (&mut config.service_log_table, "service-log"),
        (&mut config.security_log_table, "security-log"),
        (&mut config.guards_table, "guards"),
        (&mut config.usage_table, "usage"),
        (&mut config.cache_table, "cache"),
        (&mut config.events_table, "events"),
        (&mut config.deliveries_table, "deliveries"),
        (&mut config.verifications_table, "verifications"),
    ] {
        *table = expired_line(&house, name).await;
    }
    // A call of yesterday, for an hour and a day to be folded.
    let yesterday = Clock::steered(house.clock().now() - jiff::SignedDuration::from_hours(48));
    Lines::new(&house, &config.service_log_table, yesterday).call(&Call::of(&owner.account)).await;
    config.privacy_table = house.own_table("privacy").await;
    config.consents_table = house.own_table("consents").await;
    crate::consents::office::runs(&house, &config.consents_table).await;
    config.requests_queue_url.clone_from(&house.config.requests_queue_url);
    super::operator::waiting(&house, &config.privacy_table, soon.now() - jiff::SignedDuration::from_hours(30)).await;
    let app = sweep::App::new(&boot, config).with_policies(super::policies::CHANGED);
    // First all of them; then what time brings, to an account, its key and its store.
    let of_time = [sweep::Sweep::Inactivity, sweep::Sweep::Rotation, sweep::Sweep::Departures];
    for days in [0, 27, 54, 81, 91, 336] {
        let sweeps = if days == 0 { sweep::Sweep::ALL } else { &of_time };
        let then = begun + Duration::from_secs(days * 24 * 3_600);
        soon.advance(Duration::try_from(then.duration_since(soon.now())).unwrap_or_default());
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(soon.now().as_millisecond()).unwrap() + 300_000;
        for sweep in sweeps {
            sweep::handle(&app, sweep::Order { sweep: *sweep, dry_run: false }, &context).await.unwrap();
        }
    }
    assert_eq!(called(&faults.seen()), held("SweepRole"));
}

/// Puts an answer into the cache, past the fault proxy.
async fn cached_answer(store: &domain::id::StoreId, table: &str) {
    let boot = Boot::new(&environment("proxy", Stack::shared().aws()), Clock::system()).unwrap();
    let item = cloud::dynamo::cache::BodyItem {
        pk: cloud::dynamo::key::store(store),
        sk: cloud::dynamo::key::body(domain::model::Entity::Products, "0"),
        v: 1,
        generation: 0,
        fetched_at: boot.clock.now(),
        rows: None,
        sealed: Vec::new().into(),
        expires_at: boot.clock.now().as_second() + 60,
    };
    Cached::new(cloud::dynamo::client(&boot.aws), table.to_owned()).keep(&item).await.unwrap();
}

/// A table of this test's own with a line that has expired: in a shared one another test's sweep could be quicker.
async fn expired_line(house: &House, name: &str) -> String {
    let table = house.own_table(name).await;
    let line = house.sdk();
    let line = line.put_item().table_name(&table).item("pk", AttributeValue::S("a".to_owned()));
    let line = line.item("sk", AttributeValue::S("-".to_owned())).item("expires_at", AttributeValue::N("1".to_owned()));
    line.send().await.unwrap();
    table
}
