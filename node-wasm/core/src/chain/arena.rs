//! The headers of all branches in little room: one slot a header, named by a number, linked to its
//! parent, its children and its siblings. A slot takes some 180 bytes all in all.

use crate::block::{Block, BlockHeader};
use crate::chain::ledger::Undo;
use crate::hash::{BlockHash, MerkleRoot, StateRoot};
use crate::units::{CompactTarget, Height, Timestamp, Work};
use hashbrown::HashTable;
use primitive_types::U256;
use std::sync::Arc;

/// Names a header as long as it is in the arena; then the number may be given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(u32);

/// What a block has beside its header: only for blocks whose body is here.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) body: Option<Arc<Block>>,
    /// Order in which blocks became complete; `None` until then.
    pub(super) complete: Option<u64>,
    /// There while the block is part of the best chain.
    pub(super) undo: Option<Undo>,
}

/// A header and its place in the tree. The hash before it is that of its parent.
#[derive(Debug)]
struct Slot {
    hash: BlockHash,
    merkle_root: MerkleRoot,
    state_root: StateRoot,
    /// Work of the chain up to here: 2^128 hashes are more than will ever be made.
    work: [u64; 2],
    extra: Option<Box<Extra>>,
    height: Height,
    target: CompactTarget,
    nonce: u32,
    /// The genesis block is its own parent.
    parent: Id,
    first_child: Option<Id32>,
    next_sibling: Option<Id32>,
    /// Low six bytes of the time in milliseconds, little-endian: all there are.
    time: [u8; Timestamp::BYTES],
    /// Headers of versions that do not fit are refused long before.
    version: u8,
    /// [`INVALID`] and [`STORED`].
    marks: u8,
}

/// The block is known to be invalid.
const INVALID: u8 = 1;
/// Its body is in the store.
const STORED: u8 = 2;

/// An [`Id`] plus one, so that none takes no room.
type Id32 = std::num::NonZeroU32;

fn pack(id: Id) -> Option<Id32> {
    Id32::new(id.0.wrapping_add(1))
}

fn unpack(id: Id32) -> Id {
    Id(id.get() - 1)
}

/// Headers by number and by hash.
#[derive(Debug)]
pub(super) struct Arena {
    slots: Vec<Slot>,
    free: Vec<Id>,
    index: HashTable<u32>,
    /// What stands before the genesis block: the hash of the parameters.
    before_genesis: BlockHash,
}

impl Arena {
    /// An arena of the genesis block alone, which is [`Arena::GENESIS`].
    pub(super) fn new(genesis: &BlockHeader) -> Self {
        let mut arena =
            Self { slots: Vec::new(), free: Vec::new(), index: HashTable::new(), before_genesis: genesis.previous };
        arena.insert(genesis.hash(), genesis, Work::default(), Self::GENESIS);
        arena
    }

    /// The first block; it is never removed.
    pub(super) const GENESIS: Id = Id(0);

    /// Number of headers.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The header with this hash.
    pub(super) fn find(&self, hash: &BlockHash) -> Option<Id> {
        let slots = &self.slots;
        self.index.find(key(hash), |place| slots[*place as usize].hash == *hash).copied().map(Id)
    }

    /// Takes in a header that is not here yet, as a child of a parent that is.
    pub(super) fn insert(&mut self, hash: BlockHash, header: &BlockHeader, work: Work, parent: Id) -> Id {
        let id = self.free.pop().unwrap_or_else(|| Id(u32::try_from(self.slots.len()).unwrap_or(u32::MAX)));
        let next_sibling = if id == Self::GENESIS { None } else { self.slots[parent.0 as usize].first_child };
        let slot = Slot {
            hash,
            merkle_root: header.merkle_root,
            state_root: header.state_root,
            work: to_limbs(work),
            extra: None,
            height: header.height,
            target: header.target,
            nonce: header.nonce,
            parent,
            first_child: None,
            next_sibling,
            time: to_bytes(header.time),
            version: u8::try_from(header.version).unwrap_or(u8::MAX),
            marks: 0,
        };
        self.put(id, slot);
        if id != Self::GENESIS {
            self.slots[parent.0 as usize].first_child = pack(id);
        }
        let slots = &self.slots;
        self.index.insert_unique(key(&hash), id.0, |place| key(&slots[*place as usize].hash));
        id
    }

    /// Takes out a header that has no children; gives what it had beside it.
    pub(super) fn remove(&mut self, id: Id) -> Extra {
        let (hash, parent, next) = {
            let slot = &self.slots[id.0 as usize];
            (slot.hash, slot.parent, slot.next_sibling)
        };
        self.unlink(id, parent, next);
        let slots = &self.slots;
        if let Ok(entry) = self.index.find_entry(key(&hash), |place| slots[*place as usize].hash == hash) {
            entry.remove();
        }
        self.free.push(id);
        self.slots[id.0 as usize].extra.take().map(|extra| *extra).unwrap_or_default()
    }

    /// The whole header.
    pub(super) fn header(&self, id: Id) -> BlockHeader {
        let slot = self.slot(id);
        let previous = if id == Self::GENESIS { self.before_genesis } else { self.slot(slot.parent).hash };
        BlockHeader {
            version: u16::from(slot.version),
            height: slot.height,
            previous,
            merkle_root: slot.merkle_root,
            state_root: slot.state_root,
            time: to_time(slot.time),
            target: slot.target,
            nonce: slot.nonce,
        }
    }

    /// Its hash.
    pub(super) fn hash(&self, id: Id) -> BlockHash {
        self.slot(id).hash
    }

    /// Its height.
    pub(super) fn height(&self, id: Id) -> Height {
        self.slot(id).height
    }

    /// Work of the chain that ends in it.
    pub(super) fn work(&self, id: Id) -> Work {
        let [low, high] = self.slot(id).work;
        Work(U256([low, high, 0, 0]))
    }

    /// The block before it; the genesis block's is itself.
    pub(super) fn parent(&self, id: Id) -> Id {
        self.slot(id).parent
    }

    /// The blocks that stand on it.
    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let first = self.slot(id).first_child;
        std::iter::successors(first, |child| self.slot(unpack(*child)).next_sibling).map(unpack)
    }

    /// Whether it is known to be invalid.
    pub(super) fn is_invalid(&self, id: Id) -> bool {
        self.slot(id).marks & INVALID != 0
    }

    /// Marks it as invalid.
    pub(super) fn set_invalid(&mut self, id: Id) {
        self.slots[id.0 as usize].marks |= INVALID;
    }

    /// Whether its body is in the store.
    pub(super) fn is_stored(&self, id: Id) -> bool {
        self.slot(id).marks & STORED != 0
    }

    /// Notes whether its body is in the store.
    pub(super) fn set_stored(&mut self, id: Id, stored: bool) {
        let marks = &mut self.slots[id.0 as usize].marks;
        *marks = if stored { *marks | STORED } else { *marks & !STORED };
    }

    /// Every header that is here, in no order that means anything.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        self.index.iter().copied().map(Id)
    }

    /// Takes away what it has beside its header.
    pub(super) fn take_extra(&mut self, id: Id) -> Extra {
        self.slots[id.0 as usize].extra.take().map(|extra| *extra).unwrap_or_default()
    }

    /// What it has beside its header, if its body is or was here.
    pub(super) fn extra(&self, id: Id) -> Option<&Extra> {
        self.slot(id).extra.as_deref()
    }

    /// The same, to be changed.
    pub(super) fn extra_mut(&mut self, id: Id) -> &mut Extra {
        self.slots[id.0 as usize].extra.get_or_insert_default()
    }

    fn slot(&self, id: Id) -> &Slot {
        // Ids come from this arena only, and slots are never taken away.
        &self.slots[id.0 as usize]
    }

    fn put(&mut self, id: Id, slot: Slot) {
        if let Some(place) = self.slots.get_mut(id.0 as usize) {
            *place = slot;
            return;
        }
        if self.slots.len() == self.slots.capacity() {
            // Doubling would leave up to half of the room unused for good.
            self.slots.reserve_exact(self.slots.len() / 16 + 16);
        }
        self.slots.push(slot);
    }

    fn unlink(&mut self, id: Id, parent: Id, next: Option<Id32>) {
        if self.slot(parent).first_child == pack(id) {
            self.slots[parent.0 as usize].first_child = next;
            return;
        }
        let before = self.children(parent).find(|child| self.slot(*child).next_sibling == pack(id));
        if let Some(before) = before {
            self.slots[before.0 as usize].next_sibling = next;
        }
    }
}

/// The last bytes of a hash: the first ones are zeros, by proof of work.
fn key(hash: &BlockHash) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.0[24..]);
    u64::from_le_bytes(bytes)
}

fn to_bytes(time: Timestamp) -> [u8; Timestamp::BYTES] {
    let mut bytes = [0; Timestamp::BYTES];
    bytes.copy_from_slice(&time.millis().to_le_bytes()[..Timestamp::BYTES]);
    bytes
}

fn to_time(bytes: [u8; Timestamp::BYTES]) -> Timestamp {
    let mut millis = [0; 8];
    millis[..Timestamp::BYTES].copy_from_slice(&bytes);
    Timestamp::from_millis(u64::from_le_bytes(millis))
}

fn to_limbs(work: Work) -> [u64; 2] {
    let U256([low, high, upper, uppermost]) = work.0;
    if upper | uppermost == 0 { [low, high] } else { [u64::MAX; 2] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::StateRoot;
    use crate::params::ChainParams;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn genesis() -> BlockHeader {
        ChainParams::named("dev", "arena").unwrap().genesis(StateRoot::ZERO).header
    }

    #[test]
    fn a_slot_is_small() {
        assert!(size_of::<Slot>() <= 152, "{} bytes", size_of::<Slot>());
    }

    proptest! {
        /// Random growth and cutting back, beside a map that keeps whole headers.
        #[test]
        fn behaves_like_a_map(steps in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..60)) {
            let first = genesis();
            let mut arena = Arena::new(&first);
            let mut model: BTreeMap<BlockHash, BlockHeader> = BTreeMap::from([(first.hash(), first)]);
            for (number, (choice, grow)) in (0_u32..).zip(steps) {
                let hash = *model.keys().nth(choice.index(model.len())).unwrap();
                let id = arena.find(&hash).unwrap();
                if grow {
                    let height = Height(arena.height(id).0 + 1);
                    let child = BlockHeader { height, previous: hash, nonce: number, ..first };
                    let work = arena.work(id).plus(Work(U256::from(number)));
                    let added = arena.insert(child.hash(), &child, work, id);
                    prop_assert_eq!(arena.work(added), work);
                    model.insert(child.hash(), child);
                } else if id != Arena::GENESIS && arena.children(id).next().is_none() {
                    arena.remove(id);
                    model.remove(&hash);
                    prop_assert_eq!(arena.find(&hash), None);
                }
                prop_assert_eq!(arena.len(), model.len());
                for (hash, header) in &model {
                    let id = arena.find(hash).unwrap();
                    prop_assert_eq!(arena.header(id), *header);
                    let children = model.values().filter(|child| child.previous == *hash).count();
                    prop_assert_eq!(arena.children(id).count(), children);
                }
            }
        }
    }
}
