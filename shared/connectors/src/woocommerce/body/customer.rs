//! Customers and addresses as they are written.

use domain::model::MetaField;
use domain::model::input::{AddressInput, Change, CustomerInput};
use serde::Serialize;

use super::{cannot_be_emptied, field, meta};
use crate::connector::Refusal;

/// A customer.
#[derive(Serialize)]
pub(in crate::woocommerce) struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<Vec<MetaField>>,
}

impl Customer {
    /// WooCommerce keeps two addresses, the first for billing and the second for shipping, and the telephone number in the first.
    pub(in crate::woocommerce) fn new(input: CustomerInput) -> Result<Self, Refusal> {
        if matches!(input.email, Change::Clear) {
            return Err(cannot_be_emptied("/email"));
        }
        let (mut billing, shipping) = match input.addresses.or_empty(Vec::new()) {
            None => (None, None),
            Some(addresses) if addresses.len() > 2 => {
                return Err(field("/addresses/2", "WooCommerce keeps two addresses, for billing and for shipping"));
            }
            Some(addresses) => {
                let mut addresses = addresses.into_iter().map(Address::new);
                let none = || Address::new(AddressInput::default());
                (Some(addresses.next().unwrap_or_else(none)), Some(addresses.next().unwrap_or_else(none)))
            }
        };
        if let Some(phone) = input.phone.or_empty(String::new()) {
            billing.get_or_insert_default().phone = Some(phone);
        }
        Ok(Self {
            email: input.email.or_empty(String::new()),
            first_name: input.first_name.or_empty(String::new()),
            last_name: input.last_name.or_empty(String::new()),
            billing,
            shipping,
            meta_data: meta(input.meta),
        })
    }
}

/// An address, or those parts of one that are written.
#[derive(Default, Serialize)]
pub(super) struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Orders only: it is the buyer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
}

impl Address {
    /// The whole address: WooCommerce keeps parts that are not sent, so the empty ones are.
    pub(super) fn new(input: AddressInput) -> Self {
        let some = |text: Option<String>| Some(text.unwrap_or_default());
        Self {
            first_name: some(input.first_name),
            last_name: some(input.last_name),
            company: some(input.company),
            address_1: some(input.line1),
            address_2: some(input.line2),
            city: some(input.city),
            state: some(input.region.code),
            postcode: some(input.postcode),
            country: some(input.country),
            phone: some(input.phone),
            email: None,
        }
    }
}
