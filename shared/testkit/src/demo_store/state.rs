//! The things in the demo store.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The kinds of thing, as they stand in paths and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Products,
    Orders,
    Customers,
    Categories,
    Inventory,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Products, Self::Orders, Self::Customers, Self::Categories, Self::Inventory];

    /// The name in paths, lists and scopes.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Orders => "orders",
            Self::Customers => "customers",
            Self::Categories => "categories",
            Self::Inventory => "inventory",
        }
    }

    /// The name around a single one.
    pub(super) fn singular(self) -> &'static str {
        match self {
            Self::Products => "product",
            Self::Orders => "order",
            Self::Customers => "customer",
            Self::Categories => "category",
            Self::Inventory => "inventory_level",
        }
    }
}

/// Everything in the store, by kind and id.
#[derive(Debug, Default)]
pub(super) struct State {
    things: BTreeMap<Kind, BTreeMap<u64, Value>>,
}

/// A page of a list.
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    pub(super) total: usize,
}

/// Why a change was not made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ChangeError {
    /// There is no such thing.
    NotFound,
    /// Another product has the SKU.
    SkuTaken,
    /// What was sent is not allowed; the text says why.
    Invalid(&'static str),
}

impl State {
    pub(super) fn put(&mut self, kind: Kind, id: u64, thing: Value) {
        self.things.entry(kind).or_default().insert(id, thing);
    }

    pub(super) fn get(&self, kind: Kind, id: u64) -> Option<&Value> {
        self.things.get(&kind)?.get(&id)
    }

    /// A page in order of id; times are compared as text, which RFC 3339 in UTC allows.
    pub(super) fn page(&self, kind: Kind, page: usize, per_page: usize, updated_after: Option<&str>) -> Page {
        let is_wanted = |thing: &&Value| match updated_after {
            Some(time) => thing.get("updated_at").and_then(Value::as_str).is_some_and(|updated| updated > time),
            None => true,
        };
        let all = self.things.get(&kind).into_iter().flat_map(BTreeMap::values).filter(is_wanted);
        let total = all.clone().count();
        let rows = all.skip(page.saturating_sub(1).saturating_mul(per_page)).take(per_page).cloned().collect();
        Page { rows, total }
    }

    /// Those of these ids, separated by commas, that are there, as one page.
    pub(super) fn these(&self, kind: Kind, ids: &str) -> Page {
        let rows: Vec<Value> = ids.split(',').filter_map(|id| self.get(kind, id.parse().ok()?).cloned()).collect();
        Page { total: rows.len(), rows }
    }

    /// Creates a thing from what a caller sent; the store gives the ids and the times.
    pub(super) fn create(&mut self, kind: Kind, mut sent: Map<String, Value>, now: &str) -> Result<Value, ChangeError> {
        for (of, name, why) in [
            (Kind::Products, "name", "name is required"),
            (Kind::Categories, "name", "name is required"),
            (Kind::Customers, "email", "email is required"),
        ] {
            if of == kind && sent.get(name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
                return Err(ChangeError::Invalid(why));
            }
        }
        self.check(kind, None, &sent)?;
        let id = self.things.get(&kind).and_then(|things| things.keys().next_back()).map_or(1, |last| last + 1);
        let mut thing = defaults(kind, id, now);
        let variants = sent.remove("variants");
        merge(&mut thing, sent);
        match kind {
            Kind::Products => self.put_variants(id, &mut thing, variants, now)?,
            Kind::Orders => self.reckon(id, &mut thing)?,
            Kind::Customers | Kind::Categories | Kind::Inventory => {}
        }
        let thing = Value::Object(thing);
        self.put(kind, id, thing.clone());
        Ok(thing)
    }

    /// Changes the fields that a caller sent.
    pub(super) fn update(
        &mut self,
        kind: Kind,
        id: u64,
        mut sent: Map<String, Value>,
        now: &str,
    ) -> Result<Value, ChangeError> {
        let thing = self.get(kind, id).and_then(Value::as_object).cloned();
        let mut thing = thing.ok_or(ChangeError::NotFound)?;
        self.check(kind, Some(id), &sent)?;
        let variants = sent.remove("variants");
        merge(&mut thing, sent);
        thing.insert("updated_at".to_owned(), now.into());
        if kind == Kind::Products {
            self.put_variants(id, &mut thing, variants, now)?;
        }
        if thing.get("status").and_then(Value::as_str) == Some("cancelled") {
            thing.insert("cancelled_at".to_owned(), now.into());
        }
        if kind == Kind::Inventory {
            self.set_stock(&thing);
        }
        let thing = Value::Object(thing);
        self.put(kind, id, thing.clone());
        Ok(thing)
    }

    pub(super) fn delete(&mut self, kind: Kind, id: u64) -> Result<(), ChangeError> {
        let things = self.things.get_mut(&kind).ok_or(ChangeError::NotFound)?;
        let removed = things.remove(&id).ok_or(ChangeError::NotFound)?;
        if kind == Kind::Products {
            for variant in removed["variants"].as_array().into_iter().flatten() {
                let level = variant["id"].as_u64().unwrap_or_default();
                self.things.entry(Kind::Inventory).or_default().remove(&level);
            }
        }
        Ok(())
    }

    /// What no field may hold.
    fn check(&self, kind: Kind, id: Option<u64>, sent: &Map<String, Value>) -> Result<(), ChangeError> {
        self.check_sku(kind, id, sent)?;
        if sent.get("currency").is_some_and(|currency| currency != CURRENCY) {
            return Err(ChangeError::Invalid("currency is not the store's"));
        }
        for name in ["name", "status", "email"] {
            if sent.get(name).is_some_and(|value| value.as_str().is_none_or(|text| text.trim().is_empty())) {
                return Err(ChangeError::Invalid("a required field is empty"));
            }
        }
        if kind == Kind::Inventory && sent.get("available").is_some_and(|number| !number.is_i64() && !number.is_null())
        {
            return Err(ChangeError::Invalid("available must be a whole number"));
        }
        Ok(())
    }

    /// Changes variants by id and adds those without; every product has one, and every variant a stock level.
    fn put_variants(
        &mut self,
        id: u64,
        product: &mut Map<String, Value>,
        sent: Option<Value>,
        now: &str,
    ) -> Result<(), ChangeError> {
        let has_options = product.get("options").and_then(Value::as_array).is_some_and(|options| !options.is_empty());
        product.insert("type".to_owned(), if has_options { "variable" } else { "simple" }.into());
        let mut variants = match product.remove("variants") {
            Some(Value::Array(variants)) => variants,
            _ => Vec::new(),
        };
        let mut sent = sent.and_then(|sent| sent.as_array().cloned()).unwrap_or_default();
        if variants.is_empty() && sent.is_empty() {
            sent.push(json!({}));
        }
        for mut new in sent {
            let Some(fields) = new.as_object_mut() else { return Err(ChangeError::Invalid("a variant is an object")) };
            let wanted = fields.remove("id").map(|id| number(&id));
            match wanted {
                Some(wanted) => {
                    let here = variants.iter_mut().find(|variant| number(&variant["id"]) == wanted);
                    let here = here.and_then(Value::as_object_mut).ok_or(ChangeError::Invalid("no such variant"))?;
                    here.append(fields);
                }
                None if !has_options && !variants.is_empty() => {
                    return Err(ChangeError::Invalid("a product without options has one variant"));
                }
                None => {
                    let last = variants.iter().filter_map(|variant| variant["id"].as_u64()).max();
                    let id = if has_options { last.map_or(id * 100, |last| last + 1) } else { id };
                    let mut variant = json!({
                        "id": id, "sku": product.get("sku"), "options": {}, "price": product.get("price"), "track_inventory": false,
                        "stock": null, "allow_backorder": false,
                    });
                    if let Some(variant) = variant.as_object_mut() {
                        variant.append(fields);
                    }
                    variants.push(variant);
                }
            }
        }
        for variant in &variants {
            let (number, stock) = (variant["id"].as_u64().unwrap_or_default(), variant["stock"].clone());
            let level = json!({
                "variant_id": number, "product_id": id, "location_id": "main", "available": stock, "on_hand": stock, "updated_at": now,
            });
            self.put(Kind::Inventory, number, level);
        }
        product.insert("variants".to_owned(), variants.into());
        Ok(())
    }

    /// A stock level is also a number of its variant.
    fn set_stock(&mut self, level: &Map<String, Value>) {
        let product = level.get("product_id").and_then(Value::as_u64).unwrap_or_default();
        let product = self.things.entry(Kind::Products).or_default().get_mut(&product);
        let variants = product.and_then(|product| product["variants"].as_array_mut());
        let wanted = level.get("variant_id");
        if let Some(variant) = variants.into_iter().flatten().find(|variant| variant.get("id") == wanted) {
            variant["stock"] = level.get("available").cloned().unwrap_or_default();
            variant["track_inventory"] = (!variant["stock"].is_null()).into();
        }
    }

    /// Names and prices the lines of a new order, and adds it all up.
    fn reckon(&self, id: u64, order: &mut Map<String, Value>) -> Result<(), ChangeError> {
        let mut lines = order.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
        if lines.is_empty() {
            return Err(ChangeError::Invalid("lines are required"));
        }
        let mut subtotal = 0;
        for (index, line) in (0..).zip(&mut lines) {
            let product = number(&line["product_id"]).and_then(|product| self.get(Kind::Products, product));
            let variant = product.and_then(|product| {
                let wanted = number(&line["variant_id"]);
                let of = |variant: &&Value| number(&variant["id"]) == wanted;
                product["variants"].as_array()?.iter().find(of)
            });
            if product.is_none() && line["name"].is_null() {
                return Err(ChangeError::Invalid("a line has neither a known product nor a name"));
            }
            line["id"] = (id * 10 + index).into();
            if line["name"].is_null() {
                line["name"] = product.map(|product| product["name"].clone()).unwrap_or_default();
            }
            if line["unit_price"].is_null() {
                let price = variant.or(product).map(|priced| priced["price"].clone());
                line["unit_price"] = price.filter(|price| !price.is_null()).unwrap_or_else(|| "0.00".into());
            }
            let total = cents(&line["unit_price"]) * line["quantity"].as_i64().unwrap_or(1);
            line["total"] = money(total).into();
            subtotal += total;
        }
        let mut shipping = 0;
        if let Some(lines) = order.get_mut("shipping_lines").and_then(Value::as_array_mut) {
            for (index, line) in (8..).zip(lines) {
                line["id"] = (id * 10 + index).into();
                shipping += cents(&line["total"]);
            }
        }
        order.insert("lines".to_owned(), lines.into());
        for (name, sum) in [
            ("subtotal", subtotal),
            ("shipping", shipping),
            ("discount", 0),
            ("tax", 0),
            ("total", subtotal + shipping),
        ] {
            order.insert(name.to_owned(), money(sum).into());
        }
        Ok(())
    }

    fn check_sku(&self, kind: Kind, own: Option<u64>, sent: &Map<String, Value>) -> Result<(), ChangeError> {
        let Some(sku) = sent.get("sku").filter(|sku| kind == Kind::Products && sku.is_string()) else { return Ok(()) };
        let mut others = self.things.get(&kind).into_iter().flatten().filter(|(id, _)| Some(**id) != own);
        if others.any(|(_, thing)| thing.get("sku") == Some(sku)) { Err(ChangeError::SkuTaken) } else { Ok(()) }
    }
}

/// The store's currency.
const CURRENCY: &str = "EUR";

/// An id, which may come as a number or as a text.
fn number(id: &Value) -> Option<u64> {
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}

/// The cents of an amount with at most two decimals.
fn cents(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap_or(0)
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Ids and the time of creation are the store's own.
fn merge(thing: &mut Map<String, Value>, sent: Map<String, Value>) {
    thing.extend(sent.into_iter().filter(|(name, _)| {
        !matches!(name.as_str(), "id" | "created_at" | "updated_at" | "variant_id" | "product_id")
    }));
}

fn defaults(kind: Kind, id: u64, now: &str) -> Map<String, Value> {
    let mut thing = match kind {
        Kind::Products => {
            json!({ "status": "draft", "currency": CURRENCY, "options": [], "tags": [], "images": [] })
        }
        Kind::Orders => json!({
            "number": format!("C-{id}"), "status": "open", "payment_status": "pending", "fulfillment_status": "unfulfilled", "currency": CURRENCY,
            "source": "api",
        }),
        _ => json!({}),
    };
    let thing = thing.as_object_mut().map(std::mem::take).unwrap_or_default();
    let mut all = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("created_at".to_owned(), json!(now)),
        ("updated_at".to_owned(), json!(now)),
    ]);
    all.extend(thing);
    all
}
