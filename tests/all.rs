//! All tests that need more than one crate, in one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod architecture;
mod consents;
mod console;
mod contract;
mod control;
mod data_map;
mod deliver;
mod dsar;
mod events;
mod fan_out;
mod guides;
mod inbound_mail;
mod intake;
mod journey;
mod limit;
mod partners;
mod privacy;
mod process;
mod proxy;
mod reconciliation;
mod restore;
mod sdk;
mod whole_run;
mod world;
