//! Accounts that nobody uses: told, reminded, closed, and kept by whatever shows that somebody does (R022).

use std::time::Duration;

use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::{AccountItem, Accounts},
        key,
    },
};
use domain::{
    policy::{POLICIES, Policy},
    scope::{Scope, ScopeSet},
};
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};
use sweep::{Order, Sweep};
use testkit::stack::Stack;

use super::{
    house::{House, Owner, batch, failed},
    offboarding::worker,
};
use crate::world::{Calling, environment};

const DAY: u64 = 24 * 3_600;

/// The function `sweep` over the tables and queues of a house.
pub(crate) struct Night<'a> {
    house: &'a House,
    app: sweep::App,
    begun: Timestamp,
    /// How long a run may take, in milliseconds.
    patience: u64,
}

impl<'a> Night<'a> {
    pub(crate) fn of(house: &'a House) -> Self {
        Self::telling_of(house, POLICIES)
    }

    /// The same, with these policies.
    pub(crate) fn telling_of(house: &'a House, policies: &'static [Policy]) -> Self {
        let environment = environment("sweep", house.faults.url());
        let boot = Boot::new(&environment, house.clock().clone()).unwrap();
        let mut config = sweep::Config::from_env(&environment).unwrap();
        let (of, ours) = (&house.config, &mut config);
        for (to, from) in [
            (&mut ours.accounts_table, &of.accounts_table),
            (&mut ours.stores_table, &of.stores_table),
            (&mut ours.privacy_table, &of.privacy_table),
            (&mut ours.service_log_table, &of.service_log_table),
            (&mut ours.usage_table, &of.usage_table),
            (&mut ours.mail_queue_url, &of.mail_queue_url),
            (&mut ours.requests_queue_url, &of.requests_queue_url),
            (&mut ours.offboarding_queue_url, &of.offboarding_queue_url),
        ] {
            to.clone_from(from);
        }
        let app = sweep::App::new(&boot, config).with_policies(policies);
        Self { app, begun: house.clock().now(), patience: 300_000, house }
    }

    /// Goes to the day that is so many days after the beginning.
    pub(crate) fn day(&self, number: u64) {
        let then = self.begun + Duration::from_secs(number * DAY);
        let ahead = then.duration_since(self.house.clock().now());
        self.house.clock().advance(Duration::try_from(ahead).unwrap());
    }

    /// Gives every run so little time that it does one thing and lets another go on.
    pub(crate) fn hurry(&mut self) {
        self.patience = 5_000;
    }

    pub(crate) async fn run(&self, sweep: Sweep, dry_run: bool) -> sweep::Report {
        self.attempt(sweep, dry_run).await.unwrap()
    }

    /// A run that may fail half-way.
    pub(crate) async fn attempt(
        &self,
        sweep: Sweep,
        dry_run: bool,
    ) -> Result<sweep::Report, cloud::dynamo::Unavailable> {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(self.house.clock().now().as_millisecond()).unwrap() + self.patience;
        sweep::handle(&self.app, Order { sweep, dry_run }, &context).await
    }

    /// What was mailed to whom by a run of today.
    async fn mailed(&self) -> Vec<(String, String, Value)> {
        self.run(Sweep::Inactivity, false).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut mails: Vec<_> =
            self.house.mails().await.into_iter().map(|mail| (text(&mail["kind"]), text(&mail["to"]), mail)).collect();
        mails.sort_by(|one, other| one.1.cmp(&other.1));
        mails
    }
}

async fn account(house: &House, owner: &Owner) -> Option<AccountItem> {
    Accounts::new(house.tables(), house.config.accounts_table.clone()).get(&owner.account).await.unwrap()
}

async fn address(house: &House, owner: &Owner) -> String {
    account(house, owner).await.unwrap().email.as_str().to_owned()
}

async fn call(house: &House, owner: &Owner) -> u16 {
    let status = house.get(owner, "/v1/applications").await.status;
    house.app.journal().settle().await;
    status
}

/// Begins on the first of December before a leap year: the 90th day is the leap day.
pub(crate) async fn begun() -> House {
    Stack::shared();
    House::in_own_tables(Clock::steered("2027-12-01T12:00:00Z".parse().unwrap())).await
}

#[tokio::test]
async fn r022_who_does_not_answer_two_mails_is_closed_and_whoever_does_is_not() {
    let house = begun().await;
    let night = Night::of(&house);
    let (gone, kept, calling, late) =
        (house.owner().await, house.owner().await, house.owner().await, house.owner().await);
    for owner in [&gone, &kept, &calling, &late] {
        assert_eq!(call(&house, owner).await, 200);
    }
    let holding = house.holding(&gone, ScopeSet::of(&[Scope::ProductsRead])).await;
    let store = house.store(&gone).await;
    house.app.journal().settle().await;

    // Every few weeks is enough for the days to be carried before their marks expire.
    for day in [1, 25, 50, 75, 89] {
        night.day(day);
        assert_eq!(night.mailed().await.len(), 0, "day {day}");
    }
    assert_eq!(account(&house, &gone).await.unwrap().active_on, Some("2027-12-01".parse::<Date>().unwrap()));

    night.day(90);
    let dry = night.run(Sweep::Inactivity, true).await;
    assert_eq!((dry.swept.expired, dry.sent, dry.swept.complete), (4, 0, true));
    assert!(house.mails().await.is_empty(), "a dry run only reports");
    let mails = night.mailed().await;
    assert_eq!(mails.len(), 4);
    for (kind, _, mail) in &mails {
        assert_eq!(kind, "account-idle");
        assert_eq!(mail["notice"], json!({ "idle": { "closes_on": "2028-03-30" } }));
    }
    assert!(night.mailed().await.is_empty(), "once");

    // One follows the link. Looking at it, as scanners do, is no use.
    let to = address(&house, &kept).await;
    let link = mails.iter().find(|(_, address, _)| *address == to).unwrap().2["link"].as_str().unwrap().to_owned();
    let (path, token) = link.strip_prefix(&house.config.public_url).unwrap().split_once("?token=").unwrap();
    for _ in 0..3 {
        assert_eq!(house.call(Calling::new("GET", &format!("{path}?token={token}"))).await.status, 200);
    }
    assert!(account(&house, &kept).await.unwrap().idle_told_on.is_some());
    let page = Calling::new("GET", &format!("{path}?token={token}")).header("accept", "text/html");
    let page = String::from_utf8(house.call(page).await.body).unwrap();
    assert!(page.contains("<form method=\"post\" action=\"keep\">") && page.contains(token), "{page}");
    for _ in 0..2 {
        let posted = Calling::new("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={token}"));
        assert_eq!(house.call(posted).await.json()["status"], "kept");
    }
    assert_eq!(account(&house, &kept).await.unwrap().idle_told_on, None);
    // Another makes a call.
    night.day(100);
    assert_eq!(call(&house, &calling).await, 200);

    night.day(104);
    assert!(night.mailed().await.is_empty());
    night.day(105);
    let reminded = night.mailed().await;
    let mut two = [address(&house, &gone).await, address(&house, &late).await];
    two.sort();
    let told: Vec<_> = reminded.iter().map(|(kind, to, _)| (kind.as_str(), to.as_str())).collect();
    assert_eq!(told, two.iter().map(|to| ("account-idle-again", to.as_str())).collect::<Vec<_>>());

    night.day(119);
    assert!(night.mailed().await.is_empty());
    assert!(house.offboardings().await.records.is_empty());
    // A call on the very day, before its mark was carried.
    night.day(120);
    assert_eq!(call(&house, &late).await, 200);
    assert!(night.mailed().await.is_empty());
    let ordered = house.offboardings().await;
    assert_eq!(ordered.records.len(), 1);
    assert!(ordered.records[0].body.as_ref().unwrap().contains(gone.account.as_str()));
    assert!(account(&house, &gone).await.unwrap().closing_since.is_some());

    let worker = worker(&house);
    assert!(failed(&offboarding::handle(&worker, ordered.clone()).await.unwrap()).is_empty());
    assert!(failed(&offboarding::handle(&worker, ordered).await.unwrap()).is_empty(), "and once more");
    assert!(account(&house, &gone).await.is_none(), "erased");
    assert_eq!(call(&house, &gone).await, 401);
    assert_eq!(house.call(Calling::new("GET", "/v1/stores").key(&holding.key)).await.status, 401);
    let last: Vec<_> = house.mails().await.into_iter().map(|mail| mail["kind"].clone()).collect();
    assert_eq!(last, [json!("account-expired")]);
    let follows = house.offboardings().await;
    assert_eq!(follows.records.len(), 1);
    assert!(follows.records[0].body.as_ref().unwrap().contains(store.as_str()), "the store is off-boarded like any");
    let events = house.security_events(&gone.account).await;
    assert_eq!(events.iter().filter(|event| *event == "account-closed").count(), 1);
    assert_eq!(call(&house, &late).await, 200, "whoever came back stays");

    let token = house.call(Calling::new("POST", path).body(json!({ "token": "x".repeat(43) }).to_string())).await;
    assert_eq!((token.status, token.problem()), (410, "link_expired".to_owned()));
}

#[tokio::test]
async fn r022_nobody_is_idle_on_days_of_which_nothing_is_known() {
    let house = begun().await;
    let night = Night::of(&house);
    let owner = house.owner().await;
    call(&house, &owner).await;
    // The sweep is down for so long that what marked the days in between is gone.
    night.day(1);
    assert!(night.mailed().await.is_empty());
    night.day(200);
    assert!(night.mailed().await.is_empty(), "it may have been used every day until four weeks ago");
    night.day(225);
    assert!(night.mailed().await.is_empty());
    night.day(250);
    assert!(night.mailed().await.is_empty());
    night.day(262);
    assert!(night.mailed().await.is_empty());
    night.day(263);
    assert_eq!(night.mailed().await.len(), 1, "90 days after the first day of which all is known");
}

#[tokio::test]
async fn r022_activity_that_comes_in_between_keeps_an_account() {
    let house = begun().await;
    let owner = house.owner().await;
    let accounts = Accounts::new(house.tables(), house.config.accounts_table.clone());
    let read = account(&house, &owner).await.unwrap();
    let day = |text: &str| text.parse::<Date>().unwrap();
    assert!(accounts.note_active(&owner.account, day("2027-12-02")).await.unwrap());
    assert!(!accounts.note_active(&owner.account, day("2027-12-02")).await.unwrap(), "one write a day");
    assert!(!accounts.note_active(&owner.account, day("2027-12-01")).await.unwrap(), "and none for a day before");
    let mailed = cloud::dynamo::accounts::Mailed::First;
    assert!(!accounts.note_mailed(&read, mailed, day("2028-03-01")).await.unwrap());
    assert!(!accounts.begin_closing(&read, house.clock().now()).await.unwrap(), "it is not as it was read");
    let read = account(&house, &owner).await.unwrap();
    assert!(accounts.begin_closing(&read, house.clock().now()).await.unwrap());
    assert!(!accounts.note_active(&owner.account, day("2027-12-03")).await.unwrap(), "too late");

    // A message about an account that is not being closed closes nothing.
    let other = house.owner().await;
    let message = json!({ "close": other.account }).to_string();
    assert!(failed(&offboarding::handle(&worker(&house), batch(&[message])).await.unwrap()).is_empty());
    assert!(account(&house, &other).await.is_some());

    // A closing whose message was lost is ordered again.
    let night = Night::of(&house);
    night.run(Sweep::Inactivity, false).await;
    assert!(house.offboardings().await.records.is_empty(), "it has fifteen minutes");
    house.clock().advance(Duration::from_secs(16 * 60));
    night.run(Sweep::Inactivity, false).await;
    assert_eq!(house.offboardings().await.records.len(), 1);
    assert!(key::account(&owner.account).len() > 8);
}
