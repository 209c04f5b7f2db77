//! What tests and the local stack share: the emulated AWS with the deployed template ([`stack`]), an address in front of its API
//! ([`front_door`]), faults between a function and what it calls ([`fault_proxy`]), and a search for marker values in everything
//! that the emulator holds ([`marker`]). For development only: no function depends on this crate.

pub mod big_store;
pub mod demo_store;
pub mod fault_proxy;
pub mod front_door;
#[cfg(test)]
mod hook_tests;
pub mod loopback_server;
pub mod magento_store;
pub mod marker;
pub mod medusa_store;
pub mod plain_http;
pub mod presta_store;
pub mod receiver;
pub mod recorder;
pub mod runtime_api;
pub mod shopify_store;
pub mod stack;
#[cfg(test)]
mod turns;
pub mod webhooks;
pub mod woo_store;
