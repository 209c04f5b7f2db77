//! Everything that touches the outside: the environment, the clock, AWS, the stores.
//!
//! Functions own adapters from here and nothing else; there are no traits with one implementation and no globals.

pub mod aws;
pub mod boot;
pub mod cache;
pub mod clock;
pub mod closing;
pub mod data_keys;
pub mod data_map;
pub mod dynamo;
pub mod egress;
pub mod endpoint;
pub mod env;
pub mod events;
pub mod gate;
pub mod holds;
pub mod hooks;
pub mod http;
pub mod inbound_mail;
pub mod journal;
mod kms;
pub mod letters;
pub mod mailer;
pub mod objects;
pub mod offboarding;
pub mod once;
pub mod pace;
pub mod partners;
pub mod processors;
pub mod pseudonym;
pub mod request_secrets;
pub mod requests;
pub mod resources;
pub mod restrictions;
pub mod seal;
pub mod signature;
pub mod signing;
pub mod sqs;
pub mod upstream;
pub mod vault;
