//! What an agent of the Data Rights Protocol signed: nothing panics, and what counts is for us, of its agent, and of now.
#![no_main]

use domain::partner::drp::{Envelope, Exercise, Forbidden, SIGNATURE, split};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, &[u8])| {
    let (second, signed) = input;
    let now = Timestamp::from_second(i64::from(second)).expect("a time of this epoch");
    let Some((_, document)) = split(signed) else { return assert!(signed.len() < SIGNATURE) };
    if let Ok(envelope) = Envelope::check(document, "AGENT", "CARTAGE", now) {
        assert!(envelope.expires_at > now);
        let other = Envelope::check(document, "OTHER", "CARTAGE", now).map(drop);
        assert_eq!(other, Err(Forbidden::OtherAgent));
    }
    // Whatever is wrong with it, none of it is repeated.
    if let Err(unfit) = Exercise::read(document) {
        assert!(unfit.to_string().is_ascii());
    }
});
