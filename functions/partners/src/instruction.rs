//! Requests of controllers: taken in under the controller's own name for them, shown, cancelled while nothing was begun.
//!
//! What is done is done by `dsar`, as for what a store's platform passes on: one message for each store and id of the customer. A message makes a
//! request once, by its name; a cancellation takes the names away before the messages do.

use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{
    dynamo::{
        key,
        page::{MAX_PER_PAGE, PageError, PageRequest},
        partners::{Cancelled, InstructionItem, InstructionPart},
    },
    events::PrivacyTopicMessage,
    http::{Answer, Call},
    partners::{About, CallbackMessage, InstructionStanding, may_call_back},
    sqs::Sending,
};
use domain::{
    hex::hex,
    id::{EventId, StoreId},
    partner::opendsr::{self, Asked, uuid_v4},
    privacy::{self, KEPT},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    App,
    controller::{self, Controller, Refused, signed},
};

/// The most parts of one request: their names are taken away in one transaction, beside the request's own write.
const MOST_PARTS: usize = 90;

#[derive(Serialize)]
struct Taken<'a> {
    controller_id: &'a str,
    expected_completion_time: String,
    received_time: String,
    encoded_request: String,
    subject_request_id: &'a str,
}

#[derive(Serialize)]
struct Shown<'a> {
    controller_id: &'a str,
    expected_completion_time: String,
    subject_request_id: &'a str,
    request_status: opendsr::Status,
    api_version: &'static str,
    /// What was found, or found and erased; once all of it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    results_count: Option<u32>,
}

#[derive(Serialize)]
struct Revoked<'a> {
    controller_id: &'a str,
    received_time: String,
    subject_request_id: &'a str,
    api_version: &'static str,
}

/// `POST /opendsr/v2/requests`
pub(crate) async fn take(app: &App, call: &Call) -> Result<Answer, Refused> {
    let controller = controller::bearing(app, call).await?;
    if call.body.len() > opendsr::LONGEST {
        return Err(bad("The request is too large."));
    }
    let asked = Asked::read(&call.body, &app.domain).map_err(|opendsr::Unfit(wrong)| bad(wrong))?;
    let origins = &controller.partner.callback_origins;
    if !asked.callbacks.iter().all(|url| may_call_back(origins, url, app.loopback)) {
        return Err(bad("A status_callback_url is not at an address that you registered."));
    }
    let item = match app.partners.instruction(&controller.partner.id, &asked.id).await? {
        Some(before) => before,
        None => open(app, &controller, &asked, &call.body).await?,
    };
    if item.sha256 != sha256(&call.body) {
        return Err(bad("subject_request_id stands for another request."));
    }
    // A request that came before may have come to no messages.
    if item.cancelled_at.is_none() {
        send(app, &item, asked).await?;
    }
    let taken = Taken {
        controller_id: controller.partner.id.as_str(),
        expected_completion_time: item.due_at.to_string(),
        received_time: item.received_at.to_string(),
        encoded_request: encoded(&call.body),
        subject_request_id: &item.id,
    };
    signed(app, StatusCode::CREATED, &taken).await
}

/// Keeps a request that was not made before.
async fn open(app: &App, controller: &Controller, asked: &Asked, body: &[u8]) -> Result<InstructionItem, Refused> {
    let now = app.clock.now();
    if !app.may_ask(&controller.partner, now).await? {
        return Err(Refused::Told(StatusCode::TOO_MANY_REQUESTS, "You have made as many requests today as you may."));
    }
    let stores = stores(app, controller, asked).await?;
    // Orders are looked for beside the first id; where there is none, by themselves.
    let ids = asked.customers.len().max(usize::from(!asked.orders.is_empty()));
    if stores.len() * ids > MOST_PARTS {
        return Err(bad("You have too many stores for one request. Name those that it is about in our extension."));
    }
    let parts = stores.iter().flat_map(|store| (0..ids).map(move |customer| (store, customer)));
    let parts = parts.map(|(store, customer)| InstructionPart {
        store: store.clone(),
        customer: u8::try_from(customer).unwrap_or(u8::MAX),
        event: EventId::from_uuid(app.clock.new_id()),
    });
    let item = InstructionItem {
        pk: key::partner(&controller.partner.id),
        sk: key::instruction(&asked.id),
        v: 1,
        id: asked.id.hyphenated().to_string(),
        sha256: sha256(body),
        topic: asked.topic,
        account: controller.account.clone(),
        received_at: now,
        due_at: privacy::due(now),
        parts: parts.collect(),
        callbacks: asked.callbacks.clone(),
        cancelled_at: None,
        expires_at: now.as_second() + KEPT,
    };
    if !item.callbacks.is_empty() {
        // Before the request is there, so that none is there of which its controller is never told. What finds no request forgets about it.
        let (partner, about) = (controller.partner.id.clone(), About::Instruction(item.id.clone()));
        let wish = CallbackMessage { partner, about, told: None, begun_at: now, sent_at: now, renewed: 0 };
        app.callbacks.send(&wish).await?;
    }
    if app.partners.instruct(&item).await? {
        return Ok(item);
    }
    // The same request came twice at once.
    app.partners.instruction(&controller.partner.id, &asked.id).await?.ok_or(Refused::Unavailable)
}

/// The stores that a request is about: those that it names, or all of the controller's.
async fn stores(app: &App, controller: &Controller, asked: &Asked) -> Result<Vec<StoreId>, Refused> {
    if let Some(named) = &asked.stores {
        for store in named {
            if app.stores.of_account(&controller.account, store).await?.is_none() {
                return Err(bad("The extension names a store that is not yours."));
            }
        }
        return Ok(named.clone());
    }
    let request = PageRequest { per_page: MAX_PER_PAGE, cursor: None };
    match app.accounts.stores(&controller.account, &request).await {
        // With a next page there are more than one request can have.
        Ok(page) => Ok(page.items),
        Err(PageError::Cursor | PageError::Unavailable(_)) => Err(Refused::Unavailable),
    }
}

/// Sends the messages of the parts that were not begun.
async fn send(app: &App, item: &InstructionItem, asked: Asked) -> Result<(), Refused> {
    let mut sendings = Vec::new();
    for (place, part) in item.parts.iter().enumerate() {
        if app.privacy.begun_by(&item.account, &part.event).await?.is_some() {
            continue;
        }
        let message = PrivacyTopicMessage {
            event: part.event.clone(),
            store: part.store.clone(),
            account: item.account.clone(),
            topic: item.topic,
            received_at: item.received_at,
            name: item.name_of_part(place),
            customer: asked.customers.get(usize::from(part.customer)).cloned(),
            orders: if part.customer == 0 { asked.orders.clone() } else { Vec::new() },
        };
        sendings.push(Sending::new(&message));
    }
    app.topics.send_all(sendings).await?;
    Ok(())
}

/// `GET /opendsr/v2/requests/{subject_request_id}`
pub(crate) async fn show(app: &App, call: &Call, name: &str) -> Result<Answer, Refused> {
    let controller = controller::bearing(app, call).await?;
    let item = of_controller(app, &controller, name).await?;
    let InstructionStanding { status, results } = app.standings.of_instruction(&item).await?;
    let shown = Shown {
        controller_id: controller.partner.id.as_str(),
        expected_completion_time: item.due_at.to_string(),
        subject_request_id: &item.id,
        request_status: status,
        api_version: opendsr::VERSION,
        results_count: results,
    };
    signed(app, StatusCode::OK, &shown).await
}

/// `DELETE /opendsr/v2/requests/{subject_request_id}`
pub(crate) async fn cancel(app: &App, call: &Call, name: &str) -> Result<Answer, Refused> {
    const LATE: Refused = bad("The request is not pending any more.");
    let controller = controller::bearing(app, call).await?;
    let item = of_controller(app, &controller, name).await?;
    // Nothing to do is done already.
    if item.parts.is_empty() {
        return Err(LATE);
    }
    let now = app.clock.now();
    let forestalling = item.parts.iter().enumerate().map(|(place, part)| {
        app.privacy.forestalling(&item.account, &part.store, &item.name_of_part(place), &part.event, now)
    });
    let forestalling = forestalling.collect();
    match app.partners.cancel(&item, forestalling, now).await? {
        Cancelled::Done => {
            let revoked = Revoked {
                controller_id: controller.partner.id.as_str(),
                received_time: now.to_string(),
                subject_request_id: &item.id,
                api_version: opendsr::VERSION,
            };
            signed(app, StatusCode::ACCEPTED, &revoked).await
        }
        Cancelled::Begun => Err(LATE),
    }
}

/// A request of this controller. One of somebody else and one that is not there are told apart by nobody.
async fn of_controller(app: &App, controller: &Controller, name: &str) -> Result<InstructionItem, Refused> {
    const NONE: Refused = Refused::Told(StatusCode::NOT_FOUND, "There is no such request.");
    let name = uuid_v4(name).ok_or(NONE)?;
    app.partners.instruction(&controller.partner.id, &name).await?.ok_or(NONE)
}

const fn bad(message: &'static str) -> Refused {
    Refused::Told(StatusCode::BAD_REQUEST, message)
}

fn sha256(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// The request in base64, as the protocol has it sent back; without the values of weak hashes, which would be an address in all but name.
fn encoded(body: &[u8]) -> String {
    let mut request: Value = serde_json::from_slice(body).unwrap_or_default();
    let identities = request.get_mut("subject_identities").and_then(Value::as_array_mut);
    let mut blanked = false;
    for identity in identities.into_iter().flatten() {
        if identity["identity_format"].as_str().is_some_and(opendsr::is_weak) {
            identity["identity_value"] = "".into();
            blanked = true;
        }
    }
    if blanked { STANDARD.encode(request.to_string()) } else { STANDARD.encode(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &str) -> String {
        String::from_utf8(STANDARD.decode(encoded(body.as_bytes())).unwrap()).unwrap()
    }

    #[test]
    fn a_request_goes_back_byte_for_byte_but_for_weak_hashes() {
        let raw = r#"{ "b":1,"a":2, "subject_identities":[{"identity_format":"sha256","identity_value":"x"}] }"#;
        assert_eq!(decoded(raw), raw);
        for weak in ["md5", "sha1"] {
            let back = decoded(&raw.replace("sha256", weak).replace("\"x\"", "\"d41d8cd98f00b204\""));
            assert!(!back.contains("d41d8cd98f00b204") && back.contains(weak), "{back}");
        }
    }
}
