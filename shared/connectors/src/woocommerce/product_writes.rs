//! Writing a product: what must be known first, the product itself, its variations, and the whole of it as the answer.
//!
//! A product without options is its own variant: what a caller says of that variant is written to the product. The variations of a product
//! with options are written in calls of up to a hundred. A new product whose variations the store refuses is taken away again.

use domain::model::input::{Change, ProductInput, VariantInput};
use domain::money::{Currency, Money};
use serde::Serialize;

use super::batch::row_error;
use super::body::{self, Prices, Wallet};
use super::products::{self, PER_PAGE, current_currency};
use super::{Door, Request, map, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Refusal, Turn};
use crate::request::json;
use crate::upstream::{Item, item, items, success};

/// What a caller wants of the two prices.
struct Wish {
    price: Change<Money>,
    compare_at: Change<Money>,
}

impl Wish {
    fn is_keep(&self) -> bool {
        self.price.is_keep() && self.compare_at.is_keep()
    }

    /// Whether the other one decides what becomes of this one.
    fn is_half(&self) -> bool {
        self.price.is_keep() != self.compare_at.is_keep()
    }

    fn onto(self, now: Prices, sold: &mut body::Sold) {
        if !self.is_keep() {
            let prices = now.with(self.price, self.compare_at);
            (sold.regular_price, sold.sale_price) = (Some(prices.regular), Some(prices.sale));
        }
    }
}

/// What is to be written, checked.
struct Plan {
    door: Door,
    /// The product to change; `None` for a new one.
    id: Option<String>,
    product: body::Product,
    wish: Wish,
    variations: Vec<(body::Variation, Wish)>,
    wallet: Wallet,
    include_remote: bool,
}

/// A product that is to be written in a batch: it needs no call of its own before or after.
pub(super) fn alone(id: Option<&str>, input: ProductInput) -> Result<Option<(body::Product, Wallet)>, Refusal> {
    let mut parts = Parts::new(id, input)?;
    if !parts.variations.is_empty() || (id.is_some() && parts.wish.is_half()) {
        return Ok(None);
    }
    parts.wish.onto(Prices::default(), &mut parts.product.sold);
    Ok(Some((parts.product, parts.wallet)))
}

pub(super) fn write(
    door: Door,
    id: Option<String>,
    input: ProductInput,
    include_remote: bool,
) -> Result<Turn, Refusal> {
    let Parts { product, wish, variations, wallet } = Parts::new(id.as_deref(), input)?;
    Ok(Plan { door, id, product, wish, variations, wallet, include_remote }.learn())
}

/// An input, taken apart.
struct Parts {
    product: body::Product,
    wish: Wish,
    variations: Vec<(body::Variation, Wish)>,
    wallet: Wallet,
}

impl Parts {
    fn new(id: Option<&str>, mut input: ProductInput) -> Result<Self, Refusal> {
        let is_new = id.is_none();
        let field = |pointer: String, why| Err(Refusal::Field { pointer, why });
        if !is_new && !input.options.is_keep() {
            let why = "WooCommerce replaces all attributes of a product at once; options are set when it is created";
            return field("/options".to_owned(), why);
        }
        let has_options = input.options.set().is_some_and(|options| !options.is_empty());
        let variants = std::mem::take(&mut input.variants).or_empty(Vec::new()).unwrap_or_default();
        let mut wish =
            Wish { price: std::mem::take(&mut input.price), compare_at: std::mem::take(&mut input.compare_at) };
        let mut wallet = Wallet::default();
        wallet.put_all(&wish.price, &wish.compare_at, "")?;
        if has_options && !wish.is_keep() {
            return field("/price".to_owned(), "the prices of a product with options stand on its variants");
        }
        let mut product = body::Product::new(input)?;
        if is_new {
            product.kind = Some(if has_options { "variable" } else { "simple" });
        }
        let mut variations = Vec::new();
        let mut has_own = false;
        for (index, mut variant) in variants.into_iter().enumerate() {
            let pointer = format!("/variants/{index}");
            let prices =
                Wish { price: std::mem::take(&mut variant.price), compare_at: std::mem::take(&mut variant.compare_at) };
            wallet.put_all(&prices.price, &prices.compare_at, &pointer)?;
            if is_own(&variant, id, has_options) {
                if has_own {
                    return field(pointer, "a product without options has one variant");
                }
                has_own = true;
                wish = if wish.is_keep() { prices } else { wish };
                product.absorb(variant);
            } else if is_new && variant.id.is_some() {
                return field(format!("{pointer}/id"), "a new variant has no id yet");
            } else if is_new && !has_options {
                return field(pointer, "variants need the product's options");
            } else {
                variations.push((body::Variation::new(variant, &pointer)?, prices));
            }
        }
        Ok(Self { product, wish, variations, wallet })
    }
}

/// Whether a variant is the product itself.
fn is_own(variant: &VariantInput, product: Option<&str>, has_options: bool) -> bool {
    match (variant.id.as_deref(), product) {
        (Some(variant), Some(product)) => variant == product,
        (None, None) => !has_options && variant.options.is_empty(),
        _ => false,
    }
}

/// Checks that amounts are in the store's currency.
pub(super) fn check(wallet: &Wallet, store: Option<Currency>) -> Result<(), ReadError> {
    let Wallet { currency: Some(currency), pointer } = wallet else { return Ok(()) };
    let why = match store {
        Some(store) if store == *currency => return Ok(()),
        Some(_) => "the store has another currency",
        None => "the store does not say its currency; send amounts without one",
    };
    Err(ReadError::Refused(Refusal::Field { pointer: pointer.clone(), why }))
}

impl Plan {
    /// Asks what must be known first: the store's currency where amounts name one, and the prices of which one half is to stay.
    fn learn(self) -> Turn {
        let mut requests = Vec::new();
        let asks_currency = self.wallet.currency.is_some();
        if asks_currency {
            requests.push(self.door.get("data/currencies/current", &[]));
        }
        let own = self.id.as_ref().filter(|_| self.wish.is_half());
        if let Some(id) = own {
            requests.push(self.door.get(&format!("products/{id}"), &[("_fields", "id,regular_price,sale_price")]));
        }
        let asks_own = own.is_some();
        let halves: Vec<String> = self
            .variations
            .iter()
            .filter(|(_, wish)| wish.is_half())
            .filter_map(|(variation, _)| Some(variation.id?.to_string()))
            .collect();
        if let (Some(id), false) = (&self.id, halves.is_empty()) {
            for chunk in halves.chunks(PER_PAGE) {
                let include = chunk.join(",");
                let query =
                    [("include", include.as_str()), ("per_page", "100"), ("_fields", "id,regular_price,sale_price")];
                requests.push(self.door.get(&format!("products/{id}/variations"), &query));
            }
        }
        if requests.is_empty() {
            return self.write(None);
        }
        let then = move |answers: Vec<InboundResponse>| {
            let mut answers = answers.into_iter();
            let mut currency = None;
            if asks_currency {
                currency = answers.next().as_ref().and_then(current_currency);
                check(&self.wallet, currency)?;
            }
            let mut plan = self;
            if asks_own && let Some(answer) = answers.next() {
                let row: Item<wire::Product<'_>> = item(success(&answer, &plan.door.credential)?, false)?;
                let wish = std::mem::replace(&mut plan.wish, Wish { price: Change::Keep, compare_at: Change::Keep });
                wish.onto(prices(&row.wire), &mut plan.product.sold);
            }
            for answer in answers {
                let rows: Vec<Item<wire::Product<'_>>> = items(success(&answer, &plan.door.credential)?, false)?;
                for row in rows {
                    let id: Option<u64> = row.wire.id.clone().into_string().parse().ok();
                    for (variation, wish) in plan.variations.iter_mut().filter(|(variation, _)| variation.id == id) {
                        let wish = std::mem::replace(wish, Wish { price: Change::Keep, compare_at: Change::Keep });
                        wish.onto(prices(&row.wire), &mut variation.sold);
                    }
                }
            }
            Ok(plan.write(currency))
        };
        Turn::Send { requests, then: Box::new(then) }
    }

    /// Writes the product, and asks the currency beside it where it is not known.
    fn write(mut self, currency: Option<Currency>) -> Turn {
        // What is still a wish is whole, or a new product's.
        let wish = std::mem::replace(&mut self.wish, Wish { price: Change::Keep, compare_at: Change::Keep });
        wish.onto(Prices::default(), &mut self.product.sold);
        let body = json(&self.product);
        let request = match &self.id {
            None => self.door.post("products", &self.product),
            Some(id) if body.as_ref() == b"{}" => {
                let id = id.clone();
                return self.write_variations(id, 0);
            }
            Some(id) => self.door.put(&format!("products/{id}"), &self.product),
        };
        let mut requests = vec![request];
        if currency.is_none() {
            requests.push(self.door.get("data/currencies/current", &[]));
        }
        let then = move |answers: Vec<InboundResponse>| {
            let Some(answer) = answers.first() else { return Err(ReadError::Unreadable("no answer")) };
            let row: Item<wire::Product<'_>> = item(success(answer, &self.door.credential)?, self.include_remote)?;
            let currency = currency.or_else(|| answers.get(1).and_then(current_currency));
            let id = row.wire.id.clone().into_string();
            if self.variations.is_empty() && !map::is_variable(&row.wire) {
                return Ok(Turn::Done(Outcome::One(Objects::Products(vec![map::product(row, currency)]))));
            }
            Ok(self.write_variations(id, 0))
        };
        Turn::Send { requests, then: Box::new(then) }
    }

    /// Writes the variations from the `from`-th on, a hundred at a time, and reads the whole product at the end.
    fn write_variations(mut self, id: String, from: usize) -> Turn {
        if from >= self.variations.len() {
            return products::read(self.door, Request::One(id), products::Selection::all(), self.include_remote);
        }
        let mut batch = Variations { create: Vec::new(), update: Vec::new() };
        let end = self.variations.len().min(from + PER_PAGE);
        for (variation, wish) in &mut self.variations[from..end] {
            let wish = std::mem::replace(wish, Wish { price: Change::Keep, compare_at: Change::Keep });
            wish.onto(Prices::default(), &mut variation.sold);
        }
        for (variation, _) in &self.variations[from..end] {
            if variation.id.is_some() { batch.update.push(variation) } else { batch.create.push(variation) }
        }
        let request = self.door.post(&format!("products/{id}/variations/batch"), &batch);
        Turn::ask(request, move |answer| {
            let problem = match success(&answer, &self.door.credential) {
                Err(error) => Some(error),
                Ok(body) => {
                    let rows: wire::Batch<'_> =
                        serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not the answer to a batch"))?;
                    let mut rows = rows.create.into_iter().chain(rows.update);
                    rows.find_map(|row| row_error(row, &self.door.credential))
                }
            };
            match problem {
                None => Ok(self.write_variations(id, end)),
                Some(error) if self.id.is_some() => Err(error),
                // The caller gets an error and no id: what was made so far must not stay.
                Some(error) => {
                    let undo = self.door.delete(&format!("products/{id}"), &[("force", "true")]);
                    Ok(Turn::ask(undo, move |_| Err(error)))
                }
            }
        })
    }
}

#[derive(Serialize)]
struct Variations<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    create: Vec<&'a body::Variation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update: Vec<&'a body::Variation>,
}

fn prices(wire: &wire::Product<'_>) -> Prices {
    let text =
        |amount: crate::upstream::AmountText<'_>| amount.amount().map(|amount| amount.to_string()).unwrap_or_default();
    Prices { regular: text(wire.regular_price), sale: text(wire.sale_price) }
}
