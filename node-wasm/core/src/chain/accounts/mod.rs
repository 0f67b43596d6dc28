//! All accounts as a binary tree whose root commits to them.
//!
//! An account's place follows from the bits of its address; a leaf stands as high as it can
//! without sharing its place with another. The shape depends on the accounts alone, not on the
//! order in which they came, so taking a change back restores the root. Hashes are computed when
//! the root is asked for, once for each changed place.
//!
//! In memory, branches with accounts on one side only are left out and their hashes computed when
//! needed: `n` accounts have `n − 1` branches, however alike their addresses are.

mod arena;
mod proof;
mod shape;
#[cfg(test)]
mod tests;

pub use proof::{AccountProof, MAX_SIBLINGS, ProofError};

use crate::hash::StateRoot;
use crate::keys::Address;
use crate::units::Amount;
use arena::Arena;
use borsh::{BorshDeserialize, BorshSerialize};
use shape::{EMPTY, LEVELS, bit, branch_hash, join, leaf_hash, shared_bits};

/// What an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Coins free to spend.
    pub balance: Amount,
    /// Transactions it has made.
    pub nonce: u64,
}

/// All accounts that were ever paid.
#[derive(Debug, Default)]
pub struct Accounts {
    top: Option<Link>,
    leaves: Arena<Leaf>,
    branches: Arena<Branch>,
}

#[derive(Debug, Clone, Copy)]
struct Leaf {
    address: Address,
    account: Account,
}

/// A place below which addresses differ for the first time.
#[derive(Debug, Clone, Copy)]
struct Branch {
    children: [Link; 2],
    /// The bit that chooses between them. The levels between the branch above and this one have
    /// nothing beside the way down.
    depth: u8,
    /// What the branch above hashes: of the highest of these levels, not of this one. `None` after
    /// a change below.
    hash: Option<[u8; 32]>,
}

#[derive(Debug, Clone, Copy)]
enum Link {
    Leaf(u32),
    Branch(u32),
}

/// A side of a branch; `None` for the top.
type Place = Option<(u32, usize)>;

impl Accounts {
    /// Number of accounts.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.top.is_none()
    }

    /// The account of an address, if it was ever paid.
    pub fn get(&self, address: &Address) -> Option<Account> {
        let nearest = self.leaves[self.nearest(self.top?, address)];
        (nearest.address == *address).then_some(nearest.account)
    }

    /// Puts an account in its place, or takes it away; gives what was there before.
    pub fn set(&mut self, address: Address, account: Option<Account>) -> Option<Account> {
        match account {
            Some(account) => self.put(Leaf { address, account }),
            None => self.take(&address),
        }
    }

    /// Root over all accounts.
    pub fn root(&mut self) -> StateRoot {
        StateRoot(self.top.map_or(EMPTY, |link| self.hash(link, 0)))
    }

    /// Proof of what the root says about an address, whether it has an account or not.
    pub fn prove(&mut self, address: &Address) -> AccountProof {
        let mut siblings = Vec::new();
        let Some(mut link) = self.top else { return AccountProof { siblings, end: None } };
        let nearest = self.leaves[self.nearest(link, address)];
        let shared = shared_bits(&nearest.address, address);
        while let Link::Branch(slot) = link {
            let Branch { children, depth, .. } = self.branches[slot];
            let depth = usize::from(depth);
            if shared < depth {
                // The address turns off on the way down to this branch, into an empty side.
                let beside = self.hash_of_children(slot);
                siblings.resize(shared, EMPTY);
                siblings.push(raise(beside, &nearest.address, depth, shared + 1));
                return AccountProof { siblings, end: None };
            }
            let side = bit(address, depth);
            siblings.resize(depth, EMPTY);
            siblings.push(self.hash(children[1 - side], depth + 1));
            link = children[side];
        }
        AccountProof { siblings, end: Some((nearest.address, nearest.account)) }
    }

    /// Every account, in the order of addresses.
    pub fn iter(&self) -> impl Iterator<Item = (Address, Account)> {
        let mut stack: Vec<Link> = self.top.into_iter().collect();
        std::iter::from_fn(move || {
            loop {
                match stack.pop()? {
                    Link::Leaf(slot) => return Some((self.leaves[slot].address, self.leaves[slot].account)),
                    Link::Branch(slot) => stack.extend(self.branches[slot].children.iter().rev()),
                }
            }
        })
    }

    /// The leaf that the bits of an address lead to. No other one shares more bits with it.
    fn nearest(&self, from: Link, address: &Address) -> u32 {
        let mut link = from;
        loop {
            match link {
                Link::Leaf(slot) => return slot,
                Link::Branch(slot) => {
                    let branch = &self.branches[slot];
                    link = branch.children[bit(address, branch.depth.into())];
                }
            }
        }
    }

    fn put(&mut self, new: Leaf) -> Option<Account> {
        let Some(top) = self.top else {
            self.top = Some(Link::Leaf(self.leaves.add(new)));
            return None;
        };
        let nearest = self.nearest(top, &new.address);
        let shared = shared_bits(&self.leaves[nearest].address, &new.address);
        let (place, below) = self.descend(top, &new.address, shared);
        if shared == LEVELS {
            return Some(std::mem::replace(&mut self.leaves[nearest], new).account);
        }
        self.forget_hash(below);
        let leaf = Link::Leaf(self.leaves.add(new));
        let children = if bit(&new.address, shared) == 0 { [leaf, below] } else { [below, leaf] };
        // Below the number of levels, which is 160.
        let depth = u8::try_from(shared).unwrap_or(u8::MAX);
        let branch = self.branches.add(Branch { children, depth, hash: None });
        self.hang(place, Link::Branch(branch));
        None
    }

    fn take(&mut self, address: &Address) -> Option<Account> {
        let top = self.top?;
        let found = self.nearest(top, address);
        if self.leaves[found].address != *address {
            return None;
        }
        match self.descend(top, address, LEVELS).0 {
            None => self.top = None,
            Some((slot, side)) => {
                let depth = usize::from(self.branches[slot].depth);
                let above = self.descend(top, address, depth).0;
                let left_alone = self.branches.take(slot).children[1 - side];
                self.forget_hash(left_alone);
                self.hang(above, left_alone);
            }
        }
        Some(self.leaves.take(found).account)
    }

    /// Follows an address down through the branches above a depth, whose hashes are forgotten.
    /// Gives the place that this leads to and what stands there.
    fn descend(&mut self, top: Link, address: &Address, depth: usize) -> (Place, Link) {
        let (mut place, mut link) = (None, top);
        while let Link::Branch(slot) = link
            && usize::from(self.branches[slot].depth) < depth
        {
            let branch = &mut self.branches[slot];
            let side = bit(address, branch.depth.into());
            branch.hash = None;
            place = Some((slot, side));
            link = branch.children[side];
        }
        (place, link)
    }

    /// To be called when what stands above a branch has changed: its hash reaches up to there.
    fn forget_hash(&mut self, link: Link) {
        if let Link::Branch(slot) = link {
            self.branches[slot].hash = None;
        }
    }

    fn hang(&mut self, place: Place, link: Link) {
        match place {
            None => self.top = Some(link),
            Some((slot, side)) => self.branches[slot].children[side] = link,
        }
    }

    /// Hash of the place at a level, under which only this stands.
    fn hash(&mut self, link: Link, level: usize) -> [u8; 32] {
        let slot = match link {
            Link::Leaf(slot) => return leaf_hash(&self.leaves[slot].address, &self.leaves[slot].account),
            Link::Branch(slot) => slot,
        };
        let Branch { depth, hash, .. } = self.branches[slot];
        if let Some(hash) = hash {
            return hash;
        }
        let depth = usize::from(depth);
        let mut hash = self.hash_of_children(slot);
        if level < depth {
            let any = self.nearest(link, &Address([0; Address::LENGTH]));
            hash = raise(hash, &self.leaves[any].address, depth, level);
        }
        self.branches[slot].hash = Some(hash);
        hash
    }

    /// Hash of the place where a branch stands.
    fn hash_of_children(&mut self, slot: u32) -> [u8; 32] {
        let Branch { children: [left, right], depth, .. } = self.branches[slot];
        let below = usize::from(depth) + 1;
        branch_hash(&self.hash(left, below), &self.hash(right, below))
    }
}

/// Hash of the place at `level` on the way of an address, when there is nothing beside the way
/// down to the place at `depth`, which has this hash.
fn raise(hash: [u8; 32], address: &Address, depth: usize, level: usize) -> [u8; 32] {
    (level..depth).rev().fold(hash, |hash, level| join(address, level, &hash, &EMPTY))
}
