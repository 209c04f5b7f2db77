//! The daily look over the audit chain (`privacy.md` D.8): what was changed by hand is found, wherever and whenever it was changed.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    clock::Clock,
    dynamo::chain::{Chain, Fact, Linked, VerifiedItem, VerifiedMarks},
};
use domain::id::PrivacyRequestId;
use sweep::Sweep;

use super::{house::House, inactivity::Night};

/// More than are read at once.
const MANY: u64 = 260;

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn chain(house: &House) -> Chain {
    Chain::new(house.tables(), house.config.privacy_table.clone())
}

/// Chains so many facts.
pub(super) async fn grow(house: &House, links: u64) {
    for _ in 0..links {
        let (now, request) = (house.clock().now(), PrivacyRequestId::from_uuid(house.clock().new_id()));
        let fact = Fact { request: &request, name: "0", event: "received", pseudonym: None, digest: None };
        chain(house).append(&fact, now, now.as_second() + 60).await.unwrap();
    }
}

/// Changes an item of the chain past its adapter, and gives what stood there.
async fn set(house: &House, sk: &str, field: &str, value: AttributeValue) -> AttributeValue {
    let update = house.sdk().update_item().table_name(&house.config.privacy_table);
    let old = update
        .key("pk", text("chain"))
        .key("sk", text(sk))
        .update_expression("SET #field = :value")
        .expression_attribute_names("#field", field)
        .expression_attribute_values(":value", value)
        .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld);
    old.send().await.unwrap().attributes.unwrap()[field].clone()
}

async fn mark(house: &House) -> VerifiedItem {
    VerifiedMarks::new(house.tables(), house.config.usage_table.clone()).get().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_link_that_is_changed_breaks_the_chain_however_long_ago_it_was_verified() {
    let house = House::in_own_tables(Clock::steered(Clock::system().now())).await;
    let night = Night::of(&house);
    let empty = night.run(Sweep::Chain, false).await;
    assert_eq!((empty.swept.expired, empty.overdue, empty.swept.complete), (0, 0, true));

    grow(&house, 5).await;
    let dry = night.run(Sweep::Chain, true).await;
    assert_eq!((dry.swept.expired, mark(&house).await.newest.seq), (5, 0), "a dry run notes nothing");
    assert_eq!(night.run(Sweep::Chain, false).await.overdue, 0);
    assert_eq!(mark(&house).await.newest.seq, 5);
    grow(&house, 2).await;
    let next = night.run(Sweep::Chain, false).await;
    assert_eq!((next.swept.expired, next.overdue), (2 + 7, 0), "the new ones, and all of them anew");

    // One that was verified twice already; then one of today; a link that is gone; a link that no version of ours can read.
    for (sk, field, value) in [
        ("link#000000000003", "event", text("denied")),
        ("link#000000000007", "hash", text("0")),
        ("link#000000000001", "seq", text("one")),
        ("head", "hash", text("0")),
        // A head that has gone back: an older table was put in place of this one.
        ("head", "seq", AttributeValue::N("6".to_owned())),
    ] {
        let old = set(&house, sk, field, value).await;
        let before = mark(&house).await;
        let broken = night.run(Sweep::Chain, false).await;
        assert_eq!(broken.overdue, 1, "{sk} {field}");
        assert_eq!(night.run(Sweep::Chain, false).await.overdue, 1, "{sk} {field}: and the alarm stays");
        assert_eq!(mark(&house).await, before);
        set(&house, sk, field, old).await;
        assert_eq!(night.run(Sweep::Chain, false).await.overdue, 0, "{sk} {field}");
    }

    // Links and head put back together to where they fit each other: only what is known elsewhere tells.
    let older = chain(&house).verify(&Linked::none(), || true).await.unwrap();
    let delete = house.sdk().delete_item().table_name(&house.config.privacy_table).key("pk", text("chain"));
    delete.key("sk", text("link#000000000007")).send().await.unwrap();
    let sixth = house.sdk().get_item().table_name(&house.config.privacy_table).key("pk", text("chain"));
    let sixth = sixth.key("sk", text("link#000000000006")).send().await.unwrap().item.unwrap();
    set(&house, "head", "seq", AttributeValue::N("6".to_owned())).await;
    set(&house, "head", "hash", sixth["hash"].clone()).await;
    assert_eq!(older.newest.seq, 7);
    assert_eq!(chain(&house).verify(&Linked::none(), || true).await.unwrap().broken_at, None, "by itself it is whole");
    assert_eq!(night.run(Sweep::Chain, false).await.overdue, 1);
}

#[tokio::test]
async fn a_chain_that_is_too_long_for_one_run_is_looked_over_in_several() {
    let house = House::in_own_tables(Clock::steered(Clock::system().now())).await;
    let mut night = Night::of(&house);
    grow(&house, MANY).await;
    night.hurry();
    let first = night.run(Sweep::Chain, false).await;
    assert_eq!((first.swept.expired, first.swept.complete), (250, false));
    let second = night.run(Sweep::Chain, false).await;
    assert_eq!((second.swept.complete, mark(&house).await.newest.seq), (true, MANY));
    assert_eq!(mark(&house).await.round.seq, 250, "all anew, a page at a time");
    // What was changed behind the round is found when it comes by again.
    let old = set(&house, "link#000000000100", "event", text("denied")).await;
    assert_eq!(night.run(Sweep::Chain, false).await.overdue, 0);
    house.clock().advance(Duration::from_secs(86_400));
    assert_eq!(night.run(Sweep::Chain, false).await.overdue, 1);
    set(&house, "link#000000000100", "event", old).await;
    let after = night.run(Sweep::Chain, false).await;
    assert_eq!((after.overdue, after.swept.lag_seconds), (0, 86_400), "and how long ago a round was whole is told");
}
