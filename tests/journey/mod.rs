//! Journeys through the whole stack: API Gateway, the functions as processes, the tables, a store.

mod chaos;
pub(crate) mod clients;
mod faults;
