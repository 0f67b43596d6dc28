//! Proofs of what the state root says about an address: its account, or that it has none.

use super::Account;
use super::shape::{EMPTY, LEVELS, join, leaf_hash, shared_bits};
use crate::hash::StateRoot;
use crate::keys::Address;
use crate::sentence::Say;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// Most hashes in a proof: one for each bit of an address.
pub const MAX_SIBLINGS: usize = LEVELS;

/// Why a proof says nothing about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum ProofError {
    /// More hashes than an address has bits.
    #[error("a path of {0} hashes; at most {MAX_SIBLINGS} are possible")]
    TooLong(u32),
    /// The account at the end of the path does not stand on the way of the address.
    #[error("the path leads past the address")]
    Elsewhere,
    /// The tree with this root looks otherwise.
    #[error("the path leads to another root")]
    Root,
}

/// The way from the root to the place of an address, with what stands at its end.
///
/// Canonical form: siblings as a list from the top down, then an option of address and account.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize)]
pub struct AccountProof {
    /// From the top down; at most [`MAX_SIBLINGS`].
    pub(super) siblings: Vec<[u8; 32]>,
    /// The account that stands at the end: that of the address, or of another one which would
    /// have to stand deeper if the address had one too.
    pub(super) end: Option<(Address, Account)>,
}

impl AccountProof {
    /// The account that the root commits to for this address; `None` if it commits to there being
    /// none.
    pub fn verify(&self, root: StateRoot, address: &Address) -> Result<Option<Account>, ProofError> {
        let hash = match &self.end {
            Some((found, _)) if shared_bits(found, address) < self.siblings.len() => return Err(ProofError::Elsewhere),
            Some((found, account)) => leaf_hash(found, account),
            None => EMPTY,
        };
        let up = self.siblings.iter().enumerate().rev();
        let top = up.fold(hash, |hash, (depth, sibling)| join(address, depth, &hash, sibling));
        if StateRoot(top) != root {
            return Err(ProofError::Root);
        }
        Ok(self.end.filter(|(found, _)| found == address).map(|(_, account)| account))
    }
}

impl BorshDeserialize for AccountProof {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let length = u32::deserialize_reader(reader)?;
        if length as usize > MAX_SIBLINGS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, ProofError::TooLong(length)));
        }
        let siblings: io::Result<Vec<_>> = (0..length).map(|_| <[u8; 32]>::deserialize_reader(reader)).collect();
        Ok(Self { siblings: siblings?, end: BorshDeserialize::deserialize_reader(reader)? })
    }
}
