//! The mining kernel: searches the nonce of a block header.
//!
//! Of the 116 header bytes a search changes the last four only, so the SHA-256 state after the
//! first 64 bytes (the midstate), the first twelve rounds of the second block and most of its
//! message schedule are computed once. What remains is two compressions an attempt, and on
//! wasm32 four attempts at a time in the lanes of one vector. The rounds are written once over
//! [`lanes::Lanes`]; natively they run with one lane, so native tests check the same code.

#![expect(clippy::inline_always, reason = "a call inside the search would move its vectors through memory")]

mod lanes;
mod rounds;

use lanes::Lanes;
use node_core::block::BlockHeader;
use node_core::sentence::Say;
use rounds::{IV, K, compress, expand, rounds_from, small_sigma0, small_sigma1, tail_rounds};

/// The vector that this build searches with.
#[cfg(target_arch = "wasm32")]
type Native = lanes::V128;
/// The vector that this build searches with.
#[cfg(not(target_arch = "wasm32"))]
type Native = u32;

/// Bytes of the header that the midstate covers: one SHA-256 block.
const MIDSTATE_BYTES: usize = 64;

/// Length of the header in bits, the last word of its padded second block.
#[expect(clippy::cast_possible_truncation, reason = "928")]
const HEADER_BITS: u32 = (BlockHeader::BYTES * 8) as u32;

/// First padding word: one bit set, zeros behind it.
const PADDING: u32 = 0x8000_0000;

/// Length of the first hash in bits, the last word of the second hash's block.
const DIGEST_BITS: u32 = 256;

/// The target of a header is no number: nothing can meet it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("the target of the header is not in its shortest form, zero or too large")]
pub struct BadTarget;

/// A header made ready for the search of its nonce.
#[derive(Debug, Clone)]
pub struct Kernel {
    header: BlockHeader,
    /// Big-endian, as the hash is written.
    target: [u8; 32],
    /// The target's first word: a hash whose first word is greater misses it.
    target_top: u32,
    /// State after the first block, which the second block's result is added to.
    midstate: [u32; 8],
    /// State after the twelve rounds of the second block that no nonce changes.
    ready: [u32; 8],
    schedule: Schedule,
}

/// The message words 16 to 31 of the second block, or what is constant in them.
///
/// Word 12 is the nonce; words 16, 17, 18, 20, 22 and 24 do not depend on it at all.
#[derive(Debug, Clone)]
struct Schedule {
    words: [u32; 16],
}

impl Schedule {
    fn new(block: &[u32; 16]) -> Self {
        let mut words = [0; 16];
        let mut full = [0; 32];
        full[..16].copy_from_slice(block);
        // The recurrence leaves out every term that depends on the nonce, and so the words of
        // `full` that depend on it stay zero: `first_hash` adds those terms.
        let varies = |index: usize| matches!(index, 12 | 19 | 21 | 23 | 25..);
        for index in 16..32 {
            let term =
                |back: usize, sigma: fn(u32) -> u32| if varies(index - back) { 0 } else { sigma(full[index - back]) };
            let constant = term(2, small_sigma1)
                .wrapping_add(term(7, |word| word))
                .wrapping_add(term(15, small_sigma0))
                .wrapping_add(term(16, |word| word));
            words[index - 16] = constant;
            if !varies(index) {
                full[index] = constant;
            }
        }
        Self { words }
    }

    /// The constant part of word `INDEX`, the same in every lane.
    #[inline(always)]
    fn word<L: Lanes, const INDEX: usize>(&self) -> L {
        L::splat(self.words[INDEX - 16])
    }
}

impl Kernel {
    /// Computes what every attempt shares.
    pub fn new(header: &BlockHeader) -> Result<Self, BadTarget> {
        let target = header.target.expand().ok_or(BadTarget)?.0.to_big_endian();
        let bytes = header.to_bytes();
        let word = |index: usize| {
            bytes
                .get(4 * index..4 * index + 4)
                .map_or(0, |word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
        };
        let mut midstate = IV;
        compress(&mut midstate, &std::array::from_fn(word));
        let mut block: [u32; 16] = std::array::from_fn(|index| word(MIDSTATE_BYTES / 4 + index));
        block[12] = 0;
        block[13] = PADDING;
        block[14] = 0;
        block[15] = HEADER_BITS;
        let mut ready = midstate;
        for (word, k) in block[..12].iter().zip(K) {
            rounds::round(&mut ready, *word, k);
        }
        let target_top = u32::from_be_bytes([target[0], target[1], target[2], target[3]]);
        Ok(Self { header: *header, target, target_top, midstate, ready, schedule: Schedule::new(&block) })
    }

    /// Searches `count` nonces from `first` upwards, up to the end of the 32-bit space, and
    /// returns the first that meets the target.
    pub fn search(&self, first: u32, count: u32) -> Option<u32> {
        self.search_with::<Native>(first, count)
    }

    /// The same without vectors.
    pub fn search_scalar(&self, first: u32, count: u32) -> Option<u32> {
        self.search_with::<u32>(first, count)
    }

    /// The header with this nonce.
    pub fn header(&self, nonce: u32) -> BlockHeader {
        BlockHeader { nonce, ..self.header }
    }

    fn search_with<L: Lanes>(&self, first: u32, count: u32) -> Option<u32> {
        let limit = L::splat(self.target_top);
        let last = first.saturating_add(count.checked_sub(1)?);
        let mut base = first;
        loop {
            if self.top_words(L::counting(base)).any_at_most(limit) {
                // Lanes past the end of the space wrap to its start, those past `last` were not asked for.
                let found = (0..L::COUNT)
                    .filter_map(|lane| base.checked_add(lane))
                    .find(|nonce| *nonce <= last && self.meets(*nonce));
                if found.is_some() {
                    return found;
                }
            }
            base = base.checked_add(L::COUNT).filter(|base| *base <= last)?;
        }
    }

    /// The whole check, made for the few nonces whose first word is small enough.
    fn meets(&self, nonce: u32) -> bool {
        self.header(nonce).hash().0 <= self.target
    }

    /// First words of the hashes for a nonce in each lane.
    #[inline(always)]
    fn top_words<L: Lanes>(&self, nonces: L) -> L {
        let first = self.first_hash(nonces.swap_bytes());
        second_hash_top(&first)
    }

    /// SHA-256 of the header with this nonce, given as the message word it is in the second block.
    #[inline(always)]
    fn first_hash<L: Lanes>(&self, nonce: L) -> [L; 8] {
        let mut state = self.ready.map(L::splat);
        tail_rounds(&mut state, &[nonce, L::splat(PADDING), L::splat(0), L::splat(HEADER_BITS)]);

        let schedule = &self.schedule;
        let w19 = schedule.word::<L, 19>().add(nonce);
        let w21 = schedule.word::<L, 21>().add(w19.small_sigma1());
        let w23 = schedule.word::<L, 23>().add(w21.small_sigma1());
        let w25 = schedule.word::<L, 25>().add(w23.small_sigma1());
        let w26 = schedule.word::<L, 26>().add(w19);
        let w27 = schedule.word::<L, 27>().add(w25.small_sigma1()).add(nonce.small_sigma0());
        let w28 = schedule.word::<L, 28>().add(w26.small_sigma1()).add(w21).add(nonce);
        let w29 = schedule.word::<L, 29>().add(w27.small_sigma1());
        let w30 = schedule.word::<L, 30>().add(w28.small_sigma1()).add(w23);
        let w31 = schedule.word::<L, 31>().add(w29.small_sigma1());
        let mut words = [
            schedule.word::<L, 16>(),
            schedule.word::<L, 17>(),
            schedule.word::<L, 18>(),
            w19,
            schedule.word::<L, 20>(),
            w21,
            schedule.word::<L, 22>(),
            w23,
            schedule.word::<L, 24>(),
            w25,
            w26,
            w27,
            w28,
            w29,
            w30,
            w31,
        ];
        rounds_from::<L, 16>(&mut state, &words);
        expand(&mut words);
        rounds_from::<L, 32>(&mut state, &words);
        expand(&mut words);
        rounds_from::<L, 48>(&mut state, &words);
        std::array::from_fn(|index| state[index].add(L::splat(self.midstate[index])))
    }
}

/// First word of the SHA-256 of a hash.
#[inline(always)]
fn second_hash_top<L: Lanes>(first: &[L; 8]) -> L {
    let zero = L::splat(0);
    let mut words = [zero; 16];
    words[..8].copy_from_slice(first);
    words[8] = L::splat(PADDING);
    words[15] = L::splat(DIGEST_BITS);
    let mut state = IV.map(L::splat);
    rounds_from::<L, 0>(&mut state, &words);
    expand(&mut words);
    rounds_from::<L, 16>(&mut state, &words);
    expand(&mut words);
    rounds_from::<L, 32>(&mut state, &words);
    expand(&mut words);
    rounds_from::<L, 48>(&mut state, &words);
    state[0].add(L::splat(IV[0]))
}

/// Searches `count` nonces of a header from `first` upwards; `None` also if its target is no number.
pub fn search(header: &BlockHeader, first: u32, count: u32) -> Option<u32> {
    Kernel::new(header).ok()?.search(first, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::hash::{BlockHash, MerkleRoot, StateRoot, sha256};
    use node_core::units::{CompactTarget, Height, Timestamp};

    /// A header drawn from a seed, with a target that one nonce in 2^`bits` meets.
    fn header(seed: u32, bits: u32) -> BlockHeader {
        let bytes = |tag: u8| sha256(&[&seed.to_le_bytes()[..], &[tag]].concat());
        BlockHeader {
            version: BlockHeader::VERSION,
            height: Height(seed),
            previous: BlockHash(bytes(0)),
            merkle_root: MerkleRoot(bytes(1)),
            state_root: StateRoot(bytes(2)),
            time: Timestamp::from_millis(1_700_000_000_000 + u64::from(seed)),
            target: CompactTarget((32 - bits / 8) << 24 | 0x7f_ffff >> (bits % 8)),
            nonce: 0,
        }
    }

    fn first_word(header: &BlockHeader) -> u32 {
        let hash = header.hash().0;
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }

    #[test]
    fn rounds_agree_with_the_hash_of_the_header() {
        for seed in 0..50 {
            let kernel = Kernel::new(&header(seed, 0)).unwrap();
            for nonce in [0, 1, 0x0102_0304, u32::MAX, seed.wrapping_mul(0x9e37_79b9)] {
                assert_eq!(kernel.top_words(nonce), first_word(&kernel.header(nonce)), "seed {seed}, nonce {nonce}");
            }
        }
    }

    #[test]
    fn finds_the_first_nonce_that_meets_the_target() {
        for seed in 0..20 {
            let header = header(seed, 8);
            let kernel = Kernel::new(&header).unwrap();
            let expected = (0..10_000).find(|nonce| kernel.header(*nonce).hash().0 <= kernel.target);
            assert!(expected.is_some(), "one in 512 nonces meets the target");
            assert_eq!(kernel.search(0, 10_000), expected);
            assert_eq!(search(&header, 0, 10_000), expected);
            let found = expected.unwrap();
            assert_eq!(kernel.search(0, found), None, "the nonce stands just past the range");
            assert_eq!(kernel.search(found, 1), Some(found));
        }
    }

    #[test]
    fn finds_a_known_nonce() {
        let header = BlockHeader { target: CompactTarget(0x1e7f_ffff), ..header(2_026, 0) };
        assert_eq!(search(&header, 0, u32::MAX), Some(9_741));
    }

    #[test]
    fn the_range_ends_with_the_nonce_space() {
        let kernel = Kernel::new(&header(7, 0)).unwrap();
        let easy = kernel.search(u32::MAX - 40, u32::MAX);
        assert!(easy.is_some_and(|nonce| nonce >= u32::MAX - 40));
        let kernel = Kernel::new(&header(7, 200)).unwrap();
        assert_eq!(kernel.search(u32::MAX - 40, u32::MAX), None);
        assert_eq!(kernel.search(5, 0), None);
    }

    #[test]
    fn a_target_that_is_no_number_is_refused() {
        let header = BlockHeader { target: CompactTarget(0), ..header(1, 0) };
        assert_eq!(Kernel::new(&header).err(), Some(BadTarget));
        assert_eq!(search(&header, 0, 10), None);
    }
}
