//! The mining kernel in a browser: its vectors against the node's own hash.
#![cfg(target_arch = "wasm32")]

use node_core::block::BlockHeader;
use node_core::hash::{BlockHash, MerkleRoot, StateRoot, sha256};
use node_core::units::{CompactTarget, Height, Timestamp};
use node_wasm::kernel::{Kernel, search};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// One nonce in about 512 meets this target.
const EASY: CompactTarget = CompactTarget(0x1f7f_ffff);

fn header(seed: u32, target: CompactTarget) -> BlockHeader {
    let bytes = |tag: u8| sha256(&[&seed.to_le_bytes()[..], &[tag]].concat());
    BlockHeader {
        version: BlockHeader::VERSION,
        height: Height(seed),
        previous: BlockHash(bytes(0)),
        merkle_root: MerkleRoot(bytes(1)),
        state_root: StateRoot(bytes(2)),
        time: Timestamp::from_millis(1_700_000_000_000 + u64::from(seed)),
        target,
        nonce: 0,
    }
}

/// The first nonce that meets the target, found with the node's own hash.
fn expected(header: &BlockHeader, first: u32, count: u32) -> Option<u32> {
    let target = header.target.expand().unwrap().0.to_big_endian();
    (first..).take(count as usize).find(|nonce| BlockHeader { nonce: *nonce, ..*header }.hash().0 <= target)
}

#[wasm_bindgen_test]
fn vectors_agree_with_the_hash_of_the_header() {
    for seed in 0..40 {
        let header = header(seed, EASY);
        let kernel = Kernel::new(&header).unwrap();
        // Ranges that neither begin nor end on a whole vector.
        for (first, count) in [(0, 5_003), (seed * 7 + 1, 777), (u32::MAX - 2_001, 2_002)] {
            let nonce = expected(&header, first, count);
            assert_eq!(kernel.search(first, count), nonce, "seed {seed}, {count} from {first}");
            assert_eq!(kernel.search_scalar(first, count), nonce, "seed {seed}, {count} from {first}");
            if let Some(nonce) = nonce {
                assert_eq!(kernel.search(first, nonce - first), None, "the nonce stands just past the range");
                assert_eq!(kernel.search(nonce, 1), Some(nonce));
            }
        }
    }
}

#[wasm_bindgen_test]
fn finds_a_known_nonce() {
    // One nonce in 2^17 meets this target; the unit test of the same name finds the same natively.
    let header = header(2_026, CompactTarget(0x1e7f_ffff));
    assert_eq!(search(&header, 0, u32::MAX), Some(9_741));
}
