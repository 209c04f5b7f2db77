//! What callers write: parsed or refused with pointers, and whatever was taken becomes requests of its own store.
#![no_main]

use connectors::{Action, CONNECTORS, Input, InputError, Verb, Write};
use domain::model::Entity;
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, bool, &str, &[u8])| {
    let (platform, entity, creates, id, body) = input;
    let connector = CONNECTORS[usize::from(platform) % CONNECTORS.len()];
    let entity = Entity::ALL[usize::from(entity) % Entity::ALL.len()];
    let Some(support) = connector.platform().support(entity) else { return };
    let verb = if creates { Verb::Create } else { Verb::Update };
    let input = match Input::parse(support, verb, body) {
        Ok(input) => input,
        Err(InputError::Fields(wrong)) => return assert!(!wrong.is_empty()),
        Err(InputError::NotJson { .. }) => return,
    };
    let action = if creates { Action::Create(input) } else { Action::Update { id, input } };
    let write = Write { entity, action, include_remote: false };
    if let Ok(turn) = fuzz::at(connector, |context| connector.write(context, write)) {
        let _ = fuzz::drive(turn, StatusCode::OK, &HeaderMap::new(), &[b"{}", b"[]"]);
    }
});
