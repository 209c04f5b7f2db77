use connectors::{Context, Credential, Fields, Loopback, Objects, Outcome, Read, ReadError, Target, connector};
use domain::model::Entity;
use http::StatusCode;

use super::*;
use crate::turns::{drive, send};

fn credential(token: &str) -> Credential {
    [("access_token".to_owned(), token.into())].into_iter().collect()
}

/// The ids of every row, page by page.
async fn ids(store: &BigStore, entity: Entity, per_page: u8, mut between: impl FnMut(usize)) -> Vec<String> {
    let big = connector("bigcommerce").unwrap();
    let address = big.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let credential = credential(ACCESS_TOKEN);
    let context = Context { address: &address, credential: &credential };
    let (mut cursor, mut seen): (Option<String>, Vec<String>) = (None, Vec::new());
    loop {
        let target = Target::Page { per_page, cursor: cursor.as_deref(), updated_after: None };
        let read = Read { entity, target, fields: None, include_remote: false };
        let Ok(Outcome::Page { objects, next_cursor }) = drive(big.read(&context, &read).unwrap()).await else {
            panic!("{entity}: a page")
        };
        match objects {
            Objects::Products(rows) => seen.extend(rows.into_iter().map(|row| row.id)),
            Objects::Orders(rows) => seen.extend(rows.into_iter().map(|row| row.id)),
            Objects::Customers(rows) => seen.extend(rows.into_iter().map(|row| row.id)),
            Objects::Inventory(rows) => seen.extend(rows.into_iter().map(|row| row.variant_id)),
            _ => panic!("{entity}"),
        }
        between(seen.len());
        match next_cursor {
            Some(next) => cursor = Some(next),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn every_row_comes_once_though_all_share_a_date() {
    let store = BigStore::start(Setup::default()).await.unwrap();
    for (entity, expected) in [
        (Entity::Products, (101..=107).map(|id: u64| id.to_string()).collect::<Vec<_>>()),
        (Entity::Orders, (1..=7).map(|id: u64| id.to_string()).collect()),
        (Entity::Customers, (1..=7).map(|id: u64| id.to_string()).collect()),
    ] {
        assert_eq!(ids(&store, entity, 3, |_| ()).await, expected, "{entity}");
        // A last page that is full.
        assert_eq!(ids(&store, entity, 7, |_| ()).await, expected, "{entity}");
    }
    assert_eq!(ids(&store, Entity::Inventory, 3, |_| ()).await.len(), 8);
}

#[tokio::test]
async fn a_product_that_goes_between_two_pages_takes_no_other_with_it() {
    let store = BigStore::start(Setup::default()).await.unwrap();
    let seen = ids(&store, Entity::Products, 3, |seen| {
        if seen == 3 {
            store.lose_product(101)
        }
    })
    .await;
    assert_eq!(seen, ["101", "102", "103", "104", "105", "106", "107"]);
}

#[tokio::test]
async fn the_traps_are_there() {
    let store = BigStore::start(Setup { quota: 4, ..Setup::default() }).await.unwrap();
    let big = connector("bigcommerce").unwrap();
    let address = big.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let right = credential(ACCESS_TOKEN);
    let context = Context { address: &address, credential: &right };
    let raw = |path: &str, query: &'static str| {
        let path = connectors::RawPath::parse(path).unwrap();
        let call = connectors::RawCall {
            method: http::Method::GET,
            path: &path,
            query: Some(query),
            headers: &http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        big.raw(&context, call).unwrap()
    };
    let heavy = send(&raw("v3/catalog/products", "limit=100&include=options"), 0).await;
    let body: Value = serde_json::from_slice(&heavy.body).unwrap();
    assert_eq!(body["meta"]["pagination"]["per_page"], 10);
    assert_eq!(heavy.headers["x-rate-limit-requests-left"], "3");
    assert_eq!(big.allowance(&heavy).map(|allowance| allowance.available), Some(3));
    let none = send(&raw("v2/orders", "min_id=999"), 0).await;
    assert_eq!((none.status, none.body.len()), (StatusCode::NO_CONTENT, 0));
    let thin = send(&raw("v2/orders/1", ""), 0).await;
    assert!(!String::from_utf8_lossy(&thin.body).contains("line_items"));
    let wrong = credential("wrong-token");
    let refused = drive(big.probe(&Context { address: &address, credential: &wrong }).unwrap()).await;
    assert!(matches!(refused, Err(ReadError::Upstream { status: StatusCode::UNAUTHORIZED, .. })));
    let fields = Fields::parse(Entity::Customers, "email").unwrap();
    let read =
        Read { entity: Entity::Customers, target: Target::One("1"), fields: Some(&fields), include_remote: false };
    let limited = drive(big.read(&context, &read).unwrap()).await;
    assert!(matches!(
        limited,
        Err(ReadError::Upstream { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(_), .. })
    ));
    assert_eq!(store.rate_limited(), 1);
}
