//! Many requests at once, and much of one person: what it costs is told in units of DynamoDB and grows in proportion (`privacy.md` D.7, E).
//!
//! Small in an ordinary run. `REQUESTS=10000 ITEMS=1000000 cargo test --workspace -p tests -- scale:: --nocapture` is the whole of it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::requests::{NewRequest, Requests, SubjectRequestItem},
};
use domain::{
    id::PrivacyRequestId,
    request::{Channel, Kind, Regime, State},
};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;
use sweep::{Order, Sweep};
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use super::bureau::{Bureau, Someone, line};
use crate::{
    control::house::House,
    world::{environment, how_many},
};

/// Of how many requests one is late.
const LATE: u64 = 3;

fn request(clock: &Clock, number: u64) -> SubjectRequestItem {
    let days = if number.is_multiple_of(LATE) { 100 } else { 0 };
    SubjectRequestItem::new(NewRequest {
        id: PrivacyRequestId::from_uuid(clock.new_id()),
        // It needs no proof: it is at work from the beginning.
        kind: Kind::OptOutSale,
        channel: Channel::Api,
        regime: Regime::Gdpr,
        language: domain::request::Language::En,
        received_at: clock.now() - SignedDuration::from_hours(24 * days),
        taken_at: clock.now(),
        email: format!("somebody-{number}@example.com").parse().unwrap(),
        corrections: Vec::new(),
        partner: None,
    })
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "what it costs is shown with --no-capture")]
async fn however_many_requests_are_open_none_is_late_silently() {
    let asked = how_many("REQUESTS", 300);
    let house = House::new().await;
    let clock = Clock::steered(house.clock().now());
    let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
    let environment = environment("sweep", faults.url());
    let boot = Boot::new(&environment, clock.clone()).unwrap();
    let mut config = sweep::Config::from_env(&environment).unwrap();
    config.privacy_table = house.own_table("privacy").await;
    config.requests_queue_url.clone_from(&house.config.requests_queue_url);
    // Past the proxies, which remember every body.
    let direct = Boot::new(&crate::world::environment("sweep", Stack::shared().aws()), clock.clone()).unwrap();
    let requests = Requests::new(cloud::dynamo::client(&direct.aws), config.privacy_table.clone(), String::new());
    let app = sweep::App::new(&boot, config);
    let run = async || {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(clock.now().as_millisecond()).unwrap() + 900_000;
        sweep::handle(&app, Order { sweep: Sweep::Requests, dry_run: false }, &context).await.unwrap()
    };
    let (mut open, mut each) = (0, Vec::new());
    for many in [asked / 10, asked - asked / 10] {
        stream::iter(open..open + many)
            .for_each_concurrent(8, async |number| {
                assert!(requests.open(&request(&clock, number), None, Vec::new()).await.unwrap());
            })
            .await;
        open += many;
        faults.reset();
        let report = run().await;
        assert!(report.swept.complete);
        assert_eq!((report.swept.expired, report.overdue), (open, open.div_ceil(LATE)));
        each.push(faults.read_units() / to_f64(open));
    }
    println!("{open} open requests: a look at one takes {each:?} read units, for a tenth of them and for all");
    assert!(each[1] <= each[0] * 1.25, "{each:?}");

    clock.advance(Duration::from_secs(21 * 60));
    assert_eq!(run().await.sent, open, "nobody works on any of them");
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let taken = house.request_work().await;
        if taken.is_empty() {
            break;
        }
        seen.extend(taken.into_iter().map(|message| message.request));
    }
    assert_eq!(seen.len() as u64, open, "each is looked at again");
}

/// Puts so many calls into the service log of somebody.
async fn calls(bureau: &Bureau, someone: &Someone, many: u64) {
    let tables = crate::sdk::tables(Stack::shared().aws().as_str());
    let row = |number: u64| {
        let item = line(bureau, someone, number, "GET /v1/stores/{store}/products".to_owned());
        WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
    };
    let table = &bureau.config.service_log_table;
    stream::iter((0..many).step_by(25))
        .for_each_concurrent(8, async |first| {
            let rows = (first..many.min(first + 25)).map(row).collect();
            let written = tables.batch_write_item().request_items(table, rows).send().await.unwrap();
            assert!(written.unprocessed_items.unwrap_or_default().is_empty());
        })
        .await;
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "what it costs is shown with --no-capture")]
async fn what_a_file_costs_grows_with_what_is_held() {
    let most = how_many("ITEMS", 2_000);
    let mut each = Vec::new();
    for many in [most / 10, most] {
        let bureau = Bureau::new().await;
        let someone = bureau.someone().await;
        calls(&bureau, &someone, many).await;
        let request = bureau.proven(&someone.owner, Kind::Access, Vec::new()).await;
        bureau.faults.reset();
        bureau.go_on(&request).await;
        assert_eq!(bureau.state(&request).await, State::Delivered);
        let found = bureau.places(&request).await.into_iter().find(|place| place.place == "calls").unwrap().found;
        assert!(found >= many, "{found} of {many}");
        let (read, written) = (bureau.faults.read_units(), bureau.faults.write_units());
        println!("a file of {found} calls: {read} read units, {written} write units");
        each.push((read + written) / to_f64(found));
    }
    assert!(each[1] <= each[0] * 1.1, "units a call, for a tenth of them and for all: {each:?}");
}

#[expect(clippy::cast_precision_loss, reason = "numbers of items are far below 2^52")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
