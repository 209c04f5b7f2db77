//! Reading products: the page and the store's currency together, then all variations of its variable products together.

use domain::model::Product;
use domain::money::Currency;

use super::{Door, Request, in_brackets, map, next_cursor, one, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{Item, items, refused, success};

/// The most variations in an answer.
const PER_PAGE: usize = 100;

/// The most pages of variations that are read of one product: 1,000 variations. Stores that have more of one product time out
/// themselves.
pub(super) const MAX_PAGES: usize = 10;

pub(super) fn read(door: Door, request: Request, include_remote: bool) -> Turn {
    let requests = vec![door.request("products", &request), door.get("data/currencies/current", &[])];
    Turn::Send {
        requests,
        then: Box::new(move |answers| {
            let [page, currency] =
                <[InboundResponse; 2]>::try_from(answers).map_err(|_| ReadError::Unreadable("an answer is missing"))?;
            let currency = current_currency(&currency);
            let body = success(&page, &door.credential)?;
            let listed;
            let (body, end) = match request {
                Request::One(_) => {
                    listed = in_brackets(body);
                    (listed.as_slice(), None)
                }
                Request::Page { list, page, .. } => (body, Some((list, page))),
            };
            let rows: Vec<Item<wire::Product<'_>>> = items(body, include_remote)?;
            let end = match end {
                None => End::One,
                Some((list, number)) => End::Page(next_cursor(&list, number, rows.len(), &page.headers)),
            };
            let mut products = Vec::with_capacity(rows.len());
            let mut wanted = Vec::new();
            for row in rows {
                let pages = variation_pages(&row.wire);
                let product = map::product(row, currency);
                wanted.extend((1..=pages).map(|page| Wanted {
                    index: products.len(),
                    product_id: product.id.clone(),
                    page,
                }));
                products.push(product);
            }
            variations(door, products, wanted, currency, end)
        }),
    }
}

/// What the read ends with.
enum End {
    One,
    Page(Option<String>),
}

impl End {
    fn turn(self, products: Vec<Product>) -> Result<Turn, ReadError> {
        let objects = Objects::Products(products);
        match self {
            Self::One => one(objects),
            Self::Page(next_cursor) => Ok(Turn::Done(Outcome::Page { objects, next_cursor })),
        }
    }
}

/// A page of variations to fetch, for the product at `index`.
pub(super) struct Wanted {
    pub(super) index: usize,
    pub(super) product_id: String,
    pub(super) page: usize,
}

impl Wanted {
    pub(super) fn request(&self, door: &Door) -> OutboundRequest {
        let page = self.page.to_string();
        let query = [("per_page", "100"), ("page", page.as_str()), ("orderby", "id"), ("order", "asc")];
        door.get(&format!("products/{}/variations", self.product_id), &query)
    }
}

/// How many pages of variations a product has; none when it is not variable.
pub(super) fn variation_pages(wire: &wire::Product<'_>) -> usize {
    if map::is_variable(wire) { wire.variations.len().div_ceil(PER_PAGE).min(MAX_PAGES) } else { 0 }
}

/// The body of a page of variations; `None` when the product was deleted since its own page was read.
pub(super) fn variation_rows<'a>(answer: &'a InboundResponse, door: &Door) -> Result<Option<&'a [u8]>, ReadError> {
    if answer.status == http::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if answer.status.is_success() { Ok(Some(&answer.body)) } else { Err(refused(answer, &door.credential)) }
}

fn variations(
    door: Door,
    mut products: Vec<Product>,
    wanted: Vec<Wanted>,
    currency: Option<Currency>,
    end: End,
) -> Result<Turn, ReadError> {
    if wanted.is_empty() {
        return end.turn(products);
    }
    let requests = wanted.iter().map(|wanted| wanted.request(&door)).collect();
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
        end.turn(products)
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// The store's currency; `None` when the key may not read the settings.
fn current_currency(answer: &InboundResponse) -> Option<Currency> {
    if !answer.status.is_success() {
        return None;
    }
    serde_json::from_slice::<wire::CurrentCurrency<'_>>(&answer.body).ok()?.code.parse().ok()
}
