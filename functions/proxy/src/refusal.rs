//! What a connector refuses to ask of a store, as problems.

pub(crate) use cloud::upstream::refused as problem;
