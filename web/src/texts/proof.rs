//! Texts of the Merkle proof.

pub(crate) const PROOF: &str = "Merkle proof";
pub(crate) const PROOF_SHOW: &str = "Prove that the block holds it";
pub(crate) const PROOF_NOTE: &str = "The block’s header names one hash for all its transactions. From the bytes of this one and a few hashes beside the way, that hash can be computed again: if it comes out right, the transaction is in the block. This page computes each step as you watch.";
pub(crate) const PROOF_WAITING: &str = "Asking for the proof…";
pub(crate) const PROOF_LEAF: &str = "The transaction’s bytes";
pub(crate) const PROOF_LEAF_HASH: &str = "hashed, they are the leaf";
pub(crate) const PROOF_OWN: &str = "computed";
pub(crate) const PROOF_SIBLING: &str = "from the proof";
pub(crate) const PROOF_LEFT: &str = "left";
pub(crate) const PROOF_RIGHT: &str = "right";
pub(crate) const PROOF_TOGETHER: &str = "hashed together";
pub(crate) const PROOF_ROOT: &str = "With the number of transactions, the root";
pub(crate) const PROOF_HEADER: &str = "The root in the block’s header";
pub(crate) const PROOF_HOLDS: &str = "Both are the same: the transaction is in the block.";
pub(crate) const PROOF_FAILS: &str = "They differ: this proves nothing.";
pub(crate) const PROOF_NEXT: &str = "Next step";
pub(crate) const PROOF_ALL: &str = "All steps";
pub(crate) const PROOF_AGAIN: &str = "From the start";
pub(crate) const PROOF_ALONE: &str = "It is the block’s only transaction: its leaf is the whole tree.";

pub(crate) fn proof_step(number: usize, steps: usize) -> String {
    format!("Step {number} of {steps}")
}

pub(crate) fn proof_place(index: u32, count: u32, siblings: usize) -> String {
    let place = u64::from(index) + 1;
    format!("Transaction {place} of {count}: {siblings} hashes prove it, whoever keeps only headers needs no more.")
}
