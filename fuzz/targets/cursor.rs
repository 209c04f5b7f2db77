//! Cursors of every platform: one of ours or refused, and no request leaves its store.
#![no_main]

use connectors::{CONNECTORS, Read, Target};
use domain::model::Entity;
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &str)| {
    let (platform, per_page, cursor) = input;
    let connector = CONNECTORS[usize::from(platform) % CONNECTORS.len()];
    for entity in Entity::ALL {
        let target = Target::Page { per_page, cursor: Some(cursor), updated_after: None };
        let read = Read { entity, target, fields: None, include_remote: false };
        if let Ok(turn) = fuzz::at(connector, |context| connector.read(context, &read)) {
            let _ = fuzz::drive(turn, StatusCode::OK, &HeaderMap::new(), &[b"[]"]);
        }
    }
});
