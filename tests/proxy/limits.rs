//! What answers say of limits, and how failed authentications are slowed.

use domain::{key::NewKey, tier::Tier};

use crate::world::{Calling, World};

const HEADERS: [&str; 6] = [
    "x-request-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit-policy",
    "ratelimit",
];

/// R113: every answer, errors too.
#[tokio::test]
async fn r113_every_answer_tells_the_limits() {
    let world = World::new().await;
    let path = world.path("products");
    let mut answers = vec![
        ("a good call", world.get("products?per_page=1").await),
        ("no key", world.call(Calling::new("GET", &path)).await),
        ("a malformed key", world.call(Calling::new("GET", &path).key("ctg_nonsense")).await),
        ("a key in the URL", world.call(Calling::new("GET", &format!("{path}?key={}", world.key))).await),
        ("an unknown entity", world.get("unicorns").await),
        ("an unknown route", world.call(Calling::new("GET", "/v1/stores").key(&world.key)).await),
        ("platforms", world.call(Calling::new("GET", "/v1/platforms")).await),
        ("a wrong parameter", world.get("products?per_page=101").await),
    ];
    world.demo.fail_next(9, testkit::demo_store::Fault::Garbage);
    answers.push(("a broken store", world.get("products").await));
    for (what, answer) in &answers {
        for header in HEADERS {
            assert!(answer.headers.contains_key(header), "{what}: {header} is missing");
        }
        assert_eq!(answer.headers.contains_key("retry-after"), matches!(answer.status, 429 | 503), "{what}");
    }
}

#[tokio::test]
async fn r114_a_client_that_waits_as_told_gets_through() {
    let world = World::with(Tier::Standard, cloud::clock::Clock::system()).await;
    let refused = loop {
        let answer = world.get("products?per_page=1").await;
        if answer.status == 429 {
            break answer;
        }
    };
    assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
    let wait: u64 = refused.headers["retry-after"].parse().unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    assert_eq!(world.get("products?per_page=1").await.status, 200);
}

/// Ten failures are free, then the source waits; a key that this instance knows is not touched.
#[tokio::test]
async fn failed_authentications_slow_their_source_only() {
    let world = World::new().await;
    // A source of this test's own: counters are shared by the whole stack.
    let source = format!(
        "2001:db8:{:x}::1",
        cloud::clock::random_bytes()[0] as u16 * 256 + cloud::clock::random_bytes()[1] as u16
    );
    assert_eq!(
        world.call(Calling::new("GET", &world.path("products")).key(&world.key).from(&source)).await.status,
        200
    );
    let guess = || {
        let id = domain::id::KeyId::from_uuid(world.boot.clock.new_id());
        let guess = NewKey::mint(id, &cloud::clock::random_bytes()).reveal().to_owned();
        Calling::new("GET", &world.path("products")).key(&guess).from(&source)
    };
    let mut slowed_after = 0;
    let slowed = loop {
        let answer = world.call(guess()).await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.problem(), "key_invalid");
        slowed_after += 1;
        assert!(slowed_after < 30, "never slowed");
    };
    assert_eq!(slowed.problem(), "too_many_failed_authentications");
    assert!(slowed.headers["retry-after"].parse::<u64>().unwrap() >= 1);
    assert_eq!(slowed_after, 11, "ten are free, the eleventh is the one that slows");

    world.app.journal().settle().await;
    world.faults.reset();
    assert_eq!(world.call(guess()).await.status, 429);
    assert_eq!(world.faults.seen().len(), 0, "a slowed guess costs nothing");
    let known = Calling::new("GET", &world.path("products")).key(&world.key).from(&source);
    assert_eq!(world.call(known).await.status, 200);
    assert_eq!(world.call(guess().from("203.0.113.99")).await.problem(), "key_invalid", "another source is free");
}
