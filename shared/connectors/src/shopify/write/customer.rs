//! Customers: the fields and all addresses in one mutation, what they agreed to be sent in others.

use domain::model::input::{Change, CustomerInput, MarketingInput};
use serde_json::{Map, Value, json};

use super::{Errors, Metafield, Step, address, change, custom_fields, kept, make, metafields, put, text, whole, wrong};
use crate::connector::{Refusal, Turn};
use crate::shopify::kind::Customers;
use crate::shopify::{Door, select};

pub(super) fn create(door: Door, input: CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let Parts { fields, marketing, meta } = parts(input)?;
    let step = Step::new("customerSet", "(input: $input)", Some("customer"), Errors::Coded).with(
        "input",
        "CustomerSetInput!",
        fields,
    );
    let more = move |gid: &str| after(gid, marketing, meta);
    Ok(make::<Customers>(door, step, more, select::customer(whole()), remote))
}

pub(super) fn update(door: Door, gid: String, input: CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let Parts { fields, marketing, meta } = parts(input)?;
    let mut steps = Vec::new();
    if !fields.is_empty() {
        steps.push(
            Step::new("customerSet", "(identifier: $identifier, input: $input)", None, Errors::Coded)
                .with("identifier", "CustomerSetIdentifiers!", json!({ "id": gid }))
                .with("input", "CustomerSetInput!", fields),
        );
    }
    steps.extend(after(&gid, marketing, meta));
    Ok(change::<Customers>(door, steps, gid, select::customer(whole()), remote))
}

struct Parts {
    fields: Map<String, Value>,
    marketing: MarketingInput,
    meta: Vec<Metafield>,
}

fn parts(input: CustomerInput) -> Result<Parts, Refusal> {
    let mut fields = Map::new();
    put(&mut fields, "email", kept(input.email, "/email")?);
    put(&mut fields, "phone", input.phone.map(Value::from).or_empty(Value::Null));
    put(&mut fields, "firstName", text(input.first_name));
    put(&mut fields, "lastName", text(input.last_name));
    put(&mut fields, "tags", input.groups.or_empty(Vec::new()));
    if let Some(addresses) = input.addresses.or_empty(Vec::new()) {
        let addresses: Result<Vec<Value>, Refusal> = addresses
            .into_iter()
            .enumerate()
            .map(|(index, input)| address(input, &format!("/addresses/{index}")))
            .collect();
        fields.insert("addresses".to_owned(), addresses?.into());
    }
    let marketing = match input.marketing {
        Change::Keep => MarketingInput::default(),
        Change::Set(marketing) => marketing,
        Change::Clear => return wrong("/marketing", "say true or false to what may be sent"),
    };
    Ok(Parts { fields, marketing, meta: custom_fields(input.meta)? })
}

/// What needs the customer's id.
fn after(gid: &str, marketing: MarketingInput, meta: Vec<Metafield>) -> Vec<Step> {
    let consent = |agreed: bool| {
        let state = if agreed { "SUBSCRIBED" } else { "UNSUBSCRIBED" };
        json!({ "marketingState": state, "marketingOptInLevel": "SINGLE_OPT_IN" })
    };
    let mut steps = Vec::new();
    if let Some(agreed) = marketing.email {
        let input = json!({ "customerId": gid, "emailMarketingConsent": consent(agreed) });
        steps.push(Step::new("customerEmailMarketingConsentUpdate", "(input: $input)", None, Errors::Coded).with(
            "input",
            "CustomerEmailMarketingConsentUpdateInput!",
            input,
        ));
    }
    if let Some(agreed) = marketing.sms {
        let input = json!({ "customerId": gid, "smsMarketingConsent": consent(agreed) });
        steps.push(Step::new("customerSmsMarketingConsentUpdate", "(input: $input)", None, Errors::Coded).with(
            "input",
            "CustomerSmsMarketingConsentUpdateInput!",
            input,
        ));
    }
    steps.extend(metafields(gid, meta));
    steps
}
