//! Writing customers. Their addresses are resources of their own.

use domain::model::Entity;
use domain::model::input::{AddressInput, Change, CustomerInput};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use super::body::{AddressBody, metadata, nullable};
use super::door::{Door, ask_all, checked_id};
use super::read::{fields, one, path_of, single};
use super::wire;
use crate::connector::{ReadError, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::success;

#[derive(Serialize)]
struct CustomerBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Option<BTreeMap<String, Box<RawValue>>>>,
}

#[derive(Serialize)]
struct CustomerAddressBody {
    #[serde(flatten)]
    address: AddressBody,
    is_default_billing: bool,
}

impl From<&mut CustomerInput> for CustomerBody {
    fn from(input: &mut CustomerInput) -> Self {
        let text = |change: &mut Change<String>| nullable(std::mem::take(change));
        Self {
            email: text(&mut input.email),
            phone: text(&mut input.phone),
            first_name: text(&mut input.first_name),
            last_name: text(&mut input.last_name),
            metadata: metadata(std::mem::take(&mut input.meta)),
        }
    }
}

pub(super) fn create(door: Door, mut input: CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let body = CustomerBody::from(&mut input);
    let addresses = input.addresses.or_empty(Vec::new()).unwrap_or_default();
    let fields = fields(Entity::Customers, None, remote);
    Ok(Turn::ask(door.post(path_of(Entity::Customers), &[("fields", &fields)], &body), move |answer| {
        let answered = success(&answer, &door.credential)?;
        if addresses.is_empty() {
            return single(Entity::Customers, answered, remote, None);
        }
        let id = customer(answered)?.id.into_owned();
        let requests = new_addresses(&door, &id, addresses);
        let again = door.clone();
        ask_all(&door, requests, move |_| Ok(one(again, Entity::Customers, &id, &fields, remote)))
    }))
}

/// New addresses come before the old ones go, so that a store that refuses one of them keeps those it had.
pub(super) fn update(door: Door, id: &str, mut input: CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let id = checked_id(id)?.to_owned();
    let path = format!("{}/{id}", path_of(Entity::Customers));
    let body = CustomerBody::from(&mut input);
    let wanted = fields(Entity::Customers, None, remote);
    let Some(addresses) = input.addresses.or_empty(Vec::new()) else {
        return Ok(Turn::ask(door.post(&path, &[("fields", &wanted)], &body), move |answer| {
            single(Entity::Customers, success(&answer, &door.credential)?, remote, None)
        }));
    };
    Ok(Turn::ask(door.get(&path, &[("fields", "id,addresses.id")]), move |answer| {
        let old: Vec<OutboundRequest> = customer(success(&answer, &door.credential)?)?
            .addresses
            .into_iter()
            .filter_map(|address| address.id)
            .map(|address| door.delete(&format!("{path}/addresses/{address}")))
            .collect();
        let mut requests = new_addresses(&door, &id, addresses);
        requests.push(door.post(&path, &[("fields", "id")], &body));
        let (next, last) = (door.clone(), door.clone());
        ask_all(&door, requests, move |_| {
            ask_all(&next, old, move |_| Ok(one(last, Entity::Customers, &id, &wanted, remote)))
        })
    }))
}

fn new_addresses(door: &Door, id: &str, addresses: Vec<AddressInput>) -> Vec<OutboundRequest> {
    let path = format!("{}/{id}/addresses", path_of(Entity::Customers));
    let body = |(index, address): (usize, AddressInput)| CustomerAddressBody {
        address: address.into(),
        is_default_billing: index == 0,
    };
    addresses.into_iter().enumerate().map(|address| door.post(&path, &[("fields", "id")], &body(address))).collect()
}

fn customer(body: &[u8]) -> Result<wire::Customer<'_>, ReadError> {
    let answer: wire::OneCustomer<'_> =
        serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not one customer"))?;
    Ok(answer.customer)
}
