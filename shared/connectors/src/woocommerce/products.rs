//! Reading products: the page and the store's currency together, then all variations of its variable products together.

use domain::model::Product;
use domain::money::Currency;

pub(super) use super::select::Selection;
use super::{Door, Request, in_brackets, map, next_cursor, one, status, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{Item, items, refused, success};

/// The most variations in an answer.
pub(super) const PER_PAGE: usize = 100;

/// The most pages of variations that are read of one product: 1,000 variations. Stores that have more of one product time out
/// themselves.
pub(super) const MAX_PAGES: usize = 10;

/// Reads a page or one. The calls for the currency and for variations are made only where the selection needs them.
pub(super) fn read(door: Door, request: Request, selection: Selection, include_remote: bool) -> Turn {
    let mut requests = vec![door.request("products", &request, selection.fields.as_deref())];
    if selection.money {
        requests.push(door.get("data/currencies/current", &[]));
    }
    Turn::Send {
        requests,
        then: Box::new(move |answers| {
            let Some(page) = answers.first() else { return Err(ReadError::Unreadable("an answer is missing")) };
            let currency = answers.get(1).and_then(current_currency);
            let body = success(page, &door.credential)?;
            let listed;
            let (body, list) = match request {
                Request::One(_) => {
                    listed = in_brackets(body);
                    (listed.as_slice(), None)
                }
                Request::Page { list, page, .. } => (body, Some((list, page))),
            };
            let mut rows: Vec<Item<wire::Product<'_>>> = items(body, include_remote)?;
            let end: End = match list {
                None => {
                    // What was moved to the trash can still be read by its id.
                    rows.retain(|row| row.wire.status != status::TRASH);
                    Box::new(|products| one(Objects::Products(products)))
                }
                Some((list, number)) => {
                    let next_cursor = next_cursor(&list, number, rows.len(), &page.headers);
                    let done = |objects| Outcome::Page { objects, next_cursor };
                    Box::new(|products| Ok(Turn::Done(done(Objects::Products(products)))))
                }
            };
            let mut products = Vec::with_capacity(rows.len());
            let mut wanted = Vec::new();
            for row in rows {
                if selection.variants {
                    wanted.extend(self::wanted(&row.wire, products.len()));
                }
                products.push(map::product(row, currency));
            }
            variations(door, products, wanted, currency, selection.fields, end)
        }),
    }
}

/// What the products are for, once they have their variants.
pub(super) type End = Box<dyn FnOnce(Vec<Product>) -> Result<Turn, ReadError> + Send>;

/// A page of variations to fetch, for the product at `index`.
pub(super) struct Wanted {
    pub(super) index: usize,
    pub(super) product_id: String,
    pub(super) page: usize,
}

impl Wanted {
    pub(super) fn request(&self, door: &Door, fields: Option<&str>) -> OutboundRequest {
        let page = self.page.to_string();
        let mut query = vec![("per_page", "100"), ("page", page.as_str()), ("orderby", "id"), ("order", "asc")];
        query.extend(fields.map(|fields| ("_fields", fields)));
        door.get(&format!("products/{}/variations", self.product_id), &query)
    }
}

/// The pages of variations of a product that stands at `index`.
pub(super) fn wanted(wire: &wire::Product<'_>, index: usize) -> Vec<Wanted> {
    let product_id = wire.id.clone().into_string();
    (1..=variation_pages(wire)).map(|page| Wanted { index, product_id: product_id.clone(), page }).collect()
}

/// How many pages of variations a product has; none when it is not variable.
fn variation_pages(wire: &wire::Product<'_>) -> usize {
    if map::is_variable(wire) { wire.variations.len().div_ceil(PER_PAGE).min(MAX_PAGES) } else { 0 }
}

/// The body of a page of variations; `None` when the product was deleted since its own page was read.
pub(super) fn variation_rows<'a>(answer: &'a InboundResponse, door: &Door) -> Result<Option<&'a [u8]>, ReadError> {
    if answer.status == http::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if answer.status.is_success() { Ok(Some(&answer.body)) } else { Err(refused(answer, &door.credential)) }
}

/// Gives products their variations, of the chosen fields where there is a choice.
pub(super) fn variations(
    door: Door,
    mut products: Vec<Product>,
    wanted: Vec<Wanted>,
    currency: Option<Currency>,
    fields: Option<String>,
    end: End,
) -> Result<Turn, ReadError> {
    if wanted.is_empty() {
        return end(products);
    }
    let requests = wanted.iter().map(|wanted| wanted.request(&door, fields.as_deref())).collect();
    let then = move |answers: Vec<InboundResponse>| {
        if answers.len() != wanted.len() {
            return Err(ReadError::Unreadable("an answer is missing"));
        }
        for (wanted, answer) in wanted.iter().zip(&answers) {
            let Some(body) = variation_rows(answer, &door)? else {
                continue;
            };
            let rows: Vec<Item<wire::Product<'_>>> = items(body, false)?;
            products[wanted.index]
                .variants
                .extend(rows.iter().map(|row| map::variant(&row.wire, Some(&wanted.product_id), currency)));
        }
        end(products)
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// The store's currency; `None` when the key may not read the settings.
pub(super) fn current_currency(answer: &InboundResponse) -> Option<Currency> {
    if !answer.status.is_success() {
        return None;
    }
    serde_json::from_slice::<wire::CurrentCurrency<'_>>(&answer.body).ok()?.code.parse().ok()
}
