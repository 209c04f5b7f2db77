//! What a call is told: unknown, revoked, suspended, expired, limited, or that it could not be checked.

use cloud::dynamo::{
    admission::Refused,
    key_item::{KeyState, raise_epoch, rotate, set_state, set_tier},
};
use domain::tier::Tier;
use http::StatusCode;
use jiff::Timestamp;
use testkit::fault_proxy::{Calls, Fault, refused};

use super::harness::{Keys, advance, granted, millis, mint, retry_after, standing_clock, together};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_and_a_wrong_secret_are_the_same() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Standard, None).await;
    let clock = standing_clock();
    let instance = keys.instance(&clock);
    let nobody = domain::id::KeyId::from_uuid(cloud::clock::Clock::system().new_id());
    let nobody = domain::key::PresentedKey { id: nobody, secret_hash: [0; 32] };
    assert_eq!(instance.admit(&nobody, 1).await.unwrap_err(), Refused::Unknown);
    assert_eq!(instance.admit(&key.wrong(), 1).await.unwrap_err(), Refused::Unknown);
    assert!(!instance.knows(&key.presented));
    // Neither a warm nor a full window says anything to someone without the secret.
    while instance.admit(&key.presented, 1).await.is_ok() {
        assert_eq!(instance.admit(&key.wrong(), 1).await.unwrap_err(), Refused::Unknown);
    }
    assert_eq!(instance.admit(&key.wrong(), 1).await.unwrap_err(), Refused::Unknown);
    assert!(instance.knows(&key.presented) && !instance.knows(&key.wrong()));
    // And a guess costs the holder nothing.
    assert_eq!(retry_after(&instance.admit(&key.presented, 1).await), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_what_the_key_may_do() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let admitted = keys.instance(&standing_clock()).admit(&key.presented, 1).await.unwrap();
    assert_eq!(admitted.record.id, key.id);
    assert_eq!(admitted.record.tier, Tier::Growth);
    assert_eq!(admitted.record.epoch, 1);
    assert_eq!(
        admitted.record.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        ["products:read", "orders:read"]
    );
    assert_eq!((admitted.rate.limit, admitted.rate.remaining), (10, 9));
    assert_eq!(admitted.rate.policy(), "\"burst\";q=10;w=1, \"day\";q=50000;w=86400");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_bites_on_the_next_call_of_every_instance() {
    let keys = Keys::open().await;
    // Counted call by call, and in leases.
    for tier in [Tier::Professional, Tier::from_parts("enterprise", Some(1_000), Some(1_000_000)).unwrap()] {
        let key = keys.key(tier, None).await;
        let clock = standing_clock();
        let instances: Vec<_> = (0..4).map(|_| keys.instance(&clock)).collect();
        for _ in 0..3 {
            assert_eq!(granted(&together(&instances, &key.presented).await), 4);
        }
        for (state, expected) in [
            (KeyState::Suspended, Some(Refused::Suspended)),
            (KeyState::Active, None),
            (KeyState::Revoked, Some(Refused::Revoked)),
        ] {
            keys.change(set_state(&keys.table, &key.id, state, None)).await;
            for answer in together(&instances, &key.presented).await {
                assert_eq!(answer.err(), expected, "{tier} {state:?}");
            }
        }
        // To anyone else it is as unknown as before.
        assert_eq!(instances[0].admit(&key.wrong(), 1).await.unwrap_err(), Refused::Unknown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_is_seen_by_the_next_call() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Professional, None).await;
    let instance = keys.instance(&standing_clock());
    for epoch in 1..4 {
        assert_eq!(instance.admit(&key.presented, 1).await.unwrap().record.epoch, epoch);
        keys.change(raise_epoch(&keys.table, &key.id)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_are_good_while_a_rotation_overlaps() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Professional, None).await;
    let clock = standing_clock();
    let (warm, cold) = (keys.instance(&clock), keys.instance(&clock));
    warm.admit(&key.presented, 1).await.unwrap();

    let second = mint(key.id.clone());
    let until = Timestamp::from_second(clock.now().as_second() + 60).unwrap();
    keys.change(rotate(&keys.table, &key.id, &second.secret_hash(), until, None)).await;
    let new = key.with_secret_of(&second);
    for instance in [&warm, &cold] {
        for presented in [&new, &key.presented, &new] {
            assert!(instance.admit(presented, 1).await.is_ok());
        }
        assert!(instance.knows(&new) && instance.knows(&key.presented));
    }
    advance([&clock], 60_000);
    for instance in [&warm, &cold] {
        assert_eq!(instance.admit(&key.presented, 1).await.unwrap_err(), Refused::Unknown, "at the very second");
        assert!(instance.admit(&new, 1).await.is_ok());
    }

    // With the next rotation the first secret is gone, overlap or not.
    let third = mint(key.id.clone());
    let until = Timestamp::from_second(clock.now().as_second() + 60).unwrap();
    keys.change(rotate(&keys.table, &key.id, &third.secret_hash(), until, None)).await;
    assert_eq!(warm.admit(&key.presented, 1).await.unwrap_err(), Refused::Unknown);
    assert!(warm.admit(&new, 1).await.is_ok());
    assert!(warm.admit(&key.with_secret_of(&third), 1).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_expires_at_its_second() {
    let keys = Keys::open().await;
    let clock = standing_clock();
    let expires = clock.now().as_second() + 5;
    let key = keys.key(Tier::Growth, Some(expires)).await;
    let (warm, cold) = (keys.instance(&clock), keys.instance(&clock));
    assert!(warm.admit(&key.presented, 1).await.is_ok());
    let left = expires as u64 * 1_000 - millis(&clock);
    advance([&clock], left - 1);
    assert!(warm.admit(&key.presented, 1).await.is_ok());
    advance([&clock], 1);
    for instance in [&warm, &cold, &warm] {
        assert_eq!(instance.admit(&key.presented, 1).await.unwrap_err(), Refused::Expired);
    }
    assert_eq!(keys.admitted(&key).await, 2, "an expired key's calls are not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_tier_opens_a_full_window_within_a_second() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Standard, None).await;
    let clock = standing_clock();
    let instance = keys.instance(&clock);
    while instance.admit(&key.presented, 1).await.is_ok() {}
    keys.change(set_tier(&keys.table, &key.id, Tier::Professional)).await;
    advance([&clock], 1_001);
    let admitted = instance.admit(&key.presented, 1).await.unwrap();
    assert_eq!((admitted.record.tier, admitted.rate.limit), (Tier::Professional, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_asked_is_neither_yes_nor_no() {
    let keys = Keys::open().await;
    let clock = standing_clock();
    let throttle: fn() -> Fault = || Fault::Throttle;
    let broken: fn() -> Fault = || Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}");
    let garbage: fn() -> Fault = || Fault::Answer(StatusCode::OK, "<html>");
    let cut: fn() -> Fault = || Fault::Cut;
    for fault in [throttle, broken, garbage, cut] {
        let key = keys.key(Tier::Growth, None).await;
        let (warm, cold) = (keys.instance(&clock), keys.instance(&clock));
        assert!(warm.admit(&key.presented, 1).await.is_ok());
        keys.proxy.inject(Calls::All, fault(), 1_000);
        for instance in [&warm, &cold] {
            assert_eq!(instance.admit(&key.presented, 1).await.unwrap_err(), Refused::Unavailable, "{:?}", fault());
            assert_eq!(instance.admit(&key.wrong(), 1).await.unwrap_err(), Refused::Unavailable, "{:?}", fault());
        }
        keys.proxy.reset();
        assert!(warm.admit(&key.presented, 1).await.is_ok(), "back at once");
    }
    let key = keys.key(Tier::Growth, None).await;
    let nowhere = keys.instance_at(&refused().await.unwrap(), &clock);
    assert_eq!(nowhere.admit(&key.presented, 1).await.unwrap_err(), Refused::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_on_the_item_only_delays_a_call() {
    const CONFLICT: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item"}"#;
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let instance = keys.instance(&standing_clock());
    assert!(instance.admit(&key.presented, 1).await.is_ok());
    keys.proxy.inject(Calls::Target("UpdateItem"), Fault::Answer(StatusCode::BAD_REQUEST, CONFLICT), 2);
    assert!(instance.admit(&key.presented, 1).await.is_ok());
    assert_eq!(keys.admitted(&key).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exposed_secret_is_reported_by_whoever_has_it_only() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let instance = keys.instance(&standing_clock());
    instance.report_exposed(&key.wrong()).await;
    assert_eq!(instance.admit(&key.presented, 1).await.unwrap().record.exposed, None);
    instance.report_exposed(&key.presented).await;
    assert!(instance.admit(&key.presented, 1).await.unwrap().record.exposed.is_some());
    // The report ends with the secret.
    let until = Timestamp::from_second(0).unwrap();
    let second = mint(key.id.clone());
    keys.change(rotate(&keys.table, &key.id, &second.secret_hash(), until, None)).await;
    assert_eq!(instance.admit(&key.with_secret_of(&second), 1).await.unwrap().record.exposed, None);
}
