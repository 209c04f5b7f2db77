//! The gates of the data map: nothing is stored anywhere that the map does not declare.
//!
//! 1. [`compile`]: what is stored is annotated, and a table is reached only through `cloud`.
//! 2. [`template`]: the template and the map name the same places, with the same limits.

pub(crate) mod cloudformation;
mod compile;
mod template;
