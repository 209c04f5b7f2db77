//! Usage: counted exactly wherever the lines are in their life, and told to whom they belong (R119, R133, R147).

use std::{collections::BTreeMap, time::Duration};

use cloud::{
    boot::Budget,
    clock::Clock,
    dynamo::usage::{Folded, Group, Span, Tallies, Usage},
    journal::{Journal, Served, Trace, UpstreamUse},
};
use connectors::Notice;
use domain::{
    id::{AccountId, ApplicationId, KeyId, RequestId, StoreId},
    scope::{Scope, ScopeSet},
    usage::{Counted, StatusClass},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::house::{House, Owner};
use crate::world::Calling;

/// A call that a function might have served.
#[derive(Clone)]
pub(crate) struct Call {
    account: AccountId,
    application: Option<ApplicationId>,
    key: KeyId,
    store: Option<StoreId>,
    status: u16,
    code: Option<&'static str>,
    took: Duration,
    trace: Trace,
}

impl Call {
    pub(crate) fn of(account: &AccountId) -> Self {
        Self {
            account: account.clone(),
            application: None,
            key: KeyId::from_uuid(Clock::system().new_id()),
            store: None,
            status: 200,
            code: None,
            took: Duration::from_millis(12),
            trace: Trace::default(),
        }
    }
}

/// A journal over a table, as a function has one.
pub(crate) struct Lines {
    journal: Journal,
    clock: Clock,
}

impl Lines {
    pub(crate) fn new(house: &House, table: &str, clock: Clock) -> Self {
        Self { journal: Journal::start(house.tables(), table, "", clock.clone()), clock }
    }

    /// Serves a call now.
    pub(crate) async fn call(&self, call: &Call) -> Timestamp {
        let (id, received) = (RequestId::from_uuid(self.clock.new_id()), self.clock.now());
        self.clock.advance(call.took);
        self.write(&id, received, call).await;
        received
    }

    async fn write(&self, id: &RequestId, received: Timestamp, call: &Call) {
        let served = Served {
            account: call.account.clone(),
            application: call.application.clone(),
            key: call.key.clone(),
            store: call.store.clone(),
            route: "GET /v1/stores/{store}/products",
            status: call.status,
            code: call.code,
            bytes: 100,
            trace: call.trace,
        };
        self.journal.service(id, received, served);
        self.journal.settle().await;
    }
}

/// What must be told, counted the plain way.
#[derive(Default)]
struct Expected(Tallies);

impl Expected {
    fn note(&mut self, at: Timestamp, call: &Call) {
        let group = Group {
            day: at.to_zoned(TimeZone::UTC).date(),
            key: call.key.clone(),
            application: call.application.clone(),
            store: call.store.clone(),
            status: StatusClass::of(call.status),
        };
        self.0.entry(group).or_default().note(&Counted {
            millis: u32::try_from(call.took.as_millis()).unwrap(),
            bytes: 100,
            upstream_calls: call.trace.upstream.calls,
            upstream_millis: 0,
            page: call.trace.asked.zip(call.trace.rows),
            scopes: call.trace.scopes,
            deprecated: call.trace.upstream.notice.deprecated,
            sunset: call.trace.upstream.notice.sunset,
        });
    }
}

/// Usage over tables of a test's own, at a time that it steers.
struct Bench {
    house: House,
    usage: Usage,
    table: String,
    lines: Lines,
    clock: Clock,
    account: AccountId,
}

impl Bench {
    async fn new(start: &str) -> Self {
        let house = House::new().await;
        let clock = Clock::steered(start.parse().unwrap());
        let (log, table) = (house.own_table("service-log").await, house.own_table("usage").await);
        let lines = Lines::new(&house, &log, clock.clone());
        let usage = Usage::new(house.tables(), log, table.clone(), clock.clone());
        let account = AccountId::from_uuid(Clock::system().new_id());
        Self { house, usage, table, lines, clock, account }
    }

    async fn fold(&self) -> [Folded; 2] {
        let budget = Budget::ending_in(Duration::from_secs(600));
        [
            self.usage.fold(Span::Hour, false, budget).await.unwrap(),
            self.usage.fold(Span::Day, false, budget).await.unwrap(),
        ]
    }

    async fn told(&self) -> Tallies {
        let today = self.clock.now().to_zoned(TimeZone::UTC).date();
        let first = today.checked_sub(SignedDuration::from_hours(24 * 30)).unwrap();
        self.usage.read(&self.account, Timestamp::UNIX_EPOCH, first..=today).await.unwrap()
    }
}

#[tokio::test]
async fn r147_counts_are_exact_however_far_they_are_folded() {
    let bench = Bench::new("2031-03-30T21:40:00Z").await;
    let keys = [(); 2].map(|()| KeyId::from_uuid(Clock::system().new_id()));
    let stores = [(); 2].map(|()| StoreId::from_uuid(Clock::system().new_id()));
    let mut expected = Expected::default();
    // Three days of calls, a quarter of an hour apart, so that they fall left and right of hours and midnights.
    for number in 0..300_usize {
        let mut call = Call::of(&bench.account);
        call.key = keys[number % 2].clone();
        call.store = (number % 3 > 0).then(|| stores[number % 3 - 1].clone());
        call.status = [200, 201, 304, 404, 503][number % 5];
        call.took = Duration::from_millis([3, 40, 250, 9_000][number % 4]);
        call.trace = Trace {
            upstream: UpstreamUse { calls: 2, ..UpstreamUse::default() },
            asked: (number % 2 == 0).then_some(50),
            rows: (number % 2 == 0).then_some(7),
            scopes: ScopeSet::of(&[Scope::ALL[number % 5]]),
        };
        expected.note(bench.lines.call(&call).await, &call);
        bench.clock.advance(Duration::from_secs(14 * 60 + 41) - call.took);
        if number % 47 == 0 {
            assert_eq!(bench.told().await, expected.0, "before the run at {number}");
            let [hours, days] = bench.fold().await;
            assert!(hours.complete && days.complete);
            assert_eq!(bench.told().await, expected.0, "after the run at {number}");
            assert_eq!(bench.fold().await.map(|folded| folded.due), [0, 0], "nothing is left to do");
        }
    }
    // Everything in days, nothing in hours or lines.
    bench.clock.advance(Duration::from_secs(3 * 86_400));
    bench.fold().await;
    assert_eq!(bench.told().await, expected.0);
    let first = "2031-03-30".parse().unwrap();
    let of_one_day = bench.usage.read(&bench.account, Timestamp::UNIX_EPOCH, first..=first).await.unwrap();
    assert!(!of_one_day.is_empty() && of_one_day.keys().all(|group| group.day == first));
    let other = AccountId::from_uuid(Clock::system().new_id());
    assert!(bench.usage.read(&other, Timestamp::UNIX_EPOCH, first..=first).await.unwrap().is_empty());
}

/// A sandbox may be frozen over a line and write it an hour later.
#[tokio::test]
async fn r147_what_comes_late_is_counted_with_its_day_and_a_repeated_run_counts_nothing_twice() {
    let bench = Bench::new("2031-05-02T08:10:00Z").await;
    let call = Call::of(&bench.account);
    let mut expected = Expected::default();
    let (late, received) = (RequestId::from_uuid(bench.clock.new_id()), bench.clock.now());
    expected.note(bench.lines.call(&call).await, &call);

    bench.clock.advance(Duration::from_secs(2 * 3_600));
    bench.fold().await;
    assert_eq!(bench.told().await, expected.0);
    // Its time is that of the call, however late it is written.
    let mut frozen = call.clone();
    frozen.took = Duration::from_secs(2 * 3_600) + call.took;
    bench.lines.write(&late, received, &frozen).await;
    assert_eq!(bench.told().await, expected.0, "its hour is folded");

    expected.note(received, &frozen);
    bench.clock.advance(Duration::from_secs(20 * 3_600));
    assert_eq!(bench.fold().await[1].items, 1, "the day is read once more");
    assert_eq!(bench.told().await, expected.0);

    // A run that crashed before it noted how far it was starts over.
    let budget = Budget::ending_in(Duration::from_secs(600));
    forget(&bench, "hour").await;
    forget(&bench, "day").await;
    assert_eq!(bench.usage.fold(Span::Day, true, budget).await.unwrap().items, 0, "a dry run only counts");
    let again = bench.fold().await;
    assert!(again[0].items > 0 && again[1].items > 0);
    assert_eq!(bench.told().await, expected.0);
}

/// Forgets how far a span was folded.
async fn forget(bench: &Bench, span: &str) {
    use aws_sdk_dynamodb::types::AttributeValue;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let gone = bench.house.sdk().delete_item().table_name(&bench.table).key("pk", text("folded")).key("sk", text(span));
    gone.send().await.unwrap();
}

#[tokio::test]
async fn r147_a_run_without_time_goes_on_where_it_stopped() {
    let bench = Bench::new("2031-05-02T08:10:00Z").await;
    let mut expected = Expected::default();
    let call = Call::of(&bench.account);
    expected.note(bench.lines.call(&call).await, &call);
    bench.clock.advance(Duration::from_secs(2 * 3_600));
    let short = bench.usage.fold(Span::Hour, false, Budget::ending_in(Duration::from_secs(2))).await.unwrap();
    assert!(!short.complete && short.items == 0);
    assert_eq!(bench.told().await, expected.0, "what is not folded is read from its lines");
    assert_eq!(bench.fold().await[0].items, 1);
    assert_eq!(bench.told().await, expected.0);
}

async fn rows(house: &House, key: &str, path: &str) -> Vec<Value> {
    let answer = house.call(Calling::new("GET", path).key(key)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.json()["data"].as_array().unwrap().clone()
}

/// The day so many days ago.
fn day_before(house: &House, days: i64) -> String {
    (house.clock().now() - SignedDuration::from_hours(24 * days)).to_zoned(TimeZone::UTC).date().to_string()
}

/// An owner with two applications, each with a key that made some calls of stores.
struct Used {
    owner: Owner,
    holdings: [super::house::Holding; 2],
    stores: [StoreId; 2],
}

async fn used(house: &House) -> Used {
    let owner = house.owner().await;
    let scopes = ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead, Scope::UsageRead]);
    let holdings = [house.holding(&owner, scopes).await, house.holding(&owner, scopes).await];
    let stores = [(); 2].map(|()| StoreId::from_uuid(Clock::system().new_id()));
    let lines = Lines::new(house, &house.config.service_log_table, house.clock().clone());
    for (number, holding) in holdings.iter().enumerate() {
        for status in [200, 200, 200, 404, 502] {
            let mut call = Call::of(&owner.account);
            call.key = holding.key_id.clone();
            call.application = Some(holding.application.clone());
            call.store = Some(stores[number].clone());
            call.status = status;
            call.took = Duration::ZERO;
            call.trace.scopes = ScopeSet::of(&[Scope::ProductsRead]);
            lines.call(&call).await;
        }
    }
    house.app.journal().settle().await;
    Used { owner, holdings, stores }
}

#[tokio::test]
async fn r147_usage_is_told_by_key_store_status_and_day() {
    let house = House::new().await;
    let Used { owner, holdings, stores } = used(&house).await;
    let today = house.clock().now().to_zoned(TimeZone::UTC).date().to_string();

    let narrow = format!("/v1/usage?key={}", holdings[0].key_id);
    let by_day = rows(&house, &owner.key, &narrow).await;
    assert_eq!(by_day.len(), 1);
    assert_eq!(by_day[0]["day"], today);
    assert_eq!(by_day[0]["calls"], 5);
    assert_eq!(by_day[0]["by_status"], json!({ "2xx": 3, "3xx": 0, "4xx": 1, "5xx": 1 }));
    assert_eq!(by_day[0]["bytes"], 500);
    assert!(by_day[0]["latency_ms"]["p99"].is_u64());
    assert_eq!(by_day[0].get("key"), None, "what is not grouped by is left out");

    let by_all = rows(&house, &owner.key, "/v1/usage?group_by=day,key,store,status").await;
    let of_first: Vec<_> = by_all.iter().filter(|row| row["store"] == stores[0].as_str()).collect();
    let seen: BTreeMap<&str, u64> =
        of_first.iter().map(|row| (row["status"].as_str().unwrap(), row["calls"].as_u64().unwrap())).collect();
    assert_eq!(seen, BTreeMap::from([("2xx", 3), ("4xx", 1), ("5xx", 1)]));
    assert!(of_first.iter().all(|row| row["application"] == holdings[0].application.as_str()));
    // The owner's own calls are counted too, a moment after they were made, and belong to no store.
    let own = by_all.iter().find(|row| row["application"].is_null() && row["store"].is_null());
    assert!(own.is_some_and(|row| row["calls"].as_u64() >= Some(2)), "{by_all:?}");

    let by_store = rows(&house, &owner.key, &format!("/v1/usage?group_by=store&store={}", stores[1])).await;
    assert_eq!((by_store.len(), &by_store[0]["calls"]), (1, &json!(5)));
    let before = day_before(&house, 40);
    let none = rows(&house, &owner.key, &format!("/v1/usage?from={before}&to={before}")).await;
    assert_eq!(none, [] as [Value; 0]);
}

#[tokio::test]
async fn an_application_sees_its_own_usage_and_an_account_only_its_own() {
    let house = House::new().await;
    let Used { owner, holdings, .. } = used(&house).await;
    let by_key = rows(&house, &holdings[0].key, "/v1/usage?group_by=key").await;
    assert_eq!(by_key.len(), 1);
    assert_eq!(by_key[0]["key"], holdings[0].key_id.as_str());
    let foreign = format!("/v1/usage?key={}", holdings[1].key_id);
    assert_eq!(rows(&house, &holdings[0].key, &foreign).await, [] as [Value; 0], "like a key that is not there");
    assert_eq!(rows(&house, &owner.key, &foreign).await.len(), 1);
    let advised = rows(&house, &holdings[0].key, "/v1/usage/advice").await;
    assert_eq!(advised.len(), 1);
    assert_eq!(advised[0]["key"], holdings[0].key_id.as_str());
    assert_eq!(rows(&house, &owner.key, "/v1/usage/advice").await.len(), 2);

    let stranger = house.owner().await;
    assert_eq!(rows(&house, &stranger.key, &foreign).await, [] as [Value; 0]);
    assert_eq!(rows(&house, &stranger.key, "/v1/usage/advice").await, [] as [Value; 0]);
    let without = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    for path in ["/v1/usage", "/v1/usage/advice"] {
        let refused = house.call(Calling::new("GET", path).key(&without.key)).await;
        assert_eq!(refused.problem(), "scope_missing", "{path}");
    }
}

#[tokio::test]
async fn usage_is_asked_for_strictly_and_read_page_by_page() {
    let house = House::new().await;
    let Used { owner, .. } = used(&house).await;
    let from = day_before(&house, 20);
    let whole = rows(&house, &owner.key, &format!("/v1/usage?group_by=key,status&from={from}")).await.len();
    let mut path = format!("/v1/usage?group_by=key,status&from={from}&per_page=2");
    let mut seen = Vec::new();
    loop {
        let page = house.get(&owner, &path).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| format!("{} {}", row["key"], row["status"])));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/usage?group_by=key,status&from={from}&per_page=2&cursor={cursor}");
        let other = house.get(&owner, &format!("/v1/usage?group_by=key&from={from}&cursor={cursor}")).await;
        assert_eq!(other.problem(), "cursor_invalid", "a cursor belongs to its query");
    }
    assert!(seen.len() >= whole && seen.is_sorted(), "{seen:?}");

    let backwards = format!("from={}&to={}", day_before(&house, 3), day_before(&house, 4));
    for (query, pointer) in [
        ("from=yesterday", "?from"),
        ("from=2020-01-01", "?from"),
        ("to=2999-01-01", "?to"),
        (backwards.as_str(), "?from"),
        ("key=str_00000000000000000000000000", "?key"),
        ("store=1", "?store"),
        ("group_by=week", "?group_by"),
        ("group_by=", "?group_by"),
        ("per_page=101", "?per_page"),
        ("sort=calls", "?sort"),
    ] {
        let answer = house.get(&owner, &format!("/v1/usage?{query}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}");
    }
}

/// R119: a scope that no call needed for so long is proposed to be dropped. R133: rows asked for and not used. R146: what will end.
#[tokio::test]
async fn r119_r133_r146_a_key_is_told_what_it_does_not_need() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    let owner = house.owner().await;
    let scopes = ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead]);
    let holding = house.holding(&owner, scopes).await;
    let store = StoreId::from_uuid(clock.new_id());
    let lines = Lines::new(&house, &house.config.service_log_table, clock.clone());
    let mut call = Call::of(&owner.account);
    call.key = holding.key_id.clone();
    call.application = Some(holding.application.clone());
    call.store = Some(store.clone());
    call.trace.scopes = ScopeSet::of(&[Scope::ProductsRead]);
    (call.trace.asked, call.trace.rows) = (Some(100), Some(3));
    call.trace.upstream.notice = Notice { deprecated: true, sunset: Some("2031-01-01T00:00:00Z".parse().unwrap()) };

    let advice = async || rows(&house, &owner.key, "/v1/usage/advice").await.remove(0);
    let codes = |row: &Value| -> Vec<String> {
        row["advice"].as_array().unwrap().iter().map(|advice| advice["code"].as_str().unwrap().to_owned()).collect()
    };
    let young = advice().await;
    assert_eq!(young["unused_scopes"], json!(["products:read", "orders:read"]));
    assert_eq!(codes(&young), [] as [&str; 0], "a new key may yet need its scopes");

    clock.advance(Duration::from_secs(89 * 86_400));
    for _ in 0..20 {
        lines.call(&call).await;
    }
    let today = clock.now().to_zoned(TimeZone::UTC).date().to_string();
    let told = advice().await;
    assert_eq!(codes(&told), ["narrow_scopes", "ask_for_fewer_rows", "upstream_sunset"]);
    assert_eq!(told["unused_scopes"], json!(["orders:read"]));
    assert_eq!(
        told["scopes"],
        json!([{ "scope": "products:read", "last_used": today }, { "scope": "orders:read", "last_used": null }])
    );
    assert_eq!((&told["rows_asked"], &told["rows"], &told["rows_used_percent"]), (&json!(2000), &json!(60), &json!(3)));
    assert_eq!(told["ending"], json!([{ "store": store, "sunset": "2031-01-01T00:00:00Z" }]));

    let revoked = house.delete(&owner, &format!("/v1/keys/{}", holding.key_id)).await;
    assert!(revoked.status < 300);
    assert_eq!(rows(&house, &owner.key, "/v1/usage/advice").await, [] as [Value; 0], "a revoked key needs no advice");
}

/// Whoever calls made-up stores must not fill the table with them.
#[tokio::test]
async fn a_store_that_is_not_there_is_no_group_of_its_own() {
    let bench = Bench::new("2031-05-02T08:10:00Z").await;
    for _ in 0..3 {
        let mut call = Call::of(&bench.account);
        call.key = "key_00000000000000000000000000".parse().unwrap();
        call.store = Some(StoreId::from_uuid(Clock::system().new_id()));
        (call.status, call.code) = (404, Some("not_found"));
        bench.lines.call(&call).await;
    }
    let told = bench.told().await;
    assert_eq!(told.len(), 1);
    assert!(told.iter().all(|(group, tally)| group.store.is_none() && tally.calls() == 3));
}
