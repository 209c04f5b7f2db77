//! All tests.

mod data_map;
