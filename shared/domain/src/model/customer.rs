//! Customers and addresses.

use jiff::Timestamp;
use serde::Serialize;

use super::{MetaField, Remote};

/// Someone who buys, with an account or without. No `Debug`: it is personal data throughout.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Customer {
    /// The id to use with this interface.
    pub id: String,
    /// The id as the platform writes it.
    pub remote_id: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Whether there is no account behind it.
    pub is_guest: bool,
    /// Customer groups or roles, by the platform's names.
    pub groups: Vec<String>,
    /// Addresses; those without content are left out.
    pub addresses: Vec<Address>,
    /// What the customer agreed to be sent.
    pub marketing: Marketing,
    /// Custom fields.
    pub meta: Vec<MetaField>,
    /// When the customer was created.
    pub created_at: Option<Timestamp>,
    /// When the customer was last changed.
    pub updated_at: Option<Timestamp>,
    /// The creation time as the platform wrote it, when it gives a local time only.
    pub source_time: Option<String>,
    /// The platform's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Remote,
}

/// A postal address. No `Debug`: it is personal data throughout.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Address {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    pub line1: Option<String>,
    /// Second line.
    pub line2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, province or region.
    pub region: Region,
    /// Postcode.
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Tax number.
    pub tax_id: Option<String>,
}

/// A state, province or region.
#[derive(Clone, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AddressRegion"))]
pub struct Region {
    /// The platform's code of it.
    pub code: Option<String>,
    /// Its name, when the platform gives it.
    pub name: Option<String>,
}

/// What a customer agreed to be sent; `null` when the platform does not say.
#[derive(Clone, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Marketing {
    /// By e-mail.
    pub email: Option<bool>,
    /// By text message.
    pub sms: Option<bool>,
}
