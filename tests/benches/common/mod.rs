//! What several benchmarks need: a long chain, and a browser that has it in its store.

pub(crate) mod chain;
pub(crate) mod database;
