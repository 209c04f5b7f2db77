//! Journeys through the whole stack: API Gateway, the functions as processes, the tables, a store.

pub(crate) mod clients;
