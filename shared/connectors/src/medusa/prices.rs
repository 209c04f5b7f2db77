//! Prices of variants as Medusa takes them: a list that is sent replaces the one before, so the prices that nobody changes are sent along.

use std::collections::BTreeMap;

use domain::model::input::Change;
use domain::money::{Amount, Currency, Money};
use serde::Serialize;
use serde_json::value::RawValue;

use super::door::unfit;
use super::wire;
use crate::connector::{ReadError, Refusal};
use crate::number::Number;

#[derive(Serialize)]
pub(super) struct PriceBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    currency_code: String,
    amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_quantity: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_quantity: Option<Number>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rules: BTreeMap<String, Box<RawValue>>,
}

/// What the store already has of a variant's prices, with the amounts' own digits.
pub(super) struct KnownPrice {
    id: Option<String>,
    currency_code: String,
    amount: Amount,
    min_quantity: Option<Amount>,
    max_quantity: Option<Amount>,
    rules: BTreeMap<String, Box<RawValue>>,
}

impl KnownPrice {
    pub(super) fn of(wire: wire::Price<'_>) -> Option<Self> {
        Some(Self {
            id: wire.id.map(|id| id.into_owned()),
            currency_code: wire.currency_code.into_owned(),
            amount: wire.amount.amount()?,
            min_quantity: wire.min_quantity.amount(),
            max_quantity: wire.max_quantity.amount(),
            rules: wire.rules.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
        })
    }

    /// Whether it holds for everybody and any number of pieces, in the currency.
    fn is_plain(&self, currency: &str) -> bool {
        let is_for_all = self.rules.is_empty() && self.min_quantity.is_none() && self.max_quantity.is_none();
        is_for_all && self.currency_code.eq_ignore_ascii_case(currency)
    }
}

/// The price that a caller wants of a variant.
pub(super) fn wanted(change: Change<Money>, pointer: String) -> Result<Option<Money>, Refusal> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(price) => Ok(Some(price)),
        Change::Clear => Err(Refusal::Field { pointer, why: "A price can be replaced, but not taken away." }),
    }
}

/// The list to send for the variant at `index`: `price` in its currency (the store's own when it names none), and what was there in the others.
pub(super) fn list(
    price: Money,
    index: usize,
    own: Option<Currency>,
    known: Vec<KnownPrice>,
) -> Result<Vec<PriceBody>, ReadError> {
    let currency = price.currency.or(own).ok_or_else(|| {
        unfit(format!("/variants/{index}/price"), "The store does not say its currency; the price needs one.")
    })?;
    let code = currency.as_str().to_ascii_lowercase();
    let mut id = None;
    let mut prices = Vec::new();
    for known in known {
        if known.is_plain(&code) {
            id = id.or(known.id);
            continue;
        }
        prices.push(PriceBody {
            id: known.id,
            currency_code: known.currency_code,
            amount: Number::of(&known.amount),
            min_quantity: known.min_quantity.as_ref().map(Number::of),
            max_quantity: known.max_quantity.as_ref().map(Number::of),
            rules: known.rules,
        });
    }
    prices.push(PriceBody {
        id,
        currency_code: code,
        amount: Number::of(&price.amount),
        min_quantity: None,
        max_quantity: None,
        rules: BTreeMap::new(),
    });
    Ok(prices)
}
