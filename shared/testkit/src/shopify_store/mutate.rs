//! Mutations: what they change, and what Shopify finds wrong with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::hooks;
use super::state::{
    State, bag, collection, customer, derive, gid, image, level, metafield, money, number, product, variant,
};

/// What a mutation answers: its payload, or what is wrong.
pub(super) type Payload = Result<Value, Vec<Value>>;

/// The arguments of a mutation, with the key of its `@idempotent`.
pub(super) struct Given {
    pub(super) arguments: Map<String, Value>,
    pub(super) key: Option<String>,
    /// Topics of webhooks that the token lacks the permission for.
    pub(super) forbidden: Vec<String>,
}

pub(super) fn error(field: &[&str], message: &str, code: &str) -> Vec<Value> {
    vec![json!({ "field": field, "message": message, "code": code })]
}

/// Carries out a mutation. What was found wrong stands in the payload.
pub(super) fn run(state: &mut State, name: &str, given: &Given, now: &str) -> Value {
    let argument = |name: &str| given.arguments.get(name).cloned().unwrap_or_default();
    let done = match name {
        "productSet" => product_set(state, &argument("identifier"), &argument("input"), now),
        "productVariantsBulkUpdate" | "productVariantsBulkCreate" => {
            bulk(state, name == "productVariantsBulkCreate", &argument("productId"), &argument("variants"), now)
        }
        "productDelete" => delete(&mut state.products, "Product", &argument("input")["id"], "deletedProductId"),
        "collectionCreate" => titled(&argument("collection")).map(|title| {
            let id = state.fresh();
            let mut made = collection(id, &title);
            apply(&mut made, &argument("collection"));
            state.collections.insert(id, made.clone());
            json!({ "collection": made })
        }),
        "collectionUpdate" => {
            let change = argument("collection");
            let id = number(&change["id"], "Collection");
            match id.and_then(|id| state.collections.get_mut(&id)) {
                Some(known) => {
                    apply(known, &change);
                    Ok(json!({ "collection": known }))
                }
                None => Err(error(&["id"], "Collection does not exist", "")),
            }
        }
        "collectionDelete" => {
            delete(&mut state.collections, "Collection", &argument("input")["id"], "deletedCollectionId")
        }
        "customerSet" => customer_set(state, &argument("identifier"), &argument("input"), now),
        "customerDelete" => delete(&mut state.customers, "Customer", &argument("input")["id"], "deletedCustomerId"),
        "customerEmailMarketingConsentUpdate" | "customerSmsMarketingConsentUpdate" => {
            consent(state, name.contains("Email"), &argument("input"))
        }
        "orderCreate" => order_create(state, &argument("order"), now),
        "orderUpdate" => {
            let change = argument("input");
            match number(&change["id"], "Order").and_then(|id| state.orders.get_mut(&id)) {
                Some(known) => {
                    apply(known, &change);
                    known["updatedAt"] = now.into();
                    Ok(json!({ "order": known }))
                }
                None => Err(error(&["id"], "Order does not exist", "")),
            }
        }
        "orderCancel" => match number(&argument("orderId"), "Order").and_then(|id| state.orders.get_mut(&id)) {
            Some(known) if known["cancelledAt"].is_null() => {
                known["cancelledAt"] = now.into();
                Ok(json!({ "job": { "id": gid("Job", 1), "done": false } }))
            }
            Some(_) => Err(error(&["orderId"], "Order has already been cancelled", "INVALID")),
            None => Err(error(&["orderId"], "Order does not exist", "NOT_FOUND")),
        },
        "inventorySetQuantities" => set_quantities(state, &argument("input"), given.key.as_deref(), now),
        "metafieldsSet" => metafields_set(state, &argument("metafields")),
        name if name.starts_with("webhookSubscription") => hooks::run(state, name, &given.arguments, &given.forbidden),
        _ => Err(error(&[], "the stand-in does not know this mutation", "")),
    };
    let errors = if name == "orderCancel" { "orderCancelUserErrors" } else { "userErrors" };
    match done {
        Ok(mut payload) => {
            payload[errors] = json!([]);
            payload
        }
        Err(wrong) => json!({ errors: wrong }),
    }
}

fn titled(input: &Value) -> Result<String, Vec<Value>> {
    match input["title"].as_str() {
        Some(title) if !title.trim().is_empty() => Ok(title.to_owned()),
        _ => Err(error(&["input", "title"], "Title can't be blank", "INVALID_PRODUCT")),
    }
}

/// Takes over the fields whose names are the same in the input and in the object.
fn apply(object: &mut Value, input: &Value) {
    let (Some(object), Some(input)) = (object.as_object_mut(), input.as_object()) else { return };
    for (name, value) in input {
        if object.contains_key(name) && name != "id" {
            object.insert(name.clone(), value.clone());
        }
    }
}

fn delete(table: &mut BTreeMap<u64, Value>, kind: &str, id: &Value, told: &str) -> Payload {
    match number(id, kind).and_then(|number| table.remove(&number)) {
        Some(_) => Ok(json!({ told: id })),
        None => Err(error(&["id"], &format!("{kind} does not exist"), "")),
    }
}

fn product_set(state: &mut State, identifier: &Value, input: &Value, now: &str) -> Payload {
    let id = match number(&identifier["id"], "Product") {
        Some(id) if state.products.contains_key(&id) => id,
        Some(_) => return Err(error(&["input"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")),
        None => state.fresh(),
    };
    let is_new = !state.products.contains_key(&id);
    if is_new || input.get("title").is_some() {
        titled(input)?;
    }
    if input.get("variants").is_some() && input.get("productOptions").is_none() {
        return Err(error(
            &["input", "variants"],
            "Product options input is required when updating variants",
            "PRODUCT_OPTIONS_INPUT_MISSING",
        ));
    }
    let mut set = match state.products.get(&id) {
        Some(known) => known.clone(),
        None => {
            let only = variant(state.fresh(), &[("Title", "Default Title")], "0.00");
            product(id, input["title"].as_str().unwrap_or_default(), vec![only])
        }
    };
    apply(&mut set, &without(input, &["variants", "collections", "seo"]));
    for (name, value) in input["seo"].as_object().cloned().unwrap_or_default() {
        set["seo"][name] = value;
    }
    if let Some(ids) = input["collections"].as_array() {
        let mut rows = Vec::new();
        for id in ids {
            match number(id, "Collection").and_then(|id| state.collections.get(&id)) {
                Some(collection) => rows.push(collection.clone()),
                None => return Err(error(&["input", "collections"], "Collection does not exist", "INVALID_INPUT")),
            }
        }
        set["collections"] = rows.into();
    }
    if let Some(files) = input["files"].as_array() {
        set["media"] = files
            .iter()
            .map(|file| image(state.fresh(), file["originalSource"].as_str().unwrap_or_default(), file["alt"].clone()))
            .collect();
    }
    if let Some(options) = input["productOptions"].as_array() {
        let values = |option: &Value| {
            option["values"].as_array().into_iter().flatten().map(|value| value["name"].clone()).collect::<Vec<_>>()
        };
        set["options"] = options
            .iter()
            .map(|option| json!({ "id": gid("ProductOption", id), "name": option["name"], "values": values(option) }))
            .collect();
    }
    if let Some(variants) = input["variants"].as_array() {
        let mut made = Vec::new();
        for input in variants {
            made.push(new_variant(state.fresh(), input, now));
        }
        set["variants"] = made.into();
    }
    set["updatedAt"] = now.into();
    derive(&mut set);
    state.products.insert(id, set.clone());
    Ok(json!({ "product": set }))
}

fn without(input: &Value, names: &[&str]) -> Value {
    let members = input.as_object().cloned().unwrap_or_default();
    members.into_iter().filter(|(name, _)| !names.contains(&name.as_str())).collect::<Map<_, _>>().into()
}

fn new_variant(id: u64, input: &Value, now: &str) -> Value {
    let mut made = variant(id, &[], "0.00");
    made["sku"] = Value::Null;
    made["inventoryQuantity"] = 0.into();
    made["inventoryItem"]["inventoryLevels"] = json!([level(super::state::LOCATIONS[0], 0, now)]);
    change_variant(&mut made, input);
    made
}

fn change_variant(variant: &mut Value, input: &Value) {
    for name in ["sku", "barcode", "price", "compareAtPrice", "inventoryPolicy"] {
        if let Some(value) = input.get(name) {
            variant[name] = value.clone();
        }
    }
    let item = &input["inventoryItem"];
    if let Some(sku) = item.get("sku") {
        variant["sku"] = sku.clone();
    }
    if let Some(tracked) = item.get("tracked") {
        variant["inventoryItem"]["tracked"] = tracked.clone();
    }
    if let Some(cost) = item.get("cost") {
        variant["inventoryItem"]["unitCost"] = cost.as_str().map_or(Value::Null, money);
    }
    if let Some(weight) = item["measurement"].get("weight") {
        variant["inventoryItem"]["measurement"]["weight"] = weight.clone();
    }
    if let Some(values) = input["optionValues"].as_array() {
        variant["selectedOptions"] =
            values.iter().map(|value| json!({ "name": value["optionName"], "value": value["name"] })).collect();
    }
}

fn bulk(state: &mut State, creates: bool, product: &Value, inputs: &Value, now: &str) -> Payload {
    let Some(id) = number(product, "Product").filter(|id| state.products.contains_key(id)) else {
        return Err(error(&["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST"));
    };
    for (index, input) in inputs.as_array().into_iter().flatten().enumerate() {
        let fresh = state.fresh();
        let Some(product) = state.products.get_mut(&id) else { continue };
        let Some(variants) = product["variants"].as_array_mut() else { continue };
        if creates {
            variants.push(new_variant(fresh, input, now));
        } else {
            match variants.iter_mut().find(|variant| variant["id"] == input["id"]) {
                Some(variant) => change_variant(variant, input),
                None => {
                    let field = ["variants", &index.to_string(), "id"];
                    return Err(error(&field, "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST"));
                }
            }
        }
        derive(product);
    }
    Ok(json!({ "product": state.products[&id] }))
}

fn customer_set(state: &mut State, identifier: &Value, input: &Value, now: &str) -> Payload {
    let known = number(&identifier["id"], "Customer");
    if known.is_some_and(|id| !state.customers.contains_key(&id)) {
        return Err(error(&["input", "id"], "Customer does not exist", "NOT_FOUND"));
    }
    let email = input["email"].as_str();
    let is_taken = |(id, customer): (&u64, &Value)| {
        Some(*id) != known && email.is_some() && customer["defaultEmailAddress"]["emailAddress"].as_str() == email
    };
    if state.customers.iter().any(is_taken) {
        return Err(error(&["input", "email"], "Email has already been taken", "TAKEN"));
    }
    let id = known.unwrap_or_else(|| state.fresh());
    let mut set = state.customers.get(&id).cloned().unwrap_or_else(|| customer(id, email.unwrap_or_default()));
    apply(&mut set, input);
    if let Some(email) = email {
        set["defaultEmailAddress"]["emailAddress"] = email.into();
    }
    if let Some(phone) = input.get("phone") {
        set["defaultPhoneNumber"] = match phone {
            Value::Null => Value::Null,
            phone => json!({ "phoneNumber": phone, "smsMarketingConsent": { "state": "NEVER_SUBSCRIBED" } }),
        };
    }
    if let Some(addresses) = input["addresses"].as_array() {
        let rows: Vec<Value> = addresses.iter().map(|input| address(input, state.fresh())).collect();
        set["defaultAddress"] = rows.first().cloned().unwrap_or_default();
        set["addressesV2"] = rows.into();
    }
    set["updatedAt"] = now.into();
    state.customers.insert(id, set.clone());
    Ok(json!({ "customer": set }))
}

fn address(input: &Value, id: u64) -> Value {
    let mut address = json!({ "id": gid("MailingAddress", id), "province": null });
    for (name, told) in [("countryCode", "countryCodeV2"), ("provinceCode", "provinceCode")] {
        address[told] = input[name].clone();
    }
    for name in ["firstName", "lastName", "company", "address1", "address2", "city", "zip", "phone"] {
        address[name] = input[name].clone();
    }
    address
}

fn consent(state: &mut State, by_email: bool, input: &Value) -> Payload {
    let Some(customer) = number(&input["customerId"], "Customer").and_then(|id| state.customers.get_mut(&id)) else {
        return Err(error(&["input", "customerId"], "Customer not found", "INVALID"));
    };
    if by_email {
        customer["defaultEmailAddress"]["marketingState"] = input["emailMarketingConsent"]["marketingState"].clone();
    } else if customer["defaultPhoneNumber"].is_null() {
        return Err(error(
            &["input", "smsMarketingConsent"],
            "A phone number is required to set the SMS consent state.",
            "INVALID",
        ));
    } else {
        customer["defaultPhoneNumber"]["smsMarketingConsent"]["state"] =
            input["smsMarketingConsent"]["marketingState"].clone();
    }
    Ok(json!({ "customer": customer }))
}

fn order_create(state: &mut State, input: &Value, now: &str) -> Payload {
    let id = state.fresh();
    let mut lines = Vec::new();
    for (index, line) in input["lineItems"].as_array().into_iter().flatten().enumerate() {
        let field = ["order", "lineItems", &index.to_string()];
        let found = match line.get("variantId") {
            Some(gid) => {
                let variant = state.variants().into_iter().find(|variant| variant["id"] == *gid);
                Some(variant.ok_or_else(|| error(&field, "Product variant does not exist", "INVALID"))?)
            }
            None => None,
        };
        let price = line["priceSet"]["shopMoney"]["amount"].as_str().map(str::to_owned);
        let price =
            price.or_else(|| Some(found.as_ref()?["price"].as_str()?.to_owned())).unwrap_or_else(|| "0.00".to_owned());
        let quantity = line["quantity"].as_i64().unwrap_or_default();
        let total = cents(&price) * quantity;
        lines.push((json!({
            "id": gid("LineItem", state.fresh()), "name": line.get("title").cloned().unwrap_or_else(|| "Tee".into()),
            "sku": found.as_ref().map(|variant| variant["sku"].clone()), "quantity": quantity, "product": null,
            "variant": found.map(|variant| json!({ "legacyResourceId": variant["legacyResourceId"] })),
            "originalUnitPriceSet": bag(&price), "originalTotalSet": bag(&euros(total)), "discountAllocations": [], "taxLines": [], "customAttributes": [],
        }), total));
    }
    if lines.is_empty() {
        return Err(error(&["order", "lineItems"], "Line items must have at least one line item", "INVALID"));
    }
    let shipping: Vec<Value> = input["shippingLines"].as_array().into_iter().flatten().map(|line| {
        json!({ "id": gid("ShippingLine", id), "title": line["title"], "code": line["code"], "discountedPriceSet": bag(line["priceSet"]["shopMoney"]["amount"].as_str().unwrap_or("0.00")), "taxLines": [] })
    }).collect();
    let sent: i64 = shipping
        .iter()
        .map(|line| cents(line["discountedPriceSet"]["shopMoney"]["amount"].as_str().unwrap_or("0")))
        .sum();
    let total = bag(&euros(lines.iter().map(|(_, total)| total).sum::<i64>() + sent));
    let buyer =
        number(&input["customer"]["toAssociate"]["id"], "Customer").and_then(|id| state.customers.get(&id).cloned());
    let place = |name: &str| input.get(name).map_or(Value::Null, |given| address(given, id));
    let order = json!({
        "id": gid("Order", id), "legacyResourceId": id.to_string(), "name": format!("#{id}"), "email": input["email"],
        "displayFinancialStatus": input["financialStatus"].as_str().unwrap_or("PENDING"),
        "displayFulfillmentStatus": if input["fulfillmentStatus"] == "FULFILLED" { "FULFILLED" } else { "UNFULFILLED" },
        "returnStatus": "NO_RETURN", "cancelledAt": null, "closedAt": null, "processedAt": now, "updatedAt": now,
        "currencyCode": input["currency"].as_str().unwrap_or(super::state::CURRENCY), "taxesIncluded": false, "totalDiscountsSet": bag("0.00"),
        "totalShippingPriceSet": bag(&euros(sent)), "totalTaxSet": bag("0.00"), "totalReceivedSet": bag("0.00"), "totalRefundedSet": bag("0.00"),
        "totalPriceSet": total, "customer": buyer, "billingAddress": place("billingAddress"), "shippingAddress": place("shippingAddress"),
        "note": input["note"], "sourceName": "app", "customAttributes": [], "metafields": [], "refunds": [], "shippingLines": shipping,
        "lineItems": lines.into_iter().map(|(line, _)| line).collect::<Vec<_>>(),
    });
    state.orders.insert(id, order.clone());
    Ok(json!({ "order": order }))
}

fn cents(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
    whole.parse::<i64>().unwrap_or_default() * 100 + format!("{part:0<2}")[..2].parse::<i64>().unwrap_or_default()
}

fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn set_quantities(state: &mut State, input: &Value, key: Option<&str>, now: &str) -> Payload {
    if key.is_none_or(|key| key.trim().is_empty()) {
        return Err(error(&[], "The @idempotent directive is required for this mutation", "IDEMPOTENCY_KEY_REQUIRED"));
    }
    for (index, wanted) in input["quantities"].as_array().into_iter().flatten().enumerate() {
        let place = index.to_string();
        let field = |name| ["input", "quantities", place.as_str(), name].map(str::to_owned);
        let fail = |name, message: &str, code: &str| {
            Err(vec![json!({ "field": field(name), "message": message, "code": code })])
        };
        let Some(from) = wanted.get("changeFromQuantity") else {
            return fail("changeFromQuantity", "The changeFromQuantity argument is required", "INVALID");
        };
        let Some(location) =
            number(&wanted["locationId"], "Location").filter(|id| super::state::LOCATIONS.contains(id))
        else {
            return fail("locationId", "The specified location could not be found.", "INVALID_LOCATION");
        };
        let Some(quantity) = wanted["quantity"].as_i64().filter(|quantity| *quantity <= 1_000_000_000) else {
            return fail("quantity", "The quantity can't be higher than 1,000,000,000.", "INVALID_QUANTITY_TOO_HIGH");
        };
        let done = state.with_variant(
            |variant| variant["inventoryItem"]["id"] == wanted["inventoryItemId"],
            |variant| {
                let Some(levels) = variant["inventoryItem"]["inventoryLevels"].as_array_mut() else { return false };
                let gid = gid("Location", location);
                let known = levels.iter_mut().find(|level| level["location"]["id"] == gid.as_str());
                if known.as_ref().is_some_and(|level| !from.is_null() && level["quantities"][0]["quantity"] != *from) {
                    return false;
                }
                match known {
                    Some(known) => *known = level(location, quantity, now),
                    None => levels.push(level(location, quantity, now)),
                }
                let all: i64 = levels.iter().filter_map(|level| level["quantities"][0]["quantity"].as_i64()).sum();
                variant["inventoryQuantity"] = all.into();
                true
            },
        );
        match done {
            Some(true) => {}
            Some(false) => {
                return fail(
                    "changeFromQuantity",
                    "The specified quantity does not match the persisted quantity.",
                    "CHANGE_FROM_QUANTITY_STALE",
                );
            }
            None => {
                return fail(
                    "inventoryItemId",
                    "The specified inventory item could not be found.",
                    "INVALID_INVENTORY_ITEM",
                );
            }
        }
    }
    Ok(json!({ "inventoryAdjustmentGroup": { "id": gid("InventoryAdjustmentGroup", 1) } }))
}

fn metafields_set(state: &mut State, inputs: &Value) -> Payload {
    for input in inputs.as_array().into_iter().flatten() {
        let owner = &input["ownerId"];
        let product = number(owner, "Product").and_then(|id| state.products.get_mut(&id));
        let owner = match product {
            Some(product) => Some(product),
            None => number(owner, "Customer").and_then(|id| state.customers.get_mut(&id)),
        };
        let Some(fields) = owner.and_then(|owner| owner["metafields"].as_array_mut()) else {
            return Err(error(&["metafields", "0", "ownerId"], "Owner does not exist.", "INVALID"));
        };
        let text = input["value"].as_str().unwrap_or_default();
        let value = match input["type"].as_str() {
            Some("single_line_text_field" | "multi_line_text_field") => text.into(),
            _ => serde_json::from_str(text).unwrap_or(Value::Null),
        };
        let (namespace, key) =
            (input["namespace"].as_str().unwrap_or_default(), input["key"].as_str().unwrap_or_default());
        fields.retain(|field| field["namespace"] != namespace || field["key"] != key);
        fields.push(metafield(namespace, key, value));
    }
    Ok(json!({ "metafields": [] }))
}
