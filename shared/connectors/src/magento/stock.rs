//! Stock by source (Magento's multi-source inventory), and reading it as an entity of its own.

use std::collections::BTreeMap;

use domain::model::InventoryLevel;
use http::StatusCode;

use super::map::{Source, Stocks, total};
use super::reads::{Place, one};
use super::search::{MOST, Search};
use super::{Door, encoded, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{Item, items};

/// SKUs in one search: at 64 characters each they still fit into a request line of 8 KiB.
const SKUS_AT_ONCE: usize = 50;

const PATH: &str = "inventory/source-items";

/// What comes of the stock that was asked for.
type Then = Box<dyn FnOnce(Stocks) -> Result<Turn, ReadError> + Send>;

/// Fetches the stock of many SKUs by one search for each fifty, all at once.
pub(super) fn of_skus(
    door: Door,
    skus: Vec<String>,
    then: impl FnOnce(Stocks) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    // `in` takes a list with commas, so a SKU that has one is asked for alone.
    let (odd, plain): (Vec<&String>, Vec<&String>) = skus.iter().partition(|sku| sku.contains(','));
    let lists =
        plain.chunks(SKUS_AT_ONCE).map(|chunk| chunk.iter().map(|sku| sku.as_str()).collect::<Vec<_>>().join(","));
    let conditions: Vec<(&'static str, String)> =
        lists.map(|list| ("in", list)).chain(odd.into_iter().map(|sku| ("eq", sku.clone()))).collect();
    let requests = conditions.iter().map(|(condition, value)| search(&door, condition, value, 1)).collect();
    let then: Then = Box::new(then);
    let go_on = move |answers: Vec<InboundResponse>| {
        if answers.iter().any(|answer| answer.status == StatusCode::NOT_FOUND) {
            return Ok(one_by_one(door, skus, then));
        }
        let mut stocks = Stocks::new();
        let mut more = Vec::new();
        for ((condition, value), answer) in conditions.iter().zip(&answers) {
            let found = add(&door, answer, &mut stocks)?;
            more.extend((2..=found.div_ceil(MOST)).map(|page| search(&door, condition, value, page)));
        }
        if more.is_empty() {
            return then(stocks);
        }
        let rest = move |answers: Vec<InboundResponse>| {
            answers.iter().try_for_each(|answer| add(&door, answer, &mut stocks).map(drop))?;
            then(stocks)
        };
        Ok(Turn::Send { requests: more, then: Box::new(rest) })
    };
    Turn::Send { requests, then: Box::new(go_on) }
}

fn search(door: &Door, condition: &str, value: &str, page: usize) -> OutboundRequest {
    door.search(PATH, &Search::of(MOST).filter("sku", condition, value).page(page))
}

/// Adds an answer's rows; says how many there are in all.
fn add(door: &Door, answer: &InboundResponse, stocks: &mut Stocks) -> Result<usize, ReadError> {
    let (rows, found) = door.found(answer)?;
    let rows: Vec<Item<wire::SourceItem<'_>>> = items(rows, false)?;
    for row in rows {
        stocks.entry(row.wire.sku.clone().into_owned()).or_default().push(source(row.wire));
    }
    Ok(found)
}

fn source(wire: wire::SourceItem<'_>) -> Source {
    Source {
        code: Some(wire.source_code.into_owned()),
        quantity: wire.quantity.whole(),
        in_stock: wire.status.is_none_or(|status| status.into_string() == "1"),
    }
}

/// A store whose merchant removed multi-source inventory knows stock by SKU only.
fn one_by_one(door: Door, skus: Vec<String>, then: Then) -> Turn {
    let requests = skus.iter().map(|sku| door.get(&format!("stockItems/{}", encoded(sku)))).collect();
    let go_on = move |answers: Vec<InboundResponse>| {
        let mut stocks = Stocks::new();
        for (sku, answer) in skus.into_iter().zip(&answers) {
            // A product that went away meanwhile has no stock.
            if answer.status == StatusCode::NOT_FOUND {
                continue;
            }
            let body = crate::upstream::success(answer, &door.credential)?;
            let wire: wire::StockItem<'_> =
                serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not a stock item"))?;
            stocks.insert(sku, vec![Source { code: None, quantity: wire.qty.whole(), in_stock: wire.is_in_stock }]);
        }
        then(stocks)
    };
    Turn::Send { requests, then: Box::new(go_on) }
}

/// A page of source items, with the ids of their products. It is read by number, for source items show no id; a page past the end would
/// repeat the last one, so the total ends the list.
pub(super) fn read(door: Door, place: Place, remote: bool) -> Turn {
    let (list, page) = match place {
        Place::One(id) => return of_product(door, id),
        Place::Page(list, page) => (list, page),
        Place::After(list, _) => (list, 1),
    };
    let number = usize::try_from(page).unwrap_or(usize::MAX);
    let search = Search::of(list.per_page.into()).sorted_by("source_item_id").page(number);
    Turn::ask(door.search(PATH, &search), move |answer| {
        let (rows, found) = door.found(&answer)?;
        let has_next = number.saturating_mul(list.per_page.into()) < found;
        let next_cursor = if has_next { list.cursor(page + 1) } else { None };
        let rows: Vec<Item<wire::SourceItem<'_>>> = items(rows, remote)?;
        let mut levels: Vec<(String, InventoryLevel)> = Vec::with_capacity(rows.len());
        for row in rows {
            let sku = row.wire.sku.clone().into_owned();
            let source = source(row.wire);
            levels.push((sku, InventoryLevel { remote: row.remote, ..level(String::new(), &source) }));
        }
        Ok(with_ids(door, levels, next_cursor))
    })
}

/// Puts the products' ids in place of their SKUs; what is left of products that are gone is left out.
fn with_ids(door: Door, levels: Vec<(String, InventoryLevel)>, next_cursor: Option<String>) -> Turn {
    let page = |objects, next_cursor| Turn::Done(Outcome::Page { objects: Objects::Inventory(objects), next_cursor });
    let mut skus: Vec<&str> = levels.iter().map(|(sku, _)| sku.as_str()).collect();
    skus.dedup();
    if skus.is_empty() {
        return page(Vec::new(), next_cursor);
    }
    let (odd, plain): (Vec<&str>, Vec<&str>) = skus.into_iter().partition(|sku| sku.contains(','));
    let lists = plain.chunks(SKUS_AT_ONCE).map(|chunk| ("in", chunk.join(",")));
    let conditions = lists.chain(odd.into_iter().map(|sku| ("eq", sku.to_owned())));
    let request = |(condition, value): (&str, String)| {
        door.search("products", &Search::of(MOST).filter("sku", condition, &value).showing("id,sku"))
    };
    let requests = conditions.map(request).collect();
    let then = move |answers: Vec<InboundResponse>| {
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for answer in &answers {
            let rows: Vec<Item<wire::Product<'_>>> = items(door.found(answer)?.0, false)?;
            ids.extend(rows.into_iter().map(|row| (row.wire.sku.into_owned(), row.wire.id.into_string())));
        }
        let known = |(sku, level): (String, InventoryLevel)| {
            Some(InventoryLevel { variant_id: ids.get(&sku)?.clone(), ..level })
        };
        Ok(page(levels.into_iter().filter_map(known).collect(), next_cursor))
    };
    Turn::Send { requests, then: Box::new(then) }
}

/// The level of one product: its source's, or the sum without a location where several sources hold it.
pub(super) fn of_product(door: Door, id: String) -> Turn {
    let search = Search::of(1).filter("entity_id", "eq", &id).showing("id,sku");
    Turn::ask(door.search("products", &search), move |answer| {
        let rows: Vec<Item<wire::Product<'_>>> = items(door.found(&answer)?.0, false)?;
        let Some(sku) = rows.into_iter().next().map(|row| row.wire.sku.into_owned()) else {
            return one(Objects::Inventory(Vec::new()));
        };
        Ok(of_skus(door.clone(), vec![sku], move |stocks| {
            let sources = stocks.into_values().next().unwrap_or_default();
            let level = match sources.as_slice() {
                [] => None,
                [only] => Some(level(id, only)),
                several => Some(InventoryLevel {
                    available: total(several.iter().map(Source::available)),
                    on_hand: total(several.iter().map(|source| source.quantity)),
                    location_id: None,
                    ..level(id, &several[0])
                }),
            };
            one(Objects::Inventory(level.into_iter().collect()))
        }))
    })
}

fn level(variant_id: String, source: &Source) -> InventoryLevel {
    InventoryLevel {
        variant_id,
        location_id: source.code.clone(),
        available: source.available(),
        on_hand: source.quantity,
        updated_at: None,
        remote: None,
    }
}
