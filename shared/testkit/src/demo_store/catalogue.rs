//! The seeded catalogue: 220 products with variants, 50 customers, 300 orders, 12 categories and the stock of every variant.
//!
//! The same seed makes the same store, to the byte. People do not exist and their addresses end in `example.test`.

use serde_json::{Value, json};

use super::state::{Kind, State};
use crate::loopback_server::rfc3339;

/// How many of each there are.
pub(super) const PRODUCTS: u64 = 220;
pub(super) const CUSTOMERS: u64 = 50;
pub(super) const ORDERS: u64 = 300;

/// 2026-01-01T00:00:00Z, when the shop opened.
const OPENED: u64 = 1_767_225_600;

const FIRST_NAMES: &[&str] = &[
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ines", "Jonas", "Keiko", "Liam", "Mira",
    "Noor", "Oskar", "Priya",
];
const LAST_NAMES: &[&str] = &[
    "Arnesen",
    "Baptiste",
    "Castellano",
    "Dvořák",
    "Engström",
    "Fischer",
    "Grabowski",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "O'Neill",
];
const STREETS: &[&str] = &["Linden Road", "Harbour Street", "Station Lane", "Mill Yard", "Orchard Way", "Chapel Row"];
const CITIES: &[(&str, &str, &str)] = &[
    ("Berlin", "10115", "DE"),
    ("Lyon", "69002", "FR"),
    ("Porto", "4000-123", "PT"),
    ("Gdańsk", "80-244", "PL"),
    ("Ghent", "9000", "BE"),
    ("Turku", "20100", "FI"),
];
const MATERIALS: &[&str] =
    &["Linen", "Oak", "Steel", "Wool", "Ceramic", "Cork", "Cotton", "Glass", "Bamboo", "Leather"];
const THINGS: &[(&str, usize)] = &[
    ("Shirt", 0),
    ("Scarf", 0),
    ("Apron", 1),
    ("Mug", 1),
    ("Tray", 1),
    ("Lamp", 2),
    ("Stool", 2),
    ("Notebook", 3),
    ("Pencil Case", 3),
    ("Backpack", 4),
    ("Tote", 4),
];
const BRANDS: &[&str] = &["Nordhafen", "Casa Lume", "Fieldnote", "Atelier Vert"];
const SIZES: &[&str] = &["S", "M", "L", "XL"];
const COLOURS: &[&str] = &["Sand", "Moss", "Ink"];
const TOPS: &[&str] = &["Clothing", "Kitchen", "Living", "Paper", "Bags"];

/// `SplitMix64`: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.roll(from.len() as u64);
        &from[usize::try_from(index).unwrap_or(0)]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// A variant as an order line needs it.
struct Sold {
    product_id: u64,
    variant_id: u64,
    name: String,
    sku: String,
    cents: u64,
    options: Value,
}

/// The whole store of a seed.
pub(super) fn seeded(seed: u64) -> State {
    let mut dice = Dice(seed);
    let mut state = State::default();
    categories(&mut state);
    let sold = products(&mut state, &mut dice);
    customers(&mut state, &mut dice);
    orders(&mut state, &mut dice, &sold);
    state
}

fn categories(state: &mut State) {
    for (id, name) in (1..).zip(TOPS) {
        let slug = name.to_lowercase();
        let category = json!({ "id": id, "parent_id": null, "name": name, "slug": slug, "path": name, "position": id, "visible": true });
        state.put(Kind::Categories, id, category);
    }
    for (index, (id, name)) in
        (6..).zip(["Summer", "Winter", "Coffee", "Light", "Writing", "Travel", "Archive"]).enumerate()
    {
        let parent = index % TOPS.len();
        let category = json!({
            "id": id, "parent_id": parent + 1, "name": name, "slug": name.to_lowercase(), "path": format!("{} / {name}", TOPS[parent]),
            "position": id, "visible": name != "Archive",
        });
        state.put(Kind::Categories, id, category);
    }
}

fn products(state: &mut State, dice: &mut Dice) -> Vec<Sold> {
    let mut all_sold = Vec::new();
    for number in 0..PRODUCTS {
        let id = 1001 + number;
        let (thing, category) = dice.pick(THINGS);
        let name = format!("{} {thing} No. {}", dice.pick(MATERIALS), number + 1);
        let cents = 490 + 50 * dice.roll(300);
        let (created, updated) = (OPENED + number * 7_200, OPENED + number * 7_200 + dice.roll(250) * 86_400);
        let is_variable = *category == 0 || dice.chance(30);
        let choices: Vec<(Value, String)> = if is_variable {
            let colours = if dice.chance(50) { COLOURS } else { &COLOURS[..1] };
            colours
                .iter()
                .flat_map(|colour| {
                    SIZES.iter().map(move |size| {
                        (json!({ "Colour": colour, "Size": size }), format!("-{}{size}", &colour[..2]))
                    })
                })
                .collect()
        } else {
            vec![(json!({}), String::new())]
        };
        let mut variants = Vec::new();
        for (index, (options, suffix)) in (0..).zip(choices) {
            // A product without options is its own variant.
            let variant_id = if is_variable { id * 100 + index } else { id };
            let sku = format!("CT-{id}{}", suffix.to_uppercase());
            let cents = cents + index % 4 * 100;
            let stock = i64::try_from(dice.roll(120)).unwrap_or(0) - 5;
            let level = json!({
                "variant_id": variant_id, "product_id": id, "location_id": "main", "available": stock, "on_hand": stock.max(0) + 2, "updated_at": rfc3339(updated),
            });
            state.put(Kind::Inventory, variant_id, level);
            variants.push(json!({
                "id": variant_id, "sku": sku, "barcode": format!("40{:011}", variant_id), "options": options, "price": money(cents), "compare_at_price": null,
                "cost": money(cents / 2), "weight": 0.25, "weight_unit": "kg", "image_id": format!("img_{id}"), "track_inventory": true, "stock": stock,
                "allow_backorder": number % 9 == 0,
            }));
            all_sold.push(Sold {
                product_id: id,
                variant_id,
                name: name.clone(),
                sku,
                cents,
                options: options.clone(),
            });
        }
        let is_reduced = dice.chance(15);
        let options = if is_variable {
            json!([{ "name": "Colour", "values": COLOURS }, { "name": "Size", "values": SIZES }])
        } else {
            json!([])
        };
        let product = json!({
            "id": id, "type": if is_variable { "variable" } else { "simple" }, "sku": format!("CT-{id}"), "name": name,
            "slug": format!("{}-{}", thing.to_lowercase().replace(' ', "-"), number + 1), "description": format!("<p>{name}: made to last.</p>"),
            "status": if dice.chance(90) { "active" } else { *dice.pick(&["draft", "archived"]) }, "brand": dice.pick(BRANDS), "tags": ["demo"],
            "category_ids": [category + 1], "images": [{ "id": format!("img_{id}"), "url": format!("https://images.example.test/{id}.jpg"), "alt": name }],
            "options": options, "currency": "EUR", "price": money(cents), "compare_at_price": is_reduced.then(|| money(cents + 1000)), "tax_class": "standard",
            "weight": 0.25, "weight_unit": "kg", "seo_title": name, "seo_description": null, "variants": variants,
            "created_at": rfc3339(created), "updated_at": rfc3339(updated),
        });
        state.put(Kind::Products, id, product);
    }
    all_sold
}

fn customers(state: &mut State, dice: &mut Dice) {
    for id in 1..=CUSTOMERS {
        let (first, last) = (*dice.pick(FIRST_NAMES), *dice.pick(LAST_NAMES));
        let address = address(dice, first, last);
        let customer = json!({
            "id": id, "email": format!("customer{id}@example.test"), "phone": format!("+49 30 5550{id:04}"), "first_name": first, "last_name": last,
            "groups": if dice.chance(20) { json!(["wholesale"]) } else { json!([]) }, "addresses": [address],
            "accepts_email_marketing": dice.chance(40), "accepts_sms_marketing": false,
            "created_at": rfc3339(OPENED + id * 10_000), "updated_at": rfc3339(OPENED + id * 20_000),
        });
        state.put(Kind::Customers, id, customer);
    }
}

fn address(dice: &mut Dice, first: &str, last: &str) -> Value {
    let (city, postcode, country) = *dice.pick(CITIES);
    json!({
        "first_name": first, "last_name": last, "company": null, "line1": format!("{} {}", dice.pick(STREETS), 1 + dice.roll(120)), "line2": null, "city": city,
        "region_code": null, "region": null, "postcode": postcode, "country": country, "phone": null, "tax_id": null,
    })
}

fn orders(state: &mut State, dice: &mut Dice, sold: &[Sold]) {
    const STATUSES: &[(&str, &str, &str)] = &[
        ("open", "pending", "unfulfilled"),
        ("open", "paid", "unfulfilled"),
        ("open", "paid", "partial"),
        ("completed", "paid", "fulfilled"),
        ("completed", "paid", "fulfilled"),
        ("completed", "partially_refunded", "fulfilled"),
        ("cancelled", "voided", "unfulfilled"),
        ("completed", "refunded", "returned"),
    ];
    for number in 0..ORDERS {
        let id = 5001 + number;
        let (status, payment, fulfillment) = *dice.pick(STATUSES);
        let mut subtotal = 0;
        let mut lines = Vec::new();
        for index in 0..=dice.roll(3) {
            let item = dice.pick(sold);
            let quantity = 1 + dice.roll(3);
            let total = item.cents * quantity;
            subtotal += total;
            // Some products were deleted since: their ids lead nowhere.
            let is_deleted = number % 25 == 0;
            lines.push(json!({
                "id": id * 10 + index, "product_id": (!is_deleted).then_some(item.product_id), "variant_id": (!is_deleted).then_some(item.variant_id),
                "sku": item.sku, "name": item.name, "quantity": quantity, "unit_price": money(item.cents), "unit_price_inc_tax": money(item.cents * 119 / 100), "discount": "0.00", "tax": money(total * 19 / 100),
                "total": money(total), "options": item.options,
            }));
        }
        let (shipping, tax) = (490, subtotal * 19 / 100);
        let total = subtotal + shipping + tax;
        let refunded = match payment {
            "refunded" => total,
            "partially_refunded" => total / 3,
            _ => 0,
        };
        let (first, last) = (*dice.pick(FIRST_NAMES), *dice.pick(LAST_NAMES));
        let customer_id = (!dice.chance(20)).then(|| 1 + dice.roll(CUSTOMERS));
        let email = customer_id
            .map_or_else(|| format!("guest{id}@example.test"), |customer| format!("customer{customer}@example.test"));
        let (billing, shipping_address) = (address(dice, first, last), address(dice, first, last));
        let placed = OPENED + number * 86_000;
        let refunds = if refunded > 0 {
            json!([{ "id": id * 10 + 9, "amount": money(refunded), "reason": "returned", "created_at": rfc3339(placed + 600_000) }])
        } else {
            json!([])
        };
        let order = json!({
            "id": id, "number": format!("C-{id}"), "status": status, "payment_status": payment, "fulfillment_status": fulfillment, "currency": "EUR",
            "subtotal": money(subtotal), "discount": "0.00", "shipping": money(shipping), "tax": money(tax), "total": money(total), "tax_included": false,
            "paid": if matches!(payment, "pending" | "voided") { money(0) } else { money(total) }, "refunded": money(refunded),
            "customer": { "id": customer_id, "email": email, "first_name": first, "last_name": last }, "billing_address": billing,
            "shipping_address": shipping_address, "lines": lines,
            "shipping_lines": [{ "id": id * 10 + 8, "title": "Parcel", "code": "parcel", "total": money(shipping), "tax": "0.00" }], "refunds": refunds,
            "note": null, "source": "web", "created_at": rfc3339(placed), "updated_at": rfc3339(placed + dice.roll(500_000)),
            "cancelled_at": (status == "cancelled").then(|| rfc3339(placed + 3_600)),
        });
        state.put(Kind::Orders, id, order);
    }
}

/// Cents as a decimal text.
fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
