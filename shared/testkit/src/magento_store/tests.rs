use connectors::{Context, Credential, Loopback, Objects, Outcome, Read, ReadError, Target, connector};
use domain::model::Entity;
use http::StatusCode;

use super::*;
use crate::turns::{drive, send};

fn credential(token: &str, signed: bool) -> Credential {
    let mut fields = vec![("access_token", token)];
    if signed {
        fields.extend([
            ("access_token_secret", TOKEN_SECRET),
            ("consumer_key", CONSUMER_KEY),
            ("consumer_secret", CONSUMER_SECRET),
        ]);
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The ids of every row, page by page.
async fn ids(
    store: &MagentoStore,
    signed: bool,
    entity: Entity,
    per_page: u8,
    mut between: impl FnMut(usize),
) -> Vec<String> {
    let magento = connector("magento").unwrap();
    let address = magento.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let credential = credential(ACCESS_TOKEN, signed);
    let context = Context { address: &address, credential: &credential };
    let (mut cursor, mut seen): (Option<String>, Vec<String>) = (None, Vec::new());
    loop {
        let target = Target::Page { per_page, cursor: cursor.as_deref(), updated_after: None };
        let read = Read { entity, target, fields: None, include_remote: false };
        let Ok(Outcome::Page { objects, next_cursor }) = drive(magento.read(&context, &read).unwrap()).await else {
            panic!("{entity}")
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
async fn every_row_comes_once_with_a_token_alone_and_signed() {
    for signed in [false, true] {
        let store = MagentoStore::start(Setup { signed, ..Setup::default() }).await.unwrap();
        let mut products: Vec<String> = (101..=107).map(|id: u64| id.to_string()).collect();
        products.insert(0, "52".to_owned());
        let numbers: Vec<String> = (1..=7).map(|id: u64| id.to_string()).collect();
        for per_page in [2, 3, 7, 8] {
            assert_eq!(ids(&store, signed, Entity::Products, per_page, |_| ()).await, products, "{per_page}");
            assert_eq!(ids(&store, signed, Entity::Orders, per_page, |_| ()).await, numbers, "{per_page}");
            assert_eq!(ids(&store, signed, Entity::Customers, per_page, |_| ()).await, numbers, "{per_page}");
            let mut stock = ids(&store, signed, Entity::Inventory, per_page, |_| ()).await;
            stock.sort();
            assert_eq!(stock, ["101", "102", "103", "104", "105", "106", "107", "47", "48"], "{per_page}");
        }
    }
}

#[tokio::test]
async fn a_product_that_goes_between_two_pages_takes_no_other_with_it() {
    let store = MagentoStore::start(Setup::default()).await.unwrap();
    let seen = ids(&store, false, Entity::Products, 3, |seen| {
        if seen == 3 {
            store.lose_product(101)
        }
    })
    .await;
    assert_eq!(seen, ["52", "101", "102", "103", "104", "105", "106", "107"]);
}

#[tokio::test]
async fn the_traps_are_there() {
    let store = MagentoStore::start(Setup::default()).await.unwrap();
    let magento = connector("magento").unwrap();
    let address = magento.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let right = credential(ACCESS_TOKEN, false);
    let context = Context { address: &address, credential: &right };
    let raw = |query: &'static str| {
        let path = connectors::RawPath::parse("rest/all/V1/products").unwrap();
        let call = connectors::RawCall {
            method: http::Method::GET,
            path: &path,
            query: Some(query),
            headers: &http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        magento.raw(&context, call).unwrap()
    };
    let last = send(&raw("searchCriteria%5BpageSize%5D=4&searchCriteria%5BcurrentPage%5D=3"), 0).await;
    let past = send(&raw("searchCriteria%5BpageSize%5D=4&searchCriteria%5BcurrentPage%5D=9"), 0).await;
    assert!(!last.body.is_empty() && last.body == past.body, "a page past the end repeats the last");
    assert_eq!(send(&raw("searchCriteria%5BpageSize%5D=301"), 0).await.status, StatusCode::BAD_REQUEST);
    for (token, signed) in [("mg_wrong", false), (ACCESS_TOKEN, true)] {
        let wrong = credential(token, signed);
        let refused = drive(magento.probe(&Context { address: &address, credential: &wrong }).unwrap()).await;
        assert!(matches!(refused, Err(ReadError::Upstream { status: StatusCode::UNAUTHORIZED, .. })));
    }
}
