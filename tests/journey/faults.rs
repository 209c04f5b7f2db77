//! A store's webhooks on their way to a developer's endpoint while everything in between fails: intake, fan-out and delivery in this process, as
//! several instances, with the emulator's queues and tables behind a fault proxy.
//!
//! What happens meanwhile: calls of AWS are cut before and after their effect, throttled, slowed down and left without an answer; instances end
//! in the middle of a batch, freeze with a batch in their hands, or lose what they wanted to acknowledge; messages come twice and in any
//! order; the clocks of instances are seconds and minutes apart and jump; the platform sends webhooks twice; the endpoint fails now and
//! then, answers 200 after 11 seconds, and is out of order for some seconds, so that deliveries are parked.
//!
//! What must be true in the end: every event that was acknowledged was taken by the endpoint, under one id each; every delivery is recorded as
//! delivered; no queue holds anything; and the counts agree.
//!
//! `JOURNEY_EVENTS=10000 cargo nextest run --workspace -E 'test(no_acknowledged_event_is_lost)'` runs it with as many events as that; without
//! it there are 300.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::types::QueueAttributeName;
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::key,
    hooks::{HookSecrets, HookVault},
};
use domain::{
    event::{Change, Topic},
    id::StoreId,
    model::Entity,
    store::HooksState,
};
use serde_json::json;
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use super::chaos::{
    Ahead, Courier, Dice, HIDDEN, Instances, PATIENCE, disturb, partition, run_ahead, stumble, taken, until_empty,
};
use crate::{
    deliver::hall::Hall,
    intake::{hook, signed},
    world::{answered, data_keys_of, environment},
};

const SECRET: &str = "a secret of the store";

/// Sends webhooks as a platform does: again and again until each is acknowledged, and some of them once more.
async fn send(
    numbers: std::ops::Range<u64>,
    store: &StoreId,
    instances: &Instances<intake::App>,
    dice: &Dice,
    acknowledged: &RefCell<BTreeSet<String>>,
) {
    for number in numbers {
        let object = format!("{number}");
        let body = json!({
            "id": format!("hook-{number}"), "topic": "order.deleted", "created_at": Clock::system().now(),
            "data": { "id": object },
        })
        .to_string();
        let headers = signed("cartos", SECRET, 0, body.as_bytes());
        let mut more = u32::from(dice.in_a_hundred(3));
        loop {
            let (app, _) = instances.any(dice);
            let (event, context) = hook(store, &headers, body.as_bytes()).event();
            let ends = if dice.in_a_hundred(1) { dice.millis(1, 50) } else { PATIENCE };
            let answer = tokio::time::timeout(ends, intake::handle(&app, event, &context)).await;
            if answer.is_ok_and(|answer| answered(answer).status == 200) {
                acknowledged.borrow_mut().insert(object.clone());
                if more == 0 {
                    break;
                }
                more -= 1;
            }
        }
    }
}

#[tokio::test]
async fn r139_no_acknowledged_event_is_lost_whatever_fails() {
    let events = crate::world::how_many("JOURNEY_EVENTS", 300);
    let dice = &Dice::new(0x00ca_57a6_e000);
    let mut hall = Hall::new().await;
    hall.subscription.topics = vec![Topic::Object(Entity::Orders, Change::Deleted)];
    hall.keep().await;
    let store = hall.world.store.clone();
    let stores = cloud::dynamo::stores::Stores::new(hall.world.tables(), hall.config.stores_table.clone());
    let vault = HookVault::new(stores, data_keys_of(&hall.world.boot));
    let part = vault.keeping(&store, &HookSecrets::new(SECRET.to_owned().into()), HooksState::Registered).await;
    cloud::dynamo::transaction::write(&hall.world.tables(), vec![part.unwrap()]).await.unwrap();

    // Queues of this test's own, so that no deployed function takes part.
    let sqs = &aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
    let name = Clock::system().new_id().simple().to_string();
    let mut urls = Vec::new();
    for queue in ["incoming", "outgoing", "replays", "dead"] {
        let made = sqs.create_queue().queue_name(format!("journey-{name}-{queue}"));
        let made = made.attributes(QueueAttributeName::VisibilityTimeout, HIDDEN).send().await.unwrap();
        urls.push(made.queue_url.unwrap());
    }
    let [incoming, outgoing, replays, dead] = <[String; 4]>::try_from(urls).unwrap();
    let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
    let aws = faults.url().clone();
    let ahead = Ahead::default();
    let (url, behind) = (incoming.clone(), aws.clone());
    let intakes = Instances::new(&ahead, move |clock| {
        let boot = Boot::new(&environment("intake", &behind), clock).unwrap();
        let config = intake::Config::from_env(&environment("intake", &behind)).unwrap();
        intake::App::new(&boot, intake::Config { incoming_events_queue_url: url.clone(), ..config })
    });
    let (urls, behind) = ((incoming.clone(), outgoing.clone(), replays.clone(), dead.clone()), aws.clone());
    let fan_outs = Instances::new(&ahead, move |clock| {
        let boot = Boot::new(&environment("fan-out", &behind), clock).unwrap();
        let mut config = fan_out::Config::from_env(&environment("fan-out", &behind)).unwrap();
        config.incoming_events_queue_url.clone_from(&urls.0);
        config.outgoing_events_queue_url.clone_from(&urls.1);
        config.replays_queue_url.clone_from(&urls.2);
        config.dead_events_queue_url.clone_from(&urls.3);
        fan_out::App::new(&boot, config)
    });
    let (urls, mails) = ((outgoing.clone(), replays.clone(), dead.clone()), hall.config.mail_queue_url.clone());
    let delivers = Instances::new(&ahead, move |clock| {
        let boot = Boot::new(&environment("deliver", &aws), clock).unwrap();
        let mut config = deliver::Config::from_env(&environment("deliver", &aws)).unwrap();
        config.outgoing_events_queue_url.clone_from(&urls.0);
        config.replays_queue_url.clone_from(&urls.1);
        config.dead_events_queue_url.clone_from(&urls.2);
        config.mail_queue_url.clone_from(&mails);
        deliver::App::new(&boot, config)
    });
    let couriers = [
        Courier::new(sqs, &incoming, "arn:aws:sqs:eu-central-1:1:cartage-incoming-events", dice),
        Courier::new(sqs, &outgoing, "arn:aws:sqs:eu-central-1:1:cartage-outgoing-events", dice),
        Courier::new(sqs, &replays, "arn:aws:sqs:eu-central-1:1:cartage-replays", dice),
    ];
    let fan_out = async |app: &fan_out::App, event: SqsEvent, context: &lambda_runtime::Context| {
        fan_out::handle(app, event, context).await.unwrap()
    };
    let deliver = async |app: &deliver::App, event: SqsEvent, context: &lambda_runtime::Context| {
        deliver::handle(app, event, context).await.unwrap()
    };

    let (calm, over) = (&Cell::new(false), &Cell::new(false));
    let acknowledged = &RefCell::new(BTreeSet::new());
    let endpoint = &hall.endpoint;
    let began = tokio::time::Instant::now();
    let sending = async {
        let half = events / 2;
        let one = send(0..half, &store, &intakes, dice, acknowledged);
        let other = send(half..events, &store, &intakes, dice, acknowledged);
        tokio::join!(one, other);
    };
    let watching = async {
        sending.await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        calm.set(true);
        until_empty(&couriers, &ahead, began, events).await;
        over.set(true);
    };
    tokio::join!(
        watching,
        stumble(endpoint, dice, calm),
        disturb(&faults, dice, calm),
        run_ahead(&couriers, &ahead, calm),
        couriers[0].run(&fan_outs, over, &fan_out),
        couriers[0].run(&fan_outs, over, &fan_out),
        couriers[1].run(&delivers, over, &deliver),
        couriers[1].run(&delivers, over, &deliver),
        couriers[2].run(&fan_outs, over, &fan_out),
    );

    let taken = taken(endpoint);
    let acknowledged = acknowledged.take();
    assert_eq!(acknowledged.len() as u64, events, "the platform does not give up");
    let lost: Vec<_> = acknowledged.iter().filter(|object| !taken.contains_key(*object)).collect();
    assert!(lost.is_empty(), "{} lost, as {:?}", lost.len(), &lost[..lost.len().min(5)]);
    let told_twice: Vec<_> = taken.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(told_twice.is_empty(), "an event under two ids: {:?}", &told_twice[..told_twice.len().min(5)]);
    let deliveries =
        partition(&hall.world.sdk(), &hall.config.deliveries_table, key::deliveries(&hall.subscription.id)).await;
    let not_delivered: Vec<_> = deliveries.iter().filter(|item| item["state"] != "delivered").collect();
    assert!(not_delivered.is_empty(), "{} stuck, as {:?}", not_delivered.len(), not_delivered[0]);
    assert_eq!(deliveries.len() as u64, events, "a delivery an event");
    assert!(hall.take(&dead).await.is_empty());
    let health = hall.standing().await.health;
    assert!(health.open_until.is_none() && !health.parked, "{health:?}");
    eprintln!("{events} events, {} attempts, in {:?}", endpoint.arrived().len(), began.elapsed());
}
