//! Consents: the ledger, and the letters that ask it.

mod accounts;
mod letters;
