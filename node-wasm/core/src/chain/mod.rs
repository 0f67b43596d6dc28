//! The chain: accounts, the tree of all live branches, and the one place where the tip changes.

pub mod accounts;
mod arena;
pub mod ledger;
pub mod tree;

#[cfg(test)]
mod model;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
