//! The connector reads and writes the whole stand-in, and every document that it makes fits the vendor's schema: the stand-in refuses others.

use connectors::{
    Action, Connector, Context, Credential, Fields, Input, Loopback, Outcome, Read, ReadError, StoreAddress, Target,
    Verb, Write, connector,
};
use domain::model::Entity;
use http::Request;

use super::*;
use crate::plain_http::PlainHttp;
use crate::turns::drive;

struct Shop {
    store: ShopifyStore,
    shopify: &'static dyn Connector,
    address: StoreAddress,
    credential: Credential,
}

impl Shop {
    async fn new(setup: Setup) -> Self {
        let store = ShopifyStore::start(setup).await.unwrap();
        let shopify = connector("shopify").unwrap();
        let address = shopify.address(store.url().as_str(), Loopback::Allowed).unwrap();
        let credential = [("access_token".to_owned(), ACCESS_TOKEN.into())].into_iter().collect();
        Self { store, shopify, address, credential }
    }

    async fn read(&self, read: &Read<'_>) -> Result<(Outcome, Value), ReadError> {
        let context = Context { address: &self.address, credential: &self.credential };
        let outcome = drive(self.shopify.read(&context, read).unwrap()).await?;
        let body = serde_json::from_slice(&outcome.to_json(read.fields).unwrap()).unwrap();
        Ok((outcome, body))
    }

    async fn all(&self, entity: Entity, per_page: u8) -> Vec<Value> {
        let (mut cursor, mut all) = (None, Vec::new());
        loop {
            let target = Target::Page { per_page, cursor: cursor.as_deref(), updated_after: None };
            let read = Read { entity, target, fields: None, include_remote: false };
            let (outcome, body) = self.read(&read).await.unwrap();
            all.extend(body["data"].as_array().unwrap().clone());
            match outcome {
                Outcome::Page { next_cursor: Some(next), .. } => cursor = Some(next),
                _ => return all,
            }
        }
    }

    async fn write(&self, entity: Entity, verb: Verb, id: &str, input: &Value) -> Result<Value, ReadError> {
        let support = self.shopify.platform().support(entity).unwrap();
        let text = input.to_string();
        let input = || Input::parse(support, verb, text.as_bytes()).unwrap_or_else(|error| panic!("{error:?}"));
        let action = match verb {
            Verb::Create => Action::Create(input()),
            Verb::Delete => Action::Delete { id },
            _ => Action::Update { id, input: input() },
        };
        let context = Context { address: &self.address, credential: &self.credential };
        let turn = self.shopify.write(&context, Write { entity, action, include_remote: false });
        let turn = turn.map_err(ReadError::Refused)?;
        Ok(match drive(turn).await? {
            Outcome::Deleted => Value::Null,
            outcome => serde_json::from_slice(&outcome.to_json(None).unwrap()).unwrap(),
        })
    }

    async fn graphql(&self, query: &str, variables: Value) -> Value {
        let request = Request::post(self.store.url().join("admin/api/2026-10/graphql.json").unwrap().as_str())
            .header("x-shopify-access-token", ACCESS_TOKEN);
        let body = json!({ "query": query, "variables": variables }).to_string();
        let answer = PlainHttp::default().send(request.body(body.into()).unwrap()).await.unwrap();
        serde_json::from_slice(answer.body()).unwrap()
    }
}

const READ: [Entity; 5] = [Entity::Products, Entity::Orders, Entity::Customers, Entity::Categories, Entity::Inventory];

#[tokio::test]
async fn everything_is_read_once_whatever_the_size_of_a_page() {
    let shop = Shop::new(Setup::default()).await;
    for per_page in [7, 100] {
        let products = shop.all(Entity::Products, per_page).await;
        let ids: Vec<u64> = products.iter().map(|it| it["id"].as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(ids, shop.store.product_ids());
        // The first product has more of everything than comes with a page.
        let first = &products[0];
        assert_eq!(first["variants"].as_array().unwrap().len(), 30);
        let variants: std::collections::BTreeSet<&str> =
            first["variants"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(variants.len(), 30);
        assert_eq!((first["images"].as_array().unwrap().len(), first["meta"].as_array().unwrap().len()), (12, 11));
        assert_eq!(first["variants"][29]["inventory"]["locations"].as_array().unwrap().len(), 2);
        assert_eq!(products[1]["type"], "simple");
        let orders = shop.all(Entity::Orders, per_page).await;
        assert_eq!((orders.len(), orders[0]["lines"].as_array().unwrap().len()), (20, 14));
        assert_eq!(orders[0]["totals"]["subtotal"]["amount"], "140.00", "the sum of lines that came in two answers");
        assert_eq!(shop.all(Entity::Customers, per_page).await.len(), 12);
        assert_eq!(shop.all(Entity::Categories, per_page).await.len(), 12);
        assert_eq!(shop.all(Entity::Inventory, per_page).await.len(), (29 + 30) * 2);
    }
}

/// Every field by itself, and many mixtures, of pages and of one object.
#[tokio::test]
async fn every_selection_makes_a_document_that_fits_the_schema() {
    let shop = Shop::new(Setup { products: 2, orders: 2, customers: 2, capacity: 1e9, ..Setup::default() }).await;
    for (entity, id) in READ.into_iter().zip(["1000", "3000", "400", "1", "20000"]) {
        let known: Vec<&str> = entity.fields().iter().copied().filter(|field| !field.starts_with("remote")).collect();
        let known: Vec<&str> = known.iter().map(|field| field.trim_end_matches(".*")).collect();
        let mut selections: Vec<String> = known.iter().map(|field| (*field).to_owned()).collect();
        // Every stride through the table is another mixture.
        selections.extend(
            [2, 3, 5, 7].into_iter().map(|stride| known.iter().step_by(stride).copied().collect::<Vec<_>>().join(",")),
        );
        selections.push(known.iter().take(100).copied().collect::<Vec<_>>().join(","));
        for selection in &selections {
            let fields = Fields::parse(entity, selection).unwrap();
            for target in [Target::Page { per_page: 2, cursor: None, updated_after: None }, Target::One(id)] {
                let read = Read { entity, target, fields: Some(&fields), include_remote: false };
                let answered = shop.read(&read).await;
                assert!(answered.is_ok(), "{entity} {selection}: {}", answered.err().unwrap_or_else(|| unreachable!()));
            }
        }
    }
}

/// What is selected is answered as it would be with everything: a selection that leaves a field out asks for one too few.
#[tokio::test]
async fn a_selected_field_has_the_value_that_it_has_in_the_whole_object() {
    let shop = Shop::new(Setup { products: 2, orders: 2, customers: 2, capacity: 1e9, ..Setup::default() }).await;
    for (entity, id) in READ.into_iter().zip(["1001", "3000", "400", "1", "20000"]) {
        let whole = Read { entity, target: Target::One(id), fields: None, include_remote: false };
        let (whole, _) = shop.read(&whole).await.unwrap();
        for field in entity.fields().iter().map(|field| field.trim_end_matches(".*")).filter(|field| *field != "remote")
        {
            let fields = Fields::parse(entity, field).unwrap();
            let read = Read { entity, target: Target::One(id), fields: Some(&fields), include_remote: false };
            let (_, selected) = shop.read(&read).await.unwrap();
            let expected: Value = serde_json::from_slice(&whole.to_json(Some(&fields)).unwrap()).unwrap();
            assert_eq!(selected, expected, "{entity} {field}");
        }
    }
}

#[tokio::test]
async fn where_connections_cost_more_pages_are_read_in_smaller_parts() {
    let setup = Setup { products: 120, sizing: Sizing::Linear, capacity: 1e9, ..Setup::default() };
    let shop = Shop::new(setup).await;
    let products = shop.all(Entity::Products, 100).await;
    let ids: Vec<u64> = products.iter().map(|it| it["id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, shop.store.product_ids());
    let refused = "MAX_COST_EXCEEDED";
    let answer = shop
        .graphql(
            "{ products(first: 250) { nodes { id seo { title } priceRangeV2 { minVariantPrice { amount } } } } }",
            json!({}),
        )
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], refused, "the stand-in does refuse what costs too much");
}

#[tokio::test]
async fn our_estimate_is_what_is_charged() {
    let shop = Shop::new(Setup::default()).await;
    for entity in READ {
        for per_page in [1, 25, 50] {
            let target = Target::Page { per_page, cursor: None, updated_after: None };
            let read = Read { entity, target, fields: None, include_remote: false };
            let context = Context { address: &shop.address, credential: &shop.credential };
            let connectors::Turn::Send { requests, .. } = shop.shopify.read(&context, &read).unwrap() else {
                panic!("no request")
            };
            let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
            let answer = shop.graphql(body["query"].as_str().unwrap(), body["variables"].clone()).await;
            let requested = answer["extensions"]["cost"]["requestedQueryCost"].as_f64().unwrap();
            let estimate = f64::from(requests[0].cost());
            assert!(
                (requested..=requested + 2.0).contains(&estimate),
                "{entity} {per_page}: {estimate} for {requested}"
            );
        }
    }
}

#[tokio::test]
async fn products_are_made_changed_and_deleted() {
    let shop = Shop::new(Setup::default()).await;
    let write = |verb, id: String, input: Value| {
        let shop = &shop;
        async move { shop.write(Entity::Products, verb, &id, &input).await }
    };
    let made = write(Verb::Create, String::new(), json!({
        "name": "Mug", "brand": "Acme", "status": "draft", "tags": ["a"], "categories": ["3"], "price": { "amount": "8.50", "currency": "EUR" },
        "sku": "MUG", "weight": { "value": "0.3", "unit": "kg" }, "images": [{ "url": "https://x.test/m.png", "alt": "A mug" }],
        "seo": { "slug": "a-mug", "title": "Mug" }, "meta": [{ "key": "care.wash", "value": 40 }, { "key": "note", "value": "x" }],
    })).await.unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((&made["type"], &made["sku"], &made["status"]), (&json!("simple"), &json!("MUG"), &json!("draft")));
    assert_eq!((&made["price"]["amount"], &made["categories"]), (&json!("8.50"), &json!(["3"])));
    assert_eq!((&made["images"][0]["alt"], &made["seo"]["slug"]), (&json!("A mug"), &json!("a-mug")));
    assert_eq!(made["meta"], json!([{ "key": "care.wash", "value": 40 }, { "key": "custom.note", "value": "x" }]));

    let changed = write(
        Verb::Update,
        id.clone(),
        json!({ "price": { "amount": "9.00" }, "compare_at": { "amount": "12.00" }, "status": "active", "tags": null }),
    )
    .await
    .unwrap();
    assert_eq!(
        (&changed["price"]["amount"], &changed["variants"][0]["compare_at"]["amount"]),
        (&json!("9.00"), &json!("12.00"))
    );
    assert_eq!((&changed["name"], &changed["status"], &changed["tags"]), (&json!("Mug"), &json!("active"), &json!([])));
    let refused = write(Verb::Update, id.clone(), json!({ "price": { "amount": "9.00", "currency": "USD" } })).await;
    assert!(matches!(&refused, Err(ReadError::Refused(refusal)) if format!("{refusal:?}").contains("/price/currency")));
    assert_eq!(write(Verb::Delete, id.clone(), json!({})).await.unwrap(), Value::Null);
    assert!(
        matches!(write(Verb::Delete, id, json!({})).await, Err(ReadError::Upstream { status, .. }) if status == 404)
    );

    let shirt = write(Verb::Create, String::new(), json!({
        "name": "Shirt", "price": { "amount": "20.00" },
        "variants": [{ "options": { "Size": "S" }, "sku": "S-S" }, { "options": { "Size": "M" }, "sku": "S-M", "price": { "amount": "21.00" }, "inventory": { "tracked": true, "backorder": true } }],
    })).await.unwrap();
    assert_eq!(shirt["options"], json!([{ "name": "Size", "values": ["S", "M"] }]));
    let prices: Vec<&Value> = shirt["variants"].as_array().unwrap().iter().map(|it| &it["price"]["amount"]).collect();
    assert_eq!(prices, ["20.00", "21.00"]);
    assert_eq!(shirt["variants"][1]["inventory"]["backorder"], true);
    let (id, small) = (shirt["id"].as_str().unwrap().to_owned(), shirt["variants"][0]["id"].clone());
    let more = json!({ "variants": [{ "id": small, "price": { "amount": "19.00" }, "cost": { "amount": "7.00" } }, { "options": { "Size": "L" }, "price": { "amount": "22.00" } }] });
    let shirt = write(Verb::Update, id.clone(), more).await.unwrap();
    let prices: Vec<&Value> = shirt["variants"].as_array().unwrap().iter().map(|it| &it["price"]["amount"]).collect();
    assert_eq!(prices, ["19.00", "21.00", "22.00"], "those that were not listed stay");
    assert_eq!(shirt["variants"][0]["cost"]["amount"], "7.00");
    let refused = write(Verb::Update, id, json!({ "price": { "amount": "1.00" } })).await;
    assert!(matches!(refused, Err(ReadError::Refused(_))), "which of the three is meant?");

    let blank = write(Verb::Create, String::new(), json!({ "name": " " })).await;
    let Err(ReadError::Upstream { status, text, .. }) = blank else { panic!("a blank name") };
    assert_eq!((status.as_u16(), text.as_str()), (422, "input.title: Title can't be blank"));
    let missing = write(Verb::Update, "1".to_owned(), json!({ "name": "x" })).await;
    assert!(matches!(missing, Err(ReadError::Upstream { status, .. }) if status == 404));
}

#[tokio::test]
async fn categories_and_customers_are_made_changed_and_deleted() {
    let shop = Shop::new(Setup::default()).await;
    let made =
        shop.write(Entity::Categories, Verb::Create, "", &json!({ "name": "Hats", "slug": "hats" })).await.unwrap();
    let id = made["id"].as_str().unwrap();
    let changed = shop.write(Entity::Categories, Verb::Update, id, &json!({ "name": "Caps" })).await.unwrap();
    assert_eq!((&changed["name"], &changed["slug"]), (&json!("Caps"), &json!("hats")));
    shop.write(Entity::Categories, Verb::Delete, id, &json!({})).await.unwrap();
    assert!(shop.write(Entity::Categories, Verb::Update, id, &json!({ "name": "x" })).await.is_err());

    let address = |city: &str| json!({ "city": city, "country": "DE", "region": { "code": "BE" }, "line1": "Weg 1" });
    let made = shop.write(Entity::Customers, Verb::Create, "", &json!({
        "email": "new@x.test", "phone": "+491", "first_name": "Bo", "groups": ["vip"], "addresses": [address("Berlin"), address("Bonn")],
        "marketing": { "email": true, "sms": true }, "meta": [{ "key": "crm.id", "value": "7" }],
    })).await.unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!((&made["marketing"], &made["groups"]), (&json!({ "email": true, "sms": true }), &json!(["vip"])));
    assert_eq!(
        (&made["addresses"][1]["city"], &made["addresses"][0]["region"]["code"]),
        (&json!("Bonn"), &json!("BE"))
    );
    let changed = json!({ "last_name": "Li", "marketing": { "email": false }, "addresses": [] });
    let changed = shop.write(Entity::Customers, Verb::Update, id, &changed).await.unwrap();
    assert_eq!(
        (&changed["first_name"], &changed["last_name"], &changed["addresses"]),
        (&json!("Bo"), &json!("Li"), &json!([]))
    );
    assert_eq!(changed["marketing"]["email"], false);
    let taken = shop.write(Entity::Customers, Verb::Create, "", &json!({ "email": "new@x.test" })).await;
    let Err(ReadError::Upstream { status, text, .. }) = taken else { panic!("twice the same address") };
    assert_eq!((status.as_u16(), text.as_str()), (422, "input.email: Email has already been taken"));
    shop.write(Entity::Customers, Verb::Delete, id, &json!({})).await.unwrap();
}

#[tokio::test]
async fn orders_are_made_changed_and_cancelled() {
    let shop = Shop::new(Setup::default()).await;
    let made = shop.write(Entity::Orders, Verb::Create, "", &json!({
        "financial_status": "paid", "customer": { "id": "400", "email": "c400@x.test" }, "note": "ring twice",
        "shipping": { "line1": "Weg 1", "city": "Berlin", "country": "DE" },
        "lines": [{ "variant_id": "20001", "quantity": 2 }, { "name": "Wrapping", "quantity": 1, "unit_price": { "amount": "1.50" } }],
        "shipping_lines": [{ "title": "Post", "code": "P", "total": { "amount": "4.90", "currency": "EUR" } }],
    })).await.unwrap();
    assert_eq!(made["lines"][0]["variant_id"], "20001");
    assert_eq!(
        (&made["totals"]["subtotal"]["amount"], &made["totals"]["total"]["amount"]),
        (&json!("21.50"), &json!("26.40"))
    );
    assert_eq!(
        (&made["financial_status"], &made["customer"]["id"], &made["note"]),
        (&json!("paid"), &json!("400"), &json!("ring twice"))
    );
    let sent: Value = shop
        .store
        .received()
        .iter()
        .map(|it| serde_json::from_slice::<Value>(&it.body).unwrap())
        .find(|body| body["query"].as_str().unwrap().contains("orderCreate"))
        .unwrap();
    assert_eq!(sent["variables"]["options"]["inventoryBehaviour"], "DECREMENT_OBEYING_POLICY");
    assert_eq!(sent["variables"]["order"]["lineItems"][0]["requiresShipping"], true);

    let id = made["id"].as_str().unwrap();
    let changed = shop
        .write(Entity::Orders, Verb::Update, id, &json!({ "note": null, "customer": { "email": "other@x.test" } }))
        .await
        .unwrap();
    assert_eq!((&changed["note"], &changed["customer"]["email"]), (&Value::Null, &json!("other@x.test")));
    let refused = shop.write(Entity::Orders, Verb::Update, id, &json!({ "lines": [] })).await;
    assert!(matches!(refused, Err(ReadError::Refused(_))));
    let cancelled = shop.write(Entity::Orders, Verb::Update, id, &json!({ "status": "cancelled" })).await.unwrap();
    assert_eq!(cancelled["status"], "cancelled");
    let again = shop.write(Entity::Orders, Verb::Update, id, &json!({ "status": "cancelled" })).await;
    assert!(matches!(again, Err(ReadError::Upstream { status, .. }) if status == 422));
}

#[tokio::test]
async fn stock_is_set_at_a_location_once_and_only_from_what_was_seen() {
    let shop = Shop::new(Setup::default()).await;
    let set = |input: Value| {
        let shop = &shop;
        async move { shop.write(Entity::Inventory, Verb::Update, "20000", &input).await }
    };
    let level = set(json!({ "available": 3, "location_id": "502" })).await.unwrap();
    assert_eq!(
        (&level["variant_id"], &level["location_id"], &level["available"]),
        (&json!("20000"), &json!("502"), &json!(3))
    );
    // The same number again, later, is another change: it must not be taken for a repeated one.
    set(json!({ "available": 5, "location_id": "502" })).await.unwrap();
    let level = set(json!({ "available": 3, "location_id": "502" })).await.unwrap();
    assert_eq!(level["available"], 3);
    let keys: std::collections::BTreeSet<String> = shop
        .store
        .received()
        .iter()
        .filter_map(|it| {
            serde_json::from_slice::<Value>(&it.body).ok()?["variables"]["key"].as_str().map(str::to_owned)
        })
        .collect();
    assert_eq!(keys.len(), 3);
    let which = set(json!({ "available": 1 })).await;
    assert!(matches!(&which, Err(ReadError::Refused(refusal)) if format!("{refusal:?}").contains("/location_id")));
    let nowhere = set(json!({ "available": 1, "location_id": "9" })).await;
    assert!(matches!(nowhere, Err(ReadError::Upstream { status, .. }) if status == 422));

    let item = "gid://shopify/InventoryItem/7020000";
    let quantities = |from: i64| json!({ "input": { "name": "available", "reason": "correction", "quantities": [{ "inventoryItemId": item, "locationId": "gid://shopify/Location/502", "quantity": 9, "changeFromQuantity": from }] } });
    let mutation = "mutation($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) @idempotent(key: \"k\") { userErrors { code } } }";
    let stale = shop.graphql(mutation, quantities(77)).await;
    assert_eq!(stale["data"]["inventorySetQuantities"]["userErrors"][0]["code"], "CHANGE_FROM_QUANTITY_STALE");
    let keyless = shop.graphql(&mutation.replace(" @idempotent(key: \"k\")", ""), quantities(3)).await;
    assert_eq!(keyless["data"]["inventorySetQuantities"]["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REQUIRED");
}

/// The judge judges: what does not fit the schema is refused.
#[tokio::test]
async fn what_shopify_would_refuse_is_refused() {
    let shop = Shop::new(Setup::default()).await;
    for (query, variables) in [
        ("{ products(first: 1) { nodes { nonsense } } }", json!({})),
        ("{ products(first: 1) { nodes { seo } } }", json!({})),
        ("{ products(first: 1) { nodes { id { x } } } }", json!({})),
        ("{ products(first: 1, sortKey: NONSENSE) { nodes { id } } }", json!({})),
        ("{ products(nonsense: 1) { nodes { id } } }", json!({})),
        ("{ product { id } }", json!({})),
        ("{ products { nodes { id } } }", json!({})),
        ("{ products(first: 251) { nodes { id } } }", json!({})),
        ("query($a: String) { shop { id } }", json!({})),
        ("query($a: Int) { products(first: 1, after: $a) { nodes { id } } }", json!({ "a": 1 })),
        ("query($id: ID!) { product(id: $id) { id } }", json!({})),
        ("query($id: ID!) { product(id: $id) { id } }", json!({ "id": "7" })),
        ("{ shop { id } }", json!({ "unused": 1 })),
        (
            "mutation($i: ProductSetInput!) { productSet(input: $i) { userErrors { message } } }",
            json!({ "i": { "nonsense": 1 } }),
        ),
        (
            "mutation($i: ProductSetInput!) { productSet(input: $i) { userErrors { message } } }",
            json!({ "i": { "status": "NONSENSE" } }),
        ),
        (
            "mutation($i: ProductSetInput!) { productSet(input: $i) { userErrors { message } } }",
            json!({ "i": { "tags": [1] } }),
        ),
        ("{ customers(first: 1) { nodes { email } } }", json!({})),
        ("{ products(first: 1", json!({})),
        ("", json!({})),
    ] {
        let answer = shop.graphql(query, variables).await;
        assert!(answer["errors"].is_array() && answer.get("data").is_none(), "{query}: {answer}");
    }
}
