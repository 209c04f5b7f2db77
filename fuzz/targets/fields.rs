//! The `fields` selection: any text, over any entity.
#![no_main]

use connectors::Fields;
use domain::model::Entity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let entity = Entity::ALL[usize::from(input.0) % Entity::ALL.len()];
    let Ok(fields) = Fields::parse(entity, input.1) else { return };
    for path in input.1.split(',').map(str::trim) {
        assert!(fields.wants(path), "{path} was chosen and is not wanted");
    }
});
