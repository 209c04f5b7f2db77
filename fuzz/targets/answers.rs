//! Every connector's mapping of what a store answers: nothing panics, nothing asks on for ever, and what comes of it serialises.
//! `PLATFORM=<name>` in the environment narrows it to one platform, so that each can have its share of time.
#![no_main]

use std::sync::LazyLock;

use connectors::{CONNECTORS, Connector, Read, Target};
use domain::model::Entity;
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;

static PLATFORM: LazyLock<Option<&'static dyn Connector>> =
    LazyLock::new(|| connectors::connector(&std::env::var("PLATFORM").ok()?));

fuzz_target!(|input: (u8, u8, bool, u16, &[u8])| {
    let (platform, entity, one, status, bodies) = input;
    let connector = PLATFORM.unwrap_or_else(|| CONNECTORS[usize::from(platform) % CONNECTORS.len()]);
    let entity = Entity::ALL[usize::from(entity) % Entity::ALL.len()];
    let target = if one { Target::One("16") } else { Target::Page { per_page: 3, cursor: None, updated_after: None } };
    let read = Read { entity, target, fields: None, include_remote: one };
    let Ok(turn) = fuzz::at(connector, |context| connector.read(context, &read)) else { return };
    // Most answers are successes: a mapping is met only behind one.
    let status = if status % 8 == 0 { StatusCode::from_u16(status).unwrap_or(StatusCode::OK) } else { StatusCode::OK };
    let bodies: Vec<&[u8]> = bodies.split(|byte| *byte == 0).collect();
    let ended = fuzz::drive(turn, status, &HeaderMap::new(), &bodies);
    match ended.expect("a read ends") {
        Ok(outcome) => assert!(outcome.to_json(None).is_ok()),
        Err(error) => assert!(!error.to_string().contains("test-")),
    }
});
