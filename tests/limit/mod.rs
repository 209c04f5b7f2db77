//! Keys, tiers and limits against the emulated table: exact under concurrency, cheap under attack, honest about what it cannot know.
//!
//! Most tests steer the clock, so that what is counted depends on the calls and not on how busy the machine is.

mod answers;
mod cost;
mod exact;
mod harness;
mod leases;
