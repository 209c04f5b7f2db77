//! Pure decisions of Cartage: what a key is, what it may do, how fast, and what a store's things look like.
//!
//! Nothing here does I/O: no runtime, no network, no environment, no clock, no randomness. Time and random bytes come in as
//! arguments, so every rule can be tested with a table or a property.

pub mod account;
pub mod agreement;
pub mod breach;
pub mod cache;
pub mod campaign;
pub mod card;
pub mod compliance;
pub mod consent;
pub mod cookie;
pub mod delivery;
pub mod deprecation;
pub mod event;
pub mod form;
pub mod grant;
pub mod hex;
pub mod hold;
pub mod id;
pub mod inactivity;
pub mod key;
pub mod limit;
pub mod model;
pub mod money;
pub mod partner;
pub mod policy;
pub mod privacy;
pub mod request;
pub mod restriction;
pub mod role;
pub mod rotation;
#[cfg(feature = "schema")]
mod schema;
pub mod scope;
pub mod store;
pub mod subscription;
pub mod tier;
pub mod usage;
