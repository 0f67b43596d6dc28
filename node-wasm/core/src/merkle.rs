//! The Merkle tree over a block's transactions, shaped as in RFC 6962: leaves and inner nodes are
//! hashed under different tags and an odd node is never doubled, so that no two lists share a root
//! (Bitcoin's CVE-2012-2459). The root also commits to the number of leaves, so that a proof tells
//! where a leaf stands.

use crate::hash::{MerkleRoot, tagged_sha256};
use crate::sentence::Say;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// Most hashes in a proof: as deep as a tree gets whose leaves are counted in 32 bits.
pub const MAX_DEPTH: usize = 32;

const LEAF_TAG: &[u8] = &[0];
const NODE_TAG: &[u8] = &[1];
const ROOT_TAG: &[u8] = &[2];

/// Why a proof is none, or proves something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum ProofError {
    /// No such leaf.
    #[error("leaf {index} of {count}")]
    Index {
        /// Of the leaf, from 0.
        index: u32,
        /// Leaves in the tree.
        count: u32,
    },
    /// A leaf in this place has a path of another length.
    #[error("a path of {found} hashes where the leaf has one of {expected}")]
    Length {
        /// In the proof.
        found: usize,
        /// What follows from the place of the leaf.
        expected: usize,
    },
    /// The tree with this root has another leaf in this place.
    #[error("the path leads to another root")]
    Root,
}

/// The side of a node on which something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Hashed first.
    Left,
    /// Hashed second.
    Right,
}

/// Proof that a leaf stands in one place of the tree with a certain root.
///
/// Canonical form: index u32, count u32, siblings as a list. One whose index or length is
/// impossible cannot be made and is refused when it is read.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize)]
pub struct Proof {
    index: u32,
    count: u32,
    /// From the leaf upwards.
    siblings: Vec<[u8; 32]>,
}

/// One node on the way from a leaf to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Hash of the left child.
    pub left: [u8; 32],
    /// Hash of the right child.
    pub right: [u8; 32],
    /// Which of the two the way comes from; the other one is the sibling in the proof.
    pub from: Side,
    /// Hash of the node.
    pub hash: [u8; 32],
}

/// The way from a leaf to the root, as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Hash of the leaf.
    pub leaf: [u8; 32],
    /// From the leaf upwards; none in a tree of one leaf.
    pub steps: Vec<Step>,
    /// Where it leads.
    pub root: MerkleRoot,
}

/// Root over the canonical bytes of transactions, signatures included.
pub fn root(leaves: &[Vec<u8>]) -> MerkleRoot {
    // A list of 2^32 transactions fits no memory, let alone a block.
    commit(u32::try_from(leaves.len()).unwrap_or(u32::MAX), fold(&leaf_hashes(leaves)))
}

/// Proof that the leaf of this index is where it is; `None` if there is no such leaf.
pub fn prove(leaves: &[Vec<u8>], index: usize) -> Option<Proof> {
    let hashes = leaf_hashes(leaves);
    hashes.get(index)?;
    let mut siblings = Vec::new();
    let (mut tree, mut place) = (hashes.as_slice(), index);
    while tree.len() > 1 {
        let (left, right) = tree.split_at(left_leaves(tree.len()));
        if place < left.len() {
            siblings.push(fold(right));
            tree = left;
        } else {
            siblings.push(fold(left));
            place -= left.len();
            tree = right;
        }
    }
    siblings.reverse();
    Some(Proof { index: u32::try_from(index).ok()?, count: u32::try_from(leaves.len()).ok()?, siblings })
}

impl Proof {
    /// A proof for leaf `index` of `count`, with siblings from the leaf upwards.
    pub fn new(index: u32, count: u32, siblings: Vec<[u8; 32]>) -> Result<Self, ProofError> {
        if index >= count {
            return Err(ProofError::Index { index, count });
        }
        let expected = sides(index, count).len();
        if siblings.len() != expected {
            return Err(ProofError::Length { found: siblings.len(), expected });
        }
        Ok(Self { index, count, siblings })
    }

    /// Place of the leaf, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Leaves in the tree.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Hashes beside the way, from the leaf upwards.
    pub fn siblings(&self) -> &[[u8; 32]] {
        &self.siblings
    }

    /// The way from a leaf upwards. It ends at the root that the leaf would have in this place.
    pub fn path(&self, leaf: &[u8]) -> Path {
        let leaf = leaf_hash(leaf);
        let mut steps = Vec::with_capacity(self.siblings.len());
        let mut hash = leaf;
        for (sibling, from) in self.siblings.iter().zip(sides(self.index, self.count).into_iter().rev()) {
            let (left, right) = match from {
                Side::Left => (hash, *sibling),
                Side::Right => (*sibling, hash),
            };
            hash = node_hash(&left, &right);
            steps.push(Step { left, right, from, hash });
        }
        Path { leaf, steps, root: commit(self.count, hash) }
    }

    /// Whether this leaf stands in this proof's place of the tree with this root.
    pub fn verify(&self, root: MerkleRoot, leaf: &[u8]) -> Result<(), ProofError> {
        if self.path(leaf).root == root { Ok(()) } else { Err(ProofError::Root) }
    }
}

impl BorshDeserialize for Proof {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let invalid = |error: ProofError| io::Error::new(io::ErrorKind::InvalidData, error);
        let index = u32::deserialize_reader(reader)?;
        let count = u32::deserialize_reader(reader)?;
        let length = u32::deserialize_reader(reader)? as usize;
        if length > MAX_DEPTH {
            return Err(invalid(ProofError::Length { found: length, expected: MAX_DEPTH }));
        }
        let siblings: io::Result<Vec<_>> = (0..length).map(|_| <[u8; 32]>::deserialize_reader(reader)).collect();
        Self::new(index, count, siblings?).map_err(invalid)
    }
}

/// Leaves on the left side of a tree of `count` > 1: the largest power of two below.
fn left_leaves(count: usize) -> usize {
    1 << (count - 1).ilog2()
}

/// On which side of each node a leaf stands, from the top down.
fn sides(index: u32, count: u32) -> Vec<Side> {
    let (mut place, mut count) = (index as usize, count as usize);
    let mut sides = Vec::new();
    while count > 1 {
        let left = left_leaves(count);
        if place < left {
            sides.push(Side::Left);
            count = left;
        } else {
            sides.push(Side::Right);
            place -= left;
            count -= left;
        }
    }
    sides
}

/// The root: RFC 6962's tree hash bound to the number of leaves, as its signed tree heads bind it.
/// Without that, leaf 2 of 3 would pass for leaf 1 of 2.
fn commit(count: u32, tree: [u8; 32]) -> MerkleRoot {
    if count == 0 { MerkleRoot(tree) } else { MerkleRoot(tagged_sha256(ROOT_TAG, &[&count.to_le_bytes(), &tree])) }
}

fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    tagged_sha256(LEAF_TAG, &[leaf])
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    tagged_sha256(NODE_TAG, &[left, right])
}

fn leaf_hashes(leaves: &[Vec<u8>]) -> Vec<[u8; 32]> {
    leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
}

/// RFC 6962's tree hash.
fn fold(hashes: &[[u8; 32]]) -> [u8; 32] {
    match hashes {
        [] => tagged_sha256(b"", &[]),
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(left_leaves(hashes.len()));
            node_hash(&fold(left), &fold(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The test tree of the certificate-transparency reference implementation (RFC 6962).
    fn reference_leaves() -> Vec<Vec<u8>> {
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .iter()
            .map(|leaf| hex::decode(leaf).unwrap())
            .collect()
    }

    /// Leaves of which no two are equal.
    fn distinct(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|index| vec![u8::try_from(index).unwrap(); 1 + index % 3]).collect()
    }

    #[test]
    fn tree_hashes_of_rfc_6962() {
        let leaves = reference_leaves();
        for (count, expected) in [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        .into_iter()
        .enumerate()
        {
            let tree = fold(&leaf_hashes(&leaves[..count]));
            assert_eq!(hex::encode(tree), expected, "{count} leaves");
            assert_eq!(root(&leaves[..count]), commit(u32::try_from(count).unwrap(), tree));
        }
        assert_eq!(root(&[]), MerkleRoot(fold(&[])));
    }

    /// Audit paths of the same tree, from the same source.
    #[test]
    fn audit_paths_of_rfc_6962() {
        let leaves = reference_leaves();
        let cases: [(usize, usize, &[&str]); 6] = [
            (0, 1, &[]),
            (1, 2, &["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]),
            (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
            (
                1,
                5,
                &[
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
            (
                0,
                8,
                &[
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                &[
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
        ];
        for (index, count, expected) in cases {
            let proof = prove(&leaves[..count], index).unwrap();
            let siblings: Vec<String> = proof.siblings().iter().map(hex::encode).collect();
            assert_eq!(siblings, expected, "leaf {index} of {count}");
            assert_eq!(proof.verify(root(&leaves[..count]), &leaves[index]), Ok(()));
        }
    }

    #[test]
    fn every_leaf_of_every_tree_proves() {
        for count in 1..=40 {
            let leaves = distinct(count);
            let root = root(&leaves);
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = prove(&leaves, index).unwrap();
                assert_eq!(proof.verify(root, leaf), Ok(()), "leaf {index} of {count}");
                assert_eq!((proof.index() as usize, proof.count() as usize), (index, count));
                assert_eq!(Proof::try_from_slice(&borsh::to_vec(&proof).unwrap()).unwrap(), proof);
            }
            assert_eq!(prove(&leaves, count), None);
        }
    }

    /// Every other place that the same hashes could be passed off as.
    #[test]
    fn a_proof_holds_for_one_place_only() {
        for count in 1..=40 {
            let leaves = distinct(count);
            let root = root(&leaves);
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = prove(&leaves, index).unwrap();
                for (other_index, other_count) in (0..42).flat_map(|index| (0..42).map(move |count| (index, count))) {
                    let same = (other_index as usize, other_count as usize) == (index, count);
                    let holds = Proof::new(other_index, other_count, proof.siblings().to_vec())
                        .and_then(|other| other.verify(root, leaf));
                    assert_eq!(holds.is_ok(), same, "leaf {index} of {count} as {other_index} of {other_count}");
                }
            }
        }
    }

    #[test]
    fn a_path_is_a_chain_of_steps() {
        let leaves = distinct(7);
        let path = prove(&leaves, 5).unwrap().path(&leaves[5]);
        assert_eq!(path.root, root(&leaves));
        assert_eq!(path.steps.iter().map(|step| step.from).collect::<Vec<_>>(), [Side::Right, Side::Left, Side::Right]);
        let mut below = path.leaf;
        for step in &path.steps {
            assert_eq!(if step.from == Side::Left { step.left } else { step.right }, below);
            assert_eq!(step.hash, node_hash(&step.left, &step.right));
            below = step.hash;
        }
    }

    #[test]
    fn impossible_proofs_are_refused() {
        assert_eq!(Proof::new(0, 0, vec![]), Err(ProofError::Index { index: 0, count: 0 }));
        assert_eq!(Proof::new(3, 3, vec![]), Err(ProofError::Index { index: 3, count: 3 }));
        assert_eq!(Proof::new(0, 3, vec![[0; 32]]), Err(ProofError::Length { found: 1, expected: 2 }));
        let deepest = Proof::new(0, u32::MAX, vec![[0; 32]; MAX_DEPTH]).unwrap();
        let bytes = borsh::to_vec(&deepest).unwrap();
        assert_eq!(Proof::try_from_slice(&bytes).unwrap(), deepest);
        // One more is refused before it is read.
        let mut deeper = bytes[..12].to_vec();
        deeper[8] += 1;
        let error = Proof::try_from_slice(&deeper).unwrap_err().to_string();
        assert_eq!(error, ProofError::Length { found: MAX_DEPTH + 1, expected: MAX_DEPTH }.to_string());
        let huge = [0_u32, u32::MAX, u32::MAX].map(u32::to_le_bytes).concat();
        assert!(Proof::try_from_slice(&huge).is_err());
        let mut longer = borsh::to_vec(&prove(&distinct(5), 2).unwrap()).unwrap();
        longer.push(0);
        assert!(Proof::try_from_slice(&longer).is_err());
        assert!(Proof::try_from_slice(&longer[..longer.len() - 2]).is_err());
    }

    proptest! {
        #[test]
        fn a_doubled_tail_changes_the_root(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 1..20), take in 1_usize..20) {
            let mut doubled = leaves.clone();
            let tail = leaves[leaves.len().saturating_sub(take)..].to_vec();
            doubled.extend(tail);
            prop_assert_ne!(root(&leaves), root(&doubled));
        }

        #[test]
        fn no_changed_bit_verifies(count in 1_usize..41, index: prop::sample::Index, bit: prop::sample::Index) {
            let leaves = distinct(count);
            let index = index.index(count);
            let mut bytes = borsh::to_vec(&prove(&leaves, index).unwrap()).unwrap();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let holds = Proof::try_from_slice(&bytes).is_ok_and(|proof| proof.verify(root(&leaves), &leaves[index]).is_ok());
            prop_assert!(!holds);
        }

        #[test]
        fn no_changed_leaf_verifies(count in 1_usize..41, index: prop::sample::Index, leaf in prop::collection::vec(any::<u8>(), 0..70)) {
            let leaves = distinct(count);
            let index = index.index(count);
            prop_assume!(leaves[index] != leaf);
            prop_assert_eq!(prove(&leaves, index).unwrap().verify(root(&leaves), &leaf), Err(ProofError::Root));
        }

        /// Lengths and places near the valid ones, so that some of the bytes are a proof.
        #[test]
        fn decoding_accepts_only_canonical_bytes(
            index in 0_u32..6, count in 0_u32..6, length in 0_u32..40,
            rest in prop::sample::select(vec![0_usize, 31, 32, 64, 96, 97]), byte: u8,
        ) {
            let mut bytes = [index, count, length].map(u32::to_le_bytes).concat();
            bytes.resize(12 + rest, byte);
            if let Ok(proof) = Proof::try_from_slice(&bytes) {
                prop_assert_eq!(borsh::to_vec(&proof).unwrap(), bytes);
                prop_assert!(proof.siblings().len() <= MAX_DEPTH && proof.index() < proof.count());
            }
        }
    }
}
