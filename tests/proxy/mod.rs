//! The data plane, handler by handler, against the emulator and the demo store.

mod bad_input;
mod baskets;
mod bigcommerce;
mod cache;
mod cartos;
mod idempotency;
mod limits;
mod magento;
mod medusa;
mod prestashop;
mod raw;
pub(crate) mod restriction;
mod shopify;
mod unified;
mod units;
mod upstream;
mod woocommerce;
