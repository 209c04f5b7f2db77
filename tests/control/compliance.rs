//! The daily self-check: what it sees, and that its report is ours and as we wrote it (R029).

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::PointInTimeRecoverySpecification;
use cloud::{clock::Clock, data_map::DATA_MAP, dynamo::reports::Reports};
use personal_data::Kind;
use serde_json::{Value, json};
use sweep::Sweep;
use testkit::stack::deploy::STACK;

use super::{
    chain::{self, text},
    house::House,
    inactivity::Night,
    signature::verifies,
};
use crate::data_map::cloudformation;

async fn report(house: &House) -> (Value, cloud::dynamo::reports::ReportItem) {
    let reports = Reports::new(house.tables(), house.config.privacy_table.clone());
    let item = reports.of(house.clock().now()).await.unwrap().unwrap();
    (serde_json::from_str(&item.body).unwrap(), item)
}

/// The checks of a report that do not hold, of one kind.
fn failing(report: &Value, check: &str) -> BTreeSet<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let failing = checks.filter(|one| one["check"] == check && one["holds"] == false);
    failing.map(|one| one["of"].as_str().unwrap().to_owned()).collect()
}

async fn back_up(house: &House, table: &str, enabled: bool) {
    let spec = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(enabled).build().unwrap();
    let update = house.sdk().update_continuous_backups().table_name(format!("{STACK}-{table}"));
    update.point_in_time_recovery_specification(spec).send().await.unwrap();
}

/// AWS's own times cannot be steered, so this is about now.
#[tokio::test]
async fn r029_r026_r044_a_report_says_what_is_not_as_promised_and_is_signed() {
    let house = House::in_own_tables(Clock::system()).await;
    let night = Night::of(&house);
    // The emulator takes no backups from the template; that the template says so is the data map's gate.
    for resource in DATA_MAP.resources {
        if matches!(resource.kind, Kind::Table { backup_days: 1.., .. }) {
            back_up(&house, resource.name, true).await;
        }
    }
    let dry = night.run(Sweep::Compliance, true).await;
    assert_eq!(dry.folded, 0);
    let run = night.run(Sweep::Compliance, false).await;
    let (first, item) = report(&house).await;
    assert!(!item.holds && run.overdue > 0, "no sweep has run yet");
    let never: BTreeSet<String> =
        Sweep::ALL.iter().filter(|sweep| **sweep != Sweep::Compliance).map(|sweep| sweep.name().to_owned()).collect();
    assert_eq!(failing(&first, "sweep"), never);

    // Every table is backed up as the data map says, or not at all.
    assert_eq!(failing(&first, "backup"), BTreeSet::new());
    let backups = first["checks"].as_array().unwrap().iter().filter(|check| check["check"] == "backup");
    let accounts = backups.clone().find(|check| check["of"] == "accounts").unwrap();
    assert_eq!((&accounts["declared_days"], &accounts["enabled"]), (&json!(14), &json!(true)));
    let log = backups.clone().find(|check| check["of"] == "service-log").unwrap();
    assert_eq!((&log["declared_days"], &log["enabled"]), (&json!(0), &json!(false)));
    assert!(first["checks"].as_array().unwrap().iter().any(|check| check["of"] == "mail-dead"));

    assert!(verifies(&item.public_key, item.body.as_bytes(), &item.signature));
    let forged = item.body.replace("\"holds\":false", "\"holds\":true");
    assert!(!verifies(&item.public_key, forged.as_bytes(), &item.signature));

    // A table of which somebody has switched the backups off.
    back_up(&house, "subscriptions", false).await;
    night.run(Sweep::Compliance, false).await;
    assert_eq!(failing(&report(&house).await.0, "backup"), BTreeSet::from(["subscriptions".to_owned()]));
    back_up(&house, "subscriptions", true).await;

    // What has run since is seen, and what it saw.
    night.run(Sweep::Rotation, false).await;
    night.run(Sweep::Departures, false).await;
    night.run(Sweep::Inactivity, true).await;
    night.run(Sweep::Compliance, false).await;
    let (second, _) = report(&house).await;
    let gone: BTreeSet<_> = never.difference(&failing(&second, "sweep")).cloned().collect();
    assert_eq!(gone, BTreeSet::from(["departures".to_owned(), "rotation".to_owned()]), "a dry run is no run");
}

/// Takes the chain, and what is known of it, away.
async fn forget_chain(house: &House) {
    let rows = house.sdk().query().table_name(&house.config.privacy_table).key_condition_expression("pk = :chain");
    let rows = rows.expression_attribute_values(":chain", text("chain")).send().await.unwrap().items.unwrap();
    for row in rows {
        let delete = house.sdk().delete_item().table_name(&house.config.privacy_table);
        delete.key("pk", row["pk"].clone()).key("sk", row["sk"].clone()).send().await.unwrap();
    }
    let delete = house.sdk().delete_item().table_name(&house.config.usage_table);
    delete.key("pk", text("chain")).key("sk", text("verified")).send().await.unwrap();
}

#[tokio::test]
async fn a_chain_that_was_made_anew_from_its_first_link_is_known_by_what_was_signed() {
    let house = House::in_own_tables(Clock::steered(Clock::system().now())).await;
    let night = Night::of(&house);
    let day = Duration::from_secs(86_400);
    night.run(Sweep::Compliance, false).await;
    assert_eq!(failing(&report(&house).await.0, "audit-chain"), BTreeSet::new(), "there is none yet");
    chain::grow(&house, 3).await;
    assert_eq!(night.run(Sweep::Chain, false).await.overdue, 0);
    for _ in 0..2 {
        house.clock().advance(day);
        night.run(Sweep::Compliance, false).await;
        let (told, _) = report(&house).await;
        assert_eq!(failing(&told, "audit-chain"), BTreeSet::new());
        let said = told["checks"].as_array().unwrap().iter().find(|check| check["of"] == "audit-chain").unwrap();
        assert_eq!(said["links"], 3);
    }

    let broken = BTreeSet::from(["audit-chain".to_owned()]);
    forget_chain(&house).await;
    chain::grow(&house, 4).await;
    assert_eq!(night.run(Sweep::Chain, false).await.overdue, 0, "by itself it is whole");
    house.clock().advance(3 * day);
    night.run(Sweep::Compliance, false).await;
    assert_eq!(failing(&report(&house).await.0, "audit-chain"), broken);

    // What it says now is what is there: from here on it holds again, and the report of the break is signed and kept.
    house.clock().advance(day);
    night.run(Sweep::Compliance, false).await;
    let (told, item) = report(&house).await;
    assert_eq!(failing(&told, "audit-chain"), BTreeSet::new());

    // Whoever makes a report fit the new chain cannot sign it.
    let before = chain::chain(&house).head().await.unwrap().unwrap();
    forget_chain(&house).await;
    chain::grow(&house, 5).await;
    let after = chain::chain(&house).head().await.unwrap().unwrap();
    let forged = item.body.replace("\"links\":4", "\"links\":5").replace(&before.hash, &after.hash);
    assert!(forged.contains(&after.hash) && forged.contains("\"links\":5"));
    let update = house.sdk().update_item().table_name(&house.config.privacy_table);
    let update = update.key("pk", text(&item.pk)).key("sk", text(&item.sk));
    let update = update.update_expression("SET body = :body").expression_attribute_values(":body", text(&forged));
    update.send().await.unwrap();
    house.clock().advance(day);
    night.run(Sweep::Compliance, false).await;
    assert_eq!(failing(&report(&house).await.0, "audit-chain"), broken);
}

#[test]
fn r029_every_sweep_that_there_is_is_scheduled_and_asked_for() {
    let (_, template) = cloudformation::templates().into_iter().next().unwrap();
    let schedules = template["Resources"].as_object().unwrap().values();
    let scheduled: BTreeSet<String> = schedules
        .filter(|resource| resource["Type"] == "AWS::Scheduler::Schedule")
        .map(|schedule| serde_json::from_str::<Value>(schedule["Properties"]["Target"]["Input"].as_str().unwrap()))
        .map(|input| input.unwrap()["sweep"].as_str().unwrap().to_owned())
        .collect();
    let known: BTreeSet<String> = Sweep::ALL.iter().map(|sweep| sweep.name().to_owned()).collect();
    assert_eq!(known, scheduled);
    for sweep in Sweep::ALL {
        assert_eq!(serde_json::to_value(sweep).unwrap(), sweep.name(), "an order has this name");
    }
}
