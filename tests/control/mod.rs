//! The control plane and its workers, handler by handler, against the emulator and the demo store.

pub(crate) mod deliveries;
mod deprecation;
mod description;
mod grants;
mod hooks;
pub(crate) mod house;
mod idempotency;
mod keys;
mod offboarding;
mod outages;
mod permissions;
mod privacy;
mod races;
mod resources;
mod roles;
mod sign_up;
mod signature;
mod stores;
pub(crate) mod subscriptions;
mod tenancy;
mod trials;
mod usage;
mod vault;
mod workers;
