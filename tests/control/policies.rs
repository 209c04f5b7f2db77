//! New versions of policies: told to every account, in force in time, and no further than an account agrees (R032, R033, R041, R102).

use std::time::Duration;

use cloud::{
    clock::Clock,
    dynamo::accounts::{Accounts, AgreementItem},
};
use domain::{
    agreement::Manner,
    policy::{Day, PRIVACY, Policy, Version},
};
use jiff::civil::Date;
use serde_json::{Value, json};
use sweep::Sweep;
use testkit::{
    fault_proxy::{Calls, Fault},
    stack::Stack,
};

use super::{
    house::{House, Owner, failed},
    inactivity::Night,
    offboarding::worker,
};
use crate::world::Calling;

const fn version(name: &'static str, effective: Day, significant: bool, reduces_rights: bool) -> Version {
    Version { name, effective, significant, reduces_rights, sha256: "", text: "" }
}

/// A policy that changes: a little, in a way that matters, and in one that takes rights away.
pub(crate) static CHANGED: &[Policy] = &[Policy {
    name: PRIVACY,
    title: "Privacy policy",
    versions: &[
        version("1", Day::new(2026, 1, 1), true, false),
        version("2", Day::new(2028, 2, 1), false, false),
        version("3", Day::new(2028, 3, 1), true, false),
        version("4", Day::new(2028, 4, 1), true, true),
    ],
}];

/// A house under these policies, in February of a leap year.
async fn changing() -> House {
    Stack::shared();
    let mut house = House::in_own_tables(Clock::steered("2028-02-10T12:00:00Z".parse().unwrap())).await;
    house.app = control::App::new(&house.boot, house.config.clone()).with_policies(CHANGED);
    house
}

fn accounts(house: &House) -> Accounts {
    Accounts::new(house.tables(), house.config.accounts_table.clone())
}

async fn rows(house: &House, owner: &Owner) -> Vec<AgreementItem> {
    accounts(house).agreements(&owner.account).await.unwrap()
}

async fn told(house: &House, owner: &Owner) -> Vec<(String, Option<String>)> {
    rows(house, owner).await.into_iter().map(|row| (row.version, row.noticed_at.map(|at| at.to_string()))).collect()
}

/// What `GET` shows: the version that binds, and what is known of one.
async fn shown(house: &House, owner: &Owner, version: usize) -> (Value, Value) {
    let answer = house.get(owner, "/v1/account/agreements").await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let policy = answer.json()["data"][0].clone();
    (policy["binding"].clone(), policy["versions"][version].clone())
}

async fn say(house: &House, owner: &Owner, version: &str, agrees: bool) -> u16 {
    let path = format!("/v1/account/agreements/privacy/{version}");
    house.send("PUT", owner, &path, &json!({ "agrees": agrees }).to_string()).await.status
}

/// A call of today, carried to the account as the nightly sweep does.
async fn used(house: &House, owner: &Owner, day: &str) {
    assert!(accounts(house).note_active(&owner.account, day.parse::<Date>().unwrap()).await.unwrap());
}

#[tokio::test]
async fn r032_r102_every_account_is_told_once_of_what_matters_before_it_takes_effect() {
    let house = changing().await;
    let owners = [house.owner().await, house.owner().await];
    let night = Night::telling_of(&house, CHANGED);
    let dry = night.run(Sweep::Policies, true).await;
    assert_eq!((dry.swept.expired, dry.sent), (4, 0));
    assert!(house.mails().await.is_empty() && told(&house, &owners[0]).await.is_empty());

    // A run that ends between a mail and its note is gone on with, and the mail that comes twice has one id.
    for write in ["UpdateItem", "TransactWriteItems"] {
        house.faults.inject(Calls::Target(write), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 3);
    }
    assert!(night.attempt(Sweep::Policies, false).await.is_err());
    assert!(told(&house, &owners[0]).await.is_empty() && told(&house, &owners[1]).await.is_empty());
    house.faults.reset();
    let report = night.run(Sweep::Policies, false).await;
    assert_eq!((report.sent, report.swept.complete), (4, true));
    let mails = house.mails().await;
    assert_eq!(mails.len(), 4, "one mail an account and version, whatever is sent again");
    let about = |mail: &Value| (mail["kind"].clone(), mail["link"].clone(), mail["notice"]["policy"].clone());
    let mut first: Vec<_> = mails.iter().filter(|mail| mail["to"] == mails[0]["to"]).map(about).collect();
    first.sort_by_key(|(_, link, _)| link.to_string());
    let link = |version: &str| json!(format!("{}/policies/privacy/{version}", house.config.public_url));
    let kind = json!("policy-changed");
    // The day that begins thirty days after today, over the leap day.
    let third = json!({ "policy": "privacy", "version": "3", "takes_effect": "2028-03-12" });
    let fourth = json!({ "policy": "privacy", "version": "4", "takes_effect": null });
    assert_eq!(first, [(kind.clone(), link("3"), third), (kind, link("4"), fourth)]);
    assert_eq!(night.run(Sweep::Policies, false).await.sent, 0, "once");
    let at = Some("2028-02-10T12:00:00Z".to_owned());
    assert_eq!(told(&house, &owners[1]).await, [("3".to_owned(), at.clone()), ("4".to_owned(), at)]);

    // An account that comes later is told later, and nobody twice.
    night.day(3);
    let late = house.owner().await;
    assert_eq!(night.run(Sweep::Policies, false).await.sent, 2);
    assert_eq!(told(&house, &late).await[0].1.as_deref(), Some("2028-02-13T12:00:00Z"));
    assert_eq!(Night::of(&house).run(Sweep::Policies, false).await.swept.expired, 0, "nothing has changed");

    // It holds for the first ones with the twelfth of March, and for the late one with the fifteenth.
    for (day, early, later) in [(30, "2", "2"), (31, "3", "2"), (33, "3", "2"), (34, "3", "3"), (400, "3", "3")] {
        night.day(day);
        assert_eq!(shown(&house, &owners[0], 2).await.0, early, "day {day}");
        assert_eq!(shown(&house, &late, 2).await.0, later, "day {day}");
    }
}

#[tokio::test]
async fn r041_r102_use_after_the_day_is_noted_as_agreement_once() {
    let house = changing().await;
    let (busy, quiet) = (house.owner().await, house.owner().await);
    let night = Night::telling_of(&house, CHANGED);
    night.run(Sweep::Policies, false).await;
    used(&house, &busy, "2028-03-11").await;
    night.day(31);
    assert_eq!(night.run(Sweep::Policies, false).await.folded, 0, "it was used before that day, and not since");
    used(&house, &busy, "2028-03-12").await;
    assert_eq!(night.run(Sweep::Policies, false).await.folded, 1);
    assert_eq!(night.run(Sweep::Policies, false).await.folded, 0, "once");
    let (binding, third) = shown(&house, &busy, 2).await;
    assert_eq!((binding, &third["agreed_how"]), (json!("3"), &json!("use")));
    assert_eq!(third["agreed_at"], "2028-03-12T12:00:00Z");
    assert!(rows(&house, &quiet).await.iter().all(|row| row.agreed_at.is_none()));
    assert_eq!(say(&house, &busy, "3", false).await, 409, "agreed to: who wants out closes the account");
}

#[tokio::test]
async fn r102_who_declines_is_closed_with_the_day_and_may_think_better_of_it() {
    let house = changing().await;
    let (gone, back) = (house.owner().await, house.owner().await);
    let night = Night::telling_of(&house, CHANGED);
    night.run(Sweep::Policies, false).await;
    house.mails().await;
    for owner in [&gone, &back] {
        assert_eq!(say(&house, owner, "3", false).await, 200);
        assert_eq!(shown(&house, owner, 2).await.1["declined_at"], "2028-02-10T12:00:00Z");
    }
    night.day(2);
    assert_eq!(say(&house, &gone, "3", false).await, 200);
    assert_eq!(shown(&house, &gone, 2).await.1["declined_at"], "2028-02-10T12:00:00Z", "the first time counts");
    assert_eq!(say(&house, &back, "3", true).await, 200);
    assert_eq!(shown(&house, &back, 2).await.1["declined_at"], Value::Null);

    night.day(30);
    night.run(Sweep::Policies, false).await;
    assert!(house.offboardings().await.records.is_empty(), "until the day it works");
    assert_eq!(house.get(&gone, "/v1/account").await.status, 200);
    night.day(31);
    assert_eq!(night.run(Sweep::Policies, false).await.sent, 1);
    assert_eq!(night.run(Sweep::Policies, false).await.sent, 0, "once");
    assert_eq!(say(&house, &gone, "3", true).await, 409, "too late");
    // A message that is lost is sent again by whoever looks after closings.
    assert_eq!(house.offboardings().await.records.len(), 1);
    house.clock().advance(Duration::from_secs(16 * 60));
    night.run(Sweep::Inactivity, false).await;
    let ordered = house.offboardings().await;
    assert_eq!(ordered.records.len(), 1);
    assert!(ordered.records[0].body.as_ref().unwrap().contains(gone.account.as_str()));
    house.mails().await;
    assert!(failed(&offboarding::handle(&worker(&house), ordered).await.unwrap()).is_empty());
    let last: Vec<_> = house.mails().await.into_iter().map(|mail| mail["kind"].clone()).collect();
    assert_eq!(last, [json!("account-declined")]);
    assert_eq!(house.get(&gone, "/v1/account").await.status, 401);
    assert!(rows(&house, &gone).await.is_empty(), "what it agreed to goes with it");
    assert_eq!(house.get(&back, "/v1/account").await.status, 200);
    assert_eq!(shown(&house, &back, 2).await.0, "3");
}

#[tokio::test]
async fn r033_a_version_that_takes_rights_away_binds_only_who_agrees() {
    let house = changing().await;
    let (agreeing, declining, silent) = (house.owner().await, house.owner().await, house.owner().await);
    let night = Night::telling_of(&house, CHANGED);
    night.run(Sweep::Policies, false).await;
    assert_eq!(say(&house, &agreeing, "4", true).await, 200);
    assert_eq!(say(&house, &declining, "4", false).await, 200);
    for (day, used_on) in [(100, "2028-05-20"), (500, "2029-06-24")] {
        night.day(day);
        for owner in [&agreeing, &declining, &silent] {
            used(&house, owner, used_on).await;
        }
        night.run(Sweep::Policies, false).await;
        assert_eq!(shown(&house, &agreeing, 3).await.0, "4");
        for owner in [&declining, &silent] {
            let (binding, fourth) = shown(&house, owner, 3).await;
            assert_eq!((binding, &fourth["agreed_at"]), (json!("3"), &Value::Null), "day {day}");
        }
    }
    assert!(house.offboardings().await.records.is_empty(), "nobody is closed for staying with what they have");
}

#[tokio::test]
async fn r041_a_sign_up_records_what_was_accepted_apart_from_consents() {
    let house = changing().await;
    let form = |version: &str| {
        json!({
            "name": "Ann", "email": format!("{}@example.com", house.clock().new_id().simple()), "phone": "+49 30 901820",
            "company": "x", "website": "https://example.com", "adult": true, "policy_version": version,
        })
        .to_string()
    };
    let refused = house.call(Calling::new("POST", "/v1/accounts").body(form("1"))).await;
    assert_eq!(refused.status, 422, "a later one has taken its place");
    assert_eq!(house.call(Calling::new("POST", "/v1/accounts").body(form("3"))).await.status, 202);
    let mails = house.mails().await;
    let (_, token) = mails[0]["link"].as_str().unwrap().split_once("?token=").unwrap();
    let made = Calling::new("POST", "/v1/accounts/confirm").body(json!({ "token": token }).to_string());
    let made = house.call(made).await.json();
    let owner = Owner {
        account: made["account"]["id"].as_str().unwrap().parse().unwrap(),
        key: made["key"].as_str().unwrap().to_owned(),
    };
    let row = rows(&house, &owner).await.remove(0);
    assert_eq!((row.version.as_str(), row.agreed_how), ("3", Some(Manner::SignUp)));
    assert_eq!(row.agreed_by.unwrap().to_string(), made["id"].as_str().unwrap());
    assert_eq!(row.agreed_at.unwrap().to_string(), "2028-02-10T12:00:00Z");
    let consents = house.get(&owner, "/v1/account").await.json()["consents"].clone();
    assert!(consents.as_object().unwrap().values().all(|granted| *granted == json!(false)), "no consent: {consents}");
    assert_eq!(shown(&house, &owner, 2).await.0, "3");

    // Said again, it stays what it was; what is not there, or was accepted, is not declined.
    assert_eq!(say(&house, &owner, "3", true).await, 200);
    assert_eq!(shown(&house, &owner, 2).await.1["agreed_how"], "sign-up");
    for (path, agrees, status) in [
        ("privacy/3", false, 409),
        ("privacy/1", true, 409),
        ("privacy/2", false, 409),
        ("privacy/5", true, 404),
        ("cookies/1", true, 404),
    ] {
        let path = format!("/v1/account/agreements/{path}");
        let answer = house.send("PUT", &owner, &path, &json!({ "agrees": agrees }).to_string()).await;
        assert_eq!(answer.status, status, "{path}");
    }
    house.clock().advance(Duration::from_secs(30));
    let malformed = house.send("PUT", &owner, "/v1/account/agreements/privacy/4", r#"{"agreed":true}"#).await;
    assert_eq!(malformed.status, 422);
    // Only the owner binds the account.
    let admin = house.person(&owner.account, domain::role::Role::Admin).await;
    let path = "/v1/account/agreements/privacy/4";
    let answer = house.call(Calling::new("PUT", path).key(&admin).body(r#"{"agrees":true}"#)).await;
    assert_eq!(answer.status, 403);

    assert_eq!(house.delete(&owner, "/v1/account").await.status, 202);
    assert!(rows(&house, &owner).await.is_empty(), "what an account agreed to goes with it");
}
