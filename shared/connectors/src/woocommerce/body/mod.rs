//! What a caller wants written, as the bodies of WooCommerce's REST v3: what was not sent is not written, and what was sent as `null` is
//! written as WooCommerce writes "none" (`platforms.md` 4.3). Amounts are text.

mod customer;
mod order;
mod product;

use domain::model::MetaField;
use domain::model::input::Change;
use domain::money::{Currency, Money};

pub(super) use customer::Customer;
pub(super) use order::Order;
pub(super) use product::{Category, Prices, Product, Sold, Stock, Variation};

use crate::connector::Refusal;

/// The one currency of all amounts that are written together.
#[derive(Default)]
pub(super) struct Wallet {
    pub(super) currency: Option<Currency>,
    /// Where it stands first.
    pub(super) pointer: String,
}

impl Wallet {
    /// Notes an amount's currency; the first one decides.
    fn put(&mut self, money: &Money, pointer: impl FnOnce() -> String) -> Result<(), Refusal> {
        match (money.currency, self.currency) {
            (None, _) => Ok(()),
            (Some(currency), Some(first)) if currency == first => Ok(()),
            (Some(currency), None) => {
                *self = Self { currency: Some(currency), pointer: pointer() };
                Ok(())
            }
            (Some(_), Some(_)) => Err(Refusal::Field { pointer: pointer(), why: "all amounts are in one currency" }),
        }
    }

    /// Notes those of the two prices of what stands at `pointer`.
    pub(super) fn put_all(
        &mut self,
        price: &Change<Money>,
        compare_at: &Change<Money>,
        pointer: &str,
    ) -> Result<(), Refusal> {
        for (name, money) in [("price", price.set()), ("compare_at", compare_at.set())] {
            if let Some(money) = money {
                self.put(money, || format!("{pointer}/{name}/currency"))?;
            }
        }
        Ok(())
    }
}

/// A field is found by its key; those that are not sent stay.
fn meta(change: Change<Vec<MetaField>>) -> Option<Vec<MetaField>> {
    change.or_empty(Vec::new())
}

/// An id as WooCommerce has them: a whole number.
pub(super) fn number(id: &str, pointer: impl FnOnce() -> String) -> Result<u64, Refusal> {
    let is_number = (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse()
        .ok()
        .filter(|_| is_number)
        .ok_or_else(|| Refusal::Field { pointer: pointer(), why: "no object can have this id" })
}

fn field(pointer: &str, why: &'static str) -> Refusal {
    Refusal::Field { pointer: pointer.to_owned(), why }
}

fn cannot_be_emptied(pointer: &str) -> Refusal {
    field(pointer, "WooCommerce cannot be without it")
}
