//! What all bodies are made of.

use std::collections::BTreeMap;

use domain::model::MetaField;
use domain::model::input::{AddressInput, Change};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::connector::Refusal;

/// An id in a list of them.
#[derive(Serialize)]
pub(super) struct Id {
    pub(super) id: String,
}

/// What was not sent stays out of the body; `null` goes in as such.
pub(super) fn nullable<T>(change: Change<T>) -> Option<Option<T>> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(value) => Some(Some(value)),
    }
}

/// A field that Medusa cannot empty.
pub(super) fn never_null<T>(change: Change<T>, pointer: impl Into<String>) -> Result<Option<T>, Refusal> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(value) => Ok(Some(value)),
        Change::Clear => Err(Refusal::Field { pointer: pointer.into(), why: "Medusa needs a value here." }),
    }
}

/// A field that is of no use to the action.
pub(super) fn absent<T>(change: &Change<T>, pointer: &str, why: &'static str) -> Result<(), Refusal> {
    if change.is_keep() { Ok(()) } else { Err(Refusal::Field { pointer: pointer.to_owned(), why }) }
}

/// Custom fields; Medusa leaves those that are not sent as they are, and takes all away for `null`.
pub(super) fn metadata(change: Change<Vec<MetaField>>) -> Option<Option<BTreeMap<String, Box<RawValue>>>> {
    nullable(change.map(|fields| fields.into_iter().map(|field| (field.key, field.value)).collect()))
}

/// An address, whole: a part that is missing is `null`, because Medusa keeps the parts that are not sent. Of an order's address it lets the country
/// never change, so a country that is missing is not sent.
#[derive(Serialize)]
pub(super) struct AddressBody {
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    address_1: Option<String>,
    address_2: Option<String>,
    city: Option<String>,
    province: Option<String>,
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
    phone: Option<String>,
}

impl From<AddressInput> for AddressBody {
    fn from(input: AddressInput) -> Self {
        Self {
            first_name: input.first_name,
            last_name: input.last_name,
            company: input.company,
            address_1: input.line1,
            address_2: input.line2,
            city: input.city,
            province: input.region.code.or(input.region.name),
            postal_code: input.postcode,
            // Medusa's list of countries is in lower case.
            country_code: input.country.map(|code| code.to_ascii_lowercase()),
            phone: input.phone,
        }
    }
}
