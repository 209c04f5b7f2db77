//! The gates of the data map: nothing is stored anywhere that the map does not declare.
//!
//! 1. [`compile`]: what is stored is annotated, and a table is reached only through `cloud`.
//! 2. [`template`]: the template and the map name the same places, with the same limits.
//! 3. [`recorder`]: what is stored while the stack works is declared, attribute by attribute.
//! 4. [`marker`]: after calls with marker values in everything, a marker rests only where the map declares it.
//!
//! Beside them, [`uses`] reads off the map what may be done with what it declares, and from the sources where it can go.
//!
//! And [`crate::whole_run`]: a detector that is not ours looks at what is left when everything has run.

pub(crate) mod cloudformation;
mod compile;
pub(crate) mod flows;
mod marker;
mod recorder;
mod template;
mod uses;
