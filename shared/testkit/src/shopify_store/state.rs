//! What the shop has: objects with every field of the schema that anybody asks for, connections as arrays of their rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Setup;

/// The shop's currency.
pub const CURRENCY: &str = "EUR";

/// The shop's two locations.
pub const LOCATIONS: [u64; 2] = [501, 502];

/// Objects by their number.
pub(super) type Table = BTreeMap<u64, Value>;

#[derive(Default)]
pub(super) struct State {
    pub(super) products: Table,
    pub(super) collections: Table,
    pub(super) customers: Table,
    pub(super) orders: Table,
    /// Webhook subscriptions.
    pub(super) hooks: Table,
    next: u64,
}

pub(super) fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The number in a global id of a kind.
pub(super) fn number(gid: &Value, kind: &str) -> Option<u64> {
    gid.as_str()?.strip_prefix(&format!("gid://shopify/{kind}/"))?.parse().ok()
}

pub(super) fn money(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": CURRENCY })
}

pub(super) fn bag(amount: &str) -> Value {
    json!({ "shopMoney": money(amount), "presentmentMoney": money(amount) })
}

/// Minutes after the first of October 2026, when the shop opened.
pub(super) fn time(minute: u64) -> String {
    format!("2026-10-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440 % 28, minute / 60 % 24, minute % 60)
}

pub(super) fn metafield(namespace: &str, key: &str, value: Value) -> Value {
    json!({ "namespace": namespace, "key": key, "jsonValue": value })
}

pub(super) fn level(location: u64, available: i64, updated: &str) -> Value {
    json!({
        "id": format!("gid://shopify/InventoryLevel/{location}"),
        "updatedAt": updated,
        "location": { "id": gid("Location", location), "legacyResourceId": location.to_string(), "name": format!("Location {location}") },
        "quantities": [{ "name": "available", "quantity": available }, { "name": "on_hand", "quantity": available }],
    })
}

pub(super) fn variant(id: u64, options: &[(&str, &str)], price: &str) -> Value {
    let selected: Vec<Value> = options.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "id": gid("ProductVariant", id), "legacyResourceId": id.to_string(), "sku": format!("SKU-{id}"), "barcode": null, "price": price,
        "compareAtPrice": null, "inventoryQuantity": 12, "inventoryPolicy": "DENY", "selectedOptions": selected, "media": [],
        "updatedAt": time(id % 1000),
        "inventoryItem": {
            "id": gid("InventoryItem", id + 7_000_000), "tracked": true, "unitCost": money("4.20"),
            "measurement": { "weight": { "value": 0.25, "unit": "KILOGRAMS" } },
            "inventoryLevels": LOCATIONS.iter().map(|location| level(*location, 6, &time(id % 1000))).collect::<Vec<_>>(),
        },
    })
}

/// Writes what follows from a product's variants anew.
pub(super) fn derive(product: &mut Value) {
    let variants = product["variants"].as_array().cloned().unwrap_or_default();
    let cheapest = |field: &str| {
        let prices = variants.iter().filter_map(|variant| variant[field].as_str());
        // Shopify's prices have two decimals, so the shorter is the lower, and equally long ones compare as text.
        prices.min_by_key(|price| (price.len(), (*price).to_owned())).unwrap_or("0.0").to_owned()
    };
    product["priceRangeV2"] =
        json!({ "minVariantPrice": money(&cheapest("price")), "maxVariantPrice": money(&cheapest("price")) });
    product["compareAtPriceRange"] = json!({ "minVariantCompareAtPrice": money(&cheapest("compareAtPrice")) });
    product["hasOnlyDefaultVariant"] = json!(product["options"][0]["name"] == "Title");
}

pub(super) fn product(id: u64, title: &str, variants: Vec<Value>) -> Value {
    let mut product = json!({
        "__typename": "Product", "id": gid("Product", id), "legacyResourceId": id.to_string(), "title": title, "handle": title.to_lowercase().replace(' ', "-"),
        "descriptionHtml": format!("<p>{title}</p>"), "vendor": "Acme", "tags": ["new"], "status": "ACTIVE", "isGiftCard": false,
        "hasVariantsThatRequiresComponents": false, "seo": { "title": null, "description": null }, "media": [], "collections": [],
        "metafields": [], "createdAt": time(id), "updatedAt": time(id), "variants": variants,
        "options": [{ "id": gid("ProductOption", id), "name": "Title", "values": ["Default Title"] }],
    });
    derive(&mut product);
    product
}

pub(super) fn image(id: u64, url: &str, alt: Value) -> Value {
    json!({ "__typename": "MediaImage", "id": gid("MediaImage", id), "alt": alt, "mediaContentType": "IMAGE", "image": { "url": url } })
}

pub(super) fn collection(id: u64, title: &str) -> Value {
    json!({ "id": gid("Collection", id), "legacyResourceId": id.to_string(), "title": title, "handle": title.to_lowercase().replace(' ', "-"), "updatedAt": time(id) })
}

pub(super) fn customer(id: u64, email: &str) -> Value {
    json!({
        "id": gid("Customer", id), "legacyResourceId": id.to_string(), "firstName": "Ann", "lastName": format!("No{id}"), "tags": [], "state": "DISABLED",
        "defaultEmailAddress": { "emailAddress": email, "marketingState": "NOT_SUBSCRIBED" },
        "defaultPhoneNumber": null, "defaultAddress": null, "addressesV2": [], "metafields": [], "createdAt": time(id), "updatedAt": time(id),
    })
}

fn order(id: u64, customer: &Value, variant: &Value, lines: u64) -> Value {
    let line = |place: u64| {
        json!({
            "id": gid("LineItem", id * 100 + place), "name": "Tee", "sku": variant["sku"], "quantity": 1, "product": null,
            "variant": { "legacyResourceId": variant["legacyResourceId"] }, "originalUnitPriceSet": bag("10.00"),
            "originalTotalSet": bag("10.00"), "discountAllocations": [], "taxLines": [{ "priceSet": bag("1.90") }], "customAttributes": [],
        })
    };
    json!({
        "id": gid("Order", id), "legacyResourceId": id.to_string(), "name": format!("#{id}"), "email": customer["defaultEmailAddress"]["emailAddress"],
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED", "returnStatus": "NO_RETURN", "cancelledAt": null, "closedAt": null,
        "processedAt": time(id), "updatedAt": time(id), "currencyCode": CURRENCY, "taxesIncluded": false, "totalDiscountsSet": bag("0.00"),
        "totalShippingPriceSet": bag("0.00"), "totalTaxSet": bag("1.90"), "totalReceivedSet": bag("11.90"), "totalRefundedSet": bag("0.00"),
        "totalPriceSet": bag("11.90"), "customer": customer, "billingAddress": null, "shippingAddress": null, "note": null, "sourceName": "web",
        "customAttributes": [], "metafields": [], "lineItems": (1..=lines).map(line).collect::<Vec<_>>(), "shippingLines": [], "refunds": [],
    })
}

impl State {
    pub(super) fn new(setup: &Setup) -> Self {
        let mut state = Self { next: 90_000, ..Self::default() };
        for id in 1..=12 {
            state.collections.insert(id, collection(id, &format!("Collection {id}")));
        }
        for place in 0..setup.products {
            let id = 1000 + place;
            let variants = match place {
                // One product has more of everything than comes with a page.
                0 => {
                    (0..setup.variants).map(|at| variant(20_000 + at, &[("Size", &at.to_string())], "10.00")).collect()
                }
                _ => vec![variant(10_000 + place, &[("Title", "Default Title")], "9.50")],
            };
            let mut product = product(id, &format!("Product {place}"), variants);
            if place == 0 {
                product["options"] = json!([{ "id": gid("ProductOption", id), "name": "Size", "values": (0..setup.variants).map(|at| at.to_string()).collect::<Vec<_>>() }]);
                product["media"] =
                    (0..12).map(|at| image(300 + at, &format!("https://cdn.test/{at}.png"), Value::Null)).collect();
                product["metafields"] = (0..11).map(|at| metafield("custom", &format!("k{at}"), json!(at))).collect();
                derive(&mut product);
            }
            product["collections"] = state.collections.get(&(1 + place % 12)).cloned().into_iter().collect();
            state.products.insert(id, product);
        }
        for place in 0..setup.customers {
            let id = 400 + place;
            state.customers.insert(id, customer(id, &format!("c{id}@x.test")));
        }
        for place in 0..setup.orders {
            let id = 3000 + place;
            let customer =
                state.customers.values().nth((place % setup.customers.max(1)) as usize).cloned().unwrap_or_default();
            state
                .orders
                .insert(id, order(id, &customer, &variant(20_000, &[], "10.00"), if place == 0 { 14 } else { 1 }));
        }
        state
    }

    /// A number that nothing has yet.
    pub(super) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Every variant, in order of their numbers.
    pub(super) fn variants(&self) -> Vec<Value> {
        let mut variants: Vec<Value> =
            self.products.values().filter_map(|product| product["variants"].as_array()).flatten().cloned().collect();
        variants.sort_by_key(|variant| number(&variant["id"], "ProductVariant"));
        variants
    }

    /// Gives a variant of some product to a change.
    pub(super) fn with_variant<T>(
        &mut self,
        matches: impl Fn(&Value) -> bool,
        change: impl FnOnce(&mut Value) -> T,
    ) -> Option<T> {
        for product in self.products.values_mut() {
            let Some(variants) = product["variants"].as_array_mut() else { continue };
            if let Some(variant) = variants.iter_mut().find(|variant| matches(variant)) {
                let done = change(variant);
                derive(product);
                return Some(done);
            }
        }
        None
    }
}
