//! Connectors: one module a platform. Each knows its platform's addresses, authentication, paging and objects, and maps them to the
//! unified model.
//!
//! Nothing here does I/O: a connector builds requests and reads answers ([`Turn`]); the proxy sends them. Adding a platform is a new
//! module and one line in [`CONNECTORS`].

mod address;
mod allowance;
mod bigcommerce;
mod cartos;
mod connector;
mod cursor;
mod fields;
pub mod headers;
pub mod hooks;
mod magento;
mod medusa;
mod notice;
mod number;
mod oauth;
mod prestashop;
mod raw;
mod raw_path;
mod render;
mod request;
mod shopify;
mod upstream;
mod whose;
mod woocommerce;
mod write;

#[cfg(test)]
mod tests;

pub use address::{AddressError, Loopback, StoreAddress};
pub use allowance::{Allowance, Refill};
pub use connector::{
    Connector, Context, Credential, CredentialError, CredentialField, DEFAULT_PER_PAGE, EntitySupport, InboundResponse,
    MAX_PER_PAGE, Objects, Outcome, Platform, RawCall, Read, ReadError, Refusal, Stamp, Target, Then, Turn,
    Unsupported, Verb,
};
pub use fields::{Fields, FieldsError};
pub use notice::Notice;
pub use raw_path::{RawPath, RawPathError};
pub use request::OutboundRequest;
pub use upstream::retry_after;
pub use write::{Action, Input, InputError, Write, WrongField};

/// Every connector there is.
pub static CONNECTORS: &[&dyn Connector] = &[
    &cartos::CartOs,
    &woocommerce::WooCommerce,
    &shopify::Shopify,
    &bigcommerce::BigCommerce,
    &medusa::Medusa,
    &prestashop::PrestaShop,
    &magento::Magento,
];

/// The connector of a platform, by its name in requests.
#[must_use]
pub fn connector(platform: &str) -> Option<&'static dyn Connector> {
    CONNECTORS.iter().copied().find(|connector| connector.platform().name == platform)
}

/// What `GET /v1/platforms` shows.
pub fn catalogue() -> impl Iterator<Item = &'static Platform> {
    CONNECTORS.iter().map(|connector| connector.platform())
}
