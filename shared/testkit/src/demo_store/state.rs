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
    /// A name is missing.
    NameMissing,
    /// Another product has the SKU.
    SkuTaken,
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

    /// Creates a thing from what a caller sent; the store gives the id and the times.
    pub(super) fn create(&mut self, kind: Kind, sent: Map<String, Value>, now: &str) -> Result<Value, ChangeError> {
        let needs_name = matches!(kind, Kind::Products | Kind::Categories);
        if needs_name && sent.get("name").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
            return Err(ChangeError::NameMissing);
        }
        self.check_sku(kind, None, &sent)?;
        let id = self.things.get(&kind).and_then(|things| things.keys().next_back()).map_or(1, |last| last + 1);
        let mut thing = defaults(kind, id, now);
        merge(&mut thing, sent);
        let thing = Value::Object(thing);
        self.put(kind, id, thing.clone());
        Ok(thing)
    }

    /// Changes the fields that a caller sent.
    pub(super) fn update(
        &mut self,
        kind: Kind,
        id: u64,
        sent: Map<String, Value>,
        now: &str,
    ) -> Result<Value, ChangeError> {
        self.check_sku(kind, Some(id), &sent)?;
        let thing = self.things.get_mut(&kind).and_then(|things| things.get_mut(&id)).and_then(Value::as_object_mut);
        let thing = thing.ok_or(ChangeError::NotFound)?;
        merge(thing, sent);
        thing.insert("updated_at".to_owned(), now.into());
        Ok(Value::Object(thing.clone()))
    }

    pub(super) fn delete(&mut self, kind: Kind, id: u64) -> Result<(), ChangeError> {
        let removed = self.things.get_mut(&kind).and_then(|things| things.remove(&id));
        removed.map(|_| ()).ok_or(ChangeError::NotFound)
    }

    fn check_sku(&self, kind: Kind, own: Option<u64>, sent: &Map<String, Value>) -> Result<(), ChangeError> {
        let Some(sku) = sent.get("sku").filter(|sku| kind == Kind::Products && sku.is_string()) else { return Ok(()) };
        let mut others = self.things.get(&kind).into_iter().flatten().filter(|(id, _)| Some(**id) != own);
        if others.any(|(_, thing)| thing.get("sku") == Some(sku)) { Err(ChangeError::SkuTaken) } else { Ok(()) }
    }
}

/// Ids and the time of creation are the store's own.
fn merge(thing: &mut Map<String, Value>, sent: Map<String, Value>) {
    thing.extend(
        sent.into_iter()
            .filter(|(name, _)| !matches!(name.as_str(), "id" | "created_at" | "updated_at" | "variant_id")),
    );
}

fn defaults(kind: Kind, id: u64, now: &str) -> Map<String, Value> {
    let mut thing = match kind {
        Kind::Products => {
            json!({ "type": "simple", "status": "draft", "currency": "EUR", "variants": [], "tags": [], "images": [] })
        }
        Kind::Orders => json!({ "number": format!("C-{id}"), "status": "open", "currency": "EUR", "lines": [] }),
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
